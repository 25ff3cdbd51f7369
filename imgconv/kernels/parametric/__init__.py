"""Kernels computed from parameters: a function for each, a module for each family.

A new one is one function with `imgconv.kernels.parametric.base.parametric` above it, in any module of this folder.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgconv.kernels.parametric.base import Parametric as Parametric


def get(name: str) -> Parametric | None:
    """Return the parametric kernel of that name, or None."""
    return _loaded().get(name)


def names() -> list[str]:
    """Return the names of all parametric kernels, sorted."""
    return sorted(_loaded())


def _loaded() -> dict[str, Parametric]:
    """Import every family, and return their kernels by name."""
    for file in os.listdir(__path__[0]):
        if file.endswith(".py") and file[0] != "_":
            import_module(f"{__name__}.{file.removesuffix('.py')}")
    registry: dict[str, Parametric] = import_module(f"{__name__}.base").REGISTRY
    return registry
