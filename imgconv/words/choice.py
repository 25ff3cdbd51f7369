"""One of a few words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from imgconv.words.base import Kind, Schema, none_of


class ChoiceKind(Kind):
    """One of a few words, or another name of one of them."""

    metavar: str
    words: tuple[str, ...]
    others: Mapping[str, str] = MappingProxyType({})

    @property
    def completions(self) -> tuple[str, ...]:
        """The words."""
        return self.words

    @property
    def schema(self) -> Schema:
        """The words."""
        return {"enum": list(self.words)}

    def parse(self, text: str) -> str:
        """Return the word in lower case.

        >>> choice("raw", "sum").parse("SUM")
        'sum'

        Raises:
            Wrong: it is none of them; the nearest is named.
        """
        word = text.strip().lower()
        word = self.others.get(word, word)
        if word not in self.words:
            raise none_of(text, self.words)
        return word


def choice(*words: str, **others: str) -> ChoiceKind:
    """Return the kind of a few words; `others` are further names of some of them."""
    return ChoiceKind("|".join(words), words, others)
