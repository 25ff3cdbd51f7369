"""Comma-separated numbers: the taps as written, a line per row."""

from __future__ import annotations

from imgconv.kernels.export._matrix import centred, number, single, without_offset
from imgconv.kernels.value import AnyKernel

SUMMARY = "the taps, a line per row"


def export(kernel: AnyKernel) -> str:
    """Return the taps as imgconv reads them back; zeros around them put the anchor into the middle.

    Raises:
        ExportError: it is not a single matrix, or has an offset.
    """
    taps = centred(without_offset(single(kernel, "csv"), "csv").slid(), "after").slid().taps
    return "".join(",".join(map(number, row)) + "\n" for row in taps.tolist())
