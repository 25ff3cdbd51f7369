"""Filtering an image some rows at a time, from TIFF file to TIFF file, so that its size does not matter.

One thread decodes rows ahead into a ring, which holds the rows that the layer still needs; the layer computes the
bands of rows that it would compute of a whole image; another thread packs and writes them. A layer that follows
another takes its rows from a ring of its own. An engine finds the rows of a ring through the job's row map, in which
each row's number is replaced by its place in the ring, so that the very same arithmetic runs, and the samples are those
of the whole image, bit for bit.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from math import isfinite

import numpy as np

from imgconv import engines, progress
from imgconv.engines._bands import Result
from imgconv.filtering.outcome import Report
from imgconv.filtering.planning import File
from imgconv.filtering.request import Request
from imgconv.filtering.streaming.chain import Chain
from imgconv.image.files import is_replaced, sweep
from imgconv.image.formats import named
from imgconv.image.model import Pixels
from imgconv.image.reader import Reading
from imgconv.image.writer import store_bands
from imgconv.layers import Step
from imgconv.layers.base import NEAR, WRAPPED
from imgconv.pipeline.target import computable, float_for
from imgconv.tone import full_range

_SAME = (
    "kernel", "pipeline", "gain", "padding", "border", "stride", "dilation", "correlate", "groups", "bias", "engine",
    "map", "low", "high", "layout", "depth", "alpha", "orient", "strip", "strict", "threads", "overwrite", "format",
    "compression", "quality", "subsampling", "max_pixels",
)  # fmt: skip
"""What may be asked for of an image that is streamed."""


def streams(report: Report, target: File) -> bool:
    """Whether what `report` plans can be done some rows at a time, if the image can be decoded so."""
    taken, made, goal = report.input, report.output, report.target
    kind = np.dtype(taken.dtype)
    if (
        not named(made.format).bands_writer
        or report.form.kind != "picture"
        or taken.alpha
        or not _plain(report.request)
        or not isinstance(target, str)
    ):
        return False
    if not is_replaced(target):  # a pipe or a device cannot seek
        return False
    if computable(kind) != kind or made.dtype != goal.dtype.name or goal.dtype.itemsize < min(4, kind.itemsize):
        return False
    return all(_steps_along(step, number) for number, step in enumerate(report.plan.steps))


def _plain(request: Request) -> bool:
    return request == Request(**{name: getattr(request, name) for name in _SAME})


def _steps_along(step: Step, number: int) -> bool:
    """Whether a step needs only rows that are near those that it makes; the first one may wrap around."""
    return step.sees == NEAR or (step.sees == WRAPPED and number == 0)


def streamed(report: Report, reading: Reading, target: str, check: Callable[[Report], None]) -> Report | None:
    """Filter and write an image some rows at a time; return the completed report.

    None where only the results show that they have to be known all at once, and nothing has been written.

    Args:
        report: the plan, of which `streams` is true.
        reading: the image.
        target: the path of the new image.
        check: raises what the results forbid.

    Raises:
        ImgconvError: it cannot be done; nothing has been written.
    """
    begun = time.perf_counter()
    request, plan, goal = report.request, report.plan, report.target
    white = plan.whites(full_range(report.input.dtype))[-1]
    engine = engines.get(request.engine)
    tone, kind = goal.tone(white), goal.dtype
    seen = None
    if goal.waits:
        floats = float_for(np.dtype(report.input.dtype))
        chain = Chain(report, engine, reading.bands(), floats)
        if not chain.measurable:
            return None
        with progress.part(0, 0.5):
            seen = chain.run(None, None).stats
        check(report.replace(result=Result(np.empty((0, 0, 0)), seen)))
        tone = goal.tone(white, seen)
        if tone is None or not isfinite(tone.shift):
            return None
    done: list[Report] = []

    def give(write: Callable[[Pixels], None]) -> None:
        with progress.part(0.5 if seen else 0, 1):
            result = Chain(report, engine, reading.bands(), kind).run(tone, write)
        if seen is not None:
            result = result.replace(stats=result.stats.replace(minimum=seen.minimum, maximum=seen.maximum))
        found = report.replace(result=result, reason=result.reason, ways=result.ways, streamed=True)
        check(found)
        done.append(found)
        reading.close()  # Windows replaces no file that is open, and it may be the target

    sweep(os.path.dirname(os.path.realpath(target)))  # noqa: PTH120 - a killed run may have left much there
    notes = store_bands(
        target,
        report.output,
        reading.metadata,
        give,
        request.options,
        format=report.output.format,
        overwrite=request.overwrite,
    )
    seconds = time.perf_counter() - begun
    return done[0].replace(seconds=seconds, notes=tuple(dict.fromkeys((*report.notes, *notes))))
