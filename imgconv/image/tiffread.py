"""Decoding TIFF samples that are whole bytes: 8 to 64 bits, integer or float, strips or tiles, every byte codec.

Pillow drops the low byte of 16-bit RGB, and tifffile needs another package for LZW. So strips are unpacked
here; where a codec is needed besides deflate, libtiff does it through Pillow, which is shown a grey 8-bit image
as wide as the rows are long in bytes.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from imgconv.image.deflate import inflate
from imgconv.image.guard import MAX_SAMPLES
from imgconv.image.ifd import LONG, SHORT, pack_directory
from imgconv.image.libtiff import libtiff_heard
from imgconv.image.model import Pixels, supported
from imgconv.image.tiff import ASSOCIATED, WHITE_IS_ZERO, Layout
from imgconv.image.tiffcodec import DEFLATE, NONE, OLD_DEFLATE

Bytes = NDArray[np.uint8]


def read_samples(file: IO[bytes], layout: Layout) -> Pixels:
    """Decode the first image to (rows, cols, channels) of its colours and alpha.

    Raises:
        EOFError: strips or tiles are missing or too short.
        ValueError: they are damaged.
    """
    planes = layout.kept if layout.planar else 1
    rows, across = _grid(layout)
    if rows * across * layout.unit[1] * layout.samples > 2 * MAX_SAMPLES:
        raise ValueError("its tiles are larger than the image by far")
    stored = [_plane(file, layout, plane) for plane in range(planes)]
    pixels = stored[0] if planes == 1 else np.concatenate(stored, axis=2)
    pixels = pixels[: layout.height, : layout.width, : layout.kept]
    if layout.photometric == WHITE_IS_ZERO and pixels.dtype.kind == "u":
        colours = pixels[:, :, : layout.colours]
        np.subtract(np.iinfo(pixels.dtype).max, colours, out=colours)
    pixels, _ = supported(pixels)
    if layout.alpha == ASSOCIATED:
        _divide_by_alpha(pixels)
    return np.ascontiguousarray(pixels)


def _grid(layout: Layout) -> tuple[int, int]:
    """Return the rows stored and how many segments lie side by side."""
    down, across = -(-layout.height // layout.unit[0]), -(-layout.width // layout.unit[1])
    return (down * layout.unit[0] if layout.tiled else layout.height), across


def _plane(file: IO[bytes], layout: Layout, plane: int) -> Pixels:
    """Return one plane (all of the image unless planar) as (rows, cols, channels), tiles' margins included."""
    rows, across = _grid(layout)
    channels = 1 if layout.planar else layout.samples
    count = -(-layout.height // layout.unit[0]) * across
    segments = layout.segments[plane * count : (plane + 1) * count]
    if len(segments) < count:
        raise EOFError
    row_bytes = layout.unit[1] * channels * layout.native.itemsize
    if layout.compression in (NONE, OLD_DEFLATE, DEFLATE):
        data = _unpack(file, layout, segments, (rows, across, row_bytes))
    else:
        data = _through_libtiff(file, layout, segments, (rows, across, row_bytes))
    return _samples(data, layout, channels)


def _unpack(file: IO[bytes], layout: Layout, segments: list[tuple[int, int]], shape: tuple[int, int, int]) -> Bytes:
    data = np.empty(shape, np.uint8)
    across = shape[1]
    for index, (offset, length) in enumerate(segments):
        down, side = divmod(index, across)
        block = data[down * layout.unit[0] : (down + 1) * layout.unit[0], side]
        file.seek(offset)
        if layout.compression == NONE and across == 1:
            if file.readinto(block.reshape(-1)) < block.size:  # type: ignore[attr-defined]
                raise EOFError
            continue
        raw = file.read(block.size if layout.compression == NONE else length)
        raw = raw if layout.compression == NONE else inflate(raw, block.size)
        if len(raw) < block.size:
            raise EOFError
        block[:] = np.frombuffer(raw, np.uint8).reshape(block.shape)
    return data


def _through_libtiff(
    file: IO[bytes], layout: Layout, segments: list[tuple[int, int]], shape: tuple[int, int, int]
) -> Bytes:
    """Let libtiff unpack the segments, in a TIFF file in memory that calls every byte a sample."""
    from PIL.TiffImagePlugin import TiffImageFile

    from imgconv.image.pillow import array_of

    rows, across, row_bytes = shape

    def fields(offsets: list[int]) -> dict[int, tuple[int, int, bytes]]:
        long = _longs
        table = {
            256: long([across * row_bytes]),
            257: long([rows]),
            258: _short(8),
            259: _short(layout.compression),
            262: _short(1),
            277: _short(1),
        }
        where, length = (324, 325) if layout.tiled else (273, 279)
        if layout.tiled:
            table |= {322: long([row_bytes]), 323: long([layout.unit[0]])}
        else:
            table |= {278: long([layout.unit[0]])}
        return table | {where: long(offsets), length: long([length for _, length in segments])}

    size = 8 + len(pack_directory(fields([0] * len(segments)), 8))
    offsets = (size + np.cumsum([0] + [length for _, length in segments])[:-1]).tolist()
    made = BytesIO()
    made.write(b"II*\0\x08\0\0\0" + pack_directory(fields(offsets), 8))
    for offset, length in segments:
        file.seek(offset)
        made.write(file.read(length))
    made.seek(0)
    picture: Any = TiffImageFile(made)
    with libtiff_heard():
        return array_of(picture).reshape(shape)


def _short(value: int) -> tuple[int, int, bytes]:
    return SHORT, 1, struct.pack("<H", value)


def _longs(values: list[int]) -> tuple[int, int, bytes]:
    return LONG, len(values), struct.pack(f"<{len(values)}I", *values)


def _samples(data: Bytes, layout: Layout, channels: int) -> Pixels:
    """Undo the predictor and the byte order: (rows, segments across, bytes) to (rows, cols, channels)."""
    rows, across, _ = data.shape
    native = layout.native
    if layout.predictor == 3:
        steps = np.cumsum(data.reshape(rows, across, -1, channels), axis=2, dtype=np.uint8)
        order = steps.reshape(rows, across, native.itemsize, -1).swapaxes(2, 3)
        samples = np.ascontiguousarray(order).view(native.newbyteorder(">"))
    else:
        samples = data.view(native)
    samples = samples.astype(native.newbyteorder("="), copy=False).reshape(rows, across, layout.unit[1], channels)
    if layout.predictor == 2:
        words = samples.view(f"u{native.itemsize}")
        samples = np.cumsum(words, axis=2, dtype=words.dtype).view(samples.dtype)
    return samples.reshape(rows, across * layout.unit[1], channels)


def _divide_by_alpha(pixels: Pixels) -> None:
    """Undo associated alpha in place; where alpha is 0 the colours stay."""
    colours, alpha = pixels[..., :-1], pixels[..., -1:]
    clear = alpha == 0
    if pixels.dtype.kind == "f":
        colours /= np.where(clear, 1, alpha)
        return
    top = int(np.iinfo(pixels.dtype).max)
    wide = np.where(clear, top, alpha).astype(np.uint64)
    colours[...] = np.minimum((colours * np.uint64(top) + wide // 2) // wide, top)
