"""Reading and writing JPEG 2000 without loss: 8 bit and deep grey through Pillow, deep colour through imagecodecs.

Pillow reduces deep colour to 8 bit without a word, so what the file holds is read from its header first.
Source: ITU-T T.800 (2019), A.5.1 and annex I.
"""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

from imgconv.image.base import Opened
from imgconv.image.formats import IMAGECODECS
from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.metadata.boxes import Box, box, boxes
from imgconv.image.model import Image, Options, Pixels, in_sixteen_bits, space_of
from imgconv.image.pillow.open import opened_by, plugin_of, save_into
from imgconv.image.pillow.samples import picture_of
from imgconv.system import cores

CODESTREAM = b"\xff\x4f\xff\x51"

_MAKER = "Created by OpenJPEG"
"""What the library says of itself in every file."""

_ICC = (2, 3)
"""The methods of a colour specification that hold an ICC profile: restricted, and any."""


def open_jp2(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of a JPEG 2000 file.

    Raises:
        ValueError: its pixels are of a kind that is not read.
        EOFError: it breaks off.
    """
    file.seek(0)
    parts = list(boxes(file, budget)) if file.read(4) != CODESTREAM else []
    depths = _depths(file, parts)
    file.seek(0)
    bits = max(depths)
    if min(depths) < 1 or bits > 16 or (bits > 8 and set(depths) != {bits}):
        kind = "signed samples" if min(depths) < 1 else f"samples of {' and '.join(map(str, sorted(set(depths))))} bits"
        raise DataError(kind)
    opened = opened_by(plugin_of("JPEG2000")(file), "JPEG2000")
    opened.metadata = opened.metadata.replace(
        icc=_profile(file, parts, budget),
        text=tuple(pair for pair in opened.metadata.text if not pair[1].startswith(_MAKER)),
    )
    if bits > 8:
        if bits < 16:
            opened.notes.append(f"{bits}-bit samples are scaled to 16 bit")
        by_pillow = opened.dtype == "uint16"  # it takes 9 bits for 8
        opened.channels, opened.dtype = len(depths), "uint16"
        opened.alpha = opened.channels in (2, 4)
        opened.space = space_of(opened.channels, opened.alpha)
        decode = opened.load
        opened.load = lambda: _grey(decode(), bits) if by_pillow else _deep(file, bits, opened)
    return opened


def _depths(file: IO[bytes], parts: list[Box]) -> list[int]:
    """Return the bits of each component, 0 for signed ones."""
    start = next((part.start for part in parts if part.kind == b"jp2c"), 0)
    file.seek(start)
    head = file.read(42)
    if len(head) < 42 or head[:4] != CODESTREAM:
        raise EOFError
    count = int.from_bytes(head[40:42], "big")
    sizes = file.read(3 * count)[::3]
    if len(sizes) < count or not count:
        raise EOFError
    return [0 if size & 128 else size + 1 for size in sizes]


def _profile(file: IO[bytes], parts: list[Box], budget: Budget) -> bytes:
    for part in parts:
        if part.kind == b"jp2h":
            for inner in boxes(file, budget, part.start, part.end):
                data = inner.read(file) if inner.kind == b"colr" else b""
                if data[:1] and data[0] in _ICC:
                    return data[3:]
    return b""


def _grey(samples: Pixels, bits: int) -> Pixels:
    return in_sixteen_bits(samples >> (16 - bits), bits)  # Pillow shifts them up


def _deep(file: IO[bytes], bits: int, opened: Opened) -> Pixels:
    codecs = IMAGECODECS.load(f"reading {bits}-bit JPEG 2000")
    file.seek(0)
    samples = codecs.jpeg2k_decode(file.read(), planar=False, numthreads=cores.available())
    return in_sixteen_bits(samples.reshape(opened.height, opened.width, opened.channels), bits)


def encode_jp2(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image`, uint8 or uint16, as JPEG 2000 without loss."""
    pixels = image.pixels
    if image.dtype == "uint8":
        made = _by_pillow(picture_of(pixels, image.space))
    elif image.channels == 1:
        import PIL.Image

        made = _by_pillow(PIL.Image.fromarray(pixels[:, :, 0]))
    else:
        codecs = IMAGECODECS.load("writing 16-bit JPEG 2000 in colour")
        made = codecs.jpeg2k_encode(pixels, reversible=True, codecformat="jp2", numthreads=cores.available())
    file.write(_with_profile(made, image.metadata.icc) if image.metadata.icc else made)
    return ()


def _by_pillow(picture: Any) -> bytes:
    made = BytesIO()
    save_into(made, picture, "JPEG2000", {"irreversible": False})
    return made.getvalue()


def _with_profile(made: bytes, icc: bytes) -> bytes:
    """Return a file with an ICC profile in place of its colour specification."""
    file = BytesIO(made)
    written = b""
    budget = Budget(len(made))
    for part in boxes(file, budget):
        contents = part.read(file)
        if part.kind == b"jp2h":
            inner = [(one.kind, one.read(file)) for one in boxes(file, budget, part.start, part.end)]
            colour = box(b"colr", b"\2\0\0" + icc)
            contents = b"".join(colour if kind == b"colr" else box(kind, data) for kind, data in inner)
        written += box(part.kind, contents)
    return written
