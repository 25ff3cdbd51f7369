"""Strided convolution: what makes an image smaller in place of a pooling, with taps of its own."""

from __future__ import annotations

from imgconv.layers import Shape
from imgconv.layers._types import Pair
from imgconv.layers.conv import Conv, ConvStep, LearnedStep


class Strided(Conv):
    """Convolve at every second pixel, or as `stride` says (Springenberg and others, "Striving for simplicity", 2015).

    Attributes:
        kernel: as in conv.
        stride: step between windows.
    """

    stride: Pair = (2, 2)

    def plan(self, shape: Shape) -> ConvStep | LearnedStep:
        """Work out both axes and the channels; see `imgconv.layers.conv.Conv`."""
        return self.as_conv().plan(shape)
