"""Pooling: the largest, smallest or mean sample of every window."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgconv.border import Border
from imgconv.errors import OptionError
from imgconv.functional._arguments import Batch, Numbers, Sides, border_of, pooled
from imgconv.functional._jobs import Pooling
from imgconv.functional._windows import counts, places, run_pooling
from imgconv.words.arguments import checked
from imgconv.words.base import is_whole


@checked
def max_pool2d(
    input: ArrayLike,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Sides = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    border: str | Border | None = None,
    threads: int | None = None,
) -> Any:
    """Take the largest sample of every window, as torch.nn.functional.max_pool2d does; a NaN among them is the result.

    Args:
        input: (batch, channels, rows, cols) or (channels, rows, cols).
        kernel_size: the window, a whole number or (rows, cols).
        stride: between windows; None means the window's size.
        padding: ``valid``, ``same`` with stride 1, a number, (rows, cols) or (left, top, right, bottom); at most half
            of the window.
        dilation: between the samples of a window.
        ceil_mode: round the number of windows up, so that the last may hang over the end; one that would start in the
            padding after the input is left out.
        return_indices: also return where each result was found, as indices into the rows one after the other.
        border: what fills the padding; None means what is never the largest.
        threads: at most so many; None means every core that this process may use.

    Returns:
        (batch, channels, rows, cols), or without the batch if there was none; with `return_indices` also an int64
        array of that shape, in which -1 stands for a sample that is not of the input.

    Raises:
        SizeError: the window is larger than the padded input.
        OptionError: an argument makes no sense.

    >>> import numpy as np
    >>> max_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 5.,  7.],
            [13., 15.]]])
    """
    return _select("max", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, border, threads)


@checked
def max_pool1d(
    input: ArrayLike,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Sides = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    border: str | Border | None = None,
    threads: int | None = None,
) -> Any:
    """Do over (batch, channels, cols) what `max_pool2d` does over rows and columns."""
    return _select("max", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, border, threads)


@checked
def max_pool3d(
    input: ArrayLike,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Sides = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    border: str | Border | None = None,
    threads: int | None = None,
) -> Any:
    """Do over (batch, channels, planes, rows, cols) what `max_pool2d` does over rows and columns."""
    return _select("max", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, border, threads)


@checked
def min_pool2d(
    input: ArrayLike,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Sides = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    border: str | Border | None = None,
    threads: int | None = None,
) -> Any:
    """Take the smallest sample of every window; everything else is as in `max_pool2d`.

    >>> import numpy as np
    >>> min_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 0.,  2.],
            [ 8., 10.]]])
    """
    return _select("min", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, border, threads)


@checked
def min_pool1d(
    input: ArrayLike,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Sides = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    border: str | Border | None = None,
    threads: int | None = None,
) -> Any:
    """Do over (batch, channels, cols) what `min_pool2d` does over rows and columns."""
    return _select("min", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, border, threads)


@checked
def min_pool3d(
    input: ArrayLike,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Sides = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    border: str | Border | None = None,
    threads: int | None = None,
) -> Any:
    """Do over (batch, channels, planes, rows, cols) what `min_pool2d` does over rows and columns."""
    return _select("min", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, border, threads)


@checked
def avg_pool2d(
    input: ArrayLike,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Sides = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: Numbers = 1,
    border: str | Border | None = None,
    threads: int | None = None,
) -> NDArray[Any]:
    """Take the mean of every window, as torch.nn.functional.avg_pool2d does.

    Args:
        input: (batch, channels, rows, cols) or (channels, rows, cols).
        kernel_size, stride, padding, ceil_mode: as in `max_pool2d`.
        count_include_pad: divide by the samples of the window including the padding; what hangs over the padding is
            never counted. Without it the padding is left out of sum and count, whatever the border.
        divisor_override: divide the sums by this whole number instead.
        dilation: steps between the samples of a window, which torch's means do not have.
        border: what fills the padding; None means zeros.
        threads: at most so many; None means every core that this process may use.

    Returns:
        (batch, channels, rows, cols), or without the batch if there was none; see `imgconv.functional` for its type.

    Raises:
        SizeError: the window is larger than the padded input.
        OptionError: an argument makes no sense.

    >>> import numpy as np
    >>> avg_pool2d(np.ones((1, 3, 3)), 2, padding=1)
    array([[[0.25, 0.5 ],
            [0.5 , 1.  ]]])
    >>> avg_pool2d(np.ones((1, 3, 3)), 2, padding=1, count_include_pad=False)
    array([[[1., 1.],
            [1., 1.]]])
    """
    counting = (ceil_mode, count_include_pad, divisor_override)
    return _mean(2, input, kernel_size, stride, padding, dilation, *counting, border, threads)


@checked
def avg_pool1d(
    input: ArrayLike,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Sides = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    *,
    dilation: Numbers = 1,
    border: str | Border | None = None,
    threads: int | None = None,
) -> NDArray[Any]:
    """Do over (batch, channels, cols) what `avg_pool2d` does over rows and columns."""
    counting = (ceil_mode, count_include_pad, None)
    return _mean(1, input, kernel_size, stride, padding, dilation, *counting, border, threads)


@checked
def avg_pool3d(
    input: ArrayLike,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Sides = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: Numbers = 1,
    border: str | Border | None = None,
    threads: int | None = None,
) -> NDArray[Any]:
    """Do over (batch, channels, planes, rows, cols) what `avg_pool2d` does over rows and columns."""
    counting = (ceil_mode, count_include_pad, divisor_override)
    return _mean(3, input, kernel_size, stride, padding, dilation, *counting, border, threads)


def _select(
    kind: str,
    axes: int,
    input: ArrayLike,
    kernel_size: Numbers,
    stride: Numbers | None,
    padding: Sides,
    dilation: Numbers,
    ceil_mode: bool,
    return_indices: bool,
    border: str | Border | None,
    threads: int | None,
) -> Any:
    batch = Batch.of(input, axes)
    solved = pooled(batch.sizes, kernel_size, stride, padding, dilation, ceil_mode, border is not None)
    job = Pooling.of(kind, solved, border_of(border))
    if not return_indices:
        return batch.finish(run_pooling(job, batch.samples, batch.lanes, threads))
    out, indices = places(job, batch.samples, batch.lanes)
    return batch.finish(out), indices[0] if batch.single else indices


def _mean(
    axes: int,
    input: ArrayLike,
    kernel_size: Numbers,
    stride: Numbers | None,
    padding: Sides,
    dilation: Numbers,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
    border: str | Border | None,
    threads: int | None,
) -> NDArray[Any]:
    if divisor_override is not None and not (is_whole(divisor_override) and divisor_override):
        raise OptionError("divisor_override", f"{divisor_override!r} is not a whole number other than 0")
    batch = Batch.of(input, axes)
    filled = border is not None and count_include_pad
    solved = pooled(batch.sizes, kernel_size, stride, padding, dilation, ceil_mode, filled)
    for axis in solved if axes == 3 else ():
        if axis.kernel > axis.size:
            problem = f"the window's {axis.kernel} along the {axis.name} are more than the input's {axis.size}"
            raise OptionError("kernel_size", f"{problem}, which avg_pool3d does not take, with padding or without")
    job = Pooling.of("sum", solved, border_of(border) if count_include_pad else None)
    if divisor_override is not None:
        divisors = tuple(np.ones(axis.output, np.int64) for axis in solved[1:])
        divisors = (np.full(solved[0].output, int(divisor_override)), *divisors)
    else:
        divisors = tuple(counts(axis, count_include_pad) for axis in solved)
        if empty := next((axis.name for axis, held in zip(solved, divisors, strict=True) if not held.all()), ""):
            raise OptionError("dilation", f"a window has all its samples outside of the {empty}, so it has no mean")
    return batch.finish(run_pooling(job.replace(divisors=divisors), batch.samples, batch.lanes, threads))
