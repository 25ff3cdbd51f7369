"""The canvas that the frames of an animation are laid on: GIF's and APNG's disposal and blending.

Such files hold patches: rectangles to be laid over what is shown, and words on what becomes of them before the next.
A filter needs the pictures as they are shown, so they are put together here.
Sources: GIF89a Specification (CompuServe, 1990); Portable Network Graphics (Third Edition) (W3C, 2025), chapter 12.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.value import Value

Pixels = NDArray[Any]

KEEP, CLEAR, RESTORE = "keep", "clear", "restore"
"""What becomes of a patch before the next one: it stays, its rectangle becomes transparent, or what was below returns.

GIF says "background colour" where this clears. As browsers do, it is read as transparent: the colour is seldom meant.
"""


class Patch(Value):
    """A frame as it is stored.

    Attributes:
        left, top, width, height: its rectangle on the canvas, which it does not leave.
        duration: seconds it is shown.
        disposal: `KEEP`, `CLEAR` or `RESTORE`.
        over: whether transparent pixels show what is below, instead of replacing it.
        opaque: whether it has no transparent pixels.
    """

    left: int
    top: int
    width: int
    height: int
    duration: Fraction
    disposal: str = KEEP
    over: bool = True
    opaque: bool = False

    @property
    def area(self) -> tuple[slice, slice]:
        """The rectangle, as rows and columns."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """The rectangle's left, top, right and bottom, the last two exclusive."""
        return self.left, self.top, self.left + self.width, self.top + self.height


def shows_through(patches: Iterable[Patch], width: int, height: int) -> bool:
    """Whether any frame may be transparent somewhere, as far as the rectangles say."""
    clear: tuple[int, int, int, int] | None = (0, 0, width, height)
    for patch in patches:
        before = clear
        if clear and patch.opaque and _within(clear, patch.corners):
            clear = None
        if clear or not (patch.opaque or patch.over):
            return True
        if patch.disposal == CLEAR:
            clear = patch.corners
        elif patch.disposal == RESTORE:
            clear = before
    return False


def _within(inner: tuple[int, int, int, int], outer: tuple[int, int, int, int]) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


class Canvas:
    """What is shown: (rows, cols, channels), transparent at first where there is alpha."""

    def __init__(self, height: int, width: int, channels: int, alpha: bool, dtype: str) -> None:
        self.pixels = np.zeros((height, width, channels), dtype)
        self.alpha = alpha
        self._undo: tuple[tuple[slice, slice], Pixels] | None = None

    def lay(self, patch: Patch, pixels: Pixels) -> Pixels:
        """Return the next frame, a copy: what is shown once `pixels`, of the patch's size, have been laid over it.

        They have the canvas's channels, or none for alpha, and are opaque then.
        """
        if self._undo:
            area, below = self._undo
            self.pixels[area] = below
        shown = self.pixels[patch.area]
        self._undo = None
        if patch.disposal == RESTORE:
            self._undo = patch.area, shown.copy()
        elif patch.disposal == CLEAR:
            self._undo = patch.area, np.zeros_like(shown)
        if pixels.shape[2] < shown.shape[2]:
            shown[..., :-1] = pixels
            shown[..., -1] = _top(shown)
        elif patch.over and self.alpha and not patch.opaque:
            shown[...] = blended(shown, pixels)
        else:
            shown[...] = pixels
        return self.pixels.copy()


def blended(below: Pixels, above: Pixels) -> Pixels:
    """Return `above` laid over `below`, both with alpha last and not premultiplied (PNG, chapter 12.2)."""
    top = _top(above)
    cover = above[..., -1]
    made = np.where((cover > 0)[..., None], above, below)
    mixed = (cover > 0) & (cover < top) & (below[..., -1] > 0)
    if mixed.any():
        upper, lower = above[mixed].astype(np.float64), below[mixed].astype(np.float64)
        share = upper[:, -1:] / top
        rest = lower[:, -1:] / top * (1 - share)
        alpha = share + rest
        colours = (upper[:, :-1] * share + lower[:, :-1] * rest) / alpha
        made[mixed] = np.floor(np.concatenate([colours, alpha * top], axis=1) + 0.5).astype(made.dtype)
    return made


def changed(before: Pixels | None, now: Pixels, step: int = 1) -> tuple[int, int, int, int]:
    """Return left, top, width and height of the rectangle in which two frames differ: at least one pixel.

    Its left and top are multiples of `step`. All of the frame where there is none before it.
    """
    height, width = now.shape[:2]
    if before is None:
        return 0, 0, width, height
    other = (before != now).any(axis=2)
    rows, cols = np.flatnonzero(other.any(axis=1)), np.flatnonzero(other.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    left, top = int(cols[0]) // step * step, int(rows[0]) // step * step
    return left, top, int(cols[-1]) + 1 - left, int(rows[-1]) + 1 - top


def _top(pixels: Pixels) -> int:
    return int(np.iinfo(pixels.dtype).max)
