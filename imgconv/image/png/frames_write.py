"""Writing animated PNG: each frame's rectangle that has changed, filtered and deflated as a single image is.

Source: W3C, Portable Network Graphics (Third Edition), 2025, chapter 11.3.6.
"""

from __future__ import annotations

import os
import struct
from fractions import Fraction
from typing import IO

import numpy as np

from imgconv.image.frames.canvas import changed
from imgconv.image.frames.clock import USUAL, limited
from imgconv.image.model import Image, Options, Pixels
from imgconv.image.png.write import data_parts, metadata_chunks, write_chunk, write_head

MOST_PLAYS = 2**31 - 1
_MOST = 2**16 - 1


class ApngWriter:
    """An animated PNG file on its way into `file`, which can seek; `options` are as for `png.encode_png`."""

    def __init__(self, file: IO[bytes], plays: int, options: Options, most: int) -> None:
        self._file, self._options = file, options
        self._plays, self._notes = limited(plays, MOST_PLAYS, "PNG")
        self._place = self._frames = self._numbers = 0
        self._before: Pixels | None = None

    def add(self, image: Image, duration: Fraction | None) -> None:
        """Write the next frame; all have the same size and samples."""
        if self._before is None:
            self._begin(image)
        left, top, width, height = changed(self._before, image.pixels)
        own = np.ascontiguousarray(image.pixels[top : top + height, left : left + width])
        count, share = _delay(USUAL if duration is None else duration)
        control = struct.pack(">IIIIHHBB", width, height, left, top, count, share, 0, 0)
        write_chunk(self._file, b"fcTL", self._number() + control)
        for part in data_parts(own, self._options):
            if self._frames:
                write_chunk(self._file, b"fdAT", self._number() + part)
            else:
                write_chunk(self._file, b"IDAT", part)
        self._frames += 1
        self._before = image.pixels

    def finish(self) -> tuple[str, ...]:
        """Write what comes at the end, and how many frames there are; return notes."""
        write_chunk(self._file, b"IEND", b"")
        self._file.seek(self._place)
        self._control()
        self._file.seek(0, os.SEEK_END)
        return self._notes

    def _begin(self, image: Image) -> None:
        write_head(self._file, image)
        self._place = self._file.tell()
        self._control()
        for name, data in metadata_chunks(image.metadata):
            write_chunk(self._file, name, data)

    def _control(self) -> None:
        write_chunk(self._file, b"acTL", struct.pack(">II", self._frames, self._plays))

    def _number(self) -> bytes:
        self._numbers += 1
        return (self._numbers - 1).to_bytes(4, "big")


def _delay(duration: Fraction) -> tuple[int, int]:
    """Return a duration as the numerator and denominator that 16 bits hold, the nearest there are."""
    near = duration.limit_denominator(_MOST)
    if near.numerator > _MOST:
        share = max(1, int(_MOST / near))
        near = Fraction(min(round(near * share), _MOST), share)
    return near.numerator, near.denominator
