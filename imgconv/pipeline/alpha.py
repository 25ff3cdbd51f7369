"""Colours weighted by alpha, (rows, cols, channels), and what is left when the weight is taken back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]


def overlook(colours: Pixels, cover: Pixels) -> None:
    """Make weighted colours 0 where their alpha is 0: what has no weight counts for nothing, be it NaN or infinite."""
    hidden = cover == 0
    if hidden.any():
        np.copyto(colours, 0, where=hidden)


def unweight(colours: Pixels, cover: Pixels, white: float) -> None:
    """Divide colours that were weighted by alpha by what alpha became; where nothing is left they are 0."""
    seen = cover > white * 1e-6
    np.divide(colours * white, cover, out=colours, where=seen)
    colours *= seen


def with_channel(colours: Pixels, last: Any) -> Pixels:
    """Return colours with one more channel, that of alpha."""
    samples = np.empty((*colours.shape[:2], colours.shape[2] + 1), colours.dtype)
    samples[:, :, :-1] = colours
    samples[:, :, -1:] = last
    return samples
