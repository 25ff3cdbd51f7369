"""Paddings as people write them: the same from the command line, YAML and Python, and one sentence for a wrong one."""

from __future__ import annotations

import numpy as np
import pytest

import imgconv
from imgconv.errors import ArgumentTypeError, ImgconvError
from imgconv.geometry import MAX_LENGTH, PADDINGS, Padding
from imgconv.pipeline.file import parse
from imgconv.words.base import Wrong
from imgconv.words.padding import ALIASES, PADDING, SIDES_OF

GREY = np.zeros((5, 6), np.uint8)
ROADS = {
    "convolve": lambda padding: imgconv.convolve(GREY, "box", padding=padding),
    "output_size": lambda padding: imgconv.output_size(9, 3, padding=padding),
    "yaml": lambda padding: parse(f"- conv: {{kernel: box, padding: {padding!r}}}"),
}


@pytest.mark.parametrize(
    ("text", "padding"),
    [
        ("3", (3, 3, 3, 3)),
        ("3x1", (3, 1, 3, 1)),
        (" 3X1 ", (3, 1, 3, 1)),
        ("1,2,3,4", (1, 2, 3, 4)),
        ("1, 2 ,3, 4", (1, 2, 3, 4)),
        ("0", (0, 0, 0, 0)),
        (str(MAX_LENGTH), (MAX_LENGTH,) * 4),
        *((name, name) for name in PADDINGS),
        ("SAME", "same"),
        ("same_upper", "same"),
        *ALIASES.items(),
    ],
)
def test_padding_is_read(text, padding):
    parsed = PADDING.parse(text)
    assert (parsed.kind if parsed.amounts is None else parsed.amounts) == padding
    assert PADDING.parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "'' is not one of valid|same"),
        ("sane", "did you mean 'same'"),
        ("1,2", "is not one of"),
        ("1,2,3", "is not one of"),
        ("1,2,3,4,5", "is not one of"),
        ("3x", "is not one of"),
        ("1.5", "is not one of"),
        ("-1", "must not be negative"),
        ("1,-2,3,4", "must not be negative"),
        ("2147483648", "must not be more than 2147483647"),
        ("9" * 5000, "must not be more than"),
    ],
)
def test_padding_that_makes_no_sense_is_refused(text, problem):
    with pytest.raises(Wrong) as refusal:
        PADDING.parse(text)
    assert problem in refusal.value.problem


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("value", ["sane", "1,2,3", -1, [1, -2], [1, 2, 3], [], 1.5, [1, 1.5], [2**31, 0]])
def test_every_road_refuses_in_the_same_sentence(road, value):
    with pytest.raises(Wrong) as wrong:
        PADDING.read(value)
    with pytest.raises(ImgconvError) as refusal:
        ROADS[road](value)
    assert str(refusal.value).endswith(f"padding: {wrong.value.problem}")


@pytest.mark.parametrize(
    ("value", "amounts"),
    [
        (2, (2, 2, 2, 2)),
        ([2], (2, 2, 2, 2)),
        ((1, 2), (2, 1, 2, 1)),
        ([1, 2, 3, 4], (1, 2, 3, 4)),
        (np.array([1, 2]), (2, 1, 2, 1)),
        (np.int8(3), (3, 3, 3, 3)),
        (Padding("explicit", (1, 2, 3, 4)), (1, 2, 3, 4)),
    ],
)
def test_amounts_in_the_order_of_arrays(value, amounts):
    assert PADDING.read(value).amounts == amounts


@pytest.mark.parametrize("value", [None, {}, True, [None], b"same"])
def test_what_is_no_padding_at_all_is_of_a_wrong_type(value):
    with pytest.raises(ArgumentTypeError, match=r"^padding: expected"):
        PADDING.argument("padding", value)


def test_help_completions_and_schema_name_every_padding():
    assert sorted(PADDING.completions) == sorted(PADDINGS) == sorted(PADDING.schema["anyOf"][0]["enum"])
    for name in PADDINGS:
        assert name in PADDING.help and name in PADDING.metavar


@pytest.mark.parametrize(
    ("axes", "value", "sides"),
    [
        (1, 2, ((2, 2),)),
        (2, (1, 2), ((1, 1), (2, 2))),
        (2, (1, 2, 3, 4), ((2, 4), (1, 3))),
        (3, (1, 2, 3, 4, 5, 6), ((3, 6), (2, 5), (1, 4))),
        (2, "none", "valid"),
        (3, "same_upper", "same"),
    ],
)
def test_sides_are_named_from_the_last_axis_to_the_first(axes, value, sides):
    assert SIDES_OF[axes].read(value) == sides
