"""Smoothing windows stretched to a given width: resampling filters and windows of signal processing.

Each is a function on -1..1, which the kernel's width covers, sampled at the middle of every tap along x and y and
scaled to sum 1. Those that OpenImageIO has are evaluated as its filter.h does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from imgconv.kernels.arrays import Matrix
from imgconv.kernels.parametric.base import Size, Unfit, parametric, taps, within
from imgconv.kernels.parametric.smooth import centred
from imgconv.kernels.value import Kernel


def windowed(window: Callable[[Matrix], Matrix], size: Size) -> Kernel:
    """Return the product of the window along x and along y."""

    def axis(count: int) -> Matrix:
        values = window(np.abs(centred(count)) * 2 / count)
        if abs(values.sum()) < 1e-9:
            raise Unfit("size", count, "be another number of taps, as the window is 0 at all of these")
        return np.asarray(values / values.sum())

    width, height = taps(size)
    return Kernel(name="window", weights=np.outer(axis(height), axis(width)))


def cubic(x: Matrix, b: float, c: float) -> Matrix:
    """Return the cubic filter of Mitchell and Netravali (Reconstruction filters, 1988) on 0..2."""
    near = (12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + (6 - 2 * b)
    far = (-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + (8 * b + 24 * c)
    return np.where(x < 1, near, np.where(x < 2, far, 0)) / 6


@parametric("smooth", "OpenImageIO, triangle; Bartlett")
def triangle(size: Size = 5) -> Kernel:
    """Smooth with a pyramid, whose weights fall off in a straight line."""
    return windowed(lambda x: np.maximum(1 - x, 0), size)


@parametric("smooth", "von Hann")
def hann(size: Size = 5) -> Kernel:
    """Smooth with a raised cosine."""
    return windowed(lambda x: np.asarray((1 + np.cos(np.pi * x)) / 2), size)


@parametric("smooth", "Harris, On the use of windows, 1978; OpenImageIO, blackman-harris")
def blackman_harris(size: Size = 5) -> Kernel:
    """Smooth with the four-term Blackman-Harris window."""
    terms = (0.35875, 0.48829, 0.14128, 0.01168)
    return windowed(lambda x: np.asarray(sum(a * np.cos(n * np.pi * x) for n, a in enumerate(terms))), size)


@parametric("smooth", "Mitchell and Netravali, 1988; OpenImageIO, mitchell")
def mitchell(size: Size = 5) -> Kernel:
    """Smooth with the Mitchell-Netravali cubic, which rings little and blurs little."""
    return windowed(lambda x: cubic(2 * x, 1 / 3, 1 / 3), size)


@parametric("smooth", "Catmull and Rom, 1974; OpenImageIO, catmull-rom")
def catmull_rom(size: Size = 5) -> Kernel:
    """Smooth with the Catmull-Rom cubic, whose negative lobes keep edges sharp."""
    return windowed(lambda x: cubic(2 * x, 0, 1 / 2), size)


@parametric("smooth", "OpenImageIO, bspline")
def bspline(size: Size = 5) -> Kernel:
    """Smooth with the cubic B-spline, which never rings."""
    return windowed(lambda x: cubic(2 * x, 1, 0), size)


@parametric("smooth", "Keys, Cubic convolution interpolation, 1981; OpenImageIO, keys")
def keys(size: Size = 5, a: float = -0.5) -> Kernel:
    """Smooth with Keys' cubic, whose slope where it first reaches 0 is a; -0.5 makes it Catmull-Rom's."""
    within(-1000, 1000, a=a)
    return windowed(lambda x: cubic(2 * x, 0, -a), size)


@parametric("smooth", "Lanczos; OpenImageIO, lanczos3")
def lanczos3(size: Size = 7) -> Kernel:
    """Smooth with a sinc of three lobes, windowed by the widest lobe of another."""
    return windowed(lambda x: np.asarray(np.sinc(3 * x) * np.sinc(x)), size)
