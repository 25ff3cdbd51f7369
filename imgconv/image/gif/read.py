"""Reading animated GIF: the blocks here, what is in them through Pillow, put together on a canvas.

Pillow puts frames together too, but it counts what is left of a file that breaks off as all of it, and takes a
disposal that nobody stated from the frame before. Source: GIF89a Specification (CompuServe, 1990).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from imgconv.image.base import Opened
from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.model import Pixels
from imgconv.value import Value

if TYPE_CHECKING:
    from imgconv.image.frames.canvas import Patch

_GREYS = bytes(level for entry in range(256) for level in (entry,) * 3)
_COLOURFUL = bytes((1, 2, 3)) * 256
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_HUNDREDTHS = 100
_SPARE = 2**20


class GifFrame(Value):
    """One image of a GIF file, as it is stored.

    Attributes:
        left, top, width, height: where it lies.
        palette: three bytes an entry.
        clear: the entry that is transparent, or None.
        disposal: 0 and 1 keep it, 2 clears its rectangle, 3 brings back what was below.
        delay: hundredths of a second.
        interlaced: whether the rows come in four passes.
        data: its packed pixels, from the code size to the empty block behind them.
    """

    left: int
    top: int
    width: int
    height: int
    palette: bytes
    clear: int | None
    disposal: int
    delay: int
    interlaced: bool
    data: memoryview


class GifBlocks:
    """What the blocks of a GIF file say.

    Attributes:
        width, height: of the screen, as large at least as the first frame needs.
        frames: its images.
        plays: how often it is shown, 0 for ever. GIF counts the repetitions.
        ended: whether the file has its end mark.
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._data, self._at, self._budget = memoryview(data), 13, budget
        self.frames: list[GifFrame] = []
        self.plays, self.ended = 1, False
        self._clear: int | None = None
        self._disposal = self._delay = 0
        if len(data) < self._at:
            raise EOFError
        self.width, self.height, flags = struct.unpack("<HHB", data[6:11])
        self._palette = self._colours(flags)
        while self._at < len(data) and not self.ended:
            match self._take(1)[0]:
                case 0x21:
                    self._extension(self._take(1)[0])
                case 0x2C:
                    self._image()
                case 0x3B:
                    self.ended = True
        if self.frames:
            first = self.frames[0]
            self.width = max(self.width, first.left + first.width)
            self.height = max(self.height, first.top + first.height)

    def _take(self, size: int) -> memoryview:
        self._budget.spend()
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise EOFError
        self._at += size
        return taken

    def _colours(self, flags: int) -> bytes:
        return bytes(self._take(3 << (flags & 7) + 1)) if flags & 0x80 else b""

    def _blocks(self) -> list[memoryview]:
        found = []
        while size := self._take(1)[0]:
            found.append(self._take(size))
        return found

    def _extension(self, label: int) -> None:
        blocks = self._blocks()
        if label == 0xF9 and blocks and len(blocks[0]) >= 4:
            flags, self._delay, clear = struct.unpack("<BHB", blocks[0][:4])
            self._clear, self._disposal = clear if flags & 1 else None, flags >> 2 & 7
        elif label == 0xFF and len(blocks) > 1 and bytes(blocks[0]) in _LOOPS:
            block = bytes(blocks[1])
            if len(block) >= 3 and block[0] & 7 == 1:
                again = int.from_bytes(block[1:3], "little")
                self.plays = again + 1 if again else 0

    def _image(self) -> None:
        left, top, width, height, flags = struct.unpack("<HHHHB", self._take(9))
        palette = self._colours(flags) or self._palette or _GREYS
        start = self._at
        self._take(1)
        while size := self._take(1)[0]:
            self._take(size)
        data = self._data[start : self._at]
        interlaced = bool(flags & 0x40)
        self.frames.append(
            GifFrame(left, top, width, height, palette, self._clear, self._disposal, self._delay, interlaced, data)
        )
        self._clear, self._disposal, self._delay = None, 0, 0


def gif_blocks(file: IO[bytes], budget: Budget) -> GifBlocks:
    """Read all blocks of a GIF file.

    Raises:
        EOFError: it breaks off within one.
    """
    file.seek(0)
    return GifBlocks(file.read(), budget)


def as_animation(opened: Opened, blocks: GifBlocks) -> Opened:
    """Return what has been opened as an animation of all the frames; it keeps the metadata."""
    from imgconv.image.frames.canvas import shows_through

    width, height = blocks.width, blocks.height
    patches = [_patch(frame, width, height) for frame in blocks.frames]
    alpha = shows_through(patches, width, height)
    notes = [*opened.notes, *([] if blocks.ended else ["its data end without GIF's end mark: frames may be missing"])]

    def sequence() -> Iterator[Opened]:
        from imgconv.image.frames.canvas import Canvas

        canvas = Canvas(height, width, 4, True, "uint8")
        for frame, patch in zip(blocks.frames, patches, strict=True):
            shown = canvas.lay(patch, _pixels(frame)[: patch.height, : patch.width])
            yield made(shown, patch.duration)

    def made(shown: Pixels | None, duration: Fraction | None) -> Opened:
        def load() -> Pixels:
            pixels = shown if shown is not None else next(sequence()).load()
            return pixels if alpha else pixels[:, :, :3]

        return Opened(
            format="GIF",
            width=width,
            height=height,
            channels=3 + alpha,
            alpha=alpha,
            dtype="uint8",
            space="RGB",
            load=load,
            frames=len(patches),
            unit="frame",
            sequence=sequence,
            plays=blocks.plays,
            duration=duration,
            metadata=opened.metadata,
            notes=notes,
        )

    return made(None, patches[0].duration)


def _patch(frame: GifFrame, width: int, height: int) -> Patch:
    """Return where a frame lies on a canvas of that size, outside of which nothing is shown."""
    from imgconv.image.frames.canvas import CLEAR, KEEP, RESTORE, Patch

    if frame.width * frame.height > width * height + _SPARE:
        raise DataError(f"a frame of {frame.width}x{frame.height} pixels on a canvas of {width}x{height}")
    left, top = min(frame.left, width), min(frame.top, height)
    return Patch(
        left,
        top,
        min(frame.width, width - left),
        min(frame.height, height - top),
        Fraction(frame.delay, _HUNDREDTHS),
        {2: CLEAR, 3: RESTORE}.get(frame.disposal, KEEP),
        opaque=frame.clear is None,
    )


def _pixels(frame: GifFrame) -> Pixels:
    """Decode one image to (rows, cols, 4)."""
    import numpy as np

    if not frame.width * frame.height:
        return np.zeros((frame.height, frame.width, 4), np.uint8)
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    colours = np.frombuffer(frame.palette, np.uint8).reshape(-1, 3)
    table[: len(colours), :3] = colours
    if frame.clear is not None:
        table[frame.clear] = 0
    packed = table.view(np.uint32)[:, 0][_indices(frame)]
    pixels: Pixels = packed.view(np.uint8).reshape(frame.height, frame.width, 4)
    return pixels


def _indices(frame: GifFrame) -> Any:
    """Decode one image to its palette's indices, by Pillow, which is shown a file of this image alone."""
    import numpy as np
    from PIL.GifImagePlugin import GifImageFile

    head = struct.pack("<6sHHBBB", b"GIF89a", frame.width, frame.height, 0xF7, 0, 0) + _COLOURFUL
    place = struct.pack("<BHHHHB", 0x2C, 0, 0, frame.width, frame.height, 0x40 * frame.interlaced)
    picture: Any = GifImageFile(BytesIO(b"".join((head, place, frame.data, b";"))))
    return np.asarray(picture)
