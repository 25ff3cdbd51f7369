"""Writing JPEG: libjpeg-turbo through Pillow, strip by strip on several threads, joined at restart markers.

A restart marker lets a decoder begin anew, so what stands between two of them can be encoded alone. The pixels that
are read back are the same as from one piece, and only the strips in work are in memory a second time. What was a JPEG
file keeps its quantisation and its sampling of colour, so that it is neither degraded more than it was nor swollen.
Source: ITU-T T.81 (1992), annexes A.1, A.2, B.2 and E.1.4.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import IO, Any, NamedTuple

from imgconv.image.metadata.texts import bytes_of
from imgconv.image.model import Image, JpegWay, Options
from imgconv.image.parallel import ordered
from imgconv.image.pillow.open import save_into
from imgconv.image.pillow.samples import picture_of
from imgconv.system import cores
from imgconv.system.portable import MEMORY_FILES, memory_file

JPEG_QUALITY = 95

_BLOCK = 8
_STRIP_BYTES = 2**21
_SMALL = 320 * 240
"""Pixels of a picture for which Huffman tables are worked out: the usual ones are a good part of so small a file."""

_FRAMES, _SCAN, _RESTART_INTERVAL, _FIRST_RESTART, _COMMENT = (0xC0, 0xC1), 0xDA, 0xDD, 0xD0, 0xFE
_TABLES = 0xDB
_FITTING = {"grey": ("grey", "YCbCr"), "RGB": ("YCbCr", "RGB"), "CMYK": ("CMYK",)}
_SAMPLINGS = {"444": (1, 1), "422": (2, 1), "420": (2, 2)}
"""How many columns and rows share a sample of colour."""

_OTHERS = {(1, 2): "4:4:0", (4, 1): "4:1:1", (4, 2): "4:1:0"}


class Way(NamedTuple):
    """How a JPEG file is encoded.

    Attributes:
        quality: 1 to 100 where there are no tables.
        tables: a quantisation table for each component; the last goes for all that follow.
        sampling: a key of `_SAMPLINGS`.
        rgb: whether the components are red, green and blue.
        words: what of it a report says.
    """

    quality: int
    tables: tuple[tuple[int, ...], ...]
    sampling: str
    rgb: bool
    words: str

    @property
    def unit(self) -> tuple[int, int]:
        """Columns and rows of the smallest unit that is encoded (MCU)."""
        across, down = _SAMPLINGS[self.sampling]
        return across * _BLOCK, down * _BLOCK


def way_of(space: str, source: JpegWay | None, options: Options) -> Way:
    """Return how pixels of `space` are encoded that come from a file encoded as `source` says, if it was a JPEG file.

    Its tables are taken where they were made for such components and no quality is asked for; else 95, where the loss
    is below what one sees. Its sampling is taken as far as libjpeg's encoder can be told to, else a finer one: a
    filter's result is not to be degraded in passing.
    """
    source = source if source and source.model in _FITTING[space] else None
    stored = _shared(source) if source and space == "RGB" else (1, 1)
    sampling = options.subsampling if space == "RGB" else "444"
    if sampling == "keep":
        sampling = "444" if stored[0] < 2 else "422" if stored[1] < 2 else "420"
    rgb = source is not None and source.model == "RGB"
    tables: tuple[tuple[int, ...], ...] = ()
    if source and not options.quality and all(map(all, source.tables)) and (sampling == "444" or not rgb):
        tables = source.tables[: 1 if space == "grey" else None]
        while len(tables) > 1 and tables[-1] == tables[-2]:
            tables = tables[:-1]
    quality = options.quality or JPEG_QUALITY
    words = "JPEG with the input's quantisation" if tables else f"JPEG of quality {quality}"
    if space == "RGB":
        words += f", {':'.join(sampling)}"
    if options.subsampling == "keep" and stored != _SAMPLINGS[sampling]:
        words += f" in place of {_OTHERS.get(stored) or '{}x{} sampling'.format(*stored)}"
    return Way(quality, tables, sampling, rgb and bool(tables), words)


def _shared(source: JpegWay) -> tuple[int, int]:
    """Return how many columns and rows share a sample of colour; (1, 1) where that is no whole number or differs."""
    (across, down), *others = source.sampling
    if any(other != others[0] for other in others) or across % others[0][0] or down % others[0][1]:
        return 1, 1
    return across // others[0][0], down // others[0][1]


def encode_jpeg(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image` as JPEG, in the way that `way_of` finds."""
    way = way_of(image.space, image.metadata.jpeg, options)
    row_bytes = image.width * image.channels
    across, down = way.unit
    rows = max(1, _STRIP_BYTES // row_bytes // down) * down
    count = -(-image.height // rows)
    described = _described(image)
    own = count == 1 and image.width * image.height <= _SMALL
    several = count > 1 and cores.available() > 1 and MEMORY_FILES

    def strip(number: int) -> bytes:
        part = image.pixels[number * rows : (number + 1) * rows]
        return _encoded(picture_of(part, image.space), way, {} if number else described, several, own)

    for number, encoded in enumerate(ordered(strip, count, cores.available() if several else 0)):
        scan = _scan_place(encoded)
        data = memoryview(encoded)[scan + int.from_bytes(encoded[scan + 2 : scan + 4], "big") + 2 : -2]
        if number:
            file.write(bytes((0xFF, _FIRST_RESTART + (number - 1) % 8)))
        else:
            units = -(-image.width // across) * (rows // down)
            file.write(_front(encoded, scan, image, units if count > 1 else 0))
            data = memoryview(encoded)[scan:-2]
        file.write(data)
    file.write(b"\xff\xd9")
    return (way.words,)


def _described(image: Image) -> dict[str, Any]:
    meta = image.metadata
    options: dict[str, Any] = {"icc_profile": meta.icc or None}
    if meta.exif:
        options["exif"] = b"Exif\0\0" + meta.exif
    if meta.xmp:
        options["xmp"] = meta.xmp
    if meta.dpi:
        options["dpi"] = tuple(round(min(dots, 65535)) for dots in meta.dpi)
    return options


def _comment_segments(image: Image) -> bytes:
    """Return the image's comments as segments, of which Pillow writes one alone."""
    stored = [bytes_of(text) for _, text in image.metadata.text]
    return b"".join(struct.pack(">BBH", 0xFF, _COMMENT, 2 + len(data)) + data for data in stored)


def _encoded(picture: Any, way: Way, described: dict[str, Any], several: bool, own: bool) -> bytes:
    """Return a file of JPEG; of `several` threads that do so, none waits for another.

    Huffman tables of its `own` make a small file smaller, but take fourteen times as long as the usual ones.
    """
    # in memory, as Pillow reports a full disk without the system's error number
    how = {"qtables": [list(table) for table in way.tables]} if way.tables else {"quality": way.quality}
    options = {**described, **how, "subsampling": list(_SAMPLINGS).index(way.sampling), "keep_rgb": way.rgb}
    options["optimize"] = own
    if not several:
        made = BytesIO()
        save_into(made, picture, "JPEG", options)
        return made.getvalue()
    # Pillow lets other threads run only while it writes to a file of the system's
    with memory_file() as file:
        save_into(file, picture, "JPEG", options)
        file.seek(0)
        return file.read()


def _scan_place(encoded: bytes) -> int:
    """Return where the scan's header begins, by the lengths of the segments before it."""
    place = 2
    while encoded[place + 1] != _SCAN:
        place += 2 + int.from_bytes(encoded[place + 2 : place + 4], "big")
    return place


def _front(encoded: bytes, scan: int, image: Image, interval: int) -> bytes:
    """Return everything before the scan, for all rows of the image and restarts every `interval` units."""
    front = bytearray(encoded[:scan])
    place, tables = 2, 0
    while front[place + 1] not in _FRAMES:
        tables = tables or place * (front[place + 1] == _TABLES)
        place += 2 + int.from_bytes(front[place + 2 : place + 4], "big")
    struct.pack_into(">H", front, place + 5, image.height)
    front[tables or place : tables or place] = _comment_segments(image)
    if interval:
        front += struct.pack(">BBHH", 0xFF, _RESTART_INTERVAL, 4, interval)
    return bytes(front)
