"""The engine that runs scipy.ndimage.correlate: slow, plain and independent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats, Job, Prepared, Traits
from imgconv.engines._gather import gather, longest_run
from imgconv.value import Value

TRAITS = Traits(referee=True)

BAND_SAMPLES = 1 << 20


class Correlate(Value, Prepared):
    """scipy.ndimage.correlate in float64 over a padded band, cut to the windows that fit, then strided."""

    job: Job
    taps: NDArray[np.float64]
    factor: float
    run: tuple[int, int]
    band_rows: int
    reason: str

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive), float64."""
        from scipy import ndimage

        job, (height, width) = self.job, self.taps.shape
        padded = gather(image, job.source_rows(start, stop), job.cols, self.run, job.constant, np.dtype(np.float64))
        with np.errstate(invalid="ignore", over="ignore"):
            whole = ndimage.correlate(padded, self.taps[:, :, None], mode="constant")
            # ndimage lays tap size // 2 on the output sample, so the first whole window ends up there.
            rows = slice(height // 2, height // 2 + len(padded) - height + 1, job.stride[0])
            cols = slice(width // 2, width // 2 + padded.shape[1] - width + 1, job.stride[1])
            out: Floats = whole[rows, cols] * self.factor / job.divisor
            out += job.offset
        return out


def prepare(job: Job, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Correlate:
    """Return `job` as a call of scipy.ndimage.correlate; dilation becomes zeros between the taps."""
    rows, cols = job.taps.shape
    (step_y, step_x), (stride_y, _) = job.dilation, job.stride
    taps = np.zeros((step_y * (rows - 1) + 1, step_x * (cols - 1) + 1))
    taps[::step_y, ::step_x] = job.taps
    # ndimage leaves out taps below 2.2e-16, so the largest is brought near 1; a power of two changes no digit.
    factor = float(2.0 ** np.floor(np.log2(np.abs(taps).max()))) if taps.any() else 1.0
    band = max(1, BAND_SAMPLES // (len(job.cols) * shape[2]) // stride_y, len(taps) // stride_y)
    return Correlate(job, taps / factor, factor, longest_run(job.cols), band, "scipy.ndimage.correlate in float64")
