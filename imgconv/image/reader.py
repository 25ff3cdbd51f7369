"""Reading: recognise the format, check the size, decode, turn upright."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

import numpy as np

from imgconv.errors import ImageReadError
from imgconv.image.files import name_of, open_source
from imgconv.image.formats import sniff
from imgconv.image.guard import check_size, decoding
from imgconv.image.model import Header, Image, Metadata, Opened, Pixels
from imgconv.image.profile import fitting_icc, profile_space, upright_exif, upright_xmp, xmp_orientation

_SNIFFED = 32


def probe(source: Any, *, name: str | None = None) -> Header:
    """Return what a file says about its image, without decoding a pixel.

    `source` is a path, the file's bytes, or an open binary file; `name` is what messages call it.

    Raises:
        ImageReadError: it is missing, no image, damaged as far as the header shows, or larger than the limit.
    """
    called = name or name_of(source)
    file = open_source(source, called)
    try:
        return _header(_opened(file, called), called)
    finally:
        _leave(file, source)


def read(source: Any, *, name: str | None = None) -> Image:
    """Return the (first) image of a file, upright, in its own depth, with its metadata.

    Palettes and transparent colours become RGB and alpha, one-bit pictures grey of 0 and 255; CMYK stays CMYK.
    Sample types without a counterpart here become floats that hold every value, with a note.

    Args:
        source: a path, the file's bytes, or an open binary file. Nothing else is opened: no addresses.
        name: what messages call it.

    Raises:
        ImageReadError: it is missing, no image, damaged or cut short, or larger than the limit.
    """
    called = name or name_of(source)
    file = open_source(source, called)
    try:
        opened = _opened(file, called)
        header = _header(opened, called)
        with decoding(called, opened.format) as remarks:
            pixels = opened.load()
            _check_remarks(remarks, called, opened.format)
    finally:
        _leave(file, source)
    expected = (opened.height, opened.width, opened.channels)
    if pixels.shape != expected or pixels.dtype.name != opened.dtype:
        problem = f"its pixels ({pixels.shape}, {pixels.dtype.name}) are other than its header says"
        raise ImageReadError(called, f"{problem} ({expected}, {opened.dtype})")
    return Image(
        upright(pixels, opened.orientation),
        alpha=opened.alpha,
        space=opened.space,
        metadata=_upright_metadata(opened),
        header=header,
        notes=header.notes,
    )


def _leave(file: IO[bytes], source: Any) -> None:
    if file is not source:
        file.close()


def _opened(file: IO[bytes], name: str) -> Opened:
    with decoding(name, "image"):
        head = file.read(_SNIFFED)
    if not head:
        raise ImageReadError(name, "the file is empty")
    format = sniff(head)
    if not format:
        known = "PNG, JPEG, TIFF, WebP, BMP, GIF, Netpbm (PBM, PGM, PPM, PAM, PFM) and .npy"
        raise ImageReadError(name, f"this is no image of a format that is read here: {known}")
    with decoding(name, format):
        file.seek(0)
        opened = _OPENERS[format](file)
    if not opened.turned and not opened.orientation:
        opened.orientation = xmp_orientation(opened.metadata.xmp)
    _drop_unfit_profile(opened)
    check_size(name, opened.width, opened.height, opened.channels)
    return opened


def _drop_unfit_profile(opened: Opened) -> None:
    icc = opened.metadata.icc
    if icc and not fitting_icc(icc, opened.space):
        words = profile_space(icc) or "damaged"
        opened.notes.append(f"its {words} colour profile does not fit {opened.space} pixels and is left out")
        opened.metadata = opened.metadata.replace(icc=b"")


def _open_png(file: IO[bytes]) -> Opened:
    from imgconv.image.pngread import open_png

    return open_png(file)


def _open_tiff(file: IO[bytes]) -> Opened:
    from imgconv.image.tiff import open_tiff

    return open_tiff(file)


def _open_netpbm(file: IO[bytes]) -> Opened:
    from imgconv.image.netpbm import open_netpbm

    return open_netpbm(file)


def _open_npy(file: IO[bytes]) -> Opened:
    from imgconv.image.npy import open_npy

    return open_npy(file)


def _by_pillow(format: str) -> Callable[[IO[bytes]], Opened]:
    def opener(file: IO[bytes]) -> Opened:
        from imgconv.image.pillow import open_pillow

        return open_pillow(file, format)

    return opener


_OPENERS: dict[str, Callable[[IO[bytes]], Opened]] = {
    "PNG": _open_png,
    "TIFF": _open_tiff,
    "PNM": _open_netpbm,
    "NPY": _open_npy,
    **{format: _by_pillow(format) for format in ("JPEG", "WebP", "BMP", "GIF")},
}


def _header(opened: Opened, name: str) -> Header:
    notes = list(opened.notes)
    if opened.frames > 1:
        kind = "pages" if opened.format == "TIFF" else "frames" if opened.format in _ANIMATED else "pictures"
        notes.append(f"has {opened.frames} {kind}; the first one is read")
    turned = opened.orientation > 4
    return Header(
        name=name,
        format=opened.format,
        width=opened.height if turned else opened.width,
        height=opened.width if turned else opened.height,
        channels=opened.channels,
        alpha=opened.alpha,
        dtype=opened.dtype,
        space=opened.space,
        frames=opened.frames,
        notes=tuple(notes),
    )


_ANIMATED = ("GIF", "WebP", "PNG")


def _check_remarks(remarks: list[str], name: str, format: str) -> None:
    """Refuse what a decoder only warns of: data that break off."""
    for remark in remarks:
        if any(word in remark.lower() for word in ("truncated", "premature", "corrupt jpeg")):
            raise ImageReadError(name, f"the {format} data breaks off before the end of the image")


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn stored pixels upright: EXIF orientation 1 to 8, as CIPA DC-008 defines it.

    >>> upright(np.arange(6).reshape(2, 3, 1), 6)[:, :, 0].tolist()
    [[3, 0], [4, 1], [5, 2]]
    """
    if orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _upright_metadata(opened: Opened) -> Metadata:
    meta = opened.metadata
    dpi = meta.dpi[::-1] if meta.dpi and opened.orientation > 4 else meta.dpi
    return meta.replace(exif=upright_exif(meta.exif), xmp=upright_xmp(meta.xmp), dpi=dpi)
