"""Image files: the only part of imgconv that opens them.

    probe(source)            what the header says
    read(source)             the image, upright, in its own depth, with its metadata
    check_target(target, …)  refuse what cannot be written, before computing it
    write(target, image)     whole or not at all
    read_frames(source), write_frames(target, frames)  the same for animations and pages, one image at a time

A format is a row of `formats`, from which all that depends on it is read; `base` is the contract between the two.
The larger formats have a folder each, `png`, `tiff` and `gif`; `pillow` holds those that Pillow decodes, `simple` those
that need one module. `frames` is what animations and pages share, `metadata` what travels with pixels, `limits` what a
file may cost. Nothing but NumPy is imported before a file needs it, and to begin reading a PNG or JPEG file
(`imgconv.image.ahead`) not even that: while NumPy is still being imported, another thread decodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_HOMES = {
    "formats": ("FORMATS", "format_of"),
    "model": ("DTYPES", "Frame", "Header", "Image", "Metadata", "as_image"),
    "reader": ("probe", "read"),
    "frames.sequence": ("Frames", "read_frames", "write_frames"),
    "writer": ("check_target", "encode", "write"),
}

if TYPE_CHECKING:
    from imgconv.image.formats import FORMATS, format_of
    from imgconv.image.frames.sequence import Frames, read_frames, write_frames
    from imgconv.image.model import DTYPES, Frame, Header, Image, Metadata, as_image
    from imgconv.image.reader import probe, read
    from imgconv.image.writer import check_target, encode, write

__all__ = [
    "DTYPES",
    "FORMATS",
    "Frame",
    "Frames",
    "Header",
    "Image",
    "Metadata",
    "as_image",
    "check_target",
    "encode",
    "format_of",
    "probe",
    "read",
    "read_frames",
    "write",
    "write_frames",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            from importlib import import_module

            value = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
