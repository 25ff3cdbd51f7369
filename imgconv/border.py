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

from typing import TYPE_CHECKING, Any

from imgconv.value import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONSTANT = -1
"""The index that stands for the border's constant in an index map."""

MAX_PADDING = 1 << 24
"""The most samples that are added at a side: an index map takes 8 bytes for each."""

DIAGRAMS = {
    "zero": "000|abcd|000",
    "edge": "aaa|abcd|ddd",
    "symmetric": "cba|abcd|dcb",
    "reflect": "dcb|abcd|cba",
    "wrap": "bcd|abcd|abc",
    "constant": "vvv|abcd|vvv",
}
"""Every border's canonical name, with a picture of an axis a, b, c, d and three positions on each side."""


class Border(Value):
    """A rule for samples outside the image; `value` is used by ``constant`` only, in sample values.

    `imgconv.words.border` reads it as people write it.
    """

    kind: str
    value: float = 0.0

    @property
    def diagram(self) -> str:
        """A picture of the rule on an axis a, b, c, d with three positions on each side."""
        return DIAGRAMS[self.kind]

    @property
    def fixed(self) -> bool:
        """Whether one value lies outside, and not samples of the image."""
        return self.kind in ("zero", "constant")

    @property
    def wraps(self) -> bool:
        """Whether samples of the image's other end lie outside."""
        return self.kind == "wrap"

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
