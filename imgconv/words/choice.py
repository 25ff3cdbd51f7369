"""One of a few words; and the words of options that stand for one of a few things, each list written once."""

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


GAINS = ("raw", "sum", "unit", "range")
"""How a kernel is rescaled; `imgconv.kernels.gain` does it."""

ALPHAS = ("auto", "premultiply", "keep", "filter", "drop")
"""What becomes of alpha: it weights the colours, under all layers or where pixels of several places are mixed; it is
left alone; it is a channel like any other; or it is left out."""

LAYOUTS = ("auto", "picture", "sheet")
"""How channels are laid out: as the format and their number say, as colours, or side by side in a sheet."""

DEPTHS = {"8": "uint8", "16": "uint16", "float": "float32"}
"""The sample types that can be asked for."""

GAIN = choice(*GAINS)
ALPHA = choice(*ALPHAS, preserve="keep")
LAYOUT = choice(*LAYOUTS)
DEPTH = choice(*DEPTHS)
