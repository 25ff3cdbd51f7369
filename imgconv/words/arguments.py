"""Look at the arguments of public functions before anything uses them, so that every refusal is a sentence of ours.

What a name means is the same in all the functions, so there is one row a name. Rows say only what kind of value an
argument is; which of these values make sense is left to the function. NumPy's scalars count as Python's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from imgconv.errors import ArgumentTypeError, OptionError
from imgconv.geometry import MAX_LENGTH
from imgconv.words.base import is_several, is_whole, shown
from imgconv.words.border import BORDER

P = ParamSpec("P")
R = TypeVar("R")

Check = Callable[[str, Any], object]


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Have the arguments of a function looked at by the rows of `CHECKS`, each before any is used.

    Raises:
        ArgumentTypeError: an argument is of a kind that it cannot be.
        OptionError: a number is beyond all bounds.
    """
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for name, value in zip(names, args, strict=False):
            if check := CHECKS.get(name):
                check(name, value)
        for name, value in kwargs.items():
            if check := CHECKS.get(name):
                check(name, value)
        return function(*args, **kwargs)

    return call


def _is_number(value: object) -> bool:
    return is_whole(value) or (
        (isinstance(value, float) or type(value).__name__.startswith("float")) and value == value
    )


def _flag(name: str, value: object) -> None:
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        raise ArgumentTypeError(name, f"{shown(value)} is not True or False")


def _maybe(check: Check) -> Check:
    return lambda name, value: None if value is None else check(name, value)


def _word(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise ArgumentTypeError(name, f"{shown(value)} is not a word")


def _count(name: str, value: Any) -> None:
    if not is_whole(value):
        raise ArgumentTypeError(name, f"{shown(value)} is not a whole number")
    if not -MAX_LENGTH <= int(value) <= MAX_LENGTH:
        raise OptionError(name, f"{shown(value)} is beyond {MAX_LENGTH}")


def _whole(name: str, value: object) -> None:
    if not is_whole(value):
        raise ArgumentTypeError(name, f"{shown(value)} is not a whole number")


def _strip(name: str, value: object) -> None:
    if not isinstance(value, str):
        _flag(name, value)


def _threads(name: str, value: Any) -> None:
    _count(name, value)
    if value < 1:
        raise OptionError(name, f"{shown(value)} is not a whole number of at least 1")


def numbers(name: str, value: Any) -> None:
    """Check one number or a few of them, such as (rows, cols)."""
    several = is_several(value)
    if several and not isinstance(value, tuple) and not len(value):
        raise ArgumentTypeError(name, f"{shown(value)} is not a number")
    for number in list(value) if several else [value]:
        if not _is_number(number):
            raise ArgumentTypeError(name, f"{shown(value)} is neither a number nor a few of them")
        if not -MAX_LENGTH <= number <= MAX_LENGTH:
            raise OptionError(name, f"{shown(value)} is beyond {MAX_LENGTH}")


def _path(name: str, value: object) -> None:
    if not isinstance(value, (str, os.PathLike)) and not hasattr(value, "layers"):
        raise ArgumentTypeError(name, f"{shown(value)} is neither a path nor a Pipeline")


def _source(name: str, value: object) -> None:
    if not isinstance(value, (str, os.PathLike, bytes, bytearray, memoryview)) and not hasattr(value, "read"):
        raise ArgumentTypeError(name, f"{shown(value)} is neither a path, nor a file's bytes, nor an open file")


def _target(name: str, value: object) -> None:
    if not isinstance(value, (str, os.PathLike)) and not hasattr(value, "write"):
        raise ArgumentTypeError(name, f"{shown(value)} is neither a path nor an open file")


def _frames(name: str, value: object) -> None:
    if not hasattr(value, "__iter__"):
        raise ArgumentTypeError(name, f"{shown(value)} is not a list of images")


CHECKS: dict[str, Check] = {
    **dict.fromkeys(
        ("correlate", "pool", "ceil_mode", "transposed", "return_indices", "count_include_pad", "orient", "overwrite"),
        _flag,
    ),
    "align_corners": _maybe(_flag),
    **dict.fromkeys(("engine", "mode", "subsampling"), _word),
    **dict.fromkeys(("map", "format", "name"), _maybe(_word)),
    **dict.fromkeys(("frame", "compression", "quality"), _maybe(_count)),
    **dict.fromkeys(("groups",), _count),
    "threads": _maybe(_threads),
    **dict.fromkeys(("dilation", "output_padding", "kernel_size"), numbers),
    **dict.fromkeys(("stride", "scale_factor", "size"), _maybe(numbers)),
    "border": _maybe(BORDER.argument),
    "max_pixels": _whole,
    "strip": _strip,
    "pipeline": _path,
    "frames": _frames,
    "plays": _maybe(_count),
    "source": _source,
    "target": _target,
}
"""By name, what an argument must be."""
