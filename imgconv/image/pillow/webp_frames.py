"""Animated WebP, written one frame after the other.

libwebp's own encoder of animations joins equal frames and changes colours under full transparency, so the frames are
encoded like single images, cut to what has changed. Source: RFC 9649, WebP Image Format (2024), 2.7.
"""

from __future__ import annotations

import os
import struct
from fractions import Fraction
from io import BytesIO
from typing import IO

from imgconv.image.frames.canvas import changed
from imgconv.image.frames.clock import Clock, limited
from imgconv.image.model import Image, Metadata, Options, Pixels
from imgconv.image.pillow.webp import encode_webp

_THOUSANDTHS = 1000
_MOST_PLAYS, _MOST_TICKS = 2**16 - 1, 2**24 - 1
_PROFILE, _ALPHA, _EXIF, _XMP, _ANIMATED = 32, 16, 8, 4, 2
_REPLACE = 2
_EVEN = 2
_PIXELS = (b"ALPH", b"VP8 ", b"VP8L")


class WebpWriter:
    """An animated WebP file on its way into `file`, which can seek; `options` are as for `pillow.encode_webp`."""

    def __init__(self, file: IO[bytes], plays: int, options: Options, most: int) -> None:
        self._file, self._options, self._start = file, options, file.tell()
        self._plays, self._notes = limited(plays, _MOST_PLAYS, "WebP")
        self._clock = Clock("WebP", _THOUSANDTHS, _MOST_TICKS)
        self._before: Pixels | None = None
        self._metadata = Metadata()

    def add(self, image: Image, duration: Fraction | None) -> None:
        """Write the next frame; all have the same size and samples."""
        if self._before is None:
            self._begin(image)
        left, top, width, height = changed(self._before, image.pixels, _EVEN)
        own = image.with_pixels(image.pixels[top : top + height, left : left + width]).replace(metadata=Metadata())
        encoded = BytesIO()
        encode_webp(own, encoded, self._options)
        place = [left // _EVEN, top // _EVEN, width - 1, height - 1, self._clock.ticks(duration)]
        head = b"".join(number.to_bytes(3, "little") for number in place) + bytes([_REPLACE])
        self._chunk(b"ANMF", head + _bitstream(memoryview(encoded.getvalue())))
        self._before = image.pixels

    def finish(self) -> tuple[str, ...]:
        """Write what comes at the end, and how long the file is; return notes."""
        for name, data in ((b"EXIF", self._metadata.exif), (b"XMP ", self._metadata.xmp)):
            if data:
                self._chunk(name, data)
        size = self._file.tell() - self._start
        self._file.seek(self._start + 4)
        self._file.write(struct.pack("<I", size - 8))
        self._file.seek(0, os.SEEK_END)
        return (*self._notes, *self._clock.notes)

    def _begin(self, image: Image) -> None:
        self._metadata = meta = image.metadata
        flags = _ANIMATED | _ALPHA * image.alpha
        flags |= _PROFILE * bool(meta.icc) | _EXIF * bool(meta.exif) | _XMP * bool(meta.xmp)
        size = (image.width - 1).to_bytes(3, "little") + (image.height - 1).to_bytes(3, "little")
        self._file.write(b"RIFF\0\0\0\0WEBP")
        self._chunk(b"VP8X", struct.pack("<I", flags) + size)
        if meta.icc:
            self._chunk(b"ICCP", meta.icc)
        self._chunk(b"ANIM", struct.pack("<IH", 0, self._plays))

    def _chunk(self, name: bytes, data: bytes) -> None:
        self._file.write(name + struct.pack("<I", len(data)))
        self._file.write(data)
        self._file.write(b"\0" * (len(data) % 2))


def _bitstream(encoded: memoryview) -> bytes:
    """Return the chunks of a WebP file of a single image that hold its pixels."""
    found, at = b"", 12
    while at < len(encoded):
        name, size = struct.unpack_from("<4sI", encoded, at)
        end = at + 8 + size + size % 2
        if name in _PIXELS:
            found += encoded[at:end]
        at = end
    return found
