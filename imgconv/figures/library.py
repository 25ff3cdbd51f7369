"""The kernel library drawn: every matrix beside what it makes of one picture."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import ImgconvError, OptionError
from imgconv.figures.parts.comparison import colours_of
from imgconv.figures.parts.panels import refuse_many_channels, short
from imgconv.figures.parts.style import TITLE, Scale, fitted_title, new_figure, scale_of, scale_of_taps, styled
from imgconv.filtering.request import Request
from imgconv.filtering.whole import filter_image
from imgconv.geometry import Padding
from imgconv.image import Image, as_image
from imgconv.kernels.library import Entry, catalogue
from imgconv.kernels.library import kernel as find_kernel
from imgconv.kernels.value import CLASSES, AnyKernel, Combined, Kernel, Learned, Pointwise
from imgconv.layers.pool import Pool
from imgconv.pipeline.run import Pipeline
from imgconv.tone import full_range
from imgconv.words.base import refuse_other

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[Any]

CHART = 72
"""Samples a side of the test chart."""

LARGEST = 160
"""The longest side of a picture that kernels are shown on; a larger one is made smaller first."""

ACROSS = 6
"""Kernels side by side."""

TILE, DOWN, GAP = 1.0, 1.42, 0.12
"""Inches: the side of a matrix and of a result, the height of a kernel's place, and the space between two."""

HEAD = 0.5
"""Inches above the kernels of a class."""

EXAMPLES = {
    "gaussian": "gaussian:sigma=2",
    "motion": "motion:length=9,angle=30",
    "shift": "shift:dx=4,dy=2",
}
"""What is drawn of parametric kernels that have no defaults."""


class Sample(NamedTuple):
    """A kernel and what it makes of the picture.

    Attributes:
        name: as it is written.
        kind: its class.
        kernel: itself.
        result: (rows, cols, channels), floats before mapping.
        white: what stands for white in the picture.
    """

    name: str
    kind: str
    kernel: AnyKernel
    result: Floats
    white: float


def chart_picture() -> NDArray[np.uint8]:
    """Return a picture of (72, 72, 3) for looking at filters: edges, lines, dots, gratings, marks and colours.

    >>> chart_picture().shape
    (72, 72, 3)
    """
    chart = np.full((CHART, CHART, 3), 235, np.uint8)
    y, x = np.mgrid[:CHART, :CHART]
    chart[4:26, 4:26] = 40  # edges across and down
    chart[10:20, 10:20] = 180
    chart[(x - 50) ** 2 + (y - 15) ** 2 < 11**2] = 90  # a round edge
    chart[(x - 50) ** 2 + (y - 15) ** 2 < 5**2] = 250
    for at, width in ((30, 1), (34, 2), (39, 3)):  # lines
        chart[at : at + width, 3:34] = 20
    for at in range(8):  # a falling and a rising line
        chart[29 + at : 31 + at, 37 + at] = chart[36 - at : 38 - at, 46 + at] = 20
    chart[30:42:4, 58:70:4] = 10  # dots
    chart[46:56, 3:34] = np.where(x[46:56, 3:34, None] // 2 % 2, 30, 220)  # gratings
    chart[46:56, 37:70] = np.where(y[46:56, 37:70, None] // 2 % 2, 30, 220)
    patches = ((200, 40, 40), (230, 190, 50), (50, 150, 70), (50, 140, 190), (60, 60, 170), (170, 70, 150))
    for at, colour in enumerate(patches):
        chart[60:70, 3 + 11 * at : 14 + 11 * at] = colour
    return chart


def samples(image: Any = None, kind: str | None = None) -> list[Sample]:
    """Return every kernel of the library, or of a class, with what it makes of a picture; in the order of classes.

    A matrix filters the luma, a matrix over channels the colours. Kernels on the user's own path are not drawn.

    Raises:
        OptionError: there is no such class, or the picture is not grey or RGB.
    """
    if kind is not None:
        refuse_other("class", kind, CLASSES)
    picture = _small(as_image(chart_picture() if image is None else image))
    refuse_many_channels(colours_of(picture).shape[2], "the picture")
    entries = [entry for entry in catalogue() if entry.origin in ("library", "parametric") and not entry.problem]
    fixed = {entry.name for entry in entries if entry.form != "parametric"}  # what the bare name means
    entries = [entry for entry in entries if entry.form != "parametric" or entry.name not in fixed]
    order = sorted(entries, key=lambda entry: CLASSES.index(entry.kind))
    drawn = [_sample(entry, picture) for entry in order if kind in (None, entry.kind)]
    return [sample for sample in drawn if sample is not None]


def _small(image: Image) -> Image:
    """Return a picture that is drawn in one tile, without alpha: means of squares of samples, in the samples' type."""
    pixels = np.ascontiguousarray(colours_of(image))
    plain = image.with_pixels(pixels, alpha=False)
    factor = -(-max(image.width, image.height) // LARGEST)
    if factor == 1:
        return plain
    window = (min(factor, image.width), min(factor, image.height))
    reduced = filter_image(plain, Request(pipeline=Pipeline((Pool(mean=window),)), map="clip"))
    return reduced.image.replace(header=None)


def _sample(entry: Entry, picture: Image) -> Sample | None:
    name = EXAMPLES.get(entry.name, entry.name)
    try:
        kernel = find_kernel(name)
    except ImgconvError:
        return None  # it has no defaults
    colours = isinstance(kernel, (Pointwise, Learned))
    if colours and picture.space != "RGB":
        return None
    request = Request(kernel=kernel, map="float", gray=None if colours else "601")
    if entry.kind == "upsample":  # such kernels fill what a transposed convolution leaves between the samples
        request = request.replace(transposed=True, stride=(2, 2), padding=Padding("valid"))
    result = colours_of(filter_image(picture, request).image)
    return Sample(name, entry.kind, kernel, result, full_range(picture.pixels.dtype))


def draw_library(
    image: Any = None, *, kind: str | None = None, title: str | None = None, drawn: Sequence[Sample] | None = None
) -> Figure:
    """Draw the kernel library as a contact sheet: each matrix beside its effect on a picture, by class.

    Results that are brightnesses are drawn from black to white, others on a scale of their own, with 0 in the middle
    where they have both signs. Kernels that enlarge are drawn as transposed convolutions of stride 2.

    Args:
        image: an `Image` or an array, grey or RGB; None takes `chart_picture`.
        kind: one of `imgconv.kernels.value.CLASSES`; None draws all.
        title: above the sheet.
        drawn: what `samples` gave for these arguments, if it is known.

    Raises:
        OptionError: there is no such class, or the picture is not grey or RGB.
        LibraryError: Matplotlib is not installed.
    """
    listed = samples(image, kind) if drawn is None else list(drawn)
    if not listed:
        raise OptionError("class", "no kernel of this class can be drawn on this picture")
    kinds = [kind_name for kind_name in CLASSES if any(sample.kind == kind_name for sample in listed)]
    heights = [HEAD + DOWN * ceil(sum(kind_name.kind == name for kind_name in listed) / ACROSS) for name in kinds]
    width, height = ACROSS * (2 * TILE + 2 * GAP) + 0.3, sum(heights) + 0.15 + 0.5 * bool(title)
    with styled():
        figure = new_figure(width, height)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.set_axis_off()
        top = 0.1
        if title:
            axes.text(0.2, 0.35, fitted_title(title, width, TITLE, most=1), fontsize=TITLE, va="center")
            top += 0.5
        for name, tall in zip(kinds, heights, strict=True):
            own = [sample for sample in listed if sample.kind == name]
            axes.text(0.2, top + HEAD / 2, f"{name}: {len(own)} kernels", fontsize=12, va="center")
            for at, sample in enumerate(own):
                left = 0.2 + (at % ACROSS) * (2 * TILE + 2 * GAP)
                _draw_sample(axes, sample, left, top + HEAD + (at // ACROSS) * DOWN)
            top += tall
        return figure


def library_pages(image: Any = None, *, kind: str | None = None, title: str | None = None) -> list[Figure]:
    """Return a figure for every class, as the pages of a document; the rest is as in `draw_library`."""
    listed = samples(image, kind)
    kinds = [kind_name for kind_name in CLASSES if any(sample.kind == kind_name for sample in listed)]
    return [draw_library(title=title, drawn=[sample for sample in listed if sample.kind == name]) for name in kinds]


def _draw_sample(axes: Axes, sample: Sample, left: float, top: float) -> None:
    """Draw a matrix and its result side by side, with the name above."""
    size = _size(sample.kernel)
    axes.text(left, top + 0.16, short(sample.name, 26), fontsize=7.5, va="center")
    axes.text(left + 2 * TILE + GAP / 2, top + 0.16, size, fontsize=6.5, va="center", ha="right", color="0.4")
    matrices = _matrices(sample.kernel)
    scale = scale_of_taps(matrices)
    across = ceil(len(matrices) ** 0.5)
    side = TILE / across
    spare = (TILE - side * ceil(len(matrices) / across)) / 2
    for at, matrix in enumerate(matrices):
        place = left + (at % across) * side, top + 0.28 + spare + (at // across) * side
        _tile(axes, matrix, scale, place, side * (0.94 if across > 1 else 1))
    _result(axes, sample, (left + TILE + GAP / 2, top + 0.28))


def _result(axes: Axes, sample: Sample, place: tuple[float, float]) -> None:
    values = sample.result
    if values.shape[2] == 3:
        _tile(axes, np.clip(values / sample.white, 0, 1), Scale(0, 1, "gray"), place, TILE)
        return
    plane = values[:, :, 0]
    scale = scale_of(plane)
    if isinstance(sample.kernel, Pointwise) or (isinstance(sample.kernel, Kernel) and _keeps(sample.kernel)):
        scale = Scale(0.0, sample.white, "gray")  # a picture still
    _tile(axes, plane, scale, place, TILE)


def _keeps(kernel: Kernel) -> bool:
    """Whether results are brightnesses, not differences: taps that do not cancel out, or an offset."""
    return kernel.sum > 0.5 or bool(kernel.offset)


def _tile(axes: Axes, values: Floats, scale: Scale, place: tuple[float, float], side: float) -> None:
    """Draw values into a square, in their own proportions."""
    from matplotlib.patches import Rectangle

    rows, cols = values.shape[:2]
    wide, tall = side * cols / max(rows, cols), side * rows / max(rows, cols)
    left, top = place[0] + (side - wide) / 2, place[1] + (side - tall) / 2
    axes.imshow(
        values,
        cmap=scale.cmap,
        vmin=scale.low,
        vmax=scale.high,
        extent=(left, left + wide, top + tall, top),
        aspect="auto",
    )
    axes.add_patch(Rectangle((left, top), wide, tall, facecolor="none", edgecolor="0.6", linewidth=0.4))


def _matrices(kernel: AnyKernel) -> list[Floats]:
    match kernel:
        case Combined():
            return [member.taps for member in kernel.of]
        case Pointwise():
            return [kernel.matrix]
        case Learned():
            return list(kernel.weights[0])
    return [kernel.taps]


def _size(kernel: AnyKernel) -> str:
    match kernel:
        case Combined():
            return f"{len(kernel.of)} of {kernel.of[0].size}"
        case Pointwise():
            return f"{kernel.matrix.shape[1]} to {kernel.matrix.shape[0]} channels"
        case Learned():
            return "x".join(map(str, kernel.weights.shape))
    return kernel.size
