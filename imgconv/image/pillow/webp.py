"""Reading and writing WebP through Pillow.

Source: RFC 9649, WebP Image Format (2024).
"""

from __future__ import annotations

import os
from typing import IO, Any

from imgconv.image.base import Opened
from imgconv.image.limits.budget import Budget
from imgconv.image.model import Image, Options
from imgconv.image.pillow.open import opened_by, plugin_of, save
from imgconv.image.pillow.samples import picture_of


def open_webp(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of a WebP file.

    Raises:
        EOFError: it breaks off.
    """
    _check_riff(file)
    plugin = plugin_of("WebP")
    picture = plugin(file)
    opened = opened_by(picture, "WebP")
    if picture.n_frames > 1:
        from imgconv.image.pillow.frames import as_frames

        return as_frames(opened, file, plugin)
    return opened


def _check_riff(file: IO[bytes]) -> None:
    # libwebp does not say that the file is cut short, only that it cannot decode it
    size = int.from_bytes(file.read(8)[4:], "little")
    if file.seek(0, os.SEEK_END) < size + 8:
        raise EOFError
    file.seek(0)


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
    save(picture_of(pixels, "RGB"), "WebP", file, how)
    return ()
