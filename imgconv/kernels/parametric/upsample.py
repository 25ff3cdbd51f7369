"""Kernels for transposed convolutions that enlarge: their taps sum to the area of the stride."""

from __future__ import annotations

import numpy as np

from imgconv.kernels.arrays import Matrix
from imgconv.kernels.parametric.base import Size, parametric, taps
from imgconv.kernels.parametric.smooth import centred
from imgconv.kernels.value import Kernel


@parametric("upsample", "Long, Shelhamer and Darrell, Fully convolutional networks, 2015")
def bilinear(stride: Size = 2) -> Kernel:
    """Bilinear interpolation for a transposed convolution of that stride."""

    def axis(step: int) -> Matrix:
        return np.asarray(1 - np.abs(centred(2 * step - step % 2)) / step)

    width, height = taps(stride, "stride")
    return Kernel(name="bilinear", weights=np.outer(axis(height), axis(width)))


@parametric("upsample", "nearest neighbour")
def nearest(stride: Size = 2) -> Kernel:
    """Repeat every pixel in a transposed convolution of that stride."""
    width, height = taps(stride, "stride")
    return Kernel(name="nearest", weights=np.ones((height, width)))
