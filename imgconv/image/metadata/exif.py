"""What an EXIF block holds, and what of it travels: all but pictures and, if asked, what tells of place and device.

Fields that stay keep their places, byte for byte, as maker notes count offsets from the block's beginning. Whatever no
field names is set to zero, and what fields name is looked through for pictures: previews within maker notes above all.
Source: CIPA DC-008 (EXIF 2.32, 2019), 4.6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from imgconv.image.metadata.ifd import EXIF_IFD, GPS_IFD, SIZES
from imgconv.image.metadata.pictures import picture_spans, spells_picture

_INTEROP_IFD = 0xA005
_POINTERS = {EXIF_IFD, GPS_IFD, _INTEROP_IFD}
_OF_PICTURES = {
    *(273, 279, 288, 289, 324, 325, 330, 347, 512, 513, 514, 519, 520, 521, 700, 33723, 34377, 46275),
    *(0xC5D8, 0xC634, 0xC68B, 0xC7A8, 0xB000, 0xB001, 0xB002, 0xB003, 0xB004),
}
"""Fields that name a picture's place within the block, or hold metadata that travel otherwise or not at all."""

_MAKER_NOTE = 0x927C
_PERSONAL = {
    GPS_IFD: "GPS position",
    _MAKER_NOTE: "a maker note",
    0xA431: "camera serial number",
    0xC62F: "camera serial number",
    0xA435: "lens serial number",
    0xA430: "owner's name",
    0xA420: "unique image number",
    316: "name of the computer",
}
"""Fields that tell where a picture was taken, or with whose device; a maker note holds serial numbers."""

_TEXTS = (1, 2, 7)
_LEAST_PICTURE = 40
_MOST_FIELDS = 4096
_OVERLAP = 4
_NO_FIELDS = 6


class _Entry(NamedTuple):
    """A field of a directory: its twelve bytes, and where its value lies."""

    raw: bytes
    tag: int
    kind: int
    at: int
    size: int


class Cleaned(NamedTuple):
    """An EXIF block that may travel.

    Attributes:
        exif: the block; empty where it is damaged.
        personal: what it tells of place and device.
    """

    exif: bytes
    personal: tuple[str, ...] = ()


def clean_exif(exif: bytes, *, anonymous: bool = False) -> Cleaned:
    """Return an EXIF block without any picture.

    Args:
        exif: the block, a TIFF stream.
        anonymous: leave out as well what tells of place and device.
    """
    try:
        return _Block(exif).clean(anonymous)
    except (struct.error, ValueError):
        return Cleaned(b"")


class _Block:
    """An EXIF block whose directories are looked at without copying the values of their fields."""

    def __init__(self, exif: bytes) -> None:
        self.data = exif
        self.order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4], "")
        if not self.order:
            raise ValueError("no TIFF structure")
        (self.first,) = struct.unpack_from(self.order + "I", exif, 4)

    def entries(self, place: int) -> Iterator[_Entry]:
        """Yield the fields of a directory whose values lie within the block."""
        (count,) = struct.unpack_from(self.order + "H", self.data, place)
        if count > _MOST_FIELDS or place + 2 + 12 * count > len(self.data):
            raise ValueError("a directory that is too long")
        for at in range(place + 2, place + 2 + 12 * count, 12):
            tag, kind, number, value = struct.unpack_from(self.order + "HHII", self.data, at)
            size = SIZES.get(kind, 0) * number
            start = at + 8 if size <= 4 else value
            if size and start + size <= len(self.data):
                yield _Entry(self.data[at : at + 12], tag, kind, start, size)

    def directories(self) -> Iterator[tuple[int, int]]:
        """Yield the place of each directory and the tag that leads to it, 0 for the first."""
        waiting, seen = [(self.first, 0)], set[int]()
        while waiting:
            place, named = waiting.pop(0)
            if place in seen:
                continue
            seen.add(place)
            try:
                found = list(self.entries(place))
            except (struct.error, ValueError):
                if named:  # as if it were not there
                    continue
                raise
            yield place, named
            for entry in found:
                if entry.tag in _POINTERS and entry.size == 4:
                    waiting.append((struct.unpack_from(self.order + "I", self.data, entry.at)[0], entry.tag))

    def clean(self, anonymous: bool) -> Cleaned:
        """Return the block without pictures, and without what is personal if asked."""
        directories = list(self.directories())
        there = {place for place, _ in directories}
        named = sum(entry.size for place, _ in directories for entry in self.entries(place))
        if named > _OVERLAP * len(self.data):  # fields that share their bytes, as those of no camera do
            return Cleaned(b"")
        personal: dict[str, None] = {}
        kept: list[tuple[int, bytes]] = [(0, self.data[:8])]
        for place, named in directories:
            if anonymous and named == GPS_IFD:
                continue
            table = []
            for entry in self.entries(place):
                if entry.tag in _PERSONAL:
                    personal[_PERSONAL[entry.tag]] = None
                if not self._stays(entry, anonymous, there):
                    continue
                value = self._without_pictures(entry)
                if entry.kind in _TEXTS and entry.size >= _LEAST_PICTURE and spells_picture(value):
                    continue
                if entry.size > 4:
                    kept.append((entry.at, value))
                table.append(entry.raw)
            directory = struct.pack(self.order + "H", len(table)) + b"".join(table) + bytes(4)
            kept.append((place, directory))
        clean = bytearray(max(place + len(part) for place, part in kept))
        for place, part in kept:
            clean[place : place + len(part)] = part
        empty = all(len(part) <= _NO_FIELDS for _, part in kept[1:])
        return Cleaned(b"" if empty else bytes(clean), tuple(personal))

    def _stays(self, entry: _Entry, anonymous: bool, there: set[int]) -> bool:
        if entry.tag in _OF_PICTURES or (anonymous and entry.tag in _PERSONAL):
            return False
        if entry.tag in _POINTERS:
            return entry.size == 4 and struct.unpack_from(self.order + "I", self.data, entry.at)[0] in there
        return True

    def _without_pictures(self, entry: _Entry) -> bytes:
        value = self.data[entry.at : entry.at + entry.size]
        spans = picture_spans(value) if entry.size >= 4 else []
        if not spans:
            return value
        blank = bytearray(value)
        for start, end in spans:
            blank[start:end] = bytes(end - start)
        return bytes(blank)
