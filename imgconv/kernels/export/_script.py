"""What the formats that write Python scripts share.

A script holds ``kernel`` (or ``kernels`` to combine, or a ``matrix`` over channels), a function ``apply(image)`` that
does what ``imgconv apply`` does by default (same size, pixels outside the image are those nearest to them, the
kernel's own mapping to samples), and a ``main`` that runs it on files. Texts of the kernel stand in comments only.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

import imgconv
from imgconv.errors import ExportError
from imgconv.kernels.arrays import Matrix
from imgconv.kernels.export._matrix import exact_factors, number, rows_of
from imgconv.kernels.value import AnyKernel, Combined, Kernel, Learned, Offset, Pointwise

INDENT = "    "

COMBINE = {
    "magnitude": "np.sqrt(sum(np.square(part) for part in parts))",
    "max": "np.max(parts, axis=0)",
    "sum": "sum(parts)",
    "angle": "np.degrees(np.arctan2(parts[1], parts[0])) % 360",
}
"""How numpy arrays of the members' results become one."""

PILLOW = """

def main(source, target):
    picture = ImageOps.exif_transpose(Image.open(source))
    # Pillow reads 16-bit colour as 8-bit; to filter it, give apply() an array from another reader.
    if picture.has_transparency_data or picture.mode not in ({modes}):
        sys.exit(f"{{source}}: {words}, not {{picture.mode}}")
{convert}    {save}
"""

RUN = """

if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: python {sys.argv[0]} INPUT OUTPUT")
    main(sys.argv[1], sys.argv[2])
"""


def heading(kernel: AnyKernel, packages: str) -> list[str]:
    """Return the comments and the docstring at the top; `packages` says what the script needs."""
    comments = [f"{kernel.name}: {kernel.summary}" if kernel.summary else kernel.name]
    comments += [f"Source: {kernel.source}"] * bool(kernel.source)
    output = "OUTPUT.npy" if floats(kernel) else "OUTPUT"
    edge = "Every pixel is on its own." if isinstance(kernel, Pointwise) else (
        "The output is as large as the input; pixels outside the image are those nearest to them."
    )  # fmt: skip
    return [
        *(f"# {_line(text)}" for text in comments),
        f'"""Filter an image: python THIS_FILE INPUT {output}',
        "",
        edge,
        _mapping(kernel),
        f"Needs {packages}. Written by imgconv {imgconv.__version__}.",
        '"""',
        "",
    ]


TONES: dict[str, tuple[str, tuple[str, ...]]] = {
    "clip": ("Results outside the sample range are clipped.", ()),
    "abs": (
        "The sign of results is dropped, and what is over the sample range is clipped.",
        ("result = np.abs(result)",),
    ),
    "offset": (
        "Half the sample range is added to results, and what is outside of it is clipped.",
        ('result = result + (0.5 if image.dtype.kind == "f" else (white + 1) / 2)',),
    ),
    "stretch": (
        "The smallest result becomes black and the largest white.",
        (
            "low, high = result.min(), result.max()",
            "result = (result - low) * (white / (high - low) if high > low else 0)",
        ),
    ),
    "float": ("Results are floats and are not clipped.", ()),
}
"""What a script says of every map, and the lines that it has for it."""


def _mapping(kernel: AnyKernel) -> str:
    if _angle(kernel):
        return "The angle, 0 to 360 degrees, fills the sample range."
    return TONES[kernel.map or "clip"][0]


def members(kernel: AnyKernel) -> tuple[Kernel, ...]:
    """Return the kernels as slid."""
    kernels = kernel.of if isinstance(kernel, Combined) else (kernel,)
    return tuple(member.slid() for member in kernels if isinstance(member, Kernel))


def anchors(kernel: Kernel) -> tuple[int, int]:
    """Return the (row, col) of the tap that lies on the output pixel, of a kernel as slid."""
    return kernel.anchor or ((kernel.shape[0] - 1) // 2, (kernel.shape[1] - 1) // 2)


def no_learned(kernel: AnyKernel, format: str) -> None:
    """Refuse learned weights.

    Raises:
        ExportError: `kernel` is learned weights.
    """
    if isinstance(kernel, Learned):
        raise ExportError(kernel.name, format, "it is the learned weights of a layer; export to torch or npy")


def check_channels(kernel: Pointwise, format: str) -> None:
    """Refuse a matrix over channels that pictures do not have.

    Raises:
        ExportError: it does not make 1 or 3 channels from 3.
    """
    outputs, inputs = kernel.matrix.shape
    if inputs != 3 or outputs not in (1, 3):
        pair = f"{outputs} channels from {inputs}"
        problem = f"it makes {pair}, and the script reads RGB and writes grey or RGB; export to yaml"
        raise ExportError(kernel.name, format, problem)


def assignments(kernel: AnyKernel, kernels: Iterable[Kernel], array: str, dtype: str) -> list[str]:
    """Return the lines that define ``kernel``, or ``kernels`` for a combined one.

    Args:
        kernel: what is exported.
        kernels: its members, turned as the library wants them.
        array: the function that makes an array of lists.
        dtype: the type of its numbers.
    """
    literals = [literal(member_kernel, array, dtype) for member_kernel in kernels]
    if not isinstance(kernel, Combined):
        return f"kernel = {literals[0]}".splitlines()
    lines = ["kernels = ["]
    for member, text in zip(kernel.of, literals, strict=True):
        lines += [f"{INDENT}# {_line(member.name)}", *(INDENT + line for line in f"{text},".splitlines())]
    return [*lines, "]"]


def literal(kernel: Kernel, array: str, dtype: str) -> str:
    """Return an expression for the taps of a kernel, with a line for each row."""
    parts = exact_factors(kernel)
    scale = kernel.scale
    plain = max(abs(scale.numerator), scale.denominator) < 2**53
    if parts and plain:
        outer = "torch.outer" if array.startswith("torch") else "np.outer"
        column, row = (f"{array}([{', '.join(map(number, axis))}], dtype={dtype})" for axis in parts)
        return f"{outer}(\n{INDENT}{column},\n{INDENT}{row},\n)" + _times(scale)
    text = matrix_literal(kernel.weights if plain else kernel.taps, array, dtype)
    return text + _times(scale if plain else Fraction(1))


def matrix_literal(values: Matrix, array: str, dtype: str) -> str:
    """Return an expression for a matrix, with a line for each row."""
    rows = "\n".join(f"{INDENT}[{row}]," for row in rows_of(values + 0.0, ", "))
    return f"{array}([\n{rows}\n], dtype={dtype})"


def _times(scale: Fraction) -> str:
    text = f" * {scale.numerator}" if scale.numerator != 1 else ""
    return text + (f" / {scale.denominator}" if scale.denominator != 1 else "")


def offset_term(offset: Offset) -> str:
    """Return what is added to a result, as the end of an expression that knows ``white``."""
    text = f" + {number(offset.value)}" if offset.value else ""
    return text + (f" + {number(offset.share)} * white" if offset.share else "")


def needs_white(kernel: AnyKernel) -> bool:
    """Whether an offset depends on the sample type."""
    offsets = kernel.bias if isinstance(kernel, Pointwise) else [member.offset for member in members(kernel)]
    return any(offset.share for offset in offsets)


def combined(kernel: Combined, call: str) -> list[str]:
    """Return the lines that compute ``result``; `call` is the expression for one member, which is called ``kernel``."""
    terms = [offset_term(member.offset) for member in kernel.of]
    if not any(terms):
        parts = f"parts = [{call} for kernel in kernels]"
    else:
        offsets = ", ".join(term.removeprefix(" + ") or "0" for term in terms)
        parts = f"parts = [{call} + offset for kernel, offset in zip(kernels, [{offsets}])]"
    return [parts, f"result = {COMBINE[kernel.combine]}"]


def apply_function(kernel: AnyKernel, body: list[str], channels: str = "(rows, cols) or (rows, cols, channels)") -> str:
    """Return the function ``apply``; `body` computes ``result`` from ``image``, a numpy array."""
    lines = [
        "def apply(image):",
        f'    """Filter an array of {channels}: uint8, uint16, or floats whose white is 1."""',
        '    white = 1 if image.dtype.kind == "f" else np.iinfo(image.dtype).max',
        *(INDENT + line for line in body),
        *(INDENT + line for line in _tone(kernel)),
        "",
    ]
    return "\n".join(lines)


def _tone(kernel: AnyKernel) -> list[str]:
    if floats(kernel):
        return ["return result"]
    lines = ("result = result * (white / 360)",) if _angle(kernel) else TONES[kernel.map or "clip"][1]
    return [
        *lines,
        'if image.dtype.kind == "f":',
        f"{INDENT}return result",
        "return np.clip(np.floor(result + 0.5), 0, white).astype(image.dtype)",
    ]


def _angle(kernel: AnyKernel) -> bool:
    return isinstance(kernel, Combined) and kernel.combine == "angle" and kernel.map != "float"


def floats(kernel: AnyKernel) -> bool:
    """Whether the script writes an array of floats, because no picture can hold the results."""
    return kernel.map == "float" or (isinstance(kernel, Learned) and len(kernel.weights) not in (1, 3))


def pillow_main(kernel: AnyKernel, colour: bool) -> str:
    """Return a ``main`` that reads and writes with Pillow; `colour` turns grey into RGB first."""
    modes = '"L", "RGB", "P"' + ', "I;16"' * (not colour)
    words = f"make it 8-bit RGB{'' if colour else ', or grey of 8 or 16 bits,'} without alpha first"
    convert = f'{INDENT}picture = picture.convert("RGB")\n'
    if not colour:
        convert = f'{INDENT}if picture.mode == "P":\n{INDENT}{convert}'
    result = "apply(np.asarray(picture))"
    save = f"np.save(target, {result})" if floats(kernel) else f"Image.fromarray({result}).save(target)"
    return PILLOW.format(modes=modes, words=words, convert=convert, save=save) + RUN


def pointwise_lines(kernel: Pointwise, product: str) -> list[str]:
    """Return the lines that compute ``result`` from `product`, the expression for the matrix times the channels."""
    lines = [f"result = {product}"]
    if any(kernel.bias):
        terms = [offset_term(offset).removeprefix(" + ") or "0" for offset in kernel.bias]
        lines.append(f"result = result + [{', '.join(terms)}]")
    if len(kernel.matrix) == 1:
        lines.append("result = result[:, :, 0]")
    return lines


def _line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def turned(kernels: Iterable[Kernel]) -> bool:
    """Whether turning by 180 degrees changed a kernel, so that a comment must say it."""
    return any(not np.array_equal(kernel.weights, kernel.weights[::-1, ::-1]) for kernel in kernels)
