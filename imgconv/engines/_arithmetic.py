"""Which numbers a job is computed in: every arithmetic of the native core that meets the job's tolerance.

On integer samples with integer taps results are exact. Otherwise taps may be rounded to fixed point as long as
the bound of the error, which is computed from the taps themselves, stays below `FIXED_ERROR` sample values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Job
from imgconv.engines._lanes import BOX, BOX64, DOT8, DOT16, F32, F64, FIXED_ERROR, FOLD16, MUL16, MULH16, Arithmetic
from imgconv.engines._native import BOX_LANES

FLOAT_ERROR = 0.25
"""The largest error bound of a float32 sum on integer samples, in sample values."""

TRANSFORM_ERROR = 1e-6
"""The error of a result of a float32 transform, as a part of the largest that it could be."""

Vector = NDArray[np.float64]
Terms = tuple[tuple[Vector, Vector], ...]


def direct(job: Job, dtype: np.dtype[Any]) -> Iterator[Arithmetic]:
    """Yield the arithmetics for all taps in one pass."""
    taps = job.taps
    terms = ((taps, None),)
    peak, whole = peak_of(job, dtype), integers(job, dtype)
    if whole:
        if dtype.kind == "u":
            yield from _whole_direct(job, dtype, peak)
        if peak < 2**24 and dtype != np.float64:
            yield Arithmetic(F32, terms, 1 / job.divisor, job.divisor, peak=peak)
        if peak < 2**53:
            yield Arithmetic(F64, terms, 1 / job.divisor, job.divisor, peak=peak)
        return
    if dtype == np.uint8 and _held(job, dtype):
        yield from _fixed_direct(job)
    yield from _floats(job, dtype, terms, peak, int(np.count_nonzero(taps)))


def separable(job: Job, dtype: np.dtype[Any], terms: Terms) -> Iterator[Arithmetic]:
    """Yield the arithmetics for a pass down and a pass along for each of `terms`."""
    peak, whole = peak_of(job, dtype), integers(job, dtype)
    if whole:
        if len(terms) > 1:
            return  # the terms of an integer kernel are not integers
        (column, row) = terms[0]
        below = 255 * np.abs(column).sum()
        if dtype == np.uint8 and _held(job, dtype):
            if peak <= 32767 and below <= 32767:
                yield Arithmetic(MUL16, terms, 1 / job.divisor, job.divisor, peak=peak)
            beside = 255 * np.abs(row).sum()
            fitting = beside <= 32767 and np.abs(row).max() <= 16383 and np.abs(column).max() <= 32767
            if fitting and peak < 2**31 and job.stride[1] == 1:
                yield Arithmetic(DOT16, terms, 1 / job.divisor, job.divisor, peak=peak)
        if peak < 2**24 and dtype != np.float64:
            yield Arithmetic(F32, terms, 1 / job.divisor, job.divisor, peak=peak)
        if peak < 2**53:
            yield Arithmetic(F64, terms, 1 / job.divisor, job.divisor, peak=peak)
        return
    if dtype == np.uint8 and _held(job, dtype) and len(terms) == 1:
        yield from _fixed_separable(job, *terms[0])
    count = sum(len(column) + len(row) for column, row in terms)
    spread = sum(float(np.abs(column).sum() * np.abs(row).sum()) for column, row in terms)
    scale = max(1.0, spread / max(float(np.abs(job.taps).sum()), 1e-300))
    yield from _floats(job, dtype, terms, peak * scale, count)


def box(job: Job, dtype: np.dtype[Any], channels: int) -> Iterator[Arithmetic]:
    """Yield the arithmetic of running sums, for equal weights on samples that are whole numbers."""
    weight = float(job.taps.flat[0])
    if not _bounded(job, dtype) or job.stride != (1, 1) or job.dilation[0] != 1 or channels > BOX_LANES or weight <= 0:
        return
    peak = peak_of(job.replace(taps=np.ones_like(job.taps)), dtype)
    if np.any(job.taps != weight) or not _held(job, dtype) or peak >= 2**53:
        return
    operation = BOX if peak < 2**31 and dtype != np.float64 else BOX64
    terms = ((np.ones(job.taps.shape[0]), np.ones(job.taps.shape[1])),)
    if integers(job, dtype):
        if job.divisor % weight == 0:
            divisor = int(job.divisor // weight)
            yield Arithmetic(operation, terms, 1 / divisor, divisor, peak=peak)
    elif 1e-30 < weight < 1e30:
        unit = weight / job.divisor
        yield Arithmetic(operation, terms, unit, peak=peak, error=peak * unit * 2.0**-50)


def transformed(job: Job, dtype: np.dtype[Any]) -> Arithmetic | None:
    """Return how the core's transform computes the job, or None where it may not.

    Where results have to be exact, their sums must be such that products of int16 in int32 can settle doubts.
    """
    peak, most = peak_of(job, dtype), float(np.abs(job.taps).max(initial=0.0))
    if dtype == np.float64 or not 1e-18 < most < 1e18:
        return None
    if integers(job, dtype) and not (dtype.kind == "u" and _held(job, dtype) and most <= 32767 and peak < 2**31):
        return None
    error = TRANSFORM_ERROR * peak / job.divisor if _bounded(job, dtype) else 0.0
    way = Arithmetic(F32, ((job.taps, None),), 1 / job.divisor, peak=peak, error=error)
    return way if error <= FIXED_ERROR else None


def peak_of(job: Job, dtype: np.dtype[Any]) -> float:
    """Return the largest magnitude of a sum, divisor and offset apart."""
    top = job.whole.top if job.whole else float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0
    return max(top, abs(job.constant) if _outside(job) else 0.0) * float(np.abs(job.taps).sum())


def _bounded(job: Job, dtype: np.dtype[Any]) -> bool:
    """Whether it is known how large samples can be, and so how large an error."""
    return dtype.kind == "u" or job.whole is not None


def _outside(job: Job) -> bool:
    """Whether the constant is read at all."""
    return bool(np.any(job.rows < 0) or np.any(job.cols < 0))


def _held(job: Job, dtype: np.dtype[Any]) -> bool:
    """Whether whole samples of `dtype` can hold the border's constant."""
    if not _outside(job):
        return True
    top = np.iinfo(dtype).max if dtype.kind == "u" else 2**53
    return 0 <= job.constant <= top and job.constant == round(job.constant) == dtype.type(job.constant)


def integers(job: Job, dtype: np.dtype[Any]) -> bool:
    """Whether results are integers before they are divided, and none too large for a float64 to hold exactly."""
    if not (_bounded(job, dtype) and job.integral and peak_of(job, dtype) < 2**53):
        return False
    constant = job.constant if _outside(job) else 0.0
    return constant == round(constant) and (dtype.kind == "u" or dtype.type(constant) == constant)


def _whole_direct(job: Job, dtype: np.dtype[Any], peak: float) -> Iterator[Arithmetic]:
    taps, most = job.taps, float(np.abs(job.taps).max())
    if not _held(job, dtype) or peak >= 2**31:
        return
    terms, unit = ((taps, None),), 1 / job.divisor
    if dtype == np.uint8:
        if peak <= 32767:
            yield Arithmetic(MUL16, terms, unit, job.divisor, peak=peak)
        if most <= 127:
            yield Arithmetic(DOT8, terms, unit, job.divisor, peak=peak)
        if most <= 32767:
            yield Arithmetic(DOT16, terms, unit, job.divisor, peak=peak)
    elif dtype == np.uint16 and most <= 32767:
        # The core reads uint16 less 32768, as int16.
        yield Arithmetic(DOT16, terms, unit, job.divisor, start=32768 * int(taps.sum()), peak=peak)


def _fixed_direct(job: Job) -> Iterator[Arithmetic]:
    taps = job.taps / job.divisor
    most, total = float(np.abs(taps).max()), float(np.abs(taps).sum())
    if not 1e-30 < most < 1e30:
        return
    scale = _power(min(32767 / most, ((2**31 - 1) / 255 - taps.size / 2) / total))
    fixed = np.rint(taps * scale)
    error = 255 * float(np.abs(taps - fixed / scale).sum())
    if error <= FIXED_ERROR and np.abs(fixed).max() <= 32767 and 255 * np.abs(fixed).sum() < 2**31:
        yield Arithmetic(DOT16, ((fixed, None),), 1 / scale, peak=255 * float(np.abs(fixed).sum()), error=error)


def _fixed_separable(job: Job, column: Vector, row: Vector) -> Iterator[Arithmetic]:
    if not (1e-30 < np.abs(job.taps).max() < 1e30):
        return
    # Equal sums of magnitudes keep both passes in the same range.
    balance = np.sqrt(np.abs(row).sum() / np.abs(column).sum())
    column, row = column * balance, row / balance / job.divisor
    yield from _short(column, row)
    if job.stride == (1, 1) and job.dilation[0] == 1 and _foldable(column) and _foldable(row):
        yield from _folded(column, row)
    if job.stride[1] == 1:
        yield from _pairs(column, row)


def _short(column: Vector, row: Vector) -> Iterator[Arithmetic]:
    """16-bit products rounded to 16 bits: samples times 128, and each pass keeps that unit."""
    lift = 7
    gain, spread = _power(1 / np.abs(column).sum()), _power(1 / np.abs(row).sum())
    first, second = np.rint(column * gain * 2**15), np.rint(row * spread * 2**15)
    level = 2**lift * gain
    middle = 255 * 2**lift * np.abs(first).sum() / 2**15 + np.count_nonzero(first) / 2
    last = middle * np.abs(second).sum() / 2**15 + np.count_nonzero(second) / 2
    if max(np.abs(first).max(), np.abs(second).max(), middle, last) > 32767:
        return
    error = (
        (255 * np.abs(column - first / gain / 2**15).sum() + np.count_nonzero(first) / 2 / level) * np.abs(row).sum()
        + middle / level * np.abs(row - second / spread / 2**15).sum()
        + np.count_nonzero(second) / 2 / level / spread
    )
    if error <= FIXED_ERROR:
        yield Arithmetic(MULH16, ((first, second),), 1 / (level * spread), peak=last, error=float(error))


def _foldable(taps: Vector) -> bool:
    return len(taps) in range(3, 16, 2) and bool(np.all(taps == taps[::-1]) and np.all(taps))


def _folded(column: Vector, row: Vector) -> Iterator[Arithmetic]:
    """As `_short`, of sums of two samples: the first pass keeps a bit less, so that two of its sums still fit."""
    lift, count = 6, len(column) // 2 + 1
    gain = _power(min(1 / np.abs(column).sum(), 32767 / 2**15 / np.abs(column).max()))
    spread = _power(min(2 / np.abs(row).sum(), 32767 / 2**15 / np.abs(row).max()))
    first, second = np.rint(column * gain * 2**15), np.rint(row * spread * 2**15)
    level = 2**lift * gain
    middle = 255 * 2**lift * np.abs(first).sum() / 2**15 + count / 2
    last = middle * np.abs(second).sum() / 2**15 + (len(row) // 2 + 1) / 2
    if middle > 16383 or last > 32767 or not (np.all(first) and np.all(second)):
        return
    error = (
        (255 * np.abs(column - first / gain / 2**15).sum() + count / 2 / level) * np.abs(row).sum()
        + middle / level * np.abs(row - second / spread / 2**15).sum()
        + (len(row) // 2 + 1) / 2 / level / spread
    )
    if error <= FIXED_ERROR:
        yield Arithmetic(FOLD16, ((first, second),), 1 / (level * spread), peak=last, error=float(error))


def _pairs(column: Vector, row: Vector) -> Iterator[Arithmetic]:
    """15-bit taps along, sums rounded to 16 bits, 16-bit taps down, 32-bit sums."""
    scale = _power(min(16383 / np.abs(row).max(), (2.0**23 - len(row)) / np.abs(row).sum()))
    first = np.rint(row * scale)
    shift = max(0, int(np.ceil(np.log2(255 * np.abs(first).sum() / 32766))))
    middle = 255 * np.abs(first).sum() / 2**shift + 1
    spread = min(32767 / np.abs(column).max(), ((2**31 - 1) / middle - len(column) / 2) / np.abs(column).sum())
    spread = _power(spread)
    second = np.rint(column * spread)
    peak = middle * np.abs(second).sum()
    if middle > 32767 or peak >= 2**31:
        return
    beside = 255 * np.abs(row - first / scale).sum() + 2**shift / scale / 2
    below = middle * 2**shift / scale * np.abs(column - second / spread).sum()
    error = beside * np.abs(column).sum() + below
    if error <= FIXED_ERROR:
        unit = 2**shift / (scale * spread)
        yield Arithmetic(DOT16, ((second, first),), unit, shift=shift, peak=float(peak), error=float(error))


def _floats(job: Job, dtype: np.dtype[Any], terms: Any, peak: float, taps: int) -> Iterator[Arithmetic]:
    most = float(np.abs(job.taps).max(initial=0.0))
    error, known = peak * (taps + 2) * 2.0**-24 / job.divisor, _bounded(job, dtype)
    ordinary = most == 0 or (1e-30 < most < 1e30)
    if ordinary and dtype != np.float64 and (error <= FLOAT_ERROR if known else taps < 4096):
        yield Arithmetic(F32, terms, 1 / job.divisor, error=error if known else 0.0)
    yield Arithmetic(F64, terms, 1 / job.divisor)


def _power(value: float) -> float:
    """Return the largest power of two up to `value`, a hair above it included."""
    return float(2.0 ** np.floor(np.log2(value) + 1e-9))
