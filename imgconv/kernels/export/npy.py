"""NumPy's file format: the taps as written, float64."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from imgconv.errors import ExportError
from imgconv.kernels.export._matrix import centred, single, without_offset
from imgconv.kernels.value import AnyKernel, Learned

SUMMARY = "the taps (rows, cols), float64, or learned weights (out, in / groups, rows, cols)"


def export(kernel: AnyKernel) -> bytes:
    """Return the taps as imgconv reads them back; zeros around them put the anchor into the middle.

    Learned weights are written as a correlation mask, to be named by a YAML as ``weights: FILE.npy``.

    Raises:
        ExportError: it is not a single matrix, or has an offset, or learned weights have a bias or an anchor.
    """
    if isinstance(kernel, Learned):
        for field, value in (("bias", kernel.bias), ("anchor", kernel.anchor)):
            if value:
                raise ExportError(kernel.name, "npy", f"the format has no place for its {field}; export to torch")
        array = kernel.slid().weights
    else:
        array = centred(without_offset(single(kernel, "npy"), "npy").slid(), "after").slid().taps
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()
