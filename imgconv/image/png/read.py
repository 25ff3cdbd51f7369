"""Reading PNG: the chunks and what they say; the pixels are those of `rows`.

Source: W3C, Portable Network Graphics (Third Edition), 2025, chapters 5 and 11.
"""

from __future__ import annotations

import os
import struct
from typing import IO

from imgconv.image.base import Opened
from imgconv.image.deflate import TooLargeError, crc32, inflate
from imgconv.image.limits.budget import MAX_METADATA, Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.metadata.texts import text_of
from imgconv.image.model import Metadata, space_of
from imgconv.image.png.filters import native
from imgconv.image.png.head import PngHead
from imgconv.image.png.rows import PngRows, png_pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = "XML:com.adobe.xmp"
METRES_PER_INCH = 0.0254

_USUAL_CHUNKS = {"iCCP", "eXIf", "pHYs", "tEXt", "zTXt", "iTXt", "gAMA", "cHRM", "sRGB", "cICP", "tIME", "bKGD", "sBIT"}
_COLOUR_CHUNKS = {"gAMA": 4, "cHRM": 32, "sRGB": 1, "cICP": 4}


def png_head(file: IO[bytes], budget: Budget) -> PngHead:
    """Read every chunk but the image data; those longer than `MAX_METADATA` are left out.

    Raises:
        EOFError: the file ends before its image data does.
        ValueError: the first chunk makes no sense.
    """
    head = PngHead(_first_chunk(file))
    place = len(SIGNATURE) + 25
    while True:
        file.seek(place)
        lead = file.read(8)
        if len(lead) < 8:
            if head.parts:
                return head
            raise EOFError
        length, name = struct.unpack(">I4s", lead)
        budget.spend()
        if name == b"IEND":
            head.behind = max(0, file.seek(0, os.SEEK_END) - place - 12)
            return head
        if name == b"IDAT":
            head.parts.append((place + 8, length))
        elif length > MAX_METADATA:
            head.left_out |= name != b"fdAT"
        elif name != b"fdAT":
            budget.spend(0, length)
            data = file.read(length)
            if len(data) < length:
                if head.parts:
                    return head
                raise EOFError
            _take(head, name.decode("latin-1"), data)
        place += length + 12


def _first_chunk(file: IO[bytes]) -> bytes:
    file.seek(len(SIGNATURE))
    chunk = file.read(25)
    name = chunk[4:8]
    if len(name) == 4 and name != b"IHDR":
        raise DataError(f"its first chunk is {name.decode('latin-1')!r}")
    if len(chunk) < 25:
        raise EOFError
    if chunk[:4] != b"\0\0\0\r" or crc32(chunk[4:21]) != int.from_bytes(chunk[21:], "big"):
        raise DataError("its header is garbled")
    return chunk[8:21]


def _take(head: PngHead, word: str, data: bytes) -> None:
    if word == "tRNS" and not head.parts and head.colour in (0, 2, 3):
        if len(data) >= {0: 2, 2: 6, 3: 1}[head.colour]:
            head.transparency = data
    elif word == "PLTE" and not head.parts:
        head.palette = data[:768]
    elif word == "acTL" and len(data) >= 8 and not head.parts:
        head.frames, head.plays = struct.unpack(">II", data[:8])
    elif data and word not in ("IHDR", "PLTE"):
        head.chunks.append((word, data))


def open_still(file: IO[bytes], head: PngHead) -> Opened:
    """Return the image of a PNG file whose chunks have been read, the default one if it is animated."""
    metadata = png_metadata(head)
    notes = [f"text or a profile of more than {MAX_METADATA >> 20} MB is left out"] if head.left_out else []
    if head.behind or not _USUAL_CHUNKS.issuperset(word for word, _ in head.chunks):
        from imgconv.image.metadata.beside import beside_png  # few files hold more

        notes += beside_png(head.chunks, head.behind)
    rows = PngRows(file, head) if native() else None
    return Opened(
        format="PNG",
        width=head.width,
        height=head.height,
        channels=head.channels,
        alpha=head.alpha,
        dtype=head.dtype,
        space=space_of(head.channels, head.alpha),
        orientation=_orientation(metadata.exif),
        metadata=metadata,
        load=lambda: png_pixels(file, head, rows),
        ahead=rows.ahead if rows else None,
        notes=notes,
    )


def _orientation(exif: bytes) -> int:
    if not exif:
        return 0
    from imgconv.image.metadata.ifd import exif_orientation  # most PNG files have none

    return exif_orientation(exif)


def png_metadata(head: PngHead) -> Metadata:
    """Return what the chunks say besides the pixels."""
    icc = exif = xmp = b""
    dpi = None
    text: list[tuple[str, str]] = []
    for word, data in head.chunks:
        if word == "iCCP":
            icc = _unpacked(data.partition(b"\0")[2][1:], head)
        elif word == "eXIf":
            exif = data.removeprefix(b"Exif\0\0")
        elif word == "pHYs" and len(data) == 9 and data[8] == 1:
            dpi = tuple(round(dots * METRES_PER_INCH, 3) for dots in struct.unpack(">II", data[:8]))
        elif word in ("tEXt", "zTXt", "iTXt"):
            keyword, words = _text(word, data, head)
            profile = keyword.removeprefix("Raw profile type ")
            if keyword == XMP_KEYWORD:
                xmp = words
            elif profile != keyword:
                block = _raw_profile(words)
                exif = exif or (block.removeprefix(b"Exif\0\0") if profile in ("exif", "APP1") else b"")
                xmp = xmp or (block if profile == "xmp" else b"")
            elif words:
                text.append((keyword, text_of(words) if word == "iTXt" else words.decode("latin-1")))
    colour = tuple((word, data) for word, data in head.chunks if _COLOUR_CHUNKS.get(word) == len(data))
    return Metadata(icc, exif, xmp, dpi if dpi and all(dpi) else None, tuple(text), colour)


def _unpacked(data: bytes, head: PngHead) -> bytes:
    """Return what a chunk's data unpack to, as long as there is room for it."""
    try:
        found = inflate(data, head.room) if head.room else b""
    except TooLargeError:
        head.room, head.left_out = 0, True
        return b""
    except ValueError:
        return b""
    head.room -= len(found)
    return found


def _text(word: str, data: bytes, head: PngHead) -> tuple[str, bytes]:
    name, _, rest = data.partition(b"\0")
    keyword = name.decode("latin-1")
    if word == "tEXt":
        return keyword, rest
    if word == "zTXt":
        return keyword, _unpacked(rest[1:], head)
    packed, words = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    return keyword, _unpacked(words, head) if packed else words


def _raw_profile(words: bytes) -> bytes:
    """Decode ImageMagick's hexadecimal profiles: a name, a length, lines of digits."""
    try:
        return bytes.fromhex(words.split(b"\n", 3)[3].translate(None, b"\n").decode("ascii"))
    except (ValueError, IndexError):
        return b""
