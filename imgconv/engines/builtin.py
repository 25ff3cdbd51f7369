"""The engine of imgconv's own: it chooses the cheapest way that keeps the result exact, and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import gcd
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Job, Prepared, Traits, _arithmetic, _fourier, _lanes, _native, _spectral
from imgconv.engines._costs import DOUBLE_FFT, FFT, NUMPY_FFT, NUMPY_TAP, cost
from imgconv.engines._gather import longest_run
from imgconv.engines._lanes import Arithmetic
from imgconv.engines._native import Choice, Level, Native
from imgconv.engines._numpy import Direct, Separable, Vector, spans
from imgconv.engines.base import CHANNELS, CORRELATE
from imgconv.geometry import reach

TRAITS = Traits(frozenset({CORRELATE, CHANNELS}), own=True)

BAND_SAMPLES = 1 << 18
"""Samples of a band: its buffers stay in the second-level cache."""
MAX_TERMS = 8
"""The most separable terms that are tried; the native core takes no more."""
MOST_HELD = 1 << 24
"""The most samples in the rows that a window reaches over by its dilation, if they are held all at once."""
RANK_TOLERANCE = 1e-13
"""What a sum of separable terms may leave out, as a part of the largest singular value."""


RECENT = 8
"""So many prepared jobs are kept: choosing a way takes as long as filtering a small picture."""

_recent: dict[tuple[Any, ...], Prepared] = {}


def prepare(job: Job, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Prepared:
    """Choose how to run `job` on images of `shape` (rows, cols, channels) and `dtype`."""
    level = _native.level()
    key = (
        *(part.tobytes() for part in (job.taps, job.rows, job.cols)), job.taps.shape, job.divisor, job.offset,
        job.constant, job.stride, job.dilation, job.whole, shape, dtype, level,
    )  # fmt: skip
    known = _recent.get(key)
    if known is None:
        job = _gathered(job, shape[2])
        known = _numpy_way(job, shape, dtype) if level is None else _native_way(job, shape, dtype, level)
        for old in list(_recent)[: len(_recent) - RECENT + 1]:
            _recent.pop(old, None)
        _recent[key] = known
    return known


def _gathered(job: Job, channels: int) -> Job:
    """Return a job of the same results that holds no more than its windows look at, where they lie far apart.

    A lone window has no stride. Windows further apart than they are wide, and windows whose taps lie very far apart,
    follow one another in the maps: what none of them looks at is not held, what several do is held several times.
    """
    for axis, index in enumerate((job.rows, job.cols)):
        taps, count, stride, apart = job.taps.shape[axis], job.output[axis], job.stride[axis], job.dilation[axis]
        span = reach(taps, apart)
        if count == 1:
            index, stride = index[:span], 1
            job = _stepping(job, axis, index, stride, apart)
        others = len(job.cols) if axis == 0 else 4 * job.taps.shape[0]
        sparse = stride >= span and stride >= (taps + 1, 4 * taps)[axis]  # columns are copied one by one then
        if sparse or (apart > 1 and span * others * channels > MOST_HELD):
            at = np.arange(count)[:, None] * stride + np.arange(taps) * apart
            job = _stepping(job, axis, index[at.ravel()], taps, 1)
    return job


def _stepping(job: Job, axis: int, index: NDArray[np.intp], stride: int, dilation: int) -> Job:
    """Return `job` with another map, stride and dilation along `axis`."""
    if axis == 0:
        return job.replace(rows=index, stride=(stride, job.stride[1]), dilation=(dilation, job.dilation[1]))
    return job.replace(cols=index, stride=(job.stride[0], stride), dilation=(job.dilation[0], dilation))


class Candidate(NamedTuple):
    """A way that a job can go.

    Attributes:
        cost: of an output sample, in nanoseconds.
        rough: exact enough for integer samples only.
        make: prepares it.
    """

    cost: float
    rough: bool
    make: Callable[[], Prepared]


def _native_way(job: Job, shape: tuple[int, int, int], dtype: np.dtype[Any], level: Level) -> Prepared:
    whole = _arithmetic.integers(job, dtype)
    terms, rank = _terms(job, whole)
    ways = list(_arithmetic.direct(job, dtype))
    if 0 < len(terms) <= MAX_TERMS:
        ways += _arithmetic.separable(job, dtype, terms)
    ways += _arithmetic.box(job, dtype, shape[2])
    ways = [way for way in ways if level.has(way.operation)]

    def made(way: Arithmetic) -> Native:
        why = _why(way, f"{np.count_nonzero(job.taps)} nonzero taps", rank, level)
        return _native.make(job, shape, dtype, way, longest_run(job.cols), level, why)

    found = [Candidate(cost(job, way, level), way.fixed, partial(made, way)) for way in ways]
    least = min(way.cost for way in found)
    found += _transforms(job, shape, dtype, level, least, partial(made, _one_pass(job, ways, level)))
    fast = min(found, key=lambda way: way.cost)
    fine = min((way for way in found if not way.rough), key=lambda way: way.cost)
    if fine is fast:
        return fine.make()
    rough = fast.make()
    return Choice(fine.make(), rough)


def _one_pass(job: Job, ways: list[Arithmetic], level: Level) -> Arithmetic:
    """Return the cheapest direct way that floats can go too."""
    fine = [way for way in ways if not way.fixed and way.terms[0][1] is None]
    return min(fine, key=lambda way: cost(job, way, level))


def _transforms(
    job: Job,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    level: Level,
    least: float,
    direct: Callable[[], Native],
) -> Iterator[Candidate]:
    """Yield the ways by FFT that can be cheaper than `least`, which is what the cheapest other way costs.

    Args:
        job, shape, dtype, level: as prepared.
        least: in nanoseconds per output sample.
        direct: prepares the way of tiles that a transform would spoil.
    """
    whole, run = _arithmetic.integers(job, dtype), longest_run(job.cols)
    if least < min(FFT[level.name].values()) / 2:
        return
    way = _arithmetic.transformed(job, dtype)
    if way is not None:
        tile, price = _spectral.best_tile(job, shape[2], dtype, level)
        if price < least:
            why = _why_transform(job, tile, least / price)
            yield Candidate(price, whole, lambda: _spectral.make(job, shape, dtype, way, run, tile, direct(), why))
    # A transform's rounding error must stay far below a half where results have to come out as integers.
    if not whole or _arithmetic.peak_of(job, dtype) * 1e-13 < 0.1:
        side, price = _fourier.best_tile(job, DOUBLE_FFT)
        if price < least:
            yield Candidate(price, False, lambda: _overlapping(job, side, whole, direct(), level, least / price))


def _why(way: Arithmetic, taps: str, rank: int, level: Level) -> str:
    """Return the way and why, for the report."""
    if way.operation in _lanes.BOXES:
        return f"running sums instead of {taps}; integers, {level.name}"
    passes = sum(np.count_nonzero(column) + np.count_nonzero(row) for column, row in way.terms if row is not None)
    words = f"direct, {taps}"
    if passes:
        words = f"separable, rank {rank}: {passes} taps in {2 * len(way.terms)} passes instead of {taps}"
    return f"{words}; {way.words}, {level.name}"


def _numpy_way(job: Job, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Prepared:
    whole = _arithmetic.integers(job, dtype)
    peak = _arithmetic.peak_of(job, dtype)
    # Sums of integers are exact in float32 below 2**24; two more bits keep the division's rounding apart
    # from every half.
    small = whole and peak + abs(job.offset) * job.divisor < 2**22 and (2 * job.offset) % 1 == 0
    kind = np.dtype(np.float32 if small else np.float64)

    terms, rank = _terms(job, whole)
    direct = NUMPY_TAP * np.count_nonzero(job.taps)
    separable = NUMPY_TAP * sum(
        np.count_nonzero(column) * _width_ratio(job) + np.count_nonzero(row) for column, row in terms
    )
    tile, fourier = _fourier.best_tile(job, NUMPY_FFT)
    fits = not whole or peak * 1e-13 < 0.1
    ways = {"direct": direct, "separable": separable if terms else np.inf, "FFT": fourier if fits else np.inf}
    chosen = min(ways, key=lambda way: ways[way])

    run = longest_run(job.cols)
    across = len(job.cols) * shape[2] * job.stride[0]
    rows = max(1, BAND_SAMPLES // across, job.taps.shape[0] // job.stride[0])
    ratio = max(value for value in ways.values() if value < np.inf) / max(ways[chosen], 1e-9)
    taps = f"{np.count_nonzero(job.taps)} nonzero taps"
    if chosen == "separable":
        passes = sum(np.count_nonzero(column) + np.count_nonzero(row) for column, row in terms)
        reason = f"separable, rank {rank}: {passes} taps in {2 * len(terms)} passes instead of {taps}"
        return Separable(job, run, kind if rank == 1 else np.dtype(np.float64), rows, reason, terms)
    one = Direct(job, run, kind, rows, f"direct, {taps}")
    return one if chosen == "direct" else _overlapping(job, tile, whole, one, None, ratio)


def _overlapping(
    job: Job, tile: int, whole: bool, direct: Prepared, level: Level | None, ratio: float
) -> _fourier.Fourier:
    rows, run, kind = (tile - spans(job)[0]) // job.stride[0] + 1, longest_run(job.cols), np.dtype(np.float64)
    why, spectrum = _why_transform(job, (tile, tile), ratio), _fourier.spectrum_of(job, tile)
    return _fourier.Fourier(job, run, kind, rows, why, tile, spectrum, whole, direct, level)


def _why_transform(job: Job, tile: tuple[int, int], ratio: float) -> str:
    """Return the way and why, for the report."""
    taps = f"{np.count_nonzero(job.taps)} nonzero taps"
    return f"FFT in tiles of {tile[1]}x{tile[0]}, about {ratio:.{0 if ratio > 2 else 1}f} times cheaper than {taps}"


def _width_ratio(job: Job) -> float:
    """Return how many padded columns the pass down computes for each output column."""
    return len(job.cols) / job.output[1]


def _terms(job: Job, whole: bool) -> tuple[tuple[tuple[Vector, Vector], ...], int]:
    """Return the taps as a sum of outer products (column, row), and how many there are; () where none helps."""
    taps = job.taps
    if min(taps.shape) == 1 or not taps.any():
        return (), 1
    column, row = _outer(taps, whole)
    # Tried before the decomposition, which wakes the linear algebra library's own threads.
    if np.abs(taps - np.outer(column, row)).max() <= RANK_TOLERANCE * np.abs(taps).max():
        return ((column, row),), 1
    if 2 * sum(taps.shape) >= np.count_nonzero(taps):
        return (), min(taps.shape)
    left, values, right = np.linalg.svd(taps, full_matrices=False)
    rank = int(np.count_nonzero(values > RANK_TOLERANCE * values[0]))
    if rank * sum(taps.shape) >= np.count_nonzero(taps):
        return (), rank
    return tuple((left[:, k] * values[k], right[k]) for k in range(rank)), rank


def _outer(taps: NDArray[np.float64], whole: bool) -> tuple[Vector, Vector]:
    """Return (column, row) whose outer product is `taps` of rank 1, in integers if `taps` is."""
    i, j = np.unravel_index(np.argmax(np.abs(taps)), taps.shape)
    if whole:
        row = taps[i] / gcd(*(int(tap) for tap in taps[i]))
        return taps[:, j] / row[j], row
    return taps[:, j] / taps[i, j], taps[i].copy()
