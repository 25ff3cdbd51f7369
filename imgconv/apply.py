"""One image through one kernel, from file to file: everything that ``imgconv apply`` does but print."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import IO, Any

import numpy as np

from imgconv import engines
from imgconv.border import Border
from imgconv.checking import Check, compare
from imgconv.engines._bands import Result
from imgconv.errors import ClippedError, EngineError, OptionError
from imgconv.geometry import Padding
from imgconv.image import Header, Image, check_target, format_of, probe, read, write
from imgconv.kernel import AnyKernel, Combined, Kernel
from imgconv.layers import Layer, Shape
from imgconv.pipeline import Pipeline, Plan, Target, float_for, layer_for
from imgconv.tone import full_range

Path = str | bytes | IO[bytes]

INTERPOLATION = Padding("interpolation")
DEPTHS = {"8": "uint8", "16": "uint16", "float": "float32"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is asked for; pairs are (width, height).

    Attributes:
        kernel: the kernel, already found.
        gain: how it is rescaled; see `imgconv.kernel.Kernel.with_gain`.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
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
    reason: str
    result: Result | None = None
    seconds: float = 0.0
    check: Check | None = None
    notes: tuple[str, ...] = ()

    @property
    def white(self) -> float:
        """The input's largest sample, in whose units results are."""
        return full_range(self.input.dtype)


def apply(request: Request, source: Path, target: Path, *, dry_run: bool = False) -> Report:
    """Filter the image in `source` and write it to `target`; return what was done.

    Everything that can be refused is refused before a pixel is decoded. A dry run stops there.

    Raises:
        ImgconvError: it cannot be done; nothing has been written.
    """
    request = replace(request, kernel=rescaled(request.kernel, request.gain))
    header = probe(source)
    taken = _taken(header, request)
    border = request.border or Border.parse(request.padding.border)
    layer = layer_for(request.kernel, request.padding, border, request.stride, request.dilation, request.correlate)
    filtered = taken.channels - (taken.alpha and request.alpha != "filter")
    plan = Pipeline((layer,)).plan(Shape(taken.width, taken.height, filtered))
    goal = _target(request, layer, np.dtype(header.dtype))
    made = _made(taken, plan, goal, target, request)
    notes = (*header.notes, *check_target(target, made, format=request.format, overwrite=request.overwrite))
    jobs = plan.prepare(engines.get(request.engine), np.dtype(header.dtype), full_range(header.dtype))
    report = Report(
        request=request,
        input=header,
        output=made,
        plan=plan,
        target=goal,
        border=border,
        reason="; ".join(dict.fromkeys(job.reason for step in jobs for job in step)),
        notes=notes,
    )
    if dry_run:
        return report
    image = _decoded(source, request)
    report = _run(report, layer, image)
    _refuse_loss(report)
    assert report.result is not None
    written = write(
        target,
        image.with_pixels(report.result.samples, alpha=made.alpha),
        format=request.format,
        overwrite=request.overwrite,
    )
    return replace(report, notes=tuple(dict.fromkeys((*report.notes, *image.notes, *written))))


def rescaled(kernel: AnyKernel, gain: str) -> AnyKernel:
    """Return the kernel with its gain applied.

    Raises:
        OptionError: this kind of kernel has no gain to choose.
        KernelValueError: it has no such gain.
    """
    if gain == "raw":
        return kernel
    if not isinstance(kernel, (Kernel, Combined)):
        raise OptionError("gain", f"kernel '{kernel.name}' mixes channels; only raw is possible")
    return kernel.with_gain(gain)


def _taken(header: Header, request: Request) -> Header:
    """Return the header as the filter gets to see the image."""
    dropped = header.alpha and request.alpha == "drop"
    header = replace(header, channels=header.channels - dropped, alpha=header.alpha and not dropped)
    if not request.gray or header.space == "grey":
        return header
    if header.space != "RGB":
        raise OptionError("gray", f"{header.name} holds {header.space} samples, which have no luma")
    return replace(header, channels=1 + header.alpha, space="grey")


def _target(request: Request, layer: Layer, dtype: np.dtype[Any]) -> Target:
    map = request.map or request.kernel.map or "clip"
    if map == "float":
        if request.depth not in (None, "float"):
            raise OptionError("depth", f"{request.depth} bits cannot hold what --map float keeps")
        kind = float_for(dtype)
    else:
        kind = np.dtype(DEPTHS[request.depth]) if request.depth else dtype
    target = Target.of(layer, map, kind, request.low, request.high)
    named = "vmin" if request.low is not None else "vmax" if request.high is not None else None
    if named and target.map != "stretch":
        raise OptionError(named, f"it is for --map stretch; the map here is {map}")
    if request.low is not None and request.high is not None and request.low >= request.high:
        raise OptionError("vmin", f"{request.low:g} is not below --vmax {request.high:g}")
    return target


def _made(taken: Header, plan: Plan, goal: Target, target: Path, request: Request) -> Header:
    """Return the header that the output will have."""
    kept_alpha = taken.alpha and request.alpha != "filter"
    channels = plan.output.channels + kept_alpha
    same = channels == taken.channels
    colours = channels - taken.alpha
    space = taken.space if same else {1: "grey", 3: "RGB"}.get(colours, "other")
    return replace(
        taken,
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


def _decoded(source: Path, request: Request) -> Image:
    image = read(source)
    if image.alpha and request.alpha == "drop":
        image = image.with_pixels(np.ascontiguousarray(image.pixels[:, :, :-1]), alpha=False)
    if request.gray:
        from imgconv.grey import to_grey  # few runs need it

        image = to_grey(image)
    return image


def _run(report: Report, layer: Layer, image: Image) -> Report:
    request = report.request
    start = time.perf_counter()
    result = Pipeline((layer,)).run(
        image.pixels,
        engines.get(request.engine),
        report.target,
        alpha=request.alpha if image.alpha else None,
        threads=request.threads,
    )
    seconds = time.perf_counter() - start
    check = None
    if request.check:
        colours = image.pixels[:, :, : report.plan.input.channels]
        check = compare(layer, np.ascontiguousarray(colours), request.engine, request.threads)
    return replace(report, result=result, seconds=seconds, check=check, reason=result.reason)


def _refuse_loss(report: Report) -> None:
    check, result = report.check, report.result
    if check and not check.agrees:
        raise EngineError(
            f"{report.input.name}: {check.engine} and {check.other} differ by up to {check.maximum:.3g} "
            f"(mean {check.mean:.3g}), more than the tolerance {check.tolerance:.3g}; nothing was written"
        )
    if report.request.strict and result and result.stats.clipped + result.stats.nan:
        from imgconv.report import clipping

        raise ClippedError(f"{report.input.name}: {clipping(report)}; --strict forbids it, nothing was written")
