"""What a figure is: the contract that every module of this folder keeps.

The module of the figure ``steps`` has a function ``draw_steps``. It takes what the rest of the package works with (an
image, kernels, a pipeline) and, by its name, a ``title``. It returns a `matplotlib.figure.Figure` of its own, which no
other figure and no window knows of: show it in a notebook, add to it, or hand it to `imgconv.figures.save`. One that
draws steps can return an `imgconv.figures.Animation` too. Axes, colours and cells of numbers come from
`imgconv.figures.parts`, so that all figures look alike. Nothing here computes what an engine or a layer computes.

Matplotlib is imported when a figure is drawn, not with its module; without it the function raises a `LibraryError`
that says what to install. A figure has a command of the same name in ``imgconv/cli/draw``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from imgconv.registry import Broken, function
from imgconv.value import Value


class Drawing(Value):
    """A figure: its name, and what draws it."""

    name: str
    draw: Callable[..., Any]

    @classmethod
    def of(cls, name: str, module: Any) -> Drawing:
        """Return the figure that a module draws.

        Raises:
            Broken: it does not keep the contract.
        """
        draw = function(module, f"draw_{name}")
        title = inspect.signature(draw).parameters.get("title")
        if title is None or title.default is not None:
            raise Broken(f"its draw_{name} takes no title, which is None unless it is given")
        return cls(name, draw)
