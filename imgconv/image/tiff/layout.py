"""How a TIFF image is stored, as its directory says.

Source: Adobe, TIFF Revision 6.0 (1992) with the Technical Notes of 1995 and 2002.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.metadata.ifd import Fields, Stream
from imgconv.image.model import TiffLayout
from imgconv.image.tiff.codec import DEFLATE, LZMA, LZW, NONE, OLD_DEFLATE, PACKBITS, WEBP, ZSTD

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, CMYK, YCBCR = 0, 1, 2, 3, 4, 5, 6
ASSOCIATED, UNASSOCIATED = 1, 2
MOST_SAMPLES = 2**16 - 1
_SEGMENT_BYTES = 64

NEEDED = frozenset(
    (*range(256, 260), 262, 266, 273, *range(277, 280), 284, 292, 293, 317, *range(320, 326), 332, 338, 339, 347)
)
"""The tags without which pixels would be read as others than they are."""

COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, CMYK: 4}
"""Colour channels by photometric interpretation."""
_COLOUR_NAMES = {WHITE_IS_ZERO: "grey", BLACK_IS_ZERO: "grey", RGB: "RGB", CMYK: "CMYK"}
BYTEWISE = (NONE, LZW, OLD_DEFLATE, DEFLATE, PACKBITS, LZMA, ZSTD)
"""Compressions that leave bytes as they were."""
_MOST_OUT_OF_ONE = {NONE: 1, PACKBITS: 64, LZW: 2731, OLD_DEFLATE: 1032, DEFLATE: 1032}
"""How many bytes can come out of one: in LZW 4095 of a code of 12 bits, in PackBits 128 of two bytes."""
SAMPLE_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}
"""NumPy's letters for TIFF's sample formats."""


@dataclass
class Layout:
    """How an image is stored.

    `segments` are the (offset, length) of its strips or tiles; `unit` their (rows, columns). `samples` counts the
    channels stored, `colours` those that are colour; `extra` is the meaning of the first channel beyond them. `bits`
    are those of a sample of each channel, or one number for all of them.
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
    fax_options: int = 0

    @property
    def colours(self) -> int:
        """Channels that the photometric interpretation asks for."""
        return COLOURS.get(self.photometric, 0)

    @property
    def native(self) -> np.dtype[Any]:
        """The sample type as stored."""
        return np.dtype(f"{self.order}{SAMPLE_KINDS.get(self.kind, 'V')}{self.bits[0] // 8}")

    @property
    def direct(self) -> bool:
        """Whether the samples are whole numbers of bytes in a form that `tiffread` unpacks itself."""
        return (
            len(set(self.bits)) == 1
            and (self.kind, self.bits[0]) in _WHOLE
            and self.photometric in COLOURS
            and self.samples >= self.colours
            and (self.compression in BYTEWISE or self._webp)
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
    def needed(self) -> int:
        """How many strips or tiles the image has; more may be listed."""
        down, across = -(-self.height // self.unit[0]), -(-self.width // self.unit[1])
        return max(0, down * across * (self.samples if self.planar else 1))

    @property
    def stored_bytes(self) -> int:
        """The bytes of all strips or tiles together."""
        return sum(length for _, length in self.segments)

    @property
    def least_bytes(self) -> int:
        """The fewest bytes that can hold the samples, where the compression sets a limit; 0 where it sets none."""
        most = _MOST_OUT_OF_ONE.get(self.compression, 0)
        if not most or self.absent or self.photometric == YCBCR:
            return 0
        bits = sum(self.bits) if len(self.bits) == self.samples else self.bits[0] * self.samples
        return self.height * -(-self.width * bits // 8) // most

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


def value_of(fields: Fields, tag: int, default: int) -> int:
    found = fields.get(tag)
    return int(found.first(1)[0]) if found else default


def values_of(fields: Fields, tag: int, most: int) -> tuple[int, ...]:
    """Return the first values of a field, at most so many."""
    found = fields.get(tag)
    return tuple(int(value) for value in found.first(most)) if found else ()


def layout_of(stream: Stream, fields: Fields, budget: Budget) -> Layout:
    """Return how the image of a directory is stored.

    Raises:
        DataError: it does not say where its pixels are, or it has more channels or strips than can be.
    """
    width, height = value_of(fields, 256, 0), value_of(fields, 257, 0)
    samples = value_of(fields, 277, 1)
    if samples > MOST_SAMPLES:
        raise DataError(f"a pixel of {samples} channels")
    bits = values_of(fields, 258, max(1, samples)) or (1,)
    tiled = 324 in fields
    unit = (value_of(fields, 323, 0), value_of(fields, 322, 0)) if tiled else (value_of(fields, 278, height), width)
    layout = Layout(
        order=stream.order,
        width=width,
        height=height,
        bits=bits,
        kind=value_of(fields, 339, 1),
        samples=samples,
        photometric=value_of(fields, 262, WHITE_IS_ZERO),
        compression=value_of(fields, 259, NONE),
        predictor=value_of(fields, 317, 1),
        planar=value_of(fields, 284, 1) == 2 and samples > 1,
        tiled=tiled,
        unit=(max(1, min(unit[0], height) if not tiled else unit[0]), max(1, unit[1])),
        extra=values_of(fields, 338, 1),
        fill_order=value_of(fields, 266, 1),
        ink_set=value_of(fields, 332, 1),
        fax_options=value_of(fields, 292 if 292 in fields else 293, 0),
    )
    needed = layout.needed
    stored = fields.get(324 if tiled else 273)
    budget.spend(size=_SEGMENT_BYTES * min(needed, stored.count if stored else 0))
    offsets = values_of(fields, 324 if tiled else 273, needed)
    lengths = values_of(fields, 325 if tiled else 279, needed)
    if layout.compression == NONE and layout.direct:
        # what it says of the lengths may be wrong, and is not needed
        absent = {at for at, pair in enumerate(zip(offsets, lengths, strict=False)) if pair == (0, 0)}
        whole = _plain_lengths(layout, len(offsets))
        lengths = tuple(0 if at in absent else length for at, length in enumerate(whole))
    if layout.photometric in COLOURS and samples < layout.colours:
        problem = f"{_COLOUR_NAMES[layout.photometric]} colours in {samples} channel{'s' * (samples != 1)}"
        raise DataError(problem)
    layout.segments = list(zip(offsets, lengths, strict=False))
    if not any(length for _, length in layout.segments):
        raise DataError("it says nowhere where its pixels are")
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
