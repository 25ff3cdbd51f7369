"""Multi-page TIFF: pages one after the other, or a grey page for every channel."""

from __future__ import annotations

from fractions import Fraction
from typing import IO, Any

import numpy as np

from imgconv.image.files import name_of
from imgconv.image.model import Image, Options, Pixels
from imgconv.image.tiff.write import CLASSIC_LIMIT, Page, TiffSink, write_pages_into
from imgconv.image.writer import deliver


def write_pages(
    target: Any, pixels: Pixels, *, overwrite: bool = False, compression: int | None = None
) -> tuple[str, ...]:
    """Write (rows, cols, channels) as a TIFF of as many pages as there are channels, whole or not at all; return notes.

    Args:
        target: a path, or an open binary file.
        pixels: of one of `imgconv.image.DTYPES`.
        overwrite: whether an existing file may be replaced.
        compression: 0 to 9 for deflate; None does not compress.

    Raises:
        ImageWriteError: the file exists or cannot be written.
    """
    name = name_of(target)
    plain = [Image(np.ascontiguousarray(pixels[:, :, number, None])) for number in range(pixels.shape[2])]

    def encode_into(file: IO[bytes]) -> None:
        write_pages_into(file, [(Page.of(image, compression), image.pixels) for image in plain])

    return deliver(target, name, overwrite, encode_into)


class PageWriter:
    """A TIFF file of pages on its way into `file`, which can seek; `most` bytes may come of their pixels."""

    def __init__(self, file: IO[bytes], plays: int, options: Options, most: int) -> None:
        self._sink = TiffSink(file, big=most > CLASSIC_LIMIT)
        self._options = options
        self._notes: dict[str, None] = {}

    def add(self, image: Image, duration: Fraction | None) -> None:
        """Write the next page."""
        self._notes.update(dict.fromkeys(self._sink.begin(Page.of(image, self._options.compression))))
        self._sink.write(image.pixels)

    def finish(self) -> tuple[str, ...]:
        """Write what comes at the end; return notes."""
        self._sink.finish()
        return tuple(self._notes)
