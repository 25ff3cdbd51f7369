"""Kernels that smear the picture along a line: their taps sum to 1."""

from __future__ import annotations

from math import ceil, cos, radians, sin

import numpy as np

from imgconv.kernels.arrays import Matrix
from imgconv.kernels.parametric.base import above, around, finite, parametric, within
from imgconv.kernels.parametric.smooth import centred, normalised
from imgconv.kernels.value import Kernel


def direction(angle: float) -> tuple[float, float]:
    """Return (x, y) of the unit vector at `angle` degrees counter-clockwise; y points down. Exact at right angles."""
    quarter, remainder = divmod(angle % 360, 90)
    x, y = (1.0, 0.0) if remainder == 0 else (cos(radians(remainder)), -sin(radians(remainder)))
    for _ in range(int(quarter)):
        x, y = y, -x
    return x, y


@parametric("smooth", "fspecial('motion')")
def motion(length: float = 9.0, angle: float = 0.0) -> Kernel:
    """Blur like a camera that moves along a straight line.

    Args:
        length: in pixels, from 1; 9 along the rows is an average over nine pixels.
        angle: degrees, counter-clockwise; opposite directions are the same.

    A tap is 1 minus its distance from the centred segment of length - 1 pixels, at least 0; all are
    scaled to sum 1.
    """
    finite(angle=angle)
    within(1, 1e6, length=length)
    half = (length - 1) / 2
    along_x, along_y = direction(angle)
    # A tap a whole pixel away weighs nothing, so the reach ends just short of it.
    width, height = (around(ceil(half * abs(part) + 1 - 1e-9) - 1, "length", length) for part in (along_x, along_y))
    x, y = centred(width)[None, :], centred(height)[:, None]
    nearest = np.clip(x * along_x + y * along_y, -half, half)
    distance = np.hypot(x - nearest * along_x, y - nearest * along_y)
    weights = np.maximum(1 - distance, 0)
    return normalised(np.where(weights > 1e-12, weights, 0))


@parametric("smooth", "a Gaussian along a line")
def motion_gauss(sigma: float = 3.0, angle: float = 0.0) -> Kernel:
    """Blur with a Gaussian along a line and not across it."""
    return _along(sigma, angle, both=True)


@parametric("smooth", "Comet and -motion-blur in ImageMagick")
def comet(sigma: float = 3.0, angle: float = 0.0) -> Kernel:
    """Give every pixel a tail that fades like half a Gaussian, towards the angle."""
    return _along(sigma, angle, both=False)


def _along(sigma: float, angle: float, both: bool) -> Kernel:
    """Spread the samples of a Gaussian on a line over the four pixels around each, by linear interpolation."""
    finite(angle=angle)
    above(0, sigma=sigma)
    within(0.01, 1000, sigma=sigma)
    along_x, along_y = direction(angle)
    reach = int(4 * sigma + 0.5)
    width, height = (around(ceil(reach * abs(part)), "sigma", sigma) for part in (along_x, along_y))
    weights: Matrix = np.zeros((height + 1, width + 1))
    for step in range(-reach if both else 0, reach + 1):
        x, y = step * along_x + width // 2, step * along_y + height // 2
        column, row = int(x), int(y)
        weight = np.exp(-((step / sigma) ** 2) / 2)
        for at_row, share_y in ((row, 1 - y + row), (row + 1, y - row)):
            weights[at_row, column] += weight * share_y * (1 - x + column)
            weights[at_row, column + 1] += weight * share_y * (x - column)
    return normalised(weights[:height, :width])
