"""Reading the arguments of the functions: numbers per axis, paddings, borders, and arrays of samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgconv import geometry
from imgconv.border import Border
from imgconv.errors import ChannelError, OptionError
from imgconv.geometry import ORDERED_AXES, Axis, Padding
from imgconv.value import Value
from imgconv.words.border import BORDER
from imgconv.words.number import WholeKind
from imgconv.words.padding import SIDES_OF
from imgconv.words.pair import PER_AXIS, per_axis

Numbers = int | Sequence[int]
Sides = str | int | Sequence[int]
Samples = NDArray[Any]

SHAPES = {
    1: "(batch, channels, cols) or (channels, cols)",
    2: "(batch, channels, rows, cols) or (channels, rows, cols)",
    3: "(batch, channels, planes, rows, cols) or (channels, planes, rows, cols)",
}


class Batch(Value):
    """The samples that a function is given.

    Attributes:
        samples: (batch, channels, and one to three axes).
        single: whether there was no batch axis, so that the result has none.
        result: the type of the results.
        lanes: the type to compute in.
    """

    samples: Samples
    single: bool
    result: np.dtype[Any]
    lanes: np.dtype[Any]

    @classmethod
    def of(cls, given: ArrayLike, axes: int) -> Batch:
        """Read the samples of a function over `axes` axes.

        Raises:
            OptionError: they have another shape, or are no real numbers.
        """
        samples = real("input", given)
        if samples.ndim not in (axes + 1, axes + 2) or 0 in samples.shape[samples.ndim - axes - 1 :]:
            raise OptionError("input", f"an array of shape {samples.shape} is not {SHAPES[axes]} with samples in it")
        single = samples.ndim == axes + 1
        result = floats_for(samples.dtype)
        return cls(samples[None] if single else samples, single, result, lanes_for(result))

    @property
    def sizes(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.samples.shape[2:]

    @property
    def channels(self) -> int:
        """How many channels there are."""
        return int(self.samples.shape[1])

    def finish(self, out: Samples) -> Samples:
        """Return `out`, (batch, channels, axes), as the caller is to get it."""
        if out.dtype != self.result:
            with np.errstate(all="ignore"):  # float16 may overflow, as it does in torch
                out = out.astype(self.result)
        return out[0] if self.single else out


def real(name: str, given: ArrayLike) -> Samples:
    """Return an array of real numbers in this machine's byte order.

    Raises:
        OptionError: they are something else.
    """
    try:
        array = np.asarray(given)
    except Exception:  # whatever an object that poses as an array does
        raise OptionError(name, "it is no array of numbers with rows of one length") from None
    if array.dtype.kind not in "buif":
        raise OptionError(name, f"an array of {array.dtype} holds no real numbers")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def floats_for(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the float type of results for samples of `dtype`: its own, or one that holds its integers exactly."""
    if dtype.kind == "f":
        return dtype
    return np.dtype(np.float32 if dtype.itemsize <= 2 else np.float64)


def lanes_for(result: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type to compute results of `result` in."""
    return np.dtype(np.float32) if result.itemsize < 4 else result


def numbers(name: str, value: Numbers, axes: int, least: int = 1) -> tuple[int, ...]:
    """Return a whole number of at least `least` for every axis, from one for all or one each.

    Raises:
        OptionError: it is none of these.
    """
    found: tuple[int, ...] = per_axis(axes, least).argument(name, value)
    return found


def border_of(border: str | Border | None) -> Border | None:
    """Return a border from its words."""
    return None if border is None else BORDER.argument("border", border)


def whole(name: str, value: int, least: int = 1) -> int:
    """Return a whole number of at least `least`.

    Raises:
        OptionError: it is not one.
    """
    found: int = WholeKind(least=least).argument(name, value)
    return found


def convolved(
    sizes: Sequence[int], taps: Sequence[int], padding: Sides, stride: Numbers, dilation: Numbers
) -> tuple[Axis, ...]:
    """Solve every axis of a convolution.

    Raises:
        SizeError: the kernel is larger than the padded input.
        OptionError: an argument makes no sense.
    """
    axes = len(sizes)
    pads, steps = SIDES_OF[axes].argument("padding", padding), numbers("stride", stride, axes)
    apart = numbers("dilation", dilation, axes)
    solved = []
    for i, name in enumerate(ORDERED_AXES[axes]):
        before, after = _amounts(pads, i, sizes[i], taps[i], steps, apart[i])
        solved.append(
            geometry.convolution(
                sizes[i], taps[i], stride=steps[i], dilation=apart[i], before=before, after=after, name=name
            )
        )
    return tuple(solved)


def pooled(
    sizes: Sequence[int],
    window: Numbers,
    stride: Numbers | None,
    padding: Sides,
    dilation: Numbers,
    ceil_mode: bool,
    filled: bool = False,
) -> tuple[Axis, ...]:
    """Solve every axis of a pooling; padding beyond half a window has to be `filled` by a border.

    Raises:
        SizeError: the window is larger than the padded input.
        OptionError: an argument makes no sense.
    """
    axes = len(sizes)
    kernel = numbers("kernel_size", window, axes)
    steps = kernel if stride is None or (isinstance(stride, tuple) and not stride) else numbers("stride", stride, axes)
    pads, apart = SIDES_OF[axes].argument("padding", padding), numbers("dilation", dilation, axes)
    solved = []
    for i, name in enumerate(ORDERED_AXES[axes]):
        before, after = _amounts(pads, i, sizes[i], kernel[i], steps, apart[i])
        if isinstance(pads, tuple) and not filled and max(before, after) > kernel[i] // 2:
            problem = f"{max(before, after)} along the {name} is more than half of the window's {kernel[i]}"
            raise OptionError("padding", f"{problem}, so that a window could lie wholly in the padding; name a border")
        solved.append(
            geometry.pooling(
                sizes[i], kernel[i], stride=steps[i], dilation=apart[i], before=before, after=after,
                ceil_mode=ceil_mode, name=name,
            )
        )  # fmt: skip
    return tuple(solved)


def transposed(
    sizes: Sequence[int],
    taps: Sequence[int],
    padding: Sides,
    stride: Numbers,
    dilation: Numbers,
    output_padding: Numbers,
) -> tuple[Axis, ...]:
    """Solve every axis of a transposed convolution.

    Raises:
        SizeError: nothing is left of the output.
        OptionError: an argument makes no sense.
    """
    axes = len(sizes)
    pads, steps = SIDES_OF[axes].argument("padding", padding), numbers("stride", stride, axes)
    apart, extra = numbers("dilation", dilation, axes), numbers("output_padding", output_padding, axes, least=0)
    solved = []
    for i, name in enumerate(ORDERED_AXES[axes]):
        before, after = _amounts(pads, i, sizes[i], taps[i], steps, apart[i])
        solved.append(
            geometry.transposed(
                sizes[i], taps[i], stride=steps[i], dilation=apart[i], before=before, after=after,
                output_padding=extra[i], name=name,
            )
        )  # fmt: skip
    return tuple(solved)


def _amounts(
    pads: str | tuple[tuple[int, int], ...], axis: int, size: int, taps: int, steps: tuple[int, ...], dilation: int
) -> tuple[int, int]:
    if not isinstance(pads, str):
        return pads[axis]
    if pads == "same" and max(steps) > 1:
        raise OptionError("padding", "'same' needs stride 1, as a larger one cannot keep the size; give numbers")
    return Padding(pads).along("", size, taps, 1, dilation)


def weights_of(weight: ArrayLike, axes: int) -> Samples:
    """Read weights over `axes` axes.

    Raises:
        OptionError: they have another shape, or are no real numbers.
    """
    array = real("weight", weight)
    if array.ndim != axes + 2 or array.size == 0:
        form = f"two channel axes and {PER_AXIS[axes]}"
        raise OptionError("weight", f"an array of shape {array.shape} is not weights of {form}")
    return array


def bias_of(bias: ArrayLike | None, channels: int) -> Samples | None:
    """Read a bias of one number for each output channel.

    Raises:
        ChannelError: there are more or fewer.
    """
    if bias is None:
        return None
    array = real("bias", bias)
    if array.shape != (channels,):
        raise ChannelError("bias", f"its shape {array.shape} is not ({channels},), a number for each output channel")
    return array


def grouped(what: str, channels: int, groups: int) -> None:
    """Check that `groups` divide the channels.

    Raises:
        ChannelError: they do not.
    """
    if channels % groups:
        raise ChannelError("weight", f"{groups} groups do not divide its {channels} {what} channels")
