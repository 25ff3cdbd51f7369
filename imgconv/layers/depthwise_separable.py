"""Depthwise separable convolution: every channel by itself, then a matrix over the channels."""

from __future__ import annotations

from imgconv.layers import Layer, Shape
from imgconv.layers._steps import Chained
from imgconv.layers._types import Mixer, Offsets
from imgconv.layers.conv import Conv
from imgconv.layers.depthwise import Depthwise
from imgconv.layers.pointwise import Pointwise


class DepthwiseSeparable(Conv):
    """Filter every channel by itself, then mix the channels of every pixel (Howard and others, "MobileNets", 2017).

    Attributes:
        kernel: weights (channels * multiplier, 1, rows, cols), or one kernel for every channel.
        matrix: the matrix over the channels, (out, channels * multiplier).
        matrix_bias: what is added to every output channel.
    """

    matrix: Mixer | None = None
    matrix_bias: Offsets = ()

    needs = ("matrix",)

    def plan(self, shape: Shape) -> Chained:  # type: ignore[override]
        """Plan the one and the other."""
        assert self.matrix is not None
        each = Depthwise(**{name: getattr(self, name) for name in Conv._fields})
        return Chained.of((each, Pointwise(self.matrix, self.matrix_bias)), shape)

    @property
    def averages(self) -> bool:
        """Channels are mixed, so alpha stays what it is."""
        return False

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return the layer for the alpha channel; see `imgconv.layers.Layer`."""
        return self.as_conv().for_alpha(False, white)
