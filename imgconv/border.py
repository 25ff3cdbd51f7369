"""What lies outside the image: a border is a rule, and the rule becomes an index map per axis.

An index map gives, for each position of the padded axis, the index of the image sample found there, or -1
where the constant stands. Engines read the unpadded image through the two maps, so a border is defined here
once for all engines and padding costs no copy. The names are those of numpy.pad where it has one.

    zero       000|abcd|000
    constant   vvv|abcd|vvv
    edge       aaa|abcd|ddd
    symmetric  cba|abcd|dcb   (the edge sample is repeated)
    reflect    dcb|abcd|cba   (the edge sample is the mirror)
    wrap       bcd|abcd|abc
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from imgconv.errors import OptionError, did_you_mean, quoted
from imgconv.value import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONSTANT = -1
"""The index that stands for the border's constant in an index map."""

DIAGRAMS = {
    "zero": "000|abcd|000",
    "edge": "aaa|abcd|ddd",
    "symmetric": "cba|abcd|dcb",
    "reflect": "dcb|abcd|cba",
    "wrap": "bcd|abcd|abc",
    "constant": "vvv|abcd|vvv",
}
"""Every border's canonical name, with a picture of an axis a, b, c, d and three positions on each side."""

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


class Border(Value):
    """A rule for samples outside the image; `value` is used by ``constant`` only, in sample values."""

    kind: str
    value: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Border:
        """Read a border's name, an alias of it, or ``constant:VALUE``.

        >>> Border.parse("nearest")
        Border(kind='edge', value=0.0)
        >>> str(Border.parse("constant:128"))
        'constant:128'

        Raises:
            OptionError: the word is unknown, or the constant is not a finite number.
        """
        word, colon, number = text.strip().lower().replace("_", "-").partition(":")
        kind = ALIASES.get(word, word)
        if kind not in DIAGRAMS:
            known = "|".join([*list(DIAGRAMS)[:-1], "constant:VALUE"])
            hint = did_you_mean(word, [*DIAGRAMS, *ALIASES])
            raise OptionError("border", f"{quoted(text)} is none of {known}{hint}")
        if kind != "constant":
            if colon:
                raise OptionError("border", f"'{kind}' takes no value; only constant:VALUE does")
            return cls(kind)
        try:
            value = float(number)
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise OptionError("border", f"{quoted(text)} needs a finite number, as in constant:128")
        return cls(kind, value)

    @property
    def diagram(self) -> str:
        """A picture of the rule on an axis a, b, c, d with three positions on each side."""
        return DIAGRAMS[self.kind]

    def __str__(self) -> str:
        return f"constant:{self.value:g}" if self.kind == "constant" else self.kind


def index_map(border: Border, size: int, before: int, after: int) -> NDArray[np.intp]:
    """Return the source index of each position of an axis of `size` samples padded by `before` and `after`.

    The map has ``before + size + after`` entries. It holds for any amount of padding: reflections and
    repetitions go on as often as needed. A negative amount cuts samples off instead.

    >>> index_map(Border("reflect"), 3, 4, 2).tolist()
    [0, 1, 2, 1, 0, 1, 2, 1, 0]
    >>> index_map(Border("zero"), 3, 1, 1).tolist()
    [-1, 0, 1, 2, -1]
    """
    import numpy as np

    position: NDArray[Any] = np.arange(-before, size + after, dtype=np.intp)
    match border.kind:
        case "zero" | "constant":
            position[(position < 0) | (position >= size)] = CONSTANT
        case "edge":
            np.clip(position, 0, size - 1, out=position)
        case "wrap":
            position %= size
        case "symmetric":
            position %= 2 * size
            np.minimum(position, 2 * size - 1 - position, out=position)
        case "reflect":
            period = max(2 * size - 2, 1)
            position %= period
            np.minimum(position, period - position, out=position)
    return position
