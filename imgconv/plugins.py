"""Members that other packages add to rooms of peers, found by their entry points.

Only `imgconv.registry` imports this module, and only when somebody asks for what this package does not have.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any

from imgconv.errors import PluginError, shorten
from imgconv.value import Value

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""How members are called."""


class Plugin(Value):
    """A member that another package adds.

    Attributes:
        noun: what it is, in messages.
        name: what it is called.
        package: who adds it, as it is called where packages are installed.
        entry: where it is.
        problem: why it cannot be used, as far as that is known without importing it; empty for what can.
    """

    noun: str
    name: str
    package: str
    entry: EntryPoint
    problem: str = ""

    def load(self) -> Any:
        """Import it and return what the entry point names, which is a module.

        Raises:
            PluginError: it cannot be used.
        """
        if self.problem:
            raise self.refused(self.problem)
        try:
            return self.entry.load()
        except (Exception, SystemExit) as error:  # whatever somebody's own code does
            raise self.refused(_why_not(self.entry, error)) from error

    def refused(self, problem: str) -> PluginError:
        """Return the sentence that names the package."""
        return PluginError(self.noun, self.name, self.package, problem)


def plugins(noun: str, group: str, own: Iterable[str]) -> list[Plugin]:
    """Return the members of a group of entry points, sorted by name.

    Args:
        noun: what they are, in messages.
        group: of entry points.
        own: the names that this package has itself, which others may not take.
    """
    packages: dict[str, dict[str, EntryPoint]] = {}
    for package, entry in _entries(group, tuple(sys.path)):
        packages.setdefault(entry.name, {})[package] = entry
    taken = {name.lower() for name in own}
    found = []
    for name, adding in sorted(packages.items()):
        problem = ""
        if not NAME.fullmatch(name):
            problem = "a name has lower-case letters, digits and hyphens"
        elif name in taken:
            problem = "imgconv has one of that name itself"
        elif len(adding) > 1:
            problem = "another package adds one of that name; uninstall one of them"
        package = " and ".join(sorted(adding))
        found.append(Plugin(noun, shorten(name), package, next(iter(adding.values())), problem))
    return found


@lru_cache
def _entries(group: str, path: tuple[str, ...]) -> list[tuple[str, EntryPoint]]:
    """Return the entry points of a group that are installed on `path`, each with its package's name.

    Of a package that is installed twice, the first one on the path is imported, and counts.
    """
    found: dict[tuple[str, str], tuple[str, EntryPoint]] = {}
    for distribution in distributions():
        for entry in _of(distribution, group):
            package = _name(distribution)
            found.setdefault((re.sub(r"[-_.]+", "-", package).lower(), entry.name), (package, entry))
    return list(found.values())


def _of(distribution: Distribution, group: str) -> Iterator[EntryPoint]:
    """Yield the entry points of a group; what one package got wrong is no reason to fail for another's sake."""
    try:
        if group in (distribution.read_text("entry_points.txt") or ""):
            yield from distribution.entry_points.select(group=group)
    except Exception:  # not UTF-8, or a line without an equals sign
        return


def _name(distribution: Distribution) -> str:
    """Return a package's name, which one that is half removed does not have."""
    try:
        return shorten(distribution.metadata["Name"] or "without a name")
    except Exception:
        return "without a name"


def _why_not(entry: EntryPoint, error: BaseException) -> str:
    """Return why a member cannot be imported."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"it needs the module {shorten(error.name)}, which is not installed"
    return (
        f"{shorten(entry.value)} cannot be imported, as it raises {type(error).__name__}; "
        f"python -c 'import {shorten(entry.value.partition(':')[0])}' shows where"
    )
