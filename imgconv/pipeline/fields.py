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
from imgconv.geometry import MAX_LENGTH, PADDING_FORMS, PADDINGS, Padding, whole
from imgconv.kernels import weightfile
from imgconv.kernels.file import SUFFIXES
from imgconv.kernels.library import kernel as find_kernel
from imgconv.kernels.names import foreign
from imgconv.kernels.text import rows_hint
from imgconv.kernels.value import Combined, Kernel, Learned, Offset, Pointwise
from imgconv.layers import Layer
from imgconv.words import base as words
from imgconv.words import numbers as numbertext
from imgconv.words.base import Wrong, described, each
from imgconv.words.border import BORDER
from imgconv.yamlreader.events import DECIMALS, ZeroFirst

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


def _number(value: object) -> numbertext.Number:
    if isinstance(value, str):
        try:
            return numbertext.number(value)
        except ValueError as problem:
            raise Wrong(str(problem)) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"expected a number, not {described(value)}")
    if isinstance(value, ZeroFirst):
        raise Wrong(f"0{value} {DECIMALS}")
    if not np.isfinite(float(value)):
        raise Wrong(f"{described(value)} is not a finite number")
    return value


def _flag(value: object, folder: str) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"expected true or false, not {described(value)}")
    return value


def _whole(value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MAX_LENGTH:
        raise Wrong(f"expected a whole number of at least {least}, not {described(value)}")
    return value


def _pair(least: int) -> Callable[[Any, str], tuple[int, int]]:
    def read(value: Any, folder: str) -> tuple[int, int]:
        if isinstance(value, list) and len(value) == 2:
            rows, cols = each(value, lambda one: _whole(one, least))
            return cols, rows
        if isinstance(value, str) and (match := re.fullmatch(r"(\d+)[xX](\d+)", value.strip())):
            return _whole(whole(match[1]), least), _whole(whole(match[2]), least)
        if isinstance(value, list | dict | str) or value is None:
            raise Wrong(f"expected a number, WIDTHxHEIGHT or [rows, cols], not {described(value)}")
        return (_whole(value, least),) * 2

    return read


def _counts(value: Any, folder: str) -> tuple[int, ...]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise Wrong("expected a list of whole numbers, not an empty list")
    return each(values, lambda one: _whole(one, 0))


def _scale(value: Any, folder: str) -> tuple[int, int]:
    found = numbertext.fraction(_number(value))
    if not 0 < found <= MAX_LENGTH:
        raise Wrong(f"expected a number above 0, such as 2, 0.5 or 3/2, not {described(value)}")
    found = found.limit_denominator(10**9)
    return found.numerator, found.denominator


def _numbers(value: Any, folder: str) -> tuple[float, ...]:
    if _is_file(value):
        return tuple(float(one) for one in _array(value, folder, 1))
    values = value if isinstance(value, list) else [value]
    if not values:
        raise Wrong("expected a number or a list of them, not an empty list")
    return each(values, lambda one: float(_number(one)))


def _offset(value: Any, folder: str = "") -> Offset:
    if isinstance(value, str) and value.strip().endswith("%"):
        return Offset(share=float(_number(value.strip()[:-1])) / 100)
    return Offset(value=float(_number(value)))


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
    return each(values, _offset)


def _line(value: Any, folder: str) -> tuple[float, ...]:
    if isinstance(value, str):
        taps = _found(value, folder)
        if isinstance(taps, Kernel) and 1 in taps.shape:
            return tuple(float(tap) for tap in taps.taps.ravel())
        raise Wrong(f"{described(value)} is no single row of taps")
    if not isinstance(value, list) or not value:
        raise Wrong(f"expected a list of numbers such as [1, 2, 1], not {described(value)}")
    return each(value, lambda one: float(_number(one)))


# --- words ------------------------------------------------------------------------------------------------------------


def _padding(value: Any, folder: str) -> Padding:
    if isinstance(value, str):
        return Padding.parse(value)
    numbers = value if isinstance(value, list) else [value]
    match each(numbers, lambda one: _whole(one, 0)) if isinstance(value, list) else (_whole(value, 0),):
        case (n,):
            return Padding.explicit(n, n, n, n)
        case (rows, cols):
            return Padding.explicit(cols, rows, cols, rows)
        case (left, top, right, bottom):
            return Padding.explicit(left, top, right, bottom)
    raise Wrong(f"a list is [rows, cols] or [left, top, right, bottom], not {len(value)} numbers")


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
            return float(_number(part))
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

_NUMBER: Schema = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[-+]?[0-9.eE+-]+(/[0-9.eE+-]+)?$"}],
}
_OFFSET: Schema = {"anyOf": [_NUMBER, {"type": "string", "pattern": "^.+%$"}]}
_WEIGHTS_FILE: Schema = {
    "type": "string",
    "pattern": "\\.([nN][pP][yYzZ]|[sS][aA][fF][eE][tT][eE][nN][sS][oO][rR][sS])",
}
_ROWS: Schema = {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1}}


def _pairs(least: int) -> Schema:
    one = {"type": "integer", "minimum": least}
    text = {"type": "string", "pattern": "^[0-9]+[xX][0-9]+$", "description": "WIDTHxHEIGHT"}
    return {"anyOf": [one, text, {"type": "array", "items": one, "minItems": 2, "maxItems": 2}]}


def _list_of(one: Schema, *others: Schema) -> Schema:
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}, *others]}


def _of(kind: words.Kind) -> Kind:
    """Return a kind of value that the command line and Python read too."""
    return Kind(lambda value, folder: kind.read(value), kind.schema)


KINDS = {
    "Pair": Kind(_pair(1), _pairs(1)),
    "Extra": Kind(_pair(0), _pairs(0)),
    "Flag": Kind(_flag, {"type": "boolean"}),
    "Count": Kind(lambda value, folder: _whole(value, 1), {"type": "integer", "minimum": 1}),
    "Counts": Kind(_counts, _list_of({"type": "integer", "minimum": 0})),
    "Scale": Kind(_scale, _NUMBER),
    "Numbers": Kind(_numbers, _list_of(_NUMBER, _WEIGHTS_FILE)),
    "Offset": Kind(_offset, _OFFSET),
    "Offsets": Kind(_offsets, _list_of(_OFFSET, _WEIGHTS_FILE)),
    "Line": Kind(_line, {"anyOf": [{"type": "array", "items": _NUMBER, "minItems": 1}, {"type": "string"}]}),
    "Padding": Kind(
        _padding,
        {
            "anyOf": [
                {"enum": list(PADDINGS)},
                {"type": "integer", "minimum": 0},
                {"type": "string", "description": PADDING_FORMS},
                {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 4},
            ]
        },
    ),
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
