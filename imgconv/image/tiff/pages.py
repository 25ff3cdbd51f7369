"""Multi-page TIFF: pages one after the other."""

from __future__ import annotations

from fractions import Fraction
from typing import IO

from imgconv.image.model import Image, Options
from imgconv.image.tiff.write import CLASSIC_LIMIT, Page, TiffSink


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
