"""What a filter gets to see of an image: its colours or its luma, with or without alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imgconv.errors import OptionError
from imgconv.image import Header, Image

if TYPE_CHECKING:
    from imgconv.request import Request


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
    """Return the image as the filter gets to see it; `taken` says the same of its header."""
    if image.alpha and request.alpha == "drop":
        image = image.with_pixels(np.ascontiguousarray(image.pixels[:, :, :-1]), alpha=False)
    if request.gray:
        from imgconv.grey import to_grey  # few runs need it

        image = to_grey(image)
    return image
