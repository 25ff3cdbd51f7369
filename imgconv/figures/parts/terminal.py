"""Pictures printed in a terminal: by its own graphics where it has any, else in coloured half blocks.

Graphics (Sixel, and Kitty's protocol) are the part of textual-image, an extra. It asks the terminal what it knows as
soon as it is imported, and therefore is imported only when a picture is to be shown. Without it, or where the terminal
has no graphics, a letter cell shows two pixels: the upper half block in the colour of one on a ground of the other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from io import StringIO
from math import ceil
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imgconv.filtering.featuremap import columns, sheet
from imgconv.tone import full_range

if TYPE_CHECKING:
    from imgconv.image import Image

Picture = NDArray[np.uint8]
"""(rows, cols, 3)."""

LONGEST = 1600
"""The longest side, in pixels, that is handed to a terminal's graphics."""

ENLARGED = 160
"""To about so many pixels a small picture is enlarged for a terminal's graphics."""

GROUND = 0.5
"""The grey, 0 to 1, behind what is transparent."""

BLOCK = "▀"

STEPS = np.array([0, 95, 135, 175, 215, 255])
"""The levels of each colour in the 6x6x6 cube of 256-colour terminals (XTerm)."""


def shows(stream: IO[Any] | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a picture may be printed on a stream: it is a terminal that has colours, and NO_COLOR is not set."""
    if stream is None or not stream.isatty() or environment.get("NO_COLOR"):
        return False
    try:
        BLOCK.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return environment.get("TERM", "") not in ("", "dumb")


def show(picture: Picture, stream: IO[str], size: tuple[int, int], environment: Mapping[str, str] = os.environ) -> None:
    """Print a picture on a terminal of `size` (columns, lines)."""
    if not _graphics(picture, stream, size):
        stream.write(blocks(picture, size, depth=colour_depth(environment)))
    stream.flush()


def colour_depth(environment: Mapping[str, str]) -> int:
    """Return how many bits of colour a terminal says it has: 24 or 8."""
    rich = environment.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    return 24 if rich or "direct" in environment.get("TERM", "") else 8


def picture_of(image: Image) -> Picture:
    """Return an image as it is shown: alpha laid on grey, feature maps as a sheet, floats beyond 0..1 stretched."""
    samples = image.pixels[:: _step(image.pixels), :: _step(image.pixels)]
    shades = samples.astype(np.float64) / full_range(samples.dtype)
    cover = np.clip(shades[:, :, -1:], 0, 1) if image.alpha else None
    colours = shades[:, :, :-1] if image.alpha else shades
    if colours.shape[2] not in (1, 3):
        colours = _sheet(np.dstack([_stretched(colours[:, :, [at]], always=True) for at in range(colours.shape[2])]))
        cover = None
    elif samples.dtype.kind == "f":
        colours = _stretched(colours)
    if cover is not None:
        colours = colours * cover + GROUND * (1 - cover)
    return _bytes(colours)


def taps_picture(taps: NDArray[np.float64]) -> Picture:
    """Return a kernel, (rows, cols), in the colours of signed values: a pixel for each tap."""
    from imgconv.figures.parts.style import SIGNED_COLOURS

    ends = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in SIGNED_COLOURS])
    top = float(np.abs(taps).max()) or 1.0
    places = (taps / top + 1) / 2 * (len(ends) - 1)
    return _bytes(np.dstack([np.interp(places, range(len(ends)), ends[:, at]) for at in range(3)]) / 255)


def blocks(picture: Picture, size: tuple[int, int], *, depth: int = 24) -> str:
    """Return a picture as lines of half blocks that fit into `size` (columns, lines), each pixel a half of a cell.

    Args:
        picture: what is shown; a large one is reduced to means of its pixels, a small one enlarged.
        size: of the terminal; the picture leaves a line for the prompt.
        depth: bits of colour, 24 or 8.
    """
    across, down = max(1, size[0]), max(2, 2 * (size[1] - 1))
    fitted = _fitted(picture, across, down)
    if len(fitted) % 2:
        fitted = np.concatenate([fitted, fitted[-1:]])
    code = _true_colour if depth == 24 else _cube_colour
    lines = []
    for upper, lower in zip(fitted[::2], fitted[1::2], strict=True):
        cells, last = [], None
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            pair = f"\x1b[38;{code(above)};48;{code(below)}m"
            cells.append(BLOCK if pair == last else pair + BLOCK)
            last = pair
        lines.append("".join(cells) + "\x1b[0m\n")
    return "".join(lines)


def _true_colour(colour: list[int]) -> str:
    return f"2;{colour[0]};{colour[1]};{colour[2]}"


def _cube_colour(colour: list[int]) -> str:
    """Return the nearest colour of the cube, or of the 24 greys, that 256-colour terminals have."""
    near = [int(np.abs(STEPS - level).argmin()) for level in colour]
    cube = [int(STEPS[at]) for at in near]
    grey = min(max(round((sum(colour) / 3 - 8) / 10), 0), 23)
    apart = [sum((a - b) ** 2 for a, b in zip(colour, other, strict=True)) for other in (cube, [8 + 10 * grey] * 3)]
    return f"5;{232 + grey}" if apart[1] < apart[0] else f"5;{16 + 36 * near[0] + 6 * near[1] + near[2]}"


def _fitted(picture: Picture, across: int, down: int) -> Picture:
    """Return a picture of the same shape that fits into so many pixels."""
    rows, cols = picture.shape[:2]
    factor = min(across // cols, down // rows, 16)
    if factor >= 1:
        return picture.repeat(factor, axis=0).repeat(factor, axis=1)
    scale = min(across / cols, down / rows)
    height, width = max(1, min(down, round(rows * scale))), max(1, min(across, round(cols * scale)))
    tops, lefts = np.arange(height) * rows // height, np.arange(width) * cols // width
    sums = np.add.reduceat(np.add.reduceat(picture.astype(np.uint64), tops, axis=0), lefts, axis=1)
    counts = np.diff(tops, append=rows)[:, None, None] * np.diff(lefts, append=cols)[None, :, None]
    means: Picture = (sums / counts + 0.5).astype(np.uint8)
    return means


def _step(samples: NDArray[Any]) -> int:
    return max(1, -(-int(max(samples.shape[:2])) // LONGEST))


def _stretched(values: NDArray[np.float64], always: bool = False) -> NDArray[np.float64]:
    """Return values whose ends are 0 and 1; of those that lie within already only if `always`."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if not always and low >= 0 and high <= 1:
        return values
    return (values - low) / ((high - low) or 1.0)


def _sheet(maps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return maps, (rows, cols, channels) of 0 to 1, side by side as one grey picture."""
    across = columns(maps.shape[2], maps.shape[1], maps.shape[0])
    return sheet(_bytes(maps), (across, ceil(maps.shape[2] / across))) / 255


def _bytes(shades: NDArray[np.float64]) -> Picture:
    """Return shades of 0 to 1, of one channel or more, as samples; one channel becomes three."""
    samples = (np.clip(np.nan_to_num(shades, nan=0.0, posinf=1.0, neginf=0.0), 0, 1) * 255 + 0.5).astype(np.uint8)
    return samples.repeat(3, axis=2) if samples.shape[2] == 1 else samples


def _graphics(picture: Picture, stream: IO[str], size: tuple[int, int]) -> bool:
    """Print a picture by the terminal's own graphics; return whether it has any that textual-image knows."""
    factor = max(1, ENLARGED // max(picture.shape[:2]))
    drawn = StringIO()
    try:
        renderable: Any = import_module("textual_image.renderable")
        if renderable.Image not in (renderable.SixelImage, renderable.TGPImage):
            return False
        from PIL import Image as Pillow

        pixels = Pillow.fromarray(picture.repeat(factor, axis=0).repeat(factor, axis=1))
        console: Any = import_module("rich.console").Console(
            file=drawn, force_terminal=True, width=size[0], height=size[1]
        )
        console.print(renderable.Image(pixels))
    except Exception:  # not installed, or the terminal answered what it does not understand
        return False
    stream.write(drawn.getvalue())
    return True
