"""What a TIFF file says of its pages, and who can decode them.

Source: Adobe, TIFF Revision 6.0 (1992) with the Technical Notes of 1995 and 2002; the BigTIFF proposal (2004).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Any, BinaryIO, cast

import numpy as np

from imgconv.image.ifd import (
    EXIF_IFD,
    GPS_IFD,
    ORIENTATION,
    SHORT,
    Field,
    Fields,
    Packed,
    ReadAt,
    Stream,
    open_stream,
    pack_directory,
    packed,
    reader_of,
)
from imgconv.image.libtiff import libtiff_heard
from imgconv.image.model import Metadata, Opened, Pixels, TiffLayout, space_of, target_dtype
from imgconv.image.pillow import plain_dpi
from imgconv.image.tiffcodec import DEFLATE, LZMA, LZW, NONE, OLD_DEFLATE, PACKBITS, WEBP, ZSTD

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, CMYK = 0, 1, 2, 3, 4, 5
ASSOCIATED, UNASSOCIATED = 1, 2

MAX_PAGES = 2**16

DESCRIPTIVE = (270, 271, 272, 305, 306, 315, 316, 33432, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F)
"""Tags that describe the picture, not its storage: title, camera, software, date, artist, host, copyright, ..."""

_SUB_DIRECTORIES, _PLANAR = 330, 284
_MOSAIC, _LINEAR_RAW = 32803, 34892
_COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, CMYK: 4}
_COLOURS_BY_NAME = {6: "YCbCr", 8: "CIELab", 9: "ICCLab", 10: "ITULab", 32844: "LogL", 32845: "LogLuv"}
_BYTEWISE = (NONE, LZW, OLD_DEFLATE, DEFLATE, PACKBITS, LZMA, ZSTD)
_BY_LIBTIFF = (*_BYTEWISE, 2, 3, 4, 6, 7)
_SAMPLE_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}


@dataclass
class Layout:
    """How an image is stored.

    `segments` are the (offset, length) of its strips or tiles; `unit` their (rows, columns). `samples` counts the
    channels stored, `colours` those that are colour; `extra` is the meaning of the first channel beyond them.
    """

    order: str
    width: int
    height: int
    bits: tuple[int, ...]
    kind: int
    samples: int
    photometric: int
    compression: int
    predictor: int
    planar: bool
    tiled: bool
    unit: tuple[int, int]
    segments: list[tuple[int, int]] = field(default_factory=list)
    extra: tuple[int, ...] = ()
    fill_order: int = 1
    ink_set: int = 1

    @property
    def colours(self) -> int:
        """Channels that the photometric interpretation asks for."""
        return _COLOURS.get(self.photometric, 0)

    @property
    def native(self) -> np.dtype[Any]:
        """The sample type as stored."""
        return np.dtype(f"{self.order}{_SAMPLE_KINDS.get(self.kind, 'V')}{self.bits[0] // 8}")

    @property
    def direct(self) -> bool:
        """Whether the samples are whole numbers of bytes in a form that `tiffread` unpacks itself."""
        return (
            len(set(self.bits)) == 1
            and (self.kind, self.bits[0]) in _WHOLE
            and self.photometric in _COLOURS
            and self.samples >= self.colours
            and (self.compression in _BYTEWISE or self._webp)
            and self.predictor in ((1, 2, 3) if self.kind == 3 else (1, 2))
            and self.fill_order == 1
            and not (self.photometric == CMYK and self.ink_set != 1)
        )

    @property
    def _webp(self) -> bool:
        return self.compression == WEBP and self.bits[0] == 8 and self.samples in (3, 4) and not self.planar

    @property
    def alpha(self) -> int:
        """What kind of alpha the channel behind the colours is, 0 if none."""
        if self.samples == self.colours or self.photometric == CMYK:
            return 0
        if not self.extra:
            return UNASSOCIATED if self.photometric == RGB and self.samples == 4 else 0
        return {1: ASSOCIATED, 2: UNASSOCIATED, 999: UNASSOCIATED}.get(self.extra[0], 0)

    @property
    def absent(self) -> int:
        """How many segments are not stored, as their samples are 0 (GDAL's sparse files)."""
        return self.segments.count((0, 0))

    @property
    def kept_as(self) -> TiffLayout:
        """What another file can do the same."""
        tile, strip = (self.unit, 0) if self.tiled else (None, self.unit[0])
        return TiffLayout(self.compression, self.predictor > 1, tile, strip)

    @property
    def kept(self) -> int:
        """Channels that are read: the colours and alpha, or all channels of grey data without alpha."""
        if self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO) and not self.alpha:
            return self.samples
        return self.colours + bool(self.alpha)


_WHOLE = {(kind, bits) for kind in (1, 2, 4) for bits in (8, 16, 32, 64)} | {(3, 16), (3, 32), (3, 64)}


def file_reader(file: IO[bytes]) -> ReadAt:
    """Return a `ReadAt` over a file."""

    def read_at(offset: int, size: int) -> bytes:
        file.seek(offset)
        data = file.read(size)
        if len(data) < size:
            raise EOFError
        return data

    return read_at


def open_tiff(file: IO[bytes]) -> Opened:
    """Read the header of a TIFF file: its first image, the number of pages, and what describes it.

    Raises:
        ValueError: the image is of a kind that cannot be read.
        EOFError: the file breaks off, be it in a later page.
    """
    return _File(file).opened()


class _File:
    """A TIFF file's pages: the directories of whole images, in order, or the images of an ImageJ stack."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.stream = open_stream(file_reader(file))
        self.end = file.seek(0, os.SEEK_END)
        self.pictures: list[Any] = []  # Pillow's view of the file, once there is one
        self.places: list[tuple[int, int]] = []  # a directory's number among all, and its place
        self.notes: list[str] = []
        reduced = self._find_pages()
        if reduced:
            words = "reduced copy or mask is" if reduced == 1 else "reduced copies and masks are"
            self.notes.append(f"{reduced} {words} left out")
        fields, _ = self.stream.directory(self.stream.first)
        if kind := _description_kind(fields):
            self.notes.append(f"its {kind} description is not passed on")
        self.layout = _layout(self.stream, fields)
        self._check(self.layout)
        self.stacked = _imagej_frames(fields, self.layout, self.end) if len(self.places) == 1 else 1

    def _find_pages(self) -> int:
        """Find the pages, and return how many thumbnails, masks and other reduced copies there are besides.

        Raises:
            EOFError: a page lies beyond the end of the file.
            ValueError: the directories share their bytes, as a small file of many long ones has to.
        """
        place, number, reduced, taken = self.stream.first, 0, 0, 0
        seen: set[int] = set()
        while place and place not in seen and number <= MAX_PAGES:
            seen.add(place)
            taken += self.stream.extent(place)
            if taken > self.end:
                raise ValueError("its pages' directories lie over one another")
            fields, following = self.stream.directory(place)
            reduced += len(fields[_SUB_DIRECTORIES].values) if _SUB_DIRECTORIES in fields else 0
            if number and _number(fields, 254, 0) & 5:
                reduced += 1
            else:
                self.places.append((number, place))
                if number:
                    self._check(_layout(self.stream, fields))
            place, number = following, number + 1
        return reduced

    def _check(self, layout: Layout) -> None:
        if any(offset + length > self.end for offset, length in layout.segments if offset):
            raise EOFError

    def opened(self) -> Opened:
        """Open the first page, which leads to all of them."""
        return self._page(0)

    def _page(self, number: int) -> Opened:
        """Open page `number`, from 0."""
        index, place = self.places[0 if self.stacked > 1 else number]
        fields, _ = self.stream.directory(place)
        layout = _layout(self.stream, fields)
        if self.stacked > 1:
            step = number * sum(length for _, length in layout.segments)
            layout.segments = [(offset + step, length) for offset, length in layout.segments]
        opened = _decoder(self, layout, index)
        orientation = _number(fields, 274, 0)
        opened.orientation = orientation if 1 <= orientation <= 8 else 0
        opened.metadata = _metadata(self.stream, fields).replace(tiff=layout.kept_as)
        opened.notes += [] if number else self.notes
        opened.frames = max(len(self.places), self.stacked)
        if opened.frames > 1:
            opened.unit, opened.sequence = "page", self._pages
        return opened

    def _pages(self) -> Iterator[Opened]:
        for number in range(max(len(self.places), self.stacked)):
            yield self._page(number)

    def picture(self, index: int) -> Any:
        """Return Pillow's view of the file, at the directory of that number."""
        if not self.pictures:
            from PIL.TiffImagePlugin import TiffImageFile

            from imgconv.image.guard import collect_log

            class Picture(TiffImageFile):
                def _setup(self) -> None:
                    # any small number may be stored as a byte
                    tags: Any = self.tag_v2
                    if isinstance(tags.get(_PLANAR), bytes):
                        tags[_PLANAR] = tags[_PLANAR][0]
                    super()._setup()

            collect_log("PIL.TiffImagePlugin")
            self.file.seek(0)
            self.pictures.append(Picture(self.file))
        picture = self.pictures[0]
        if picture.tell() != index:
            picture.seek(index)
        picture.info.pop("xmp", None)  # for its orientation, which would be applied unseen
        return picture


def _description_kind(fields: Fields) -> str:
    """Name the program whose own description of the pages a file has, or return nothing."""
    text = bytes(fields[270].data) if 270 in fields else b""
    return "ImageJ" if text.startswith(b"ImageJ=") else "OME-XML" if text.startswith(b"<?xml") else ""


def _number(fields: Fields, tag: int, default: int) -> int:
    found = fields.get(tag)
    return int(found.values[0]) if found and found.values else default


def _numbers(fields: Fields, tag: int) -> tuple[int, ...]:
    found = fields.get(tag)
    return tuple(int(value) for value in found.values) if found else ()


def _layout(stream: Stream, fields: Fields) -> Layout:
    width, height = _number(fields, 256, 0), _number(fields, 257, 0)
    samples = _number(fields, 277, 1)
    bits = _numbers(fields, 258) or (1,)
    if samples > len(bits) == 1:
        bits *= samples
    tiled = 324 in fields
    unit = (_number(fields, 323, 0), _number(fields, 322, 0)) if tiled else (_number(fields, 278, height), width)
    layout = Layout(
        order=stream.order,
        width=width,
        height=height,
        bits=bits[:samples],
        kind=_number(fields, 339, 1),
        samples=samples,
        photometric=_number(fields, 262, WHITE_IS_ZERO),
        compression=_number(fields, 259, NONE),
        predictor=_number(fields, 317, 1),
        planar=_number(fields, 284, 1) == 2 and samples > 1,
        tiled=tiled,
        unit=(max(1, min(unit[0], height) if not tiled else unit[0]), max(1, unit[1])),
        extra=_numbers(fields, 338),
        fill_order=_number(fields, 266, 1),
        ink_set=_number(fields, 332, 1),
    )
    offsets, lengths = _numbers(fields, 324 if tiled else 273), _numbers(fields, 325 if tiled else 279)
    if layout.compression == NONE and layout.direct:
        # what it says of the lengths may be wrong, and is not needed
        absent = {at for at, pair in enumerate(zip(offsets, lengths, strict=False)) if pair == (0, 0)}
        whole = _plain_lengths(layout, len(offsets))
        lengths = tuple(0 if at in absent else length for at, length in enumerate(whole))
    layout.segments = list(zip(offsets, lengths, strict=False))
    if not any(length for _, length in layout.segments):
        raise ValueError("it says nowhere where its pixels are")
    return layout


def _plain_lengths(layout: Layout, count: int) -> tuple[int, ...]:
    """Return the bytes of each of `count` uncompressed strips or tiles."""
    row = layout.native.itemsize * (1 if layout.planar else layout.samples) * layout.unit[1]
    whole = row * layout.unit[0]
    if layout.tiled:
        return (whole,) * count
    strips = -(-layout.height // layout.unit[0])
    last = row * (layout.height - (strips - 1) * layout.unit[0])
    return tuple(last if index % strips == strips - 1 else whole for index in range(count))


def _imagej_frames(fields: Fields, layout: Layout, end: int) -> int:
    """Return the number of images of an ImageJ stack, which has one directory for all of them."""
    text = bytes(fields[270].data) if 270 in fields and fields[270].kind == 2 else b""
    if not text.startswith(b"ImageJ="):
        return 1
    words = dict(line.split(b"=", 1) for line in text.splitlines() if b"=" in line)
    count = words.get(b"images", b"1")
    frames = int(count) if count.isdigit() else 1
    page = sum(length for _, length in layout.segments)
    if layout.compression != NONE or not layout.direct or layout.absent:
        return 1
    if layout.segments[0][0] + frames * page > end:
        raise EOFError
    return max(1, frames)


def _metadata(stream: Stream, fields: Fields) -> Metadata:
    icc, xmp = fields.get(34675), fields.get(700)
    unit = _number(fields, 296, 2)
    dots = [fields[tag].values for tag in (282, 283) if tag in fields and len(fields[tag].values) == 2]
    dpi = None
    if len(dots) == 2 and unit in (2, 3) and all(value[1] for value in dots):
        dpi = plain_dpi([value[0] / value[1] * (2.54 if unit == 3 else 1) for value in dots])
    return Metadata(
        icc=bytes(icc.data) if icc else b"",
        exif=_exif(stream, fields),
        xmp=bytes(xmp.data) if xmp else b"",
        dpi=dpi,
    )


def _exif(stream: Stream, fields: Fields) -> bytes:
    """Return the descriptive fields and the EXIF and GPS directories as an EXIF block."""
    plain = {tag: packed(fields[tag]) for tag in DESCRIPTIVE if tag in fields and not _technical(fields[tag])}
    inner = {tag: _inner(stream, fields, tag) for tag in (EXIF_IFD, GPS_IFD)}
    return exif_block(plain, inner[EXIF_IFD], inner[GPS_IFD])


def _technical(found: Field) -> bool:
    return found.data.startswith((b"ImageJ=", b'{"shape"', b"<?xml"))


def _inner(stream: Stream, fields: Fields, tag: int) -> Packed:
    if tag not in fields or not fields[tag].values:
        return {}
    try:
        inner, _ = stream.directory(int(fields[tag].values[0]))
    except (EOFError, ValueError):
        return {}
    return {key: packed(value) for key, value in inner.items() if key != 0xA005 and value.kind not in (16, 17, 18)}


def exif_block(plain: Packed, exif: Packed, gps: Packed, start: int = 0) -> bytes:
    """Return an EXIF block of three directories, or nothing if all are empty."""
    if not (plain or exif or gps):
        return b""
    first = dict(plain)
    size = len(
        pack_directory(
            {**first, **{tag: (4, 1, bytes(4)) for tag, part in ((EXIF_IFD, exif), (GPS_IFD, gps)) if part}},
            8,
        )
    )
    tail = b""
    for tag, part in ((EXIF_IFD, exif), (GPS_IFD, gps)):
        if part:
            at = 8 + size + len(tail)
            first[tag] = (4, 1, at.to_bytes(4, "little"))
            tail += pack_directory(part, at)
            tail += b"\0" * (len(tail) % 2)
    return b"II*\0\x08\0\0\0" + pack_directory(first, 8) + tail


def oriented_exif(exif: bytes, orientation: int) -> bytes:
    """Return a block of `exif_block` that names an orientation, which is a tag of the file's own in TIFF."""
    plain, inner, gps = exif_parts(exif)
    return exif_block({**plain, ORIENTATION: (SHORT, 1, orientation.to_bytes(2, "little"))}, inner, gps)


def exif_parts(exif: bytes) -> tuple[Packed, Packed, Packed]:
    """Return an EXIF block's descriptive fields, EXIF and GPS directories, for a TIFF file."""
    try:
        stream = open_stream(reader_of(exif))
        fields, _ = stream.directory(stream.first)
    except (EOFError, ValueError):
        return {}, {}, {}
    plain = {tag: packed(fields[tag]) for tag in DESCRIPTIVE if tag in fields}
    if ORIENTATION in fields and fields[ORIENTATION].values != (1,):
        plain[ORIENTATION] = packed(fields[ORIENTATION])
    return plain, _inner(stream, fields, EXIF_IFD), _inner(stream, fields, GPS_IFD)


def _decoder(pages: _File, layout: Layout, index: int) -> Opened:
    """Return who decodes an image: this package for whole bytes, Pillow for the rest, tifffile for what is left."""
    if layout.direct:
        return _direct(pages.file, layout)
    # libtiff prints to stderr about codecs that it was built without
    whole = layout.compression in _BYTEWISE and max(layout.bits) > 8 and layout.samples > 1
    if layout.compression in _BY_LIBTIFF and not whole:
        try:
            return _through_pillow(pages, layout, index)
        except (SyntaxError, KeyError, ValueError):
            pass
    return _through_imageio(pages.file, layout, index)


def _direct(file: IO[bytes], layout: Layout) -> Opened:
    from imgconv.image.tiffread import TiffBands, read_samples

    notes = []
    native = layout.native.newbyteorder("=")
    dtype = target_dtype(native)
    if dtype != native.name:
        notes.append(f"{native.name} samples are taken as {dtype}, which holds them exactly")
    if layout.kept < layout.samples:
        count = layout.samples - layout.kept
        notes.append(f"{count} channel{'s' * (count > 1)} beside the colours {'are' if count > 1 else 'is'} left out")
    if layout.absent:
        units = "tiles" if layout.tiled else "strips"
        verb = "are" if layout.absent > 1 else "is"
        notes.append(f"{layout.absent} of its {len(layout.segments)} {units} {verb} not stored, which stands for 0")
    if layout.alpha == ASSOCIATED:
        notes.append("its colours are stored multiplied by alpha and are divided by it")
    alpha = bool(layout.alpha)
    return Opened(
        format="TIFF",
        width=layout.width,
        height=layout.height,
        channels=layout.kept,
        alpha=alpha,
        dtype=dtype,
        space="CMYK" if layout.photometric == CMYK else space_of(layout.kept, alpha),
        load=lambda: read_samples(file, layout),
        bands=lambda: TiffBands(file, layout),
        notes=notes,
    )


def _through_pillow(pages: _File, layout: Layout, index: int) -> Opened:
    """Use Pillow for palettes, YCbCr, Lab, bits, and what only libtiff unpacks (JPEG, fax ...)."""
    from imgconv.image.pillow import mode_facts, result_mode, samples_of

    picture = pages.picture(index)
    mode = result_mode(picture)
    if max(layout.bits) > 8 and mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        raise ValueError("Pillow would drop the low bits")
    channels, alpha, dtype, space = mode_facts(mode)
    notes = []
    if 8 < layout.bits[0] < 16:
        notes.append(f"{layout.bits[0]}-bit samples are kept as they are, 0..{2 ** layout.bits[0] - 1}")
    return Opened(
        format="TIFF",
        width=picture.width,
        height=picture.height,
        channels=channels,
        alpha=alpha,
        dtype=dtype,
        space=space,
        load=lambda: _heard(lambda: samples_of(pages.picture(index), mode)),
        notes=notes,
        turned=True,
    )


def _heard(decode: Callable[[], Pixels]) -> Pixels:
    with libtiff_heard():
        return decode()


def _through_imageio(file: IO[bytes], layout: Layout, index: int) -> Opened:
    """Use tifffile for odd depths and codecs; many of those need the package imagecodecs."""
    if layout.photometric not in (*_COLOURS, _MOSAIC, _LINEAR_RAW):
        named = _COLOURS_BY_NAME.get(layout.photometric)
        found = f"{named} colours" if named else f"photometric interpretation {layout.photometric}"
        raise ValueError(f"{found} of {layout.bits[0]} bits")
    bits = max(layout.bits)
    kind = _SAMPLE_KINDS.get(layout.kind, "u")
    whole = next((size for size in (8, 16, 32, 64) if bits <= size), 64)
    dtype = target_dtype(np.dtype(f"{kind}{whole // 8}"))
    whole_layout = replace(layout, bits=(whole,) * layout.samples)
    alpha = bool(whole_layout.alpha)
    return Opened(
        format="TIFF",
        width=layout.width,
        height=layout.height,
        channels=layout.samples,
        alpha=alpha,
        dtype=dtype,
        space="CMYK" if layout.photometric == CMYK else space_of(layout.samples, alpha),
        load=_imageio_loader(file, layout, index),
        notes=["its pixels are a camera's colour mosaic, read as grey"] if layout.photometric == _MOSAIC else [],
    )


def _imageio_loader(file: IO[bytes], layout: Layout, index: int) -> Callable[[], Pixels]:
    def load() -> Pixels:
        import imageio.v3 as iio

        from imgconv.image.guard import collect_log
        from imgconv.image.model import supported

        collect_log("tifffile")
        file.seek(0)
        # index=...: else tifffile walks through all pages, without end in some damaged files
        pixels = iio.imread(cast("BinaryIO", file), plugin="tifffile", index=cast("int", ...), page=index)
        if layout.planar and pixels.ndim == 3:
            pixels = np.moveaxis(pixels, 0, -1)
        pixels = pixels.reshape(layout.height, layout.width, layout.samples)
        return np.ascontiguousarray(supported(pixels)[0])

    return load
