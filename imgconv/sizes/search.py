"""Search one axis for the strides, paddings and output paddings that turn one size into another.

Along each of these an output size only rises or only falls, so every search is a bisection with the formulas of
`imgconv.geometry`; nothing is solved by a formula of its own.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from imgconv.errors import SizeError
from imgconv.geometry import AXES, ENDS, PADDINGS, Padding, pooling, transposed
from imgconv.sizes.calculator import Question

SAME = ("same", "same-lower", "interpolation")
"""The paddings that choose a transposed convolution's output padding themselves."""

Sides = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Solution:
    """A stride, and the paddings that go with it from `least` to `most`, each (before, after) in samples.

    Every total between the two is a solution too, split as evenly as it can be with the odd sample after;
    `named` are those among them that have a name.
    """

    stride: int
    least: Sides
    most: Sides
    named: dict[str, Sides]
    output_padding: int = 0
    ceil_mode: bool = False

    def sides(self) -> Iterator[Sides]:
        """Yield every (before, after) of this solution."""
        if self.least == self.most:
            yield self.least
        else:
            yield from map(split, range(sum(self.least), sum(self.most) + 1))

    def to_json(self, axis: str) -> dict[str, Any]:
        """Return plain values for ``--json``; amounts are called by the ends of `axis`."""

        def ends(sides: Sides) -> dict[str, int]:
            return dict(zip(ENDS[axis], sides, strict=True))

        return {
            "stride": self.stride,
            "padding": {"least": ends(self.least), "most": ends(self.most)},
            "named": {name: ends(sides) for name, sides in self.named.items()},
            "output_padding": self.output_padding,
            "ceil_mode": self.ceil_mode,
        }

    def __str__(self) -> str:
        words = [f"stride {self.stride}"]
        if self.ceil_mode:
            words.append("--ceil-mode")
        if self.output_padding:
            words.append(f"output padding {self.output_padding}")
        if self.least == self.most:
            names = f" ({', '.join(self.named)})" if self.named else ""
            return ", ".join([*words, f"padding {_plus(self.least)}{names}"])
        names = ", ".join(f"{name} {_plus(sides)}" for name, sides in self.named.items())
        words.append(f"padding {_plus(self.least)} to {_plus(self.most)}" + (f" ({names})" if names else ""))
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Search:
    """One axis of a question with a target: which open options give it?"""

    question: Question
    axis: int
    size: int
    target: int
    ceil_mode: bool = False

    @property
    def name(self) -> str:
        """``width`` or ``height``."""
        return AXES[self.axis]

    @property
    def strides(self) -> range:
        """The strides that are tried: up to the input's size, or the output's for a transposed convolution."""
        if self.question.stride:
            given = self.question.stride[self.axis]
            return range(given, given + 1)
        return range(1, (self.target if self._transposed else self.size) + 1)

    @property
    def most_padding(self) -> int:
        """The largest padding of a side that is tried, in samples.

        More than ``dilation*(kernel - 1)`` would make windows of padding only; torch lets a pooling have at most
        half of its window.
        """
        if self.question.operation == "pooling":
            return self._kernel // 2
        return self._dilation * (self._kernel - 1)

    def solutions(self) -> Iterator[Solution]:
        """Yield the solutions by rising stride and output padding."""
        for stride in self._fitting_strides():
            for extra in self._fitting_extras(stride):
                given = self._given(stride)
                if given is not None:
                    if self.output(stride, given, extra) == self.target:
                        yield self._solution(stride, extra, given, given)
                elif totals := self._fitting_totals(stride, extra):
                    yield self._solution(stride, extra, split(min(totals)), split(max(totals)))

    def output(self, stride: int, sides: Sides, extra: int = 0) -> int:
        """Return the output size, 0 where there is none."""
        before, after = sides
        try:
            if self._transposed:
                return transposed(
                    self.size, self._kernel, stride=stride, dilation=self._dilation, before=before, after=after,
                    output_padding=extra,
                ).output  # fmt: skip
            return pooling(
                self.size, self._kernel, stride=stride, dilation=self._dilation, before=before, after=after,
                ceil_mode=self.ceil_mode,
            ).output  # fmt: skip
        except SizeError:
            return 0

    @property
    def _transposed(self) -> bool:
        return self.question.operation == "transposed"

    @property
    def _kernel(self) -> int:
        return self.question.kernel[self.axis]

    @property
    def _dilation(self) -> int:
        return self.question.dilation[self.axis]

    def _extras(self, stride: int) -> range:
        """Return the output paddings that are allowed at a stride."""
        most = max(stride, self._dilation)
        if not self._transposed:
            return range(1)
        if self.question.output_padding:
            given = self.question.output_padding[self.axis]
            return range(given, min(given + 1, most))
        if self.question.padding and self.question.padding.kind in SAME:
            implied = self._along(self.question.padding, stride)[1]
            return range(implied, implied + 1)
        return range(most)

    def _along(self, padding: Padding, stride: int) -> tuple[Sides, int]:
        """Return a padding's (before, after) and the output padding that it implies."""
        if self._transposed:
            before, after, extra = padding.transposed_along(self.name, self._kernel, stride, self._dilation)
            return (before, after), extra
        return padding.along(self.name, self.size, self._kernel, stride, self._dilation), 0

    def _given(self, stride: int) -> Sides | None:
        return self._along(self.question.padding, stride)[0] if self.question.padding else None

    def _fitting_strides(self) -> range:
        strides = self.strides
        if self._transposed:
            # An output padding that is given needs a stride or a dilation above it.
            given = self.question.output_padding[self.axis] if self.question.output_padding else 0
            if given >= self._dilation:
                strides = range(max(strides.start, given + 1), strides.stop)
            return _between(strides, self.target, self._smallest, self._largest)
        # A window larger than the padded input may hang over it only by less than a stride.
        strides = strides[bisect_left(strides, True, key=lambda stride: self._largest(stride) > 0) :]
        return _between(strides[::-1], self.target, self._smallest, self._largest)[::-1]

    def _smallest(self, stride: int) -> int:
        sides = self._given(stride) or split(2 * self.most_padding if self._transposed else 0)
        return self.output(stride, sides, self._extras(stride)[0])

    def _largest(self, stride: int) -> int:
        sides = self._given(stride) or split(0 if self._transposed else 2 * self.most_padding)
        return self.output(stride, sides, self._extras(stride)[-1])

    def _fitting_extras(self, stride: int) -> range:
        if not self._transposed:
            return range(1)
        least, most = split(0), split(2 * self.most_padding)
        given = self._given(stride)
        return _between(
            self._extras(stride),
            self.target,
            lambda extra: self.output(stride, given or most, extra),
            lambda extra: self.output(stride, given or least, extra),
        )

    def _fitting_totals(self, stride: int, extra: int) -> range:
        totals = range(2 * self.most_padding + 1)
        rising = totals[::-1] if self._transposed else totals

        def output(total: int) -> int:
            return self.output(stride, split(total), extra)

        return _between(rising, self.target, output, output)

    def _solution(self, stride: int, extra: int, least: Sides, most: Sides) -> Solution:
        return Solution(stride, least, most, self._names(stride, extra, least, most), extra, self.ceil_mode)

    def _names(self, stride: int, extra: int, least: Sides, most: Sides) -> dict[str, Sides]:
        named = {}
        for name in PADDINGS:
            sides = self._along(Padding(name), stride)[0]
            fits = sum(least) <= sum(sides) <= sum(most) and (least != most or sides == least)
            if name != "interpolation" and fits and self.output(stride, sides, extra) == self.target:
                named[name] = sides
        return named


def split(total: int) -> Sides:
    """Split a padding over the two sides of an axis as evenly as it can be, the odd sample after.

    >>> split(5)
    (2, 3)
    """
    return total // 2, total - total // 2


def _between(values: range, target: int, low: Callable[[int], int], high: Callable[[int], int]) -> range:
    """Return the `values` with ``low(value) <= target <= high(value)``; neither may fall along the values."""
    return values[bisect_left(values, target, key=high) : bisect_right(values, target, key=low)]


def _plus(sides: Sides) -> str:
    return f"{sides[0]}+{sides[1]}"
