"""Borders as people write them: the same from the command line, YAML and Python, and one sentence for a wrong one."""

from __future__ import annotations

import numpy as np
import pytest

import imgconv
from imgconv import functional
from imgconv.border import DIAGRAMS, Border
from imgconv.errors import ArgumentTypeError, ImgconvError
from imgconv.pipeline.file import parse
from imgconv.words.base import Wrong
from imgconv.words.border import ALIASES, BORDER

GREY = np.zeros((5, 6), np.uint8)
ROADS = {
    "convolve": lambda border: imgconv.convolve(GREY, "box", border=border),
    "max_pool2d": lambda border: functional.max_pool2d(GREY[None], 3, border=border),
    "conv2d": lambda border: functional.conv2d(GREY[None], np.ones((1, 1, 3, 3)), border=border),
    "yaml": lambda border: parse(f"- pad: {{padding: 1, border: '{border}'}}"),
}


@pytest.mark.parametrize("word", [*DIAGRAMS, *ALIASES])
def test_every_word_is_read_in_any_case(word):
    text = f"{word}:7" if ALIASES.get(word, word) == "constant" else word
    assert BORDER.parse(text.upper()) == BORDER.parse(text)
    assert str(BORDER.parse(str(BORDER.parse(text)))) == str(BORDER.parse(text))


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("reflct", "did you mean 'reflect'"),
        ("constant", "needs a finite number"),
        ("constant:nan", "needs a finite number"),
        ("constant:1e999", "needs a finite number"),
        ("constant:-1e31", "must lie within -1e+30 and 1e+30"),
        ("edge:3", "takes no value"),
        ("", "is not one of zero|"),
    ],
)
def test_other_words_are_refused(text, fragment):
    with pytest.raises(Wrong) as refusal:
        BORDER.parse(text)
    assert fragment in refusal.value.problem


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("text", ["reflct", "constant:x", "edge:3", "constant:1e31", "7"])
def test_every_road_refuses_in_the_same_sentence(road, text):
    with pytest.raises(Wrong) as wrong:
        BORDER.parse(text)
    with pytest.raises(ImgconvError) as refusal:
        ROADS[road](text)
    assert str(refusal.value).endswith(f"border: {wrong.value.problem}")


@pytest.mark.parametrize("value", [5, ["edge"], {}, b"edge"])
def test_what_is_no_text_is_of_a_wrong_type(value):
    with pytest.raises(ArgumentTypeError, match=r"^border: expected a border"):
        BORDER.argument("border", value)


def test_a_border_is_one_already():
    assert BORDER.argument("border", Border("constant", 3.0)) == Border("constant", 3.0)


def test_help_completions_and_docstrings_name_every_border():
    assert [word.rstrip(":") for word in BORDER.completions] == [*DIAGRAMS]
    for name in DIAGRAMS:
        assert all(name in text for text in (BORDER.help, BORDER.metavar, imgconv.convolve.__doc__, functional.__doc__))
