"""Read arrays of weights: .npy, one array of an .npz, or one tensor of a .safetensors file.

The last two hold several, so the name follows the file's: ``net.safetensors:features.0.weight``.
"""

from __future__ import annotations

import os
import re
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import KernelFileError, did_you_mean, quoted, shorten
from imgconv.kernels import arrayfile
from imgconv.kernels.names import foreign
from imgconv.system.smallfile import open_file

SMALL, MOST_PACKED = 1 << 24, 16
"""An array may take this many bytes, plus this many times the size of the file that it is packed in."""

MAX_LISTING = 1 << 24
"""The longest list of tensors in a .safetensors file, in bytes."""

# Not compiled here: most runs do not need it, and Python remembers what it has compiled.
_FORM = r"(?is)(?P<path>.+\.(?:npy|npz|safetensors))(?::(?P<name>.+))?"


def is_spec(text: str) -> bool:
    """Whether `text` looks like a file of weights.

    >>> is_spec("net.safetensors:conv1.weight"), is_spec("sobel-x")
    (True, False)
    """
    return re.fullmatch(_FORM, text) is not None


def read(spec: str, folder: str = "") -> NDArray[Any]:
    """Return the array that `spec` names, its numbers as they are stored.

    Args:
        spec: ``FILE.npy``, ``FILE.npz:NAME`` or ``FILE.safetensors:NAME``; the name may be left out if the file holds
            only one array.
        folder: what a relative path starts from; empty for the current one.

    Raises:
        KernelFileError: there is no such file or array, or it does not hold numbers.
    """
    match = re.fullmatch(_FORM, spec)
    if match is None:
        raise KernelFileError(shorten(spec), foreign(spec) or "weights are read from .npy, .npz and .safetensors files")
    path, name = os.path.join(folder, match["path"]), match["name"]
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".npy":
        if name is not None:
            raise KernelFileError(path, f"a .npy file holds one array, which has no name such as {quoted(name)}")
        return arrayfile.read_npy(path)
    with open_file(path) as file:
        return _npz(path, name, file) if suffix == ".npz" else _safetensors(path, name, file)


def _npz(path: str, name: str | None, file: IO[bytes]) -> NDArray[Any]:
    """Read one array of a zip file of .npy files; its header says how much is unpacked."""
    import zipfile

    size = os.fstat(file.fileno()).st_size
    try:
        with zipfile.ZipFile(file) as parts:
            parts_by_name = {part.filename.removesuffix(".npy"): part for part in parts.infolist()}
            part = parts_by_name[_array_name(path, name, list(parts_by_name))]
            with parts.open(part) as unpacked:
                shape, dtype = arrayfile.header(unpacked)
                if arrayfile.check(path, shape, dtype) > SMALL + MOST_PACKED * size:
                    problem = f"compresses an array of shape {shape} to {size} bytes, more than {MOST_PACKED} times"
                    raise KernelFileError(path, f"{problem}; save it with numpy.savez, which does not compress")
            with parts.open(part) as unpacked:
                return arrayfile.body(unpacked)
    except KernelFileError:
        raise
    except Exception:  # zip files can be broken in many ways
        raise KernelFileError(path, "is not an .npz file of plain numbers") from None


def _safetensors(path: str, name: str | None, file: IO[bytes]) -> NDArray[Any]:
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        problem = "reading it needs the package safetensors; pip install 'imgconv[safetensors]'"
        raise KernelFileError(path, problem) from None
    length = int.from_bytes(file.read(8), "little")
    if MAX_LISTING < length < os.fstat(file.fileno()).st_size:
        raise KernelFileError(path, f"lists its tensors in more than {MAX_LISTING >> 20} MB")
    try:
        with safe_open(path, framework="numpy") as tensors:
            chosen = _array_name(path, name, list(tensors.keys()))
            tensor = tensors.get_slice(chosen)
            shape, kind = tuple(tensor.get_shape()), tensor.get_dtype()
            arrayfile.check(path, shape, np.dtype(np.float32))
            if kind == "BF16":
                return _brain_floats(chosen, length, file)
            try:
                array: NDArray[Any] = tensors.get_tensor(chosen)
            except TypeError:
                raise KernelFileError(path, f"{quoted(chosen)} holds {kind}, which NumPy has no type for") from None
    except SafetensorError:
        raise KernelFileError(path, "is not a complete .safetensors file") from None
    if array.dtype.kind not in "buif":
        raise KernelFileError(path, f"holds {array.dtype.name}, not numbers")
    return array


def _brain_floats(name: str, length: int, file: IO[bytes]) -> NDArray[np.float32]:
    """Return a tensor of bfloat16, the upper halves of float32, which NumPy does not know.

    The file is an 8-byte length, that many bytes of JSON with every tensor's place after them, and the tensors
    (safetensors, "Format").
    """
    import json

    file.seek(8)
    entry = json.loads(file.read(length))[name]
    start, stop = entry["data_offsets"]
    file.seek(8 + length + start)
    halves = np.frombuffer(file.read(stop - start), "<u2").astype(np.uint32)
    return (halves << 16).view(np.float32).reshape(entry["shape"])


def _array_name(path: str, name: str | None, names: list[str]) -> str:
    """Return the name of the array to read."""
    if name is None and len(names) == 1:
        return names[0]
    if name in names:
        return str(name)
    shown = ", ".join(map(shorten, names[:8])) + (", ..." if len(names) > 8 else "")
    if name is None:
        raise KernelFileError(path, f"holds several arrays, so add the name of one after a colon: {shown}")
    hint = did_you_mean(name, names[:1000]) or f"; it holds {shown or 'nothing'}"
    raise KernelFileError(path, f"holds no array {quoted(name)}{hint}")
