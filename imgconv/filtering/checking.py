"""Running two engines on the same job and comparing them: their results, and the samples that each would write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from imgconv import engines
from imgconv.filtering.agreement import Check, Written, differences
from imgconv.image import Image
from imgconv.image.model import Pixels
from imgconv.kernels.value import Combined
from imgconv.layers import Layer
from imgconv.pipeline.run import Pipeline
from imgconv.pipeline.target import Target, float_for

if TYPE_CHECKING:
    from imgconv.filtering.outcome import Report

RELATIVE = 1e-6
"""How far results may be apart, as a part of the largest magnitude in play: what float32 can hold."""


def compare(
    report: Report,
    image: Image,
    samples: Pixels,
    filtered: Pixels,
    luma: Sequence[int] | None,
    computed: Callable[[Report, Image], Pixels],
) -> Check:
    """Compare what was computed of an image with what another engine makes of it.

    Args:
        report: what was planned for a single kernel.
        image: as the filter sees it.
        samples: what would be written of it.
        filtered: the colours that were filtered together, (rows, cols, channels).
        luma: the weights of the luma that was filtered in their place, if it was.
        computed: returns the samples that a report's request makes of an image.

    Raises:
        OptionError: there is no other engine.
    """
    request = report.request
    other = engines.other_than(request.engine)
    another = computed(report.replace(request=request.replace(engine=other)), image)
    layer = report.chain.layers[0]
    maximum, mean = _resultsdifferences(layer, filtered, (request.engine, other), request.threads, luma)
    tolerance = RELATIVE * _magnitude(layer, filtered)
    written = Written.of(samples, another)
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


def _resultsdifferences(
    layer: Layer, pixels: Pixels, names: tuple[str, str], threads: int | None, luma: Sequence[int] | None
) -> tuple[float, float]:
    """Return the largest and the mean difference between the results of two engines.

    Of an angle the two members are compared: it is no measure where the gradient is nothing.
    """
    target = Target(None, float_for(pixels.dtype))
    largest = total = 0.0
    count = 0
    for part in layer.comparable:
        one, two = (
            Pipeline((part,)).run(pixels, engines.get(name), target, threads=threads, luma=luma).samples
            for name in names
        )
        apart = differences(one, two)
        largest = max(largest, float(apart.max(initial=0)))
        total, count = total + float(apart.sum(dtype=np.float64)), count + apart.size
    return largest, total / max(count, 1)


def _magnitude(layer: Layer, pixels: Pixels) -> float:
    """Return the largest magnitude that a result could have, in sample values."""
    finite = np.abs(pixels[np.isfinite(pixels)])
    return layer.largest(float(finite.max(initial=0)))
