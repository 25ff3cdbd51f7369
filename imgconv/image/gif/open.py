"""Opening GIF: one image through Pillow, or the frames of an animation."""

from __future__ import annotations

from typing import IO

from imgconv.image.base import Opened
from imgconv.image.gif.read import as_animation, gif_blocks
from imgconv.image.limits.budget import Budget
from imgconv.image.pillow.open import opened_by, plugin_of

_MOST_PIXELS = 4096
"""How many pixels can come of a byte: a code stands for 4,096 or fewer."""


def open_gif(file: IO[bytes], budget: Budget) -> Opened:
    """Read all blocks of a GIF file.

    Raises:
        EOFError: it breaks off within one.
    """
    blocks = gif_blocks(file, budget)
    file.seek(0)
    picture = plugin_of("GIF")(file)
    opened = opened_by(picture, "GIF")
    budget.check_pixels(picture.width, picture.height, _MOST_PIXELS)
    return as_animation(opened, blocks) if len(blocks.frames) > 1 else opened
