"""Reading BMP, of OS/2 1 and 2 and of Windows 3 to 98, without Pillow, which knows but some layouts of the bits. BMP
is written through Pillow.

Pixels that run lengths leave out have the palette's first colour, and runs end where the row does; both are what most
readers do. Pixels above the image or of a colour that the palette does not have are an error.
Source: Microsoft, Bitmap Storage (BITMAPINFOHEADER, BITMAPV4HEADER, BITMAPV5HEADER); IBM, OS/2 2.0 Bitmap File Format.
"""

from __future__ import annotations

import os
import struct
from functools import partial
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.image.base import Opened
from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.model import Image, Metadata, Options, Pixels, space_of
from imgconv.image.pillow.open import plain_dpi, save
from imgconv.image.pillow.samples import picture_of

_FILE_HEADER, _CORE = 14, 12
_WINDOWS = (40, 52, 56, 108, 124)
_OS2 = range(16, 65, 2)
_PLAIN, _RUNS8, _RUNS4, _FIELDS, _ALPHA_FIELDS = 0, 1, 2, 3, 6
_DEPTHS = {_PLAIN: (1, 2, 4, 8, 16, 24, 32), _RUNS8: (8,), _RUNS4: (4,), _FIELDS: (16, 32), _ALPHA_FIELDS: (16, 32)}
_OF_WINDOWS = {4: "a JPEG file", 5: "a PNG file", 11: "CMYK", 12: "CMYK", 13: "CMYK"}
_OF_OS2 = {3: "fax data", 4: "run lengths of 24 bits"}
_USUAL = {16: (0x7C00, 0x3E0, 0x1F), 24: (0xFF0000, 0xFF00, 0xFF), 32: (0xFF0000, 0xFF00, 0xFF)}
_EMBEDDED, _LINKED = b"DEBM", b"KNIL"

_CACHED = 2**17
_LONGEST_RUN = 2**10
"""Pixels of a byte at most: two make a run of 255, and some may be left out."""

Bytes = NDArray[np.uint8]


class _Layout(NamedTuple):
    """How the pixels are stored: from `place` on, rows of `stride` bytes, the bottom one first unless `down`.

    `palette` is (colours, channels), empty above 8 bits; there `masks` are the bits of red, green, blue and alpha.
    """

    place: int
    width: int
    height: int
    down: bool
    bits: int
    compression: int
    palette: Bytes
    masks: tuple[int, ...]

    @property
    def stride(self) -> int:
        return -(-self.width * self.bits // 32) * 4

    @property
    def widths(self) -> tuple[int, ...]:
        """The bits of each sample."""
        return tuple(mask.bit_count() for mask in self.masks)

    @property
    def channels(self) -> int:
        return len(self.masks) or self.palette.shape[1]


def open_bmp(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of a BMP file, and its palette.

    Raises:
        ValueError: it is malformed, or of a kind that is not read.
        EOFError: it breaks off.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(_FILE_HEADER + 4)
    size = _long(head, _FILE_HEADER)
    if size != _CORE and size not in _WINDOWS and size not in _OS2:
        raise DataError(f"its header is of {size} bytes, which no version of BMP has")
    head += file.read(size - 4)
    layout = _layout(head, size, file)
    if layout.compression in (_RUNS8, _RUNS4):
        budget.check_pixels(layout.width, layout.height, _LONGEST_RUN)
    last = -(-layout.width * layout.bits // 8)  # of whose row the padding may be missing
    plain = layout.compression not in (_RUNS8, _RUNS4)
    if layout.place > end or (plain and layout.place + (layout.height - 1) * layout.stride + last > end):
        raise EOFError
    alpha = len(layout.masks) == 4
    opened = Opened(
        format="BMP",
        width=layout.width,
        height=layout.height,
        channels=layout.channels,
        alpha=alpha,
        dtype="uint16" if max(layout.widths, default=8) > 8 else "uint8",
        space=space_of(layout.channels, alpha),
        load=partial(_pixels, file, layout),
    )
    if set(layout.widths) - {8, 16}:
        opened.notes.append(f"samples of {', '.join(map(str, layout.widths))} bits are scaled to the full range")
    icc = b""
    if size == 124:
        kind, place, length = head[70:74], _long(head, 126), _long(head, 130)
        if kind == _EMBEDDED:
            file.seek(_FILE_HEADER + place)
            icc = file.read(length)
        elif kind == _LINKED:
            opened.notes.append("its colour profile is another file's and is left out")
    dots = (_long(head, 38), _long(head, 42)) if size >= 40 else (0, 0)
    opened.metadata = Metadata(icc=icc, dpi=plain_dpi([per_metre * 0.0254 for per_metre in dots]))
    return opened


def _long(data: bytes, place: int) -> int:
    if len(data) < place + 4:
        raise EOFError
    return int.from_bytes(data[place : place + 4], "little")


def _layout(head: bytes, size: int, file: IO[bytes]) -> _Layout:
    """Read what the header of `size` bytes says, and the masks and the palette that follow it."""
    if len(head) < _FILE_HEADER + size:
        raise EOFError
    if size == _CORE:
        width, height, _, bits = struct.unpack_from("<4H", head, 18)
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", head, 18)
    compression, used = (_long(head, 30) if size >= 20 else 0), (_long(head, 46) if size >= 36 else 0)
    within = (_OF_WINDOWS if size in _WINDOWS else _OF_OS2).get(compression)
    if within:
        raise DataError(f"{within} within BMP")
    if bits not in _DEPTHS.get(compression, ()):
        raise DataError(f"{bits} bits a pixel, with compression {compression}")
    masks = _masks(head, size, bits, compression, file)
    start = file.tell()
    place = _long(head, 10) or start + (3 if size == _CORE else 4) * (used or 1 << bits) * (bits <= 8)
    if place < start:
        raise DataError("its pixels begin within its header")
    palette = np.empty((0, 3), np.uint8)
    if bits <= 8:
        palette = _palette(file.read(place - start), 3 if size == _CORE else 4, used, 1 << bits)
    return _Layout(place, width, abs(height), height < 0, bits, compression, palette, masks)


def _masks(head: bytes, size: int, bits: int, compression: int, file: IO[bytes]) -> tuple[int, ...]:
    """Return the bits of the samples, of which those of alpha may be left out; none where there is a palette."""
    if bits <= 8:
        return ()
    if compression == _PLAIN:
        return _USUAL[bits]
    count = 4 if compression == _ALPHA_FIELDS or size >= 56 else 3
    stored = head[54:] if size >= 52 else file.read(4 * count)
    masks = tuple(_long(stored, 4 * number) for number in range(count))
    masks = masks if masks[-1] else masks[:3]
    taken = 0
    for mask in masks:
        low = mask & -mask
        if not mask or mask >> bits or mask & taken or (mask + low) & mask:
            raise DataError(f"its bit masks {', '.join(f'{one:x}' for one in masks)} make no samples")
        taken |= mask
    return masks


def _palette(data: bytes, entry: int, used: int, most: int) -> Bytes:
    """Return the colours, (colours, 3), or (colours, 1) where all are grey; `data` end where the pixels begin."""
    if used * entry > len(data):
        raise DataError(f"its header names {used} colours, and its palette has {len(data) // entry}")
    count = min(used or most, most, len(data) // entry)
    if not count:
        raise DataError("it has no palette")
    colours = np.frombuffer(data, np.uint8, count * entry).reshape(count, entry)[:, 2::-1]
    grey = (colours == colours[:, :1]).all()
    return np.ascontiguousarray(colours[:, :1] if grey else colours)


def _pixels(file: IO[bytes], layout: _Layout) -> Pixels:
    """Decode the image to (rows, cols, channels)."""
    file.seek(layout.place)
    if layout.compression in (_RUNS8, _RUNS4):
        found = _by_runs(file.read(), layout)
    else:
        size = layout.stride * layout.height
        found = np.frombuffer(file.read(size).ljust(size, b"\0"), np.uint8).reshape(layout.height, layout.stride)
    if not layout.down:
        found = found[::-1]
    if layout.masks:
        return _samples(found, layout)
    if layout.compression == _PLAIN:
        found = _indices(found, layout)
    if len(layout.palette) < 256 and int(found.max()) >= len(layout.palette):
        raise DataError(f"a pixel has the colour {found.max()}, and its palette {len(layout.palette)} colours")
    if len(layout.palette) == 256 and (layout.palette[:, 0] == np.arange(256)).all() and layout.channels == 1:
        return np.ascontiguousarray(found[:, :, None])
    return np.take(layout.palette, found, axis=0)


def _indices(rows: Bytes, layout: _Layout) -> Bytes:
    """Return the palette's numbers, (rows, cols), the leftmost of which are in a byte's high bits."""
    bits = layout.bits
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    found = rows[:, :, None] >> shifts & np.uint8((1 << bits) - 1) if bits < 8 else rows
    return found.reshape(len(rows), -1)[:, : layout.width]


def _samples(rows: Bytes, layout: _Layout) -> Pixels:
    """Return what the masks single out, scaled to the full range of 8 or 16 bits."""
    dtype = np.dtype(np.uint16 if max(layout.widths) > 8 else np.uint8)
    out = np.empty((layout.height, layout.width, layout.channels), dtype)
    step = layout.bits // 8
    if set(layout.widths) == {8} and all(mask.bit_length() % 8 == 0 for mask in layout.masks):
        pixels = rows[:, : layout.width * step].reshape(layout.height, layout.width, step)
        some = max(1, _CACHED // layout.stride)
        for top in range(0, layout.height, some):
            for channel, mask in enumerate(layout.masks):
                out[top : top + some, :, channel] = pixels[top : top + some, :, mask.bit_length() // 8 - 1]
        return out
    words = np.ascontiguousarray(rows[:, : layout.width * step]).view(f"<u{step}")
    full = 65535 if dtype == np.uint16 else 255
    for channel, (mask, width) in enumerate(zip(layout.masks, layout.widths, strict=True)):
        values = (words >> (mask.bit_length() - width)) & ((1 << width) - 1)
        top = (1 << width) - 1
        out[:, :, channel] = (values.astype(np.uint64) * full + top // 2) // top
    return out


def _by_runs(data: bytes, layout: _Layout) -> Bytes:
    """Undo run lengths: the palette's numbers, (rows, cols), the bottom row first."""
    width, height, four = layout.width, layout.height, layout.compression == _RUNS4
    out = bytearray(width * height)
    at = x = y = 0
    while True:
        if at + 2 > len(data):
            if y * width + x >= width * height:  # the mark of the end may be missing
                break
            raise EOFError
        count, value = data[at], data[at + 1]
        at += 2
        if count:
            run = (bytes((value >> 4, value & 15)) * (count + 1 >> 1))[:count] if four else bytes((value,)) * count
        elif value == 0:
            x, y = 0, y + 1
            continue
        elif value == 1:
            break
        elif value == 2:
            if at + 2 > len(data):
                raise EOFError
            x, y, at = x + data[at], y + data[at + 1], at + 2
            continue
        else:
            size = value + 1 >> 1 if four else value
            run = data[at : at + size]
            if len(run) < size:
                raise EOFError
            at += size + (size & 1)
            if four:
                run = bytes(half for both in run for half in (both >> 4, both & 15))[:value]
        if y >= height:
            raise DataError("its run lengths leave the image")
        room = max(0, width - x)
        place = y * width + x
        out[place : place + min(len(run), room)] = run[:room]
        x += len(run)
    return np.frombuffer(out, np.uint8).reshape(height, width)


def encode_bmp(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image`, grey or RGB, as BMP."""
    dpi = {"dpi": image.metadata.dpi} if image.metadata.dpi else {}
    save(picture_of(image.pixels, image.space), "BMP", file, dpi)
    return ()
