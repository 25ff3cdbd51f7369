"""What a layer is: the contract that every module of this folder keeps, and other packages' modules too.

The module of the layer ``shuffled-grouped`` has a class ``ShuffledGrouped``, derived from `Layer`. Its fields are the
layer's YAML keys, in their order. The kind of value that a field holds is its annotation, one of the names of
`imgconv.layers._types`; what its docstring says of the fields, under ``Attributes:``, is what schemas and messages say.

A layer plans a `Step` from the shape that goes in, by integers only; the step then runs on pixels, (rows, cols,
channels). Most are planned by what `imgconv.layers` has ready: a `PixelwiseLayer` computes results of one pixel at a
time, a `PlannedPixelwise` does so for a layer that changes the number of channels, and a `PlannedWhole` gets the image
at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from imgconv.engines import Engine, Prepared, Whole
from imgconv.errors import OptionError, did_you_mean, quoted
from imgconv.geometry import Shape
from imgconv.registry import Broken, declared
from imgconv.sizes.chain import Fork, Stage
from imgconv.value import Value


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
    """One operation; a class of layers is derived from this one, and has at least `plan` and `for_alpha` of its own.

    `kind` is the layer's name. `needs` names fields that have to be given although a layer that this one is derived
    from has a default for them, and `chooses` those of which just one has to be given. `words` are what fields of the
    kind ``Word`` may say.
    """

    kind: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    chooses: ClassVar[tuple[str, ...]] = ()
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.kind = name_of(cls.__name__)

    @staticmethod
    def of(name: str, module: Any) -> type[Layer]:
        """Return the layer that a module has.

        Raises:
            Broken: it does not keep the contract.
        """
        layer: type[Any] = declared(module, "".join(part.title() for part in name.split("-")), type)
        if not issubclass(layer, Layer):
            raise Broken(f"its {layer.__name__} is not derived from imgconv.layers.Layer")
        if layer.plan is Layer.plan or layer.for_alpha is Layer.for_alpha:
            missing = "plan" if layer.plan is Layer.plan else "for_alpha"
            raise Broken(f"its {layer.__name__} has no {missing} of its own")
        return layer

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


def name_of(class_name: str) -> str:
    """Return the name of the layer whose class is called so.

    >>> name_of("ShuffledGrouped")
    'shuffled-grouped'
    """
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in class_name).lstrip("-")
