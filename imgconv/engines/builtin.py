"""The engine of imgconv's own: it chooses the cheapest way that keeps the result exact, and says why."""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Job, Prepared, _arithmetic, _native
from imgconv.engines._costs import FFT, NUMPY_FFT, NUMPY_TAP, cost
from imgconv.engines._fourier import Fourier, best_tile, spectra_of
from imgconv.engines._gather import longest_run
from imgconv.engines._native import Arithmetic, Choice, Level, Native
from imgconv.engines._numpy import Direct, Separable, Vector, spans

BAND_SAMPLES = 1 << 18
"""Samples of a band: its buffers stay in the second-level cache."""
MAX_TERMS = 8
"""The most separable terms that are tried; the native core takes no more."""
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
        job.constant, job.stride, job.dilation, shape, dtype, level,
    )  # fmt: skip
    known = _recent.get(key)
    if known is None:
        known = _numpy_way(job, shape, dtype) if level is None else _native_way(job, shape, dtype, level)
        for old in list(_recent)[: len(_recent) - RECENT + 1]:
            _recent.pop(old, None)
        _recent[key] = known
    return known


def _native_way(job: Job, shape: tuple[int, int, int], dtype: np.dtype[Any], level: Level) -> Prepared:
    whole = _arithmetic.integers(job, dtype)
    terms, rank = _terms(job, whole)
    ways = list(_arithmetic.direct(job, dtype))
    if 0 < len(terms) <= MAX_TERMS:
        ways += _arithmetic.separable(job, dtype, terms)
    ways += _arithmetic.box(job, dtype, shape[2])
    costs = [(cost(job, way, level), way) for way in ways if level.has(way.operation)]
    fast = min(costs, key=lambda entry: entry[0])
    fine = min((entry for entry in costs if not entry[1].fixed), key=lambda entry: entry[0])
    peak = _arithmetic.peak_of(job, dtype)
    single = not whole and dtype != np.float64 and (dtype.kind == "f" or peak * 1e-6 <= _arithmetic.FLOAT_ERROR)
    tile, transformed = best_tile(job, FFT[4 if single else 8])
    if whole and peak * 1e-13 >= 0.1:  # too far from integers to round to them
        transformed = np.inf

    def made(entry: tuple[float, Arithmetic]) -> Native:
        why = _why(entry[1], f"{np.count_nonzero(job.taps)} nonzero taps", rank, level)
        return _native.make(job, shape, dtype, entry[1], longest_run(job.cols), level, why)

    if transformed < fast[0] or transformed < fine[0]:
        direct = made(min((e for e in costs if not e[1].fixed and e[1].terms[0][1] is None), key=lambda e: e[0]))
        kind = np.dtype(np.float32 if single else np.float64)
        exact: Prepared = _fourier(job, shape, kind, tile, whole, direct, level, fine[0] / transformed)
        return exact if transformed < fast[0] else Choice(exact, made(fast))
    return made(fine) if fine[1] is fast[1] else Choice(made(fine), made(fast))


def _why(way: Arithmetic, taps: str, rank: int, level: Level) -> str:
    """Return the way and why, for the report."""
    if way.operation == _native.BOX:
        return f"running sums instead of {taps}; integers, {level.name}"
    passes = sum(np.count_nonzero(column) + np.count_nonzero(row) for column, row in way.terms if row is not None)
    words = f"direct, {taps}"
    if passes:
        words = f"separable, rank {rank}: {passes} taps in {2 * len(way.terms)} passes instead of {taps}"
    kind = _native.WORDS[way.operation]
    if way.fixed:
        kind += f", error below {max(way.error, 1e-4):.1g}"
    return f"{words}; {kind}, {level.name}"


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
    tile, fourier = best_tile(job, NUMPY_FFT)
    # A transform's rounding error must stay far below a half where results have to come out as integers.
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
    return one if chosen == "direct" else _fourier(job, shape, np.dtype(np.float64), tile, whole, one, None, ratio)


def _fourier(
    job: Job,
    shape: tuple[int, int, int],
    kind: np.dtype[Any],
    tile: int,
    whole: bool,
    direct: Prepared,
    level: Level | None,
    ratio: float,
) -> Fourier:
    rows = (tile - spans(job)[0]) // job.stride[0] + 1
    taps = f"{np.count_nonzero(job.taps)} nonzero taps"
    reason = f"FFT in tiles of {tile}x{tile}, about {ratio:.0f} times cheaper than {taps}"
    run = longest_run(job.cols)
    return Fourier(job, run, kind, rows, reason, tile, spectra_of(job, tile), whole, direct, level)


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
