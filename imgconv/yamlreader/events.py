"""Read YAML files from anywhere: plain values, each with its line and column, and nothing that can run or explode.

What is read is the plain part of YAML 1.2: mappings with words as keys, sequences, strings, and decimal numbers,
``true``, ``false`` and ``null`` (the JSON subset of the core schema: ``1e-3`` is a number; ``yes``, ``0x10``,
``12:30`` and ``2024-01-01`` are strings). Anchors, aliases, tags, duplicate keys, a second document, nesting
deeper than `MAX_DEPTH` and text longer than `MAX_BYTES` are refused, so time and memory grow no faster than the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from imgconv.errors import FileContentError, KernelFileError, did_you_mean, quoted
from imgconv.value import Value
from imgconv.words.base import described
from imgconv.words.number import ZeroFirst
from imgconv.words.numbers import MAX_DIGITS
from imgconv.yamlreader import plain as yamlplain

MAX_BYTES = 1 << 20
"""The longest text that is read, in bytes of UTF-8."""

MAX_DEPTH = 24
"""How deep mappings and sequences may nest."""

Step = str | int
Place = tuple[int, int]

_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BRACKETS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|(?<!\S)#.*|[\[\]{}]")
_SPECIAL = {word: float("inf") for word in (".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF")}
_SPECIAL |= {word: float("-inf") for word in ("-.inf", "-.Inf", "-.INF")}
_SPECIAL |= {word: float("nan") for word in (".nan", ".NaN", ".NAN")}
_WORDS: dict[str, bool | None] = dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)
_WORDS |= dict.fromkeys(("", "~", "null", "Null", "NULL"))


class _Node:
    """Where a mapping or sequence stands, and where its parts do: a place, or a node for one with parts."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.items: list[_Node | Place] = []
        self.entries: dict[str, _Node | Place] = {}
        self.keys: dict[str, Place] = {}

    def part(self, step: Step) -> _Node | Place | None:
        if isinstance(step, str):
            return self.entries.get(step)
        return self.items[step] if 0 <= step < len(self.items) else None


class Document(Value):
    """One YAML document.

    Attributes:
        value: dict, list, str, int, float, bool or None, nested.
        source: the file's name, as messages say it.
        error: the class of the errors that `fail` makes.
    """

    value: Any
    source: str
    error: type[FileContentError]
    _root: _Node | Place

    def where(self, *path: Step) -> Place:
        r"""Return (line, column), from 1, of the value at `path`, or of the nearest one around it.

        >>> load("a:\n  - [1, 2]\n", "x.yaml").where("a", 0, 1)
        (2, 9)
        """
        node = self._node(path)
        return node.place if isinstance(node, _Node) else node

    def where_key(self, *path: Step) -> Place:
        """Return (line, column), from 1, of the key that the last step of `path` names."""
        node = self._node(path[:-1])
        if isinstance(node, _Node) and isinstance(path[-1], str) and path[-1] in node.keys:
            return node.keys[path[-1]]
        return self.where(*path)

    def _node(self, path: tuple[Step, ...]) -> _Node | Place:
        node = self._root
        for step in path:
            part = node.part(step) if isinstance(node, _Node) else None
            if part is None:
                break
            node = part
        return node

    def fail(self, problem: str, *path: Step) -> FileContentError:
        """Return the error that says `problem` of the value at `path`."""
        return self.error(self.source, problem, *self.where(*path))

    def mapping(self, known: Iterable[str], *path: Step) -> dict[str, Any]:
        """Return the mapping at `path`, all of whose keys are among the `known` ones.

        Raises:
            FileContentError: it is no mapping, or has another key (the nearest known one is named).
        """
        value = self.value
        for step in path:
            value = value[step]
        known = tuple(known)
        if not isinstance(value, dict):
            # What is no file of ours may be anybody's, whose words are not for messages.
            found = described(value) if path else "a text" if isinstance(value, str) else described(value)
            raise self.fail(f"expected 'key: value' lines, not {found}", *path)
        familiar = bool(path) or any(key in known for key in value)
        for key in value:
            if key not in known:
                hint = did_you_mean(key, known)
                named = f"unknown key {quoted(key)}" if familiar or hint else "unknown key"
                rest = hint or f"; the keys are {', '.join(known)}"
                raise self.error(self.source, f"{named}{rest}", *self.where_key(*path, key))
        return value


def load(
    text: str | bytes, source: str, *, error: type[FileContentError] = KernelFileError, native: bool = True
) -> Document:
    """Read one YAML document.

    Args:
        text: the text, or its bytes in UTF-8.
        source: the file's name, for messages.
        error: what to raise; pipelines pass their own class.
        native: spare PyYAML for text that `yamlplain` reads, and use its C parser where it is installed; the result
            is the same without.

    Raises:
        FileContentError: as `error`, with line and column, for whatever the module refuses.
    """
    text = _decoded(text, source, error)
    return Document(*_build(_events(text, source, error, native), source, error))


def _decoded(text: str | bytes, source: str, error: type[FileContentError]) -> str:
    if len(text) > MAX_BYTES:
        raise error(source, f"is larger than {MAX_BYTES // 1024} kB; put large matrices into a .npy file")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        else:
            text.encode()
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise error(source, "is not UTF-8 text", line) from None
    except UnicodeEncodeError:
        raise error(source, "is not text: it holds half of a surrogate pair") from None
    return text


def _events(text: str, source: str, error: type[FileContentError], native: bool) -> Iterator[Any]:
    """Yield the parser's events; its own errors become ours."""
    plain = yamlplain.events(text) if native else None
    if plain is not None:
        yield from plain
        return
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if native else yaml.SafeLoader
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.reader.ReaderError as problem:
        line = text.count("\n", 0, problem.position) + 1
        raise error(source, "holds a control character, which YAML does not allow", line) from None
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        # A parser may look a thousand brackets ahead and give up by itself before `_Builder` has counted to 24.
        if mark and (deep := _too_deep(text[: mark.index + 1])):
            raise error(source, f"nests deeper than {MAX_DEPTH} levels", *deep) from None
        place = (mark.line + 1, mark.column + 1) if mark else ()
        raise error(source, f"is not YAML: {problem.problem}", *place) from None
    except yaml.YAMLError:
        raise error(source, "is not YAML") from None


def _too_deep(text: str) -> Place | None:
    """Return the place of the first bracket that opens a level deeper than `MAX_DEPTH`, or None."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                line_start = text.rfind("\n", 0, found.start()) + 1
                return text.count("\n", 0, line_start) + 1, found.start() - line_start + 1
        elif found[0] in "]}":
            depth -= 1
    return None


class _Builder:
    """Turns events into values and places; it calls itself at most `MAX_DEPTH` levels deep."""

    def __init__(self, source: str, error: type[FileContentError]) -> None:
        self.source, self.error = source, error

    def build(self, events: Iterator[Any]) -> tuple[Any, _Node | Place]:
        result: tuple[Any, _Node | Place] | None = None
        for event in events:
            name = type(event).__name__
            if name == "DocumentStartEvent":
                if result is not None:
                    raise self.fail(event, "holds a second document; one file holds one")
                result = self.value(next(events), events, 0)
        if result is None or (result[0] is None):
            raise self.error(self.source, "is empty")
        return result

    def fail(self, event: Any, problem: str) -> FileContentError:
        return self.error(self.source, problem, *_place(event))

    def value(self, event: Any, events: Iterator[Any], depth: int) -> tuple[Any, _Node | Place]:
        name = type(event).__name__
        if name == "AliasEvent" or getattr(event, "anchor", None) is not None:
            raise self.fail(event, "anchors and aliases (& and *) are not read; write the value out")
        if getattr(event, "tag", None) is not None:
            raise self.fail(event, "tags, words that begin with !, are not read; write a plain value")
        if name == "ScalarEvent":
            return self.scalar(event), _place(event)
        if depth == MAX_DEPTH:
            raise self.fail(event, f"nests deeper than {MAX_DEPTH} levels")
        if name == "MappingStartEvent":
            return self.mapping(event, events, depth + 1)
        return self.sequence(event, events, depth + 1)

    def sequence(self, start: Any, events: Iterator[Any], depth: int) -> tuple[list[Any], _Node]:
        node = _Node(_place(start))
        values: list[Any] = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            value, place = self.value(event, events, depth)
            values.append(value)
            node.items.append(place)
        return values, node

    def mapping(self, start: Any, events: Iterator[Any], depth: int) -> tuple[dict[str, Any], _Node]:
        node = _Node(_place(start))
        values: dict[str, Any] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            key, _ = self.value(event, events, depth)
            if not isinstance(key, str):
                raise self.fail(event, f"a key must be a word, not {described(key)}")
            if key in values:
                first = node.keys[key][0]
                raise self.fail(event, f"this key is there already, in line {first}")
            node.keys[key] = _place(event)
            values[key], node.entries[key] = self.value(next(events), events, depth)
        return values, node

    def scalar(self, event: Any) -> str | int | float | bool | None:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text in _SPECIAL:
            return _SPECIAL[text]
        if _FLOAT.fullmatch(text):
            if len(text) > MAX_DIGITS:
                raise self.fail(event, f"a number of {len(text)} characters; {MAX_DIGITS} are the most")
            if text.lstrip("+-").isdigit():
                return int(text) if _WHOLE.fullmatch(text) else ZeroFirst(text)
            return float(text)
        return text


def _build(
    events: Iterator[Any], source: str, error: type[FileContentError]
) -> tuple[Any, str, type[FileContentError], _Node | Place]:
    value, root = _Builder(source, error).build(events)
    return value, source, error, root


def _place(event: Any) -> Place:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1
