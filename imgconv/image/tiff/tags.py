"""The fields of a TIFF file that say more than how its pixels are stored: which go on, and what to say of the others.

Source: Adobe, TIFF Revision 6.0 (1992); OGC 19-008r4 (GeoTIFF 1.1); GDAL, GTiff driver; Library of Congress, TIFF tags.
"""

from __future__ import annotations

from collections.abc import Iterable

from imgconv.image.metadata.ifd import FORMATS, RATIONAL, SHORT, Field, Fields, packed
from imgconv.image.metadata.pictures import holds_picture, spells_picture

Tag = tuple[int, int, int, bytes]
"""A field that goes on: its number, type, count, and its value in little-endian order."""

IPTC, PHOTOSHOP, NO_DATA, UNIT = 33723, 34377, 42113, 296
_PER_UNIT = (282, 283)
_GEOREFERENCE = {
    33550: "ModelPixelScale",
    33920: "IntergraphMatrix",
    33922: "ModelTiepoint",
    34264: "ModelTransformation",
    34735: "GeoKeyDirectory",
    34736: "GeoDoubleParams",
    34737: "GeoAsciiParams",
    50844: "RPCCoefficient",
}
_NAMES = {
    **{286: "XPosition", 287: "YPosition", 301: "TransferFunction", 318: "WhitePoint", 319: "PrimaryChromaticities"},
    **{333: "InkNames", 336: "DotRange", 340: "SMinSampleValue", 341: "SMaxSampleValue", 321: "HalftoneHints"},
    **{
        34377: "Photoshop's resources",
        37724: "Photoshop's layers",
        50341: "PrintImageMatching",
        42112: "GDAL_METADATA",
    },
    **{50838: "ImageJ's byte counts", 50839: "ImageJ's metadata", 51123: "MicroManager's metadata", 33723: "IPTC"},
    **{700: "XMP", 37439: "StoNits", 32932: "Wang annotation", 34929: "FEDEX_EDR", 42016: "ImageUniqueID"},
    **{34362: "FIA metadata", 33445: "MD FileTag", 33628: "UIC1tag", 34118: "SEM metadata", 34412: "Zeiss LSM info"},
}
_OF_STORAGE = {
    *range(254, 269), *range(273, 282), *range(288, 294), 274, 284, 285, 297, 317, 320, *range(322, 328), 330, 332, 334,
    282, 283, 296, 338, 339, 342, *range(346, 352), *range(512, 522), 529, 530, 531, 532, 559,
    32995, 32996, 32997, 32998, 34665, 34853, 34675, 700,
}  # fmt: skip
"""Fields that say how pixels are stored and what they mean, which reading heeds, and those that travel otherwise."""

_MOST_NAMED, _MOST_LETTERS, _MOST_NUMBERS = 8, 24, 4
_MOST_KEPT = 2**24
_PREVIEW_DATA = (200, 201, 202)


def kept_tags(fields: Fields) -> tuple[Tag, ...]:
    """Return what goes on from TIFF file to TIFF file as it is: IPTC, and a resolution without a unit."""
    found: list[Tag] = []
    if IPTC in fields and 0 < len(data := without_previews(fields[IPTC].data)) <= _MOST_KEPT:
        found.append((IPTC, 7, len(data), data))
    unit = fields.get(UNIT)
    if unit and unit.first(1) == (1,) and all(tag in fields for tag in _PER_UNIT):
        dots = [fields[tag] for tag in _PER_UNIT]
        if all((one.kind, one.count) == (RATIONAL, 1) for one in dots) and any(one.first(1) != (1, 1) for one in dots):
            found += [(tag, *packed(one)) for tag, one in zip(_PER_UNIT, dots, strict=True)]
            found.append((UNIT, SHORT, 1, b"\1\0"))
    return tuple(found)


def tag_words(tags: Iterable[Tag]) -> list[str]:
    """Name fields that go from TIFF file to TIFF file alone."""
    words = {IPTC: f"IPTC ({IPTC})"} | dict.fromkeys((*_PER_UNIT, UNIT), "resolution without a unit")
    return list(dict.fromkeys(words.get(tag, f"tag {tag}") for tag, *_ in tags))


def without_previews(iptc: bytes) -> bytes:
    """Return IPTC data without its previews (IIM 4.2, records 2:200 to 2:202 and 7 to 9); damaged data are nothing."""
    kept, at = [], 0
    while iptc[at : at + 1] == b"\x1c" and at + 5 <= len(iptc):
        record, number, size = iptc[at + 1], iptc[at + 2], int.from_bytes(iptc[at + 3 : at + 5], "big")
        start = at + 5
        if size & 0x8000:  # the length of a length
            start += size & 0x7FFF
            size = int.from_bytes(iptc[at + 5 : start], "big") if start - at < 16 else len(iptc)
        part = iptc[start : start + size]
        preview = record > 6 or (record == 2 and number in _PREVIEW_DATA)
        if not preview and not holds_picture(part) and not (size >= 40 and spells_picture(part)):
            kept.append(iptc[at : start + size])
        at = start + size
    return b"".join(kept)


def left_out(fields: Fields, travels: Iterable[int]) -> list[str]:
    """Return notes of the fields that are not passed on, with their values."""
    known = _OF_STORAGE | set(travels)
    rest = [tag for tag in fields if tag not in known]
    notes = []
    if geographic := [tag for tag in rest if tag in _GEOREFERENCE]:
        named = ", ".join(f"{_GEOREFERENCE[tag]} {tag}" for tag in geographic)
        notes.append(f"its georeference ({named}) is not passed on")
    if NO_DATA in rest:
        value = fields[NO_DATA].data[:_MOST_LETTERS].decode("latin-1").strip("\0 ")
        named = f"its no-data value {_plain(value)} (GDAL_NODATA {NO_DATA})"
        notes.append(f"{named} is not passed on; samples of it count like any other")
    others = [tag for tag in rest if tag not in _GEOREFERENCE and tag != NO_DATA]
    if others:
        named = "; ".join(f"{_NAMES.get(tag, 'tag')} {tag}, {_value(fields[tag])}" for tag in others[:_MOST_NAMED])
        more = f"; and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
        notes.append(f"{'these are' if len(others) > 1 else 'this is'} not passed on: {named}{more}")
    return notes


def _value(field: Field) -> str:
    """Say what a field holds, shortened."""
    if field.kind == 2:
        text = field.data[: _MOST_LETTERS + 1].decode("latin-1").rstrip("\0")
        return f"'{_plain(text[:_MOST_LETTERS])}{'...' * (len(text) > _MOST_LETTERS)}'"
    if FORMATS[field.kind] == "s" or (field.kind == 1 and field.count > _MOST_NUMBERS):
        return f"{field.count} byte{'s' * (field.count != 1)}"
    numbers = ", ".join(f"{value:.12g}" for value in field.first(_MOST_NUMBERS))
    return f"{field.count} numbers: {numbers} ..." if field.count > _MOST_NUMBERS else numbers


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
