"""Engines: what runs a correlation. Every engine gives the same answer.

An engine is a module of this folder, named after it, that holds a function ``prepare(job, shape, dtype)``.
`prepare` chooses a way before any sample is read and says why; the `Prepared` it returns computes any band of
output rows on its own, so that bands can run on several threads. Modules whose name starts with an underscore
are parts of engines. An engine may say two things of itself:

- ``OWN = True``: it is this package's own code, which is also what computes whatever no engine is asked for.
- ``REFEREE = True``: it is plain and independent, so that other engines are checked against it.

A job is one correlation on every channel alike::

    out[y, x, c] = sum over i, j of taps[i, j] * padded[y*stride + i*dilation, x*stride + j*dilation, c]
    result       = out / divisor + offset

where ``padded[r, q] = image[rows[r], cols[q]]``, or `constant` where an index map holds -1.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from imgconv.border import Border, index_map
from imgconv.enginenames import DEFAULT, FOLDERS, names
from imgconv.errors import OptionError, did_you_mean, quoted
from imgconv.geometry import Extent, reach
from imgconv.kernels.value import Kernel
from imgconv.value import Value

__path__ = FOLDERS

__all__ = ["DEFAULT", "Engine", "Floats", "Job", "Pair", "Prepared", "get", "is_own", "names", "other_than"]

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


class Prepared(Protocol):
    """A job with its way chosen, ready to run on any band of output rows."""

    @property
    def reason(self) -> str:
        """The way and why, for the report: ``separable, because the kernel has rank 1 ...``."""

    @property
    def band_rows(self) -> int:
        """How many output rows to compute at once; bands start at multiples of it."""

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive) as (rows, cols, channels), float32 or float64."""


class Engine(Protocol):
    """A module of this folder."""

    def prepare(self, job: Job, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Prepared:
        """Choose how to run `job` on images of `shape` (rows, cols, channels) and `dtype`."""


def get(name: str) -> Engine:
    """Return the engine called `name`.

    Raises:
        OptionError: there is none.
    """
    if name not in names():
        raise OptionError("engine", f"{quoted(name)} is none of {'|'.join(names())}{did_you_mean(name, names())}")
    engine: Any = import_module(f"imgconv.engines.{name}")
    return engine  # type: ignore[no-any-return]


def is_own(name: str) -> bool:
    """Whether the engine of that name is this package's own code, as all is that no engine is asked for."""
    return bool(getattr(get(name), "OWN", False))


def other_than(name: str) -> str:
    """Return the engine that the one called `name` is checked against: a referee, or else the default one.

    Raises:
        OptionError: there is no engine of that name, or no other one.
    """
    get(name)
    others = [other for other in names() if other != name]
    if not others:
        raise OptionError("check", "there is no other engine to compare with")
    referees = [other for other in others if getattr(get(other), "REFEREE", False)]
    return (referees or [other for other in others if other == DEFAULT] or others)[0]
