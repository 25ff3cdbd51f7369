"""What a form of export is: the contract of every module in this folder, and of other packages' modules.

A module has a constant ``SUMMARY``, which says in a line what is written, and a function ``export(kernel)``, which
returns text, or bytes if the format is binary. The kernel is as written, not as slid; `Kernel.slid` turns it. A kernel
that the format cannot hold in full is refused with an `imgconv.errors.ExportError`, so nothing is dropped silently.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imgconv.errors import ExportError
from imgconv.registry import declared, function
from imgconv.value import Value

if TYPE_CHECKING:
    from imgconv.kernels.value import AnyKernel


class Export(Value):
    """A form of export.

    Attributes:
        name: what it is called.
        summary: what is written, in a line.
        write: turns a kernel into text or bytes.
    """

    name: str
    summary: str
    write: Callable[[AnyKernel], str | bytes]

    @classmethod
    def of(cls, name: str, module: Any) -> Export:
        """Return the form of export that a module is.

        Raises:
            Broken: it does not keep the contract.
        """
        return cls(name, declared(module, "SUMMARY", str), function(module, "export"))

    def export(self, kernel: AnyKernel) -> str | bytes:
        """Return `kernel` in this form: text, or bytes if the format is binary.

        Raises:
            ExportError: the format cannot hold it.
        """
        contents: object = self.write(kernel)
        if isinstance(contents, (str, bytes)):
            return contents
        raise ExportError(
            kernel.name, self.name, f"it returned an object of type {type(contents).__name__}, neither text nor bytes"
        )
