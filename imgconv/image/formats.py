"""The formats: how each is recognised, what it can hold, and which suffixes name it."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from imgconv.errors import ImageWriteError, OptionError, did_you_mean, quoted
from imgconv.image.model import DTYPES, Options, Samples

Target = Any
"""A path or a binary file."""


class Format(NamedTuple):
    """What a format that can be written holds.

    Attributes:
        name: as in `Header.format`.
        suffixes: without the dot; the first is the usual one.
        kinds: pairs (space, alpha) it holds.
        dtypes: sample types it holds.
        carries: the `Metadata` fields it holds; ``comment`` is one text called Comment.
        any_channels: whether it holds any number of channels.
        cuts_alpha: whether alpha is only on or off.
        options: the fields of `imgconv.image.model.Options` that mean something to it.
        unit: ``frame`` where it holds an animation, ``page`` where it holds pages, empty where but one image.
        library: what it needs to be read and written, if that is not installed with imgconv.
        deep_library: what it needs for 16 bits in several channels.
    """

    name: str
    suffixes: tuple[str, ...]
    kinds: tuple[tuple[str, bool], ...]
    dtypes: tuple[str, ...] = ("uint8",)
    carries: tuple[str, ...] = ()
    any_channels: bool = False
    cuts_alpha: bool = False
    options: tuple[str, ...] = ()
    unit: str = ""
    library: str = ""
    deep_library: str = ""

    def holds(self, space: str, alpha: bool) -> bool:
        """Whether pixels of that space can be written as they are."""
        return self.any_channels or (space, alpha) in self.kinds


_OPAQUE = (("grey", False), ("RGB", False))
_PLAIN = (*_OPAQUE, ("grey", True), ("RGB", True))
_DEEP = ("uint8", "uint16")

FORMATS = (
    Format(
        "PNG",
        ("png", "apng"),
        _PLAIN,
        _DEEP,
        ("icc", "exif", "xmp", "dpi", "text", "colour"),
        options=("compression",),
        unit="frame",
    ),
    Format(
        "JPEG",
        ("jpg", "jpeg", "jpe"),
        (*_OPAQUE, ("CMYK", False)),
        carries=("icc", "exif", "xmp", "dpi", "comment"),
        options=("quality", "subsampling"),
    ),
    Format(
        "TIFF",
        ("tif", "tiff"),
        (*_PLAIN, ("CMYK", False)),
        DTYPES,
        ("icc", "exif", "xmp", "dpi", "tags"),
        any_channels=True,
        options=("compression",),
        unit="page",
    ),
    Format("WebP", ("webp",), _PLAIN, carries=("icc", "exif", "xmp"), options=("compression", "quality"), unit="frame"),
    Format("BMP", ("bmp", "dib"), _OPAQUE, carries=("dpi",)),
    Format("GIF", ("gif",), _PLAIN, carries=("comment",), cuts_alpha=True, unit="frame"),
    Format("PGM", ("pgm",), (("grey", False),), _DEEP),
    Format("PPM", ("ppm",), (("RGB", False),), _DEEP),
    Format("PNM", ("pnm",), _OPAQUE, _DEEP),
    Format("PAM", ("pam",), _PLAIN, _DEEP),
    Format("PFM", ("pfm",), _OPAQUE, ("float32",)),
    Format(
        "AVIF",
        ("avif",),
        _PLAIN,
        carries=("icc", "exif", "xmp"),
        options=("quality", "subsampling"),
    ),
    Format(
        "JXL",
        ("jxl",),
        _PLAIN,
        ("uint8", "uint16", "float16", "float32"),
        ("exif", "xmp", "colour"),
        options=("compression", "quality"),
        library="imagecodecs",
    ),
    Format("JPEG2000", ("jp2", "j2k"), _PLAIN, _DEEP, ("icc",), deep_library="imagecodecs"),
    Format(
        "EXR",
        ("exr",),
        _PLAIN,
        ("float16", "float32"),
        ("dpi", "comment"),
        options=("compression",),
        library="OpenEXR",
    ),
    Format("HDR", ("hdr",), _OPAQUE, ("float32",)),
    Format("NPY", ("npy",), _PLAIN, DTYPES, any_channels=True),
)
"""Every format that can be written; all of them can be read as well."""

LIBRARIES = {"OpenEXR": "exr", "imagecodecs": "codecs"}
"""The libraries that some formats need besides, and the extra of this package that installs each."""

DEPTHS = {"8": "uint8", "16": "uint16", "float": "float32"}
"""The words for sample types that can be asked for."""

_BY_WORD = {word: item for item in FORMATS for word in (item.name.lower(), *item.suffixes)}


def sniff(head: bytes) -> str:
    """Return the name of the format that a file beginning with `head` (32 bytes) is in, or an empty text."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if head[:2] == b"BM":
        return "BMP"
    if head[4:8] == b"ftyp" and any(brand in head[8:32] for brand in (b"avif", b"avis")):
        return "AVIF"
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")):
        return "JXL"
    if head.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")):
        return "JPEG2000"
    if head.startswith(b"\x76\x2f\x31\x01"):
        return "EXR"
    if head.startswith((b"#?RADIANCE", b"#?RGBE")):
        return "HDR"
    if head[:6] == b"\x93NUMPY":
        return "NPY"
    if head[:1] == b"P" and head[1:2] in b"1234567Ff" and (head[2:3].isspace() or head[2:3] == b"#"):
        return "PNM"
    return ""


def format_of(target: Target, format: str | None = None) -> str:
    """Return the name of the format to write: that of the word `format`, else what the target's suffix says.

    >>> format_of("edges.tif"), format_of("-", "jpg")
    ('TIFF', 'JPEG')

    Raises:
        OptionError: `format` is no format's name or suffix.
        ImageWriteError: the suffix is none, and `format` is not given.
    """
    return spec_of(target, format).name


def spec_of(target: Target, format: str | None = None) -> Format:
    """Return what `format_of` names, with all that it can hold."""
    known = ", ".join(item.suffixes[0] for item in FORMATS)
    if format:
        word = format.lower().lstrip(".")
        if word not in _BY_WORD:
            hint = did_you_mean(word, _BY_WORD)
            raise OptionError("format", f"{quoted(format)} cannot be written; {known} can{hint}")
        return _BY_WORD[word]
    if not isinstance(target, (str, bytes, os.PathLike)):
        raise OptionError("format", f"a pipe has no suffix to tell the format by; name one of {known}")
    name = os.fsdecode(target)
    suffix = os.path.splitext(name)[1].lower().lstrip(".")  # noqa: PTH122 - pathlib takes 3 ms to import
    if suffix in _BY_WORD:
        return _BY_WORD[suffix]
    fault = f"the suffix '.{suffix}' names no format that can be written" if suffix else "it has no suffix"
    raise ImageWriteError(name, f"{fault}; use one of {known}, or --format")


def keepers(space: str, alpha: bool, dtype: str) -> str:
    """Name the suffixes of formats that hold such an image exactly, such as ``.png or .tif``."""
    names: list[str] = [f".{item.suffixes[0]}" for item in FORMATS if item.holds(space, alpha) and dtype in item.dtypes]
    return " or ".join([name for name in (".png", ".tif", ".npy") if name in names][:2])


def conversions(name: str, samples: Samples, spec: Format) -> tuple[str, ...]:
    """Return notes of what writing `samples` converts; `name` is the target's, for messages.

    Raises:
        ImageWriteError: the format cannot hold them.
    """
    space, alpha, notes = samples.space, samples.alpha, []
    keep = keepers(space, alpha, samples.dtype)
    if samples.dtype not in spec.dtypes:
        into, held = float_in(spec, samples.dtype), _type_words(samples.dtype)
        if not into:
            depths = [word for word, dtype in DEPTHS.items() if dtype in spec.dtypes]
            fault = f"{spec.name} cannot hold {held} samples"
            if depths == ["float"]:
                fault = f"{spec.name} holds {' and '.join(map(_type_words, spec.dtypes))}s only"
            raise ImageWriteError(name, f"{fault}; write {keep} to keep them, or use --depth {' or '.join(depths)}")
        if samples.dtype == "float64":
            notes.append(f"{held}s are rounded to {spec.name}'s {_type_words(into)[:2]} bits ({keep} keeps them)")
        else:
            notes.append(f"{held}s are written as {_type_words(into)}s, which hold them exactly")
    if not spec.holds(space, alpha):
        if alpha and spec.holds(space, False):
            raise ImageWriteError(name, f"{spec.name} cannot hold alpha; write {keep} to keep it, or use --alpha drop")
        if space == "CMYK" and spec.holds("RGB", alpha):
            notes.append(f"CMYK is converted to RGB, as {spec.name} holds no CMYK (.tif and .jpg do)")
        else:
            raise ImageWriteError(name, f"{spec.name} cannot hold {_kind_words(samples)}; write {keep} instead")
    if alpha and spec.cuts_alpha:
        notes.append(f"{spec.name} holds no partial transparency: alpha is cut at one half (PNG keeps it)")
    return tuple(notes)


def unheeded(spec: Format, options: Options) -> tuple[str, ...]:
    """Return notes of the options of writing that mean nothing to a format."""
    notes = []
    for field in ("compression", "quality", "subsampling"):
        if field not in spec.options and getattr(options, field) not in (None, "keep"):
            others = ", ".join(item.name for item in FORMATS if field in item.options)
            notes.append(f"{spec.name} takes no {field}, which goes with {others}")
    return tuple(notes)


def float_in(spec: Format, dtype: str) -> str:
    """Return the float type that a format holds floats of type `dtype` in, an empty text if none."""
    if not dtype.startswith("float"):
        return ""
    held = [kind for kind in DTYPES if kind in spec.dtypes and kind.startswith("float")]
    return next((kind for kind in held if DTYPES.index(kind) >= DTYPES.index(dtype)), held[-1] if held else "")


def holders_of_several() -> str:
    """Name the suffixes of the formats that hold several images, such as ``.gif, .png or .tif``."""
    *names, last = [f".{item.suffixes[0]}" for item in FORMATS if item.unit]
    return f"{', '.join(names)} or {last}"


def _type_words(dtype: str) -> str:
    bits = dtype.lstrip("uintfloa")
    return f"{bits}-bit float" if dtype.startswith("float") else f"{bits}-bit"


def _kind_words(samples: Samples) -> str:
    if samples.space == "other":
        return f"{samples.channels} channels"
    return f"{samples.space} pixels" + (" with alpha" if samples.alpha else "")
