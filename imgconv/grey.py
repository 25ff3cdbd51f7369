"""Luma: an RGB image as a grey one of the same sample type."""

from __future__ import annotations

import numpy as np

from imgconv.errors import OptionError
from imgconv.image.model import Image, Metadata

LUMA = {
    "601": (299, 587, 114),
    "709": (2126, 7152, 722),
    "average": (1, 1, 1),
}
"""The parts of red, green and blue in luma, which add up to a whole, for gamma-encoded samples.

Source: ITU-R BT.601-7 (2011), 2.5.1 (televisions before HDTV; JPEG's and PNG's usual luma); ITU-R BT.709-6 (2015),
item 3.2 (HDTV, whose primaries are sRGB's, so in linear light it gives the luminance). ``average`` is none of a
standard's: (R + G + B) / 3.
"""


def to_grey(image: Image, coefficients: str = "601") -> Image:
    """Return an image's luma, rounded to its own sample type; alpha and grey images stay as they are.

    Args:
        image: the image.
        coefficients: a key of `LUMA`.

    Raises:
        OptionError: the channels are not red, green and blue.
    """
    if image.space == "grey":
        return image
    if image.space != "RGB":
        raise OptionError("gray", f"{image.space} samples have no luma; convert the image to RGB first")
    pixels, weights = image.pixels, LUMA[coefficients]
    wide, whole = np.float64 if pixels.dtype.kind == "f" else np.uint32, sum(weights)
    grey = np.zeros(pixels.shape[:2], wide)
    for channel, weight in enumerate(weights):
        grey += pixels[:, :, channel] * wide(weight)
    # Whole numbers stay whole, so a grey RGB image keeps its values exactly.
    luma = (grey + whole // 2) // whole if wide is np.uint32 else grey / whole
    planes = [luma.astype(pixels.dtype)]
    if image.alpha:
        planes.append(pixels[:, :, -1])
    return image.replace(pixels=np.stack(planes, axis=2), space="grey")


def grey_metadata(metadata: Metadata) -> Metadata:
    """Return the metadata without the PNG chunks that are for RGB; a profile that is for RGB is left out on writing."""
    return metadata.replace(colour=tuple(chunk for chunk in metadata.colour if chunk[0] in ("gAMA", "sRGB")))
