"""Taps as arrays of numbers: what they may be, and sums over them that rounding does not blur."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgconv.errors import KernelValueError

Matrix = NDArray[np.float64]

MAX_SIDE = 1001
"""The longest side of a kernel, in taps; larger ones are a slip far more often than a wish."""

MAX_TAP = 1e30
"""The largest magnitude of a tap, and of a scale and its inverse; larger ones are slips, and could overflow."""


def as_matrix(values: ArrayLike, name: str) -> Matrix:
    """Return a copy of `values` as a contiguous, read-only float64 matrix.

    Raises:
        KernelValueError: it is not a two-dimensional matrix of finite numbers with at most `MAX_SIDE` a side.
    """
    return as_array(values, name, "rows, cols")


def as_array(values: ArrayLike, name: str, axes: str) -> NDArray[np.float64]:
    """Return a copy of `values` as a contiguous, read-only float64 array with the axes that `axes` names.

    Raises:
        KernelValueError: it has other axes, is empty, not finite, or has more than `MAX_SIDE` rows or columns.
    """
    try:
        array: NDArray[Any] = np.asarray(values)
        if array.dtype.kind not in "buif":
            raise TypeError
        array = np.array(array, dtype=np.float64, order="C")
    except (TypeError, ValueError, OverflowError):
        raise KernelValueError(name, "the weights are not a matrix of numbers with rows of one length") from None
    if array.ndim != axes.count(",") + 1 or array.size == 0:
        raise KernelValueError(name, f"the weights have shape {array.shape}, not ({axes})")
    if max(array.shape[-2:]) > MAX_SIDE:
        raise KernelValueError(name, f"{array.shape[-1]}x{array.shape[-2]} taps are more than {MAX_SIDE} on a side")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        row, col = bad[0][-2:]
        raise KernelValueError(name, f"the tap in row {row + 1}, column {col + 1} is {array[tuple(bad[0])]}")
    bad = np.argwhere(np.abs(array) > MAX_TAP)
    if len(bad):
        row, col = bad[0][-2:]
        raise KernelValueError(name, f"the tap in row {row + 1}, column {col + 1} is beyond {MAX_TAP:g}")
    array.setflags(write=False)
    return array


def fold(total: float, terms: Matrix) -> float:
    """Return `total`, or exactly 0 where it is only the rounding error of summing `terms`."""
    return 0.0 if abs(total) <= 1e-12 * float(np.abs(terms).sum()) else total


def farthest(x: Matrix, y: Matrix) -> float:
    """Return the largest length of (sum of x * p, sum of y * p) for all p from 0 to 1.

    These points fill a polygon whose sides are the vectors (x, y) of all taps, in the order of their angles: a
    zonogon. Its farthest point is a corner.
    """
    x, y = x.ravel(), y.ravel()
    turned = (y < 0) | ((y == 0) & (x < 0))
    start_x, start_y = x[turned].sum(), y[turned].sum()
    x, y = np.where(turned, -x, x), np.where(turned, -y, y)
    order = np.argsort(np.arctan2(y, x))
    along_x, along_y = (np.concatenate([[0.0], np.cumsum(part[order])]) for part in (x, y))
    forwards = np.hypot(start_x + along_x, start_y + along_y)
    backwards = np.hypot(start_x + along_x[-1] - along_x, start_y + along_y[-1] - along_y)
    return float(max(forwards.max(), backwards.max()))
