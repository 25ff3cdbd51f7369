"""The YAML in which the kernel library is written; imgconv reads the very same kernel back."""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction

import numpy as np

from imgconv.errors import ExportError, ImgconvError
from imgconv.kernels import parametric
from imgconv.kernels.arrays import Matrix
from imgconv.kernels.document import NAME
from imgconv.kernels.export._matrix import exact_factors, number, rows_of
from imgconv.kernels.library import kernel as find
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Learned, Offset, Pointwise
from imgconv.yamlreader.events import MAX_BYTES

SUMMARY = "imgconv's own, for -k FILE.yaml and $IMGCONV_KERNELS"

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ,.;()/'-]*[A-Za-z0-9.)]|[A-Za-z]")
_WORDS = ("true", "false", "null")


def export(kernel: AnyKernel) -> str:
    """Return the YAML.

    Raises:
        ExportError: a member differs from the library's of that name, or it holds learned weights, or is too large.
    """
    match kernel:
        case Kernel():
            body = _taps(kernel)
        case Combined():
            body = _combined(kernel)
        case Pointwise():
            body = _pointwise(kernel)
        case Learned():
            problem = "YAML only names the .npy that holds learned weights; export to npy and write 'weights: FILE.npy'"
            raise ExportError(kernel.name, "yaml", problem)
    text = "\n".join([*_head(kernel), *body]) + "\n"
    if len(text.encode()) > MAX_BYTES:
        raise ExportError(kernel.name, "yaml", f"the text would be over {MAX_BYTES >> 20} MB; export to npy")
    return text


def _head(kernel: AnyKernel) -> list[str]:
    name = kernel.name
    slug = name if NAME.fullmatch(name) else re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:64] or "kernel"
    lines = [] if name == slug else [f"# {_line(name)}"]
    lines.append(f"name: {_text(slug)}")
    lines += [f"{key}: {_text(text)}" for key, text in (("summary", kernel.summary), ("source", kernel.source)) if text]
    lines.append(f"class: {kernel.kind}")
    return lines + [f"map: {kernel.map}"] * bool(kernel.map)


def _taps(kernel: Kernel) -> list[str]:
    parts = exact_factors(kernel)
    if parts:
        lines = [f"{key}: [{', '.join(map(number, axis))}]" for key, axis in zip(("column", "row"), parts, strict=True)]
    else:
        lines = _rows("weights", kernel.weights)
    if kernel.scale != 1:
        lines.append(f"scale: {kernel.scale}")
    if kernel.offset:
        lines.append(f"offset: {_offset(kernel, kernel.offset)}")
    if kernel.anchor:
        lines.append(f"anchor: {list(kernel.anchor)}")
    return lines


def _pointwise(kernel: Pointwise) -> list[str]:
    bias = ", ".join(_offset(kernel, offset) for offset in kernel.bias)
    return _rows("matrix", kernel.matrix) + [f"bias: [{bias}]"] * bool(bias)


def _rows(key: str, values: Matrix) -> list[str]:
    rows = rows_of(values + 0.0, ", ")
    if len(rows) == 1:
        return [f"{key}: [[{rows[0]}]]"]
    return [f"{key}: [", *(f"  [{row}]," for row in rows), "]"]


def _combined(kernel: Combined) -> list[str]:
    if all(_means(member.name, member) for member in kernel.of):
        return [f"combine: {kernel.combine}", f"of: [{', '.join(_text(member.name) for member in kernel.of)}]"]
    name, _, values = kernel.name.partition(":")
    if parametric.get(name) and _means(f"{name}:{values}", kernel):
        pairs = (pair.partition("=") for pair in values.split(",") if pair)
        parameters = [f"  {key.strip()}: {value.strip()}" for key, _, value in pairs]
        return [f"generator: {name}", *["parameters:"] * bool(parameters), *parameters]
    names = [member.name for member in kernel.of]
    problem = (
        f"YAML holds members by name, and these {', '.join(names[:-1])} and {names[-1]} differ from the library's "
        "(as --gain makes them); export each of them, or this kernel to opencv, scipy or torch"
    )
    raise ExportError(kernel.name, "yaml", problem)


def _means(name: str, kernel: Kernel | Combined) -> bool:
    """Whether the library's kernel of that name is this kernel."""
    try:
        named = find(name) if NAME.fullmatch(name.partition(":")[0]) else None
    except ImgconvError:
        return False
    if isinstance(named, Combined) and isinstance(kernel, Combined):
        pairs = zip(named.of, kernel.of, strict=False)
        return (
            named.combine == kernel.combine and len(named.of) == len(kernel.of) and all(_same(*pair) for pair in pairs)
        )
    return isinstance(named, Kernel) and isinstance(kernel, Kernel) and _same(named, kernel)


def _same(kernel: Kernel, other: Kernel) -> bool:
    return (
        np.array_equal(kernel.weights, other.weights)
        and (kernel.scale, kernel.offset, kernel.anchor) == (other.scale, other.offset, other.anchor)
    )  # fmt: skip


def _offset(kernel: Kernel | Pointwise, offset: Offset) -> str:
    if not offset.share:
        return number(offset.value)
    if offset.value:
        raise ExportError(
            kernel.name, "yaml", f"YAML holds an offset in samples or in per cent, but this one has both: {offset}"
        )
    near = offset.share * 100
    for percent in (near, math.nextafter(near, 0), math.nextafter(near, 2 * near)):
        if percent / 100 == offset.share:
            return f'"{number(percent)}%"'
    return f'"{Fraction(offset.share) * 100}%"'


def _text(text: str) -> str:
    text = _line(text)
    return text if _PLAIN.fullmatch(text) and text.lower() not in _WORDS else json.dumps(text, ensure_ascii=False)


def _line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:1000]
