"""A matrix over the channels of every pixel: colour matrices, and 1x1 convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv import geometry
from imgconv.border import Border, index_map
from imgconv.engines import Floats, Prepared
from imgconv.errors import ChannelError, OptionError
from imgconv.geometry import Extent
from imgconv.kernels.value import Learned, Offset
from imgconv.layers import Layer, Setting, Shape, Step
from imgconv.layers._types import VALID, Mixer, Offsets, Padding, Pair
from imgconv.layers.base import NEAR, WRAPPED, Along, Mixing
from imgconv.layers.conv import Conv, far_rows, largest_of, pick
from imgconv.sizes.calculator import count
from imgconv.sizes.chain import Stage, weighted
from imgconv.value import Value

BAND_SAMPLES = 1 << 18


class Pointwise(Layer):
    """Make every output channel from the input channels of the same pixel, which is a 1x1 convolution.

    Attributes:
        matrix: a kernel over the channels, such as sepia, gray-601 or swap-bgr, or rows (out, in).
        bias: what is added to every output channel, in place of the matrix's own; one number serves for all.
        padding: how much is added around the image.
        border: what fills the padding; if left out, what the padding implies.
        stride: step between the pixels that are taken.
    """

    matrix: Mixer
    bias: Offsets = ()
    padding: Padding = VALID
    border: Border | None = None
    stride: Pair = (1, 1)

    @property
    def fill(self) -> Border:
        """What fills the padding."""
        return self.border or Border(self.padding.border)

    @property
    def mixes(self) -> bool:
        """Colours are mixed, not averaged over an area: alpha stays what it is."""
        return True

    @property
    def weightless(self) -> bool:
        """A pixel has one alpha, which all its channels would be weighted by and divided by again."""
        return True

    @property
    def map(self) -> str | None:
        """The matrix's own."""
        return self.matrix.map

    def largest(self, top: float) -> float:
        """Return the largest magnitude of what the matrix makes of samples and border."""
        return largest_of(self.matrix, max(top, abs(self.fill.value)))

    def plan(self, shape: Shape) -> PointwiseStep:
        """Work out both axes and the channels.

        Raises:
            ChannelError: the matrix is for another number of channels.
            OptionError: the bias is.
        """
        made, taken = self.matrix.matrix.shape
        if shape.channels != taken:
            raise ChannelError(
                self.matrix.name, f"it takes {count(taken, 'channel')}, but the image has {shape.channels}"
            )
        bias = self.bias or self.matrix.bias
        if len(bias) == 1:
            bias = bias * made
        if bias and len(bias) != made:
            raise OptionError("bias", f"{count(len(bias), 'number')} for {count(made, 'output channel')}")
        size = (shape.width, shape.height)
        extent = geometry.extent(size, (1, 1), padding=self.padding, stride=self.stride)
        stage = weighted(extent, taken, made, bias=len(bias))
        return PointwiseStep(self, extent, Shape(*extent.output, made), (stage,), bias or (Offset(),) * made)

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return the layer for the alpha channel, which is picked; see `imgconv.layers.Layer`."""
        return Conv(pick((1, 1), None), self.padding, self.fill, self.stride).for_alpha(False, white)


class PointwiseStep(Value, Step):
    """A matrix over channels, planned for one input shape."""

    layer: Pointwise
    extent: Extent
    output: Shape
    stages: tuple[Stage, ...]
    bias: Offsets

    def prepare(self, setting: Setting, dtype: np.dtype[Any]) -> list[ChannelMatrix]:
        """Return the one job there is."""
        width, height, border = self.extent.width, self.extent.height, self.layer.fill
        matrix = self.layer.matrix.matrix
        return [
            ChannelMatrix(
                matrix,
                np.array([offset.at(setting.white) for offset in self.bias]),
                index_map(border, height.size, height.before, height.after)[:: height.stride][: height.output],
                index_map(border, width.size, width.before, width.after)[:: width.stride][: width.output],
                border.value,
                max(1, BAND_SAMPLES // (width.output * len(matrix))),
            )
        ]

    def mixing(self) -> Mixing:
        """Return the matrix as weights of one tap."""
        layer, matrix = self.layer, self.layer.matrix.matrix

        def alike(weights: NDArray[np.float64], groups: int) -> Layer:
            kernel = Learned(name="parts", weights=weights)
            return Conv(kernel, layer.padding, layer.fill, layer.stride, groups=groups)

        bias = np.array([offset.at(1.0) for offset in self.bias])
        return Mixing(matrix[:, :, None, None], bias, [range(matrix.shape[1])] * len(matrix), alike)

    @property
    def sees(self) -> str:
        """The row itself, and those at the other end where the border wraps around."""
        return WRAPPED if self.layer.fill.wraps else NEAR

    def along(self, taken: Shape, setting: Setting, dtype: np.dtype[Any]) -> Along:
        """Return which rows are taken."""
        (matrix,) = self.prepare(setting, dtype)
        axis = self.extent.height
        return Along(
            matrix.rows,
            slice,
            far_rows(self.layer.fill, axis, np.arange(len(matrix.rows)) * axis.stride),
            lambda places, size: [matrix.replace(rows=places)],
            matrix.band_rows,
        )


class ChannelMatrix(Value, Prepared):
    """A matrix product over the channels of each pixel, in float64."""

    matrix: NDArray[np.float64]
    bias: NDArray[np.float64]
    rows: NDArray[np.intp]
    cols: NDArray[np.intp]
    constant: float
    band_rows: int
    reason: str = "a matrix product over the channels"

    elsewhere = True

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive), float64."""
        rows = self.rows[start:stop]
        pixels = image[rows][:, self.cols].astype(np.float64)
        pixels[rows < 0] = self.constant
        pixels[:, self.cols < 0] = self.constant
        # einsum adds in the order of the channels whatever the band; a BLAS product need not.
        out: Floats = np.einsum("yxi,oi->yxo", pixels, self.matrix) + self.bias
        return out
