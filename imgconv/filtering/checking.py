"""Running two engines on the same job and comparing them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imgconv import engines
from imgconv.kernelvalue import Combined, Kernel, Learned, Pointwise
from imgconv.layers import Layer
from imgconv.layers.conv import Conv
from imgconv.layers.pointwise import Pointwise as OverChannels
from imgconv.pipeline import Pipeline, Pixels, Target, float_for
from imgconv.value import Value

RELATIVE = 1e-6
"""How far results may be apart, as a part of the largest magnitude in play: what float32 can hold."""


class Check(Value):
    """How far two engines are apart, in sample values, before mapping."""

    engine: str
    other: str
    maximum: float
    mean: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether the largest difference is within the tolerance."""
        return self.maximum <= self.tolerance


def compare(layer: Layer, pixels: Pixels, engine: str, threads: int | None, luma: Sequence[int] | None = None) -> Check:
    """Run `layer` on `pixels`, (rows, cols, channels), by `engine` and by another one; with weights, on their luma.

    The members of a combined kernel are compared one by one: an angle is no measure where the gradient is nothing.
    """
    other = "scipy" if engine != "scipy" else "builtin"
    target = Target(None, float_for(pixels.dtype))
    largest = total = 0.0
    count = 0
    for part in parts(layer):
        one, two = (
            Pipeline((part,)).run(pixels, engines.get(name), target, threads=threads, luma=luma).samples
            for name in (engine, other)
        )
        with np.errstate(invalid="ignore"):
            apart = np.abs(one - two)
        apart[(one == two) | (np.isnan(one) & np.isnan(two))] = 0
        largest = max(largest, float(np.nan_to_num(apart, nan=np.inf).max()))
        total, count = total + float(apart.sum(dtype=np.float64)), count + apart.size
    return Check(engine, other, largest, total / count, RELATIVE * _magnitude(layer, pixels))


def parts(layer: Layer) -> list[Layer]:
    """Return a layer for every member of a combined kernel, or the layer itself."""
    if isinstance(layer, Conv) and isinstance(layer.kernel, Combined):
        return [layer.replace(kernel=member) for member in layer.kernel.of]
    return [layer]


def _magnitude(layer: Layer, pixels: Pixels) -> float:
    """Return the largest magnitude that a result could have, in sample values."""
    finite = np.abs(pixels[np.isfinite(pixels)])
    top = float(finite.max(initial=0))
    if isinstance(layer, (Conv, OverChannels)):
        top = max(top, abs(layer.fill.value))
        kernel = layer.kernel if isinstance(layer, Conv) else layer.matrix
        members: tuple[Kernel | Combined | Pointwise | Learned, ...] = (kernel,)
        if isinstance(kernel, Combined):
            members = kernel.of
        bounds = [abs(bound) for member in members for bound in member.guaranteed_range(-top, top)]
        return max(bounds)
    return top
