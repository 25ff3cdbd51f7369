"""Kernels as frozen values: a matrix of taps, several matrices combined, or a matrix over channels.

The taps of a `Kernel` are kept as they are written, that is as a convolution kernel: `slid` rotates them by 180
degrees into the mask that is laid on the picture, unless the caller asks to correlate.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import hypot, sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import KernelValueError
from imgconv.kernels.arrays import MAX_SIDE, MAX_TAP, Matrix, as_array, as_matrix, farthest, fold
from imgconv.value import Value
from imgconv.words.base import none_of
from imgconv.words.map import MAPS
from imgconv.words.number import exact

CLASSES = ("smooth", "sharpen", "derivative", "bank", "stylise", "upsample", "pointwise", "other")
"""The kinds of kernels, in the order in which ``imgconv kernels list`` shows them."""

COMBINES = ("magnitude", "max", "sum", "angle")
"""How the results of a combined kernel's members become one: L2 norm, largest value, sum, or atan2 in degrees."""

SEPARABLE_TOLERANCE = 1e-12
"""Singular values below this share of the largest one are rounding noise and do not count for the rank."""


class Offset(Value):
    """What is added to a result: ``value`` in sample values plus ``share`` of the sample type's full range."""

    value: float = 0.0
    share: float = 0.0

    @classmethod
    def read(cls, value: object) -> Offset:
        """Return an offset given as a number of sample values, or as ``50%`` of the sample type's full range.

        Raises:
            Wrong: it is neither.
        """
        if isinstance(value, str) and value.strip().endswith("%"):
            return cls(share=float(exact(value.strip()[:-1])) / 100)
        return cls(value=float(exact(value)))

    def at(self, full_range: float) -> float:
        """Return the offset in sample values for a sample type whose largest value is `full_range`."""
        return self.value + self.share * full_range

    def __bool__(self) -> bool:
        return self.value != 0 or self.share != 0

    def __str__(self) -> str:
        if self.share:
            return f"{self.share * 100:g}%"
        return f"{self.value:g}"


class Named(Value, kw_only=True):
    """What every kernel carries besides its numbers."""

    name: str
    summary: str = ""
    source: str = ""
    kind: str = "other"
    map: str | None = None

    __eq__ = object.__eq__  # comparing arrays gives an array, so a kernel equals only itself
    __hash__ = object.__hash__

    def __post_init__(self) -> None:
        if self.kind not in CLASSES:
            raise KernelValueError(self.name, f"class {none_of(self.kind, CLASSES).problem}")
        if self.map is not None and self.map not in MAPS:
            raise KernelValueError(self.name, f"map {none_of(self.map, MAPS).problem}")


class TapKernel(Named, kw_only=True):
    """Taps on any number of axes, ``weights * scale``, and what is added to their result.

    Attributes:
        weights: as written, float64, read-only.
        scale: factor on every tap, kept as a fraction so that integer weights over a divisor stay exact.
        offset: added to every result.
    """

    weights: NDArray[np.float64]
    scale: Fraction = Fraction(1)
    offset: Offset = Offset()

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        if self.scale and not 1 / Fraction(MAX_TAP) <= abs(self.scale) <= MAX_TAP:
            raise KernelValueError(self.name, f"the scale must lie within {1 / MAX_TAP:g} and {MAX_TAP:g}")
        _check_offsets(self.name, (self.offset,))

    @property
    def size(self) -> str:
        """``WIDTHxHEIGHT``, and ``xDEPTH`` if there is one, for people."""
        return "x".join(map(str, reversed(self.weights.shape)))

    @property
    def taps(self) -> NDArray[np.float64]:
        """The taps that are applied, as written: ``weights * scale``."""
        if self.scale == 1:
            return self.weights
        if max(abs(self.scale.numerator), self.scale.denominator) >= 2**53:
            return self.weights * float(self.scale)
        return self.weights * self.scale.numerator / self.scale.denominator

    @property
    def integral(self) -> bool:
        """Whether every weight is an integer, so that results on integer samples can be exact."""
        return bool(np.all(self.weights == np.rint(self.weights)) and np.abs(self.weights).max() < 2**53)

    def slid(self, correlate: bool = False) -> Self:
        """Return the kernel as it is laid on the picture: reversed along all axes unless `correlate`."""
        return self if correlate else self.replace(weights=np.flip(self.weights))

    @property
    def sum(self) -> float:
        """The sum of the taps: what a flat area of ones becomes."""
        return fold(float(np.sum(self.weights)), self.weights) * float(self.scale)

    @property
    def positive_sum(self) -> float:
        """The sum of the positive taps."""
        return float(self.taps[self.taps > 0].sum())

    @property
    def negative_sum(self) -> float:
        """The sum of the negative taps."""
        return float(self.taps[self.taps < 0].sum())

    @property
    def ramp_gain(self) -> float:
        """The response to a ramp of slope 1 along the kernel's own direction: the length of the first moment."""
        moments = [self.taps * along for along in np.indices(self.weights.shape)]
        return hypot(*(fold(float(terms.sum()), terms) for terms in moments))

    def guaranteed_range(self, low: float, high: float) -> tuple[float, float]:
        """Return the smallest and largest result possible for samples within `low` and `high`.

        >>> from imgconv.kernels.library import kernel
        >>> kernel("sobel-x").guaranteed_range(0, 255)
        (-1020.0, 1020.0)
        """
        positive, negative, offset = self.positive_sum, self.negative_sum, self.offset.at(high)
        return positive * low + negative * high + offset, positive * high + negative * low + offset


class Kernel(TapKernel, kw_only=True):
    """A matrix of taps, ``weights * scale``, and what is added to its result.

    Attributes:
        weights: (rows, cols) as written, float64, read-only.
        scale, offset: as in `TapKernel`.
        anchor: (row, col) of the tap that lies on the output pixel, counted in `weights`; None means the middle
            one, and for even sizes the one left of and above the middle as slid.
    """

    anchor: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        TapKernel.__post_init__(self)
        object.__setattr__(self, "weights", as_matrix(self.weights, self.name))
        _check_anchor(self.name, self.anchor, self.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        rows, cols = self.weights.shape
        return rows, cols

    def slid(self, correlate: bool = False) -> Self:
        """Return the kernel as it is laid on the picture: rotated by 180 degrees unless `correlate`."""
        if correlate or self.anchor is None:
            return TapKernel.slid(self, correlate)
        anchor = self.shape[0] - 1 - self.anchor[0], self.shape[1] - 1 - self.anchor[1]
        return self.replace(weights=np.flip(self.weights), anchor=anchor)

    @property
    def rank(self) -> int:
        """The number of singular values that are not rounding noise; 1 means separable, 0 all zero."""
        values = np.linalg.svd(self.weights, compute_uv=False)
        return int(np.count_nonzero(values > SEPARABLE_TOLERANCE * values[0])) if values[0] else 0


class VolumeKernel(TapKernel, kw_only=True):
    """Taps on three axes, (planes, rows, cols) as written; the middle one lies on the output as in `Kernel`."""

    def __post_init__(self) -> None:
        TapKernel.__post_init__(self)
        object.__setattr__(self, "weights", as_array(self.weights, self.name, "planes, rows, cols"))
        if len(self.weights) > MAX_SIDE:
            raise KernelValueError(self.name, f"{len(self.weights)} planes are more than {MAX_SIDE}")

    @property
    def flat(self) -> Kernel:
        """The kernel that filters a stack of equal pages as this one does: the sum of its planes."""
        fields = {name: getattr(self, name) for name in TapKernel._fields}
        return Kernel(**{**fields, "weights": self.weights.sum(axis=0)})


class Combined(Named, kw_only=True):
    """Several kernels whose float results become one: `combine` is one of `COMBINES`."""

    combine: str
    of: tuple[Kernel, ...]

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        if self.combine not in COMBINES:
            raise KernelValueError(self.name, f"combine {none_of(self.combine, COMBINES).problem}")
        if len(self.of) < 2 or (self.combine == "angle" and len(self.of) != 2):
            needed = "exactly two kernels, x and y" if self.combine == "angle" else "at least two kernels"
            raise KernelValueError(self.name, f"combine: {self.combine} needs {needed} in 'of'")
        first = self.of[0]
        for member in self.of[1:]:
            if member.shape != first.shape or member.anchor != first.anchor:
                raise KernelValueError(
                    self.name,
                    f"its members must have one size and anchor, but {first.name} is {first.size} "
                    f"and {member.name} {member.size}",
                )

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols) of every member."""
        return self.of[0].shape

    def guaranteed_range(self, low: float, high: float) -> tuple[float, float]:
        """Return bounds of the combined result for samples within `low` and `high`; the angle is in degrees."""
        if low == 0 and not any(member.offset for member in self.of) and self.combine != "angle":
            lowest, highest = self.bounds
            return lowest * high, highest * high
        ranges = [member.guaranteed_range(low, high) for member in self.of]
        match self.combine:
            case "magnitude":
                return 0.0, sqrt(sum(max(abs(a), abs(b)) ** 2 for a, b in ranges))
            case "max":
                return max(a for a, _ in ranges), max(b for _, b in ranges)
            case "sum":
                return sum(a for a, _ in ranges), sum(b for _, b in ranges)
            case _:
                return 0.0, 360.0

    @property
    def bounds(self) -> tuple[float, float]:
        """Bounds of the combined result for samples from 0 to 1, without offsets; not of an angle."""
        taps = [member.taps for member in self.of]
        total: Matrix = np.sum(taps, axis=0)
        if self.combine == "sum":
            return float(np.minimum(total, 0).sum()), float(np.maximum(total, 0).sum())
        if self.combine == "max":
            # The largest is at least the mean, which is 0 where the members cancel out.
            mean = float(np.minimum(total, 0).sum()) / len(taps)
            return max(mean, *(member.negative_sum for member in self.of)), max(
                member.positive_sum for member in self.of
            )
        if len(taps) == 2:
            return 0.0, farthest(*taps)
        return 0.0, hypot(*(max(member.positive_sum, -member.negative_sum) for member in self.of))


class Pointwise(Named, kw_only=True):
    """A matrix over the channels of one pixel: ``out[o] = sum_i matrix[o, i] * in[i] + bias[o]``.

    Attributes:
        matrix: (output channels, input channels), float64, read-only.
        bias: one offset for each output channel.
    """

    matrix: Matrix
    bias: tuple[Offset, ...] = ()

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        object.__setattr__(self, "matrix", as_matrix(self.matrix, self.name))
        _check_offsets(self.name, self.bias)
        if self.bias and len(self.bias) != self.matrix.shape[0]:
            raise KernelValueError(
                self.name,
                f"the length of bias is {len(self.bias)}, but the matrix has {self.matrix.shape[0]} rows",
            )

    def guaranteed_range(self, low: float, high: float) -> tuple[float, float]:
        """Return the smallest and largest sample possible in any output channel."""
        biases = self.bias or (Offset(),) * len(self.matrix)
        rows = [
            Kernel(name=self.name, weights=row[None, :], offset=bias).guaranteed_range(low, high)
            for row, bias in zip(self.matrix, biases, strict=True)
        ]
        return min(a for a, _ in rows), max(b for _, b in rows)


class Learned(Named, kw_only=True):
    """The weights of a CNN layer, which mixes channels while it slides.

    Every framework trains and stores such weights as correlation masks. `slid` therefore lays them on the picture
    as they are written, so that a layer gives the numbers it was trained for, unless `correlate` is false.

    Attributes:
        weights: (out, in / groups, rows, cols) as written, float64, read-only.
        bias: one number per output channel, in the units of the samples that the layer was trained on.
        correlate: whether the weights are a correlation mask.
        anchor: as in `Kernel`.
    """

    weights: NDArray[np.float64]
    bias: tuple[float, ...] = ()
    correlate: bool = True
    anchor: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        Named.__post_init__(self)
        object.__setattr__(self, "weights", as_array(self.weights, self.name, "out, in / groups, rows, cols"))
        _check_offsets(self.name, map(Offset, self.bias))
        if self.bias and len(self.bias) != len(self.weights):
            raise KernelValueError(
                self.name,
                f"the length of bias is {len(self.bias)}, but the weights make {len(self.weights)} channels",
            )
        _check_anchor(self.name, self.anchor, self.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        _, _, rows, cols = self.weights.shape
        return rows, cols

    @property
    def size(self) -> str:
        """``WIDTHxHEIGHT``, for people."""
        return f"{self.shape[1]}x{self.shape[0]}"

    def slid(self, correlate: bool = False) -> Learned:
        """Return the layer as it is laid on the picture; `correlate` changes nothing for a correlation mask."""
        if correlate or self.correlate:
            return self.replace(correlate=True)
        anchor = self.anchor and (self.shape[0] - 1 - self.anchor[0], self.shape[1] - 1 - self.anchor[1])
        return self.replace(weights=self.weights[:, :, ::-1, ::-1], anchor=anchor, correlate=True)

    def guaranteed_range(self, low: float, high: float) -> tuple[float, float]:
        """Return the smallest and largest result possible in any output channel for samples within the bounds."""
        bias = np.array(self.bias or (0.0,) * len(self.weights))
        positive = np.maximum(self.weights, 0).sum(axis=(1, 2, 3))
        negative = np.minimum(self.weights, 0).sum(axis=(1, 2, 3))
        return (
            float((positive * low + negative * high + bias).min()),
            float((positive * high + negative * low + bias).max()),
        )


AnyKernel = Kernel | Combined | Pointwise | Learned


def _check_offsets(name: str, offsets: Iterable[Offset]) -> None:
    for offset in offsets:
        if not max(abs(offset.value), abs(offset.share)) <= MAX_TAP:
            raise KernelValueError(name, f"the offset must lie within {-MAX_TAP:g} and {MAX_TAP:g}")


def _check_anchor(name: str, anchor: tuple[int, int] | None, shape: tuple[int, int]) -> None:
    if anchor is not None and not all(0 <= at < size for at, size in zip(anchor, shape, strict=True)):
        raise KernelValueError(
            name,
            f"anchor {list(anchor)} lies outside the {shape[1]}x{shape[0]} kernel (row and column count from 0)",
        )
