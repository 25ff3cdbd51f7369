"""The boxes that AVIF, JPEG XL and JPEG 2000 files are made of. Source: ISO/IEC 14496-12, 4.2."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO, NamedTuple

from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError

_BOX_STEPS = 16
"""The steps of a box, for each of which the file is asked twice."""


class Box(NamedTuple):
    """A box: its kind, and where its contents begin and end in the file."""

    kind: bytes
    start: int
    end: int

    def read(self, file: IO[bytes], most: int = -1) -> bytes:
        """Return its contents, at most so many bytes of them.

        Raises:
            EOFError: the file ends before.
        """
        size = self.end - self.start if most < 0 else min(most, self.end - self.start)
        file.seek(self.start)
        data = file.read(size)
        if len(data) < size:
            raise EOFError
        return data


def boxes(file: IO[bytes], budget: Budget, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes that lie between two places of a file, the whole file if none are said.

    Raises:
        EOFError: the file ends within a box.
        ValueError: a box cannot be as long as it says.
    """
    last = file.seek(0, os.SEEK_END)
    end = last if end is None else end
    while start + 8 <= end:
        budget.spend(_BOX_STEPS)
        file.seek(start)
        head = file.read(16)
        size, first = int.from_bytes(head[:4], "big"), start + 8
        if size == 1:
            size, first = int.from_bytes(head[8:], "big"), start + 16
        stop = start + size if size else end
        if stop < first:
            raise DataError("a box is shorter than its head")
        if stop > last:
            raise EOFError
        yield Box(head[4:8], first, stop)
        start = stop


def box(kind: bytes, contents: bytes) -> bytes:
    """Return a box of less than 4 GB."""
    return (8 + len(contents)).to_bytes(4, "big") + kind + contents
