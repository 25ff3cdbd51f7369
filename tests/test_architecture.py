"""Imports run one way, and heavy or private modules stay where they belong."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import imgconv

ROOT = Path(imgconv.__file__).parent
ROWS = re.findall(r"(?m)^\| (\d+) \| `(\w+)` \|", (ROOT.parent / "ARCHITECTURE.md").read_text())
FLOOR = {room: int(floor) for floor, room in ROWS}
LONGEST = 400
"""Lines of a module; a longer one is divided by subject."""
ALLOWED = {
    "click": {"cli"},
    "PIL": {"image", "figures"},
    "imageio": {"image", "figures"},
    "tifffile": {"image", "figures"},
    "matplotlib": {"figures"},
    "textual_image": {"figures"},
    "yaml": {"yamlreader"},
}


@functools.cache
def nodes(path):
    """Every statement of a module that imports."""
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]


def imports():
    for path in sorted(ROOT.rglob("*.py")):
        part = path.relative_to(ROOT).with_suffix("").parts[0]
        for node in nodes(path):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            if isinstance(node, ast.ImportFrom) and node.module == "imgconv":
                names = [f"imgconv.{alias.name}" for alias in node.names]
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            yield from ((part, path, name.split(".")) for name in names)


def test_imports_run_downwards():
    found = list(imports())
    assert {part for part, _, _ in found} - {"__init__"} == set(FLOOR), "ARCHITECTURE.md has a floor for every room"
    for part, path, name in found:
        if name[0] == "imgconv" and len(name) > 1 and part != "__init__" and name[1] in FLOOR:
            assert FLOOR[name[1]] <= FLOOR[part], f"{path} imports {'.'.join(name)} from above"


def modules():
    """Every module by its dotted name."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def test_no_modules_import_each_other_in_a_circle():
    """Imports within functions, and those for types alone, count too. A folder's door may be imported from within."""
    known, arrows = dict(modules()), {}
    for module, path in known.items():
        names = set()
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and node.module:
                whole = [f"{node.module}.{alias.name}" for alias in node.names]
                names |= {name if name in known else node.module for name in whole}
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
        arrows[module] = {name for name in names & set(known) if not f"{module}.".startswith(f"{name}.")}
    while free := {module for module, targets in arrows.items() if not targets & set(arrows)}:
        arrows = {module: targets for module, targets in arrows.items() if module not in free}
    assert not arrows, "these modules import each other, or something that does"


def test_no_module_is_too_long_to_be_read_at_once():
    lengths = {path: path.read_text().count("\n") for path in ROOT.rglob("*.py")}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_every_folder_is_installed():
    settings = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    folders = {".".join(path.parent.relative_to(ROOT.parent).parts) for path in ROOT.rglob("__init__.py")}
    assert set(settings["tool"]["setuptools"]["packages"]) == folders | {"imgconv.kernels.data"}


def included(file, levels=None):
    """Yield the files that a C file includes, by any number of steps; a name is as seen from the file that has it."""
    text = file.read_text()
    levels = next(iter(re.findall(r'#define LEVEL_FILE "(.+)"', text)), levels)
    names = re.findall(r'#include "(.+)"', text) + [levels] * (levels is not None and "#include LEVEL_FILE" in text)
    for name in dict.fromkeys(names):
        target = (file.parent / name).resolve()
        assert target.is_file(), f"{file} includes {name}, which is not there"
        yield target
        yield from included(target, levels)


def test_a_core_is_built_again_when_any_file_of_it_changes():
    """And none includes what is not there, where a build would go on without the core."""
    settings = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    for core in settings["tool"]["setuptools"]["ext-modules"]:
        (source,) = core["sources"]
        files = {str(path.relative_to(ROOT.parent)) for path in included(ROOT.parent / source)}
        assert files == set(core["depends"]), source


def test_libraries_stay_where_they_belong():
    for part, path, name in imports():
        assert part in ALLOWED.get(name[0], {part}), f"{path} imports {name[0]}"


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import imgconv", "numpy scipy PIL click yaml imageio tifffile"),
        ("from imgconv.kernels.library import kernel; kernel('sharpen'), kernel('sobel')", "scipy PIL click yaml"),
        ("import imgconv; imgconv.convolve", "scipy PIL click imageio tifffile"),
        (
            "import imgconv.image.ahead, imgconv.image.png.read, imgconv.image.pillow.jpeg_open",
            "numpy scipy imageio tifffile",
        ),
        ("from imgconv.cli import size, apply", "numpy scipy PIL yaml imageio tifffile"),
        ("import imgconv; imgconv.read, imgconv.write", "scipy PIL click imageio tifffile"),
    ],
)
def test_nothing_heavy_is_imported_early(code, unwanted):
    script = f"{code}; import sys; print([m for m in {unwanted.split()} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
