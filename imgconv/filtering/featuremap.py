"""Feature maps as files: a picture where there are 1, 3 or 4 channels, else an array, pages, or a contact sheet.

Where the channels are no colours, the file's format says what becomes of them: ``.npy`` holds an array (rows, cols,
channels), a TIFF a grey page for each channel, and every other format a sheet of tiles, one channel each, in rows from
the upper left.
"""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any, NamedTuple

import numpy as np

from imgconv.image import Image
from imgconv.image.model import Options
from imgconv.image.pages import write_pages
from imgconv.image.writer import store
from imgconv.tone import full_range

COLOURS = (1, 3, 4)
"""How many channels make a picture."""

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


def form(format: str, width: int, height: int, channels: int) -> Form:
    """Return how a result of `channels` channels is written in a format of that name.

    >>> form("PNG", 100, 50, 32).tiles
    (4, 8)
    """
    if channels in COLOURS:
        return Form("picture", width, height, channels)
    if format in ("NPY", "TIFF"):
        return Form("array" if format == "NPY" else "pages", width, height, channels)
    columns = min(channels, max(1, round(sqrt(channels * height / width))))
    rows = ceil(channels / columns)
    return Form("sheet", columns * (width + GAP) - GAP, rows * (height + GAP) - GAP, 1, (columns, rows))


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
        return write_pages(target, image.pixels, overwrite=overwrite, compression=options.compression)
    if shown.kind == "sheet":
        image = image.with_pixels(sheet(image.pixels, shown.tiles), alpha=False)
    return store(target, image, options, format=format, overwrite=overwrite)
