"""One pooling: the largest, smallest or summed sample of every window, whatever computes it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.border import CONSTANT, Border, index_map
from imgconv.functional import _native, _numpy
from imgconv.functional._arguments import Samples
from imgconv.geometry import Axis
from imgconv.value import Value

NOTHING = -2
"""The index that stands, in an index map, for what changes neither a maximum nor a sum."""
IDENTITY = {"max": -np.inf, "min": np.inf, "sum": 0.0}


class Pooling(Value):
    """Windows to be slid over every channel of a batch, every tuple in the order of the array's axes.

    Attributes:
        kind: ``max``, ``min`` or ``sum``.
        maps: for each axis the source index of every padded position, -1 for `constant`, or -2 for nothing.
        window, stride, dilation, output: of each axis.
        divisors: for each axis a factor for every output position; sums are divided by their product.
    """

    kind: str
    maps: tuple[NDArray[np.intp], ...]
    window: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    output: tuple[int, ...]
    constant: float = 0.0
    divisors: tuple[NDArray[np.int64], ...] = ()

    @classmethod
    def of(cls, kind: str, axes: Sequence[Axis], border: Border | None) -> Pooling:
        """Return the pooling over `axes`, solved; without a border the padding holds nothing."""
        return cls(
            kind,
            tuple(_map(axis, border) for axis in axes),
            tuple(axis.kernel for axis in axes),
            tuple(axis.stride for axis in axes),
            tuple(axis.dilation for axis in axes),
            tuple(axis.output for axis in axes),
            border.value if border else 0.0,
        )

    def run(self, samples: Samples, lanes: np.dtype[Any], threads: int | None) -> Samples:
        """Return (batch, channels, axes) in the type `lanes`."""
        out = np.empty((*samples.shape[:2], *self.output), lanes)
        if out.size and not _native.pool(self, samples, out, threads):
            _numpy.pool(self, samples, out)
        return out


def _map(axis: Axis, border: Border | None) -> NDArray[np.intp]:
    index = index_map(border or Border("zero"), axis.size, axis.before, axis.after)
    if border is None:
        index[index == CONSTANT] = NOTHING
    return np.concatenate([index, np.full(axis.overhang, NOTHING, np.intp)])


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
