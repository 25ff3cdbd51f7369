"""Writing JPEG: libjpeg-turbo through Pillow, strip by strip on several threads, joined at restart markers.

A restart marker lets a decoder begin anew, so what stands between two of them can be encoded alone. The pixels that
are read back are the same as from one piece, and only the strips in work are in memory a second time.
Source: ITU-T T.81 (1992), annexes B.2 and E.1.4.
"""

from __future__ import annotations

import os
import struct
from io import BytesIO
from typing import IO, Any

from imgconv import cores
from imgconv.image.model import Image
from imgconv.image.parallel import ordered
from imgconv.image.pillow import picture_of, save_into

JPEG_QUALITY = 95

_BLOCK = 8
_STRIP_BYTES = 2**21
_FRAME, _SCAN, _RESTART_INTERVAL, _FIRST_RESTART = 0xC0, 0xDA, 0xDD, 0xD0


def encode_jpeg(image: Image, file: IO[bytes], level: int | None) -> tuple[str, ...]:
    """Write `image` as JPEG of quality 95 without chroma subsampling.

    A filter's result is not to be degraded in passing: at 95 and 4:4:4 the loss is below what one sees.
    """
    row_bytes = image.width * image.channels
    rows = max(1, _STRIP_BYTES // row_bytes // _BLOCK) * _BLOCK
    count = -(-image.height // rows)
    options = _described(image)

    def strip(number: int) -> bytes:
        part = image.pixels[number * rows : (number + 1) * rows]
        return _encoded(picture_of(part, image.space), {} if number else options)

    # Pillow lets other threads run only while it writes to a file of the system's
    threads = cores.available() if count > 1 and hasattr(os, "memfd_create") else 0
    for number, encoded in enumerate(ordered(strip, count, threads)):
        scan = _scan_place(encoded)
        data = memoryview(encoded)[scan + int.from_bytes(encoded[scan + 2 : scan + 4], "big") + 2 : -2]
        if number:
            file.write(bytes((0xFF, _FIRST_RESTART + (number - 1) % 8)))
        else:
            across = -(-image.width // _BLOCK)
            file.write(_front(encoded, scan, image.height, across * rows // _BLOCK if count > 1 else 0))
            data = memoryview(encoded)[scan:-2]
        file.write(data)
    file.write(b"\xff\xd9")
    return ()


def _described(image: Image) -> dict[str, Any]:
    meta = image.metadata
    options: dict[str, Any] = {"icc_profile": meta.icc or None}
    if meta.exif:
        options["exif"] = b"Exif\0\0" + meta.exif
    if meta.xmp:
        options["xmp"] = meta.xmp
    if meta.dpi:
        options["dpi"] = tuple(round(min(dots, 65535)) for dots in meta.dpi)
    if meta.text:
        options["comment"] = meta.text[0][1].encode()
    return options


def _encoded(picture: Any, options: dict[str, Any]) -> bytes:
    # in memory, as Pillow reports a full disk without the system's error number
    options = {"quality": JPEG_QUALITY, "subsampling": 0, **options}
    if not hasattr(os, "memfd_create"):
        made = BytesIO()
        save_into(made, picture, "JPEG", options)
        return made.getvalue()
    with os.fdopen(os.memfd_create("imgconv"), "w+b", buffering=0) as file:
        save_into(file, picture, "JPEG", options)
        size = file.seek(0, os.SEEK_END)
        return os.pread(file.fileno(), size, 0)


def _scan_place(encoded: bytes) -> int:
    """Return where the scan's header begins, by the lengths of the segments before it."""
    place = 2
    while encoded[place + 1] != _SCAN:
        place += 2 + int.from_bytes(encoded[place + 2 : place + 4], "big")
    return place


def _front(encoded: bytes, scan: int, height: int, interval: int) -> bytes:
    """Return everything before the scan, for a frame of `height` rows and restarts every `interval` blocks."""
    front = bytearray(encoded[:scan])
    place = 2
    while front[place + 1] != _FRAME:
        place += 2 + int.from_bytes(front[place + 2 : place + 4], "big")
    struct.pack_into(">H", front, place + 5, height)
    if interval:
        front += struct.pack(">BBHH", 0xFF, _RESTART_INTERVAL, 4, interval)
    return bytes(front)
