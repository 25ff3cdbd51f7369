"""Kernels drawn: the numbers as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgconv.figures.style import heat_map, new_figure, scale_of, settled, styled
from imgconv.kernelvalue import AnyKernel, Kernel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_kernel(*kernels: AnyKernel, title: str | None = None, cmap: str | None = None) -> Figure:
    """Draw kernels and return the figure."""
    with styled():
        figure = new_figure(4.2 * len(kernels), 3.8, title)
        for axes, kernel in zip(figure.subplots(1, len(kernels), squeeze=False)[0], kernels, strict=True):
            if isinstance(kernel, Kernel):
                heat_map(axes, kernel.taps, scale_of(kernel.taps, cmap=cmap), unit="tap")
            axes.set_title(kernel.name)
        return settled(figure)
