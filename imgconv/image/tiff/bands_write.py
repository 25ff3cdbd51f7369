"""One page of TIFF whose rows come some at a time."""

from __future__ import annotations

from typing import IO

from imgconv.image.model import Header, Metadata, Options, Pixels
from imgconv.image.tiff.write import Page, TiffSink, may_be_big


class BandWriter:
    """A TIFF file of one page on its way into `file`, which can seek."""

    def __init__(self, file: IO[bytes], image: Header, metadata: Metadata, options: Options) -> None:
        page = Page.like(image, metadata, options.compression)
        self._sink = TiffSink(file, big=may_be_big(page))
        self._notes = self._sink.begin(page)

    def write(self, rows: Pixels) -> None:
        """Write the next rows, (rows, cols, channels)."""
        self._sink.write(rows)

    def finish(self) -> tuple[str, ...]:
        """Write what comes at the end; return notes."""
        self._sink.finish()
        return self._notes
