"""Kernels computed from parameters, one function each, one module a family.

A new one is one function with `imgconv.parametric.base.parametric` above it, in any module of this folder.
"""

from __future__ import annotations

import os
from importlib import import_module

from imgconv.parametric.base import REGISTRY, Parametric

__all__ = ["Parametric", "get", "names"]


def get(name: str) -> Parametric | None:
    """Return the parametric kernel of that name, or None."""
    _load()
    return REGISTRY.get(name)


def names() -> list[str]:
    """Return the names of all parametric kernels, sorted."""
    _load()
    return sorted(REGISTRY)


def _load() -> None:
    for file in os.listdir(__path__[0]):
        if file.endswith(".py") and file[0] != "_":
            import_module(f"{__name__}.{file.removesuffix('.py')}")
