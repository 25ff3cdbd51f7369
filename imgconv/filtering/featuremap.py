"""Feature maps as files: a picture where there are 1 or 3 channels, else an array, pages, or a contact sheet.

Where the channels are no colours, the file's format says what becomes of them: ``.npy`` holds an array (rows, cols,
channels), a TIFF a grey page for each channel, and every other format a sheet of tiles, one channel each, in rows from
the upper left. Four channels that a layer makes are feature maps far more often than red, green, blue and alpha, so
they become a picture only where somebody says so; arrays and TIFF hold them as one image in either case.
"""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any, NamedTuple

import numpy as np

from imgconv.errors import OptionError
from imgconv.image import Image
from imgconv.image.formats import named
from imgconv.image.model import Options
from imgconv.image.writer import store
from imgconv.tone import full_range

COLOURS = (1, 3)
"""How many channels make a picture that nobody asked for."""

GAP = 2
"""Pixels between two tiles of a sheet."""


class Form(NamedTuple):
    """How a result is written.

    Attributes:
        kind: ``picture``, ``array``, ``pages`` or ``sheet``.
        width, height, channels: of what the file holds as one image.
        tiles: columns and rows of a sheet.
    """

    kind: str
    width: int
    height: int
    channels: int
    tiles: tuple[int, int] = (1, 1)

    @property
    def map(self) -> str:
        """How results become samples when nobody says: what is no picture has no natural range."""
        return {"picture": "clip", "sheet": "stretch"}.get(self.kind, "float")

    @property
    def words(self) -> str:
        """What the channels become, for the report; nothing for a picture."""
        match self.kind:
            case "pages":
                return "a page for every channel"
            case "sheet":
                return f"a sheet of {self.tiles[0]}x{self.tiles[1]} tiles, one for every channel"
        return ""


def form(format: str, width: int, height: int, channels: int, layout: str = "auto") -> Form:
    """Return how a result of `channels` channels is written in a format of that name.

    Args:
        format: as in `imgconv.image.FORMATS`.
        width, height, channels: of the result.
        layout: one of `imgconv.words.choice.LAYOUTS`.

    Raises:
        OptionError: so many channels make no picture.

    >>> form("PNG", 100, 50, 32).tiles
    (4, 8)
    >>> form("PNG", 100, 50, 4).kind, form("PNG", 100, 50, 4, "picture").kind, form("TIFF", 100, 50, 4).kind
    ('sheet', 'picture', 'picture')
    """
    asked = layout == "picture"
    if asked and channels not in (*COLOURS, 4):
        raise OptionError("layout", f"{channels} channels make no picture; 1, 3 and 4 do")
    row = named(format)
    if layout != "sheet" and (channels in COLOURS or (channels == 4 and (asked or row.any_channels))):
        return Form("picture", width, height, channels)
    if layout != "sheet" and row.any_channels:
        return Form("pages" if row.unit == "page" else "array", width, height, channels)
    across = columns(channels, width, height)
    down = ceil(channels / across)
    return Form("sheet", across * (width + GAP) - GAP, down * (height + GAP) - GAP, 1, (across, down))


def columns(count: int, width: float, height: float) -> int:
    """Return how many of `count` tiles lie side by side in a sheet that fits into a small square.

    Empty places count against it: the square may be larger by half of their part of the last row, if that fills them.

    >>> columns(64, 112, 112), columns(64, 300, 200), columns(6, 300, 200), columns(5, 300, 200), columns(7, 100, 100)
    (8, 8, 2, 2, 3)
    """
    square = sqrt(count * height / width)
    near = range(min(count, max(1, int(square) // 2)), min(count, 2 * int(square) + 2) + 1)

    def cost(across: int) -> tuple[float, float]:
        side = max(across * width, ceil(count / across) * height)
        return side * (1 + 0.5 * (-count % across) / across), abs(across - square)

    return min(near, key=cost)


def sheet(samples: np.ndarray[Any, Any], tiles: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Return (rows, cols, channels) as one grey image, (rows, cols, 1), of tiles with white between."""
    height, width, channels = samples.shape
    columns, rows = tiles
    size = (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 1)
    made = np.full(size, full_range(samples.dtype), samples.dtype)
    for number in range(channels):
        top, left = number // columns * (height + GAP), number % columns * (width + GAP)
        made[top : top + height, left : left + width, 0] = samples[:, :, number]
    return made


def write_result(
    target: Any,
    image: Image,
    shown: Form,
    options: Options = Options(),  # noqa: B008 - frozen
    *,
    format: str | None = None,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write an image whose pixels are a layer's results, in the form it was planned for; return notes.

    Raises:
        ImageWriteError: the file cannot be written.
    """
    if shown.kind == "pages":
        from imgconv.image.frames.sequence import store_frames  # few results need it

        pages = [Image(image.pixels[:, :, number, None]) for number in range(image.channels)]
        return store_frames(target, pages, options, format=format, overwrite=overwrite)
    if shown.kind == "sheet":
        image = image.with_pixels(sheet(image.pixels, shown.tiles), alpha=False)
    return store(target, image, options, format=format, overwrite=overwrite)
