"""Transposed convolutions: what spreads every sample over a window of the output."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgconv.border import Border, index_map
from imgconv.errors import ChannelError
from imgconv.functional._arguments import (
    Batch,
    Numbers,
    Samples,
    Sides,
    bias_of,
    grouped,
    transposed,
    weights_of,
    whole,
)
from imgconv.functional._correlation import lanes_of, run
from imgconv.functional._jobs import Correlation
from imgconv.geometry import Axis, Phase, phases
from imgconv.words.arguments import checked


@checked
def conv_transpose2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Numbers = 1,
    padding: Sides = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
    *,
    threads: int | None = None,
) -> NDArray[Any]:
    """Add every sample, times the window of weights, to the output, as torch.nn.functional.conv_transpose2d does.

    It equals a convolution of the input with stride - 1 zeros between its samples, by the kernel rotated by 180
    degrees; see `imgconv.geometry.zero_inserted`. What meets inserted zeros only is not computed.

    Args:
        input: (batch, channels, rows, cols) or (channels, rows, cols).
        weight: (channels, output channels / groups, rows, cols).
        bias: a number for each output channel.
        stride, dilation: a whole number or (rows, cols).
        padding: what is cut off the output: a number, (rows, cols), (left, top, right, bottom), ``valid``, or
            ``same`` with stride 1.
        output_padding: rows and columns that are added at the bottom and the right.
        groups: channels are divided into so many groups that do not mix.
        threads: at most so many; None means every core that this process may use.

    Returns:
        (batch, output channels, rows, cols), or without the batch if there was none; see `imgconv.functional` for its
        type.

    Raises:
        SizeError: the padding cuts the whole output away.
        ChannelError: the weights are for another number of channels.
        OptionError: another argument makes no sense.

    >>> import numpy as np
    >>> small, weight = np.ones((1, 3, 32, 32)), np.ones((3, 6, 3, 3))
    >>> conv_transpose2d(small, weight, stride=2, padding=1, output_padding=1).shape
    (1, 6, 64, 64)
    """
    return _spread(2, input, weight, bias, stride, padding, output_padding, groups, dilation, threads)


@checked
def conv_transpose1d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Numbers = 1,
    padding: Sides = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
    *,
    threads: int | None = None,
) -> NDArray[Any]:
    """Do over (batch, channels, cols) what `conv_transpose2d` does over rows and columns.

    >>> import numpy as np
    >>> conv_transpose1d(np.array([[1.0, 2.0]]), np.array([[[1.0, 1.0, 1.0]]]), stride=2)
    array([[1., 1., 3., 2., 2.]])
    """
    return _spread(1, input, weight, bias, stride, padding, output_padding, groups, dilation, threads)


@checked
def conv_transpose3d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Numbers = 1,
    padding: Sides = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
    *,
    threads: int | None = None,
) -> NDArray[Any]:
    """Do over (batch, channels, planes, rows, cols) what `conv_transpose2d` does over rows and columns.

    >>> import numpy as np
    >>> conv_transpose3d(np.ones((1, 2, 2, 2)), np.ones((1, 1, 2, 2, 2)), stride=2).shape
    (1, 4, 4, 4)
    """
    return _spread(3, input, weight, bias, stride, padding, output_padding, groups, dilation, threads)


def _spread(
    axes: int,
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None,
    stride: Numbers,
    padding: Sides,
    output_padding: Numbers,
    groups: int,
    dilation: Numbers,
    threads: int | None,
) -> NDArray[Any]:
    batch, taps, groups = Batch.of(input, axes), weights_of(weight, axes), whole("groups", groups)
    grouped("input", taps.shape[0], groups)
    if batch.channels != taps.shape[0]:
        raise ChannelError("weight", f"{taps.shape} takes {taps.shape[0]} channels, but the input has {batch.channels}")
    added = bias_of(bias, taps.shape[1] * groups)
    solved = transposed(batch.sizes, taps.shape[2:], padding, stride, dilation, output_padding)
    slid = _exchanged(taps, groups)
    lanes = lanes_of(slid, added, 0.0, batch.samples.dtype, batch.lanes)
    out = np.empty((len(batch.samples), len(slid), *(axis.output for axis in solved)), lanes)
    jobs = []
    for parts in product(*map(phases, solved)):
        place: Any = (..., *(slice(part.start, None, axis.stride) for part, axis in zip(parts, solved, strict=True)))
        if all(part.taps for part in parts):
            jobs.append((_phase(parts, solved, slid, added, groups), out[place]))
        else:
            out[place] = 0 if added is None else added.astype(out.dtype).reshape(-1, *[1] * axes)
    run(jobs, batch.samples, threads)
    return batch.finish(out)


def _exchanged(weight: Samples, groups: int) -> Samples:
    """Return weights (channels, output / groups, taps) as (output, channels / groups, taps)."""
    parts = weight.reshape(groups, len(weight) // groups, *weight.shape[1:])
    return parts.swapaxes(1, 2).reshape(-1, len(weight) // groups, *weight.shape[2:])


def _phase(
    parts: tuple[Phase, ...], solved: tuple[Axis, ...], slid: Samples, bias: Samples | None, groups: int
) -> Correlation:
    maps = (
        index_map(Border("zero"), axis.size, part.before, part.after) for part, axis in zip(parts, solved, strict=True)
    )
    return Correlation(
        weight=slid[:, :, *(_slice(part.taps) for part in parts)],
        bias=bias,
        maps=tuple(maps),
        stride=(1,) * len(parts),
        dilation=tuple(part.dilation for part in parts),
        output=tuple(part.output for part in parts),
        groups=groups,
    )


def _slice(taps: range) -> slice:
    return slice(taps.start, taps.stop if taps.stop >= 0 else None, taps.step)
