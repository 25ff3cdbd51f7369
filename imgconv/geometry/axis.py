"""One axis of one operation, solved: the length of its output, what is dropped, the formula with numbers in it."""

from __future__ import annotations

from math import floor, gcd
from typing import NamedTuple

from imgconv.errors import OptionError, SizeError

Lengths = tuple[int, int, int]
"""A number for each of (width, height, depth)."""

MAX_LENGTH = 2**31 - 1
"""The largest length of an axis, in samples."""

AXES = ("width", "height")

ORDERED_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""The names of one, two and three axes in the order of an array's."""

ENDS = {"width": ("left", "right"), "height": ("top", "bottom"), "depth": ("front", "back")}
"""What the two ends of an axis are called."""

NOUNS = {"width": "column", "height": "row", "depth": "page"}
"""What an axis counts."""

CONVOLUTION = "floor((size + before + after - dilation*(kernel - 1) - 1) / stride) + 1"
POOLING_CEIL = "ceil((size + before + after - dilation*(kernel - 1) - 1) / stride) + 1"
TRANSPOSED = "(size - 1)*stride - before - after + dilation*(kernel - 1) + output_padding + 1"
RESIZED = "floor(size * scale)"

LOOKED_AT = 4096
"""So many neighbouring outputs of a dilated transposed convolution are looked at for what they see."""


class Shape(NamedTuple):
    """An image's size in samples."""

    width: int
    height: int
    channels: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}x{self.channels}"


class Axis(NamedTuple):
    """One axis of an operation, solved.

    Attributes:
        name: ``width`` or ``height``.
        size, kernel, stride, dilation: samples of the input, taps, and steps in samples.
        before, after: padding in samples at the two ends.
        output: samples of the output.
        formula: the formula with words; `arithmetic` has the numbers in it.
        arithmetic: for example ``floor((480 + 1 + 1 - 1*(3 - 1) - 1) / 1) + 1 = 480``.
        dropped: padded input samples at the far end that no window reaches.
        output_padding: samples added to the far end of a transposed convolution's output.
        overhang: how far the last window of a pooling hangs over the far end, in samples.
    """

    name: str
    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    output: int
    formula: str
    arithmetic: str
    dropped: int = 0
    output_padding: int = 0
    overhang: int = 0

    @property
    def reach(self) -> int:
        """Input samples from the first to the last tap: the effective kernel size."""
        return reach(self.kernel, self.dilation)

    @property
    def dropped_input(self) -> int:
        """How many of the dropped samples belong to the image; the others are padding."""
        return min(self.size, max(0, self.dropped - max(0, self.after)))

    @property
    def step(self) -> tuple[int, int]:
        """The distance in the input between neighbouring outputs, as a fraction in lowest terms.

        >>> transposed(7, 4, stride=2).step, convolution(7, 3, stride=2).step
        ((1, 2), (2, 1))
        """
        if self.formula == TRANSPOSED:
            return 1, self.stride
        if self.formula == RESIZED:
            common = gcd(self.size, self.output)
            return self.size // common, self.output // common
        return self.stride, 1

    def sees(self, first: int, last: int) -> tuple[int, int]:
        """Return the first and the last input sample that outputs `first` to `last` are made of.

        Padding counts as input: samples are numbered on beyond the ends. Where a transposed convolution leaves
        gaps an output sees nothing, and the first then comes after the last.

        >>> convolution(9, 3, stride=2, before=1).sees(0, 1)
        (-1, 3)
        >>> transposed(9, 3, stride=2).sees(2, 2)
        (0, 1)
        """
        if self.formula == TRANSPOSED:
            return self._sees_transposed(first, last)
        if self.formula == RESIZED:
            return self._under(first) - (self.kernel - 1) // 2, self._under(last) + self.kernel // 2
        return first * self.stride - self.before, last * self.stride - self.before + self.reach - 1

    def _sees_transposed(self, first: int, last: int) -> tuple[int, int]:
        low, high = first + self.before, last + self.before
        if self.dilation == 1:
            return -((self.reach - 1 - low) // self.stride), high // self.stride
        places = range(low, min(high, low + LOOKED_AT) + 1)
        seen = [ends for place in places if (ends := self._taps_on(place))]
        return (min(one for one, _ in seen), max(two for _, two in seen)) if seen else (0, -1)

    def _taps_on(self, place: int) -> tuple[int, int] | None:
        """Return the first and last input with a tap on `place` of the output that the padding is still part of."""
        common = gcd(self.stride, self.dilation)
        cycle = self.stride // common
        if place % common:
            return None
        tap = place // common * pow(self.dilation // common, -1, cycle) % cycle
        if tap >= self.kernel:
            return None
        last = tap + (self.kernel - 1 - tap) // cycle * cycle
        return (place - last * self.dilation) // self.stride, (place - tap * self.dilation) // self.stride

    def _under(self, place: int) -> int:
        """Return the input sample at or before the middle of output `place` of a resizing."""
        if self.kernel == 1:
            return place * self.size // self.output
        return ((2 * place + 1) * self.size - self.output) // (2 * self.output)


def reach(kernel: int, dilation: int = 1) -> int:
    """Return how many samples a kernel spans when its taps are `dilation` samples apart.

    >>> reach(3, 2)
    5
    """
    return dilation * (kernel - 1) + 1


def convolution(
    size: int,
    kernel: int,
    *,
    stride: int = 1,
    dilation: int = 1,
    before: int = 0,
    after: int = 0,
    name: str = "width",
) -> Axis:
    """Solve one axis of a convolution, or of a pooling that rounds down.

    >>> convolution(480, 3, before=1, after=1).arithmetic
    'floor((480 + 1 + 1 - 1*(3 - 1) - 1) / 1) + 1 = 480'
    >>> convolution(224, 7, stride=2, before=3, after=3).output
    112

    Raises:
        SizeError: the kernel is larger than the padded input.
    """
    room = size + before + after - reach(kernel, dilation)
    inside = f"{_padded(size, before, after)} - {dilation}*({kernel} - 1) - 1"
    arithmetic = f"floor(({inside}) / {stride}) + 1"
    if room < 0:
        problem = _too_large(kernel, dilation, room)
        raise SizeError(name, f"{arithmetic} = {room // stride + 1}", problem, _wider(name, size, room, before, after))
    output = room // stride + 1
    return Axis(
        name, size, kernel, stride, dilation, before, after, output, CONVOLUTION, f"{arithmetic} = {output}",
        dropped=room % stride,
    )  # fmt: skip


def pooling(
    size: int,
    kernel: int,
    *,
    stride: int = 1,
    dilation: int = 1,
    before: int = 0,
    after: int = 0,
    ceil_mode: bool = False,
    name: str = "width",
) -> Axis:
    """Solve one axis of a pooling; with `ceil_mode` the last window may hang over the far end.

    A window gained by rounding up that would start in the padding after the image is left out, as in torch
    (aten/src/ATen/native/Pool.h) and in ONNX's MaxPool.

    >>> pooling(112, 3, stride=2, ceil_mode=True).arithmetic
    'ceil((112 + 0 + 0 - 1*(3 - 1) - 1) / 2) + 1 = 56'
    >>> pooling(5, 1, stride=3, ceil_mode=True).arithmetic
    'ceil((5 + 0 + 0 - 1*(1 - 1) - 1) / 3) + 1 - 1 = 2'

    Raises:
        SizeError: the window is larger than the padded input; with `ceil_mode`, larger by a stride or more.
    """
    if not ceil_mode:
        return convolution(size, kernel, stride=stride, dilation=dilation, before=before, after=after, name=name)
    room = size + before + after - reach(kernel, dilation)
    inside = f"{_padded(size, before, after)} - {dilation}*({kernel} - 1) - 1"
    arithmetic = f"ceil(({inside}) / {stride}) + 1"
    output = -(-room // stride) + 1
    if output < 1:
        problem = _too_large(kernel, dilation, room, stride)
        raise SizeError(name, f"{arithmetic} = {output}", problem, _wider(name, size, room, before, after))
    if room % stride and (output - 1) * stride >= size + before:
        output -= 1
        arithmetic += " - 1"
    rest = room - (output - 1) * stride
    return Axis(
        name, size, kernel, stride, dilation, before, after, output, POOLING_CEIL, f"{arithmetic} = {output}",
        dropped=max(0, rest), overhang=max(0, -rest),
    )  # fmt: skip


def transposed(
    size: int,
    kernel: int,
    *,
    stride: int = 1,
    dilation: int = 1,
    before: int = 0,
    after: int = 0,
    output_padding: int = 0,
    name: str = "width",
) -> Axis:
    """Solve one axis of a transposed convolution.

    >>> transposed(7, 4, stride=2, before=1, after=1).arithmetic
    '(7 - 1)*2 - 1 - 1 + 1*(4 - 1) + 0 + 1 = 14'

    Raises:
        OptionError: `output_padding` is not smaller than the larger of stride and dilation.
        SizeError: nothing is left of the output.
    """
    if not 0 <= output_padding < max(stride, dilation):
        problem = f"{output_padding} must be smaller than the stride {stride} or the dilation {dilation}"
        raise OptionError("output-padding", problem)
    output = (size - 1) * stride - before - after + reach(kernel, dilation) + output_padding
    arithmetic = (
        f"({size} - 1)*{stride} - {_number(before)} - {_number(after)} + {dilation}*({kernel} - 1)"
        f" + {output_padding} + 1 = {output}"
    )
    if output < 1:
        raise SizeError(name, arithmetic, "the padding cuts the whole output away; use less padding")
    return Axis(
        name, size, kernel, stride, dilation, before, after, output, TRANSPOSED, arithmetic,
        output_padding=output_padding,
    )  # fmt: skip


def resized(size: int, scale: tuple[int, int], *, taps: int = 2, name: str = "width") -> Axis:
    """Solve one axis of a resizing by the fraction `scale`, of which one output sees `taps` samples.

    >>> resized(7, (3, 2)).arithmetic
    'floor(7 * 3/2) = 10'

    Raises:
        SizeError: nothing is left of the output.
    """
    output = size * scale[0] // scale[1]
    factor = f"{scale[0]}" if scale[1] == 1 else f"{scale[0]}/{scale[1]}"
    arithmetic = f"floor({size} * {factor}) = {output}"
    if output < 1:
        raise SizeError(name, arithmetic, "nothing is left; use a larger scale")
    return Axis(name, size, taps, 1, 1, 0, 0, output, RESIZED, arithmetic)


def zero_inserted(axis: Axis) -> Axis:
    """Return the plain convolution that a transposed one is: over its input with stride - 1 zeros between samples.

    The taps are slid in reverse order, one by one, over ``(size - 1)*stride + 1`` samples. An amount of padding may
    be negative, which cuts samples off.

    >>> zero_inserted(transposed(32, 3, stride=2, before=1, after=1, output_padding=1)).arithmetic
    'floor((63 + 1 + 2 - 1*(3 - 1) - 1) / 1) + 1 = 64'
    """
    span = axis.dilation * (axis.kernel - 1)
    return convolution(
        (axis.size - 1) * axis.stride + 1,
        axis.kernel,
        dilation=axis.dilation,
        before=span - axis.before,
        after=span - axis.after + axis.output_padding,
        name=axis.name,
    )


class Phase(NamedTuple):
    """Every stride-th output sample of a transposed convolution: a plain convolution that meets no inserted zero.

    Attributes:
        start: the first output sample; the others follow a stride apart.
        output: how many there are.
        taps: which taps they see, in the order in which they are slid over the input.
        dilation: input samples from one of these taps to the next.
        before, after: padding of the input; a negative amount cuts samples off.
    """

    start: int
    output: int
    taps: range
    dilation: int
    before: int
    after: int


def phases(axis: Axis) -> tuple[Phase, ...]:
    """Divide a transposed convolution into one plain convolution for each of the first `stride` output samples.

    Output sample `o` gets tap `k` of input sample ``(o + before - k*dilation) / stride`` where that is whole. Phases
    without taps are left in: their output is zero.

    >>> phases(transposed(4, 3, stride=2, before=1, after=1))[0]
    Phase(start=0, output=4, taps=range(1, 0, -2), dilation=1, before=0, after=0)
    >>> phases(transposed(4, 3, stride=2, before=1, after=1))[1]
    Phase(start=1, output=3, taps=range(2, -1, -2), dilation=1, before=0, after=0)
    """
    apart = axis.stride // gcd(axis.stride, axis.dilation)
    dilation = axis.dilation * apart // axis.stride
    parts = []
    for start in range(min(axis.stride, axis.output)):
        output = -(-(axis.output - start) // axis.stride)
        seen = [k for k in range(axis.kernel) if (start + axis.before - k * axis.dilation) % axis.stride == 0]
        if not seen:
            parts.append(Phase(start, output, range(0), 1, 0, 0))
            continue
        taps = range(seen[-1], seen[0] - 1, -apart)
        first = (start + axis.before - taps[0] * axis.dilation) // axis.stride
        span = dilation * (len(taps) - 1)
        parts.append(Phase(start, output, taps, dilation, -first, first + span + output - axis.size))
    return tuple(parts)


def scaled(size: int, factor: float) -> int:
    """Return the samples of an axis that is resized by a factor, multiplied in floating point, as torch does it.

    >>> scaled(5, 1.5), scaled(100, 0.29)  # 28.999999999999996
    (7, 28)
    """
    return floor(size * factor)


def _padded(size: int, before: int, after: int) -> str:
    return f"{size} + {_number(before)} + {_number(after)}"


def _number(value: int) -> str:
    return f"({value})" if value < 0 else str(value)


def _too_large(kernel: int, dilation: int, room: int, overhang: int = 1) -> str:
    span = reach(kernel, dilation)
    wide = f"{kernel} taps are" if dilation == 1 else f"{kernel} taps {dilation} apart span {span}, which is"
    missing = 1 - overhang - room
    return f"{wide} more than the padded input of {span + room}; it needs {missing} more of padding or a smaller kernel"


def _wider(name: str, size: int, room: int, before: int, after: int) -> str:
    """Say in few words that a window is larger than what it gets."""
    given = size + before + after
    than, noun = {"width": "wider", "depth": "deeper"}.get(name, "higher"), NOUNS.get(name, "row")
    padding = f", {before + after} of padding included" if before + after else ""
    return f"window {given - room} is {than} than the {given} {noun}{'' if given == 1 else 's'} it gets{padding}"
