"""Matrices over the colours of one pixel, (3, 3) for red, green and blue, from the W3C's Filter Effects."""

from __future__ import annotations

import numpy as np

from imgconv.kernels.parametric.base import finite, parametric, within
from imgconv.kernels.parametric.motion import direction
from imgconv.kernels.value import Pointwise

SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
LUMA = np.array([0.213, 0.715, 0.072])
ROTATION = np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])
"""A quarter turn of the hue: what the sine of the angle multiplies."""


@parametric("pointwise", "W3C, Filter Effects, sepia()")
def sepia(amount: float = 1.0) -> Pointwise:
    """Turn towards the brown tones of an old photograph, from 0 for not at all to 1."""
    within(0, 1, amount=amount)
    return Pointwise(name="sepia", matrix=amount * SEPIA + (1 - amount) * np.eye(3))


@parametric("pointwise", "W3C, Filter Effects, saturate()")
def saturate(amount: float = 1.5) -> Pointwise:
    """Make colours stronger (above 1) or weaker (below 1); 0 leaves grey."""
    within(0, 1000, amount=amount)
    return Pointwise(name="saturate", matrix=LUMA + amount * (np.eye(3) - LUMA))


@parametric("pointwise", "W3C, Filter Effects, hue-rotate()")
def hue(angle: float = 90.0) -> Pointwise:
    """Turn the hue of every colour by an angle in degrees and keep its luma."""
    finite(angle=angle)
    cosine, minus_sine = direction(angle)
    return Pointwise(name="hue", matrix=LUMA + cosine * (np.eye(3) - LUMA) - minus_sine * ROTATION)
