"""From float results to samples of the output's type: the only code that rounds.

A result is rounded half away from zero and kept within the type's range; how many samples that changed is
counted, so that nothing is lost silently. Float types have a nominal range of 0 to 1 and keep what lies beyond it, up
to the largest number that they hold.
"""

from __future__ import annotations

from math import isinf
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from imgconv.value import Value

Samples = NDArray[Any]


def limits(dtype: DTypeLike) -> tuple[float, float]:
    """Return the smallest and the largest sample value, infinities apart."""
    kind = np.dtype(dtype)
    return (float(np.finfo(kind).min), float(np.finfo(kind).max)) if kind.kind == "f" else (0.0, full_range(kind))


def full_range(dtype: DTypeLike) -> float:
    """Return the sample value that stands for white: 255, 65535, or 1 for float types."""
    kind = np.dtype(dtype)
    return 1.0 if kind.kind == "f" else float(np.iinfo(kind).max)


class Stats(Value):
    """What was seen while samples were made.

    Attributes:
        minimum, maximum: of the results before mapping; NaN left out; infinities included.
        below, above: samples that were clipped at the low and the high end.
        nan: results that are not a number; they become 0 in integer types, and stay in float types.
        total: samples in all.
        infinite: results that are infinite and stay so, which only float types hold; elsewhere they are clipped.
    """

    minimum: float = float("inf")
    maximum: float = float("-inf")
    below: int = 0
    above: int = 0
    nan: int = 0
    total: int = 0
    infinite: int = 0

    def __add__(self, other: Stats) -> Stats:
        return Stats(
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            self.below + other.below,
            self.above + other.above,
            self.nan + other.nan,
            self.total + other.total,
            self.infinite + other.infinite,
        )

    @property
    def clipped(self) -> int:
        """Samples that hold another value than the result did, rounding apart."""
        return self.below + self.above

    @classmethod
    def of(cls, values: Samples) -> Stats:
        """Measure floats, NaN and infinities among them."""
        if values.size == 0:
            return cls()
        low, high, nan = float(values.min()), float(values.max()), 0
        if low != low:  # a NaN poisons min and max
            nan = int(np.count_nonzero(np.isnan(values)))
            low, high = float("inf"), float("-inf")
            if nan < values.size:
                low, high = float(np.fmin.reduce(values, axis=None)), float(np.fmax.reduce(values, axis=None))
        return cls(low, high, nan=nan, total=values.size).counting_infinite(values)

    def counting_infinite(self, values: Samples) -> Stats:
        """Return the same with the infinities among float samples counted; looked for only where there are any."""
        if values.dtype.kind != "f" or not (isinf(self.minimum) or isinf(self.maximum)) or self.nan == self.total:
            return self
        return self.replace(infinite=int(np.count_nonzero(np.isinf(values))))


def ends_of(map: str, seen: Stats) -> tuple[float, float]:
    """Return the results that a map which goes by what was seen makes black and white."""
    return (seen.minimum, seen.maximum) if seen.minimum <= seen.maximum else (0.0, 0.0)


class Tone(Value):
    """How float results become samples of `dtype`.

    Attributes:
        map: ``clip`` keeps what fits; ``abs`` drops the sign first; ``offset`` adds half the range, so that 0
            becomes mid-grey; ``stretch`` maps `low`..`high` onto the full range.
        dtype: uint8, uint16, float16, float32 or float64.
        low, high: the results that become black and white; used by ``stretch`` only.
        white: the result that stands for white elsewhere; None means the largest sample of `dtype`.
        watched: whether anybody asks what was seen; an engine may look at nothing if not.
    """

    map: str
    dtype: np.dtype[Any]
    low: float = 0.0
    high: float = 1.0
    white: float | None = None
    watched: bool = True

    @property
    def slope(self) -> float:
        """The factor on every result."""
        span = self.white if self.map != "stretch" else self.high - self.low
        if span is None:
            return 1.0
        return full_range(self.dtype) / span if span else 0.0

    @property
    def shift(self) -> float:
        """What is added after the factor: for ``offset`` the middle of the range, which is 128 for uint8."""
        if self.map == "stretch":
            return -self.low * self.slope
        if self.map == "offset":
            top = full_range(self.dtype)
            return top / 2 if self.dtype.kind == "f" else (top + 1) / 2
        return 0.0

    def apply(self, values: Samples) -> tuple[Samples, Stats]:
        """Return `values` as samples, and what was seen; `values` is overwritten.

        Args:
            values: float32 or float64 results, any shape.
        """
        if self.dtype.kind == "f":
            seen = Stats.of(values)
            samples, below, above = narrowed(self.mapped(values), self.dtype)
            return samples, seen.replace(below=below, above=above)
        nan = 0
        seen = Stats.of(values)
        mapped = self.mapped(values)
        if not np.isfinite(seen.minimum + seen.maximum) or np.isnan(mapped.max(initial=0)):
            holes = np.isnan(mapped)
            nan = int(np.count_nonzero(holes))
            mapped[holes] = 0
        round_half_away(mapped)
        top = full_range(self.dtype)
        below = above = 0
        # Counting costs a pass, so it is done only where there can be something to count.
        if mapped.size and float(mapped.min()) < 0:
            below = int(np.count_nonzero(mapped < 0))
        if mapped.size and float(mapped.max()) > top:
            above = int(np.count_nonzero(mapped > top))
        if below or above:
            np.clip(mapped, 0, top, out=mapped)
        stats = Stats(seen.minimum, seen.maximum, below, above, nan, seen.total)  # infinities are clipped
        return mapped.astype(self.dtype), stats

    def mapped(self, values: Samples) -> Samples:
        """Return `values`, which are overwritten, in units of the samples, neither rounded nor clipped."""
        if self.map == "abs":
            np.abs(values, out=values)
        if self.slope != 1:
            values *= self.slope
        if self.shift:
            values += self.shift
        return values


def narrowed(values: Samples, dtype: DTypeLike) -> tuple[Samples, int, int]:
    """Return floats in another float type, rounded to nearest, and how many lie below and above all that it holds.

    Those become its largest numbers; infinities and NaN stay what they are.

    >>> narrowed(np.array([0.1, 65519, 65520, -1e9, np.inf]), np.float16)[0].tolist()
    [0.0999755859375, 65504.0, 65504.0, -65504.0, inf]
    """
    kind = np.dtype(dtype)
    if kind.itemsize >= values.dtype.itemsize:
        return values.astype(kind, copy=False), 0, 0
    with np.errstate(over="ignore", under="ignore"):
        samples = values.astype(kind)
    beyond = np.isinf(samples)
    if not beyond.any():
        return samples, 0, 0
    beyond &= np.isfinite(values)
    above = beyond & (values > 0)
    below = beyond & (values < 0)
    top = np.finfo(kind).max
    samples[above], samples[below] = top, -top
    return samples, int(np.count_nonzero(below)), int(np.count_nonzero(above))


def round_half_away(values: Samples) -> Samples:
    """Round to whole numbers in place, halves away from zero, and return `values`.

    >>> round_half_away(np.array([0.5, 1.5, -0.5, 2.4999])).tolist()
    [1.0, 2.0, -1.0, 2.0]
    """
    # floor(x + 0.5) would carry 0.49999997 up to 1; the fraction that trunc cuts off is exact.
    integers = np.trunc(values)
    with np.errstate(invalid="ignore"):  # infinities stay what they are
        np.subtract(values, integers, out=values)
    integers += values >= 0.5
    integers -= values <= -0.5
    values[...] = integers
    return values
