"""Branches: several chains of layers from one input, whose results become one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from imgconv.engines._bands import COMBINE
from imgconv.errors import BranchError, LayerError, OptionError
from imgconv.layers import Layer, Shape
from imgconv.layers._steps import Branches as Fork
from imgconv.layers._steps import numbered
from imgconv.layers._types import Word

METHODS = (*(name for name in COMBINE if name != "angle"), "concatenate")

Branches = tuple[tuple[Layer, ...], ...]


class Combine(Layer):
    """Run several chains of layers on the same input and make one result of theirs.

    Attributes:
        method: magnitude (the root of the sum of squares), max, sum, or concatenate (one's channels after the other's).
        branches: lists of layers; their results agree in size.
    """

    method: Word
    branches: Branches

    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"method": METHODS}

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.branches) < 2:
            raise OptionError("branches", "there must be two or more")

    def plan(self, shape: Shape) -> Fork:
        """Plan every branch.

        Raises:
            LayerError: a layer of a branch cannot be; it says which.
            OptionError: the results do not agree in size.
        """
        steps = []
        for number, layers in enumerate(self.branches, 1):
            try:
                steps.append(numbered(layers, shape))
            except LayerError as error:
                raise BranchError(number, error) from None
        return Fork.of(self.method, steps)

    @property
    def averages(self) -> bool:
        """Whether what is put side by side is means throughout."""
        return self.method == "concatenate" and all(layer.averages for branch in self.branches for layer in branch)

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return the first branch for the alpha channel; the others have its size."""
        from imgconv.layers.separable import Both

        return Both(tuple(layer.for_alpha(means, white) for layer in self.branches[0]))
