"""What a filter gets to see of an image: its colours or its luma, with or without alpha."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from imgconv.errors import OptionError
from imgconv.image import Header, Image

if TYPE_CHECKING:
    from imgconv.filtering.request import Request
    from imgconv.pipeline.run import Pipeline


ALPHA_WORDS = {
    "drop": "left out",
    "filter": "filtered as a channel like any other",
    "mixed": "goes into the results as a channel like any other, and is none of them",
    "keep": "stays as it is, and does not weight the colours",
    "premultiply": "weights the colours, and is filtered with them",
    "guide": "weights the colours, and stays as it is",
    "both": "weights the colours, and is filtered as a channel like any other",
    "weight": "weights the colours, and stays as it is, since results are no means that keep brightness",
}
"""What was done to alpha, in a word for JSON, and in words for people."""


def plain(request: Request) -> bool:
    """Whether the filter sees whole images as they are coded, and all of its results are written."""
    return not (request.channel or request.linear or request.region or request.mask)


def alpha_done(header: Header, request: Request, chain: Pipeline) -> str | None:
    """Return what becomes of an image's alpha, a key of `ALPHA_WORDS`; None if it has none."""
    if not header.alpha:
        return None
    if request.alpha in ("drop", "filter"):
        return request.alpha
    if request.channel and set(request.channel) == {"a"}:
        return "filter"
    if not chain.weights(request.alpha):
        return "keep"
    if request.channel:
        return "both" if "a" in request.channel else "guide"
    return "premultiply" if chain.averages else "weight"


def taken(header: Header, request: Request) -> Header:
    """Return the header as the filter gets to see the image."""
    dropped = header.alpha and request.alpha == "drop"
    header = header.replace(channels=header.channels - dropped, alpha=header.alpha and not dropped)
    if not request.gray or header.space == "grey":
        return header
    if header.space != "RGB":
        held = f"{header.space} samples" if header.space != "other" else f"{header.channels} channels"
        raise OptionError("gray", f"{header.name} holds {held}, which have no luma")
    return header.replace(channels=1 + header.alpha, space="grey")


def treated(image: Image, request: Request) -> Image:
    """Return the image without alpha, if that is to go; a luma is made where it is filtered."""
    if image.alpha and request.alpha == "drop":
        image = image.with_pixels(np.ascontiguousarray(image.pixels[:, :, :-1]), alpha=False)
    return image


def luma_weights(request: Request, space: str) -> Sequence[int] | None:
    """Return the weights of red, green and blue in the luma that is filtered; None where colours, or grey, are."""
    if not request.gray or space == "grey":
        return None
    from imgconv.image.colour.grey import LUMA  # few runs need it

    return LUMA[request.gray]
