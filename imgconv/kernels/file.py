"""Read kernel files, each by its suffix: YAML, arrays of NumPy, libvips' matrices, tables.

Every refusal is a `KernelFileError`.
"""

from __future__ import annotations

import os

from imgconv.errors import KernelFileError, KernelValueError, shorten
from imgconv.kernels import arrayfile, matrixfile
from imgconv.kernels.document import Resolve, from_yaml, volume_from_yaml
from imgconv.kernels.value import AnyKernel, VolumeKernel
from imgconv.system import smallfile
from imgconv.yamlreader import events as yamlfile

SUFFIXES = (".yaml", ".yml", ".npy", ".csv", ".mat")


def load(path: str, resolve: Resolve | None, name: str | None = None) -> AnyKernel:
    """Read the kernel in `path`, whose suffix says how.

    A YAML's and a .csv's or .npy's taps are a convolution kernel as written. A libvips matrix is a correlation mask,
    so it is rotated by 180 degrees: convolving with the result gives what ``vips conv`` gives.

    Args:
        path: ends in one of `SUFFIXES`.
        resolve: finds the members of a combined kernel; None where the file must not be combined itself.
        name: the name by which the library found the file.

    Raises:
        KernelFileError: the file cannot be read as a kernel.
    """
    stem, suffix = os.path.splitext(os.path.basename(path))
    suffix = suffix.lower()
    if suffix in (".yaml", ".yml"):
        text = smallfile.read(path, yamlfile.MAX_BYTES)
        return from_yaml(text, path, os.path.dirname(path), resolve, name or shorten(stem), library_name=name)
    reader = {".npy": matrixfile.npy, ".csv": matrixfile.csv, ".mat": matrixfile.mat}[suffix]
    try:
        return reader(path)
    except KernelValueError as error:
        raise KernelFileError(path, error.problem) from None


def load_volume(path: str) -> VolumeKernel | None:
    """Read the kernel of three axes that is in a .npy or YAML file; return None if the file holds another kernel.

    YAML has it as weights nested three deep, planes outermost.

    Raises:
        KernelFileError: the file cannot be read as a kernel.
    """
    stem, suffix = os.path.splitext(os.path.basename(path))
    name = shorten(stem)
    try:
        if suffix.lower() == ".npy":
            array = arrayfile.read_npy(path, (2, 3, 4))
            return VolumeKernel(name=name, weights=array) if array.ndim == 3 else None
        text = smallfile.read(path, yamlfile.MAX_BYTES)
        return volume_from_yaml(text, path, os.path.dirname(path), name)
    except KernelValueError as error:
        raise KernelFileError(path, error.problem) from None
