"""Numbers and tables of numbers as people and spreadsheets write them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgconv.words.numbers import TableError, number, table

BINOMIAL = [[0.0625, 0.125, 0.0625], [0.125, 0.25, 0.125], [0.0625, 0.125, 0.0625]]


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (["1,2,1", "2,4,2"], [[1, 2, 1], [2, 4, 2]]),
        (["1, 2,  1"], [[1, 2, 1]]),
        (["1 2 1"], [[1, 2, 1]]),
        (["  1 ;  22"], [[1, 22]]),
        (["4 5\t7"], [[4, 5, 7]]),
        (["0,0625;0,125", "1;-0,5"], [[0.0625, 0.125], [1, -0.5]]),
        (["0,0625\t0,125"], [[0.0625, 0.125]]),
        (["0,0625 0,125", "0,25 0,5"], [[0.0625, 0.125], [0.25, 0.5]]),
        (["0,0625", "0,5"], [[0.0625], [0.5]]),
        (['"0,0625","0,125"'], [[0.0625, 0.125]]),
        (['"1,000.5","2"'], [[1000.5, 2]]),
        (['1;"2";"-3"'], [[1, 2, -3]]),
        (["1.234,5;1.000"], [[1234.5, 1000]]),
        (["1.234.567;0,5"], [[1234567, 0.5]]),
        (["1,234.5;1,000"], [[1234.5, 1000]]),
        (["1,234,567.5;2"], [[1234567.5, 2]]),
        (["1'234.5;2'000"], [[1234.5, 2000]]),
        (["1\u2019234,5;2"], [[1234.5, 2]]),
        (["1\u202f234,5;1\u00a0000,5"], [[1234.5, 1000.5]]),
        (["1,234;0,5"], [[1.234, 0.5]]),
        (["6,25E-02;1,00E+00"], [[0.0625, 1]]),
        (["6.25%,12.5 %"], [[Fraction(1, 16), Fraction(1, 8)]]),
        (["\u22121;\u22122"], [[-1, -2]]),
        (["1 / 2, 1/3"], [[Fraction(1, 2), Fraction(1, 3)]]),
        (["0,5/3;1"], [[Fraction(1, 6), 1]]),
        (["1;2;3;", ";;;", "4;5;6;"], [[1, 2, 3], [4, 5, 6]]),
        (["1;,5;2"], [[1, 0.5, 2]]),
    ],
)
def test_tables(lines, rows):
    assert table(lines).rows == rows


@pytest.mark.parametrize(
    ("lines", "says", "place"),
    [
        (["0,0625,0,125"], "its commas may separate numbers or begin decimals; write decimals as 0.5, or", (0, 0)),
        (["0,5 0,25"], "may separate numbers or begin decimals", (0, 0)),
        (["0,25", "0,5"], "may separate numbers or begin decimals", (0, 0)),
        (["1,234;5,678"], "may mean '5.678' or '5678'; write the one that is meant", (0, 0)),
        (["1.5;0,5"], "'0,5' has a decimal comma, but '1.5' a decimal point", (0, 0)),
        (["2;3", "1 234,5;2"], "'1 234,5' may be one number or several; write '1234,5' or '1;234,5'", (2, 0)),
        (["1,2", "1,,2"], "a number is missing", (2, 3)),
        (["1;2;3;x"], "'x' is not a number", (1, 7)),
        (["1;1,2,3"], "'1,2,3' is not a number", (1, 3)),
        (['1;"2'], "is not a number", (1, 3)),
        (["1;1/0"], "'1/0' divides by 0", (1, 3)),
        (["1;1e999"], "too large", (1, 3)),
        (["1"] * 1002, "more than 1001 rows", (0, 0)),
        (["1," * 1001 + "1"], "more than 1001 taps", (1, 0)),
    ],
)
def test_refusals(lines, says, place):
    with pytest.raises(TableError) as caught:
        table(lines)
    assert says in str(caught.value)
    assert (caught.value.row, caught.value.column) == place


@pytest.mark.parametrize(
    "lines",
    [
        ["root:$6$Kq0s:19000:0:99999:7:::", "daemon:*:19000:0:99999:7:::"],
        ["machine example.org", "login me", "password hunter2"],
        ["-----BEGIN KEY-----", "b3BlbnNzaC1rZXktdjEAAAAA", "1"],
    ],
)
def test_words_of_what_is_no_table_are_not_quoted(lines):
    with pytest.raises(TableError) as caught:
        table(lines)
    assert str(caught.value) == "is not a table of numbers"


def test_a_word_is_quoted_only_in_part():
    with pytest.raises(TableError) as caught:
        table(["1,2," + "x" * 10**5])
    assert len(str(caught.value)) < 80


MARKS = {"us": (".", ","), "german": (",", "."), "swiss": (".", "'"), "french": (",", "\u202f"), "plain": (".", "")}


@given(st.sampled_from(sorted(MARKS)), st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=9), st.data())
def test_whatever_a_spreadsheet_shows_is_read(country, values, data):
    # Written with four decimals, so that no cell may be taken for a whole number with its thousands apart.
    point, apart = MARKS[country]
    cells = [f"{value / 10**4:,.4f}".replace(",", "_").replace(".", point).replace("_", apart) for value in values]
    separator = data.draw(st.sampled_from(";\t"))
    assert table([separator.join(cells)]).rows == [[value / 10**4 for value in values]]
    assert [number(cell) for cell in cells] == [value / 10**4 for value in values]


def test_one_number_alone():
    assert [number(text) for text in ("0,5", "1,5e3", "-,25", "1.000,5", "12,5/2")] == [0.5, 1500, -0.25, 1000.5, 6.25]
    with pytest.raises(ValueError, match=r"'1,234' may mean '1\.234' or '1234'"):
        number("1,234")
