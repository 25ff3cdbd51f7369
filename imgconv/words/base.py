"""What a kind of value is: how people write it, wherever they do.

The same border is written behind ``--border``, in the YAML of a pipeline, in the chains of ``imgconv size`` and as an
argument of a Python function. A `Kind` reads it from all of them and says what is wrong with it in one sentence, a
`Wrong`; whoever asked adds where that was: an option's name, a line and a column, an argument's name. It also says how
the value is written in usage lines, in JSON Schema, and what a shell completes.

One module for every kind. None imports numpy: ``imgconv size`` and ``--help`` read by them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from imgconv.errors import ArgumentTypeError, OptionError, did_you_mean, quoted, shorten
from imgconv.value import Value

Schema = dict[str, Any]


class Wrong(Exception):
    """A value that is not of its kind: `problem` says why, `path` where within it, for a list of values."""

    def __init__(self, problem: str, *path: int) -> None:
        self.problem, self.path = problem, path
        super().__init__(problem)


class WrongType(Wrong):
    """A value of another type than all that its kind is written in, such as a list for a word."""


class Kind(Value):
    """A kind of value; a class for every kind is derived from this one, and has at least `parse` of its own.

    Attributes:
        metavar: how it is written, in usage lines.
    """

    metavar: str

    @property
    def completions(self) -> tuple[str, ...]:
        """The words that a shell completes."""
        return ()

    @property
    def schema(self) -> Schema:
        """JSON Schema of what YAML holds."""
        return {"type": "string", "description": self.metavar}

    def parse(self, text: str) -> Any:
        """Return the value that a text means.

        Raises:
            Wrong: it means none.
        """
        raise NotImplementedError

    def read(self, value: Any) -> Any:
        """Return the value that a text, or whatever else YAML and Python hold, means.

        Raises:
            Wrong: it means none.
        """
        if not isinstance(value, str):
            raise WrongType(f"expected a word, not {described(value)}")
        return self.parse(value)

    def argument(self, name: str, value: Any) -> Any:
        """Return the value that somebody gave for an option or an argument called `name`.

        Raises:
            ArgumentTypeError: it is of a type that it cannot be.
            OptionError: it is not of this kind.
        """
        try:
            return self.read(value)
        except Wrong as wrong:
            error = ArgumentTypeError if isinstance(wrong, WrongType) else OptionError
            raise error(name, wrong.problem) from None


def none_of(value: object, known: Iterable[str], forms: str = "") -> Wrong:
    """Return the refusal of a word that is not `known`; `forms` are what it could be, if that is more or less."""
    known, word = [*known], str(value).strip().lower().replace("_", "-")
    return Wrong(f"{quoted(value)} is not one of {forms or '|'.join(known)}{did_you_mean(word, known)}")


def refuse_other(name: str, value: object, known: Collection[str]) -> None:
    """Refuse a value for an option or an argument called `name` that is not one of the words that are `known`.

    Raises:
        OptionError: it is not.
    """
    if value not in known:
        raise OptionError(name, none_of(value, known).problem)


def each(values: Iterable[Any], read: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Return what `read` makes of every value; a refusal says which one it is about."""
    results = []
    for at, value in enumerate(values):
        try:
            results.append(read(value))
        except Wrong as wrong:
            raise type(wrong)(wrong.problem, at, *wrong.path) from None
    return tuple(results)


def whole(digits: str) -> int:
    """Return the number that `digits` writes; one too long to be a length becomes one that is too large.

    Python refuses to read thousands of digits with a ValueError; this does not.
    """
    return int(digits) if len(digits) <= 20 else 10**20


def described(value: object) -> str:
    """Say what a value is, for messages that say what was given: in one line, cut where it is long.

    >>> described(None), described([1]), described("x"), described(2.5)
    ('nothing', 'a list', "the text 'x'", '2.5')
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return f"the text {quoted(value)}"
        case _:
            return shown(value)


def shown(value: object) -> str:
    """Return a value as messages show it: its repr in one line, cut where it is long."""
    try:
        return shorten(" ".join(repr(value).split()))
    except Exception:  # whatever somebody's own class does
        return f"a {type(value).__name__}"


def is_whole(value: object) -> bool:
    """Whether a value is an integer of Python's or NumPy's; a truth value is none."""
    return hasattr(type(value), "__index__") and not isinstance(value, bool) and not is_array(value)


def is_array(value: object) -> bool:
    """Whether a value is an array of NumPy's."""
    return type(value).__name__ == "ndarray"


def is_several(value: object) -> bool:
    """Whether a value is a few values: a list, a tuple, or an array of one axis."""
    return isinstance(value, (list, tuple)) or (is_array(value) and getattr(value, "ndim", 0) == 1)
