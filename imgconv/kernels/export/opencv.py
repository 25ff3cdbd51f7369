"""A Python script that filters with OpenCV's filter2D (or cv2.transform for a matrix over channels)."""

from __future__ import annotations

from imgconv.kernels.export import _script as script
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Pointwise

SUMMARY = "a Python script that filters with cv2"

MAIN = """

def main(source, target):
    stored = cv2.imread(source, cv2.IMREAD_UNCHANGED)
    if stored is None:
        sys.exit(f"{{source}}: cannot be read as an image")
    if stored.ndim == 3 and stored.shape[2] == 4:
        sys.exit(f"{{source}}: has alpha, which this script does not filter")
    image = cv2.imread(source, cv2.IMREAD_ANYDEPTH | cv2.{colour})  # turned upright
    {save}
"""

TURNED = "# filter2D does not turn kernels, so they are turned by 180 degrees here; that makes it a convolution."


def export(kernel: AnyKernel) -> str:
    """Return the script.

    Raises:
        ExportError: it is learned weights, or a matrix over channels that pictures do not have.
    """
    script.no_learned(kernel, "opencv")
    if isinstance(kernel, Pointwise):
        script.check_channels(kernel, "opencv")
        middle = _channels(kernel)
    else:
        middle = _taps(kernel)
    save = "np.save(target, apply(image))" if script.floats(kernel) else (
        'if not cv2.imwrite(target, apply(image)):\n        sys.exit(f"{target}: cannot be written")'
    )  # fmt: skip
    main = MAIN.format(colour="IMREAD_COLOR" if isinstance(kernel, Pointwise) else "IMREAD_ANYCOLOR", save=save)
    head = script.heading(kernel, "numpy and opencv-python")
    return "\n".join([*head, "import sys", "", "import cv2", "import numpy as np", "", *middle]) + main + script.RUN


def _taps(kernel: AnyKernel) -> list[str]:
    kernels = script.members(kernel)
    row, col = script.anchors(kernels[0])
    anchor = "" if (row, col) == tuple(size // 2 for size in kernels[0].shape) else f", anchor=({col}, {row})"
    call = f"cv2.filter2D(pixels, -1, kernel{anchor}, borderType=cv2.BORDER_REPLICATE)"
    body = ["pixels = image.astype(np.float64)", *_results(kernel, call)]
    note = [TURNED] if script.turned(kernels) else []
    lines = script.assignments(kernel, kernels, "np.array", "np.float64")
    return [*note, *lines, "", "", script.apply_function(kernel, body)]


def _results(kernel: AnyKernel, call: str) -> list[str]:
    if isinstance(kernel, Combined):
        return script.combined(kernel, call)
    assert isinstance(kernel, Kernel)
    return [f"result = {call}{script.offset_term(kernel.offset)}"]


def _channels(kernel: Pointwise) -> list[str]:
    """OpenCV's order of channels is blue, green, red."""
    flipped = kernel.replace(matrix=kernel.matrix[::-1, ::-1], bias=kernel.bias[::-1])
    matrix = script.matrix_literal(flipped.matrix, "np.array", "np.float64")
    product = "cv2.transform(image.astype(np.float64), matrix).reshape(*image.shape[:2], -1)"
    body = script.pointwise_lines(flipped, product)
    return [
        "# Rows and columns in OpenCV's order of channels: blue, green, red.",
        *f"matrix = {matrix}".splitlines(),
        "",
        "",
        script.apply_function(kernel, body, "(rows, cols, 3), blue first"),
    ]
