"""The questions that ``imgconv size`` answers: an operation, its options, and what they make of an image's size."""

from __future__ import annotations

from typing import Any, NamedTuple

from imgconv.geometry import ENDS, Axis, Extent, Padding, drops, extent, pooled_extent, transposed_extent

Size = tuple[int, int]
"""(width, height)."""


class Question(NamedTuple):
    """An operation with the options that were given; every pair is (width, height).

    Attributes:
        operation: ``convolution``, ``pooling`` or ``transposed`` (convolution).
        kernel, dilation: taps, and the step between them.
        stride, padding, output_padding: None where the asker leaves them open: `answer` then takes the default,
            and a solver looks for those that fit.
        ceil_mode: whether the last window of a pooling may hang over the far end.
    """

    operation: str
    kernel: Size
    stride: Size | None = None
    dilation: Size = (1, 1)
    padding: Padding | None = None
    output_padding: Size | None = None
    ceil_mode: bool = False

    @property
    def step(self) -> Size:
        """The stride, or its default: the window for a pooling and 1 for the others, as in torch."""
        return self.stride or (self.kernel if self.operation == "pooling" else (1, 1))

    @property
    def pads(self) -> Padding:
        """The padding, or its default: none."""
        return self.padding or Padding("valid")

    def answer(self, size: Size) -> Extent:
        """Solve both axes for an image of `size`.

        >>> Question("convolution", (7, 7), stride=(2, 2), padding=Padding("same")).answer((224, 224)).output
        (112, 112)

        Raises:
            OptionError: the output padding is not smaller than the larger of stride and dilation.
            SizeError: there is no such output.
        """
        if self.operation == "transposed":
            return transposed_extent(
                size,
                self.kernel,
                padding=self.pads,
                stride=self.step,
                dilation=self.dilation,
                output_padding=self.output_padding,
            )
        if self.operation == "pooling":
            return pooled_extent(
                size,
                self.kernel,
                padding=self.pads,
                stride=self.step,
                dilation=self.dilation,
                ceil_mode=self.ceil_mode,
            )
        return extent(size, self.kernel, padding=self.pads, stride=self.step, dilation=self.dilation)

    def to_json(self, solved: Extent) -> dict[str, Any]:
        """Return the operation and its solution as plain values for ``--json``."""
        plain: dict[str, Any] = {"operation": self.operation, **solved.to_json()}
        if self.operation == "transposed":
            plain["output_padding"] = {
                "width": solved.width.output_padding,
                "height": solved.height.output_padding,
            }
        if self.operation == "pooling":
            plain["ceil_mode"] = self.ceil_mode
        return plain | {"drops": solved.drops}

    def report(self, solved: Extent) -> str:
        """Return the solution as lines: what was asked, the formula, the numbers in it, and the result."""
        w, h = solved.width, solved.height
        lines = [
            ("input", f"{w.size}x{h.size}"),
            ("kernel", _kernel(w, h)),
            ("stride", f"{w.stride}x{h.stride}"),
            ("padding", self._padding(w, h)),
            ("formula", w.formula),
            ("width", w.arithmetic),
            ("height", h.arithmetic),
            *(("note", note) for note in self._notes(w, h)),
            ("output", f"{w.output}x{h.output}"),
        ]
        if self.operation != "transposed":
            lines.insert(-1, ("dropped", solved.drops or "nothing"))
        return "\n".join(f"{label:<8}{text}" for label, text in lines)

    def _padding(self, w: Axis, h: Axis) -> str:
        words = f"left {w.before}, top {h.before}, right {w.after}, bottom {h.after}"
        name = "" if self.pads.kind == "explicit" else f" ({self.pads.kind})"
        if self.operation == "transposed":
            extra = f"output padding {w.output_padding}x{h.output_padding}"
            return f"{words}{name}, cut off the output; {extra}"
        return words + name

    def _notes(self, w: Axis, h: Axis) -> list[str]:
        notes = []
        if self.pads.kind in ("same", "same-lower", "interpolation") and self.operation != "transposed":
            notes += [f"{axis.name} is padded by {_same(axis)}" for axis in _unlike(w, h)]
        for axis, noun, side in ((w, "column", "right"), (h, "row", "bottom")):
            if axis.overhang:
                notes.append(f"the last window hangs over the {side} by {count(axis.overhang, noun)}")
            if self.ceil_mode and axis.dropped:
                notes.append(f"{axis.name} is 1 less: the window gained by rounding up would start after the {side}")
            if self.operation != "transposed" and axis.output > 1 and axis.stride > axis.reach:
                gap = axis.stride - axis.reach
                notes.append(f"{count(gap, noun)} between each window and the next lie in none")
        return notes


def volume_report(axes: tuple[Axis, ...], padding: Padding) -> str:
    """Return the sizes of a convolution of a volume as lines, as `Question.report` has them for an image."""

    def each(field: str) -> str:
        return "x".join(str(getattr(axis, field)) for axis in axes)

    sides = [f"{ENDS[axis.name][0]} {axis.before}" for axis in axes]
    sides += [f"{ENDS[axis.name][1]} {axis.after}" for axis in axes]
    name = "" if padding.kind == "explicit" else f" ({padding.kind})"
    lines = [
        ("input", each("size")),
        ("kernel", f"{each('kernel')}, dilation {each('dilation')}, effective kernel {each('reach')}"),
        ("stride", each("stride")),
        ("padding", ", ".join(sides) + name),
        ("formula", axes[0].formula),
        *((axis.name, axis.arithmetic) for axis in axes),
        ("dropped", drops(axes) or "nothing"),
        ("output", each("output")),
    ]
    return "\n".join(f"{label:<8}{text}" for label, text in lines)


def _kernel(w: Axis, h: Axis) -> str:
    return f"{w.kernel}x{h.kernel}, dilation {w.dilation}x{h.dilation}, effective kernel {w.reach}x{h.reach}"


def _same(axis: Axis) -> str:
    inside = f"(ceil({axis.size} / {axis.stride}) - 1)*{axis.stride} + {axis.dilation}*({axis.kernel} - 1) + 1"
    return f"max({inside} - {axis.size}, 0) = {axis.before + axis.after}"


def _unlike(w: Axis, h: Axis) -> list[Axis]:
    return [w] if (w.size, w.kernel, w.stride, w.dilation) == (h.size, h.kernel, h.stride, h.dilation) else [w, h]


def count(number: int, noun: str) -> str:
    """Return a number of things in words, as in ``1 row`` and ``2 rows``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
