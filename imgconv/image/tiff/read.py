"""Decoding TIFF samples that are whole bytes: 8 to 64 bits, integer or float, strips or tiles, every byte codec.

Pillow drops the low byte of 16-bit RGB, and tifffile needs another package for LZW. So strips and tiles are unpacked
here, on several threads, some rows of the image or all of them at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import UnsupportedOperation
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.image.deflate import Inflater
from imgconv.image.limits.guard import DataError
from imgconv.image.model import Pixels, supported
from imgconv.image.parallel import ordered
from imgconv.image.tiff.codec import DEFLATE, NONE, OLD_DEFLATE, differ, joined, unpack
from imgconv.image.tiff.layout import ASSOCIATED, WHITE_IS_ZERO, Layout
from imgconv.system import cores
from imgconv.system.portable import read_at, read_into

Bytes = NDArray[np.uint8]

_WORTH_THREADS = 2**18
_LONG_STRIP = 2**23
_PIECE_BYTES = 2**18
_RUN_BYTES = 2**21
_SMALL = 2**24
"""Pixels of a single tile that do no harm, however much smaller the image is."""


def read_samples(file: IO[bytes], layout: Layout) -> Pixels:
    """Decode the first image to (rows, cols, channels) of its colours and alpha.

    Raises:
        EOFError: strips or tiles are missing or too short.
        ValueError: they are damaged.
    """
    return TiffBands(file, layout).rows(0, layout.height)


class _Part(NamedTuple):
    """Rows `top` to `bottom` (exclusive) of the image, from a segment in `plane` that begins at (`row`, `left`)."""

    number: int
    plane: int
    row: int
    left: int
    top: int
    bottom: int


class TiffBands:
    """The image of a TIFF file, of which some rows can be decoded at a time; see `imgconv.image.model.Bands`."""

    def __init__(self, file: IO[bytes], layout: Layout) -> None:
        """Take the strips and tiles of `layout`, which has to be `direct`.

        Raises:
            EOFError: some are missing.
            ValueError: they are implausible.
        """
        self._layout, self._source = layout, _Source(file)
        self._unit = layout.unit[0]
        self._across = -(-layout.width // layout.unit[1])
        self._planes = layout.kept if layout.planar else 1
        self._channels = 1 if layout.planar else layout.samples
        down = -(-layout.height // self._unit)
        stored = (down * self._unit if layout.tiled else layout.height) * self._across * layout.unit[1]
        if stored > max(_SMALL, 4 * layout.width * layout.height):
            raise DataError("its tiles are larger than the image by far")
        self._count = down * self._across
        if len(layout.segments) < self._planes * self._count:
            raise EOFError
        self._row_bytes = layout.unit[1] * self._channels * layout.native.itemsize
        long = self._unit * self._row_bytes > _LONG_STRIP and layout.compression in (DEFLATE, OLD_DEFLATE)
        self._by_rows = long and self._across == 1 and not layout.planar
        self._long: _LongStrip | None = None
        self.unit = 1 if self._by_rows or (layout.compression == NONE and not layout.tiled) else self._unit
        self._plain = layout.kept == layout.samples and not layout.planar
        self._as_stored = (
            self._plain
            and not (layout.photometric == WHITE_IS_ZERO and layout.kind != 3)
            and layout.alpha != ASSOCIATED
            and supported(np.empty((0, 0, 1), layout.native))[0].dtype == layout.native.newbyteorder("=")
        )

    def rows(self, start: int, stop: int) -> Pixels:
        """Return rows `start` to `stop` (exclusive)."""
        layout = self._layout
        samples = np.empty((stop - start, layout.width, layout.kept), layout.native.newbyteorder("="))
        self._decode(samples, start)
        return samples if self._as_stored else self._finished(samples)

    def fill(self, out: Pixels, start: int) -> None:
        """Decode the rows from `start` on into `out`, as many as that has."""
        if self._as_stored:
            self._decode(out, start)
        else:
            out[...] = self.rows(start, start + len(out))

    def _finished(self, pixels: Pixels) -> Pixels:
        """Return stored samples as an image has them."""
        layout = self._layout
        if layout.photometric == WHITE_IS_ZERO and pixels.dtype.kind == "u":
            colours = pixels[:, :, : layout.colours]
            np.subtract(np.iinfo(pixels.dtype).max, colours, out=colours)
        pixels, _ = supported(pixels)
        if layout.alpha == ASSOCIATED:
            divide_by_alpha(pixels)
        return np.ascontiguousarray(pixels)

    def _decode(self, out: Pixels, start: int) -> None:
        """Decode stored samples of the channels that are kept, in this machine's byte order."""
        if self._layout.compression == NONE:
            self._copy(out, start)
            return
        parts = list(self._parts(start, start + len(out)))
        if self._by_rows:
            for part in parts:
                self._inflate_some(part, out[part.top - start : part.bottom - start])
            return
        threads = cores.available() if len(parts) > 1 and out.nbytes >= _WORTH_THREADS else 1
        for _ in ordered(lambda number: self._place(parts[number], out, start), len(parts), threads - (threads == 1)):
            pass

    def _parts(self, start: int, stop: int) -> Iterator[_Part]:
        unit = self._unit
        for plane in range(self._planes):
            for down in range(start // unit, -(-stop // unit)):
                for side in range(self._across):
                    number = plane * self._count + down * self._across + side
                    row, left = down * unit, side * self._layout.unit[1]
                    yield _Part(number, plane, row, left, max(start, row), min(stop, row + unit))

    def _lines(self, part: _Part) -> int:
        """Return the rows that a segment holds."""
        return self._unit if self._layout.tiled else min(self._unit, self._layout.height - part.row)

    def _place(self, part: _Part, out: Pixels, start: int) -> None:
        """Unpack one segment and lay what is wanted of it where it belongs."""
        data = np.empty((self._lines(part), self._row_bytes), np.uint8)
        place, size = self._layout.segments[part.number]
        if not size:
            self._lay_nothing(part, out, start)
            return
        unpack(self._source.read(place, size), self._layout.compression, data)
        samples = self._samples(data)[part.top - part.row : part.bottom - part.row]
        self._lay(samples, part, out, start)

    def _lay_nothing(self, part: _Part, out: Pixels, start: int) -> None:
        if self._layout.segments[part.number][0]:
            raise EOFError
        room = out[part.top - start : part.bottom - start, part.left : part.left + self._layout.unit[1]]
        room[:, :, part.plane if self._layout.planar else slice(None)] = 0

    def _lay(self, samples: Pixels, part: _Part, out: Pixels, start: int) -> None:
        room = out[part.top - start : part.bottom - start, part.left : part.left + samples.shape[1]]
        samples = samples[:, : room.shape[1]]
        if self._layout.planar:
            room[:, :, part.plane] = samples[:, :, 0]
        else:
            room[...] = samples[:, :, : room.shape[2]]

    def _samples(self, data: Bytes) -> Pixels:
        """Undo the predictor: (rows, bytes) to (rows, cols, channels); the data are overwritten."""
        layout = self._layout
        native = layout.native
        if layout.predictor == 3:
            return joined(data, native, self._channels)
        samples = data.view(native).reshape(len(data), -1, self._channels)
        if layout.predictor == 2:
            samples = samples.astype(native.newbyteorder("="), copy=False)
            differ(samples, undo=True)
        return samples

    def _copy(self, out: Pixels, start: int) -> None:
        """Copy samples that are not compressed; no more of a segment is read than is wanted."""
        straight = self._plain and self._across == 1 and not self._layout.tiled and out.dtype == self._layout.native
        room: Bytes = np.empty(0, np.uint8)
        for run in self._runs(start, start + len(out)):
            part = run[0]
            lines = part.bottom - part.top
            if not self._layout.segments[part.number][1]:
                self._lay_nothing(part, out, start)
                continue
            place = self._layout.segments[part.number][0] + (part.top - part.row) * self._row_bytes
            if straight:
                self._source.into(place, out[part.top - start : part.bottom - start].reshape(-1).view(np.uint8))
                continue
            size = len(run) * lines * self._row_bytes
            room = room if room.size >= size else np.empty(size, np.uint8)
            self._source.into(place, room[:size])
            samples = room[:size].view(self._layout.native).reshape(len(run), lines, -1, self._channels)
            if len(run) > 1 and self._plain:
                self._lay_side_by_side(samples, part, out[part.top - start : part.bottom - start])
                continue
            for one, block in zip(run, samples, strict=True):
                self._lay(block, one, out, start)

    def _lay_side_by_side(self, samples: Pixels, part: _Part, out: Pixels) -> None:
        """Lay whole tiles, (tiles, rows, cols, channels), into `out`, the rows that they are of."""
        tiles, rows, cols, channels = samples.shape
        room = out[:, part.left : part.left + tiles * cols]
        whole = room.shape[1] // cols
        room[:, : whole * cols].reshape(rows, whole, cols, channels)[...] = samples[:whole].swapaxes(0, 1)
        if whole < tiles:
            room[:, whole * cols :] = samples[whole, :, : room.shape[1] - whole * cols]

    def _runs(self, start: int, stop: int) -> Iterator[list[_Part]]:
        """Yield segments side by side that lie one behind the other in the file and are wanted whole."""
        run: list[_Part] = []
        segments = self._layout.segments
        size = self._unit * self._row_bytes
        for part in self._parts(start, stop):
            if run:
                last = run[-1]
                beside = part.row == last.row and part.plane == last.plane and part.bottom - part.top == self._unit
                behind = segments[last.number][0] + size == segments[part.number][0]
                there = segments[last.number][1] and segments[part.number][1]
                if beside and behind and there and len(run) * size < _RUN_BYTES:
                    run.append(part)
                    continue
                yield run
            run = [part]
        if run:
            yield run

    def _inflate_some(self, part: _Part, out: Pixels) -> None:
        """Take rows from a strip that is too long to be unpacked whole; rows before them are passed over."""
        if not self._layout.segments[part.number][1]:
            if self._layout.segments[part.number][0]:
                raise EOFError
            out[...] = 0
            return
        long = self._long
        if long is None or long.number != part.number or long.row > part.top:
            place, size = self._layout.segments[part.number]
            long = self._long = _LongStrip(part.number, part.row, Inflater(self._source.pieces(place, size)))
        while long.row < part.bottom:
            limit = part.top if long.row < part.top else part.bottom
            lines = min(limit - long.row, max(1, _PIECE_BYTES // self._row_bytes))
            data = np.frombuffer(long.stream.take(lines * self._row_bytes), np.uint8).reshape(lines, -1)
            if long.row >= part.top:
                at = long.row - part.top
                samples = self._samples(data)
                out[at : at + lines] = samples[:, : out.shape[1], : out.shape[2]]
            long.row += lines
        if part.bottom == part.row + self._lines(part):
            long.stream.check()
            self._long = None


class _LongStrip:
    """A strip that is being inflated row by row; `row` is the next one."""

    def __init__(self, number: int, row: int, stream: Inflater) -> None:
        self.number, self.row, self.stream = number, row, stream


class _Source:
    """A file that several threads read from, by its number where it has one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._lock = file, threading.Lock()
        try:
            self._number = file.fileno()
        except (OSError, UnsupportedOperation):
            self._number = -1

    def read(self, place: int, size: int) -> bytes:
        """Return `size` bytes, or as many as there are."""
        if self._number >= 0:
            return read_at(self._number, size, place)
        with self._lock:
            self._file.seek(place)
            return self._file.read(size)

    def into(self, place: int, room: Bytes) -> None:
        """Fill `room`.

        Raises:
            EOFError: there are fewer bytes.
        """
        done = 0
        while done < room.size:
            if self._number >= 0:
                count = read_into(self._number, room[done:].data, place + done)
            else:
                with self._lock:
                    self._file.seek(place + done)
                    count = self._file.readinto(room[done:].data)  # type: ignore[attr-defined]
            if not count:
                raise EOFError
            done += count

    def pieces(self, place: int, size: int) -> Iterator[bytes]:
        """Yield `size` bytes in pieces."""
        for at in range(place, place + size, _PIECE_BYTES):
            yield self.read(at, min(_PIECE_BYTES, place + size - at))


def divide_by_alpha(pixels: Pixels) -> None:
    """Undo associated alpha in place; where alpha is 0 the colours stay."""
    colours, alpha = pixels[..., :-1], pixels[..., -1:]
    clear = alpha == 0
    if pixels.dtype.kind == "f":
        colours /= np.where(clear, 1, alpha)
        return
    top = int(np.iinfo(pixels.dtype).max)
    wide = np.where(clear, top, alpha).astype(np.uint64)
    colours[...] = np.minimum((colours * np.uint64(top) + wide // 2) // wide, top)
