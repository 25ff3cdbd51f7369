"""Spatially separable convolution: a column of taps down, then a row of taps across."""

from __future__ import annotations

import numpy as np

from imgconv.border import Border
from imgconv.geometry import Padding
from imgconv.kernels.value import Kernel
from imgconv.layers import Layer, Shape
from imgconv.layers._steps import Chained
from imgconv.layers._types import VALID, Flag, Line, Pair
from imgconv.layers.conv import Conv


class Separable(Layer):
    """Convolve by a column and then by a row, which equals convolving by their outer product.

    Attributes:
        row: taps from left to right.
        column: taps from top to bottom.
        padding: how much is added around the image.
        border: what fills the padding; if left out, what the padding implies.
        stride: step between windows.
        dilation: step between taps.
        correlate: whether the taps are slid as written instead of turned round.
    """

    row: Line
    column: Line
    padding: Padding = VALID
    border: Border | None = None
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    correlate: Flag = False

    @property
    def parts(self) -> tuple[Conv, Conv]:
        """The column and the row as convolutions, each with what belongs to its axis."""
        return axis_conv(self, vertical=True), axis_conv(self, vertical=False)

    @property
    def averages(self) -> bool:
        """Whether both have a sum, so that dividing by the sum of their alpha makes sense."""
        return all(part.averages for part in self.parts)

    def plan(self, shape: Shape) -> Chained:
        """Work out both axes.

        Raises:
            SizeError: the taps are more than the padded image.
        """
        return Chained.of(self.parts, shape)

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return the layer for the alpha channel; see `imgconv.layers.Layer`."""
        column, row = (part.for_alpha(means, white) for part in self.parts)
        return Both((column, row))


class Both(Layer):
    """Layers one after the other."""

    layers: tuple[Layer, ...]

    def plan(self, shape: Shape) -> Chained:
        """Plan one after the other."""
        return Chained.of(self.layers, shape)


def axis_conv(layer: Separable, *, vertical: bool) -> Conv:
    """Return the convolution along one axis that is part of `layer`; the other axis is left as it is."""
    taps = layer.column if vertical else layer.row
    padding = layer.padding
    if padding.amounts is not None:
        left, top, right, bottom = padding.amounts
        padding = Padding.explicit(0, top, 0, bottom) if vertical else Padding.explicit(left, 0, right, 0)
    stride, dilation = layer.stride, layer.dilation
    return Conv(
        Kernel(name="column" if vertical else "row", weights=np.array([taps]).T if vertical else np.array([taps])),
        padding,
        layer.border or Border(layer.padding.border),
        (1, stride[1]) if vertical else (stride[0], 1),
        (1, dilation[1]) if vertical else (dilation[0], 1),
        layer.correlate,
    )
