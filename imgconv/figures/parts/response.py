"""How a kernel answers frequencies, and where its response falls off.

The response is the discrete-time Fourier transform of the taps, in cycles a pixel, 0 to 0.5 (the Nyquist frequency).
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.kernels.value import Combined, Kernel

Floats = NDArray[np.float64]

HALF_POWER = 1 / sqrt(2)
"""The part of the largest response at which half of the power is left: -3 dB."""

STEPS = 512
"""Frequencies from 0 to 0.5 at which a profile is worked out."""

MAP_SIDE = 129
"""Frequencies a side of a map, -0.5 to 0.5."""


class Profile(NamedTuple):
    """The magnitude of a response along one direction.

    Attributes:
        name: ``x``, ``y`` or ``diagonal``.
        frequencies: cycles a pixel, from 0; along the diagonal those of x and y are equal to it.
        magnitudes: of the response there.
    """

    name: str
    frequencies: Floats
    magnitudes: Floats

    @property
    def cut_offs(self) -> tuple[float, ...]:
        """The frequencies at which the magnitude crosses half of the largest power, from low to high.

        >>> from imgconv.kernels.library import kernel
        >>> [round(f, 4) for f in profiles(kernel("gaussian:sigma=2"))[0].cut_offs]  # sqrt(log(2)) / (2 pi sigma)
        [0.0663]
        """
        top = float(self.magnitudes.max())
        if top <= 0 or top - float(self.magnitudes.min()) < 1e-9 * top:
            return ()
        over = self.magnitudes - top * HALF_POWER
        at = np.flatnonzero(np.sign(over[:-1]) * np.sign(over[1:]) < 0)
        step = self.frequencies[1] - self.frequencies[0]
        return tuple(float(self.frequencies[i] + step * over[i] / (over[i] - over[i + 1])) for i in at)


def magnitudes(kernel: Kernel, across: Floats, down: Floats) -> Floats:
    """Return the magnitude of the response at every pair of frequencies, (down, across), in cycles a pixel."""
    rows, cols = kernel.shape
    along_rows = np.exp(-2j * np.pi * np.outer(down, np.arange(rows)))
    along_cols = np.exp(-2j * np.pi * np.outer(np.arange(cols), across))
    response: Floats = np.abs(along_rows @ kernel.taps @ along_cols)
    return response


def members(kernel: Kernel | Combined) -> tuple[Kernel, ...]:
    """Return the kernels that a response is made of."""
    return kernel.of if isinstance(kernel, Combined) else (kernel,)


def response_map(kernel: Kernel | Combined) -> Floats:
    """Return the magnitudes for -0.5 to 0.5 cycles a pixel, `MAP_SIDE` a side; of several kernels the root of the
    sum of the squares.
    """
    ends = np.linspace(-0.5, 0.5, MAP_SIDE)
    root: Floats = np.sqrt(sum(magnitudes(member, ends, ends) ** 2 for member in members(kernel)))
    return root


def profiles(kernel: Kernel | Combined) -> tuple[Profile, ...]:
    """Return the profiles along x, y and the diagonal; of several kernels as `response_map` does."""
    steps = np.linspace(0, 0.5, STEPS + 1)
    zero = np.zeros(1)

    def along(across: Floats, down: Floats) -> Floats:
        root: Floats = np.sqrt(sum(magnitudes(member, across, down) ** 2 for member in members(kernel)))
        return root

    diagonal = np.sqrt(sum(_on_diagonal(member, steps) ** 2 for member in members(kernel)))
    return (
        Profile("x", steps, along(steps, zero)[0]),
        Profile("y", steps, along(zero, steps)[:, 0]),
        Profile("diagonal", steps, diagonal),
    )


def _on_diagonal(kernel: Kernel, steps: Floats) -> Floats:
    """Return the magnitudes where x and y have one frequency: those of the sums of the taps along antidiagonals."""
    rows, cols = kernel.shape
    places = np.add.outer(np.arange(rows), np.arange(cols))
    sums = np.bincount(places.ravel(), kernel.taps.ravel())
    magnitude: Floats = np.abs(np.exp(-2j * np.pi * np.outer(steps, np.arange(len(sums)))) @ sums)
    return magnitude


def cut_off_words(profile: Profile) -> str:
    """Say where half of the power is left."""
    frequencies = profile.cut_offs
    if not profile.magnitudes.max() > 0:
        return "no response"
    if not frequencies:
        return "no cut-off below 0.5"
    return (
        "-3 dB at "
        + ", ".join(f"{frequency:.3g}" for frequency in frequencies[:2])
        + (" ..." if frequencies[2:] else "")
    )
