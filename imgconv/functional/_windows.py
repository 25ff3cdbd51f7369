"""One pooling: the largest, smallest or summed sample of every window, whatever computes it."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.border import Border, index_map
from imgconv.functional import _native, _numpy
from imgconv.functional._arguments import Samples
from imgconv.functional._jobs import NOTHING, Pooling
from imgconv.geometry import Axis

IDENTITY = {"max": -np.inf, "min": np.inf, "sum": 0.0}


def run_pooling(job: Pooling, samples: Samples, lanes: np.dtype[Any], threads: int | None) -> Samples:
    """Return (batch, channels, axes) in the type `lanes`."""
    out = np.empty((*samples.shape[:2], *job.output), lanes)
    if out.size and not _native.pool(job, samples, out, threads):
        _numpy.pool(job, samples, out)
    return out


def counts(axis: Axis, padding_too: bool) -> NDArray[np.int64]:
    """Return how many samples each window of a pooling holds along `axis`: of the padded input, or of the input."""
    index = index_map(Border("zero"), axis.size, axis.before, axis.after)
    counted = np.concatenate([np.ones_like(index) if padding_too else index >= 0, np.zeros(axis.overhang, np.intp)])
    starts = np.arange(axis.output) * axis.stride
    held = [counted[starts + k * axis.dilation] for k in range(axis.kernel)]
    total: NDArray[np.int64] = np.sum(held, axis=0, dtype=np.int64)
    return total


def places(job: Pooling, samples: Samples, lanes: np.dtype[Any]) -> tuple[Samples, NDArray[np.int64]]:
    """Return the results and where each was found, as flat indices into the axes; of equal samples the first counts.

    A NaN counts as larger than everything before it, as in torch, and -1 stands for what is not of the input.
    """
    better = np.greater if job.kind == "max" else np.less
    sizes = samples.shape[2:]
    best = np.full((*samples.shape[:2], *job.output), IDENTITY[job.kind], lanes)
    found = np.full(best.shape, NOTHING, np.int64)
    padded = np.stack([_numpy.pad(one, job.maps, job.constant, lanes, IDENTITY[job.kind]) for one in samples])
    index = np.zeros([1] * len(sizes), np.int64)
    for i, (size, axis) in enumerate(zip(sizes, job.maps, strict=True)):
        along = axis.astype(np.int64).reshape([-1 if k == i else 1 for k in range(len(sizes))])
        index = np.where((index < 0) | (along < 0), np.minimum(index, along).clip(NOTHING, -1), index * size + along)
    for offset in product(*map(range, job.window)):
        at = tuple(
            slice(k * d, k * d + (n - 1) * s + 1, s)
            for k, d, n, s in zip(offset, job.dilation, job.output, job.stride, strict=True)
        )
        value, place = padded[:, :, *at], index[at]
        with np.errstate(invalid="ignore"):
            new = (better(value, best) | np.isnan(value) | (found == NOTHING)) & (place != NOTHING)
        best, found = np.where(new, value, best), np.where(new, place, found)
    return best, found.clip(-1)
