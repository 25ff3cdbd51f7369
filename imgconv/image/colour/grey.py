"""Luma: what it is made of, and what becomes of an RGB image's metadata."""

from __future__ import annotations

from imgconv.image.model import Metadata

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


def grey_metadata(metadata: Metadata) -> Metadata:
    """Return the metadata without the PNG chunks that are for RGB; a profile that is for RGB is left out on writing."""
    return metadata.replace(colour=tuple(chunk for chunk in metadata.colour if chunk[0] in ("gAMA", "sRGB")))
