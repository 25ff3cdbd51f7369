"""The ways of running a job in NumPy: direct, separable, and FFT overlap-save.

Each is a frozen value that computes any band of output rows on its own; `_choose` in the builtin engine picks one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats, Job
from imgconv.engines._gather import gather

Vector = NDArray[np.float64]

DWARFING = 1e8
"""A sample so many times larger than the others keeps a tile from being transformed."""


@dataclass(frozen=True, slots=True)
class Way:
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
        if len(self.terms) > 1 and image.dtype.kind != "f" and self.job.integral:
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


@dataclass(frozen=True, slots=True)
class Fourier(Way):
    """Overlap-save: the band is cut into square tiles, transformed, multiplied and transformed back."""

    tile: int
    spectrum: NDArray[Any]
    exact: bool

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive)."""
        job = self.job
        padded = self.padded(image, start, stop)
        total = np.empty((stop - start, job.output[1], image.shape[2]), self.dtype)
        (stride_y, stride_x), (height, width) = job.stride, spans(job)
        step = (self.tile - width) // stride_x + 1
        for left in range(0, total.shape[1], step):
            right = min(left + step, total.shape[1])
            part = padded[:, left * stride_x : (right - 1) * stride_x + width]
            if image.dtype.kind == "f" and not _transformable(part):
                total[:, left:right] = self.directly(part, stop - start, right - left)
                continue
            spectrum = np.fft.rfft2(part, (self.tile, self.tile), axes=(0, 1))
            spectrum *= self.spectrum[:, :, None]
            whole = np.fft.irfft2(spectrum, (self.tile, self.tile), axes=(0, 1))
            total[:, left:right] = whole[
                : part.shape[0] - height + 1 : stride_y, : part.shape[1] - width + 1 : stride_x
            ]
        if self.exact:
            np.rint(total, out=total)
        return self.finish(total)

    def directly(self, part: Floats, rows: int, cols: int) -> Floats:
        """Return a tile's results without a transform."""
        job = self.job
        total = np.zeros((rows, cols, part.shape[2]), self.dtype)
        for i, j in np.argwhere(job.taps):
            y = window(int(i), rows, job.stride[0], job.dilation[0])
            x = window(int(j), cols, job.stride[1], job.dilation[1])
            total += part[y, x] * self.dtype.type(job.taps[i, j])
        return total


def _transformable(part: Floats) -> bool:
    """Whether a transform spreads no error that shows: every sample is finite, and none dwarfs the others.

    A transform's error is about 1e-15 of the largest sample everywhere, also where all samples are small.
    """
    peak = max(abs(float(part.max())), abs(float(part.min())))
    if not np.isfinite(peak):
        return False
    few = np.abs(part[::8, ::8])
    few = few[few > 0]
    return few.size == 0 or peak < DWARFING * float(np.median(few))


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


def spectrum_of(job: Job, tile: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the spectrum by which a tile's must be multiplied to correlate it with the taps."""
    height, width = spans(job)
    spread = np.zeros((height, width), dtype)
    spread[:: job.dilation[0], :: job.dilation[1]] = job.taps
    # The conjugate correlates instead of convolving, so window (0, 0) ends up at output (0, 0).
    return np.conj(np.fft.rfft2(spread, (tile, tile)))
