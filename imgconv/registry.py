"""Rooms of peers: which members there are, and how one is found by its name.

A folder of peers is the list of its members. The module ``shuffled_grouped.py`` is the member ``shuffled-grouped``;
modules whose names begin with an underscore are parts of members, and ``base.py`` is the contract that every member
keeps. Names are read from the folder, so that no member is imported until it is asked for.

Other packages add members by entry points, each of which names a module that keeps the same contract::

    [project.entry-points."imgconv.engines"]
    fast = "imgconv_fast.engine"

What is installed is looked through, by `imgconv.plugins`, only for a name that the folder does not have, or where
somebody asks for all members: importing `importlib.metadata` alone takes 27 ms.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from imgconv.errors import OptionError, PluginError, did_you_mean, quoted
from imgconv.value import Value

if TYPE_CHECKING:
    from imgconv.plugins import Plugin

Member = TypeVar("Member")
Kind = TypeVar("Kind")

_ROOT = os.path.dirname(__file__)


class Broken(Exception):
    """A contract that is not kept, in words that go on after the member's name: ``its module has no prepare``."""


class Registry(Value):
    """A room of peers.

    Looking a member up takes its contract: a function of the member's name and module which returns the member, or
    raises `Broken`.

    Attributes:
        noun: what a member is, in messages.
        package: the folder, as it is imported.
        option: what the `OptionError` for an unknown name is about.
        group: the entry points by which other packages add members; empty where they cannot.
        apart: what else is in the folder.
        table: the names of the package's own members, where a table has them in place of the folder.
    """

    noun: str
    package: str
    option: str
    group: str = ""
    apart: frozenset[str] = frozenset({"base"})
    table: tuple[str, ...] | None = None

    def names(self) -> list[str]:
        """Return the names of the package's own members in alphabetical order; none is imported."""
        if self.table is not None:
            return sorted(self.table)
        folder = os.path.join(_ROOT, *self.package.split(".")[1:])
        return [name for name in _members(folder) if name not in self.apart]

    def plugins(self) -> list[Plugin]:
        """Return what other packages add, sorted by name; none is imported."""
        if not self.group:
            return []
        from imgconv.plugins import plugins

        return plugins(self.noun, self.group, self.names())

    def all_names(self) -> list[str]:
        """Return the names of all members in alphabetical order, those of other packages too; none is imported."""
        return sorted({*self.names(), *(plugin.name for plugin in self.plugins())})

    def has(self, name: str) -> bool:
        """Whether there is a member called `name`, in whatever package."""
        return name in self.names() or any(plugin.name == name for plugin in self.plugins())

    def get(self, name: str, contract: Callable[[str, Any], Member]) -> Member:
        """Return the member called `name`.

        Raises:
            OptionError: there is none.
            PluginError: another package adds it, and it cannot be used.
        """
        if name in self.names():
            module = import_module(f"{self.package}.{name.replace('-', '_')}")
            return self._kept(name, "imgconv", module, contract)
        for plugin in self.plugins():
            if plugin.name == name:
                return self._kept(name, plugin.package, plugin.load(), contract)
        raise OptionError(self.option, self.unknown(name))

    def every(self, contract: Callable[[str, Any], Member]) -> dict[str, Member]:
        """Return all members by name, in alphabetical order, those of other packages too.

        Raises:
            PluginError: another package adds one that cannot be used.
        """
        found = {name: self.get(name, contract) for name in self.names()}
        return dict(sorted({**found, **self.added(contract)}.items()))

    def added(self, contract: Callable[[str, Any], Member]) -> dict[str, Member]:
        """Return the members that other packages add, by name, in alphabetical order.

        Raises:
            PluginError: one of them cannot be used.
        """
        return {
            plugin.name: self._kept(plugin.name, plugin.package, plugin.load(), contract) for plugin in self.plugins()
        }

    def refused(self, contract: Callable[[str, Any], Any]) -> dict[str, PluginError]:
        """Return why those members of other packages cannot be used that cannot, by name; all are imported."""
        found = {}
        for plugin in self.plugins():
            try:
                self._kept(plugin.name, plugin.package, plugin.load(), contract)
            except PluginError as error:
                found[plugin.name] = error
        return found

    def _kept(self, name: str, package: str, module: Any, contract: Callable[[str, Any], Member]) -> Member:
        """Return the member that a module holds.

        Raises:
            PluginError: it does not keep its contract.
        """
        try:
            return contract(name, module)
        except Broken as broken:
            raise PluginError(self.noun, name, package, str(broken)) from None

    def unknown(self, name: object, *, quote: bool = True) -> str:
        """Return the sentence for a name that no member has, with the nearest names or else all of them.

        Args:
            name: what was asked for.
            quote: whether the sentence may repeat it where it resembles no member's name.
        """
        known = self.all_names()
        hint = did_you_mean(str(name), known)
        named = quoted(name) if quote or hint else "of that name"
        return f"there is no {self.noun} {named}{hint or f'; the {self.noun}s are ' + ', '.join(known)}"


@lru_cache
def _members(folder: str) -> list[str]:
    """Return the names of the modules and folders in a folder that are not parts of others, in alphabetical order."""
    files = (os.path.splitext(file) for file in os.listdir(folder) if file[0] not in "_.")
    return sorted({name.replace("_", "-") for name, suffix in files if suffix in (".py", "")})


def declared(module: object, name: str, kind: type[Kind], default: Kind | None = None) -> Kind:
    """Return what a member's module declares under `name`, which is a `kind`, or `default` where it declares nothing.

    Raises:
        Broken: it is something else, or it is missing and has no default, or there is no module.
    """
    if not isinstance(module, ModuleType):
        raise Broken("its entry point does not name a module")
    value = vars(module).get(name, default)
    if value is None:
        raise Broken(f"its module has no {name}")
    if not isinstance(value, kind):
        raise Broken(f"its {name} is not of the type {kind.__name__}")
    return value


def function(module: object, name: str) -> Callable[..., Any]:
    """Return what a member's module declares under `name`, which can be called.

    Raises:
        Broken: as `declared` does.
    """
    value = declared(module, name, object)
    if not callable(value):
        raise Broken(f"its {name} is not a function")
    return value


ENGINES = Registry("engine", "imgconv.engines", option="engine", group="imgconv.engines")

DEFAULT_ENGINE = "builtin"
"""The engine that computes unless another one is asked for."""

LAYERS = Registry("layer", "imgconv.layers", option="layer", group="imgconv.layers")

EXPORTS = Registry("export format", "imgconv.kernels.export", option="to", group="imgconv.exports")

FIGURES = Registry("figure", "imgconv.figures", option="figure", apart=frozenset({"base", "parts"}))
