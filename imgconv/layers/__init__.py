"""Layers: one operation each, in one file each; a layer's fields are its YAML keys.

A module of this folder or of another package keeps the contract of `imgconv.layers.base`. Modules whose names begin
with an underscore are parts of layers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from imgconv.geometry import Shape
from imgconv.layers import _types
from imgconv.layers._types import *  # noqa: F403 - the kinds of values that fields hold
from imgconv.layers.base import Layer, Setting, Step
from imgconv.registry import LAYERS

if TYPE_CHECKING:
    from imgconv.layers._pixelwise import PixelwiseLayer as PixelwiseLayer
    from imgconv.layers._steps import PlannedPixelwise as PlannedPixelwise
    from imgconv.layers._steps import PlannedWhole as PlannedWhole

__all__ = [
    "Layer",
    "PixelwiseLayer",
    "PlannedPixelwise",
    "PlannedWhole",
    "Setting",
    "Shape",
    "Step",
    "every",
    "find",
    "names",
]
__all__ += _types.__all__

_READY = {"PixelwiseLayer": "_pixelwise", "PlannedPixelwise": "_steps", "PlannedWhole": "_steps"}
"""What layers are made of, which a run without such layers does not import."""

names = LAYERS.names


def __getattr__(name: str) -> Any:
    if name not in _READY:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return vars(import_module(f"{__name__}.{_READY[name]}"))[name]


def find(name: str) -> type[Layer]:
    """Return the layer called `name`.

    Raises:
        OptionError: there is none.
        PluginError: another package adds it, and it cannot be used.
    """
    return LAYERS.get(name, Layer.of)


def every() -> dict[str, type[Layer]]:
    """Return all layers by name, those of other packages too.

    Raises:
        PluginError: another package adds one that cannot be used.
    """
    return LAYERS.every(Layer.of)
