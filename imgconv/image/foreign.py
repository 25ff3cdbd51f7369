"""Files that people take for pictures and that are not read here: what each is, and the way out.

They are told by their first bytes, as formats that are read are; a name tells nothing but that it is an address.
"""

from __future__ import annotations

import re

SEEN = 1024
"""How many first bytes are looked at: an SVG may begin with a comment."""

_CONVERT = "convert it to PNG or TIFF first"
_DEVELOP = "develop it to TIFF first, as dcraw, RawTherapee and darktable do"
_PAGES = "make PNG of its pages first, as 'pdftoppm -png' does"
_DRAW = "make PNG of it first, as 'rsvg-convert' and Inkscape do"
_FRAMES = "take a picture out first, as 'ffmpeg -i FILE picture.png' does"

_PREFIXES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF document", _PAGES),
    (b"%!PS", "a PostScript document", "make PNG of its pages first, as Ghostscript does"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document", "make PNG of its pages first, as Ghostscript does"),
    (b"8BPS", "a Photoshop document", f"{_CONVERT}, as Photoshop and 'magick FILE[0]' do"),
    (b"gimp xcf", "a GIMP document", "export it from GIMP as PNG or TIFF first"),
    (b"FUJIFILMCCD-RAW", "a raw photograph (RAF)", _DEVELOP),
    (b"IIRO", "a raw photograph (ORF)", _DEVELOP),
    (b"IIRS", "a raw photograph (ORF)", _DEVELOP),
    (b"MMOR", "a raw photograph (ORF)", _DEVELOP),
    (b"IIU\0", "a raw photograph (RW2)", _DEVELOP),
    (b"FOVb", "a raw photograph (X3F)", _DEVELOP),
    (b"\0MRM", "a raw photograph (MRW)", _DEVELOP),
    (b"II\xbc", "a JPEG XR image", _CONVERT),
    (b"\0\0\1\0", "an icon (ICO)", _CONVERT),
    (b"\0\0\2\0\1\0", "a cursor (CUR)", _CONVERT),
    (b"qoif", "a QOI image", _CONVERT),
    (b"DDS ", "a DDS texture", _CONVERT),
    (b"\xabKTX ", "a KTX texture", _CONVERT),
    (b"FLIF", "a FLIF image", _CONVERT),
    (b"BPG\xfb", "a BPG image", _CONVERT),
    (b"\x8aMNG", "an MNG animation", _CONVERT),
    (b"AT&TFORM", "a DjVu document", "make TIFF of its pages first, as 'ddjvu -format=tiff' does"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile", _CONVERT),
    (b"SIMPLE  =", "a FITS file", "write its array as .npy or TIFF first, as Astropy does"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "write its array as .npy first, as h5py does"),
    (b"CDF\1", "a NetCDF file", "write its array as .npy first"),
    (b"CDF\2", "a NetCDF file", "write its array as .npy first"),
    (b"MATLAB 5.0", "a MATLAB file", "write its array as .npy first, as scipy.io.loadmat and numpy.save do"),
    (b"PK\3\4", "a zip archive", "unpack it first"),
    (b"\x1f\x8b", "a gzip file", "unpack it first, as in 'gunzip -c FILE | imgconv apply - ...'"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it first"),
    (b"\xfd7zXZ\0", "an xz file", "unpack it first"),
    (b"BZh", "a bzip2 file", "unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"\x1aE\xdf\xa3", "a video (Matroska or WebM)", _FRAMES),
    (b"OggS", "a video or sound (Ogg)", _FRAMES),
    (b"FLV\1", "a video (FLV)", _FRAMES),
    (b"version https://git-lfs", "a Git LFS pointer, not the picture itself", "run 'git lfs pull' first"),
)
"""First bytes, what begins with them, and the way out."""

_BRANDS: tuple[tuple[tuple[bytes, ...], str, str], ...] = (
    ((b"crx ",), "a raw photograph (CR3)", _DEVELOP),
    (
        (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"),
        "a HEIC picture",
        "convert it to JPEG or PNG first, as 'heif-convert' does, or have the phone save the most compatible format",
    ),
)
"""Brands of files of boxes (ISO/IEC 14496-12), what bears them, and the way out; any other one is a video."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://\S")


def address(name: str) -> str:
    """Say that a name is an address, and the way out; nothing for any other name."""
    if not _ADDRESS.match(name):
        return ""
    way = "download it first, as in 'curl -L ADDRESS | imgconv apply - ...'"
    return f"this is an address, and only files are opened; {way}"


def described(head: bytes) -> str:
    """Say what a file that begins with `head`, `SEEN` bytes, is, and the way out; nothing if that is not known."""
    for prefix, what, way in _PREFIXES:
        if head.startswith(prefix):
            return f"this is {what}, which is not read here; {way}"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return f"this is a video (AVI), which is not read here; {_FRAMES}"
    if head[128:132] == b"DICM":
        return "this is a DICOM file, which is not read here; write its array as .npy or PNG first, as pydicom does"
    if head[4:8] == b"ftyp":
        for brands, what, way in _BRANDS:
            if any(brand in head[8:32] for brand in brands):
                return f"this is {what}, which is not read here; {way}"
        return f"this is a video, which is not read here; {_FRAMES}"
    return _text(head)


def _text(head: bytes) -> str:
    """Say what a file of text is, as far as that is known."""
    text = head.removeprefix(b"\xef\xbb\xbf")
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = text[2:].replace(b"\0", b"")
    text = text.lstrip().lower()
    if re.match(rb"(<\?xml|<!--|<!doctype svg|<svg)", text) and re.search(rb"<svg[\s>]", text):
        return f"this is an SVG drawing, which is not read here; {_DRAW}"
    if re.match(rb"(<!doctype html|<html|<head|<body|<script)", text) or (text.startswith(b"<") and b"<html" in text):
        return "this is a web page, not a picture; download the picture that it shows"
    if text.startswith(b"<?xml"):
        return "this is an XML document, not a picture"
    return ""
