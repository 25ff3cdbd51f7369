"""Pooling: the largest, the mean or the smallest sample of every window."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv import geometry
from imgconv.border import Border
from imgconv.engines import Floats
from imgconv.errors import OptionError
from imgconv.geometry import Extent
from imgconv.layers import Layer, Setting, Shape
from imgconv.layers._steps import PlannedWhole, floats, interleaved, planes
from imgconv.layers._types import VALID, Flag, Padding, Pair
from imgconv.layers.base import Slide
from imgconv.sizes.chain import Stage

METHODS = ("max", "mean", "min")


class Pool(Layer):
    """Make one sample of every window, as torch's MaxPool2d and AvgPool2d do; one of max, mean and min is given.

    Attributes:
        max: the window whose largest sample is taken.
        mean: the window whose mean is taken.
        min: the window whose smallest sample is taken.
        stride: step between windows; if left out, the window.
        padding: how much is added around the image, at most half of the window unless there is a border.
        dilation: step between the samples of a window.
        ceil_mode: whether the last windows may hang over the right and the bottom.
        border: what fills the padding; if left out, what no window takes, and for means zeros.
        count_padding: whether a mean divides by the samples of the padding too; other methods divide by nothing.
    """

    max: Pair | None = None
    mean: Pair | None = None
    min: Pair | None = None
    stride: Pair | None = None
    padding: Padding = VALID
    dilation: Pair = (1, 1)
    ceil_mode: Flag = False
    border: Border | None = None
    count_padding: Flag = True

    chooses = METHODS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mean is None and not self.count_padding:
            raise OptionError("count_padding", f"only a mean counts its samples; {self.method} does not")

    @property
    def method(self) -> str:
        """One of `METHODS`."""
        return next(name for name in METHODS if getattr(self, name) is not None)

    @property
    def window(self) -> Pair:
        """(width, height)."""
        found: Pair = getattr(self, self.method)
        return found

    @property
    def fill(self) -> Border | None:
        """What fills the padding; None for what torch does."""
        if self.border or self.padding.kind != "interpolation":
            return self.border
        return Border("edge")

    @property
    def averages(self) -> bool:
        """Means are means."""
        return self.mean is not None

    def plan(self, shape: Shape) -> PlannedWhole:
        """Work out both axes.

        Raises:
            SizeError: the window is larger than the padded image.
            OptionError: there is more padding than torch takes.
        """
        extent = geometry.pooled_extent(
            (shape.width, shape.height),
            self.window,
            padding=self.padding,
            stride=self.stride,
            dilation=self.dilation,
            ceil_mode=self.ceil_mode,
        )
        for axis in extent:
            if self.fill is None and max(axis.before, axis.after) > axis.kernel // 2:
                problem = f"{max(axis.before, axis.after)} is more than half of the window {axis.kernel}"
                raise OptionError("padding", f"{problem}, so some windows would hold nothing else; name a border")

        def run(pixels: NDArray[Any], setting: Setting) -> Floats:
            return self._pooled(pixels, setting, extent)

        return PlannedWhole(Shape(*extent.output, shape.channels), (Stage(extent),), run, f"{self.method} of windows")

    def _pooled(self, pixels: NDArray[Any], setting: Setting, extent: Extent) -> Floats:
        from imgconv import functional

        width, height = extent
        kind = floats(pixels.dtype)
        sides = (width.before, height.before, width.after, height.after)
        window, stride = (height.kernel, width.kernel), (height.stride, width.stride)
        dilation = (height.dilation, width.dilation)
        samples, border, threads = planes(pixels), self.fill, setting.threads
        if self.mean:
            counting = (self.ceil_mode, self.count_padding)
            made = functional.avg_pool2d(
                samples, window, stride, sides, *counting, dilation=dilation, border=border, threads=threads
            )
        else:
            pool = functional.max_pool2d if self.max else functional.min_pool2d
            made = pool(samples, window, stride, sides, dilation, self.ceil_mode, border=border, threads=threads)
        return interleaved(made).astype(kind, copy=False)

    def slide(self, shape: Shape) -> Slide:
        """Return what becomes of a window."""
        border = self.fill
        if border is None and self.mean is not None and self.count_padding:
            border = Border("zero")
        return Slide(None, np.zeros(shape.channels), border, method=self.method)

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return the same pooling; outside the image all is opaque."""
        fill = self.fill or (Border("zero") if self.mean and self.count_padding else None)
        if fill and fill.fixed:
            fill = Border("constant", white)
        return self.replace(border=fill)
