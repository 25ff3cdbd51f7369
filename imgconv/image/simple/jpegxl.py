"""Reading and writing JPEG XL through imagecodecs: 8 and 16 bit, 16-bit and 32-bit floats, without loss.

The header is read here, so that size and depth are known, and may be refused, before the library sees the file; EXIF
and XMP stand in boxes of their own beside the picture. imagecodecs offers no way to the colour profile, and calls
everything but 8 bit linear light, which the header is then corrected in.
Source: ISO/IEC 18181-1 (2022), annexes D and E; 18181-2.
"""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

import numpy as np

from imgconv.image.base import Opened
from imgconv.image.formats import IMAGECODECS
from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.metadata.boxes import Box, box, boxes
from imgconv.image.metadata.orientation import upright
from imgconv.image.model import Image, Metadata, Options, Pixels, in_sixteen_bits, space_of
from imgconv.system import cores

CODESTREAM = b"\xff\x0a"

_HEADER = 4096
_ALPHA, _GREY = 0, 1
_RATIOS = ((1, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SRGB, _P3 = (1, 13), 11
_NAMED = (8, 13, 16, 18)
"""The transfer functions that a file is given: linear, sRGB, PQ and HLG."""


class _Bits:
    """A stream of bits, the lowest of each byte first; `at` counts those that were taken."""

    def __init__(self, data: bytes) -> None:
        self._value, self._size, self.at = int.from_bytes(data, "little"), 8 * len(data), 0

    def take(self, count: int) -> int:
        """Return an unsigned number of `count` bits."""
        if self.at + count > self._size:
            raise EOFError
        found = self._value >> self.at & ((1 << count) - 1)
        self.at += count
        return found

    def flag(self) -> bool:
        return self.take(1) == 1

    def one_of(self, *ways: tuple[int, int]) -> int:
        """Return a number in one of four ways: an offset, and how many bits are added to it."""
        offset, count = ways[self.take(2)]
        return offset + self.take(count)

    def name(self) -> int:
        """Return the number of a name in a list (Enum)."""
        return self.one_of((0, 0), (1, 0), (2, 4), (18, 6))


class _Header:
    """What a codestream says before its first frame."""

    def __init__(self, data: bytes) -> None:
        bits = _Bits(data[2:])
        self.width, self.height = _size(bits)
        self.orientation, self.animated = 1, False
        self.depth, self.floats, self.alpha, self.others, self.associated = 8, False, False, 0, False
        self.grey, self.icc, self.primaries, self.transfer = False, False, *_SRGB
        self.transfer_at = 0  # how many bits lie before the four that name it, if so many do
        if not bits.flag():
            self._read(bits)

    def _read(self, bits: _Bits) -> None:
        if bits.flag():
            self.orientation = bits.take(3) + 1
            if bits.flag():
                _size(bits)
            if bits.flag():
                _skip_preview(bits)
            self.animated = bits.flag()
            if self.animated:
                bits.one_of((100, 0), (1000, 0), (1, 10), (1, 30))
                bits.one_of((1, 0), (1001, 0), (1, 8), (1, 10))
                bits.one_of((0, 0), (0, 3), (0, 16), (0, 32))
                bits.flag()
        self.depth, self.floats = _depth(bits)
        bits.flag()
        for _ in range(bits.one_of((0, 0), (1, 0), (2, 4), (1, 12))):
            self._extra_channel(bits)
        bits.flag()
        if not bits.flag():
            self._colour(bits)

    def _extra_channel(self, bits: _Bits) -> None:
        kind, associated = _ALPHA, False
        if not bits.flag():
            kind = bits.name()
            _depth(bits)
            bits.one_of((0, 0), (3, 0), (4, 0), (1, 3))
            bits.take(8 * bits.one_of((0, 0), (0, 4), (16, 5), (48, 10)))
            if kind == _ALPHA:
                associated = bits.flag()
            elif kind == 2:  # a spot colour
                bits.take(64)
            elif kind == 5:  # a colour filter array
                bits.one_of((1, 0), (0, 2), (3, 4), (19, 8))
        if kind == _ALPHA and not self.alpha:
            self.alpha, self.associated = True, associated
        else:
            self.others += 1

    def _colour(self, bits: _Bits) -> None:
        self.icc = bits.flag()
        space = bits.name()
        self.grey = space == _GREY
        if self.icc or space == 2:
            return
        if bits.name() == 2:  # a white point of its own
            _skip_points(bits, 1)
        if not self.grey:
            self.primaries = bits.name()
            if self.primaries == 2:
                _skip_points(bits, 3)
        self.transfer = 2 if bits.flag() else bits.name()
        self.transfer_at = bits.at + 16 - 4

    @property
    def dtype(self) -> str:
        if self.floats:
            return "float16" if self.depth == 16 else "float32"
        return "uint8" if self.depth <= 8 else "uint16"


def _size(bits: _Bits) -> tuple[int, int]:
    """Return width and height."""
    small = bits.flag()

    def length() -> int:
        return 8 * (bits.take(5) + 1) if small else 1 + bits.one_of((0, 9), (0, 13), (0, 18), (0, 30))

    height = length()
    ratio = bits.take(3)
    across, down = _RATIOS[ratio]
    return (height * across // down if ratio else length()), height


def _skip_preview(bits: _Bits) -> None:
    ways = ((16, 0), (32, 0), (1, 5), (33, 9)) if bits.flag() else ((1, 6), (65, 8), (321, 10), (1345, 12))
    bits.one_of(*ways)
    if not bits.take(3):
        bits.one_of(*ways)


def _depth(bits: _Bits) -> tuple[int, bool]:
    """Return the bits of a sample, and whether it is a float."""
    if not bits.flag():
        return bits.one_of((8, 0), (10, 0), (12, 0), (1, 6)), False
    depth = bits.one_of((32, 0), (16, 0), (24, 0), (1, 6))
    bits.take(4)
    return depth, True


def _skip_points(bits: _Bits, count: int) -> None:
    for _ in range(2 * count):
        bits.one_of((0, 19), (524288, 19), (1048576, 20), (2097152, 21))


def open_jxl(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of a JPEG XL file.

    Raises:
        ValueError: it is malformed.
        EOFError: it breaks off.
    """
    file.seek(0)
    parts = list(boxes(file, budget)) if file.read(2) != CODESTREAM else []
    header = _Header(_beginning(file, parts))
    if header.associated:
        raise DataError("colours multiplied by alpha")
    notes = []
    if header.icc:
        notes.append("its colour profile is not passed on, as imagecodecs does not tell it")
    if header.others:
        notes.append(f"{header.others} channel{'s' * (header.others > 1)} beside the colours left out")
    if header.animated:
        notes.append("is an animation; the first frame is read")
    if 8 < header.depth < 16:
        notes.append(f"{header.depth}-bit samples are scaled to 16 bit")
    channels = (1 if header.grey else 3) + header.alpha
    return Opened(
        format="JXL",
        width=header.width if header.orientation < 5 else header.height,
        height=header.height if header.orientation < 5 else header.width,
        channels=channels,
        alpha=header.alpha,
        dtype=header.dtype,
        space=space_of(channels, header.alpha),
        load=lambda: upright(_load(file, header, channels), header.orientation),
        turned=True,
        metadata=_metadata(file, parts, header),
        notes=notes,
    )


def _beginning(file: IO[bytes], parts: list[Box]) -> bytes:
    """Return the beginning of the codestream."""
    if not parts:
        file.seek(0)
        return file.read(_HEADER)
    for part in parts:
        if part.kind == b"jxlc":
            return part.read(file, _HEADER)
        if part.kind == b"jxlp":
            return part.read(file, _HEADER)[4:]
    raise DataError("it holds no picture")


def _metadata(file: IO[bytes], parts: list[Box], header: _Header) -> Metadata:
    found = {part.kind: part for part in parts if part.kind in (b"Exif", b"xml ")}
    exif = found[b"Exif"].read(file) if b"Exif" in found else b""
    colour: tuple[tuple[str, bytes], ...] = ()
    if not header.icc and (header.primaries, header.transfer) != _SRGB and 2 not in (header.primaries, header.transfer):
        primaries = 12 if header.primaries == _P3 else header.primaries
        colour = (("cICP", bytes((primaries, header.transfer, 0, 1))),)
    return Metadata(
        exif=exif[4 + int.from_bytes(exif[:4], "big") :],
        xmp=found[b"xml "].read(file) if b"xml " in found else b"",
        colour=colour,
    )


def _load(file: IO[bytes], header: _Header, channels: int) -> Pixels:
    codecs = IMAGECODECS.load("reading JPEG XL")
    file.seek(0)
    samples = codecs.jpegxl_decode(file.read(), 0, keeporientation=True, numthreads=cores.available())
    pixels: Pixels = samples.reshape(header.height, header.width, -1)[:, :, :channels]
    if header.dtype == "uint16":
        pixels = in_sixteen_bits(pixels, header.depth)
    elif header.depth < 8:
        top = (1 << header.depth) - 1
        pixels = ((pixels.astype(np.uint16) * 255 + top // 2) // top).astype(np.uint8)
    return np.ascontiguousarray(pixels)


def encode_jxl(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image` as JPEG XL, without loss unless a quality is asked for."""
    codecs = IMAGECODECS.load("writing JPEG XL")
    # effort 2 takes six times as long as 1 for 6 per cent, 3 thirteen times for 21
    how: dict[str, Any] = {"effort": max(1, options.compression or 1), "lossless": True}
    notes = []
    transfer = _transfer(image.metadata)
    if options.quality and image.dtype == "uint8" and transfer == _SRGB[1]:
        how = {"distance": _distance(options.quality)}
        notes.append(f"JPEG XL of quality {options.quality}")
    elif options.quality:
        notes.append("JPEG XL is written without loss, as a quality goes with 8 bits and the usual gamma")
    if image.dtype == "uint8" and transfer != _SRGB[1]:
        notes.append("JPEG XL of 8 bits is written with the usual gamma alone: another is left out")
    pixels = image.pixels[:, :, 0] if image.channels == 1 else image.pixels
    made = codecs.jpegxl_encode(pixels, usecontainer=True, numthreads=cores.available(), **how)
    file.write(_labelled(made, transfer) if "lossless" in how else made)
    if image.metadata.exif:
        file.write(box(b"Exif", bytes(4) + image.metadata.exif))
    if image.metadata.xmp:
        file.write(box(b"xml ", image.metadata.xmp))
    return tuple(notes)


def _transfer(meta: Metadata) -> int:
    """Return the number of the transfer function of what PNG's colour chunks say, sRGB's where it has none here."""
    primaries, transfer = dict(meta.colour).get("cICP", b"\1\x0d")[:2]
    return transfer if primaries == 1 and transfer in _NAMED else _SRGB[1]


def _labelled(made: bytes, transfer: int) -> bytes:
    """Return a file without loss whose samples are said to have that transfer function; they stay what they are."""
    data = bytearray(made)
    parts = boxes(BytesIO(made), Budget(len(made)))
    start = next(part.start + 4 * (part.kind == b"jxlp") for part in parts if part.kind in (b"jxlc", b"jxlp"))
    header = _Header(made[start : start + _HEADER])
    if header.transfer == transfer or not header.transfer_at:
        return made
    # between 2 and 17 a name is two bits and four more, counted from 2
    word = int.from_bytes(data[start : start + _HEADER], "little")
    word ^= ((header.transfer - 2) ^ (transfer - 2)) << header.transfer_at
    size = len(data[start : start + _HEADER])
    data[start : start + size] = word.to_bytes(size, "little")
    return bytes(data)


def _distance(quality: int) -> float:
    """Return libjxl's distance for a quality as JPEG has it (JxlEncoderDistanceFromQuality)."""
    if quality >= 100:
        return 0.01
    return 0.1 + (100 - quality) * 0.09 if quality >= 30 else 53 / 3000 * quality**2 - 23 / 20 * quality + 25
