"""Layers written as words, such as ``conv:7,s2,p3,c64``, ``relu`` or ``shuffle:4``, as the layers that they name.

The grammar is that of `imgconv.sizes.chainwords`, which plans the usual ones by itself, without NumPy. Here every layer
can be written that needs no branches, those of other packages too: what stands first is the layer's first field, and a
letter sets the field that it is short for. Weights, which a word does not have, are all alike and sum to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from imgconv import layers
from imgconv.errors import ImgconvError, LayerError, OptionError, quoted
from imgconv.geometry import Padding, Shape
from imgconv.kernels.value import Kernel, Learned, Offset
from imgconv.kernels.value import Pointwise as Matrix
from imgconv.layers import Layer
from imgconv.layers.conv import Conv
from imgconv.layers.pad import Pad
from imgconv.layers.pointwise import Pointwise
from imgconv.layers.pool import Pool
from imgconv.layers.resize import Resize
from imgconv.layers.separable import Separable
from imgconv.layers.transposed import Transposed
from imgconv.pipeline.fields import fields
from imgconv.pipeline.run import Pipeline
from imgconv.registry import LAYERS
from imgconv.sizes.chain import Row, check_groups
from imgconv.sizes.chainwords import KINDS, OPTIONS, Link, link, option, read_part
from imgconv.words.number import SCALE, WholeKind
from imgconv.words.pair import PAIR

FIRST: dict[str, Any] = {
    "Taps": PAIR,
    "Line": PAIR,
    "Pair": PAIR,
    "Scale": SCALE,
    "Count": WholeKind(),
    "Counts": WholeKind(least=0),
}
"""How what stands first in a word is read, by the kind of the layer's first field."""


def planned(words: Sequence[str], size: Shape) -> tuple[Pipeline, list[Row]]:
    """Return the layers of a chain whose input is `size`, and a row for each, which is called as it is written.

    Raises:
        OptionError: a word cannot be understood.
        LayerError: a layer cannot be.
    """
    chain, shape = [], size
    for number, word in enumerate(words, 1):
        layer = layer_of(word, shape)
        try:
            shape = layer.plan(shape).output
        except ImgconvError as error:
            raise LayerError(number, layer.kind, error) from None
        chain.append(layer)
    pipeline = Pipeline(tuple(chain), "LAYER")
    rows = pipeline.plan(size).rows
    return pipeline, [row._replace(kind=kind_of(word)) for row, word in zip(rows, words, strict=True)]


def kind_of(word: str) -> str:
    """Return the name of a layer that stands before its options."""
    return word.strip().lower().partition(":")[0]


def layer_of(word: str, shape: Shape) -> Layer:
    """Return the layer that a word names, for samples of `shape`.

    Raises:
        OptionError: the word cannot be understood, or its groups do not divide the channels.
    """
    kind = kind_of(word)
    if kind in KINDS or not LAYERS.has(kind):
        return _usual(link(word), shape)
    return _any(kind, word, shape)


def _usual(link: Link, shape: Shape) -> Layer:
    """Return a layer of those that `imgconv.sizes.chainwords` knows."""
    given, (width, height) = link.options, link.window
    padding = given.get("padding") or Padding("valid")
    stride, dilation = given.get("stride"), given.get("dilation", (1, 1))
    match link.kind:
        case "pool":
            ceil_mode = given.get("ceil_mode", False)
            return Pool(max=link.window, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode)
        case "resize":
            return Resize(scale=link.scale)
        case "pad":
            return Pad(Padding.explicit(width, height, width, height))
        case "separable":
            row, column = (1 / width,) * width, (1 / height,) * height
            return Separable(row, column, padding, None, stride or (1, 1), dilation)
        case "pointwise" if "channels" in given and "groups" not in given:
            offsets = (Offset(),) * (given["channels"] if "bias" in given else 0)
            return Pointwise(_matrix(given["channels"], shape.channels), offsets)
    depthwise = link.kind == "depthwise"
    outputs = given.get("channels") or (shape.channels if depthwise else None)
    groups = given.get("groups", shape.channels if depthwise else 1)
    kernel = _weights(link.window, shape.channels, outputs, groups, transposed=link.kind == "transposed")
    many = groups if isinstance(kernel, Learned) else None
    bias = (0.0,) * ((outputs or 1) if "bias" in given else 0)
    if link.kind == "transposed":
        extra = given.get("output_padding")
        return Transposed(kernel, stride or (1, 1), padding, extra, dilation, groups=many, bias=bias)
    return Conv(kernel, padding, None, stride or (1, 1), dilation, groups=many, bias=bias)


def _weights(
    window: tuple[int, int], channels: int, outputs: int | None, groups: int, *, transposed: bool = False
) -> Kernel | Learned:
    """Return a mean over a window for every channel, or weights that make `outputs` channels."""
    width, height = window
    taps = np.full((height, width), 1 / (height * width))
    if outputs is None:
        return Kernel(name="mean", weights=taps)
    check_groups(channels, outputs, groups)
    planes = (channels, outputs // groups) if transposed else (outputs, channels // groups)
    return Learned(name="mean", weights=np.tile(taps, (*planes, 1, 1)))


def _matrix(outputs: int, channels: int) -> Matrix:
    return Matrix(name="mean", matrix=np.full((outputs, channels), 1 / channels))


def _any(kind: str, word: str, shape: Shape) -> Layer:
    """Return a layer by the kinds of its fields."""
    layer = layers.find(kind)
    known = fields(layer)
    kinds = {field.name: field.kind for field in known}
    if "Branches" in kinds.values():
        raise OptionError("LAYER", f"{quoted(word)} has branches, which only a --pipeline file can name")
    weighted = "Taps" in kinds.values()
    letters = "".join(letter for letter, (name, _) in OPTIONS.items() if name in kinds and letter != "c")
    letters += "c" * weighted
    rest = word.strip().partition(":")[2]
    parts = [part.strip() for part in rest.split(",")] if rest else []
    values: dict[str, Any] = {}
    if parts and known and not parts[0][:1].isalpha():
        first = known[0]
        number = len(parts) if first.kind in ("Counts", "Offsets", "Numbers") else 1
        values[first.name] = _first(first.kind, first.name, word, parts[:number])
        del parts[:number]
    for part in parts:
        name, value = option(word, kind, letters, part)
        if name in values:
            raise OptionError("LAYER", f"{quoted(word)} gives the {name.replace('_', ' ')} twice")
        values[name] = value
    values = _with_taps(values, kinds, shape)
    missing = next((field.name for field in known if field.required and field.name not in values), "")
    if missing:
        raise OptionError("LAYER", f"{quoted(word)} needs its {_called(kind, missing, kinds)}")
    try:
        return layer(**values)
    except ImgconvError as error:
        raise OptionError("LAYER", f"{quoted(word)}: {error}") from None


def _with_taps(values: dict[str, Any], kinds: dict[str, str], shape: Shape) -> dict[str, Any]:
    """Return the values of fields with weights in place of the window that they are written by."""
    window = next((values[name] for name, kind in kinds.items() if kind in ("Taps", "Line") and name in values), None)
    if window is None:
        return values
    lines = [name for name, kind in kinds.items() if kind == "Line"]
    made = {name: (1 / length,) * length for name, length in zip(lines, window, strict=False)}
    for taps in (name for name, kind in kinds.items() if kind == "Taps"):
        mixers = [name for name, kind in kinds.items() if kind == "Mixer"]
        groups, outputs = values.get("groups"), values.pop("channels", None)
        outputs = outputs or (shape.channels if groups or mixers else None)
        made[taps] = _weights(window, shape.channels, None if mixers else outputs, groups or 1)
        made |= {name: _matrix(outputs or 1, shape.channels) for name in mixers}
        if "bias" in values:
            made["bias"] = (0.0,) * (1 if mixers else outputs or 1)
    return {**values, **made}


def _called(kind: str, field: str, kinds: dict[str, str]) -> str:
    """Return what a field that is missing is called, where words are written."""
    if kinds[field] in ("Taps", "Line"):
        return f"window first, as in {kind}:3 or {kind}:5x3"
    letter = next((letter for letter, (name, _) in OPTIONS.items() if name == field), "")
    name = field.replace("_", " ")
    return f"{name}, as in {letter}2" if letter and field != next(iter(kinds)) else f"{name} first, as in {kind}:2"


def _first(kind: str, name: str, word: str, parts: Sequence[str]) -> Any:
    """Return what stands first in a word, for a field of a kind."""
    match kind:
        case "Counts":
            return tuple(read_part(word, name, FIRST[kind].parse, part) for part in parts)
        case "Offsets":
            return tuple(read_part(word, name, Offset.read, part) for part in parts)
        case "Numbers":
            return tuple(read_part(word, name, Offset.read, part).value for part in parts)
        case "Offset":
            return read_part(word, name, Offset.read, parts[0])
    if kind not in FIRST:
        raise OptionError("LAYER", f"{quoted(parts[0])} in {quoted(word)} is not read; only a --pipeline file names it")
    return read_part(word, "window" if FIRST[kind] is PAIR else name, FIRST[kind].parse, parts[0])
