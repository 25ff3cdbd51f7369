"""Kernels and numbers as text."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgconv.errors import KernelSpecError
from imgconv.kerneltext import fields, fraction, inline, number


@pytest.mark.parametrize(
    ("text", "taps"),
    [
        ("1", [[1]]),
        ("1,0,-1;2,0,-2;1,0,-1", [[1, 0, -1], [2, 0, -2], [1, 0, -1]]),
        (" 1 , 2 ; 3 , 4 ", [[1, 2], [3, 4]]),
        ("1 2;3 4", [[1, 2], [3, 4]]),
        ("1,2,1/4", [[0.25, 0.5, 0.25]]),
        ("1,2,1 / 4", [[0.25, 0.5, 0.25]]),
        ("1,2;2,1/0.5", [[2, 4], [4, 2]]),
        ("1/4,1/2,1/4", [[0.25, 0.5, 0.25]]),
        ("1/4,1/2,1/4 /2", [[0.125, 0.25, 0.125]]),
        ("1/2", [[0.5]]),
        ("-.5,1e-1,+2.", [[-0.5, 0.1, 2]]),
        ("1/3,0.5", [[1 / 3, 0.5]]),
        ("1/2 3", [[0.5, 3]]),
    ],
)
def test_inline(text, taps):
    np.testing.assert_array_equal(inline(text).taps, taps)


def test_fractions_become_integers_over_one_divisor():
    kernel = inline("1/9,1/9,1/9")
    assert kernel.weights.tolist() == [[1, 1, 1]]
    assert kernel.scale == Fraction(1, 9)
    assert inline("1,2,1/0.1").scale == 10


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2;3", "row 2 has length 1, but row 1 has length 2"),
        ("1,2;3,x", "row 2, column 2, 'x' is not a number"),
        ("1,,2", "row 1, column 2, a number is missing"),
        ("1,2;;3,4", "row 2 is empty"),
        ("1,2;", "row 2 is empty"),
        (";", "row 1 is empty"),
        ("1,nan", "column 2, 'nan' is not a number"),
        ("1,inf", "column 2, 'inf' is not a number"),
        ("1,1e999", "column 2, '1e999' is too large"),
        ("1/0,1,1/2", "row 1, column 1, '1/0' divides by 0"),
        ("1,2/0", "the divisor is 0"),
        ("1,2/", "in the divisor, a number is missing"),
        ("1,2/x", "in the divisor, 'x' is not a number"),
        (",".join(["1"] * 1002), "more than 1001 taps"),
        ("1," + "9" * 400, "is not a number"),
    ],
)
def test_inline_refusals_say_where(text, says):
    with pytest.raises(KernelSpecError, match=says):
        inline(text)


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=1, max_size=4))
def test_what_is_written_is_read(rows):
    assert inline(";".join(",".join(map(repr, row)) for row in rows)).taps.tolist() == rows


@given(st.fractions(), st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_exact(ratio, value):
    assert fraction(number(f"{ratio.numerator} / {ratio.denominator}")) == ratio
    assert number(repr(value)) == value
    assert float(fraction(value)) == value


@pytest.mark.parametrize("text", ["1e-999999999", "1e-999999999/3"])
def test_a_tiny_exponent_costs_nothing(text):
    assert number(text) == 0


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("1,2", [(1, "1"), (3, "2")]),
        ("  1 ;  22", [(3, "1"), (8, "22")]),
        ("1\t\t2", [(1, "1"), (3, ""), (4, "2")]),
        ("1 2", [(1, "1"), (3, "2")]),
        ("1,", [(1, "1"), (3, "")]),
    ],
)
def test_fields_of_a_line(line, found):
    assert list(fields(line)) == found
