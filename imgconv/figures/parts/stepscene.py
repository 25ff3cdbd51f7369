"""One step of a sliding window as a scene: the input with its padding, the kernel, the output so far, and the sum."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

import numpy as np

from imgconv.figures.parts.scene import Box, Label, Scene
from imgconv.figures.parts.stepplan import BORDER, IMAGE, INSERTED, NOTHING, Floats, SlideStep, Steps

FILLS = {IMAGE: "#ccddff", BORDER: "#dddddd", NOTHING: "#ffffff", INSERTED: "#ffffff"}
SEEN, LINE, FRAME = "#88aaff", "#999999", "#dd5500"
DROPPED = "#ffccaa"
DONE, NOW, WAITING = "#cceedd", "#66bb99", "#ffffff"
TAP = "#ffeeaa"
INK, FAINT = "#000000", "#777777"

GAP = 1.6
"""Cells between two columns of grids."""

HEAD = 1.1
"""Cells above a grid, for its title."""

LETTERS = 0.42
"""The height of a number in its cell, in cells, if it is short."""

CAPTION = 0.5
"""The height of the letters of the text below, in cells."""

CAPTION_WIDTH = 18.5
"""The least width of a scene with a text below, in cells: the nine products of a 3x3 window fit into a line."""

MOST_TERMS = 12
"""So many products are written out in the sum."""


def scene_of(steps: Steps, number: int, *, caption: bool = True) -> Scene:
    """Return step `number`, from 0, as a scene; all scenes of the same steps have one size.

    Args:
        steps: all of them.
        number: which.
        caption: whether the sum and the sizes stand below.
    """
    window = steps.window(number)
    boxes: list[Box] = []
    labels: list[Label] = []
    channels, rows, cols = steps.padded.shape
    several = channels > 1 or len(steps.output) > 1
    x, heights = 0.5, []
    inputs = [f"input {at}" for at in range(channels)] if several else [_input_name(steps)]
    for at, title in enumerate(inputs):
        top = 0.3 + at * (rows + HEAD + 0.3)
        labels.append(Label(x + cols / 2, top + 0.5, title, LETTERS, INK))
        _draw_input(boxes, labels, steps, window, at, x, top + HEAD)
    heights.append(len(inputs) * (rows + HEAD + 0.3))
    x += max(cols, 2.4) + GAP
    if window.taps is not None:
        _, tall, wide = window.taps.shape
        for at, source in enumerate(window.channels):
            top = 0.3 + at * (tall + HEAD + 0.3)
            title = f"kernel {window.output[0]}, {source}" if several else "kernel"
            labels.append(Label(x + max(wide, 2.4) / 2, top + 0.5, title, LETTERS, INK))
            _draw_taps(boxes, labels, window.taps[at], x + max(0, 2.4 - wide) / 2, top + HEAD)
        heights.append(len(window.channels) * (tall + HEAD + 0.3))
        x += max(wide, 3.0) + GAP
    outputs, high, long = steps.output.shape
    for at in range(outputs):
        top = 0.3 + at * (high + HEAD + 0.3)
        labels.append(Label(x + max(long, 2.4) / 2, top + 0.5, f"output {at}" if several else "output", LETTERS, INK))
        _draw_output(boxes, labels, steps, window, number, at, x + max(0, 2.4 - long) / 2, top + HEAD)
    heights.append(outputs * (high + HEAD + 0.3))
    width = max(x + max(long, 2.4) + 0.5, CAPTION_WIDTH if caption else 6.0)
    height = 0.3 + max(heights)
    if caption:
        height = _draw_caption(labels, steps, window, number, width, height + 0.2)
    return Scene(width, height + 0.3, tuple(boxes), tuple(labels))


def _input_name(steps: Steps) -> str:
    if np.any(steps.kinds == INSERTED):
        return "input, zeros between"
    return "input"


def _draw_input(
    boxes: list[Box], labels: list[Label], steps: Steps, window: SlideStep, channel: int, x: float, y: float
) -> None:
    is_summed = channel in window.channels
    taps = None if window.taps is None or not is_summed else window.taps[window.channels.index(channel)]
    reached = steps.reached
    inside = {(row, col) for row in window.rows for col in window.cols} if is_summed else set()
    for (row, col), kind in np.ndenumerate(steps.kinds):
        fill = SEEN if (row, col) in inside else FILLS[int(kind)] if reached[row, col] else DROPPED
        boxes.append(Box(x + col, y + row, 1, 1, fill, LINE))
        ink = INK if kind == IMAGE else FAINT
        text = "" if kind == NOTHING else number_text(float(steps.padded[channel, row, col]))
        down = 0.42 if taps is not None and (row, col) in inside else 0.5  # there is a tap below it
        labels.append(Label(x + col + 0.5, y + row + down, text, _size(text), ink))
    for (at, row), (to, col) in ((a, b) for a in enumerate(window.rows) for b in enumerate(window.cols)):
        if is_summed:
            boxes.append(Box(x + col, y + row, 1, 1, None, FRAME, 2))
            if taps is not None:
                text = number_text(float(taps[at, to]))
                size = 0.65 * _size(text)
                labels.append(Label(x + col + 0.92, y + row + 0.8, text, size, "#aa3300", "right", hint=True))


def _draw_taps(boxes: list[Box], labels: list[Label], taps: Floats, x: float, y: float) -> None:
    for (row, col), tap in np.ndenumerate(taps):
        boxes.append(Box(x + col, y + row, 1, 1, TAP, LINE))
        text = number_text(float(tap))
        labels.append(Label(x + col + 0.5, y + row + 0.5, text, _size(text)))


def _draw_output(
    boxes: list[Box],
    labels: list[Label],
    steps: Steps,
    window: SlideStep,
    number: int,
    channel: int,
    x: float,
    y: float,
) -> None:
    _, rows, cols = steps.output.shape
    for (row, col), value in np.ndenumerate(steps.output[channel]):
        place = (channel * rows + row) * cols + col
        fill = NOW if place == number else DONE if place < number else WAITING
        boxes.append(Box(x + col, y + row, 1, 1, fill, LINE))
        if place <= number:
            text = number_text(float(value))
            labels.append(Label(x + col + 0.5, y + row + 0.5, text, _size(text)))
    if channel == window.output[0]:
        boxes.append(Box(x + window.output[2], y + window.output[1], 1, 1, None, FRAME, 2))


def _draw_caption(labels: list[Label], steps: Steps, window: SlideStep, number: int, width: float, top: float) -> float:
    """Add the lines below the grids; return where they end. Every step has room for the same number of lines."""
    channel, row, col = window.output
    which = f" of channel {channel}" if len(steps.output) > 1 else ""
    letters = int((width - 1) / (CAPTION * 0.58))
    lines = [f"step {number + 1} of {steps.total}: row {row}, column {col}{which}"]
    lines += (_wrapped(sum_text(steps, window), letters) + [""] * 3)[:3]
    sizes = [f"{axis.name} {axis.arithmetic}" for axis in steps.extent]
    lines += [line for text in sizes for line in _wrapped(text, letters)]
    if drops := steps.extent.drops:
        lines += _wrapped(f"no window reaches {drops}", letters)
    for at, line in enumerate(lines):
        y = top + (at + 0.5) * CAPTION * 1.5
        labels.append(Label(0.5, y, line, CAPTION, INK if at < 4 else "#444444", "left", at == 0))
    return top + len(lines) * CAPTION * 1.5


def _wrapped(text: str, letters: int) -> list[str]:
    """Return lines of so many letters; a result stays with the term before it."""
    tied = text.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
    lines = wrap(tied, letters, break_long_words=False, subsequent_indent="  ")
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def sum_text(steps: Steps, window: SlideStep) -> str:
    """Write out how a step's result comes about.

    >>> from imgconv.figures.parts.stepplan import steps_of
    >>> from imgconv.layers.pool import Pool
    >>> steps = steps_of(np.array([[[1], [5]], [[2], [3]]]), Pool(max=(2, 2)))
    >>> sum_text(steps, steps.window(0))
    'max(1, 5, 2, 3) = 5'
    """
    result = number_text(window.result)
    values = window.values.ravel()
    if window.taps is None:
        present = values[~np.isnan(values)]
        shown = ", ".join(_some([number_text(float(value)) for value in present]))
        return f"{steps.method}({shown}) = {result}"
    terms = [f"{number_text(float(v))}*{_factor(float(t))}" for v, t in zip(values, window.taps.ravel(), strict=True)]
    text = " + ".join(_some(terms))
    bias = steps.bias[window.output[0]]
    return f"{text}{f' + bias {number_text(bias)}' if bias else ''} = {result}"


def _some(terms: Sequence[str]) -> list[str]:
    if len(terms) <= MOST_TERMS:
        return list(terms)
    return [*terms[:4], f"... {len(terms) - 6} more ...", *terms[-2:]]


def _factor(tap: float) -> str:
    text = number_text(tap)
    return f"({text})" if text.startswith("-") else text


def number_text(value: float) -> str:
    """Write a number for a cell: whole numbers as they are, others with three significant figures.

    >>> [number_text(value) for value in (3.0, -0.0, 0.0625, 1234.5, float("nan"), float("-inf"))]
    ['3', '0', '0.0625', '1.23e+03', 'nan', '-inf']
    """
    if not np.isfinite(value):
        return str(float(value))
    if value == round(value) and abs(value) < 1e6:
        return f"{value:.0f}".replace("-0", "0") if value == 0 else f"{value:.0f}"
    return f"{value:.3g}"


def _size(text: str) -> float:
    """Return the height of letters with which a text fits into its cell."""
    return min(LETTERS, 1.45 / max(len(text), 1))
