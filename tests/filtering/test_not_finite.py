"""NaN and infinities: counted for every sample type, said, and never taken from a pixel that has no weight."""

import itertools
import json

import numpy as np
import pytest
from cli.running import ok, run

import imgconv
from imgconv import engines
from imgconv.border import Border
from imgconv.geometry import Padding
from imgconv.image import Image
from imgconv.kernels.library import kernel
from imgconv.pipeline.run import Pipeline, layer_for
from imgconv.pipeline.target import Target
from imgconv.tone import Stats


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def with_holes(random, shape=(40, 50, 1)):
    pixels = random.random(shape).astype(np.float32)
    pixels[3, 4], pixels[20, 30], pixels[35, 5] = np.nan, np.inf, -np.inf
    return pixels


def counts(samples):
    return int(np.isnan(samples).sum()), int(np.isinf(samples).sum())


@pytest.mark.parametrize("engine", engines.names())
@pytest.mark.parametrize(
    "spec", ["identity", "box", "gaussian:sigma=3", "sobel", "disk:radius=20", "1,2,1,0;0,1,2,3/9"]
)
@pytest.mark.parametrize("map", [None, "clip", "abs", "stretch"])
def test_what_is_counted_is_what_is_written(engine, spec, map):
    pixels = with_holes(np.random.default_rng(1))
    layer = layer_for(kernel(spec), Padding("same"), Border("edge"))
    low, high = (0.0, 1.0) if map == "stretch" else (None, None)
    result = Pipeline((layer,)).run(
        pixels, engines.get(engine), Target.of(layer, map, np.dtype(np.float32), low, high), threads=1
    )
    assert (result.stats.nan, result.stats.infinite) == counts(result.samples)
    assert result.stats.total == result.samples.size


def test_a_picture_of_nan_has_no_range():
    np.save("nan.npy", np.full((5, 6), np.nan, np.float32))
    for options in ([], ["--map", "stretch"]):
        said = ok("apply", "nan.npy", "out.npy", "-k", "box", "--overwrite", *options).text
        assert "inf" not in said
        assert "of 30 results 30 are NaN" in said
    found = json.loads(ok("apply", "nan.npy", "out.npy", "-k", "box", "--overwrite", "--json").text)
    assert found["range"] == {"minimum": None, "maximum": None}
    assert (found["clipped"]["nan"], found["clipped"]["samples"]) == (30, 0)


def test_one_nan_and_one_infinity_are_said_in_the_singular():
    pixels = np.ones((4, 4), np.float32)
    pixels[0, 0], pixels[3, 3] = np.nan, np.inf
    np.save("in.npy", pixels)
    assert "of 16 results 1 is NaN and 1 is infinite" in ok("apply", "in.npy", "out.npy", "-k", "identity").text


def test_strict_forbids_what_is_lost_and_not_what_is_kept():
    np.save("in.npy", np.array([[0.5, np.nan]], np.float32))
    ok("apply", "in.npy", "out.npy", "-k", "identity", "--strict")
    ran = run("apply", "in.npy", "out.png", "-k", "identity", "--strict", "--depth", "8")
    assert (ran.code, "NaN" in ran.err) == (1, True)


def test_stats_of_parts_are_those_of_the_whole():
    pixels = with_holes(np.random.default_rng(2))
    parts = [Stats.of(part) for part in (pixels[:10], pixels[10:30], pixels[30:])]
    assert sum(parts, Stats()) == Stats.of(pixels)


def invisible(random):
    """A picture whose invisible pixels are NaN and infinite, and the same with numbers there instead."""
    pixels = random.random((24, 20, 4)).astype(np.float32)
    hidden = random.random((24, 20)) < 0.2
    pixels[hidden, 3] = 0
    other = pixels.copy()
    pixels[hidden, :3] = np.where(random.random((hidden.sum(), 3)) < 0.5, np.nan, np.inf)
    return pixels, other


OPTIONS = {
    "one": [], "stretch": ["--map", "stretch"], "reflected": ["--border", "reflect"], "grey": ["--gray"],
    "linear": ["--linear"], "red": ["--channel", "r"], "part": ["--region", "2,3,9x8"],
    "derivative": ["-k", "sobel-x"], "several": ["-k", "sobel"],
    "transposed": ["-k", "bilinear", "--transposed", "-s", "2"],
    "wide": ["-k", "disk:radius=9"],
}  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_no_nan_comes_from_a_pixel_without_weight(options):
    pixels, other = invisible(np.random.default_rng(3))
    options = options if "-k" in options else ["-k", "gaussian:sigma=1", *options]
    for name, samples in (("nan.tif", pixels), ("numbers.tif", other)):
        imgconv.write(name, Image(samples, alpha=True, space="RGB"))
        ok("apply", name, name.replace("tif", "npy"), "--threads", "1", *options)
    one, two = np.load("nan.npy"), np.load("numbers.npy")
    if "--channel" in options or "--region" in options:  # what is not filtered stays
        seen = pixels[:, :, 3] > 0
        one, two = one[seen], two[seen]
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(("method", "size"), list(itertools.product(["mean", "max", "min"], ["2", "3"])))
def test_no_nan_comes_from_a_pixel_without_weight_into_a_pool(method, size):
    pixels, other = invisible(np.random.default_rng(4))
    for name, samples in (("nan.tif", pixels), ("numbers.tif", other)):
        imgconv.write(name, Image(samples, alpha=True, space="RGB"))
        ok("pool", name, name.replace("tif", "npy"), f"--{method}", size)
    np.testing.assert_array_equal(np.load("nan.npy"), np.load("numbers.npy"))


def test_a_mask_of_nothing_leaves_what_is_no_number_where_it_is():
    random = np.random.default_rng(5)
    pixels = with_holes(random, (40, 50, 3))
    imgconv.write("in.tif", pixels)
    imgconv.write("mask.png", np.zeros((40, 50), np.uint8))
    ok("apply", "in.tif", "out.npy", "-k", "box", "--mask", "mask.png")
    np.testing.assert_array_equal(np.load("out.npy"), pixels)


def test_alpha_that_is_no_number_or_above_white_is_no_crash():
    pixels = np.random.default_rng(6).random((9, 8, 4)).astype(np.float32)
    pixels[:, :, 3] = 1.5
    pixels[4, 4, 3] = np.nan
    imgconv.write("in.tif", Image(pixels, alpha=True, space="RGB"))
    ok("apply", "in.tif", "out.npy", "-k", "box")
