"""Steps that layers share: what is computed whole, pixel by pixel, one after the other, or side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats, Prepared, Way
from imgconv.engines._bands import COMBINE, run, ways_of
from imgconv.errors import ImgconvError, LayerError, OptionError
from imgconv.geometry import Extent
from imgconv.layers import Layer, Setting, Shape, Step
from imgconv.layers.base import NEAR, Along
from imgconv.sizes.chain import Fork, Stage, unchanged
from imgconv.value import Value

BAND_SAMPLES = 1 << 18
"""Samples of a band of what is done pixel by pixel: they stay in the second-level cache."""


def floats(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of results of samples of `dtype`: float64 for float64, else float32."""
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


class Whole(Value, Prepared):
    """A way of computing that knows no bands: `function` gets the image and returns all of its results."""

    function: Callable[[NDArray[Any]], Floats]
    band_rows: int
    reason: str
    ways: tuple[Way, ...] = ()

    elsewhere = True

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return every output row; `start` and `stop` are the first and the last."""
        return self.function(image)


class Pixelwise(Value, Prepared):
    """A way of computing that looks at one pixel at a time."""

    function: Callable[[Floats], Floats]
    band_rows: int
    reason: str
    dtype: np.dtype[Any]

    elsewhere = True

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive); the function gets a copy that it may overwrite."""
        return self.function(image[start:stop].astype(self.dtype))


class PlannedWhole(Value, Step):
    """A step that calls ``run(pixels, setting)``, which returns all results as (rows, cols, channels)."""

    output: Shape
    stages: tuple[Stage | Fork, ...]
    run: Callable[[NDArray[Any], Setting], Floats]
    reason: str

    def prepare(self, setting: Setting, dtype: np.dtype[Any]) -> Sequence[Prepared]:
        """Return the one job there is."""
        return [Whole(lambda image: self.run(image, setting), max(1, self.output.height), self.reason)]


class PlannedPixelwise(Value, Step):
    """A step that calls ``run(band, setting)`` on bands of float results, which it may overwrite."""

    output: Shape
    run: Callable[[Floats, Setting], Floats]
    reason: str
    parameters: tuple[int, str] = (0, "")
    multiply_adds: tuple[int, str] = (0, "")
    extent: Extent | None = None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """One window of one pixel."""
        return (Stage(self.extent or unchanged(self.output), self.parameters, self.multiply_adds),)

    def prepare(self, setting: Setting, dtype: np.dtype[Any]) -> Sequence[Prepared]:
        """Return the one job there is."""
        rows = max(1, BAND_SAMPLES // max(1, self.output.width * self.output.channels))
        return [Pixelwise(lambda band: self.run(band, setting), rows, self.reason, floats(dtype))]

    @property
    def sees(self) -> str:
        """The row itself."""
        return NEAR

    def along(self, taken: Shape, setting: Setting, dtype: np.dtype[Any]) -> Along:
        """Return that every row is made of that row alone."""
        ways = self.prepare(setting, dtype)
        rows, none = np.arange(taken.height), np.empty(0, np.intp)
        return Along(rows, slice, none, lambda places, size: ways, ways[0].band_rows, alone=True)


class Chained(Value, Step):
    """Steps one after the other, as one."""

    steps: tuple[Step, ...]
    shape: Shape

    @classmethod
    def of(cls, layers: Sequence[Layer], shape: Shape) -> Chained:
        """Plan `layers` one after the other, from `shape`."""
        steps: list[Step] = []
        taken = shape
        for layer in layers:
            steps.append(layer.plan(taken))
            taken = steps[-1].output
        return cls(tuple(steps), shape)

    @property
    def output(self) -> Shape:
        """What the last step makes."""
        return self.steps[-1].output if self.steps else self.shape

    @property
    def stages(self) -> tuple[Stage | Fork, ...]:
        """Those of every step."""
        return tuple(stage for step in self.steps for stage in step.stages)

    def prepare(self, setting: Setting, dtype: np.dtype[Any]) -> Sequence[Prepared]:
        """Return a job that runs all steps."""
        kinds = [dtype, *[floats(dtype)] * (len(self.steps) - 1)]
        jobs = [step.prepare(setting, kind) for step, kind in zip(self.steps, kinds, strict=True)]
        reason = ", then ".join(_reasons(jobs))

        def every(pixels: NDArray[Any]) -> Floats:
            for step, ready in zip(self.steps, jobs, strict=True):
                pixels = perform(step, ready, pixels, setting)
            return pixels

        return [Whole(every, max(1, self.output.height), reason, _ways(jobs))]


class Branches(Value, Step):
    """Steps side by side whose results become one by `method`, a key of `COMBINE` or ``concatenate``."""

    method: str
    steps: tuple[Step, ...]
    output: Shape

    @classmethod
    def of(cls, method: str, branches: Sequence[Step]) -> Branches:
        """Put steps that start from one shape side by side.

        Raises:
            OptionError: their results have different sizes.
        """
        first = branches[0].output
        for at, step in enumerate(branches[1:], 2):
            alike = step.output[: 2 if method == "concatenate" else 3] == first[: 2 if method == "concatenate" else 3]
            if not alike:
                problem = f"branch 1 makes {first} and branch {at} makes {step.output}, which do not go together"
                raise OptionError("branches", f"{problem}; pad them so that they agree")
        channels = sum(step.output.channels for step in branches) if method == "concatenate" else first.channels
        return cls(method, tuple(branches), Shape(first.width, first.height, channels))

    @property
    def stages(self) -> tuple[Fork]:
        """One fork."""
        return (Fork(tuple(step.stages for step in self.steps)),)

    def prepare(self, setting: Setting, dtype: np.dtype[Any]) -> Sequence[Prepared]:
        """Return a job that runs every branch."""
        jobs = [step.prepare(setting, dtype) for step in self.steps]
        reason = f"{self.method} of " + ", ".join(_reasons(jobs))

        def every(pixels: NDArray[Any]) -> Floats:
            made = [perform(step, ready, pixels, setting) for step, ready in zip(self.steps, jobs, strict=True)]
            if self.method == "concatenate":
                return np.concatenate(made, axis=2)
            return COMBINE[self.method](made)

        return [Whole(every, max(1, self.output.height), reason, _ways(jobs))]


def _reasons(jobs: Sequence[Sequence[Prepared]]) -> list[str]:
    """Return the ways that are taken where floats are wanted, without repeating any."""
    return list(dict.fromkeys(job.suited(None).reason for step in jobs for job in step))


def _ways(jobs: Sequence[Sequence[Prepared]]) -> tuple[Way, ...]:
    """Return the ways of the jobs of several steps, where floats are wanted."""
    return ways_of([job.suited(None) for step in jobs for job in step])


def perform(step: Step, jobs: Sequence[Prepared], pixels: NDArray[Any], setting: Setting) -> Floats:
    """Run a prepared step and return its results as floats, (rows, cols, channels)."""
    output = step.output
    shape = (output.height, output.width, output.channels)
    kind = floats(pixels.dtype)
    return run(jobs, pixels, shape, combine=step.combine, dtype=kind, threads=setting.threads).samples


def numbered(layers: Sequence[Layer], shape: Shape) -> Chained:
    """Plan `layers` one after the other as `Chained.of` does; an error says which one it comes from."""
    steps: list[Step] = []
    taken = shape
    for number, layer in enumerate(layers, 1):
        try:
            steps.append(layer.plan(taken))
        except ImgconvError as error:
            raise LayerError(number, layer.kind, error) from None
        taken = steps[-1].output
    return Chained(tuple(steps), shape)


def planes(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return (rows, cols, channels) as (channels, rows, cols), contiguous."""
    return np.ascontiguousarray(np.moveaxis(pixels, 2, 0))


def interleaved(samples: NDArray[Any]) -> NDArray[Any]:
    """Return (channels, rows, cols) as (rows, cols, channels), a view."""
    return np.moveaxis(samples, 0, 2)
