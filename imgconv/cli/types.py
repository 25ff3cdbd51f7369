"""Option values as click parameter types; each reads its words with a parser of the core."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

import click

from imgconv.errors import OptionError
from imgconv.geometry import MAX_LENGTH, PADDING_FORMS, Padding, whole
from imgconv.words.base import Kind

MAX_NUMBER = 1e30
"""The largest magnitude of a number; beyond it lie slips, and overflow."""

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from imgconv.registry import Registry


class KindType(click.ParamType[Any]):
    """A kind of value of `imgconv.words`."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.name = kind, kind.metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value that a text means; what is no text is such a value already."""
        return self.kind.argument(_option(param), value) if isinstance(value, str) else value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the words that begin like what was typed."""
        from click.shell_completion import CompletionItem

        begun = incomplete.lower()
        return [CompletionItem(word) for word in self.kind.completions if word.startswith(begun)]


class SizeType(click.ParamType[Any]):
    """``N`` or ``WIDTHxHEIGHT``, whole numbers of at least `least`; becomes (width, height).

    If it may be `deep`, ``WIDTHxHEIGHTxDEPTH`` becomes (width, height, depth).
    """

    name = "N|WxH"

    def __init__(self, least: int = 1, *, deep: bool = False) -> None:
        self.least, self.deep = least, deep

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Return (width, height), or with a depth (width, height, depth)."""
        if isinstance(value, tuple):
            return value
        option = _option(param)
        match = re.fullmatch(r"(\d+)(?:[xX](\d+)(?:[xX](\d+))?)?", str(value).strip())
        if not match or (match[3] and not self.deep):
            raise OptionError(option, f"{_quoted(value)} is not a size; write N or WIDTHxHEIGHT, as in 3 or 5x3")
        size = whole(match[1]), whole(match[2] or match[1]), *((whole(match[3]),) if match[3] else ())
        if not self.least <= min(size) <= max(size) <= MAX_LENGTH:
            raise OptionError(option, f"{_quoted(value)} must lie within {self.least} and {MAX_LENGTH}")
        return size


class PaddingType(click.ParamType[Any]):
    """A padding: a named rule or amounts."""

    name = PADDING_FORMS

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Padding:
        """Return the padding."""
        return value if isinstance(value, Padding) else Padding.parse(str(value))


class WordType(click.ParamType[Any]):
    """One of a few words, or another name of one of them; the error names the nearest."""

    name = "WORD"

    def __init__(self, *words: str, **others: str) -> None:
        self.words, self.others = words, others

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the words as they are typed."""
        return "|".join(self.words)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word in lower case."""
        from imgconv.errors import did_you_mean

        word = str(value).strip().lower()
        word = self.others.get(word, word)
        if word not in self.words:
            hint = did_you_mean(word, self.words)
            raise OptionError(_option(param), f"{_quoted(value)} is none of {'|'.join(self.words)}{hint}")
        return word


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


class RegionType(click.ParamType[Any]):
    """``X,Y,WIDTHxHEIGHT``; becomes (x, y, width, height)."""

    name = "X,Y,WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Return (x, y, width, height)."""
        match = re.fullmatch(r"(-?\d{1,9}),(-?\d{1,9}),(\d{1,9})[xX](\d{1,9})", str(value).replace(" ", ""))
        if not match:
            problem = f"{_quoted(value)} is no rectangle; write X,Y,WIDTHxHEIGHT, as in 40,30,200x150"
            raise OptionError(_option(param), problem)
        x, y, width, height = map(int, match.groups())
        if not width or not height:
            raise OptionError(_option(param), f"{_quoted(value)} is empty")
        return x, y, width, height


class ChannelsType(click.ParamType[Any]):
    """Channels separated by commas."""

    name = "r,g,b,a,luma"
    words = ("r", "g", "b", "a", "luma", "luma-601", "luma-709", "luma-average")
    others: ClassVar = {"red": "r", "green": "g", "blue": "b", "alpha": "a", "y": "luma"}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the channels' names."""
        from imgconv.errors import did_you_mean

        found = []
        for word in str(value).lower().replace(" ", "").split(","):
            name = self.others.get(word, word)
            if name not in self.words:
                hint = did_you_mean(word, [*self.words, *self.others])
                raise OptionError(_option(param), f"{_quoted(word)} is none of {'|'.join(self.words)}{hint}")
            found.append(name)
        return tuple(dict.fromkeys(found))


class Attached(click.Option):
    """An option that stands for the value `bare` when it is given alone; its type is a `WordType`.

    What follows it on the command line is its own only if it is one of its words: ``--gray 709`` is ``--gray=709``,
    and ``--gray out.png`` leaves ``out.png`` to the arguments.
    """

    def __init__(self, *args: Any, bare: str, **others: Any) -> None:
        super().__init__(*args, **others)
        self.bare = bare

    @staticmethod
    def completed(command: click.Command, words: list[str]) -> list[str]:
        """Return the words of a command line with the value of every such option joined to it by ``=``."""
        known = {name: one for one in command.params if isinstance(one, Attached) for name in one.opts}
        end = words.index("--") if "--" in words else len(words)
        found: list[str] = []
        for word in words[:end]:
            if found and found[-1] in known and word.lower() in getattr(known[found[-1]].type, "words", ()):
                found[-1] += f"={word}"
            else:
                found.append(word)
        return [f"{word}={known[word].bare}" if word in known else word for word in found] + words[end:]


class NumberType(click.ParamType[Any]):
    """A number, or a whole one; both within `least` and `most`."""

    def __init__(self, *, whole: bool = False, least: float = -MAX_NUMBER, most: float = MAX_NUMBER) -> None:
        self.whole, self.least, self.most = whole, least, most
        self.name = "N" if whole else "VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | int:
        """Return the number."""
        try:
            number = int(value) if self.whole else float(value)
            if number != number:
                raise ValueError
        except ValueError:
            kind = "a whole number" if self.whole else "a number"
            raise OptionError(_option(param), f"{_quoted(value)} is not {kind}") from None
        if not self.least <= number <= self.most:
            problem = f"{_quoted(value)} must lie within {self.least:g} and {self.most:g}"
            raise OptionError(_option(param), problem)
        return number


class PixelsType(click.ParamType[Any]):
    """A number of pixels, such as ``500M`` or ``1.5G``; becomes a whole number."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return how many pixels that are."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,15})(?:\.(\d{1,9}))?([kKmMgG]?)", str(value).strip())
        if not match or (match[2] and not match[3]):
            problem = f"{_quoted(value)} is no number of pixels; write one such as 250000, 500M or 1.5G"
            raise OptionError(_option(param), problem)
        digits = {"": 0, "k": 3, "m": 6, "g": 9}[match[3].lower()]
        pixels = int(match[1] + (match[2] or "").ljust(digits, "0")[:digits])
        if not pixels:
            raise OptionError(_option(param), f"{_quoted(value)} would refuse every image")
        return pixels


def _quoted(value: Any) -> str:
    text = str(value)
    return f"'{text if len(text) <= 40 else text[:37] + '...'}'"


def _option(param: click.Parameter | None) -> str:
    """Return the option's longest spelling without its dashes, or the argument's name."""
    if param is None:
        return "value"
    if isinstance(param, click.Option):
        return max(param.opts, key=len).lstrip("-")
    return (param.name or "value").upper()
