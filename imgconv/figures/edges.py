"""What lies at the edges of a picture: paddings and borders compared, in places measured from the picture's corner."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from numpy.typing import NDArray

from imgconv.border import DIAGRAMS, Border
from imgconv.errors import OptionError, SizeError
from imgconv.figures.compare import Task, Variant, result_panel
from imgconv.figures.panels import Box, Cell, Panel, Words, short
from imgconv.figures.style import scale_of
from imgconv.filtering.request import INTERPOLATION
from imgconv.geometry import Padding
from imgconv.layers.pad import Pad
from imgconv.pipeline import Pipeline

Floats = NDArray[Any]

LEAST_CORNER = 6
"""Samples of the picture, a side, that are seen in a corner."""

BORDERS = tuple(kind for kind in DIAGRAMS if kind != "constant")
"""The borders that are compared."""

PADDINGS = ("valid", "same", "interpolation", "full")
"""The paddings that are compared."""


def corner(task: Task, reach: tuple[int, int]) -> Box:
    """Return the upper left corner that is enlarged, with so many samples (x, y) of what lies outside."""
    (x, y), (width, height) = reach, (task.image.width, task.image.height)
    side = max(LEAST_CORNER, 2 * max(x, y) + 2)
    return (-x - 0.5, -y - 0.5, min(side, width) - 0.5, min(side, height) - 0.5)


def _frame(task: Task) -> Box:
    return (-0.5, -0.5, task.image.width - 0.5, task.image.height - 0.5)


def _placed(name: str, values: Floats, report: Any, group: str, frame: Box) -> Panel:
    """Return a result in its place over the picture: every sample at the middle of its window."""
    across, down = report.plan.extent
    origin = tuple(-axis.before + axis.dilation * (axis.kernel - 1) / 2 for axis in (across, down))
    step = across.stride, down.stride
    return result_panel(name, values, group)._replace(origin=origin, step=step, frames=(frame,))


def _around(task: Task, panels: Sequence[Panel]) -> Box:
    """Return what holds all panels and the picture."""
    boxes = [_frame(task), *(panel.extent for panel in panels)]
    ends = list(zip(*boxes, strict=True))
    return min(ends[0]), min(ends[1]), max(ends[2]), max(ends[3])


def cut(panel: Panel, view: Box) -> Panel:
    """Return the part of a panel that is seen in `view`; its samples are the whole panel's."""
    (x, y), (across, down) = panel.origin, panel.step
    rows, cols = panel.values.shape[:2]
    left, top = (
        max(0, int((low - start) / step) - 1) for low, start, step in ((view[0], x, across), (view[1], y, down))
    )
    right = min(cols, max(left + 1, int((view[2] - x) / across) + 2))
    bottom = min(rows, max(top + 1, int((view[3] - y) / down) + 2))
    part = panel.values[top:bottom, left:right]
    return panel._replace(values=part, origin=(x + left * across, y + top * down), view=view)


def paddings(task: Task) -> list[list[Cell]]:
    """Return the sheet of the mode ``paddings``: results in their places over the picture, and a corner enlarged."""
    rows: list[list[Cell]] = []
    for variant in task.variants:
        found: dict[str, Panel | None] = {}
        for word in PADDINGS:
            padding = Padding.parse(word)
            filled = "" if word == "valid" else f" ({Border.parse(padding.border)})"
            try:
                values, report = task.run(variant, padding=padding)
            except SizeError:
                found[word] = None
                continue
            found[word] = _placed(f"{word}{filled}", values, report, variant.name, _frame(task))
        around = _around(task, [panel for panel in found.values() if panel])
        view = corner(task, (max(1, ceil(-0.5 - around[0])), max(1, ceil(-0.5 - around[1]))))
        missing = Words("valid", ("not possible: the kernel is", "larger than the picture"))
        rows.append([panel._replace(view=around) if panel else missing for panel in found.values()])
        heading = f"{short(variant.name)}: upper left corner"
        rows.append([cut(panel, view)._replace(title=heading) if panel else None for panel in found.values()])
    return rows


def borders(task: Task) -> list[list[Cell]]:
    """Return the sheet of the mode ``borders``: what fills a corner, and the result there."""
    rows: list[list[Cell]] = []
    for variant in task.variants:
        over: list[Panel] = []
        under: list[Panel] = []
        for word in BORDERS:
            border = Border.parse(word)
            values, report = task.run(variant, border=border)
            across, down = report.plan.extent
            if not (across.before or down.before):
                raise OptionError("padding", "it adds nothing at the upper left, so there is nothing to fill")
            sides = Padding.explicit(across.before, down.before, across.after, down.after)
            filled = Variant("padded", None, Pipeline((Pad(sides, border),)))
            padded, _ = task.run(filled, map="float", padding=INTERPOLATION, dilation=(1, 1), correlate=False)
            view = corner(task, (across.before, down.before))
            origin, frames = (-across.before, -down.before), (_frame(task),)
            source = Panel(f"{word}\n{DIAGRAMS[word]}", padded, result=False, origin=origin, frames=frames)
            result = _placed(variant.name, values, report, variant.name, _frame(task))
            over.append(cut(source, view))
            under.append(cut(result, view)._replace(title=short(variant.name)))
        # What is filled with zeros would leave no shades to the others.
        inside = [panel.values for word, panel in zip(BORDERS, over, strict=True) if word != "zero"]
        seen = scale_of(inside, cmap="gray")
        over = [panel._replace(scale=seen, label="the corner, filled" * (at == 0)) for at, panel in enumerate(over)]
        under = [panel._replace(label="the result there" * (at == 0)) for at, panel in enumerate(under)]
        rows += [list(over), list(under)]
    return rows
