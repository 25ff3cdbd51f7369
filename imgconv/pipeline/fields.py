"""The fields of layers in YAML: for every kind of value how it is read, and its JSON Schema.

A field's kind is the name of its annotation in the layer's class, one of `imgconv.layers._types`.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import ImgconvError, quoted, shorten
from imgconv.kernels import weightfile
from imgconv.kernels.file import SUFFIXES
from imgconv.kernels.library import kernel as find_kernel
from imgconv.kernels.names import foreign
from imgconv.kernels.text import rows_hint
from imgconv.kernels.value import Combined, Kernel, Learned, Offset, Pointwise
from imgconv.layers import Layer
from imgconv.words import base as words
from imgconv.words.base import Wrong, described, each
from imgconv.words.border import BORDER
from imgconv.words.number import NUMBER, SCALE, WholeKind, exact
from imgconv.words.padding import PADDING
from imgconv.words.pair import EXTRA, PAIR

Schema = dict[str, Any]


class Kind(NamedTuple):
    """A kind of value.

    Attributes:
        read: makes the value of what YAML holds; also given the folder that files are looked for in.
        schema: JSON Schema of what YAML holds.
    """

    read: Callable[[Any, str], Any]
    schema: Schema


class Field(NamedTuple):
    """A field of a layer."""

    name: str
    kind: str
    required: bool
    default: Any
    description: str
    words: tuple[str, ...] = ()


def fields(layer: type[Layer]) -> list[Field]:
    """Return the fields of a layer in their order, with what its docstring says of them."""
    defaults, kinds, said = layer.defaults(), layer.kinds(), dict[str, str]()
    for base in reversed(layer.__mro__):
        if issubclass(base, Layer):
            said |= attributes(base.__doc__ or "")
    found = []
    for name in layer._fields:
        required = name in layer.needs or name not in defaults
        default, meaning = defaults.get(name), said.get(name, "")
        found.append(Field(name, kinds[name], required, default, meaning, layer.words.get(name, ())))
    return found


def attributes(docstring: str) -> dict[str, str]:
    """Return what the section ``Attributes:`` of a docstring says of each name."""
    section = inspect.cleandoc(docstring).partition("Attributes:\n")[2]  # which Python 3.13 takes the indentation from
    entries = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE)
    return {name: re.sub(r"\s+", " ", text).strip() for name, text in entries}


# --- numbers ----------------------------------------------------------------------------------------------------------


def _flag(value: object, folder: str) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"expected true or false, not {described(value)}")
    return value


def _counts(value: Any, folder: str) -> tuple[int, ...]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise Wrong("expected a list of whole numbers, not an empty list")
    return each(values, WholeKind(least=0).count)


def _numbers(value: Any, folder: str) -> tuple[float, ...]:
    if _is_file(value):
        return tuple(float(one) for one in _array(value, folder, 1))
    values = value if isinstance(value, list) else [value]
    if not values:
        raise Wrong("expected a number or a list of them, not an empty list")
    return each(values, lambda one: float(exact(one)))


def _is_file(value: Any) -> bool:
    """Whether numbers are named by a file, be it one that is not read."""
    if not isinstance(value, str):
        return False
    if problem := foreign(value):
        raise Wrong(f"{quoted(value)} {problem}")
    return weightfile.is_spec(value)


def _offsets(value: Any, folder: str) -> tuple[Offset, ...]:
    if _is_file(value):
        return tuple(Offset(one) for one in _numbers(value, folder))
    values = value if isinstance(value, list) else [value]
    if not values:
        raise Wrong("expected a number or a list of them, not an empty list")
    return each(values, Offset.read)


def _line(value: Any, folder: str) -> tuple[float, ...]:
    if isinstance(value, str):
        taps = _found(value, folder)
        if isinstance(taps, Kernel) and 1 in taps.shape:
            return tuple(float(tap) for tap in taps.taps.ravel())
        raise Wrong(f"{described(value)} is no single row of taps")
    if not isinstance(value, list) or not value:
        raise Wrong(f"expected a list of numbers such as [1, 2, 1], not {described(value)}")
    return each(value, lambda one: float(exact(one)))


# --- words ------------------------------------------------------------------------------------------------------------


def _text(value: Any, folder: str = "") -> str:
    if not isinstance(value, str):
        raise Wrong(f"expected a word, not {described(value)}")
    return value


# --- weights ----------------------------------------------------------------------------------------------------------


def _taps(value: Any, folder: str) -> Kernel | Combined | Learned:
    if isinstance(value, list):
        value = _nested(value)
        return Learned(name="weights", weights=value) if value.ndim == 4 else Kernel(name="weights", weights=value)
    found: Kernel | Combined | Learned | Pointwise = _found(value, folder)
    if isinstance(found, Pointwise):
        raise Wrong(f"{quoted(found.name)} is a matrix over the channels; write 'pointwise: {found.name}'")
    return found


def _mixer(value: Any, folder: str) -> Pointwise:
    found = Kernel(name="matrix", weights=_nested(value)) if isinstance(value, list) else _found(value, folder)
    if isinstance(found, Kernel) and not found.offset:
        return Pointwise(name=found.name, matrix=found.taps)
    if isinstance(found, Learned) and found.shape == (1, 1):
        bias = tuple(Offset(one) for one in found.bias)
        return Pointwise(name=found.name, matrix=found.weights[:, :, 0, 0], bias=bias)
    if not isinstance(found, Pointwise):
        raise Wrong(f"{quoted(found.name)} is no matrix over the channels, such as sepia or [[0.5, 0.5, 0]]")
    return found


def _found(value: Any, folder: str) -> Any:
    """Return the kernel that a text names, or the weights in a file, which is looked for beside the pipeline."""
    if not isinstance(value, str):
        raise Wrong(f"expected a kernel's name, a file, or rows of numbers, not {described(value)}")
    spec = value.strip()
    if spec == "-":
        raise Wrong("standard input can be no part of a pipeline; name a file")
    if weightfile.is_spec(spec):
        array = _array(spec, folder, 2, 4)
        name = shorten(os.path.basename(spec))
        return Learned(name=name, weights=array) if array.ndim == 4 else Kernel(name=name, weights=array)
    return find_kernel(os.path.join(folder, spec) if spec.lower().endswith(SUFFIXES) else spec)


def _array(spec: str, folder: str, *axes: int) -> NDArray[Any]:
    array = weightfile.read(spec, folder)
    if array.ndim not in axes:
        wanted = {1: "one axis", 2: "(rows, cols)", 4: "(out, in / groups, rows, cols)"}
        shown = " or ".join(wanted[number] for number in axes)
        raise Wrong(f"{shorten(spec)} has shape {array.shape}, not {shown}")
    return array


def _nested(value: list[Any]) -> NDArray[np.float64]:
    """Return nested lists of numbers as an array of two or four axes."""

    def numbers(part: Any, depth: int) -> Any:
        if not isinstance(part, list):
            return float(exact(part))
        if depth == 4 or not part:
            raise Wrong("expected rows of numbers such as [[1, 0, -1], [2, 0, -2]]")
        return list(each(part, lambda one: numbers(one, depth + 1)))

    made = numbers(value, 0)
    if hint := rows_hint(value, "yaml") if all(isinstance(one, float) for one in made) else "":
        raise Wrong(hint)
    try:
        array = np.array(made, dtype=np.float64)
    except ValueError:
        raise Wrong("the rows have different lengths") from None
    if array.ndim not in (2, 4):
        raise Wrong(f"numbers of shape {array.shape} are neither (rows, cols) nor (out, in / groups, rows, cols)")
    return array


# --- all kinds --------------------------------------------------------------------------------------------------------

_NUMBER = NUMBER.schema
_OFFSET: Schema = {"anyOf": [_NUMBER, {"type": "string", "pattern": "^.+%$"}]}
_WEIGHTS_FILE: Schema = {
    "type": "string",
    "pattern": "\\.([nN][pP][yYzZ]|[sS][aA][fF][eE][tT][eE][nN][sS][oO][rR][sS])",
}
_ROWS: Schema = {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1}}


def _list_of(one: Schema, *others: Schema) -> Schema:
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}, *others]}


def _of(kind: words.Kind) -> Kind:
    """Return a kind of value that the command line and Python read too."""
    return Kind(lambda value, folder: kind.read(value), kind.schema)


KINDS = {
    "Pair": _of(PAIR),
    "Extra": _of(EXTRA),
    "Flag": Kind(_flag, {"type": "boolean"}),
    "Count": Kind(lambda value, folder: WholeKind().count(value), WholeKind().schema),
    "Counts": Kind(_counts, _list_of(WholeKind(least=0).schema)),
    "Scale": _of(SCALE),
    "Numbers": Kind(_numbers, _list_of(_NUMBER, _WEIGHTS_FILE)),
    "Offset": Kind(lambda value, folder: Offset.read(value), _OFFSET),
    "Offsets": Kind(_offsets, _list_of(_OFFSET, _WEIGHTS_FILE)),
    "Line": Kind(_line, {"anyOf": [{"type": "array", "items": _NUMBER, "minItems": 1}, {"type": "string"}]}),
    "Padding": _of(PADDING),
    "Border": _of(BORDER),
    "Taps": Kind(_taps, {"anyOf": [{"type": "string"}, _ROWS]}),
    "Mixer": Kind(_mixer, {"anyOf": [{"type": "string"}, _ROWS]}),
    "Word": Kind(_text, {"type": "string"}),
}
"""Every kind but ``Branches``, which `imgconv.pipeline.file` reads itself."""


def read(kind: str, value: Any, folder: str) -> Any:
    """Return the value of a field.

    Raises:
        Wrong: it is none of its kind.
    """
    try:
        return KINDS[kind].read(value, folder)
    except ImgconvError as error:
        raise Wrong(str(error)) from None
