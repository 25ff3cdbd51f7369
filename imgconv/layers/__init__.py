"""Layers: one operation each, in one file each; a layer's fields are its YAML keys.

A module of this folder or of another package keeps the contract of `imgconv.layers.base`. Modules whose names begin
with an underscore are parts of layers.
"""

from __future__ import annotations

from imgconv.geometry import Shape
from imgconv.layers.base import Layer, Setting, Step
from imgconv.registry import LAYERS

__all__ = ["Layer", "Setting", "Shape", "Step", "every", "find", "names"]

names = LAYERS.names


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
