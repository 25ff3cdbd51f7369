"""Which directory of a TIFF file holds the picture, what its pages run along, and which files are raw photographs.

Source: Adobe, TIFF/EP and DNG 1.7 (NewSubfileType, SubIFDs); ImageJ, TiffEncoder; OME-TIFF.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from imgconv.image.limits.guard import DataError
from imgconv.image.metadata.ifd import Fields, Stream
from imgconv.image.tiff.layout import value_of, values_of

SUB_DIRECTORIES, REDUCED = 330, 1
_KIND, _MAKE, _PHOTOMETRIC, _DNG_VERSION = 254, 271, 262, 50706
_OF_SENSORS = (32803, 34892)
_MOST_SUB_DIRECTORIES = 64
_RAW_BY_MAKE = {
    "nikon": "NEF", "sony": "ARW", "canon": "CR2", "pentax": "PEF", "ricoh": "PEF", "samsung": "SRW", "olympus": "ORF",
    "hasselblad": "3FR", "phase one": "IIQ", "leaf": "MOS", "kodak": "DCR", "eastman kodak": "DCR", "epson": "ERF",
    "fujifilm": "RAF", "panasonic": "RW2", "leica": "RWL", "mamiya": "MEF",
}  # fmt: skip
_AXES = ("channels", "slices", "frames")
_OME_AXES = {"channels": b"SizeC", "slices": b"SizeZ", "frames": b"SizeT"}
_SHAPE_AXES = {"C": "channels", "Z": "slices", "T": "frames"}


class Stack(NamedTuple):
    """What a program says of the pages in its own description.

    Attributes:
        program: whose description it is; empty where there is none.
        axes: how many pages there are along each axis that has several, such as ``(("slices", 3), ("channels", 2))``.
        words: what is lost with the description.
    """

    program: str = ""
    axes: tuple[tuple[str, int], ...] = ()
    words: str = ""


def full_size(stream: Stream, fields: Fields) -> int:
    """Return where the directory of the whole picture is, if the first one is only a reduced copy; else 0.

    Raises:
        DataError: the file is a raw photograph.
    """
    places = values_of(fields, SUB_DIRECTORIES, _MOST_SUB_DIRECTORIES)
    _refuse_raw(stream, [fields])
    if not places or not (value_of(fields, _KIND, 0) & REDUCED or _DNG_VERSION in fields or _MAKE in fields):
        return 0
    inner: list[tuple[int, Fields]] = []
    for place in places:
        try:
            inner.append((place, stream.directory(place)[0]))
        except (EOFError, ValueError):
            continue
    _refuse_raw(stream, [fields, *(found for _, found in inner)])
    if not value_of(fields, _KIND, 0) & REDUCED:
        return 0
    whole = [(value_of(found, 256, 0) * value_of(found, 257, 0), place) for place, found in inner if 256 in found]
    size = value_of(fields, 256, 0) * value_of(fields, 257, 0)
    largest = max(whole, default=(0, 0))
    return largest[1] if largest[0] > size else 0


def _refuse_raw(stream: Stream, directories: list[Fields]) -> None:
    first = directories[0]
    make = first[_MAKE].data.decode("latin-1").strip("\0 ").lower() if _MAKE in first else ""
    kind = next((word for name, word in _RAW_BY_MAKE.items() if make.startswith(name)), "")
    if _DNG_VERSION in first:
        kind = "DNG"
    if stream.read_at(8, 2) == b"CR" and not stream.big and "canon" in make:
        sensor = True
    else:
        sensor = any(value_of(fields, _PHOTOMETRIC, 0) in _OF_SENSORS for fields in directories)
    if kind and sensor:
        ways = "darktable, RawTherapee or dcraw"
        raise DataError(f"it is a raw photograph ({kind}); develop it with {ways}, and filter the TIFF that they write")


def stack_of(fields: Fields, pages: int) -> Stack:
    """Return what a program's description in the first page's ImageDescription says of the pages."""
    text = fields[270].data if 270 in fields and fields[270].kind == 2 else b""
    if text.startswith(b"ImageJ="):
        words = dict(line.split(b"=", 1) for line in text.splitlines() if b"=" in line)
        counts = {axis: _count(words.get(axis.encode(), b"")) for axis in _AXES}
        more = [f"{name} {_letters(words[name.encode()])}" for name in ("spacing", "unit") if name.encode() in words]
        return _stack("ImageJ", counts, pages, more)
    if text.startswith(b"<?xml") or b"<OME " in text[:2000]:
        found = {axis: re.search(rb"\b" + name + rb'\s*=\s*"(\d{1,9})"', text) for axis, name in _OME_AXES.items()}
        counts = {axis: int(match[1]) if match else 1 for axis, match in found.items()}
        return _stack("OME-XML", counts, pages, [])
    if text.startswith(b'{"shape"') and len(text) < 2**12:
        shape = [int(size) for size in re.findall(rb"\d{1,9}", text.partition(b"]")[0])]
        named = re.search(rb'"axes": "(\w+)"', text)
        letters = named[1].decode() if named else ""
        counts = {_SHAPE_AXES[one]: size for one, size in zip(letters, shape, strict=False) if one in _SHAPE_AXES}
        return _stack("", counts, pages, [])
    return Stack()


def _stack(program: str, counts: dict[str, int], pages: int, more: list[str]) -> Stack:
    axes = tuple((axis, count) for axis, count in counts.items() if 1 < count <= pages and pages % count == 0)
    listed = [f"{count} {axis}" for axis, count in axes] + more
    return Stack(program, axes, f" ({', '.join(listed)})" if listed else "")


def _count(digits: bytes) -> int:
    return int(digits) if digits.isdigit() and len(digits) < 10 else 1


def _letters(data: bytes) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in data[:20].decode("latin-1"))
