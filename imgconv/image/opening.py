"""Opening: recognise the format, have its header read, and refuse what no decoder should be started for."""

from __future__ import annotations

import os
from typing import IO

from imgconv.errors import ImageReadError
from imgconv.image.base import SNIFFED, Opened
from imgconv.image.formats import read_formats, sniff
from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import decoding
from imgconv.image.limits.size import TOGETHER, check_size, pixels_of
from imgconv.image.metadata.profile import fitting_icc, patched_exif, profile_space, xmp_orientation
from imgconv.image.metadata.travelling import clean
from imgconv.image.model import COLOURS, Metadata

_NO_METADATA = Metadata()


def open_image(file: IO[bytes], name: str, max_pixels: int) -> Opened:
    """Return what the header of a file that can seek says of its (first) image.

    Raises:
        ImageReadError: it is no image, damaged as far as the header shows, or larger than the limit.
    """
    with decoding(name, "image"):
        head = file.read(SNIFFED)
    if not head:
        raise ImageReadError(name, "the file is empty")
    format = sniff(head)
    if not format:
        raise ImageReadError(name, _unread(head, file))
    with decoding(name, format.name):
        budget = Budget(file.seek(0, os.SEEK_END), max_pixels)
        file.seek(0)
        opened = format.open(file, budget)
        if opened.unit:
            budget.spend_frames(opened.frames, f"{opened.unit}s")
    return completed(opened, name, max_pixels)


def _unread(head: bytes, file: IO[bytes]) -> str:
    """Say what a file is that is not read here, by its first bytes, or which formats are read."""
    from imgconv.image.foreign import SEEN, described

    known = described(head + file.read(SEEN - len(head)))
    return known or f"this is no image of a format that is read here: {read_formats()}"


def completed(opened: Opened, name: str, max_pixels: int) -> Opened:
    """Complete what has been opened, and refuse what no decoder should be started for."""
    colours = opened.channels - opened.alpha
    if opened.channels > 0 and colours != COLOURS.get(opened.space, max(1, colours)):
        what = f"{opened.space} colours" if opened.space in COLOURS else "colours"
        channels = f"{opened.channels} channel{'s' * (opened.channels > 1)}{', of which one is alpha' * opened.alpha}"
        raise ImageReadError(name, f"the {opened.format} data cannot be read: {what} in {channels}")
    if not opened.turned and not opened.orientation:
        opened.orientation = xmp_orientation(opened.metadata.xmp)
    if opened.metadata != _NO_METADATA:
        opened.metadata, notes = clean(opened.metadata)
        opened.notes += notes
    _drop_unfit_profile(opened)
    _drop_damaged_exif(opened)
    # what can be decoded by rows is held to the limit where all of it is asked for; here a row is, and the work of all
    by_rows = opened.bands is not None and pixels_of(opened.width, 1, opened.channels) <= max_pixels
    check_size(name, opened.width, opened.height, opened.channels, max_pixels, TOGETHER if by_rows else 1)
    return opened


def _drop_unfit_profile(opened: Opened) -> None:
    icc = opened.metadata.icc
    if icc and not fitting_icc(icc, opened.space):
        words = profile_space(icc) or "damaged"
        opened.notes.append(f"its {words} colour profile does not fit {opened.space} pixels and is left out")
        opened.metadata = opened.metadata.replace(icc=b"")


def _drop_damaged_exif(opened: Opened) -> None:
    exif = opened.metadata.exif
    if exif and not patched_exif(exif):
        opened.notes.append("its EXIF data are damaged and are left out")
        opened.metadata = opened.metadata.replace(exif=b"")
