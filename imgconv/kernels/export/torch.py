"""A Python script that filters with torch.nn.functional.conv2d; its function ``convolve`` takes and gives tensors."""

from __future__ import annotations

from imgconv.errors import ExportError
from imgconv.kernels.export import _script as script
from imgconv.kernels.export._matrix import number
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Learned, Pointwise

SUMMARY = "a Python script that filters with torch"

MOST_WEIGHTS = 1 << 14
"""Learned weights beyond this many numbers belong in a .npy file."""

COMBINE = {
    "magnitude": "parts.square().sum(1).sqrt()",
    "max": "parts.amax(1)",
    "sum": "parts.sum(1)",
    "angle": "torch.rad2deg(torch.atan2(parts[:, 1], parts[:, 0])) % 360",
}

CONVOLVE = '''
def convolve(x{white}):
    """Return the results for a batch of floats, (batch, channels, rows, cols)."""
'''


def export(kernel: AnyKernel) -> str:
    """Return the script.

    Raises:
        ExportError: it has too many learned weights, or is a matrix over channels that pictures do not have.
    """
    colour = isinstance(kernel, Pointwise) or (isinstance(kernel, Learned) and kernel.weights.shape[1] == 3)
    match kernel:
        case Pointwise():
            script.check_channels(kernel, "torch")
            weights, steps = _channels(kernel)
        case Learned():
            weights, steps = _learned(kernel)
        case _:
            weights, steps = _taps(kernel)
    imports = ["import sys", "", "import numpy as np", "import torch"]
    imports += ["from PIL import Image, ImageOps"]
    imports += [] if isinstance(kernel, Pointwise) else ["from torch.nn import functional as F"]
    white = ", white" if script.needs_white(kernel) else ""
    convolve = CONVOLVE.format(white=white) + "".join(f"{script.INDENT}{step}\n" for step in steps)
    body = [
        "planes = image.reshape(*image.shape[:2], -1).astype(np.float64)",
        f"results = convolve(torch.from_numpy(planes).permute(2, 0, 1)[None]{white})",
        "result = results[0].permute(1, 2, 0).numpy()",
        *_shape(kernel),
    ]
    channels = "(rows, cols, 3)" if colour else "(rows, cols) or (rows, cols, channels)"
    parts = [*script.heading(kernel, "numpy, pillow and torch"), *imports, "", *weights, "", convolve, ""]
    return "\n".join([*parts, script.apply_function(kernel, body, channels)]) + script.pillow_main(kernel, colour)


def _shape(kernel: AnyKernel) -> list[str]:
    if isinstance(kernel, (Kernel, Combined)):
        return ["result = result.reshape(image.shape)"]
    output_channels = len(kernel.matrix if isinstance(kernel, Pointwise) else kernel.weights)
    return ["result = result[:, :, 0]"] if output_channels == 1 else []


def _pad(shape: tuple[int, int], at: tuple[int, int]) -> str:
    sides = (at[1], shape[1] - 1 - at[1], at[0], shape[0] - 1 - at[0])
    return f'F.pad(x, {sides}, mode="replicate")'


def _taps(kernel: AnyKernel) -> tuple[list[str], list[str]]:
    kernels = script.members(kernel)
    note = ["# conv2d does not turn kernels, so they are turned by 180 degrees here; that makes it a convolution."]
    weights = note if script.turned(kernels) else []
    weights += script.assignments(kernel, kernels, "torch.tensor", "torch.float64")
    steps = [
        "batch, channels, rows, cols = x.shape",
        "x = x.reshape(batch * channels, 1, rows, cols)",
        f"x = {_pad(kernels[0].shape, script.anchors(kernels[0]))}",
    ]
    stacked = "torch.stack(kernels)[:, None]" if isinstance(kernel, Combined) else "kernel[None, None]"
    steps.append(f"parts = F.conv2d(x, {stacked}.to(x))")
    terms = [script.offset_term(member.offset) for member in kernels]
    if isinstance(kernel, Combined):
        if any(terms):
            offsets = ", ".join(term.removeprefix(" + ") or "0" for term in terms)
            steps.append(f"parts = parts + torch.tensor([{offsets}]).to(x)[:, None, None]")
        steps.append(f"parts = {COMBINE[kernel.combine]}")
    elif terms[0]:
        steps.append(f"parts = parts{terms[0]}")
    return weights, [*steps, "return parts.reshape(batch, channels, rows, cols)"]


def _channels(kernel: Pointwise) -> tuple[list[str], list[str]]:
    matrix = script.matrix_literal(kernel.matrix, "torch.tensor", "torch.float64")
    steps = ['result = torch.einsum("oi,nirc->norc", matrix.to(x), x)']
    if any(kernel.bias):
        terms = ", ".join(script.offset_term(offset).removeprefix(" + ") or "0" for offset in kernel.bias)
        steps.append(f"result = result + torch.tensor([{terms}]).to(x)[:, None, None]")
    note = "# A row for every output channel, a column for every input channel."
    return [note, *f"matrix = {matrix}".splitlines()], [*steps, "return result"]


def _learned(kernel: Learned) -> tuple[list[str], list[str]]:
    slid = kernel.slid()
    if slid.weights.size > MOST_WEIGHTS:
        problem = f"{slid.weights.size} weights are too many for a script; export to npy"
        raise ExportError(kernel.name, "torch", problem)
    rows, cols = slid.shape
    numbers = ", ".join(map(number, slid.weights.ravel().tolist()))
    weights = [f"kernel = torch.tensor([{numbers}], dtype=torch.float64).reshape{slid.weights.shape}"]
    bias = f", torch.tensor([{', '.join(map(number, slid.bias))}]).to(x)" if slid.bias else ""
    steps = [
        f"groups = x.shape[1] // {slid.weights.shape[1]}",
        f"x = {_pad(slid.shape, slid.anchor or ((rows - 1) // 2, (cols - 1) // 2))}",
        f"return F.conv2d(x, kernel.to(x){bias or ', None'}, groups=groups)",
    ]
    return weights, steps
