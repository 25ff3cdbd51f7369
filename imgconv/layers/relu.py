"""ReLU: nothing below zero."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats
from imgconv.layers import Setting
from imgconv.layers._pixelwise import PixelwiseLayer


class Relu(PixelwiseLayer):
    """Replace what is below zero by zero."""

    def run(self, pixels: NDArray[Any], setting: Setting) -> Floats:
        """Return the results in place of the samples."""
        np.maximum(pixels, 0, out=pixels)
        return pixels
