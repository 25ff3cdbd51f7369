"""Reading and writing OpenEXR through the library of that name: 16-bit and 32-bit floats in linear light.

The header is read here, so that a size is known, and may be refused, before the library sees the file.
Source: OpenEXR file layout, openexr.com.
"""

from __future__ import annotations

import re
import struct
from contextlib import redirect_stdout
from io import BytesIO, StringIO
from typing import IO, Any, NamedTuple

import numpy as np

from imgconv.image.base import Opened
from imgconv.image.formats import OPENEXR
from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.metadata.texts import comments, readable
from imgconv.image.model import Image, Metadata, Options, Pixels, space_of
from imgconv.image.pillow.open import plain_dpi
from imgconv.image.pillow.stderr_capture import heard
from imgconv.system import cores

_SAID = re.compile(rb"^<[^>\n]*>: \(EXR_ERR_\w+\) (?P<words>.+)\n", re.MULTILINE)
_DEEP, _PARTS = 0x800, 0x1000
_UINT, _HALF, _FLOAT = 0, 1, 2
_REC_709 = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)
_MAX_HEADER = 2**24
_MOST_CHANNELS = 2**12
_MOST_ASPECT = 1e6


class _Channel(NamedTuple):
    name: str
    kind: int
    sampling: tuple[int, int]


class _Wanted(NamedTuple):
    """Which channels make the image, and what they are called together."""

    channels: list[_Channel]
    alpha: bool
    notes: list[str]

    @property
    def dtype(self) -> str:
        kinds = {channel.kind for channel in self.channels}
        return "float64" if _UINT in kinds else "float32" if _FLOAT in kinds else "float16"


def open_exr(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of an OpenEXR file, of its first part.

    Raises:
        ValueError: its pixels are of a kind that is no image.
        EOFError: it breaks off.
    """
    file.seek(0)
    flags = struct.unpack("<4sI", file.read(8))[1]
    if flags & _DEEP:
        raise DataError("deep data, with many samples a pixel")
    attributes = _attributes(file, budget)
    parts = 1
    while flags & _PARTS and _attributes(file, budget):
        parts += 1
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
    wanted = _wanted(_channels(attributes["channels"]))
    notes = wanted.notes
    if attributes.get("displayWindow", attributes["dataWindow"]) != attributes["dataWindow"]:
        notes.append("its data window is read, which is not its display window")
    if wanted.alpha:
        notes.append("its colours are stored multiplied by alpha and are divided by it")
    if not _usual_colours(attributes):
        notes.append("its chromaticities, which are not those of Rec. 709, are not passed on")
    channels = len(wanted.channels)
    return Opened(
        format="EXR",
        width=right - left + 1,
        height=bottom - top + 1,
        channels=channels,
        alpha=wanted.alpha,
        dtype=wanted.dtype,
        space=space_of(channels, wanted.alpha),
        load=lambda: _load(file, wanted),
        frames=parts,
        turned=True,
        metadata=_metadata(attributes),
        notes=notes,
    )


def _attributes(file: IO[bytes], budget: Budget) -> dict[str, bytes]:
    """Return one header: its attributes' values by name."""
    found: dict[str, bytes] = {}
    while name := _word(file):
        kind = _word(file)
        (size,) = struct.unpack("<i", _bytes(file, 4))
        budget.spend(8, max(0, size))
        if not kind or not 0 <= size <= _MAX_HEADER:
            raise DataError("its header is malformed")
        found[name] = _bytes(file, size)
    return found


def _word(file: IO[bytes]) -> str:
    word = b""
    while len(word) < 256:
        letter = _bytes(file, 1)
        if letter == b"\0":
            return word.decode("latin-1")
        word += letter
    raise DataError("its header is malformed")


def _bytes(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _channels(listed: bytes) -> list[_Channel]:
    stream, found = BytesIO(listed), []
    while name := _word(stream):
        kind, _, across, down = struct.unpack("<iIii", _bytes(stream, 16))
        found.append(_Channel(name, kind, (across, down)))
        if len(found) > _MOST_CHANNELS:
            raise DataError(f"more than {_MOST_CHANNELS} channels")
    return found


def _wanted(channels: list[_Channel]) -> _Wanted:
    """Choose colours and alpha, else grey and alpha, else every channel there is."""
    by_name = {channel.name: channel for channel in channels}
    if {"RY", "BY"} & set(by_name):
        raise DataError("colour as luminance and chroma")
    for colours in ("RGB", "Y"):
        if set(colours) <= set(by_name):
            names = [*colours, *(["A"] if "A" in by_name else [])]
            left = [name for name in by_name if name not in names]
            break
    else:
        names, left = list(by_name), []
    chosen = [by_name[name] for name in names]
    if not chosen or any(channel.sampling != (1, 1) for channel in chosen):
        raise DataError("no channels" if not chosen else "channels of different sizes")
    notes = [f"its channels {', '.join(left)} are left out"] if left else []
    if names[0] not in ("R", "Y"):
        notes.append(f"its channels are {', '.join(names)}")
    if {channel.kind for channel in chosen} == {_UINT}:
        notes.append("uint32 samples are taken as float64, which holds them exactly")
    return _Wanted(chosen, "A" in names and names[0] in ("R", "Y"), notes)


def _usual_colours(attributes: dict[str, bytes]) -> bool:
    stored = attributes.get("chromaticities", b"")
    return len(stored) != 32 or bool(np.allclose(struct.unpack("<8f", stored), _REC_709, atol=1e-3))


def _metadata(attributes: dict[str, bytes]) -> Metadata:
    dpi, shape = attributes.get("xDensity", b""), attributes.get("pixelAspectRatio", b"")
    across = struct.unpack("<f", dpi)[0] if len(dpi) == 4 else 0.0
    down = across * struct.unpack("<f", shape)[0] if len(shape) == 4 else across
    return Metadata(dpi=plain_dpi((across, down)), text=comments(attributes.get("comments", b"")))


def _load(file: IO[bytes], wanted: _Wanted) -> Pixels:
    openexr = OPENEXR.load("reading EXR")
    file.seek(0)
    with heard(_SAID), redirect_stdout(StringIO()):  # it prints warnings through Python
        opened = openexr.File(file, separate_channels=True, num_threads=cores.available())
        stored = opened.channels() if opened.parts else {}
    planes = [stored[channel.name].pixels for channel in wanted.channels]
    pixels = np.stack(planes, axis=2).astype(wanted.dtype, copy=False)
    if wanted.alpha:
        colours, alpha = pixels[:, :, :-1], pixels[:, :, -1:]
        with np.errstate(all="ignore"):
            np.divide(colours, alpha, out=colours, where=alpha > 0)
    return pixels


def encode_exr(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image`, 16-bit or 32-bit floats, as OpenEXR, compressed without loss by ZIP."""
    openexr = OPENEXR.load("writing EXR")
    pixels = image.pixels
    if image.alpha:
        with np.errstate(all="ignore"):
            colours = pixels[:, :, :-1] * np.where(pixels[:, :, -1:] > 0, pixels[:, :, -1:], 1)
        pixels = np.concatenate([colours, pixels[:, :, -1:]], axis=2)
    names = ("Y" if image.space == "grey" else "RGB") + "A" * image.alpha
    plain = options.compression == 0
    header: dict[str, Any] = {
        "compression": openexr.NO_COMPRESSION if plain else openexr.ZIP_COMPRESSION,
        "type": openexr.scanlineimage,
    }
    notes: tuple[str, ...] = ()
    if image.metadata.dpi:
        across, down = map(float, image.metadata.dpi)
        if 1 / _MOST_ASPECT <= down / across <= _MOST_ASPECT:
            header |= {"xDensity": across, "pixelAspectRatio": down / across}
        else:
            notes = (f"its resolution, {across:g} by {down:g}, is beyond what EXR can say: left out",)
    if image.metadata.text:
        header["comments"] = readable(image.metadata.text[0][1])
    planes = {name: np.ascontiguousarray(pixels[:, :, at]) for at, name in enumerate(names)}
    made = BytesIO()
    with heard(_SAID):
        openexr.File(header, planes, num_threads=cores.available()).write(made)
    file.write(made.getvalue())
    return notes
