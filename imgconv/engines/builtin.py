"""The engine of imgconv's own: it chooses the cheapest way that keeps the result exact, and says why."""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Job, Prepared, _arithmetic, _native
from imgconv.engines._gather import longest_run
from imgconv.engines._numpy import Direct, Fourier, Separable, Vector, Way, spans, spectrum_of

NS_PER_TAP = 0.55
"""What one tap costs per output sample in NumPy, in nanoseconds; see benchmarks/costs.py."""
NS_PER_FFT_SAMPLE = 22.0
"""What a sample of a tile costs to transform forth and back in float64, in nanoseconds."""

BAND_SAMPLES = 1 << 18
"""Samples of a band: its buffers stay in the second-level cache."""
TILES = (128, 256, 512, 1024, 2048, 4096)
RANK_TOLERANCE = 1e-13
"""What a sum of separable terms may leave out, as a part of the largest singular value."""


def prepare(job: Job, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Prepared:
    """Choose how to run `job` on images of `shape` (rows, cols, channels) and `dtype`."""
    found = _native.level()
    return _numpy_way(job, shape, dtype) if found is None else _native_way(job, shape, dtype, found)


def _native_way(job: Job, shape: tuple[int, int, int], dtype: np.dtype[Any], level: _native.Level) -> Prepared:
    whole = job.integral and dtype.kind == "u" and job.constant == round(job.constant)
    terms, rank = _terms(job, whole)
    best, cost = None, np.inf
    ways = [(way, "direct") for way in _arithmetic.direct(job, dtype)]
    if terms and len(terms) <= 8:
        ways += [(way, "separable") for way in _arithmetic.separable(job, dtype, terms)]
    for way, name in ways:
        if level.has(way.operation):
            one = _native.cost(job, way, level)
            if one < cost:
                best, cost = (way, name), one
    tile, fourier = _tile(job, shape)
    assert best is not None
    if fourier < cost:
        return _numpy_way(job, shape, dtype)
    way, name = best
    reason = f"{name}, {_native.OPERATIONS[way.operation]}, {cost:.3f} ns"
    return _native.make(job, shape, dtype, way, longest_run(job.cols), level, reason)


def _numpy_way(job: Job, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Way:
    top = np.iinfo(dtype).max if dtype.kind == "u" else 0
    peak = max(top, abs(job.constant)) * float(np.abs(job.taps).sum())
    whole = job.integral and dtype.kind == "u" and job.constant == round(job.constant)
    # Sums of integers are exact in float32 below 2**24; two more bits keep the division's rounding apart
    # from every half.
    small = whole and peak + abs(job.offset) * job.divisor < 2**22 and (2 * job.offset) % 1 == 0
    kind = np.dtype(np.float32 if small else np.float64)

    terms, rank = _terms(job, whole)
    direct = NS_PER_TAP * np.count_nonzero(job.taps)
    separable = NS_PER_TAP * sum(
        np.count_nonzero(column) * _width_ratio(job) + np.count_nonzero(row) for column, row in terms
    )
    tile, fourier = _tile(job, shape)
    # A transform's rounding error must stay far below a half where results have to come out as integers.
    fits = not whole or peak * 1e-13 < 0.1
    ways = {"direct": direct, "separable": separable if terms else np.inf, "FFT": fourier if fits else np.inf}
    chosen = min(ways, key=lambda way: ways[way])

    run = longest_run(job.cols)
    across = len(job.cols) * shape[2] * job.stride[0]
    rows = max(1, BAND_SAMPLES // across, job.taps.shape[0] // job.stride[0])
    ratio = max(value for value in ways.values() if value < np.inf) / max(ways[chosen], 1e-9)
    taps = f"{np.count_nonzero(job.taps)} nonzero taps"
    if chosen == "direct":
        return Direct(job, run, kind, rows, f"direct, {taps}")
    if chosen == "separable":
        passes = sum(np.count_nonzero(column) + np.count_nonzero(row) for column, row in terms)
        reason = f"separable, rank {rank}: {passes} taps in {2 * len(terms)} passes instead of {taps}"
        return Separable(job, run, kind if rank == 1 else np.dtype(np.float64), rows, reason, terms)
    double = np.dtype(np.float64)
    rows = (tile - spans(job)[0]) // job.stride[0] + 1
    reason = f"FFT in tiles of {tile}x{tile}, about {ratio:.0f} times cheaper than {taps}"
    return Fourier(job, run, double, rows, reason, tile, spectrum_of(job, tile, double), whole)


def _width_ratio(job: Job) -> float:
    """Return how many padded columns the pass down computes for each output column."""
    return len(job.cols) / job.output[1]


def _terms(job: Job, whole: bool) -> tuple[tuple[tuple[Vector, Vector], ...], int]:
    """Return the taps as a sum of outer products (column, row), and how many there are; () where none helps."""
    left, values, right = np.linalg.svd(job.taps, full_matrices=False)
    rank = int(np.count_nonzero(values > RANK_TOLERANCE * values[0])) if values[0] else 0
    if rank == 0 or min(job.taps.shape) == 1:
        return (), rank
    if rank == 1:
        return (_outer(job.taps, whole),), 1
    if rank * sum(job.taps.shape) >= np.count_nonzero(job.taps):
        return (), rank
    return tuple((left[:, k] * values[k], right[k]) for k in range(rank)), rank


def _outer(taps: NDArray[np.float64], whole: bool) -> tuple[Vector, Vector]:
    """Return (column, row) whose outer product is `taps` of rank 1, in integers if `taps` is."""
    i, j = np.unravel_index(np.argmax(np.abs(taps)), taps.shape)
    if whole:
        row = taps[i] / gcd(*(int(tap) for tap in taps[i]))
        return taps[:, j] / row[j], row
    return taps[:, j] / taps[i, j], taps[i].copy()


def _tile(job: Job, shape: tuple[int, int, int]) -> tuple[int, float]:
    """Return the cheapest tile and what it costs per output sample, in nanoseconds."""
    height, width = spans(job)
    best = (0, float("inf"))
    for tile in TILES:
        if tile < max(height, width):
            continue
        rows = min((tile - height) // job.stride[0] + 1, job.output[0])
        cols = min((tile - width) // job.stride[1] + 1, job.output[1])
        cost = NS_PER_FFT_SAMPLE * tile * tile / (rows * cols)
        if cost < best[1]:
            best = (tile, cost)
    return best
