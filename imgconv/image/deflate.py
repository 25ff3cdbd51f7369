"""The one place that deflates and inflates, for PNG and TIFF: by zlib-ng where it is installed, else by zlib.

Rows of a photograph that have been filtered hold little that repeats, so looking for matches takes time and gains
nothing: Huffman codes alone make the smaller file. Drawings repeat much. So the ways that come into question are
tried on a sample. The data are cut into strips that are compressed independently, on several threads, and joined
into one stream, the same for any number of threads. Source: RFC 1950 and RFC 1951 (1996).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from imgconv.image.limits.guard import DataError
from imgconv.image.parallel import ordered

codec: Any = zlib
with suppress(ImportError):  # everything works with Python's own zlib, more slowly
    from zlib_ng import zlib_ng as codec

adler32, crc32 = codec.adler32, codec.crc32

Buffer = Any
"""Anything with the buffer protocol."""


class Way(NamedTuple):
    """How to look for what repeats: zlib's level and strategy."""

    level: int
    strategy: int = codec.Z_DEFAULT_STRATEGY


NO_MATCHES, RUNS, THOROUGH = Way(1, codec.Z_HUFFMAN_ONLY), Way(1, codec.Z_RLE), Way(4)
"""What is chosen from when no level is asked for."""

WORTH_RUNS, WORTH_THOROUGH = 0.99, 0.9
"""A slower way is taken when its sample comes out below this part of a faster one's."""

_BASE = 65521  # of Adler-32


def choose(sample: Buffer, level: int | None) -> Way:
    """Return how to compress data like `sample`.

    Level 0 does not compress. Levels 1 to 9 look ever harder for what repeats, except where the sample shows that
    this makes it larger. None weighs size against time.
    """
    if level == 0:
        return Way(0)
    sizes = {way: _size(sample, way) for way in (NO_MATCHES, RUNS)}
    fast = RUNS if sizes[RUNS] < WORTH_RUNS * sizes[NO_MATCHES] else NO_MATCHES
    if level == 1:
        return fast
    thorough = THOROUGH if level is None else Way(level)
    worth = WORTH_THOROUGH if level is None else 1
    return thorough if _size(sample, thorough) < worth * sizes[fast] else fast


def _size(data: Buffer, way: Way) -> int:
    return len(_squeezed(data, way, codec.Z_FINISH))


def _squeezed(data: Buffer, way: Way, ending: int) -> bytes:
    """Return `data` as raw deflate, ending at a whole byte or for good."""
    squeezer = codec.compressobj(way.level, codec.DEFLATED, -codec.MAX_WBITS, 9, way.strategy)
    return bytes(squeezer.compress(data) + squeezer.flush(ending))


def deflate(strip: Callable[[int], Buffer], count: int, way: Way, threads: int = 0) -> Iterator[bytes]:
    """Compress ``strip(0)`` to ``strip(count - 1)`` into one zlib stream, given in parts, one a strip.

    The strips are made and compressed on `threads` threads; 0 means on this one.
    """

    def part(number: int) -> tuple[bytes, int, int]:
        data = memoryview(strip(number)).cast("B")
        ending = codec.Z_FINISH if number == count - 1 else codec.Z_SYNC_FLUSH
        return _squeezed(data, way, ending), adler32(data), data.nbytes

    total, lead = 1, _stream_head(way.level)
    for number, (body, checksum, size) in enumerate(ordered(part, count, threads)):
        total = _joined(total, checksum, size)
        yield lead + body + (total.to_bytes(4, "big") if number == count - 1 else b"")
        lead = b""


def _stream_head(level: int) -> bytes:
    return b"\x78" + (b"\x01" if level < 2 else b"\x5e" if level < 6 else b"\x9c" if level == 6 else b"\xda")


def _joined(first: int, second: int, size: int) -> int:
    """Return the Adler-32 of two stretches from each one's; `size` is the second one's."""
    low = (first & 0xFFFF) + (second & 0xFFFF) - 1
    high = (first >> 16) + (second >> 16) + size * ((first & 0xFFFF) - 1)
    return high % _BASE << 16 | low % _BASE


class Inflater:
    """A zlib stream that comes in pieces, taken in portions."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._inflate = codec.decompressobj()
        self._waiting = b""

    def take(self, size: int) -> bytearray:
        """Return the next `size` bytes of the data.

        Raises:
            EOFError: there are fewer.
            ValueError: the stream is damaged.
        """
        taken = bytearray(size)
        filled = 0
        while filled < size:
            part = self._next(size - filled)
            taken[filled : filled + len(part)] = part
            filled += len(part)
        return taken

    def check(self) -> None:
        """Verify the stream's checksum, once all data have been taken; a stream without an end has none.

        Raises:
            ValueError: the checksum is another.
        """
        with suppress(EOFError):
            self._next(1)

    def _next(self, most: int) -> bytes:
        while True:
            try:
                part = self._inflate.decompress(self._waiting, most)
            except codec.error as fault:
                raise DataError("its compressed data is damaged") from fault
            self._waiting = self._inflate.unconsumed_tail
            if part:
                return bytes(part)
            if self._inflate.eof:
                raise EOFError
            if not self._waiting:
                self._waiting = next(self._pieces, b"")
                if not self._waiting:
                    raise EOFError


class TooLargeError(DataError):
    """A stream holds more than it may."""


def inflate(data: Buffer, limit: int) -> bytes:
    """Return the data of a zlib stream, refusing more than `limit` bytes of it.

    Raises:
        TooLargeError: there is more.
        ValueError: the stream is damaged.
    """
    opened = codec.decompressobj()
    try:
        found = opened.decompress(data, limit)
    except codec.error as fault:
        raise DataError("its compressed data is damaged") from fault
    if opened.unconsumed_tail and opened.decompress(opened.unconsumed_tail, 1):
        raise TooLargeError(f"more than {limit} bytes when decompressed")
    return bytes(found)
