"""Bias: a number added to every sample of a channel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats
from imgconv.errors import OptionError
from imgconv.layers import Setting, Shape
from imgconv.layers._pixelwise import PixelwiseLayer
from imgconv.layers._steps import PlannedPixelwise
from imgconv.layers._types import Offsets
from imgconv.sizes.calculator import count


class Bias(PixelwiseLayer):
    """Add a number to every sample.

    Attributes:
        values: one number for all channels, or one for each; in sample values, or in per cent of the samples' range.
    """

    values: Offsets

    def plan(self, shape: Shape) -> PlannedPixelwise:
        """Check how many numbers there are.

        Raises:
            OptionError: there are neither one nor as many as channels.
        """
        number = len(self.values)
        if number not in (1, shape.channels):
            raise OptionError(
                "values", f"{count(number, 'number')} for {count(shape.channels, 'channel')}; one serves for all"
            )
        sums = (number, str(number))
        return PlannedPixelwise(shape, self.run, "a number added", parameters=sums)

    def run(self, pixels: NDArray[Any], setting: Setting) -> Floats:
        """Return the sums."""
        pixels += np.array([value.at(setting.white) for value in self.values], pixels.dtype)
        return pixels
