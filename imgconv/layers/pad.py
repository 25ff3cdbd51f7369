"""Explicit padding: the image with its border, as a layer."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from imgconv import geometry
from imgconv.border import Border, index_map
from imgconv.engines import Floats
from imgconv.errors import OptionError
from imgconv.layers import Layer, Setting, Shape
from imgconv.layers._steps import PlannedWhole, floats
from imgconv.layers._types import Padding
from imgconv.sizes.chain import Stage


class Pad(Layer):
    """Add rows and columns around the image.

    Attributes:
        padding: how many, a number or left, top, right and bottom.
        border: what fills them.
    """

    padding: Padding
    border: Border = Border("zero")

    def __post_init__(self) -> None:
        if self.padding.amounts is None:
            problem = f"'{self.padding.kind}' depends on a kernel, and there is none here"
            raise OptionError("padding", f"{problem}; write a number or LEFT,TOP,RIGHT,BOTTOM")

    @property
    def averages(self) -> bool:
        """Every result is a sample, which is a mean of one."""
        return True

    def plan(self, shape: Shape) -> PlannedWhole:
        """Work out both axes."""
        extent = geometry.extent((shape.width, shape.height), (1, 1), padding=self.padding)
        width, height = extent

        def run(pixels: NDArray[Any], setting: Setting) -> Floats:
            rows, cols = (index_map(self.border, axis.size, axis.before, axis.after) for axis in (height, width))
            made = pixels[rows][:, cols].astype(floats(pixels.dtype))
            made[rows < 0] = self.border.value
            made[:, cols < 0] = self.border.value
            return made

        return PlannedWhole(Shape(*extent.output, shape.channels), (Stage(extent),), run, f"border {self.border}")

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return the same padding; outside the image all is opaque."""
        fills = self.border.fixed
        return self.replace(border=Border("constant", white)) if fills else self
