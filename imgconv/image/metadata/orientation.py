"""Turning pixels upright."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgconv.image.model import Pixels


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn stored pixels upright: EXIF orientation 1 to 8, as CIPA DC-008 defines it.

    >>> import numpy as np
    >>> upright(np.arange(6).reshape(2, 3, 1), 6)[:, :, 0].tolist()
    [[3, 0], [4, 1], [5, 2]]
    """
    import numpy as np  # which readers of headers do without

    if orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
