"""Kernels drawn: what the panels show."""

import numpy as np
import pytest
from figures.common import assert_as_drawn, assert_tidy

import imgconv
from imgconv.figures import draw_kernel

REFERENCES = {
    "kernel-sobel-x": lambda: draw_kernel(imgconv.kernel("sobel-x")),
}


@pytest.fixture(scope="module")
def sobel():
    return REFERENCES["kernel-sobel-x"]()


def test_the_taps_are_drawn(sobel):
    assert np.array_equal(sobel.axes[0].images[0].get_array(), [[1, 0, -1], [2, 0, -2], [1, 0, -1]])


def test_it_is_tidy(sobel):
    assert_tidy(sobel)


def test_it_looks_as_it_did(sobel):
    assert_as_drawn(sobel, "kernel-sobel-x")
