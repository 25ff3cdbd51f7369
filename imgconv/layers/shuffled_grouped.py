"""Grouped convolution whose output channels are shuffled, so that the next layer's groups see all of them."""

from __future__ import annotations

from imgconv.layers import Shape
from imgconv.layers._steps import Chained
from imgconv.layers.conv import Conv
from imgconv.layers.shuffle import Shuffle


class ShuffledGrouped(Conv):
    """Convolve groups of channels apart, then deal their output channels out again, one of every group in turn.

    Attributes:
        kernel: weights (out, in / groups, rows, cols).
        groups: how many groups; it divides the channels that come in and those that go out.
    """

    needs = ("groups",)

    def plan(self, shape: Shape) -> Chained:  # type: ignore[override]
        """Plan the convolution and the shuffle."""
        return Chained.of((self.as_conv(), Shuffle(self.groups or 1)), shape)
