"""Which metadata travel into a file: what is left out for privacy, what was asked to be, and what a format cannot hold.

Every image that is read and every one that is written passes here, so that no road leads around it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from imgconv.image.metadata.profile import fitting_icc, patched_exif, profile_space

if TYPE_CHECKING:
    from imgconv.image.base import Format
    from imgconv.image.metadata.exif import Cleaned as CleanExif
    from imgconv.image.metadata.xmp import Cleaned as CleanXmp
    from imgconv.image.model import Header, Image, Metadata

_NAMES = {"icc": "colour profile", "exif": "EXIF", "xmp": "XMP", "text": "text", "dpi": "resolution"}
_EMPTY: dict[str, Any] = {"icc": b"", "exif": b"", "xmp": b"", "text": (), "dpi": None}
_USUAL_GAMMA = 45455

LONGEST = 2**24
"""The bytes of XMP, and the letters of texts together, that are looked through; what is longer does not travel."""

_PERSONAL_TEXT = ("gps", "location", "latitude", "longitude", "serial", "history")


def clean(meta: Metadata, *, anonymous: bool = False) -> tuple[Metadata, list[str]]:
    """Return metadata without old pictures and without pointers to data that no file gets, and notes of what is lost.

    Args:
        meta: what was read, or is to be written.
        anonymous: leave out as well what `personal` names.
    """
    notes: list[str] = []
    changed: dict[str, Any] = {}
    if meta.exif:
        changed["exif"] = _exif(meta.exif, anonymous).exif
        if not changed["exif"]:
            notes.append("its EXIF is damaged and is left out")
    if meta.xmp:
        packet = _xmp(meta.xmp if len(meta.xmp) <= LONGEST else b"", anonymous)
        changed["xmp"] = packet.xmp
        if packet.gone:
            notes.append(f"its {_listed(packet.gone)} {_is(packet.gone)} left out, and the XMP that points there")
        if not packet.xmp:
            notes.append(f"its XMP is damaged or longer than {LONGEST >> 20} MB, and is left out")
    if meta.text:
        changed["text"], found = _texts(meta, anonymous)
        notes += found
    if meta.icc:
        from imgconv.image.metadata.pictures import holds_picture

        if holds_picture(meta.icc):
            changed["icc"] = b""
            notes.append("its colour profile holds a picture and is left out")
    return (meta.replace(**changed) if changed else meta), notes


def personal(meta: Metadata) -> tuple[tuple[str, str], ...]:
    """Name what metadata tell of place, device and editing, each with the field that it stands in."""
    found = [("exif", words) for words in (_exif(meta.exif, False).personal if meta.exif else ())]
    found += [
        ("xmp", f"{words} (XMP)") for words in (_xmp(meta.xmp, False).personal if 0 < len(meta.xmp) <= LONGEST else ())
    ]
    return (*found, *(("text", f"text '{keyword[:40]}'") for keyword, _ in meta.text if _tells(keyword)))


def carried(found: Iterable[tuple[str, str]], spec: Format) -> tuple[str, ...]:
    """Return the names among what `personal` found of what a file of that format carries."""
    return tuple(dict.fromkeys(words for field, words in found if field in spec.carries))


def personal_note(names: Collection[str]) -> str:
    """Say that what bears these names, which tell of place, device and editing, goes along, and the way out."""
    verb, them = ("travel", "them") if len(names) > 1 else ("travels", "it")
    return f"{_listed(names)} {verb} along; --strip location leaves {them} out"


def travelling(image: Header | Image, meta: Metadata, spec: Format, strip: str) -> tuple[Metadata, list[str]]:
    """Return what of the metadata goes into a file of that format, and notes of what does not.

    `strip` is that of `imgconv.image.model.Options`.
    """
    if strip == "all":
        return type(meta)(jpeg=meta.jpeg, tiff=meta.tiff), _stripped(image, meta)
    found = personal(meta) if strip else ()
    meta, notes = clean(meta, anonymous=bool(strip))
    if names := carried(found, spec):
        notes.append(f"{_listed(names)} {_is(names)} left out")
    meta, lost = _fitting(image, meta, spec)
    return meta, notes + lost


def odd_gamma(meta: Metadata) -> bool:
    """Whether PNG's colour chunks say something else than what goes without saying, and no profile does."""
    chunks = dict(meta.colour)
    gamma = int.from_bytes(chunks.get("gAMA", b"")[:4], "big") or _USUAL_GAMMA
    return not meta.icc and "sRGB" not in chunks and ("cICP" in chunks or abs(gamma - _USUAL_GAMMA) > 1000)


@lru_cache(maxsize=4)  # the frames of an animation share theirs
def _exif(exif: bytes, anonymous: bool) -> CleanExif:
    from imgconv.image.metadata.exif import clean_exif

    return clean_exif(exif, anonymous=anonymous)


@lru_cache(maxsize=4)
def _xmp(xmp: bytes, anonymous: bool) -> CleanXmp:
    from imgconv.image.metadata.xmp import clean_xmp

    return clean_xmp(xmp, anonymous=anonymous)


def _texts(meta: Metadata, anonymous: bool) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    from imgconv.image.metadata.pictures import spells_picture
    from imgconv.image.metadata.texts import bytes_of

    kept, notes, room = [], [], LONGEST
    for keyword, text in meta.text:
        room -= len(text)
        if room < 0:
            notes.append(f"texts beyond {LONGEST >> 20} MB together are left out")
            break
        if len(text) >= 40 and spells_picture(bytes_of(text)):
            notes.append(f"its text '{keyword[:40]}' holds a picture and is left out")
        elif not (anonymous and _tells(keyword)):
            kept.append((keyword, text))
    return tuple(kept), notes


def _tells(keyword: str) -> bool:
    return any(word in keyword.lower() for word in _PERSONAL_TEXT)


def _fitting(image: Header | Image, meta: Metadata, spec: Format) -> tuple[Metadata, list[str]]:
    """Return the metadata that the format can carry for these pixels, and notes of what it cannot."""
    notes: list[str] = []
    lost: list[str] = []
    kept: dict[str, Any] = {}
    for field, words in _NAMES.items():
        if getattr(meta, field) and field not in spec.carries:
            kept[field] = _EMPTY[field]
            if field == "text" and "comment" in spec.carries:
                kept[field] = tuple(pair for pair in meta.text if pair[0] == "Comment")
            if kept[field] != getattr(meta, field):
                lost.append(words)
    if meta.tags and "tags" not in spec.carries:
        from imgconv.image.tiff.tags import tag_words

        lost += tag_words(meta.tags)
        kept["tags"] = ()
    if "colour" not in spec.carries and odd_gamma(meta):
        lost.append("gamma")
    if lost:
        notes.append(f"{spec.name} carries no {' or '.join(lost)}: left out")
    if meta.icc and "icc" in spec.carries and not fitting_icc(meta.icc, image.space):
        notes.append(
            f"its {profile_space(meta.icc) or 'odd'} colour profile does not fit {image.space} pixels: left out"
        )
        kept["icc"] = b""
    meta, beyond = _within_limits(meta.replace(**kept), spec)
    meta = meta.replace(exif=patched_exif(meta.exif, image.width, image.height, upright=False))
    return meta, notes + beyond


def _within_limits(meta: Metadata, spec: Format) -> tuple[Metadata, list[str]]:
    """Leave out what is longer, or beyond what, a format has room for."""
    notes: list[str] = []
    limits, kept = spec.limits, dict[str, Any]()
    for field, most in (("icc", limits.icc), ("exif", limits.exif), ("xmp", limits.xmp)):
        if most and len(getattr(meta, field)) > most:
            notes.append(f"the {_NAMES[field]} is longer than {spec.name} allows and is left out")
            kept[field] = b""
    if limits.text and meta.text:
        from imgconv.image.metadata.texts import bytes_of

        kept["text"] = tuple(pair for pair in meta.text if len(bytes_of(pair[1])) <= limits.text)
        if kept["text"] != meta.text:
            notes.append(f"a comment longer than {spec.name} allows is left out")
    if meta.dpi and limits.dpi:
        least, largest = limits.dpi
        if not all(least <= dots <= largest for dots in meta.dpi):
            across, down = meta.dpi
            notes.append(f"its resolution, {across:g} by {down:g}, is beyond what {spec.name} can say: left out")
            kept["dpi"] = None
    return (meta.replace(**kept) if kept else meta), notes


def _stripped(image: Header | Image, meta: Metadata) -> list[str]:
    """Return a note where colours change their meaning without what is left out."""
    icc = meta.icc
    if fitting_icc(icc, image.space):
        from imgconv.image.metadata.icc import is_srgb, profile_name  # few files need it

        if not is_srgb(icc):
            name = profile_name(icc)
            named = f" ({name})" if name else ""
            return [f"its colour profile{named} is left out; the samples stay as they are and will be taken as sRGB's"]
    if odd_gamma(meta):
        return ["its gamma is left out; the samples stay as they are and will be taken as sRGB's"]
    return []


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _is(names: tuple[str, ...]) -> str:
    return "are" if len(names) > 1 else "is"
