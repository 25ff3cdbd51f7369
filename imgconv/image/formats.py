"""The formats that come with imgconv, one row each, and which of them a file or a name means.

What a row says, and what its code has to do, stands in `imgconv.image.base`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from imgconv.errors import ImageWriteError, OptionError, did_you_mean, quoted
from imgconv.image.base import Format, Library, Limits
from imgconv.image.model import DTYPES

if TYPE_CHECKING:
    from imgconv.registry import Registry

Target = Any
"""A path or a binary file."""

OPENEXR = Library("OpenEXR", "imgconv[exr]")
IMAGECODECS = Library("imagecodecs", "imgconv[codecs]")

_OPAQUE = (("grey", False), ("RGB", False))
_PLAIN = (*_OPAQUE, ("grey", True), ("RGB", True))
_DEEP = ("uint8", "uint16")

ROWS = (
    Format(
        "PNG",
        ("png", "apng"),
        magic=rb"\x89PNG\r\n\x1a\n",
        opener=".png.open:open_png",
        encoder=".png.write:encode_png",
        kinds=_PLAIN,
        dtypes=_DEEP,
        carries=("icc", "exif", "xmp", "dpi", "text", "colour"),
        options=("compression",),
        unit="frame",
        frames_writer=".png.frames_write:ApngWriter",
        caution="an animated PNG, of which other programs may show the first frame only",
        limits=Limits(dpi=(0.0127, 5.45e7)),
    ),
    Format(
        "JPEG",
        ("jpg", "jpeg", "jpe"),
        magic=rb"\xff\xd8\xff",
        opener=".pillow.jpeg_open:open_jpeg",
        other_suffixes=("jfif", "jif", "jfi", "mpo"),
        encoder=".pillow.jpeg:encode_jpeg",
        kinds=(*_OPAQUE, ("CMYK", False)),
        carries=("icc", "exif", "xmp", "dpi", "comment"),
        options=("quality", "subsampling"),
        # of metadata what a segment holds, and 255 of them for a profile
        limits=Limits(65500, icc=255 * 65519, exif=65527, xmp=65504, text=65533, dpi=(0.5, 65535.5)),
        pillow="PIL.JpegImagePlugin:JpegImageFile",
    ),
    Format(
        "TIFF",
        ("tif", "tiff"),
        magic=rb"II[*+]\0|MM\0[*+]",
        opener=".tiff.open:open_tiff",
        encoder=".tiff.write:encode_tiff",
        kinds=(*_PLAIN, ("CMYK", False)),
        dtypes=DTYPES,
        carries=("icc", "exif", "xmp", "dpi", "tags"),
        any_channels=True,
        options=("compression",),
        unit="page",
        frames_writer=".tiff.pages:PageWriter",
        bands_writer=".tiff.bands_write:BandWriter",
    ),
    Format(
        "WebP",
        ("webp",),
        magic=rb"RIFF....WEBP",
        opener=".pillow.webp:open_webp",
        encoder=".pillow.webp:encode_webp",
        kinds=_PLAIN,
        carries=("icc", "exif", "xmp"),
        options=("compression", "quality"),
        unit="frame",
        frames_writer=".pillow.webp_frames:WebpWriter",
        limits=Limits(16383),
        pillow="PIL.WebPImagePlugin:WebPImageFile",
    ),
    Format(
        "BMP",
        ("bmp", "dib"),
        magic=rb"BM",
        opener=".simple.bmp:open_bmp",
        encoder=".simple.bmp:encode_bmp",
        kinds=_OPAQUE,
        carries=("dpi",),
        limits=Limits(dpi=(0.0127, 5.45e7)),
        pillow="PIL.BmpImagePlugin:BmpImageFile",
    ),
    Format(
        "GIF",
        ("gif",),
        magic=rb"GIF8[79]a",
        opener=".gif.open:open_gif",
        encoder=".gif.write:encode_gif",
        kinds=_PLAIN,
        carries=("comment",),
        cuts_alpha=True,
        unit="frame",
        frames_writer=".gif.write:GifWriter",
        limits=Limits(65535),
        pillow="PIL.GifImagePlugin:GifImageFile",
    ),
    Format("PBM", ("pbm",), magic=rb"P[14][\s#]", opener=".simple.netpbm:open_netpbm", family="Netpbm"),
    Format(
        "PGM",
        ("pgm",),
        magic=rb"P[25][\s#]",
        opener=".simple.netpbm:open_netpbm",
        encoder=".simple.netpbm:encode_pnm",
        kinds=(("grey", False),),
        dtypes=_DEEP,
        family="Netpbm",
    ),
    Format(
        "PPM",
        ("ppm",),
        magic=rb"P[36][\s#]",
        opener=".simple.netpbm:open_netpbm",
        encoder=".simple.netpbm:encode_pnm",
        kinds=(("RGB", False),),
        dtypes=_DEEP,
        family="Netpbm",
    ),
    Format(
        "PNM",
        ("pnm",),
        magic=b"",
        opener=".simple.netpbm:open_netpbm",
        encoder=".simple.netpbm:encode_pnm",
        kinds=_OPAQUE,
        dtypes=_DEEP,
        family="Netpbm",
    ),
    Format(
        "PAM",
        ("pam",),
        magic=rb"P7[\s#]",
        opener=".simple.netpbm:open_netpbm",
        encoder=".simple.netpbm:encode_pam",
        kinds=_PLAIN,
        dtypes=_DEEP,
        family="Netpbm",
    ),
    Format(
        "PFM",
        ("pfm",),
        magic=rb"P[Ff][\s#]",
        opener=".simple.netpbm:open_netpbm",
        encoder=".simple.netpbm:encode_pfm",
        kinds=_OPAQUE,
        dtypes=("float32",),
        family="Netpbm",
    ),
    Format(
        "AVIF",
        ("avif",),
        magic=rb"....ftyp.{0,20}avi[fs]",
        opener=".pillow.avif:open_avif",
        encoder=".pillow.avif:encode_avif",
        kinds=_PLAIN,
        carries=("icc", "exif", "xmp"),
        options=("quality", "subsampling"),
        pillow="PIL.AvifImagePlugin:AvifImageFile",
    ),
    Format(
        "JXL",
        ("jxl",),
        magic=rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n",
        opener=".simple.jpegxl:open_jxl",
        encoder=".simple.jpegxl:encode_jxl",
        kinds=_PLAIN,
        dtypes=("uint8", "uint16", "float16", "float32"),
        carries=("exif", "xmp", "colour"),
        options=("compression", "quality"),
        library=IMAGECODECS,
        title="JPEG XL",
    ),
    Format(
        "JPEG2000",
        ("jp2", "j2k"),
        magic=rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n",
        opener=".pillow.jpeg2000:open_jp2",
        other_suffixes=("jpx", "jpf", "jpc", "j2c"),
        encoder=".pillow.jpeg2000:encode_jp2",
        kinds=_PLAIN,
        dtypes=_DEEP,
        carries=("icc",),
        deep_library=IMAGECODECS,
        pillow="PIL.Jpeg2KImagePlugin:Jpeg2KImageFile",
        title="JPEG 2000",
    ),
    Format(
        "EXR",
        ("exr",),
        magic=rb"\x76\x2f\x31\x01",
        opener=".simple.exr:open_exr",
        encoder=".simple.exr:encode_exr",
        kinds=_PLAIN,
        dtypes=("float16", "float32"),
        carries=("dpi", "comment"),
        options=("compression",),
        limits=Limits(dpi=(1e-6, 1e6)),
        library=OPENEXR,
        title="OpenEXR",
    ),
    Format(
        "HDR",
        ("hdr",),
        magic=rb"[#][?](RADIANCE|RGBE)",
        opener=".simple.hdr:open_hdr",
        encoder=".simple.hdr:encode_hdr",
        kinds=_OPAQUE,
        dtypes=("float32",),
        title="Radiance HDR",
    ),
    Format(
        "NPY",
        ("npy",),
        magic=rb"\x93NUMPY",
        opener=".simple.npy:open_npy",
        encoder=".simple.npy:encode_npy",
        kinds=_PLAIN,
        dtypes=DTYPES,
        any_channels=True,
        array=True,
        title="NumPy",
    ),
)
"""Every format, in the order in which a file's beginning is held against them."""

FORMATS = tuple(row for row in ROWS if row.encoder)
"""Every format that can be written; all of them can be read as well."""

LIBRARIES = tuple(dict.fromkeys(filter(None, (needed for row in ROWS for needed in (row.library, row.deep_library)))))
"""The libraries that some formats need besides."""


_BY_WORD = {word: row for row in FORMATS for word in (row.name.lower(), *row.suffixes)}
_BY_NAME = {row.name: row for row in ROWS}


def sniff(head: bytes) -> Format | None:
    """Return the format that a file beginning with `head`, `SNIFFED` bytes, is in; None if it is in none of them.

    Raises:
        PluginError: it is none of imgconv's own, and another package's cannot be used.
    """
    return _recognised(ROWS, head) or _recognised(others(), head)


def _recognised(rows: Iterable[Format], head: bytes) -> Format | None:
    return next((row for row in rows if row.magic and re.match(row.magic, head, re.DOTALL)), None)


def others() -> tuple[Format, ...]:
    """Return the formats that other packages add, which takes time to look for: only for what the rows do not have.

    Raises:
        PluginError: one of them cannot be used.
    """
    registry, contract = room()
    return tuple(registry.added(contract).values())


def room() -> tuple[Registry, Callable[[str, Any], Format]]:
    """Return where the formats of other packages are found, and the contract that they keep."""
    from imgconv.image.added import room

    return room(ROWS)


def named(name: str) -> Format:
    """Return the row of a format by its name, as in `Header.format`."""
    return _BY_NAME.get(name) or next(row for row in others() if row.name == name)


def suffixes() -> list[str]:
    """Return the usual suffix of every format that can be written, without the dot, those of other packages too."""
    return [row.suffixes[0] for row in (*FORMATS, *others()) if row.encoder]


def _written_as(word: str) -> Format | None:
    """Return the format that a name or suffix, in lower case and without a dot, stands for, if it can be written."""
    if not word or word in _BY_WORD:
        return _BY_WORD.get(word)
    return next((row for row in others() if row.encoder and word in (row.name.lower(), *row.suffixes)), None)


def read_formats() -> str:
    """Name the formats that are read, for people; those of a family together, those of other packages last.

    >>> read_formats()[:20], read_formats()[-31:]
    ('PNG, JPEG, TIFF, Web', 'OpenEXR, Radiance HDR and NumPy')
    """
    families: dict[str, list[str]] = {}
    for row in (*ROWS, *others()):
        families.setdefault(row.family or row.title or row.name, []).append(row.name)
    *names, last = (f"{name} ({', '.join(each)})" if len(each) > 1 else name for name, each in families.items())
    return f"{', '.join(names)} and {last}"


def format_of(target: Target, format: str | None = None) -> str:
    """Return the name of the format to write: that of the word `format`, else what the target's suffix says.

    >>> format_of("edges.tif"), format_of("-", "jpg")
    ('TIFF', 'JPEG')

    Raises:
        OptionError: `format` is no format's name or suffix.
        ImageWriteError: the suffix is none, and `format` is not given.
        PluginError: it is none of imgconv's own, and another package's cannot be used.
    """
    return spec_of(target, format).name


def spec_of(target: Target, format: str | None = None) -> Format:
    """Return what `format_of` names, with all that it can hold."""
    if format:
        word = format.lower().lstrip(".")
        if row := _written_as(word):
            return row
        hint = did_you_mean(word, [*_BY_WORD, *suffixes()])
        raise OptionError("format", f"{quoted(format)} cannot be written; {', '.join(suffixes())} can{hint}")
    if not isinstance(target, (str, bytes, os.PathLike)):
        known = ", ".join(suffixes())
        raise OptionError("format", f"a pipe has no suffix to tell the format by; name one of {known}")
    name = os.fsdecode(target)
    suffix = os.path.splitext(name)[1].lower().lstrip(".")  # noqa: PTH122 - pathlib takes 3 ms to import
    if row := _written_as(suffix):
        return row
    fault = f"the suffix '.{suffix}' names no format that can be written" if suffix else "it has no suffix"
    raise ImageWriteError(name, f"{fault}; use one of {', '.join(suffixes())}, or --format")


def holders_of_several() -> str:
    """Name the suffixes of the formats that hold several images, such as ``.gif, .png or .tif``."""
    *names, last = [f".{item.suffixes[0]}" for item in FORMATS if item.unit]
    return f"{', '.join(names)} or {last}"
