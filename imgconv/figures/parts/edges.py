"""What lies at the edges of a picture: paddings and borders compared, in places measured from the picture's corner."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np

from imgconv.border import DIAGRAMS, Border
from imgconv.errors import OptionError, SizeError
from imgconv.figures.parts.comparison import Filtered, Task, Variant, result_panel
from imgconv.figures.parts.panels import Bounds, Cell, Panel, TextCell, short
from imgconv.figures.parts.style import Scale, scale_of
from imgconv.filtering.request import INTERPOLATION
from imgconv.geometry import Padding
from imgconv.layers.pad import Pad
from imgconv.pipeline.run import Pipeline
from imgconv.tone import full_range
from imgconv.words.padding import USUAL

LEAST_CORNER = 6
"""Samples of the picture, a side, that are seen in a corner."""

LEAST_RANGE = 1 / 8
"""The least part of black to white that a scale of a corner spans."""

BORDERS = tuple(kind for kind in DIAGRAMS if kind != "constant")
"""The borders that are compared."""

PADDINGS = USUAL
"""The paddings that are compared."""


def corner(task: Task, reach: tuple[int, int]) -> Bounds:
    """Return the upper left corner that is enlarged, with so many samples (x, y) of what lies outside."""
    (x, y), (width, height) = reach, (task.image.width, task.image.height)
    side = max(LEAST_CORNER, 2 * max(x, y) + 2)
    return (-x - 0.5, -y - 0.5, min(side, width) - 0.5, min(side, height) - 0.5)


def _frame(task: Task) -> Bounds:
    return (-0.5, -0.5, task.image.width - 0.5, task.image.height - 0.5)


def _placed(name: str, filtered: Filtered, group: str, frame: Bounds) -> Panel:
    """Return a result in its place over the picture: every sample at the middle of its window."""
    across, down = filtered.report.plan.extent
    origin = tuple(-axis.before + axis.dilation * (axis.kernel - 1) / 2 for axis in (across, down))
    step = across.stride, down.stride
    shown = result_panel(name, filtered.pixels, group)
    return shown._replace(cover=filtered.cover, origin=origin, step=step, frames=(frame,))


def _around(task: Task, panels: Sequence[Panel]) -> Bounds:
    """Return what holds all panels and the picture."""
    boxes = [_frame(task), *(panel.extent for panel in panels)]
    ends = list(zip(*boxes, strict=True))
    return min(ends[0]), min(ends[1]), max(ends[2]), max(ends[3])


def cut(panel: Panel, view: Bounds) -> Panel:
    """Return the part of a panel that is seen in `view`; its samples are the whole panel's."""
    (x, y), (across, down) = panel.origin, panel.step
    rows, cols = panel.values.shape[:2]
    left, top = (
        max(0, int((low - start) / step) - 1) for low, start, step in ((view[0], x, across), (view[1], y, down))
    )
    right = min(cols, max(left + 1, int((view[2] - x) / across) + 2))
    bottom = min(rows, max(top + 1, int((view[3] - y) / down) + 2))
    part = np.s_[top:bottom, left:right]
    cover = None if panel.cover is None else panel.cover[part]
    origin = (x + left * across, y + top * down)
    return panel._replace(values=panel.values[part], cover=cover, origin=origin, view=view)


def paddings(task: Task) -> list[list[Cell]]:
    """Return the sheet of the mode ``paddings``: results in their places over the picture, and a corner enlarged."""
    rows: list[list[Cell]] = []
    for variant in task.variants:
        panels: dict[str, Panel | None] = {}
        for word in PADDINGS:
            padding = Padding(word)
            filled = "" if word == "valid" else f" ({Border(padding.border)})"
            try:
                filtered = task.run(variant, padding=padding)
            except SizeError:
                panels[word] = None
                continue
            panels[word] = _placed(f"{word}{filled}", filtered, variant.name, _frame(task))
        around = _around(task, [panel for panel in panels.values() if panel])
        view = corner(task, (max(1, ceil(-0.5 - around[0])), max(1, ceil(-0.5 - around[1]))))
        missing = TextCell("valid", ("not possible: the kernel is", "larger than the picture"))
        rows.append(_labelled(short(variant.name), [p and p._replace(view=around) for p in panels.values()], missing))
        rows.append(_labelled("its corner", [p and cut(p, view)._replace(title="") for p in panels.values()], None))
    return rows


def _labelled(label: str, panels: Sequence[Panel | None], missing: Cell) -> list[Cell]:
    """Return a row of panels with a label beside the first; `missing` stands where there is none."""
    first = next((at for at, panel in enumerate(panels) if panel), 0)
    return [p._replace(label=label) if p and at == first else p or missing for at, p in enumerate(panels)]


def borders(task: Task) -> list[list[Cell]]:
    """Return the sheet of the mode ``borders``: what fills a corner, and the result there."""
    rows: list[list[Cell]] = []
    for variant in task.variants:
        over: list[Panel] = []
        under: list[Panel] = []
        for word in BORDERS:
            border = Border(word)
            filtered = task.run(variant, border=border)
            across, down = filtered.report.plan.extent
            if not (across.before or down.before):
                raise OptionError("padding", "it adds nothing at the upper left, so there is nothing to fill")
            sides = Padding.explicit(across.before, down.before, across.after, down.after)
            filled = Variant("padded", None, Pipeline((Pad(sides, border),)))
            padded = task.run(filled, map="float", padding=INTERPOLATION, dilation=(1, 1), correlate=False)
            view = corner(task, (across.before, down.before))
            origin, frames = (-across.before, -down.before), (_frame(task),)
            heading = f"{word}\n{DIAGRAMS[word]}"
            source = Panel(heading, padded.pixels, None, "", False, origin, frames=frames, cover=padded.cover)
            result = _placed(variant.name, filtered, variant.name, _frame(task))
            over.append(cut(source, view))
            under.append(cut(result, view)._replace(title=""))
        # What is filled with zeros would leave no shades to the others.
        inside = [panel.values for word, panel in zip(BORDERS, over, strict=True) if word != "zero"]
        shared, group = _wide_enough(scale_of(inside, cmap="gray"), over[0].values.dtype), f"{variant.name}, filled"
        over = [panel._replace(scale=shared, group=group) for panel in over]
        rows.append(_labelled("the corner, filled", over, None))
        rows.append(_labelled(f"after {short(variant.name, 24)}", under, None))
    return rows


def _wide_enough(scale: Scale, dtype: Any) -> Scale:
    """Return a scale of a part of integers that does not make steps of a level or two look like edges."""
    if dtype.kind != "u":
        return scale
    white = float(full_range(dtype))
    least = LEAST_RANGE * white
    if scale.high - scale.low >= least:
        return scale
    middle = min(max((scale.low + scale.high) / 2, least / 2), white - least / 2)
    return scale._replace(low=middle - least / 2, high=middle + least / 2)
