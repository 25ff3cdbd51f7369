"""Kernels and numbers as text."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgconv.errors import KernelSpecError
from imgconv.kernels.text import inline, over_one_divisor, rows_hint
from imgconv.words.numbers import fraction, number


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


@pytest.mark.parametrize("text", ["1e308/1e-308", "-1e308/1e-10", "1" + 290 * "0" + "/1e-300"])
def test_quotients_beyond_floats_are_refused(text):
    with pytest.raises(ValueError, match="is too large"):
        number(text)
    with pytest.raises(KernelSpecError, match="is too large"):
        inline(f"{text},1/2")


def test_thousands_of_fractions_cost_no_more_than_their_digits():
    rows = [[Fraction(1, 2 * n + 1) for n in range(40_000)]]
    weights, factor = over_one_divisor(rows)
    assert factor == 1 and weights[0][:2] == [1, 1 / 3]
    huge = [[Fraction(10**299), Fraction(1, 2**31 - 1), 10**299]]
    assert np.isfinite(over_one_divisor(huge)[0]).all()


def test_a_flat_list_is_shown_as_rows():
    assert rows_hint([1, 2, 1, 2, 4, 2, 1, 2, 1], "inline").endswith("for 3 rows of 3 write 1,2,1;2,4,2;1,2,1")
    assert rows_hint([1] * 25, "yaml").endswith("for 5 rows of 5 write [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], ...]")
    assert not rows_hint([1] * 8, "yaml") and not rows_hint([1], "yaml") and not rows_hint([1] * 4, "yaml")
    assert len(rows_hint(["1" * 200] * 9, "yaml")) < 200
