"""Resizing by interpolation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats
from imgconv.errors import OptionError
from imgconv.geometry import AXES, RESIZED, Axis, Extent, resized
from imgconv.layers import Layer, Setting, Shape
from imgconv.layers._steps import PlannedWhole, interleaved, planes
from imgconv.layers._types import Flag, Pair, Scale, Word
from imgconv.sizes.chain import interpolated

TAPS = {"nearest": 1, "bilinear": 2, "bicubic": 4}
"""The methods, each with how many samples along an axis it sees."""


class Resize(Layer):
    """Make the image larger or smaller by interpolation, as torch.nn.functional.interpolate does to a given size.

    Attributes:
        scale: how many times larger; a size that is no whole number is rounded down.
        size: the width and height to make, in place of a scale.
        method: nearest, bilinear or bicubic.
        align_corners: whether the first and last samples keep their places, instead of the image's outer edges.
    """

    scale: Scale | None = None
    size: Pair | None = None
    method: Word = "bilinear"
    align_corners: Flag = False

    chooses = ("scale", "size")
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"method": tuple(TAPS)}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.align_corners and self.method == "nearest":
            raise OptionError(
                "align_corners", "nearest takes samples as they are; only the other methods align corners"
            )

    @property
    def averages(self) -> bool:
        """Results are weighted means."""
        return True

    def plan(self, shape: Shape) -> PlannedWhole:
        """Work out both axes.

        Raises:
            SizeError: nothing is left of the image.
        """
        extent = Extent(*(self._axis(*given) for given in zip(AXES, shape[:2], self.size or (0, 0), strict=True)))
        width, height = extent
        stage = interpolated(extent, shape.channels)

        def run(pixels: NDArray[Any], setting: Setting) -> Floats:
            from imgconv.functional import interpolate

            align = self.align_corners if self.method != "nearest" else None
            size = (height.output, width.output)
            made = interpolate(planes(pixels)[None], size=size, mode=self.method, align_corners=align)[0]
            return interleaved(np.asarray(made))

        return PlannedWhole(Shape(*extent.output, shape.channels), (stage,), run, f"{self.method} interpolation")

    def _axis(self, name: str, size: int, wanted: int) -> Axis:
        taps = TAPS[self.method]
        if self.scale:
            return resized(size, self.scale, taps=taps, name=name)
        return Axis(name, size, taps, 1, 1, 0, 0, wanted, RESIZED, f"{wanted} as asked")

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return the same resizing."""
        return self
