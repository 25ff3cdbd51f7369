"""Receptive fields drawn: which samples of every layer, and of the picture, one output is made of."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv import engines
from imgconv.errors import OptionError
from imgconv.figures.parts.style import BLUE, MARKS, new_figure, picture, settled, shown_part, styled
from imgconv.geometry import Shape
from imgconv.pipeline.run import Pipeline
from imgconv.pipeline.target import Target
from imgconv.sizes.chain import Row, walk_back
from imgconv.tone import full_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MOST_CHAINS, MOST_LAYERS = 3, 30
"""So many chains stand side by side, and so many layers of one are drawn."""

MOST_TIMED = 50_000_000_000
"""Chains of more multiply-adds are not timed: they would take minutes."""

NEAR, CLOSE = (24, 10), (8, 3)
"""Pixels around a field that are drawn: at least so many a side, and so many times the field; with a picture there, and
without one."""

LEAST_BAR = 0.008
"""The least width of a bar, as a part of the layer's."""

RUNS = 5
"""The shortest of so many runs counts."""

SHADES = ("#f2b84b", "#ea9a2f", "#e07b1a", "#c25708", "#863a00")
"""From the picture to the output; the palest still stands out from the page."""

MOST_LETTERS, MOST_LINES = 64, 3
"""So many letters stand in a line of a heading, and so many lines name a chain."""

PANEL = 5.6
"""Inches of a chain."""


class Chain(NamedTuple):
    """Layers whose fields are drawn.

    Attributes:
        name: above the column.
        input: the picture's shape.
        rows: a row for each layer.
        layers: the layers themselves, to be timed; None where they are not known.
    """

    name: str
    input: Shape
    rows: list[Row]
    layers: Pipeline | None = None

    @property
    def multiply_adds(self) -> int:
        """Of all layers."""
        return sum(row.multiply_adds[0] for row in self.rows)

    @property
    def parameters(self) -> int:
        """Of all layers."""
        return sum(row.parameters[0] for row in self.rows)

    @property
    def output(self) -> Shape:
        """What comes out at the end."""
        return self.rows[-1].output

    def spans_seen(self, at: tuple[int, int]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """Return what output (x, y) sees of the picture and of every layer: (first, last) across and down.

        Samples of the padding have numbers below 0 or beyond the size. Where there is nothing to see, the first comes
        after the last.
        """
        stages = [list(row.stages) for row in self.rows]
        spans = []
        for level in range(len(stages) + 1):
            later_stages = [stage for later in stages[level:] for stage in later]
            across, down = (walk_back(later_stages, axis, at[axis], at[axis]) or (0, -1) for axis in (0, 1))
            spans.append((across, down))
        return spans


def chain_of(pipeline: Pipeline, size: Shape, name: str = "") -> Chain:
    """Return the chain of a pipeline's layers over a picture of `size`.

    Raises:
        LayerError, SizeError: a layer cannot be.
    """
    return Chain(name, size, pipeline.plan(size).rows, pipeline)


def chain_from_words(words: Sequence[str], size: Shape) -> Chain:
    """Return the chain of layers written as for ``imgconv size``, with weights of their own that are all alike.

    Raises:
        OptionError: a word cannot be understood.
        LayerError: a layer cannot be.
    """
    from imgconv.pipeline.words import planned

    layers, rows = planned(words, size)
    return Chain(" ".join(words), size, rows, layers)


def seconds_of(chain: Chain, threads: int | None = None) -> float:
    """Return the shortest of some runs of a chain over random samples, 32-bit floats.

    Raises:
        OptionError: it would take minutes.
    """
    if chain.layers is None or chain.multiply_adds > MOST_TIMED:
        raise OptionError("times", f"{chain.multiply_adds:,} multiply-adds are too many to be timed; leave it out")
    width, height, channels = chain.input
    pixels = np.random.default_rng(0).random((height, width, channels), np.float32)
    target, engine = Target(None, np.dtype(np.float32)), engines.get("builtin")
    durations = []
    for _ in range(RUNS + 1):
        start = perf_counter()
        chain.layers.run(pixels, engine, target, threads=threads)
        durations.append(perf_counter() - start)
    return min(durations[1:])


def draw_field(
    *chains: Chain,
    pixels: NDArray[Any] | None = None,
    at: tuple[int, int] | None = None,
    times: bool = False,
    title: str | None = None,
) -> Figure:
    """Draw what one output sees, layer by layer; several chains stand side by side.

    Above, the field of the output on the picture, and within it what outputs of the layers before see there. Below, the
    layers as bars from the picture up to the output, each with the samples that the output is made of.

    Args:
        chains: up to `MOST_CHAINS`, of `chain_of` or `chain_from_words`.
        pixels: the picture, (rows, cols, channels); None draws an empty one.
        at: (x, y) of the output; None is the middle one.
        times: run the chains and say how long they take, beside their multiply-adds.
        title: above the figure.

    Raises:
        OptionError: there are too many chains or layers, or there is no such output.
        LibraryError: Matplotlib is not installed.
    """
    if not 1 <= len(chains) <= MOST_CHAINS:
        raise OptionError("LAYER", f"a figure has room for 1 to {MOST_CHAINS} chains, not {len(chains)}")
    for chain in chains:
        if len(chain.rows) > MOST_LAYERS:
            raise OptionError("LAYER", f"{len(chain.rows)} layers are more than the {MOST_LAYERS} of a figure")
        _place(chain, at)
    durations = [seconds_of(chain) if times else None for chain in chains]
    most = max(len(chain.rows) for chain in chains)
    with styled():
        figure = new_figure(PANEL * len(chains), PANEL + 0.42 * (most + 1), title)
        grid: Any = figure.subplots(
            2, len(chains), squeeze=False, height_ratios=(4.6, 1 + 0.42 * (most + 1)), gridspec_kw={"hspace": 0.04}
        )
        # Fields are drawn equally large, and layers equally high, so that chains can be compared.
        widest = max(max(int(side) for side in chain.rows[-1].field) for chain in chains)
        for column, (chain, seconds) in enumerate(zip(chains, durations, strict=True)):
            place = _place(chain, at)
            _draw_squares(grid[0, column], chain, place, pixels, widest)
            _draw_cone(grid[1, column], chain, place, seconds)
            grid[1, column].set_ylim(-0.5, most + 0.5)
        return settled(figure)


def _place(chain: Chain, at: tuple[int, int] | None) -> tuple[int, int]:
    width, height, _ = chain.output
    if at is None:
        return (width - 1) // 2, (height - 1) // 2
    if not (0 <= at[0] < width and 0 <= at[1] < height):
        raise OptionError("at", f"{at[0]},{at[1]} lies outside of the output, which is {width}x{height}")
    return at


def _draw_squares(axes: Axes, chain: Chain, place: tuple[int, int], pixels: NDArray[Any] | None, widest: int) -> None:
    """Draw the field of the output on the picture, and those of the layers before around the same middle.

    `widest` is the side of the largest field of all chains, in pixels, which decides how much of the picture is seen.
    """
    from matplotlib.patches import Rectangle

    width, height, _ = chain.input
    if pixels is not None and pixels.shape[2] in (1, 3):
        picture(axes, shown_part(pixels), full_range(pixels.dtype))
        axes.images[0].set_extent((-0.5, width - 0.5, height - 0.5, -0.5))
    axes.set_axis_on()
    axes.add_patch(Rectangle((-0.5, -0.5), width, height, facecolor="none", edgecolor="0.4", linewidth=0.8))
    stages = [stage for row in chain.rows for stage in row.stages]
    across, down = (walk_back(stages, axis, place[axis], place[axis]) or (0, -1) for axis in (0, 1))
    middle = ((across[0] + across[1]) / 2, (down[0] + down[1]) / 2)
    for number, row in reversed(list(enumerate(chain.rows, 1))):
        wide, tall = row.field
        share = (number - 1) / (len(chain.rows) - 1) if len(chain.rows) > 1 else 1.0
        shade = SHADES[round(share * (len(SHADES) - 1))]
        corner = middle[0] - wide / 2, middle[1] - tall / 2
        axes.add_patch(Rectangle(corner, wide, tall, facecolor=shade, alpha=0.28, edgecolor="none"))
        axes.add_patch(Rectangle(corner, wide, tall, facecolor="none", edgecolor=shade, linewidth=1.4))
    # Of a picture that is many times as large as the field only the part around it is drawn.
    least, times = CLOSE if pixels is None else NEAR
    room = max(least, times * widest) / 2
    edge = 0.5 + 0.01 * max(width, height)  # beyond the picture's outline
    left, right = (
        max(min(-edge, across[0] - 1), middle[0] - room),
        min(max(width - 1 + edge, across[1] + 1), middle[0] + room),
    )
    top, bottom = (
        max(min(-edge, down[0] - 1), middle[1] - room),
        min(max(height - 1 + edge, down[1] + 1), middle[1] + room),
    )
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
    field = f"{chain.rows[-1].field[0]}x{chain.rows[-1].field[1]}"
    heading = wrap(chain.name, MOST_LETTERS, max_lines=MOST_LINES, placeholder=" ...")
    heading.append(f"output ({place[0]}, {place[1]}) of {chain.output}: sees {field} px of {width}x{height}")
    axes.set_title("\n".join(heading), fontsize=9)
    axes.set(xlabel="x, pixels", ylabel="y, pixels")


def _draw_cone(axes: Axes, chain: Chain, place: tuple[int, int], seconds: float | None) -> None:
    """Draw every layer as a bar of one length, and on it what the output sees across."""
    shapes = [chain.input, *(row.output for row in chain.rows)]
    spans = [across for across, _ in chain.spans_seen(place)]
    ends = []
    for level, (shape, (first, last)) in enumerate(zip(shapes, spans, strict=True)):
        axes.barh(level, 1, left=0, height=0.5, color="#eeeeee", edgecolor="0.6", linewidth=0.5)
        left, right = first / shape.width, (last + 1) / shape.width
        ends.append((left, right))
        # Of thousands of columns one would not be seen.
        wide = max(right - left, LEAST_BAR) if last >= first else 0.0
        axes.barh(
            level, wide, left=(left + right - wide) / 2, height=0.5, color=MARKS[1] if level else BLUE, linewidth=1
        )
        kind = chain.rows[level - 1].kind if level else "input"
        axes.text(-0.03, level, f"{level} {kind}" if level else kind, ha="right", va="center", fontsize=8)
        count = max(0, last - first + 1)
        jump = "" if not level else f", jump {_ratio(chain.rows[level - 1])}"
        axes.text(1.03, level, f"{count} of {shape.width}{jump}", ha="left", va="center", fontsize=8)
    for level in range(len(ends) - 1):
        for low, high in zip(ends[level], ends[level + 1], strict=True):
            axes.plot([low, high], [level + 0.25, level + 0.75], color="0.35", linewidth=0.8, linestyle=":")
    axes.set_xlim(min(0, *(left for left, _ in ends)) - 0.3, max(1, *(right for _, right in ends)) + 0.45)
    axes.set_axis_off()
    cost = f"{chain.parameters:,} parameters, {chain.multiply_adds:,} multiply-adds"
    cost += f", {seconds * 1000:.3g} ms" if seconds is not None else ""
    axes.set_title(f"columns that the output is made of, layer by layer\n{cost}", fontsize=9)


def _ratio(row: Row) -> str:
    upper, lower = row.jump[0]
    return f"{upper}" if lower == 1 else f"{upper}/{lower}"
