"""Read arrays of weights: .npy, one array of an .npz, or one tensor of a .safetensors file.

The last two hold several, so the name follows the file's: ``net.safetensors:features.0.weight``.
"""

from __future__ import annotations

import os
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import KernelFileError, did_you_mean, quoted, shorten
from imgconv.matrixfile import MAX_TAPS

# Not compiled here: most runs need it not, and Python remembers what it has compiled.
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
        spec: ``FILE.npy``, ``FILE.npz:NAME`` or ``FILE.safetensors:NAME``; the name may be left out where there is
            but one.
        folder: what a relative path starts from; empty for the current one.

    Raises:
        KernelFileError: there is no such file or array, or it holds no numbers.
    """
    match = re.fullmatch(_FORM, spec)
    if match is None:
        raise KernelFileError(shorten(spec), "weights are read from .npy, .npz and .safetensors files")
    path, name = os.path.join(folder, match["path"]), match["name"]
    if not os.path.isfile(path):
        raise KernelFileError(path, "is a folder" if os.path.isdir(path) else "there is no such file")
    reader = {".npy": _npy, ".npz": _npz}.get(os.path.splitext(path)[1].lower(), _safetensors)
    array = reader(path, name)
    if array.dtype.kind not in "buif":
        raise KernelFileError(path, f"holds {array.dtype.name}, not numbers")
    if array.size > MAX_TAPS:
        raise KernelFileError(path, f"holds {array.size} numbers; {MAX_TAPS} are the most")
    return array


def _npy(path: str, name: str | None) -> NDArray[Any]:
    if name is not None:
        raise KernelFileError(path, f"a .npy file holds one array, which has no name such as {quoted(name)}")
    try:
        return np.array(np.lib.format.open_memmap(path, mode="r"))
    except Exception:  # a broken header raises whatever Python's own tokenizer and parser do
        raise KernelFileError(path, "is not a .npy file of plain numbers") from None


def _npz(path: str, name: str | None) -> NDArray[Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            found: NDArray[Any] = file[_known(path, name, list(file.files))]
            return found
    except KernelFileError:
        raise
    except Exception:  # zip files can be broken in many ways
        raise KernelFileError(path, "is not an .npz file of plain numbers") from None


def _safetensors(path: str, name: str | None) -> NDArray[Any]:
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        problem = "reading it needs the package safetensors; pip install 'imgconv[safetensors]'"
        raise KernelFileError(path, problem) from None
    try:
        with safe_open(path, framework="numpy") as file:
            chosen = _known(path, name, list(file.keys()))
            if (kind := file.get_slice(chosen).get_dtype()) == "BF16":
                return _brain_floats(path, chosen)
            try:
                found: NDArray[Any] = file.get_tensor(chosen)
            except TypeError:
                raise KernelFileError(path, f"{quoted(chosen)} holds {kind}, which NumPy has no type for") from None
            return found
    except SafetensorError:
        raise KernelFileError(path, "is not a whole .safetensors file") from None


def _brain_floats(path: str, name: str) -> NDArray[np.float32]:
    """Return a tensor of bfloat16, the upper halves of float32, which NumPy does not know.

    The file is an 8-byte length, that many bytes of JSON with every tensor's place after them, and the tensors
    (safetensors, "Format").
    """
    import json

    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(length))[name]
        start, stop = entry["data_offsets"]
        file.seek(8 + length + start)
        halves = np.frombuffer(file.read(stop - start), "<u2").astype(np.uint32)
    return (halves << 16).view(np.float32).reshape(entry["shape"])


def _known(path: str, name: str | None, known: list[str]) -> str:
    """Return the name of the array to read."""
    if name is None and len(known) == 1:
        return known[0]
    if name in known:
        return str(name)
    shown = ", ".join(map(shorten, known[:8])) + (", ..." if len(known) > 8 else "")
    if name is None:
        raise KernelFileError(path, f"holds several arrays, so add the name of one after a colon: {shown}")
    hint = did_you_mean(name, known) or f"; it holds {shown or 'nothing'}"
    raise KernelFileError(path, f"holds no array {quoted(name)}{hint}")
