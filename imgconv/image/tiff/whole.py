"""Whether strips and tiles that libtiff decodes are whole: it only warns of those that are not, which Pillow drops.

Source: Adobe, TIFF Revision 6.0 (1992), sections 10 and 11; TIFF Technical Note 2 (1995).
"""

from __future__ import annotations

import struct
from io import BytesIO
from itertools import accumulate
from typing import IO

from imgconv.image.metadata.ifd import LONG, SHORT, pack_directory
from imgconv.image.tiff.layout import Layout
from imgconv.image.tiff.libtiff import libtiff_heard

JPEG, FAX = 7, (2, 3, 4)

_END = b"\xff\xd9"
_LAST_BYTES = 16
_LINES = bytes.fromhex("35a96c4e") * 16
_ADDED = {2: _LINES, 3: b"\x00\x10\x01" + _LINES, 4: _LINES}
"""What is no end of fax data; in that of group 3 each line begins with a mark."""


def check_whole(file: IO[bytes], layout: Layout) -> None:
    """Refuse an image some of whose strips or tiles break off.

    Raises:
        EOFError: one does.
    """
    if layout.compression == JPEG:
        for place, size in layout.segments:
            file.seek(place + max(0, size - _LAST_BYTES))
            if _END not in file.read(min(size, _LAST_BYTES)):
                raise EOFError
    elif layout.compression in FAX and not layout.tiled:
        # a strip that is whole is not read as far as what is added to it
        strips = []
        for place, size in layout.segments:
            file.seek(place)
            strips.append(file.read(size))
        if _decoded(strips, layout) != _decoded([strip + _ADDED[layout.compression] for strip in strips], layout):
            raise EOFError


def _decoded(strips: list[bytes], layout: Layout) -> bytes:
    """Return what libtiff makes of strips of fax data, eight pixels a byte."""
    from PIL.TiffImagePlugin import TiffImageFile

    counts = [len(strip) for strip in strips]
    size = 8 + len(pack_directory(_fields(layout, counts, 0), 8))
    head = b"II*\0\x08\0\0\0" + pack_directory(_fields(layout, counts, size), 8)
    with libtiff_heard():
        return TiffImageFile(BytesIO(b"".join((head, *strips)))).tobytes()


def _fields(layout: Layout, counts: list[int], start: int) -> dict[int, tuple[int, int, bytes]]:
    offsets = [start + before for before in accumulate(counts[:-1], initial=0)]
    one = {256: layout.width, 257: layout.height, 278: layout.unit[0]}
    one |= {292: layout.fax_options} if layout.compression == 3 else {293: layout.fax_options}
    short = {258: 1, 259: layout.compression, 262: 0, 266: layout.fill_order, 277: 1}
    table = {tag: (LONG, 1, struct.pack("<I", value)) for tag, value in one.items()}
    table |= {tag: (SHORT, 1, struct.pack("<H", value)) for tag, value in short.items()}
    listed = {273: offsets, 279: counts}
    return table | {tag: (LONG, len(row), struct.pack(f"<{len(row)}I", *row)) for tag, row in listed.items()}
