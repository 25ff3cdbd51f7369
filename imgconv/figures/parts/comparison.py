"""What every sheet of a comparison is made of: the picture, the ways it is filtered, and their results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.figures.parts.panels import Cell, Look, Panel, draw_sheet, range_words, refuse_many_channels, short
from imgconv.figures.parts.style import Scale, scale_of
from imgconv.filtering.request import Request
from imgconv.filtering.whole import filter_image
from imgconv.image import Image
from imgconv.image.model import words_for
from imgconv.kernels.value import AnyKernel
from imgconv.pipeline.run import Pipeline
from imgconv.tone import full_range
from imgconv.value import Value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[Any]


class Variant(NamedTuple):
    """One way to filter a picture: its name, and the kernel or the layers."""

    name: str
    kernel: AnyKernel | None = None
    pipeline: Pipeline | None = None

    def apply_to(self, request: Request) -> Request:
        """Return the request with this kernel or these layers."""
        return request.replace(kernel=self.kernel, pipeline=self.pipeline)


class Comparison(NamedTuple):
    """What was computed for a sheet.

    Attributes:
        draw: makes the figure.
        facts: numbers that were measured, by what they are, for a report.
        notes: what a user should know.
    """

    draw: Callable[[Look], Figure]
    facts: dict[str, Any] = {}  # noqa: RUF012 - never changed
    notes: tuple[str, ...] = ()


class Filtered(NamedTuple):
    """What ``apply`` makes of a picture: its colours, (rows, cols, channels), its alpha, if any, and the report."""

    pixels: Floats
    cover: Floats | None
    report: Any


class Task(Value):
    """What is to be compared.

    Attributes:
        image: the picture.
        variants: the kernels, and the layers of a pipeline, if there are any.
        request: the options of all of them; its kernel does not matter.
        sizes: of a family of kernels.
        specs: the kernels as they were written.
    """

    image: Image
    variants: tuple[Variant, ...]
    request: Request
    sizes: tuple[int, ...] = ()
    specs: tuple[str, ...] = ()

    def filtered(self, variant: Variant, **changes: Any) -> Floats:
        """Return the colours of what ``apply`` makes of the picture, (rows, cols, channels), without alpha."""
        return self.run(variant, **changes).pixels

    def run(self, variant: Variant, **changes: Any) -> Filtered:
        """Return what ``apply`` makes of the picture."""
        request = self.request.replace(map=self.request.map or "float").replace(**changes)
        filtered = filter_image(self.image, variant.apply_to(request))
        pixels = colours_of(filtered.image)
        refuse_many_channels(pixels.shape[2], f"the result of {variant.name}")
        return Filtered(pixels, cover_of(filtered.image), filtered.report)

    def result(self, variant: Variant, group: str = "") -> Panel:
        """Return what ``apply`` makes of the picture, as a panel."""
        filtered = self.run(variant)
        mapped = self.request.map not in (None, "float")
        return result_panel(variant.name, filtered.pixels, group, mapped)._replace(cover=filtered.cover)

    @property
    def picture(self) -> Panel:
        """The picture as it came."""
        pixels = colours_of(self.image)
        refuse_many_channels(pixels.shape[2], "the picture")
        size = f"{self.image.width}x{self.image.height} {words_for(self.image)}"
        return Panel(f"input\n{size}", pixels, scale_of_picture(pixels), result=False, cover=cover_of(self.image))


def colours_of(image: Image) -> Floats:
    """Return the pixels of an image without alpha."""
    return image.pixels[:, :, :-1] if image.alpha else image.pixels


def cover_of(image: Image) -> Floats | None:
    """Return how much of each pixel is seen, (rows, cols) of 0 to 1; None without alpha."""
    if not image.alpha:
        return None
    cover: Floats = np.clip(image.pixels[:, :, -1] / float(full_range(image.pixels.dtype)), 0, 1)
    return cover


def scale_of_picture(pixels: Floats) -> Scale:
    """Return black to white for a picture of integers, or of floats within 0 and 1; the range of other floats."""
    white = full_range(pixels.dtype)
    scale = scale_of(pixels)
    if pixels.dtype.kind == "u" or (pixels.shape[2] == 3 and scale.low >= 0 and scale.high <= white):
        return Scale(0.0, float(white), "gray")
    return scale if pixels.shape[2] == 1 else scale._replace(cmap="gray")


def draws(rows: Sequence[Sequence[Cell]], facts: dict[str, Any] | None = None) -> Comparison:
    return Comparison(lambda look: draw_sheet(rows, look), facts or {})


def result_panel(name: str, values: Floats, group: str = "", mapped: bool = False) -> Panel:
    size = f"{values.shape[1]}x{values.shape[0]}"
    scale = Scale(0.0, float(full_range(values.dtype)), "gray") if mapped and values.dtype.kind == "u" else None
    return Panel(f"{short(name)}\n{size}, {range_words(values)}", values, scale, group)
