"""Whether a JPEG file has all of its rows: libjpeg fills those that are missing with grey, and Pillow does not say so.

Where the lower right corner is of that grey, the file is decoded once more with bytes added at the end of each scan. A
scan that is whole is not read that far; one that is short goes on with them, and gives other pixels.
Source: ITU-T T.81 (1992), B.1.1.3 and B.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from imgconv.image.limits.guard import DataError

MOST_SCANS = 100
"""How many scans of a progressive JPEG file are read: one of few bytes takes the time of the whole image."""

_SCAN, _END = 0xDA, 0xD9
_MARKER = re.compile(rb"\xFF([^\x00\x01\xD0-\xD7\xFF])")
"""A JPEG marker, apart from those that stand within a scan's data (ITU-T T.81, B.1.1.3)."""

_FILLED = (b"\x80", b"\x7f")
"""Middle grey, and the ink of it."""
_CORNER = 4
_ADDED = b"".join(bytes.fromhex("55aa3ce1") * 16 + bytes((0xFF, 0xD0 + number % 8)) for number in range(16))
"""Any codes, and each restart marker, as a decoder may wait for one."""


def scan_ends(data: bytes) -> Iterator[int]:
    """Yield where the data of each scan end, which is where the next marker stands."""
    at, within = 2, False
    while found := _MARKER.search(data, at):
        if within:
            yield found.start()
        within = found[1][0] == _SCAN
        if found[1][0] == _END:
            return
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")


def check_scans(data: bytes) -> None:
    """Refuse a file of so many scans that its few bytes would take long.

    Raises:
        DataError: there are more than `MOST_SCANS`.
    """
    if data.count(bytes((0xFF, _SCAN))) <= MOST_SCANS:
        return  # not all of them need be markers
    scans = sum(1 for _ in scan_ends(data))
    if scans > MOST_SCANS:
        raise DataError(f"it has {scans} scans, and {MOST_SCANS} are the most that are read")


def may_lack_rows(picture: Any) -> bool:
    """Whether the lower right corner of a decoded Pillow image is of the grey that stands for missing rows."""
    width, height = picture.size
    corner: bytes = picture.crop((max(0, width - _CORNER), max(0, height - _CORNER), width, height)).tobytes()
    return corner.strip(_FILLED[0]) == b"" or corner.strip(_FILLED[1]) == b""


def with_more(data: bytes) -> bytes:
    """Return a file with bytes added at the end of each scan."""
    parts, before = [], 0
    for end in scan_ends(data):
        parts += [data[before:end], _ADDED]
        before = end
    return b"".join((*parts, data[before:]))
