"""Convolutions as a network's layers compute them: correlations that sum over channels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgconv.border import Border
from imgconv.errors import ChannelError
from imgconv.functional._arguments import (
    Batch,
    Numbers,
    Sides,
    bias_of,
    border_of,
    convolved,
    grouped,
    weights_of,
    whole,
)
from imgconv.functional._correlation import index_maps, lanes_of, run
from imgconv.functional._jobs import Correlation
from imgconv.words.arguments import checked


@checked
def conv2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Numbers = 1,
    padding: Sides = 0,
    dilation: Numbers = 1,
    groups: int = 1,
    *,
    border: str | Border = "zero",
    threads: int | None = None,
) -> NDArray[Any]:
    """Slide every filter of `weight` over all channels of its group and add up, as torch.nn.functional.conv2d does.

    Args:
        input: (batch, channels, rows, cols) or (channels, rows, cols).
        weight: (output channels, channels / groups, rows, cols).
        bias: a number for each output channel.
        stride, dilation: a whole number or (rows, cols).
        padding: ``valid``, ``same``, a number, (rows, cols) or (left, top, right, bottom).
        groups: channels are divided into so many groups that do not mix; as many as channels make a depthwise
            convolution.
        border: what fills the padding.
        threads: at most so many; None means every core that this process may use.

    Returns:
        (batch, output channels, rows, cols), or without the batch if there was none; see `imgconv.functional` for its
        type.

    Raises:
        SizeError: the kernel is larger than the padded input.
        ChannelError: the weights are for another number of channels.
        OptionError: another argument makes no sense.

    >>> import numpy as np
    >>> conv2d(np.ones((1, 3, 8, 8)), np.ones((4, 3, 5, 5)), bias=[0, 1, 2, 3])[0, :, 0, 0]
    array([75., 76., 77., 78.])
    >>> conv2d(np.ones((3, 8, 8)), np.ones((3, 1, 3, 3)), padding="same", groups=3).shape
    (3, 8, 8)
    """
    return _convolve(2, input, weight, bias, stride, padding, dilation, groups, border, threads)


@checked
def conv1d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Numbers = 1,
    padding: Sides = 0,
    dilation: Numbers = 1,
    groups: int = 1,
    *,
    border: str | Border = "zero",
    threads: int | None = None,
) -> NDArray[Any]:
    """Do over (batch, channels, cols) what `conv2d` does over rows and columns.

    >>> import numpy as np
    >>> conv1d(np.arange(6.0)[None], np.array([[[-1.0, 1.0]]]), stride=2)
    array([[1., 1., 1.]])
    """
    return _convolve(1, input, weight, bias, stride, padding, dilation, groups, border, threads)


@checked
def conv3d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Numbers = 1,
    padding: Sides = 0,
    dilation: Numbers = 1,
    groups: int = 1,
    *,
    border: str | Border = "zero",
    threads: int | None = None,
) -> NDArray[Any]:
    """Do over (batch, channels, planes, rows, cols) what `conv2d` does over rows and columns.

    >>> import numpy as np
    >>> conv3d(np.ones((1, 4, 4, 4)), np.ones((1, 1, 3, 3, 3))).max()
    np.float64(27.0)
    """
    return _convolve(3, input, weight, bias, stride, padding, dilation, groups, border, threads)


def _convolve(
    axes: int,
    input: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None,
    stride: Numbers,
    padding: Sides,
    dilation: Numbers,
    groups: int,
    border: str | Border,
    threads: int | None,
) -> NDArray[Any]:
    batch, taps, groups = Batch.of(input, axes), weights_of(weight, axes), whole("groups", groups)
    grouped("output", taps.shape[0], groups)
    if batch.channels != taps.shape[1] * groups:
        takes = f"{taps.shape} with {groups} groups takes {taps.shape[1] * groups} channels"
        raise ChannelError("weight", f"{takes}, but the input has {batch.channels}")
    added = bias_of(bias, taps.shape[0])
    solved = convolved(batch.sizes, taps.shape[2:], padding, stride, dilation)
    fill = border_of(border) or Border("zero")
    job = Correlation(
        weight=taps,
        bias=added,
        maps=index_maps(solved, fill),
        stride=tuple(axis.stride for axis in solved),
        dilation=tuple(axis.dilation for axis in solved),
        output=tuple(axis.output for axis in solved),
        groups=groups,
        constant=fill.value,
    )
    lanes = lanes_of(taps, added, fill.value, batch.samples.dtype, batch.lanes)
    out = np.empty((len(batch.samples), len(taps), *job.output), lanes)
    run([(job, out)], batch.samples, threads)
    return batch.finish(out)
