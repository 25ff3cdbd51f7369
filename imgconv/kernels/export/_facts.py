"""What follows from a kernel's numbers: factors, symmetry, gain, and the tap that lies on the output pixel."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np
from numpy.typing import NDArray

from imgconv.kernels.arrays import Matrix
from imgconv.kernels.value import Kernel, Learned

Vector = NDArray[np.float64]

SYMMETRIES = ("left_right", "top_bottom", "half_turn", "diagonal", "quarter_turn")
"""Mirrorings and turns of a matrix; the last two exist only for square ones."""

_SAME = 1e-12


def factors(kernel: Kernel) -> tuple[Vector, Vector] | None:
    """Return (column, row) whose outer product is `kernel.weights`, or None if its rank is not 1.

    Integer weights give integers without a common divisor in the row. Otherwise the column, or else the row, is
    scaled to the sum 1, or to the largest value 1 if both sums are 0.

    >>> from imgconv.kernels.library import kernel
    >>> [axis.tolist() for axis in factors(kernel("sobel-x"))]
    [[1.0, 2.0, 1.0], [1.0, 0.0, -1.0]]
    """
    if kernel.rank != 1:
        return None
    weights = kernel.weights
    at = np.unravel_index(int(np.abs(weights).argmax()), weights.shape)
    column, row = weights[:, at[1]] / weights[at], weights[at[0]]
    if kernel.integral:
        row = row / gcd(*map(int, row))
        column = weights[:, at[1]] / row[at[1]]
        if np.array_equal(np.outer(column, row), weights):
            upright = -1.0 if column.sum() < 0 or (column.sum() == 0 and column[column != 0][0] < 0) else 1.0
            return column * upright + 0.0, row * upright + 0.0
    factor = _unit(column)
    if factor is None:
        other = _unit(row)
        factor = 1.0 if other is None else 1 / other
    return column / factor + 0.0, row * factor + 0.0


def _unit(vector: Vector) -> float | None:
    """Return the sum of a vector, or None where it is rounding noise."""
    total = float(vector.sum())
    return None if abs(total) <= _SAME * float(np.abs(vector).sum()) else total


def symmetry(weights: Matrix) -> dict[str, str | None]:
    """Say what each of `SYMMETRIES` does to the weights: ``even`` nothing, ``odd`` changes every sign, None neither.

    >>> symmetry(np.array([[1.0, 0.0, -1.0]]))["left_right"]
    'odd'
    """
    moved = {"left_right": weights[:, ::-1], "top_bottom": weights[::-1], "half_turn": weights[::-1, ::-1]}
    if weights.shape[0] == weights.shape[1]:
        moved |= {"diagonal": weights.T, "quarter_turn": np.rot90(weights)}
    limit = _SAME * float(np.abs(weights).max())

    def kind(other: Matrix | None) -> str | None:
        if other is None:
            return None
        if float(np.abs(weights - other).max()) <= limit:
            return "even"
        return "odd" if float(np.abs(weights + other).max()) <= limit else None

    return {name: kind(moved.get(name)) for name in SYMMETRIES}


def ramp_gain(kernel: Kernel) -> float:
    """Return what a brightness ramp of slope 1 becomes: its new slope, or its value for taps that sum to 0."""
    return kernel.sum or kernel.ramp_gain


def centre(kernel: Kernel | Learned) -> tuple[int, int]:
    """Return (row, col) of the tap, as written, that lies on the output pixel when the kernel is convolved."""
    rows, cols = kernel.shape
    return kernel.anchor or (rows // 2, cols // 2)


def scale_text(scale: Fraction) -> str:
    """Write a scale as people do: an empty text for 1, ``/ 16``, ``x 3/16``, ``x 0.353553``.

    >>> scale_text(Fraction(1, 16)), scale_text(Fraction(3, 16))
    ('/ 16', 'x 3/16')
    """
    if scale == 1:
        return ""
    if max(abs(scale.numerator), scale.denominator) >= 10**7:
        return f"x {float(scale):.6g}"
    return f"/ {scale.denominator}" if scale.numerator == 1 else f"x {scale}"
