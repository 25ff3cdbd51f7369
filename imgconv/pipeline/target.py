"""What the samples of a result shall be, and making them: of one type, mapped one way."""

from __future__ import annotations

from typing import Any

import numpy as np

from imgconv.engines._bands import Result
from imgconv.layers import Layer
from imgconv.tone import Stats, Tone, ends_of
from imgconv.value import Value
from imgconv.words.map import MAP, SPANNING

BAND_SAMPLES = 1 << 18
"""Samples that are mapped at once: they stay in the second-level cache."""


class Target(Value):
    """What the samples of the result shall be.

    Attributes:
        map: how results become samples; ``float`` or None keeps them as they are.
        dtype: the samples' type.
        low, high: the results that become black and white by a map that spans; None means what was seen.
        watched: whether anybody asks what was seen while samples were made.
        apart: whether a map that spans does so for every channel apart, by its own smallest and largest result.
        measured: what was seen in each channel, where that was measured beforehand.
    """

    map: str | None
    dtype: np.dtype[Any]
    low: float | None = None
    high: float | None = None
    watched: bool = True
    apart: bool = False
    measured: tuple[Stats, ...] = ()

    @classmethod
    def of(
        cls, layer: Layer, map: str | None, dtype: np.dtype[Any], low: float | None = None, high: float | None = None
    ) -> Target:
        """Return the target for the results of `layer`: an angle's 0..360 degrees fill the whole range.

        Raises:
            OptionError: `map` is unknown.
        """
        map = None if map is None else MAP.argument("map", map)
        if layer.angles and map not in (None, "float"):
            return cls("stretch", dtype, 0.0 if low is None else low, 360.0 if high is None else high)
        return cls(map, dtype, low, high)

    @property
    def spans(self) -> bool:
        """Whether the map goes by the smallest and the largest result."""
        return self.map in SPANNING

    @property
    def waits(self) -> bool:
        """Whether the whole result must be known before its first sample can be made."""
        return self.spans and (self.low is None or self.high is None)

    def ends(self, stats: Stats) -> tuple[float, float]:
        """Return the results that become black and white by a map that spans, where `stats` were seen."""
        low, high = ends_of(str(self.map), stats)
        return low if self.low is None else self.low, high if self.high is None else self.high

    def tone(self, white: float, stats: Stats | None = None) -> Tone | None:
        """Return the mapping for results of samples whose largest value is `white`."""
        if self.map in (None, "float"):
            return None
        low, high = self.low, self.high
        if self.waits and stats is not None:
            low, high = self.ends(stats)
        return Tone(str(self.map), self.dtype, low or 0.0, 1.0 if high is None else high, white, self.watched)


def mapped(result: Result, target: Target, white: float) -> Result:
    """Return a float result with its samples made into what `target` says, a band of rows at a time."""
    if target.apart and target.waits:
        return _mapped_apart(result, target, white)
    tone = target.tone(white, result.stats)
    if tone is None:
        return result
    samples = np.empty(result.samples.shape, target.dtype)
    stats = Stats()
    step = max(1, BAND_SAMPLES // max(1, samples[:1].size))
    for start in range(0, len(samples), step):
        with np.errstate(all="ignore"):
            samples[start : start + step], seen = tone.apply(result.samples[start : start + step])
        stats += seen
    return result.replace(samples=samples, stats=stats)


def _mapped_apart(result: Result, target: Target, white: float) -> Result:
    """Return a float result with every channel mapped on a scale of its own."""
    samples = np.empty(result.samples.shape, target.dtype)
    stats = Stats()
    for channel in range(samples.shape[2]):
        floats = np.ascontiguousarray(result.samples[:, :, channel : channel + 1])
        seen = target.measured[channel] if target.measured else Stats.of(floats)
        made = mapped(Result(floats, seen), target.replace(apart=False), white)
        samples[:, :, channel] = made.samples[:, :, 0]
        stats += made.stats
    return result.replace(samples=samples, stats=stats)


def float_for(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of results of samples of `dtype`: float64 for float64, else float32."""
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def computable(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type that samples of `dtype` are handed to the engines in: float16 goes as float32."""
    return np.dtype(np.float32) if dtype == np.float16 else dtype
