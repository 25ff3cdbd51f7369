"""What will be done to an image file, worked out from its header before a pixel is waited for."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import numpy as np

from imgconv.border import Border
from imgconv.errors import ImageWriteError, OptionError
from imgconv.filtering.featuremap import Form, form
from imgconv.filtering.outcome import Report, Saved, keeps_alpha
from imgconv.filtering.request import Request, rescaled
from imgconv.filtering.treatment import plain, taken
from imgconv.image import Header, check_target, format_of
from imgconv.image.formats import named, spec_of
from imgconv.kernels.text import rows_hint
from imgconv.kernels.value import AnyKernel, Kernel, Offset, Pointwise
from imgconv.layers import Layer, Shape
from imgconv.pipeline.run import Pipeline, Plan, layer_for
from imgconv.pipeline.target import Target, float_for
from imgconv.tone import full_range
from imgconv.words.choice import DEPTHS
from imgconv.words.map import SPAN

if TYPE_CHECKING:
    from imgconv.filtering.part import Chosen

File = str | IO[bytes]
"""A path, or an open binary file such as a pipe."""


def samples_bytes(*headers: Header) -> int:
    """Return how many bytes the samples of images take."""
    return sum(one.width * one.height * one.channels * np.dtype(one.dtype).itemsize for one in headers)


def planned(request: Request, header: Header, target: File) -> Report:
    """Return what `request` makes of an image with that header and writes to `target`.

    Raises:
        ImgconvError: it cannot be done.
    """
    if request.kernel is not None and request.gain != "raw":
        request = request.replace(kernel=rescaled(request.kernel, request.gain, request.map))
    seen = taken(header, request)
    border = request.border or Border(request.padding.border)
    chain = request.pipeline or Pipeline((_layer(request, border),))
    filtered = seen.channels - (seen.alpha and request.alpha != "filter")
    picked: Chosen | None = None
    remarks: tuple[str, ...] = ()
    if not plain(request):
        from imgconv.filtering.part import chosen  # few runs need it

        picked, remarks = chosen(seen, request)
        filtered = picked.planes
    plan = chain.plan(Shape(seen.width, seen.height, filtered))
    if picked:
        from imgconv.filtering.part import check_results

        check_results(plan, request)
    dtype = np.dtype(header.dtype)
    shown = _form(seen, plan, target, request)
    if seen.alpha and request.alpha == "premultiply" and not (request.channel or keeps_alpha(seen, plan, request)):
        problem = f"the {plan.output.channels} channels of the results are no colours that alpha could weight"
        raise OptionError("alpha", f"{problem}; use drop, or filter it as a channel")
    goal = _target(request, chain.layers, dtype, shown)
    if picked:
        goal = goal.replace(apart=False)
    made = _made(seen, plan, goal, shown, target, request)
    if goal.map == "float":
        _refuse_float(made)
    personal = _personal(header, made, request)
    notes = (
        *header.notes,
        *check_target(target, made, format=request.format, overwrite=request.overwrite),
        *remarks,
        *_personal_notes(personal),
        *_row_notes(request.kernel),
        *_channel_notes(seen, chain, plan, shown, made, request),
    )
    return Report(
        request=request,
        input=header,
        output=made,
        chain=chain,
        plan=plan,
        target=goal,
        border=border,
        picked=picked,
        notes=notes,
        personal=personal,
        form=shown,
        saved=_saved(request, chain, plan, seen, dtype),
    )


def _personal(header: Header, made: Header, request: Request) -> tuple[str, ...]:
    """Name what tells of place and person, where a part of the image is filtered, perhaps to hide it."""
    if request.strip or not header.personal or not (request.region or request.mask):
        return ()
    from imgconv.image.metadata.travelling import carried

    return carried(header.personal, spec_of(made.name, made.format))


def _personal_notes(names: tuple[str, ...]) -> list[str]:
    from imgconv.image.metadata.travelling import personal_note

    return [personal_note(names)] if names else []


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
    if not isinstance(kernel, Pointwise):
        return layer.replace(groups=request.groups, bias=request.bias)
    if request.dilation != (1, 1):
        raise OptionError("dilation", f"'{kernel.name}' is a matrix over the channels, which has no taps to set apart")
    if request.groups not in (None, 1):
        raise OptionError("groups", f"'{kernel.name}' is a matrix over all channels, which has no groups")
    return layer.replace(bias=tuple(map(Offset, request.bias)))


def _own_map(layers: tuple[Layer, ...]) -> str | None:
    """Return the mapping that the last layer's kernel asks for."""
    return layers[-1].map


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
    if named and not target.spans:
        raise OptionError(named, f"it goes with {SPAN}, but the map here is {map}")
    low, high = target.low, target.high
    if shown.kind == "sheet" and not (request.map or _own_map(layers) or named) and target.waits:
        target = target.replace(apart=True)  # maps of far different ranges would come out flat on one scale
    if low is not None and high is not None and not high - low > 1e-30:
        if request.low is None:
            raise OptionError("vmax", f"{high:g} is not above {low:g}, which becomes black")
        raise OptionError("vmin", f"{low:g} is not below {high:g}, which becomes white")
    return target


def _form(taken: Header, plan: Plan, target: File, request: Request) -> Form:
    """Return how the result is written; one with the input's channels, or with its alpha, is a picture as that was."""
    width, height, channels = plan.output
    if request.channel:
        return Form("picture", width, height, taken.channels)
    if keeps_alpha(taken, plan, request):
        return Form("picture", width, height, channels + 1)
    if channels == taken.channels and request.layout != "sheet":
        return Form("picture", width, height, channels)
    return form(format_of(target, request.format), width, height, channels, request.layout)


def _made(taken: Header, plan: Plan, goal: Target, shown: Form, target: File, request: Request) -> Header:
    """Return the header that the output will have."""
    filtered = taken.alpha and request.alpha == "filter" and shown.channels == taken.channels
    alpha = filtered or keeps_alpha(taken, plan, request)
    format = format_of(target, request.format)
    same = shown.channels == taken.channels and alpha == taken.alpha
    space = taken.space if same else {1: "grey", 3: "RGB"}.get(shown.channels - alpha, "other")
    if shown.channels == 4 and space == "other" and not named(format).any_channels:
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
        unit="",
        plays=1,
        frame=None,
        notes=(),
        personal=(),
        axes=(),
    )


def _row_notes(kernel: AnyKernel | None) -> list[str]:
    """Return how to write rows, if a kernel in one row was perhaps meant to have several."""
    if not isinstance(kernel, Kernel) or kernel.name != "inline" or kernel.shape[0] > 1:
        return []
    hint = rows_hint([f"{tap:g}" for tap in kernel.weights[0]], "inline")
    return [f"the kernel is one row of {hint}"] if hint else []


def _channel_notes(
    taken: Header, chain: Pipeline, plan: Plan, shown: Form, made: Header, request: Request
) -> list[str]:
    """Say what becomes of channels that are no colours."""
    channels = plan.output.channels
    notes = [f"{channels} channels are written as {shown.words}"] if shown.words else []
    if made.alpha and channels == made.channels != taken.channels:
        notes.append("the fourth channel is written as alpha; .npy and .tif keep it as it is")
    if shown.kind == "sheet" and channels == 4 and request.layout == "auto":
        notes.append("--layout picture would write them as red, green, blue and alpha")
    if taken.alpha and not made.alpha and request.alpha != "filter":
        notes.append(f"alpha is left out, as {channels} channels are no colours")
    if request.saves and taken.alpha and chain.weights(request.alpha):
        notes.append("layers are saved without alpha, their colours weighted by it")
    return notes


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
        colours = request.layout != "picture" or part.output.channels in (1, 3, 4)
        shown = _form(plain, part, file, request.replace(format=None, layout=request.layout if colours else "auto"))
        asked = request
        if shown.kind == "picture" and spec_of(file).array and request.map is None and request.depth is None:
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
    kinds = named(made.format).dtypes
    if not any(kind.startswith("float") for kind in kinds):
        problem = f"{made.format} cannot hold what --map float keeps; write .tif or .npy, or choose another --map"
        raise ImageWriteError(made.name, problem)
