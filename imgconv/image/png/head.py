"""What the chunks of a PNG file say of its pixels.

Source: W3C, Portable Network Graphics (Third Edition), 2025, chapter 11.2.
"""

from __future__ import annotations

import struct

from imgconv.image.limits.budget import MAX_METADATA
from imgconv.image.limits.guard import DataError

CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


class PngHead:
    """What the chunks of a PNG file say; `parts` are the places and lengths of the image data."""

    def __init__(self, header: bytes) -> None:
        numbers: tuple[int, ...] = struct.unpack(">IIBBBBB", header)
        self.width, self.height, self.depth, self.colour, *methods = numbers
        if self.depth not in _DEPTHS.get(self.colour, ()):
            raise DataError(f"{self.depth} bit with colour type {self.colour} do not exist")
        if methods[:2] != [0, 0] or methods[2] > 1:
            raise DataError("it is packed, filtered or interlaced in a way that does not exist")
        self.interlaced = methods[2] == 1
        self.palette = b""
        self.frames = self.plays = 1
        self.transparency = b""
        self.room = MAX_METADATA
        self.left_out = False
        self.behind = 0
        self.chunks: list[tuple[str, bytes]] = []
        self.parts: list[tuple[int, int]] = []

    @property
    def alpha(self) -> bool:
        """Whether there is alpha, be it by a transparent colour."""
        return self.colour in (4, 6) or bool(self.transparency)

    @property
    def channels(self) -> int:
        """Channels of the image read, alpha included."""
        return CHANNELS[self.colour] + (bool(self.transparency) and self.colour < 4)

    @property
    def pixel_bits(self) -> int:
        """Bits of a pixel as it is stored."""
        return self.depth * (1 if self.colour == 3 else CHANNELS[self.colour])

    def row_bytes(self, width: int) -> int:
        """Return the bytes of a row of so many pixels, without its filter's number."""
        return (width * self.pixel_bits + 7) // 8

    @property
    def dtype(self) -> str:
        """Sample type of the image read."""
        return "uint16" if self.depth == 16 else "uint8"
