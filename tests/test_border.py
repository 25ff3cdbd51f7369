"""Borders as index maps, against numpy.pad."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgconv.border import DIAGRAMS, Border, index_map
from imgconv.words.border import BORDER

MODES = {"edge": "edge", "symmetric": "symmetric", "reflect": "reflect", "wrap": "wrap"}


@given(st.sampled_from(sorted(MODES)), st.integers(1, 9), st.integers(0, 40), st.integers(0, 40))
def test_index_maps_pick_what_numpy_pads(kind, size, before, after):
    wanted = np.pad(np.arange(size), (before, after), mode=MODES[kind])
    np.testing.assert_array_equal(index_map(Border(kind), size, before, after), wanted)


@given(st.sampled_from(["zero", "constant"]), st.integers(1, 9), st.integers(0, 40), st.integers(0, 40))
def test_a_constant_stands_outside_and_nowhere_else(kind, size, before, after):
    wanted = np.pad(np.arange(size), (before, after), constant_values=-1)
    np.testing.assert_array_equal(index_map(Border(kind), size, before, after), wanted)


@given(st.sampled_from(sorted(DIAGRAMS)), st.integers(3, 9), st.data())
def test_negative_padding_cuts_off(kind, size, data):
    before, after = data.draw(st.integers(-1, 5)), data.draw(st.integers(-1, 5))
    whole = index_map(Border(kind), size, 6, 6)
    np.testing.assert_array_equal(index_map(Border(kind), size, before, after), whole[6 - before : 6 + size + after])


@pytest.mark.parametrize("kind", sorted(DIAGRAMS))
def test_diagrams_are_true(kind):
    letters = {-1: "0" if kind == "zero" else "v"} | dict(enumerate("abcd"))
    picked = "".join(letters[i] for i in index_map(Border(kind), 4, 3, 3).tolist())
    assert DIAGRAMS[kind] == f"{picked[:3]}|{picked[3:7]}|{picked[7:]}"


def test_words_of_other_tools_mean_the_same():
    import scipy.ndimage

    data = np.arange(5.0)
    for word in ("nearest", "mirror", "grid-mirror", "grid-wrap"):
        wanted = scipy.ndimage.correlate1d(data, [1, 0, 0, 0, 0], mode=word)  # the sample two to the left
        picked = data[index_map(BORDER.parse(word), 5, 2, 2)][:5]
        np.testing.assert_array_equal(picked, wanted)


@pytest.mark.parametrize("kind", DIAGRAMS)
def test_a_border_says_whether_samples_lie_outside_and_which(kind):
    """A long axis is padded by a few: the map shows where the samples outside come from."""
    border = Border(kind)
    outside = np.array(sorted({*index_map(border, 100, 3, 0)[:3]}))
    assert border.fixed == (outside < 0).all()
    assert border.wraps == (outside > 50).any()
