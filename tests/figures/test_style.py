"""Colours and scales of figures: what they stand for, in colour and in grey."""

import numpy as np
import pytest

from imgconv.errors import OptionError
from imgconv.figures.style import SIGNED, colours, luminance, number_cells, scale_of


def test_signed_colours_grow_lighter_with_the_value():
    shades = [luminance(colours(SIGNED)(place)) for place in np.linspace(0, 1, 256)]
    assert np.all(np.diff(shades) > 0)


def test_zero_is_a_neutral_grey():
    red, green, blue, _ = colours(SIGNED)(0.5)
    assert max(red, green, blue) - min(red, green, blue) < 0.06


def test_signed_values_are_drawn_symmetrically():
    assert scale_of(np.array([[-3.0, 1.0]]))[:2] == (-3, 3)
    assert scale_of([np.array([-1.0]), np.array([7.0, np.nan])])[:2] == (-7, 7)
    assert scale_of(np.array([2.0, 5.0, np.inf]))[:2] == (2, 5)


def test_ends_that_are_given_stay():
    assert scale_of(np.array([-3.0, 1.0]), vmin=0, vmax=0.01)[:2] == (0, 0.01)
    assert scale_of(np.array([-3.0, 1.0]), vmax=2)[:2] == (-3, 2)


@pytest.mark.parametrize("values", [[], [np.nan], [4.0, 4.0], [0.0]])
def test_a_scale_is_never_empty(values):
    scale = scale_of(np.array(values))
    assert scale.low < scale.high


def test_what_is_no_scale_is_refused():
    with pytest.raises(OptionError, match="vmin: 2 must be less"):
        scale_of(np.array([1.0]), vmin=2, vmax=1)
    with pytest.raises(OptionError, match="did you mean 'viridis'"):
        scale_of(np.array([1.0]), cmap="viridris")


def test_numbers_in_cells():
    assert number_cells(np.array([[-1.0, 0.0, 12.0]])) == [["-1", "0", "12"]]
    assert number_cells(np.array([[0.0625, 0.125, -0.0]])) == [["0.062", "0.125", "0"]]
