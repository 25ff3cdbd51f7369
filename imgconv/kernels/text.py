"""Kernels written as text on the command line, and taps written over a common divisor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import isqrt, lcm

from imgconv.errors import KernelSpecError, KernelValueError
from imgconv.kernels.value import Kernel
from imgconv.words.numbers import Number, TableError, fraction, number, table

MAX_DIVISOR = 2**31
"""Taps written as fractions get a common divisor of at most this size; beyond it they become floats."""

_SEVERAL = r"[,;\s]"


def over_one_divisor(rows: Sequence[Sequence[Number]]) -> tuple[list[list[float]], Fraction]:
    """Return (rows, factor): the taps are ``rows * factor``, with integers as rows if they are written as fractions.

    >>> over_one_divisor([[Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)]])
    ([[1.0, 2.0, 1.0]], Fraction(1, 4))
    """
    taps = [tap for row in rows for tap in row]
    factor = 1
    if any(isinstance(tap, Fraction) for tap in taps) and not any(isinstance(tap, float) for tap in taps):
        for tap in taps:  # step by step, as the divisor of thousands of taps would have thousands of digits
            factor = lcm(factor, Fraction(tap).denominator)
            if factor > MAX_DIVISOR:
                factor = 1
                break
    try:
        return [[float(tap * factor) for tap in row] for row in rows], Fraction(1, factor)
    except OverflowError:
        return [[float(tap) for tap in row] for row in rows], Fraction(1)


def inline(spec: str) -> Kernel:
    """Read an inline matrix: rows separated by ``;``, taps by ``,`` or blanks, and perhaps ``/8`` at the end.

    A ``/`` after the last tap divides the whole matrix if it is the only one or follows a blank; any other belongs to
    its tap.

    Raises:
        KernelSpecError: it names the row and column at fault.

    >>> inline("1,2,1 / 4").taps.tolist()
    [[0.25, 0.5, 0.25]]
    """
    body, slash, divisor = spec.rpartition("/")
    scale = Fraction(1)
    if slash and not re.search(_SEVERAL, divisor.strip()) and ("/" not in body or body[-1:].isspace()):
        try:
            below = fraction(number(divisor))
        except ValueError as problem:
            raise KernelSpecError(spec, f"in the divisor, {problem}") from None
        if below == 0:
            raise KernelSpecError(spec, "the divisor is 0")
        scale = 1 / below
    else:
        body = spec
    lines = body.strip().split(";")
    if blank := next((row for row, line in enumerate(lines, 1) if not line.strip()), 0):
        raise KernelSpecError(spec, f"row {blank} is empty")
    try:
        rows = table(lines, inline=True).rows
    except TableError as problem:
        where = f"in row {problem.row}, column {problem.cell}, " if problem.cell else ""
        raise KernelSpecError(spec, f"{where}{problem}") from None
    for row, taps in enumerate(rows, 1):
        if len(taps) != len(rows[0]):
            raise KernelSpecError(spec, f"row {row} has length {len(taps)}, but row 1 has length {len(rows[0])}")
    weights, factor = over_one_divisor(rows)
    try:
        return Kernel(name="inline", weights=weights, scale=scale * factor)  # type: ignore[arg-type]
    except KernelValueError as error:
        raise KernelSpecError(spec, error.problem) from None


def rows_hint(taps: Sequence[object], form: str) -> str:
    """Return how to write a flat list of taps as rows, or "" if their number is not an odd square.

    Args:
        taps: the list.
        form: ``inline`` or ``yaml``.

    >>> rows_hint([1, 2, 1, 2, 4, 2, 1, 2, 1], "yaml")
    '9 numbers; for 3 rows of 3 write [[1, 2, 1], [2, 4, 2], [1, 2, 1]]'
    """
    side = isqrt(len(taps))
    if side < 2 or side * side != len(taps) or side % 2 == 0:
        return ""
    rows = [list(map(str, taps[at : at + side])) for at in range(0, len(taps), side)]
    if form == "inline":
        shown = [",".join(row) for row in rows]
        text = ";".join(shown) if side == 3 else f"{shown[0]};{shown[1]};..."
    else:
        shown = [f"[{', '.join(row)}]" for row in rows]
        text = f"[{', '.join(shown)}]" if side == 3 else f"[{shown[0]}, {shown[1]}, ...]"
    if len(text) > 200:
        text = "1,2,1;2,4,2;1,2,1" if form == "inline" else "[[1, 2, 1], [2, 4, 2], [1, 2, 1]]"
    return f"{len(taps)} numbers; for {side} rows of {side} write {text}"
