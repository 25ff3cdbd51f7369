"""The text matrices of libvips: ``width height scale offset`` and then a line per row (vips_matrixload)."""

from __future__ import annotations

import numpy as np

from imgconv.errors import ExportError
from imgconv.kernels.export._matrix import centred, number, single
from imgconv.kernels.value import AnyKernel

SUMMARY = "a libvips matrix, for 'vips conv'"


def export(kernel: AnyKernel) -> str:
    """Return the mask as slid, because ``vips conv`` correlates: sum(mask * pixels) / scale + offset.

    libvips lays the tap at (height // 2, width // 2) on the pixel; zeros around the mask put the anchor there.

    Raises:
        ExportError: it is not a single matrix, or its offset depends on the sample type.
    """
    matrix = single(kernel, "vips")
    if matrix.offset.share:
        problem = f"its offset is {matrix.offset} of the sample range, and libvips counts in samples; export to yaml"
        raise ExportError(matrix.name, "vips", problem)
    mask = centred(matrix.slid(), "before")
    weights = mask.weights * mask.scale.numerator + np.float64(0)
    rows, cols = mask.shape
    lines = [f"{cols} {rows} {mask.scale.denominator} {number(matrix.offset.value)}"]
    lines += [" ".join(map(number, row)) for row in weights.tolist()]
    return "\n".join(lines) + "\n"
