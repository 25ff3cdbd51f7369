"""Read kernels from plain matrices: .npy, .csv, and libvips's .mat."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import KernelFileError, shorten
from imgconv.kerneltext import Number, fields, fraction, number, over_one_divisor
from imgconv.kernelvalue import Kernel, Learned, Offset

MAX_TEXT = 1 << 25
"""The longest .csv or .mat that is read, in bytes."""

MAX_TAPS = 1 << 26
"""The most numbers in a .npy file: four dimensions of them are the weights of a CNN layer."""


def read_npy(path: str, axes: tuple[int, ...] = (2, 4)) -> NDArray[Any]:
    """Read an array of numbers from a .npy file; nothing in it is run, and its size is checked before it is read.

    Args:
        path: the file.
        axes: how many the array may have.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = np.lib.format.open_memmap(path, mode="r")
    except OSError as error:
        raise KernelFileError(path, _reason(error)) from None
    except Exception:  # a broken header raises whatever Python's own tokenizer and parser do
        raise KernelFileError(path, "is not a .npy file of plain numbers") from None
    if array.ndim not in axes or array.size > MAX_TAPS:
        hint = ", and one of three axes goes with --volume" * (array.ndim == 3)
        raise KernelFileError(path, f"holds an array of shape {array.shape}; a kernel has rows and columns{hint}")
    return np.array(array)


def npy(path: str) -> Kernel | Learned:
    """Read a matrix of numbers (rows, cols), taken as written, or learned weights (out, in / groups, rows, cols)."""
    array = read_npy(path)
    if array.ndim == 4:
        return Learned(name=_name(path), weights=array)
    return Kernel(name=_name(path), weights=array)


def csv(path: str) -> Kernel:
    """Read a line per row, numbers separated by commas, semicolons, tabs or blanks, taken as written."""
    rows = [_row(path, at, line) for at, line in _lines(path)]
    if not rows:
        raise KernelFileError(path, "is empty")
    _check_rows(path, rows)
    weights, scale = over_one_divisor([taps for _, taps in rows])
    return Kernel(name=_name(path), weights=np.array(weights), scale=scale)


def mat(path: str) -> Kernel:
    """Read a libvips matrix, rotated by 180 degrees into a convolution kernel.

    It is written as ``width height [scale [offset]]`` and then a line per row. ``vips conv`` lays the mask on the
    picture as written and computes sum(mask * pixels) / scale + offset (libvips, vips_matrixload and vips_conv), so
    the rotated one gives, when convolved, what vips gives.
    """
    rows = [_row(path, at, line) for at, line in _lines(path)]
    if not rows:
        raise KernelFileError(path, "is empty")
    line, header = rows.pop(0)
    if not 2 <= len(header) <= 4 or not all(isinstance(size, int) and size > 0 for size in header[:2]):
        raise KernelFileError(path, "the first line must be 'width height [scale [offset]]'", line)
    scale = header[2] if len(header) > 2 else 1
    offset = header[3] if len(header) > 3 else 0
    if scale == 0:
        raise KernelFileError(path, "the scale is 0, but results are divided by it", line)
    width, height = header[:2]
    if len(rows) != height or any(len(taps) != width for _, taps in rows):
        wrong = next((at for at, taps in rows if len(taps) != width), line)
        found = f"the number of rows is {len(rows)}" if len(rows) != height else "a row has another length"
        raise KernelFileError(path, f"the header says {width}x{height} taps, but {found}", wrong)
    weights, factor = over_one_divisor([taps for _, taps in rows])
    kernel = Kernel(
        name=_name(path),
        weights=np.array(weights),
        scale=factor / fraction(scale),
        offset=Offset(value=float(offset)),
        anchor=None if width % 2 and height % 2 else (int(height) // 2, int(width) // 2),
    )
    return kernel.slid()


def _name(path: str) -> str:
    return shorten(os.path.splitext(os.path.basename(path))[0])


def _lines(path: str) -> list[tuple[int, str]]:
    """Return the lines that hold something, with their numbers; ``#`` begins a comment."""
    try:
        text = read(path, MAX_TEXT).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise KernelFileError(path, "is not UTF-8 text") from None
    if len(text) > MAX_TEXT:
        raise KernelFileError(path, f"is larger than {MAX_TEXT >> 20} MB")
    lines = ((at, line.split("#", 1)[0].rstrip()) for at, line in enumerate(text.splitlines(), 1))
    return [(at, line) for at, line in lines if line.strip()]


def _row(path: str, line: int, text: str) -> tuple[int, list[Number]]:
    taps: list[Number] = []
    for column, field in fields(text):
        try:
            taps.append(number(field))
        except ValueError as problem:
            raise KernelFileError(path, str(problem), line, column) from None
    return line, taps


def _check_rows(path: str, rows: list[tuple[int, list[Number]]]) -> None:
    width = len(rows[0][1])
    for line, taps in rows:
        if len(taps) != width:
            raise KernelFileError(path, f"this row has length {len(taps)}, but the first has length {width}", line)


def read(path: str, most: int) -> bytes:
    """Return the first `most` bytes of a file and one more, which tells that there are more."""
    try:
        with open(path, "rb") as file:
            return file.read(most + 1)
    except (OSError, ValueError) as error:
        raise KernelFileError(shorten(path), _reason(error)) from None


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "is a folder, not a kernel file"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror.lower()}"
    return "cannot be read"
