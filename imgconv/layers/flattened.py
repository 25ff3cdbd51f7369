"""Flattened convolution: a column of taps and a row of taps side by side, summed."""

from __future__ import annotations

from imgconv.geometry import Padding
from imgconv.layers import Layer, Shape
from imgconv.layers._steps import Branches
from imgconv.layers.separable import Separable

SAME = Padding("same")


class Flattened(Separable):
    """Convolve by a column and by a row, each from the image itself, and add the results.

    Attributes:
        padding: how much is added around the image, for each of the two along its own axis; they must agree in size.
    """

    padding: Padding = SAME

    @property
    def averages(self) -> bool:
        """A sum of two means is taken for none."""
        return False

    def plan(self, shape: Shape) -> Branches:  # type: ignore[override]
        """Work out both branches.

        Raises:
            SizeError: the taps are more than the padded image.
            OptionError: the branches differ in size.
        """
        return Branches.of("sum", [part.plan(shape) for part in self.parts])

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return the layer for the alpha channel, which goes through the column; the row's size is the same."""
        return self.parts[0].for_alpha(False, white)
