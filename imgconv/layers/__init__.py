"""Layers: one operation each, in one file each, found by listing this folder; a layer's fields are its YAML keys.

The layer called ``shuffled-grouped`` is the class ``ShuffledGrouped`` in ``shuffled_grouped.py``. Modules whose names
start with an underscore are parts of layers. A layer plans a `Step` from the shape that goes in, by integers only; the
step then runs on pixels, (rows, cols, channels).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from imgconv.engines import Engine, Prepared, Whole
from imgconv.errors import OptionError, did_you_mean, quoted
from imgconv.geometry import Shape
from imgconv.sizes.chain import Fork, Stage
from imgconv.value import Value

__all__ = ["Layer", "Setting", "Shape", "Step", "find", "names"]


class Setting(NamedTuple):
    """What a step runs with.

    Attributes:
        engine: what runs correlations that filter every channel alike.
        white: the samples' largest value, which offsets in per cent refer to.
        threads: at most so many; None means every core that this process may use.
        whole: for samples that are whole numbers in a float type; only steps with `jobs` are handed such.
    """

    engine: Engine
    white: float
    threads: int | None = None
    whole: Whole | None = None


class Step(Protocol):
    """A layer planned for one input shape."""

    @property
    def output(self) -> Shape:
        """The shape that comes out."""

    @property
    def stages(self) -> tuple[Stage | Fork, ...]:
        """The arithmetic of every sliding window, and what it costs."""

    @property
    def combine(self) -> str | None:
        """How the results of several prepared jobs become one; None for a single one."""

    def prepare(self, setting: Setting, dtype: np.dtype[Any]) -> Sequence[Prepared]:
        """Choose how this step runs on samples of `dtype`."""


class Layer(Value):
    """One operation.

    `needs` names fields that have to be given although a layer that this one is derived from has a default for them,
    and `chooses` those of which just one has to be given. `words` are what fields of the kind ``Word`` may say.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    chooses: ClassVar[tuple[str, ...]] = ()
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __post_init__(self) -> None:
        for name in self.needs:
            if getattr(self, name) is None:
                raise OptionError(name, "it is missing")
        for name, known in self.words.items():
            word = getattr(self, name)
            if word not in known:
                raise OptionError(name, f"{quoted(word)} is none of {', '.join(known)}{did_you_mean(str(word), known)}")
        given = [name for name in self.chooses if getattr(self, name) is not None]
        if self.chooses and len(given) != 1:
            found = f"{' and '.join(given)} are" if given else "none is"
            raise OptionError(
                self.kind, f"it needs one of {', '.join(self.chooses)}, as in {self.chooses[0]}: 2; {found} given"
            )

    @property
    def kind(self) -> str:
        """The layer's name."""
        return type(self).__module__.rpartition(".")[2].replace("_", "-")

    @property
    def averages(self) -> bool:
        """Whether results are weighted means of samples, in which alpha must be the weight."""
        return False

    @property
    def mixes(self) -> bool:
        """Whether only the channels of a pixel are mixed, so that colours need not be weighted by alpha."""
        return False

    def plan(self, shape: Shape) -> Step:
        """Work out every size.

        Raises:
            SizeError: there is no such size.
            ChannelError: the weights are for another number of channels.
            OptionError: the layer's fields do not go with such a shape.
        """
        raise NotImplementedError

    def white_after(self, white: float) -> float:
        """Return what stands for white in the results, if `white` does in the samples."""
        return white

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return a layer of the same geometry for the alpha channel; outside the image all is opaque.

        Args:
            means: whether alpha becomes the weighted mean that the colours are; else the sample under the anchor is
                picked.
            white: the alpha of an opaque sample.
        """
        raise NotImplementedError


def names() -> list[str]:
    """Return the layers' names in alphabetical order."""
    files = os.listdir(os.path.dirname(__file__))
    return sorted(file[:-3].replace("_", "-") for file in files if file.endswith(".py") and file[0] != "_")


def find(name: str) -> type[Layer]:
    """Return the layer called `name`.

    Raises:
        OptionError: there is none.
    """
    if name not in names():
        hint = did_you_mean(name, names()) or f"; the layers are {', '.join(names())}"
        raise OptionError("layer", f"there is no layer {quoted(name)}{hint}")
    module = import_module(f"imgconv.layers.{name.replace('-', '_')}")
    layer: type[Layer] = getattr(module, "".join(part.title() for part in name.split("-")))
    return layer
