"""Find the strides, paddings and output paddings that turn one size into another, and tell them.

The two axes are searched apart; see `imgconv.sizes.search`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from imgconv.errors import SizeError
from imgconv.geometry import AXES, reach
from imgconv.sizes.calculator import Question, Size
from imgconv.sizes.search import Search, Sides, Solution

LIMIT = 1000
"""The most solutions that are listed for an axis."""

ROWS = 40
"""The most solutions that the report prints for an axis."""

NEAR = 100
"""How far from an impossible target a possible one is looked for."""


@dataclass(frozen=True, slots=True)
class Solutions:
    """What gives a target size: the solutions of each axis; any of one goes with any of the other.

    Only the rounding of a pooling, ``ceil_mode``, has to be the same for both. `complete` says that none was left
    out because there are more than `LIMIT`.
    """

    question: Question
    size: Size
    target: Size
    searches: tuple[Search, Search]
    width: list[Solution]
    height: list[Solution]
    complete: bool

    @property
    def bounds(self) -> str:
        """What was searched, in words."""
        words = []
        for axis in self.searches:
            tried = f"strides {axis.strides.start} to {axis.strides.stop - 1}" if not self.question.stride else ""
            pads = f"padding 0 to {axis.most_padding} a side" if not self.question.padding else ""
            words.append(" and ".join(filter(None, (tried, pads))) or "the options given")
        return words[0] if len(set(words)) == 1 else f"{words[0]} in width, {words[1]} in height"

    @property
    def example(self) -> str:
        """One solution as options of the command line; simple ones first."""
        pairs = [(w, h) for w in self.width[:50] for h in self.height[:50] if w.ceil_mode == h.ceil_mode]
        w, h = min(pairs, key=lambda pair: _strangeness(*pair))
        options = [f"--stride {_pair(w.stride, h.stride)}", f"--padding {self._padding(w, h)}"]
        if self.question.operation == "transposed":
            options.append(f"--output-padding {_pair(w.output_padding, h.output_padding)}")
        return " ".join(options + ["--ceil-mode"] * w.ceil_mode)

    def _padding(self, w: Solution, h: Solution) -> str:
        if self.question.padding:
            return str(self.question.padding)
        across, down = _evenest(w), _evenest(h)
        if across[0] == across[1] and down[0] == down[1]:
            return _pair(across[0], down[0])
        shared = [name for name, sides in w.named.items() if h.named.get(name) and sides]
        return shared[0] if shared else f"{across[0]},{down[0]},{across[1]},{down[1]}"

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {
            "operation": self.question.operation,
            "input": dict(zip(AXES, self.size, strict=True)),
            "target": dict(zip(AXES, self.target, strict=True)),
            "kernel": dict(zip(AXES, self.question.kernel, strict=True)),
            "dilation": dict(zip(AXES, self.question.dilation, strict=True)),
            "solutions": {
                "width": [one.to_json("width") for one in self.width],
                "height": [one.to_json("height") for one in self.height],
            },
            "example": self.example,
            "searched": self.bounds,
            "complete": self.complete,
        }

    def report(self) -> str:
        """Return the solutions as lines, one a solution."""
        kernel, dilation = self.question.kernel, self.question.dilation
        spans = reach(kernel[0], dilation[0]), reach(kernel[1], dilation[1])
        lines = [
            f"input   {_times(self.size)}",
            f"output  {_times(self.target)} wanted",
            f"kernel  {_times(kernel)}, dilation {_times(dilation)}, effective kernel {_times(spans)}",
            f"tried   {self.bounds}",
        ]
        if self.width == self.height:
            lines += ["width and height, each before+after:", *_rows(self.width)]
        else:
            lines += ["width, left+right:", *_rows(self.width), "height, top+bottom:", *_rows(self.height)]
        return "\n".join([*lines, f"as in   {self.example}"])


def solve(question: Question, size: Size, target: Size) -> Solutions:
    """Find the options that turn `size` into `target`; those that the question fixes stay as they are.

    A pooling is tried with both roundings unless the question asks for `ceil_mode`. Complete within
    `Search.strides` and `Search.most_padding`, paddings split as evenly as they can be.

    >>> print(*solve(Question("convolution", (7, 7)), (224, 224), (112, 112)).width)
    stride 2, padding 2+3 to 3+3 (same 2+3, same-lower 3+2, same-torch 3+3)

    Raises:
        SizeError: nothing that was tried gives the target.
    """
    roundings = [question.ceil_mode] if question.ceil_mode or question.operation != "pooling" else [False, True]
    found: tuple[list[Solution], list[Solution]] = ([], [])
    for ceil_mode in roundings:
        both = [list(islice(axis.solutions(), LIMIT + 1)) for axis in _searches(question, size, target, ceil_mode)]
        if all(both):
            for all_found, new in zip(found, both, strict=True):
                all_found.extend(new)
    searches = _searches(question, size, target, question.ceil_mode)
    width, height = (all_found[:LIMIT] for all_found in found)
    complete = max(map(len, found)) <= LIMIT
    solutions = Solutions(question, size, target, searches, width, height, complete)
    if not width:
        raise _impossible(solutions, roundings)
    return solutions


def _searches(question: Question, size: Size, target: Size, ceil_mode: bool) -> tuple[Search, Search]:
    return (
        Search(question, 0, size[0], target[0], ceil_mode),
        Search(question, 1, size[1], target[1], ceil_mode),
    )


def _impossible(solutions: Solutions, roundings: list[bool]) -> SizeError:
    """Word the error for the first axis that has no solution, with the nearest sizes that have one."""

    def can(axis: Search, target: int) -> bool:
        return any(next(replace(axis, target=target, ceil_mode=up).solutions(), None) for up in roundings)

    for axis in solutions.searches:
        if not can(axis, axis.target):
            below = next((t for t in range(axis.target - 1, max(axis.target - NEAR, 1) - 1, -1) if can(axis, t)), None)
            above = next((t for t in range(axis.target + 1, axis.target + NEAR + 1) if can(axis, t)), None)
            near = " and ".join(str(t) for t in (below, above) if t is not None)
            hint = f"; the nearest to be had: {near}" if near else ""
            problem = f"nothing gives it with {solutions.bounds}{hint}"
            return SizeError(axis.name, f"{axis.size} -> {axis.target}", problem)
    problem = "one axis needs --ceil-mode, and the other can do only without"
    return SizeError("size", f"{_times(solutions.size)} -> {_times(solutions.target)}", problem)


def _evenest(solution: Solution) -> Sides:
    """Return the least padding with equal sides, or the least if there is none."""
    return min(islice(solution.sides(), 2), key=lambda sides: sides[1] - sides[0])


def _strangeness(w: Solution, h: Solution) -> tuple[Any, ...]:
    across, down = _evenest(w), _evenest(h)
    uneven = abs(across[0] - across[1]) + abs(down[0] - down[1])
    return w.ceil_mode, w.stride != h.stride, uneven, across != down, w.output_padding + h.output_padding, w.stride


def _rows(solutions: list[Solution]) -> list[str]:
    rows = [f"  {solution}" for solution in solutions[:ROWS]]
    more = len(solutions) - ROWS
    return [*rows, f"  and {more} more: fix --stride or --padding, or see --json"] if more > 0 else rows


def _pair(across: int, down: int) -> str:
    return str(across) if across == down else f"{across}x{down}"


def _times(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
