"""Writing TIFF: any sample type and number of channels, uncompressed or deflated, and what travels along.

Written here because Pillow writes no 16-bit RGB, tifffile no EXIF directories, and because copying pixels to a
file takes no library. Files beyond 4 GB become BigTIFF. Source: Adobe, TIFF Revision 6.0 (1992).
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import IO, Any

import numpy as np

from imgconv import cores
from imgconv.image.deflate import choose, deflate
from imgconv.image.ifd import BYTES, EXIF_IFD, GPS_IFD, LONG, LONG8, RATIONAL, SHORT, pack_directory
from imgconv.image.model import Image, Options, Pixels
from imgconv.image.parallel import ordered
from imgconv.image.tiff import BLACK_IS_ZERO, CMYK, DEFLATE, NONE, RGB, UNASSOCIATED, exif_parts

_STRIP_BYTES = 2**18
_CLASSIC_LIMIT = 2**32 - 2**24

Entry = tuple[int, int, bytes]


def encode_tiff(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image` as TIFF; compression 1 to 9 deflates it, None and 0 leave it uncompressed."""
    level = options.compression
    pixels = image.pixels.astype(image.pixels.dtype.newbyteorder("<"), copy=False)
    row_bytes = pixels[0].nbytes
    rows = max(1, _STRIP_BYTES // row_bytes)
    strips: list[Any] = [pixels[top : top + rows] for top in range(0, len(pixels), rows)]
    if level:
        strips = _deflated(strips, level)
    lengths = [memoryview(strip).nbytes for strip in strips]
    big = sum(lengths) > _CLASSIC_LIMIT
    file.write(_front(image, rows, lengths, bool(level), big))
    for strip in strips:
        file.write(memoryview(strip).cast("B"))
    return ()


def _deflated(strips: list[Pixels], level: int) -> list[bytes]:
    """Return each strip as a zlib stream of its own."""
    way = choose(_differences(strips[len(strips) // 2]), level)

    def packed(number: int) -> bytes:
        return b"".join(deflate(lambda _: _differences(strips[number]), 1, way))

    return list(ordered(packed, len(strips), cores.available() if len(strips) > 1 else 0))


def _differences(strip: Pixels) -> memoryview:
    """Return a strip's bytes, integers as differences from the pixel to the left (TIFF's predictor 2)."""
    if strip.dtype.kind == "u":
        strip = np.concatenate([strip[:, :1], np.diff(strip, axis=1)], axis=1)
    return np.ascontiguousarray(strip).data.cast("B")


def _front(image: Image, rows: int, lengths: list[int], packed: bool, big: bool) -> bytes:
    """Return everything before the pixels: the header and the directories."""
    head = 16 if big else 8
    inner, pointers = _inner_directories(image, head, big)
    first = head + len(inner)
    fields = _fields(image, rows, packed) | pointers
    long = (LONG8, "Q") if big else (LONG, "I")

    def complete(start: int) -> bytes:
        offsets = np.cumsum([start, *lengths[:-1]]).tolist()
        places = {273: _many(*long, offsets), 279: _many(*long, lengths)}
        return pack_directory(fields | places, first, big)

    start = first + len(complete(0))
    mark = struct.pack("<2sHHHQ", b"II", 43, 8, 0, first) if big else struct.pack("<2sHI", b"II", 42, first)
    return mark + inner + complete(start)


def _inner_directories(image: Image, start: int, big: bool) -> tuple[bytes, dict[int, Entry]]:
    """Return the EXIF and GPS directories to lie at `start`, and the fields that belong beside the pointers."""
    plain, exif, gps = exif_parts(image.metadata.exif)
    fields: dict[int, Entry] = dict(plain)
    inner = b""
    for tag, part in ((EXIF_IFD, exif), (GPS_IFD, gps)):
        if part:
            fields[tag] = (LONG, 1, struct.pack("<I", start + len(inner)))
            inner += pack_directory(part, start + len(inner), big)
            inner += b"\0" * (-len(inner) % 8)
    return inner, fields


def _fields(image: Image, rows: int, packed: bool) -> dict[int, Entry]:
    colours = image.channels - image.alpha
    spaces = {("RGB", 3): (RGB, 3), ("CMYK", 4): (CMYK, 4)}
    photometric, named = spaces.get((image.space, colours), (BLACK_IS_ZERO, 1))
    extra = [0] * (colours - named) + [UNASSOCIATED] * image.alpha
    bits = 8 * image.pixels.dtype.itemsize
    kind = 3 if image.pixels.dtype.kind == "f" else 1
    fields: dict[int, Entry] = {
        256: _many(LONG, "I", [image.width]),
        257: _many(LONG, "I", [image.height]),
        258: _many(SHORT, "H", [bits] * image.channels),
        259: _many(SHORT, "H", [DEFLATE if packed else NONE]),
        262: _many(SHORT, "H", [photometric]),
        277: _many(SHORT, "H", [image.channels]),
        278: _many(LONG, "I", [min(rows, image.height)]),
        284: _many(SHORT, "H", [1]),
        339: _many(SHORT, "H", [kind] * image.channels),
    }
    if extra:
        fields[338] = _many(SHORT, "H", extra)
    if packed and kind == 1:
        fields[317] = _many(SHORT, "H", [2])
    return fields | _described(image)


def _described(image: Image) -> dict[int, Entry]:
    meta = image.metadata
    fields: dict[int, Entry] = {}
    if meta.dpi:
        across, down = (Fraction(dots).limit_denominator(10000) for dots in meta.dpi)
        fields[282] = _many(RATIONAL, "I", [across.numerator, across.denominator], 2)
        fields[283] = _many(RATIONAL, "I", [down.numerator, down.denominator], 2)
        fields[296] = _many(SHORT, "H", [2])
    if meta.icc:
        fields[34675] = (BYTES, len(meta.icc), meta.icc)
    if meta.xmp:
        fields[700] = (1, len(meta.xmp), meta.xmp)
    return fields


def _many(kind: int, code: str, values: list[int], per_value: int = 1) -> Entry:
    return kind, len(values) // per_value, struct.pack(f"<{len(values)}{code}", *values)
