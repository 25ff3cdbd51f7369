"""Chains of layers as integers: output sizes, receptive fields, parameters and multiply-adds, a row a layer.

A `Stage` is one sliding window of a layer; a `Fork` is what several branches side by side do to the same input. The
receptive field is found by walking back from an output sample to the input samples it is made of, so it is exact for
every kind of stage; for convolutions and poolings that is the usual recursion ``field += (reach - 1)*jump; jump *=
stride`` (Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill, 2019).

Nothing here imports numpy: ``imgconv size`` takes chains.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from math import gcd, prod
from typing import Any, NamedTuple

from imgconv.calculator import Question, Size, count
from imgconv.errors import ImgconvError, LayerError, OptionError, did_you_mean
from imgconv.geometry import AXES, MAX_LENGTH, Axis, Extent, Padding, Shape, extent, resized, whole

PHASES = 1024
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


def unchanged(shape: Shape) -> Extent:
    """Return the axes of a layer that looks at one pixel at a time."""
    return extent((shape.width, shape.height), (1, 1), padding=Padding("valid"))


# --- chains written on the command line -------------------------------------------------------------------------------


class Link(NamedTuple):
    """A layer written as ``conv:7,s2,p3,c64``: what ``imgconv size`` needs to know of it.

    Attributes:
        kind: one of `KINDS`.
        window: (width, height) of the kernel or window.
        options: what was given of `OPTIONS`.
        scale: of a resizing.
    """

    kind: str
    window: Size
    options: dict[str, Any]
    scale: Ratio = (1, 1)

    def plan(self, shape: Shape) -> tuple[Shape, list[Stage]]:
        """Return what comes out of `shape`, and the stages.

        Raises:
            SizeError: there is no such output.
            OptionError: the groups do not divide the channels.
        """
        make = {"resize": self._resized, "pad": self._padded, "separable": self._separable}.get(self.kind, self._slid)
        return make(shape)

    def _question(self, window: Size, **changes: Any) -> Question:
        operation = {"pool": "pooling", "transposed": "transposed"}.get(self.kind, "convolution")
        given = self.options
        return Question(
            operation,
            window,
            given.get("stride"),
            given.get("dilation", (1, 1)),
            given.get("padding"),
            given.get("output_padding"),
            given.get("ceil_mode", False),
        )._replace(**changes)

    def _slid(self, shape: Shape) -> tuple[Shape, list[Stage]]:
        solved = self._question(self.window).answer((shape.width, shape.height))
        if self.kind == "pool":
            return Shape(*solved.output, shape.channels), [Stage(solved)]
        made = self.options.get("channels")
        back = self.kind == "transposed"
        if made is None and self.kind != "depthwise":
            shown = Shape(*solved.output, shape.channels)
            return shown, [shared(solved, shape.channels, bias=self.bias(1), transposed=back)]
        made = made or shape.channels
        groups = self.options.get("groups", shape.channels if self.kind == "depthwise" else 1)
        check_groups(shape.channels, made, groups)
        stage = weighted(solved, shape.channels, made, groups, self.bias(made), transposed=back)
        return Shape(*solved.output, made), [stage]

    def _separable(self, shape: Shape) -> tuple[Shape, list[Stage]]:
        """A column down, then a row across; each has the options of its own axis."""
        stages = []
        for axis in (1, 0):
            asked = self._question(self.window).answer((shape.width, shape.height))[axis]
            solved = _only(shape, axis, asked)
            shape = Shape(*solved.output, shape.channels)
            stages.append(shared(solved, shape.channels, bias=self.bias(1) if axis == 0 else 0))
        return shape, stages

    def _resized(self, shape: Shape) -> tuple[Shape, list[Stage]]:
        sizes = zip(AXES, (shape.width, shape.height), strict=True)
        solved = Extent(*(resized(size, self.scale, name=name) for name, size in sizes))
        return Shape(*solved.output, shape.channels), [Stage(solved)]

    def _padded(self, shape: Shape) -> tuple[Shape, list[Stage]]:
        x, y = self.window
        solved = extent((shape.width, shape.height), (1, 1), padding=Padding.explicit(x, y, x, y))
        return Shape(*solved.output, shape.channels), [Stage(solved)]

    def bias(self, made: int) -> int:
        """Return how many numbers are added, `made` at most."""
        return made if self.options.get("bias") else 0


def _only(shape: Shape, axis: int, solved: Axis) -> Extent:
    """Return the extent that is `solved` along one axis and leaves the other."""
    kept = unchanged(shape)
    return Extent(solved, kept.height) if axis == 0 else Extent(kept.width, solved)


def check_groups(taken: int, made: int, groups: int) -> None:
    """Refuse groups that do not divide the channels.

    Raises:
        OptionError: `groups` divides `taken` or `made` not evenly.
    """
    for channels, which in ((taken, "that come in"), (made, "that go out")):
        if groups < 1 or channels % groups:
            raise OptionError("groups", f"{groups} must divide the {count(channels, 'channel')} {which}")


KINDS = {
    "conv": "spcdgb",
    "depthwise": "spcdb",
    "pointwise": "cgb",
    "separable": "spdb",
    "transposed": "spcdgob",
    "pool": "spd",
    "resize": "",
    "pad": "",
}
"""The kinds of layers that can be written on the command line, each with the letters of its options."""

OPTIONS = {
    "s": "stride",
    "p": "padding",
    "d": "dilation",
    "c": "channels",
    "g": "groups",
    "o": "output_padding",
    "b": "bias",
}
"""What the letters of a layer's options mean."""

FORMS = "KIND:N,sSTRIDE,pPADDING,dDILATION,cCHANNELS,gGROUPS,oOUTPUT-PADDING,b,ceil"


def chain(size: Shape, words: Iterable[str]) -> list[Row]:
    """Return a row for every layer of a chain written as words, from an image of `size`.

    >>> [str(row.output) for row in chain(Shape(224, 224, 3), ["conv:7,s2,p3,c64", "pool:3,s2,p1"])]
    ['112x112x64', '56x56x64']

    Raises:
        OptionError: a word cannot be understood.
        LayerError: a layer cannot be.
    """
    shape = size
    links = [link(word) for word in words]
    planned = []
    for number, one in enumerate(links, 1):
        try:
            shape, stages = one.plan(shape)
        except ImgconvError as error:
            raise LayerError(number, one.kind, error) from None
        planned.append((one.kind, shape, stages))
    return rows(size, planned)


def shape_of(text: str) -> Shape:
    """Read WIDTHxHEIGHT[xCHANNELS], or one number for a square; without channels there is one.

    Raises:
        OptionError: it is none of these.
    """
    match = re.fullmatch(r"(\d+)(?:x(\d+)(?:x(\d+))?)?", text.strip().lower())
    if not match:
        problem = f"'{text}' is not a size; write N, WIDTHxHEIGHT or WIDTHxHEIGHTxCHANNELS, as in 224x224x3"
        raise OptionError("SIZE", problem)
    numbers = (whole(match[1]), whole(match[2] or match[1]), whole(match[3] or "1"))
    if not 1 <= min(numbers) <= max(numbers) <= MAX_LENGTH:
        raise OptionError("SIZE", f"'{text}' must lie within 1 and {MAX_LENGTH}")
    return Shape(*numbers)


def link(word: str) -> Link:
    """Read one layer, such as ``conv:7,s2,p3,c64``, ``pool:2,ceil`` or ``resize:3/2``.

    Raises:
        OptionError: it cannot be understood.
    """
    kind, _, rest = word.strip().lower().partition(":")
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS) or f"; the kinds are {', '.join(KINDS)}"
        raise OptionError("LAYER", f"'{word}' begins with no kind of layer{hint}")
    parts = [part.strip() for part in rest.split(",")] if rest else []
    if kind == "resize":
        return Link(kind, (1, 1), {}, _scale(word, parts))
    window = (1, 1)
    if kind != "pointwise":
        if not parts or not (found := _pair(parts[0])) or (min(found) < 1 and kind != "pad"):
            raise OptionError("LAYER", f"'{word}' needs its window first, as in {kind}:3 or {kind}:5x3,s2")
        window = found
        del parts[0]
    options: dict[str, Any] = {}
    for part in parts:
        name, value = _option(word, kind, part)
        if name in options:
            raise OptionError("LAYER", f"'{word}' gives the {name.replace('_', ' ')} twice")
        options[name] = value
    if "groups" in options:
        options.setdefault("channels", None)
        if options["channels"] is None:
            raise OptionError("LAYER", f"'{word}' has groups, so it needs its output channels, as in c64")
    return Link(kind, window, options)


def _option(word: str, kind: str, part: str) -> tuple[str, Any]:
    """Read one option of a layer; return its name and value."""
    if part in ("ceil", "ceil-mode") and kind == "pool":
        return "ceil_mode", True
    letter, value = part[:1], part[1:]
    if letter not in KINDS[kind] or not letter:
        known = ", ".join(f"{one}... ({OPTIONS[one].replace('_', ' ')})" for one in KINDS[kind]) or "no options"
        raise OptionError("LAYER", f"'{part}' in '{word}' is no option of {kind}, which takes {known}")
    name = OPTIONS[letter]
    if name == "bias" and not value:
        return name, True
    if name == "padding":
        return name, Padding.parse(value)
    numbers = _pair(value) if name in ("stride", "dilation", "output_padding") else (value.isdigit() and whole(value))
    least = 0 if name == "output_padding" else 1
    if not numbers or (min(numbers) if isinstance(numbers, tuple) else numbers) < least:
        raise OptionError("LAYER", f"'{part}' in '{word}' gives no {name.replace('_', ' ')}; write {letter}2, say")
    return name, numbers


def _pair(text: str) -> Size | None:
    """Read N or WIDTHxHEIGHT; None if it is neither."""
    match = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    found = (whole(match[1]), whole(match[2] or match[1])) if match else None
    return found if found and max(found) <= MAX_LENGTH else None


def _scale(word: str, parts: list[str]) -> Ratio:
    match = re.fullmatch(r"(\d{1,9})(?:\.(\d{1,9})|/(\d{1,9}))?", parts[0]) if len(parts) == 1 else None
    upper, lower = (0, 1) if match is None else (int(match[1]), int(match[3] or 1))
    if match and match[2]:
        upper, lower = int(match[1] + match[2]), 10 ** len(match[2])
    if not upper or not lower:
        raise OptionError("LAYER", f"'{word}' needs its scale, as in resize:2, resize:0.5 or resize:3/2")
    return product([(upper, lower)])


# --- tables -----------------------------------------------------------------------------------------------------------

HEADINGS = ("layer", "output", "field", "jump", "parameters", "multiply-adds", "dropped")


def table(size: Shape, made: Sequence[Row], *, explain: bool = False) -> str:
    """Return the rows as a table, with the sums below and, if asked, every row's arithmetic."""
    cells: list[tuple[str, ...]] = [("input", str(size), "1", "1", "", "", "")]
    for number, row in enumerate(made, 1):
        cells.append(
            (
                f"{number} {row.kind}",
                str(row.output),
                _both(*map(str, row.field)),
                _both(*map(_ratio, row.jump)),
                f"{row.parameters[0]:,}",
                f"{row.multiply_adds[0]:,}",
                _dropped(row.extents),
            )
        )
    sums = (f"{sum(one):,}" for one in zip(*((r.parameters[0], r.multiply_adds[0]) for r in made), strict=True))
    cells.append(("total", "", "", "", *sums, ""))
    widths = [max(map(len, column)) for column in zip(HEADINGS, *cells, strict=True)]
    lines = [_line(one, widths) for one in (HEADINGS, *cells)]
    if explain:
        lines = [*lines[:2], *(line for at, row in enumerate(made) for line in (lines[at + 2], *arithmetic(row)))]
        lines.append(_line(cells[-1], widths))
    return "\n".join(lines)


def arithmetic(row: Row) -> list[str]:
    """Return the formulas of a row with the numbers in them, as indented lines."""
    lines = []
    for one in row.extents:
        lines += [("formula", one.width.formula), ("width", one.width.arithmetic), ("height", one.height.arithmetic)]
    lines += _views(row)
    for word, (number, words) in (("parameters", row.parameters), ("multiply-adds", row.multiply_adds)):
        if number:
            lines.append((word, f"{words} = {number:,}"))
    return [f"    {word:<14}{text}" for word, text in lines]


def _views(row: Row) -> list[tuple[str, str]]:
    """Return the arithmetic of field and jump, where the layer is one window that makes nothing larger."""
    (fields, jumps), stage = row.before, row.stages[0] if row.stages else None
    if len(row.stages) != 1 or not isinstance(stage, Stage):
        return []
    lines = []
    for axis, solved in enumerate(stage.extent):
        (jump, part), (after, _) = jumps[axis], row.jump[axis]
        if part == solved.step[1] == 1:
            reach = f"{solved.dilation}*({solved.kernel} - 1)" if solved.dilation > 1 else f"({solved.kernel} - 1)"
            words = f"{fields[axis]} + {reach}*{jump} = {row.field[axis]}", f"{jump}*{solved.stride} = {after}"
            lines.append(words)
    alike = len(lines) == 2 and lines[0] == lines[1]
    named = zip(("",) if alike else (" across", " down"), lines, strict=False)
    return [
        (f"{word}{which}", text) for which, words in named for word, text in zip(("field", "jump"), words, strict=True)
    ]


def _plain(ratio: Ratio) -> int | float:
    return ratio[0] if ratio[1] == 1 else ratio[0] / ratio[1]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return the cells side by side: names and sizes to the left, numbers to the right."""
    left = (0, 1, len(cells) - 1)
    padded = [f"{c:<{w}}" if at in left else f"{c:>{w}}" for at, (c, w) in enumerate(zip(cells, widths, strict=True))]
    return "  ".join(padded).rstrip()


def _dropped(extents: Sequence[Extent]) -> str:
    """Say how many columns and rows no window reaches."""
    words = []
    for axis, noun in enumerate(("column", "row")):
        lost, inside = sum(one[axis].dropped for one in extents), sum(one[axis].dropped_input for one in extents)
        if lost:
            words.append(count(lost, noun) + (f" ({inside} of the image)" if 0 < inside < lost else ""))
            words[-1] += "" if inside else " of padding"
    return ", ".join(words)


def _both(width: str, height: str) -> str:
    return width if width == height else f"{width}x{height}"


def _ratio(value: Ratio) -> str:
    return str(value[0]) if value[1] == 1 else f"{value[0]}/{value[1]}"


def to_json(size: Shape, made: Sequence[Row]) -> dict[str, Any]:
    """Return the table as plain values for ``--json``."""
    return {
        "input": {"width": size.width, "height": size.height, "channels": size.channels},
        "layers": [row.to_json(number) for number, row in enumerate(made, 1)],
        "parameters": sum(row.parameters[0] for row in made),
        "multiply_adds": sum(row.multiply_adds[0] for row in made),
    }
