"""The reader of plain YAML: wherever it reads a text at all, PyYAML reads the same."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import imgconv
from imgconv.errors import FileContentError
from imgconv.yamlreader.events import load
from imgconv.yamlreader.plain import events

KERNELS = sorted((Path(imgconv.__file__).parents[1] / "kernels").glob("*.yaml"))
PARSERS = [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)]
NEITHER = ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent")


def facts(event):
    """What `yamlfile` looks at; nobody asks where something ends."""
    name = type(event).__name__
    mark = event.start_mark
    place = None if name.endswith("EndEvent") else (mark.line, mark.column)
    scalar = (event.value, tuple(event.implicit)) if name == "ScalarEvent" else ()
    return name, place, getattr(event, "anchor", None), getattr(event, "tag", None), scalar


def agrees(text):
    """Whether the text is plain, after checking that PyYAML's parsers say the same of it if it is."""
    plain = events(text)
    for parser in PARSERS if plain is not None else ():
        theirs = [event for event in yaml.parse(text, Loader=parser) if type(event).__name__ not in NEITHER]
        assert list(map(facts, plain)) == list(map(facts, theirs))
    return plain is not None


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_every_shipped_kernel_is_plain_and_read_alike(path):
    assert agrees(path.read_text())


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a: 1", "a: b: c\n", "a: # b\n", "a: b #c\n", "a:\n", "a:\n- b\n", "a:\n  - b: c\n", "a: &b c\n",
        "a: *b\n", "a: !!str b\n", "a: [1, 2\n", "a: [1, 2]]\n", "a: [[1, 2]\n", "a: [1 2]\n", "a: [1,, 2]\n",
        "a: [, 1]\n", "a: [1] 2\n", "a: [1\n  2]\n", "a: {b: 1}\n", "a: [b: 1]\n", "a: |\n  b\n", "a: b\n  c\n",
        "a: 'b'\n", 'a: "b\n', 'a: "b\\n"\n', 'a: "b"c\n', "a:\tb\n", "a: \u00e9\n", "\ufeffa: 1\n", "a: 1\r\n",
        "---\na: 1\n", "a: 1\n...\n", "? a\n", "a: -\n", "a: - b\n", "a: [...]\n", "a: [1,\n...\n]\n", "a: [---]\n",
        "a: 1 \n", "a:  1\n", " a: 1\n", "A: 1\n", "a-b: 1\n",
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_pyyaml(text):
    assert events(text) is None


PIECES = [
    "a", "name", "of", "null", "true", ": ", ":", " ", "  ", "  - ", "- ", "\n", "[", "]", ",", ", ", '"', "'", "#",
    " #", "0", "-1", "1/8", ".5", "-.5", ".", "-", "+", "%", "&", "*", "!", "|", ">", "{", "}", "?", "@", "=", "<<",
    "\\", "\t", "---", "...", "1e-3", "yes", "~", ";", "(",
]  # fmt: skip
LINES = [
    "a: 1\n", "b: [1, 2]\n", "c: [\n", "  [1, 2],\n", "]\n", "d:\n", "  - e\n", 'f: "g"\n', "h: i j, k\n", "l: -.5\n",
    "[]\n", "a:\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_text_of_marks_is_read_alike_or_left(text):
    agrees(text)
    agrees(f"a: {text}\n")
    agrees(f"a: [{text}]\n")
    agrees(f"a: [1,\n{text}\n]\nb: {text}\n")


@given(st.lists(st.sampled_from(LINES), max_size=8).map("".join))
def test_any_text_of_lines_is_read_alike_or_left(text):
    agrees(text)


@given(st.lists(st.sampled_from(LINES), max_size=8).map("".join))
def test_documents_are_the_same_with_and_without(text):
    def read(native):
        try:
            document = load(text, "x.yaml", native=native)
        except FileContentError as error:
            return error.line, error.column
        return document.value, [document.where(key) for key in document.value if isinstance(document.value, dict)]

    assert read(True) == read(False)
