"""One image that has been read: what was planned, done to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from io import BytesIO
from math import isinf
from typing import NamedTuple

import numpy as np

from imgconv import engines
from imgconv.engines._bands import Result, ways_of
from imgconv.engines._luma import kind_of
from imgconv.errors import ClippedError, EngineError, OptionError
from imgconv.filtering.outcome import Report
from imgconv.filtering.planning import planned
from imgconv.filtering.request import Request
from imgconv.filtering.treatment import luma_weights, treated
from imgconv.image import Header, Image
from imgconv.image.model import Pixels
from imgconv.pipeline.target import computable, float_for, mapped
from imgconv.tone import Stats, full_range


class Done(NamedTuple):
    """A filtered image and, by their layers' numbers, the results that are written to files of their own."""

    report: Report
    image: Image
    saved: dict[int, Image]


def filter_image(image: Image, request: Request) -> Done:
    """Do to an image in memory what ``imgconv apply`` does to one in a file, and write nothing.

    The results are what an .npy file would hold; as there, a request without a map takes the kernel's own.

    Raises:
        ImgconvError: it cannot be done.
    """
    held = image.header or Header(
        "the image", "NPY", image.width, image.height, image.channels, image.alpha, image.dtype, image.space
    )
    return filtered(planned(request.replace(format="npy", depth=None), held, BytesIO()), image)


def filtered(report: Report, image: Image) -> Done:
    """Do what was planned to an image that has been read, and complete the report.

    Raises:
        ImgconvError: samples would be lost although --strict forbids it, or engines disagree.
    """
    image = treated(image.with_pixels(image.pixels.astype(computable(image.pixels.dtype), copy=False)), report.request)
    if image.alpha and report.request.alpha != "filter" and not report.keeps_alpha:
        image = image.with_pixels(np.ascontiguousarray(image.pixels[:, :, :-1]), alpha=False)
    if report.request.linear:
        from imgconv.filtering.part import light_notes

        report = report.replace(notes=(*report.notes, *light_notes(image)))
    report, kept = _run(report, image)
    refuse_span(report)
    refuse_loss(report)
    assert report.result is not None
    result = image.with_pixels(report.result.samples, alpha=report.output.alpha)
    if report.request.gray:
        from imgconv.image.colour.grey import grey_metadata

        result = result.replace(metadata=grey_metadata(result.metadata))
    return Done(report, result, {number: image.with_pixels(pixels, alpha=False) for number, pixels in kept.items()})


def foreseen(report: Report) -> Report:
    """Return a report that says how the engine would go about it; after a run the result says so."""
    engine, dtype = engines.get(report.request.engine), np.dtype(report.input.dtype)
    weights, whole = luma_weights(report.request, report.input.space), None
    seen = float_for(dtype) if report.picked and report.picked.floats else dtype
    if weights and report.plan.sums and not (report.picked and report.picked.floats):
        seen, whole = kind_of(dtype, weights, report.plan.exact)
    jobs = report.plan.prepare(engine, seen, full_range(dtype), whole=whole)
    ways = tuple(way for number, step in enumerate(jobs, 1) for way in ways_of(step, number))
    return report.replace(reason="; ".join(dict.fromkeys(job.reason for step in jobs for job in step)), ways=ways)


def _run(report: Report, image: Image) -> tuple[Report, dict[int, Pixels]]:
    """Run the chain; return the report with its result, and the samples of the layers to be saved."""
    request = report.request
    wanted = {saved.number: saved for saved in report.saved}
    kept: dict[int, Pixels] = {}

    def keep(number: int, results: Pixels) -> None:
        if saved := wanted.get(number):
            floats = Result(results.copy(), Stats.of(results))
            kept[number] = mapped(floats, saved.goal, saved.white).samples

    start = time.perf_counter()
    result, planes, weights = computed(report, image, keep if wanted else None)
    seconds = time.perf_counter() - start
    check = None
    if request.check:
        from imgconv.filtering.checking import compare  # few runs need it

        colours = np.ascontiguousarray(planes[:, :, : report.plan.input.channels + (2 if weights else 0)])
        check = compare(report.replace(result=result), image, result.samples, colours, weights, _samples)
    return report.replace(result=result, seconds=seconds, check=check, reason=result.reason, ways=result.ways), kept


def _samples(report: Report, image: Image) -> Pixels:
    return computed(report, image)[0].samples


def computed(
    report: Report, image: Image, keep: Callable[[int, Pixels], None] | None = None
) -> tuple[Result, Pixels, Sequence[int] | None]:
    """Run the chain on an image, as the filter sees it.

    Returns:
        the result, what was filtered together, and the weights of the luma that was filtered in its place.

    `keep` is as in `imgconv.pipeline.run.Plan.run`.
    """
    request, chain, engine = report.request, report.chain, engines.get(report.request.engine)
    if report.picked:
        from imgconv.filtering.selective import run  # few runs need it

        return run(image, request, chain, report.target, report.picked, engine)
    weights = luma_weights(request, image.space)
    result = chain.run(
        image.pixels,
        engine,
        report.target,
        alpha=request.alpha if image.alpha else None,
        threads=request.threads,
        keep=keep,
        max_pixels=request.max_pixels,
        luma=weights,
    )
    return result, image.pixels, weights


def refuse_span(report: Report) -> None:
    """Refuse a black and a white that make no sense, which is known only now where one of them was measured.

    Raises:
        OptionError: every result lies beyond the end that was given, or the end that was not is infinite.
    """
    low, high, result = report.target.low, report.target.high, report.result
    if result is None or not report.target.waits or result.stats.minimum > result.stats.maximum:
        return
    stats = result.stats
    if isinf(stats.minimum) or isinf(stats.maximum):
        problem = f"{report.target.map} has no ends to go by, as some results are infinite; add --vmin and --vmax"
        raise OptionError("map", problem)
    if low is not None and low > stats.maximum:
        raise OptionError("vmin", f"{low:g} is above every result (they end at {stats.maximum:.6g}); add a --vmax")
    if high is not None and high < stats.minimum:
        raise OptionError("vmax", f"{high:g} is below every result (they begin at {stats.minimum:.6g}); add a --vmin")


def refuse_loss(report: Report) -> None:
    """Refuse results that a check does not confirm, and with --strict those that lose samples.

    Raises:
        EngineError, ClippedError: that is so.
    """
    check, result = report.check, report.result
    if check and not check.agrees:
        raise EngineError(
            f"{report.input.name}: {check.engine} and {check.other} disagree: {check.words}; nothing was written"
        )
    if report.request.strict and result:
        from imgconv.filtering.loss import clipping, lost

        if lost(result.stats, report.target):
            words = clipping(result.stats, report.target, report.white, among_colours=report.among_colours)
            raise ClippedError(f"{report.input.name}: --strict forbids this loss: {words}")
