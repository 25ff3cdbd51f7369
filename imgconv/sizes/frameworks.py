"""What torch, TensorFlow, ONNX and Caffe make of the same numbers, side by side.

The rules and the refusals are those of

- torch.nn.Conv2d, ConvTranspose2d and MaxPool2d;
- TensorFlow's "SAME" and "VALID" (tf.nn.convolution) and Keras' compute_conv_transpose_output_length;
- ONNX's Conv, ConvTranspose and MaxPool with auto_pad NOTSET, SAME_UPPER, SAME_LOWER and VALID;
- Caffe's conv_layer.cpp, deconv_layer.cpp and pooling_layer.cpp.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from imgconv.errors import SizeError
from imgconv.geometry import Extent, Padding
from imgconv.sizes.calculator import Question, Size, count

VALID, SAME, SAME_LOWER, SAME_TORCH = (Padding(kind) for kind in ("valid", "same", "same-lower", "same-torch"))


@dataclass(frozen=True, slots=True)
class Row:
    """One way of asking one framework: `extent` is what it makes of the numbers, or None and why it refuses."""

    framework: str
    mode: str
    extent: Extent | None
    refusal: str = ""

    def difference(self, ours: Extent) -> str:
        """Say in words how the output differs from ours, or ``same``."""
        if self.extent is None:
            return f"refuses: {self.refusal}"
        axes = [(self.extent.width, ours.width, "column"), (self.extent.height, ours.height, "row")]
        sizes = [
            f"{count(abs(a.output - b.output), noun)} {'more' if a.output > b.output else 'fewer'}"
            for a, b, noun in axes
            if a.output != b.output
        ]
        shifts = [count(abs(a.before - b.before), noun) for a, b, noun in axes if a.before != b.before]
        moved = [f"moved by {' and '.join(shifts)}"] if shifts else []
        return ", ".join([*sizes, *moved]) or "same"

    def to_json(self, ours: Extent) -> dict[str, Any]:
        """Return plain values for ``--json``; sizes are None where the framework refuses."""
        solved = self.extent.to_json() if self.extent else {}
        return {
            "framework": self.framework,
            "mode": self.mode,
            "output": solved.get("output"),
            "padding": solved.get("padding"),
            "refusal": self.refusal or None,
            "difference": self.difference(ours),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operation here, and in `rows` what the frameworks make of the same numbers."""

    question: Question
    ours: Extent
    rows: list[Row]

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return self.question.to_json(self.ours) | {"frameworks": [row.to_json(self.ours) for row in self.rows]}

    def report(self) -> str:
        """Return a table as lines: a row for each framework and mode."""
        table = [
            ("framework", "mode", "left,top,right,bottom", "output", "differs"),
            ("imgconv", f"--padding {self.question.pads}", _padding(self.ours), _output(self.ours), ""),
            *(
                (row.framework, row.mode, _padding(row.extent), _output(row.extent), row.difference(self.ours))
                for row in self.rows
            ),
        ]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        padded = (map(str.ljust, line, widths) for line in table)
        return "\n".join([self._asked(), *("  ".join(cells).rstrip() for cells in padded)])

    def _asked(self) -> str:
        w, h = self.ours
        name = "transposed convolution" if self.question.operation == "transposed" else self.question.operation
        return (
            f"{name} of {w.size}x{h.size}: kernel {w.kernel}x{h.kernel}, stride {w.stride}x{h.stride}, "
            f"dilation {w.dilation}x{h.dilation}"
        )


def compare(question: Question, size: Size) -> Comparison:
    """Ask every framework the same question.

    Raises:
        OptionError: the output padding is not smaller than the larger of stride and dilation.
        SizeError: there is no such output here.
    """
    ours = question.answer(size)
    rules = {"convolution": _convolutions, "pooling": _poolings, "transposed": _transposed}[question.operation]
    return Comparison(question, ours, list(rules(Asker(question, size, ours))))


@dataclass(frozen=True, slots=True)
class Asker:
    """Puts one question to the frameworks; `ours` is the answer here."""

    question: Question
    size: Size
    ours: Extent

    @property
    def amounts(self) -> Padding:
        """The padding here, in samples."""
        w, h = self.ours.width, self.ours.height
        return Padding.explicit(w.before, h.before, w.after, h.after)

    @property
    def lopsided(self) -> str:
        """Why a framework that pads both sides alike refuses, if it does."""
        w, h = self.ours.width, self.ours.height
        alike = w.before == w.after and h.before == h.after
        return "" if alike else "both sides of an axis are padded alike, so pad the image first"

    @property
    def strided_and_dilated(self) -> str:
        """Why TensorFlow refuses, if it does."""
        both = max(self.question.step) > 1 and max(self.question.dilation) > 1
        return "a stride and a dilation above 1 do not go together" if both else ""

    def row(self, framework: str, mode: str, *refusals: str, **changes: Any) -> Row:
        """Answer the question with `changes` made to it, unless there is a reason to refuse."""
        refusal = next(filter(None, refusals), "")
        if not refusal:
            try:
                return Row(framework, mode, self.question._replace(**changes).answer(self.size))
            except SizeError as error:
                refusal = error.problem
        return Row(framework, mode, None, refusal)


def _convolutions(ask: Asker) -> Iterator[Row]:
    strided = "" if max(ask.question.step) == 1 else "padding='same' takes no stride above 1"
    yield ask.row("torch", _torch_padding(ask.ours), ask.lopsided, padding=ask.amounts)
    yield ask.row("torch", "padding='same'", strided, padding=SAME_TORCH)
    yield ask.row("TensorFlow", "SAME", ask.strided_and_dilated, padding=SAME)
    yield ask.row("TensorFlow", "VALID", ask.strided_and_dilated, padding=VALID)
    yield ask.row("ONNX", "NOTSET", padding=ask.amounts)
    yield ask.row("ONNX", "SAME_UPPER", padding=SAME)
    yield ask.row("ONNX", "SAME_LOWER", padding=SAME_LOWER)
    yield ask.row("ONNX", "VALID", padding=VALID)
    yield ask.row("Caffe", "pad", ask.lopsided, padding=ask.amounts)


def _poolings(ask: Asker) -> Iterator[Row]:
    w, h = ask.ours.width, ask.ours.height
    deep = "" if w.before <= w.kernel // 2 and h.before <= h.kernel // 2 else "padding is at most half of the window"
    for up in (False, True):
        mode = _torch_padding(ask.ours) + ", ceil_mode=True" * up
        yield ask.row("torch", mode, ask.lopsided, deep, padding=ask.amounts, ceil_mode=up)
    yield ask.row("TensorFlow", "SAME", ask.strided_and_dilated, padding=SAME, ceil_mode=False)
    yield ask.row("TensorFlow", "VALID", ask.strided_and_dilated, padding=VALID, ceil_mode=False)
    for up in (False, True):
        yield ask.row("ONNX", "NOTSET" + ", ceil_mode=1" * up, padding=ask.amounts, ceil_mode=up)
    yield ask.row("ONNX", "SAME_UPPER", padding=SAME, ceil_mode=False)
    yield ask.row("ONNX", "SAME_LOWER", padding=SAME_LOWER, ceil_mode=False)
    yield ask.row("ONNX", "VALID", padding=VALID, ceil_mode=False)
    dilated = "" if max(ask.question.dilation) == 1 else "its pooling has no dilation"
    outside = "" if w.before < w.kernel and h.before < h.kernel else "padding must be smaller than the window"
    caffe = ask.row("Caffe", "pad, rounds up", dilated, ask.lopsided, outside, padding=ask.amounts, ceil_mode=True)
    yield replace(caffe, extent=caffe.extent and _caffe_pool(caffe.extent))


def _caffe_pool(extent: Extent) -> Extent:
    """Undo the one difference from torch: without padding, Caffe keeps a window that starts after the image."""
    if extent.width.before or extent.height.before:
        return extent
    return Extent(*(axis._replace(output=-(-(axis.size - axis.reach) // axis.stride) + 1) for axis in extent))


def _transposed(ask: Asker) -> Iterator[Row]:
    given = ask.question.output_padding
    added = (ask.ours.width.output_padding, ask.ours.height.output_padding)
    yield ask.row("torch", _torch_padding(ask.ours), ask.lopsided, padding=ask.amounts, output_padding=added)
    large = given and (given[0] >= ask.question.step[0] or given[1] >= ask.question.step[1])
    keras = "output padding must be smaller than the stride" if large else ask.strided_and_dilated
    same, valid = _keras_transposed(ask)
    yield ask.row("TensorFlow", "SAME", keras, **same)
    yield ask.row("TensorFlow", "VALID", keras, **valid)
    yield ask.row("ONNX", "NOTSET", padding=ask.amounts, output_padding=added)
    for mode, lower in (("SAME_UPPER", False), ("SAME_LOWER", True)):
        yield ask.row("ONNX", mode, **_onnx_transposed(ask, lower))
    yield ask.row("ONNX", "VALID", padding=VALID)
    extra = "it has no output padding" if max(added) else ""
    yield ask.row("Caffe", "pad", extra, ask.lopsided, padding=ask.amounts, output_padding=(0, 0))


def _keras_transposed(ask: Asker) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what to change for SAME and for VALID, which make ``size*stride`` and at least as much."""
    w, h = ask.ours
    if ask.question.output_padding:
        x, y = w.reach // 2, h.reach // 2
        return {"padding": Padding.explicit(x, y, x, y)}, {"padding": VALID}
    gaps = max(w.stride - w.reach, 0), max(h.stride - h.reach, 0)
    return {"padding": SAME}, {"padding": VALID, "output_padding": gaps}


def _onnx_transposed(ask: Asker, lower: bool) -> dict[str, Any]:
    """Return what to change for SAME_UPPER or SAME_LOWER: the output is ``size*stride`` whatever is added."""
    sides, extras = [], []
    for axis, added in zip(ask.ours, ask.question.output_padding or (0, 0), strict=True):
        total = axis.reach + added - axis.stride
        extras.append(added - min(total, 0))
        total = max(total, 0)
        before = total - total // 2 if lower else total // 2
        sides.append((before, total - before))
    (left, right), (top, bottom) = sides
    return {"padding": Padding.explicit(left, top, right, bottom), "output_padding": (extras[0], extras[1])}


def _torch_padding(extent: Extent) -> str:
    w, h = extent
    return f"padding={w.before}" if w.before == h.before else f"padding=({h.before}, {w.before})"


def _padding(extent: Extent | None) -> str:
    if extent is None:
        return "-"
    w, h = extent
    return f"{w.before},{h.before},{w.after},{h.after}"


def _output(extent: Extent | None) -> str:
    return "-" if extent is None else f"{extent.width.output}x{extent.height.output}"
