"""Depthwise convolution: every channel has filters of its own."""

from __future__ import annotations

from imgconv.errors import ChannelError
from imgconv.kernels.value import Learned
from imgconv.layers import Layer, Shape
from imgconv.layers.conv import Conv, ConvStep, LearnedStep


class Depthwise(Conv):
    """Filter every channel by weights of its own, with as many groups as there are channels.

    Attributes:
        kernel: weights (channels * multiplier, 1, rows, cols), or one kernel for every channel.
        groups: the number of channels, which may be left out.
    """

    def plan(self, shape: Shape) -> ConvStep | LearnedStep:
        """Work out both axes and the channels.

        Raises:
            ChannelError: the weights are not one channel deep, or not for this number of channels.
        """
        kernel = self.kernel
        if isinstance(kernel, Learned):
            made, taken = kernel.weights.shape[:2]
            if taken != 1:
                problem = f"its weights are {taken} channels deep; depthwise weights are (out, 1, rows, cols)"
                raise ChannelError(kernel.name, problem)
            if made % shape.channels:
                problem = f"it has {made} filters, which {shape.channels} channels cannot share evenly"
                raise ChannelError(kernel.name, problem)
            return self.as_conv(groups=self.groups or shape.channels).plan(shape)
        return self.as_conv().plan(shape)

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return the layer for the alpha channel; see `imgconv.layers.Layer`."""
        return self.as_conv().for_alpha(means, white)
