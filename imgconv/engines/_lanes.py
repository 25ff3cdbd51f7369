"""What the core's operations compute in, and how one job is computed by them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.value import Value

OPERATIONS = ("F32", "F64", "DOT8", "DOT16", "MUL16", "MULH16", "FOLD16", "BOX", "BOX64")
F32, F64, DOT8, DOT16, MUL16, MULH16, FOLD16, BOX, BOX64 = range(9)
WORDS = ("float32", "float64", "8-bit integers", *["16-bit integers"] * 4, *["integers"] * 2)
"""What they compute in, for reports."""
INTEGERS = (DOT8, DOT16, BOX)
"""Operations whose results are int32."""
DOUBLES = (F64, BOX64)
"""Operations whose results are float64."""
BOXES = (BOX, BOX64)
"""Running sums, in 32 and in 64 bits."""
PACKED = (1, 1, 4, 2, 1, 1, 1, 1, 1)
"""Samples in a lane, by operation."""
LANE_BYTES = (4, 8, 4, 4, 2, 2, 2, 4, 8)
LANE_TYPE = ("f4", "f8", "i1", "i2", "i2", "i2", "i2", "i4", "f8")
SAMPLES = ("u1", "u2", "f4", "f8")
"""The sample types, in the order of the core's enum."""
FIXED_ERROR = 0.15
"""The largest error of a result in fixed point, in sample values, before it is rounded to a whole one."""


class Arithmetic(Value):
    """How one job is computed in the core's lanes.

    A result is ``(accumulator + base) * unit + offset``.

    Attributes:
        operation: number of the core's operation.
        terms: the taps of each pass, (column, row) or (taps, None), in the samples' type of a lane.
        unit: what one accumulator step is worth; with `divisor` it is exactly 1 / divisor.
        divisor: for integer taps on integer samples; 0 where results are not exact.
        base: added to every accumulator.
        start: what the accumulators of a single pass start from.
        shift: bits that DOT16 rounds away between the pass along and the pass down.
        peak: the largest magnitude of an accumulator plus base.
        error: bound of the error of a result, in sample values; 0 where the result is exact.
    """

    operation: int
    terms: tuple[tuple[NDArray[Any], NDArray[Any] | None], ...]
    unit: float = 1.0
    divisor: int = 0
    base: float = 0.0
    start: int = 0
    shift: int = 0
    peak: float = np.inf
    error: float = 0.0

    @property
    def fixed(self) -> bool:
        """Whether taps were rounded to fixed point."""
        return self.divisor == 0 and self.operation not in (F32, *DOUBLES)

    @property
    def words(self) -> str:
        """What it computes in, and how far results may be off where taps were rounded, for the report."""
        kind = WORDS[self.operation]
        if self.fixed:
            return (
                f"{kind.removesuffix(' integers')} fixed point, at most {_rounded_up(self.error)} off before rounding"
            )
        return f"integers in {kind}" if self.divisor and self.operation in (F32, F64) else kind


def _rounded_up(error: float) -> str:
    """Return an error bound with two digits; 0.0001 stands for all that is smaller."""
    step = 10.0 ** (np.floor(np.log10(max(error, 1e-4))) - 1)
    return f"{np.ceil(max(error, 1e-4) / step - 1e-9) * step:.2g}"


class Finish(NamedTuple):
    """How the core makes samples from accumulators, in the order of its own structure; see _core_sink.h.

    Attributes:
        scale, shift: a result is ``accumulator * scale + shift``.
        half: added before results are cut to whole numbers.
        below, above: accumulators or results from which on samples are clipped.
        top: the largest sample, or where it is told from larger ones.
        absolute: whether signs are dropped.
        counted: whether what is clipped is counted.
        halves: by how many bits 16-bit accumulators are shifted; -1 where they are multiplied.
        wide: whether results are computed in double.
        code: of the samples' type, its place in `SAMPLES`.
        divisor: by which sums are divided exactly; 0 where `scale` is enough.
        watched: whether smallest and largest results are looked for.
    """

    scale: float
    shift: float
    half: float = 0.0
    below: float = 0.0
    above: float = 0.0
    top: float = 0.0
    absolute: bool = False
    counted: bool = False
    halves: int = -1
    wide: bool = False
    code: int = 2
    divisor: float = 0.0
    watched: bool = True
