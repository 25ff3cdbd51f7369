"""Writing PNG: 8 and 16 bit, grey and RGB, each with or without alpha, and what travels along.

Neither Pillow nor imageio can write 16-bit RGB, and at 8 bit this is faster than either: rows are filtered by
`pngfilter` and squeezed by `deflate`, strip by strip. Source: W3C, Portable Network Graphics (Third Edition), 2025.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from imgconv.image.deflate import choose, crc32, deflate
from imgconv.image.metadata.texts import bytes_of
from imgconv.image.model import Image, Metadata, Options
from imgconv.image.png.filters import Bytes, filter_rows
from imgconv.image.png.read import METRES_PER_INCH, SIGNATURE, XMP_KEYWORD
from imgconv.system import cores

_COLOUR_TYPES = {(1, False): 0, (3, False): 2, (2, True): 4, (4, True): 6}
_LEAST_STRIP, _STRIP_BYTES = 2**16, 2**19
_BAND_BYTES = 2**17
_SAMPLE_BANDS = 4


def encode_png(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image` (uint8 or uint16) as PNG; for the level of compression see `deflate.choose`."""
    write_head(file, image)
    for name, data in metadata_chunks(image.metadata):
        write_chunk(file, name, data)
    for part in data_parts(image.pixels, options):
        write_chunk(file, b"IDAT", part)
    write_chunk(file, b"IEND", b"")
    return ()


def write_head(file: IO[bytes], image: Image) -> None:
    """Write what a PNG file begins with: its signature and what its pixels are."""
    depth = 8 * image.pixels.dtype.itemsize
    colour_type = _COLOUR_TYPES[image.channels, image.alpha]
    file.write(SIGNATURE)
    write_chunk(file, b"IHDR", struct.pack(">IIBBBBB", image.width, image.height, depth, colour_type, 0, 0, 0))


def data_parts(pixels: NDArray[Any], options: Options) -> Iterator[bytes]:
    """Yield the data of PNG's image chunks for pixels of shape (rows, cols, channels)."""
    strips = _Strips(pixels)
    threads = cores.available() if strips.count > 1 else 0
    yield from deflate(strips.filtered, strips.count, choose(strips.sample(), options.compression), threads)


def write_chunk(file: IO[bytes], name: bytes, data: bytes) -> None:
    """Write a chunk with its length and checksum."""
    file.write(struct.pack(">I", len(data)) + name)
    file.write(data)
    file.write(struct.pack(">I", crc32(data, crc32(name))))


def metadata_chunks(metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and data of every chunk that holds metadata."""
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
    data = bytes_of(text).replace(b"\0", b"")
    try:
        return b"tEXt", name + b"\0" + text.replace("\0", "").encode("latin-1")
    except UnicodeEncodeError:
        pass
    try:
        data.decode()
    except UnicodeDecodeError:  # bytes of an unknown coding, which PNG takes for Latin-1
        return b"tEXt", name + b"\0" + data
    return b"iTXt", name + bytes(5) + data


class _Strips:
    """The image as PNG's filtered rows, cut into strips that are compressed alone."""

    def __init__(self, pixels: NDArray[Any]) -> None:
        self.pixels = pixels
        self.step = pixels.shape[2] * pixels.dtype.itemsize
        row_bytes = pixels.shape[1] * self.step
        # a small picture is worth several threads too; how many there are must not show in the file
        strip = min(max(pixels.nbytes // 4, _LEAST_STRIP), _STRIP_BYTES)
        self.rows = max(1, -(-strip // row_bytes))
        self.band = max(1, _BAND_BYTES // row_bytes)
        self.count = -(-len(pixels) // self.rows)

    def filtered(self, number: int) -> bytes:
        """Return a strip's rows, each behind its filter's number."""
        top = number * self.rows
        bottom = min(top + self.rows, len(self.pixels))
        return b"".join(self._filtered(row, min(row + self.band, bottom)).data for row in range(top, bottom, self.band))

    def sample(self) -> bytes:
        """Return filtered rows from all over the image, at most a sixteenth of a large one."""
        starts = range(0, len(self.pixels), self.band)
        wanted = min(_SAMPLE_BANDS, len(starts))
        size = min(max(self.pixels.nbytes // 16, 2**14), 2**18) // wanted
        chosen = [starts[(2 * place + 1) * len(starts) // (2 * wanted)] for place in range(wanted)]
        return b"".join(self._filtered(top, top + self.band).tobytes()[:size] for top in chosen)

    def _filtered(self, top: int, bottom: int) -> Bytes:
        band = self.pixels[max(top - 1, 0) : bottom]
        if band.dtype.itemsize > 1:
            band = band.astype(band.dtype.newbyteorder(">"))
        rows = band.reshape(len(band), -1).view(np.uint8)
        if top == 0:
            return filter_rows(rows, np.zeros_like(rows[0]), self.step)
        return filter_rows(rows[1:], rows[0], self.step)
