"""Opening PNG: one image, or the frames of an animation."""

from __future__ import annotations

from typing import IO

from imgconv.image.base import Opened
from imgconv.image.limits.budget import Budget
from imgconv.image.png.read import open_still, png_head


def open_png(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of a PNG file."""
    head = png_head(file, budget)
    if head.frames > 1:
        from imgconv.image.png.frames_read import open_apng  # few are animated

        return open_apng(file, head, budget)
    return open_still(file, head)
