"""Chains of layers written as words, such as ``conv:7,s2,p3 pool:3,s2``, for ``imgconv size``.

Nothing here imports numpy; the arithmetic is that of `imgconv.sizes.chain`, which the layers themselves use as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from imgconv.errors import ImgconvError, LayerError, OptionError, quoted
from imgconv.geometry import AXES, Axis, Extent, Padding, Shape, extent, resized
from imgconv.registry import LAYERS
from imgconv.sizes.calculator import Question, Size
from imgconv.sizes.chain import Ratio, Row, Stage, check_groups, interpolated, rows, shared, unchanged, weighted
from imgconv.words.base import Kind, Wrong, none_of
from imgconv.words.number import SCALE, WholeKind
from imgconv.words.padding import PADDING
from imgconv.words.pair import EXTRA, PAIR, lengths


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
        asked = self._question(self.window).answer((shape.width, shape.height))
        for axis in (1, 0):
            solved = _only(shape, axis, asked[axis])
            shape = Shape(*solved.output, shape.channels)
            stages.append(shared(solved, shape.channels, bias=self.bias(1) if axis == 0 else 0))
        return shape, stages

    def _resized(self, shape: Shape) -> tuple[Shape, list[Stage]]:
        sizes = zip(AXES, (shape.width, shape.height), strict=True)
        solved = Extent(*(resized(size, self.scale, name=name) for name, size in sizes))
        return Shape(*solved.output, shape.channels), [interpolated(solved, shape.channels)]

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

OPTIONS: dict[str, tuple[str, Kind | None]] = {
    "s": ("stride", PAIR),
    "p": ("padding", PADDING),
    "d": ("dilation", PAIR),
    "c": ("channels", WholeKind()),
    "g": ("groups", WholeKind()),
    "o": ("output_padding", EXTRA),
    "b": ("bias", None),
}
"""What the letters of a layer's options mean, and the kind of value that follows them; nothing follows the last."""


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


def link(word: str) -> Link:
    """Read one layer, such as ``conv:7,s2,p3,c64``, ``pool:2,ceil`` or ``resize:3/2``.

    Raises:
        OptionError: it cannot be understood.
    """
    kind, _, rest = word.strip().lower().partition(":")
    if kind not in KINDS:
        raise OptionError("LAYER", none_of(kind, dict.fromkeys((*KINDS, *LAYERS.names()))).problem)
    parts = [part.strip() for part in rest.split(",")] if rest else []
    if kind == "resize":
        if len(parts) != 1:
            raise OptionError("LAYER", f"{quoted(word)} needs its scale, as in resize:2, resize:0.5 or resize:3/2")
        return Link(kind, (1, 1), {}, read_part(word, "scale", SCALE.parse, parts[0]))
    window = (1, 1)
    if kind != "pointwise":
        if not parts or not lengths(parts[0]):
            raise OptionError("LAYER", f"{quoted(word)} needs its window first, as in {kind}:3 or {kind}:5x3,s2")
        window = read_part(word, "window", (EXTRA if kind == "pad" else PAIR).parse, parts[0])
        del parts[0]
    options: dict[str, Any] = {}
    for part in parts:
        name, value = option(word, kind, KINDS[kind], part)
        if name in options:
            raise OptionError("LAYER", f"{quoted(word)} gives the {name.replace('_', ' ')} twice")
        options[name] = value
    if "groups" in options:
        options.setdefault("channels", None)
        if options["channels"] is None:
            raise OptionError("LAYER", f"{quoted(word)} has groups, so it needs its output channels, as in c64")
    return Link(kind, window, options)


def option(word: str, kind: str, letters: str, part: str) -> tuple[str, Any]:
    """Return the name and the value of one option of a layer, which takes those of some letters.

    Raises:
        OptionError: it cannot be understood.
    """
    if part in ("ceil", "ceil-mode") and kind == "pool":
        return "ceil_mode", True
    letter, value = part[:1], part[1:]
    if letter not in letters or not letter:
        known = ", ".join(f"{one}... ({OPTIONS[one][0].replace('_', ' ')})" for one in letters) or "no options"
        raise OptionError("LAYER", f"{quoted(part)} in {quoted(word)} is not an option of {kind}, which takes {known}")
    name, values = OPTIONS[letter]
    if values is None:
        if value:
            raise OptionError("LAYER", f"{quoted(part)} in {quoted(word)}: {letter} takes no value")
        return name, True
    return name, read_part(word, name.replace("_", " "), values.parse, value)


def read_part(word: str, name: str, read: Callable[[str], Any], text: str) -> Any:
    """Return what `read` makes of a part of a layer.

    Raises:
        OptionError: it is none.
    """
    try:
        return read(text)
    except Wrong as wrong:
        raise OptionError("LAYER", f"the {name} of {quoted(word)}: {wrong.problem}") from None
