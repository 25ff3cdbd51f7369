"""Normalisation: samples brought to the scale that a network was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats
from imgconv.errors import OptionError
from imgconv.layers import Setting, Shape
from imgconv.layers._pixelwise import PixelwiseLayer
from imgconv.layers._steps import PlannedPixelwise
from imgconv.layers._types import Numbers
from imgconv.sizes.calculator import count


class Normalise(PixelwiseLayer):
    """Divide by the samples' largest value, so that white is 1, then subtract a mean and divide by a deviation.

    Attributes:
        mean: one number for all channels, or one for each, on the scale of 0 to 1.
        std: the standard deviation, likewise.
    """

    mean: Numbers = (0.0,)
    std: Numbers = (1.0,)

    def __post_init__(self) -> None:
        if 0 in self.std:
            raise OptionError("std", "a deviation of 0 cannot be divided by")

    def plan(self, shape: Shape) -> PlannedPixelwise:
        """Check how many numbers there are.

        Raises:
            OptionError: there are neither one nor as many as channels.
        """
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, shape.channels):
                raise OptionError(name, f"{count(len(values), 'number')} for {count(shape.channels, 'channel')}")
        return PlannedPixelwise(shape, self.run, "normalised")

    def white_after(self, white: float) -> float:
        """White becomes 1."""
        return 1.0

    def run(self, pixels: NDArray[Any], setting: Setting) -> Floats:
        """Return the results in place of the samples."""
        mean, std = np.array(self.mean), np.array(self.std)
        pixels *= (1 / (setting.white * std)).astype(pixels.dtype)
        pixels -= (mean / std).astype(pixels.dtype)
        return pixels
