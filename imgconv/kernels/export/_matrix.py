"""What the formats of a single matrix share: which kernels they take, and how numbers are written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import ExportError
from imgconv.kernels.arrays import Matrix
from imgconv.kernels.export._facts import factors
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Learned

MANY = 25
"""A kernel of rank 1 with more taps than this is written as a column and a row where that is exact."""


def single(kernel: AnyKernel, format: str) -> Kernel:
    """Return `kernel` if it is one matrix of taps.

    Raises:
        ExportError: it is not one; the message names the members or another format.
    """
    if isinstance(kernel, Kernel):
        return kernel
    if isinstance(kernel, Combined):
        names = [member.name for member in kernel.of]
        members = f"{', '.join(names[:-1])} and {names[-1]}"
        problem = f"it is the {kernel.combine} of {members}; export those, or this kernel to opencv, scipy or torch"
    elif isinstance(kernel, Learned):
        problem = "it is the learned weights of a layer, not one matrix of taps; export to npy or torch"
    else:
        problem = "it is a matrix over channels, not over taps; export to yaml, opencv, scipy or torch"
    raise ExportError(kernel.name, format, problem)


def without_offset(kernel: Kernel, format: str) -> Kernel:
    """Return `kernel` if nothing is added to its results.

    Raises:
        ExportError: it has an offset.
    """
    if kernel.offset:
        problem = f"the format has no place for its offset of {kernel.offset}; export to yaml, opencv, scipy or torch"
        raise ExportError(kernel.name, format, problem)
    return kernel


def centred(kernel: Kernel, longer: str) -> Kernel:
    """Return `kernel` padded with zeros where needed, so that the anchor is in the middle.

    Args:
        kernel: as slid.
        longer: the side of the anchor that may have one tap more, which happens where sizes are even:
            ``after`` as here, ``before`` as in libvips.
    """
    pads = []
    for size, at in zip(kernel.shape, kernel.anchor or _middle(kernel), strict=True):
        more = (size - 1 - at) - at
        allowed = (0, 1) if longer == "after" else (0, -1)
        pads.append((0, 0) if more in allowed else (max(more, 0), max(-more, 0)))
    return kernel.replace(weights=np.pad(kernel.weights, pads), anchor=None)


def _middle(kernel: Kernel) -> tuple[int, int]:
    return (kernel.shape[0] - 1) // 2, (kernel.shape[1] - 1) // 2


def number(value: float) -> str:
    """Write a number with the fewest digits that read back exactly."""
    value = float(value)
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


def rows_of(values: NDArray[np.float64], gap: str) -> list[str]:
    """Write the rows of a matrix, numbers aligned and separated by `gap`.

    >>> rows_of(np.array([[1.0, 0.5], [-3.0, 10.0]]), ", ")
    [' 1, 0.5', '-3,  10']
    """
    cells = [[number(value) for value in row] for row in values]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [gap.join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]


def exact_factors(kernel: Kernel) -> tuple[Matrix, Matrix] | None:
    """Return (column, row) of a kernel of many taps if their product gives its weights bit for bit."""
    if kernel.weights.size <= MANY or not kernel.integral:
        return None
    parts = factors(kernel)
    return parts if parts and np.array_equal(np.outer(*parts), kernel.weights) else None
