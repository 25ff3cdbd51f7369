"""Comparisons: one picture through several kernels, paddings, borders, engines or sizes, side by side.

All results are those of ``imgconv apply`` with the same options, floats before they are mapped to samples unless a map
is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imgconv.errors import OptionError
from imgconv.figures.parts.comparison import Comparison, Task, Variant, draws, result_panel
from imgconv.figures.parts.panels import (
    Cell,
    Look,
    Panel,
    TextCell,
    file_name,
    short,
    taps_of,
)
from imgconv.figures.parts.style import Scale
from imgconv.filtering.refusals import OF_KERNELS
from imgconv.filtering.request import INTERPOLATION, Request, rescaled
from imgconv.image import as_image
from imgconv.kernels import parametric
from imgconv.kernels.library import kernel as find_kernel
from imgconv.kernels.value import AnyKernel, Kernel
from imgconv.pipeline.run import Pipeline
from imgconv.words.base import refuse_other

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[Any]
Spec = str | NDArray[Any] | AnyKernel

MOST_RESULTS = 11
"""So many results fit onto a sheet beside the picture."""

ACROSS = 5
"""Panels side by side, at the most."""

MOST_SIZES = 8
"""So many sizes of a family are compared."""

ALPHA = (
    "alpha weights as in apply; what is transparent shows the page",
    "alpha weights as in apply, and is not drawn",
)
"""What becomes of alpha, on most sheets and on those that draw none."""

MOST_ROWS = 4
"""So many kernels have a row of their own on a sheet of paddings, borders or engines."""


def compare(
    image: Any,
    kernels: Sequence[Spec] = (),
    mode: str = "results",
    *,
    pipeline: Pipeline | None = None,
    request: Request | None = None,
    sizes: Sequence[int] = (),
) -> Comparison:
    """Filter a picture in several ways; the rest is as in `draw_compare`, which draws what this returns.

    Raises:
        OptionError: the mode does not go with the kernels or with an option.
        ImgconvError: the picture cannot be filtered so.
    """
    refuse_other("mode", mode, MODES)
    request = request or Request()
    _refuse(mode, len(kernels), pipeline, request, sizes)
    try:
        picture = as_image(image)
    except ValueError as error:
        raise OptionError("image", str(error)) from None
    variants = [_variant(spec, request) for spec in kernels if mode != "sizes"]
    if pipeline is not None:
        variants.append(Variant(file_name(pipeline), None, pipeline))
    task = Task(picture, tuple(variants), request.replace(gain="raw"), tuple(sizes), tuple(map(str, kernels)))
    comparison = MODES[mode](task)
    return comparison._replace(notes=(*comparison.notes, *((ALPHA[mode == "shift"],) * picture.alpha)))


def _variant(spec: Spec, request: Request) -> Variant:
    kernel = rescaled(find_kernel(spec), request.gain, request.map)
    return Variant(kernel.name, kernel)


def _refuse(mode: str, kernels: int, pipeline: Pipeline | None, request: Request, sizes: Sequence[int]) -> None:
    """Refuse what no pixel of the sheet depends on, and more than there is room for."""
    if bool(sizes) != (mode == "sizes"):
        raise OptionError("sizes", "name the sizes of the family, as in 3,7,15,31")
    if pipeline is not None and mode not in ("results", "split"):
        raise OptionError("pipeline", f"its layers say their own; --{mode} compares kernels")
    if pipeline is not None and not kernels:
        plain = Request()
        for name in OF_KERNELS:
            if getattr(request, name) != getattr(plain, name):
                raise OptionError(name, "it goes with --kernel; in a pipeline every layer says its own")
    count = kernels + (pipeline is not None)
    most = {"results": MOST_RESULTS, "sizes": 1, "shift": 1}.get(mode, MOST_ROWS)
    if not 1 <= count <= most:
        room = "one kernel" if most == 1 else f"1 to {most} kernels"
        raise OptionError("kernel", f"this sheet has room for {room}, not {count}")
    if len(sizes) > MOST_SIZES:
        raise OptionError("sizes", f"a sheet has room for {MOST_SIZES} sizes, not {len(sizes)}")
    fixed = {
        "paddings": (("padding", INTERPOLATION), ("border", None)),
        "borders": (("border", None), ("stride", (1, 1))),
        "engines": (("engine", "builtin"),),
        "shift": (("padding", INTERPOLATION), ("border", None), ("region", None)),
    }
    for name, value in fixed.get(mode, ()):
        if getattr(request, name) != value:
            reason = {
                "paddings": "--paddings draws each with the border of its own",
                "borders": "--borders draws each of them, at every pixel of a corner",
                "engines": "--engines draws both",
                "shift": "--shift looks only at windows that lie within the picture",
            }[mode]
            raise OptionError(name, f"{reason}; leave it out")


def draw_compare(
    image: Any,
    *kernels: Spec,
    mode: str = "results",
    pipeline: Pipeline | None = None,
    request: Request | None = None,
    sizes: Sequence[int] = (),
    title: str | None = None,
    cmap: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Figure:
    """Draw a picture beside what kernels make of it.

    The modes: ``results`` puts the picture, the kernels and their results side by side; ``paddings`` and ``borders``
    draw a kernel's results with each, and a corner enlarged; ``engines`` the results of both engines and their
    difference; ``sizes`` one family of kernels growing; ``shift`` how a result moves when the picture does, under
    stride and pooling; ``split`` the picture and its result in one, left and right of a line.

    Args:
        image: an `Image`, or an array (rows, cols[, channels]).
        kernels: specs, matrices or kernels.
        mode: one of these.
        pipeline: layers whose result is drawn too; for ``results`` and ``split``.
        request: the options of ``imgconv apply``, such as ``Request(border=Border("wrap"), gray="601")``.
        sizes: for the mode ``sizes``.
        title: above the sheet.
        cmap: one of Matplotlib's colormaps for kernels and for results of one channel; None chooses by sign.
        vmin, vmax: the results at the ends of the colours; None measures them.

    Raises:
        OptionError: the mode does not go with the kernels or with an option.
        ImgconvError: the picture cannot be filtered so.
        LibraryError: Matplotlib is not installed.
    """
    look = Look(title, cmap, vmin, vmax)
    if mode == "split":
        refuse_look(look)
    return compare(image, kernels, mode, pipeline=pipeline, request=request, sizes=sizes).draw(look)


def refuse_look(look: Look) -> None:
    """Refuse colours and ends of a scale where samples are drawn as a picture.

    Raises:
        OptionError: one is given.
    """
    for name in ("cmap", "vmin", "vmax"):
        if getattr(look, name) is not None:
            raise OptionError(name, "--split shows samples as apply writes them; --map says how results become those")


def _blocks(first: Panel, pairs: Sequence[tuple[Cell, Panel]]) -> list[list[Cell]]:
    """Return the picture and pairs of a kernel and its result: one pair beside it, several one over the other."""
    if len(pairs) == 1:
        return [[first, *pairs[0]]]
    cells: list[tuple[Cell, Cell]] = [(None, first), *pairs]
    rows: list[list[Cell]] = []
    across = -(-len(cells) // -(-len(cells) // ACROSS))
    for at in range(0, len(cells), across):
        chunk = cells[at : at + across]
        rows += [[upper for upper, _ in chunk], [lower for _, lower in chunk]]
    return rows


def _kernel_cell(variant: Variant) -> Cell:
    if variant.kernel is not None:
        return taps_of(variant.kernel, variant.name)
    assert variant.pipeline is not None
    lines = [f"{number}  {layer.kind}" for number, layer in enumerate(variant.pipeline.layers[:12], 1)]
    return TextCell(variant.name, (*lines, *(("...",) * (len(variant.pipeline.layers) > 12))))


def _results(task: Task) -> Comparison:
    pairs = [(_kernel_cell(variant), task.result(variant)) for variant in task.variants]
    return draws(_blocks(task.picture, pairs))


def _sizes(task: Task) -> Comparison:
    variants = [_variant(sized(task.specs[0], size), task.request) for size in task.sizes]
    # Smoothing keeps the scale of the picture; the derivatives of larger kernels are larger numbers.
    smooth = all(isinstance(variant.kernel, Kernel) and abs(variant.kernel.sum - 1) < 1e-6 for variant in variants)
    pairs = [(_kernel_cell(variant), task.result(variant, "sizes" if smooth else "")) for variant in variants]
    return draws(_blocks(task.picture, pairs))


def sized(spec: str, size: int) -> str:
    """Return the kernel of a family that has so many taps a side, as it is written.

    >>> sized("gaussian", 7), sized("disk", 7), sized("unsharp:amount=2", 5)
    ('gaussian:size=7', 'disk:radius=3', 'unsharp:amount=2,size=5')

    Raises:
        OptionError: the kernel is of one size, or its size is given already.
    """
    name, _, parameters = spec.partition(":")
    family = parametric.get(name)
    names = {parameter.name for parameter in family.parameters} if family else set()
    chosen = {part.partition("=")[0].strip() for part in parameters.split(",")}
    if not names & {"size", "radius"}:
        raise OptionError("sizes", f"'{short(spec)}' has one size; gaussian, box, disk and log are families that grow")
    if chosen & {"size", "radius"}:
        raise OptionError("sizes", f"'{short(spec)}' says its size already; leave that out")
    own = f"size={size}" if "size" in names else f"radius={(size - 1) / 2:g}"
    return f"{name}:{parameters},{own}" if parameters else f"{name}:{own}"


def _split(task: Task) -> Comparison:
    from imgconv.figures.parts.split import split

    return split(task)


def _engines(task: Task) -> Comparison:
    rows: list[list[Cell]] = []
    facts: dict[str, Any] = {}
    for variant in task.variants:
        (own, cover, _), (other, _, _) = (task.run(variant, engine=name) for name in ("builtin", "scipy"))
        with np.errstate(all="ignore"):
            apart = np.abs(own.astype(np.float64) - other)
        apart[(own == other) | (np.isnan(own) & np.isnan(other))] = 0
        maximum, mean = float(np.nan_to_num(apart, nan=np.inf).max()), float(apart.mean())
        facts[variant.name] = {"maximum": maximum, "mean": mean}
        largest = apart.max(axis=2, keepdims=True)
        words = f"difference\nlargest {maximum:.3g}, mean {mean:.3g}"
        rows.append(
            [
                result_panel(f"{variant.name}, builtin", own, variant.name)._replace(cover=cover),
                result_panel(f"{variant.name}, scipy", other, variant.name)._replace(cover=cover),
                Panel(words, largest, Scale(0.0, float(largest.max()) or 1.0, "gray"), result=False),
            ]
        )
    return draws(rows, {"engines": facts})


def _paddings(task: Task) -> Comparison:
    from imgconv.figures.parts.edges import paddings

    return draws(paddings(task))


def _borders(task: Task) -> Comparison:
    from imgconv.figures.parts.edges import borders

    return draws(borders(task))


def _shift(task: Task) -> Comparison:
    from imgconv.figures.parts.shift import moved

    return moved(task)


MODES: dict[str, Callable[[Task], Comparison]] = {
    "results": _results,
    "paddings": _paddings,
    "borders": _borders,
    "engines": _engines,
    "sizes": _sizes,
    "shift": _shift,
    "split": _split,
}
"""The ways to compare, by name."""
