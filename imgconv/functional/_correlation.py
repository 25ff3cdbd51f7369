"""One correlation over channels: what every kind of convolution comes down to, whatever computes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.border import Border, index_map
from imgconv.functional import _native, _numpy
from imgconv.functional._arguments import Samples
from imgconv.functional._jobs import Correlation
from imgconv.geometry import Axis


def run(jobs: Sequence[tuple[Correlation, Samples]], samples: Samples, threads: int | None) -> None:
    """Compute jobs over `samples`, (batch, channels, axes), each into its part of an output, in that one's type."""
    jobs = [(job, out) for job, out in jobs if out.size]
    if jobs and not _native.correlate(jobs, samples, threads):
        for job, out in jobs:
            _numpy.correlate(job, samples, out)


def lanes_of(
    weight: Samples, bias: Samples | None, constant: float, dtype: np.dtype[Any], lanes: np.dtype[Any]
) -> np.dtype[Any]:
    """Return `lanes`, or float64 where whole samples of `dtype` and whole taps make sums that float32 would round."""
    if dtype.kind == "f" or lanes != np.float32:
        return lanes
    taps = weight.astype(np.float64)
    largest = 1.0 if dtype.kind == "b" else float(max(-int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)))
    sums = np.abs(taps).reshape(len(taps), -1).sum(axis=1) * max(largest, abs(constant))
    added = 0.0 if bias is None else np.abs(bias.astype(np.float64)).max()
    exceeds = (taps == np.rint(taps)).all() and sums.max() + added > 2**24
    return np.dtype(np.float64) if exceeds else lanes


def index_maps(axes: Sequence[Axis], border: Border) -> tuple[NDArray[np.intp], ...]:
    """Return the index map of every padded axis."""
    return tuple(index_map(border, axis.size, axis.before, axis.after) for axis in axes)
