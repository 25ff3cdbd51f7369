"""The comparison with reference pictures sees what is wrong: a mutation of a figure is farther off than is allowed."""

from contextlib import contextmanager
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from figures import common
from figures.common import DRAWN_WITH, TOLERANCE, distance, drawn, pixels_of
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

MODULES = [path.stem for path in sorted(Path(__file__).parent.glob("test_*.py")) if path.stem != "test_references"]
FIGURES = {
    name: draw
    for module in MODULES
    for name, draw in getattr(import_module(f"figures.{module}"), "REFERENCES", {}).items()
}

SEEN = 20 / 255
"""A mutation counts if it changes a colour by so much; where all values lie at the ends of a scale, it changes none."""


@contextmanager
def changed(artist, name, value):
    """Give an artist another value of a property, and its own again."""
    before = getattr(artist, f"get_{name}")()
    getattr(artist, f"set_{name}")(value)
    try:
        yield
    finally:
        getattr(artist, f"set_{name}")(before)


def some(things):
    """Return the first, the middle and the last of many."""
    return [things[at] for at in sorted({0, len(things) // 2, len(things) - 1})] if things else []


def colours(image):
    return image.to_rgba(image.get_array()) if image.get_array().ndim == 2 else np.asarray(image.get_array())


def shows_another(image, change):
    """Whether a change of an image is one of its colours."""
    before = colours(image)
    with change:
        return float(np.abs(colours(image) - before).max()) > SEEN


def wrong_scales(figure):
    """A wrong vmin, a wrong vmax, and wrong colours, for each picture and colour bar."""
    for image in figure.findobj(AxesImage):
        if image.get_array().ndim == 2:
            low, high = image.get_clim()
            span = high - low
            for clim in ((low - span / 4, high), (low, high + span / 4)):
                yield "a wrong end of the scale", image, ("clim", clim)
            yield "wrong colours", image, ("cmap", mpl.colormaps["viridis"])


def shifted(figure):
    """Samples that lie a row or a column further."""
    for image in figure.findobj(AxesImage):
        values = image.get_array()
        if is_bar(image):  # of which a 256th is no fault that anybody sees
            continue
        for axis in (0, 1):
            moved = np.roll(np.asarray(values), 1, axis=axis)
            yield "shifted samples", image, ("array", moved)


def swapped(figure):
    """Two pictures in each other's place."""
    for one, two in pairwise(image for image in figure.findobj(AxesImage) if not is_bar(image)):
        if one.get_array().shape == two.get_array().shape:
            yield "swapped pictures", one, ("array", np.array(two.get_array()))


def is_bar(image):
    return isinstance(image.axes, Axes) and image.axes not in image.figure.axes


def in_pictures(figure):
    for kind in (wrong_scales, shifted, swapped):
        found = list(kind(figure))
        found = [one for one in found if shows_another(one[1], changed(one[1], *one[2]))]
        for words in dict.fromkeys(words for words, *_ in found):
            yield from some([one for one in found if one[0] == words])


def in_drawings(figure):
    """Lines, boxes and numbers that are not what they should be."""
    lines = [line for line in figure.findobj(Line2D) if len(line.get_xdata()) > 2 and line.get_visible()]
    lines = [line for line in lines if np.ptp(line.get_ydata()) > 0 and line.axes in figure.axes]
    for line in some(lines):
        yield "a wrong curve", line, ("ydata", np.roll(line.get_ydata(), max(1, len(line.get_ydata()) // 20)))
    boxes = [box for axes in figure.axes for box in axes.patches if isinstance(box, Rectangle) and box.get_width()]
    for box in some([box for box in boxes if box.get_facecolor()[3] > 0 and box.get_x() >= 0]):
        yield "a box of another colour", box, ("facecolor", "#aa00aa")
        yield "a box in another place", box, ("x", box.get_x() + 0.3 * box.get_width())
    numbers = [text for text in figure.findobj(Text) if text.get_text().strip("-").isdigit() and text.get_visible()]
    for text in some([text for text in numbers if text.axes and text in text.axes.texts]):
        yield "a wrong number", text, ("text", text.get_text().translate(str.maketrans("0123456789", "8742068153")))


def test_every_reference_belongs_to_a_figure():
    assert {path.stem for path in common.REFERENCES.glob("*.png")} == set(FIGURES)


@pytest.mark.slow
@pytest.mark.skipif(mpl.__version__ != DRAWN_WITH, reason="the reference pictures are another Matplotlib's")
@pytest.mark.parametrize("name", FIGURES)
def test_a_mutation_is_seen(name):
    figure, kept = FIGURES[name](), pixels_of(common.REFERENCES / f"{name}.png")
    assert distance(drawn(figure), kept) < TOLERANCE / 4
    tried = [*in_pictures(figure), *in_drawings(figure)]
    assert len(tried) >= 6 and len({words for words, *_ in tried}) >= 2, tried
    for words, artist, change in tried:
        with changed(artist, *change):
            apart = distance(drawn(figure), kept)
        assert apart > TOLERANCE, f"{words} of {artist} in '{artist.axes.get_title()}' is only {apart:.1f} off"
    assert distance(drawn(figure), kept) < TOLERANCE / 4  # nothing of it is left
