"""Jobs to try the engines on, and their results by sums over taps in float64: independent of all engines."""

from __future__ import annotations

import numpy as np
import oracle

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
    """Return the correlation in float64, tap by tap over the padded image: independent of all engines."""
    return oracle.correlate(padded(job, image), job.taps, job.stride, job.dilation) / job.divisor + job.offset


def noise(dtype, shape, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def rounded(values, dtype):
    """Return float64 results as samples, by halves away from zero."""
    whole = np.sign(values) * np.floor(np.abs(values) + 0.5)
    return np.clip(whole, 0, np.iinfo(dtype).max).astype(dtype)


def assert_within(found, wanted, atol):
    """Do as numpy's assert_allclose with this `atol` alone, which takes longer to agree and says why it does not."""
    with np.errstate(invalid="ignore"):
        agree = np.shape(found) == np.shape(wanted) and (np.abs(np.subtract(found, wanted, dtype=float)) <= atol).all()
    if not agree:
        np.testing.assert_allclose(found, wanted, rtol=0, atol=atol)


def assert_same(found, wanted):
    """Do as numpy's assert_array_equal, which takes longer to agree and says why it does not."""
    if np.shape(found) != np.shape(wanted) or not np.equal(found, wanted).all():
        np.testing.assert_array_equal(found, wanted)
