"""What every parametric kernel shares: the registry, the parameters read from text, and their checks.

A parametric kernel is one function that `parametric` decorates. Its name (with ``-`` for ``_``) is the kernel's name,
its signature is the parameter list, and the first line of its docstring is the summary. The weights that it returns
are convolution kernels: a directional one gives the usual sign when it is convolved. Sizes are tap counts, (width,
height) or one number; angles are degrees, counter-clockwise as seen in the picture, from 0 which points right.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property, wraps
from math import isfinite, lcm
from typing import Any, ParamSpec, TypeVar, get_args

import numpy as np

from imgconv.errors import KernelSpecError, ParameterError, did_you_mean, quoted
from imgconv.kernels.arrays import MAX_SIDE
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Learned, Pointwise
from imgconv.value import Value
from imgconv.words.numbers import number

Size = int | tuple[int, int]
"""Tap counts: (width, height), or one number for both."""

Pair = float | tuple[float, float]
"""One number along x and one along y, or one for both."""

P = ParamSpec("P")
K = TypeVar("K", Kernel, Combined, Pointwise, Learned)

REGISTRY: dict[str, Parametric] = {}

MAX_DIVISOR = 2**10
"""The largest common divisor for which taps are taken as fractions; with larger ones few results lie on a half."""
ROUNDED = 32 * 2.0**-52
"""How far a tap may be from a fraction after a few roundings in a formula, as a share of the largest tap."""
MAX_SUM = 2**16
"""The largest sum of weights that fast integers can hold, and float32 in two passes."""


class Unfit(Exception):
    """A parameter outside its bounds; the decorator adds the kernel's name."""

    def __init__(self, parameter: str, value: object, rule: str) -> None:
        self.parameter, self.value, self.rule = parameter, value, rule
        super().__init__(rule)


class Parameter(Value):
    """One parameter: its `kind` is a key of `KINDS`; `default` is None if it follows from other parameters."""

    name: str
    kind: frozenset[Any]
    required: bool
    default: Any

    def __str__(self) -> str:
        shown = KINDS[self.kind].sign if self.default is None or self.required else show(self.default)
        return f"{self.name}={shown}"


class Parametric(Value):
    """A parametric kernel as the library lists it."""

    name: str
    kind: str
    summary: str
    source: str
    function: Callable[..., AnyKernel]

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The function's parameters, in its order."""
        listed = inspect.signature(self.function, eval_str=True).parameters.values()
        return tuple(
            Parameter(
                parameter.name.replace("_", "-"),
                frozenset(get_args(parameter.annotation) or (parameter.annotation,)) - {type(None)},
                parameter.default is inspect.Parameter.empty,
                None if parameter.default is inspect.Parameter.empty else parameter.default,
            )
            for parameter in listed
        )

    @property
    def signature(self) -> str:
        """The kernel with its parameters as the command line takes them, such as ``box:size=3``."""
        return self.name + ":" * bool(self.parameters) + ",".join(map(str, self.parameters))

    def from_text(self, spec: str, values: Mapping[str, str]) -> AnyKernel:
        """Compute the kernel from parameters as text.

        Raises:
            KernelSpecError: a parameter is unknown, missing, or of the wrong type.
            ParameterError: a parameter is outside its bounds.
        """
        by_name = {parameter.name: parameter for parameter in self.parameters}
        arguments: dict[str, Any] = {}
        for name, text in values.items():
            parameter = by_name.get(name.replace("_", "-"))
            if parameter is None:
                hint = did_you_mean(name, by_name) or f"; write {self.signature}"
                raise KernelSpecError(spec, f"there is no parameter {quoted(name)}{hint}")
            kind = KINDS[parameter.kind]
            try:
                arguments[parameter.name.replace("-", "_")] = kind.read(text)
            except ValueError:
                raise KernelSpecError(spec, f"{name} must be {kind.wording}, not {quoted(text)}") from None
        for parameter in self.parameters:
            if parameter.required and parameter.name.replace("-", "_") not in arguments:
                raise KernelSpecError(spec, f"{parameter.name} is missing; write {self.signature}")
        return self.function(**arguments)


def parametric(kind: str, source: str, map: str | None = None) -> Callable[[Callable[P, K]], Callable[P, K]]:
    """Register a function as a parametric kernel of class `kind`, and name its kernels after it."""

    def register(function: Callable[P, K]) -> Callable[P, K]:
        name = function.__name__.replace("_", "-")
        summary = (function.__doc__ or "").strip().partition("\n")[0]  # python -OO leaves docstrings out

        @wraps(function)
        def computed(*args: P.args, **kwargs: P.kwargs) -> K:
            try:
                kernel = function(*args, **kwargs)
            except Unfit as unfit:
                raise ParameterError(name, unfit.parameter, show(unfit.value), unfit.rule) from None
            kernel = kernel.replace(name=name, kind=kind, summary=summary, source=source, map=map)
            return kernel.replace(**_over_one_divisor(kernel)) if isinstance(kernel, Kernel) else kernel

        REGISTRY[name] = Parametric(name, kind, summary, source, computed)
        return computed

    return register


def _over_one_divisor(kernel: Kernel) -> dict[str, Any]:
    """Return the weights and scale of a kernel whose taps are all fractions of one small divisor, else {}.

    As integers over that divisor they give exact results. Formulas give such fractions as rounded floats; they are
    recognised by how close they are.

    >>> _over_one_divisor(Kernel(name="third", weights=np.full((1, 3), 1 / 3)))["scale"]
    Fraction(1, 3)
    """
    if kernel.scale != 1 or kernel.integral:
        return {}
    divisor, taps = 1, np.unique(np.abs(kernel.weights[kernel.weights != 0]))
    for tap in taps.tolist():
        near = Fraction(tap).limit_denominator(MAX_DIVISOR)
        divisor = lcm(divisor, near.denominator)
        if not near or divisor > MAX_DIVISOR or abs(tap - near) > ROUNDED * taps[-1]:
            return {}
    weights = np.rint(kernel.weights * divisor)
    fits = np.abs(weights).sum() <= MAX_SUM  # floats and fixed point are faster than integers beyond it
    return {"weights": weights, "scale": Fraction(1, divisor)} if fits else {}


def show(value: object) -> str:
    """Write a parameter's value as the command line takes it.

    >>> show((3.0, 1.0)), show(0.2), show(True)
    ('3x1', '0.2', 'true')
    """
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return "x".join(map(show, value))
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _integer(text: str) -> int:
    value = number(text)
    if value != int(value):
        raise ValueError
    return int(value)


def _number(text: str) -> float:
    return float(number(text))


def _switch(text: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.strip().lower() not in words:
        raise ValueError
    return words[text.strip().lower()]


def _number_or_pair(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def read_them(text: str) -> Any:
        values = [parse(part) for part in text.lower().split("x")]
        if len(values) > 2:
            raise ValueError
        return values[0] if len(values) == 1 else tuple(values)

    return read_them


class Kind(Value):
    """How parameters of one type are shown in a signature, called in messages, and read."""

    sign: str
    wording: str
    read: Callable[[str], Any]


KINDS = {
    frozenset({int}): Kind("N", "a whole number", _integer),
    frozenset({float}): Kind("X", "a number", _number),
    frozenset({bool}): Kind("true|false", "true or false", _switch),
    frozenset({int, tuple[int, int]}): Kind("WxH", "a number of taps or WIDTHxHEIGHT", _number_or_pair(_integer)),
    frozenset({float, tuple[float, float]}): Kind("X[xY]", "a number, or two as 3x1", _number_or_pair(_number)),
}
"""By the types in a parameter's annotation."""


def finite(**values: float) -> None:
    """Check that every value is a finite number."""
    for name, value in values.items():
        if not isfinite(value):
            raise Unfit(name, value, "be a finite number")


def above(bound: float, **values: float) -> None:
    """Check that every value is a finite number above `bound`."""
    finite(**values)
    for name, value in values.items():
        if value <= bound:
            raise Unfit(name, value, f"be above {bound:g}")


def within(low: float, high: float, **values: float) -> None:
    """Check that every value is at least `low` and at most `high`."""
    for name, value in values.items():
        if not low <= value <= high:
            raise Unfit(name, value, f"be from {low:g} to {high:g}")


def odd(**values: int) -> None:
    """Check that every value is odd."""
    for name, value in values.items():
        if value % 2 == 0:
            raise Unfit(name, value, "be odd")


def pair(value: Pair) -> tuple[float, float]:
    """Return `value` along x and along y."""
    return value if isinstance(value, tuple) else (value, value)


def taps(size: Size, name: str = "size") -> tuple[int, int]:
    """Return (width, height) after checking that both are from 1 to `MAX_SIDE`."""
    width, height = size if isinstance(size, tuple) else (size, size)
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise Unfit(name, size, f"be from 1 to {MAX_SIDE} taps")
    return width, height


def around(reach: float, name: str, value: object) -> int:
    """Return the odd number of taps that reach `reach` pixels to each side; errors name the parameter `name`."""
    if not reach <= (MAX_SIDE - 1) / 2:
        raise Unfit(name, value, f"be smaller: the kernel would have more than {MAX_SIDE} taps on a side")
    return 2 * int(reach) + 1
