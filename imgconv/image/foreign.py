"""Files that people take for pictures and that are not read here: what each is, and what makes a picture of it.

Files that are opened are told by their first bytes, as formats that are read are, and those that a batch passes over
in folders by their suffixes. A name tells nothing else but that it is an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from imgconv.image.formats import FORMATS, ROWS

SEEN = 1024
"""How many first bytes are looked at: an SVG may begin with a comment."""

_CONVERT = "ImageMagick makes PNG or TIFF of {}"
_DEVELOP = "darktable, RawTherapee and dcraw develop {} to TIFF"
_PAGES = "pdftoppm makes PNG of {}, page by page"
_PRINT = "Ghostscript makes PNG of {}"
_DRAW = "rsvg-convert and Inkscape make PNG of {}"
_FRAME = "'ffmpeg -i FILE picture.png' takes a picture out of {}"
_ARRAY = "{1} reads {0} into arrays, which .npy files hold"
_UNPACK = "unpack {} first"


class Foreign(NamedTuple):
    """A kind of file.

    Attributes:
        what: it is, with its article.
        way: what makes a picture of it, with ``{}`` for "it" or "them".
        starts: first bytes, each of which such a file may have.
        suffixes: of such files where they are pictures that a batch passes over, without dots.
    """

    what: str
    way: str
    starts: tuple[bytes, ...] = ()
    suffixes: str = ""


_RAW = "3fr arw cr2 cr3 crw dcr dng erf fff iiq k25 kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f"
_KINDS: tuple[Foreign, ...] = (
    Foreign("a raw photograph", _DEVELOP, suffixes=_RAW),
    Foreign("a raw photograph (RAF)", _DEVELOP, (b"FUJIFILMCCD-RAW",)),
    Foreign("a raw photograph (ORF)", _DEVELOP, (b"IIRO", b"IIRS", b"MMOR")),
    Foreign("a raw photograph (RW2)", _DEVELOP, (b"IIU\0",)),
    Foreign("a raw photograph (X3F)", _DEVELOP, (b"FOVb",)),
    Foreign("a raw photograph (MRW)", _DEVELOP, (b"\0MRM",)),
    Foreign("a HEIC picture", "heif-convert makes JPEG or PNG of {}", suffixes="heic heif hif"),
    Foreign("an SVG drawing", _DRAW, suffixes="svg svgz"),
    Foreign("a PDF document", _PAGES, (b"%PDF",), "pdf"),
    Foreign("a PostScript document", _PRINT, (b"%!PS", b"\xc5\xd0\xd3\xc6"), "eps ps ai"),
    Foreign("a DjVu document", "ddjvu makes TIFF of {}", (b"AT&TFORM",), "djvu"),
    Foreign("a GIMP document", "GIMP exports {} as PNG or TIFF", (b"gimp xcf",), "xcf"),
    Foreign("a Photoshop document", "Photoshop and ImageMagick make PNG or TIFF of {}", (b"8BPS",), "psd psb"),
    Foreign("a JPEG XR image", "JxrDecApp makes TIFF of {}", (b"II\xbc",), "jxr wdp hdp"),
    Foreign("an icon (ICO)", _CONVERT, (b"\0\0\1\0",), "ico"),
    Foreign("a cursor (CUR)", _CONVERT, (b"\0\0\2\0\1\0",), "cur"),
    Foreign("a QOI image", _CONVERT, (b"qoif",), "qoi"),
    Foreign("a DDS texture", _CONVERT, (b"DDS ",), "dds"),
    Foreign("a KTX texture", _CONVERT, (b"\xabKTX ",), "ktx"),
    Foreign("a FLIF image", _CONVERT, (b"FLIF",), "flif"),
    Foreign("a BPG image", _CONVERT, (b"BPG\xfb",), "bpg"),
    Foreign("an MNG animation", _CONVERT, (b"\x8aMNG",), "mng"),
    Foreign("a Windows metafile", _CONVERT, (b"\xd7\xcd\xc6\x9a",), "wmf emf"),
    Foreign("a picture of another kind", _CONVERT, suffixes="tga pcx sgi ras xbm xpm icns"),
    Foreign("a DICOM file", _ARRAY.format("{}", "pydicom"), suffixes="dcm dicom"),
    Foreign("a FITS file", _ARRAY.format("{}", "Astropy"), (b"SIMPLE  =",), "fits fit fts"),
    Foreign("an HDF5 file", _ARRAY.format("{}", "h5py"), (b"\x89HDF\r\n\x1a\n",)),
    Foreign("a NetCDF file", _ARRAY.format("{}", "SciPy"), (b"CDF\1", b"CDF\2")),
    Foreign("a MATLAB file", _ARRAY.format("{}", "SciPy"), (b"MATLAB 5.0",)),
    Foreign("a zip archive", _UNPACK, (b"PK\3\4",)),
    Foreign("a gzip file", "unpack {} first, as in 'gunzip -c FILE | imgconv apply - ...'", (b"\x1f\x8b",)),
    Foreign("a zstd file", _UNPACK, (b"\x28\xb5\x2f\xfd",)),
    Foreign("an xz file", _UNPACK, (b"\xfd7zXZ\0",)),
    Foreign("a bzip2 file", _UNPACK, (b"BZh",)),
    Foreign("a 7z archive", _UNPACK, (b"7z\xbc\xaf",)),
    Foreign("a RAR archive", _UNPACK, (b"Rar!",)),
    Foreign("a video (Matroska or WebM)", _FRAME, (b"\x1aE\xdf\xa3",)),
    Foreign("a video or sound (Ogg)", _FRAME, (b"OggS",)),
    Foreign("a video (FLV)", _FRAME, (b"FLV\1",)),
    Foreign("a video (AVI)", _FRAME),
    Foreign("a video", _FRAME),
    Foreign("a raw photograph (CR3)", _DEVELOP),
    Foreign("a Git LFS pointer, not the picture itself", "'git lfs pull' fetches {}", (b"version https://git-lfs",)),
)
_BY_NAME = {kind.what: kind for kind in _KINDS}


def _read_when_named() -> Iterator[tuple[str, str]]:
    """Yield what reads the files of formats that are not looked for in folders, and their suffixes."""
    for row in ROWS:
        if row.encoder:
            words = f"they are {row.title or row.name}: name them, with --format {row.suffixes[0]}"
            yield words, " ".join(row.other_suffixes)
        else:
            kin = next((other for other in FORMATS if other.family == row.family), FORMATS[0])
            yield f"they are read when named, with --format {kin.suffixes[0]}", " ".join(row.suffixes)


WAYS: dict[str, str] = {
    suffix: words
    for words, suffixes in (*((kind.way.format("them"), kind.suffixes) for kind in _KINDS), *_read_when_named())
    for suffix in suffixes.split()
}
"""What reads files with a suffix, of those that are passed over in folders."""

_BRANDS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"crx ",), "a raw photograph (CR3)"),
    (
        (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"),
        "a HEIC picture",
    ),
)
"""Brands of files of boxes (ISO/IEC 14496-12), and what bears them; any other one is a video."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://\S")


def address(name: str) -> str:
    """Say that a name is an address, and the way out; nothing for any other name."""
    if not _ADDRESS.match(name):
        return ""
    way = "download it first, as in 'curl -L ADDRESS | imgconv apply - ...'"
    return f"this is an address, and only files are opened; {way}"


def reason(suffix: str) -> str:
    """Say which files with a suffix, such as ``.heic``, are passed over, and what reads them.

    >>> reason(".SVG")
    '.svg (rsvg-convert and Inkscape make PNG of them)'
    >>> reason(".txt")
    'without the suffix of a picture'
    """
    word = suffix.lower()
    way = WAYS.get(word.lstrip("."))
    return f"{word} ({way})" if way else "without the suffix of a picture"


def described(head: bytes) -> str:
    """Say what a file that begins with `head`, `SEEN` bytes, is, and the way out; nothing if that is not known."""
    kind = next((kind for kind in _KINDS if kind.starts and head.startswith(kind.starts)), None)
    if kind:
        return _said(kind)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return _said(_BY_NAME["a video (AVI)"])
    if head[128:132] == b"DICM":
        return _said(_BY_NAME["a DICOM file"])
    if head[4:8] == b"ftyp":
        found = (what for brands, what in _BRANDS if any(brand in head[8:32] for brand in brands))
        return _said(_BY_NAME[next(found, "a video")])
    return _text(head)


def _said(kind: Foreign) -> str:
    return f"this is {kind.what}, which is not read here; {kind.way.format('it')}"


def _text(head: bytes) -> str:
    """Say what a file of text is, as far as that is known."""
    text = head.removeprefix(b"\xef\xbb\xbf")
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = text[2:].replace(b"\0", b"")
    text = text.lstrip().lower()
    if re.match(rb"(<\?xml|<!--|<!doctype svg|<svg)", text) and re.search(rb"<svg[\s>]", text):
        return _said(_BY_NAME["an SVG drawing"])
    if re.match(rb"(<!doctype html|<html|<head|<body|<script)", text) or (text.startswith(b"<") and b"<html" in text):
        return "this is a web page, not a picture; download the picture that it shows"
    if text.startswith(b"<?xml"):
        return "this is an XML document, not a picture"
    return ""
