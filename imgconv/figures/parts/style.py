"""What all figures have in common: their colours, scales, titles and colour bars.

Signed values are drawn on a scale symmetric about 0, from dark blue over mid-grey to pale yellow: lightness grows
with the value, so that a print in grey still tells negative from positive, and blue against yellow is what people
who cannot tell red from green see apart. Values of one sign are drawn from black to white, as a picture is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from math import floor, log10
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgconv.errors import LibraryError, OptionError, did_you_mean
from imgconv.figures.parts.cells import MOST_NUMBERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

SIGNED = "imgconv-signed"
"""The name of the colours of signed values."""

SIGNED_COLOURS = ("#08205c", "#2f62b8", "#8a8f98", "#e8b64c", "#fff6c8")
"""From the most negative over 0 to the most positive; lightness (CIE L*) about 15, 42, 59, 77, 97."""

BLUE, ORANGE, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
"""Lines and marks: of the palette of Okabe and Ito (2008), which colour-blind people can tell apart."""

MARKS = (BLUE, ORANGE, GREEN, PINK)
NOT_FINITE = "#cc79a7"
"""Samples that are NaN, in place of a colour of the scale."""

PADDING = "#d9d9d9"
"""The ground of cells that the border fills."""

MOST_SAMPLES = 1200
"""The longest side of an image that is drawn whole; a panel has fewer dots."""

FARTHEST = 1e30
"""The farthest that a scale goes, beyond which Matplotlib can no longer work out its ticks."""

PART = 1 << 20
"""So many values are looked at together."""

DPI = 150
"""Dots to the inch of a PNG, unless asked otherwise."""

TITLE = 13.0
"""Points of the letters of a figure's title."""

_RC = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "regular",
    "figure.titlesize": TITLE,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.unicode_minus": False,
    "text.parse_math": False,
    "lines.linewidth": 1.4,
    "figure.dpi": DPI,
    "image.interpolation": "nearest",
    "figure.facecolor": "white",
    "svg.hashsalt": "imgconv",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}


def matplotlib() -> Any:
    """Import Matplotlib, with the colours of signed values registered.

    Raises:
        LibraryError: it is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError:
        raise LibraryError("drawing figures", "matplotlib", "imgconv[figures]") from None
    if SIGNED not in mpl.colormaps:
        from matplotlib.colors import LinearSegmentedColormap

        mpl.colormaps.register(LinearSegmentedColormap.from_list(SIGNED, SIGNED_COLOURS))
    return mpl


def styled() -> AbstractContextManager[None]:
    """Return the context in which figures are made and drawn: the caller's own settings do not reach them."""
    mpl = matplotlib()
    settings = {**mpl.rcParamsDefault, **_RC}
    settings = {name: value for name, value in settings.items() if not name.startswith(("backend", "toolbar"))}
    context: AbstractContextManager[None] = mpl.rc_context(settings)
    return context


def new_figure(width: float, height: float, title: str | None = None) -> Figure:
    """Return an empty figure of (width, height) inches, which lays out its axes so that nothing overlaps."""
    matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=DPI)
    FigureCanvasAgg(figure)
    if title:
        figure.suptitle(fitted_title(title, width, TITLE))
    return figure


def fitted_title(title: str, width: float, size: float, most: int = 3) -> str:
    """Return a title in lines that are as long as a figure is wide, in inches; its letters have so many points.

    Raises:
        OptionError: it takes more than `most` lines.
    """
    letters = max(10, int(72 * width / (0.62 * size)))
    lines = [part for line in title.splitlines() for part in wrap(line, letters)]
    if len(lines) > most:
        raise OptionError("title", f"its {len(title):,} letters are more than there is room for above the figure")
    return "\n".join(lines)


def settled(figure: Figure) -> Figure:
    """Lay out a finished figure and keep its axes where they are, so that it looks the same whenever it is drawn."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    return figure


class Scale(NamedTuple):
    """The values that the ends of the colours stand for, and the colours' name."""

    low: float
    high: float
    cmap: str

    @property
    def signed(self) -> bool:
        """Whether 0 is in the middle."""
        return self.low == -self.high


def scale_of(
    values: ArrayLike | Iterable[NDArray[Any]],
    *,
    vmin: float | None = None,
    vmax: float | None = None,
    cmap: str | None = None,
    signed: bool | None = None,
) -> Scale:
    """Return the scale on which values are drawn: symmetric about 0 where they are signed, unless an end is given.

    Args:
        values: an array, or several that share the scale; NaN and infinities do not count.
        vmin, vmax: the values at the ends of the colours; None measures them.
        cmap: one of Matplotlib's colormaps; None chooses by sign.
        signed: whether the values are; None looks whether any is negative.

    Raises:
        OptionError: there are no such colours, or `vmin` is not less than `vmax`.
    """
    arrays = [values] if isinstance(values, np.ndarray) else [np.asarray(array) for array in values]  # type: ignore[union-attr]
    ranges = [ends for ends in map(finite_range, arrays) if ends.finite]
    low, high = (min(ends.low for ends in ranges), max(ends.high for ends in ranges)) if ranges else (0.0, 1.0)
    # What rounding leaves of a zero, as an FFT does, has no sign that counts.
    signed = low < -1e-9 * max(abs(low), abs(high)) if signed is None else signed
    if signed and vmin is None and vmax is None:
        high = max(abs(low), abs(high)) or 1.0
        low = -high
    low, high = low if vmin is None else vmin, high if vmax is None else vmax
    low, high = max(low, -FARTHEST), min(high, FARTHEST)
    if vmin is not None and vmax is not None and vmin >= vmax:
        raise OptionError("vmin", f"{vmin:g} must be less than --vmax {vmax:g}")
    if low >= high:  # one value everywhere: in the middle of a scale that reaches to 0, if nobody says an end
        if vmin is None and vmax is None and low:
            low, high = min(2 * low, 0.0), max(2 * low, 0.0)
        else:
            low, high = (low, low + 1.0) if vmax is None else (high - 1.0, high)
    return Scale(low, high, colours(cmap).name if cmap else SIGNED if signed else "gray")


class Range(NamedTuple):
    """From where to where values go, and how many are finite; without any, from infinity to minus infinity."""

    low: float
    high: float
    finite: int


def finite_range(values: NDArray[Any]) -> Range:
    """Return the range of the values that are finite, in parts, so that a large picture is not copied."""
    low, high, count = np.inf, -np.inf, 0
    rows = np.atleast_1d(values)
    step = max(1, PART * len(rows) // max(1, rows.size))
    for at in range(0, len(rows), step):
        part = rows[at : at + step]
        finite = part[np.isfinite(part)]
        if finite.size:
            low, high, count = min(low, float(finite.min())), max(high, float(finite.max())), count + finite.size
    return Range(low, high, count)


def scale_of_taps(matrices: Sequence[NDArray[Any]], cmap: str | None = None) -> Scale:
    """Return the scale of a kernel's taps: from 0 if none is negative, so that equal taps are not black."""
    scale = scale_of(matrices, cmap=cmap)
    if scale.low < 0:
        return scale
    return scale._replace(low=0.0, high=max(float(matrix.max()) for matrix in matrices) or 1.0)


def colours(name: str) -> Colormap:
    """Return the colormap of that name.

    Raises:
        OptionError: there is none.
    """
    mpl = matplotlib()
    if name not in mpl.colormaps:
        hint = did_you_mean(name, mpl.colormaps) or "; gray, viridis, cividis and RdBu are some"
        raise OptionError("cmap", f"there are no colours called '{name}'{hint}")
    colormap: Colormap = mpl.colormaps[name]
    return colormap


def finite_or_marked(cmap: str) -> Colormap:
    """Return the colours of that name, with a colour of its own for NaN."""
    return colours(cmap).with_extremes(bad=NOT_FINITE)


def heat_map(
    axes: Axes,
    values: NDArray[Any],
    scale: Scale,
    *,
    bar: bool = True,
    first: tuple[int, int] = (0, 0),
) -> Any:
    """Draw a matrix, (rows, cols), as coloured cells with row and column numbers; return Matplotlib's image.

    Args:
        axes: where.
        values: (rows, cols).
        scale: of the colours.
        bar: draw a colour bar.
        first: the numbers of the first row and column, where only a part is drawn.
    """
    rows, cols = values.shape
    shown = axes.imshow(values, cmap=finite_or_marked(scale.cmap), vmin=scale.low, vmax=scale.high, aspect="equal")
    axes.set_xticks(ticks(cols), [str(at + first[1]) for at in ticks(cols)])
    axes.set_yticks(ticks(rows), [str(at + first[0]) for at in ticks(rows)])
    axes.tick_params(length=0)
    outline(axes)
    if bar:
        colour_bar(axes, shown)
    return shown


def outline(axes: Axes) -> None:
    """Draw a thin grey line around a picture, which may be as white as the page."""
    for spine in axes.spines.values():
        spine.set(visible=True, color="0.6", linewidth=0.5)


def colour_bar(axes: Axes, shown: Any, *, channels: int = 1) -> Axes:
    """Draw a colour bar beside a picture, as high as it; return its axes.

    Args:
        axes: those of the picture.
        shown: what Matplotlib maps to colours: the picture, or a scale.
        channels: 3 draws a bar for red, green and blue each, where colours are drawn as they are.
    """
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    side = max(1.0, abs((top - bottom) / (right - left)))  # bars of all pictures are equally wide
    beside = axes.inset_axes((1 + 0.03 * side, 0.0, 0.05 * side, 1.0))
    low, high = shown.get_clim()
    shades = np.linspace(low, high, 256)[:, None]
    cmap = shown.cmap
    if channels == 3:
        shades, cmap = np.linspace(0, 1, 256)[:, None, None] * np.eye(3), None
    beside.imshow(shades, cmap=cmap, vmin=low, vmax=high, extent=(0, 1, low, high), aspect="auto", origin="lower")
    beside.set_xticks(())
    beside.yaxis.tick_right()
    beside.yaxis.set_major_locator(few_ticks())
    beside.yaxis.set_major_formatter("{x:g}")
    beside.tick_params(length=2.5, width=0.5)
    beside.set_ylim(low, high)
    outline(beside)
    return beside


def few_ticks() -> Any:
    """Return what chooses the numbers beside a colour bar: few, and round."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=6, steps=[1, 2, 5, 10])


def ticks(length: int) -> list[int]:
    """Return which of so many rows or columns get a number: all of a few, else about seven, the first among them."""
    if length <= MOST_NUMBERS:
        return list(range(length))
    step = nice_step(length / 6)
    return list(range(0, length, step))


def nice_step(least: float) -> int:
    """Return the least of 1, 2, 5, 10, 20 ... that is at least so much."""
    power = 10 ** max(0, floor(log10(max(least, 1))))
    return next(int(power * factor) for factor in (1, 2, 5, 10) if power * factor >= least)


def shown_part(values: NDArray[Any], most: int = MOST_SAMPLES) -> NDArray[Any]:
    """Return an image, (rows, cols, ...), as it is drawn: of a large one every second, third ... row and column."""
    step = max(1, -(-max(values.shape[:2]) // most))
    return values[::step, ::step]


def picture(axes: Axes, pixels: NDArray[Any], white: float, title: str = "") -> Any:
    """Draw a picture as people see it: (rows, cols, channels) of 1, 3 or 4 channels whose largest sample is `white`."""
    from matplotlib.colors import to_rgb

    shown = np.clip(np.asarray(pixels, np.float64) / white, 0, 1)
    if shown.ndim == 3 and shown.shape[2] == 1:
        shown = shown[:, :, 0]
    elif np.isnan(shown).any():
        shown[np.isnan(shown).any(axis=2), :3] = to_rgb(NOT_FINITE)
    image = axes.imshow(shown, cmap=finite_or_marked("gray"), vmin=0, vmax=1)
    axes.set_axis_off()
    axes.set_title(title)
    return image
