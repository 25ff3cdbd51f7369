"""Feature maps drawn: what every layer of a pipeline makes of a picture, in labelled grids."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv import engines
from imgconv.errors import OptionError
from imgconv.figures.parts.cells import LEAST_POINTS
from imgconv.figures.parts.style import (
    colour_bar,
    finite_or_marked,
    finite_range,
    new_figure,
    picture,
    scale_of,
    settled,
    shown_part,
    styled,
)
from imgconv.filtering.featuremap import columns
from imgconv.geometry import Shape
from imgconv.pipeline.run import Pipeline
from imgconv.pipeline.target import Target, float_for
from imgconv.sizes.chain import Row
from imgconv.tone import full_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[Any]

MOST_MAPS = 64
"""So many feature maps of a layer are drawn, the first ones."""

MOST_LAYERS = 24
"""So many layers fit onto a sheet."""

SIDE = 3.3
"""Inches of a layer's grid."""

GAP = 0.06
"""Between two maps, as a part of their width."""

GRID_GAP = 0.12
"""Inches around a grid."""

ACROSS = 4
"""Grids side by side."""

NUMBERED = 16
"""Up to so many maps of a layer have their range beside their number."""

DOTS = 320
"""The longest side, in samples, of a map as it is drawn."""


class Maps(NamedTuple):
    """What one layer gives.

    Attributes:
        number: the layer's, from 1.
        row: its name, size, receptive field and jump.
        values: (rows, cols, channels), as the pipeline computes them.
    """

    number: int
    row: Row
    values: Floats


def feature_maps(pixels: NDArray[Any], pipeline: Pipeline) -> list[Maps]:
    """Return what every layer of a pipeline makes of `pixels`, (rows, cols, channels).

    Raises:
        LayerError, SizeError: a layer cannot run.
    """
    rows, cols, channels = pixels.shape
    table = pipeline.plan(Shape(cols, rows, channels)).rows
    collected: list[Maps] = []

    def keep(number: int, values: Floats) -> None:
        collected.append(Maps(number, table[number - 1], values))

    pipeline.run(pixels, engines.get("builtin"), Target(None, float_for(pixels.dtype)), keep=keep)
    return collected


def draw_layers(
    pixels: NDArray[Any],
    pipeline: Pipeline,
    *,
    layer: int | None = None,
    shared: bool = False,
    title: str | None = None,
    cmap: str | None = None,
) -> Figure:
    """Draw the picture and what every layer makes of it, a grid of feature maps for each layer.

    Every map has a scale of its own, unless they share one. Grids are headed by the size and by the receptive field
    and the jump, in pixels of the picture.

    Args:
        pixels: (rows, cols, channels), without alpha.
        pipeline: the layers.
        layer: draw this one alone, from 1; None draws all.
        shared: whether all maps of a layer share a scale.
        title: above the sheet.
        cmap: one of Matplotlib's colormaps; None chooses by sign.

    Raises:
        OptionError: there are too many layers, or no such layer.
        LayerError, SizeError: a layer cannot run.
        LibraryError: Matplotlib is not installed.
    """
    number = len(pipeline.layers)
    if layer is not None and not 1 <= layer <= number:
        raise OptionError("layer", f"there is no layer {layer}; the pipeline has {number}")
    if layer is None and number > MOST_LAYERS:
        raise OptionError("layer", f"{number} layers are more than the {MOST_LAYERS} of a sheet; draw them one by one")
    drawn = [maps for maps in feature_maps(pixels, pipeline) if layer in (None, maps.number)]
    count = len(drawn) + 1
    # Rows are as wide as leaves the fewest places of the last one empty.
    across = count if count <= ACROSS else min(ACROSS, ACROSS - 1, key=lambda width: -count % width)
    down = ceil(count / across)
    side = SIDE * (1.8 if layer is not None else 1)
    with styled():
        # Grids of one map are as low as the picture, others about square.
        flat = all(maps.values.shape[2] == 1 for maps in drawn) and pixels.shape[2] in (1, 3)
        tall = side * min(1.0, max(0.3, pixels.shape[0] / pixels.shape[1])) if flat else side
        figure = new_figure(across * (side + 0.25) + 0.25, down * (tall + 0.75) + 0.2, title)
        apart: Any = figure.get_layout_engine()
        apart.set(w_pad=GRID_GAP, h_pad=GRID_GAP)
        grid: Any = figure.subplots(down, across, squeeze=False)
        places = list(np.asarray(grid).ravel())
        white = full_range(pixels.dtype)
        if pixels.shape[2] in (1, 3):
            picture(places[0], shown_part(pixels), white)
            places[0].set_anchor("N")
        else:
            _draw_grid(places[0], pixels, shared, cmap)
        places[0].set_title(f"input\n{pixels.shape[1]}x{pixels.shape[0]}x{pixels.shape[2]}{_left_out(pixels)}")
        for axes, maps in zip(places[1:], drawn, strict=False):
            _draw_grid(axes, maps.values, shared, cmap)
            axes.set_title(f"{maps.number} {maps.row.kind}: {maps.row.output}\n{_views(maps)}")
        for axes in places[len(drawn) + 1 :]:
            axes.set_axis_off()
        return settled(figure)


def _views(maps: Maps) -> str:
    """Say what one output sees, and how many maps are left out."""
    (width, height), jumps = maps.row.field, maps.row.jump
    field = f"{width}x{height}"
    steps = [f"{upper}" if lower == 1 else f"{upper}/{lower}" for upper, lower in jumps]
    jump = steps[0] if steps[0] == steps[1] else "x".join(steps)
    return f"sees {field} px, jump {jump}{_left_out(maps.values)}"


def _left_out(values: Floats) -> str:
    count = values.shape[2]
    return f", the first {MOST_MAPS} of {count}" if count > MOST_MAPS else ""


def _draw_grid(axes: Axes, values: Floats, shared: bool, cmap: str | None) -> None:
    """Draw the channels of (rows, cols, channels) as tiles of a grid that is about square."""
    rows, cols, count = values.shape
    drawn = min(count, MOST_MAPS)
    wide, tall = cols / max(rows, cols), rows / max(rows, cols)
    across = columns(drawn, wide, tall)
    down = ceil(drawn / across)
    # Maps of one layer have one kind of colours, so that a map without negative values is not taken for another's.
    layer = scale_of(values[:, :, :drawn], cmap=cmap)
    shown = None
    for at in range(drawn):
        part = shown_part(values[:, :, at], DOTS)
        left, top = (at % across) * (wide + GAP), (at // across) * (tall + GAP)
        scale = layer if shared else scale_of(part, cmap=cmap, signed=layer.signed)
        place = (left, left + wide, top + tall, top)
        shown = axes.imshow(part, cmap=finite_or_marked(scale.cmap), vmin=scale.low, vmax=scale.high, extent=place)
        words = f"{at}" if drawn > NUMBERED else f"{at}: {_range(values[:, :, at])}"
        axes.text(
            left + 0.02,
            top + 0.03,
            words,
            ha="left",
            va="top",
            fontsize=max(LEAST_POINTS, min(7.5, 26 / across)),
            color="white",
            bbox={"facecolor": "black", "alpha": 0.55, "pad": 0.8, "linewidth": 0},
        )
    axes.set_xlim(0, across * (wide + GAP) - GAP)
    axes.set_ylim(down * (tall + GAP) - GAP, 0)
    axes.set_aspect("equal")
    axes.set_anchor("N")
    axes.set_axis_off()
    if shared and shown is not None:
        colour_bar(axes, shown)


def _range(values: Floats) -> str:
    low, high, finite = finite_range(values)
    return f"{low:.3g} to {high:.3g}" if finite else "nothing finite"
