"""Samples of Pillow's images, and Pillow's images of samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imgconv.image.limits.guard import DataError
from imgconv.image.memory import Once, Room
from imgconv.image.model import Pixels

_MODES = {"L": (1, False), "LA": (2, True), "RGB": (3, False), "RGBA": (4, True), "CMYK": (4, False)}
_SPACES = {"L": "grey", "LA": "grey", "RGB": "RGB", "RGBA": "RGB", "CMYK": "CMYK"}


def result_mode(picture: Any) -> str:
    """Return the mode that holds all of a Pillow image: L, LA, RGB, RGBA, CMYK, or a deep grey as it is.

    Raises:
        ValueError: none does.
    """
    clear = "transparency" in picture.info
    match picture.mode:
        case "1" | "L":
            return "LA" if clear else "L"
        case "P":
            has_alpha = clear or (picture.palette is not None and picture.palette.mode == "RGBA")
            return "RGBA" if has_alpha else "RGB"
        case "RGB":
            return "RGBA" if clear else "RGB"
        case "RGBX" | "YCbCr" | "LAB":
            return "RGB"
        case "PA" | "RGBA" | "RGBa":
            return "RGBA"
        case "LA" | "La":
            return "LA"
        case "CMYK" | "I" | "F" | "I;16" | "I;16L" | "I;16B" | "I;16N":
            return str(picture.mode)
    raise DataError(f"pixels of the kind {picture.mode}")


def _converted(picture: Any, mode: str) -> Any:
    picture.load()
    if picture.mode == "LAB":
        from PIL import ImageCms

        # of the white point D50, as Photoshop writes it; optimised, it goes by a coarse table, and is up to 9 off
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        to_srgb = ImageCms.buildTransform(lab, srgb, "LAB", "RGB", flags=ImageCms.Flags.NOOPTIMIZE)
        return ImageCms.applyTransform(picture, to_srgb)
    return picture if picture.mode == mode else picture.convert(mode)


class Packed(Once):
    """The samples of an 8-bit Pillow image without the fourth byte that Pillow keeps for each RGB pixel.

    `check` may refuse the image once it is decoded.
    """

    def __init__(self, picture: Any, check: Callable[[Any], None] | None = None) -> None:
        self.picture, self._check = picture, check
        self.shape = (0, 0, 0)

    def decode(self, room: Room) -> Any:
        """Decode the image into memory that `room` makes, and return its samples row by row.

        Some rows at a time: through one bytes object, as NumPy would ask for them, takes eight times as long.
        """
        import PIL.Image

        picture = self.picture
        picture.decodermaxblock = 2**20  # between two blocks it may have to wait for other threads
        picture.load()
        if self._check:
            self._check(picture)
        self.shape = height, width, bands = picture.height, picture.width, len(picture.getbands())
        made, row = room(height * width * bands), width * bands
        step = max(1, 2**16 // row)  # more is mapped and unmapped each time
        for top in range(0, height, step):
            bottom = min(top + step, height)
            packer = PIL.Image._getencoder(picture.mode, "raw", (picture.mode,))
            packer.setimage(picture.im, (0, top, width, bottom))
            made[top * row : bottom * row] = packer.encode((bottom - top) * row)[2]
        self.picture = None
        return made

    def pixels(self) -> Pixels:
        """Return the samples as (rows, cols, channels)."""
        import numpy as np

        memory = self.memory()
        return np.frombuffer(memory, np.uint8).reshape(self.shape)


def array_of(picture: Any) -> Pixels:
    """Return the samples of an 8-bit Pillow image as (rows, cols, channels), decoding it if need be."""
    return Packed(picture).pixels()


def mode_facts(mode: str) -> tuple[int, bool, str, str]:
    """Return the channels, alpha, sample type and space of what `samples_of` gives for a `result_mode`."""
    if mode in _MODES:
        return (*_MODES[mode], "uint8", _SPACES[mode])
    return 1, False, {"F": "float32", "I": "float64"}.get(mode, "uint16"), "grey"


def samples_of(picture: Any, mode: str) -> Pixels:
    """Return the samples of any Pillow image, converted to `mode`, as (rows, cols, channels)."""
    if mode in _MODES:
        return array_of(picture if picture.mode == mode else _converted(picture, mode))
    import numpy as np

    return np.ascontiguousarray(np.asarray(picture)[:, :, None].astype(mode_facts(mode)[2]))


def picture_of(pixels: Pixels, space: str) -> Any:
    """Return uint8 pixels as a Pillow image."""
    import PIL.Image

    modes = {(1, "grey"): "L", (2, "grey"): "LA", (3, "RGB"): "RGB", (4, "RGB"): "RGBA", (4, "CMYK"): "CMYK"}
    rows, cols, channels = pixels.shape
    return PIL.Image.frombuffer(modes[channels, space], (cols, rows), pixels, "raw", modes[channels, space], 0, 1)
