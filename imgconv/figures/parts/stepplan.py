"""The steps of a sliding window as plain values: what each window holds, its products, and what comes out.

A layer of one of three kinds is taken: a convolution, a pooling, or a transposed convolution, which is shown as what
it is equal to: the kernel turned round, sliding over the input with zeros put between its samples (Dumoulin and
Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4). Sizes come from `imgconv.geometry`,
borders from `imgconv.border`, and the output from the layer itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv import engines
from imgconv.border import Border, index_map
from imgconv.geometry import Axis, Extent, Shape, zero_inserted
from imgconv.layers import Layer
from imgconv.pipeline.run import Pipeline
from imgconv.pipeline.target import Target
from imgconv.sizes.chain import extents

Floats = NDArray[np.float64]

IMAGE, BORDER, NOTHING, INSERTED = range(4)
"""What a cell of the padded input is: a sample, what the border filled in, padding that no pooling takes, or a zero
between the samples of a transposed convolution."""


class SlideStep(NamedTuple):
    """One step: a window over the padded input, and the output it makes.

    Attributes:
        output: (channel, row, column) of the output.
        channels: the input channels that are summed.
        rows, cols: the window's rows and columns in the padded input, dilation apart.
        taps: (channels, rows, cols) as they lie on the input; None for a pooling.
        values: (channels, rows, cols) of the input, NaN where a pooling takes nothing.
        result: what the layer gives.
    """

    output: tuple[int, int, int]
    channels: tuple[int, ...]
    rows: tuple[int, ...]
    cols: tuple[int, ...]
    taps: Floats | None
    values: Floats
    result: float


class Steps(NamedTuple):
    """All steps of a layer.

    Attributes:
        layer: what is done.
        extent: both axes, as the layer solves them.
        slid: both axes of the window that slides, which for a transposed convolution meets inserted zeros.
        padded: (channels, rows, cols) of the input with all that windows may touch, NaN where there is nothing.
        kinds: (rows, cols), what each cell is: `IMAGE`, `BORDER`, `NOTHING` or `INSERTED`.
        taps: (out, in / groups, rows, cols) as they lie on the input; None for a pooling.
        bias: one number an output channel.
        output: (channels, rows, cols) that the layer gives.
        method: what a pooling makes of a window.
    """

    layer: Layer
    extent: Extent
    slid: Extent
    padded: Floats
    kinds: NDArray[np.int8]
    taps: Floats | None
    bias: Floats
    output: Floats
    method: str

    @property
    def total(self) -> int:
        """How many steps there are."""
        return int(self.output.size)

    @property
    def reached(self) -> NDArray[np.bool_]:
        """(rows, cols): whether any window takes the cell."""
        rows, cols = (_reached(axis, length) for axis, length in zip(self.slid[::-1], self.kinds.shape, strict=True))
        return np.logical_and.outer(rows, cols)

    def window(self, number: int) -> SlideStep:
        """Return step `number`, from 0: along the rows of the output, then down, then through its channels."""
        channel, row, col = (int(at) for at in np.unravel_index(number, self.output.shape))
        rows, cols = (_places(axis, at) for axis, at in zip(self.slid[::-1], (row, col), strict=True))
        group_size = 1 if self.taps is None else self.taps.shape[1]
        group = (
            channel
            if self.taps is None
            else channel // (len(self.taps) // (len(self.padded) // group_size)) * group_size
        )
        channels = tuple(range(group, group + group_size))
        values = self.padded[np.ix_(channels, rows, cols)]
        taps = None if self.taps is None else self.taps[channel]
        return SlideStep((channel, row, col), channels, rows, cols, taps, values, float(self.output[channel, row, col]))

    def __iter__(self) -> Iterator[Any]:
        return map(self.window, range(self.total))


def steps_of(pixels: NDArray[Any], layer: Layer) -> Steps:
    """Return the steps of a layer over `pixels`, (rows, cols, channels), in 64-bit floats.

    Raises:
        SizeError, ChannelError: the layer does not go with the size or the channels.
        OptionError: the layer is none of a convolution, a pooling and a transposed convolution.
    """
    rows, cols, channels = pixels.shape
    shape, chain = Shape(cols, rows, channels), Pipeline((layer,))
    slide = layer.slide(shape)
    step = chain.plan(shape).steps[0]
    (extent,) = extents(step.stages)
    target = Target(None, np.dtype(np.float64))
    output = chain.run(np.asarray(pixels, np.float64), engines.get("builtin"), target).samples.transpose(2, 0, 1)
    samples, inserted, slid = _spread(pixels, extent, slide.spread)
    padded, kinds = _padded(samples, inserted, slid, slide.border)
    taps = None if slide.taps is None else np.array(slide.taps)
    return Steps(layer, extent, slid, padded, kinds, taps, slide.bias, output, slide.method)


def _spread(pixels: NDArray[Any], extent: Extent, transposed: bool) -> tuple[Floats, NDArray[np.bool_], Extent]:
    """Return the samples, (channels, rows, cols), which cells are inserted zeros, and the axes of what slides."""
    samples = np.asarray(pixels, np.float64).transpose(2, 0, 1)
    if not transposed:
        return samples, np.zeros(samples.shape[1:], bool), extent
    slid = Extent(*(zero_inserted(axis) for axis in extent))
    spread = np.zeros((len(samples), slid.height.size, slid.width.size))
    spread[:, :: extent.height.stride, :: extent.width.stride] = samples
    inserted = np.ones(spread.shape[1:], bool)
    inserted[:: extent.height.stride, :: extent.width.stride] = False
    return spread, inserted, slid


def _padded(
    samples: Floats, inserted: NDArray[np.bool_], slid: Extent, border: Border | None
) -> tuple[Floats, NDArray[np.int8]]:
    """Return the samples with the border around them, and what each cell is."""
    maps, outside = [], []
    for axis in slid[::-1]:
        before, after = axis.before, axis.after
        maps.append(index_map(border or Border("zero"), axis.size, before, after + axis.overhang))
        places = np.arange(-before, axis.size + after + axis.overhang)
        outside.append((places < 0) | (places >= axis.size))
        if axis.overhang:  # a window that hangs over takes nothing there, whatever the border
            outside[-1] = outside[-1] | (places >= axis.size + after)
    rows, cols = maps
    padded = samples[:, rows][:, :, cols]
    constant = border.value if border else np.nan
    padded[:, rows < 0] = constant
    padded[:, :, cols < 0] = constant
    kinds = np.where(inserted[rows][:, cols], INSERTED, IMAGE).astype(np.int8)
    kinds[np.logical_or.outer(*outside)] = BORDER if border else NOTHING
    overhangs = [
        np.arange(len(index)) >= len(index) - axis.overhang for index, axis in zip(maps, slid[::-1], strict=True)
    ]
    beyond = np.logical_or.outer(*overhangs)
    padded[:, beyond], kinds[beyond] = np.nan, NOTHING
    return padded, kinds


def _places(axis: Axis, at: int) -> tuple[int, ...]:
    """Return where a window's taps lie along an axis of the padded input; negative padding cuts it off before."""
    first = at * axis.stride
    return tuple(range(first, first + axis.reach, axis.dilation))


def _reached(axis: Axis, length: int) -> NDArray[np.bool_]:
    reached = np.zeros(length, bool)
    for at in range(axis.output):
        reached[list(_places(axis, at))] = True
    return reached
