"""What a layer is: the contract that every module of this folder keeps, and other packages' modules too.

The module of the layer ``shuffled-grouped`` has a class ``ShuffledGrouped``, derived from `Layer`. Its fields are the
layer's YAML keys, in their order. The kind of value that a field holds is its annotation, one of `KINDS`, with
``| None`` behind it if it may be left out; modules begin with ``from __future__ import annotations``, which keeps the
names of kinds. What the docstring says of the fields, under ``Attributes:``, is what schemas and messages say.

A layer plans a `Step` from the shape that goes in, by integers only; the step then runs on pixels, (rows, cols,
channels). Most are planned by what `imgconv.layers` has ready: a `PixelwiseLayer` computes results of one pixel at a
time, a `PlannedPixelwise` does so for a layer that changes the number of channels, and a `PlannedWhole` gets the image
at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.border import Border
from imgconv.engines import Engine, Job, Prepared, Whole
from imgconv.errors import OptionError
from imgconv.geometry import Shape
from imgconv.layers import _types
from imgconv.registry import Broken, declared
from imgconv.sizes.chain import Fork, Stage
from imgconv.value import Value
from imgconv.words.base import refuse_other

KINDS = frozenset({*_types.__all__, "Branches"}) - {"VALID"}
"""The kinds of values that fields hold; `imgconv.pipeline` reads them from YAML."""


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


NEAR, WRAPPED, ALL = "near", "wrapped", "all"
"""Which rows of the image a row of results is made of: those near it, these and some at the image's other end, all."""


class Along(Value):
    """How a step goes along the rows of an image of which it does not need all at once.

    Attributes:
        rows: the row map: for each padded row its source, or -1.
        window: the part of the map that output rows, the last one exclusive, look at.
        far: the padded rows whose sources lie at the image's other end.
        prepare: the step's jobs on rows that are in these places of an image of that many rows.
        band: output rows of a band.
        alone: whether a row of results looks at that row alone, so that jobs are the same wherever rows are.
    """

    rows: NDArray[np.intp]
    window: Callable[[int, int], slice]
    far: NDArray[np.intp]
    prepare: Callable[[NDArray[np.intp], int], Sequence[Prepared]]
    band: int
    alone: bool = False


class Slide(Value):
    """How the window of a layer slides, for figures that draw it.

    Attributes:
        taps: (out, in / groups, rows, cols) as they lie on the input; None for a pooling.
        bias: one number an output channel.
        border: what fills the padding; None for what no window of a pooling takes.
        spread: whether it slides over the input with zeros between its samples, as a transposed convolution does.
        method: what a pooling makes of a window.
    """

    taps: NDArray[np.float64] | None
    bias: NDArray[np.float64]
    border: Border | None
    spread: bool = False
    method: str = ""


class Mixing(Value):
    """What a step makes of every input channel before it adds them up, for figures that draw that.

    Attributes:
        weights: (out, in / groups, rows, cols).
        bias: one number an output channel.
        sources: the input channels that each output channel sees.
        alike: returns a layer that slides other weights (out, 1, rows, cols), in so many groups, in the same way.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    sources: list[range]
    alike: Callable[[NDArray[np.float64], int], Layer]


class Step:
    """A layer planned for one input shape. A class of steps is derived from this one; what it declares has defaults.

    Attributes:
        output: the shape that comes out.
        stages: the arithmetic of every sliding window, and what it costs.
        combine: how the results of several prepared jobs become one, a key of `imgconv.engines._bands.COMBINE`; None
            for a single job.
        correlates: whether it is nothing but the correlations that `jobs` returns, so that it can be handed whole
            numbers in a float type, and be run on parts of the image.
        sees: `NEAR`, `WRAPPED` or `ALL`; all but the last can be streamed, by `along`.
    """

    if TYPE_CHECKING:  # a class may have them as fields or as properties

        @property
        def output(self) -> Shape: ...
        @property
        def stages(self) -> tuple[Stage | Fork, ...]: ...

    @property
    def combine(self) -> str | None:
        """None, for a single job."""
        return None

    @property
    def correlates(self) -> bool:
        """False."""
        return False

    @property
    def sees(self) -> str:
        """All rows."""
        return ALL

    def prepare(self, setting: Setting, dtype: np.dtype[Any]) -> Sequence[Prepared]:
        """Choose how this step runs on samples of `dtype`."""
        raise NotImplementedError

    def mixing(self) -> Mixing | None:
        """Return what it makes of every input channel before it adds them up; None if it does not."""
        return None

    def jobs(self, white: float, whole: Whole | None = None) -> list[Job]:
        """Return the correlations that this step is, for samples whose largest value is `white`."""
        raise NotImplementedError

    def along(self, taken: Shape, setting: Setting, dtype: np.dtype[Any]) -> Along:
        """Return how it goes along the rows of an image of shape `taken` and samples of `dtype`."""
        raise NotImplementedError


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
        found: Any = declared(module, "".join(part.title() for part in name.split("-")), type)
        if problem := _problem(found):
            raise Broken(problem)
        layer: type[Layer] = found
        return layer

    @classmethod
    def kinds(cls) -> dict[str, str]:
        """Return the kind of every field, one of `KINDS`, in their order."""
        annotated: dict[str, str] = {}
        for base in reversed(cls.__mro__):
            annotated |= {name: str(kind) for name, kind in vars(base).get("__annotations__", {}).items()}
        return {name: annotated[name].removesuffix(" | None") for name in cls._fields}

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the values of fields that may be left out, by name."""
        found: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            found |= {name: value for name, value in vars(base).items() if name in cls._fields}
        return found

    def __post_init__(self) -> None:
        for name in self.needs:
            if getattr(self, name) is None:
                raise OptionError(name, "it is missing")
        for name, known in self.words.items():
            refuse_other(name, getattr(self, name), known)
        given = [name for name in self.chooses if getattr(self, name) is not None]
        if self.chooses and len(given) != 1:
            found = f"{' and '.join(given)} are" if given else "none is"
            raise OptionError(
                self.kind, f"it needs one of {', '.join(self.chooses)}, as in {self.chooses[0]}: 2; {found} given"
            )

    @property
    def package(self) -> str:
        """Whose code it is, as that is imported; nothing for this package's own."""
        package = type(self).__module__.partition(".")[0]
        return "" if package == __name__.partition(".")[0] else package

    @property
    def averages(self) -> bool:
        """Whether results are weighted means of samples, in which alpha must be the weight."""
        return False

    @property
    def mixes(self) -> bool:
        """Whether only the channels of a pixel are mixed, so that colours need not be weighted by alpha."""
        return False

    @property
    def weightless(self) -> bool:
        """Whether colours are not weighted by alpha for its sake, not even where that is asked for."""
        return False

    @property
    def angles(self) -> bool:
        """Whether results are angles in degrees, from 0 to 360, whatever the samples are."""
        return False

    @property
    def map(self) -> str | None:
        """How results become samples unless the user says: one of `imgconv.kernels.value.MAPS`, or None for clip."""
        return None

    @property
    def comparable(self) -> tuple[Layer, ...]:
        """What two engines are compared by: the layer itself, unless a last digit can turn its results round."""
        return (self,)

    def largest(self, top: float) -> float:
        """Return the largest magnitude that a result can have of samples of at most `top`, as far as that is known."""
        return top

    def plan(self, shape: Shape) -> Step:
        """Work out every size.

        Raises:
            SizeError: there is no such size.
            ChannelError: the weights are for another number of channels.
            OptionError: the layer's fields do not go with such a shape.
        """
        raise NotImplementedError

    def slide(self, shape: Shape) -> Slide:
        """Return how its window slides over an image of that shape.

        Raises:
            OptionError: it has no window.
        """
        problem = f"{self.kind} has no single window that slides; take a convolution, transposed or not, or a pooling"
        raise OptionError("layer", problem)

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


@lru_cache
def _problem(layer: type[Any]) -> str:
    """Return what keeps a class from being a layer, or nothing."""
    if not issubclass(layer, Layer):
        return f"its {layer.__name__} is not derived from imgconv.layers.Layer"
    for field, kind in layer.kinds().items():
        if field in vars(Layer):
            return f"its field {field} has the name of what every layer has; take another"
        if kind not in KINDS:
            known = f"annotate it, as a string, with one of {', '.join(sorted(KINDS))}"
            return f"its field {field} is of no kind that YAML is read into; {known}"
    if layer.plan is Layer.plan or layer.for_alpha is Layer.for_alpha:
        return f"its {layer.__name__} has no {'plan' if layer.plan is Layer.plan else 'for_alpha'} of its own"
    return ""
