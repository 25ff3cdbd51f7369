"""Read the plainest YAML without PyYAML, whose import takes as long as Python's own start.

This is the form that the kernel library is written in::

    name: sharpen
    summary: Sharpens with the four direct neighbours.
    weights: [
      [ 0, -1,  0],
      [-1,  5, -1],
    ]
    of:
      - sobel-x
    offset: "50%"

Words at the left margin, each with a text in one line, a list in brackets, or lines of ``  - word``. Whatever looks
otherwise in any way is left to PyYAML, so nothing is read here that it would read differently, and nothing refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_LONGEST_KEY = 100
_TEXT = re.compile(r"[A-Za-z0-9][-+A-Za-z0-9 .,;()'/%=@_*^]*|-(?:[0-9]|\.[0-9])[0-9.eE+-]*")
_ITEM = re.compile(r"  - [A-Za-z0-9][-A-Za-z0-9.]*")
_TOKEN = re.compile(r"""([\[\],])|([-+]?(?:[A-Za-z0-9]|\.[0-9])[-+A-Za-z0-9./]*)|"([^"\\]*)"|( +)|(.)""")
_OPENED, _SEPARATED, _FILLED = range(3)


class Mark(NamedTuple):
    """Where something begins; both count from 0."""

    line: int
    column: int


class Event:
    """What PyYAML's events of the same names hold, as far as `yamlfile` looks."""

    anchor = tag = None

    def __init__(self, line: int, column: int) -> None:
        self.start_mark = Mark(line, column)


class DocumentStartEvent(Event):
    """A document begins."""


class MappingStartEvent(Event):
    """A mapping begins."""


class MappingEndEvent(Event):
    """A mapping ends."""


class SequenceStartEvent(Event):
    """A list begins."""


class SequenceEndEvent(Event):
    """A list ends."""


class ScalarEvent(Event):
    """A value as written; one in quotation marks is a text whatever stands between them."""

    def __init__(self, line: int, column: int, value: str, quoted: bool = False) -> None:
        Event.__init__(self, line, column)
        self.value, self.implicit = value, (not quoted, quoted)


class _OtherwiseError(Exception):
    """The text is not of the plain form."""


def events(text: str) -> list[Event] | None:
    """Return the events of a text of the plain form, else None."""
    if not text.isascii() or not text.replace("\n", "").isprintable():
        return None
    try:
        return _Reader(text.split("\n")).document()
    except _OtherwiseError:
        return None


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self.lines, self.at = lines, 0
        self.events: list[Event] = []

    def document(self) -> list[Event]:
        self.events += [DocumentStartEvent(0, 0), MappingStartEvent(0, 0)]
        while self.at < len(self.lines) - 1:
            self.entry(self.lines[self.at])
        if self.lines[-1] or not self.at:  # the last line ends too
            raise _OtherwiseError
        self.events.append(MappingEndEvent(self.at, 0))
        return self.events

    def entry(self, line: str) -> None:
        key, colon, value = line.partition(":")
        if not colon or not 0 < len(key) < _LONGEST_KEY or not _LETTERS.issuperset(key):
            raise _OtherwiseError
        self.events.append(ScalarEvent(self.at, 0, key))
        column = len(key) + 2
        if not value:
            self.at += 1
            self.items()
        elif value[:1] != " ":
            raise _OtherwiseError
        elif value[1:2] == "[":
            self.list(column)
        else:
            self.text(value[1:], column)

    def text(self, value: str, column: int) -> None:
        if value[:1] == '"' and value[-1] == '"' and value.count('"') == 2 and "\\" not in value:
            self.events.append(ScalarEvent(self.at, column, value[1:-1], quoted=True))
        elif _TEXT.fullmatch(value) and value[-1] != " ":
            self.events.append(ScalarEvent(self.at, column, value))
        else:
            raise _OtherwiseError
        self.at += 1

    def items(self) -> None:
        """Read the lines of ``  - word``, of which there must be one."""
        first = self.at
        self.events.append(SequenceStartEvent(first, 2))
        while _ITEM.fullmatch(self.lines[self.at]):
            self.events.append(ScalarEvent(self.at, 4, self.lines[self.at][4:]))
            self.at += 1
        if self.at == first:
            raise _OtherwiseError
        self.events.append(SequenceEndEvent(self.at, 0))

    def list(self, column: int) -> None:
        """Read a list in brackets, over as many lines as it takes, up to the end of its last line."""
        depth, state = 0, _OPENED
        while self.at < len(self.lines) - 1:
            for token in _TOKEN.finditer(self.lines[self.at], column):
                mark, word, quoted, space, _ = token.groups()
                if space:
                    continue
                if mark == "]" and depth:
                    self.events.append(SequenceEndEvent(self.at, token.start()))
                    depth, state = depth - 1, _FILLED
                elif mark == "," and state == _FILLED and depth:
                    state = _SEPARATED
                elif mark == "[" and state != _FILLED:
                    self.events.append(SequenceStartEvent(self.at, token.start()))
                    depth, state = depth + 1, _OPENED
                elif (word or quoted is not None) and state != _FILLED and depth:
                    value = ScalarEvent(self.at, token.start(), word or quoted, quoted=not word)
                    self.events.append(value)
                    state = _FILLED
                else:
                    raise _OtherwiseError
            self.at, column = self.at + 1, 0
            if depth == 0:
                return
        raise _OtherwiseError
