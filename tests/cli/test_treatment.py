"""``imgconv apply`` and what it takes of an image: alpha, luma, channels, linear light, a region, a mask."""

import json

import numpy as np
import pytest
import skimage
from cli.photograph import GAUSSIAN5, convolved, filtered, pixels, rounded
from cli.running import ok, run
from PIL import Image

RNG = np.random.default_rng(11)


def done(*arguments, source="photo.png"):
    """What ``apply --json`` says."""
    return json.loads(ok("apply", source, "said.png", "--overwrite", "--json", *arguments).text)


@pytest.fixture
def cutout(folder, photo):
    """The face within a disc with a soft rim, on colours that nobody sees: cutout.png, (rows, cols, 4) uint8."""
    rows, cols = np.mgrid[: photo.shape[0], : photo.shape[1]]
    away = np.hypot(rows - 100, cols - 150)
    alpha = np.clip((90 - away) * 16, 0, 255).astype(np.uint8)
    hidden = np.where((alpha == 0)[:, :, None], np.uint8([255, 0, 255]), photo)
    both = np.dstack([hidden, alpha])
    Image.fromarray(both).save("cutout.png")
    return both


def weighted(image, taps):
    """Colours of an averaging kernel, in floats: premultiply, filter, divide."""
    cover = convolved(image[:, :, 3:] / 255, taps, mode="nearest")
    colours = convolved(image[:, :, :3] * (image[:, :, 3:] / 255), taps, mode="nearest")
    return np.divide(colours, cover, out=np.zeros_like(colours), where=cover > 1e-6)


@pytest.mark.parametrize("alpha", [[], ["--alpha", "auto"], ["--alpha", "premultiply"]])
def test_hidden_colours_make_no_halo(folder, cutout, alpha):
    got = filtered(folder, "-k", "gaussian5", *alpha, source="cutout.png")
    colours = weighted(cutout, GAUSSIAN5)
    np.testing.assert_array_equal(got[:, :, 3], rounded(convolved(cutout[:, :, 3], GAUSSIAN5, mode="nearest")))
    assert np.abs(got[:, :, :3] - colours).max() <= 0.501
    assert done("-k", "gaussian5", *alpha, source="cutout.png")["alpha"] == "premultiply"
    # What is left alone instead lets the magenta through.
    left = filtered(folder, "-k", "gaussian5", "--alpha", "keep", source="cutout.png")
    rim = (cutout[:, :, 3] > 0) & (cutout[:, :, 3] < 64)
    assert (left.astype(int) - got)[rim][:, 0].mean() > 10 > 0 > (left.astype(int) - got)[rim][:, 1].mean()


def test_as_libvips_premultiplies(folder, cutout):
    pyvips = pytest.importorskip("pyvips")
    image = pyvips.Image.new_from_array(cutout, interpretation="srgb").premultiply()
    taps = pyvips.Image.new_from_array((GAUSSIAN5 * 256).tolist(), scale=256)
    theirs = image.conv(taps, precision="float").unpremultiply().numpy()
    got = filtered(folder, "-k", "gaussian5", source="cutout.png").astype(float)
    inner = np.s_[2:-2, 2:-2]
    seen = got[inner][:, :, 3] > 0
    assert np.abs(got - theirs)[inner][seen].max() <= 0.51


def test_derivatives_make_nothing_invisible(folder, cutout):
    for kernel in ("sobel", "laplacian4", "emboss-relief"):
        got = filtered(folder, "-k", kernel, source="cutout.png")
        np.testing.assert_array_equal(got[:, :, 3], cutout[:, :, 3])
    assert done("-k", "sobel", source="cutout.png")["alpha"] == "weight"
    report = ok("apply", "cutout.png", "o.png", "-k", "sobel").text
    assert "alpha    weights the colours, and stays as it is" in report


def test_what_was_done_to_alpha_is_said(folder, cutout):
    for word, said in (("keep", "keep"), ("preserve", "keep"), ("filter", "filter"), ("drop", "drop")):
        assert done("-k", "box", "--alpha", word, source="cutout.png")["alpha"] == said
    assert done("-k", "box")["alpha"] is None
    assert done("-k", "sepia", source="cutout.png")["alpha"] == "keep"
    assert "alpha    left out" in ok("apply", "cutout.png", "o.png", "-k", "box", "--alpha", "drop").text


def test_weights_of_a_network_see_the_colours_as_they_are(folder, cutout):
    np.save("w.npy", np.tile(np.eye(3)[:, :, None, None], (1, 1, 1, 3)) / 3)
    across = np.ones((1, 3)) / 3
    as_they_are = convolved(cutout[:, :, :3], across, mode="nearest")
    by_alpha = convolved(cutout[:, :, :3] * (cutout[:, :, 3:] / 255), across, mode="nearest")
    for words, expected in (((), as_they_are), (("--alpha", "premultiply"), by_alpha)):
        got = filtered(folder, "-k", "w.npy", *words, source="cutout.png")
        assert np.abs(got[:, :, :3] - expected).max() <= 0.501
        np.testing.assert_array_equal(got[:, :, 3], cutout[:, :, 3])


def test_gray_by_other_coefficients(folder, photo):
    theirs = skimage.color.rgb2gray(photo) * 255  # 0.2125, 0.7154, 0.0721: not the standard's last digits
    assert np.abs(filtered(folder, "-k", "identity", "--gray=709") - theirs).max() <= 0.75
    got = filtered(folder, "-k", "identity", "--grey=average")
    np.testing.assert_array_equal(got, rounded(photo.mean(axis=2)))
    red, green, blue = photo.astype(int).transpose(2, 0, 1)
    exact = (2126 * red + 7152 * green + 722 * blue + 5000) // 10000
    np.testing.assert_array_equal(filtered(folder, "-k", "identity", "--gray=709"), exact)
    assert done("-k", "box", "--gray=709")["gray"] == "709"


def test_gray_takes_nothing_that_follows_it(folder, photo):
    ok("apply", "photo.png", "--gray", "o.png", "-k", "identity")
    ok("apply", "photo.png", "--gray=601", "p.png", "-k", "identity")
    np.testing.assert_array_equal(pixels("o.png"), pixels("p.png"))
    assert run("apply", "photo.png", "--gray=2020", "q.png", "-k", "box").err.startswith("imgconv: --gray: '2020'")


def test_gray_deep_and_float(folder):
    deep = RNG.integers(0, 65536, (20, 30, 3)).astype(np.uint16)
    np.save("deep.npy", deep)
    exact = (deep.astype(np.int64) @ [2126, 7152, 722] + 5000) // 10000
    got = filtered(folder, "-k", "identity", "--gray=709", source="deep.npy", suffix=".npy")
    np.testing.assert_array_equal(got.squeeze(), exact)
    np.save("light.npy", (deep / 65535).astype(np.float32))
    got = filtered(folder, "-k", "identity", "--gray=709", source="light.npy", suffix=".npy")
    np.testing.assert_allclose(got.squeeze(), deep @ [0.2126, 0.7152, 0.0722] / 65535, rtol=1e-6)
