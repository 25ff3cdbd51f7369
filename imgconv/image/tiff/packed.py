"""Decoding TIFF samples of 9 to 15 bits, packed without a gap but at the rows' ends, as microscopes and scanners write.

They are scaled to 16 bit, so that white stays white. Source: Adobe, TIFF Revision 6.0 (1992), BitsPerSample.
"""

from __future__ import annotations

from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from imgconv.image.limits.guard import DataError
from imgconv.image.model import Pixels, in_sixteen_bits
from imgconv.image.tiff.codec import unpack
from imgconv.image.tiff.layout import ASSOCIATED, BYTEWISE, CMYK, COLOURS, WHITE_IS_ZERO, Layout
from imgconv.image.tiff.read import divide_by_alpha

_AT_ONCE = 2**20


def is_packed(layout: Layout) -> bool:
    """Whether an image is stored so, in a form that is unpacked here."""
    return (
        len(set(layout.bits)) == 1
        and 8 < layout.bits[0] < 16
        and layout.kind in (1, 4)
        and layout.photometric in COLOURS
        and layout.samples >= layout.colours
        and layout.compression in BYTEWISE
        and layout.predictor == layout.fill_order == 1
        and not (layout.photometric == CMYK and layout.ink_set != 1)
    )


def read_packed(file: IO[bytes], layout: Layout) -> Pixels:
    """Decode an image to (rows, cols, channels) of uint16.

    Raises:
        EOFError: strips or tiles are missing or too short.
        ValueError: they are damaged.
    """
    unit, cols = layout.unit
    planes, channels = (layout.kept, 1) if layout.planar else (1, layout.samples)
    across, down = -(-layout.width // cols), -(-layout.height // unit)
    if len(layout.segments) < planes * across * down:
        raise EOFError
    if across * cols * down * unit > 4 * layout.width * layout.height + 2**24 and layout.tiled:
        raise DataError("its tiles are larger than the image by far")
    pixels = np.zeros((layout.height, layout.width, layout.kept), np.uint16)
    for number in range(planes * across * down):
        plane, place = divmod(number, across * down)
        top, left = place // across * unit, place % across * cols
        lines = unit if layout.tiled else min(unit, layout.height - top)
        samples = _segment(file, layout, number, lines, cols * channels)
        if samples is None:
            continue
        part = pixels[top : top + lines, left : left + cols]
        part = part[:, :, plane : plane + 1] if layout.planar else part
        part[...] = samples.reshape(lines, cols, channels)[: part.shape[0], : part.shape[1], : part.shape[2]]
    for start in range(0, layout.height, band := max(1, _AT_ONCE // (layout.width * layout.kept))):
        pixels[start : start + band] = in_sixteen_bits(pixels[start : start + band], layout.bits[0])
    if layout.photometric == WHITE_IS_ZERO:
        np.subtract(65535, pixels[:, :, : layout.colours], out=pixels[:, :, : layout.colours])
    if layout.alpha == ASSOCIATED:
        divide_by_alpha(pixels)
    return pixels


def _segment(file: IO[bytes], layout: Layout, number: int, lines: int, samples: int) -> NDArray[Any] | None:
    """Return the samples of a strip or tile, (lines, samples); None where it is not stored."""
    place, size = layout.segments[number]
    if not size:
        return None
    file.seek(place)
    raw = file.read(size)
    if len(raw) < size:
        raise EOFError
    bits = layout.bits[0]
    data = np.empty((lines, -(-samples * bits // 8)), np.uint8)
    unpack(raw, layout.compression, data)
    found = np.empty((lines, samples), np.uint16)
    step = max(1, _AT_ONCE // samples)
    for start in range(0, lines, step):
        found[start : start + step] = _unpacked(data[start : start + step], bits, samples)
    return found


def _unpacked(rows: NDArray[np.uint8], bits: int, samples: int) -> NDArray[Any]:
    """Return numbers of so many bits, the highest first: each lies within three bytes."""
    at = np.arange(samples) * bits
    wide = np.pad(rows, ((0, 0), (0, 2))).astype(np.uint32)
    first = at >> 3
    three = wide[:, first] << 16 | wide[:, first + 1] << 8 | wide[:, first + 2]
    return three >> (24 - bits - (at & 7)).astype(np.uint32) & np.uint32((1 << bits) - 1)
