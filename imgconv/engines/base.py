"""What an engine is: the contract that every module of this folder keeps, and other packages' modules too.

An engine is a module with a function ``prepare(job, shape, dtype)``. It chooses a way before any sample is read and
says why; the `Prepared` it returns computes any band of output rows on its own, so that bands can run on several
threads. That alone makes an engine. What else it can do it declares in a constant ``TRAITS``, a `Traits`; what it does
not declare, it lacks: the package's own functions do that in its place, and the report says so. A library that may not
be installed is imported in ``prepare``, which raises `imgconv.errors.LibraryError` where it is missing.

A job is one correlation on every channel alike::

    out[y, x, c] = sum over i, j of taps[i, j] * padded[y*stride + i*dilation, x*stride + j*dilation, c]
    result       = out / divisor + offset

where ``padded[r, q] = image[rows[r], cols[q]]``, or `constant` where an index map holds -1. A tap of 0 counts for
nothing, even where it lies on a NaN or an infinity. The image is often read-only, and never written to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from imgconv.border import Border, index_map
from imgconv.errors import EngineError, quoted
from imgconv.geometry import Extent, reach
from imgconv.kernels.value import Kernel
from imgconv.registry import Broken, declared, function
from imgconv.tone import Stats, Tone
from imgconv.value import Value

Floats = NDArray[Any]
Pair = tuple[int, int]


class Whole(NamedTuple):
    """Samples that are whole numbers in a float type, so that integer taps give exact sums.

    Attributes:
        unit: so many of them make one step of the scale that results are in.
        top: the largest that a sample can be; none is below 0.
    """

    unit: int
    top: float


class Job(Value):
    """One correlation; every pair is (rows, cols).

    Attributes:
        taps: (rows, cols) float64, as slid.
        divisor: results are divided by it; 1 unless the taps or the samples are integers.
        offset: added after the division, in the values of results.
        rows, cols: index maps of the padded axes.
        constant: the sample where an index map holds -1.
        stride, dilation: steps between windows and between taps.
        whole: for samples of a float type that are whole numbers.
    """

    taps: NDArray[np.float64]
    rows: NDArray[np.intp]
    cols: NDArray[np.intp]
    divisor: int = 1
    offset: float = 0.0
    constant: float = 0.0
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    whole: Whole | None = None

    @classmethod
    def of(cls, kernel: Kernel, extent: Extent, border: Border, white: float, whole: Whole | None = None) -> Job:
        """Return the job of sliding `kernel`, as it stands, over an image of the given extent.

        Args:
            kernel: as slid, that is already rotated for a convolution.
            extent: both axes, solved.
            border: what fills the padding.
            white: the result that stands for white, which an offset in per cent refers to.
            whole: as in `Job`.
        """
        unit = whole.unit if whole else 1
        exact = kernel.integral and abs(kernel.scale.numerator) < 2**31 and kernel.scale.denominator * unit < 2**31
        width, height = extent.width, extent.height
        return cls(
            taps=kernel.weights * kernel.scale.numerator if exact else kernel.taps,
            divisor=kernel.scale.denominator * unit if exact else unit,
            offset=kernel.offset.at(white),
            rows=index_map(border, height.size, height.before, height.after),
            cols=index_map(border, width.size, width.before, width.after),
            constant=border.value * unit,
            stride=(height.stride, width.stride),
            dilation=(height.dilation, width.dilation),
            whole=whole,
        )

    @property
    def output(self) -> Pair:
        """(rows, cols) of the output."""
        rows, cols = self.taps.shape
        return (
            (len(self.rows) - reach(rows, self.dilation[0])) // self.stride[0] + 1,
            (len(self.cols) - reach(cols, self.dilation[1])) // self.stride[1] + 1,
        )

    @property
    def integral(self) -> bool:
        """Whether every tap is an integer."""
        return bool(np.all(self.taps == np.rint(self.taps)))

    def source_rows(self, start: int, stop: int) -> NDArray[np.intp]:
        """Return the part of the row map that output rows `start` to `stop` (exclusive) see."""
        first = start * self.stride[0]
        last = (stop - 1) * self.stride[0] + reach(self.taps.shape[0], self.dilation[0])
        return self.rows[first:last]


class Way(NamedTuple):
    """A part of the computing: why it goes as it does, and whether the engine that was asked for does it.

    Attributes:
        reason: in words.
        elsewhere: whether it is a function of the layer's package, as no engine is asked for such a thing.
        layer: the layer's number, from 1.
    """

    reason: str
    elsewhere: bool = False
    layer: int = 1


class Prepared:
    """A job with its way chosen, ready to run on any band of output rows.

    A class of prepared jobs is derived from this one, says its `reason` and `band_rows`, and computes. The rest has
    defaults.

    Attributes:
        reason: the way and why, for the report: ``separable, because the kernel has rank 1 ...``.
        band_rows: how many output rows to compute at once; bands start at multiples of it.
        elsewhere: whether functions of the layer's package compute this, whatever engine was asked for.
        ways: the parts of a job of several steps; empty for one that goes as `reason` says.
        stores: whether `store` makes samples, which saves the floats in between.
        cheap: whether to compute twice, first to measure, takes less than to keep all results as floats in between; so
            it does wherever samples are stored.
        joins: whether the native core can combine it with other members of a kernel; jobs of that core say so.
        job: what it computes, where it is one correlation.
        error: how far results may be off before they are rounded, in sample values.
    """

    if TYPE_CHECKING:  # a class may have them as fields or as properties

        @property
        def reason(self) -> str: ...
        @property
        def band_rows(self) -> int: ...

    elsewhere: ClassVar[bool] = False
    stores: ClassVar[bool] = False
    cheap: ClassVar[bool] = False
    ways: tuple[Way, ...] = ()
    job: Job | None = None

    @property
    def joins(self) -> bool:
        """Whether the native core can combine it with others."""
        return False

    @property
    def error(self) -> float:
        """How far results may be off before they are rounded."""
        return 0.0

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive) as (rows, cols, channels), float32 or float64."""
        raise NotImplementedError

    def suited(self, tone: Tone | None) -> Prepared:
        """Return the way for samples of `tone`: integers need less exactness than floats."""
        return self

    def store(self, image: NDArray[Any], start: int, stop: int, out: NDArray[Any], tone: Tone | None) -> Stats:
        """Compute output rows `start` to `stop` (exclusive) into `out` and return what was seen, where it `stores`.

        Args:
            image: (rows, cols, channels).
            start, stop: rows.
            out: the rows' samples, of the type of `tone`.
            tone: how results become samples; None keeps them as they are, in a float type.
        """
        raise NotImplementedError


CORRELATE, CHANNELS = "correlate", "channels"
"""What engines can do: slide one kernel over every channel alike; slide a kernel over all channels together."""


class Traits(Value):
    """What a module says of its engine.

    Attributes:
        primitives: what it does itself. Poolings, resampling and matrices over channels are the package's own for
            every engine, and `CHANNELS` is for any but the package's own.
        referee: whether it is plain and independent, so that other engines are checked against it.
        own: whether it is the package's own code, which also computes whatever no engine is asked for.
    """

    primitives: frozenset[str] = frozenset({CORRELATE})
    referee: bool = False
    own: bool = False


class Engine(Value):
    """An engine: its name, what it declares, and what chooses a way for a job on images of a shape and type."""

    name: str
    traits: Traits
    choose: Callable[[Job, tuple[int, int, int], np.dtype[Any]], Any]

    @classmethod
    def of(cls, name: str, module: Any) -> Engine:
        """Return the engine that a module is.

        Raises:
            Broken: it does not keep the contract.
        """
        traits = declared(module, "TRAITS", Traits, Traits())
        if unknown := set(traits.primitives) - {CORRELATE, CHANNELS}:
            raise Broken(f"its TRAITS name a primitive that there is not, {min(map(repr, unknown))}")
        if not str(vars(module)["__name__"]).startswith("imgconv.") and (traits.own or CHANNELS in traits.primitives):
            raise Broken(
                "its TRAITS declare what is computed by imgconv's own functions, which only its own engine does"
            )
        return cls(name, traits, function(module, "prepare"))

    def prepare(self, job: Job, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Prepared:
        """Choose how to run `job` on images of `shape` (rows, cols, channels) and `dtype`.

        Raises:
            EngineError: what its module prepared cannot run.
        """
        chosen = self.choose(job, shape, dtype)
        if isinstance(chosen, Prepared):
            return chosen
        if isinstance(chosen, Computes):
            return Plain(job, chosen)
        raise EngineError(
            f"engine {quoted(self.name)} prepared an object of type {type(chosen).__name__}, which computes nothing"
        )

    def does(self, primitive: str) -> bool:
        """Whether it has a primitive; what it lacks the package's own functions do."""
        return primitive in self.traits.primitives


@runtime_checkable
class Computes(Protocol):
    """What a module prepares that knows nothing of `Prepared`: the least that runs."""

    reason: str
    band_rows: int

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive)."""


class Plain(Value, Prepared):
    """A job that a module prepared which knows nothing of `Prepared`."""

    job: Job
    chosen: Computes

    @property
    def reason(self) -> str:
        """The way and why."""
        return self.chosen.reason

    @property
    def band_rows(self) -> int:
        """Output rows to compute at once."""
        return self.chosen.band_rows

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive)."""
        return self.chosen(image, start, stop)
