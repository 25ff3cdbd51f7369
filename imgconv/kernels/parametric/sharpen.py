"""Kernels that sharpen or stylise."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np

from imgconv.kernels.parametric.base import Size, above, around, finite, parametric, taps, within
from imgconv.kernels.parametric.motion import direction
from imgconv.kernels.parametric.smooth import bell
from imgconv.kernels.value import Kernel, Offset


@parametric("sharpen", "the picture plus its difference from a Gaussian blur")
def unsharp(sigma: float = 1.0, amount: float = 1.0, size: Size | None = None) -> Kernel:
    """Unsharp mask: add `amount` times the difference between the picture and its Gaussian blur."""
    above(0, sigma=sigma)
    within(0.01, 1000, sigma=sigma)
    within(0, 1000, amount=amount)
    width, height = taps(size if size is not None else around(4 * sigma + 0.5, "sigma", sigma))
    weights = -amount * np.outer(bell(height, sigma), bell(width, sigma))
    # An even size has no middle tap; the blurred picture is then compared with the mean of the middle ones.
    rows, cols = (slice((count - 1) // 2, count // 2 + 1) for count in (height, width))
    weights[rows, cols] += (1 + amount) / weights[rows, cols].size
    return Kernel(name="unsharp", weights=weights)


@parametric("sharpen", "fspecial('unsharp')")
def unsharp_laplacian(alpha: float = 0.2) -> Kernel:
    """Sharpen by taking away the Laplacian of shape alpha; see laplacian."""
    within(0, 1, alpha=alpha)
    weights = [[-alpha, alpha - 1, -alpha], [alpha - 1, alpha + 5, alpha - 1], [-alpha, alpha - 1, -alpha]]
    return Kernel(name="unsharp", weights=np.array(weights) / (alpha + 1))


@parametric("sharpen", "Gonzalez and Woods, Digital Image Processing")
def highboost(a: float = 1.0) -> Kernel:
    """High-boost filter: edges of all eight directions added to a times the picture; the taps sum to a."""
    finite(a=a)
    weights = -np.ones((3, 3))
    weights[1, 1] = 8 + a
    return Kernel(name="highboost", weights=weights)


@parametric("stylise", "Lambert's law for a nearly flat relief")
def emboss(angle: float = 135.0, elevation: float = 30.0, amount: float = 1.0) -> Kernel:
    """Show the picture as a relief under a lamp.

    Args:
        angle: degrees, counter-clockwise, to where the lamp stands; 135 is the upper left.
        elevation: degrees of the lamp above the picture; flat parts become sin(elevation) of the full range, so 30
            makes them mid-grey.
        amount: height of the relief; 1 and elevation 0 make the steepest step of the picture just fit the range.
    """
    finite(angle=angle, amount=amount)
    within(0, 90, elevation=elevation)
    smooth, slope = np.array([1.0, 2.0, 1.0]), np.array([1.0, 0.0, -1.0])
    x, y = direction(angle)
    towards = x * np.outer(smooth, slope) + y * np.outer(slope, smooth)
    lit = 0.5 if elevation == 30 else sin(radians(elevation))
    # Slopes that rise away from the lamp face it.
    return Kernel(name="emboss", weights=-amount * cos(radians(elevation)) / 4 * towards, offset=Offset(share=lit))
