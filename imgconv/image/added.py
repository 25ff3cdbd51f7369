"""Formats that other packages add, each a module whose ``FORMAT`` is a row, named by an entry point.

    [project.entry-points."imgconv.formats"]
    duck = "imgconv_duck"

Only `imgconv.image.formats` imports this module, and only for a file, a suffix or a name that its rows do not have, or
where somebody asks for all formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from imgconv.image.base import SNIFFED, Format, resolve
from imgconv.registry import Broken, Registry, declared


def room(rows: Iterable[Format]) -> tuple[Registry, Callable[[str, Any], Format]]:
    """Return where formats besides `rows` are looked for, and what they have to keep there."""
    suffixes = {suffix: row.name for row in rows for suffix in (*row.suffixes, *row.other_suffixes)}
    names = tuple(row.name.lower() for row in rows)

    def contract(name: str, module: object) -> Format:
        row = declared(module, "FORMAT", Format)
        if problem := next(problems(name, row, suffixes), ""):
            raise Broken(problem)
        return row

    return Registry("format", "imgconv.image", option="format", group="imgconv.formats", table=names), contract


def problems(name: str, row: Format, taken: dict[str, str]) -> Iterator[str]:
    """Yield what of a row does not keep the contract, as far as a row alone can show it.

    Args:
        name: of its entry point.
        row: what it says.
        taken: whose the suffixes are that other formats have.
    """
    if row.name.lower() != name:
        yield f"its FORMAT is named {row.name}"
    if not row.suffixes:
        yield "its FORMAT has no suffixes"
    for suffix in (*row.suffixes, *row.other_suffixes):
        if not re.fullmatch(r"[a-z0-9]+", suffix):
            yield f"its suffix '{suffix}' is not of lower-case letters and digits alone"
        if suffix in taken:
            yield f"its suffix .{suffix} is that of {taken[suffix]}"
    try:
        if row.magic and any(re.match(row.magic, bytes([byte]) * SNIFFED, re.DOTALL) for byte in range(256)):
            yield "its magic is too vague: it matches one byte that is repeated"
    except re.error:
        yield "its magic is not a regular expression"
    if bool(row.unit) != bool(row.frames_writer):
        yield "its unit and its frames_writer do not go together"
    if bool(row.encoder) != bool(row.kinds or row.any_channels):
        yield "its encoder and its kinds do not go together"
    for field in ("opener", "encoder", "frames_writer", "bands_writer"):
        reference = getattr(row, field)
        if reference and (problem := _unusable(reference)):
            yield f"its {field}, {reference}, {problem}"


def _unusable(reference: str) -> str:
    """Say why what a reference names cannot be called; nothing if it can."""
    try:
        return "" if callable(resolve(reference)) else "cannot be called"
    except ModuleNotFoundError as fault:
        return f"needs the module {fault.name}, which is not installed"
    except Exception as fault:  # whatever somebody's own module does
        return f"cannot be imported, as it raises {type(fault).__name__}"
