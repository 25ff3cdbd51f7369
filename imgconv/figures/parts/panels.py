"""Sheets of panels: pictures, kernels and results side by side, in places that can be measured against each other.

What is drawn is worked out first, as a list of rows of panels; nothing here knows why.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import OptionError
from imgconv.figures.parts.cells import MOST_NUMBERS, cell_lines, fitted_numbers, write_cells
from imgconv.figures.parts.style import (
    MOST_SAMPLES,
    NOT_FINITE,
    ORANGE,
    Scale,
    colour_bar,
    few_ticks,
    finite_range,
    heat_map,
    new_figure,
    outline,
    scale_of,
    scale_of_taps,
    settled,
    styled,
    ticks,
)
from imgconv.kernels.value import AnyKernel, Combined, Learned, Pointwise

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from imgconv.pipeline.run import Pipeline

Floats = NDArray[Any]
Bounds = tuple[float, float, float, float]

MOST_PARTS = 8
"""So many matrices of one kernel are drawn."""

TICKED = 64
"""The longest side of a picture whose rows and columns are numbered."""

WIDTH = 2.9
"""Inches of a panel with its colour bar."""

HEADING = 0.92
"""Inches of its title and the numbers of its columns."""

MATRIX = 140.0
"""How large a kernel is drawn that is a panel of a sheet, in points."""


class Look(NamedTuple):
    """What changes how a sheet looks and none of its numbers."""

    title: str | None = None
    cmap: str | None = None
    vmin: float | None = None
    vmax: float | None = None


class Panel(NamedTuple):
    """A picture of a sheet.

    Attributes:
        title: above it.
        values: (rows, cols, channels), of 1 or 3 channels.
        scale: what the colours stand for; None measures the values.
        group: panels of one group share a scale; empty for one of its own.
        result: whether the values are results, which take the ends of the scale and the colours that are asked for.
        origin: where the first sample's middle lies, (x, y) in pixels of the picture.
        step: how far apart samples are there.
        view: what is seen, (left, top, right, bottom) there; None is all of it.
        frames: rectangles that are drawn dashed, such as the picture's outline.
        label: beside it, on the left.
        bar: whether there is a colour bar.
        cover: (rows, cols), how much of each sample is seen, 0 to 1; None is all of it.
    """

    title: str
    values: Floats
    scale: Scale | None = None
    group: str = ""
    result: bool = True
    origin: tuple[float, float] = (0.0, 0.0)
    step: tuple[int, int] = (1, 1)
    view: Bounds | None = None
    frames: tuple[Bounds, ...] = ()
    label: str = ""
    bar: bool = True
    cover: Floats | None = None

    @property
    def extent(self) -> Bounds:
        """Where the samples lie, (left, top, right, bottom)."""
        rows, cols = self.values.shape[:2]
        (x, y), (across, down) = self.origin, self.step
        return x - across / 2, y - down / 2, x + (cols - 0.5) * across, y + (rows - 0.5) * down

    @property
    def aspect(self) -> float:
        """The height as a part of the width."""
        left, top, right, bottom = self.view or self.extent
        return (bottom - top) / (right - left)


class MatrixCell(NamedTuple):
    """A kernel of a sheet: its matrices, and what stands above them."""

    title: str
    matrices: tuple[Floats, ...]
    aspect: float = 1.0


class TextCell(NamedTuple):
    """Lines of text in place of a picture."""

    title: str
    lines: tuple[str, ...]

    @property
    def aspect(self) -> float:
        """The height as a part of the width, with room for the lines."""
        return min(1.0, 0.1 + 0.09 * len(self.lines))


Cell = Panel | MatrixCell | TextCell | None


def taps_of(kernel: AnyKernel, name: str = "") -> MatrixCell:
    """Return a kernel as a sheet shows it: its taps as written, the scale multiplied in."""
    match kernel:
        case Combined():
            matrices, size = tuple(member.taps for member in kernel.of), kernel.of[0].size
            words = f"{len(matrices)} of {size}, {kernel.combine}"
        case Pointwise():
            matrices = (kernel.matrix,)
            words = f"{kernel.matrix.shape[1]} channels to {kernel.matrix.shape[0]}"
        case Learned():
            outputs, inputs, rows, cols = kernel.weights.shape
            matrices = tuple(kernel.weights.reshape(outputs * inputs, rows, cols)[:MOST_PARTS])
            words = f"{outputs} x {inputs} of {cols}x{rows}"
        case _:
            matrices = (kernel.taps,)
            words = f"{kernel.size} taps, sum {kernel.sum:.4g}"
    more = f", the first {MOST_PARTS} drawn" if len(matrices) > MOST_PARTS or isinstance(kernel, Learned) else ""
    return MatrixCell(f"{short(name or kernel.name)}\n{words}{more}", matrices[:MOST_PARTS])


def file_name(pipeline: Pipeline) -> str:
    """Return what a pipeline is called in a figure: its file's name, without the folders."""
    return short(pipeline.source.replace("\\", "/").rpartition("/")[2] or "pipeline")


def short(name: str, most: int = 34) -> str:
    """Return a name in so many letters."""
    return name if len(name) <= most else name[: most - 3] + "..."


def range_words(values: Floats) -> str:
    """Say from where to where values go, and in a line of its own how many are not finite.

    >>> range_words(np.array([-130500.0, 0.123456]))
    '-130,500 to 0.1235'
    """
    low, high, finite = finite_range(values)
    more = f"\n{values.size - finite:,} not finite" if finite < values.size else ""
    return f"{_number(low)} to {_number(high)}{more}" if finite else "nothing finite"


def _number(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.4g}"


def refuse_many_channels(channels: int, name: str) -> None:
    """Refuse what one panel cannot show.

    Raises:
        OptionError: there are neither 1 nor 3 channels.
    """
    if channels not in (1, 3):
        problem = f"{name} has {channels} channels and a panel shows 1 or 3; 'draw layers' shows every channel"
        raise OptionError("INPUT", problem)


def draw_sheet(rows: Sequence[Sequence[Cell]], look: Look, *, width: float = WIDTH) -> Figure:
    """Draw rows of panels, each panel so many inches wide.

    Raises:
        OptionError: the scale or its colours make no sense.
        LibraryError: Matplotlib is not installed.
    """
    with styled():
        return settled(sheet(rows, look, width=width))


def sheet(rows: Sequence[Sequence[Cell]], look: Look, *, width: float = WIDTH) -> Figure:
    """Draw rows of panels as `draw_sheet` does; its layout is not settled yet."""
    across = max(len(row) for row in rows)
    ratios = [min(max(max((cell.aspect for cell in row if cell), default=1.0), 0.3), 1.6) for row in rows]
    heights = [0.8 * width * ratio + HEADING for ratio in ratios]
    figure = new_figure(width * across + 0.2, sum(heights) + 0.4 * bool(look.title), look.title)
    grid = figure.add_gridspec(len(rows), across, height_ratios=heights)
    scales = _scales(rows, look)
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            match cell:
                case Panel():
                    # Neighbours that share a scale share a bar.
                    follows = row[column + 1] if column + 1 < len(row) else None
                    if cell.group and isinstance(follows, Panel) and follows.group == cell.group:
                        cell = cell._replace(bar=False)
                    draw_panel(figure.add_subplot(grid[at, column]), cell, scales[at, column])
                case MatrixCell():
                    _draw_taps(figure, grid[at, column], cell, look.cmap)
                case TextCell():
                    _draw_words(figure.add_subplot(grid[at, column]), cell, ratios[at])
    return figure


def _scales(rows: Sequence[Sequence[Cell]], look: Look) -> dict[tuple[int, int], Scale]:
    """Return the scale of every panel, by its row and column."""
    groups: dict[Any, dict[tuple[int, int], Panel]] = {}
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, Panel):
                groups.setdefault(cell.group or (at, column), {})[at, column] = cell
    scales: dict[tuple[int, int], Scale] = {}
    for places in groups.values():
        members = list(places.values())
        results = [panel for panel in members if panel.result]
        scale = members[0].scale
        if scale is None or (results and (look.vmin is not None or look.vmax is not None)):
            scale = scale_of([panel.values for panel in members], vmin=look.vmin, vmax=look.vmax)
        if look.cmap and results:
            scale = scale._replace(cmap=scale_of(np.zeros(1), cmap=look.cmap).cmap)
        scales |= dict.fromkeys(places, scale)
    return scales


def draw_panel(axes: Axes, panel: Panel, scale: Scale) -> Any:
    """Draw a picture with its colour bar; return Matplotlib's image.

    Colours are drawn as they are, each channel from black to white over the scale.
    """
    values, step = panel.values, max(1, -(-max(panel.values.shape[:2]) // MOST_SAMPLES))
    values = values[::step, ::step]
    cover = None if panel.cover is None else panel.cover[::step, ::step]
    left, top, right, bottom = panel.extent
    small = max(panel.values.shape[:2]) <= TICKED
    if values.shape[2] == 1:
        plain = panel.view is None and panel.step == (1, 1) and panel.origin == (0, 0)
        shown = heat_map(axes, values[:, :, 0], scale, bar=False)
        if cover is not None:
            shown.set_alpha(cover)
        elif plain:
            _write_few(axes, values[:, :, 0], shown)
    else:
        unit = _unit(values, scale)
        shown = axes.imshow(unit if cover is None else np.dstack([unit, cover]), aspect="equal")
    shown.set_extent((left, right, bottom, top))
    seen = panel.view or panel.extent
    axes.set_xlim(seen[0], seen[2])
    axes.set_ylim(seen[3], seen[1])
    if small or panel.view:
        for axis, first, last in ((axes.xaxis, seen[0], seen[2]), (axes.yaxis, seen[1], seen[3])):
            places = _ticks(first, last)
            axis.set_ticks(places, list(map(str, places)))
        axes.tick_params(length=0)
    else:
        axes.set(xticks=(), yticks=())
    outline(axes)
    for frame in panel.frames:
        _draw_frame(axes, frame)
    axes.set_title(panel.title)
    axes.set_ylabel(panel.label)
    if panel.bar and values.shape[2] == 3:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        colour_bar(axes, ScalarMappable(Normalize(scale.low, scale.high), "gray"), channels=3)
    elif panel.bar:
        colour_bar(axes, shown)
    return shown


def _unit(values: Floats, scale: Scale) -> Floats:
    """Return colours as parts of white, 0 to 1; what is NaN has a colour of its own."""
    from matplotlib.colors import to_rgb

    with np.errstate(all="ignore"):
        unit = np.clip((values.astype(np.float64) - scale.low) / (scale.high - scale.low), 0, 1)
    unit[np.isnan(values).any(axis=2)] = to_rgb(NOT_FINITE)
    return unit


def _ticks(first: float, last: float) -> list[int]:
    """Return the whole numbers between two places that are written, 0 among them where it lies there."""
    begin, end = ceil(first), floor(last)
    numbered = ticks(max(1, end - begin + 1))
    step = numbered[1] - numbered[0] if len(numbered) > 1 else 1
    begin = -(-begin // step) * step
    return list(range(begin, max(end, begin) + 1, step))


def _draw_frame(axes: Axes, frame: Bounds) -> None:
    """Draw a rectangle, dashed."""
    from matplotlib.patches import Rectangle

    left, top, right, bottom = frame
    axes.add_patch(
        Rectangle(
            (left, top), right - left, bottom - top, facecolor="none", edgecolor=ORANGE, linewidth=1.4, linestyle="--"
        )
    )


def _draw_taps(figure: Figure, place: Any, taps: MatrixCell, cmap: str | None) -> None:
    count = len(taps.matrices)
    across = ceil(sqrt(count))
    down = ceil(count / across)
    inner = place.subgridspec(down, across, wspace=0.02, hspace=0.02)
    scale = scale_of_taps(taps.matrices, cmap)
    drawn = []
    for at, matrix in enumerate(taps.matrices):
        axes = figure.add_subplot(place if count == 1 else inner[at // across, at % across])
        shown = heat_map(axes, matrix, scale, bar=count == 1)
        cell_lines(axes, matrix.shape)
        _write_few(axes, matrix, shown, across)
        if count > 1:
            axes.set(xticks=(), yticks=())
        drawn.append(axes)
    if count == 1:
        drawn[0].set_title(taps.title)
        return
    # The title of a block of axes belongs to none of them, nor does the bar of several rows.
    drawn[(min(across, count) - 1) // 2].set_title(taps.title, x=0.5 if across % 2 else 1.0)
    if down == 1:
        colour_bar(drawn[-1], shown)
        return
    bar = figure.colorbar(shown, ax=drawn, shrink=0.85, pad=0.02, aspect=16)
    bar.locator = few_ticks()
    bar.ax.yaxis.set_major_formatter("{x:g}")
    bar.update_ticks()


def _write_few(axes: Axes, values: Floats, shown: Any, across: int = 1) -> None:
    """Write the numbers into the cells of a matrix, one of so many side by side, where they can be read."""
    fitted = fitted_numbers(values, MATRIX / across) if max(values.shape) <= MOST_NUMBERS else None
    if fitted and not fitted.unit:
        write_cells(axes, fitted.cells, shown, fitted.size)


def _draw_words(axes: Axes, words: TextCell, ratio: float) -> None:
    axes.set_axis_off()
    axes.set_box_aspect(ratio)
    axes.set_title(words.title)
    text = "\n".join(words.lines)
    axes.text(0.1, 0.95, text, transform=axes.transAxes, ha="left", va="top", fontsize=8, linespacing=1.5)
