"""How far a result moves when the picture does: the equivariance of convolutions, and what stride and pooling lose.

A convolution of stride 1 moves its result as far as the picture moved. After a stride or a pooling of s a result can
move by whole samples only, s pixels of the picture each; between these it changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import OptionError
from imgconv.figures.parts.comparison import Comparison, Task, Variant
from imgconv.figures.parts.panels import Look, Panel, range_words, sheet, short
from imgconv.figures.parts.style import MARKS, Scale, settled, styled
from imgconv.geometry import Padding
from imgconv.layers.pool import Pool
from imgconv.pipeline.run import Pipeline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[Any]

FARTHEST = 8
"""Pixels by which the picture is moved at the most."""

DRAWN = 1
"""Pixels by which the picture is moved in the panels."""

VALID = Padding("valid")


class Moves(NamedTuple):
    """One way to filter, and what it makes of a picture that moves to the right.

    Attributes:
        name: the kernel or pooling, with its stride.
        stride: pixels of the picture between two results.
        still, moved: results of the picture, and of the picture moved by `DRAWN`.
        steps: how far the result moved, in samples, for every shift of 0, 1, 2 ... pixels.
        errors: what is left then, the root of the mean square as a part of the result's standard deviation.
        difference: the difference of the moved result and the result of the moved picture, drawn.
    """

    name: str
    stride: int
    still: Floats
    moved: Floats
    steps: tuple[int, ...]
    errors: tuple[float, ...]
    difference: Floats


def moved(task: Task) -> Comparison:
    """Measure how results move, for the mode ``shift`` of `imgconv.figures.compare`.

    Raises:
        OptionError: the picture is too narrow.
    """
    width = task.image.width
    (variant,) = task.variants
    if task.request.stride[0] != task.request.stride[1]:
        raise OptionError("stride", "--shift moves the picture to the right; give one number")
    stride = task.request.stride[0] if task.request.stride[0] > 1 else 2
    farthest = min(FARTHEST, width // 4)
    if farthest < 2:
        raise OptionError("INPUT", f"a picture of {width} columns is too narrow to be moved; 8 are needed")
    window = (stride, stride)
    filters = [
        (f"{variant.name}, stride 1", variant, 1),
        (f"{variant.name}, stride {stride}", variant, stride),
        (f"max pooling {stride}x{stride}", Variant("max", None, Pipeline((Pool(max=window),))), stride),
        (f"mean pooling {stride}x{stride}", Variant("mean", None, Pipeline((Pool(mean=window),))), stride),
    ]
    all_moves = [_moves(task, name, each, step, farthest) for name, each, step in filters]
    facts = {
        moves.name: {"moved": list(moves.steps), "errors": [round(error, 6) for error in moves.errors]}
        for moves in all_moves
    }
    return Comparison(lambda look: _draw(task, all_moves, look), {"shifts": facts})


def _moves(task: Task, name: str, variant: Variant, stride: int, farthest: int) -> Moves:
    """Filter the picture through windows that lie 0, 1, 2 ... pixels further to the left."""
    changes: dict[str, Any] = {"padding": VALID, "stride": (stride, stride)}
    if variant.pipeline is not None:
        changes = {"stride": (1, 1), "dilation": (1, 1), "correlate": False}
    still = _run(task, variant, 0, farthest, changes)
    spread = float(np.nanstd(still)) or 1.0
    steps, errors = [], []
    for shift in range(farthest + 1):
        result = still if shift == 0 else _run(task, variant, shift, farthest, changes)
        near = {shift // stride, -(-shift // stride)}
        step, error = min(
            ((at, _remaining_error(still, result, at) / spread) for at in sorted(near)), key=lambda pair: pair[1]
        )
        steps.append(step)
        errors.append(error)
        if shift == DRAWN:
            result_moved, difference = result, _difference(still, result, step)
    return Moves(name, stride, still, result_moved, tuple(steps), tuple(errors), difference)


def _run(task: Task, variant: Variant, shift: int, farthest: int, changes: dict[str, Any]) -> Floats:
    """Return the result for the picture moved to the right by `shift`, of a window that is always within it."""
    width = task.image.width
    pixels = task.image.pixels[:, farthest - shift : width - shift]
    moved = task.replace(image=task.image.with_pixels(np.ascontiguousarray(pixels)).replace(header=None))
    return moved.filtered(variant, **changes)


def _difference(still: Floats, result: Floats, step: int) -> Floats:
    """Return the difference of what both have in common, if the result has moved by so many samples."""
    with np.errstate(all="ignore"):
        apart: Floats = result[:, step:].astype(np.float64) - still[:, : still.shape[1] - step]
    return apart


def _remaining_error(still: Floats, result: Floats, step: int) -> float:
    if step >= still.shape[1]:
        return float("inf")
    difference = _difference(still, result, step)
    finite = difference[np.isfinite(difference)]
    return float(np.sqrt(np.mean(finite**2))) if finite.size else 0.0


def _draw(task: Task, all_moves: list[Moves], look: Look) -> Figure:
    rows = []
    for moves in all_moves:
        reach = float(np.nanmax(np.abs(np.nan_to_num(moves.difference))))
        size = f"{moves.still.shape[1]}x{moves.still.shape[0]}"
        error = moves.errors[DRAWN]
        rows.append(
            [
                Panel(f"{short(moves.name)}\n{size}, {range_words(moves.still)}", moves.still, group=moves.name),
                Panel(
                    f"of the picture {DRAWN} px to the right\n{_moved_words(moves)}",
                    moves.moved,
                    group=moves.name,
                ),
                Panel(
                    f"difference after the move\n{f'error {error:.3g} of the spread' if reach else 'none'}",
                    moves.difference.mean(axis=2, keepdims=True),
                    Scale(-(reach or 1.0), reach or 1.0, "imgconv-signed"),
                    result=False,
                    bar=reach > 0,
                ),
            ]
        )
    with styled():
        figure = sheet([[task.picture, None, None], *rows], look)
        grid: Any = figure.axes[0].get_gridspec()
        axes = figure.add_subplot(grid[0, 1:])
        for moves, colour, style, marker in zip(all_moves, MARKS, ("-", "--", ":", "-."), "osv^", strict=False):
            shifts = np.arange(len(moves.errors))
            axes.plot(
                shifts,
                moves.errors,
                color=colour,
                linestyle=style,
                marker=marker,
                markersize=4,
                label=short(moves.name),
            )
        axes.set(xlabel="the picture moves by, pixels")
        axes.set_title(
            "error when the result is moved with the picture\nroot of the mean square, as a part of the spread"
        )
        top = max(max(moves.errors) for moves in all_moves) or 1.0
        axes.set_ylim(-0.05 * top, 1.5 * top)
        axes.legend(frameon=False, fontsize=7.5, ncols=2, loc="upper center")
        return settled(figure)


def _moved_words(moves: Moves) -> str:
    step = moves.steps[DRAWN]
    samples = f"{step} sample{'s' * (step != 1)}"
    return f"it moved {samples}" if moves.stride == 1 else f"it moved {samples}, not {DRAWN}/{moves.stride}"
