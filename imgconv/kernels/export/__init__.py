"""Kernels in other tools' formats: one module a format, found by listing this folder.

A format is a module ``export/NAME.py`` that holds `SUMMARY`, a line for the help, and a function ``export(kernel)``
that returns text, or bytes for a binary format. It refuses what the format cannot hold with an `ExportError`:
nothing of a kernel is dropped silently. Modules whose name starts with an underscore are parts of formats.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from imgconv.errors import OptionError, did_you_mean, quoted

if TYPE_CHECKING:
    from imgconv.kernels.value import AnyKernel


class Format(Protocol):
    """A module of this folder."""

    SUMMARY: str

    def export(self, kernel: AnyKernel) -> str | bytes:
        """Return the kernel in this format, or raise ExportError."""


def names() -> list[str]:
    """Return the formats' names in alphabetical order."""
    files = os.listdir(os.path.dirname(__file__))
    return sorted(file.removesuffix(".py") for file in files if file.endswith(".py") and file[0] != "_")


def get(name: str) -> Format:
    """Return the format called `name`.

    Raises:
        OptionError: there is none.
    """
    if name not in names():
        raise OptionError("to", f"{quoted(name)} is none of {'|'.join(names())}{did_you_mean(name, names())}")
    format: Any = import_module(f"imgconv.kernels.export.{name}")
    return format  # type: ignore[no-any-return]


def export(kernel: AnyKernel, to: str) -> bytes:
    r"""Return the contents of a file that holds `kernel` in the format `to`.

    Raises:
        OptionError: there is no such format.
        ExportError: the format cannot hold this kernel.

    >>> from imgconv.kernels.library import kernel
    >>> export(kernel("sobel-x"), "csv")
    b'1,0,-1\n2,0,-2\n1,0,-1\n'
    """
    written = get(to).export(kernel)
    return written.encode() if isinstance(written, str) else written
