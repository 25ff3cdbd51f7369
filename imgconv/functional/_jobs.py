"""What is computed over channels: weights to be slid, windows to be pooled. Plain values, without what runs them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imgconv.border import CONSTANT, Border, index_map
from imgconv.functional._arguments import Samples
from imgconv.geometry import Axis
from imgconv.value import Value

NOTHING = -2
"""The index that stands, in an index map, for what changes neither a maximum nor a sum."""


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


def _map(axis: Axis, border: Border | None) -> NDArray[np.intp]:
    index = index_map(border or Border("zero"), axis.size, axis.before, axis.after)
    if border is None:
        index[index == CONSTANT] = NOTHING
    return np.concatenate([index, np.full(axis.overhang, NOTHING, np.intp)])
