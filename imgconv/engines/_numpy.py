"""The ways of running a job in NumPy: direct and separable. Where the native core is built they stand aside.

Each is a frozen value that computes any band of output rows on its own; the builtin engine picks one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats, Job, Prepared
from imgconv.engines._gather import gather
from imgconv.value import Value

Vector = NDArray[np.float64]


class Way(Value, Prepared):
    """What every way has: the job, the plain stretch of its column map, and the type it computes in."""

    job: Job
    run: tuple[int, int]
    dtype: np.dtype[Any]
    band_rows: int
    reason: str

    def padded(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return the padded rows that output rows `start` to `stop` see."""
        job = self.job
        return gather(image, job.source_rows(start, stop), job.cols, self.run, job.constant, self.dtype)

    def finish(self, total: Floats) -> Floats:
        """Divide and add the offset, in place."""
        if self.job.divisor != 1:
            total /= self.dtype.type(self.job.divisor)
        if self.job.offset:
            total += self.dtype.type(self.job.offset)
        return total


class Direct(Way):
    """One multiplication and one addition a tap; taps that are 0 are left out."""

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive)."""
        return self.finish(self.correlate(self.padded(image, start, stop), stop - start))

    def correlate(self, padded: Floats, count: int) -> Floats:
        """Slide the taps over `padded` and return `count` rows."""
        job = self.job
        total = np.zeros((count, job.output[1], padded.shape[2]), self.dtype)
        product = np.empty_like(total)
        for i, j in np.argwhere(job.taps):
            rows = window(int(i), count, job.stride[0], job.dilation[0])
            cols = window(int(j), total.shape[1], job.stride[1], job.dilation[1])
            np.multiply(padded[rows, cols], self.dtype.type(job.taps[i, j]), out=product)
            total += product
        return total


class Separable(Way):
    """For each term a pass down the columns and one along the rows."""

    terms: tuple[tuple[Vector, Vector], ...]

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive)."""
        padded = self.padded(image, start, stop)
        # Several terms cancel outside the true shape of the kernel, which infinities and NaN do not.
        if len(self.terms) > 1 and image.dtype.kind == "f" and not np.isfinite(padded).all():
            way = Direct(self.job, self.run, self.dtype, self.band_rows, self.reason)
            return way.finish(way.correlate(padded, stop - start))
        total = self.term(padded, stop - start, *self.terms[0])
        for column, row in self.terms[1:]:
            total += self.term(padded, stop - start, column, row)
        if len(self.terms) > 1 and (image.dtype.kind != "f" or self.job.whole) and self.job.integral:
            np.rint(total, out=total)
        return self.finish(total)

    def term(self, padded: Floats, count: int, column: Vector, row: Vector) -> Floats:
        """Return one pass down and one along."""
        job = self.job
        down = np.zeros((count, *padded.shape[1:]), self.dtype)
        product = np.empty_like(down)
        for i in np.flatnonzero(column):
            rows = window(int(i), count, job.stride[0], job.dilation[0])
            down += np.multiply(padded[rows], self.dtype.type(column[i]), out=product)
        total = np.zeros((count, job.output[1], padded.shape[2]), self.dtype)
        product = np.empty_like(total)
        for j in np.flatnonzero(row):
            cols = window(int(j), total.shape[1], job.stride[1], job.dilation[1])
            total += np.multiply(down[:, cols], self.dtype.type(row[j]), out=product)
        return total


def spans(job: Job) -> tuple[int, int]:
    """Return how many padded (rows, cols) one window covers."""
    return (
        job.dilation[0] * (job.taps.shape[0] - 1) + 1,
        job.dilation[1] * (job.taps.shape[1] - 1) + 1,
    )


def window(tap: int, count: int, stride: int, dilation: int) -> slice:
    """Return where along an axis one tap finds its samples for `count` outputs."""
    first = tap * dilation
    return slice(first, first + (count - 1) * stride + 1, stride)
