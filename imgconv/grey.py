"""Luma: an RGB image as a grey one of the same sample type."""

from __future__ import annotations

import numpy as np

from imgconv.errors import OptionError
from imgconv.image.model import Image

LUMA_601 = (299, 587, 114)
"""Thousandths of red, green and blue in luma; ITU-R BT.601, for gamma-encoded samples."""


def to_grey(image: Image) -> Image:
    """Return an image's BT.601 luma, rounded to its own sample type; alpha and grey images stay as they are.

    Raises:
        OptionError: the channels are not red, green and blue.
    """
    if image.space == "grey":
        return image
    if image.space != "RGB":
        raise OptionError("gray", f"{image.space} samples have no luma; convert the image to RGB first")
    pixels = image.pixels
    wide = np.float64 if pixels.dtype.kind == "f" else np.uint32
    grey = np.zeros(pixels.shape[:2], wide)
    for channel, weight in enumerate(LUMA_601):
        grey += pixels[:, :, channel] * wide(weight)
    # Whole numbers stay whole, so a grey RGB image keeps its values exactly.
    luma = (grey + 500) // 1000 if wide is np.uint32 else grey / 1000
    planes = [luma.astype(pixels.dtype)]
    if image.alpha:
        planes.append(pixels[:, :, -1])
    profile_free = image.metadata.replace(icc=b"", colour=())
    return image.replace(pixels=np.stack(planes, axis=2), space="grey", metadata=profile_free)
