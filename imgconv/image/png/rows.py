"""Decoding PNG's pixels, of any depth, palette or interlacing.

Rows are inflated on one thread and unfiltered on another, and Pillow, whose import takes longer than a small picture,
is needed only where the filters are not in C. As it minds neither a missing row of some kinds nor a wrong checksum, all
is inflated once before.
Pillow decodes 16-bit RGB to the high bytes only. Told to take the samples for little-endian, it gives the low bytes, so
two passes give all of them; 16-bit grey with alpha has four bytes a pixel and unpacks as 8-bit RGBA.
Source: W3C, Portable Network Graphics (Third Edition), 2025, chapters 7 to 10.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from imgconv.image.deflate import Inflater, crc32
from imgconv.image.limits.guard import DataError
from imgconv.image.memory import Once, Room
from imgconv.image.model import Pixels
from imgconv.image.parallel import ordered
from imgconv.image.png.filters import unfilter_rows
from imgconv.image.png.head import PngHead
from imgconv.system import cores

_PIECE_BYTES = 2**18
_BAND_BYTES, _ONE_BAND_BYTES = 2**17, 2**20
_WORTH_A_THREAD = 4
_LITTLE = sys.byteorder == "little"
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png_pixels(file: IO[bytes], head: PngHead, rows: PngRows | None) -> Pixels:
    """Decode the (first) image of a PNG file whose chunks have been read, from its `rows` where those can be.

    Raises:
        EOFError: the image data break off.
        ValueError: they are damaged.
    """
    import numpy as np

    if rows:
        pixels = rows.pixels()
    else:
        _verify(file, head)
        pixels = _by_pillow(file, head)
    pixels = pixels if pixels.ndim == 3 else pixels[:, :, None]
    if head.colour == 3:
        return np.take(_palette(head, int(pixels.max())), pixels[:, :, 0], axis=0)
    return _keyed(pixels, head) if head.transparency else pixels


class _Pass(NamedTuple):
    """The pixels of an image that are stored together: every `right`-th from `left` on in every `down`-th row."""

    left: int
    top: int
    right: int
    down: int
    width: int
    height: int


def _passes(head: PngHead) -> list[_Pass]:
    """Return the seven passes of an interlaced image that have pixels, else the one of all (PNG, chapter 8.1)."""
    steps = _ADAM7 if head.interlaced else ((0, 0, 1, 1),)
    sized = [
        _Pass(left, top, right, down, -((left - head.width) // right), -((top - head.height) // down))
        for left, top, right, down in steps
    ]
    return [one for one in sized if one.width > 0 and one.height > 0]


class PngRows(Once):
    """The rows of an image, inflated and unfiltered band by band, one ahead of the other."""

    def __init__(self, file: IO[bytes], head: PngHead) -> None:
        self.file, self.head = file, head

    def decode(self, room: Room) -> Any:
        """Decode the image into memory that `room` makes; return its rows pass by pass, high bytes first."""
        passes = _passes(self.head)
        data = _image_data(self.file, self.head)
        stream = Inflater(data)
        made = room(sum(one.height * self.head.row_bytes(one.width) for one in passes))
        view, at = memoryview(made), 0
        for one in passes:
            size = one.height * self.head.row_bytes(one.width)
            self._decode_pass(stream, one, view[at : at + size])
            at += size
        stream.check()
        for _ in data:  # to verify the last checksum too
            pass
        return made

    def _decode_pass(self, stream: Inflater, one: _Pass, view: memoryview) -> None:
        step, row_bytes = max(1, self.head.pixel_bits // 8), self.head.row_bytes(one.width)
        # Between two bands other threads have to be waited for, which takes longer than a small picture.
        small = one.height * row_bytes <= _ONE_BAND_BYTES
        band = one.height if small else max(1, _BAND_BYTES // row_bytes)
        starts = range(0, one.height, band)

        def inflated(number: int) -> bytearray:
            return stream.take(min(band, one.height - starts[number]) * (row_bytes + 1))

        above = memoryview(bytes(row_bytes))
        threads = 1 if len(starts) > _WORTH_A_THREAD and cores.available() > 1 else 0
        for top, rows in zip(starts, ordered(inflated, len(starts), threads), strict=True):
            out = view[top * row_bytes : (top + band) * row_bytes]
            unfilter_rows(rows, above, step, out)
            above = out[-row_bytes:]

    def pixels(self) -> Pixels:
        """Return the samples as (rows, cols, channels), of a palette its numbers."""
        import numpy as np

        head, memory, at = self.head, self.memory(), 0
        out: Pixels = np.empty(0)
        for one in _passes(head):
            size = one.height * head.row_bytes(one.width)
            rows = np.frombuffer(memory, np.uint8, size, at).reshape(one.height, -1)
            samples = _samples(rows, one.width, head)
            at += size
            if not head.interlaced:
                return samples
            if not out.size:
                out = np.empty((head.height, head.width, samples.shape[2]), samples.dtype)
            out[one.top :: one.down, one.left :: one.right] = samples
        return out


def _samples(rows: Pixels, width: int, head: PngHead) -> Pixels:
    """Return the samples of rows, (rows, bytes), as (rows, cols, channels); the bytes may be swapped in place."""
    import numpy as np

    if head.depth == 16:
        words = rows.view(np.uint16)
        if _LITTLE:
            words.byteswap(inplace=True)
        return words.reshape(len(rows), width, -1)
    if head.depth == 8:
        return rows.reshape(len(rows), width, -1)
    if head.depth == 1:
        values: Pixels = np.unpackbits(rows, axis=1, count=width)
    else:
        shifts = np.arange(8 - head.depth, -1, -head.depth, dtype=np.uint8)
        values = (rows[:, :, None] >> shifts & np.uint8((1 << head.depth) - 1)).reshape(len(rows), -1)[:, :width]
    if head.colour != 3:
        values = values * np.uint8(255 // ((1 << head.depth) - 1))
    return values[:, :, None]


def _palette(head: PngHead, largest: int) -> Pixels:
    """Return the colours of a palette, (colours, channels).

    Raises:
        DataError: it has none of the number `largest`, which is that of a pixel.
    """
    import numpy as np

    count = len(head.palette) // 3
    if largest >= count:
        raise DataError(f"a pixel has the colour {largest}, and its palette {count} colours")
    colours = np.frombuffer(head.palette, np.uint8, 3 * count).reshape(count, 3)
    if not head.transparency:
        return colours
    alpha = np.frombuffer(head.transparency[:count].ljust(count, b"\xff"), np.uint8)
    return np.concatenate([colours, alpha[:, None]], axis=1)


def _image_data(file: IO[bytes], head: PngHead) -> Iterator[bytes]:
    """Yield the image data in pieces, and verify each chunk's checksum."""
    for place, length in head.parts:
        file.seek(place)
        checksum = crc32(b"IDAT")
        while length:
            piece = file.read(min(length, _PIECE_BYTES))
            if not piece:
                return
            checksum = crc32(piece, checksum)
            length -= len(piece)
            yield piece
        stored = file.read(4)
        if len(stored) == 4 and int.from_bytes(stored, "big") != checksum:
            raise DataError("the checksum of its image data is wrong")


def _opened(file: IO[bytes], raw_mode: str = "") -> Any:
    from PIL.PngImagePlugin import PngImageFile

    file.seek(0)
    picture = PngImageFile(file)
    if raw_mode:
        picture.tile = [tile._replace(args=raw_mode) for tile in picture.tile]
    return picture


def _verify(file: IO[bytes], head: PngHead) -> None:
    """Inflate all rows once for their checksums and number, neither of which Pillow minds.

    Raises:
        EOFError: the image data break off.
        ValueError: they are damaged.
    """
    data = _image_data(file, head)
    stream = Inflater(data)
    left = sum(one.height * (head.row_bytes(one.width) + 1) for one in _passes(head))
    while left:
        left -= len(stream.take(min(left, _PIECE_BYTES)))
    stream.check()
    for _ in data:
        pass


def _by_pillow(file: IO[bytes], head: PngHead) -> Pixels:
    """Decode an image where the filters are not in C: the samples, of a palette its numbers."""
    import numpy as np

    if head.depth == 16 and head.colour in (2, 6):
        mode = "RGB" if head.colour == 2 else "RGBA"
        pixels = np.asarray(_opened(file)).astype(np.uint16)
        pixels <<= 8
        pixels |= np.asarray(_opened(file, f"{mode};16L"))
        return pixels
    if head.depth == 16 and head.colour == 0:
        return np.asarray(_opened(file)).astype(np.uint16)
    if head.depth == 16:
        return np.asarray(_opened(file, "RGBA")).view(">u2").astype(np.uint16)
    picture = _opened(file)
    return np.asarray(picture.convert("L") if picture.mode == "1" else picture)


def _keyed(pixels: Pixels, head: PngHead) -> Pixels:
    """Append the alpha channel that makes the transparent colour transparent."""
    import numpy as np

    count = pixels.shape[2]
    key = np.array(struct.unpack(f">{count}H", head.transparency[: 2 * count]), np.uint16)
    full = np.iinfo(pixels.dtype).max
    key &= np.uint16(2**head.depth - 1)
    if head.depth < 8:
        key = key * np.uint16(full // (2**head.depth - 1))
    out = np.empty((*pixels.shape[:2], count + 1), pixels.dtype)
    out[..., :count] = pixels
    out[..., count] = np.where((pixels == key).all(axis=2), 0, full)
    return out
