"""Whole numbers along the axes of an image, as people write them: strides, windows, sizes.

Texts have the width first, as in ``5x3``, and make (width, height); lists and tuples are in the order of an array's
axes, (rows, cols).
"""

from __future__ import annotations

import re
from typing import Any

from imgconv.errors import quoted
from imgconv.geometry import MAX_LENGTH
from imgconv.words.base import Kind, Schema, Wrong, described, each, is_several, is_whole, whole
from imgconv.words.number import WholeKind

PER_AXIS = {1: "(cols,)", 2: "(rows, cols)", 3: "(planes, rows, cols)"}
"""By the number of axes, the order in which arrays and functions have them."""


def lengths(text: str) -> tuple[int, ...] | None:
    """Return one to three whole numbers with x between them, or None if the text is something else.

    >>> lengths("5x3"), lengths("7"), lengths("5x"), lengths("2X2x9")
    ((5, 3), (7,), None, (2, 2, 9))
    """
    match = re.fullmatch(r"(\d+)(?:[xX](\d+))?(?:[xX](\d+))?", text.strip(), re.ASCII)
    return tuple(whole(digits) for digits in match.groups() if digits) if match else None


class PairKind(Kind):
    """``N`` or ``WIDTHxHEIGHT``, whole numbers of at least `least`; becomes (width, height).

    If it may be `deep`, ``WIDTHxHEIGHTxDEPTH`` becomes (width, height, depth).
    """

    metavar: str = "N|WxH"
    least: int = 1
    deep: bool = False

    @property
    def schema(self) -> Schema:
        """A number, a text, or a list of two numbers."""
        one = WholeKind(least=self.least).schema
        text = {"type": "string", "pattern": "^[0-9]+[xX][0-9]+$", "description": "WIDTHxHEIGHT"}
        return {"anyOf": [one, text, {"type": "array", "items": one, "minItems": 2, "maxItems": 2}]}

    def parse(self, text: str) -> tuple[int, ...]:
        """Return what a text means.

        >>> PAIR.parse("5x3"), PAIR.parse("7"), PairKind(deep=True).parse("5x3x2")
        ((5, 3), (7, 7), (5, 3, 2))

        Raises:
            Wrong: it has another form, or a number lies out of bounds.
        """
        numbers = lengths(text)
        if not numbers or (len(numbers) == 3 and not self.deep):
            raise Wrong(f"{quoted(text)} is not a size; write N or WIDTHxHEIGHT, as in 3 or 5x3")
        if not self.least <= min(numbers) <= max(numbers) <= MAX_LENGTH:
            raise Wrong(f"{quoted(text)} must lie within {self.least} and {MAX_LENGTH}")
        return numbers * 2 if len(numbers) == 1 else numbers

    def read(self, value: Any) -> tuple[int, ...]:
        """Return what a text, a number or [rows, cols] means."""
        one = WholeKind(least=self.least)
        if is_several(value) and len(value) == 2:
            rows, cols = each(value, one.count)
            return cols, rows
        if isinstance(value, str):
            return self.parse(value)
        if value is None or is_several(value) or isinstance(value, dict):
            raise Wrong(f"expected a number, WIDTHxHEIGHT or [rows, cols], not {described(value)}")
        return (one.count(value),) * 2


PAIR = PairKind()
EXTRA = PairKind(least=0)
DEEP = PairKind("N|WxH|WxHxD", deep=True)


class PerAxisKind(Kind):
    """A whole number of at least `least` for each of some axes, or one for all of them; a tuple in their order.

    It may be of a float type if `floats` are allowed.
    """

    metavar: str
    axes: int
    least: int = 1
    floats: bool = False

    def read(self, value: Any) -> tuple[int, ...]:
        """Return as many numbers as there are axes."""
        one = WholeKind(least=self.least)

        def count(number: Any) -> int:
            return one.count(int(number) if self.floats and not is_whole(number) and number == int(number) else number)

        numbers = each(value, count) if is_several(value) else (count(value),)
        if len(numbers) not in (1, self.axes):
            raise Wrong(f"expected a whole number or {self.metavar}, not {described(value)}")
        return numbers * self.axes if len(numbers) == 1 else numbers


def per_axis(axes: int, least: int = 1, *, floats: bool = False) -> PerAxisKind:
    """Return the kind of whole numbers along `axes` axes."""
    return PerAxisKind(PER_AXIS[axes], axes, least, floats)
