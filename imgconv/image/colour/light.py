"""Linear light: the sRGB transfer function, from samples of an integer type to light and back.

Floats stand for light already. Source: IEC 61966-2-1:1999 with Amd. 1:2003, 5.2 and 5.3.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.tone import Stats, full_range

Samples = NDArray[Any]

CELLS = {"uint8": 1 << 12, "uint16": 1 << 20}
"""Into how many cells the way back divides the light, so that no cell holds two thresholds: near black, where those
are closest, they are 1 / 12.92 of a sample apart."""


def to_light(coded: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the light, 0 to 1, of sRGB values of 0 to 1; it goes on beyond 1.

    >>> to_light(np.array([0.0, 0.04045, 0.5, 1.0])).round(6).tolist()
    [0.0, 0.003131, 0.214041, 1.0]
    """
    return np.where(coded <= 0.04045, coded / 12.92, ((np.maximum(coded, 0) + 0.055) / 1.055) ** 2.4)


def decoded(samples: Samples) -> Samples:
    """Return the light of uint8 or uint16 samples as float32, in units of which white has 255 or 65535.

    The light of every sample is rounded once; `encoded` gives the sample back.
    """
    light: Samples = _lights(samples.dtype.name).take(samples)
    return light


def encoded(light: Samples, dtype: np.dtype[Any]) -> tuple[Samples, Stats]:
    """Return light as samples of `dtype` (uint8 or uint16), and what was clipped; `light` may be overwritten.

    As with `imgconv.tone.Tone`, halves are rounded away from zero, and what rounds to samples beyond black and white
    is clipped and counted. A sample is found by comparing light with the light of the halves between samples, so there
    is no error of a power function in it.

    Args:
        light: float32 or float64 of any shape, in units of which white has the largest sample.
        dtype: of the samples.
    """
    top, cells = full_range(dtype), CELLS[dtype.name]
    halves, least, white = _halves(dtype.name, light.dtype.name)
    low, high = (float(light.min()), float(light.max())) if light.size else (0.0, 0.0)
    nan = 0
    if low != low:
        holes = np.isnan(light)
        nan = int(np.count_nonzero(holes))
        light = np.where(holes, 0, light)
        low, high = float(light.min()), float(light.max())
    below = int(np.count_nonzero(light <= -halves[0])) if low < 0 else 0
    above = int(np.count_nonzero(light >= white)) if high >= white else 0
    if low < 0 or high > top:
        light = np.clip(light, 0, top)
    place = (light * light.dtype.type(cells / top)).astype(np.int32)
    found = least.take(place, mode="clip")
    found += light >= halves.take(found)
    return found, Stats(below=below, above=above, nan=nan, total=light.size)


@lru_cache(maxsize=2)
def _lights(name: str) -> NDArray[np.float32]:
    """Return the light of every sample."""
    top = full_range(name)
    return (top * to_light(np.arange(top + 1) / top)).astype(np.float32)


@lru_cache(maxsize=4)
def _halves(name: str, kind: str) -> tuple[Samples, Samples, float]:
    """Return the light from which on a sample is at least 1, 2 ... and infinity; the least sample in each cell; and
    the light that would round to a sample beyond white.
    """
    top, cells = full_range(name), CELLS[name]
    exact = top * to_light((np.arange(top + 1) + 0.5) / top)
    halves = exact.astype(kind)
    halves = np.where(halves < exact, np.nextafter(halves, np.inf, dtype=kind), halves)
    # What lies just below a cell may be put into it by rounding.
    edges = np.arange(cells + 1) * (top / cells) * (1 - 2.0**-20)
    least = np.searchsorted(halves[:-1].astype(np.float64), edges, side="right").astype(name)
    return np.append(halves[:-1], halves.dtype.type(np.inf)), least, float(halves[-1])
