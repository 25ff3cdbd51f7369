"""Numbers in the cells of a matrix that is drawn: how they are written, how large, and whether they can be read."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NUMBERS = 15
"""The longest side of a matrix whose numbers are written into its cells."""

LEAST_POINTS, MOST_POINTS = 5.0, 9.0
"""The sizes of letters, in points: smaller ones cannot be read at a figure's natural size."""

EMS = {".": 0.318, "-": 0.361, "+": 0.838, " ": 0.318}
"""The widths of letters in DejaVu Sans, in ems; digits have 0.636."""

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def cell_lines(axes: Axes, shape: tuple[int, int]) -> None:
    """Draw thin lines between the cells of a matrix, (rows, cols), that is small enough to have its numbers written."""
    rows, cols = shape
    if max(shape) <= MOST_NUMBERS:
        axes.set_xticks(np.arange(0.5, cols - 1), minor=True)
        axes.set_yticks(np.arange(0.5, rows - 1), minor=True)
        axes.tick_params(which="minor", length=0)
        axes.grid(which="minor", color="0.6", linewidth=0.4)


def write_cells(axes: Axes, cells: list[list[str]], shown: Any, size: float) -> None:
    """Write texts into the cells of an image, in black or white, whichever stands out from the cell's colour.

    Args:
        axes: where.
        cells: a text for every cell.
        shown: Matplotlib's image.
        size: of the letters, in points.
    """
    colours = shown.to_rgba(shown.get_array())
    for row, line in enumerate(cells):
        for col, text in enumerate(line):
            ink = "black" if luminance(colours[row, col]) > 0.2 else "white"
            axes.text(col, row, text, ha="center", va="center", fontsize=size, color=ink)


class Fitted(NamedTuple):
    """Numbers that fit into their cells: the texts, the size of their letters in points, and the unit they are in."""

    cells: list[list[str]]
    size: float
    unit: str = ""


def fitted_numbers(values: NDArray[Any], side: float) -> Fitted | None:
    """Return the numbers of a matrix that is `side` points large; None where they would be too small to read.

    Numbers with many zeros behind the point are written in a power of ten, which the title then says.

    >>> fitted_numbers(np.array([[0.25, -1], [0, 0.5]]), 150)
    Fitted(cells=[['0.25', '-1.00'], ['0', '0.50']], size=9.0, unit='')
    >>> fitted = fitted_numbers(np.full((15, 15), 0.0123), 240)
    >>> fitted.cells[0][0], fitted.unit, round(fitted.size, 1)
    ('12.3', '×10⁻³', 6.5)
    >>> fitted_numbers(np.full((15, 15), 0.0123), 100)
    """
    cell = side / max(values.shape)
    plain = number_cells(values)
    best = Fitted(plain, _letters(plain, cell))
    finite = np.abs(values[np.isfinite(values)])
    top = float(finite.max(initial=0))
    if best.size < 0.7 * MOST_POINTS and 0 < top < 0.1:
        power = 1 - floor(log10(top))
        scaled = number_cells(values * 10.0**power)
        unit = "×10" + str(-power).translate(SUPERSCRIPTS)
        best = max(best, Fitted(scaled, _letters(scaled, cell), unit), key=lambda fitted: fitted.size)
    return best if best.size >= LEAST_POINTS else None


def _letters(cells: list[list[str]], side: float) -> float:
    """Return the size of letters with which texts fit into cells of so many points a side."""
    widest = max(sum(EMS.get(letter, 0.636) for letter in cell) for line in cells for cell in line)
    return min(MOST_POINTS, 0.9 * side / widest, 0.6 * side)


def number_cells(values: NDArray[Any]) -> list[list[str]]:
    """Write numbers: integers as they are, others with as many decimals as give the largest three figures.

    Zeros at the end of all of them are left out.

    >>> number_cells(np.array([[0.04, 0.04], [0, 0.08]]))
    [['0.04', '0.04'], ['0', '0.08']]
    >>> number_cells(np.array([[0.25, -1], [0, 0.0004]]))
    [['0.25', '-1.00'], ['0', '0.00']]
    """
    finite = np.abs(values[np.isfinite(values)])
    top = float(finite.max(initial=0))
    if top < 1e7 and np.array_equal(finite, np.rint(finite)):
        style = ".0f"
    else:
        decimals = max(2 - floor(log10(top)), 0) if top else 0
        if decimals <= 5:
            while decimals and np.array_equal(np.round(finite, decimals), np.round(finite, decimals - 1)):
                decimals -= 1
        style = f".{decimals}f" if decimals <= 5 and top < 1e7 else ".2e"
    return [["0" if value == 0 else f"{value:{style}}" for value in line] for line in values]


def luminance(colour: Sequence[float]) -> float:
    """Return the relative luminance, 0 to 1, of an sRGB colour (WCAG 2.1, after IEC 61966-2-1)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
