"""The contract of `imgconv.figures.base`, which every figure keeps."""

import subprocess
import sys
import types

import pytest

from imgconv import figures
from imgconv.cli.draw import Drawings
from imgconv.figures.base import Drawing
from imgconv.registry import FIGURES, Broken

NAMES = FIGURES.names()


def test_figures_are_their_folder_and_have_a_command_each():
    assert "kernel" in NAMES and "style" not in NAMES
    assert Drawings.registry.names() == NAMES
    assert {f"draw_{name}" for name in NAMES} < set(figures.__all__) < set(dir(figures))
    for name in NAMES:
        assert getattr(figures, f"draw_{name}") is FIGURES.get(name, Drawing.of).draw
    with pytest.raises(AttributeError, match="has no attribute 'draw_nothing'"):
        _ = figures.draw_nothing


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_keeps_the_contract(name):
    drawing = FIGURES.get(name, Drawing.of)
    assert drawing.name == name
    assert (drawing.draw.__doc__ or "").strip() and "title" in drawing.draw.__doc__


def test_no_figure_imports_matplotlib_until_it_draws():
    code = f"from imgconv import figures\n[getattr(figures, name) for name in {figures.__all__}]\nimport sys\n"
    code += "assert not [name for name in sys.modules if name.startswith('matplotlib')]"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("", "its module has no draw_wrong"),
        ("draw_wrong = 3", "its draw_wrong is not a function"),
        ("def draw_wrong(image): pass", "its draw_wrong takes no title"),
        ("def draw_wrong(image, *, title): pass", "its draw_wrong takes no title, which is None unless it is given"),
    ],
)
def test_a_module_that_breaks_it_is_told_so(source, problem):
    module = types.ModuleType("wrong")
    exec(source, vars(module))
    with pytest.raises(Broken, match=problem):
        Drawing.of("wrong", module)
