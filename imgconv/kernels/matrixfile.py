"""Read kernels from plain matrices: .npy, .csv, and the .mat of libvips."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import numpy as np

from imgconv.errors import KernelFileError, shorten
from imgconv.kernels import arrayfile
from imgconv.kernels.arrays import MAX_SIDE
from imgconv.kernels.text import over_one_divisor
from imgconv.kernels.value import Kernel, Learned, Offset
from imgconv.system.smallfile import read
from imgconv.words import numbers as numbertext
from imgconv.words.numbers import Number, TableError, fraction

MAX_TEXT = 1 << 25
"""The longest .csv or .mat that is read, in bytes."""

_MARKS_1252 = bytes.maketrans(b"\xa0\x92\xb4\x96\x97", b"\x00\x01\x02\x03\x04")
_SEPARATOR = r'"?sep=(.)"?'


def npy(path: str) -> Kernel | Learned:
    """Read a matrix of numbers (rows, cols), taken as written, or learned weights (out, in / groups, rows, cols)."""
    array = arrayfile.read_npy(path, (2, 4))
    if array.ndim == 4:
        return Learned(name=_name(path), weights=array)
    return Kernel(name=_name(path), weights=array)


def csv(path: str) -> Kernel:
    """Read a line per row as spreadsheets and people write them, taken as written; see `imgconv.words.numbers`."""
    lines = _lines(path)
    separator = ""
    first = next((at for at, line in enumerate(lines) if line.strip()), None)
    if first is not None and (declaration := re.fullmatch(_SEPARATOR, lines[first].strip(" "), re.IGNORECASE)):
        separator, lines[first] = declaration[1], ""
    rows, at, _ = _table(path, lines, separator)
    if not rows:
        raise KernelFileError(path, "is empty")
    for line, taps in zip(at, rows, strict=True):
        if len(taps) != len(rows[0]):
            problem = f"this row has length {len(taps)}, but the first has length {len(rows[0])}"
            raise KernelFileError(path, problem, line)
    weights, scale = over_one_divisor(rows)
    return Kernel(name=_name(path), weights=np.array(weights), scale=scale)


def mat(path: str) -> Kernel:
    """Read a libvips matrix, rotated by 180 degrees into a convolution kernel.

    It is written as ``width height [scale [offset]]`` and then a line per row. ``vips conv`` lays the mask on the
    picture as written and computes sum(mask * pixels) / scale + offset (libvips, vips_matrixload and vips_conv), so
    the rotated one gives, when convolved, what vips gives.
    """
    lines = _lines(path)
    at = next((at for at, line in enumerate(lines) if line.strip()), None)
    if at is None:
        raise KernelFileError(path, "is empty")
    first, line = lines[at], at + 1
    lines[at] = ""
    rows, places, decimal = _table(path, lines)
    header = _header(path, first, line, decimal)
    scale = header[2] if len(header) > 2 else 1
    offset = header[3] if len(header) > 3 else 0
    if scale == 0:
        raise KernelFileError(path, "the scale is 0, but results are divided by it", line)
    width, height = header[:2]
    if len(rows) != height or any(len(taps) != width for taps in rows):
        wrong_line = next((place for place, taps in zip(places, rows, strict=True) if len(taps) != width), line)
        difference = f"the number of rows is {len(rows)}" if len(rows) != height else "a row has another length"
        raise KernelFileError(path, f"the header says {width}x{height} taps, but {difference}", wrong_line)
    weights, factor = over_one_divisor(rows)
    kernel = Kernel(
        name=_name(path),
        weights=np.array(weights),
        scale=factor / fraction(scale),
        offset=Offset(value=float(offset)),
        anchor=None if width % 2 and height % 2 else (int(height) // 2, int(width) // 2),
    )
    return kernel.slid()


def _header(path: str, text: str, line: int, decimal: str) -> list[Number]:
    """Return the numbers of a libvips matrix's first line, which uses the table's mark before decimals."""
    words = re.split(r"[;\s]+" if decimal == "," else r"[,;\s]+", text.strip())
    try:
        header = [numbertext.number(word) for word in words]
    except ValueError:
        header = []
    sizes = header[:2]
    if not 2 <= len(header) <= 4 or not all(isinstance(size, int) and 0 < size <= MAX_SIDE for size in sizes):
        raise KernelFileError(path, "the first line must be 'width height [scale [offset]]'", line)
    return header


def _name(path: str) -> str:
    return shorten(os.path.splitext(os.path.basename(path))[0])


def _lines(path: str) -> list[str]:
    """Return all lines of a text file, blank ones too, so that line numbers hold; comments (``#``) are cut off."""
    data = read(path, MAX_TEXT)
    if len(data) > MAX_TEXT:
        raise KernelFileError(path, f"is larger than {MAX_TEXT >> 20} MB")
    if data.startswith((b"MATLAB 5.0 MAT-file", b"\x89HDF\r\n\x1a\n")):
        way = "in MATLAB, writematrix(kernel, 'kernel.csv') writes a file that is read"
        raise KernelFileError(path, f"is a MATLAB file, not a libvips matrix; {way}")
    if b"\0" in data[:512] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise KernelFileError(path, "is not text")
    return [line.split("#", 1)[0].rstrip(" ") for line in re.split(r"\r\n|\r|\n", _decoded(path, data))]


def _decoded(path: str, data: bytes) -> str:
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # Excel's "Unicode text"
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Windows-1252, if only the marks within numbers are not ASCII
        if data.translate(_MARKS_1252).isascii():
            return data.decode("cp1252")
        raise KernelFileError(path, "is not UTF-8 text") from None


def _table(path: str, lines: Sequence[str], separator: str = "") -> numbertext.Table:
    try:
        return numbertext.table(lines, separator=separator)
    except TableError as error:
        problem = str(error)
        if problem.startswith(("is ", "has ", "its ")):
            raise KernelFileError(path, problem, error.row or None) from None
        raise KernelFileError(path, problem, error.row or None, error.column or None) from None
