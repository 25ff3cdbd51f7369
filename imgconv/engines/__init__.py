"""Engines: what runs a correlation. Every engine gives the same answer.

An engine is a module of this folder, named after it, or one of another package; either keeps the contract of
`imgconv.engines.base`. Modules whose names begin with an underscore are parts of engines.
"""

from __future__ import annotations

from imgconv.engines.base import Engine, Floats, Job, Pair, Prepared, Traits, Way, Whole
from imgconv.errors import OptionError
from imgconv.registry import DEFAULT_ENGINE as DEFAULT
from imgconv.registry import ENGINES

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


names = ENGINES.names


def get(name: str) -> Engine:
    """Return the engine called `name`.

    Raises:
        OptionError: there is none.
        PluginError: another package adds it, and it cannot be used.
    """
    return ENGINES.get(name, Engine.of)


def other_than(name: str) -> str:
    """Return the engine that the one called `name` is checked against: a referee, or else the default one.

    Raises:
        OptionError: there is no engine of that name, or no other one.
    """
    get(name)
    others = [other for other in ENGINES.names() if other != name]
    if not others:
        raise OptionError("check", "there is no other engine to compare with")
    referees = [other for other in others if get(other).traits.referee]
    return (referees or [other for other in others if other == DEFAULT] or others)[0]
