"""Reading and writing NumPy's .npy: any number of channels, never a pickle."""

from __future__ import annotations

from typing import IO, Any

import numpy as np

from imgconv.image.base import Opened
from imgconv.image.limits.budget import Budget
from imgconv.image.limits.guard import DataError
from imgconv.image.model import Image, Options, Pixels, as_image, space_of, target_dtype


def open_npy(file: IO[bytes], budget: Budget) -> Opened:
    """Read the header of an .npy file of shape (rows, cols) or (rows, cols, channels).

    Raises:
        ValueError: the array is of another shape, or of a type that is no sample type.
    """
    file.seek(0)
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise DataError(f"version {version[0]}.{version[1]} of the format")
    shape, by_columns, dtype = readers[version](file)
    start = file.tell()
    if len(shape) not in (2, 3) or 0 in shape:
        raise DataError(f"an array of shape {shape} is no image: (rows, cols[, channels]) is")
    if dtype.hasobject:
        raise DataError("it holds Python objects, which are not loaded")
    channels = int(shape[2]) if len(shape) == 3 else 1
    alpha = channels in (2, 4)
    return Opened(
        format="NPY",
        width=int(shape[1]),
        height=int(shape[0]),
        channels=channels,
        alpha=alpha,
        dtype=target_dtype(dtype.newbyteorder("=")),
        space=space_of(channels, alpha),
        load=lambda: _load(file, start, shape, by_columns, dtype),
        notes=["the last of its channels is taken as alpha"] if alpha else [],
    )


def _load(file: IO[bytes], start: int, shape: tuple[int, ...], by_columns: bool, dtype: np.dtype[Any]) -> Pixels:
    file.seek(start)
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    data = file.read(size)
    if len(data) < size:
        raise EOFError
    return as_image(np.frombuffer(data, dtype).reshape(shape, order="F" if by_columns else "C")).pixels


def encode_npy(image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
    """Write the pixels as an array: (rows, cols) if there is one channel, else (rows, cols, channels)."""
    pixels = image.pixels[:, :, 0] if image.channels == 1 else image.pixels
    # not write_array(): it loses the system's error number when the disk is full
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(pixels))
    file.write(np.ascontiguousarray(pixels).data)
    if image.alpha or image.channels not in (2, 4):
        return ()
    return (f"NPY records no colour space: its {image.channels} channels will be read as colour and alpha",)
