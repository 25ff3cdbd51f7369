"""Grouped convolution: the channels are split into groups that do not see each other."""

from __future__ import annotations

from imgconv.layers import Shape
from imgconv.layers.conv import Conv, ConvStep, LearnedStep


class Grouped(Conv):
    """Split the channels into groups and convolve each group by filters of its own.

    Attributes:
        kernel: weights (out, in / groups, rows, cols); the first out / groups filters see the first group.
        groups: how many groups; it divides the channels that come in and those that go out.
    """

    needs = ("groups",)

    def plan(self, shape: Shape) -> ConvStep | LearnedStep:
        """Work out both axes and the channels; see `imgconv.layers.conv.Conv`."""
        return self.as_conv().plan(shape)
