"""Figures: kernels, results, layers and steps, drawn with the numbers that the filter computes.

A figure is a module ``figures/NAME.py`` with one public function ``draw_NAME``, which takes what the rest of the
package works with (an image, kernels, a pipeline) and returns a `matplotlib.figure.Figure` of its own, which no
other figure and no window knows of: show it in a notebook, add to it, or hand it to `save`. A function that draws
steps can return an `Animation` too. Every module gets its axes, colours and number cells from `style`, so that all
figures look alike, and nothing in this folder computes what an engine or a layer computes already.

Matplotlib is imported by these functions alone. Without it they raise a `LibraryError` that says what to install.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "draw_compare": "compare",
    "draw_components": "components",
    "draw_field": "field",
    "draw_kernel": "kernel",
    "draw_layers": "layers",
    "draw_library": "library",
    "draw_steps": "steps",
    "library_pages": "library",
    "Animation": "output",
    "save": "output",
}

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Figure

    from imgconv.figures.compare import draw_compare as draw_compare
    from imgconv.figures.components import draw_components as draw_components
    from imgconv.figures.field import draw_field as draw_field
    from imgconv.figures.kernel import draw_kernel as draw_kernel
    from imgconv.figures.layers import draw_layers as draw_layers
    from imgconv.figures.library import draw_library as draw_library
    from imgconv.figures.library import library_pages as library_pages
    from imgconv.figures.output import Animation as Animation
    from imgconv.figures.output import save as save
    from imgconv.figures.steps import draw_steps as draw_steps

__all__ = [
    "Animation",
    "draw_compare",
    "draw_components",
    "draw_field",
    "draw_kernel",
    "draw_layers",
    "draw_library",
    "draw_steps",
    "library_pages",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
