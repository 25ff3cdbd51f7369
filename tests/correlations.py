"""Jobs to try the engines on, and their results by sums over windows in float64: independent of all engines."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from imgconv.border import Border, index_map
from imgconv.engines import Job


def job_of(taps, shape, border="edge", value=7.0, divisor=1, offset=0.0, stride=(1, 1), dilation=(1, 1)):
    """Return a job of the same size for odd taps."""
    rule = Border(border, value)
    reach = [step * (size - 1) for step, size in zip(dilation, np.shape(taps), strict=True)]
    maps = [index_map(rule, size, r // 2, r - r // 2) for size, r in zip(shape, reach, strict=False)]
    return Job(np.asarray(taps, float), *maps, divisor, offset, value, stride, dilation)


def padded(job, image):
    whole = np.full((len(job.rows), len(job.cols), image.shape[2]), float(job.constant))
    inside = np.ix_(job.rows >= 0, job.cols >= 0)
    whole[inside] = image[np.ix_(job.rows[job.rows >= 0], job.cols[job.cols >= 0])]
    return whole


def windows(job, image):
    """Return the correlation in float64 by sums over views of numpy.pad's kind of array: independent of all engines."""
    spans = [step * (size - 1) + 1 for step, size in zip(job.dilation, job.taps.shape, strict=True)]
    views = sliding_window_view(padded(job, image), spans, axis=(0, 1))[:: job.stride[0], :: job.stride[1]]
    views = views[..., :: job.dilation[0], :: job.dilation[1]]
    used = job.taps != 0
    return (views[..., used] * job.taps[used]).sum(axis=-1) / job.divisor + job.offset


def noise(dtype, shape, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def rounded(values, dtype):
    """Return float64 results as samples, by halves away from zero."""
    whole = np.sign(values) * np.floor(np.abs(values) + 0.5)
    return np.clip(whole, 0, np.iinfo(dtype).max).astype(dtype)
