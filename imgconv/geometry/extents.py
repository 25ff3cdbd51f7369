"""The axes of an image together, for every kind of operation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from imgconv.geometry.axis import AXES, ENDS, NOUNS, Axis, Lengths, convolution, pooling, transposed
from imgconv.geometry.padding import Padding


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

        >>> extent((10, 10), (3, 3), padding=Padding.explicit(0, 0, 1, 1), stride=(3, 2)).drops
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


def _drop(axis: Axis, noun: str, side: str) -> str:
    inside = axis.dropped_input
    plural = "" if axis.dropped == 1 else "s"
    whose = "of the image" if inside == axis.dropped else f"{inside} of the image" if inside else "padding only"
    return f"{axis.dropped} {noun}{plural} at the {side} ({whose})"
