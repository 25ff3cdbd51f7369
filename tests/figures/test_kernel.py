"""Kernels drawn: panels, and that they show the kernel's own numbers and what the filter makes of pictures."""

from math import log, pi, sqrt

import numpy as np
import pytest
from cli.running import ok, run
from figures.common import assert_as_drawn, assert_tidy
from scipy import ndimage, signal

import imgconv
from imgconv.errors import OptionError
from imgconv.figures import draw_kernel
from imgconv.figures.kernel import CHIPS, simple_pictures
from imgconv.figures.parts.response import magnitudes, profiles

REFERENCES = {
    "kernel-sobel-x": lambda: draw_kernel(imgconv.kernel("sobel-x")),
    "kernel-several": lambda: draw_kernel(*map(imgconv.kernel, ("gaussian:sigma=2", "sepia")), title="Two"),
}


@pytest.fixture(scope="module")
def sobel():
    return REFERENCES["kernel-sobel-x"]()


@pytest.fixture(scope="module")
def several():
    return REFERENCES["kernel-several"]()


def panels(figure, title):
    return [axes for axes in figure.axes if axes.get_title() == title]


def panel(figure, title):
    (axes,) = panels(figure, title)
    return axes


def test_numbers_as_written_and_as_slid(sobel):
    written = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    for title, taps in (("as written", written), ("as slid (turned by 180°)", written[::-1, ::-1])):
        axes = panel(sobel, title)
        assert np.array_equal(axes.images[0].get_array(), taps)
        assert axes.images[0].get_clim() == (-2, 2)
        assert [text.get_text() for text in axes.texts] == [str(tap) for tap in taps.ravel()]


def test_factors_multiply_to_the_kernel(sobel):
    column, row = (line.get_ydata() for line in panel(sobel, "separable: column times row").lines[:2])
    assert np.array_equal(np.outer(column, row), imgconv.kernel("sobel-x").weights)


def test_what_it_makes_of_pictures_is_what_scipy_makes_of_them(sobel):
    pictures = list(simple_pictures(21).values())
    becomes = panels(sobel, "becomes")
    assert len(becomes) == 3
    for image, axes in zip(pictures, becomes, strict=True):
        expected = ndimage.convolve(image, imgconv.kernel("sobel-x").taps, mode="nearest")
        assert np.allclose(axes.images[0].get_array(), expected, atol=1e-12)
        low, high = axes.images[0].get_clim()
        assert low == -high == -abs(expected).max()


def test_step(sobel):
    lines = panel(sobel, "what it makes of a step").lines
    assert sorted(set(lines[1].get_ydata())) == [0, 4] and not lines[2].get_ydata().any()


def test_the_cut_off_of_a_gaussian():
    for sigma in (1.5, 3):
        (frequency,) = profiles(imgconv.kernel(f"gaussian:sigma={sigma},size=61"))[0].cut_offs
        assert frequency == pytest.approx(sqrt(log(2)) / (2 * pi * sigma), rel=1e-4)


def test_responses_are_those_of_scipy():
    taps = np.random.default_rng(5).normal(size=(4, 7))
    kernel = imgconv.kernel(taps)
    along = profiles(kernel)
    for profile, sums in zip(along[:2], (taps.sum(axis=0), taps.sum(axis=1)), strict=True):
        _, expected = signal.freqz(sums, worN=2 * np.pi * profile.frequencies)
        assert np.allclose(profile.magnitudes, abs(expected), atol=1e-12)
    diagonal = [magnitudes(kernel, np.array([f]), np.array([f]))[0, 0] for f in along[2].frequencies[::64]]
    assert np.allclose(along[2].magnitudes[::64], diagonal)


def test_no_cut_off_where_nothing_falls_off():
    assert [profile.cut_offs for profile in profiles(imgconv.kernel("identity"))] == [(), (), ()]


def test_a_large_kernel_shows_its_middle(several):
    (axes,) = (axes for axes in several.axes if "17x17" in axes.get_title())
    taps = imgconv.kernel("gaussian:sigma=2").taps
    assert np.array_equal(axes.images[0].get_array(), taps[5:12, 5:12])
    assert axes.get_xticklabels()[0].get_text() == "5" and "sum 1" in axes.get_title()


@pytest.mark.slow
def test_a_compass_shows_some_of_its_members():
    figure = draw_kernel(imgconv.kernel("kirsch"))
    assert panel(figure, "kirsch-n").images and panel(figure, "kirsch-sw and 4 more").images
    assert_tidy(figure)


def test_a_matrix_over_channels_shows_colours_before_and_after(several):
    (axes,) = (axes for axes in several.axes if axes.get_title().startswith("colours"))
    before, after = axes.images[0].get_array()
    chips = np.array(list(CHIPS.values()))
    assert np.allclose(before, chips)
    assert np.allclose(after, np.clip(chips @ imgconv.kernel("sepia").matrix.T, 0, 1))


def test_weights_of_a_network(tmp_path):
    weights = np.random.default_rng(3).normal(size=(10, 2, 3, 3))
    np.save(tmp_path / "w.npy", weights)
    figure = draw_kernel(imgconv.kernel(str(tmp_path / "w.npy")))
    images = [axes.images[0] for axes in figure.axes if axes.images]
    drawn = [image.get_array() for image in images if image.get_array().shape == (3, 3)]
    assert np.array_equal(np.array(drawn), weights[:8].transpose(1, 0, 2, 3).reshape(16, 3, 3))
    assert figure.subfigs[0].get_supxlabel() == "8 of 10 output and 2 of 2 input channels"


@pytest.mark.parametrize("name", ["kernel-sobel-x", pytest.param("kernel-several", marks=pytest.mark.slow)])
def test_it_is_tidy_and_looks_as_it_did(name, sobel, several):
    figure = {"kernel-sobel-x": sobel, "kernel-several": several}[name]
    assert_tidy(figure)
    assert_as_drawn(figure, name)


def test_too_many_kernels_are_refused():
    with pytest.raises(OptionError, match="room for 1 to 6 kernels, not 7"):
        draw_kernel(*[imgconv.kernel("box")] * 7)


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = ok("draw", "kernel", "swap-bgr", "-o", "k.png", "--dpi", "30", "--title", "Mine").text
    assert out == "output   k.png: 360x138 PNG\n"
    code, out, err = run("draw", "kernel", "box", "-o", "k.jpg")
    assert (code, out) == (1, b"") and "a figure is written to .png, .svg, .pdf" in err
    code, _, err = run("draw", "kernel", "box", "-o", "k.svg", "--cmap", "nothing")
    assert code == 2 and err.startswith("imgconv: --cmap: there are no colours called 'nothing'")
    assert [path.name for path in tmp_path.iterdir()] == ["k.png"]
