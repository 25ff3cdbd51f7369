"""Kernels and numbers written as text: inline matrices, exact fractions, and rows of taps in .csv and .mat files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import isfinite, lcm

from imgconv.errors import KernelSpecError, KernelValueError, quoted
from imgconv.kernelvalue import MAX_SIDE, Kernel

Number = int | float | Fraction

MAX_DIVISOR = 2**31
"""Taps written as fractions are brought over one divisor up to this size; beyond it they become floats."""

# Not compiled here: most runs need none of them, and Python remembers those that it has compiled.
_NUMBER = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_SEVERAL = r"[,;\s]"
_FIELD = r"[^,;\t ]+"


def number(text: str) -> Number:
    """Read one number: ``3`` as an int, ``0.5`` or ``1e-3`` as a float, ``1/9`` as a fraction.

    Raises:
        ValueError: its message completes a sentence that begins with what is wrong.

    >>> number("1/9"), number("-2"), number(".5")
    (Fraction(1, 9), -2, 0.5)
    """
    upper, slash, lower = text.strip().partition("/")
    if slash:
        divisor = fraction(plain(lower))
        if divisor == 0:
            raise ValueError(f"{quoted(text.strip())} divides by 0")
        return fraction(plain(upper)) / divisor
    return plain(upper)


def plain(text: str) -> int | float:
    """Read one number that is no fraction; see `number`."""
    text = text.strip()
    if not text:
        raise ValueError("a number is missing")
    if len(text) > 300 or not re.fullmatch(_NUMBER, text):
        raise ValueError(f"'{text[:40]}' is not a number")
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"'{text[:40]}' is too large")
    return int(text) if text.lstrip("+-").isdigit() else value


def fraction(value: Number) -> Fraction:
    """Return `value` as the fraction that its decimal digits say: 0.1 becomes 1/10.

    >>> fraction(0.1), fraction(3)
    (Fraction(1, 10), Fraction(3, 1))
    """
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def over_one_divisor(rows: Sequence[Sequence[Number]]) -> tuple[list[list[float]], Fraction]:
    """Return the taps as floats with the factor that makes integers of them, where they are written as fractions.

    >>> over_one_divisor([[Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)]])
    ([[1.0, 2.0, 1.0]], Fraction(1, 4))
    """
    taps = [tap for row in rows for tap in row]
    factor = 1
    if any(isinstance(tap, Fraction) for tap in taps) and not any(isinstance(tap, float) for tap in taps):
        factor = lcm(*(Fraction(tap).denominator for tap in taps))
    if factor > MAX_DIVISOR:
        factor = 1
    return [[float(tap * factor) for tap in row] for row in rows], Fraction(1, factor)


def inline(spec: str) -> Kernel:
    """Read an inline matrix: rows separated by ``;``, taps by ``,`` or blanks, and perhaps ``/8`` at the end.

    A ``/`` after the last tap that is the only one, or that follows a blank, divides the whole matrix; any other
    belongs to its tap.

    Raises:
        KernelSpecError: it names the row and column at fault.

    >>> inline("1,2,1 / 4").taps.tolist()
    [[0.25, 0.5, 0.25]]
    """
    body, slash, divisor = spec.rpartition("/")
    scale = Fraction(1)
    if slash and not re.search(_SEVERAL, divisor.strip()) and ("/" not in body or body[-1:].isspace()):
        try:
            below = fraction(plain(divisor))
        except ValueError as problem:
            raise KernelSpecError(spec, f"in the divisor, {problem}") from None
        if below == 0:
            raise KernelSpecError(spec, "the divisor is 0")
        scale = 1 / below
    else:
        body = spec
    rows = [_inline_row(spec, row, text) for row, text in enumerate(body.strip().split(";"), 1)]
    for row, taps in enumerate(rows, 1):
        if len(taps) != len(rows[0]):
            raise KernelSpecError(spec, f"row {row} has length {len(taps)}, but row 1 has length {len(rows[0])}")
    if max(len(rows), len(rows[0])) > MAX_SIDE:
        raise KernelSpecError(spec, f"has more than {MAX_SIDE} taps on a side")
    weights, factor = over_one_divisor(rows)
    try:
        return Kernel(name="inline", weights=weights, scale=scale * factor)  # type: ignore[arg-type]
    except KernelValueError as error:
        raise KernelSpecError(spec, error.problem) from None


def _inline_row(spec: str, row: int, text: str) -> list[Number]:
    if not text.strip():
        raise KernelSpecError(spec, f"row {row} is empty")
    taps: list[Number] = []
    for column, tap in enumerate(text.split(",") if "," in text else text.split(), 1):
        try:
            taps.append(number(tap))
        except ValueError as problem:
            raise KernelSpecError(spec, f"in row {row}, column {column}, {problem}") from None
    return taps


def fields(line: str) -> Iterable[tuple[int, str]]:
    """Yield (column, text) for the fields of a line, separated by commas, semicolons, tabs or blanks.

    A field between two separators may be empty; blanks around separators count for nothing.
    """
    position = 0
    for part in re.split(r"([,;\t])", line):
        if part in (",", ";", "\t"):
            position += len(part)
            continue
        found = list(re.finditer(_FIELD, part))
        for match in found:
            yield position + match.start() + 1, match.group()
        if not found:
            yield position + 1, ""
        position += len(part)
