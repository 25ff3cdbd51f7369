"""Writing TIFF: any sample type and number of channels, in strips or tiles, page by page, some rows at a time.

Written here because Pillow writes no 16-bit RGB, tifffile no EXIF directories, and neither takes rows as they come.
Files that may reach 4 GB become BigTIFF. A page's directory follows its pixels, whose places are known only then.
Source: Adobe, TIFF Revision 6.0 (1992); the BigTIFF proposal (2004).
"""

from __future__ import annotations

import struct
from fractions import Fraction
from io import BytesIO
from typing import IO, Any

import numpy as np

from imgconv.image.files import may_seek
from imgconv.image.metadata.ifd import BYTES, EXIF_IFD, GPS_IFD, LONG, LONG8, RATIONAL, SHORT, pack_directory
from imgconv.image.model import Header, Image, Metadata, Options, Pixels, TiffLayout
from imgconv.image.parallel import ordered
from imgconv.image.tiff.codec import DEFLATE, NAMES, NONE, OLD_DEFLATE, PACKBITS, Pack, differ, packer, packs, split
from imgconv.image.tiff.layout import BLACK_IS_ZERO, CMYK, RGB, UNASSOCIATED
from imgconv.image.tiff.metadata import exif_parts
from imgconv.system import cores
from imgconv.value import Value

Entry = tuple[int, int, bytes]

STRIP_BYTES = 2**18
"""Of a strip, unless the input's strips were of another size."""

_LONGEST_STRIP = 2**22
_GROUP_BYTES = 2**21
CLASSIC_LIMIT = 2**32 - 2**24
_GROWTH = {NONE: 1.0, DEFLATE: 1.001}
_ANY_GROWTH = 1.6


class Page(Value, kw_only=True):
    """What is known of a page before its pixels are.

    Attributes:
        width, height, channels: its size, alpha included.
        alpha: whether the last channel is alpha.
        dtype: the samples' type.
        space: as in `imgconv.image.Image`.
        metadata: what travels along.
        layout: how the pixels are stored; None for strips, uncompressed unless `level` asks.
        level: 0 (uncompressed) to 9 (deflated) in place of the layout's compression; None for the layout's.
    """

    width: int
    height: int
    channels: int
    alpha: bool
    dtype: np.dtype[Any]
    space: str
    metadata: Metadata = Metadata()
    layout: TiffLayout | None = None
    level: int | None = None

    @classmethod
    def of(cls, image: Image, level: int | None = None) -> Page:
        """Return what is known of an image; its file's layout is kept if that was a TIFF."""
        return cls.like(image, image.metadata, level)

    @classmethod
    def like(cls, image: Header | Image, metadata: Metadata, level: int | None = None) -> Page:
        """Return what is known of an image that travels with `metadata`."""
        return cls(
            width=image.width,
            height=image.height,
            channels=image.channels,
            alpha=image.alpha,
            dtype=np.dtype(image.dtype),
            space=image.space,
            metadata=metadata,
            layout=metadata.tiff,
            level=level,
        )

    @property
    def most_bytes(self) -> int:
        """The most that the page can take in a file."""
        unit, tile, row = *_unit(self), self.width * self.channels * self.dtype.itemsize
        height = -(-self.height // unit) * unit
        if tile:
            row = -(-self.width // tile) * tile * self.channels * self.dtype.itemsize
        meta = self.metadata
        more = len(meta.icc) + len(meta.exif) + len(meta.xmp) + 2**16
        return int(height * row * _GROWTH.get(_compression(self)[0], _ANY_GROWTH)) + more


def _compression(page: Page) -> tuple[int, str]:
    """Return how a page is compressed, and a note where that is not the layout's way."""
    if page.level is not None:
        return (DEFLATE if page.level else NONE), ""
    if page.layout is None:
        return NONE, ""
    wanted = DEFLATE if page.layout.compression == OLD_DEFLATE else page.layout.compression
    if packs(wanted):
        return wanted, ""
    name = NAMES.get(wanted, f"method {wanted}")
    return DEFLATE, f"its compression, {name}, is not written in TIFF; deflate takes its place"


def _unit(page: Page) -> tuple[int, int]:
    """Return the rows of a strip or tile, and the columns of a tile or 0."""
    layout = page.layout
    if layout and layout.tile and (page.height > layout.tile[0] or page.width > layout.tile[1]):
        return layout.tile
    row_bytes = page.width * page.channels * page.dtype.itemsize
    rows = layout.strip if layout else 0
    if not rows or rows * row_bytes > _LONGEST_STRIP:
        rows = STRIP_BYTES // row_bytes
    return max(1, min(rows, page.height)), 0


class TiffSink:
    """A TIFF file that is written page by page, and each page some rows at a time.

    For every page: `begin`, then `write` until all its rows are there. At the end: `finish`.
    """

    def __init__(self, file: IO[bytes], *, big: bool = False, threads: int | None = None) -> None:
        """Begin a file.

        Args:
            file: an open binary file that can seek, at its start.
            big: whether it may become larger than 4 GB; see `may_be_big`.
            threads: how many compress; None for one a core.
        """
        self._file, self._big = file, big
        self._threads = cores.available() if threads is None else threads
        self._page: Page | None = None
        self._place = self._put(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0) if big else b"II*\0\0\0\0\0", 0)
        self._link = 8 if big else 4  # where the place of the next directory belongs

    def begin(self, page: Page) -> tuple[str, ...]:
        """Begin a page; return notes of what is stored in another way than the layout's."""
        self._complete()
        compression, note = _compression(page)
        rows, cols = _unit(page)
        self._page, self._compression = page, compression
        self._rows, self._cols = rows, cols or page.width
        self._tiled, self._across = bool(cols), -(-page.width // self._cols)
        self._dtype = page.dtype.newbyteorder("<")
        self._predictor = self._predict(page)
        self._places: list[int] = []
        self._lengths: list[int] = []
        self._done = self._held = 0
        self._pack: Pack | None = None
        # Rows are collected until there are enough segments for all threads.
        row_bytes = self._cols * self._across * page.channels * page.dtype.itemsize
        least = 1 if self._tiled and self._across >= 2 * self._threads else 2 * self._threads
        units = max(1, min(least, _GROUP_BYTES // (rows * row_bytes)), -(-(2**20) // (rows * row_bytes)))
        units = min(units, -(-page.height // rows))
        straight = compression == NONE and not self._tiled
        shape = (0 if straight else units, self._across, rows, self._cols, page.channels)
        self._group = np.zeros(shape, self._dtype)
        return (note,) if note else ()

    def _predict(self, page: Page) -> int:
        """Return the number of the page's predictor, 1 for none."""
        if self._compression in (NONE, PACKBITS):  # libtiff knows none with these
            return 1
        asked = page.layout.predictor if page.layout and page.level is None else page.dtype.kind != "f"
        return 1 if not asked else 3 if page.dtype.kind == "f" else 2

    def write(self, rows: Pixels) -> None:
        """Add rows of the page, (rows, cols, channels).

        Raises:
            OSError: they cannot be written.
        """
        rows = rows.astype(self._dtype, copy=False)
        if not len(self._group):
            self._write_straight(rows)
            return
        units, height = len(self._group), self._rows
        while len(rows):
            unit, line = divmod(self._held, height)
            count = min(len(rows), height - line)
            self._lay(rows[:count], unit, line)
            self._held, rows = self._held + count, rows[count:]
            if self._held == units * height or self._done + self._held == self._height:
                self._write_group()

    @property
    def _height(self) -> int:
        assert self._page is not None
        return self._page.height

    def _write_straight(self, rows: Pixels) -> None:
        """Write uncompressed strips; where each of them lies is known without looking."""
        if not self._done:
            height, row_bytes = self._height, rows[:1].nbytes
            tops = range(0, height, self._rows)
            self._places = [self._place + top * row_bytes for top in tops]
            self._lengths = [min(self._rows, height - top) * row_bytes for top in tops]
        self._place = self._put(np.ascontiguousarray(rows).data.cast("B"), self._place)
        self._done += len(rows)

    def _lay(self, rows: Pixels, unit: int, line: int) -> None:
        """Copy rows into their segments."""
        count, width = rows.shape[:2]
        group, cols = self._group[unit, :, line : line + count], self._cols
        whole = width // cols
        group[:whole] = rows[:, : whole * cols].reshape(count, whole, cols, rows.shape[2]).swapaxes(0, 1)
        if whole < self._across:
            group[whole, :, : width - whole * cols] = rows[:, whole * cols :]

    def _write_group(self) -> None:
        units = -(-self._held // self._rows)
        segments = self._group[:units].reshape(-1, *self._group.shape[2:])
        if self._compression == NONE:
            self._add(segments.reshape(-1).view(np.uint8).data, len(segments))
        else:
            lines = self._held - (units - 1) * self._rows
            self._write_packed(segments, self._rows if self._tiled else lines)
        self._done += self._held
        self._held = 0

    def _write_packed(self, segments: Pixels, last: int) -> None:
        """Pack segments, of which those of the last row have `last` rows, and write them."""
        edge = len(segments) - self._across
        pack = self._pack or packer(self._compression, self._level, self._predicted(segments[0].copy()))
        self._pack = pack

        def packed(number: int) -> Any:
            rows = self._rows if number < edge else last
            return pack(self._predicted(segments[number, :rows]))

        threads = self._threads if len(segments) > 1 else 0
        for data in ordered(packed, len(segments), threads if self._threads > 1 else 0):
            self._add(data, 1)

    @property
    def _level(self) -> int | None:
        return self._page.level if self._page else None

    def _predicted(self, samples: Pixels) -> Any:
        """Return a segment as (rows, bytes), its samples as differences where the page asks; it may be overwritten."""
        if self._predictor == 3:
            return split(samples)
        if self._predictor == 2:
            differ(samples)
        return samples.reshape(len(samples), -1).view(np.uint8)

    def _add(self, data: Any, count: int) -> None:
        """Write `count` segments that are equally long."""
        size = len(data) // count
        self._places += range(self._place, self._place + len(data), size)
        self._lengths += [size] * count
        self._place = self._put(data, self._place)

    def finish(self) -> None:
        """Complete the last page.

        Raises:
            OSError: it cannot be written.
        """
        self._complete()

    def _complete(self) -> None:
        """Write the directory of the page, and its place into the one before."""
        page, self._page = self._page, None
        if page is None:
            return
        if self._done != page.height:
            raise ValueError(f"{self._done} rows of a page of {page.height}")
        self._group = self._group[:0]
        self._place = self._put(bytes(-self._place % 8), self._place)
        inner, pointers = _inner_directories(page, self._place, self._big)
        self._place = self._put(inner, self._place)
        table = pack_directory(self._fields(page) | pointers, self._place, self._big)
        code, count = ("<Q", 20) if self._big else ("<I", 12)
        if not self._big and self._place + len(table) >= 2**32:
            raise ValueError("a TIFF file that is no BigTIFF ends at 4 GB")
        (fields,) = struct.unpack_from("<Q" if self._big else "<H", table)
        self._file.seek(self._link)
        self._file.write(struct.pack(code, self._place))
        self._link = self._place + (8 if self._big else 2) + count * fields
        self._file.seek(self._place)
        self._place = self._put(table, self._place)

    def _put(self, data: Any, place: int) -> int:
        """Write at the end of the file, which is at `place`, and return where it is then."""
        self._file.write(data)
        return place + len(data)

    def _fields(self, page: Page) -> dict[int, Entry]:
        long = (LONG8, "Q") if self._big else (LONG, "I")
        fields = _facts(page)
        where, length = (324, 325) if self._tiled else (273, 279)
        fields |= {
            where: _many(*long, self._places),
            length: _many(*long, self._lengths),
            259: _many(SHORT, "H", [self._compression]),
        }
        if self._tiled:
            fields |= {322: _many(LONG, "I", [self._cols]), 323: _many(LONG, "I", [self._rows])}
        else:
            fields[278] = _many(LONG, "I", [self._rows])
        if self._predictor > 1:
            fields[317] = _many(SHORT, "H", [self._predictor])
        return fields


def may_be_big(*pages: Page) -> bool:
    """Whether a file of these pages may become larger than a TIFF file that is no BigTIFF can be."""
    return sum(page.most_bytes for page in pages) > CLASSIC_LIMIT


def encode_tiff(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image` as TIFF, stored as its file was if that was one.

    Compression 1 to 9 deflates it and 0 leaves it uncompressed, whatever its file was; None keeps what that was.
    """
    page, target = Page.of(image, options.compression), file if may_seek(file) else BytesIO()
    sink = TiffSink(target, big=may_be_big(page))
    notes = sink.begin(page)
    sink.write(image.pixels)
    sink.finish()
    if isinstance(target, BytesIO) and target is not file:
        file.write(target.getvalue())
    return notes


def _inner_directories(page: Page, start: int, big: bool) -> tuple[bytes, dict[int, Entry]]:
    """Return the EXIF and GPS directories to lie at `start`, and the fields that belong beside the pointers."""
    plain, exif, gps = exif_parts(page.metadata.exif)
    fields: dict[int, Entry] = dict(plain)
    inner = b""
    for tag, part in ((EXIF_IFD, exif), (GPS_IFD, gps)):
        if part:
            fields[tag] = (LONG, 1, struct.pack("<I", start + len(inner)))
            inner += pack_directory(part, start + len(inner), big)
            inner += b"\0" * (-len(inner) % 8)
    return inner, fields


def _facts(page: Page) -> dict[int, Entry]:
    """Return the fields that do not say where the pixels are."""
    colours = page.channels - page.alpha
    spaces = {("RGB", 3): (RGB, 3), ("CMYK", 4): (CMYK, 4)}
    photometric, named = spaces.get((page.space, colours), (BLACK_IS_ZERO, 1))
    extra = [0] * (colours - named) + [UNASSOCIATED] * page.alpha
    bits = 8 * page.dtype.itemsize
    kind = 3 if page.dtype.kind == "f" else 1
    fields: dict[int, Entry] = {
        256: _many(LONG, "I", [page.width]),
        257: _many(LONG, "I", [page.height]),
        258: _many(SHORT, "H", [bits] * page.channels),
        262: _many(SHORT, "H", [photometric]),
        277: _many(SHORT, "H", [page.channels]),
        284: _many(SHORT, "H", [1]),
        339: _many(SHORT, "H", [kind] * page.channels),
    }
    if extra:
        fields[338] = _many(SHORT, "H", extra)
    return fields | _described(page.metadata)


def _described(meta: Metadata) -> dict[int, Entry]:
    fields: dict[int, Entry] = {tag: (kind, count, data) for tag, kind, count, data in meta.tags}
    if meta.dpi:
        across, down = map(_fraction, meta.dpi)
        fields[282] = _many(RATIONAL, "I", [across.numerator, across.denominator], 2)
        fields[283] = _many(RATIONAL, "I", [down.numerator, down.denominator], 2)
        fields[296] = _many(SHORT, "H", [2])
    if meta.icc:
        fields[34675] = (BYTES, len(meta.icc), meta.icc)
    if meta.xmp:
        fields[700] = (1, len(meta.xmp), meta.xmp)
    return fields


def _fraction(dots: float) -> Fraction:
    """Return a resolution as the fraction that two numbers of 32 bits hold."""
    if 1e-3 <= dots < 4e5:
        return Fraction(dots).limit_denominator(10000)
    dots = min(max(dots, 1e-9), 4e9)
    return Fraction(dots).limit_denominator(int(2**32 / max(dots, 1.001)))


def _many(kind: int, code: str, values: list[int], per_value: int = 1) -> Entry:
    return kind, len(values) // per_value, struct.pack(f"<{len(values)}{code}", *values)
