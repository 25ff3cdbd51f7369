"""Pictures and files that the image tests share."""

import struct
import zlib
from pathlib import Path

import numpy as np

KINDS = {1: ("grey", False), 2: ("grey", True), 3: ("RGB", False), 4: ("RGB", True)}


def noise(channels=3, dtype="uint8", rows=37, cols=53, seed=7):
    """Random samples over the full range of a type: (rows, cols, channels)."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=(rows, cols, channels)).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, (rows, cols, channels), dtype=dtype, endpoint=True)


def scene(rows=60, cols=80):
    """A smooth RGB picture, uint8, which lossy formats keep nearly as it is."""
    y, x = np.mgrid[:rows, :cols]
    parts = [x / cols, y / rows, 0.5 + 0.5 * np.sin(x / 9) * np.cos(y / 7)]
    return np.stack([np.rint(255 * part) for part in parts], axis=2).astype(np.uint8)


def png_chunk(name, data):
    """One PNG chunk with its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_file(width, height, depth, colour, rows, *, chunks=(), interlace=0, late=()):
    """A PNG file by hand: `rows` are the unfiltered bytes of each row."""
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", data), *late, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, part) for name, part in parts)


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""PNG's seven passes: first column and row, and the steps across and down (PNG, chapter 8.1)."""


def png_rows(values, depth, interlaced=False):
    """The unfiltered rows of a PNG image of any depth, pass by pass, from values of (rows, cols, channels)."""
    rows = []
    for left, top, right, down in ADAM7 if interlaced else ((0, 0, 1, 1),):
        part = values[top::down, left::right]
        if depth == 16:
            part = np.stack([part >> 8, part & 255], axis=3)
        if part.size:
            bits = part.reshape(len(part), -1)[:, :, None] >> np.arange(min(depth, 8))[::-1] & 1
            rows += [row.tobytes() for row in np.packbits(bits.reshape(len(part), -1).astype(np.uint8), axis=1)]
    return rows


def exif_block(orientation, order="<", thumbnail=False):
    """An EXIF block with a make, an orientation, and if asked a second directory as for a thumbnail."""
    entries = [(271, 2, 5, b"Duck\0"), (274, 3, 1, struct.pack(order + "H", orientation))]
    start = 8 + 2 + 12 * len(entries) + 4
    table, tail = struct.pack(order + "H", len(entries)), b""
    for tag, kind, count, data in entries:
        table += struct.pack(order + "HHI", tag, kind, count)
        if len(data) > 4:
            table += struct.pack(order + "I", start + len(tail))
            tail += data + b"\0" * (len(data) % 2)
        else:
            table += data.ljust(4, b"\0")
    following = start + len(tail) if thumbnail else 0
    block = table + struct.pack(order + "I", following) + tail
    if thumbnail:
        block += struct.pack(order + "HHHII", 1, 256, 3, 1, 8) + bytes(4)
    return {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8) + block


def leftovers(folder: Path):
    """Temporary files that a write left behind."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".imgconv-")]
