"""Reading animated PNG: each frame as a PNG file of its own, put together on a canvas.

Source: W3C, Portable Network Graphics (Third Edition), 2025, chapters 4.9, 11.3.6 and 12.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from typing import IO, TYPE_CHECKING

from imgconv.image.base import Opened
from imgconv.image.deflate import crc32
from imgconv.image.limits.budget import Budget, of_block
from imgconv.image.limits.guard import DataError
from imgconv.image.model import Pixels
from imgconv.image.png.head import PngHead
from imgconv.image.png.read import SIGNATURE, open_still, png_head
from imgconv.value import Value

if TYPE_CHECKING:
    from imgconv.image.frames.canvas import Patch

_CONTROL = struct.Struct(">IIIIIHHBB")
_USUAL_DENOMINATOR = 100
_SHARED = {b"PLTE": 768, b"tRNS": 256}
"""The chunks that every frame needs, and the most bytes of each."""


class PngFrame(Value):
    """A frame as it is stored.

    Attributes:
        patch: where it lies, and for how long.
        parts: the place and length of each piece of its data in the file, and what its checksum covers before that.
    """

    patch: Patch
    parts: tuple[tuple[int, int, bytes], ...]


class _Chunks:
    """What an animated PNG file holds besides its default image.

    Attributes:
        header: IHDR's data.
        shared: the chunks that every frame needs, whole; of repeated ones the last.
        frames: the frames, in order.
        stray: whether the default image is no frame.
    """

    def __init__(self, file: IO[bytes], head: PngHead, budget: Budget) -> None:
        self.header = b""
        shared: dict[bytes, bytes] = {}
        self.frames: list[PngFrame] = []
        self._head, self._numbers = head, 0
        self._patch: Patch | None = None
        self._parts: list[tuple[int, int, bytes]] = []
        self.stray = False
        for name, place, length in _walk(file):
            budget.spend()
            file.seek(place)
            if name == b"IHDR":
                self.header = file.read(length)
            elif length <= _SHARED.get(name, -1):
                file.seek(place - 8)
                shared[name] = file.read(length + 12)
            elif name == b"fcTL":
                self._close()
                self._open(file.read(length))
            elif name == b"fdAT":
                number = file.read(4)
                self._count(number)
                self._parts.append((place + 4, length - 4, name + number))
            elif name == b"IDAT":
                self.stray = self._patch is None
                self._parts += [] if self.stray else [(place, length, name)]
        self._close()
        self.shared = b"".join(shared[name] for name in _SHARED if name in shared)
        if len(self.frames) < head.frames:
            raise EOFError
        del self.frames[head.frames :]

    def _count(self, number: bytes) -> None:
        if int.from_bytes(number, "big") != self._numbers:
            raise DataError("its frames are out of order")
        self._numbers += 1

    def _open(self, data: bytes) -> None:
        from imgconv.image.frames.canvas import CLEAR, KEEP, RESTORE, Patch

        if len(data) != _CONTROL.size:
            raise DataError("a frame's control chunk is garbled")
        number, width, height, left, top, count, share, disposal, blend = _CONTROL.unpack(data)
        self._count(number.to_bytes(4, "big"))
        head = self._head
        if not (0 < width <= head.width - left and 0 < height <= head.height - top) or disposal > 2 or blend > 1:
            raise DataError("a frame leaves the canvas, or is to be laid in an unknown way")
        duration = Fraction(count, share or _USUAL_DENOMINATOR)
        way = (KEEP, CLEAR, RESTORE)[disposal]
        if way == RESTORE and not self.frames:
            way = CLEAR
        self._patch = Patch(left, top, width, height, duration, way, blend == 1, not head.alpha)

    def _close(self) -> None:
        if self._patch:
            if not self._parts:
                raise EOFError
            self.frames.append(PngFrame(self._patch, tuple(self._parts)))
        elif self._parts:
            raise DataError("the data of a frame come before its control chunk")
        self._patch, self._parts = None, []


def _walk(file: IO[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, place of the data, and length of every chunk, as far as the file goes."""
    place = len(SIGNATURE)
    while True:
        file.seek(place)
        lead = file.read(8)
        if len(lead) < 8:
            return
        length, name = struct.unpack(">I4s", lead)
        yield name, place + 8, length
        if name == b"IEND":
            return
        place += length + 12


def open_apng(file: IO[bytes], head: PngHead, budget: Budget) -> Opened:
    """Read the header of an animated PNG file.

    Raises:
        EOFError: it has fewer frames than it says.
        ValueError: its frames make no sense.
    """
    from imgconv.image.frames.canvas import Canvas, shows_through

    still = open_still(file, head)
    chunks = _Chunks(file, head, budget)
    added = not still.alpha and shows_through((frame.patch for frame in chunks.frames), head.width, head.height)
    channels, alpha = still.channels + added, still.alpha or added
    notes = ["its default image is no frame and is left out"] if chunks.stray else []

    def sequence() -> Iterator[Opened]:
        canvas = Canvas(head.height, head.width, channels, alpha, still.dtype)
        for frame in chunks.frames:
            yield made(canvas.lay(frame.patch, _pixels(file, chunks, frame)), frame.patch.duration)

    def made(shown: Pixels | None, duration: Fraction) -> Opened:
        return Opened(
            format="PNG",
            width=head.width,
            height=head.height,
            channels=channels,
            alpha=alpha,
            dtype=still.dtype,
            space=still.space,
            load=lambda: shown if shown is not None else next(sequence()).load(),
            frames=len(chunks.frames),
            unit="frame",
            sequence=sequence,
            plays=head.plays,
            duration=duration,
            orientation=still.orientation,
            metadata=still.metadata,
            notes=notes,
        )

    return made(None, chunks.frames[0].patch.duration)


def _pixels(file: IO[bytes], chunks: _Chunks, frame: PngFrame) -> Pixels:
    """Decode one frame to (rows, cols, channels) of the file's own channels."""
    size = struct.pack(">II", frame.patch.width, frame.patch.height)
    data = []
    for place, length, lead in frame.parts:
        file.seek(place)
        part, checksum = file.read(length), file.read(4)
        if len(part) < length:
            raise EOFError
        if crc32(part, crc32(lead)) != int.from_bytes(checksum, "big"):
            raise DataError("the checksum of its image data is wrong")
        data.append(part)
    own = BytesIO()
    own.write(SIGNATURE + _chunk(b"IHDR", size + chunks.header[8:]) + chunks.shared)
    own.write(_chunk(b"IDAT", b"".join(data)) + _chunk(b"IEND", b""))
    return open_still(own, png_head(own, of_block(own.tell()))).load()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(data, crc32(name)))
