"""Running two engines on the same job and comparing them: their results, and the samples that each would write."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from imgconv import engines
from imgconv.image import Image
from imgconv.image.model import Pixels
from imgconv.kernels.value import Combined, Kernel, Learned, Pointwise
from imgconv.layers import Layer
from imgconv.layers.conv import Conv
from imgconv.layers.pointwise import Pointwise as OverChannels
from imgconv.pipeline.run import Pipeline, Target, float_for
from imgconv.value import Value

if TYPE_CHECKING:
    from imgconv.filtering.planning import Report

RELATIVE = 1e-6
"""How far results may be apart, as a part of the largest magnitude in play: what float32 can hold."""


class Written(Value):
    """How the samples differ that two engines would write.

    Attributes:
        differing: how many are not the same.
        largest: the largest difference, in samples of the output's type; NaN beside a number counts as infinite.
        total: samples in all.
    """

    differing: int = 0
    largest: float = 0.0
    total: int = 0

    def __add__(self, other: Written) -> Written:
        largest = max(self.largest, other.largest)
        return Written(self.differing + other.differing, largest, self.total + other.total)

    @classmethod
    def of(cls, one: Pixels, two: Pixels) -> Written:
        """Compare the samples of two files."""
        apart = _apart(one.astype(np.float64), two.astype(np.float64))
        return cls(int(np.count_nonzero(apart)), float(apart.max(initial=0)), apart.size)

    @property
    def words(self) -> str:
        """The same in words."""
        if not self.differing:
            return f"all {self.total} samples written are the same"
        share = 100 * self.differing / self.total
        percent = f"{share:.2g} %" if share >= 0.01 else "less than 0.01 %"
        differ = "differs" if self.differing == 1 else "differ"
        return f"{self.differing} of {self.total} samples written {differ} ({percent}), by {self.largest:.3g} at most"


class Check(Value):
    """How far two engines are apart.

    Attributes:
        engine, other: their names.
        maximum, mean, tolerance: of the results, in sample values, before mapping.
        written: of the samples.
        most: how far samples may be apart; infinite where a small difference of results may become any of samples, as
            where colours are divided by what is left of alpha, and of angles where there is no gradient.
    """

    engine: str
    other: str
    maximum: float
    mean: float
    tolerance: float
    written: Written
    most: float = inf

    def __add__(self, other: Check) -> Check:
        worst = self if self.maximum >= other.maximum else other
        return worst.replace(written=self.written + other.written, most=min(self.most, other.most))

    @property
    def agrees(self) -> bool:
        """Whether the largest differences are within what is allowed."""
        return self.maximum <= self.tolerance and self.written.largest <= self.most

    @property
    def words(self) -> str:
        """The differences in words."""
        return (
            f"{self.written.words}; results before --map by {self.maximum:.3g} at most, {self.mean:.3g} on average "
            f"(tolerance {self.tolerance:.3g})"
        )


def compare(
    report: Report, image: Image, samples: Pixels, filtered: Pixels, luma: Sequence[int] | None = None
) -> Check:
    """Compare what was computed of an image with what another engine makes of it.

    Args:
        report: what was planned for a single kernel.
        image: as the filter sees it.
        samples: what would be written of it.
        filtered: the colours that were filtered together, (rows, cols, channels).
        luma: the weights of the luma that was filtered in their place.

    Raises:
        OptionError: there is no other engine.
    """
    from imgconv.filtering.whole import computed

    request = report.request
    other = engines.other_than(request.engine)
    another = computed(report.replace(request=request.replace(engine=other)), image)[0]
    layer = report.chain.layers[0]
    maximum, mean = _results_apart(layer, filtered, (request.engine, other), request.threads, luma)
    tolerance = RELATIVE * _magnitude(layer, filtered)
    written = Written.of(samples, another.samples)
    return Check(request.engine, other, maximum, mean, tolerance, written, _most(report, tolerance))


def _most(report: Report, tolerance: float) -> float:
    """Return how far samples may be apart if results are by no more than the tolerance."""
    kernel = report.request.kernel
    divided = report.input.alpha and report.alpha in ("premultiply", "both", "guide")
    if divided or report.request.linear or (isinstance(kernel, Combined) and kernel.combine == "angle"):
        return inf
    if report.target.apart:
        return inf  # every map has another slope, of which the steepest counts
    tone = report.target.tone(report.white, report.result.stats if report.result else None)
    if tone is None or tone.dtype.kind == "f":
        return inf  # the results themselves, of which the tolerance tells
    return 1 + abs(tone.slope) * tolerance


def _results_apart(
    layer: Layer, pixels: Pixels, names: tuple[str, str], threads: int | None, luma: Sequence[int] | None
) -> tuple[float, float]:
    """Return the largest and the mean difference between the results of two engines.

    Of an angle the two members are compared: it is no measure where the gradient is nothing.
    """
    target = Target(None, float_for(pixels.dtype))
    largest = total = 0.0
    count = 0
    for part in parts(layer):
        one, two = (
            Pipeline((part,)).run(pixels, engines.get(name), target, threads=threads, luma=luma).samples
            for name in names
        )
        apart = _apart(one, two)
        largest = max(largest, float(apart.max(initial=0)))
        total, count = total + float(apart.sum(dtype=np.float64)), count + apart.size
    return largest, total / max(count, 1)


def _apart(one: Pixels, two: Pixels) -> Pixels:
    """Return the differences of floats: 0 where both are equal or NaN, infinite where one alone is."""
    with np.errstate(invalid="ignore"):
        apart: Pixels = np.abs(one - two)
    apart[(one == two) | (np.isnan(one) & np.isnan(two))] = 0
    apart[np.isnan(apart)] = inf
    return apart


def parts(layer: Layer) -> list[Layer]:
    """Return a layer for each member of an angle, or the layer itself."""
    if isinstance(layer, Conv) and isinstance(layer.kernel, Combined) and layer.kernel.combine == "angle":
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
            members = (*kernel.of, *(() if kernel.combine == "angle" else (kernel,)))
        bounds = [abs(bound) for member in members for bound in member.guaranteed_range(-top, top)]
        return max(bounds)
    return top
