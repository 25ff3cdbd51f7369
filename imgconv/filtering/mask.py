"""Masks: how much of every pixel is filtered, as the grey of an image of the same size."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import ImageReadError
from imgconv.image import Header, probe, read
from imgconv.image.colour.grey import LUMA
from imgconv.image.files import is_pipe
from imgconv.tone import full_range


def check_mask(name: str, header: Header, orient: bool) -> tuple[str, ...]:
    """Refuse a mask that does not go with an image of that header, from the mask's own header; return notes.

    Raises:
        ImageReadError: it cannot be read, is no file, has another size, or is neither grey nor RGB.
    """
    if is_pipe(name):
        raise ImageReadError(name, "a mask is read more than once, so it cannot be a pipe; write it to a file")
    found = probe(name, orient=orient)
    if (found.width, found.height) != (header.width, header.height):
        sizes = f"it is {found.width}x{found.height} and {header.name} is {header.width}x{header.height}"
        raise ImageReadError(name, f"a mask has the size of its image, but {sizes}")
    if found.space not in ("grey", "RGB"):
        raise ImageReadError(name, f"a mask is grey or RGB, but this one holds {found.space} samples")
    return (f"{name}: a mask's alpha is not looked at",) if found.alpha else ()


def shares(name: str, orient: bool) -> NDArray[np.float32]:
    """Return how much of every pixel is filtered, 0 for black to 1 for white, as (rows, cols, 1); of RGB the luma.

    Raises:
        ImageReadError: it cannot be read, or holds floats beyond 0 to 1.
    """
    stamp = os.stat(name)  # noqa: PTH116 - as everywhere
    return _shares(name, orient, (stamp.st_mtime_ns, stamp.st_size))


@lru_cache(maxsize=1)
def _shares(name: str, orient: bool, stamp: Any) -> NDArray[np.float32]:
    image = read(name, orient=orient)
    pixels = image.pixels[:, :, : image.channels - image.alpha]
    if pixels.shape[2] == 3:
        weights = LUMA["601"]
        # Whole numbers stay whole, so that white is exactly 1.
        pixels = np.sum([pixels[:, :, [c]] * np.float64(weights[c]) for c in range(3)], axis=0) / sum(weights)
    made = (pixels / np.float64(full_range(image.dtype))).astype(np.float32)
    if not (made.min() >= 0 and made.max() <= 1):
        ends = f"{np.nanmin(made):g} to {np.nanmax(made):g}" if not np.isnan(made).all() else "no number"
        raise ImageReadError(name, f"a mask of floats goes from 0 to 1, but this one holds {ends}")
    made.flags.writeable = False  # it is handed out again
    return made
