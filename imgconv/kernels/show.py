"""One kernel as text for people and as plain values: its numbers as written and as slid, and its properties."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from math import floor, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.kernels.arrays import Matrix
from imgconv.kernels.export._facts import centre, factors, ramp_gain, scale_text, symmetry
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Learned, Offset, Pointwise

MOST = 15
"""The longest side that is shown in full, in taps; larger kernels show only their middle."""

MIDDLE = 11
"""How many taps of a larger side are shown; one fewer if the side is even."""

SAMPLE_TYPES = {"uint8": 255.0, "uint16": 65535.0}
"""The sample types whose guaranteed ranges are reported, with their white."""

GAP = 4
LABEL = 11

RULES = {
    "magnitude": "the square root of the sum of squares",
    "max": "the largest result",
    "sum": "the sum of the results",
    "angle": "atan2(second, first) in degrees, 0 to 360; all but --map float spread that over the sample range",
}

WORDS = {
    "left_right": "mirrored left-right",
    "top_bottom": "mirrored top-bottom",
    "half_turn": "turned by 180 degrees",
    "diagonal": "transposed",
    "quarter_turn": "turned by 90 degrees",
}

Block = list[str]


def report(kernel: AnyKernel, width: int = 80) -> str:
    r"""Describe a kernel in lines of at most `width` characters where its numbers fit into that.

    >>> from imgconv.kernels.library import kernel
    >>> print("\n".join(report(kernel("sobel-x")).splitlines()[2:6]))
    as written      as slid, turned by 180 degrees
       1   0  -1      -1   0   1
       2   0  -2      -2   0   2
       1   0  -1      -1   0   1
    """
    title = textwrap.wrap(f"{kernel.name}: {kernel.summary}" if kernel.summary else kernel.name, max(width, 20))
    match kernel:
        case Kernel():
            numbers, facts = _written_and_slid(kernel, width), _matrix_facts(kernel)
        case Combined():
            numbers, facts = _members(kernel, width), _combined_facts(kernel)
        case Pointwise():
            numbers, facts = _channel_matrix(kernel), _pointwise_facts(kernel)
        case Learned():
            numbers, facts = [], _learned_facts(kernel)
    facts += [("class", kernel.kind), ("source", kernel.source or "not given")]
    return "\n".join([*title, "", *numbers, *[""] * bool(numbers), *_table(facts, width)])


def _written_and_slid(kernel: Kernel, width: int) -> list[str]:
    weights, scale = kernel.weights, scale_text(kernel.scale)
    grid, note = _grid(weights, width)
    if symmetry(weights)["half_turn"] == "even":
        return [_titled("as written and as slid, which is the same", scale), *grid, *note]
    slid = _grid(kernel.slid().weights, width)[0]
    return [
        *_beside(
            [[_titled("as written", scale), *grid], [_titled("as slid, turned by 180 degrees", scale), *slid]], width
        ),
        *note,
    ]


def _members(kernel: Combined, width: int) -> list[str]:
    blocks = []
    note: list[str] = []
    for member in kernel.of:
        grid, note = _grid(member.weights, width)
        blocks.append([_titled(member.name, scale_text(member.scale)), *grid])
    return [
        f"{kernel.combine} of {len(kernel.of)} kernels, as written; to convolve, each is turned by 180 degrees:",
        *_beside(blocks, width),
        *note,
    ]


def _titled(title: str, scale: str) -> str:
    return f"{title}, {scale}" if scale else title


def _channel_matrix(kernel: Pointwise) -> list[str]:
    outputs, inputs = kernel.matrix.shape
    names = ["R", "G", "B"] if inputs == 3 else [f"in {i + 1}" for i in range(inputs)]
    bias = ["bias", *(str(offset) for offset in kernel.bias or (Offset(),) * outputs)]
    columns = [["", *(f"out {o + 1}" for o in range(outputs))]]
    columns += [[name, *column] for name, column in zip(names, zip(*_cells(kernel.matrix), strict=True), strict=True)]
    columns += [bias] if kernel.bias else []
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(cell.rjust(size) for cell, size in zip(line, widths, strict=True))
        for line in zip(*columns, strict=True)
    ]


def _matrix_facts(kernel: Kernel) -> list[tuple[str, str]]:
    return [
        ("size", kernel.size),
        ("scale", str(kernel.scale) if len(str(kernel.scale)) < 16 else _number(float(kernel.scale))),
        ("sum", _sums(kernel)),
        ("ramp gain", _ramp(kernel)),
        ("rank", _rank(kernel)),
        ("symmetry", _symmetry(kernel.weights)),
        ("range", _range(kernel)),
        ("map", kernel.map or "clip"),
        ("offset", _offset(kernel.offset)),
        ("anchor", _anchor(kernel)),
    ]


def _combined_facts(kernel: Combined) -> list[tuple[str, str]]:
    return [
        ("size", kernel.of[0].size),
        ("combine", f"{kernel.combine}, {RULES[kernel.combine]}"),
        *(("member", _member(member)) for member in kernel.of),
        ("range", _range(kernel) if kernel.combine != "angle" else "0 to 360 degrees"),
        ("map", kernel.map or "clip"),
        ("anchor", _anchor(kernel.of[0])),
    ]


def _member(member: Kernel) -> str:
    facts = [f"sum {_sums(member)}", f"ramp gain {_number(ramp_gain(member))}", f"rank {member.rank}"]
    facts += [f"offset {_offset(member.offset)}"] * bool(member.offset)
    return f"{member.name}: {', '.join(facts)}"


def _pointwise_facts(kernel: Pointwise) -> list[tuple[str, str]]:
    outputs, inputs = kernel.matrix.shape
    return [
        ("channels", f"{inputs} in, {outputs} out, every pixel on its own"),
        ("range", f"{_range(kernel)}, in any output channel"),
        ("map", kernel.map or "clip"),
    ]


def _learned_facts(kernel: Learned) -> list[tuple[str, str]]:
    weights = kernel.weights
    facts = [
        ("weights", f"{' x '.join(map(str, weights.shape))} (out, in / groups, rows, cols)"),
        ("values", f"{_number(weights.min())} to {_number(weights.max())}"),
        ("slid", "as written: a correlation mask" if kernel.correlate else "turned by 180 degrees"),
        ("range", f"{_range(kernel)}, in any output channel"),
        ("map", kernel.map or "clip"),
        ("anchor", _anchor(kernel)),
    ]
    if kernel.bias:
        facts.insert(2, ("bias", f"{_number(min(kernel.bias))} to {_number(max(kernel.bias))}"))
    return facts


def _sums(kernel: Kernel) -> str:
    return f"{_number(kernel.sum)} (positive {_number(kernel.positive_sum)}, negative {_number(kernel.negative_sum)})"


def _ramp(kernel: Kernel) -> str:
    gain = _number(ramp_gain(kernel))
    return f"{gain}, the {'slope' if kernel.sum else 'value'} that a brightness ramp of slope 1 comes out with"


def _rank(kernel: Kernel) -> str:
    parts = factors(kernel)
    if parts is None:
        return f"{kernel.rank}, {'all taps are 0' if kernel.rank == 0 else 'not separable'}"
    column, row = map(_vector, parts)
    return f"1, separable: {_titled(f'column {column} times row {row}', scale_text(kernel.scale))}"


def _vector(values: NDArray[np.float64]) -> str:
    (cells,) = _cells(values[None, :])
    if len(cells) > MOST:
        half = len(cells) // 2
        cells = [cells[0], "...", *cells[half - 1 : half + 2 - (len(cells) + 1) % 2], "...", cells[-1]]
    return f"[{' '.join(cells)}]"


def _symmetry(weights: Matrix) -> str:
    kinds = symmetry(weights)
    if set(kinds.values()) == {"even"}:
        return "unchanged by every mirroring and quarter turn"
    groups = [
        (words, [WORDS[name] for name in kinds if kinds[name] == kind])
        for kind, words in (("even", "unchanged when"), ("odd", "of opposite sign when"))
    ]
    return "; ".join(f"{words} {_either(how)}" for words, how in groups if how) or "none"


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1])] * bool(words[1:]) + [words[-1]])


def _range(kernel: AnyKernel) -> str:
    low, high = kernel.guaranteed_range(0, 255)
    return f"{_number(low)} to {_number(high)} for 8-bit input"


def _offset(offset: Offset) -> str:
    share = f"{_number(offset.share * 100)}% of the sample range"
    return (
        f"{_number(offset.value)} + {share}"
        if offset.value and offset.share
        else share
        if offset.share
        else str(offset)
    )


def _anchor(kernel: Kernel | Learned) -> str:
    row, col = centre(kernel)
    odd = kernel.shape[0] % 2 and kernel.shape[1] % 2
    middle = (kernel.shape[0] // 2, kernel.shape[1] // 2)
    word = ("the middle" if odd else "the default of even sizes") if (row, col) == middle else "off the middle"
    return f"row {row}, column {col} as written, counted from 0: {word}"


def _number(value: float) -> str:
    return f"{value + 0.0:.6g}"


def _table(facts: list[tuple[str, str]], width: int) -> list[str]:
    lines = []
    for label, text in facts:
        wrapped = textwrap.wrap(text, max(width - LABEL, 30), break_long_words=False, break_on_hyphens=False)
        lines += [f"{name:<{LABEL}}{part}" for name, part in zip([label] + [""] * len(wrapped), wrapped, strict=False)]
    return lines


def _grid(values: Matrix, width: int) -> tuple[list[str], list[str]]:
    """Return the lines of a matrix, or of its middle, and a note if it is the middle."""
    rows, cols = values.shape
    shown = _middle(values, _side(rows), _side(cols))
    cells = _cells(shown)
    size = max(len(cell) for line in cells for cell in line)
    while shown.shape[1] > 3 and 2 + shown.shape[1] * (size + 2) - 2 > width:
        shown = _middle(shown, shown.shape[0], shown.shape[1] - 2)
        cells = [line[1:-1] for line in cells]
    lines = ["  " + "  ".join(cell.rjust(size) for cell in line) for line in cells]
    if shown.shape == values.shape:
        return lines, []
    part = f"{shown.shape[1]}x{shown.shape[0]}"
    return lines, [f"(the middle {part} of {cols}x{rows} taps; --json and 'imgconv kernels export' have all)"]


def _side(length: int) -> int:
    return length if length <= MOST else MIDDLE - (MIDDLE - length) % 2


def _middle(values: Matrix, rows: int, cols: int) -> Matrix:
    top, left = (values.shape[0] - rows) // 2, (values.shape[1] - cols) // 2
    return values[top : top + rows, left : left + cols]


def _cells(values: NDArray[np.float64]) -> list[list[str]]:
    """Write numbers with decimals that give the largest four digits; exact zeros and integers get none."""
    if np.all(values == np.rint(values)) and np.abs(values).max() < 1e9:
        return [[str(int(value)) for value in line] for line in values]
    decimals = max(3 - floor(log10(float(np.abs(values).max()))), 0)
    style = f".{decimals}f" if decimals <= 9 and np.abs(values).max() < 1e9 else ".3e"
    return [["0" if value == 0 else f"{value:{style}}" for value in line] for line in values]


def _beside(blocks: list[Block], width: int) -> list[str]:
    """Put blocks side by side, as many as fit, with a blank line between one row of blocks and the next."""
    lines: list[str] = []
    row: list[Block] = []
    for block in [*blocks, None]:
        if block is not None and (not row or sum(_width(part) + GAP for part in row) + _width(block) <= width):
            row.append(block)
            continue
        lines += [""] * bool(lines)
        height = max(map(len, row))
        padded = [[line.ljust(_width(part) + GAP) for line in part + [""] * (height - len(part))] for part in row]
        lines += ["".join(parts).rstrip() for parts in zip(*padded, strict=True)]
        row = [block] if block is not None else []
    return lines


def _width(block: Block) -> int:
    return max(map(len, block))


def to_json(kernel: AnyKernel) -> dict[str, Any]:
    """Return everything about a kernel as plain values."""
    return _description(kernel) | _numbers(kernel) | {"range": _ranges(kernel)}


def _description(kernel: AnyKernel) -> dict[str, Any]:
    forms = {Kernel: "matrix", Combined: "combined", Pointwise: "pointwise", Learned: "learned"}
    return {
        "name": kernel.name,
        "summary": kernel.summary,
        "source": kernel.source,
        "class": kernel.kind,
        "form": forms[type(kernel)],
        "map": kernel.map or "clip",
    }


def _numbers(kernel: AnyKernel) -> dict[str, Any]:
    match kernel:
        case Combined():
            members = [{"name": member.name} | _matrix(member) for member in kernel.of]
            return _size(kernel.shape) | {"combine": kernel.combine, "of": members}
        case Pointwise():
            outputs, inputs = kernel.matrix.shape
            return {
                "channels": {"input": inputs, "output": outputs},
                "matrix": _plain(kernel.matrix),
                "bias": [_added(bias) for bias in kernel.bias or (Offset(),) * outputs],
            }
        case Learned():
            return _size(kernel.shape) | {
                "shape": list(kernel.weights.shape),
                "weights": _plain(kernel.weights),
                "bias": list(kernel.bias),
                "correlate": kernel.correlate,
                "anchor": list(kernel.anchor) if kernel.anchor else None,
            }
        case _:
            return _matrix(kernel)


def _matrix(kernel: Kernel) -> dict[str, Any]:
    parts = factors(kernel)
    return _size(kernel.shape) | {
        "weights": _plain(kernel.weights),
        "scale": str(kernel.scale),
        "taps": _plain(kernel.taps),
        "slid": _plain(kernel.slid().taps),
        "sum": kernel.sum,
        "positive_sum": kernel.positive_sum,
        "negative_sum": kernel.negative_sum,
        "ramp_gain": ramp_gain(kernel),
        "rank": kernel.rank,
        "separable": parts is not None,
        "column": _plain(parts[0]) if parts else None,
        "row": _plain(parts[1]) if parts else None,
        "symmetry": symmetry(kernel.weights),
        "offset": _added(kernel.offset),
        "anchor": list(kernel.anchor) if kernel.anchor else None,
        "centre": list(centre(kernel)),
    }


def _size(shape: tuple[int, int]) -> dict[str, int]:
    return {"width": shape[1], "height": shape[0]}


def _added(offset: Offset) -> dict[str, float]:
    return {"value": offset.value, "share": offset.share}


def _plain(values: NDArray[np.float64]) -> Any:
    return (values + 0.0).tolist()  # which makes 0 of -0


def _ranges(kernel: AnyKernel) -> dict[str, dict[str, float]]:
    ends = {name: kernel.guaranteed_range(0, white) for name, white in SAMPLE_TYPES.items()}
    return {name: {"minimum": low + 0.0, "maximum": high + 0.0} for name, (low, high) in ends.items()}
