"""Kernels that smooth: their taps sum to 1."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, comb, cos, erf, floor, hypot, radians, sin, sqrt

import numpy as np

from imgconv.kernels.arrays import Matrix
from imgconv.kernels.parametric.base import (
    Pair,
    Size,
    Unfit,
    above,
    around,
    finite,
    odd,
    pair,
    parametric,
    taps,
    within,
)
from imgconv.kernels.value import Kernel


def centred(count: int) -> Matrix:
    """Return the positions of `count` taps around 0: -1, 0, 1 for three, -0.5, 0.5 for two."""
    return np.arange(count, dtype=np.float64) - (count - 1) / 2


def normalised(weights: Matrix) -> Kernel:
    """Return a kernel whose taps are `weights` divided by their sum."""
    return Kernel(name="smooth", weights=weights / weights.sum())


def bell(count: int, sigma: float) -> Matrix:
    """Return `count` samples of exp(-x^2 / 2 sigma^2), centred, with sum 1."""
    exponents = -((centred(count) / sigma) ** 2) / 2
    # Relative to the largest, so that the samples do not all become 0 for a tiny sigma and an even count.
    values = np.exp(exponents - exponents.max())
    return np.asarray(values / values.sum())


def opencv_sigma(count: int) -> float:
    """Return OpenCV's sigma for a Gaussian of `count` taps: 0.3 ((count - 1) / 2 - 1) + 0.8."""
    return 0.3 * ((count - 1) * 0.5 - 1) + 0.8


@parametric("smooth", "trivial; Unity in ImageMagick")
def identity(size: Size = 1) -> Kernel:
    """Leave the picture as it is: 1 in the middle, 0 around it."""
    width, height = taps(size)
    odd(size=width)
    odd(size=height)
    weights = np.zeros((height, width))
    weights[height // 2, width // 2] = 1
    return Kernel(name="identity", weights=weights)


@parametric("smooth", "linear interpolation of a displaced delta")
def shift(dx: float = 1, dy: float = 0) -> Kernel:
    """Move the picture by dx pixels to the right and dy downwards; parts of pixels are interpolated linearly."""
    finite(dx=dx, dy=dy)

    def axis(name: str, distance: float) -> Matrix:
        count = around(ceil(abs(distance)), name, distance)
        weights = np.zeros(count + 1)
        below = floor(distance)
        weights[count // 2 + below] = 1 - (distance - below)
        weights[count // 2 + below + 1] = distance - below
        return weights[:count]

    return Kernel(name="shift", weights=np.outer(axis("dy", dy), axis("dx", dx)))


@parametric("smooth", "fspecial('average'), cv2.blur")
def box(size: Size = 3) -> Kernel:
    """Average over a rectangle, every pixel with the same weight."""
    width, height = taps(size)
    return Kernel(name="box", weights=np.ones((height, width)), scale=Fraction(1, width * height))


@parametric("smooth", "Gauss; radius as in scipy.ndimage, sigma for a given size as in OpenCV")
def gaussian(sigma: Pair | None = None, size: Size | None = None, angle: float = 0.0) -> Kernel:
    """Blur with a sampled Gaussian, round or longer one way, turned by an angle.

    Args:
        sigma: standard deviation in pixels, or two of them: along the axis that `angle` turns, and across it.
            Without it, 1; or, where `size` is given, OpenCV's rule 0.3 ((size - 1) / 2 - 1) + 0.8.
        size: taps; without it the kernel reaches int(4 sigma + 0.5) to each side, as in scipy.ndimage.
        angle: degrees, counter-clockwise.

    >>> gaussian(sigma=1).shape, gaussian(sigma=(3, 1), angle=90).shape
    ((9, 9), (25, 9))
    """
    finite(angle=angle)
    if sigma is None:
        sigma = 1.0 if size is None else (opencv_sigma(taps(size)[0]), opencv_sigma(taps(size)[1]))
    along, across = pair(sigma)
    above(0, sigma=min(along, across))
    within(0.01, 1000, sigma=along)
    within(0.01, 1000, sigma=across)
    turned = radians(angle % 180)
    c, s = (0.0, 1.0) if angle % 180 == 90 else (cos(turned), sin(turned))
    x_sigma, y_sigma = hypot(along * c, across * s), hypot(along * s, across * c)
    if size is None:
        size = around(4 * x_sigma + 0.5, "sigma", sigma), around(4 * y_sigma + 0.5, "sigma", sigma)
    width, height = taps(size)
    if s == 0 or c == 0 or along == across:
        return Kernel(name="gaussian", weights=np.outer(bell(height, y_sigma), bell(width, x_sigma)))
    x, y = centred(width)[None, :], -centred(height)[:, None]
    exponents = -(((c * x + s * y) / along) ** 2 + ((-s * x + c * y) / across) ** 2) / 2
    return normalised(np.exp(exponents - exponents.max()))


@parametric("smooth", "Lindeberg, Scale-space for discrete signals, 1990")
def gaussian_discrete(sigma: Pair = 1.0, size: Size | None = None) -> Kernel:
    """Blur with the discrete Gaussian exp(-t) I_n(t), t = sigma^2, whose repetitions add up exactly."""

    def axis(sigma: float, count: int) -> Matrix:
        reach = count // 2
        values = scaled_bessel(sigma**2, reach)
        both = np.concatenate([values[:0:-1], values])
        return np.asarray(both / both.sum())

    return _per_axis(sigma, size, axis)


@parametric("smooth", "the Gaussian integrated over each pixel")
def gaussian_integrated(sigma: Pair = 1.0, size: Size | None = None) -> Kernel:
    """Blur with a Gaussian integrated over each pixel, which is more accurate than sampling for a small sigma."""

    def axis(sigma: float, count: int) -> Matrix:
        edges = [erf((at - count / 2) / (sigma * sqrt(2))) for at in range(count + 1)]
        values = np.diff(np.array(edges))
        return np.asarray(values / values.sum())

    return _per_axis(sigma, size, axis)


def _per_axis(sigma: Pair, size: Size | None, axis: Callable[[float, int], Matrix]) -> Kernel:
    x_sigma, y_sigma = pair(sigma)
    above(0, sigma=min(x_sigma, y_sigma))
    within(0.01, 1000, sigma=x_sigma)
    within(0.01, 1000, sigma=y_sigma)
    if size is None:
        size = around(4 * x_sigma + 0.5, "sigma", sigma), around(4 * y_sigma + 0.5, "sigma", sigma)
    width, height = taps(size)
    odd(size=width)
    odd(size=height)
    return Kernel(name="gaussian", weights=np.outer(axis(y_sigma, height), axis(x_sigma, width)))


def scaled_bessel(t: float, order: int) -> Matrix:
    """Return exp(-t) I_n(t) for n from 0 to `order`, by Miller's downward recurrence.

    I_(n-1) = I_(n+1) + (2n / t) I_n is stable downwards; the sum rule I_0 + 2 (I_1 + I_2 + ...) = exp(t) then fixes
    the factor (Abramowitz and Stegun, 9.6.26 and 9.6.37).
    """
    start = order + 20 + int(8 * sqrt(t + 1)) + int(sqrt(40 * (order + 1)))
    values = np.zeros(start + 2)
    values[start] = 1e-300
    for n in range(start, 0, -1):
        values[n - 1] = values[n + 1] + 2 * n / t * values[n]
        if values[n - 1] > 1e200:
            values *= 1e-200
    return np.asarray(values[: order + 1] / (2 * values.sum() - values[0]))


@parametric("smooth", "Pascal's triangle; Binomial in ImageMagick, getPascal in OpenImageIO")
def binomial(size: Size = 3) -> Kernel:
    """Blur with binomial coefficients, the integer kernel closest to a Gaussian of sigma sqrt(size - 1) / 2."""
    width, height = taps(size)
    if max(width, height) > 65:
        raise Unfit("size", size, "be from 1 to 65 taps; use gaussian for more")
    row, column = ([comb(count - 1, at) for at in range(count)] for count in (width, height))
    # Beyond 2^53 the products would no longer be exact integers, so they become shares of the sum.
    if width + height - 2 <= 50:
        weights = np.outer(np.array(column, float), np.array(row, float))
        return Kernel(name="binomial", weights=weights, scale=Fraction(1, 2 ** (width + height - 2)))
    return normalised(np.outer(np.array(column, float), np.array(row, float)))


@parametric("smooth", "fspecial('disk'): the share of each pixel that a disk covers")
def disk(radius: float = 2.0) -> Kernel:
    """Blur with a disk, like a lens out of focus; each tap is the exact area of its pixel inside the disk."""
    within(0.001, 1e6, radius=radius)
    count = around(ceil(radius - 0.5), "radius", radius)
    edges = centred(count + 1)
    corners = _disk_area(edges[None, :], edges[:, None], radius)
    areas = np.diff(np.diff(corners, axis=0), axis=1)
    areas = (areas + areas[::-1] + areas[:, ::-1] + areas[::-1, ::-1]) / 4  # rounding alone makes them differ
    return normalised(np.where(areas > 1e-12 * radius**2, areas, 0))


def _disk_area(x: Matrix, y: Matrix, radius: float) -> Matrix:
    """Return the area of the disk in the quadrant left of x and above y, by integrating its circle."""
    x, y = (np.clip(np.asarray(at, float), -radius, radius) for at in np.broadcast_arrays(x, y))

    def integral(to: Matrix) -> Matrix:  # of sqrt(r^2 - u^2) from 0
        to = np.clip(to, -radius, radius)
        root = np.sqrt(np.maximum(radius**2 - to**2, 0))
        return np.asarray((to * root + radius**2 * np.arcsin(to / radius)) / 2)

    half = np.sqrt(np.maximum(radius**2 - y**2, 0))
    lower = -radius * np.ones_like(x)
    # Over [-r, x] the column's length is (chord below y) = clip(y, -c(u), c(u)) + c(u), c(u) = sqrt(r^2 - u^2).
    inner = np.clip(x, -half, half)
    outside = integral(np.minimum(x, -half)) - integral(lower)
    beyond = integral(np.maximum(x, half)) - integral(half)
    full_columns = (outside + beyond) * np.where(y > 0, 2.0, 0.0)
    return np.asarray(full_columns + (inner + half) * y + integral(inner) - integral(-half))


@parametric("smooth", "Disk in ImageMagick")
def disk_binary(radius: float = 2.0) -> Kernel:
    """Average over the pixels whose centres lie in a disk."""
    within(0, 1e6, radius=radius)
    count = around(radius, "radius", radius)
    inside = centred(count)[None, :] ** 2 + centred(count)[:, None] ** 2 <= radius**2
    return Kernel(name="disk", weights=inside.astype(float), scale=Fraction(1, int(inside.sum())))


@parametric("smooth", "Savitzky and Golay, 1964")
def savgol(size: Size = 5, order: int = 2) -> Kernel:
    """Smooth by fitting a polynomial along rows and columns, which keeps peaks that a blur flattens.

    Args:
        size: taps, odd, along x and y; more than `order`, except 1, which leaves that axis alone.
        order: degree of the polynomial.
    """
    width, height = taps(size)
    within(0, 20, order=order)

    def axis(count: int) -> Matrix:
        odd(size=count)
        if count == 1:
            return np.ones(1)
        if count <= order:
            raise Unfit("size", size, f"be above the order, {order}")
        # Scaled to -1..1, which keeps the powers well conditioned and does not change the value fitted at 0.
        powers = np.vander(centred(count) / (count // 2), order + 1, increasing=True)
        return np.asarray(np.linalg.pinv(powers)[0])

    return Kernel(name="savgol", weights=np.outer(axis(height), axis(width)))
