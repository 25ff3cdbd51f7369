"""Members of a combined kernel on the native core: their results become one, and its samples, in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Prepared
from imgconv.engines._gather import longest_run
from imgconv.engines._lanes import F32, MUL16, SAMPLES, Finish
from imgconv.engines._native import COMBINES, Level, Native, combined, level, make
from imgconv.tone import Stats, Tone, full_range
from imgconv.value import Value

MOST_MEMBERS = 16
ABREAST = (2, 4)
"""How many members can share a group of the core's rows."""
SLACK = 16
"""Results behind the last one that the core may read."""
PART_SAMPLES = 1 << 19
"""Samples of a part of a band: fewer would stay nearer to the core, but calls from Python cost more than that."""
HALF = 0.5 - 2.0**-25
"""Below a half by less than any float: 0.49999997 + this stays under 1, and 0.5 + this reaches it."""


class Joint(Value):
    """Members that are combined by one of `COMBINES`, all of them in float32."""

    members: tuple[Native, ...]
    combine: str
    band_rows: int
    level: int
    shelf: list[tuple[NDArray[np.float32], ...]]
    """Room for results that no thread is using."""

    def store(self, image: NDArray[Any], start: int, stop: int, out: NDArray[Any], tone: Tone | None) -> Stats:
        """Compute output rows as `Native.store` does."""
        finish = _finish(tone, out.dtype)
        line = out[:1].size
        rows = max(1, PART_SAMPLES // line)
        room = self.shelf.pop() if self.shelf else None
        if room is None or len(room[0]) < rows * line + SLACK:
            room = tuple(np.zeros(rows * line + SLACK, np.float32) for _ in self.members)
        stats = Stats()
        for first in range(start, stop, rows):
            last = min(first + rows, stop)
            part = out[first - start : last - start]
            for member, results in zip(self.members, room, strict=True):
                member.fill(image, first, last, results[: part.size].reshape(part.shape))
            low, high, below, above, nan = combined(self.level, self.combine, room, part, finish)
            stats += Stats(low, high, below, above, nan, part.size).counting_infinite(part)
        self.shelf.append(room)
        return stats if tone is None or tone.watched else Stats(total=out.size)


class Abreast(Value):
    """Members of one pass each that run side by side, and are combined before they leave the registers' neighbourhood.

    Attributes:
        whole: the pass of all of them.
    """

    whole: Native

    def store(self, image: NDArray[Any], start: int, stop: int, out: NDArray[Any], tone: Tone | None) -> Stats:
        """Compute output rows as `Native.store` does."""
        slope, shift, half, low, high, absolute, counted, code, watched = _finish(tone, out.dtype)
        way = self.whole.arithmetic
        scale = slope / way.divisor if way.divisor else slope * way.unit
        finish = Finish(scale, shift, half, low, high, high, absolute, counted, code=code, watched=watched)
        least, most, below, above, nan = self.whole.run(image, start, stop, out, finish)
        if not watched:
            return Stats(total=out.size)
        if least <= most:
            least, most = (end / way.divisor if way.divisor else end * way.unit for end in (least, most))
        return Stats(least, most, below, above, nan, out.size).counting_infinite(out)


def joint(prepared: Sequence[Prepared], combine: str) -> Joint | Abreast | None:
    """Return the members joined, or None where one of them does not run on the core in float32."""
    natives: tuple[Any, ...] = tuple(job.suited(None) for job in prepared)
    if combine not in COMBINES or len(natives) > MOST_MEMBERS or not all(job.joins for job in natives):
        return None
    speed = level()
    assert speed is not None  # as the members run on the core
    doubles = any(native.double for native in natives)
    if not doubles and len(natives) in ABREAST and len({_footing(native) for native in natives}) == 1:
        return _abreast(natives, combine, speed)
    return Joint(natives, combine, min(job.band_rows for job in natives), speed.number, [])


def _footing(native: Native) -> tuple[Any, ...]:
    """Return what members have in common that can run abreast; something of their own if they cannot."""
    job, way = native.job, native.arithmetic
    first, second = way.terms[0]
    if way.operation not in (F32, MUL16) or second is not None or len(way.terms) > 1:
        return (id(native),)
    if job.offset or way.base or way.start:
        return (id(native),)
    maps = job.rows.tobytes(), job.cols.tobytes()
    return (
        way.operation,
        way.divisor,
        way.unit,
        first.shape,
        job.stride,
        job.dilation,
        job.constant,
        native.shape,
        *maps,
    )


def _abreast(natives: tuple[Native, ...], combine: str, speed: Level) -> Abreast:
    first = natives[0]
    taps = np.stack([native.arithmetic.terms[0][0] for native in natives])
    way = first.arithmetic.replace(terms=((taps, None),))
    run = longest_run(first.job.cols)
    made = make(first.job, first.shape, first.dtype, way, run, speed, first.reason, combine)
    return Abreast(made)


def _finish(tone: Tone | None, dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """Return the core's way from results to samples of `dtype`."""
    code, watched = SAMPLES.index(dtype.str[1:]), tone is None or tone.watched
    slope, shift, absolute = (1.0, 0.0, False) if tone is None else (tone.slope, tone.shift, tone.map == "abs")
    if dtype.kind == "f":
        return (slope, shift, 0.0, 0.0, 0.0, absolute, False, code, watched)
    return (slope, shift, HALF, -0.5, full_range(dtype) + 0.5, absolute, watched, code, watched)
