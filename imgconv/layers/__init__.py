"""Layers: one operation each, in one file each; a layer's fields are its options.

A layer plans a `Step` from the shape that goes in, by integers only; the step then runs on pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from imgconv.engines import Engine, Prepared
from imgconv.geometry import Extent


class Shape(NamedTuple):
    """An image's size in samples."""

    width: int
    height: int
    channels: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}x{self.channels}"


class Step(Protocol):
    """A layer planned for one input shape."""

    @property
    def output(self) -> Shape:
        """The shape that comes out."""

    @property
    def extent(self) -> Extent:
        """The arithmetic of both axes."""

    @property
    def combine(self) -> str | None:
        """How the results of several prepared jobs become one; None for a single one."""

    def prepare(self, engine: Engine, dtype: np.dtype[Any], white: float) -> Sequence[Prepared]:
        """Choose how `engine` runs this step on samples of `dtype` whose largest value is `white`."""


class Layer(Protocol):
    """One operation."""

    @property
    def averages(self) -> bool:
        """Whether results are weighted means of samples, in which alpha must be the weight."""

    def plan(self, shape: Shape) -> Step:
        """Work out every size, or raise SizeError or ChannelError."""

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return a layer of the same geometry for the alpha channel; outside the image all is opaque.

        Args:
            means: whether alpha becomes the weighted mean that the colours are; else the sample under the anchor is
                picked.
            white: the alpha of an opaque sample.
        """
