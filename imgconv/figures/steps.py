"""A sliding window drawn step by step, as an animation or as a sheet of its steps."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import OptionError
from imgconv.figures.parts.cells import LEAST_POINTS
from imgconv.figures.parts.output import Animation
from imgconv.figures.parts.scene import Scene, painted, sketch
from imgconv.figures.parts.stepplan import Steps, steps_of
from imgconv.figures.parts.stepscene import scene_of
from imgconv.figures.parts.style import fitted_title, matplotlib, new_figure, settled, styled
from imgconv.layers import Layer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CELLS = 24
"""The longest side of an input or output whose cells can be told apart."""

MOST_CHANNELS = 6
"""So many channels stand below each other."""

MOST_FRAMES = 600
MOST_PANELS = 64
"""So many steps an animation and a sheet have; --every leaves some out."""

WIDEST, TALLEST = 1100, 900
"""The size of an animation, in pixels, that decides how large its cells are."""

WIDEST_SHEET, TALLEST_SHEET, SHEET_CELL = 15.0, 22.0, 0.26
"""Inches of a sheet, and of its cells unless numbers need more or their number less."""

LARGEST_CELL, SMALLEST_CELL = 44, 12
"""Pixels a cell."""

DURATION, HOLD = 600, 2000
"""How long a step is shown, and the last one, in milliseconds."""


def example(width: int, height: int, channels: int = 1) -> NDArray[np.float64]:
    """Return an input of small whole numbers, (height, width, channels), that is the same every time.

    >>> example(4, 2)[:, :, 0]
    array([[0., 3., 6., 9.],
           [7., 1., 5., 9.]])
    """
    rows, cols, number = np.ogrid[:height, :width, :channels]
    pixels: NDArray[np.float64] = ((7 * rows + 3 * cols + rows * cols + 4 * number) % 10).astype(np.float64)
    return pixels


def example_taps(width: int, height: int, outputs: int = 1, inputs: int = 1) -> NDArray[np.float64]:
    """Return weights of small whole numbers, (outputs, inputs, height, width), that are the same every time.

    >>> example_taps(3, 3)[0, 0]
    array([[0., 1., 2.],
           [2., 0., 1.],
           [1., 2., 0.]])
    """
    out, source, rows, cols = np.ogrid[:outputs, :inputs, :height, :width]
    return np.asarray((2 * rows + cols + out + 2 * source) % 3, np.float64)


def draw_steps(
    pixels: NDArray[Any],
    layer: Layer,
    *,
    sheet: bool = False,
    every: int = 1,
    duration: int = DURATION,
    hold: int = HOLD,
    title: str | None = None,
) -> Animation | Figure:
    """Draw how a layer's window slides over an image: window, products, and the output filling.

    The border is marked, and so are samples that no window reaches. A transposed convolution is drawn as the kernel,
    turned round, sliding over the input with zeros between its samples.

    Args:
        pixels: (rows, cols, channels) of at most `MOST_CELLS` a side and `MOST_CHANNELS` channels.
        layer: a convolution, a pooling or a transposed convolution.
        sheet: return a figure with the steps side by side instead of an animation.
        every: draw the first step and every so-many-th after it; the last is always there.
        duration, hold: how long a step is shown, and the last one, in milliseconds.
        title: above a sheet; None says the layer and its sizes.

    Raises:
        OptionError: there are too many cells, channels or steps.
        SizeError, ChannelError: the layer does not go with the image.
        LibraryError: Matplotlib is not installed.
    """
    matplotlib()
    _refuse_large("the input", pixels.shape)
    steps = steps_of(pixels, layer)
    channels, rows, cols = steps.output.shape
    _refuse_large("the output", (rows, cols, channels))
    _refuse_large("the input with its padding", (*steps.kinds.shape, 1), 2 * MOST_CELLS)
    chosen = sorted({*range(0, steps.total, every), steps.total - 1})
    most = MOST_PANELS if sheet else MOST_FRAMES
    if len(chosen) > most:
        least = ceil(steps.total / (most - 1))
        drawing = "a sheet" if sheet else "an animation"
        raise OptionError("every", f"{len(chosen)} steps are more than the {most} of {drawing}; --every {least} fits")
    if sheet:
        return _sheet(steps, chosen, title)
    return _animation(steps, chosen, duration, hold)


def _refuse_large(name: str, shape: tuple[int, ...], most: int = MOST_CELLS) -> None:
    rows, cols, channels = shape
    if max(rows, cols) > most:
        raise OptionError("region", f"{name} has {cols}x{rows} cells, more than {most} a side; take a region of it")
    if channels > MOST_CHANNELS:
        raise OptionError(
            "channels", f"{name} has {channels} channels, more than the {MOST_CHANNELS} that can be drawn"
        )


def _animation(steps: Steps, chosen: list[int], duration: int, hold: int) -> Animation:
    first = scene_of(steps, 0)
    cell = int(min(LARGEST_CELL, WIDEST / first.width, TALLEST / first.height))
    cell = max(SMALLEST_CELL, cell)

    def frames() -> Iterator[NDArray[np.uint8]]:
        for number in chosen:
            yield painted(scene_of(steps, number), cell)

    return Animation(frames, (duration,) * (len(chosen) - 1) + (hold,))


def _laid_out(steps: Steps, scenes: list[Scene]) -> tuple[int, int, float]:
    """Return the columns and rows of a sheet, and the inches of a cell, with which every number can be read.

    Raises:
        OptionError: the sheet would be too large.
    """
    wide, tall = scenes[0].width, scenes[0].height
    smallest = min(label.size for scene in scenes for label in scene.labels if not label.hint)
    least = LEAST_POINTS / 72 / smallest
    columns = max(1, min(len(scenes), round((len(scenes) * tall / wide * 1.4) ** 0.5)))
    inches = min(max(SHEET_CELL, least), WIDEST_SHEET / (columns * wide))
    if inches < least:
        inches, columns = least, max(1, int(WIDEST_SHEET / (wide * least)))
    rows = ceil(len(scenes) / columns)
    most = columns * max(1, int(TALLEST_SHEET / (tall * inches + 0.3)))
    if len(scenes) > most:
        fewer = f"--every {ceil((steps.total - 1) / (most - 1))} fits" if most > 1 else "take fewer channels"
        raise OptionError("every", f"{len(scenes)} steps are more than a sheet has room for; {fewer}")
    return columns, rows, inches


def _sheet(steps: Steps, chosen: list[int], title: str | None) -> Figure:
    scenes = [scene_of(steps, number, caption=False) for number in chosen]
    wide, tall = scenes[0].width, scenes[0].height
    columns, rows, inches = _laid_out(steps, scenes)
    sizes = "\n".join(f"{axis.name} {axis.arithmetic}" for axis in steps.extent)
    heading = f"{steps.layer.kind}, step by step\n{sizes}" + (
        f"\nno window reaches {steps.extent.drops}" if steps.extent.drops else ""
    )
    width = columns * wide * inches + 0.4
    heading = fitted_title(title, width, 10) if title else heading
    with styled():
        figure = new_figure(width, rows * (tall * inches + 0.3) + 0.3 * (heading.count("\n") + 2))
        figure.suptitle(heading, fontsize=10)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, number, scene in zip(grid, chosen, scenes, strict=False):
            sketch(axes, scene, inches * 72)
            axes.set_title(f"step {number + 1}", fontsize=8)
        for axes in grid[len(scenes) :]:
            axes.set_axis_off()
        return settled(figure)
