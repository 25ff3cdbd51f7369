"""Reading PNG: the chunks and the usual pixels here, the others through Pillow.

Whole bytes that are not interlaced are inflated on one thread and unfiltered on another, and Pillow, whose import
takes longer than a small picture, is not needed. The rest is Pillow's, and all is where the filters are not in C.
Pillow decodes 16-bit RGB to the high bytes only. Told to take the samples for little-endian, it gives the low
bytes, so two passes give all of them; 16-bit grey with alpha has four bytes a pixel and unpacks as 8-bit RGBA.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any

from imgconv import cores
from imgconv.image.budget import MAX_METADATA, Budget
from imgconv.image.deflate import Inflater, TooLargeError, crc32, inflate
from imgconv.image.guard import DataError
from imgconv.image.memory import array_room, room
from imgconv.image.model import Metadata, Opened, Pixels, space_of
from imgconv.image.parallel import ordered
from imgconv.image.pngfilter import native, unfilter_rows
from imgconv.image.texts import text_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = "XML:com.adobe.xmp"
METRES_PER_INCH = 0.0254

_PIECE_BYTES = 2**18
_BAND_BYTES, _ONE_BAND_BYTES = 2**17, 2**20
_WORTH_A_THREAD = 4
_LITTLE = sys.byteorder == "little"
_COLOUR_CHUNKS = {"gAMA": 4, "cHRM": 32, "sRGB": 1, "cICP": 4}
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


class PngHead:
    """What the chunks of a PNG file say; `parts` are the places and lengths of the image data."""

    def __init__(self, header: bytes) -> None:
        self.width, self.height, self.depth, self.colour, *methods = struct.unpack(">IIBBBBB", header)
        if self.depth not in _DEPTHS.get(self.colour, ()):
            raise DataError(f"{self.depth} bit with colour type {self.colour} do not exist")
        self.plain = not any(methods) and self.depth >= 8 and self.colour != 3
        self.frames = self.plays = 1
        self.transparency = b""
        self.room = MAX_METADATA
        self.left_out = False
        self.chunks: list[tuple[str, bytes]] = []
        self.parts: list[tuple[int, int]] = []

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
    elif word == "acTL" and len(data) >= 8 and not head.parts:
        head.frames, head.plays = struct.unpack(">II", data[:8])
    elif data and word not in ("IHDR", "PLTE"):
        head.chunks.append((word, data))


def open_png(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of a PNG file."""
    head = png_head(file, budget)
    if head.frames > 1:
        from imgconv.image.apngread import open_apng  # few are animated

        return open_apng(file, head, budget)
    return open_still(file, head)


def open_still(file: IO[bytes], head: PngHead) -> Opened:
    """Return the image of a PNG file whose chunks have been read, the default one if it is animated."""
    metadata = png_metadata(head)
    notes = [f"text or a profile of more than {MAX_METADATA >> 20} MB is left out"] if head.left_out else []
    rows = _Rows(file, head) if head.plain and native() else None
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
        ahead=rows.memory if rows else None,
        notes=notes,
    )


def _orientation(exif: bytes) -> int:
    if not exif:
        return 0
    from imgconv.image.ifd import exif_orientation  # most PNG files have none

    return exif_orientation(exif)


def png_pixels(file: IO[bytes], head: PngHead, rows: _Rows | None) -> Pixels:
    """Decode the (first) image of a PNG file whose chunks have been read, from its `rows` where those can be.

    Raises:
        EOFError: the image data break off.
        ValueError: they are damaged.
    """
    import numpy as np

    if rows:
        pixels = rows.pixels()
    elif head.depth == 16 and head.colour == 2:
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


class _Rows:
    """The rows of an image, inflated and unfiltered band by band, one ahead of the other."""

    def __init__(self, file: IO[bytes], head: PngHead) -> None:
        self.file, self.head = file, head
        self.made: Any = None

    def memory(self, room: Callable[[int], Any] = room) -> Any:
        """Decode the image into `room`, unless it has been; return its samples row by row, high bytes first."""
        if self.made is not None:
            return self.made
        head = self.head
        step = _CHANNELS[head.colour] * head.depth // 8
        row_bytes = head.width * step
        # Between two bands other threads have to be waited for, which takes longer than a small picture.
        small = head.height * row_bytes <= _ONE_BAND_BYTES
        band = head.height if small else max(1, _BAND_BYTES // row_bytes)
        starts = range(0, head.height, band)
        data = _image_data(self.file, head)
        stream = Inflater(data)

        def inflated(number: int) -> bytearray:
            return stream.take(min(band, head.height - starts[number]) * (row_bytes + 1))

        made = room(head.height * row_bytes)
        view, above = memoryview(made), memoryview(bytes(row_bytes))
        threads = 1 if len(starts) > _WORTH_A_THREAD and cores.available() > 1 else 0
        for top, rows in zip(starts, ordered(inflated, len(starts), threads), strict=True):
            out = view[top * row_bytes : (top + band) * row_bytes]
            unfilter_rows(rows, above, step, out)
            above = out[-row_bytes:]
        stream.check()
        for _ in data:  # to verify the last checksum too
            pass
        self.made = made
        return made

    def pixels(self) -> Pixels:
        """Return the samples as (rows, cols, channels)."""
        import numpy as np

        head = self.head
        pixels = np.frombuffer(self.memory(array_room), head.dtype).reshape(
            head.height, head.width, _CHANNELS[head.colour]
        )
        if head.depth == 16 and _LITTLE:
            pixels.byteswap(inplace=True)
        return pixels


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
        if int.from_bytes(file.read(4), "big") != checksum:
            raise DataError("the checksum of its image data is wrong")


def _opened(file: IO[bytes], raw_mode: str = "") -> Any:
    from PIL.PngImagePlugin import PngImageFile

    file.seek(0)
    picture = PngImageFile(file)
    if raw_mode:
        picture.tile = [tile._replace(args=raw_mode) for tile in picture.tile]
    return picture


def _two_passes(file: IO[bytes], mode: str) -> Pixels:
    import numpy as np

    pixels = np.asarray(_opened(file)).astype(np.uint16)
    pixels <<= 8
    pixels |= np.asarray(_opened(file, f"{mode};16L"))
    return pixels


def _one_pass(file: IO[bytes], head: PngHead) -> Pixels:
    from imgconv.image.pillowsamples import array_of

    picture = _opened(file)
    if head.colour == 3:
        return array_of(picture.convert("RGBA" if head.transparency else "RGB"))
    return array_of(picture.convert("L") if picture.mode == "1" else picture)


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
