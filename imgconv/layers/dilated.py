"""Dilated convolution: the taps stand apart, so that few of them see far."""

from __future__ import annotations

from imgconv.layers import Shape
from imgconv.layers._types import Pair
from imgconv.layers.conv import Conv, ConvStep, LearnedStep


class Dilated(Conv):
    """Convolve by a kernel whose taps are `dilation` pixels apart.

    Attributes:
        kernel: as in conv.
        dilation: step between taps.
    """

    dilation: Pair = (2, 2)

    def plan(self, shape: Shape) -> ConvStep | LearnedStep:
        """Work out both axes and the channels; see `imgconv.layers.conv.Conv`."""
        return self.as_conv().plan(shape)
