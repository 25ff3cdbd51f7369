"""What is refused although it could be computed: sizes that would ask for absurd amounts of memory."""

from __future__ import annotations

from imgconv.border import MAX_PADDING
from imgconv.errors import SizeError
from imgconv.image.limits.size import amount, pixels_of
from imgconv.layers import Shape, Step
from imgconv.sizes.chain import extents

MAX_WINDOW = 1 << 28
"""The most samples in the padded rows that one row of windows sees; a thread may hold them all at once."""


def refuse_enormous(step: Step, shape: Shape) -> None:
    """Refuse a step on an input of `shape` that needs too much however few rows of its output are made at a time.

    Raises:
        SizeError: the padding or the rows that a window needs are beyond all use.
    """
    for extent in extents(step.stages):
        width, height = extent
        for axis in (width, height):
            if max(axis.before, axis.after) > MAX_PADDING:
                problem = (
                    f"more than {MAX_PADDING} pixels of padding at one side; use less padding or a smaller dilation"
                )
                raise SizeError(axis.name, axis.arithmetic, problem)
        if (width.size + width.before + width.after) * shape.channels * height.reach > MAX_WINDOW:
            problem = f"the {height.reach} padded rows that a window reaches over hold more than {MAX_WINDOW} samples"
            raise SizeError(height.name, height.arithmetic, f"{problem}; use a smaller dilation")


def refuse_held(step: Step, shape: Shape, most: int) -> None:
    """Refuse a step on an input of `shape` whose output, held in memory whole, has more than `most` pixels.

    Pixels are counted as `imgconv.image.limits.size.pixels_of` does.

    Raises:
        SizeError: it has.
    """
    for extent in extents(step.stages):
        output = Shape(*extent.output, max(step.output.channels, shape.channels))
        if extent.output == step.output[:2]:
            output = step.output
        pixels = pixels_of(*output)
        if pixels > most:
            width = extent.width
            remedy = "use less padding" if width.before else "make it smaller"
            problem = f"an output of {output} samples is beyond the limit of {amount(most)} pixels; {remedy}"
            raise SizeError(width.name, width.arithmetic, f"{problem}, or let it in with --max-pixels {amount(pixels)}")
