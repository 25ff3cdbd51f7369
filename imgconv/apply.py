"""One image through one kernel or a pipeline, from file to file: everything that ``imgconv apply`` does but print."""

from __future__ import annotations

import time
from math import isinf
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from imgconv import engines
from imgconv.border import Border
from imgconv.engines._bands import Result
from imgconv.errors import (
    ClippedError,
    EngineError,
    ImageWriteError,
    KernelValueError,
    OptionError,
)
from imgconv.featuremap import Form, form, write_result
from imgconv.geometry import Padding
from imgconv.image import FORMATS, Header, Image, check_target, format_of
from imgconv.image.files import check_place
from imgconv.image.reader import Reading
from imgconv.kernelvalue import AnyKernel, Combined, Kernel, Offset, Pointwise
from imgconv.layers import Layer, Shape
from imgconv.layers.conv import Conv
from imgconv.pipeline import Pipeline, Plan, Target, float_for, layer_for, mapped
from imgconv.tone import Stats, full_range
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
        kernel: the kernel, already found; None for a pipeline.
        pipeline: layers instead of a kernel; what follows down to `bias` then has no meaning.
        gain: how it is rescaled; see `imgconv.kernelvalue.Kernel.with_gain`.
        padding, border: how much is added around the image, and what; no border means the padding's own.
        stride, dilation: steps between windows and between taps.
        correlate: slide the kernel as written.
        transposed: set copies of the kernel, which makes the image larger, instead of sliding it.
        output_padding: columns and rows added to the result of a transposed convolution.
        groups: how many groups the channels are split into; None for as many as the kernel's weights need.
        bias: what is added to every output channel of the weights, or one number for all.
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
        saves: numbers of layers, from 1, and the files that their results are written to as well.
    """

    kernel: AnyKernel | None = None
    pipeline: Pipeline | None = None
    gain: str = "raw"
    padding: Padding = INTERPOLATION
    border: Border | None = None
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    correlate: bool = False
    transposed: bool = False
    output_padding: tuple[int, int] | None = None
    groups: int | None = None
    bias: tuple[float, ...] = ()
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
    saves: tuple[tuple[int, str], ...] = ()


class Saved(NamedTuple):
    """The result of a layer on its way into a file of its own.

    Attributes:
        number: the layer's, from 1.
        target: the file.
        header: what it will hold.
        form: how the channels are written.
        goal: how results become samples.
        white: what stands for white in the results.
    """

    number: int
    target: str
    header: Header
    form: Form
    goal: Target
    white: float


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
        form: how the result's channels are written.
        saved: the layers whose results are written to files of their own.
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
    form: Form
    saved: tuple[Saved, ...] = ()

    @property
    def white(self) -> float:
        """What stands for white in the results: the input's largest sample, unless a layer changes the scale."""
        return self.plan.whites(full_range(self.input.dtype))[-1]


def apply(request: Request, source: File | Reading, target: File, *, dry_run: bool = False) -> Report:
    """Filter the image in `source` and write it to `target`; return what was done.

    Everything that can be refused is refused before a pixel is waited for. A dry run stops there. The target may be
    the source: it is replaced when all has been computed.

    Raises:
        ImgconvError: it cannot be done; nothing has been written.
    """
    if request.kernel is not None:
        request = request.replace(kernel=rescaled(request.kernel, request.gain))
    _check_places([target, *(file for _, file in request.saves)], request.overwrite)
    with source if isinstance(source, Reading) else Reading(source) as reading:
        return _applied(request, reading, target, dry_run)


def _applied(request: Request, reading: Reading, target: File, dry_run: bool) -> Report:
    header = reading.header
    taken = _taken(header, request)
    border = request.border or Border.parse(request.padding.border)
    chain = request.pipeline or Pipeline((_layer(request, border),))
    filtered = taken.channels - (taken.alpha and request.alpha != "filter")
    plan = chain.plan(Shape(taken.width, taken.height, filtered))
    dtype = np.dtype(header.dtype)
    shown = _form(taken, plan, target, request)
    goal = _target(request, chain.layers, dtype, shown)
    made = _made(taken, plan, goal, shown, target, request)
    if goal.map == "float":
        _refuse_float(made)
    notes = (
        *header.notes,
        *check_target(target, made, format=request.format, overwrite=request.overwrite),
        *_channel_notes(taken, plan, shown, made, request),
    )
    engine = engines.get(request.engine)
    report = Report(
        request=request,
        input=header,
        output=made,
        plan=plan,
        target=goal,
        border=border,
        notes=notes,
        form=shown,
        saved=_saved(request, chain, plan, taken, dtype),
    )
    if dry_run:  # else the reason comes with the result
        jobs = plan.prepare(engine, dtype, full_range(header.dtype))
        return report.replace(reason="; ".join(dict.fromkeys(job.reason for step in jobs for job in step)))
    image = _decoded(reading, request)
    if image.alpha and request.alpha != "filter" and not _keeps_alpha(taken, plan, request):
        image = image.with_pixels(np.ascontiguousarray(image.pixels[:, :, :-1]), alpha=False)
    report, kept = _run(report, chain, image, engine)
    _refuse_span(report)
    _refuse_loss(report)
    assert report.result is not None
    options: dict[str, Any] = {"overwrite": request.overwrite, "compression": request.compression}
    for saved in report.saved:
        write_result(saved.target, image.with_pixels(kept[saved.number], alpha=False), saved.form, **options)
    result = image.with_pixels(report.result.samples, alpha=made.alpha)
    written = write_result(target, result, shown, format=request.format, **options)
    return report.replace(notes=tuple(dict.fromkeys((*report.notes, *image.notes, *written))))


def _layer(request: Request, border: Border) -> Layer:
    """Return the layer of a single kernel.

    Raises:
        OptionError: the kernel has no such bias.
    """
    kernel = request.kernel
    assert kernel is not None
    if request.transposed:
        from imgconv.layers.transposed import Transposed  # few runs need it

        if isinstance(kernel, Pointwise):
            raise OptionError("transposed", f"'{kernel.name}' is a matrix over the channels, which enlarges nothing")
        return Transposed(
            kernel,
            request.stride,
            request.padding,
            request.output_padding,
            request.dilation,
            request.correlate,
            request.groups,
            request.bias,
        )
    layer = layer_for(kernel, request.padding, border, request.stride, request.dilation, request.correlate)
    if isinstance(layer, Conv):
        return layer.replace(groups=request.groups, bias=request.bias)
    if request.groups not in (None, 1):
        raise OptionError("groups", f"'{kernel.name}' is a matrix over all channels, which has no groups")
    return layer.replace(bias=tuple(map(Offset, request.bias)))


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


def _own_map(layers: tuple[Layer, ...]) -> str | None:
    """Return the mapping that the last layer's kernel asks for."""
    kernel = getattr(layers[-1], "kernel", getattr(layers[-1], "matrix", None))
    return getattr(kernel, "map", None)


def _target(request: Request, layers: tuple[Layer, ...], dtype: np.dtype[Any], shown: Form) -> Target:
    map = request.map or _own_map(layers) or shown.map
    if map == "float":
        if request.depth not in (None, "float"):
            if request.map is None:
                map = "stretch"
            else:
                problem = f"{request.depth} bits cannot hold what --map float keeps; leave one of them out"
                raise OptionError("depth", problem)
        kind = float_for(dtype)
    if map != "float":
        kind = np.dtype(DEPTHS[request.depth]) if request.depth else dtype
    target = Target.of(layers[-1], map, kind, request.low, request.high)
    named = "vmin" if request.low is not None else "vmax" if request.high is not None else None
    if named and target.map != "stretch":
        raise OptionError(named, f"it goes with --map stretch, but the map here is {map}")
    low, high = target.low, target.high
    if low is not None and high is not None and not high - low > 1e-30:
        if request.low is None:
            raise OptionError("vmax", f"{high:g} is not above {low:g}, which becomes black")
        raise OptionError("vmin", f"{low:g} is not below {high:g}, which becomes white")
    return target


def _keeps_alpha(taken: Header, plan: Plan, request: Request) -> bool:
    """Whether the result gets its alpha back, which went beside the colours: colours do, feature maps do not."""
    alike = plan.output.channels == plan.input.channels
    return taken.alpha and request.alpha != "filter" and (alike or plan.output.channels in (1, 3))


def _form(taken: Header, plan: Plan, target: File, request: Request) -> Form:
    """Return how the result is written; one with the input's channels, or with its alpha, is a picture as that was."""
    width, height, channels = plan.output
    if _keeps_alpha(taken, plan, request):
        return Form("picture", width, height, channels + 1)
    if channels == taken.channels:
        return Form("picture", width, height, channels)
    return form(format_of(target, request.format), width, height, channels)


def _made(taken: Header, plan: Plan, goal: Target, shown: Form, target: File, request: Request) -> Header:
    """Return the header that the output will have."""
    filtered = taken.alpha and request.alpha == "filter" and shown.channels == taken.channels
    alpha = filtered or _keeps_alpha(taken, plan, request)
    format = format_of(target, request.format)
    same = shown.channels == taken.channels and alpha == taken.alpha
    space = taken.space if same else {1: "grey", 3: "RGB"}.get(shown.channels - alpha, "other")
    if shown.channels == 4 and space == "other" and format not in ("TIFF", "NPY"):
        space, alpha = "RGB", True
    return taken.replace(
        name=target if isinstance(target, str) else "standard output",
        format=format,
        width=shown.width,
        height=shown.height,
        channels=shown.channels,
        alpha=alpha,
        dtype=goal.dtype.name,
        space=space,
        frames=1,
        notes=(),
    )


def _channel_notes(taken: Header, plan: Plan, shown: Form, made: Header, request: Request) -> list[str]:
    """Say what becomes of channels that are no colours."""
    channels = plan.output.channels
    notes = [f"{channels} channels are written as {shown.words}"] if shown.words else []
    if made.alpha and channels == made.channels != taken.channels:
        notes.append("the fourth channel is written as alpha; .npy and .tif keep it as it is")
    if taken.alpha and not made.alpha and request.alpha != "filter":
        notes.append(f"alpha is left out, as {channels} channels are no colours")
    if request.saves and taken.alpha and request.alpha == "premultiply":
        notes.append("layers are saved without alpha, their colours weighted by it")
    return notes


def _check_places(targets: list[File], overwrite: bool) -> None:
    """Refuse files that exist already, or that are to be written twice.

    Raises:
        ImageWriteError: a file exists, or its folder does not.
        OptionError: two results are to go into one file.
    """
    names = [target for target in targets if isinstance(target, str)]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise OptionError("save-layer", f"'{name}' is to hold two results; name another file")
        check_place(name, name, overwrite)


def _saved(request: Request, chain: Pipeline, plan: Plan, taken: Header, dtype: np.dtype[Any]) -> tuple[Saved, ...]:
    """Return what is written of layers' results besides the last.

    Raises:
        OptionError: there is no such layer.
        ImageWriteError: a file cannot hold it.
    """
    found = []
    whites = plan.whites(full_range(dtype))
    for number, file in request.saves:
        if not 1 <= number <= len(plan.steps):
            last = f"from 1 to {len(plan.steps)}" if len(plan.steps) > 1 else "and there is but one"
            raise OptionError("save-layer", f"there is no layer {number}; they are numbered {last}")
        part = plan.replace(layers=plan.layers[:number], steps=plan.steps[:number])
        plain = taken.replace(alpha=False, channels=plan.input.channels)
        shown = _form(plain, part, file, request.replace(format=None))
        asked = request
        if shown.kind == "picture" and format_of(file) == "NPY" and request.map is None and request.depth is None:
            asked = request.replace(map="float")  # a picture that goes into an array is wanted for its numbers
        goal = _target(asked, chain.layers[:number], dtype, shown)
        made = _made(plain, part, goal, shown, file, request.replace(format=None))
        if goal.map == "float":
            _refuse_float(made)
        check_target(file, made, overwrite=request.overwrite)
        found.append(Saved(number, file, made, shown, goal, whites[number]))
    return tuple(found)


def _refuse_float(made: Header) -> None:
    """Refuse a format without floats, as that is all that ``--map float`` makes."""
    kinds = next(item.dtypes for item in FORMATS if item.name == made.format)
    if not any(kind.startswith("float") for kind in kinds):
        problem = f"{made.format} cannot hold what --map float keeps; write .tif or .npy, or choose another --map"
        raise ImageWriteError(made.name, problem)


def _decoded(reading: Reading, request: Request) -> Image:
    image = reading.image()
    reading.close()
    if image.alpha and request.alpha == "drop":
        image = image.with_pixels(np.ascontiguousarray(image.pixels[:, :, :-1]), alpha=False)
    if request.gray:
        from imgconv.grey import to_grey  # few runs need it

        image = to_grey(image)
    return image


def _run(
    report: Report, chain: Pipeline, image: Image, engine: engines.Engine
) -> tuple[Report, dict[int, np.ndarray[Any, Any]]]:
    """Run the chain; return the report with its result, and the samples of the layers to be saved."""
    request = report.request
    wanted = {saved.number: saved for saved in report.saved}
    kept: dict[int, np.ndarray[Any, Any]] = {}

    def keep(number: int, results: np.ndarray[Any, Any]) -> None:
        if saved := wanted.get(number):
            floats = Result(results.copy(), Stats.of(results))
            kept[number] = mapped(floats, saved.goal, saved.white).samples

    start = time.perf_counter()
    result = chain.run(
        image.pixels,
        engine,
        report.target,
        alpha=request.alpha if image.alpha else None,
        threads=request.threads,
        keep=keep if wanted else None,
    )
    seconds = time.perf_counter() - start
    check = None
    if request.check:
        from imgconv.checking import compare  # few runs need it

        colours = image.pixels[:, :, : report.plan.input.channels]
        check = compare(chain.layers[0], np.ascontiguousarray(colours), request.engine, request.threads)
    return report.replace(result=result, seconds=seconds, check=check, reason=result.reason), kept


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
