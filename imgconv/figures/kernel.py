"""Kernels drawn: their numbers, their response to frequencies, their factors, and what they make of simple pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imgconv.api import convolve
from imgconv.errors import OptionError
from imgconv.figures.parts.cells import MOST_NUMBERS, cell_lines, fitted_numbers, write_cells
from imgconv.figures.parts.response import cut_off_words, profiles, response_map
from imgconv.figures.parts.style import (
    BLUE,
    MARKS,
    Scale,
    colour_bar,
    colours,
    heat_map,
    new_figure,
    nice_step,
    outline,
    picture,
    scale_of,
    scale_of_taps,
    settled,
    styled,
)
from imgconv.kernels.export._facts import factors, scale_text, symmetry
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Learned, Offset, Pointwise

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

MOST_KERNELS = 6
"""So many kernels fit into one figure."""

MOST_MEMBERS = 4
"""So many members of a combined kernel are drawn; a compass has eight that are turns of one."""

MOST_FILTERS = 8
"""So many output and input channels of a network's weights are drawn."""

MIDDLE = 7
"""The taps a side that are drawn of a kernel too large to print."""

MOST_MARKS = 33
"""So many points of a curve are marked; more would hide it."""

LARGEST = 601
"""The longest side of the simple pictures, which are three times as large as the kernel."""

WIDTH, HEIGHT = 12.0, 8.6
"""Inches for one kernel."""

ROOMY, MORE_HEIGHT = 7, 1.4
"""Kernels of more taps a side have their numbers in a larger panel, which takes so many inches more."""

SIDES = {False: 150.0, True: 250.0}
"""How large a matrix is drawn, in points: in a panel as all others, and in a larger one."""

CHIPS = {
    "red": (1, 0, 0),
    "yellow": (1, 1, 0),
    "green": (0, 1, 0),
    "cyan": (0, 1, 1),
    "blue": (0, 0, 1),
    "magenta": (1, 0, 1),
    "skin": (0.88, 0.67, 0.55),
    "sky": (0.4, 0.6, 0.85),
    "grey": (0.5, 0.5, 0.5),
    "white": (1, 1, 1),
}
"""The colours that a matrix over channels is shown on, as parts of white."""


def draw_kernel(*kernels: AnyKernel, title: str | None = None, cmap: str | None = None) -> Figure:
    """Draw kernels, a block of panels for each.

    Of a matrix: the numbers as written and as slid, a surface, the factors or the singular values, the frequency
    response with its cut-off (where half of the largest power is left), and what it makes of a step, of edges, lines
    and a point. Of several kernels combined: the members, and what they make together. Of a matrix over channels:
    its numbers, and colours before and after. Of a network's weights: the filters.

    Args:
        kernels: up to `MOST_KERNELS`.
        title: above the figure; None leaves it to the blocks.
        cmap: one of Matplotlib's colormaps for the numbers and results; None chooses by sign.

    Raises:
        OptionError: there are too many kernels, or no such colours.
        LibraryError: Matplotlib is not installed.
    """
    if not 1 <= len(kernels) <= MOST_KERNELS:
        raise OptionError("KERNEL", f"a figure has room for 1 to {MOST_KERNELS} kernels, not {len(kernels)}")
    heights = [_height(kernel) for kernel in kernels]
    with styled():
        figure = new_figure(WIDTH, sum(heights) + 0.4 * bool(title), title)
        blocks = figure.subfigures(len(kernels), 1, squeeze=False, height_ratios=heights)[:, 0]
        for block, kernel in zip(blocks, kernels, strict=True):
            block.suptitle(_headline(kernel), fontsize=12)
            match kernel:
                case Pointwise():
                    _draw_matrix(block, kernel, cmap)
                case Learned():
                    _draw_filters(block, kernel, cmap)
                case _:
                    _draw_taps(block, kernel, cmap)
        return settled(figure)


def _height(kernel: AnyKernel) -> float:
    if isinstance(kernel, (Pointwise, Learned)):
        return 4.2
    return HEIGHT + MORE_HEIGHT * _is_roomy(kernel)


def _is_roomy(kernel: AnyKernel) -> bool:
    """Whether a kernel's numbers are too many for a panel of the usual size, and not so many that few are drawn."""
    return isinstance(kernel, Kernel) and ROOMY < max(kernel.shape) <= MOST_NUMBERS


def _headline(kernel: AnyKernel) -> str:
    text = f"{kernel.name}: {kernel.summary}" if kernel.summary else kernel.name
    return text if len(text) <= 110 else text[:107] + "..."


def _draw_taps(block: SubFigure, kernel: Kernel | Combined, cmap: str | None) -> None:
    usual = HEIGHT / 2.72
    rows = block.add_gridspec(3, 1, height_ratios=(usual + MORE_HEIGHT * _is_roomy(kernel), usual, 0.72 * usual))
    middle = rows[1].subgridspec(1, 3, width_ratios=(1, 1.5, 1.5))
    bottom = rows[2].subgridspec(1, 6)
    if isinstance(kernel, Combined):
        _draw_members(block, rows[0].subgridspec(1, 4), kernel, cmap)
    else:
        scale = scale_of_taps([kernel.taps], cmap)
        roomy = _is_roomy(kernel)
        if symmetry(kernel.weights)["half_turn"] == "even":
            top = rows[0].subgridspec(1, 3, width_ratios=(1.4, 1, 1.2))
            _draw_numbers(block.add_subplot(top[0]), kernel, "as written and as slid", scale, SIDES[roomy])
        else:
            top = rows[0].subgridspec(1, 4, width_ratios=(1.4, 1.4, 0.9, 0.9) if roomy else (1, 1, 1, 1))
            side = SIDES[roomy] * (0.8 if roomy else 1)
            _draw_numbers(block.add_subplot(top[0]), kernel, "as written", scale, side)
            _draw_numbers(block.add_subplot(top[1]), kernel.slid(), "as slid (turned by 180°)", scale, side)
        _draw_shape(block, top[-2], kernel, scale)
        _draw_factors(block.add_subplot(top[-1]), kernel)
    _draw_response(block.add_subplot(middle[0]), kernel)
    _draw_profiles(block.add_subplot(middle[1]), kernel)
    _draw_step(block.add_subplot(middle[2]), kernel)
    _draw_results(block, bottom, kernel, cmap)


def _draw_numbers(axes: Axes, kernel: Kernel, how: str, scale: Scale, side: float = SIDES[False]) -> None:
    """Draw the numbers that are written, before the scale, on the colours of the taps; `side` is in points."""
    top, left, (rows, cols) = 0, 0, kernel.shape
    fitted = fitted_numbers(kernel.weights, side) if max(kernel.shape) <= MOST_NUMBERS else None
    if fitted is None:
        rows, cols = (MIDDLE - (MIDDLE - n) % 2 if n > MIDDLE else n for n in kernel.shape)
        top, left = (kernel.shape[0] - rows) // 2, (kernel.shape[1] - cols) // 2
    part = np.s_[top : top + rows, left : left + cols]
    fitted = fitted or fitted_numbers(kernel.weights[part], side)
    shown = heat_map(axes, kernel.taps[part], scale, first=(top, left))
    cell_lines(axes, (rows, cols))
    if fitted:
        write_cells(axes, fitted.cells, shown, fitted.size)
    name = "".join(f", {text}" for text in (scale_text(kernel.scale), fitted.unit if fitted else "") if text)
    title = how + name
    if (rows, cols) != kernel.shape:
        title = f"{how}{name}: the middle\n{cols}x{rows} of {kernel.size} taps, sum {kernel.sum:.4g}"
    axes.set_title(title)


def _draw_members(block: SubFigure, grid: Any, kernel: Combined, cmap: str | None) -> None:
    drawn = kernel.of[:MOST_MEMBERS]
    scale = scale_of_taps([member.taps for member in drawn], cmap)
    if len(drawn) == 2:  # there is room to show each as it is slid too
        drawn = tuple(turned for member in drawn for turned in (member, member.slid().replace(name="as slid")))
    for at, member in enumerate(drawn):
        more = f" and {len(kernel.of) - MOST_MEMBERS} more" * (at == MOST_MEMBERS - 1 < len(kernel.of) - 1)
        _draw_numbers(block.add_subplot(grid[at]), member, member.name + more, scale)


def _draw_shape(block: SubFigure, place: Any, kernel: Kernel, scale: Scale) -> None:
    """Draw the taps as heights: over a plane, or of a single row or column over a line."""
    if min(kernel.shape) > 1:
        _draw_surface(block.add_subplot(place, projection="3d"), kernel, scale)
        return
    axes = block.add_subplot(place)
    axes.bar(np.arange(kernel.taps.size), kernel.taps.ravel(), width=0.9, color=BLUE)
    axes.axhline(0, color="0.7", linewidth=0.6)
    axes.locator_params(axis="x", integer=True)
    axes.set_title("taps")
    axes.set_xlabel("column" if kernel.shape[0] == 1 else "row")


def _draw_surface(axes: Any, kernel: Kernel, scale: Scale) -> None:
    rows, cols = kernel.shape
    x, y = np.meshgrid(np.arange(cols), np.arange(rows))
    if max(rows, cols) <= MOST_NUMBERS:
        from matplotlib.colors import Normalize

        shades = colours(scale.cmap)(Normalize(scale.low, scale.high)(kernel.taps.ravel()))
        axes.bar3d(x.ravel() - 0.45, y.ravel() - 0.45, 0, 0.9, 0.9, kernel.taps.ravel(), color=shades, shade=True)
    else:
        axes.plot_surface(
            x, y, kernel.taps, cmap=scale.cmap, vmin=scale.low, vmax=scale.high, rcount=60, ccount=60, linewidth=0
        )
    low, high = float(kernel.taps.min(initial=0)), float(kernel.taps.max(initial=0))
    axes.set_zlim(low, high if high > low else 1.0)
    axes.set_title("surface")
    axes.set_box_aspect((cols / max(rows, cols) + 0.3, rows / max(rows, cols) + 0.3, 0.8), zoom=0.82)
    axes.tick_params(pad=-3, labelsize=6.5)
    axes.tick_params(axis="z", pad=0)
    axes.locator_params(axis="z", nbins=3)
    axes.set_xticks(_few(cols))
    axes.set_yticks(_few(rows))
    axes.set_xlabel("column", labelpad=-3, fontsize=7.5)
    axes.set_ylabel("row", labelpad=-3, fontsize=7.5)
    axes.invert_yaxis()


def _few(count: int) -> list[int]:
    """Return which of so many rows or columns of a surface get a number."""
    step = nice_step(count / 4)
    return list(range(0, count, step))


def _draw_factors(axes: Axes, kernel: Kernel) -> None:
    parts = factors(kernel)
    if parts is None:
        values = np.linalg.svd(kernel.weights, compute_uv=False)[:MOST_NUMBERS]
        share = values / (values[0] or 1)
        axes.bar(np.arange(1, len(share) + 1), share, color=BLUE)
        axes.set_title(f"singular values:\nrank {kernel.rank}, not separable")
        axes.set(xlabel="number", ylabel="part of the largest", xticks=np.arange(1, len(share) + 1))
        return
    for values, name, look in zip(parts, ("column", "row"), _looks(max(kernel.shape) <= MOST_MARKS), strict=False):
        middle = (len(values) - 1) / 2
        axes.plot(np.arange(len(values)) - middle, values, label=name, **look)
    axes.axhline(0, color="0.7", linewidth=0.6, zorder=0)
    scale = scale_text(kernel.scale)
    axes.set_title(f"separable: column times row{', ' + scale if scale else ''}")
    axes.set(xlabel="taps from the middle")
    axes.legend(frameon=False, fontsize=8)


def _looks(marked: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return how two curves are drawn that may lie over each other: the second lets the first be seen."""
    first = {"color": MARKS[0], "linewidth": 2.6, "marker": "s" if marked else "", "markersize": 6}
    second = {"color": MARKS[1], "linewidth": 1.3, "marker": "o" if marked else "", "markersize": 3}
    return first, second | {"linestyle": "--"}


def _draw_response(axes: Axes, kernel: Kernel | Combined) -> None:
    values = response_map(kernel)
    shown = axes.imshow(values, cmap="gray", vmin=0, vmax=float(values.max()) or 1, extent=(-0.5, 0.5, 0.5, -0.5))
    axes.set_title("frequency response")
    axes.set(xlabel="x, cycles a pixel", ylabel="y, cycles a pixel", xticks=(-0.5, 0, 0.5), yticks=(-0.5, 0, 0.5))
    outline(axes)
    colour_bar(axes, shown)


def _draw_profiles(axes: Axes, kernel: Kernel | Combined) -> None:
    styles = (("-", 2.8), ("--", 1.4), (":", 1.4))  # the first is seen where the others lie over it
    for profile, colour, (style, width) in zip(profiles(kernel), MARKS, styles, strict=False):
        label = f"{profile.name}: {cut_off_words(profile)}"
        axes.plot(profile.frequencies, profile.magnitudes, color=colour, linestyle=style, linewidth=width, label=label)
        for frequency in profile.cut_offs[:2]:
            height = float(np.interp(frequency, profile.frequencies, profile.magnitudes))
            axes.plot([frequency], [height], marker="o", markersize=5, color=colour, fillstyle="none")
    axes.set_xlim(0, 0.5)
    axes.set_ylim(bottom=0)
    together = ", all members together" if isinstance(kernel, Combined) else ""
    axes.set_title(f"magnitude and cut-off{together}")
    axes.set(xlabel="cycles a pixel")
    axes.legend(frameon=True, framealpha=0.85, edgecolor="none", fontsize=7.5)


def _draw_step(axes: Axes, kernel: Kernel | Combined) -> None:
    reach = max(kernel.shape)
    length = 2 * (reach + 4) + 1
    step = np.zeros((length, length))
    step[:, length // 2 :] = 1.0
    places = np.arange(length) - length // 2
    middle = length // 2
    axes.step(places, step[middle], where="mid", color="0.55", linewidth=1.0, label="a step from 0 to 1")
    across = convolve(step, kernel, padding="interpolation")[middle]
    down = convolve(np.ascontiguousarray(step.T), kernel, padding="interpolation")[:, middle]
    first, second = _looks(length <= 2 * MOST_MARKS)
    axes.plot(places, across, label="across, left to right", **first)
    axes.plot(places, down, label="down, top to bottom", **second)
    axes.set_title("what it makes of a step" + (", in degrees" if _is_angle(kernel) else ""))
    axes.set(xlabel="pixels from the step")
    axes.legend(frameon=True, framealpha=0.85, edgecolor="none", fontsize=7.5)


def _is_angle(kernel: AnyKernel) -> bool:
    return isinstance(kernel, Combined) and kernel.combine == "angle"


def simple_pictures(side: int) -> dict[str, NDArray[np.float64]]:
    """Return simple pictures of (side, side) floats, 0 and 1, by name: edges, lines and a point."""
    edges, lines, point = np.zeros((3, side, side))
    quarter = side // 4
    edges[quarter : side - quarter, quarter : side - quarter] = 1
    lines[quarter] = lines[:, quarter] = 1
    lines[np.arange(side), np.arange(side)[::-1]] = 1
    point[side // 2, side // 2] = 1
    return {"edges": edges, "lines": lines, "a point": point}


def _draw_results(block: SubFigure, grid: Any, kernel: Kernel | Combined, cmap: str | None) -> None:
    side = min(max(21, 3 * max(kernel.shape) // 2 * 2 + 1), LARGEST)
    pictures = simple_pictures(side)
    results = {name: convolve(image, kernel, padding="interpolation") for name, image in pictures.items()}
    for at, (name, image) in enumerate(pictures.items()):
        picture(block.add_subplot(grid[2 * at]), image[:, :, None], 1.0, name)
        axes = block.add_subplot(grid[2 * at + 1])
        # A point's result, the kernel itself, may be a thousandth of an edge's: each has its own scale.
        heat_map(axes, results[name], scale_of(results[name], cmap=cmap))
        axes.set(xticks=(), yticks=())
        axes.set_title("becomes")


def _draw_matrix(block: SubFigure, kernel: Pointwise, cmap: str | None) -> None:
    outputs, inputs = kernel.matrix.shape
    left, right = block.subplots(1, 2, width_ratios=(1, 2.2))
    shown = heat_map(left, kernel.matrix, scale_of_taps([kernel.matrix], cmap))
    cell_lines(left, kernel.matrix.shape)
    if max(kernel.matrix.shape) <= MOST_NUMBERS and (fitted := fitted_numbers(kernel.matrix, SIDES[False])):
        write_cells(left, fitted.cells, shown, fitted.size)
    names = ["R", "G", "B"] if inputs == 3 else [f"in {at}" for at in range(inputs)]
    left.set_xticks(range(inputs), names)
    left.set_yticks(
        range(outputs), ["R", "G", "B"][:outputs] if outputs == 3 else [f"out {at}" for at in range(outputs)]
    )
    biases = kernel.bias or (Offset(),) * outputs
    added = f", bias {', '.join(map(str, biases))}" if any(biases) else ""
    left.set_title(f"matrix: a row an output channel{added}")
    right.set_axis_off()
    if inputs != 3 or outputs not in (1, 3):
        return
    before = np.array([list(CHIPS.values())], dtype=np.float64)
    after = convolve(before, kernel)
    chips = np.clip(np.stack([before[0], np.broadcast_to(after, before.shape)[0]]), 0, 1)
    right.imshow(chips, aspect="auto", extent=(0, len(CHIPS), 2, 0))
    right.set_axis_on()
    right.set_xticks(np.arange(len(CHIPS)) + 0.5, list(CHIPS))
    right.set_yticks((0.5, 1.5), ("before", "after"))
    right.tick_params(length=0)
    outline(right)
    clipped = np.count_nonzero((after < 0) | (after > 1))
    right.set_title(
        "colours" + (f" ({clipped} of {after.size} results lie outside 0..1 and are cut)" if clipped else "")
    )


def _draw_filters(block: SubFigure, kernel: Learned, cmap: str | None) -> None:
    outputs, inputs = kernel.weights.shape[:2]
    rows, cols = min(inputs, MOST_FILTERS), min(outputs, MOST_FILTERS)
    scale = scale_of(kernel.weights, cmap=cmap)
    grid: Any = block.subplots(rows, cols, squeeze=False)
    for (row, col), axes in np.ndenumerate(np.asarray(grid)):
        shown = axes.imshow(kernel.weights[col, row], cmap=scale.cmap, vmin=scale.low, vmax=scale.high)
        axes.set(xticks=(), yticks=())
        outline(axes)
        if row == 0:
            axes.set_title(f"out {col}", fontsize=8)
        if col == 0:
            axes.set_ylabel(f"in {row}")
    block.colorbar(shown, ax=list(np.asarray(grid).ravel()), shrink=0.85, pad=0.02)
    if outputs > cols or inputs > rows:
        block.supxlabel(f"{cols} of {outputs} output and {rows} of {inputs} input channels", fontsize=8)
