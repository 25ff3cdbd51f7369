"""Layers whose output channels mix the input's: a matrix over channels, and the learned weights of a CNN layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv import geometry
from imgconv.border import Border, index_map
from imgconv.engines import Engine, Floats, Job, Prepared
from imgconv.errors import ChannelError
from imgconv.geometry import Extent, Padding
from imgconv.kernelvalue import Kernel, Learned, Offset, Pointwise
from imgconv.layers import Layer, Shape
from imgconv.layers.convolution import Convolution, pick
from imgconv.value import Value

BAND_SAMPLES = 1 << 18


class Mixing(Value):
    """Make every output channel from several input channels.

    Attributes:
        kernel: a matrix over channels, which is a 1x1 convolution, or learned weights.
        padding, border, stride, dilation, correlate: as in `Convolution`.
    """

    kernel: Pointwise | Learned
    padding: Padding
    border: Border
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    correlate: bool = False

    @property
    def averages(self) -> bool:
        """Colours are mixed, not averaged over an area: alpha stays what it is."""
        return False

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols) of the window."""
        return self.kernel.shape if isinstance(self.kernel, Learned) else (1, 1)

    def plan(self, shape: Shape) -> MixingStep:
        """Work out both axes and the channels.

        Raises:
            ChannelError: the weights are for another number of channels.
            SizeError: the window is larger than the padded image.
        """
        kernel = self.kernel
        made = len(kernel.weights) if isinstance(kernel, Learned) else len(kernel.matrix)
        taken = kernel.weights.shape[1] if isinstance(kernel, Learned) else kernel.matrix.shape[1]
        groups, rest = divmod(shape.channels, taken)
        if rest or (groups != 1 and (isinstance(kernel, Pointwise) or made % groups)):
            raise ChannelError(kernel.name, f"it takes {taken} channels, but the image has {shape.channels}")
        anchor = kernel.slid(self.correlate).anchor if isinstance(kernel, Learned) else None
        extent = geometry.extent(
            (shape.width, shape.height),
            (self.shape[1], self.shape[0]),
            padding=self.padding,
            stride=self.stride,
            dilation=self.dilation,
            anchor=(anchor[1], anchor[0]) if anchor else None,
        )
        return MixingStep(self, extent, Shape(*extent.output, made), shape.channels)

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return the layer for the alpha channel, which is picked; see `imgconv.layers.Layer`."""
        anchor = self.kernel.slid(self.correlate).anchor if isinstance(self.kernel, Learned) else None
        picked = pick(self.shape, anchor)
        layer = Convolution(picked, self.padding, self.border, self.stride, self.dilation, correlate=True)
        return layer.for_alpha(False, white)


class MixingStep(Value):
    """A mixing layer planned for one input shape."""

    layer: Mixing
    extent: Extent
    output: Shape
    channels: int

    @property
    def combine(self) -> str | None:
        """There is one job."""
        return None

    def prepare(self, engine: Engine, dtype: np.dtype[Any], white: float) -> Sequence[Prepared]:
        """Choose how this step runs; learned weights go through `engine`, plane by plane."""
        kernel = self.layer.kernel
        if isinstance(kernel, Learned):
            return [self._planes(kernel.slid(self.layer.correlate), engine, dtype)]
        width, height, border = self.extent.width, self.extent.height, self.layer.border
        bias = [offset.at(white) for offset in kernel.bias or (Offset(),) * len(kernel.matrix)]
        return [
            ChannelMatrix(
                kernel.matrix,
                np.array(bias),
                index_map(border, height.size, height.before, height.after)[:: height.stride][: height.output],
                index_map(border, width.size, width.before, width.after)[:: width.stride][: width.output],
                border.value,
                max(1, BAND_SAMPLES // (width.output * len(kernel.matrix))),
            )
        ]

    def _planes(self, kernel: Learned, engine: Engine, dtype: np.dtype[Any]) -> Planes:
        width, height = self.extent.width, self.extent.height
        shape = (height.size, width.size, 1)
        made, taken = kernel.weights.shape[:2]
        per_group = made // (self.channels // taken)
        planes = []
        for out in range(made):
            for i in range(taken):
                weights = Kernel(name=kernel.name, weights=kernel.weights[out, i])
                job = Job.of(weights, self.extent, self.layer.border, 1.0)
                planes.append((out, out // per_group * taken + i, engine.prepare(job, shape, dtype)))
        return Planes(tuple(planes), np.array(kernel.bias or (0.0,) * made))


class ChannelMatrix(Value):
    """A matrix product over the channels of each pixel, in float64."""

    matrix: NDArray[np.float64]
    bias: NDArray[np.float64]
    rows: NDArray[np.intp]
    cols: NDArray[np.intp]
    constant: float
    band_rows: int
    reason: str = "a matrix product over the channels"

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive), float64."""
        rows = self.rows[start:stop]
        pixels = image[rows][:, self.cols].astype(np.float64)
        pixels[rows < 0] = self.constant
        pixels[:, self.cols < 0] = self.constant
        # einsum adds in the order of the channels whatever the band; a BLAS product need not.
        out: Floats = np.einsum("yxi,oi->yxo", pixels, self.matrix) + self.bias
        return out


class Planes(Value):
    """Every output channel as a sum of correlations of input channels: (output, input, prepared) each."""

    planes: tuple[tuple[int, int, Prepared], ...]
    bias: NDArray[np.float64]

    @property
    def reason(self) -> str:
        """The ways that the planes take."""
        return f"{len(self.planes)} planes: " + "; ".join(dict.fromkeys(p.reason for _, _, p in self.planes))

    @property
    def band_rows(self) -> int:
        """The rows of the plane that wants the fewest."""
        return min(prepared.band_rows for _, _, prepared in self.planes)

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive), float64."""
        sums: list[Floats | None] = [None] * len(self.bias)
        for out, source, prepared in self.planes:
            part = prepared(image[:, :, source : source + 1], start, stop)[:, :, 0].astype(np.float64)
            total = sums[out]
            sums[out] = part if total is None else np.add(total, part, out=total)
        return np.stack([total for total in sums if total is not None], axis=2) + self.bias
