"""Tables of chains of layers, as lines of text and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imgconv.geometry import Extent, Shape
from imgconv.sizes.calculator import count
from imgconv.sizes.chain import Ratio, Row, Stage

HEADINGS = ("layer", "output", "field", "jump", "parameters", "multiply-adds", "dropped")


def table(size: Shape, made: Sequence[Row], *, explain: bool = False) -> str:
    """Return the rows as a table, with the sums below and, if asked, every row's arithmetic."""
    cells: list[tuple[str, ...]] = [("input", str(size), "1", "1", "", "", "")]
    for number, row in enumerate(made, 1):
        cells.append(
            (
                f"{number} {row.kind}",
                str(row.output),
                _both(*map(str, row.field)),
                _both(*map(_ratio, row.jump)),
                f"{row.parameters[0]:,}",
                f"{row.multiply_adds[0]:,}",
                _dropped(row.extents),
            )
        )
    sums = (f"{sum(one):,}" for one in zip(*((r.parameters[0], r.multiply_adds[0]) for r in made), strict=True))
    cells.append(("total", "", "", "", *sums, ""))
    widths = [max(map(len, column)) for column in zip(HEADINGS, *cells, strict=True)]
    lines = [_line(one, widths) for one in (HEADINGS, *cells)]
    if explain:
        lines = [*lines[:2], *(line for at, row in enumerate(made) for line in (lines[at + 2], *arithmetic(row)))]
        lines.append(_line(cells[-1], widths))
    return "\n".join(lines)


def arithmetic(row: Row) -> list[str]:
    """Return the formulas of a row with the numbers in them, as indented lines."""
    lines = []
    for one in row.extents:
        lines += [("formula", one.width.formula), ("width", one.width.arithmetic), ("height", one.height.arithmetic)]
    lines += _views(row)
    for word, (number, words) in (("parameters", row.parameters), ("multiply-adds", row.multiply_adds)):
        if number:
            lines.append((word, f"{words} = {number:,}"))
    return [f"    {word:<14}{text}" for word, text in lines]


def _views(row: Row) -> list[tuple[str, str]]:
    """Return the arithmetic of field and jump, where the layer is one window that makes nothing larger."""
    (fields, jumps), stage = row.before, row.stages[0] if row.stages else None
    if len(row.stages) != 1 or not isinstance(stage, Stage):
        return []
    lines = []
    for axis, solved in enumerate(stage.extent):
        (jump, part), (after, _) = jumps[axis], row.jump[axis]
        if part == solved.step[1] == 1:
            reach = f"{solved.dilation}*({solved.kernel} - 1)" if solved.dilation > 1 else f"({solved.kernel} - 1)"
            words = f"{fields[axis]} + {reach}*{jump} = {row.field[axis]}", f"{jump}*{solved.stride} = {after}"
            lines.append(words)
    alike = len(lines) == 2 and lines[0] == lines[1]
    named = zip(("",) if alike else (" across", " down"), lines, strict=False)
    return [
        (f"{word}{which}", text) for which, words in named for word, text in zip(("field", "jump"), words, strict=True)
    ]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return the cells side by side: names and sizes to the left, numbers to the right."""
    left = (0, 1, len(cells) - 1)
    padded = [f"{c:<{w}}" if at in left else f"{c:>{w}}" for at, (c, w) in enumerate(zip(cells, widths, strict=True))]
    return "  ".join(padded).rstrip()


def _dropped(extents: Sequence[Extent]) -> str:
    """Say how many columns and rows no window reaches."""
    words = []
    for axis, noun in enumerate(("column", "row")):
        lost, inside = sum(one[axis].dropped for one in extents), sum(one[axis].dropped_input for one in extents)
        if lost:
            words.append(count(lost, noun) + (f" ({inside} of the image)" if 0 < inside < lost else ""))
            words[-1] += "" if inside else " of padding"
    return ", ".join(words)


def _both(width: str, height: str) -> str:
    return width if width == height else f"{width}x{height}"


def _ratio(value: Ratio) -> str:
    return str(value[0]) if value[1] == 1 else f"{value[0]}/{value[1]}"


def to_json(size: Shape, made: Sequence[Row]) -> dict[str, Any]:
    """Return the table as plain values for ``--json``."""
    return {
        "input": {"width": size.width, "height": size.height, "channels": size.channels},
        "layers": [row.to_json(number) for number, row in enumerate(made, 1)],
        "parameters": sum(row.parameters[0] for row in made),
        "multiply_adds": sum(row.multiply_adds[0] for row in made),
    }
