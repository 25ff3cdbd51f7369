"""Kernels on three axes: read from files, or made from kernels on two axes that have a natural third axis.

Two kinds do: the outer product of a smoothing factor with itself, such as box, gaussian and binomial, becomes the
product of three; and a cross of taps along the axes, such as laplacian4 and sharpen, gets a third bar.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np

from imgconv.errors import KernelSpecError
from imgconv.kernels import file as kernelfile
from imgconv.kernels.arrays import Matrix
from imgconv.kernels.file import SUFFIXES
from imgconv.kernels.library import kernel
from imgconv.kernels.value import SEPARABLE_TOLERANCE, Kernel, TapKernel, VolumeKernel

FILES = tuple(suffix for suffix in SUFFIXES if suffix in (".yaml", ".yml", ".npy"))
"""The suffixes of files that can hold three axes."""


def volume_kernel(spec: str) -> VolumeKernel:
    """Return the kernel on three axes that `spec` describes.

    Args:
        spec: a .npy or YAML file that holds one, or any text that `imgconv.kernels.library.kernel` takes.

    Raises:
        KernelSpecError: the kernel has two axes and no natural third one.
        ImgconvError: there is no such kernel.

    >>> volume_kernel("box").size, volume_kernel("laplacian4").taps[1].tolist()
    ('3x3x3', [[0.0, 1.0, 0.0], [1.0, -6.0, 1.0], [0.0, 1.0, 0.0]])
    """
    if spec.strip().lower().endswith(FILES) and (volume := kernelfile.load_volume(spec.strip())):
        return volume
    flat = kernel(spec)
    extended = _extended(flat) if isinstance(flat, Kernel) and flat.anchor is None else None
    if extended is None:
        problem = "has no form on three axes; box, gaussian, binomial, laplacian4 and sharpen have one, among others"
        raise KernelSpecError(spec, f"{problem}, and .npy and YAML files may hold weights of three axes")
    return extended


def _extended(flat: Kernel) -> VolumeKernel | None:
    """Return a kernel with a third axis, or None if it has no natural one.

    The factor of an outer product is taken from the kernel's own numbers, so that integers stay integers.
    """
    rows, cols = flat.shape
    if rows != cols or not flat.weights.any():
        return None
    fields = {name: getattr(flat, name) for name in TapKernel._fields}
    if (factor := _factor(flat.weights)) is not None and flat.scale > 0:
        weights = np.einsum("i,j,k", factor, factor, factor)
        root = Fraction(isqrt(flat.scale.numerator), isqrt(flat.scale.denominator))
        if root**2 == flat.scale:
            return VolumeKernel(**{**fields, "weights": weights, "scale": root**3})
        return VolumeKernel(**{**fields, "weights": weights * float(flat.scale) ** 1.5, "scale": Fraction(1)})
    if (bar := _bar(flat.weights)) is not None:
        middle = rows // 2
        weights = np.zeros((rows, rows, rows))
        weights[:, middle, middle] += bar
        weights[middle, :, middle] += bar
        weights[middle, middle, :] += bar
        weights[middle, middle, middle] += flat.weights.sum()
        return VolumeKernel(**{**fields, "weights": weights})
    return None


def split(volume: VolumeKernel) -> tuple[Matrix, Matrix]:
    """Return (along, planes) whose product the weights are: a factor for each plane, and (1, rows, cols) for all.

    Where there is no such product, or its factors would not be integers, along is a single 1 and all planes are
    returned.

    >>> along, planes = split(volume_kernel("binomial:size=3"))
    >>> along.tolist(), planes.tolist()
    ([1.0, 2.0, 1.0], [[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]])
    """
    weights = volume.weights
    if weights.any():
        sizes = np.where(weights == 0, np.inf, np.abs(weights))
        plane, row, col = np.unravel_index(np.argmin(sizes), weights.shape)
        along: Matrix = weights[:, row, col] / weights[plane, row, col]
        apart = np.abs(along[:, None, None] * weights[plane] - weights).max()
        most = 0.0 if volume.integral else SEPARABLE_TOLERANCE * np.abs(weights).max()
        if apart <= most and (not volume.integral or (along == np.rint(along)).all()):
            return along, weights[plane : plane + 1]
    return np.ones(1), weights


def _factor(weights: Matrix) -> Matrix | None:
    """Return the factor, with a sum other than 0, whose outer product with itself is the matrix; None without one."""
    at = int(np.argmax(np.diagonal(weights)))
    if not weights[at, at] > 0:
        return None
    factor: Matrix = weights[at] / np.sqrt(weights[at, at])
    close = np.abs(np.outer(factor, factor) - weights).max() <= SEPARABLE_TOLERANCE * np.abs(weights).max()
    return factor if close and abs(factor.sum()) > SEPARABLE_TOLERANCE * np.abs(factor).sum() else None


def _bar(weights: Matrix) -> Matrix | None:
    """Return a bar whose sum is 0 if the matrix is a cross of two equal bars, else None.

    >>> _bar(np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])).tolist()
    [1.0, -2.0, 1.0]
    """
    side = len(weights)
    middle = side // 2
    apart = np.delete(np.delete(weights, middle, 0), middle, 1)
    bar: Matrix = np.array(weights[middle], np.float64)
    if side % 2 == 0 or side == 1 or apart.any() or (bar != weights[:, middle]).any():
        return None
    bar[middle] = 0
    bar[middle] = -bar.sum()
    return bar
