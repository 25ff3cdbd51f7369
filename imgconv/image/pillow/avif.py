"""Reading and writing AVIF: 8 bit through Pillow, which has libavif built in; deeper ones are read by imagecodecs.

Pillow reduces 10 and 12 bits to 8 without a word, so what the file holds is read from its boxes first.
Source: AV1 Image File Format 1.1; AV1 Codec ISO Media File Format Binding 1.2, 2.3.
"""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

from imgconv.image.base import Opened
from imgconv.image.formats import IMAGECODECS
from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.metadata.boxes import boxes
from imgconv.image.model import Image, Options, Pixels, in_sixteen_bits
from imgconv.image.pillow.open import opened_by, plugin_of, save_into
from imgconv.image.pillow.samples import picture_of
from imgconv.system import cores

AVIF_QUALITY = 95

_HIGH, _TWELVE = 0x40, 0x20
_ODD_PRIMARIES, _ODD_TRANSFERS = (9, 10, 11, 12), (4, 5, 8, 9, 10, 16, 17, 18)
_DESCRIBING = (b"meta", b"moov")


def open_avif(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of an AVIF file.

    Raises:
        DataError: it is an animation of more than 8 bits.
    """
    described = b"".join(part.read(file) for part in boxes(file, budget) if part.kind in _DESCRIBING)
    file.seek(0)
    picture = plugin_of("AVIF")(file)
    opened = opened_by(picture, "AVIF")
    opened.frames = picture.n_frames
    if not opened.metadata.icc:
        opened.metadata = opened.metadata.replace(colour=_colour(described))
    bits = _bits(described)
    if bits > 8 and opened.frames > 1:
        # in which imagecodecs can come to a single frame only by way of all of them, and crashes otherwise
        raise DataError(f"an animation of {bits}-bit samples")
    if bits > 8:
        opened.dtype = "uint16"
        opened.notes.append(f"{bits}-bit samples are scaled to 16 bit")
        opened.load = lambda: _deep(file, bits, opened)
    elif opened.frames > 1:
        from imgconv.image.pillow.frames import as_frames

        return as_frames(opened, file, plugin_of("AVIF"))
    return opened


def _bits(described: bytes) -> int:
    """Return the most bits of any picture in the file."""
    most, at = 8, described.find(b"av1C\x81")
    while at >= 0:
        flags = described[at + 6]
        most = max(most, 12 if flags & _TWELVE else 10 if flags & _HIGH else 8)
        at = described.find(b"av1C\x81", at + 1)
    return most


def _colour(described: bytes) -> tuple[tuple[str, bytes], ...]:
    """Return the colour space as PNG's cICP chunk would say it, where it is another than sRGB's or a photograph's."""
    at = described.find(b"colrnclx")
    primaries, transfer = described[at + 9 : at + 10], described[at + 11 : at + 12]
    if at < 0 or not transfer or (primaries[0] not in _ODD_PRIMARIES and transfer[0] not in _ODD_TRANSFERS):
        return ()
    return (("cICP", primaries + transfer + b"\0\1"),)


def _deep(file: IO[bytes], bits: int, opened: Opened) -> Pixels:
    codecs = IMAGECODECS.load(f"reading {bits}-bit AVIF")
    file.seek(0)
    samples = codecs.avif_decode(file.read(), 0, numthreads=cores.available())
    return in_sixteen_bits(samples.reshape(opened.height, opened.width, -1), bits)[:, :, : opened.channels]


def encode_avif(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image` as AVIF, of quality 95 with all of its colour unless something else is asked for."""
    import numpy as np

    pixels, quality = image.pixels, options.quality or AVIF_QUALITY
    if image.space == "grey" and image.alpha:
        pixels = np.ascontiguousarray(pixels[:, :, [0, 0, 0, 1]])
    space = "grey" if pixels.shape[2] == 1 else "RGB"
    sampling = ":".join("444" if options.subsampling == "keep" else options.subsampling)
    words = f"AVIF of quality {quality}" + (f", {sampling}" if image.space == "RGB" else "")
    how: dict[str, Any] = {"quality": quality, "subsampling": "4:0:0" if space == "grey" else sampling}
    meta = image.metadata
    how |= {"icc_profile": meta.icc, "exif": meta.exif, "xmp": meta.xmp, "max_threads": cores.available()}
    made = BytesIO()
    save_into(made, picture_of(pixels, space), "AVIF", how)
    file.write(made.getvalue())
    return (words,)
