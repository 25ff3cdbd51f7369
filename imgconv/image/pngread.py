"""Reading PNG: the chunks here, the pixels through Pillow, 16-bit colour in two passes.

Pillow decodes 16-bit RGB to the high bytes only. Told to take the samples for little-endian, it gives the low
bytes, so two passes give all of them; 16-bit grey with alpha has four bytes a pixel and unpacks as 8-bit RGBA.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

from imgconv.image.deflate import inflate
from imgconv.image.ifd import exif_orientation
from imgconv.image.model import Metadata, Opened, Pixels, space_of
from imgconv.image.png import METRES_PER_INCH, SIGNATURE, XMP_KEYWORD

MAX_METADATA = 2**26
"""Chunks other than image data that are longer than this, packed or unpacked, are left out."""

_COLOUR_CHUNKS = ("gAMA", "cHRM", "sRGB", "cICP")
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


@dataclass
class PngHead:
    """What the chunks of a PNG file say."""

    width: int = 0
    height: int = 0
    depth: int = 0
    colour: int = 0
    frames: int = 1
    transparency: bytes = b""
    chunks: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def alpha(self) -> bool:
        """Whether there is alpha, be it by a transparent colour."""
        return self.colour in (4, 6) or bool(self.transparency)

    @property
    def channels(self) -> int:
        """Channels of the image read, alpha included."""
        return _CHANNELS[self.colour] + (bool(self.transparency) and self.colour < 4)

    @property
    def dtype(self) -> str:
        """Sample type of the image read."""
        return "uint16" if self.depth == 16 else "uint8"


def png_head(file: IO[bytes]) -> PngHead:
    """Read every chunk but the image data.

    Raises:
        EOFError: the file ends before its image data does.
        ValueError: the first chunk makes no sense.
    """
    file.seek(len(SIGNATURE))
    head, started, drawn = PngHead(), False, False
    while True:
        lead = file.read(8)
        if len(lead) < 8:
            if drawn:
                return head
            raise EOFError
        length, name = struct.unpack(">I4s", lead)
        word = name.decode("latin-1")
        if not started and word != "IHDR":
            raise ValueError(f"its first chunk is {word!r}")
        if word == "IEND":
            return head
        wanted = not word.endswith("DAT") and length <= MAX_METADATA
        data = file.read(length) if wanted else b""
        if wanted and len(data) < length:
            if drawn:
                return head
            raise EOFError
        file.seek(4 if wanted else length + 4, 1)
        if not started:
            _take_header(head, data)
            started = True
        drawn = drawn or word == "IDAT"
        _take(head, word, data, drawn)


def _take_header(head: PngHead, data: bytes) -> None:
    head.width, head.height, head.depth, head.colour = struct.unpack_from(">IIBB", data.ljust(10, b"\0"))
    if head.depth not in _DEPTHS.get(head.colour, ()):
        raise ValueError(f"{head.depth} bit with colour type {head.colour} do not exist")


def _take(head: PngHead, word: str, data: bytes, drawn: bool) -> None:
    if word == "tRNS" and not drawn and head.colour in (0, 2, 3):
        if len(data) >= {0: 2, 2: 6, 3: 1}[head.colour]:
            head.transparency = data
    elif word == "acTL" and len(data) >= 4:
        head.frames = max(1, *struct.unpack(">I", data[:4]))
    elif data and word not in ("IHDR", "PLTE"):
        head.chunks.append((word, data))


def open_png(file: IO[bytes]) -> Opened:
    """Read the header of a PNG file."""
    head = png_head(file)
    metadata = png_metadata(head)
    return Opened(
        format="PNG",
        width=head.width,
        height=head.height,
        channels=head.channels,
        alpha=head.alpha,
        dtype=head.dtype,
        space=space_of(head.channels, head.alpha),
        frames=head.frames,
        orientation=exif_orientation(metadata.exif),
        metadata=metadata,
        load=lambda: png_pixels(file, head),
    )


def png_pixels(file: IO[bytes], head: PngHead) -> Pixels:
    """Decode the (first) image of a PNG file whose chunks have been read."""
    if head.depth == 16 and head.colour == 2:
        pixels = _two_passes(file, "RGB")
    elif head.depth == 16 and head.colour == 6:
        pixels = _two_passes(file, "RGBA")
    elif head.depth == 16 and head.colour == 0:
        pixels = np.asarray(_opened(file)).astype(np.uint16)
    elif head.depth == 16:
        pixels = np.asarray(_opened(file, "RGBA")).view(">u2").astype(np.uint16)
    else:
        pixels = _one_pass(file, head)
    pixels = pixels if pixels.ndim == 3 else pixels[:, :, None]
    return _keyed(pixels, head) if head.transparency and head.colour != 3 else pixels


def _opened(file: IO[bytes], raw_mode: str = "") -> Any:
    from PIL.PngImagePlugin import PngImageFile

    file.seek(0)
    picture = PngImageFile(file)
    if raw_mode:
        picture.tile = [tile._replace(args=raw_mode) for tile in picture.tile]
    return picture


def _two_passes(file: IO[bytes], mode: str) -> Pixels:
    pixels = np.asarray(_opened(file)).astype(np.uint16)
    pixels <<= 8
    pixels |= np.asarray(_opened(file, f"{mode};16L"))
    return pixels


def _one_pass(file: IO[bytes], head: PngHead) -> Pixels:
    from imgconv.image.pillow import array_of

    picture = _opened(file)
    if head.colour == 3:
        return array_of(picture.convert("RGBA" if head.transparency else "RGB"))
    return array_of(picture.convert("L") if picture.mode == "1" else picture)


def _keyed(pixels: Pixels, head: PngHead) -> Pixels:
    """Append the alpha channel that makes the transparent colour transparent."""
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


def png_metadata(head: PngHead) -> Metadata:
    """Return what the chunks say besides the pixels."""
    icc = exif = xmp = b""
    dpi = None
    text: list[tuple[str, str]] = []
    for word, data in head.chunks:
        if word == "iCCP":
            icc = _unpacked(data.partition(b"\0")[2][1:])
        elif word == "eXIf":
            exif = data.removeprefix(b"Exif\0\0")
        elif word == "pHYs" and len(data) == 9 and data[8] == 1:
            dpi = tuple(round(dots * METRES_PER_INCH, 3) for dots in struct.unpack(">II", data[:8]))
        elif word in ("tEXt", "zTXt", "iTXt"):
            keyword, words = _text(word, data)
            profile = keyword.removeprefix("Raw profile type ")
            if keyword == XMP_KEYWORD:
                xmp = words
            elif profile != keyword:
                block = _raw_profile(words)
                exif = exif or (block.removeprefix(b"Exif\0\0") if profile in ("exif", "APP1") else b"")
                xmp = xmp or (block if profile == "xmp" else b"")
            elif words:
                text.append((keyword, words.decode("utf-8" if word == "iTXt" else "latin-1", "replace")))
    colour = tuple((word, data) for word, data in head.chunks if word in _COLOUR_CHUNKS)
    return Metadata(icc, exif, xmp, dpi if dpi and all(dpi) else None, tuple(text), colour)


def _unpacked(data: bytes) -> bytes:
    try:
        return inflate(data, MAX_METADATA)
    except ValueError:
        return b""


def _text(word: str, data: bytes) -> tuple[str, bytes]:
    name, _, rest = data.partition(b"\0")
    keyword = name.decode("latin-1")
    if word == "tEXt":
        return keyword, rest
    if word == "zTXt":
        return keyword, _unpacked(rest[1:])
    packed, words = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    return keyword, _unpacked(words) if packed else words


def _raw_profile(words: bytes) -> bytes:
    """Decode ImageMagick's hexadecimal profiles: a name, a length, lines of digits."""
    try:
        return bytes.fromhex("".join(words.decode("ascii").split("\n")[3:]))
    except ValueError:
        return b""
