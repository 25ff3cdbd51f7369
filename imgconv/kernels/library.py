"""Find kernels: by name, as a parametric one, in a file, from stdin, or written inline.

A name is looked up in the folders of the environment variable IMGCONV_KERNELS (separated as in PATH, first come first
served), then in the library that ships with the package, then among the parametric kernels with their defaults. A
user's own kernel therefore wins over a shipped one of the same name; `catalogue` says where each comes from.
"""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgconv.errors import (
    ImgconvError,
    KernelFileError,
    KernelSpecError,
    UnknownKernelError,
    quoted,
    shorten,
    suggestion,
)
from imgconv.kernels import file as kernelfile
from imgconv.kernels import names as kernelnames
from imgconv.kernels import parametric, weightfile
from imgconv.kernels import text as kerneltext
from imgconv.kernels.document import NAME, from_yaml
from imgconv.kernels.file import SUFFIXES
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Learned, Pointwise
from imgconv.system import portable
from imgconv.value import Value
from imgconv.yamlreader import events as yamlfile

VARIABLE = "IMGCONV_KERNELS"
YAML_SUFFIXES = (".yaml", ".yml")
LONGEST_NAME = 80
"""The longest name, in characters, that a computed kernel takes from its spec."""

WORDS = r"[A-Za-z][A-Za-z0-9_ -]{0,63}"
"""A name as written by people who do not know that names have small letters and hyphens."""

INLINE = r"[-+0-9.eE/ \t]*[0-9][-+0-9.eE/ \t]*"


class Entry(Value):
    """One line of the catalogue.

    Attributes:
        name, kind, summary, source: as in the kernel; `kind` is its class.
        form: ``matrix``, ``combined``, ``pointwise``, ``learned`` or ``parametric``.
        size: ``WIDTHxHEIGHT`` of fixed kernels, else empty.
        parameters: of a parametric kernel, each with its default: ``size=3``.
        origin: ``library``, ``parametric``, or the path of a user's own file.
        shadows: whether a user's own kernel hides one of the library of the same name.
        problem: why the file cannot be read; empty if it can.
    """

    name: str
    kind: str = "other"
    summary: str = ""
    source: str = ""
    form: str = ""
    size: str = ""
    parameters: tuple[str, ...] = ()
    origin: str = "library"
    shadows: bool = False
    problem: str = ""


def kernel(spec: str | os.PathLike[str] | ArrayLike | AnyKernel, *, stdin: bytes | None = None) -> AnyKernel:
    """Return the kernel that `spec` describes.

    Args:
        spec: a name (``sobel-x``), a parametric kernel (``gaussian:sigma=2,size=7``), a file (.yaml, .yml, .npy,
            .csv, or a libvips matrix .mat), weights in a file (``net.safetensors:conv1.weight``, .npz), ``-`` for YAML
            from stdin, an inline matrix (``1,2,1;2,4,2;1,2,1 /16``), a matrix of numbers (rows, cols), or a kernel.
        stdin: what ``-`` reads; without it the process's stdin.

    Raises:
        UnknownKernelError: there is no kernel of that name.
        KernelSpecError: the text is not a kernel; a parameter is unknown, missing or of the wrong type.
        ParameterError: a parameter is outside its bounds.
        KernelFileError: the file cannot be read as a kernel.
        KernelValueError: the array is not a matrix of finite numbers.

    >>> kernel("sobel-x").weights.tolist()
    [[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]
    >>> kernel("gaussian:sigma=2").shape
    (17, 17)
    """
    if isinstance(spec, AnyKernel):
        return spec
    if isinstance(spec, os.PathLike):
        return _file(os.fsdecode(spec))
    if not isinstance(spec, str):
        array = _array(spec)
        return Learned(name="array", weights=array) if np.ndim(array) == 4 else Kernel(name="array", weights=array)
    spec = spec.strip()
    if spec == "-":
        return from_yaml(_stdin() if stdin is None else stdin, "stdin", None, _member, "stdin")
    if "." in spec and weightfile.is_spec(spec) and not spec.lower().endswith(".npy"):
        return _weights(spec)
    if spec.lower().endswith(SUFFIXES):
        return _file(spec)
    if NAME.fullmatch(spec.partition(":")[0]) and not spec.isdigit():
        return _by_name(spec)
    if _is_inline(spec):
        return kerneltext.inline(spec)
    if re.fullmatch(WORDS, name := spec.partition(":")[0].strip()):
        raise _unknown(name)
    raise KernelSpecError(spec, _wrong_form(spec))


def names() -> list[str]:
    """Return every name that `kernel` knows, sorted."""
    return sorted({*parametric.names(), *(name for folder in _folders() for name in _listed(folder))})


def catalogue() -> list[Entry]:
    """Describe every kernel, by name: fixed and parametric ones, and the user's own, unreadable ones included.

    A name may stand twice: a parametric kernel beside the fixed one that its bare name means.
    """
    entries: dict[str, Entry] = {}
    shipped = _shipped()
    for name, path in _listed(shipped).items():
        entries[name] = _entry(name, path, "library")
    for folder in reversed(_user_folders()):
        if not os.path.isdir(folder):
            entries[folder] = Entry(folder, origin=folder, problem=_no_folder(folder).problem)
        for name, path in _listed(folder).items():
            entries[name] = _entry(name, path, path, shadows=name in _listed(shipped))
    computed = [_parametric_entry(name) for name in parametric.names()]
    return sorted([*entries.values(), *computed], key=lambda entry: (entry.name, entry.form == "parametric"))


def _by_name(spec: str) -> AnyKernel:
    """Return the kernel of a name, or a parametric one with its parameters."""
    name, colon, parameters = spec.partition(":")
    path = None if colon else _find(name, _folders())
    if path is not None:
        return _stored(path, name)
    generator = parametric.get(name)
    if generator is None:
        if colon and _find(name, _folders()) is not None:
            raise KernelSpecError(spec, f"{quoted(name)} is a fixed kernel and takes no parameters")
        for folder in _user_folders():
            if not os.path.isdir(folder):
                raise _no_folder(folder)
        raise _unknown(name)
    values = _parameters(spec, parameters, generator)
    return generator.from_text(spec, values).replace(name=shorten(spec, LONGEST_NAME) if values else name)


def _unknown(name: str) -> UnknownKernelError:
    """Return the error for an unknown name, with what it means in other tools or what it may be a slip of."""
    word, known_names = kernelnames.written(name), names()
    if word in kernelnames.NO_KERNELS:
        return UnknownKernelError(name, known_names, f"; {word} {kernelnames.NO_KERNELS[word]}")
    specs = (word,) if word in known_names else kernelnames.OTHER_NAMES.get(word, ())
    return UnknownKernelError(name, known_names, suggestion(specs))


def _stored(path: str, name: str) -> AnyKernel:
    """Return the kernel in a file; files of the library, which do not change, are read only once."""
    if os.path.dirname(path) == _shipped():
        return _shipped_kernel(path, name)
    return kernelfile.load(path, _member, name)


@lru_cache(maxsize=128)
def _shipped_kernel(path: str, name: str) -> AnyKernel:
    return kernelfile.load(path, _member, name)


def _parameters(spec: str, text: str, generator: parametric.Parametric) -> dict[str, str]:
    """Split ``name=value,name=value``."""
    values: dict[str, str] = {}
    for part in text.split(",") if text.strip() else ():
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name or not value:
            raise KernelSpecError(spec, f"{quoted(part.strip())} is not name=value; write {generator.signature}")
        if name in values:
            raise KernelSpecError(spec, f"{name} is given twice")
        values[name] = value
    return values


def _member(name: str, folder: str | None) -> AnyKernel:
    """Return a member of a combined kernel: from beside the file that names it, else as any other name.

    A member must not be combined itself, so files cannot refer to each other in a circle.
    """
    if ":" in name and not kernelnames.foreign(name):
        return _by_name(name)
    if not NAME.fullmatch(name):
        problem = kernelnames.foreign(name) or "a member is the name of a kernel or a parametric kernel"
        raise KernelSpecError(name, problem)
    path = _find(name, ([] if folder is None else [folder]) + _folders())
    return kernelfile.load(path, None, name) if path is not None else _by_name(name)


def _file(spec: str) -> AnyKernel:
    suffix = os.path.splitext(spec)[1].lower()
    if suffix not in SUFFIXES:
        raise KernelFileError(spec, kernelnames.foreign(spec) or f"kernel files end in {', '.join(SUFFIXES)}")
    return kernelfile.load(spec, _member)


def _weights(spec: str) -> Kernel | Learned:
    array = weightfile.read(spec)
    name = shorten(os.path.basename(spec))
    if array.ndim not in (2, 4):
        raise KernelFileError(name, f"has shape {array.shape}, not (rows, cols) or (out, in / groups, rows, cols)")
    return Learned(name=name, weights=array) if array.ndim == 4 else Kernel(name=name, weights=array)


def _array(spec: object) -> NDArray[Any]:
    try:
        return np.asarray(spec)
    except (TypeError, ValueError):
        return np.asarray(None)  # which the kernel refuses because it is not a matrix of numbers


def _stdin() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise KernelSpecError("-", "reads YAML from stdin, which is a terminal; pipe a kernel in or name a file")
    return sys.stdin.buffer.read(yamlfile.MAX_BYTES + 1)


def _is_inline(spec: str) -> bool:
    """Tell a matrix from a mistyped path: it has separators, or consists of numbers only."""
    if any(mark in spec for mark in ",;"):
        return spec[0] not in "/~"
    return bool(re.fullmatch(INLINE, spec))


def _wrong_form(spec: str) -> str:
    if not spec:
        return "is empty; 'imgconv kernels list' shows the names"
    if foreign := kernelnames.foreign(spec):
        return foreign
    if len(portable.split(spec)) > 1 or os.path.splitext(spec)[1]:
        return f"kernel files end in {', '.join(SUFFIXES)}"
    return "is neither a name (lower-case letters, digits, hyphens) nor a file nor a matrix such as '1,0,-1;2,0,-2'"


def _folders() -> list[str]:
    return [*_user_folders(), _shipped()]


def _user_folders() -> list[str]:
    return [folder for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]


@lru_cache(maxsize=1)
def _shipped() -> str:
    """Return the folder of the library's YAML files: installed beside this module, or at the top of a checkout."""
    here = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(here, "data")
    return installed if os.path.isdir(installed) else os.path.join(here, os.pardir, os.pardir, "kernels")


def _listed(folder: str) -> dict[str, str]:
    """Return the kernels in a folder by name: its YAML files whose names are kernel names."""
    files = _files(folder)
    split = map(os.path.splitext, sorted(files, reverse=True))  # .yaml wins over .yml
    return {
        stem: os.path.join(folder, stem + suffix)
        for stem, suffix in split
        if suffix in YAML_SUFFIXES and NAME.fullmatch(stem)
    }


def _find(name: str, folders: list[str]) -> str | None:
    """Return the YAML file of that name in the first folder that has one, found by listing, never by opening a path."""
    for folder in folders:
        files = _files(folder)
        for suffix in YAML_SUFFIXES:
            if name + suffix in files:
                return os.path.join(folder, name + suffix)
    return None


def _files(folder: str) -> set[str]:
    try:
        with os.scandir(folder or os.curdir) as entries:
            return {entry.name for entry in entries}
    except OSError:
        return set()


def _no_folder(folder: str) -> KernelFileError:
    return KernelFileError(folder, f"is not a folder, but {VARIABLE} names it")


def _entry(name: str, path: str, origin: str, shadows: bool = False) -> Entry:
    try:
        stored = kernelfile.load(path, _member, name)
    except ImgconvError as error:
        return Entry(name, origin=origin, shadows=shadows, problem=str(error))
    form = {Kernel: "matrix", Combined: "combined", Pointwise: "pointwise", Learned: "learned"}[type(stored)]
    size = "" if isinstance(stored, Pointwise) else f"{stored.shape[1]}x{stored.shape[0]}"
    return Entry(name, stored.kind, stored.summary, stored.source, form, size, (), origin, shadows)


def _parametric_entry(name: str) -> Entry:
    generator = parametric.get(name)
    assert generator is not None
    parameters = tuple(map(str, generator.parameters))
    return Entry(name, generator.kind, generator.summary, generator.source, "parametric", "", parameters, "parametric")
