"""A layer of weights taken apart: what every input channel adds to every output channel.

The layer's result for output channel k is the sum over input channels c of X(c) * K(c, k), and the bias. Each of
these products is computed by itself, by the same engine as the layer, and drawn in a cell; the sums stand on top.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv import engines
from imgconv.errors import ChannelError, LayerError, OptionError
from imgconv.figures.parts.style import (
    Scale,
    colours,
    finite_or_marked,
    new_figure,
    outline,
    scale_of,
    settled,
    shown_part,
    styled,
)
from imgconv.layers import Shape
from imgconv.layers.base import Mixing
from imgconv.pipeline.run import Pipeline
from imgconv.pipeline.target import Target

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

MOST = 8
"""So many input and output channels are drawn; the sums are of all."""

BLOCK, FEW = 64, 8
"""So many channels are filtered at once; fewer than `FEW` outputs of an input together with others."""

HUES = ("#c23b2e", "#2e8b57", "#3a6bc4", "#b8860b", "#8e4ec6", "#008b8b", "#c2569b", "#6b7a3c")
"""The colours of input channels; the first three for red, green and blue."""

CELL = 1.75
"""Inches a side of a cell."""


class Components(NamedTuple):
    """A layer taken apart.

    Attributes:
        inputs: (rows, cols, channels) that go into the layer.
        filters: (out, in, rows, cols) as they are slid, of the first `MOST` channels; 0 where a group does not reach.
        parts: by (output, input), the products, (rows, cols) each; none where a group does not reach, or beyond the
            first `MOST` channels.
        sums: of the products of all inputs with the bias, (rows, cols, channels).
        bias: one number an output channel.
        result: (rows, cols, channels) that the layer itself gives.
    """

    inputs: Floats
    filters: Floats
    parts: dict[tuple[int, int], Floats]
    sums: Floats
    bias: Floats
    result: Floats

    @property
    def error(self) -> float:
        """The mean absolute difference of the sums and the layer's own result, where both are finite."""
        both = np.isfinite(self.sums) & np.isfinite(self.result)
        return float(np.mean(np.abs(self.sums[both] - self.result[both]))) if both.any() else 0.0


def components(pixels: NDArray[Any], pipeline: Pipeline, number: int = 1) -> Components:
    """Take layer `number`, from 1, of a pipeline apart; the layers before it run on `pixels`, (rows, cols, channels).

    Everything is computed in 64-bit floats.

    Raises:
        OptionError: there is no such layer, or it is no layer of weights.
        LayerError: it, or one before it, cannot run.
    """
    if not 1 <= number <= len(pipeline.layers):
        raise OptionError("layer", f"there is no layer {number}; the pipeline has {len(pipeline.layers)}")
    engine, floats = engines.get("builtin"), Target(None, np.dtype(np.float64))
    inputs = np.asarray(pixels, np.float64)
    if number > 1:
        inputs = Pipeline(pipeline.layers[: number - 1], pipeline.source).run(inputs, engine, floats).samples
    layer = pipeline.layers[number - 1]
    chain = Pipeline((layer,))
    rows, cols, channels = inputs.shape
    try:
        step = chain.plan(Shape(cols, rows, channels)).steps[0]
    except (ChannelError, OptionError) as error:
        raise LayerError(number, layer.kind, error) if len(pipeline.layers) > 1 else error from None
    mixing = step.mixing()
    if mixing is None:
        problem = f"{number} ({layer.kind}) has no weights that mix channels, so there is nothing to take apart"
        raise OptionError("layer", problem)
    weights, bias, groups = mixing.weights, mixing.bias, mixing.sources
    firsts = np.array([sources.start for sources in groups])
    result = chain.run(inputs, engine, floats).samples
    parts: dict[tuple[int, int], Floats] = {}
    sums = np.zeros_like(result) + bias
    for outs, sources in _blocks(groups):
        taps = weights[outs, sources - firsts[outs]][:, None]
        maps = _filtered(mixing, taps, inputs[:, :, sources if np.ptp(sources) else sources[:1]])
        starts = np.flatnonzero(np.diff(outs, prepend=-1))
        sums[:, :, outs[0] : outs[-1] + 1] += (
            maps if len(starts) == len(outs) else np.add.reduceat(maps, starts, axis=2)
        )
        for at in np.flatnonzero((outs < MOST) & (sources < MOST)):
            parts[int(outs[at]), int(sources[at])] = maps[:, :, at].copy()
    filters = np.zeros((min(len(weights), MOST), min(channels, MOST), *weights.shape[2:]))
    for out, source in parts:
        filters[out, source] = weights[out, source - firsts[out]]
    return Components(inputs, filters, parts, sums, bias, result)


def _blocks(groups: list[range]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield all output and input channels that belong together, in blocks: (outputs, ascending; inputs).

    The channels of a block are filtered at once, as thousands of small runs would take minutes, and are few enough to
    stay in the cache until they are added up. A block has one input for all its outputs, or different inputs. Groups of
    a layer have as many outputs each, which follow one another.
    """
    few: list[tuple[int, int]] = []  # pairs of groups that are too small for blocks of their own
    for sources, members in groupby(range(len(groups)), key=groups.__getitem__):
        outs = np.fromiter(members, np.intp)
        if len(outs) < FEW:
            few += product(outs.tolist(), sources)
            continue
        for first in range(0, len(outs), BLOCK):
            chunk = outs[first : first + BLOCK]
            yield from ((chunk, np.full_like(chunk, source)) for source in sources)
    for first in range(0, len(few), BLOCK):
        pairs = np.array(few[first : first + BLOCK], np.intp)
        yield pairs[:, 0], pairs[:, 1]


def _filtered(mixing: Mixing, weights: Floats, channels: Floats) -> Floats:
    """Return channels filtered by weights, (out, 1, rows, cols), as the layer slides them, without its bias."""
    plain, floats = mixing.alike(weights, channels.shape[2]), Target(None, np.dtype(np.float64))
    maps: Floats = Pipeline((plain,)).run(np.ascontiguousarray(channels), engines.get("builtin"), floats).samples
    return maps


def draw_components(
    pixels: NDArray[Any],
    pipeline: Pipeline,
    number: int = 1,
    *,
    title: str | None = None,
    cmap: str | None = None,
    taken_apart: Components | None = None,
) -> Figure:
    """Draw a layer taken apart: a row an input channel, a column an output channel, and the sums with the bias on top.

    Cells of a row have their channel's colour on one scale, symmetric about 0; each shows its filter in a corner.

    Args:
        pixels: (rows, cols, channels), without alpha.
        pipeline, number: the layers, and which of them, from 1.
        title: above the figure.
        cmap: one of Matplotlib's colormaps for the sums; None chooses by sign.
        taken_apart: what `components` gave for these arguments, if it is known.

    Raises:
        OptionError, LayerError: as `components` does.
        LibraryError: Matplotlib is not installed.
    """
    parts = taken_apart or components(pixels, pipeline, number)
    columns, rows = parts.filters.shape[:2]
    outputs, inputs = parts.result.shape[2], parts.inputs.shape[2]
    with styled():
        layer = pipeline.layers[number - 1]
        more = (
            f" (the first {columns} of {outputs} outputs, {rows} of {inputs} inputs)"
            if columns < outputs or rows < inputs
            else ""
        )
        figure = new_figure(
            CELL * (columns + 1) + 1.2,
            CELL * min(max(parts.result.shape[0] / parts.result.shape[1], 0.4), 2.5) * (rows + 1) + 0.9,
            title or f"layer {number}, {layer.kind}: sum over c of X(c) * K(c, k), and the bias{more}",
        )
        grid = figure.subplots(rows + 1, columns + 1, squeeze=False)
        sums = parts.sums
        top = scale_of(sums[:, :, :columns], cmap=cmap)
        cells = parts.parts.values()
        reach = max((float(np.abs(cell[np.isfinite(cell)]).max(initial=0)) for cell in cells), default=1.0) or 1.0
        filters = scale_of(parts.filters)
        grid[0, 0].set_axis_off()
        for out in range(columns):
            bias = f" {'-' if parts.bias[out] < 0 else '+'} {abs(parts.bias[out]):.3g}" if parts.bias[out] else ""
            shown = _image(grid[0, out + 1], sums[:, :, out], top)
            grid[0, out + 1].set_title(f"output {out}{bias and f': sum{bias}'}")
        figure.colorbar(shown, ax=list(grid[0, 1:]), shrink=0.9, pad=0.02, aspect=14)
        for source in range(rows):
            hue = HUES[source % len(HUES)]
            own = Scale(-reach, reach, hue_map(hue))
            channel = parts.inputs[:, :, source]
            _image(grid[source + 1, 0], channel, Scale(*scale_of(channel, signed=False)[:2], hue_map(hue)))
            grid[source + 1, 0].set_ylabel(f"input {source}", color=hue)
            for out in range(columns):
                axes = grid[source + 1, out + 1]
                if (out, source) not in parts.parts:
                    axes.set_axis_off()
                    axes.text(0.5, 0.5, "another group", transform=axes.transAxes, ha="center", color="0.5")
                    continue
                shown = _image(axes, parts.parts[out, source], own)
                corner = axes.inset_axes((0.0, 0.0, 0.28, 0.28), anchor="SW")
                _image(corner, parts.filters[out, source], filters)
            figure.colorbar(shown, ax=list(grid[source + 1, 1:]), shrink=0.9, pad=0.02, aspect=14)
        return settled(figure)


def hue_map(hue: str) -> str:
    """Return the name of the colours from black over `hue` to white, registered when they are first asked for."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    name = f"imgconv-{hue}"
    if name not in colormaps:
        colormaps.register(LinearSegmentedColormap.from_list(name, ("black", hue, "white")))
    return colours(name).name


def _image(axes: Any, values: Floats, scale: Scale) -> Any:
    axes.set(xticks=(), yticks=())
    outline(axes)
    return axes.imshow(shown_part(values), cmap=finite_or_marked(scale.cmap), vmin=scale.low, vmax=scale.high)
