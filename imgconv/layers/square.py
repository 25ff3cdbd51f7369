"""Squares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats
from imgconv.layers import Setting
from imgconv.layers._pixelwise import PixelwiseLayer


class Square(PixelwiseLayer):
    """Multiply every sample by itself."""

    def run(self, pixels: NDArray[Any], setting: Setting) -> Floats:
        """Return the results in place of the samples."""
        np.square(pixels, out=pixels)
        return pixels
