"""Engines: what runs a correlation. Every engine gives the same answer.

An engine is a module of this folder, named after it, which keeps the contract of `imgconv.engines.base`. Modules whose
names begin with an underscore are parts of engines.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from imgconv.enginenames import DEFAULT, FOLDERS, names
from imgconv.engines.base import Engine, Floats, Job, Pair, Prepared, Traits, Way, Whole
from imgconv.errors import OptionError, did_you_mean, quoted

__path__ = FOLDERS

__all__ = [
    "DEFAULT",
    "Engine",
    "Floats",
    "Job",
    "Pair",
    "Prepared",
    "Traits",
    "Way",
    "Whole",
    "get",
    "names",
    "other_than",
]


def get(name: str) -> Engine:
    """Return the engine called `name`.

    Raises:
        OptionError: there is none.
    """
    if name not in names():
        raise OptionError("engine", f"{quoted(name)} is none of {'|'.join(names())}{did_you_mean(name, names())}")
    module: Any = import_module(f"imgconv.engines.{name}")
    return Engine(name, vars(module).get("TRAITS", Traits()), module.prepare)


def other_than(name: str) -> str:
    """Return the engine that the one called `name` is checked against: a referee, or else the default one.

    Raises:
        OptionError: there is no engine of that name, or no other one.
    """
    get(name)
    others = [other for other in names() if other != name]
    if not others:
        raise OptionError("check", "there is no other engine to compare with")
    referees = [other for other in others if get(other).traits.referee]
    return (referees or [other for other in others if other == DEFAULT] or others)[0]
