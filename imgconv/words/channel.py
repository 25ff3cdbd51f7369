"""Channels of an image's colours, as people write them."""

from __future__ import annotations

from imgconv.words.base import Kind, none_of
from imgconv.words.choice import choice

LUMAS = ("601", "709", "average")
"""The names of the coefficients of luma; `imgconv.image.colour.grey` has the coefficients."""

LETTERS = ("r", "g", "b", "a")

NAMES = (*LETTERS, "luma", *(f"luma-{name}" for name in LUMAS))

ALIASES = {"red": "r", "green": "g", "blue": "b", "alpha": "a", "y": "luma"}


class ChannelsKind(Kind):
    """Channels separated by commas; becomes a tuple of their names, each once."""

    metavar: str = ",".join((*LETTERS, "luma"))

    @property
    def completions(self) -> tuple[str, ...]:
        """The channels' names."""
        return NAMES

    def parse(self, text: str) -> tuple[str, ...]:
        """Return the channels' names.

        >>> CHANNELS.parse("Red, b,r,luma-709")
        ('r', 'b', 'luma-709')

        Raises:
            Wrong: a word is none of them.
        """
        found = []
        for word in text.lower().replace(" ", "").split(","):
            name = ALIASES.get(word, word)
            if name not in NAMES:
                raise none_of(word, [*NAMES, *ALIASES], "|".join(NAMES))
            found.append(name)
        return tuple(dict.fromkeys(found))


CHANNELS = ChannelsKind()
LUMA = choice(*LUMAS)
