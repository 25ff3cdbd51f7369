"""Opening and saving files through Pillow.

Each plugin's own class is called, not ``PIL.Image.open``, which imports five plugins to find one and lets forty
other formats in, PostScript among them. The sizes have been checked before any pixel is decoded.
"""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

from imgconv.image.base import Opened, resolve
from imgconv.image.formats import named
from imgconv.image.metadata.ifd import exif_orientation
from imgconv.image.metadata.texts import comments
from imgconv.image.model import Metadata
from imgconv.image.pillow.samples import mode_facts, result_mode, samples_of

_MOST_DPI = 1e8
"""More dots per inch than any format written here can say."""


def plugin_of(format: str) -> Any:
    """Return Pillow's class for files of a format, which its row names."""
    return resolve(named(format).pillow)


def opened_by(picture: Any, format: str) -> Opened:
    """Return what Pillow has read of a file's header."""
    mode = result_mode(picture)
    channels, alpha, dtype, space = mode_facts(mode)
    metadata = _metadata(picture)
    return Opened(
        format=format,
        width=picture.width,
        height=picture.height,
        channels=channels,
        alpha=alpha,
        dtype=dtype,
        space=space,
        metadata=metadata,
        orientation=exif_orientation(metadata.exif),
        load=lambda: samples_of(picture, mode),
    )


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
    return (across, down) if 0 < across < _MOST_DPI and 0 < down < _MOST_DPI else None


def save(picture: Any, format: str, file: IO[bytes], options: dict[str, Any]) -> None:
    """Write a picture of Pillow's to a file, with the options of Pillow's encoder."""
    # Pillow reports a full disk without the system's error number, so it writes to memory
    encoded = BytesIO()
    save_into(encoded, picture, format, options)
    file.write(encoded.getvalue())


def save_into(file: IO[bytes], picture: Any, format: str, options: dict[str, Any]) -> None:
    """Do what ``picture.save`` does, which imports five plugins to find one."""
    import PIL.Image

    plugin_of(format)  # importing it registers its encoder
    picture.encoderinfo, picture.encoderconfig = options, ()
    PIL.Image.SAVE[format.upper()](picture, file, "")
