"""The engines' names, found by listing their folder without importing it, which would import NumPy."""

from __future__ import annotations

import os

FOLDERS = [os.path.join(os.path.dirname(__file__), "engines")]  # noqa: PTH118, PTH120 - pathlib takes 3 ms to import
"""Where engines are; it is also the search path of the package `imgconv.engines`."""

CONTRACT = "base.py"
"""What every engine keeps; it is the one module in that folder that is none and has no underscore."""

DEFAULT = "builtin"
"""The engine that computes unless another one is asked for."""


def names() -> list[str]:
    """Return the engines' names in alphabetical order."""
    files = {file for folder in FOLDERS for file in os.listdir(folder)}  # noqa: PTH208
    return sorted(file[:-3] for file in files - {CONTRACT} if file.endswith(".py") and file[0] != "_")
