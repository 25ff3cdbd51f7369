"""Comparisons: the panels, and that they show what ``apply`` computes with the same options."""

import json
from functools import lru_cache

import numpy as np
import pytest
from cli.running import ok, run
from figures.common import assert_as_drawn, assert_tidy
from scipy import ndimage, signal

import imgconv
from imgconv.border import Border
from imgconv.errors import OptionError
from imgconv.figures import draw_compare
from imgconv.figures.compare import compare, sized
from imgconv.figures.parts.edges import BORDERS, PADDINGS
from imgconv.filtering.request import Request
from imgconv.image import Image
from imgconv.layers.resize import Resize
from imgconv.pipeline.run import Pipeline

RANDOM = np.random.default_rng(7)
GREY = RANDOM.integers(0, 256, (24, 36), np.uint8)
COLOURS = RANDOM.integers(0, 256, (20, 30, 3), np.uint8)
SOBEL_X = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], float)

REFERENCES = {
    "compare": lambda: draw_compare(GREY, "sobel-x", "box:size=5", "sobel", vmin=-300, vmax=300),
    "compare-paddings": lambda: draw_compare(GREY, "box:size=5", mode="paddings"),
    "compare-borders": lambda: draw_compare(GREY, "box:size=5", mode="borders"),
    "compare-shift": lambda: draw_compare(GREY, "gaussian3", mode="shift"),
}


@pytest.fixture(scope="module")
def figures():
    """Return a function that gives a figure of `REFERENCES`, drawn once."""
    return lru_cache(lambda name: REFERENCES[name]())


def panels(figure):
    """Return the images that are drawn, each with the first line of its title."""
    return [(axes.get_title().partition("\n")[0], axes.images[0]) for axes in figure.axes if axes.images]


def values(image):
    return np.ma.filled(image.get_array(), np.nan)


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCES)
def test_it_is_tidy_and_looks_as_it_did(figures, name):
    assert_tidy(figures(name))
    assert_as_drawn(figures(name), name)


def test_results_are_those_of_scipy_on_the_scale_that_is_asked_for(figures):
    drawn = panels(figures("compare"))
    assert [title for title, _ in drawn] == [
        "sobel-x",
        "box:size=5",
        "sobel",
        "",
        "input",
        "sobel-x",
        "box:size=5",
        "sobel",
    ]
    assert np.array_equal(values(drawn[0][1]), -SOBEL_X) and np.array_equal(values(drawn[4][1]), GREY)
    across = ndimage.correlate(GREY.astype(float), SOBEL_X, mode="nearest")
    down = ndimage.correlate(GREY.astype(float), SOBEL_X.T, mode="nearest")
    box = ndimage.uniform_filter(GREY.astype(float), 5, mode="nearest")
    for (_, image), expected in zip(drawn[5:], (across, box, np.hypot(across, down)), strict=True):
        assert np.allclose(values(image), expected, atol=1e-3)
        assert image.get_clim() == (-300, 300)
    assert drawn[4][1].get_clim() == (0, 255) and drawn[0][1].get_clim() == (-2, 2)


@pytest.mark.slow
def test_colours_are_drawn_as_parts_of_the_scale():
    figure = draw_compare(COLOURS, "box", vmin=50, vmax=200)
    expected = ndimage.uniform_filter(COLOURS.astype(float), (3, 3, 0), mode="nearest")
    assert np.allclose(values(panels(figure)[-1][1]), np.clip((expected - 50) / 150, 0, 1), atol=1e-5)


def test_options_are_those_of_apply(tmp_path):
    cover = np.dstack([COLOURS, RANDOM.integers(0, 256, (20, 30), np.uint8)])
    request = Request(border=Border("wrap"), stride=(2, 1), dilation=(1, 2), correlate=True, gray="601")
    image = Image(cover, alpha=True)
    imgconv.write(tmp_path / "in.png", cover)
    words = ("-b", "wrap", "-s", "2x1", "-d", "1x2", "--correlate", "--gray", "--map", "float")
    ok("apply", tmp_path / "in.png", tmp_path / "out.npy", "-k", "emboss", *words)
    figure = draw_compare(image, "emboss", request=request)
    assert np.array_equal(values(panels(figure)[-1][1]), np.load(tmp_path / "out.npy")[:, :, 0])


@pytest.mark.slow
def test_paddings_lie_over_the_picture(figures):
    drawn = panels(figures("compare-paddings"))
    box = np.full((5, 5), 1 / 25)
    full = signal.convolve2d(GREY.astype(float), box)
    nearest = ndimage.uniform_filter(GREY.astype(float), 5, mode="nearest")
    expected = (full[4:-4, 4:-4], full[2:-2, 2:-2], nearest, full)
    assert len(drawn) == 2 * len(PADDINGS)
    for (title, image), word, wanted, before in zip(drawn[:4], PADDINGS, expected, (-2, 0, 0, 2), strict=True):
        assert title.startswith(word) and np.allclose(values(image), wanted, atol=1e-3)
        left, right, bottom, top = image.get_extent()
        assert (left, top) == (-before - 0.5, -before - 0.5)
        assert (right - left, bottom - top) == wanted.shape[::-1]
    assert len({image.get_clim() for _, image in drawn}) == 1


@pytest.mark.slow
def test_borders_show_what_fills_the_corner(figures):
    drawn = panels(figures("compare-borders"))
    modes = {"zero": "constant", "edge": "edge", "symmetric": "symmetric", "reflect": "reflect", "wrap": "wrap"}
    for (title, image), word in zip(drawn[:5], BORDERS, strict=True):
        padded = np.pad(GREY.astype(float), 2, mode=modes[word])
        shown = values(image)
        assert title == word and np.array_equal(shown, padded[: shown.shape[0], : shown.shape[1]])
    for (_, image), word in zip(drawn[5:], BORDERS, strict=True):
        padded = np.pad(GREY.astype(float), 2, mode=modes[word])
        wanted = signal.convolve2d(padded, np.full((5, 5), 1 / 25), mode="valid")
        shown = values(image)
        assert np.allclose(shown, wanted[: shown.shape[0], : shown.shape[1]], atol=1e-3)


def test_stride_one_moves_with_the_picture_and_stride_two_at_even_shifts():
    facts = compare(GREY, ["gaussian3"], "shift").facts["shifts"]
    one, two, largest, mean = facts.values()
    assert one["moved"] == list(range(9)) and max(one["errors"]) < 1e-6
    for strided in (two, largest, mean):
        assert strided["moved"][::2] == [0, 1, 2, 3, 4] and max(strided["errors"][::2]) < 1e-6
        assert min(strided["errors"][1::2]) > 0.1
    # The same, from the definition, for a move by one pixel and the mean.
    pooled = [GREY[:, 8 - d : 36 - d].reshape(12, 2, 14, 2).mean(axis=(1, 3)) for d in (0, 1)]
    left = [np.sqrt(np.mean((pooled[1][:, m:] - pooled[0][:, : 14 - m]) ** 2)) / pooled[0].std() for m in (0, 1)]
    assert mean["errors"][1] == pytest.approx(min(left), abs=1e-5)


def test_what_is_transparent_shows_the_page_and_nothing_of_its_colour():
    pixels = np.zeros((12, 16, 4), np.uint8)
    pixels[:, :8] = (10, 200, 30, 255)
    pixels[:, 8:, 0] = 255  # which nobody sees
    before, _, after = (values(image) for _, image in panels(draw_compare(Image(pixels, alpha=True), "identity")))
    for shown in (before, after):
        assert np.array_equal(shown[:, :, 3], np.repeat([[1.0] * 8 + [0.0] * 8], 12, axis=0))
    assert np.allclose(before[:, :8, :3], np.array([10, 200, 30]) / 255)


@pytest.mark.slow
def test_a_flat_corner_is_neither_black_nor_white():
    drawn = panels(draw_compare(np.full((20, 30), 120, np.uint8), "box", mode="borders"))
    low, high = drawn[1][1].get_clim()
    assert low < 110 and high > 130 and high - low >= 255 / 8
    ramp = np.add.outer(np.arange(20), 100 + np.arange(30)).astype(np.uint8)  # which rises by less than an eighth
    low, high = panels(draw_compare(ramp, "box", mode="borders"))[1][1].get_clim()
    assert low <= 100 and high >= 120 and high - low >= 255 / 8


def test_engines_are_compared():
    found = compare(GREY, ["gaussian:sigma=1.5"], "engines").facts["engines"]["gaussian:sigma=1.5"]
    assert 0 < found["mean"] <= found["maximum"] < 1e-3


@pytest.mark.slow
def test_sizes_are_of_one_family():
    assert [sized(*one) for one in (("box", 5), ("disk", 7), ("unsharp:amount=2", 5))] == [
        "box:size=5",
        "disk:radius=3",
        "unsharp:amount=2,size=5",
    ]
    drawn = panels(draw_compare(GREY, "box", mode="sizes", sizes=(3, 7)))
    for (title, image), size in zip(drawn[-2:], (3, 7), strict=True):
        expected = ndimage.uniform_filter(GREY.astype(float), size, mode="nearest")
        assert title == f"box:size={size}" and np.allclose(values(image), expected, atol=1e-3)


def test_a_split_is_the_picture_on_the_left_and_what_apply_writes_on_the_right():
    ((_, image),) = panels(draw_compare(COLOURS, "emboss", mode="split"))
    after = imgconv.convolve(COLOURS, "emboss", padding="interpolation", map="clip")
    assert np.allclose(values(image)[:, :15] * 255, COLOURS[:, :15])
    assert np.allclose(values(image)[:, 15:] * 255, after[:, 15:])


class TestCellsOfTheLiterature:
    """What courses draw in a dozen lines is one line each."""

    def test_a_random_picture_a_gaussian_and_both_heat_maps(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        np.save("random.npy", RANDOM.random((20, 20)))
        ok("draw", "compare", "random.npy", "-k", "gaussian:size=7", "-o", "both.png", "--dpi", "40")
        drawn = panels(draw_compare(np.load("random.npy"), "gaussian:size=7"))
        assert [values(image).shape for _, image in drawn] == [(20, 20), (7, 7), (20, 20)]
        taps = np.outer(*[np.exp(-((np.arange(7) - 3) ** 2) / (2 * imgconv_sigma(7) ** 2))] * 2)
        assert np.allclose(values(drawn[1][1]), taps / taps.sum(), atol=1e-9)

    @pytest.mark.slow
    def test_vertical_and_horizontal_kernels_with_ends_of_the_scale(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        np.save("photograph.npy", (COLOURS / 255).astype(np.float32))
        words = ("--gray", "--vmin", "0", "--vmax", ".01", "-o", "edges.png", "--dpi", "40", "--json")
        said = json.loads(ok("draw", "compare", "photograph.npy", "-k", "sobel-x", "-k", "sobel-y", *words).text)
        assert said["output"]["format"] == "PNG"

    def test_zoom_by_interpolation_then_convolve(self):
        from imgconv.layers.conv import Conv

        chain = Pipeline((Resize(scale=(2, 1)), Conv(imgconv.kernel("laplacian4"))))
        image = panels(draw_compare(GREY, pipeline=chain))[-1][1]
        assert values(image).shape == (46, 70)
        expected = imgconv.run_pipeline(GREY, chain)
        assert np.array_equal(values(image), expected)


def imgconv_sigma(size):
    """Return the sigma that OpenCV's getGaussianKernel gives to a size."""
    return 0.3 * ((size - 1) * 0.5 - 1) + 0.8


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-k", "box", "--borders", "-b", "wrap"), "--border: --borders draws each"),
        (("-k", "box", "--paddings", "-p", "same"), "--padding: --paddings draws each"),
        (("-k", "box", "--shift", "-p", "same"), "--padding: --shift looks only"),
        (("-k", "box", "--split", "--cmap", "gray"), "--cmap: --split shows samples"),
        (("-k", "sobel", "--sizes", "3,x"), "--sizes: '3,x' is not a list of sizes"),
        (("-k", "emboss", "--sizes", "3,5"), "--sizes: 'emboss' has one size"),
        (("-k", "box", "--sizes", "3", "--split"), "--sizes: it draws another sheet"),
        (("-k", "box", "--split", "-s", "2"), "--split: 30x20 become 15x10"),
        ((), "--kernel: this sheet has room for"),
        (("-k", "box", "--vmin", "3", "--vmax", "1"), "--vmin: 3 must be less"),
        (("-k", "box", "--cmap", "greys"), "--cmap: there are no colours called 'greys'"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    imgconv.write("p.png", COLOURS)
    ran = run("draw", "compare", "p.png", *arguments, "-o", "d.png")
    assert ran.code == 2 and says in ran.err and ran.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["p.png"]


def test_more_channels_than_a_panel_shows_are_refused():
    with pytest.raises(OptionError, match="100 channels and a panel shows 1 or 3"):
        draw_compare(np.zeros((5, 6, 100), np.float32), "box")
