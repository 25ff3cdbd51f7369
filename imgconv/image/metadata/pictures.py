"""Pictures hidden in other data: thumbnails and previews, as bytes or spelled in base64 or hexadecimal.

They show what a picture was before it was filtered, so they must not travel with the result.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator

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
_MARKS = ((b"\xd8\xff", 1), (b"\x89PNG", 0), (b"GIF8", 0), (b"RIFF", 0), (b"\r\n\x87\n", 8), (b"ftyp", 4))
"""What stands in each signature, and where in it: to find that takes a hundredth of the time of the patterns."""
_JPEG, _PNG = b"\xd8\xff", b"\x89PNG"
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"ftyp")
_DIGITS = tuple(one.hex().encode() for one in _BEGINNINGS)
_LINE_ENDS = re.compile(rb"&#(?:x[aAdD9]|1[03]|9);|\\[nr]")
_AFTER = re.compile(rb"[A-Za-z0-9+/]{32}")
_HEX_AFTER = re.compile(rb"[0-9a-f]{48}")
_MOST_GUESSES = 1000


def _spellings() -> Iterator[tuple[bytes, int]]:
    """Yield what a beginning looks like in base64, wherever it stands, and how many digits of its group are before."""
    for beginning in _BEGINNINGS:
        for before in range(3):
            digits = b2a_base64(bytes(before) + beginning, newline=False)
            first = -(-before * 8 // 6)
            yield digits[first : (before + len(beginning)) * 8 // 6], first


_SPELLINGS = tuple(_spellings())


def picture_spans(data: bytes) -> list[tuple[int, int]]:
    """Return where pictures begin and end in bytes; one whose end cannot be told takes all that follows.

    >>> picture_spans(b"note" + bytes.fromhex("ffd8ffda0002 1234 ffd9") + b"end")
    [(4, 14)]
    """
    found: list[tuple[int, int]] = []
    failed, at, guesses = set[int](), 0, 0
    for start in _candidates(data):
        if start < at or not _RAW.match(data, start):
            continue
        end = _jpeg_end(data, start, failed) if data[start + 1 : start + 3] == _JPEG else _png_end(data, start)
        guesses += end < 0
        if end < 0 and data[start] != 0xFF and guesses < _MOST_GUESSES:
            at = start + 1  # two bytes that only look like it
            continue
        at = end if end > 0 else len(data)
        found.append((start, at))
    return found


def holds_picture(data: bytes) -> bool:
    """Whether bytes of another meaning, such as a profile's, hold a picture beyond doubt."""
    failed = set[int]()
    starts = (start for start in _candidates(data) if _SURE.match(data, start))
    return any(data[start] != 0xFF or _jpeg_end(data, start, failed) > 0 for start in starts)


def spells_picture(text: bytes) -> bool:
    """Whether a text holds a picture, as its bytes, in base64 or in hexadecimal digits; blanks may be in between.

    >>> spells_picture(b"data:image/jpeg;base64,/9j/" + b"4AAQSkZJRgABAQAA" * 3)
    True
    """
    if any(_SURE.match(text, start) for start in _candidates(text)):
        return True
    plain = _LINE_ENDS.sub(b"", text) if b"&#" in text or b"\\" in text else text
    plain = plain.translate(None, b" \t\r\n\0").replace(b"-", b"+").replace(b"_", b"/")
    if any(_encoded(plain, digits, before) for digits, before in _SPELLINGS):
        return True
    small = plain.lower()
    return any(_HEX_AFTER.match(small, at) for digits in _DIGITS for at in _places(small, digits))


def _candidates(data: bytes) -> list[int]:
    """Return where a picture may begin."""
    places = (at - before for mark, before in _MARKS for at in _places(data, mark))
    return sorted({place for place in places if place >= 0})


def _encoded(plain: bytes, digits: bytes, before: int) -> bool:
    """Whether a picture's beginning stands in a text where these digits of base64 are, so many before them."""
    for number, at in enumerate(_places(plain, digits)):
        if number == _MOST_GUESSES:
            return True  # nobody's text
        for start in (at - before, at - before - 4, at - before - 8):
            if start >= 0 and _AFTER.match(plain, at) and _SURE.search(a2b_base64(plain[start : start + 40])):
                return True
    return False


def _places(data: bytes, part: bytes) -> Iterator[int]:
    at = data.find(part)
    while at >= 0:
        yield at
        at = data.find(part, at + 1)


def _jpeg_end(data: bytes, start: int, failed: set[int]) -> int:
    """Return where a JPEG file ends that begins at `start`, -1 where its segments make no sense.

    `failed` are the places from which no segments lead on, so that no way is gone twice.
    """
    at = start + 2
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data) and at not in failed:
        failed.add(at)
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
