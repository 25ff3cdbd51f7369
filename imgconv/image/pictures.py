"""Pictures hidden in other data: thumbnails and previews, as bytes or spelled in base64 or hexadecimal.

They show what a picture was before it was filtered, so they must not travel with the result.
"""

from __future__ import annotations

import re
from binascii import a2b_base64

_SIGNATURES = (
    # the first byte of some cameras' previews is another, until their software puts it right
    rb"[\x00-\xff]\xd8\xff(?=[\xc0-\xfe])",
    rb"\x89PNG\r\n\x1a\n",
    rb"GIF8[79]a",
    rb"RIFF[\x00-\xff]{4}WEBP",
    rb"\x00\x00\x00\x0c(?:jP  |JXL )\r\n\x87\n",
    rb"\x00\x00[\x00-\xff]{2}ftyp(?:avif|avis|hei[cx]|mif1|mp4[12]|isom|qt  )",
)
_RAW = re.compile(b"|".join(_SIGNATURES))
_SURE = re.compile(b"|".join((rb"\xff\xd8\xff[\xc0-\xfe]", *_SIGNATURES[1:])))
_HEX_DIGITS = re.compile(rb"(?:[0-9a-fA-F]{2}){32,}")
_HEX = re.compile(rb"ffd8ff[c-f][0-9a-f]|89504e470d0a1a0a|47494638[37]961", re.IGNORECASE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{40,}")
_BLANKS = re.compile(rb"&#(?:x[aAdD9]|1[03]|9);|\\[nr]|[\s\x00]+")
_JPEG, _PNG = b"\xd8\xff", b"\x89PNG"


def picture_spans(data: bytes) -> list[tuple[int, int]]:
    """Return where pictures begin and end in bytes; one whose end cannot be told takes all that follows.

    >>> picture_spans(b"note" + bytes.fromhex("ffd8ffda0002 1234 ffd9") + b"end")
    [(4, 14)]
    """
    found: list[tuple[int, int]] = []
    at = 0
    while match := _RAW.search(data, at):
        start = match.start()
        end = _jpeg_end(data, start) if data[start + 1 : start + 3] == _JPEG else _png_end(data, start)
        if end < 0 and data[start] != 0xFF:
            at = start + 1  # two bytes that only look like it
            continue
        at = end if end > 0 else len(data)
        found.append((start, at))
    return found


def holds_picture(data: bytes) -> bool:
    """Whether bytes of another meaning, such as a profile's, hold a picture beyond doubt."""
    return any(_jpeg_end(data, one.start()) > 0 or one[0][:1] != b"\xff" for one in _SURE.finditer(data))


def spells_picture(text: bytes) -> bool:
    """Whether a text holds a picture, as its bytes, in base64 or in hexadecimal digits; blanks may be in between.

    >>> spells_picture(b"data:image/jpeg;base64,/9j/" + b"4AAQSkZJRgABAQAA" * 3)
    True
    """
    if _SURE.search(text):
        return True
    plain = _BLANKS.sub(b"", text).replace(b"-", b"+").replace(b"_", b"/")
    if any(_HEX.search(run[0]) for run in _HEX_DIGITS.finditer(plain)):
        return True
    for run in _BASE64.finditer(plain):
        for start in range(4):
            digits = run[0][start:]
            if _SURE.search(a2b_base64(digits[: len(digits) // 4 * 4])):
                return True
    return False


def _jpeg_end(data: bytes, start: int) -> int:
    """Return where a JPEG file ends that begins at `start`, -1 where its segments make no sense."""
    at = start + 2
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if size < 2 or marker < 0xC0:
            return -1
        at += 2 + size
        if marker == 0xDA:
            end = data.find(b"\xff\xd9", at)
            return end + 2 if end >= 0 else len(data)
    return -1


def _png_end(data: bytes, start: int) -> int:
    """Return where a PNG file ends; -1 for another format."""
    end = data.find(b"IEND", start) if data[start : start + 4] == _PNG else -1
    return min(end + 8, len(data)) if end >= 0 else -1
