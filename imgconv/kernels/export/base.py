"""What a form of export is: the contract that every module of this folder keeps, and other packages' modules too.

A module has a constant ``SUMMARY``, which says in a line what is written, and a function ``export(kernel)``, which
returns text, or bytes where the format is binary. The kernel is as written, not as slid; `Kernel.slid` turns it. What
the format cannot hold is refused with an `imgconv.errors.ExportError`, so that nothing of a kernel is dropped silently.
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
        write: makes text or bytes of a kernel.
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
        """Return what is written for `kernel`: text, or bytes where the format is binary.

        Raises:
            ExportError: the format cannot hold it.
        """
        written: object = self.write(kernel)
        if isinstance(written, (str, bytes)):
            return written
        raise ExportError(
            kernel.name, self.name, f"an object of type {type(written).__name__} came of it, neither text nor bytes"
        )
