"""Paddings, as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from imgconv.border import MAX_PADDING
from imgconv.errors import OptionError
from imgconv.geometry import PADDINGS, Padding
from imgconv.words.base import Kind, Schema, Wrong, WrongType, described, each, is_several, is_whole, none_of, whole
from imgconv.words.pair import PER_AXIS

ALIASES = {
    "none": "valid",
    "no": "valid",
    "same-upper": "same",
    "half": "same-torch",
    "edge": "interpolation",
    "nearest": "interpolation",
    "interpolate": "interpolation",
    "interp": "interpolation",
}
"""Other words for the named paddings."""

USUAL = ("valid", "same", "interpolation", "full")
"""The paddings that most people want."""

FILLED = "interpolation"

NAMES = (*USUAL, *(name for name in PADDINGS if name not in USUAL))

AMOUNTS = ("N", "WxH", "LEFT,TOP,RIGHT,BOTTOM")

SIDES = {1: "(left, right)", 2: "(left, top, right, bottom)", 3: "(left, top, front, right, bottom, back)"}
"""By the number of axes, the order in which the amounts of all sides are given."""


class PaddingKind(Kind):
    """A named padding, or amounts."""

    metavar: str = "|".join((*NAMES, *AMOUNTS))

    @property
    def help(self) -> str:
        """The named paddings and the forms of amounts, for the help of options."""
        names = (f"{name} (as same, filled from the nearest pixel)" if name == FILLED else name for name in NAMES)
        return f"{', '.join((*names, *AMOUNTS[:-1]))} or {AMOUNTS[-1]}."

    @property
    def completions(self) -> tuple[str, ...]:
        """The named paddings."""
        return NAMES

    @property
    def schema(self) -> Schema:
        """A named padding, or amounts as a number, a text or a list."""
        amount = {"type": "integer", "minimum": 0}
        return {
            "anyOf": [
                {"enum": list(NAMES)},
                amount,
                {"type": "string", "description": self.metavar},
                {"type": "array", "items": amount, "minItems": 2, "maxItems": 4},
            ]
        }

    def parse(self, text: str) -> Padding:
        """Return the padding that a text means.

        >>> PADDING.parse("3x1")
        Padding(kind='explicit', amounts=(3, 1, 3, 1))
        >>> PADDING.parse("SAME").kind
        'same'

        Raises:
            Wrong: it has none of the forms, or an amount is negative or absurdly large.
        """
        word = text.strip().lower().replace("_", "-")
        kind = ALIASES.get(word, word)
        if kind in PADDINGS:
            return Padding(kind)
        if match := re.fullmatch(r"(-?\d+)(?:x(-?\d+))?", word):
            x, y = whole(match[1]), whole(match[2] or match[1])
            return _explicit(x, y, x, y)
        if re.fullmatch(r"-?\d+(\s*,\s*-?\d+){3}", word):
            return _explicit(*(whole(part) for part in word.split(",")))
        raise none_of(text, [*NAMES, *ALIASES], self.metavar)

    def read(self, value: Any) -> Padding:
        """Return the padding of a text, a number, [rows, cols], [left, top, right, bottom], or the padding itself."""
        if isinstance(value, Padding):
            return value
        if isinstance(value, str):
            return self.parse(value)
        if not is_several(value):
            return _explicit(*[_amount(value)] * 4)
        amounts = each(value, _amount)
        if len(amounts) == 4:
            return _explicit(*amounts)
        if len(amounts) not in (1, 2):
            raise Wrong(f"expected [rows, cols] or [left, top, right, bottom], not {len(amounts)} numbers")
        return _explicit(*(amounts[-1], amounts[0]) * 2)


class SidesKind(Kind):
    """A padding of the functions of torch: ``valid``, ``same``, or amounts along `axes` axes."""

    metavar: str
    axes: int

    def parse(self, text: str) -> str:
        """Return ``valid`` or ``same``, by whatever name."""
        word = text.strip().lower().replace("_", "-")
        kind = ALIASES.get(word, word)
        if kind not in ("valid", "same"):
            raise none_of(text, ("valid", "same"), self.metavar)
        return kind

    def read(self, value: Any) -> str | tuple[tuple[int, int], ...]:
        """Return ``valid``, ``same``, or (before, after) for every axis."""
        if isinstance(value, str):
            return self.parse(value)
        axes = self.axes
        amounts = each(value, _amount) if is_several(value) else (_amount(value),)
        if len(amounts) not in (1, axes, 2 * axes):
            raise Wrong(f"expected {self.metavar}, not {described(value)}")
        if max(amounts) > MAX_PADDING:
            raise Wrong(f"{max(amounts)} samples at one side are more than {MAX_PADDING}")
        if len(amounts) == 2 * axes:
            # The sides are named from the last axis to the first: left, top, front.
            return tuple(zip(reversed(amounts[:axes]), reversed(amounts[axes:]), strict=True))
        return tuple((n, n) for n in amounts * (axes if len(amounts) == 1 else 1))


def _amount(value: object) -> int:
    """Return a number of samples that are added."""
    if not is_whole(value):
        wrong = Wrong if isinstance(value, float) else WrongType
        raise wrong(f"expected a whole number of samples, not {described(value)}")
    amount: Any = value
    _explicit(*[int(amount)] * 4)
    return int(amount)


def _refusing(function: Callable[..., Padding]) -> Callable[..., Padding]:
    def call(*amounts: int) -> Padding:
        try:
            return function(*amounts)
        except OptionError as error:
            raise Wrong(error.problem) from None

    return call


_explicit = _refusing(Padding.explicit)

PADDING = PaddingKind()

SIDES_OF = {
    axes: SidesKind(f"'valid', 'same', a whole number, {PER_AXIS[axes]} or {sides}", axes)
    for axes, sides in SIDES.items()
}
"""By the number of axes, what the functions of torch take for a padding."""
