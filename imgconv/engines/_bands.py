"""Running prepared jobs over an image: bands of rows, threads, combination and mapping to samples.

Bands start at the same rows for any number of threads, and every band is computed alone, so the result does
not depend on how many threads there are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv import progress
from imgconv.engines import Floats, Prepared, Way
from imgconv.errors import EngineError, shorten
from imgconv.system import cores
from imgconv.tone import Stats, Tone
from imgconv.value import Value

Store = Callable[[NDArray[Any], int, int, NDArray[Any], Tone | None], Stats]
"""`Prepared.store`."""

LONG = 1 << 30
"""Multiply-adds, at most, of a band from which on it may take a noticeable time."""


def ways_of(prepared: Sequence[Prepared], layer: int = 1) -> tuple[Way, ...]:
    """Return the ways that jobs go, without repeating any; a job of several steps has its own list of them."""
    found: dict[Way, None] = {}
    for job in prepared:
        for way in job.ways or (Way(job.reason, job.elsewhere),):
            found[way._replace(layer=layer)] = None
    return tuple(found)


class Result(Value):
    """What came out: samples (rows, cols, channels), and what was seen on the way."""

    samples: NDArray[Any]
    stats: Stats
    threads: int = 1
    reason: str = ""
    ways: tuple[Way, ...] = ()


def run(
    prepared: Sequence[Prepared],
    image: NDArray[Any],
    output: tuple[int, int, int],
    *,
    combine: str | None = None,
    tone: Tone | None = None,
    dtype: np.dtype[Any],
    threads: int | None = None,
    out: NDArray[Any] | None = None,
    measure: bool = False,
    rows: tuple[int, int] | None = None,
) -> Result:
    """Run `prepared` over `image` and return its samples.

    Args:
        prepared: one job, or the members of a combined kernel.
        image: (rows, cols, channels).
        output: (rows, cols, channels) of the output.
        combine: how several results become one; see `COMBINE`.
        tone: how results become samples; None keeps them as floats of `dtype`.
        dtype: of the samples returned.
        threads: at most so many; None means every core that this process may use.
        out: where the samples go, of that shape and type; None means a new array.
        measure: keep no samples, of which the result then has no rows, but only what was seen.
        rows: the output rows to compute, the last one exclusive, which are whole bands; None means all. Only these
            are in the samples returned.
    """
    first, last = rows or (0, output[0])
    samples = np.empty((0 if measure else last - first, *output[1:]), dtype) if out is None else out
    if len(prepared) == 1:
        prepared = [prepared[0].suited(tone)]
    step = min(job.band_rows for job in prepared)
    starts = range(first, last, step)
    stats: list[Stats] = [Stats()] * len(starts)

    store = _storing(prepared, combine)

    def band(number: int) -> None:
        start = starts[number]
        stop = min(start + step, last)
        room = np.empty((stop - start, *output[1:]), dtype) if measure else samples[start - first : stop - first]
        if store is not None:
            stats[number] = store(image, start, stop, room, tone)
            return
        with np.errstate(all="ignore"):
            one = _results(prepared, image, (start, stop), output, combine)
            if tone is None:
                stats[number] = Stats.of(one)
                room[...] = one
            else:
                room[...], stats[number] = tone.apply(one)

    used = max(1, min(threads or cores.available(), len(starts)))
    most = max(_taps(job) for job in prepared) * step * output[1] * output[2]
    each(band, len(starts), used, long=most > LONG)
    reason = "; ".join(dict.fromkeys(job.reason for job in prepared))
    return Result(samples, sum(stats, Stats()), used, reason, ways_of(prepared))


class Window(NamedTuple):
    """A part of the output: rows `top` to `bottom`, columns `left` to `right` (each exclusive)."""

    top: int
    left: int
    bottom: int
    right: int

    def rows(self, start: int, stop: int) -> tuple[int, int]:
        """Return the part of the rows `start` to `stop` that lies within."""
        return max(start, self.top), min(stop, self.bottom)


def run_within(
    window: Window,
    prepared: Sequence[Prepared],
    image: NDArray[Any],
    output: tuple[int, int, int],
    *,
    combine: str | None = None,
    tone: Tone | None = None,
    dtype: np.dtype[Any],
    threads: int | None = None,
    measure: bool = False,
) -> Result:
    """Run `prepared` as `run` does, but keep and look at the samples of `window` alone.

    The bands that it has rows in are computed as they are for the whole output, in all of their width: some ways
    give other last digits for other tiles, and a part is to be the same as that part of the whole.
    """
    size = (window.bottom - window.top, window.right - window.left, output[2])
    samples = np.empty((0, *size[1:]) if measure else size, dtype)
    if len(prepared) == 1:
        prepared = [prepared[0].suited(tone)]
    step = min(job.band_rows for job in prepared)
    starts = range(window.top // step * step, window.bottom, step)
    stats: list[Stats] = [Stats()] * len(starts)
    store = _storing(prepared, combine)
    floats = tone is None or tone.dtype.kind == "f"

    def results(start: int, stop: int) -> Floats:
        if store is not None and (tone is None or combine):
            room = np.empty((stop - start, *output[1:]), dtype if tone is None else np.float32)
            store(image, start, stop, room, None)
            return room
        return _results(prepared, image, (start, stop), output, combine)

    def band(number: int) -> None:
        start = starts[number]
        stop = min(start + step, output[0])
        first, last = window.rows(start, stop)
        cut = np.s_[first - start : last - start, window.left : window.right]
        with np.errstate(all="ignore"):
            made = np.ascontiguousarray(results(start, stop)[cut])
            stats[number] = Stats.of(made)
            if tone is not None:
                made, stats[number] = tone.apply(made)
            if tone is not None and floats and store is not None:  # which scales them in one step
                room = np.empty((stop - start, *output[1:]), dtype)
                store(image, start, stop, room, tone)
                made = room[cut]
            if not measure:
                samples[first - window.top : last - window.top] = made

    used = max(1, min(threads or cores.available(), len(starts)))
    each(band, len(starts), used, long=max(map(_taps, prepared)) * step * output[1] * output[2] > LONG)
    reason = "; ".join(dict.fromkeys(job.reason for job in prepared))
    return Result(samples, sum(stats, Stats()), used, reason, ways_of(prepared))


def _results(
    prepared: Sequence[Prepared],
    image: NDArray[Any],
    rows: tuple[int, int],
    output: tuple[int, int, int],
    combine: str | None,
) -> Floats:
    """Return the results of some rows, the last one exclusive, of an output of (rows, cols, channels).

    Raises:
        EngineError: they have another shape than was planned, as an engine or a layer of another package may make them.
    """
    values = [job(image, *rows) for job in prepared]
    for job, value in zip(prepared, values, strict=True):
        if value.shape != (rows[1] - rows[0], *output[1:]):
            shapes = f"{value.shape} where {(rows[1] - rows[0], *output[1:])} was planned"
            raise EngineError(f"'{shorten(job.reason)}' made results of the shape {shapes}")
    return COMBINE[combine](values) if combine else values[0]


def _storing(prepared: Sequence[Prepared], combine: str | None) -> Store | None:
    """Return what makes samples without the floats in between, as some engines can; None where nothing does."""
    if combine:
        from imgconv.engines._joint import joint  # few kernels are combined

        together = joint(prepared, combine)
        return together.store if together is not None else None
    return prepared[0].store if prepared[0].stores else None


def _taps(prepared: Prepared) -> int:
    """Return how many multiply-adds a sample may take, whatever the way."""
    return 1 if prepared.job is None else int(prepared.job.taps.size)


def each(task: Callable[[int], None], count: int, threads: int, *, long: bool = False) -> None:
    """Call ``task(0)`` to ``task(count - 1)`` on `threads` threads, this one among them.

    The first exception, Ctrl-C included, stops the others after the task that they are in. Nothing interrupts a
    thread that computes: where tasks are `long`, this one waits for as many others, and Ctrl-C does not wait for them.
    """
    tell = progress.counter(count)
    numbers = iter(range(count))
    lock = threading.Lock()
    failures: list[BaseException] = []

    def work() -> None:
        while not failures:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                task(number)
                if tell is not None:
                    tell()
            except BaseException as failure:  # handed to the calling thread below
                failures.append(failure)

    helpers = [threading.Thread(target=work, daemon=True) for _ in range(threads - (not long))]
    for helper in helpers:
        helper.start()
    try:
        if not long:
            work()
        for helper in helpers:
            helper.join()
    except BaseException as failure:  # Ctrl-C between two tasks, or while waiting
        failures.append(failure)
        if long:
            raise
    if failures:
        for helper in helpers:
            helper.join()
        raise failures[0]


def _magnitude(values: list[Floats]) -> Floats:
    total = np.square(values[0], out=values[0])
    for value in values[1:]:
        total += np.square(value, out=value)
    return np.sqrt(total, out=total)


def _max(values: list[Floats]) -> Floats:
    for value in values[1:]:
        np.maximum(values[0], value, out=values[0])
    return values[0]


def _sum(values: list[Floats]) -> Floats:
    for value in values[1:]:
        values[0] += value
    return values[0]


def _angle(values: list[Floats]) -> Floats:
    x, y = values
    angle: Floats = np.degrees(np.arctan2(y, x))
    angle[angle < 0] += 360
    angle[angle >= 360] = 0  # a tiny negative angle plus 360 rounds up to it
    return angle


COMBINE: dict[str, Callable[[list[Floats]], Floats]] = {
    "magnitude": _magnitude,
    "max": _max,
    "sum": _sum,
    "angle": _angle,
}
"""How several results become one; the lists handed in are overwritten. Angles are in degrees within [0, 360),
from the x direction towards the y direction, which points down the picture."""
