"""Kernels that differentiate: their taps sum to 0, and convolving gives the usual sign."""

from __future__ import annotations

from math import comb, factorial, hypot

import numpy as np

from imgconv.kernels.arrays import Matrix
from imgconv.kernels.parametric.base import Size, above, around, finite, odd, parametric, taps, within
from imgconv.kernels.parametric.motion import direction
from imgconv.kernels.parametric.smooth import bell, centred
from imgconv.kernels.value import Combined, Kernel


def binomial_row(count: int) -> Matrix:
    """Return the binomial coefficients of `count` taps, not scaled."""
    return np.array([float(comb(count - 1, at)) for at in range(count)])


@parametric("derivative", "Sobel and Feldman, 1968; OpenCV, getDerivKernels", map="abs")
def sobel_x(size: int = 3) -> Kernel:
    """Horizontal Sobel gradient of any odd size, positive where brightness rises to the right."""
    return _sobel("sobel-x", size)


@parametric("derivative", "Sobel and Feldman, 1968; OpenCV, getDerivKernels", map="abs")
def sobel_y(size: int = 3) -> Kernel:
    """Vertical Sobel gradient of any odd size, positive where brightness rises downwards."""
    return _sobel("sobel-y", size)


@parametric("derivative", "Sobel and Feldman, 1968; OpenCV, getDerivKernels")
def sobel(size: int = 3) -> Combined:
    """Sobel edges of any odd size, the length of the gradient."""
    return Combined(name="sobel", combine="magnitude", of=(_sobel("sobel-x", size), _sobel("sobel-y", size)))


def _sobel(name: str, size: int) -> Kernel:
    within(3, 31, size=size)
    odd(size=size)
    smooth = binomial_row(size)
    slope = np.convolve(binomial_row(size - 2), [1.0, 0.0, -1.0])
    weights = np.outer(smooth, slope)
    return Kernel(name=name, weights=weights if name.endswith("x") else weights.T, kind="derivative")


@parametric("derivative", "Canny, 1986; scipy.ndimage.gaussian_filter with an order", map="abs")
def gauss_deriv(sigma: float = 1.0, order: int = 1, angle: float = 0.0, size: Size | None = None) -> Kernel:
    """Differentiate along an angle after a Gaussian blur.

    Args:
        sigma: of the blur, in pixels.
        order: of the derivative, 1 to 6.
        angle: degrees, counter-clockwise; 0 is positive where brightness rises to the right, 90 where it rises
            upwards.
        size: taps; without it the kernel reaches int(4 sigma + 0.5) to each side.

    The taps are those of scipy.ndimage, minus a multiple of the Gaussian that makes their sum 0.
    """
    return _gauss_deriv(sigma, order, angle, size)


@parametric("derivative", "Canny, 1986; scipy.ndimage.gaussian_gradient_magnitude")
def gauss_gradient(sigma: float = 1.0, size: Size | None = None) -> Combined:
    """Edges at the scale of a Gaussian, the length of the gradient after a blur."""
    x, y = _gauss_deriv(sigma, 1, 0, size), _gauss_deriv(sigma, 1, -90, size)
    return Combined(name="gauss-gradient", combine="magnitude", of=(x, y))


def _gauss_deriv(sigma: float, order: int, angle: float, size: Size | None) -> Kernel:
    finite(angle=angle)
    above(0, sigma=sigma)
    within(0.2, 1000, sigma=sigma)
    within(1, 6, order=order)
    width, height = _window(sigma, size)
    along_x, along_y = direction(angle)
    blur = np.outer(bell(height, sigma), bell(width, sigma))
    distance = centred(width)[None, :] * along_x + centred(height)[:, None] * along_y
    factor = (-1 / sigma) ** order * _hermite(order, distance / sigma)
    weights = blur * (factor - (blur * factor).sum())
    return Kernel(name=f"gauss-deriv-{order}", weights=weights)


def _hermite(order: int, x: Matrix) -> Matrix:
    """Return the probabilists' Hermite polynomial He_n(x), which the derivatives of a Gaussian are made of."""
    total = np.zeros_like(x)
    for m in range(order // 2 + 1):
        total += (-1) ** m / (factorial(m) * factorial(order - 2 * m) * 2**m) * x ** (order - 2 * m)
    return total * factorial(order)


def _window(sigma: float, size: Size | None) -> tuple[int, int]:
    return taps(size) if size is not None else taps(around(4 * sigma + 0.5, "sigma", sigma))


@parametric("derivative", "fspecial('laplacian')", map="abs")
def laplacian(alpha: float = 0.2) -> Kernel:
    """Laplacian between four neighbours (alpha 0) and the diagonal ones (alpha 1), negative on bright spots."""
    within(0, 1, alpha=alpha)
    corner, side = alpha / (alpha + 1), (1 - alpha) / (alpha + 1)
    weights = [[corner, side, corner], [side, -4 / (alpha + 1), side], [corner, side, corner]]
    return Kernel(name="laplacian", weights=np.array(weights))


@parametric("derivative", "Marr and Hildreth, 1980; fspecial('log')", map="abs")
def log(sigma: float = 1.4, size: Size | None = None) -> Kernel:
    """Laplacian of a Gaussian, negative on bright spots.

    The taps are (r^2 - 2 sigma^2) / sigma^4 times a Gaussian of sum 1, less their mean.
    """
    above(0, sigma=sigma)
    within(0.2, 1000, sigma=sigma)
    width, height = _window(sigma, size)
    blur = np.outer(bell(height, sigma), bell(width, sigma))
    squared = centred(width)[None, :] ** 2 + centred(height)[:, None] ** 2
    weights = (squared - 2 * sigma**2) / sigma**4 * blur
    return Kernel(name="log", weights=weights - weights.mean())


@parametric("derivative", "Marr and Hildreth, 1980; DoG in ImageMagick", map="abs")
def dog(sigma: float = 1.0, ratio: float = 1.6, size: Size | None = None) -> Kernel:
    """Difference of two Gaussians, the second `ratio` times as wide, positive on bright spots."""
    above(0, sigma=sigma)
    above(1, ratio=ratio)
    within(0.01, 1000, sigma=sigma)
    within(1, 1000, ratio=ratio)
    width, height = _window(sigma * ratio, size)
    narrow, wide = (np.outer(bell(height, s), bell(width, s)) for s in (sigma, sigma * ratio))
    return Kernel(name="dog", weights=narrow - wide)


@parametric("bank", "Gabor, 1946; Daugman, 1985; cv2.getGaborKernel", map="abs")
def gabor(
    wavelength: float = 8.0,
    angle: float = 0.0,
    sigma: float | None = None,
    gamma: float = 0.5,
    psi: float = 0.0,
    size: Size | None = None,
    zero_dc: bool = True,
) -> Kernel:
    """Respond to stripes of one wavelength and direction.

    Args:
        wavelength: of the stripes, in pixels.
        angle: degrees, counter-clockwise, of the direction across the stripes; 0 responds to vertical stripes.
        sigma: of the Gaussian across the stripes, in pixels; without it 0.56 wavelengths, one octave of bandwidth.
        gamma: sigma across the stripes divided by sigma along them; 1 is round.
        psi: phase in degrees; 0 is even, positive on a bright stripe; 90 is odd, positive where brightness rises
            towards the angle.
        size: taps; without it the kernel reaches three sigmas.
        zero_dc: subtract a multiple of the Gaussian, so that the taps sum to 0.

    The Gaussian is scaled to sum 1, so results stay within the range of the samples.
    """
    return _gabor(wavelength, angle, sigma, gamma, psi, size, zero_dc)


@parametric("bank", "Gabor, 1946; the energy of an even and an odd filter")
def gabor_energy(
    wavelength: float = 8.0,
    angle: float = 0.0,
    sigma: float | None = None,
    gamma: float = 0.5,
    size: Size | None = None,
) -> Combined:
    """Respond to stripes of one wavelength and direction, wherever their bright parts lie; see gabor."""
    even_filter = _gabor(wavelength, angle, sigma, gamma, 0, size, True)
    odd_filter = _gabor(wavelength, angle, sigma, gamma, 90, size, True)
    return Combined(name="gabor-energy", combine="magnitude", of=(even_filter, odd_filter))


def _gabor(
    wavelength: float, angle: float, sigma: float | None, gamma: float, psi: float, size: Size | None, zero_dc: bool
) -> Kernel:
    finite(angle=angle, psi=psi)
    within(1, 1000, wavelength=wavelength)
    within(0.05, 20, gamma=gamma)
    sigma = 0.56 * wavelength if sigma is None else sigma
    above(0, sigma=sigma)
    within(0.2, 1000, sigma=sigma)
    along_x, along_y = direction(angle)
    if size is None:
        across = sigma / gamma
        width = around(3 * hypot(sigma * along_x, across * along_y) + 0.5, "sigma", sigma)
        height = around(3 * hypot(sigma * along_y, across * along_x) + 0.5, "sigma", sigma)
        size = width, height
    width, height = taps(size)
    x, y = centred(width)[None, :], centred(height)[:, None]
    u, v = x * along_x + y * along_y, -x * along_y + y * along_x
    exponents = -((u / sigma) ** 2 + (gamma * v / sigma) ** 2) / 2
    blur = np.exp(exponents - exponents.max())
    blur /= blur.sum()
    wave = np.cos(2 * np.pi * u / wavelength + np.radians(psi))
    weights = blur * (wave - (blur * wave).sum()) if zero_dc else blur * wave
    return Kernel(name="gabor", weights=weights)
