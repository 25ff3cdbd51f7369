"""One correlation over channels: what every kind of convolution comes down to, whatever computes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.border import Border, index_map
from imgconv.functional import _numpy
from imgconv.functional._arguments import Samples
from imgconv.geometry import Axis
from imgconv.value import Value


class Correlation(Value):
    """Weights to be slid over the padded samples of a batch, every tuple in the order of the array's axes.

    Attributes:
        weight: (output channels, channels / groups, taps along each axis), as slid.
        bias: a number for each output channel, or None.
        maps: for each axis the source index of every padded position, or -1 for `constant`.
        stride, dilation, output: of each axis.
    """

    weight: Samples
    bias: Samples | None
    maps: tuple[NDArray[np.intp], ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    output: tuple[int, ...]
    groups: int = 1
    constant: float = 0.0

    def run(self, samples: Samples, lanes: np.dtype[Any], threads: int | None) -> Samples:
        """Return (batch, output channels, axes) in the type `lanes`, or in a longer one if that keeps sums exact."""
        if self._exceeds(samples.dtype, lanes):
            lanes = np.dtype(np.float64)
        out = np.empty((len(samples), len(self.weight), *self.output), lanes)
        if out.size:
            _numpy.correlate(self, samples, out)
        return out

    def _exceeds(self, dtype: np.dtype[Any], lanes: np.dtype[Any]) -> bool:
        """Whether whole samples and whole taps make sums that float32 would round."""
        if dtype.kind == "f" or lanes != np.float32:
            return False
        taps = self.weight.astype(np.float64)
        largest = max(abs(float(np.iinfo(dtype).min)), float(np.iinfo(dtype).max)) if dtype.kind != "b" else 1.0
        sums = np.abs(taps).reshape(len(taps), -1).sum(axis=1) * max(largest, abs(self.constant))
        added = 0.0 if self.bias is None else np.abs(self.bias.astype(np.float64))
        return bool((taps == np.rint(taps)).all() and (sums + added).max() > 2**24)


def index_maps(axes: Sequence[Axis], border: Border) -> tuple[NDArray[np.intp], ...]:
    """Return the index map of every padded axis."""
    return tuple(index_map(border, axis.size, axis.before, axis.after) for axis in axes)
