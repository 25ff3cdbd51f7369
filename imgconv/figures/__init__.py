"""Figures: kernels, results, layers and steps, drawn with the numbers that the filter computes.

A module of this folder keeps the contract of `imgconv.figures.base`; what figures are made of is in
`imgconv.figures.parts`. Modules are imported when one of their functions is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from imgconv.registry import FIGURES

_HOMES = {"library_pages": "library", "Animation": "parts.output", "save": "parts.output"}
"""What there is besides the function ``draw_NAME`` of every figure."""

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Figure

    from imgconv.figures.compare import draw_compare as draw_compare
    from imgconv.figures.components import draw_components as draw_components
    from imgconv.figures.field import draw_field as draw_field
    from imgconv.figures.kernel import draw_kernel as draw_kernel
    from imgconv.figures.layers import draw_layers as draw_layers
    from imgconv.figures.library import draw_library as draw_library
    from imgconv.figures.library import library_pages as library_pages
    from imgconv.figures.parts.output import Animation as Animation
    from imgconv.figures.parts.output import save as save
    from imgconv.figures.steps import draw_steps as draw_steps

__all__ = [*_HOMES, *(f"draw_{name}" for name in FIGURES.names())]  # noqa: PLE0604 - it holds texts


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    if name in _HOMES:
        value = vars(import_module(f"{__name__}.{_HOMES[name]}"))[name]
    else:
        from imgconv.figures.base import Drawing

        value = FIGURES.get(name.removeprefix("draw_"), Drawing.of).draw
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
