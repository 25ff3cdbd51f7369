"""Transposed convolution: makes an image larger by setting a scaled copy of the kernel for every pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv import geometry
from imgconv.border import Border
from imgconv.engines import Floats
from imgconv.errors import ChannelError, OptionError
from imgconv.geometry import Extent
from imgconv.kernels.value import Combined, Kernel, Learned
from imgconv.layers import Layer, Setting, Shape
from imgconv.layers._steps import PlannedWhole, floats, interleaved, planes
from imgconv.layers._types import VALID, Count, Extra, Flag, Numbers, Padding, Pair, Taps
from imgconv.layers.base import Slide
from imgconv.layers.conv import drawn_one_by_one
from imgconv.sizes.calculator import count
from imgconv.sizes.chain import Stage, check_groups, shared, weighted


class Transposed(Layer):
    """Put zeros between the pixels and convolve, as torch's ConvTranspose2d does.

    Every pixel sets a copy of the kernel, as written, at `stride` times its place; copies that overlap add up.

    Attributes:
        kernel: a kernel for every channel by itself, or weights (in, out / groups, rows, cols).
        stride: how many times larger the image becomes.
        padding: how much is cut off around the result; same makes it exactly stride times as large.
        output_padding: columns and rows added at the right and bottom; if left out, what the padding needs.
        dilation: step between taps.
        correlate: whether copies of the kernel are rotated by 180 degrees; weights never are.
        groups: how many groups the channels are split into; if left out, as many as the weights need.
        bias: what is added to every output channel.
    """

    kernel: Taps
    stride: Pair = (2, 2)
    padding: Padding = VALID
    output_padding: Extra | None = None
    dilation: Pair = (1, 1)
    correlate: Flag = False
    groups: Count | None = None
    bias: Numbers = ()

    def plan(self, shape: Shape) -> PlannedWhole:
        """Work out both axes and the channels.

        Raises:
            SizeError: nothing is left of the output.
            ChannelError: the weights are for another number of channels.
            OptionError: output padding, groups or bias make no sense.
        """
        if isinstance(self.kernel, Combined):
            raise OptionError("kernel", f"'{self.kernel.name}' is several kernels combined, which have no transpose")
        weights, groups = self._weights(shape.channels)
        made = weights.shape[1] * groups
        if self.bias and len(self.bias) not in (1, made):
            raise OptionError("bias", f"{count(len(self.bias), 'number')} for {count(made, 'output channel')}")
        extent = geometry.transposed_extent(
            (shape.width, shape.height),
            (weights.shape[3], weights.shape[2]),
            padding=self.padding,
            stride=self.stride,
            dilation=self.dilation,
            output_padding=self.output_padding,
        )
        if isinstance(self.kernel, Kernel):
            stage = shared(extent, shape.channels, bias=len(self.bias), transposed=True)
        else:
            stage = weighted(extent, shape.channels, made, groups, len(self.bias or self.kernel.bias), transposed=True)

        def run(pixels: NDArray[Any], setting: Setting) -> Floats:
            return self._spread(pixels, setting, extent, weights, groups)

        return PlannedWhole(Shape(*extent.output, made), (stage,), run, "copies of the kernel, added up")

    def _weights(self, channels: int) -> tuple[NDArray[np.float64], int]:
        """Return the weights (in, out / groups, rows, cols) and the number of groups."""
        if isinstance(self.kernel, Learned):
            taken, per_group = self.kernel.weights.shape[:2]
            if taken != channels:
                raise ChannelError(
                    self.kernel.name, f"it takes {count(taken, 'channel')}, but the image has {channels}"
                )
            groups = self.groups or 1
            check_groups(channels, per_group * groups, groups)
            return self.kernel.weights, groups
        if self.groups not in (None, channels):
            raise OptionError("groups", f"'{self.kernel.name}' filters every channel by itself; only weights have them")
        assert isinstance(self.kernel, Kernel)
        # Setting copies of a kernel as written is to slide the rotated kernel over the image with zeros between.
        taps = self.kernel.slid().taps if self.correlate else self.kernel.taps
        return np.broadcast_to(taps, (channels, 1, *taps.shape)), channels

    def _spread(
        self, pixels: NDArray[Any], setting: Setting, extent: Extent, weights: NDArray[np.float64], groups: int
    ) -> Floats:
        from imgconv.functional import conv_transpose2d

        width, height = extent
        kind = floats(pixels.dtype)
        bias = np.array(self.bias or (self.kernel.bias if isinstance(self.kernel, Learned) else ()), kind)
        if isinstance(self.kernel, Kernel) and self.kernel.offset:
            bias = (bias if bias.size else np.zeros(1, kind)) + kind.type(self.kernel.offset.at(setting.white))
        made = weights.shape[1] * groups
        result = conv_transpose2d(
            planes(pixels),
            weights.astype(kind),
            np.broadcast_to(bias, made).copy() if bias.size else None,
            stride=(height.stride, width.stride),
            padding=(width.before, height.before, width.after, height.after),
            output_padding=(height.output_padding, width.output_padding),
            groups=groups,
            dilation=(height.dilation, width.dilation),
            threads=setting.threads,
        )
        return interleaved(result)

    @property
    def map(self) -> str | None:
        """The kernel's own."""
        return self.kernel.map

    @property
    def averages(self) -> bool:
        """Whether copies of the kernel are shares of samples, so that dividing by those of alpha makes sense."""
        if not isinstance(self.kernel, Kernel) or self.kernel.offset or self.bias:
            return False
        return bool(self.kernel.taps.min() >= 0 and self.kernel.sum > 0)

    def slide(self, shape: Shape) -> Slide:
        """Return the kernel turned round, which slides over the input with zeros between its samples.

        Raises:
            OptionError: several kernels are combined, or groups make no sense.
            ChannelError: the weights are for another number of channels.
        """
        if isinstance(self.kernel, Combined):
            raise drawn_one_by_one(self.kernel)
        weights, groups = self._weights(shape.channels)
        taken, made = weights.shape[:2]
        # (in, out / groups, ...) as written becomes (out, in / groups, ...) turned round.
        turned = weights[:, :, ::-1, ::-1].reshape(groups, taken // groups, made, *weights.shape[2:])
        taps = turned.transpose(0, 2, 1, 3, 4).reshape(made * groups, taken // groups, *weights.shape[2:])
        own = self.kernel.bias if isinstance(self.kernel, Learned) else (self.kernel.offset.value,)
        bias = np.zeros(len(taps)) + np.array(self.bias or own or (0.0,))
        return Slide(taps, bias, Border("zero"), spread=True)

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return a layer that makes alpha as large: by the same kernel, or by the nearest pixel."""
        return Enlarged(self, means)


class Enlarged(Layer):
    """The alpha of a transposed convolution.

    Attributes:
        layer: the layer that the colours go through.
        means: whether each output takes its shares of the pixels, or else the nearest one.
    """

    layer: Transposed
    means: bool = False

    def plan(self, shape: Shape) -> PlannedWhole:
        """Return a step of the same size."""
        kernel = self.layer.kernel
        assert not isinstance(kernel, Combined)
        rows, cols = kernel.shape
        shares = kernel if isinstance(kernel, Kernel) else Kernel(name="alpha", weights=np.ones((rows, cols)))
        planned = self.layer.replace(kernel=shares, groups=None, bias=()).plan(shape)
        stage = planned.stages[0]
        assert isinstance(stage, Stage)
        cols_from, rows_from = (_nearest(axis) for axis in stage.extent)

        def run(pixels: NDArray[Any], setting: Setting) -> Floats:
            nearest: Floats = pixels[rows_from][:, cols_from].astype(floats(pixels.dtype))
            if self.means:  # the shares of a pixel's neighbours sum to 1 only after a division, at the edges above all
                whole = planned.run(np.ones_like(pixels), setting)
                np.divide(planned.run(pixels, setting), whole, out=nearest, where=np.abs(whole) > 1e-6)
            return nearest

        return planned.replace(run=run)


def _nearest(axis: geometry.Axis) -> NDArray[np.intp]:
    """Return for every output the input whose copy of the kernel has its middle nearest to it."""
    place = np.arange(axis.output) + axis.before - (axis.reach - 1) // 2
    found: NDArray[np.intp] = np.clip((place + axis.stride // 2) // axis.stride, 0, axis.size - 1)
    return found
