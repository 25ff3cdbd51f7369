"""Reading JPEG through Pillow: libjpeg-turbo decodes, and what it lets pass is looked for here.

Source: ITU-T T.81 (1992); CIPA DC-007 (2009) for files of several pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import IO, Any

from imgconv.image.base import Opened
from imgconv.image.limits.budget import Budget
from imgconv.image.metadata.beside import beside_jpeg
from imgconv.image.metadata.ifd import open_stream, reader_of
from imgconv.image.model import JpegWay
from imgconv.image.pillow.jpeg_rows import check_scans, may_lack_rows, with_more
from imgconv.image.pillow.open import opened_by, plugin_of
from imgconv.image.pillow.samples import Packed, result_mode

_MP_COUNT = 0xB001
_MOST_PIXELS = 8 * 8 * 8
"""How many pixels can come of a byte: a block takes a bit or more."""


def open_jpeg(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of a JPEG file, of several pictures the first.

    Raises:
        DataError: it has too many scans.
    """
    picture = plugin_of("JPEG")(file)
    opened = opened_by(picture, "JPEG")
    opened.metadata = opened.metadata.replace(jpeg=_jpeg_way(picture))
    if "progressive" in picture.info:
        file.seek(0)
        check_scans(file.read())
    budget.check_pixels(picture.width, picture.height, _MOST_PIXELS)
    if picture.mode == result_mode(picture):
        packed = Packed(picture, _all_rows(picture, file))
        opened.load, opened.ahead = packed.pixels, packed.ahead
    opened.notes += beside_jpeg(picture, file)
    opened.frames = _mpo_frames(picture)
    return opened


def _all_rows(picture: Any, file: IO[bytes]) -> Callable[[Any], None]:
    """Return what refuses a decoded JPEG image if rows of it were missing."""

    def check(decoded: Any) -> None:
        if may_lack_rows(decoded):
            file.seek(0)
            more = type(picture)(BytesIO(with_more(file.read())))
            if more.tobytes() != decoded.tobytes():
                raise EOFError

    return check


def _jpeg_way(picture: Any) -> JpegWay | None:
    """Return how a JPEG file was encoded; None where its header leaves that open."""
    tables = [picture.quantization.get(number) for *_, number in picture.layer]
    sampling = tuple((across, down) for _, across, down, _ in picture.layer)
    if not all(tables) or not all(map(all, sampling)):
        return None
    return JpegWay(_jpeg_model(picture), tuple(map(tuple, tables)), sampling)


def _jpeg_model(picture: Any) -> str:
    """Say what the components are, by the rules of libjpeg."""
    adobe = picture.info.get("adobe_transform")
    if picture.layers == 4:
        return "YCCK" if adobe == 2 else "CMYK"
    if picture.layers == 1:
        return "grey"
    if "jfif" in picture.info:
        return "YCbCr"
    named = bytes(layer[0] for layer in picture.layer) == b"RGB"
    return "RGB" if adobe == 0 or (adobe is None and named) else "YCbCr"


def _mpo_frames(picture: Any) -> int:
    for name, data in picture.applist:
        if name == "APP2" and data[:4] == b"MPF\0":
            try:
                stream = open_stream(reader_of(data[4:]))
                return max(1, int(stream.directory(stream.first)[0][_MP_COUNT].first(1)[0]))
            except (ValueError, EOFError, KeyError):
                return 1
    return 1
