"""Reading and writing the Netpbm family: PBM, PGM, PPM, PAM and PFM, 8 and 16 bit, without Pillow.

Pillow reduces 16-bit PPM to 8 bit. Source: the format pages of netpbm.sourceforge.net; Paul Debevec, PFM.
"""

from __future__ import annotations

import math
import re
from typing import IO, Any

import numpy as np

from imgconv.errors import quoted
from imgconv.image.base import Opened
from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.model import Image, Options, Pixels, space_of

_TOKEN = re.compile(rb"(?:\s|#[^\r\n]*(?=[\r\n]))*([^\s#]+)")
_HEADER_LIMIT = 2**16
_KINDS = {b"P1": 1, b"P2": 1, b"P3": 3, b"P4": 1, b"P5": 1, b"P6": 3, b"Pf": 1, b"PF": 3}


def open_netpbm(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of any Netpbm file.

    Raises:
        ValueError: it is malformed.
        EOFError: it breaks off.
    """
    file.seek(0)
    head = file.read(_HEADER_LIMIT)
    magic = head[:2]
    if magic == b"P7":
        return _open_pam(file, head)
    wanted = 3 if magic in (b"P1", b"P4") else 4
    tokens, end = _tokens(head, wanted)
    width, height = _positive(tokens[1], "width"), _positive(tokens[2], "height")
    channels = _KINDS[magic]
    if magic in (b"Pf", b"PF"):
        scale = _number(tokens[3])
        order = "<f4" if scale < 0 else ">f4"
        opened = _opened(
            "PFM",
            width,
            height,
            channels,
            False,
            "float32",
            lambda: _pfm(file, end, width, height, channels, order),
        )
        if abs(scale) != 1:
            # by which Netpbm and OpenCV divide and ImageMagick multiplies, while libvips and Pillow pass it over
            opened.notes.append(f"its scale of {abs(scale):g} is not applied: samples are as they are stored")
        return opened
    top = 1 if wanted == 3 else _maximum(tokens[3])

    def load() -> Pixels:
        if magic == b"P4":
            return _bits(file, end, width, height)
        if magic in (b"P1", b"P2", b"P3"):
            return _plain(file, end - 1, width, height, channels, top, bits=magic == b"P1")
        return _raw(file, end, width, height, channels, top)

    name = {1: "PGM", 3: "PPM"}[channels] if wanted == 4 else "PBM"
    return _opened(name, width, height, channels, False, _dtype(top), load, top)


def _opened(
    format: str, width: int, height: int, channels: int, alpha: bool, dtype: str, load: Any, top: int = 255
) -> Opened:
    notes = [] if top in (1, 255, 65535) else [f"samples of 0..{top} are scaled to the full range"]
    space = space_of(channels, alpha)
    return Opened(
        format=format,
        width=width,
        height=height,
        channels=channels,
        alpha=alpha,
        dtype=dtype,
        space=space,
        load=load,
        notes=notes,
    )


def _dtype(top: int) -> str:
    return "uint8" if top < 256 else "uint16"


def _tokens(head: bytes, wanted: int) -> tuple[list[bytes], int]:
    """Return the first words of a header, and where the data begins: one white-space character behind them."""
    tokens: list[bytes] = [head[:2]]
    at = 2
    while len(tokens) < wanted:
        found = _TOKEN.match(head, at)
        if not found:
            raise EOFError
        tokens.append(found[1])
        at = found.end()
    return tokens, at + 1


def _positive(token: bytes, what: str) -> int:
    if not token.isdigit() or len(token) > 10 or int(token) < 1:
        raise DataError(f"its {what} is {quoted(token.decode('latin-1'))}")
    return int(token)


def _maximum(token: bytes) -> int:
    top = _positive(token, "largest value")
    if top > 65535:
        raise DataError(f"its largest value is {top}, beyond 65535")
    return top


def _number(token: bytes) -> float:
    try:
        value = float(token)
    except ValueError:
        value = 0
    if not math.isfinite(value) or value == 0:
        raise DataError(f"its scale is {quoted(token.decode('latin-1'))}")
    return value


def _open_pam(file: IO[bytes], head: bytes) -> Opened:
    header, found, _ = head.partition(b"ENDHDR\n")
    if not found:
        raise EOFError
    words = dict(line.split(None, 1) for line in header.splitlines()[1:] if len(line.split(None, 1)) == 2)
    width, height, channels = (
        _positive(words.get(key, b"0").strip(), key.decode().lower()) for key in (b"WIDTH", b"HEIGHT", b"DEPTH")
    )
    top = _maximum(words.get(b"MAXVAL", b"0").strip())
    kind = words.get(b"TUPLTYPE", b"").strip()
    alpha = kind.endswith(b"_ALPHA") or (not kind and channels in (2, 4))
    end = len(header) + len(found)
    return _opened(
        "PAM",
        width,
        height,
        channels,
        alpha,
        _dtype(top),
        lambda: _raw(file, end, width, height, channels, top),
        top,
    )


def _exactly(file: IO[bytes], offset: int, size: int) -> bytes:
    file.seek(offset)
    data = file.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _raw(file: IO[bytes], offset: int, width: int, height: int, channels: int, top: int) -> Pixels:
    dtype = np.dtype("u1" if top < 256 else ">u2")
    data = _exactly(file, offset, width * height * channels * dtype.itemsize)
    return _scaled(np.frombuffer(data, dtype).reshape(height, width, channels), top)


def _bits(file: IO[bytes], offset: int, width: int, height: int) -> Pixels:
    row = -(-width // 8)
    data = np.frombuffer(_exactly(file, offset, row * height), np.uint8).reshape(height, row)
    ink = np.unpackbits(data, axis=1, count=width)
    return ((1 - ink) * np.uint8(255))[:, :, None]


def _plain(file: IO[bytes], offset: int, width: int, height: int, channels: int, top: int, bits: bool) -> Pixels:
    file.seek(offset)
    text = re.sub(rb"#[^\r\n]*", b"", file.read())
    count = width * height * channels
    if bits:
        digits = np.frombuffer(re.sub(rb"\s+", b"", text)[:count], np.uint8)
        values = 1 - (digits - np.uint8(48)).astype(np.int64)
    else:
        words = text.split(None, count)[:count]
        values = np.array([int(word) if word.isdigit() and len(word) < 7 else -1 for word in words], np.int64)
    if len(values) < count:
        raise EOFError
    if values.min() < 0 or values.max() > top:
        raise DataError(f"a sample is not a number from 0 to {top}")
    return _scaled(values.reshape(height, width, channels).astype(_dtype(top)), top)


def _scaled(samples: Pixels, top: int) -> Pixels:
    full = 255 if top < 256 else 65535
    if top == full:
        return samples.astype(_dtype(top))
    if samples.max() > top:
        raise DataError(f"a sample is larger than the largest value {top}")
    return ((samples.astype(np.uint32) * full + top // 2) // top).astype(_dtype(top))


def _pfm(file: IO[bytes], offset: int, width: int, height: int, channels: int, order: str) -> Pixels:
    data = _exactly(file, offset, width * height * channels * 4)
    return np.frombuffer(data, order).reshape(height, width, channels)[::-1].astype(np.float32)


def encode_pnm(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image`, grey or RGB, as binary PGM or PPM."""
    magic = b"P5" if image.channels == 1 else b"P6"
    top = np.iinfo(image.pixels.dtype).max
    file.write(b"%s\n%d %d\n%d\n" % (magic, image.width, image.height, top))
    _write_raw(image.pixels, file)
    return ()


def encode_pam(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image` as PAM."""
    kind = b"GRAYSCALE" if image.space == "grey" else b"RGB"
    kind += b"_ALPHA" * image.alpha
    top = np.iinfo(image.pixels.dtype).max
    head = b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n"
    file.write(head % (image.width, image.height, image.channels, top, kind))
    _write_raw(image.pixels, file)
    return ()


def encode_pfm(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image` as PFM: 32-bit floats, the bottom row first."""
    file.write(b"%s\n%d %d\n-1.0\n" % (b"Pf" if image.channels == 1 else b"PF", image.width, image.height))
    file.write(np.ascontiguousarray(image.pixels[::-1].astype("<f4")).data)
    return ()


def _write_raw(pixels: Pixels, file: IO[bytes]) -> None:
    file.write(np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder(">"), copy=False)).data)
