"""Threshold: black and white, or what is too weak removed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats
from imgconv.kernels.value import Offset
from imgconv.layers import Setting
from imgconv.layers._pixelwise import PixelwiseLayer
from imgconv.layers._types import Flag


class Threshold(PixelwiseLayer):
    """Make samples above a value white and the others black.

    Attributes:
        at: the value, which itself is not above it; in sample values, or in per cent of the samples' range.
        above: what samples above it become.
        below: what the others become.
        keep: whether samples above it stay what they are, as with torch's threshold.
    """

    at: Offset = Offset(share=0.5)
    above: Offset = Offset(share=1.0)
    below: Offset = Offset()
    keep: Flag = False

    def run(self, pixels: NDArray[Any], setting: Setting) -> Floats:
        """Return the results."""
        at, above, below = (pixels.dtype.type(value.at(setting.white)) for value in (self.at, self.above, self.below))
        return np.where(pixels > at, pixels if self.keep else above, below)
