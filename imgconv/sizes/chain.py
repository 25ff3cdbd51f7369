"""Chains of layers as integers: output sizes, receptive fields, parameters and multiply-adds, a row a layer.

A `Stage` is one sliding window of a layer; a `Fork` is what several branches side by side do to the same input. The
receptive field is found by walking back from an output sample to the input samples it is made of, so it is exact for
every kind of stage; for convolutions and poolings that is the usual recursion ``field += (reach - 1)*jump; jump *=
stride`` (Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill, 2019).

Nothing here imports numpy: ``imgconv size`` takes chains, which `imgconv.sizes.chainwords` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd, prod
from typing import Any, NamedTuple

from imgconv.errors import OptionError
from imgconv.geometry import AXES, Extent, Padding, Shape, extent
from imgconv.sizes.calculator import Size, count

PHASES = 256
"""After enlarging, neighbouring outputs see different numbers of inputs; so many of them are looked at."""

Ratio = tuple[int, int]
"""A fraction in lowest terms: (numerator, denominator)."""

Sum = tuple[int, str]
"""A number, and the arithmetic that gives it."""

NONE: Sum = (0, "")


class Stage(NamedTuple):
    """One sliding window.

    Attributes:
        extent: both axes.
        parameters: the numbers that a training would find.
        multiply_adds: products of a weight and a sample in all.
    """

    extent: Extent
    parameters: Sum = NONE
    multiply_adds: Sum = NONE

    def sees(self, axis: int, first: int, last: int) -> tuple[int, int]:
        """Return the first and last input that outputs `first` to `last` are made of; `axis` 0 is the width."""
        return self.extent[axis].sees(first, last)

    def step(self, axis: int) -> Ratio:
        """Return the distance in the input between neighbouring outputs."""
        return self.extent[axis].step


class Fork(NamedTuple):
    """Branches that start from the same input and whose results become one."""

    branches: tuple[tuple[Stage | Fork, ...], ...]

    @property
    def parameters(self) -> Sum:
        """The sum over the branches."""
        return total(one.parameters for branch in self.branches for one in branch)

    @property
    def multiply_adds(self) -> Sum:
        """The sum over the branches."""
        return total(one.multiply_adds for branch in self.branches for one in branch)

    def sees(self, axis: int, first: int, last: int) -> tuple[int, int]:
        """Return the first and last input that any branch sees."""
        ends = [seen for branch in self.branches if (seen := walk_back(branch, axis, first, last))]
        return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else (0, -1)

    def step(self, axis: int) -> Ratio:
        """Return the step of the first branch; branches of one size hardly ever have several."""
        return product(stage.step(axis) for stage in self.branches[0])


Stages = Sequence[Stage | Fork]


class Row(NamedTuple):
    """One layer of a chain.

    Attributes:
        kind: the layer's name.
        output: what comes out.
        stages: its sliding windows, one after the other.
        field: (width, height) in pixels of the chain's input that one output sample sees at most.
        before: the field and the jump of what comes in.
        jump: distance in the chain's input between neighbouring outputs, for both axes.
    """

    kind: str
    output: Shape
    stages: tuple[Stage | Fork, ...]
    field: Size
    jump: tuple[Ratio, Ratio]
    before: tuple[Size, tuple[Ratio, Ratio]]

    @property
    def parameters(self) -> Sum:
        """Of all stages."""
        return total(stage.parameters for stage in self.stages)

    @property
    def multiply_adds(self) -> Sum:
        """Of all stages."""
        return total(stage.multiply_adds for stage in self.stages)

    @property
    def extents(self) -> list[Extent]:
        """Both axes of every stage, branches in turn."""
        return list(extents(self.stages))

    def to_json(self, number: int) -> dict[str, Any]:
        """Return the row as plain values for ``--json``."""
        width, height, channels = self.output
        return {
            "layer": number,
            "kind": self.kind,
            "output": {"width": width, "height": height, "channels": channels},
            "receptive_field": dict(zip(AXES, self.field, strict=True)),
            "jump": dict(zip(AXES, map(_plain, self.jump), strict=True)),
            "parameters": self.parameters[0],
            "multiply_adds": self.multiply_adds[0],
            "dropped": {
                "width": sum(one.width.dropped for one in self.extents),
                "height": sum(one.height.dropped for one in self.extents),
            },
            "stages": [one.to_json() for one in self.extents],
        }


def rows(size: Shape, layers: Iterable[tuple[str, Shape, Stages]]) -> list[Row]:
    """Return a row for every layer, given as (kind, output, stages), of a chain whose input is `size`.

    >>> from imgconv.sizes.calculator import Question
    >>> conv, pool = (Stage(Question(name, (n, n)).answer((9, 9))) for name, n in (("convolution", 3), ("pooling", 2)))
    >>> made = rows(Shape(9, 9, 1), [("conv", Shape(7, 7, 1), [conv]), ("pool", Shape(3, 3, 1), [pool])])
    >>> made[-1].field, made[-1].jump
    ((4, 4), ((2, 1), (2, 1)))
    """
    made: list[Row] = []
    stages: list[Stage | Fork] = []
    before: tuple[Size, tuple[Ratio, Ratio]] = ((1, 1), ((1, 1), (1, 1)))
    for kind, output, own in layers:
        stages += own
        field = (_field(stages, 0, output.width), _field(stages, 1, output.height))
        jump = (product(stage.step(0) for stage in stages), product(stage.step(1) for stage in stages))
        made.append(Row(kind, output, tuple(own), field, jump, before))
        before = field, jump
    return made


def walk_back(stages: Stages, axis: int, first: int, last: int) -> tuple[int, int] | None:
    """Return the first and last input that outputs `first` to `last` of a chain are made of, or None for nothing."""
    for stage in reversed(stages):
        first, last = stage.sees(axis, first, last)
        if first > last:
            return None
    return first, last


def _field(stages: Stages, axis: int, size: int) -> int:
    """Return the most inputs that one of `size` outputs spans."""
    phases = min(product(stage.step(axis) for stage in stages if stage.step(axis)[1] > 1)[1], PHASES, size)
    spans = (walk_back(stages, axis, place, place) for place in range(phases))
    return max((last - first + 1 for first, last in filter(None, spans)), default=0)


def product(ratios: Iterable[Ratio]) -> Ratio:
    """Return the product of fractions, in lowest terms."""
    upper = lower = 1
    for one, two in ratios:
        upper, lower = upper * one, lower * two
    common = gcd(upper, lower)
    return upper // common, lower // common


def total(sums: Iterable[Sum]) -> Sum:
    """Return the sum of sums with the arithmetic of all."""
    parts = [part for part in sums if part[0]]
    return sum(number for number, _ in parts), " + ".join(words for _, words in parts)


def extents(stages: Stages) -> Iterable[Extent]:
    for stage in stages:
        if isinstance(stage, Stage):
            yield stage.extent
        else:
            for branch in stage.branches:
                yield from extents(branch)


# --- what a layer of weights costs ------------------------------------------------------------------------------------


def weighted(
    solved: Extent, taken: int, made: int, groups: int = 1, bias: int = 0, *, transposed: bool = False
) -> Stage:
    """Return the stage of weights (made, taken / groups, rows, cols) with `bias` numbers added.

    A transposed convolution multiplies every input sample by every tap, any other every output sample.
    """
    taps = f"{solved.height.kernel}*{solved.width.kernel}"
    inputs = f"{taken}/{groups}" if groups > 1 else f"{taken}"
    number = made * (taken // groups) * solved.height.kernel * solved.width.kernel
    places = [solved.height.size, solved.width.size] if transposed else [solved.height.output, solved.width.output]
    words = f"{made}*{inputs}*{taps}"
    return Stage(
        solved,
        (number + bias, words + (f" + {bias}" if bias else "")),
        (number * prod(places), f"{words}*{places[0]}*{places[1]}"),
    )


def shared(solved: Extent, channels: int, *, taps: int | None = None, bias: int = 0, transposed: bool = False) -> Stage:
    """Return the stage of kernels of `taps` taps in all (None: those of one window) that filter every channel."""
    window = solved.height.kernel * solved.width.kernel
    number = window if taps is None else taps
    words = f"{solved.height.kernel}*{solved.width.kernel}"
    words = words if number == window else f"{number // window}*{words}"
    places = [solved.height.size, solved.width.size] if transposed else [solved.height.output, solved.width.output]
    return Stage(
        solved,
        (number + bias, words + (f" + {bias}" if bias else "")),
        (number * channels * prod(places), f"{words}*{channels}*{places[0]}*{places[1]}"),
    )


def interpolated(solved: Extent, channels: int) -> Stage:
    """Return the stage of a resizing; one that takes the nearest sample multiplies nothing."""
    taps, places = (solved.height.kernel, solved.width.kernel), (solved.height.output, solved.width.output)
    if prod(taps) == 1:
        return Stage(solved)
    words = f"{taps[0]}*{taps[1]}*{channels}*{places[0]}*{places[1]}"
    return Stage(solved, multiply_adds=(prod(taps) * channels * prod(places), words))


def unchanged(shape: Shape) -> Extent:
    """Return the axes of a layer that looks at one pixel at a time."""
    return extent((shape.width, shape.height), (1, 1), padding=Padding("valid"))


def check_groups(taken: int, made: int, groups: int) -> None:
    """Refuse groups that do not divide the channels.

    Raises:
        OptionError: `groups` divides `taken` or `made` not evenly.
    """
    for channels, which in ((taken, "that come in"), (made, "that go out")):
        if groups < 1 or channels % groups:
            raise OptionError("groups", f"{groups} must divide the {count(channels, 'channel')} {which}")


def _plain(ratio: Ratio) -> int | float:
    return ratio[0] if ratio[1] == 1 else ratio[0] / ratio[1]
