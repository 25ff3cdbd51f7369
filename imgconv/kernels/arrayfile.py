"""Read arrays of numbers in NumPy's format: the header is checked before memory of that size is taken."""

from __future__ import annotations

import io
import warnings
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import KernelFileError
from imgconv.system.smallfile import open_file

MAX_TAPS = 1 << 26
"""The most numbers in a file: four dimensions of them are the weights of a CNN layer."""

MAX_HEADER = 10_000
"""The longest header of an array, in bytes; NumPy does not read longer ones either."""

_LENGTH_BYTES = {1: 2, 2: 4, 3: 4}
"""By the format's version, how many bytes say how long the header is (NumPy, numpy.lib.format)."""


class NotAnArrayError(Exception):
    """The data is not an array of plain numbers in NumPy's format."""


def read_npy(path: str, axes: tuple[int, ...] | None = None) -> NDArray[Any]:
    """Read an array of numbers from a .npy file; nothing in it is run, and its size is checked before it is read.

    Args:
        path: the file.
        axes: the numbers of axes that the array may have; None for any.

    Raises:
        KernelFileError: there is no such array.
    """
    with open_file(path) as file:
        try:
            shape, dtype = header(file)
            size = check(path, shape, dtype)
            if axes is not None and len(shape) not in axes:
                hint = "; an array of three axes needs --volume" * (len(shape) == 3)
                raise KernelFileError(path, f"holds an array of shape {shape}; a kernel has rows and columns{hint}")
            if size > file.seek(0, io.SEEK_END):
                raise NotAnArrayError
            file.seek(0)
            return body(file)
        except (NotAnArrayError, OSError):
            raise KernelFileError(path, "is not a .npy file of plain numbers") from None


def header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read an array's header and return its shape and type.

    Raises:
        NotAnArrayError: there is none.
    """
    start = file.read(8)
    length_bytes = _LENGTH_BYTES.get(start[6], 0) if start[:6] == b"\x93NUMPY" and len(start) == 8 else 0
    field = file.read(length_bytes)
    if not length_bytes or (length := int.from_bytes(field, "little")) > MAX_HEADER:
        raise NotAnArrayError
    text = io.BytesIO(field + file.read(length))
    read_header = np.lib.format.read_array_header_1_0 if start[6] == 1 else np.lib.format.read_array_header_2_0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, _, dtype = read_header(text)
    except Exception:  # a broken header raises whatever Python's own tokenizer and parser do
        raise NotAnArrayError from None
    return shape, dtype


def check(path: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Return how many bytes an array takes.

    Raises:
        KernelFileError: it does not hold numbers, or holds too many.
        NotAnArrayError: it holds Python objects.
    """
    if dtype.hasobject or min(shape, default=0) < 0:
        raise NotAnArrayError
    if dtype.kind not in "buif" or dtype.subdtype is not None:
        raise KernelFileError(path, f"holds {dtype.name}, not numbers")
    count = 1
    for length in shape:
        count *= length
    if count > MAX_TAPS:
        raise KernelFileError(path, f"holds an array of shape {shape}; at most {MAX_TAPS} numbers are read")
    return count * dtype.itemsize


def body(file: IO[bytes]) -> NDArray[Any]:
    """Read an array whose header was checked; the file stands at the start of the header.

    Raises:
        NotAnArrayError: the file ends before the array does.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    except Exception:  # as in `header`
        raise NotAnArrayError from None
    return array
