"""One step of a chain: which rows it needs, where they are kept until then, and computing some rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats, Prepared, Way
from imgconv.engines._bands import run, ways_of
from imgconv.filtering.outcome import Report
from imgconv.geometry import Shape
from imgconv.image.limits.size import check_held
from imgconv.image.model import Pixels
from imgconv.layers import Step
from imgconv.layers.base import Along
from imgconv.system import cores
from imgconv.tone import Stats, Tone
from imgconv.value import Value

GROUP_BYTES = 2**22
"""About so many bytes of results are computed at once."""


class Ring:
    """Room for the rows of an image that are needed at one time, and for some that are needed once again.

    Attributes:
        samples: (places, cols, channels); row r is in place r % `size`, and what is needed again lies behind.
        size: places of rows that follow one another.
    """

    def __init__(self, size: int, again: int, cols: int, channels: int, dtype: np.dtype[Any]) -> None:
        self.size = size
        self.samples = np.empty((size + again, cols, channels), dtype)

    def room(self, start: int, stop: int) -> Pixels:
        """Return the places of rows that do not go around the ring's end."""
        return self.samples[start % self.size : start % self.size + stop - start]


class _Turned(Value, Prepared):
    """A way of computing pixel by pixel that looks at a ring of `size` rows."""

    way: Prepared
    size: int
    band_rows: int
    reason: str
    ways: tuple[Way, ...]

    cheap = True

    @classmethod
    def of(cls, way: Prepared, size: int) -> _Turned:
        """Let a way look at a ring."""
        return cls(way, size, way.band_rows, way.reason, ways_of([way]))

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive)."""
        at = start % self.size
        return self.way(image, at, at + stop - start)


class Stage:
    """A step that computes groups of bands, each when the rows that it needs are in the ring before it.

    Attributes:
        group: output rows that are computed at once.
        spans: for each group, the first of the rows that it or a later one needs, and the one after the last it needs.
        ring: where the input rows are.
        again: sources of the rows behind the ring.
        done: output rows so far.
    """

    def __init__(
        self, report: Report, along: Along, step: Step, taken: Shape, kinds: tuple[np.dtype[Any], np.dtype[Any]]
    ) -> None:
        """Take a step of what `report` plans, its input's shape, and the types of its input and its results."""
        self.along, self.step, self.taken = along, step, taken
        self.name, self.most = report.input.name, report.request.max_pixels
        self.kind, self.made = kinds
        output = step.output
        self.size = (output.height, output.width, output.channels)
        threads, line = cores.available(), output.width * output.channels * self.made.itemsize
        bands = GROUP_BYTES // (along.band * line)
        self.group = along.band * max(threads, bands // threads * threads)
        needed = along.rows.copy()
        needed[along.far] = -1
        self.spans: list[tuple[int, int]] = []
        for start in range(0, output.height, self.group):
            rows = needed[along.window(start, min(start + self.group, output.height))]
            rows = rows[rows >= 0]
            self.spans.append((int(rows.min()), int(rows.max()) + 1) if rows.size else (taken.height, 0))
        for number in reversed(range(len(self.spans) - 1)):  # what a later group needs has to stay
            low, high = self.spans[number]
            self.spans[number] = (min(low, self.spans[number + 1][0]), high)
        self.again = along.rows[along.far]
        self.done = 0
        self.stats, self.threads, self.reason = Stats(), 1, ""
        self.done_by: tuple[Way, ...] = ()

    def lay_out(self, block: int, ahead: int) -> None:
        """Make the ring: input rows come so many at a time, and `ahead` such blocks before they are needed.

        Raises:
            ImageReadError: it would have to be too large.
        """
        window = max(0, *(high - low for low, high in self.spans))
        blocks = min(-(-window // block) + 1 + ahead, -(-self.taken.height // block))
        size = blocks * block
        rows, far = self.along.rows, self.along.far
        check_held(self.name, self.taken.width, size + len(far), self.taken.channels, self.most)
        places = np.where(rows < 0, -1, rows % size)
        places[far] = size + np.arange(len(far))
        self.ring = Ring(size, len(far), self.taken.width, self.taken.channels, self.kind)
        self.ways = self.along.prepare(places, size + len(far))
        if self.along.alone:
            self.ways = [_Turned.of(way, size) for way in self.ways]

    @property
    def measurable(self) -> bool:
        """Whether results are the same when they are measured first and computed again."""
        return all(way.cheap or way.suited(None).stores for way in self.ways)

    def compute(self, tone: Tone | None, out: Pixels | None, rows: tuple[int, int], threads: int | None) -> None:
        """Compute a group into `out`, or only measure it."""
        result = run(
            self.ways,
            self.ring.samples,
            self.size,
            combine=self.step.combine,
            tone=tone,
            dtype=self.made,
            threads=threads,
            out=out,
            measure=out is None,
            rows=rows,
        )
        self.stats, self.done = self.stats + result.stats, rows[1]
        self.threads, self.reason, self.done_by = max(self.threads, result.threads), result.reason, result.ways
