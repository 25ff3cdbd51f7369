"""Convolution of every channel alike, by one kernel or by several that are combined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from imgconv import geometry
from imgconv.border import Border
from imgconv.engines import Engine, Job, Prepared
from imgconv.geometry import Extent, Padding
from imgconv.kernelvalue import Combined, Kernel
from imgconv.layers import Shape
from imgconv.value import Value


class Convolution(Value):
    """Slide a kernel over every channel.

    Attributes:
        kernel: one kernel, or several of one size that are combined.
        padding, border: how much is added around the image, and what.
        stride, dilation: (width, height) steps between windows and between taps.
        correlate: whether the kernel is slid as written instead of rotated by 180 degrees.
    """

    kernel: Kernel | Combined
    padding: Padding
    border: Border
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    correlate: bool = False

    @property
    def members(self) -> tuple[Kernel, ...]:
        """The kernels as they are laid on the picture."""
        kernels = self.kernel.of if isinstance(self.kernel, Combined) else (self.kernel,)
        return tuple(kernel.slid(self.correlate) for kernel in kernels)

    @property
    def averages(self) -> bool:
        """Whether the taps have a sum, so that dividing by the sum of their alpha makes sense."""
        return isinstance(self.kernel, Kernel) and abs(self.kernel.sum) > 1e-6 and not self.kernel.offset

    def plan(self, shape: Shape) -> ConvolutionStep:
        """Work out both axes.

        Raises:
            SizeError: the kernel is larger than the padded image.
        """
        first = self.members[0]
        extent = geometry.extent(
            (shape.width, shape.height),
            (first.shape[1], first.shape[0]),
            padding=self.padding,
            stride=self.stride,
            dilation=self.dilation,
            anchor=(first.anchor[1], first.anchor[0]) if first.anchor else None,
        )
        return ConvolutionStep(self, extent, Shape(*extent.output, shape.channels))

    def for_alpha(self, means: bool, white: float) -> Convolution:
        """Return the layer for the alpha channel; see `imgconv.layers.Layer`."""
        border = Border("constant", white) if self.border.kind in ("zero", "constant") else self.border
        if means and isinstance(self.kernel, Kernel):
            return self.replace(kernel=self.kernel.with_gain("sum"), border=border)
        first = self.members[0]
        return self.replace(kernel=pick(first.shape, first.anchor), border=border, correlate=True)


def pick(shape: tuple[int, int], anchor: tuple[int, int] | None) -> Kernel:
    """Return a kernel of (rows, cols) taps that is 1 at the anchor, as slid, and 0 elsewhere."""
    weights = np.zeros(shape)
    weights[anchor or ((shape[0] - 1) // 2, (shape[1] - 1) // 2)] = 1
    return Kernel(name="pick", weights=weights, anchor=anchor)


class ConvolutionStep(Value):
    """A convolution planned for one input shape."""

    layer: Convolution
    extent: Extent
    output: Shape

    @property
    def combine(self) -> str | None:
        """How the members become one; None for a single kernel."""
        return self.layer.kernel.combine if isinstance(self.layer.kernel, Combined) else None

    def prepare(self, engine: Engine, dtype: np.dtype[Any], white: float) -> Sequence[Prepared]:
        """Choose how `engine` runs every member."""
        width, height = self.extent.width, self.extent.height
        shape = (height.size, width.size, self.output.channels)
        jobs = [Job.of(member, self.extent, self.layer.border, white) for member in self.layer.members]
        return [engine.prepare(job, shape, dtype) for job in jobs]
