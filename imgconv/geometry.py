"""All size arithmetic: integers in, integers out, and the worked formula in words.

Everything here is known before a pixel is read. An `Axis` is one axis of one operation, solved; `Extent` is the
two axes of an image together. Formulas are those of torch.nn.Conv2d, ConvTranspose2d and MaxPool2d, with the
padding of the two sides of an axis kept apart (Dumoulin and Visin, "A guide to convolution arithmetic for deep
learning", 2016).

Values are named tuples because a dataclass takes ten times as long to define, which ``imgconv size`` would feel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from math import floor, gcd
from typing import Any, NamedTuple

from imgconv.errors import OptionError, SizeError, did_you_mean, quoted

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


class Extent(NamedTuple):
    """The two axes of an operation on an image: ``width, height = extent``."""

    width: Axis
    height: Axis

    @property
    def output(self) -> tuple[int, int]:
        """(width, height) of the output."""
        return self.width.output, self.height.output

    @property
    def drops(self) -> str:
        """Which columns and rows no window reaches, in words; empty when every one is reached.

        >>> extent((10, 10), (3, 3), padding=Padding.parse("0,0,1,1"), stride=(3, 2)).drops
        '2 columns at the right (1 of the image)'
        """
        return drops(self)

    def to_json(self) -> dict[str, Any]:
        """Return sizes, padding and arithmetic as plain values for ``--json``.

        ``dropped`` counts samples of the padded input that no window reaches, ``dropped_input`` those of the image.
        """
        return to_json(self)


def drops(axes: Iterable[Axis]) -> str:
    """Return which columns, rows and pages no window reaches, in words; empty when every one is reached."""
    return ", ".join(_drop(axis, NOUNS[axis.name], ENDS[axis.name][1]) for axis in axes if axis.dropped)


def to_json(axes: Sequence[Axis]) -> dict[str, Any]:
    """Return sizes, padding and arithmetic of all axes as plain values; see `Extent.to_json`."""

    def each(field: str) -> dict[str, Any]:
        return {axis.name: getattr(axis, field) for axis in axes}

    return {
        "input": each("size"),
        "output": each("output"),
        "kernel": each("kernel"),
        "effective_kernel": each("reach"),
        "stride": each("stride"),
        "dilation": each("dilation"),
        "padding": {ENDS[axis.name][0]: axis.before for axis in axes}
        | {ENDS[axis.name][1]: axis.after for axis in axes},
        "dropped": each("dropped"),
        "dropped_input": each("dropped_input"),
        "formula": axes[0].formula,
        "arithmetic": each("arithmetic"),
    }


PADDINGS = {
    "valid": "none",
    "same": "output = ceil(input / stride), the odd pixel at the right and bottom; zeros",
    "same-lower": "as same, the odd pixel at the left and top",
    "same-torch": "dilation*(kernel - 1) whatever the stride",
    "interpolation": "the amounts of same, filled from the nearest pixel",
    "full": "every pixel that the kernel touches",
}
"""The named paddings, with what each means."""

PADDING_ALIASES = {
    "none": "valid",
    "no": "valid",
    "same-upper": "same",
    "half": "same-torch",
    "edge": "interpolation",
    "nearest": "interpolation",
    "interpolate": "interpolation",
    "interp": "interpolation",
}

PADDING_FORMS = "valid|same|interpolation|full|same-torch|same-lower|N|WxH|LEFT,TOP,RIGHT,BOTTOM"


class Padding(NamedTuple):
    """How many samples are added at each side: a named rule, or `amounts` as (left, top, right, bottom)."""

    kind: str
    amounts: tuple[int, int, int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> Padding:
        """Read a padding as it is written on the command line.

        >>> Padding.parse("3x1")
        Padding(kind='explicit', amounts=(3, 1, 3, 1))
        >>> Padding.parse("SAME").kind
        'same'

        Raises:
            OptionError: it is none of the forms.
        """
        word = text.strip().lower().replace("_", "-")
        kind = PADDING_ALIASES.get(word, word)
        if kind in PADDINGS:
            return cls(kind)
        if match := re.fullmatch(r"(-?\d+)(?:x(-?\d+))?", word):
            x, y = whole(match[1]), whole(match[2] or match[1])
            return cls.explicit(x, y, x, y)
        if re.fullmatch(r"-?\d+(\s*,\s*-?\d+){3}", word):
            left, top, right, bottom = (whole(part) for part in word.split(","))
            return cls.explicit(left, top, right, bottom)
        hint = did_you_mean(word, [*PADDINGS, *PADDING_ALIASES])
        raise OptionError("padding", f"{quoted(text)} is none of {PADDING_FORMS}{hint}")

    @classmethod
    def explicit(cls, left: int, top: int, right: int, bottom: int) -> Padding:
        """Return a padding of the given amounts.

        Raises:
            OptionError: an amount is negative or absurdly large.
        """
        amounts = (left, top, right, bottom)
        if min(amounts) < 0:
            raise OptionError("padding", "an amount must not be negative; to cut pixels off, crop the image first")
        if max(amounts) > MAX_LENGTH:
            raise OptionError("padding", f"an amount must not be more than {MAX_LENGTH}")
        return cls("explicit", amounts)

    @property
    def border(self) -> str:
        """The border that this padding implies when the user names none."""
        return "edge" if self.kind == "interpolation" else "zero"

    def along(
        self, axis: str, size: int, kernel: int, stride: int = 1, dilation: int = 1, anchor: int | None = None
    ) -> tuple[int, int]:
        """Return (before, after) for one axis, in samples.

        `anchor` is the tap, as slid, that lies on the output sample; None means the middle one. It moves the
        window of the paddings that keep the size (by as many samples as it lies from the middle, so an amount may
        become negative); the other paddings have no use for it. ``same`` is TensorFlow's formula: the total is
        ``max((ceil(size / stride) - 1)*stride + dilation*(kernel - 1) + 1 - size, 0)``.

        >>> Padding("same").along("width", 224, 7, stride=2)
        (2, 3)
        >>> Padding("same-lower").along("width", 224, 7, stride=2)
        (3, 2)
        >>> Padding("same-torch").along("width", 224, 7, stride=2)
        (3, 3)

        Raises:
            OptionError: the amounts differ, and the axis is the depth, of which they do not tell.
        """
        if self.amounts is not None:
            left, top, right, bottom = self.amounts
            if axis == "depth" and len(set(self.amounts)) > 1:
                raise OptionError("padding", f"{self} says nothing of the depth; give one number for all sides")
            return (left, right) if axis == "width" else (top, bottom)
        span = dilation * (kernel - 1)
        if self.kind == "valid":
            return 0, 0
        if self.kind == "full":
            return span, span
        total = span
        if self.kind != "same-torch":
            total = max((-(-size // stride) - 1) * stride + span + 1 - size, 0)
        before = self._first_half(total)
        if anchor is not None:
            before += dilation * anchor - self._first_half(span)
        return before, total - before

    def transposed_along(self, axis: str, kernel: int, stride: int, dilation: int) -> tuple[int, int, int]:
        """Return (before, after, output padding) of a transposed convolution.

        ``same`` and its kin make the output ``size * stride``, as TensorFlow's Conv2DTranspose does; the other
        paddings are those of the convolution that this one transposes.

        >>> Padding("same").transposed_along("width", 3, stride=2, dilation=1)
        (0, 1, 0)
        """
        if self.amounts is not None or self.kind in ("valid", "full", "same-torch"):
            before, after = self.along(axis, 1, kernel, 1, dilation)
            return before, after, 0
        beyond = reach(kernel, dilation) - stride
        before = self._first_half(max(beyond, 0))
        return before, max(beyond, 0) - before, max(-beyond, 0)

    def _first_half(self, total: int) -> int:
        return total - total // 2 if self.kind == "same-lower" else total // 2

    def __str__(self) -> str:
        return ",".join(map(str, self.amounts)) if self.amounts is not None else self.kind


def extent(
    size: tuple[int, int],
    kernel: tuple[int, int],
    *,
    padding: Padding,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    anchor: tuple[int, int] | None = None,
) -> Extent:
    """Solve both axes of a convolution; every pair is (width, height).

    >>> extent((640, 480), (3, 3), padding=Padding("same")).output
    (640, 480)

    Raises:
        SizeError: the kernel is larger than the padded image.
    """

    def solve(name: str, n: int, k: int, s: int, d: int, tap: int | None) -> Axis:
        before, after = padding.along(name, n, k, s, d, tap)
        return convolution(n, k, stride=s, dilation=d, before=before, after=after, name=name)

    return Extent(*map(solve, AXES, size, kernel, stride, dilation, anchor or (None, None)))


def solid_extent(
    size: Lengths, kernel: Lengths, *, padding: Padding, stride: Lengths = (1, 1, 1), dilation: Lengths = (1, 1, 1)
) -> tuple[Axis, ...]:
    """Solve the three axes of a convolution of a volume; everything is (width, height, depth).

    >>> [axis.output for axis in solid_extent((224, 224, 64), (3, 3, 5), padding=Padding("valid"))]
    [222, 222, 60]

    Raises:
        OptionError: the padding says nothing of the depth.
        SizeError: the kernel is larger than the padded volume.
    """

    def solve(name: str, n: int, k: int, s: int, d: int) -> Axis:
        before, after = padding.along(name, n, k, s, d)
        return convolution(n, k, stride=s, dilation=d, before=before, after=after, name=name)

    return tuple(map(solve, ENDS, size, kernel, stride, dilation))


def pooled_extent(
    size: tuple[int, int],
    kernel: tuple[int, int],
    *,
    padding: Padding,
    stride: tuple[int, int] | None = None,
    dilation: tuple[int, int] = (1, 1),
    ceil_mode: bool = False,
) -> Extent:
    """Solve both axes of a pooling; every pair is (width, height) and the stride is the window unless given.

    >>> pooled_extent((7, 7), (2, 2), padding=Padding("valid"), ceil_mode=True).output
    (4, 4)

    Raises:
        SizeError: the window is larger than the padded image.
    """

    def solve(name: str, n: int, k: int, s: int, d: int) -> Axis:
        before, after = padding.along(name, n, k, s, d)
        return pooling(n, k, stride=s, dilation=d, before=before, after=after, ceil_mode=ceil_mode, name=name)

    return Extent(*map(solve, AXES, size, kernel, stride or kernel, dilation))


def transposed_extent(
    size: tuple[int, int],
    kernel: tuple[int, int],
    *,
    padding: Padding,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    output_padding: tuple[int, int] | None = None,
) -> Extent:
    """Solve both axes of a transposed convolution; every pair is (width, height).

    Without an `output_padding` it is what the padding needs: for ``same`` as many as make the output the input
    times the stride, else none.

    >>> transposed_extent((7, 7), (3, 3), padding=Padding("same"), stride=(2, 2)).output
    (14, 14)

    Raises:
        OptionError: the output padding is not smaller than the larger of stride and dilation.
        SizeError: nothing is left of the output.
    """

    def solve(name: str, n: int, k: int, s: int, d: int, more: int | None) -> Axis:
        before, after, own = padding.transposed_along(name, k, s, d)
        extra = own if more is None else more
        return transposed(n, k, stride=s, dilation=d, before=before, after=after, output_padding=extra, name=name)

    return Extent(*map(solve, AXES, size, kernel, stride, dilation, output_padding or (None, None)))


def whole(digits: str) -> int:
    """Return the number that `digits` writes; one too long to be a length becomes one that is too large.

    Python refuses to read thousands of digits with a ValueError; this does not.
    """
    return int(digits) if len(digits) <= 20 else MAX_LENGTH + 1


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


def _drop(axis: Axis, noun: str, side: str) -> str:
    inside = axis.dropped_input
    plural = "" if axis.dropped == 1 else "s"
    whose = "of the image" if inside == axis.dropped else f"{inside} of the image" if inside else "padding only"
    return f"{axis.dropped} {noun}{plural} at the {side} ({whose})"
