"""Chains of layers written as words, such as ``conv:7,s2,p3 pool:3,s2``, for ``imgconv size``.

Nothing here imports numpy; the arithmetic is that of `imgconv.sizes.chain`, which the layers themselves use as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from imgconv.errors import ImgconvError, LayerError, OptionError, did_you_mean, quoted
from imgconv.geometry import AXES, MAX_LENGTH, Axis, Extent, Padding, Shape, extent, resized, whole
from imgconv.sizes.calculator import Question, Size
from imgconv.sizes.chain import Ratio, Row, Stage, check_groups, product, rows, shared, unchanged, weighted


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
        problem = f"{quoted(text)} is not a size; write N, WIDTHxHEIGHT or WIDTHxHEIGHTxCHANNELS, as in 224x224x3"
        raise OptionError("SIZE", problem)
    numbers = (whole(match[1]), whole(match[2] or match[1]), whole(match[3] or "1"))
    if not 1 <= min(numbers) <= max(numbers) <= MAX_LENGTH:
        raise OptionError("SIZE", f"{quoted(text)} must lie within 1 and {MAX_LENGTH}")
    return Shape(*numbers)


def link(word: str) -> Link:
    """Read one layer, such as ``conv:7,s2,p3,c64``, ``pool:2,ceil`` or ``resize:3/2``.

    Raises:
        OptionError: it cannot be understood.
    """
    kind, _, rest = word.strip().lower().partition(":")
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS) or f"; the kinds are {', '.join(KINDS)}"
        raise OptionError("LAYER", f"{quoted(word)} begins with no kind of layer{hint}")
    parts = [part.strip() for part in rest.split(",")] if rest else []
    if kind == "resize":
        return Link(kind, (1, 1), {}, _scale(word, parts))
    window = (1, 1)
    if kind != "pointwise":
        if not parts or not (found := _pair(parts[0])) or (min(found) < 1 and kind != "pad"):
            raise OptionError("LAYER", f"{quoted(word)} needs its window first, as in {kind}:3 or {kind}:5x3,s2")
        window = found
        del parts[0]
    options: dict[str, Any] = {}
    for part in parts:
        name, value = _option(word, kind, part)
        if name in options:
            raise OptionError("LAYER", f"{quoted(word)} gives the {name.replace('_', ' ')} twice")
        options[name] = value
    if "groups" in options:
        options.setdefault("channels", None)
        if options["channels"] is None:
            raise OptionError("LAYER", f"{quoted(word)} has groups, so it needs its output channels, as in c64")
    return Link(kind, window, options)


def _option(word: str, kind: str, part: str) -> tuple[str, Any]:
    """Read one option of a layer; return its name and value."""
    if part in ("ceil", "ceil-mode") and kind == "pool":
        return "ceil_mode", True
    letter, value = part[:1], part[1:]
    if letter not in KINDS[kind] or not letter:
        known = ", ".join(f"{one}... ({OPTIONS[one].replace('_', ' ')})" for one in KINDS[kind]) or "no options"
        raise OptionError("LAYER", f"{quoted(part)} in {quoted(word)} is no option of {kind}, which takes {known}")
    name = OPTIONS[letter]
    if name == "bias" and not value:
        return name, True
    if name == "padding":
        return name, Padding.parse(value)
    numbers = _pair(value) if name in ("stride", "dilation", "output_padding") else (value.isdigit() and whole(value))
    least = 0 if name == "output_padding" else 1
    if not numbers or (min(numbers) if isinstance(numbers, tuple) else numbers) < least:
        lacking = f"gives no {name.replace('_', ' ')}; write {letter}2, say"
        raise OptionError("LAYER", f"{quoted(part)} in {quoted(word)} {lacking}")
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
        raise OptionError("LAYER", f"{quoted(word)} needs its scale, as in resize:2, resize:0.5 or resize:3/2")
    return product([(upper, lower)])
