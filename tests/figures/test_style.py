"""Colours and scales of figures: what they stand for, in colour and in grey."""

import itertools

import numpy as np
import pytest
from figures.common import assert_tidy

import imgconv
from imgconv.errors import OptionError
from imgconv.figures import draw_compare, draw_kernel
from imgconv.figures.parts.cells import fitted_numbers, luminance, number_cells
from imgconv.figures.parts.style import SIGNED, colours, scale_of


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


@pytest.mark.parametrize("value", [0.5, 120.0, -3.0])
def test_one_value_everywhere_is_drawn_in_the_middle(value):
    low, high, _ = scale_of(np.full((2, 3), value), signed=False)
    assert (low + high) / 2 == value and 0 in (low, high)


@pytest.mark.parametrize("values", [[], [np.nan], [4.0, 4.0], [0.0]])
def test_a_scale_is_never_empty(values):
    scale = scale_of(np.array(values))
    assert scale.low < scale.high


def test_what_is_no_scale_is_refused():
    with pytest.raises(OptionError, match="vmin: 2 must be less"):
        scale_of(np.array([1.0]), vmin=2, vmax=1)
    with pytest.raises(OptionError, match="did you mean 'viridis'"):
        scale_of(np.array([1.0]), cmap="viridris")


@pytest.mark.parametrize("top", [3.7e-2, 9.4e-5, 5.0e-9, 0.6, 12345])
@pytest.mark.parametrize("side", [60, 150, 250])
@pytest.mark.parametrize("count", [3, 7, 15])
def test_numbers_that_are_written_fit_into_their_cells_and_say_the_value(top, side, count):
    """Measured with the letters that are drawn; of each number no more than a half of its last figure is lost."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    values = np.linspace(-top, top, count * count).reshape(count, count)
    fitted = fitted_numbers(values, side)
    if fitted is None:
        return
    power = int(fitted.unit.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))[3:] or 0)
    letters = FontProperties(family="DejaVu Sans")
    texts = list(itertools.chain(*fitted.cells))
    for text in sorted(texts, key=len)[-2:]:
        assert TextPath((0, 0), text, size=fitted.size, prop=letters).get_extents().width <= side / count
    for text, value in zip(texts, values.ravel(), strict=True):
        decimals = len(text.partition(".")[2])
        assert abs(float(text) * 10.0**power - value) <= 0.51 * 10.0 ** (power - decimals) or "e" in text
    assert fitted.size >= 5


@pytest.mark.parametrize("far", [1e38, 1e300, np.inf])
def test_values_that_nobody_can_tick_are_drawn_at_the_ends(far):
    """And names with signs of mathematics in them are plain text."""
    figure = draw_compare(np.array([[far, 0.0], [np.nan, -far]]), "identity", title="$x^{$ at $5")
    assert_tidy(figure)
    assert figure.get_suptitle() == "$x^{$ at $5"


def test_a_long_title_has_lines_and_a_book_is_refused():
    figure = draw_kernel(imgconv.kernel("swap-bgr"), title="Some words " * 25)
    assert_tidy(figure)
    assert 1 < figure.get_suptitle().count("\n") + 1 <= 3
    with pytest.raises(OptionError, match="title: its 5,000 letters"):
        draw_kernel(imgconv.kernel("swap-bgr"), title="x" * 5000)


def test_numbers_in_cells():
    assert number_cells(np.array([[-1.0, 0.0, 12.0]])) == [["-1", "0", "12"]]
    assert number_cells(np.array([[0.0625, 0.125, -0.0]])) == [["0.062", "0.125", "0"]]
    assert number_cells(np.array([[0.5, -0.25, 1e-9]])) == [["0.50", "-0.25", "0.00"]]
    assert number_cells(np.full((2, 2), 0.04)) == [["0.04"] * 2] * 2
