"""Writing GIF: one image or an animation, palettes made here, packed by Pillow.

Colours are kept as long as a palette has room for them. A frame of an animation holds the rectangle that has changed,
or all of the picture where there is transparency, which nothing else could bring back.
Source: GIF89a Specification (CompuServe, 1990).
"""

from __future__ import annotations

import struct
from fractions import Fraction
from io import BytesIO
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.image.frames.canvas import changed
from imgconv.image.frames.clock import Clock, limited
from imgconv.image.gif.read import GifBlocks
from imgconv.image.limits.budget import Budget
from imgconv.image.metadata.texts import bytes_of
from imgconv.image.model import Image, Options, Pixels
from imgconv.image.pillow.open import save_into
from imgconv.image.pillow.samples import picture_of

GIF_COLOURS = 256
_CLEAR = GIF_COLOURS - 1
_MOST_PLAYS, _MOST_TICKS = 2**16, 2**16 - 1
_KEEP, _CLEAR_AREA = 1, 2

Packed = NDArray[np.uint32]


class Painted(NamedTuple):
    """A picture as indices, (rows, cols), and their colours, (entries, 3)."""

    indices: NDArray[np.uint8]
    palette: NDArray[np.uint8]


def encode_gif(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image` as GIF: up to 256 colours exactly, more of them reduced."""
    colours, clear = _parts(image)
    entries = GIF_COLOURS - (clear is not None and bool(clear.any()))
    found = _colours(colours, entries)
    notes: tuple[str, ...] = ()
    if found is None:
        painted = _reduced(colours, entries)
        count = len(np.unique(_packed(colours)))
        notes = (f"GIF holds {entries} colours: {count} were reduced to that (PNG keeps them)",)
    else:
        painted = _exact(colours, found)
    how: dict[str, Any] = {}
    if entries < GIF_COLOURS and clear is not None:
        painted.indices[clear] = _CLEAR
        how["transparency"] = _CLEAR
    if image.metadata.text:
        how["comment"] = bytes_of(image.metadata.text[0][1])
    file.write(_still(painted, how))
    return notes


class GifWriter:
    """An animated GIF file on its way into `file`, which can seek.

    The first palette is filled with colours as they come, and serves every frame as long as it has room; a frame with
    too many others gets a palette of its own.
    """

    def __init__(self, file: IO[bytes], plays: int, options: Options, most: int) -> None:
        self._file, self._start = file, file.tell()
        self._plays, self._notes = limited(plays, _MOST_PLAYS, "GIF")
        self._clock = Clock("GIF", 100, _MOST_TICKS)
        self._before: Pixels | None = None
        self._shared = np.empty(0, np.uint32)
        self._frames = self._reduced = 0

    def add(self, image: Image, duration: Fraction | None) -> None:
        """Write the next frame; all have the same size and samples."""
        colours, clear = _parts(image)
        if self._before is None:
            self._begin(image)
        left, top, width, height = changed(None if image.alpha else self._before, colours)
        self._before = colours
        part = np.ascontiguousarray(colours[top : top + height, left : left + width])
        painted, own = self._painted(part, GIF_COLOURS - image.alpha)
        if clear is not None:
            painted.indices[clear] = _CLEAR
        still = _still(painted, {})
        frame = GifBlocks(still, Budget(len(still))).frames[0]
        flags = (_CLEAR_AREA if image.alpha else _KEEP) << 2 | image.alpha
        self._file.write(struct.pack("<BBBBHBB", 0x21, 0xF9, 4, flags, self._clock.ticks(duration), _CLEAR, 0))
        self._file.write(struct.pack("<BHHHHB", 0x2C, left, top, width, height, 0x87 * own | 0x40 * frame.interlaced))
        self._file.write((_table(painted.palette) if own else b"") + frame.data)
        self._frames += 1

    def finish(self) -> tuple[str, ...]:
        """Write what comes at the end, and the first palette; return notes."""
        self._file.write(b";")
        end = self._file.tell()
        self._file.seek(self._start + 13)
        self._file.write(_table(_unpacked(self._shared)))
        self._file.seek(end)
        few: tuple[str, ...] = ()
        if self._reduced:
            many = f"{self._reduced} of {self._frames} frames have more than GIF's {GIF_COLOURS} colours"
            few = (f"{many} and were reduced to that (PNG and WebP keep them)",)
        return (*self._notes, *self._clock.notes, *few)

    def _begin(self, image: Image) -> None:
        head = struct.pack("<6sHHBBB", b"GIF89a", image.width, image.height, 0xF7, 0, 0)
        self._file.write(head + bytes(3 * GIF_COLOURS))
        if self._plays != 1:
            again = max(self._plays - 1, 0)
            self._file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + again.to_bytes(2, "little") + b"\0")
        if image.metadata.text:
            comment = bytes_of(image.metadata.text[0][1])
            blocks = [comment[at : at + 255] for at in range(0, len(comment), 255)]
            self._file.write(b"\x21\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0")

    def _painted(self, colours: Pixels, entries: int) -> tuple[Painted, bool]:
        """Return a picture with its palette, and whether that is one of its own."""
        found = _colours(colours, entries)
        if found is None:
            self._reduced += 1
            return _reduced(colours, entries), True
        new = np.setdiff1d(found, self._shared)
        if len(self._shared) + len(new) > entries:
            return _exact(colours, found), True
        self._shared = np.concatenate([self._shared, new])
        return _exact(colours, self._shared), False


def _parts(image: Image) -> tuple[Pixels, NDArray[np.bool_] | None]:
    """Return an image's colours, (rows, cols, 3), and where it is transparent if it has alpha."""
    colours = image.pixels[:, :, : image.channels - image.alpha]
    clear = image.pixels[:, :, -1] < GIF_COLOURS // 2 if image.alpha else None
    if clear is not None:
        colours = colours * ~clear[:, :, None]
    return np.repeat(colours, 3, axis=2) if colours.shape[2] == 1 else np.ascontiguousarray(colours), clear


def _packed(colours: Pixels) -> Packed:
    wide = colours.astype(np.uint32)
    return np.asarray(wide[:, :, 0] << 16 | wide[:, :, 1] << 8 | wide[:, :, 2], np.uint32)


def _unpacked(found: Packed) -> NDArray[np.uint8]:
    return np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.uint8)


def _colours(colours: Pixels, most: int) -> Packed | None:
    """Return the colours of a picture, ascending; None if there are more than `most`."""
    found = picture_of(colours, "RGB").getcolors(most)
    if found is None:
        return None
    return np.array(sorted(red << 16 | green << 8 | blue for _, (red, green, blue) in found), np.uint32)


def _exact(colours: Pixels, found: Packed) -> Painted:
    """Return a picture all of whose colours are among those `found`."""
    order = np.argsort(found)
    places = np.searchsorted(found, _packed(colours), sorter=order)
    return Painted(order.astype(np.uint8)[places], _unpacked(found))


def _reduced(colours: Pixels, entries: int) -> Painted:
    """Return a picture in the colours that stand best for its own."""
    import PIL.Image

    picture = picture_of(colours, "RGB").quantize(entries, dither=PIL.Image.Dither.NONE)
    palette = np.array(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)[:entries]
    return Painted(np.array(picture), palette)


def _table(palette: NDArray[np.uint8]) -> bytes:
    return palette.tobytes().ljust(3 * GIF_COLOURS, b"\0")


def _still(painted: Painted, how: dict[str, Any]) -> bytes:
    """Return a GIF file of one picture."""
    import PIL.Image

    rows, cols = painted.indices.shape
    picture = PIL.Image.frombytes("P", (cols, rows), painted.indices.tobytes())
    picture.putpalette(_table(painted.palette))
    # Pillow reports a full disk without the system's error number, so it writes to memory
    encoded = BytesIO()
    save_into(encoded, picture, "GIF", {"optimize": False, **how})
    return encoded.getvalue()
