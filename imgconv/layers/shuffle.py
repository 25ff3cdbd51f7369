"""Channel shuffle: what lets groups see each other again."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from imgconv.engines import Floats
from imgconv.layers import Setting, Shape
from imgconv.layers._pixelwise import PixelwiseLayer
from imgconv.layers._steps import PlannedPixelwise
from imgconv.layers._types import Count
from imgconv.sizes.chain import check_groups


class Shuffle(PixelwiseLayer):
    """Deal the channels out again, one of every group in turn (Zhang and others, "ShuffleNet", 2018).

    Attributes:
        groups: how many groups there are; it divides the channels.
    """

    groups: Count

    def plan(self, shape: Shape) -> PlannedPixelwise:
        """Check the groups.

        Raises:
            OptionError: they do not divide the channels.
        """
        check_groups(shape.channels, shape.channels, self.groups)
        return PlannedPixelwise(shape, self.run, f"channels of {self.groups} groups in turn")

    def run(self, pixels: NDArray[Any], setting: Setting) -> Floats:
        """Return (rows, cols, channels) as groups x channels / groups, transposed and flattened again."""
        rows, cols, channels = pixels.shape
        dealt = pixels.reshape(rows, cols, self.groups, channels // self.groups)
        return dealt.swapaxes(2, 3).reshape(rows, cols, channels)
