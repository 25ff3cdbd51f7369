"""Flat pictures of boxes and texts, as plain values, drawn by Pillow for animations and by Matplotlib for print.

A scene is measured in cells. Colours are few and flat, and edges of letters have at most sixteen shades, so that a
frame keeps its colours in a GIF.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.figures.parts.cells import LEAST_POINTS
from imgconv.figures.parts.style import matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHADES = 17
"""Every colour is a multiple of this in red, green and blue."""


class Box(NamedTuple):
    """A rectangle whose upper left corner is (x, y), in cells; `line` is its outline, `weight` pixels wide."""

    x: float
    y: float
    width: float
    height: float
    fill: str | None
    line: str | None = None
    weight: int = 1


class Label(NamedTuple):
    """A text at (x, y), in cells: its middle, or the end of its middle that `anchor` names, ``left`` or ``right``.

    `size` is the height of its letters in cells. A `hint` says again what stands elsewhere, and may be left out.
    """

    x: float
    y: float
    text: str
    size: float
    ink: str = "#000000"
    anchor: str = "middle"
    bold: bool = False
    hint: bool = False


class Scene(NamedTuple):
    """Boxes and labels, drawn in that order, on white."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    labels: tuple[Label, ...]


def painted(scene: Scene, cell: int) -> NDArray[np.uint8]:
    """Return a scene as a picture, (rows, cols, 3), of so many pixels a cell."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (round(scene.width * cell), round(scene.height * cell)), "white")
    pen = ImageDraw.Draw(picture)
    for box in scene.boxes:
        left, top = round(box.x * cell), round(box.y * cell)
        right, bottom = round((box.x + box.width) * cell), round((box.y + box.height) * cell)
        pen.rectangle((left, top, right, bottom), box.fill, box.line, box.weight if box.line else 0)
    for label in scene.labels:
        font = _font(max(6, round(label.size * cell)), label.bold)
        anchor = label.anchor[0] + "m"
        pen.text((label.x * cell, label.y * cell), label.text, label.ink, font, anchor)
    samples = np.asarray(picture)
    return ((samples.astype(np.uint16) + SHADES // 2) // SHADES * SHADES).astype(np.uint8)


@lru_cache(maxsize=64)
def _font(size: int, bold: bool) -> Any:
    """Return the letters that Matplotlib draws with too."""
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    folder = os.path.join(matplotlib().get_data_path(), "fonts", "ttf")  # noqa: PTH118 - as in imgconv.image.files
    return ImageFont.truetype(os.path.join(folder, name), size)  # noqa: PTH118


def sketch(axes: Axes, scene: Scene, cell: float) -> None:
    """Draw a scene into axes; a cell is so many points wide. Hints that could not be read are left out."""
    from matplotlib.patches import Rectangle

    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(0, scene.width)
    axes.set_ylim(scene.height, 0)
    for box in scene.boxes:
        fill, line = box.fill or "none", box.line or "none"
        patch = Rectangle((box.x, box.y), box.width, box.height, facecolor=fill, edgecolor=line)
        patch.set_linewidth(0.5 * box.weight)
        axes.add_patch(patch)
    for label in scene.labels:
        if label.hint and label.size * cell < LEAST_POINTS:
            continue
        side = {"middle": "center"}.get(label.anchor, label.anchor)
        weight = "bold" if label.bold else "normal"
        axes.text(
            label.x,
            label.y,
            label.text,
            fontsize=label.size * cell,
            color=label.ink,
            ha=side,
            va="center",
            weight=weight,
        )
