"""What every figure is held to: no text over another, nothing cut off, and a picture to compare with."""

from __future__ import annotations

from io import BytesIO
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text
from PIL import Image

from imgconv.figures.parts.cells import LEAST_POINTS
from imgconv.figures.parts.style import styled

REFERENCES = Path(__file__).parent / "reference"
DRAWN_WITH = (REFERENCES / "drawn-with.txt").read_text().strip()
"""The Matplotlib that drew the reference pictures; others set type a little differently."""

DPI = 50
SLACK = 1.0
"""How many pixels the boxes of two texts may share: boxes are larger than ink."""

BLOCK = 16
TOLERANCE = 4.0
"""The root of the mean squared difference of samples, 0 to 255, of a block of `BLOCK` pixels a side, within which two
pictures count as equal: one wrong cell or digit lies beyond it, which in the mean of a whole sheet would be lost."""


def texts(figure):
    """Return the texts that are seen, each with its box in pixels of a drawing at the figure's own resolution."""
    with styled():
        figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    labels, drawn = set(), []
    for axes in figure.findobj(Axes):  # colour bars lie within the axes of their pictures
        for axis in (axes.xaxis, axes.yaxis, getattr(axes, "zaxis", axes.yaxis)):
            labels |= {label for tick in axis.get_major_ticks() for label in (tick.label1, tick.label2)}
            if axes.get_visible() and axes.axison:  # ticks beyond the ends of an axis have labels that nobody sees
                drawn += [tick.label1 for tick in axis._update_ticks() if tick.label1.get_visible()]
    drawn += [item for item in figure.findobj(Text) if item.get_visible() and item not in labels]
    shown = dict.fromkeys(item for item in drawn if item.get_text().strip())
    return [(item, item.get_window_extent(renderer)) for item in shown]


def assert_tidy(figure):
    """No text lies over another or over another panel, runs out of the figure, or is too small to be read."""
    boxes = texts(figure)
    frames = [(axes, axes.get_window_extent()) for axes in figure.findobj(Axes) if axes.axison and axes.get_visible()]
    width, height = figure.get_size_inches() * figure.dpi
    for item, box in boxes:
        inside = box.x0 >= -SLACK and box.y0 >= -SLACK and box.x1 <= width + SLACK and box.y1 <= height + SLACK
        assert inside, f"'{item.get_text()}' runs out of the figure"
        assert item.get_fontsize() >= LEAST_POINTS - 1e-9, f"'{item.get_text()}' has {item.get_fontsize():.1f} points"
        for axes, frame in frames:
            apart = axes is item.axes or _overlap(box, frame) <= SLACK
            assert apart, f"'{item.get_text()}' lies over the panel '{axes.get_title()}'"
    for (first, one), (second, two) in combinations(boxes, 2):
        assert _overlap(one, two) <= SLACK, f"'{first.get_text()}' lies over '{second.get_text()}'"


def _overlap(one, two):
    """Return how many pixels two boxes share in the direction in which they share fewer."""
    across = min(one.x1, two.x1) - max(one.x0, two.x0)
    down = min(one.y1, two.y1) - max(one.y0, two.y0)
    return min(across, down)


def drawn(figure):
    """Return a figure as it is drawn at `DPI`, (rows, cols, 3)."""
    contents = BytesIO()
    with styled():
        figure.savefig(contents, format="png", dpi=DPI)
    return pixels_of(contents)


def pixels_of(file):
    """Return the samples of a picture, (rows, cols, 3)."""
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def distance(one, two):
    """Return how far apart two pictures are in the block in which they are most, or infinity if their sizes differ."""
    if one.shape != two.shape:
        return float("inf")
    squares = np.mean((one.astype(float) - two.astype(float)) ** 2, axis=2)
    for axis in (0, 1):
        edges = np.arange(0, squares.shape[axis], BLOCK)
        squares = np.add.reduceat(squares, edges, axis=axis)
    return float(np.sqrt(squares.max() / BLOCK**2))


def assert_as_drawn(figure, name):
    """The figure looks as the reference picture of that name; `references.py` draws them anew."""
    if mpl.__version__ != DRAWN_WITH:
        pytest.skip(f"the reference pictures are Matplotlib {DRAWN_WITH}'s")
    apart = distance(drawn(figure), pixels_of(REFERENCES / f"{name}.png"))
    assert apart < TOLERANCE, f"{name} is {apart:.1f} off its reference picture"
