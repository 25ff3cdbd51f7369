"""Writing PNG: 8 and 16 bit, grey and RGB, each with or without alpha, and what travels along.

Neither Pillow nor imageio can write 16-bit RGB, and at 8 bit this is faster than either: rows are filtered by
NumPy and squeezed by `deflate`. Source: W3C, Portable Network Graphics (Third Edition), 2025.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from imgconv.image.deflate import choose, deflate
from imgconv.image.model import Image, Metadata

Bytes = NDArray[np.uint8]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = "XML:com.adobe.xmp"
METRES_PER_INCH = 0.0254

_COLOUR_TYPES = {(1, False): 0, (3, False): 2, (2, True): 4, (4, True): 6}
_BAND_BYTES = 2**18
_SAMPLE_BANDS = 4
_SAMPLE_ROWS = 12


def encode_png(image: Image, file: IO[bytes], level: int | None) -> tuple[str, ...]:
    """Write `image` (uint8 or uint16) as PNG; `level` 0 to 9 is zlib's, None chooses by a sample."""
    depth = 8 * image.pixels.dtype.itemsize
    colour_type = _COLOUR_TYPES[image.channels, image.alpha]
    file.write(SIGNATURE)
    head = struct.pack(">IIBBBBB", image.width, image.height, depth, colour_type, 0, 0, 0)
    _chunk(file, b"IHDR", head)
    for name, data in _metadata_chunks(image.metadata):
        _chunk(file, name, data)
    bands = _Bands(image.pixels)
    for part in deflate(bands, choose(bands.sample(), level)):
        _chunk(file, b"IDAT", part)
    _chunk(file, b"IEND", b"")
    return ()


def _chunk(file: IO[bytes], name: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + name)
    file.write(data)
    file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(name))))


def _metadata_chunks(metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    for name, data in metadata.colour:
        if not (metadata.icc and name == "sRGB"):
            yield name.encode("ascii"), data
    if metadata.icc:
        yield b"iCCP", b"ICC Profile\0\0" + zlib.compress(metadata.icc)
    if metadata.dpi:
        per_metre = [min(round(dots / METRES_PER_INCH), 2**31 - 1) for dots in metadata.dpi]
        yield b"pHYs", struct.pack(">IIB", *per_metre, 1)
    if metadata.exif:
        yield b"eXIf", metadata.exif
    if metadata.xmp:
        yield b"iTXt", XMP_KEYWORD.encode() + bytes(5) + metadata.xmp
    for keyword, text in metadata.text:
        yield _text_chunk(keyword, text)


def _text_chunk(keyword: str, text: str) -> tuple[bytes, bytes]:
    name = keyword.encode("latin-1", "replace")[:79].strip() or b"Comment"
    try:
        return b"tEXt", name + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", name + bytes(5) + text.encode("utf-8", "replace")


class _Bands:
    """The image as PNG's filtered rows, some rows at a time, so that they stay in the cache."""

    def __init__(self, pixels: NDArray[Any]) -> None:
        self.pixels = pixels
        self.step = pixels.shape[2] * pixels.dtype.itemsize
        self.row_bytes = pixels.shape[1] * self.step
        self.rows = max(1, _BAND_BYTES // self.row_bytes)

    def __iter__(self) -> Iterator[Bytes]:
        for top in range(0, len(self.pixels), self.rows):
            yield self.filtered(top)

    def sample(self) -> bytes:
        """Return filtered rows from all over the image, at most a sixteenth of a large one."""
        starts = range(0, len(self.pixels), self.rows)
        wanted = min(_SAMPLE_BANDS, len(starts))
        size = min(max(self.pixels.nbytes // 16, 2**14), 2**18) // wanted
        chosen = [starts[(2 * place + 1) * len(starts) // (2 * wanted)] for place in range(wanted)]
        return b"".join(self.filtered(top).tobytes()[:size] for top in chosen)

    def filtered(self, top: int) -> Bytes:
        """Return the band from row `top` on, (rows, 1 + bytes per row), each row behind its filter's number."""
        above, rows = self._bytes(top)
        kind = self._best(above, rows)
        out = np.empty((len(rows), 1 + self.row_bytes), np.uint8)
        out[:, 0] = kind
        _filter(kind, above, rows, self.step, out[:, 1:])
        return out

    def _bytes(self, top: int) -> tuple[Bytes, Bytes]:
        start = max(top - 1, 0)
        band = self.pixels[start : top + self.rows]
        if band.dtype.itemsize > 1:
            band = band.astype(band.dtype.newbyteorder(">"))
        flat = band.reshape(len(band), -1).view(np.uint8)
        if top == 0:
            flat = np.concatenate([np.zeros_like(flat[:1]), flat])
        return flat[:-1], flat[1:]

    def _best(self, above: Bytes, rows: Bytes) -> int:
        """Return the filter whose residues are smallest on a few rows: libpng's rule, per band."""
        few = slice(None, None, max(1, len(rows) // _SAMPLE_ROWS))
        residue = np.empty_like(rows[few])
        costs = []
        for kind in range(4):
            _filter(kind, above[few], rows[few], self.step, residue)
            costs.append(int(np.minimum(residue, -residue).sum(dtype=np.uint64)))
        return costs.index(min(costs))


def _filter(kind: int, above: Bytes, rows: Bytes, step: int, out: Bytes) -> None:
    """Filter `rows` by PNG's filter 0 (none), 1 (sub), 2 (up) or 3 (average); `step` is the bytes of a pixel."""
    if kind == 0:
        out[:] = rows
    elif kind == 1:
        out[:, :step] = rows[:, :step]
        np.subtract(rows[:, step:], rows[:, :-step], out=out[:, step:])
    elif kind == 2:
        np.subtract(rows, above, out=out)
    else:
        left, up = rows[:, :-step], above[:, step:]
        np.subtract(rows[:, :step], above[:, :step] >> 1, out=out[:, :step])
        # (left + up) // 2 without leaving eight bits
        mean = (left & up) + ((left ^ up) >> 1)
        np.subtract(rows[:, step:], mean, out=out[:, step:])
