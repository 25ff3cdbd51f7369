"""Before and after in one picture: the left half as it came, the right half as ``apply`` writes it."""

from __future__ import annotations

import numpy as np

from imgconv.errors import OptionError
from imgconv.figures.parts.comparison import Comparison, Task, colours_of, cover_of
from imgconv.figures.parts.panels import Cell, Panel, draw_sheet, refuse_many_channels, short
from imgconv.figures.parts.style import Scale
from imgconv.tone import full_range

SPLIT_WIDTH = 5.2
"""Inches of a picture of before and after."""


def split(task: Task) -> Comparison:
    """Return the sheet of the mode ``split``.

    Raises:
        OptionError: the result has another size than the picture.
    """
    picture = colours_of(task.image)
    refuse_many_channels(picture.shape[2], "the picture")
    cells: list[Cell] = []
    for variant in task.variants:
        after, cover, _ = task.run(variant, map=task.request.map)
        before = cover_of(task.image)
        if after.shape[:2] != picture.shape[:2]:
            sizes = f"{picture.shape[1]}x{picture.shape[0]} become {after.shape[1]}x{after.shape[0]}"
            raise OptionError("split", f"{sizes}, so that halves do not meet; --padding same keeps the size")
        channels = max(picture.shape[2], after.shape[2])
        both = np.empty((*picture.shape[:2], channels), np.float64)
        middle = picture.shape[1] // 2
        both[:, :middle] = picture[:, :middle] / full_range(picture.dtype)
        both[:, middle:] = after[:, middle:] / full_range(after.dtype)
        edge = (middle - 0.5, -0.5, middle - 0.5, picture.shape[0] - 0.5)
        cells.append(
            Panel(
                f"before | after {short(variant.name)}",
                both,
                Scale(0, 1, "gray"),
                result=False,
                frames=(edge,),
                bar=False,
                cover=None if cover is None or before is None else np.hstack([before[:, :middle], cover[:, middle:]]),
            )
        )
    rows = [cells[at : at + 2] for at in range(0, len(cells), 2)]
    return Comparison(lambda look: draw_sheet(rows, look, width=SPLIT_WIDTH))
