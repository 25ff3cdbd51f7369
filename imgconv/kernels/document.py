"""Kernels in YAML, the format of the library: the keys, and what each of them means.

Every refusal is a `KernelFileError` with the line and column of what is wrong, where there is one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from fractions import Fraction
from typing import Any, NoReturn, TypeVar

import numpy as np

from imgconv.errors import ImgconvError, KernelFileError, KernelSpecError, KernelValueError, did_you_mean, quoted
from imgconv.kernels import arrayfile, parametric
from imgconv.kernels import names as kernelnames
from imgconv.kernels.arrays import MAX_TAP, Matrix
from imgconv.kernels.gain import rescaled
from imgconv.kernels.text import over_one_divisor, rows_hint
from imgconv.kernels.value import (
    CLASSES,
    COMBINES,
    AnyKernel,
    Combined,
    Kernel,
    Learned,
    Offset,
    Pointwise,
    VolumeKernel,
)
from imgconv.words.base import Wrong, described, none_of
from imgconv.words.map import MAPS
from imgconv.words.number import exact
from imgconv.words.numbers import Number, fraction
from imgconv.yamlreader import events as yamlfile
from imgconv.yamlreader.events import Document, Step

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""What a kernel's name looks like; it is compared with file names and never joined into a path."""

MAX_MEMBERS, MAX_MEMBER_TAPS = 256, 1 << 23
"""The largest number of kernels that can be combined, and of the taps that they have together."""

Adjustable = TypeVar("Adjustable", Kernel, VolumeKernel)

Resolve = Callable[[str, str | None], AnyKernel]
"""Finds a member of a combined kernel by its name, beside the file that names it or in the library."""

COMMON = ("name", "summary", "source", "class", "map")
TAP_KEYS = ("scale", "normalise", "offset", "anchor", "correlate")
FORMS: dict[str, tuple[str, ...]] = {
    "weights": (*TAP_KEYS, "bias"),
    "row": ("column", *TAP_KEYS),
    "column": ("row", *TAP_KEYS),
    "generator": ("parameters", *TAP_KEYS),
    "combine": ("of",),
    "matrix": ("bias", "scale"),
}
"""The key that says what kind of kernel the file holds, and the keys that go with it."""

KEYS = tuple(dict.fromkeys((*COMMON, *FORMS, *(key for keys in FORMS.values() for key in keys))))


def from_yaml(
    text: str | bytes,
    source: str,
    folder: str | None,
    resolve: Resolve | None,
    name: str,
    library_name: str | None = None,
) -> AnyKernel:
    """Read a kernel from YAML.

    Args:
        text: the YAML.
        source: what messages call it.
        folder: where ``weights: file.npy`` and members are looked for, empty for the current one; None looks for
            members only in the library, and for weights in the current folder.
        resolve: as in `load`.
        name: the kernel's name if the text does not give one.
        library_name: the name by which the library found the file; the text must not give another.
    """
    return KernelDocument(yamlfile.load(text, source), folder, resolve).kernel(name, library_name)


def volume_from_yaml(text: str | bytes, source: str, folder: str | None, name: str) -> VolumeKernel | None:
    """Read a kernel of three axes from YAML, with arguments as in `from_yaml`; return None for any other kernel."""
    return KernelDocument(yamlfile.load(text, source), folder, None).volume(name)


def _nested(value: object) -> bool:
    """Whether lists are nested three deep."""
    for _ in range(2):
        if not isinstance(value, list) or not value:
            return False
        value = value[0]
    return isinstance(value, list)


class KernelDocument:
    """Turns one YAML document into a kernel, with a method for each key and each form."""

    def __init__(self, document: Document, folder: str | None, resolve: Resolve | None) -> None:
        self.document, self.folder, self.resolve = document, folder, resolve
        self.keys = document.mapping(KEYS)

    def kernel(self, name: str, library_name: str | None) -> AnyKernel:
        form = self.form()
        fields = self.common_fields(name, library_name)
        if "class" in self.keys or form != "generator":
            fields["kind"] = self.choice("class", CLASSES) or "other"
        if "map" in self.keys or form != "generator":
            fields["map"] = self.choice("map", MAPS)
        try:
            match form:
                case "combine":
                    return self.combined(fields)
                case "matrix":
                    return self.pointwise(fields)
                case "generator":
                    return self.generated(fields)
                case "weights" if isinstance(self.keys["weights"], str):
                    return self.stored(fields)
                case "weights":
                    return self.fixed(fields, self.rows("weights"), Fraction(1))
                case _:
                    return self.separable(fields)
        except KernelValueError as error:
            key = "anchor" if error.problem.startswith("anchor") else "of" if form == "combine" else form
            self.fail(error.problem, key)

    def volume(self, name: str) -> VolumeKernel | None:
        """Return the kernel if its weights are nested three deep."""
        nested = self.keys.get("weights")
        if self.form() != "weights" or nested is None or not _nested(nested):
            return None
        self.refuse("anchor", "three axes")
        planes = [self.rows("weights", at) for at in range(len(nested))]
        for at, plane in enumerate(planes):
            if (len(plane), len(plane[0])) != (len(planes[0]), len(planes[0][0])):
                self.fail(f"plane {at + 1} has another size than plane 1", "weights", at)
        flat, factor = over_one_divisor([row for plane in planes for row in plane])
        weights = np.array(flat).reshape(len(planes), len(planes[0]), -1)
        fields = self.common_fields(name, None)
        fields |= {"kind": self.choice("class", CLASSES) or "other", "map": self.choice("map", MAPS)}
        return self.adjusted(VolumeKernel(**fields, weights=weights, scale=factor))

    def common_fields(self, name: str, library_name: str | None) -> dict[str, Any]:
        return {"name": self.name(name, library_name), "summary": self.text("summary"), "source": self.text("source")}

    def fail(self, problem: str, *path: Step) -> NoReturn:
        raise self.document.fail(problem, *path)

    def form(self) -> str:
        """Return the key of `FORMS` that the file uses, after checking that every other key goes with it."""
        forms = [key for key in self.keys if key in FORMS]
        if not forms:
            lacking = "says 'of' but not how to 'combine'" if "of" in self.keys else "holds no kernel"
            raise self.document.error(
                self.document.source, f"{lacking}; write weights, row, column, generator, combine or matrix"
            )
        form = forms[0]
        for key in self.keys:
            if key not in COMMON and key != form and key not in FORMS[form]:
                place = self.document.where_key(key)
                raise self.document.error(self.document.source, f"'{key}' does not go with '{form}'", *place)
        return form

    def name(self, name: str, library_name: str | None) -> str:
        if "name" not in self.keys:
            return name
        own_name = self.keys["name"]
        own_name = str(own_name) if isinstance(own_name, int) and not isinstance(own_name, bool) else own_name
        if not isinstance(own_name, str) or not NAME.fullmatch(own_name):
            self.fail(
                "a name is up to 64 lower-case letters, digits and hyphens, and does not start with a hyphen, "
                f"not {described(own_name)}",
                "name",
            )
        if library_name is not None and own_name != library_name:
            self.fail(
                f"the name is {quoted(own_name)}, but the file is called {quoted(library_name)}; rename one of them",
                "name",
            )
        return own_name

    def text(self, key: str) -> str:
        value = self.keys.get(key, "")
        if not isinstance(value, str) or not value.isprintable() or len(value) > 1000:
            self.fail(f"{key} must be one line of text", key)
        return value

    def choice(self, key: str, choices: Collection[str]) -> str | None:
        value = self.keys.get(key)
        if key in self.keys and value not in choices:
            self.fail(f"{key}: {none_of(value, choices).problem}", key)
        return value

    def number(self, value: object, *path: Step) -> Number:
        """Return a finite number, given as a number or as a fraction in a string."""
        try:
            return exact(value)
        except Wrong as wrong:
            self.fail(wrong.problem, *path)

    def listed(self, value: object, rule: str, *path: Step) -> list[Any]:
        if not isinstance(value, list) or not value:
            shown = "an empty list" if value == [] else described(value)
            self.fail(f"{rule}, not {shown}", *path)
        return value

    def rows(self, key: str, *plane: int) -> list[list[Number]]:
        """Return the matrix under `key`, or one plane of it, after checking every entry."""
        value = self.keys[key][plane[0]] if plane else self.keys[key]
        lines = self.listed(value, f"{key} must be a list of rows such as [[1, 0, -1], [2, 0, -2]]", key, *plane)
        if not plane and _nested(lines):
            self.fail(f"{key} has three axes, which only --volume can use", key)
        if not plane and not any(isinstance(line, list | dict | str) for line in lines):
            single = f"for a single row, write [[{described(lines[0])}, ...]]"
            hint = rows_hint(lines, "yaml") or f"{len(lines)} numbers are not rows"
            self.fail(f"{hint}; {single}", key)
        rows: list[list[Number]] = []
        for at, line in enumerate(lines):
            if isinstance(line, str):
                problem = f"row {at + 1} of {key} must be a list of numbers, not {described(line)}"
                self.fail(f"{problem}; write it in brackets, as in [1, 2, 1]", key, at)
            line = self.listed(line, f"row {at + 1} of {key} must be a list of numbers", key, *plane, at)
            rows.append([self.number(value, key, *plane, at, column) for column, value in enumerate(line)])
            if len(line) != len(rows[0]):
                problem = f"row {at + 1} has length {len(line)}, but row 1 has length {len(rows[0])}"
                self.fail(problem, key, *plane, at)
        return rows

    def fixed(self, fields: dict[str, Any], rows: list[list[Number]], scale: Fraction) -> Kernel:
        self.refuse("bias", "a matrix of taps; write 'offset'")
        weights, factor = over_one_divisor(rows)
        return self.adjusted(Kernel(**fields, weights=np.array(weights), scale=scale * factor))

    def separable(self, fields: dict[str, Any]) -> Kernel:
        axes: list[Matrix] = []
        scale = Fraction(1)
        for key in ("column", "row"):
            values = self.keys.get(key, [1])
            values = self.listed(values, f"{key} must be a list of numbers", key)
            numbers = [self.number(value, key, at) for at, value in enumerate(values)]
            (taps,), factor = over_one_divisor([numbers])
            axes.append(np.array(taps))
            scale *= factor
        return self.adjusted(Kernel(**fields, weights=np.outer(*axes), scale=scale))

    def generated(self, fields: dict[str, Any]) -> AnyKernel:
        name = self.keys["generator"]
        generator = parametric.get(name) if isinstance(name, str) else None
        if generator is None:
            hint = did_you_mean(name, parametric.names()) if isinstance(name, str) else ""
            self.fail(f"there is no parametric kernel {described(name)}{hint}", "generator")
        parameters = self.keys.get("parameters", {})
        if not isinstance(parameters, dict):
            self.fail("parameters must be 'name: value' lines", "parameters")
        values = {key: self.parameter(value, "parameters", key) for key, value in parameters.items()}
        try:
            kernel = generator.from_text(generator.name, values)
        except ImgconvError as error:
            self.fail(str(error), "parameters" if parameters else "generator")
        fields = {key: value for key, value in fields.items() if value or key not in ("summary", "source")}
        kernel = kernel.replace(**fields)
        if isinstance(kernel, Kernel):
            return self.adjusted(kernel)
        for key in TAP_KEYS:
            self.refuse(key, f"the generator {quoted(name)}, which is not a single matrix")
        return kernel

    def parameter(self, value: object, *path: Step) -> str:
        if isinstance(value, list):
            return "x".join(self.parameter(part, *path, at) for at, part in enumerate(value))
        if isinstance(value, dict) or value is None:
            self.fail(f"a parameter is a number, a word or a list, not {described(value)}", *path)
        return str(value)

    def combined(self, fields: dict[str, Any]) -> Combined:
        combine = self.choice("combine", COMBINES)
        members = self.listed(self.keys.get("of"), "combine needs 'of', a list of kernel names", "of")
        if self.resolve is None:
            raise KernelSpecError(fields["name"], "is itself combined, so it cannot be a member")
        if len(members) > MAX_MEMBERS:
            self.fail(f"{len(members)} members are more than {MAX_MEMBERS}", "of")
        kernels: list[Kernel] = []
        for at, member in enumerate(members):
            if not isinstance(member, str):
                self.fail(f"a member is the name of a kernel, not {described(member)}", "of", at)
            try:
                kernel = self.resolve(member, self.folder)
            except KernelFileError:
                raise
            except ImgconvError as error:
                self.fail(str(error), "of", at)
            if not isinstance(kernel, Kernel):
                self.fail(f"the member {quoted(member)} is not a single matrix of taps", "of", at)
            kernels.append(kernel)
            if sum(part.weights.size for part in kernels) > MAX_MEMBER_TAPS:
                self.fail(f"the members have more than {MAX_MEMBER_TAPS} taps together", "of", at)
        return Combined(**fields, combine=str(combine), of=tuple(kernels))

    def pointwise(self, fields: dict[str, Any]) -> Pointwise:
        weights, factor = over_one_divisor(self.rows("matrix"))
        factor *= fraction(self.number(self.keys.get("scale", 1), "scale"))
        if not 1 / MAX_TAP <= abs(factor) <= MAX_TAP and factor:
            self.fail(f"the scale must lie within {1 / MAX_TAP:g} and {MAX_TAP:g}", "scale")
        matrix = np.array(weights) * factor.numerator / factor.denominator
        return Pointwise(**fields, matrix=matrix, bias=self.biases())

    def biases(self) -> tuple[Offset, ...]:
        if "bias" not in self.keys:
            return ()
        values = self.listed(self.keys["bias"], "bias must be a list with one number per output channel", "bias")
        return tuple(self.offset(value, "bias", at) for at, value in enumerate(values))

    def stored(self, fields: dict[str, Any]) -> Kernel | Learned:
        """Read the weights from the .npy beside the YAML."""
        file = self.keys["weights"]
        path = os.path.join(self.folder or "", file)
        if os.path.splitext(path)[1].lower() != ".npy":
            if problem := kernelnames.foreign(file, tables=False):
                self.fail(f"{quoted(file)} {problem}", "weights")
            self.fail(f"weights must be rows of numbers or name a .npy file, not {described(file)}", "weights")
        try:
            array = arrayfile.read_npy(path)
        except KernelFileError as error:
            self.fail(str(error), "weights")
        if array.ndim != 4:
            self.refuse("bias", "a matrix of taps; write 'offset'")
            return self.adjusted(Kernel(**fields, weights=array))
        for key in ("scale", "normalise", "offset"):
            self.refuse(key, "learned weights")
        bias = tuple(offset.value for offset in self.biases())
        if any(offset.share for offset in self.biases()):
            self.fail("the bias of learned weights must be plain numbers", "bias")
        correlate = self.switch("correlate", default=True)
        return Learned(**fields, weights=array, bias=bias, correlate=correlate, anchor=self.anchor())

    def refuse(self, key: str, other: str) -> None:
        if key in self.keys:
            place = self.document.where_key(key)
            raise self.document.error(self.document.source, f"'{key}' does not go with {other}", *place)

    def adjusted(self, kernel: Adjustable) -> Adjustable:
        """Return `kernel` with scale, normalise, offset, anchor and correlate applied."""
        if "scale" in self.keys:
            scale = fraction(self.number(self.keys["scale"], "scale"))
            if scale == 0:
                self.fail("scale must not be 0", "scale")
            kernel = kernel.replace(scale=kernel.scale * scale)
        if "normalise" in self.keys:
            if self.keys["normalise"] != "sum" or "scale" in self.keys:
                self.fail("normalise can only be 'sum', and cannot be combined with scale", "normalise")
            if not kernel.sum:
                problem = "the taps sum to 0, so no factor can make their sum 1; leave normalise out, or write scale"
                self.fail(problem, "normalise")
            kernel = rescaled(kernel, "sum")
        if "offset" in self.keys:
            kernel = kernel.replace(offset=self.offset(self.keys["offset"], "offset"))
        if "anchor" in self.keys:
            kernel = kernel.replace(anchor=self.anchor())
        return kernel.slid() if self.switch("correlate", default=False) else kernel

    def switch(self, key: str, default: bool) -> bool:
        value = self.keys.get(key, default)
        if not isinstance(value, bool):
            self.fail(f"{key} must be true or false, not {described(value)}", key)
        return value

    def anchor(self) -> tuple[int, int] | None:
        if "anchor" not in self.keys:
            return None
        value = self.keys["anchor"]
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not all(isinstance(at, int) and not isinstance(at, bool) for at in value)
        ):
            self.fail("anchor must be [row, column], counted from 0", "anchor")
        return value[0], value[1]

    def offset(self, value: object, *path: Step) -> Offset:
        """Return an offset given in sample values, or as ``50%`` of the sample type's full range."""
        try:
            return Offset.read(value)
        except Wrong as wrong:
            self.fail(wrong.problem, *path)
