"""How much is added at each side of an axis: the words for it, and the amounts that they come to."""

from __future__ import annotations

from typing import NamedTuple

from imgconv.errors import OptionError
from imgconv.geometry.axis import MAX_LENGTH, reach

PADDINGS = {
    "valid": "none",
    "same": "output = ceil(input / stride), the odd pixel at the right and bottom; zeros",
    "same-lower": "as same, the odd pixel at the left and top",
    "same-torch": "dilation*(kernel - 1) whatever the stride",
    "interpolation": "the amounts of same, filled from the nearest pixel",
    "full": "every pixel that the kernel touches",
}
"""The named paddings, with what each means."""


class Padding(NamedTuple):
    """How many samples are added at each side: a named rule, or `amounts` as (left, top, right, bottom).

    `imgconv.words.padding` reads it as people write it.
    """

    kind: str
    amounts: tuple[int, int, int, int] | None = None

    @classmethod
    def explicit(cls, left: int, top: int, right: int, bottom: int) -> Padding:
        """Return a padding of the given amounts.

        Raises:
            OptionError: an amount is negative or absurdly large.
        """
        amounts = (left, top, right, bottom)
        if min(amounts) < 0:
            raise OptionError("padding", "an amount must not be negative; to cut pixels off, crop the image first")
        if max(amounts) > MAX_LENGTH:
            raise OptionError("padding", f"an amount must not be more than {MAX_LENGTH}")
        return cls("explicit", amounts)

    @property
    def border(self) -> str:
        """The border that this padding implies when the user names none."""
        return "edge" if self.kind == "interpolation" else "zero"

    def along(
        self, axis: str, size: int, kernel: int, stride: int = 1, dilation: int = 1, anchor: int | None = None
    ) -> tuple[int, int]:
        """Return (before, after) for one axis, in samples.

        `anchor` is the tap, as slid, that lies on the output sample; None means the middle one. It moves the
        window of the paddings that keep the size (by as many samples as it lies from the middle, so an amount may
        become negative); the other paddings have no use for it. ``same`` is TensorFlow's formula: the total is
        ``max((ceil(size / stride) - 1)*stride + dilation*(kernel - 1) + 1 - size, 0)``.

        >>> Padding("same").along("width", 224, 7, stride=2)
        (2, 3)
        >>> Padding("same-lower").along("width", 224, 7, stride=2)
        (3, 2)
        >>> Padding("same-torch").along("width", 224, 7, stride=2)
        (3, 3)

        Raises:
            OptionError: the amounts differ, and the axis is the depth, of which they do not tell.
        """
        if self.amounts is not None:
            left, top, right, bottom = self.amounts
            if axis == "depth" and len(set(self.amounts)) > 1:
                raise OptionError("padding", f"{self} says nothing of the depth; give one number for all sides")
            return (left, right) if axis == "width" else (top, bottom)
        span = dilation * (kernel - 1)
        if self.kind == "valid":
            return 0, 0
        if self.kind == "full":
            return span, span
        total = span
        if self.kind != "same-torch":
            total = max((-(-size // stride) - 1) * stride + span + 1 - size, 0)
        before = self._first_half(total)
        if anchor is not None:
            before += dilation * anchor - self._first_half(span)
        return before, total - before

    def transposed_along(self, axis: str, kernel: int, stride: int, dilation: int) -> tuple[int, int, int]:
        """Return (before, after, output padding) of a transposed convolution.

        ``same`` and its kin make the output ``size * stride``, as TensorFlow's Conv2DTranspose does; the other
        paddings are those of the convolution that this one transposes.

        >>> Padding("same").transposed_along("width", 3, stride=2, dilation=1)
        (0, 1, 0)
        """
        if self.amounts is not None or self.kind in ("valid", "full", "same-torch"):
            before, after = self.along(axis, 1, kernel, 1, dilation)
            return before, after, 0
        beyond = reach(kernel, dilation) - stride
        before = self._first_half(max(beyond, 0))
        return before, max(beyond, 0) - before, max(-beyond, 0)

    def _first_half(self, total: int) -> int:
        return total - total // 2 if self.kind == "same-lower" else total // 2

    def __str__(self) -> str:
        return ",".join(map(str, self.amounts)) if self.amounts is not None else self.kind
