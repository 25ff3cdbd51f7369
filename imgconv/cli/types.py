"""Option values as click parameter types; kinds of values are those of `imgconv.words`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from imgconv.errors import OptionError
from imgconv.words.base import Kind
from imgconv.words.choice import ChoiceKind

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from imgconv.registry import Registry


class KindType(click.ParamType[Any]):
    """A kind of value of `imgconv.words`."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.name = kind, kind.metavar

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return how a value is written."""
        return self.kind.metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value that a text means; what is no text is such a value already."""
        return self.kind.argument(_option(param), value) if isinstance(value, str) else value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the words that begin like what was typed."""
        from click.shell_completion import CompletionItem

        begun = incomplete.lower()
        return [CompletionItem(word) for word in self.kind.completions if word.startswith(begun)]


class MemberType(click.ParamType[Any]):
    """The name of a member of a room of peers; those that other packages add are looked for, but not shown."""

    name = "NAME"

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the names as they are typed."""
        return "|".join(self.registry.names())

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name in lower case."""
        name = str(value).strip().lower()
        if not self.registry.has(name):
            raise OptionError(_option(param), self.registry.unknown(value))
        return name


class Attached(click.Option):
    """An option that stands for the value `bare` when it is given alone; its kind is that of a few words.

    What follows it on the command line is its own only if it is one of its words: ``--gray 709`` is ``--gray=709``,
    and ``--gray out.png`` leaves ``out.png`` to the arguments.
    """

    def __init__(self, *args: Any, bare: str, **others: Any) -> None:
        super().__init__(*args, **others)
        self.bare = bare

    @property
    def kind(self) -> ChoiceKind:
        """The words that may follow."""
        assert isinstance(self.type, KindType) and isinstance(self.type.kind, ChoiceKind)
        return self.type.kind

    @staticmethod
    def completed(command: click.Command, words: list[str]) -> list[str]:
        """Return the words of a command line with the value of every such option joined to it by ``=``."""
        known = {name: one for one in command.params if isinstance(one, Attached) for name in one.opts}
        end = words.index("--") if "--" in words else len(words)
        found: list[str] = []
        for word in words[:end]:
            if found and found[-1] in known and word.lower() in known[found[-1]].kind.words:
                found[-1] += f"={word}"
            else:
                found.append(word)
        return [f"{word}={known[word].bare}" if word in known else word for word in found] + words[end:]


def _option(param: click.Parameter | None) -> str:
    """Return the option's longest spelling without its dashes, or the argument's name."""
    if param is None:
        return "value"
    if isinstance(param, click.Option):
        return max(param.opts, key=len).lstrip("-")
    return (param.name or "value").upper()
