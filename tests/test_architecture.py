"""Imports run one way, and heavy or private modules stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import imgconv

ROOT = Path(imgconv.__file__).parent
# Every module may import from its own floor and from those below it.
FLOORS = [
    {"cores", "enginenames", "errors", "interruption", "portable", "progress", "value"},
    {
        "arguments",
        "border",
        "geometry",
        "kernelnames",
        "kernelvalue",
        "numbertext",
        "smallfile",
        "tone",
        "yamlfile",
        "yamlplain",
    },
    {"arguments", "arrayfile", "gain", "kernelfile", "kerneltext", "matrixfile", "parametric", "sizes", "weightfile"},
    {"engines", "image", "library"},
    {"functional", "solid"},
    {"export", "grey", "kernelshow", "layers"},
    {"fields", "pipeline"},
    {"pipelinefile", "reportschema", "schema"},
    {"api", "info"},
    {"filtering"},
    {"figures"},
    {"batch"},
    {"__main__", "cli"},
]
ALLOWED = {
    "click": {"cli"},
    "PIL": {"image", "figures"},
    "imageio": {"image", "figures"},
    "tifffile": {"image", "figures"},
    "matplotlib": {"figures"},
    "textual_image": {"figures"},
    "yaml": {"yamlfile"},
}


def imports():
    for path in sorted(ROOT.rglob("*.py")):
        part = path.relative_to(ROOT).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            if isinstance(node, ast.ImportFrom) and node.module == "imgconv":
                names = [f"imgconv.{alias.name}" for alias in node.names]
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            yield from ((part, path, name.split(".")) for name in names)


def test_imports_run_downwards():
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    parts = {part for part, _, _ in imports()} - {"__init__"}
    assert parts <= set(floor), "a new module needs its floor here"
    for part, path, name in imports():
        if name[0] == "imgconv" and len(name) > 1 and part != "__init__" and name[1] in floor:
            assert floor[name[1]] <= floor[part], f"{path} imports {'.'.join(name)} from above"


def test_every_folder_is_installed():
    settings = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    folders = {".".join(path.parent.relative_to(ROOT.parent).parts) for path in ROOT.rglob("__init__.py")}
    assert set(settings["tool"]["setuptools"]["packages"]) == folders | {"imgconv.kernels"}


def test_libraries_stay_where_they_belong():
    for part, path, name in imports():
        assert part in ALLOWED.get(name[0], {part}), f"{path} imports {name[0]}"


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import imgconv", "numpy scipy PIL click yaml imageio tifffile"),
        ("from imgconv.library import kernel; kernel('sharpen'), kernel('sobel')", "scipy PIL click yaml"),
        ("import imgconv; imgconv.convolve", "scipy PIL click imageio tifffile"),
        ("from imgconv.image import reader, pngread, pillow", "numpy scipy imageio tifffile"),
        ("from imgconv.cli import size, apply", "numpy scipy PIL yaml imageio tifffile"),
        ("import imgconv; imgconv.read, imgconv.write", "scipy PIL click imageio tifffile"),
    ],
)
def test_nothing_heavy_is_imported_early(code, unwanted):
    script = f"{code}; import sys; print([m for m in {unwanted.split()} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
