"""All size arithmetic: integers in, integers out, and the worked formula in words.

Everything here is known before a pixel is read. An `Axis` is one axis of one operation, solved; `Extent` is the
two axes of an image together. Formulas are those of torch.nn.Conv2d, ConvTranspose2d and MaxPool2d, with the
padding of the two sides of an axis kept apart (Dumoulin and Visin, "A guide to convolution arithmetic for deep
learning", 2016).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from imgconv.errors import OptionError, SizeError, did_you_mean

MAX_LENGTH = 2**31 - 1
"""The largest length of an axis, in samples."""

CONVOLUTION = "floor((size + before + after - dilation*(kernel - 1) - 1) / stride) + 1"
POOLING = CONVOLUTION
POOLING_CEIL = "ceil((size + before + after - dilation*(kernel - 1) - 1) / stride) + 1"
TRANSPOSED = "(size - 1)*stride - before - after + dilation*(kernel - 1) + output_padding + 1"


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of an operation, solved.

    Attributes:
        name: ``width`` or ``height``.
        size, kernel, stride, dilation: samples of the input, taps, and steps in samples.
        before, after: padding in samples at the two ends.
        output: samples of the output.
        formula: the formula with words; `arithmetic` has the numbers in it.
        arithmetic: for example ``floor((480 + 1 + 1 - 1*(3 - 1) - 1) / 1) + 1 = 480``.
        dropped: padded input samples at the far end that no window reaches because of the floor.
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

    @property
    def reach(self) -> int:
        """Input samples from the first to the last tap: the effective kernel size."""
        return reach(self.kernel, self.dilation)

    @property
    def dropped_input(self) -> int:
        """How many of the dropped samples belong to the image; the others are padding."""
        return max(0, self.dropped - max(0, self.after))


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
        raise SizeError(name, f"{arithmetic} = {room // stride + 1}", _too_large(size, before, after, kernel, dilation))
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

    As in torch, a window that would start in the padding after the image is left out.

    >>> pooling(112, 3, stride=2, ceil_mode=True).arithmetic
    'ceil((112 + 0 + 0 - 1*(3 - 1) - 1) / 2) + 1 = 56'

    Raises:
        SizeError: the window is larger than the padded input.
    """
    if not ceil_mode:
        return convolution(size, kernel, stride=stride, dilation=dilation, before=before, after=after, name=name)
    room = size + before + after - reach(kernel, dilation)
    inside = f"{_padded(size, before, after)} - {dilation}*({kernel} - 1) - 1"
    arithmetic = f"ceil(({inside}) / {stride}) + 1"
    output = -(-room // stride) + 1
    if room < 0:
        raise SizeError(name, f"{arithmetic} = {output}", _too_large(size, before, after, kernel, dilation))
    if (output - 1) * stride >= size + before:
        output -= 1
        arithmetic += " - 1"  # the last window would see padding only
    return Axis(name, size, kernel, stride, dilation, before, after, output, POOLING_CEIL, f"{arithmetic} = {output}")


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
        SizeError: the result is empty, or `output_padding` reaches neither stride nor dilation from below.
    """
    output = (size - 1) * stride - before - after + reach(kernel, dilation) + output_padding
    arithmetic = (
        f"({size} - 1)*{stride} - {_number(before)} - {_number(after)} + {dilation}*({kernel} - 1)"
        f" + {output_padding} + 1 = {output}"
    )
    if not 0 <= output_padding < max(stride, dilation):
        raise SizeError(
            name,
            arithmetic,
            f"output padding {output_padding} must be smaller than the stride {stride} or the dilation {dilation}",
        )
    if output < 1:
        raise SizeError(name, arithmetic, "the padding cuts the whole output away")
    return Axis(
        name, size, kernel, stride, dilation, before, after, output, TRANSPOSED, arithmetic,
        output_padding=output_padding,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Extent:
    """The two axes of an operation on an image."""

    width: Axis
    height: Axis

    @property
    def output(self) -> tuple[int, int]:
        """(width, height) of the output."""
        return self.width.output, self.height.output

    def to_json(self) -> dict[str, Any]:
        """Return sizes, padding and arithmetic as plain values for ``--json``."""
        w, h = self.width, self.height
        return {
            "input": {"width": w.size, "height": h.size},
            "output": {"width": w.output, "height": h.output},
            "kernel": {"width": w.kernel, "height": h.kernel},
            "stride": {"width": w.stride, "height": h.stride},
            "dilation": {"width": w.dilation, "height": h.dilation},
            "padding": {"left": w.before, "top": h.before, "right": w.after, "bottom": h.after},
            "dropped": {"width": w.dropped, "height": h.dropped},
            "formula": w.formula,
            "arithmetic": {"width": w.arithmetic, "height": h.arithmetic},
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


@dataclass(frozen=True, slots=True)
class Padding:
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
        if match := re.fullmatch(r"(\d+)(?:x(\d+))?", word):
            x, y = int(match[1]), int(match[2] or match[1])
            return cls.explicit(x, y, x, y)
        if re.fullmatch(r"\d+(\s*,\s*\d+){3}", word):
            left, top, right, bottom = (int(part) for part in word.split(","))
            return cls.explicit(left, top, right, bottom)
        hint = did_you_mean(word, [*PADDINGS, *PADDING_ALIASES])
        raise OptionError("padding", f"'{text}' is none of {PADDING_FORMS}{hint}")

    @classmethod
    def explicit(cls, left: int, top: int, right: int, bottom: int) -> Padding:
        """Return a padding of the given amounts.

        Raises:
            OptionError: an amount is negative or absurdly large.
        """
        amounts = (left, top, right, bottom)
        if min(amounts) < 0:
            raise OptionError("padding", f"{min(amounts)} is negative")
        if max(amounts) > MAX_LENGTH:
            raise OptionError("padding", f"{max(amounts)} is more than {MAX_LENGTH}")
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
        window of the paddings that keep the size; the other paddings have no use for it.
        """
        if self.amounts is not None:
            left, top, right, bottom = self.amounts
            return (left, right) if axis == "width" else (top, bottom)
        span = dilation * (kernel - 1)
        if self.kind == "valid":
            return 0, 0
        if self.kind == "full":
            return span, span
        total = span
        if self.kind != "same-torch":
            total = max((-(-size // stride) - 1) * stride + span + 1 - size, 0)
        before = total - total // 2 if self.kind == "same-lower" else total // 2
        if anchor is not None:
            before += dilation * anchor - dilation * ((kernel - 1) // 2)
        return before, total - before

    def transposed_along(self, axis: str, kernel: int, stride: int, dilation: int) -> tuple[int, int, int]:
        """Return (before, after, output padding) of a transposed convolution.

        ``same`` and its kin make the output ``size * stride``, as TensorFlow's Conv2DTranspose does.
        """
        span = dilation * (kernel - 1)
        if self.amounts is not None or self.kind == "valid":
            before, after = self.along(axis, 1, kernel)
            return before, after, 0
        if self.kind == "full":
            return span, span, 0
        total = max(span + 1 - stride, 0)
        before = total - total // 2 if self.kind == "same-lower" else total // 2
        return before, total - before, max(stride - span - 1, 0)

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
    axes = []
    for i, name in enumerate(("width", "height")):
        before, after = padding.along(name, size[i], kernel[i], stride[i], dilation[i], anchor[i] if anchor else None)
        axes.append(
            convolution(
                size[i],
                kernel[i],
                stride=stride[i],
                dilation=dilation[i],
                before=before,
                after=after,
                name=name,
            )
        )
    return Extent(axes[0], axes[1])


def _padded(size: int, before: int, after: int) -> str:
    return f"{size} + {_number(before)} + {_number(after)}"


def _number(value: int) -> str:
    return f"({value})" if value < 0 else str(value)


def _too_large(size: int, before: int, after: int, kernel: int, dilation: int) -> str:
    span = reach(kernel, dilation)
    wide = f"{kernel} taps" if dilation == 1 else f"{kernel} taps {dilation} apart span {span}, which"
    verb = "are" if dilation == 1 else "is"
    return f"{wide} {verb} more than the padded input of {size + before + after}"
