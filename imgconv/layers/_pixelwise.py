"""What layers share that look at one pixel at a time: they move nothing, so alpha stays as it is."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from imgconv.engines import Floats
from imgconv.layers import Layer, Setting, Shape
from imgconv.layers._steps import PlannedPixelwise


class PixelwiseLayer(Layer):
    """A layer whose `run` makes results of the samples of a pixel."""

    def plan(self, shape: Shape) -> PlannedPixelwise:
        """Return a step that keeps the shape."""
        return PlannedPixelwise(shape, self.run, self.kind)

    def run(self, pixels: NDArray[Any], setting: Setting) -> Floats:
        """Return the results for a band of (rows, cols, channels), which may be overwritten."""
        raise NotImplementedError

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return a layer that keeps alpha."""
        return Kept()


class Kept(PixelwiseLayer):
    """Nothing is done."""

    def run(self, pixels: NDArray[Any], setting: Setting) -> Floats:
        """Return the samples."""
        return pixels
