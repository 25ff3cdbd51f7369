"""ImageMagick's options for one filter, in one line to paste between the input and the output of ``magick``.

``-morphology Convolve`` turns the kernel by 180 degrees as imgconv does, divides by nothing, and takes the origin as
``WxH+COLUMN+ROW`` of the kernel as written (``-convolve`` would divide by the sum). Its border is the nearest pixel
unless ``-virtual-pixel`` says another.
"""

from __future__ import annotations

import numpy as np

from imgconv.errors import ExportError
from imgconv.kernels.export._facts import centre
from imgconv.kernels.export._matrix import number
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Learned, Offset, Pointwise

SUMMARY = "options to paste: -morphology Convolve 'WxH+X+Y:...'"


def export(kernel: AnyKernel) -> str:
    """Return the options.

    Raises:
        ExportError: ImageMagick cannot combine the members without clipping them first, or has no such operation.
    """
    match kernel:
        case Kernel():
            return f"{_scale(kernel)}{_bias(kernel)}-morphology Convolve '{_kernel(kernel)}'\n"
        case Combined():
            return _strongest(kernel)
        case Pointwise():
            return _channels(kernel)
        case Learned():
            raise ExportError(
                kernel.name, "imagemagick", "ImageMagick has no layers of learned weights; export to npy or torch"
            )


def _kernel(kernel: Kernel, scaled: bool = False) -> str:
    row, col = centre(kernel)
    weights = kernel.taps if scaled else kernel.weights
    rows = [",".join(map(number, line)) for line in (weights + 0.0).tolist()]
    return f"{kernel.shape[1]}x{kernel.shape[0]}+{col}+{row}: {' '.join(rows)}"


def _scale(kernel: Kernel) -> str:
    return "" if kernel.scale == 1 else f"-define convolve:scale={float(kernel.scale)!r} "


def _bias(kernel: Kernel) -> str:
    """ImageMagick's offset in per cent of the range; a value in samples would depend on how ImageMagick was built."""
    if not kernel.offset:
        return ""
    if kernel.offset.value:
        problem = f"its offset of {kernel.offset} is in samples, and ImageMagick's in per cent; export to yaml"
        raise ExportError(kernel.name, "imagemagick", problem)
    return f"-define convolve:bias={number(kernel.offset.share * 100)}% "


def _strongest(kernel: Combined) -> str:
    """The largest of the clipped results is the largest result clipped, so only this rule works in clipped samples."""
    names = [member.name for member in kernel.of]
    if kernel.combine != "max" or any(member.offset for member in kernel.of):
        problem = (
            f"ImageMagick clips {', '.join(names[:-1])} and {names[-1]} before it can take their {kernel.combine}; "
            "export to opencv, scipy or torch"
        )
        raise ExportError(kernel.name, "imagemagick", problem)
    members = "; ".join(_kernel(member, scaled=True) for member in kernel.of)
    return f"-define morphology:compose=Lighten -morphology Convolve '{members}'\n"


def _channels(kernel: Pointwise) -> str:
    outputs, inputs = kernel.matrix.shape
    biases = kernel.bias or (Offset(),) * outputs
    if inputs != 3 or outputs not in (1, 3) or any(bias.value for bias in biases):
        problem = "-color-matrix makes 1 or 3 channels from 3, with a bias in per cent; export to yaml"
        raise ExportError(kernel.name, "imagemagick", problem)
    # The columns are red, green, blue, black, alpha and a constant.
    columns = [*kernel.matrix.T, np.zeros(outputs), np.zeros(outputs), np.array([bias.share for bias in biases])]
    rows = [",".join(map(number, line)) for line in zip(*columns, strict=True)]
    separate = " -channel R -separate +channel" if outputs == 1 else ""
    return f"-color-matrix '6x{outputs}: {' '.join(rows)}'{separate}\n"
