"""What a TIFF file says about its picture: profile, resolution and EXIF, which others keep as a small TIFF file.

Source: Adobe, TIFF Revision 6.0 (1992); CIPA DC-008 (Exif 2.32, 2019).
"""

from __future__ import annotations

from imgconv.image.metadata.ifd import (
    EXIF_IFD,
    GPS_IFD,
    ORIENTATION,
    RATIONAL,
    SHORT,
    Field,
    Fields,
    Packed,
    Stream,
    open_stream,
    pack_directory,
    packed,
    reader_of,
)
from imgconv.image.model import Metadata
from imgconv.image.pillow.open import plain_dpi
from imgconv.image.tiff.layout import value_of
from imgconv.image.tiff.tags import kept_tags, left_out

DESCRIPTIVE = (
    269,
    270,
    271,
    272,
    285,
    297,
    305,
    306,
    315,
    316,
    337,
    18246,
    18249,
    33432,
    0x9C9B,
    0x9C9C,
    0x9C9D,
    0x9C9E,
    0x9C9F,
)
"""Tags that describe the picture, not its storage: title, camera, software, date, artist, host, copyright,
names of document and page, rating ..."""


def metadata_of(stream: Stream, fields: Fields) -> Metadata:
    icc, xmp = fields.get(34675), fields.get(700)
    unit = value_of(fields, 296, 2)
    dots = [
        fields[tag].values
        for tag in (282, 283)
        if tag in fields and (fields[tag].kind, fields[tag].count) == (RATIONAL, 1)
    ]
    dpi = None
    if len(dots) == 2 and unit in (2, 3) and all(value[1] for value in dots):
        dpi = plain_dpi([value[0] / value[1] * (2.54 if unit == 3 else 1) for value in dots])
    return Metadata(
        icc=bytes(icc.data) if icc else b"",
        exif=_exif(stream, fields),
        xmp=bytes(xmp.data) if xmp else b"",
        dpi=dpi,
        tags=kept_tags(fields),
    )


def lost_fields(fields: Fields) -> list[str]:
    """Return notes of the fields that are not passed on."""
    return left_out(fields, (*DESCRIPTIVE, *(tag for tag, *_ in kept_tags(fields))))


def _exif(stream: Stream, fields: Fields) -> bytes:
    """Return the descriptive fields and the EXIF and GPS directories as an EXIF block."""
    plain = {tag: packed(fields[tag]) for tag in DESCRIPTIVE if tag in fields and not _technical(fields[tag])}
    inner = {tag: _inner(stream, fields, tag) for tag in (EXIF_IFD, GPS_IFD)}
    return exif_block(plain, inner[EXIF_IFD], inner[GPS_IFD])


def _technical(found: Field) -> bool:
    return found.data.startswith((b"ImageJ=", b'{"shape"', b"<?xml"))


def _inner(stream: Stream, fields: Fields, tag: int) -> Packed:
    if tag not in fields:
        return {}
    try:
        inner, _ = stream.directory(int(fields[tag].first(1)[0]))
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
    if ORIENTATION in fields and fields[ORIENTATION].first(2) != (1,):
        plain[ORIENTATION] = packed(fields[ORIENTATION])
    return plain, _inner(stream, fields, EXIF_IFD), _inner(stream, fields, GPS_IFD)
