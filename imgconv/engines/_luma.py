"""Luma: one channel made of red, green and blue, exact until results are rounded.

Weights are whole numbers, as the standards write them, and so is the weighted sum of integer samples. It is kept
undivided: whoever filters it divides once, at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats, Whole, _native
from imgconv.engines._bands import each
from imgconv.system import cores

BAND_SAMPLES = 1 << 18
"""Sums that are made at once."""


def kind_of(dtype: np.dtype[Any], weights: Sequence[int], exact: bool = True) -> tuple[np.dtype[Any], Whole | None]:
    """Return the type of `luma` of samples of `dtype`, and how it stands for a luma; None where it is one.

    Where it need not be `exact`, because what is done with it is not, float32 has to do.

    >>> kind_of(np.dtype(np.uint8), (299, 587, 114))
    (dtype('float32'), Whole(unit=1000, top=255000.0))
    """
    if dtype.kind == "f":
        return np.dtype(np.float64 if dtype == np.float64 else np.float32), None
    unit = sum(_reduced(weights))
    top = float(np.iinfo(dtype).max) * unit
    return np.dtype(np.float64 if exact and top >= 2**24 else np.float32), Whole(unit, top)


def luma(
    pixels: NDArray[Any],
    weights: Sequence[int],
    *,
    rest: bool = False,
    exact: bool = True,
    threads: int | None = None,
) -> tuple[Floats, Whole | None]:
    """Return the weighted sum of red, green and blue, (rows, cols, 1), and how it stands for a luma.

    Args:
        pixels: (rows, cols, channels); red, green and blue come first.
        weights: of the three; whole numbers, whose sum is the weight of white.
        rest: put the channels behind blue behind the luma, in its units.
        exact: as in `kind_of`.
        threads: at most so many; None means every core that this process may use.
    """
    kind, whole = kind_of(pixels.dtype, weights, exact)
    weights = _reduced(weights)
    unit = whole.unit if whole else 1
    planes = np.empty((*pixels.shape[:2], pixels.shape[2] - 2 if rest else 1), kind)
    # The core takes pixels whose samples lie one behind the other.
    level = _native.level() if whole and pixels.flags.aligned and pixels.strides[2] == pixels.itemsize else None
    step = max(1, BAND_SAMPLES // max(1, pixels.shape[1]))
    starts = range(0, len(pixels), step)

    def band(number: int) -> None:
        rows = slice(starts[number], starts[number] + step)
        if level is not None:
            _native.weigh(level.number, pixels[rows], planes[rows], weights)
        else:
            with np.errstate(all="ignore"):
                planes[rows, :, 0] = _sum(pixels[rows], weights, whole is None)
        if rest:
            np.multiply(pixels[rows, :, 3:], kind.type(unit), out=planes[rows, :, 1:])

    each(band, len(starts), max(1, min(threads or cores.available(), len(starts))))
    return planes, whole


def plain(planes: Floats, whole: Whole | None) -> Floats:
    """Return what `luma` made as floats in units of the samples, each rounded once."""
    if whole is None:
        return planes
    planes /= planes.dtype.type(whole.unit)
    return planes.astype(np.float32, copy=False)


def _reduced(weights: Sequence[int]) -> tuple[int, ...]:
    """Return weights of the same ratio that are as small as they can be, so that sums stay small."""
    common = gcd(*weights)
    return tuple(weight // common for weight in weights)


def _sum(pixels: NDArray[Any], weights: Sequence[int], divide: bool) -> Floats:
    """Return the weighted sum of floats or integers; a grey pixel's is its value times the weight of white."""
    made = np.zeros(pixels.shape[:2])
    for channel, weight in enumerate(weights):
        made += pixels[:, :, channel] * np.float64(weight)
    return made / sum(weights) if divide else made
