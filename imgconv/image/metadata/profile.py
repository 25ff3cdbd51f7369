"""Colour profiles, EXIF and XMP: what fits the pixels and says that they are upright, and CMYK to RGB."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgconv.image.model import Image, Pixels

_SPACES = {b"RGB ": "RGB", b"GRAY": "grey", b"CMYK": "CMYK"}
_XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation\s*(?:=\s*["']|>\s*))([1-8])""")


def profile_space(icc: bytes) -> str:
    """Return the colour space that an ICC profile is for, or an empty text (ICC.1:2022, 7.2.8 and 7.2.11)."""
    return _SPACES.get(icc[16:20], "") if len(icc) >= 128 and icc[36:40] == b"acsp" else ""


def fitting_icc(icc: bytes, space: str) -> bytes:
    """Return the profile if it is one for pixels of that space, else nothing."""
    return icc if icc and profile_space(icc) == space else b""


def xmp_orientation(xmp: bytes) -> int:
    """Return the orientation 1 to 8 that an XMP packet names, 0 where it names none."""
    found = _XMP_ORIENTATION.search(xmp)
    return int(found[2]) if found else 0


def patched_exif(exif: bytes, width: int = 0, height: int = 0, *, upright: bool = True) -> bytes:
    """Return an EXIF block as `imgconv.image.metadata.ifd.patched_exif` does."""
    if not exif:
        return b""
    from imgconv.image.metadata import ifd  # few PNG files need it

    return ifd.patched_exif(exif, width, height, upright=upright)


def upright_xmp(xmp: bytes) -> bytes:
    """Return an XMP packet whose orientation, if it names one, is 1."""
    return _XMP_ORIENTATION.sub(rb"\g<1>1", xmp)


def cmyk_to_rgb(image: Image) -> tuple[Pixels, bytes, str]:
    """Return the RGB pixels of a CMYK image, the profile they are in, and a note on how they came about.

    An embedded profile is applied (to sRGB, perceptually, 8 bit); without one, or at other depths, each of R, G
    and B is (1 - ink) * (1 - black).
    """
    if image.metadata.icc and image.dtype == "uint8":
        try:
            return (*_through_icc(image), "by its colour profile")
        except Exception:
            pass
    import numpy as np

    pixels = image.pixels
    if pixels.dtype.kind == "f":
        return (1 - pixels[..., :3]) * (1 - pixels[..., 3:]), b"", "by (1 - ink) * (1 - black)"
    top = int(np.iinfo(pixels.dtype).max)
    light = (top - pixels.astype(np.uint64)) if top > 255 else (top - pixels.astype(np.uint32))
    rgb = (light[..., :3] * light[..., 3:] + top // 2) // top
    return rgb.astype(pixels.dtype), b"", "by (1 - ink) * (1 - black), as it has no colour profile"


def _through_icc(image: Image) -> tuple[Pixels, bytes]:
    from PIL import ImageCms

    from imgconv.image.pillow.samples import array_of, picture_of

    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    embedded = ImageCms.ImageCmsProfile(BytesIO(image.metadata.icc))
    exactly = ImageCms.Flags.NOOPTIMIZE  # else by way of a coarse table, which is up to 19 off
    ink = picture_of(image.pixels, "CMYK")
    turned = ImageCms.profileToProfile(ink, embedded, srgb, outputMode="RGB", flags=exactly)
    return array_of(turned), srgb.tobytes()
