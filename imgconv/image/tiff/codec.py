"""Packing and unpacking a TIFF strip or tile by every codec that leaves bytes as they were, and the predictors.

LZW, PackBits and differences run in C where the package was built with a compiler, on as many threads as are
wanted; else, and for LZMA and Zstandard always, libtiff packs and unpacks through Pillow, one segment at a time: it is
shown a grey 8-bit image as wide as the rows are long in bytes.
Source: Adobe, TIFF Revision 6.0 (1992); Adobe Photoshop TIFF Technical Notes (2002) and Note 3 (2005).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.image.deflate import NO_MATCHES, Way, choose, deflate, inflate
from imgconv.image.limits.guard import DataError
from imgconv.image.metadata.ifd import LONG, SHORT, pack_directory
from imgconv.image.model import Pixels
from imgconv.native import is_built

try:
    from imgconv.image.tiff import _tiffcore as core
except ImportError:  # installed without a compiler
    core = None  # type: ignore[assignment]

NONE, LZW, OLD_DEFLATE, DEFLATE, PACKBITS, LZMA, ZSTD, WEBP = 1, 5, 32946, 8, 32773, 34925, 50000, 50001

NAMES = {
    2: "CCITT",
    3: "fax group 3",
    4: "fax group 4",
    6: "old JPEG",
    7: "JPEG",
    34712: "JPEG 2000",
    WEBP: "WebP",
    50002: "JPEG XL",
}
"""What compressions are called that are read but not written."""

_THROUGH_PILLOW = {LZW: "tiff_lzw", PACKBITS: "packbits", LZMA: "lzma", ZSTD: "zstd"}

Bytes = NDArray[np.uint8]
Pack = Callable[[Bytes], Any]
"""Takes (rows, bytes) and returns the packed bytes."""


def native() -> bool:
    """Return whether LZW, PackBits and the predictor run in C.

    Raises:
        EngineError: they do not, and IMGCONV_REQUIRE_NATIVE asks for it.
    """
    return is_built(core, "TIFF's")


def packs(compression: int) -> bool:
    """Whether segments can be packed that way here."""
    if compression in (NONE, DEFLATE, OLD_DEFLATE) or (compression in (LZW, PACKBITS) and native()):
        return True
    if compression not in _THROUGH_PILLOW:
        return False
    try:
        _pack_by_libtiff(np.zeros((1, 64), np.uint8), compression)
    except (OSError, ValueError, KeyError):
        return False
    return True


def packer(compression: int, level: int | None, sample: Bytes) -> Pack:
    """Return what packs segments like `sample`, a segment of (rows, bytes); `level` is deflate's, as in `choose`."""
    if compression in (DEFLATE, OLD_DEFLATE):
        way = choose(sample.reshape(-1).data, level) if sample.size else NO_MATCHES
        return lambda data: _deflated(data, way)
    if compression == LZW and native():
        return _pack_lzw
    if compression == PACKBITS and native():
        return _pack_bits
    return lambda data: _pack_by_libtiff(data, compression)


def _deflated(data: Bytes, way: Way) -> bytes:
    return b"".join(deflate(lambda _: data.reshape(-1).data, 1, way))


def _pack_lzw(data: Bytes) -> Bytes:
    out = np.empty(data.size + data.size // 2 + data.size // 1024 + 16, np.uint8)
    return out[: core.lzw_pack(data, out)]


def _pack_bits(data: Bytes) -> Bytes:
    out = np.empty(data.size + len(data) * (data.shape[1] // 128 + 1), np.uint8)
    return out[: core.packbits_pack(data, out, data.shape[1])]


def _pack_by_libtiff(data: Bytes, compression: int) -> bytes:
    from PIL import Image as PilImage
    from PIL.TiffImagePlugin import TiffImageFile

    from imgconv.image.tiff.libtiff import libtiff_heard

    made = BytesIO()
    with libtiff_heard():
        PilImage.fromarray(data).save(made, "TIFF", compression=_THROUGH_PILLOW[compression], strip_size=data.size)
    made.seek(0)
    tags: Any = TiffImageFile(made).tag_v2
    (offset,), (size,) = tags[273], tags[279]
    return made.getvalue()[offset : offset + size]


def unpack(raw: bytes, compression: int, out: Bytes) -> None:
    """Unpack a segment into `out`, (rows, bytes), contiguous.

    Raises:
        EOFError: there is less in it.
        ValueError: it is damaged.
    """
    flat = out.reshape(-1)
    if compression in (NONE, DEFLATE, OLD_DEFLATE):
        found = raw[: out.size] if compression == NONE else inflate(raw, out.size)
        if len(found) < out.size:
            raise EOFError
        flat[:] = np.frombuffer(found, np.uint8)
        return
    if compression == WEBP:
        out[...] = _unpack_webp(raw, out.shape)
        return
    # In LZW from before TIFF 6.0 the low bit comes first; libtiff knows that kind.
    old = compression == LZW and raw[:1] == b"\0" and len(raw) > 1 and raw[1] & 1
    if compression in (LZW, PACKBITS) and not old and native():
        try:
            made = (core.lzw_unpack if compression == LZW else core.packbits_unpack)(raw, flat)
        except ValueError as fault:
            raise DataError("its compressed data is damaged") from fault
        if made < out.size:
            raise EOFError
        return
    out[...] = _unpack_by_libtiff(raw, compression, out.shape)


def _unpack_by_libtiff(raw: bytes, compression: int, shape: tuple[int, ...]) -> Bytes:
    """Let libtiff unpack a segment, in a TIFF file in memory that calls every byte a sample."""
    from PIL.TiffImagePlugin import TiffImageFile

    from imgconv.image.pillow.samples import array_of
    from imgconv.image.tiff.libtiff import libtiff_heard

    rows, row_bytes = shape

    def fields(offset: int) -> dict[int, tuple[int, int, bytes]]:
        sizes = {256: row_bytes, 257: rows, 273: offset, 278: rows, 279: len(raw)}
        kinds = {258: 8, 259: compression, 262: 1, 277: 1}
        table = {tag: (LONG, 1, struct.pack("<I", value)) for tag, value in sizes.items()}
        return table | {tag: (SHORT, 1, struct.pack("<H", value)) for tag, value in kinds.items()}

    size = 8 + len(pack_directory(fields(0), 8))
    made = BytesIO(b"II*\0\x08\0\0\0" + pack_directory(fields(size), 8) + raw)
    picture: Any = TiffImageFile(made)
    try:
        with libtiff_heard():
            return array_of(picture).reshape(shape)
    except (OSError, ValueError) as fault:
        raise DataError("its compressed data is damaged") from fault


def _unpack_webp(raw: bytes, shape: tuple[int, ...]) -> Bytes:
    """Decode a segment that is a WebP picture, of RGB or RGBA."""
    from PIL.WebPImagePlugin import WebPImageFile

    from imgconv.image.pillow.samples import array_of

    picture: Any = WebPImageFile(BytesIO(raw))
    rows, row_bytes = shape
    mode = {3 * picture.width: "RGB", 4 * picture.width: "RGBA"}.get(row_bytes)
    if mode is None or picture.height < rows:
        raise DataError(f"one of its WebP pictures is of {picture.width}x{picture.height} pixels")
    return array_of(picture if picture.mode == mode else picture.convert(mode))[:rows].reshape(shape)


def differ(samples: Pixels, *, undo: bool = False) -> None:
    """Replace integers by their differences from the pixel to the left, in place, or undo that (predictor 2).

    `samples` is (rows, cols, channels), contiguous; the bits of floats are taken for integers.
    """
    words = samples.view(f"u{samples.itemsize}")
    cols, channels = words.shape[1:]
    if native():
        core.differ(words, cols * channels, channels, words.itemsize, undo)
    elif undo:
        np.cumsum(words, axis=1, dtype=words.dtype, out=words)
    else:
        words[:, 1:] -= words[:, :-1].copy()


def split(samples: Pixels) -> Bytes:
    """Return floats as bytes, (rows, bytes): of each row first the highest ones, as differences (predictor 3)."""
    rows, _, channels = samples.shape
    size = samples.itemsize
    order = samples.astype(samples.dtype.newbyteorder(">")).view(np.uint8).reshape(rows, -1, size)
    found = np.ascontiguousarray(order.swapaxes(1, 2)).reshape(rows, -1, channels)
    differ(found)
    return found.reshape(rows, -1)


def joined(data: Bytes, dtype: np.dtype[Any], channels: int) -> Pixels:
    """Undo `split`: (rows, bytes) to (rows, cols, channels); `data` is overwritten."""
    rows = len(data)
    differ(data.reshape(rows, -1, channels), undo=True)
    order = np.ascontiguousarray(data.reshape(rows, dtype.itemsize, -1).swapaxes(1, 2))
    return order.view(dtype.newbyteorder(">")).reshape(rows, -1, channels)
