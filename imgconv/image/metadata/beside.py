"""What a file holds beside its picture that no other file gets: what is appended to it, and segments of other programs.

Source: ITU-T T.81 (1992), B.1; C2PA 2.1; ISO 21496-1; Adobe, XMP Specification Part 3, 1.1.3.1; PNG (Third Edition).
"""

from __future__ import annotations

import os
from typing import IO, Any

_SEGMENTS = (
    ("APP1", b"http://ns.adobe.com/xmp/extension/", "extended XMP"),
    ("APP2", b"urn:iso:std:iso:ts:21496", "gain map"),
    ("APP2", b"FPXR\0", "FlashPix data"),
    ("APP11", b"JP", "content credentials or other JUMBF data"),
)
_IPTC = 0x0404
_CHUNKS = {
    "caBX": "content credentials",
    "sCAL": "physical scale",
    "oFFs": "offset on the page",
    "mDCV": "mastering display",
    "cLLI": "light levels",
    "prVW": "preview",
}
_TAIL = 2**12
_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_PADDING = b"\0\xff\r\n \x1a"


def beside_jpeg(picture: Any, file: IO[bytes]) -> list[str]:
    """Return notes of what a JPEG file, as Pillow has opened it, holds that is not passed on."""
    found = dict.fromkeys(
        words
        for name, data in picture.applist
        for app, mark, words in _SEGMENTS
        if name == app and data.startswith(mark)
    )
    if _IPTC in (picture.info.get("photoshop") or {}):
        found["IPTC data"] = None
    notes = [f"its {words} {'are' if words.endswith('data') else 'is'} left out" for words in found]
    return notes + _behind_jpeg(file)


def beside_png(chunks: list[tuple[str, bytes]], behind: int) -> list[str]:
    """Return notes of what a PNG file holds that is not passed on; so many bytes follow its end."""
    found = [words for name, words in _CHUNKS.items() if any(name == one for one, _ in chunks)]
    notes = [f"its {words} ({_name(words)} chunk) is left out" for words in found]
    return notes + ([behind_words(behind, b"")] if behind else [])


def _name(words: str) -> str:
    return next(name for name, one in _CHUNKS.items() if one == words)


def behind_words(count: int, head: bytes) -> str:
    """Say that so many bytes behind a picture are left out, and what they are if their beginning tells."""
    kinds = ((head[4:8] == b"ftyp", ", a video,"), (head.startswith(b"\xff\xd8\xff"), ", another picture,"))
    kind = next((words for found, words in kinds if found), "")
    return f"{count} byte{'s' * (count != 1)} behind the picture{kind} {'are' if count != 1 else 'is'} left out"


def _behind_jpeg(file: IO[bytes]) -> list[str]:
    """Look for what is appended, if the file does not end with a picture's end mark, but for padding."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _TAIL))
    tail = file.read()
    last = tail.rfind(_END)
    if last >= 0 and not tail[last + len(_END) :].strip(_PADDING):
        return []
    file.seek(0)
    data = file.read()
    scan = data.find(_SCAN)
    stop = data.find(_END, scan)
    if scan < 0 or stop < 0:
        return []
    rest = data[stop + len(_END) :]
    return [behind_words(len(rest), rest[:8])]
