"""Sizes of images with their channels, as people write them."""

from __future__ import annotations

from imgconv.errors import quoted
from imgconv.geometry import MAX_LENGTH, Shape
from imgconv.words.base import Kind, Wrong
from imgconv.words.pair import lengths


class ShapeKind(Kind):
    """``N``, ``WIDTHxHEIGHT`` or ``WIDTHxHEIGHTxCHANNELS``; `channels` are meant where it says none."""

    metavar: str = "N|WxH|WxHxC"
    channels: int = 1

    def parse(self, text: str) -> Shape:
        """Return the size that a text means.

        >>> SHAPE.parse("224x224x3"), SHAPE.parse("7").channels
        (Shape(width=224, height=224, channels=3), 1)

        Raises:
            Wrong: it has another form, or a number lies out of bounds.
        """
        numbers = lengths(text)
        if not numbers:
            problem = "is not a size; write N, WIDTHxHEIGHT or WIDTHxHEIGHTxCHANNELS, as in 224x224x3"
            raise Wrong(f"{quoted(text)} {problem}")
        if not 1 <= min(numbers) <= max(numbers) <= MAX_LENGTH:
            raise Wrong(f"{quoted(text)} must lie within 1 and {MAX_LENGTH}")
        width, height = (numbers * 2)[:2] if len(numbers) == 1 else numbers[:2]
        return Shape(width, height, numbers[2] if len(numbers) == 3 else self.channels)


SHAPE = ShapeKind()

PICTURE = ShapeKind(channels=3)
"""The same where layers are for pictures, as those in files mostly are."""
