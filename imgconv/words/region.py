"""Parts and places of images, as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from imgconv.errors import quoted
from imgconv.words.base import Kind, Wrong


class RegionKind(Kind):
    """``X,Y,WIDTHxHEIGHT``; becomes (x, y, width, height)."""

    metavar: str = "X,Y,WxH"

    def parse(self, text: str) -> tuple[int, int, int, int]:
        """Return the rectangle that a text means.

        >>> REGION.parse("40,30,200x150")
        (40, 30, 200, 150)

        Raises:
            Wrong: it has another form, or nothing lies in it.
        """
        match = re.fullmatch(r"(-?\d{1,9}),(-?\d{1,9}),(\d{1,9})[xX](\d{1,9})", text.replace(" ", ""), re.ASCII)
        if not match:
            raise Wrong(f"{quoted(text)} is not a rectangle; write X,Y,WIDTHxHEIGHT, as in 40,30,200x150")
        x, y, width, height = map(int, match.groups())
        if not width or not height:
            raise Wrong(f"{quoted(text)} is empty")
        return x, y, width, height

    @staticmethod
    def write(region: Sequence[int]) -> str:
        """Return a rectangle as it is written.

        >>> REGION.write((40, 30, 200, 150))
        '40,30,200x150'
        """
        return "{},{},{}x{}".format(*region)


class PlaceKind(Kind):
    """``X,Y``, whole numbers from 0; becomes (x, y)."""

    metavar: str = "X,Y"

    def parse(self, text: str) -> tuple[int, int]:
        """Return the place that a text means.

        Raises:
            Wrong: it has another form.
        """
        match = re.fullmatch(r"\s*(\d{1,9})\s*,\s*(\d{1,9})\s*", text, re.ASCII)
        if not match:
            raise Wrong(f"{quoted(text)} is not a place; write X,Y, as in 3,5")
        return int(match[1]), int(match[2])


REGION = RegionKind()
PLACE = PlaceKind()
