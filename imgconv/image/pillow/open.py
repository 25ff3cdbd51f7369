"""Reading JPEG, WebP and GIF through Pillow, and writing WebP and BMP.

Each plugin's own class is called, not ``PIL.Image.open``, which imports five plugins to find one and lets forty
other formats in, PostScript among them. The sizes have been checked before any pixel is decoded.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from typing import IO, Any

from imgconv.image.limits.budget import Budget
from imgconv.image.metadata.beside import beside_jpeg
from imgconv.image.metadata.ifd import exif_orientation, open_stream, reader_of
from imgconv.image.metadata.texts import comments
from imgconv.image.model import Image, JpegWay, Metadata, Opened, Options
from imgconv.image.pillow.jpeg_rows import check_scans, may_lack_rows, with_more
from imgconv.image.pillow.samples import Packed, mode_facts, picture_of, result_mode, samples_of

_MP_COUNT = 0xB001
_MOST_PIXELS = {"JPEG": 8 * 8 * 8, "GIF": 4096}
"""How many pixels can come of a byte: a block takes a bit or more, a code stands for 4,096 or fewer."""


def open_pillow(file: IO[bytes], format: str, budget: Budget) -> Opened:
    """Read the header of a JPEG, WebP or GIF file."""
    blocks = None
    if format == "WebP":
        _check_riff(file)
    if format == "GIF":
        from imgconv.image.gif.read import as_animation, gif_blocks

        blocks = gif_blocks(file, budget)
        file.seek(0)
    picture = plugin_of(format)(file)
    mode = result_mode(picture)
    channels, alpha, dtype, space = mode_facts(mode)
    metadata = _metadata(picture)
    if format == "JPEG":
        metadata = metadata.replace(jpeg=_jpeg_way(picture))
        if "progressive" in picture.info:
            file.seek(0)
            check_scans(file.read())
    if format in _MOST_PIXELS:
        budget.check_pixels(picture.width, picture.height, _MOST_PIXELS[format])
    packed = Packed(picture, _all_rows(picture, file) if format == "JPEG" else None)
    plain = format == "JPEG" and picture.mode == mode
    opened = Opened(
        format=format,
        width=picture.width,
        height=picture.height,
        channels=channels,
        alpha=alpha,
        dtype=dtype,
        space=space,
        metadata=metadata,
        orientation=exif_orientation(metadata.exif),
        load=packed.pixels if plain else lambda: samples_of(picture, mode),
        ahead=packed.memory if plain else None,
    )
    if format == "JPEG":
        opened.notes += beside_jpeg(picture, file)
        opened.frames = _mpo_frames(picture)
    elif blocks and len(blocks.frames) > 1:
        return as_animation(opened, blocks)
    elif format == "WebP" and picture.n_frames > 1:
        from imgconv.image.pillow.frames import as_frames

        return as_frames(opened, file, plugin_of(format))
    elif format == "AVIF":
        opened.frames = picture.n_frames
    return opened


def _check_riff(file: IO[bytes]) -> None:
    # libwebp does not say that the file is cut short, only that it cannot decode it
    size = int.from_bytes(file.read(8)[4:], "little")
    if file.seek(0, os.SEEK_END) < size + 8:
        raise EOFError
    file.seek(0)


def plugin_of(format: str) -> Any:
    """Return the class that opens files of a format."""
    if format == "JPEG":
        from PIL.JpegImagePlugin import JpegImageFile

        return JpegImageFile
    if format == "WebP":
        from PIL.WebPImagePlugin import WebPImageFile

        return WebPImageFile
    if format == "BMP":
        from PIL.BmpImagePlugin import BmpImageFile

        return BmpImageFile
    if format == "AVIF":
        from PIL.AvifImagePlugin import AvifImageFile

        return AvifImageFile
    if format == "JPEG2000":
        from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

        return Jpeg2KImageFile
    from PIL.GifImagePlugin import GifImageFile

    return GifImageFile


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


def _metadata(picture: Any) -> Metadata:
    info = picture.info
    exif, xmp = info.get("exif") or b"", info.get("xmp") or b""
    return Metadata(
        icc=info.get("icc_profile") or b"",
        exif=exif.removeprefix(b"Exif\0\0"),
        xmp=xmp if isinstance(xmp, bytes) else b"",
        dpi=plain_dpi(info.get("dpi")),
        text=comments(*_comments(picture)),
    )


def _comments(picture: Any) -> list[bytes]:
    """Return the comments of a file, of which Pillow keeps the last one of a JPEG file alone."""
    stored = [data for name, data in getattr(picture, "applist", ()) if name == "COM"]
    comment = picture.info.get("comment", b"")
    return stored or [comment if isinstance(comment, bytes) else str(comment).encode()]


def plain_dpi(dpi: Any) -> tuple[float, float] | None:
    """Return a resolution as two finite positive numbers, or None."""
    try:
        across, down = (float(value) for value in dpi)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None


def encode_webp(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image` as WebP, colours under full transparency included: lossless unless a quality is asked for."""
    import numpy as np

    pixels = image.pixels
    if image.space == "grey":
        order = [0, 0, 0, 1] if image.alpha else [0, 0, 0]
        pixels = np.ascontiguousarray(pixels[:, :, order])
    if options.quality:
        how: dict[str, Any] = {"quality": options.quality}
    else:
        # method 0 is twice as fast as 1 and a tenth larger; 4 takes four times as long for 4 per cent
        level = options.compression
        quality, method = (0, 1) if level is None else (level * 11, level * 2 // 3)
        how = {"lossless": True, "quality": quality, "method": method}
    how |= {"exact": True, "icc_profile": image.metadata.icc, "exif": image.metadata.exif, "xmp": image.metadata.xmp}
    _save(picture_of(pixels, "RGB"), "WebP", file, how)
    return ()


def encode_bmp(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write `image`, grey or RGB, as BMP."""
    dpi = {"dpi": image.metadata.dpi} if image.metadata.dpi else {}
    _save(picture_of(image.pixels, image.space), "BMP", file, dpi)
    return ()


def _save(picture: Any, format: str, file: IO[bytes], options: dict[str, Any]) -> None:
    # Pillow reports a full disk without the system's error number, so it writes to memory
    encoded = BytesIO()
    save_into(encoded, picture, format, options)
    file.write(encoded.getvalue())


def save_into(file: IO[bytes], picture: Any, format: str, options: dict[str, Any]) -> None:
    """Do what ``picture.save`` does, which imports five plugins to find one."""
    import PIL.Image

    plugin_of(format)
    picture.encoderinfo, picture.encoderconfig = options, ()
    PIL.Image.SAVE[format.upper()](picture, file, "")
