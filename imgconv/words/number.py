"""Single numbers, as people write them: any, whole ones, and numbers of pixels.

`imgconv.words.numbers` reads their digits.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from imgconv.errors import quoted
from imgconv.geometry import MAX_LENGTH
from imgconv.words.base import Kind, Schema, Wrong, WrongType, described, is_whole

if TYPE_CHECKING:
    from imgconv.words.numbers import Number

MAX_NUMBER = 1e30
"""The largest magnitude of a number; beyond it lie slips, and overflow."""

DECIMALS = "begins with 0, as what follows a decimal comma does; write decimals with a point, as in 0.5"
"""What is said of a `ZeroFirst` among numbers."""


class ZeroFirst(int):
    """A whole number written with a 0 in front: ``[0,0625]`` is two numbers, the second of which begins like that."""


def exact(value: object) -> Number:
    """Return a finite number, given as one or as a text such as ``1/9``, without rounding it.

    Raises:
        Wrong: it is something else.
    """
    if isinstance(value, str):
        from imgconv.words.numbers import number  # with fractions, which few command lines need

        try:
            return number(value)
        except ValueError as problem:
            raise Wrong(str(problem)) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongType(f"expected a number, not {described(value)}")
    if isinstance(value, ZeroFirst):
        raise Wrong(f"0{value} {DECIMALS}")
    try:
        finite = isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        finite = False
    if not finite:
        raise Wrong(f"{described(value)} is not a finite number")
    return value


class NumberKind(Kind):
    """A number from `least` to `most`, such as ``2``, ``0.5`` or ``1/3``; becomes a float."""

    metavar: str = "VALUE"
    least: float = -MAX_NUMBER
    most: float = MAX_NUMBER

    @property
    def schema(self) -> Schema:
        """A number, or a text with one."""
        return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[-+]?[0-9.eE+-]+(/[0-9.eE+-]+)?$"}]}

    def parse(self, text: str) -> float:
        """Return the number that a text writes.

        >>> NUMBER.parse("1/4"), NUMBER.parse("-2")
        (0.25, -2.0)

        Raises:
            Wrong: it writes none, or one out of bounds.
        """
        number = float(exact(text))
        if not self.least <= number <= self.most:
            raise Wrong(f"{quoted(text)} must lie within {self.least:g} and {self.most:g}")
        return number

    def read(self, value: Any) -> float:
        """Return the number that a text writes, or the number itself as a float."""
        return self.parse(value) if isinstance(value, str) else float(exact(value))


class ScaleKind(Kind):
    """How many times larger, above 0: ``2``, ``0.5`` or ``3/2``; becomes a fraction, (numerator, denominator)."""

    metavar: str = "SCALE"

    @property
    def schema(self) -> Schema:
        """That of any number."""
        return NUMBER.schema

    def parse(self, text: str) -> tuple[int, int]:
        """Return the fraction that a text writes.

        >>> SCALE.parse("1.5"), SCALE.parse("2/6")
        ((3, 2), (1, 3))

        Raises:
            Wrong: it writes no number, or none above 0.
        """
        return self.read(text)

    def read(self, value: Any) -> tuple[int, int]:
        """Return the fraction that a text writes, or that a number is."""
        from imgconv.words.numbers import fraction

        scale = fraction(exact(value))
        if not 0 < scale <= MAX_LENGTH:
            raise Wrong(f"expected a number above 0, such as 2, 0.5 or 3/2, not {described(value)}")
        scale = scale.limit_denominator(10**9)
        return scale.numerator, scale.denominator


class WholeKind(Kind):
    """A whole number from `least` to `most`."""

    metavar: str = "N"
    least: int = 1
    most: int = MAX_LENGTH

    @property
    def schema(self) -> Schema:
        """An integer."""
        return {"type": "integer", "minimum": self.least}

    def parse(self, text: str) -> int:
        """Return the number that a text writes.

        Raises:
            Wrong: it writes none, or one out of bounds.
        """
        try:
            number = int(text)
        except ValueError:
            raise Wrong(f"{quoted(text)} is not a whole number") from None
        if not self.least <= number <= self.most:
            raise Wrong(f"{quoted(text)} must lie within {self.least} and {self.most}")
        return number

    def read(self, value: Any) -> int:
        """Return the number that a text writes, or the number itself."""
        return self.parse(value) if isinstance(value, str) else self.count(value)

    def count(self, value: Any) -> int:
        """Return a number that is one already, of Python's or NumPy's.

        Raises:
            Wrong: it is no whole number, or out of bounds.
        """
        if not is_whole(value) or not self.least <= int(value) <= self.most:
            beyond = is_whole(value) and int(value) > self.most
            bound = f"at most {self.most}" if beyond else f"at least {self.least}"
            raise Wrong(f"expected a whole number of {bound}, not {described(value)}")
        return int(value)


class PixelsKind(Kind):
    """A number of pixels, such as ``500M`` or ``1.5G``; becomes a whole number."""

    metavar: str = "N"

    def parse(self, text: str) -> int:
        """Return how many pixels that are.

        >>> PIXELS.parse("1.5G"), PIXELS.parse("250000")
        (1500000000, 250000)

        Raises:
            Wrong: it has another form, or is 0.
        """
        match = re.fullmatch(r"(\d{1,15})(?:\.(\d{1,9}))?([kKmMgG]?)", text.strip(), re.ASCII)
        if not match or (match[2] and not match[3]):
            raise Wrong(f"{quoted(text)} is not a number of pixels; write one such as 250000, 500M or 1.5G")
        digits = {"": 0, "k": 3, "m": 6, "g": 9}[match[3].lower()]
        pixels = int(match[1] + (match[2] or "").ljust(digits, "0")[:digits])
        if not pixels:
            raise Wrong(f"{quoted(text)} would refuse every image")
        return pixels


NUMBER = NumberKind()
SCALE = ScaleKind()
PIXELS = PixelsKind()
