"""Selection of channels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats
from imgconv.errors import OptionError
from imgconv.layers import Setting, Shape
from imgconv.layers._pixelwise import PixelwiseLayer
from imgconv.layers._steps import PlannedPixelwise
from imgconv.layers._types import Counts


class Select(PixelwiseLayer):
    """Keep some channels, in the order in which they are named.

    Attributes:
        channels: their numbers, from 0; a channel may be named again.
    """

    channels: Counts

    def plan(self, shape: Shape) -> PlannedPixelwise:
        """Check the numbers.

        Raises:
            OptionError: there is no such channel.
        """
        for number in self.channels:
            if not 0 <= number < shape.channels:
                last = shape.channels - 1
                raise OptionError("channels", f"there is no channel {number}; they are numbered from 0 to {last}")
        output = shape._replace(channels=len(self.channels))
        return PlannedPixelwise(output, self.run, f"channels {', '.join(map(str, self.channels))}")

    def run(self, pixels: NDArray[Any], setting: Setting) -> Floats:
        """Return the channels."""
        return np.ascontiguousarray(pixels[:, :, list(self.channels)])
