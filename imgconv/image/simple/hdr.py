"""Reading and writing Radiance HDR (RGBE): three 8-bit mantissas that share an exponent, in linear light.

Written here, as Netpbm is: the libraries for it are large, and those at hand ignore orientation and exposure.
Source: Greg Ward, "Real Pixels", Graphics Gems II (1991); the Radiance picture file format, radsite.lbl.gov.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import IO

import numpy as np

from imgconv.image.base import Opened
from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.metadata.orientation import upright
from imgconv.image.model import Image, Options, Pixels

_HEADER_LIMIT = 2**16
_SIZE = re.compile(rb"([-+])([XY]) +(\d+) +([-+])([XY]) +(\d+)")
_ORIENTATIONS = {"-Y+X": 1, "-Y-X": 2, "+Y-X": 3, "+Y+X": 4, "+X-Y": 5, "-X-Y": 6, "-X+Y": 7, "+X+Y": 8}
"""The orientation, numbered as in EXIF, of a file that names its axes so, the one that changes slowest first."""

_SHORTEST, _LONGEST = 8, 32767
"""The widths that may be run-length encoded."""


def open_hdr(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of a Radiance file.

    Raises:
        ValueError: it is malformed, or its pixels are XYZ.
        EOFError: it breaks off.
    """
    file.seek(0)
    head = file.read(_HEADER_LIMIT)
    lines, between, rest = head.partition(b"\n\n")
    size, ended, _ = rest.partition(b"\n")
    if not between or not ended:
        raise EOFError
    found = _SIZE.fullmatch(size.strip())
    if not found or found[2] == found[5]:
        raise DataError("its size is malformed")
    words = [line.partition(b"=")[::2] for line in lines.splitlines()[1:]]
    if (b"FORMAT", b"32-bit_rle_xyze") in [(key, value.strip()) for key, value in words]:
        raise DataError("XYZ colours")
    exposure = _exposure([value for key, value in words if key == b"EXPOSURE"])
    rows, columns = int(found[3]), int(found[6])
    orientation = _ORIENTATIONS[(found[1] + found[2] + found[4] + found[5]).decode()]
    start = len(lines) + len(between) + len(size) + 1
    notes = [] if exposure == 1 else [f"its exposure of {exposure:.6g} is undone, so that samples are radiances"]
    return Opened(
        format="HDR",
        width=columns if orientation < 5 else rows,
        height=rows if orientation < 5 else columns,
        channels=3,
        alpha=False,
        dtype="float32",
        space="RGB",
        load=lambda: upright(_load(file, start, rows, columns, exposure), orientation),
        turned=True,
        notes=notes,
    )


def _exposure(values: list[bytes]) -> float:
    """Return the product of the exposures, each of which has multiplied the samples.

    Raises:
        DataError: no sample can be told from it.
    """
    product = 1.0
    for value in values:
        try:
            product *= float(value)
        except ValueError:
            product = math.nan
    if not 0 < product < math.inf:
        raise DataError("its exposure is no positive number")
    return product


def _load(file: IO[bytes], start: int, rows: int, columns: int, exposure: float) -> Pixels:
    file.seek(start)
    data = file.read()
    samples = np.empty((rows, columns, 4), np.uint8)
    at = 0
    for row in samples:
        mark = data[at : at + 4]
        if mark[:2] == b"\2\2" and len(mark) == 4 and mark[2] < 128 and _SHORTEST <= columns <= _LONGEST:
            at = _runs(data, at + 4, row)
        else:
            at = _flat(data, at, row)
    colours = samples[..., :3].astype(np.float32)
    scale = np.ldexp(np.float32(1), samples[..., 3:].astype(np.int32) - 136)
    colours *= np.where(samples[..., 3:] > 0, scale, 0)
    return colours if exposure == 1 else (colours / exposure).astype(np.float32)


def _runs(data: bytes, at: int, row: Pixels) -> int:
    """Unpack a row whose four components are run-length encoded one after the other; return where it ends."""
    columns = len(row)
    for component in range(4):
        unpacked = bytearray()
        while len(unpacked) < columns:
            if at + 2 > len(data):
                raise EOFError
            count = data[at]
            if count > 128:
                unpacked += data[at + 1 : at + 2] * (count - 128)
                at += 2
            else:
                unpacked += data[at + 1 : at + 1 + count]
                at += 1 + count
                if not count or at > len(data):
                    raise EOFError
        if len(unpacked) > columns:
            raise DataError("a run is longer than the row")
        row[:, component] = np.frombuffer(unpacked, np.uint8)
    return at


def _flat(data: bytes, at: int, row: Pixels) -> int:
    """Unpack a row of plain pixels, where (1, 1, 1, n) repeats the last one n times; return where it ends."""
    columns = len(row)
    plain = np.frombuffer(data, np.uint8, min(4 * columns, (len(data) - at) // 4 * 4), at).reshape(-1, 4)
    if len(plain) == columns and not (plain[:, :3] == 1).all(axis=1).any():
        row[...] = plain
        return at + 4 * columns
    filled, shift = 0, 0
    while filled < columns:
        pixel = data[at : at + 4]
        if len(pixel) < 4:
            raise EOFError
        at += 4
        if pixel[:3] != b"\1\1\1":
            row[filled] = tuple(pixel)
            filled, shift = filled + 1, 0
            continue
        count = pixel[3] << shift
        if not filled or filled + count > columns:
            raise DataError("a run is longer than the row")
        row[filled : filled + count] = row[filled - 1]
        filled, shift = filled + count, shift + 8
    return at


def encode_hdr(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image`, grey or RGB floats, as Radiance HDR; what it cannot hold is rounded, and said."""
    pixels = image.pixels if image.channels == 3 else np.repeat(image.pixels, 3, axis=2)
    samples = _rgbe(pixels)
    file.write(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y %d +X %d\n" % (image.height, image.width))
    if _SHORTEST <= image.width <= _LONGEST:
        mark = bytes((2, 2, image.width >> 8, image.width & 255))
        for row in samples:
            file.write(mark + b"".join(_packed(row[:, component]) for component in range(4)))
    else:
        file.write(samples.data)
    notes = ["HDR holds 8 bits of each colour and an exponent for all three: samples are rounded to that"]
    lost = int(np.count_nonzero(~(pixels >= 0) | np.isinf(pixels)))
    if lost:
        notes.append(f"HDR holds no negative, infinite or undefined samples: {lost} are written as 0 or the largest")
    return tuple(notes)


def _rgbe(pixels: Pixels) -> Pixels:
    """Return (rows, cols, 4): mantissas rounded to nearest, and the exponent of the largest of each pixel."""
    largest = np.ldexp(255.0, 127 - 8)
    colours = np.clip(np.nan_to_num(pixels.astype(np.float64), nan=0.0, posinf=largest, neginf=0.0), 0, largest)
    exponent = np.frexp(colours.max(axis=2, keepdims=True))[1]
    # where the largest would be rounded up to 256
    exponent += np.rint(np.ldexp(colours.max(axis=2, keepdims=True), 8 - exponent)) > 255
    seen = (colours.max(axis=2, keepdims=True) > 0) & (exponent > -128)
    mantissas = np.rint(np.ldexp(colours, 8 - exponent)) * seen
    return np.concatenate([mantissas, (exponent + 128) * seen], axis=2).astype(np.uint8)


def _packed(values: Pixels) -> bytes:
    """Return one component of a row run-length encoded: runs of four and more, the rest as it is."""
    edges = np.flatnonzero(np.diff(values)) + 1
    bounds = [0, *edges.tolist(), len(values)]
    made, plain, data = bytearray(), 0, values.tobytes()

    def flush(stop: int) -> None:
        for start in range(plain, stop, 128):
            part = data[start : min(start + 128, stop)]
            made.append(len(part))
            made.extend(part)

    for start, stop in pairwise(bounds):
        if stop - start < 4:
            continue
        flush(start)
        for begin in range(start, stop, 127):
            made.append(128 + min(127, stop - begin))
            made.append(data[start])
        plain = stop
    flush(len(values))
    return bytes(made)
