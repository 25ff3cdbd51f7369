"""Borders, as people write them."""

from __future__ import annotations

from math import isfinite
from typing import Any

from imgconv.border import DIAGRAMS, Border
from imgconv.errors import quoted
from imgconv.words.base import Kind, Schema, Wrong, WrongType, described, none_of

ALIASES = {
    "zeros": "zero",
    "black": "zero",
    "nearest": "edge",
    "replicate": "edge",
    "clamp": "edge",
    "copy": "edge",
    "extend": "edge",
    "border": "edge",
    "duplicate": "edge",
    "interpolation": "edge",
    "half-sample-symmetric": "symmetric",
    "grid-mirror": "symmetric",
    "mirror-half": "symmetric",
    "reflect-half": "symmetric",
    "mirror": "reflect",
    "reflect101": "reflect",
    "reflect-101": "reflect",
    "reflection": "reflect",
    "whole-sample-symmetric": "reflect",
    "circular": "wrap",
    "periodic": "wrap",
    "grid-wrap": "wrap",
    "tile": "wrap",
    "repeat": "wrap",
    "fill": "constant",
    "value": "constant",
}
"""Other tools' words for the same borders (OpenCV, SciPy, scikit-image, torch, libvips, ImageMagick, GLSL)."""

MAX_CONSTANT = 1e30
"""The largest magnitude of a constant; beyond it lie slips, and overflow."""

WORDS = tuple(name for name in DIAGRAMS if name != "constant")
"""The borders that are written as a word alone."""

FORMS = (*WORDS, "constant:VALUE")


class BorderKind(Kind):
    """A border's name, another tool's word for it, or ``constant:VALUE``."""

    metavar: str = "|".join(FORMS)

    @property
    def help(self) -> str:
        """What a border is, for the help of options; it goes on from there."""
        return f"What fills the padding: {', '.join(FORMS[:-1])} or {FORMS[-1]}"

    @property
    def completions(self) -> tuple[str, ...]:
        """The borders' own names."""
        return (*WORDS, "constant:")

    @property
    def schema(self) -> Schema:
        """The borders' own names, or another word."""
        return {"anyOf": [{"enum": list(WORDS)}, {"type": "string", "description": self.metavar}]}

    def parse(self, text: str) -> Border:
        """Return the border that a text means.

        >>> BORDER.parse("nearest")
        Border(kind='edge', value=0.0)
        >>> str(BORDER.parse("constant:128"))
        'constant:128'

        Raises:
            Wrong: the word is unknown, or the constant is not a finite number.
        """
        word, colon, number = text.strip().lower().replace("_", "-").partition(":")
        kind = ALIASES.get(word, word)
        if kind not in DIAGRAMS:
            raise none_of(text, [*DIAGRAMS, *ALIASES], self.metavar)
        if kind != "constant":
            if colon:
                raise Wrong(f"'{kind}' takes no value; only constant:VALUE does")
            return Border(kind)
        try:
            value = float(number)
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise Wrong(f"{quoted(text)} needs a finite number, as in constant:128")
        if abs(value) > MAX_CONSTANT:
            raise Wrong(f"the constant must lie within {-MAX_CONSTANT:g} and {MAX_CONSTANT:g}")
        return Border(kind, value)

    def read(self, value: Any) -> Border:
        """Return the border that a text means, or the border itself."""
        if isinstance(value, Border):
            return value
        if not isinstance(value, str):
            raise WrongType(f"expected a border such as 'edge' or 'constant:128', not {described(value)}")
        return self.parse(value)


BORDER = BorderKind()
