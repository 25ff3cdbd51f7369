"""``imgconv draw kernel``: a kernel's numbers, its response to frequencies, and what it makes of simple pictures."""

from __future__ import annotations

from typing import Any

import click

from imgconv.cli import sliding
from imgconv.cli.draw import drawing, finish, place
from imgconv.cli.kernels import KernelCommand


@click.command(cls=KernelCommand)
@click.argument("kernels", nargs=-1, required=True, metavar="KERNEL...")
@sliding.gain
@drawing
def command(kernels: tuple[str, ...], gain: str, **asked: Any) -> None:
    """Draw kernels: numbers, frequency response, factors, and what each makes of an edge, a line, a point and a step.

    \b
    Examples:
      imgconv draw kernel sobel-x -o sobel-x.png
      imgconv draw kernel gaussian:sigma=2 box:size=9 -o blurs.pdf
    """  # noqa: D301
    from imgconv.figures import draw_kernel
    from imgconv.filtering.request import rescaled
    from imgconv.kernels.library import kernel

    place(asked)
    found = [rescaled(kernel(spec), gain) for spec in kernels]
    finish(draw_kernel(*found, title=asked["title"], cmap=asked["cmap"]), asked)
