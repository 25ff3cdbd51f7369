"""What this installation is made of: versions, engines, SIMD level, threads and formats."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import imgconv
from imgconv import engines
from imgconv.engines import _native
from imgconv.image import FORMATS, formats
from imgconv.system import cores

LIBRARIES = ("numpy", "scipy", "pillow", "imageio", "tifffile", "PyYAML", "click", "zlib-ng", *formats.LIBRARIES)


def facts() -> dict[str, Any]:
    """Return what there is to know, as plain values.

    Raises:
        EngineError: IMGCONV_REQUIRE_NATIVE or IMGCONV_SIMD asks for what is not there.
    """
    level = _native.level()
    return {
        "imgconv": imgconv.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "engines": engines.names(),
        "core": "native" if level else "NumPy",
        "simd": level.name if level else None,
        "simd_levels": [known.name for known in _native.known_levels()],
        "threads": cores.available(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "formats": {item.name: [f".{suffix}" for suffix in item.suffixes] for item in FORMATS},
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
    return [f"{label:<8} {text}" for label, text in rows]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
