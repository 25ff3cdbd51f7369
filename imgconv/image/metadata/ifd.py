"""Image file directories: the tagged fields that TIFF files and EXIF blocks are made of.

Source: Adobe, TIFF Revision 6.0 (1992); CIPA DC-008 (EXIF 2.32); the BigTIFF proposal (2004).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

from imgconv.image.limits.budget import Budget, of_block
from imgconv.image.limits.guard import DataError

ReadAt = Callable[[int, int], bytes]
"""Read so many bytes at an offset; raises EOFError where there are fewer."""

FORMATS = {
    1: "B",
    2: "s",
    3: "H",
    4: "I",
    5: "II",
    6: "b",
    7: "s",
    8: "h",
    9: "i",
    10: "ii",
    11: "f",
    12: "d",
    13: "I",
}
FORMATS |= {16: "Q", 17: "q", 18: "Q"}
"""The struct code of one value of each field type (2: text, 5 and 10: fractions, 7: bytes of any meaning)."""

SIZES = {kind: struct.calcsize("=" + code) for kind, code in FORMATS.items()}
SHORT, LONG, RATIONAL, BYTES, LONG8 = 3, 4, 5, 7, 16

LARGEST = {1: 2**8 - 1, 3: 2**16 - 1, 4: 2**32 - 1, 6: 2**7 - 1, 8: 2**15 - 1, 9: 2**31 - 1}
"""The integer types and the largest value of each; cameras write an orientation in any of them."""

MAX_FIELDS = 4096
MAX_FIELD_BYTES = 2**28

ORIENTATION, EXIF_IFD, GPS_IFD = 0x0112, 0x8769, 0x8825
_WIDTH, _HEIGHT = 0xA002, 0xA003


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its type, number of values, raw bytes in file order, and where those lie."""

    kind: int
    count: int
    data: bytes
    at: int
    order: str

    @property
    def values(self) -> tuple[Any, ...]:
        """The values as numbers; fractions as two numbers each; text and raw bytes as integers."""
        return self.first(self.count)

    def first(self, most: int) -> tuple[Any, ...]:
        """Return the first values, at most so many of them."""
        count = min(self.count, most)
        if FORMATS[self.kind] == "s":
            return tuple(self.data[:count])
        return struct.unpack_from(f"{self.order}{count * len(FORMATS[self.kind])}{FORMATS[self.kind][0]}", self.data)


Fields = dict[int, Field]


@dataclass(frozen=True, slots=True)
class Stream:
    """An opened TIFF structure: byte order (``<`` or ``>``), whether it is BigTIFF, its first directory's place."""

    read_at: ReadAt
    order: str
    big: bool
    first: int

    def extent(self, offset: int) -> tuple[int, int]:
        """Return how many bytes the fields of the directory at `offset` take, and the offset of the next one.

        Raises:
            EOFError: there is no directory.
        """
        code, field = ("Q", 20) if self.big else ("H", 12)
        head = struct.calcsize("=" + code)
        (count,) = struct.unpack(self.order + code, self.read_at(offset, head))
        return int(count) * field, self._link(offset + head + int(count) * field)

    def _link(self, offset: int) -> int:
        """Return where the next directory is, 0 for nowhere."""
        code = "Q" if self.big else "I"
        try:
            return int(struct.unpack(self.order + code, self.read_at(offset, struct.calcsize("=" + code)))[0])
        except EOFError:
            return 0

    def directory(self, offset: int, needed: Container[int] = ()) -> tuple[Fields, int]:
        """Return the fields of the directory at `offset` and the offset of the next one (0 for none).

        Fields of unknown type or whose values lie outside the stream are left out, as the standard asks, unless they
        are `needed`: without its sample format, floats would be taken for integers.

        Raises:
            EOFError: the directory itself breaks off, or what is needed lies outside.
            ValueError: it is implausible, or a needed field is of no known type.
        """
        count_code, entry_code, next_code = ("Q", "HHQ8s", "Q") if self.big else ("H", "HHI4s", "I")
        size = struct.calcsize(self.order + entry_code)
        head = struct.calcsize("=" + count_code)
        (count,) = struct.unpack(self.order + count_code, self.read_at(offset, head))
        if not 0 < count <= MAX_FIELDS:
            raise DataError(f"a directory of {count} fields")
        table = self.read_at(offset + head, count * size)
        fields: Fields = {}
        for index in range(count):
            tag, kind, number, value = struct.unpack_from(self.order + entry_code, table, index * size)
            at = offset + head + index * size + size - len(value)
            length = SIZES.get(kind, 0) * number
            if not length or length > MAX_FIELD_BYTES:
                if tag in needed:
                    raise DataError(f"field {tag} of its directory is garbled")
                continue
            if length > len(value):
                (at,) = struct.unpack(self.order + next_code, value)
                try:
                    value = self.read_at(at, length)
                except EOFError:
                    if tag in needed:
                        raise
                    continue
            fields.setdefault(tag, Field(kind, number, value[:length], at, self.order))
        return fields, self._link(offset + head + count * size)


def open_stream(read_at: ReadAt) -> Stream:
    """Read the eight or sixteen bytes that a TIFF structure begins with.

    Raises:
        ValueError: it begins otherwise.
        EOFError: it ends there.
    """
    head = read_at(0, 8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        raise DataError("no TIFF structure")
    (version,) = struct.unpack(order + "H", head[2:4])
    if version == 43:
        return Stream(read_at, order, True, struct.unpack(order + "Q", read_at(8, 8))[0])
    if version != 42:
        raise DataError(f"TIFF version {version}")
    return Stream(read_at, order, False, struct.unpack(order + "I", head[4:])[0])


def metered(read_at: ReadAt, budget: Budget) -> ReadAt:
    """Return a `ReadAt` that spends what it reads: fields can all name the same block."""

    def spending(offset: int, size: int) -> bytes:
        budget.spend(size=size)
        return read_at(offset, size)

    return spending


def reader_of(data: bytes | bytearray) -> ReadAt:
    """Return a `ReadAt` over a block in memory, which has a budget of its own."""

    def read_at(offset: int, size: int) -> bytes:
        piece = bytes(data[offset : offset + size])
        if len(piece) < size:
            raise EOFError(f"{size} bytes at {offset}")
        return piece

    return metered(read_at, of_block(len(data)))


def exif_orientation(exif: bytes) -> int:
    """Return the orientation 1 to 8 that an EXIF block names, 0 where it names none or is damaged."""
    try:
        stream = open_stream(reader_of(exif))
        found = stream.directory(stream.first)[0].get(ORIENTATION)
        value = int(found.first(1)[0]) if found and found.kind in LARGEST else 0
    except (ValueError, EOFError, struct.error):
        return 0
    return value if 1 <= value <= 8 else 0


def patched_exif(exif: bytes, width: int = 0, height: int = 0, *, upright: bool = True) -> bytes:
    """Return an EXIF block without its thumbnail, of the size given, if any, and if `upright` of orientation 1.

    Everything else stays where it is, byte for byte, so that maker notes keep their offsets. The thumbnail would
    show the picture as it was before. A damaged block comes back empty.
    """
    block = bytearray(exif)
    read_at = reader_of(block)
    try:
        stream = open_stream(read_at)
        fields, following = stream.directory(stream.first)
        if following:
            start = stream.first + 2 + 12 * struct.unpack(stream.order + "H", read_at(stream.first, 2))[0]
            block[start : start + 4] = bytes(4)
        if upright:
            _set(block, fields.get(ORIENTATION), 1)
        if width and EXIF_IFD in fields:
            inner, _ = stream.directory(int(fields[EXIF_IFD].first(1)[0]))
            _set(block, inner.get(_WIDTH), width)
            _set(block, inner.get(_HEIGHT), height)
    except (ValueError, EOFError, struct.error):
        return b""
    return bytes(block)


def _set(block: bytearray, field: Field | None, value: int) -> None:
    if field and field.count == 1 and value <= LARGEST.get(field.kind, 0):
        struct.pack_into(field.order + FORMATS[field.kind], block, field.at, value)


Packed = Mapping[int, tuple[int, int, bytes]]
"""Fields to write: tag -> (type, number of values, little-endian bytes)."""


def packed(field: Field) -> tuple[int, int, bytes]:
    """Return a field as (type, count, little-endian bytes)."""
    if field.order == "<" or SIZES[field.kind] == 1:
        return field.kind, field.count, field.data
    code = f"{field.count * len(FORMATS[field.kind])}{FORMATS[field.kind][0]}"
    return field.kind, field.count, struct.pack("<" + code, *struct.unpack(">" + code, field.data))


def pack_directory(fields: Packed, offset: int, big: bool = False) -> bytes:
    """Return a little-endian directory to be placed at `offset`, its longer values behind it, and no next one."""
    count_code, entry_code, next_code = ("<Q", "<HHQ", "<Q") if big else ("<H", "<HHI", "<I")
    inline = struct.calcsize(next_code)
    entry = struct.calcsize(entry_code) + inline
    table = bytearray(struct.pack(count_code, len(fields)))
    values = bytearray()
    start = offset + len(table) + entry * len(fields) + inline
    for tag in sorted(fields):
        kind, count, data = fields[tag]
        table += struct.pack(entry_code, tag, kind, count)
        if len(data) <= inline:
            table += data.ljust(inline, b"\0")
        else:
            table += struct.pack(next_code, start + len(values))
            values += data + b"\0" * (-len(data) % 8)
    return bytes(table + struct.pack(next_code, 0) + values)
