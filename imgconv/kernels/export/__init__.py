"""Kernels in other tools' formats, one module for each format.

A module of this folder or of another package keeps the contract of `imgconv.kernels.export.base`. Modules whose names
begin with an underscore are parts of formats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgconv.kernels.export.base import Export
from imgconv.registry import EXPORTS

if TYPE_CHECKING:
    from imgconv.kernels.value import AnyKernel

__all__ = ["Export", "export", "get", "names"]

names = EXPORTS.names


def get(name: str) -> Export:
    """Return the form of export called `name`.

    Raises:
        OptionError: there is no such form.
        PluginError: another package adds it, and it cannot be used.
    """
    return EXPORTS.get(name, Export.of)


def export(kernel: AnyKernel, to: str) -> bytes:
    r"""Return the contents of a file that holds `kernel` in the format `to`.

    Raises:
        OptionError: there is no such format.
        PluginError: another package adds it, and it cannot be used.
        ExportError: the format cannot hold this kernel.

    >>> from imgconv.kernels.library import kernel
    >>> export(kernel("sobel-x"), "csv")
    b'1,0,-1\n2,0,-2\n1,0,-1\n'
    """
    contents = get(to).export(kernel)
    return contents.encode() if isinstance(contents, str) else contents
