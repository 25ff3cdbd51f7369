"""What this installation is made of: versions, engines, SIMD level, threads and formats."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import imgconv
from imgconv import engines
from imgconv.engines import Engine, _native
from imgconv.image import FORMATS, formats
from imgconv.image.base import Format
from imgconv.kernels.export import Export
from imgconv.layers import Layer
from imgconv.registry import ENGINES, EXPORTS, LAYERS, Registry
from imgconv.system import cores

LIBRARIES = (
    *("numpy", "scipy", "pillow", "imageio", "tifffile", "PyYAML", "click", "zlib-ng"),
    *(library.name for library in formats.LIBRARIES),
)


ROOMS: tuple[tuple[Registry, Callable[[str, Any], Any]], ...] = (
    (ENGINES, Engine.of),
    (LAYERS, Layer.of),
    (EXPORTS, Export.of),
    formats.room(),
)
"""What other packages can add to, and the contract that they keep there."""


def facts() -> dict[str, Any]:
    """Return what there is to know, as plain values.

    Raises:
        EngineError: IMGCONV_REQUIRE_NATIVE or IMGCONV_SIMD asks for what is not there.
    """
    level = _native.level()
    added = _added()
    return {
        "imgconv": imgconv.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "engines": sorted({*engines.names(), *(one["name"] for one in added if _is_usable(one, ENGINES))}),
        "core": "native" if level else "NumPy",
        "simd": level.name if level else None,
        "simd_levels": [known.name for known in _native.known_levels()],
        "threads": cores.available(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "added": added,
        "formats": {row.name: [f".{suffix}" for suffix in row.suffixes] for row in _formats(added)},
    }


def lines(found: dict[str, Any]) -> list[str]:
    """Return the facts as lines of text."""
    core = "NumPy: no native core was built, as there was no C compiler"
    if found["simd_levels"]:
        core = "NumPy, as IMGCONV_SIMD asks"
    if found["simd"]:
        others = [name for name in found["simd_levels"] if name != found["simd"]]
        core = f"native core, SIMD level {found['simd']} (also there: {', '.join(others) or 'none'})"
    libraries = [f"{name} {number or 'not installed'}" for name, number in found["libraries"].items()]
    kinds = [f"{name} ({' '.join(suffixes)})" for name, suffixes in found["formats"].items()]
    rows = [
        ("imgconv", f"{found['imgconv']} on Python {found['python']}, {found['machine']}"),
        ("engines", ", ".join(found["engines"])),
        ("builtin", core),
        ("threads", str(found["threads"])),
        ("with", ", ".join(libraries)),
        ("formats", ", ".join(kinds)),
    ]
    rows[2:2] = _added_lines(found["added"])
    return [f"{label:<8} {text}" for label, text in rows]


def _added() -> list[dict[str, str | None]]:
    """Return what other packages add: what it is, its name, its package, and why it cannot be used if it cannot."""
    found: list[dict[str, str | None]] = []
    for registry, contract in ROOMS:
        refused = registry.refused(contract)
        for plugin in registry.plugins():
            problem = str(refused[plugin.name]) if plugin.name in refused else None
            found.append({"kind": registry.noun, "name": plugin.name, "package": plugin.package, "problem": problem})
    return found


def _formats(added: list[dict[str, str | None]]) -> list[Format]:
    """Return the formats that can be written."""
    registry, contract = formats.room()
    others = [registry.get(str(one["name"]), contract) for one in added if _is_usable(one, registry)]
    return [*FORMATS, *(row for row in others if row.encoder)]


def _is_usable(added: dict[str, str | None], registry: Registry) -> bool:
    return added["kind"] == registry.noun and added["problem"] is None


def _added_lines(added: list[dict[str, str | None]]) -> list[tuple[str, str]]:
    """Return what other packages add, a line for each package, and one for whatever cannot be used."""
    packages: dict[str, list[str]] = {}
    for one in added:
        if one["problem"] is None:
            packages.setdefault(str(one["package"]), []).append(f"{one['kind']} {one['name']}")
    texts = [f"{', '.join(names)} ({package})" for package, names in sorted(packages.items())]
    texts += [str(one["problem"]) for one in added if one["problem"] is not None]
    return [("" if number else "added", text) for number, text in enumerate(texts)]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
