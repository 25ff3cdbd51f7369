"""What a TIFF file says of its pages, and who can decode them.

Source: Adobe, TIFF Revision 6.0 (1992) with the Technical Notes of 1995 and 2002; the BigTIFF proposal (2004).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO, Any, BinaryIO, cast

import numpy as np

from imgconv.image.base import Opened
from imgconv.image.formats import IMAGECODECS
from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.metadata.ifd import Fields, ReadAt, metered, open_stream
from imgconv.image.model import Pixels, space_of, target_dtype
from imgconv.image.tiff.codec import NONE, ZSTD
from imgconv.image.tiff.directories import full_size, stack_of
from imgconv.image.tiff.layout import (
    ASSOCIATED,
    BYTEWISE,
    CMYK,
    COLOURS,
    NEEDED,
    SAMPLE_KINDS,
    Layout,
    layout_of,
    value_of,
)
from imgconv.image.tiff.libtiff import libtiff_heard
from imgconv.image.tiff.metadata import lost_fields, metadata_of, oriented_exif
from imgconv.image.tiff.packed import is_packed, read_packed
from imgconv.image.tiff.read import TiffBands, read_samples

MAX_PAGES = 2**16

_SUB_DIRECTORIES, _PLANAR = 330, 284
_WITHIN = -1
"""In place of a directory's number among all: it is none of the chain's, but within another."""

_MOSAIC, _LINEAR_RAW = 32803, 34892
_COLOURS_BY_NAME = {6: "YCbCr", 8: "CIELab", 9: "ICCLab", 10: "ITULab", 32844: "LogL", 32845: "LogLuv"}
_JPEG, _COMPLEX = (6, 7), (5, 6)
_UNPACKED_BITS = (1, 8, 16, 32, 64)
"""Bits of samples that tifffile unpacks by itself."""
_BY_LIBTIFF = (*BYTEWISE, 2, 3, 4, 6, 7)


def file_reader(file: IO[bytes]) -> ReadAt:
    """Return a `ReadAt` over a file."""

    def read_at(offset: int, size: int) -> bytes:
        try:
            file.seek(offset)
        except (OverflowError, ValueError):  # beyond what a file can have
            raise EOFError from None
        data = file.read(size)
        if len(data) < size:
            raise EOFError
        return data

    return read_at


def open_tiff(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of a TIFF file: its first image, the number of pages, and what describes it.

    Raises:
        ValueError: the image is of a kind that cannot be read.
        EOFError: the file breaks off, be it in a later page.
    """
    return _File(file, budget).opened()


class _File:
    """A TIFF file's pages: the directories of whole images, in order, or the images of an ImageJ stack."""

    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        self.file, self.budget = file, budget
        self.stream = open_stream(metered(file_reader(file), budget))
        self.end = file.seek(0, os.SEEK_END)
        self.pictures: list[Any] = []  # Pillow's view of the file, once there is one
        self.places: list[tuple[int, int]] = []  # a directory's number among all, and its place
        self.notes: list[str] = []
        reduced = self._find_pages()
        if reduced:
            words = "reduced copy or mask is" if reduced == 1 else "reduced copies and masks are"
            self.notes.append(f"{reduced} {words} left out")
        place = self.places[0][1]
        fields, _ = self.stream.directory(place, NEEDED)
        stack = stack_of(fields, len(self.places))
        self.layout = layout_of(self.stream, fields, budget)
        self._check(self.layout)
        self.stacked = _imagej_frames(fields, self.layout, self.end) if len(self.places) == 1 else 1
        if self.stacked > 1:
            stack = stack_of(fields, self.stacked)
        self.axes = stack.axes
        if stack.program:
            self.notes.append(f"its {stack.program} description{stack.words} is not passed on")
        self.notes += lost_fields(fields)

    def _find_pages(self) -> int:
        """Find the pages, and return how many thumbnails, masks and other reduced copies there are besides.

        Raises:
            EOFError: a page lies beyond the end of the file.
            DataError: the directories share their bytes, as a small file of many long ones has to.
        """
        reduced = 0
        for number, place in enumerate(self._chain()):
            fields, _ = self.stream.directory(place, NEEDED)
            reduced += fields[_SUB_DIRECTORIES].count if _SUB_DIRECTORIES in fields else 0
            whole = 0 if number else full_size(self.stream, fields)
            if whole:
                self.places.append((_WITHIN, whole))
            elif number and value_of(fields, 254, 0) & 5:
                reduced += 1
            else:
                self.places.append((number, place))
                if number:
                    self._check(layout_of(self.stream, fields, self.budget))
        return reduced

    def _chain(self) -> list[int]:
        """Return where the directories are, each of which says where the next is."""
        chain: dict[int, None] = {}
        place, taken = self.stream.first, 0
        while place and place not in chain and len(chain) <= MAX_PAGES:
            chain[place] = None
            size, place = self.stream.extent(place)
            taken += size
            if taken > self.end:
                raise DataError("its pages' directories lie over one another")
        return list(chain)

    def _check(self, layout: Layout) -> None:
        """Refuse strips and tiles that are not there, which Pillow would leave black.

        Raises:
            EOFError: some are not listed, lie beyond the end of the file or are too short to hold their rows.
        """
        if len(layout.segments) < layout.needed or layout.stored_bytes < layout.least_bytes:
            raise EOFError
        if any(offset + length > self.end for offset, length in layout.segments if offset):
            raise EOFError

    def opened(self) -> Opened:
        """Open the first page, which leads to all of them."""
        return self._page(0)

    def _page(self, number: int) -> Opened:
        """Open page `number`, from 0."""
        index, place = self.places[0 if self.stacked > 1 else number]
        fields, _ = self.stream.directory(place, NEEDED)
        layout = layout_of(self.stream, fields, self.budget)
        if self.stacked > 1:
            step = number * sum(length for _, length in layout.segments)
            layout.segments = [(offset + step, length) for offset, length in layout.segments]
        opened = _decoder(self, layout, index)
        orientation = value_of(fields, 274, 0)
        opened.orientation, opened.oriented = (orientation if 1 <= orientation <= 8 else 0), oriented_exif
        opened.metadata = metadata_of(self.stream, fields).replace(tiff=layout.kept_as)
        opened.notes += [] if number else self.notes
        opened.frames, opened.axes = max(len(self.places), self.stacked), self.axes
        if opened.frames > 1:
            opened.unit, opened.sequence = "page", self._pages
        return opened

    def _pages(self) -> Iterator[Opened]:
        self.budget.renew()
        for number in range(max(len(self.places), self.stacked)):
            yield self._page(number)

    def picture(self, index: int) -> Any:
        """Return Pillow's view of the file, at the directory of that number."""
        if not self.pictures:
            from PIL.TiffImagePlugin import TiffImageFile

            from imgconv.image.limits.guard import collect_log

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


def _decoder(pages: _File, layout: Layout, index: int) -> Opened:
    """Return who decodes an image: this package for whole bytes, Pillow for the rest, tifffile for what is left."""
    if layout.direct:
        return _direct(pages.file, layout)
    if is_packed(layout):
        return _packed(pages.file, layout)
    if index == _WITHIN:
        raise DataError(
            "its first picture is a reduced copy, and the whole one within is packed in a way not read here"
        )
    # libtiff prints to stderr about codecs that it was built without
    whole = layout.compression in BYTEWISE and max(layout.bits) > 8 and layout.samples > 1
    if layout.compression in _BY_LIBTIFF and not whole and not _beyond_pillow(layout):
        try:
            return _through_pillow(pages, layout, index)
        except (SyntaxError, KeyError, ValueError):
            pass
    return _through_imageio(pages.file, layout, index)


def _beyond_pillow(layout: Layout) -> bool:
    """Whether Pillow opens an image and then fails to decode it: YCbCr in planes as they are, and Lab within JPEG."""
    colours = _COLOURS_BY_NAME.get(layout.photometric)
    return (colours == "YCbCr" and layout.planar and layout.compression == NONE) or (
        colours == "CIELab" and layout.compression in _JPEG
    )


def _direct(file: IO[bytes], layout: Layout) -> Opened:
    """Open an image of whole bytes a sample."""
    notes = []
    native = layout.native.newbyteorder("=")
    dtype = target_dtype(native)
    if dtype != native.name:
        notes.append(f"{native.name} samples are taken as {dtype}, which holds them exactly")
    if layout.absent:
        units = "tiles" if layout.tiled else "strips"
        verb = "are" if layout.absent > 1 else "is"
        notes.append(f"{layout.absent} of its {len(layout.segments)} {units} {verb} not stored, which stands for 0")
    opened = _own(layout, dtype, lambda: read_samples(file, layout), notes)
    opened.bands = lambda: TiffBands(file, layout)
    return opened


def _packed(file: IO[bytes], layout: Layout) -> Opened:
    """Open an image of 9 to 15 bits a sample."""
    notes = [f"{layout.bits[0]}-bit samples are scaled to 16 bit"]
    return _own(layout, "uint16", lambda: read_packed(file, layout), notes)


def _own(layout: Layout, dtype: str, load: Callable[[], Pixels], notes: list[str]) -> Opened:
    """Return an image that this package decodes, with notes of what is left out and undone on the way."""
    if layout.kept < layout.samples:
        count, first = layout.samples - layout.kept, layout.kept + 1
        named = f"bands {first} to {layout.samples}" if count > 1 else f"band {first}"
        how = f"{count} band{'s' * (count > 1)} beside the colours {'are' if count > 1 else 'is'} left out ({named}"
        notes.append(f"{how} of {layout.samples})")
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
        load=load,
        notes=notes,
    )


def _through_pillow(pages: _File, layout: Layout, index: int) -> Opened:
    """Use Pillow for palettes, YCbCr, Lab, bits, and what only libtiff unpacks (JPEG, fax ...)."""
    from imgconv.image.pillow.samples import mode_facts, result_mode, samples_of

    picture = pages.picture(index)
    mode = result_mode(picture)
    if max(layout.bits) > 8 and mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        raise ValueError("Pillow would drop the low bits")
    channels, alpha, dtype, space = mode_facts(mode)
    notes = []
    if picture.mode == "LAB":
        notes.append("its CIELab colours (white D50) are converted to sRGB")
    return Opened(
        format="TIFF",
        width=picture.width,
        height=picture.height,
        channels=channels,
        alpha=alpha,
        dtype=dtype,
        space=space,
        load=lambda: _heard(pages, layout, lambda: samples_of(pages.picture(index), mode)),
        notes=notes,
        turned=True,
    )


def _heard(pages: _File, layout: Layout, decode: Callable[[], Pixels]) -> Pixels:
    from imgconv.image.tiff.whole import check_whole

    check_whole(pages.file, layout)
    with libtiff_heard():
        return decode()


def _through_imageio(file: IO[bytes], layout: Layout, index: int) -> Opened:
    """Use tifffile for odd depths and codecs; many of those need the package imagecodecs."""
    if layout.photometric not in (*COLOURS, _MOSAIC, _LINEAR_RAW):
        named = _COLOURS_BY_NAME.get(layout.photometric)
        found = f"{named} colours" if named else f"photometric interpretation {layout.photometric}"
        raise DataError(f"{found} of {layout.bits[0]} bits")
    _refuse_codec(file, layout, index)
    bits = max(layout.bits)
    kind = "c" if layout.kind in _COMPLEX else SAMPLE_KINDS.get(layout.kind, "u")
    whole = next((size for size in ((64, 128) if kind == "c" else (8, 16, 32, 64)) if bits <= size), 64)
    dtype = target_dtype(np.dtype(f"{kind}{whole // 8}"))
    whole_layout = replace(layout, bits=(whole,))
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


def _refuse_codec(file: IO[bytes], layout: Layout, index: int) -> None:
    """Refuse what tifffile has no decoder for, which it would say only when it decodes.

    Raises:
        ValueError, NotImplementedError, LibraryError: that is so.
    """
    import tifffile

    from imgconv.image.limits.guard import collect_log

    bits = max(layout.bits)
    if len(set(layout.bits)) == 1 and bits not in _UNPACKED_BITS and layout.compression in BYTEWISE:
        IMAGECODECS.load(f"reading TIFF of {bits} bits a sample")
    if layout.compression == ZSTD:
        IMAGECODECS.load(f"reading TIFF of {bits} bit{'s' * (bits > 1)} a sample by Zstandard")
    collect_log("tifffile")
    file.seek(0)
    page: Any = tifffile.TiffFile(cast("BinaryIO", file)).pages[index]
    page.keyframe.decode(None, 0)  # of no data, which a decoder gives back


def _imageio_loader(file: IO[bytes], layout: Layout, index: int) -> Callable[[], Pixels]:
    def load() -> Pixels:
        import imageio.v3 as iio

        from imgconv.image.limits.guard import collect_log
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
