"""One image through one kernel, from file to file: everything that ``imgconv apply`` does but print."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from math import isinf
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from imgconv import engines
from imgconv.border import Border
from imgconv.engines._bands import Result
from imgconv.errors import (
    ClippedError,
    EngineError,
    ImageReadError,
    ImageWriteError,
    KernelValueError,
    OptionError,
)
from imgconv.geometry import Padding
from imgconv.image import FORMATS, Header, Image, check_target, format_of, probe, read, write
from imgconv.image.files import check_place, name_of
from imgconv.image.guard import fault_words
from imgconv.kernelvalue import AnyKernel, Combined, Kernel
from imgconv.layers import Layer, Shape
from imgconv.pipeline import Pipeline, Plan, Target, float_for, layer_for
from imgconv.tone import full_range
from imgconv.value import Value

if TYPE_CHECKING:
    from imgconv.checking import Check

File = str | IO[bytes]
"""A path, or an open binary file such as a pipe."""

INTERPOLATION = Padding("interpolation")
DEPTHS = {"8": "uint8", "16": "uint16", "float": "float32"}


class Request(Value, kw_only=True):
    """What is asked for; pairs are (width, height).

    Attributes:
        kernel: the kernel, already found.
        gain: how it is rescaled; see `imgconv.kernelvalue.Kernel.with_gain`.
        padding, border: how much is added around the image, and what; no border means the padding's own.
        stride, dilation: steps between windows and between taps.
        correlate: slide the kernel as written.
        engine: what runs the correlation.
        check: run another engine too and compare.
        map, low, high: how results become samples; no map means the kernel's own, else ``clip``.
        depth: the output's samples, a key of `DEPTHS`; None keeps the input's.
        alpha: one of `imgconv.pipeline.ALPHAS`, or ``drop``.
        gray: filter the luma.
        strict: fail where samples would be clipped.
        threads: at most so many; None means every core.
        overwrite: replace an existing output.
        format: the output's format in place of its suffix.
        compression: how hard to compress, 0 to 9; None chooses.
    """

    kernel: AnyKernel
    gain: str = "raw"
    padding: Padding = INTERPOLATION
    border: Border | None = None
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    correlate: bool = False
    engine: str = "builtin"
    check: bool = False
    map: str | None = None
    low: float | None = None
    high: float | None = None
    depth: str | None = None
    alpha: str = "premultiply"
    gray: bool = False
    strict: bool = False
    threads: int | None = None
    overwrite: bool = False
    format: str | None = None
    compression: int | None = None


class Report(Value, kw_only=True):
    """What was planned and, unless it was a dry run, done.

    Attributes:
        request: what was asked for, its kernel rescaled.
        input, output: what the files hold.
        plan, target: the sizes, and how results become samples.
        reason: how the engine goes about it.
        result: what came out; None for a dry run.
        seconds: how long the engine took.
        check: how another engine compares, if that was asked.
        notes: what a user should know.
    """

    request: Request
    input: Header
    output: Header
    plan: Plan
    target: Target
    border: Border
    reason: str = ""
    result: Result | None = None
    seconds: float = 0.0
    check: Check | None = None
    notes: tuple[str, ...] = ()

    @property
    def white(self) -> float:
        """The input's largest sample, in whose units results are."""
        return full_range(self.input.dtype)


def apply(request: Request, source: File, target: File, *, dry_run: bool = False) -> Report:
    """Filter the image in `source` and write it to `target`; return what was done.

    Everything that can be refused is refused before a pixel is decoded. A dry run stops there. The target may be
    the source: it is replaced when all has been computed.

    Raises:
        ImgconvError: it cannot be done; nothing has been written.
    """
    request = request.replace(kernel=rescaled(request.kernel, request.gain))
    if isinstance(target, str):
        check_place(target, target, request.overwrite)
    content, called = _rereadable(source)
    header = probe(content, name=called)
    taken = _taken(header, request)
    border = request.border or Border.parse(request.padding.border)
    layer = layer_for(request.kernel, request.padding, border, request.stride, request.dilation, request.correlate)
    filtered = taken.channels - (taken.alpha and request.alpha != "filter")
    plan = Pipeline((layer,)).plan(Shape(taken.width, taken.height, filtered))
    goal = _target(request, layer, np.dtype(header.dtype))
    made = _made(taken, plan, goal, target, request)
    if goal.map == "float":
        _refuse_float(made)
    notes = (*header.notes, *check_target(target, made, format=request.format, overwrite=request.overwrite))
    engine = engines.get(request.engine)
    report = Report(
        request=request,
        input=header,
        output=made,
        plan=plan,
        target=goal,
        border=border,
        notes=notes,
    )
    if dry_run:  # else the reason comes with the result
        jobs = plan.prepare(engine, np.dtype(header.dtype), full_range(header.dtype))
        return report.replace(reason="; ".join(dict.fromkeys(job.reason for step in jobs for job in step)))
    image = _decoded(content, called, request)
    report = _run(report, layer, image, engine)
    _refuse_span(report)
    _refuse_loss(report)
    assert report.result is not None
    written = write(
        target,
        image.with_pixels(report.result.samples, alpha=made.alpha),
        format=request.format,
        overwrite=request.overwrite,
        compression=request.compression,
    )
    return report.replace(notes=tuple(dict.fromkeys((*report.notes, *image.notes, *written))))


def rescaled(kernel: AnyKernel, gain: str) -> AnyKernel:
    """Return the kernel with its gain applied.

    Raises:
        OptionError: the kernel has no such gain.
    """
    if gain == "raw":
        return kernel
    if not isinstance(kernel, (Kernel, Combined)):
        raise OptionError("gain", f"kernel '{kernel.name}' mixes channels; only raw is possible")
    try:
        return kernel.with_gain(gain)
    except KernelValueError as error:
        raise OptionError("gain", str(error)) from None


def _rereadable(source: File) -> tuple[str | bytes, str]:
    """Return a path or bytes, which can be read twice: once for the header; and what messages call the file.

    Raises:
        ImageReadError: a pipe cannot be read.
    """
    called = name_of(source)
    try:
        if not isinstance(source, str):
            return source.read(), called
        with suppress(ValueError, FileNotFoundError):  # the reader has words for these
            if stat.S_ISFIFO(os.stat(source).st_mode):
                with open(source, "rb") as pipe:
                    return pipe.read(), called
    except OSError as fault:
        raise ImageReadError(called, fault_words(fault)) from None
    return source, called


def _taken(header: Header, request: Request) -> Header:
    """Return the header as the filter gets to see the image."""
    dropped = header.alpha and request.alpha == "drop"
    header = header.replace(channels=header.channels - dropped, alpha=header.alpha and not dropped)
    if not request.gray or header.space == "grey":
        return header
    if header.space != "RGB":
        held = f"{header.space} samples" if header.space != "other" else f"{header.channels} channels"
        raise OptionError("gray", f"{header.name} holds {held}, which have no luma")
    return header.replace(channels=1 + header.alpha, space="grey")


def _target(request: Request, layer: Layer, dtype: np.dtype[Any]) -> Target:
    map = request.map or request.kernel.map or "clip"
    if map == "float":
        if request.depth not in (None, "float"):
            raise OptionError(
                "depth", f"{request.depth} bits cannot hold what --map float keeps; leave one of them out"
            )
        kind = float_for(dtype)
    else:
        kind = np.dtype(DEPTHS[request.depth]) if request.depth else dtype
    target = Target.of(layer, map, kind, request.low, request.high)
    named = "vmin" if request.low is not None else "vmax" if request.high is not None else None
    if named and target.map != "stretch":
        raise OptionError(named, f"it goes with --map stretch, but the map here is {map}")
    low, high = target.low, target.high
    if low is not None and high is not None and not high - low > 1e-30:
        if request.low is None:
            raise OptionError("vmax", f"{high:g} is not above {low:g}, which becomes black")
        raise OptionError("vmin", f"{low:g} is not below {high:g}, which becomes white")
    return target


def _made(taken: Header, plan: Plan, goal: Target, target: File, request: Request) -> Header:
    """Return the header that the output will have."""
    kept_alpha = taken.alpha and request.alpha != "filter"
    channels = plan.output.channels + kept_alpha
    same = channels == taken.channels
    colours = channels - taken.alpha
    space = taken.space if same else {1: "grey", 3: "RGB"}.get(colours, "other")
    return taken.replace(
        name=target if isinstance(target, str) else "standard output",
        format=format_of(target, request.format),
        width=plan.output.width,
        height=plan.output.height,
        channels=channels,
        dtype=goal.dtype.name,
        space=space,
        frames=1,
        notes=(),
    )


def _refuse_float(made: Header) -> None:
    """Refuse a format without floats, as that is all that ``--map float`` makes."""
    kinds = next(item.dtypes for item in FORMATS if item.name == made.format)
    if not any(kind.startswith("float") for kind in kinds):
        problem = f"{made.format} cannot hold what --map float keeps; write .tif or .npy, or choose another --map"
        raise ImageWriteError(made.name, problem)


def _decoded(source: File | bytes, name: str, request: Request) -> Image:
    image = read(source, name=name)
    if image.alpha and request.alpha == "drop":
        image = image.with_pixels(np.ascontiguousarray(image.pixels[:, :, :-1]), alpha=False)
    if request.gray:
        from imgconv.grey import to_grey  # few runs need it

        image = to_grey(image)
    return image


def _run(report: Report, layer: Layer, image: Image, engine: engines.Engine) -> Report:
    request = report.request
    start = time.perf_counter()
    result = Pipeline((layer,)).run(
        image.pixels,
        engine,
        report.target,
        alpha=request.alpha if image.alpha else None,
        threads=request.threads,
    )
    seconds = time.perf_counter() - start
    check = None
    if request.check:
        from imgconv.checking import compare  # few runs need it

        colours = image.pixels[:, :, : report.plan.input.channels]
        check = compare(layer, np.ascontiguousarray(colours), request.engine, request.threads)
    return report.replace(result=result, seconds=seconds, check=check, reason=result.reason)


def _refuse_span(report: Report) -> None:
    """Refuse a black and a white that make no sense, which is known only now where one of them was measured.

    Raises:
        OptionError: every result lies beyond the end that was given, or the end that was not is infinite.
    """
    low, high, result = report.target.low, report.target.high, report.result
    if result is None or not report.target.waits or result.stats.minimum > result.stats.maximum:
        return
    stats = result.stats
    if isinf(stats.minimum) or isinf(stats.maximum):
        problem = "stretch has no ends to go by, as some results are infinite; add --vmin and --vmax"
        raise OptionError("map", problem)
    if low is not None and low > stats.maximum:
        raise OptionError("vmin", f"{low:g} is above every result (they end at {stats.maximum:.6g}); add a --vmax")
    if high is not None and high < stats.minimum:
        raise OptionError("vmax", f"{high:g} is below every result (they begin at {stats.minimum:.6g}); add a --vmin")


def _refuse_loss(report: Report) -> None:
    check, result = report.check, report.result
    if check and not check.agrees:
        raise EngineError(
            f"{report.input.name}: {check.engine} and {check.other} differ by up to {check.maximum:.3g} "
            f"(mean {check.mean:.3g}), more than the tolerance {check.tolerance:.3g}; nothing was written"
        )
    if report.request.strict and result and result.stats.clipped + result.stats.nan:
        from imgconv.loss import clipping

        lost = clipping(result.stats, report.target, report.white)
        raise ClippedError(f"{report.input.name}: --strict forbids this loss: {lost}")
