"""A Python script that filters with scipy.ndimage.convolve (or numpy for a matrix over channels)."""

from __future__ import annotations

from imgconv.kernels.export import _script as script
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Pointwise

SUMMARY = "a Python script that filters with scipy.ndimage"


def export(kernel: AnyKernel) -> str:
    """Return the script; scipy.ndimage.convolve turns kernels itself, so they are as written.

    Raises:
        ExportError: it is learned weights, or a matrix over channels that pictures do not have.
    """
    script.no_learned(kernel, "scipy")
    colour = isinstance(kernel, Pointwise)
    imports = ["import sys", "", "import numpy as np", "from PIL import Image, ImageOps"]
    if isinstance(kernel, Pointwise):
        script.check_channels(kernel, "scipy")
        middle = _channels(kernel)
        packages = "numpy and pillow"
    else:
        imports.append("from scipy import ndimage")
        middle = _taps(kernel)
        packages = "numpy, pillow and scipy"
    return "\n".join([*script.heading(kernel, packages), *imports, "", *middle]) + script.pillow_main(kernel, colour)


def _taps(kernel: AnyKernel) -> list[str]:
    slid = script.members(kernel)
    lines = script.assignments(kernel, [member.slid() for member in slid], "np.array", "np.float64")
    call = f'ndimage.convolve(planes, kernel[:, :, None], mode="nearest"{_origin(slid[0])})'
    body = ["planes = image.reshape(*image.shape[:2], -1).astype(np.float64)", *_results(kernel, call)]
    return [*lines, "", "", script.apply_function(kernel, [*body, "result = result.reshape(image.shape)"])]


def _results(kernel: AnyKernel, call: str) -> list[str]:
    if isinstance(kernel, Combined):
        return script.combined(kernel, call)
    assert isinstance(kernel, Kernel)
    return [f"result = {call}{script.offset_term(kernel.offset)}"]


def _origin(slid: Kernel) -> str:
    """Return scipy's word for an anchor: it counts from the middle, the other way round, and turns even sizes."""
    pairs = zip(slid.shape, script.anchors(slid), strict=True)
    origins = [size // 2 - at - (size % 2 == 0) for size, at in pairs]
    return f", origin=({origins[0]}, {origins[1]}, 0)" if any(origins) else ""


def _channels(kernel: Pointwise) -> list[str]:
    matrix = script.matrix_literal(kernel.matrix, "np.array", "np.float64")
    body = script.pointwise_lines(kernel, "image.astype(np.float64) @ matrix.T")
    return [
        "# A row for every output channel, a column for every input channel.",
        *f"matrix = {matrix}".splitlines(),
        "",
        "",
        script.apply_function(kernel, body, "(rows, cols, 3)"),
    ]
