"""The luma that --gray filters is rounded with the results only: against exact arithmetic in Python's integers."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from cli.running import ok
from PIL import Image

from imgconv import engines, kernel
from imgconv.border import Border
from imgconv.engines import _luma, _native
from imgconv.geometry import Padding
from imgconv.image.colour.grey import LUMA
from imgconv.kernels.value import Kernel
from imgconv.pipeline.run import Pipeline, layer_for
from imgconv.pipeline.target import Target

LEVELS = ["none", *(level.name for level in _native.known_levels())]
HALVES = Kernel(name="halves", weights=np.array([[1.0, 2, 1], [0, 6, -3], [2, 0, 1]]), scale=Fraction(1, 20))
KERNELS = [kernel("identity"), kernel("sharpen"), kernel("sobel-x"), kernel("binomial"), kernel("box:size=5"), HALVES]


def picture(dtype, channels, seed=5, shape=(13, 21)):
    """Return colours of which many give a luma, or a result, that is exactly a half."""
    rng = np.random.default_rng(seed)
    top = int(np.iinfo(dtype).max)
    made = rng.integers(0, top + 1, (*shape, channels))
    made[:, ::2] = rng.integers(0, top // 5 + 1, (*shape, 1))[:, ::2] * 5
    made[4:8, :, :3] = rng.integers(0, top // 10 + 1, (4, shape[1], 1)) * 10
    return made.astype(dtype)


def exact(pixels, weights, used, constant=0, stride=1):
    """Return the results of sliding `used` over the luma, padded by a constant to the same size, as fractions."""
    unit = sum(weights)
    luma = sum(pixels[:, :, c].astype(object) * weight for c, weight in enumerate(weights))
    taps, (down, along) = used.slid(False).weights, used.shape
    padded = np.full((len(luma) + down - 1, luma.shape[1] + along - 1), constant * unit, object)
    top, left = (down - 1) // 2, (along - 1) // 2
    padded[top : top + len(luma), left : left + luma.shape[1]] = luma
    total = sum(
        int(taps[i, j]) * padded[i : i + len(luma), j : j + luma.shape[1]] for i in range(down) for j in range(along)
    )[::stride, ::stride]
    return np.vectorize(lambda one: Fraction(one, unit) * used.scale)(total)


def rounded(values, top):
    """Return fractions as samples: halves away from zero, then clipped."""
    away = np.vectorize(lambda one: floor(abs(one) + Fraction(1, 2)) * (1 if one >= 0 else -1))
    return np.clip(away(values), 0, top).astype(np.int64)


def chain(used, constant=0, stride=1):
    return Pipeline((layer_for(used, Padding("same"), Border("constant", constant), (stride, stride)),))


@pytest.fixture(params=LEVELS)
def level(request, monkeypatch):
    monkeypatch.setenv("IMGCONV_SIMD", request.param)


@pytest.mark.parametrize("coefficients", LUMA)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("used", KERNELS, ids=lambda used: used.name)
def test_results_are_rounded_once(level, dtype, used, coefficients):
    pixels, weights = picture(dtype, 3), LUMA[coefficients]
    for constant, stride in ((0, 1), (7, 2)):
        wanted = exact(pixels, weights, used, constant, stride)
        if used is HALVES:
            assert any(one.denominator == 2 for one in wanted.flat), "no half is among the results"
        ran = chain(used, constant, stride).run(
            pixels, engines.get("builtin"), Target("clip", np.dtype(dtype)), luma=weights
        )
        assert "fixed point" not in ran.reason
        np.testing.assert_array_equal(ran.samples[:, :, 0], rounded(wanted, np.iinfo(dtype).max))


@pytest.mark.parametrize("coefficients", LUMA)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_large_boxes_are_exact(level, dtype, coefficients):
    """By running sums where there is a core, of a luma whose sums pass 32 bits."""
    pixels, weights = picture(dtype, 3, shape=(40, 130)), LUMA[coefficients]
    for size in (35, 101):
        before, after = (size - 1) // 2, size // 2
        luma = np.pad(
            pixels.astype(np.int64) @ np.array(weights), ((before, after),) * 2, constant_values=7 * sum(weights)
        )
        sums = np.pad(luma.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        sums = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
        divisor = sum(weights) * size * size
        used = kernel(f"box:size={size}")
        ran = chain(used, 7).run(pixels, engines.get("builtin"), Target("clip", np.dtype(dtype)), luma=weights)
        assert "running sums" in ran.reason or _native.level() is None
        np.testing.assert_array_equal(ran.samples[:, :, 0], (2 * sums + divisor) // (2 * divisor))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_scipy_rounds_alike(dtype):
    pixels = picture(dtype, 3)
    ran = chain(HALVES).run(pixels, engines.get("scipy"), Target("abs", np.dtype(dtype)), luma=LUMA["601"])
    wanted = rounded(abs(exact(pixels, LUMA["601"], HALVES)), np.iinfo(dtype).max)
    np.testing.assert_array_equal(ran.samples[:, :, 0], wanted)


@pytest.mark.parametrize("alpha", ["filter", "auto", "keep"])
def test_alpha_that_is_opaque_changes_nothing(level, alpha):
    pixels = picture(np.uint8, 4)
    pixels[:, :, 3] = 255
    ran = chain(HALVES, 255).run(
        pixels, engines.get("builtin"), Target("clip", np.dtype(np.uint8)), alpha=alpha, luma=LUMA["709"]
    )
    wanted = rounded(exact(pixels, LUMA["709"], HALVES, 255), 255)
    np.testing.assert_array_equal(ran.samples[:, :, 0], wanted)
    if alpha == "filter":  # a channel like any other, exact too
        other = pixels.copy()
        other[:, :, :3] = 255
        np.testing.assert_array_equal(ran.samples[:, :, 1], rounded(exact(other, (1, 1, 1), HALVES, 255), 255))
    else:
        assert (ran.samples[:, :, 1] == 255).all()


def test_alpha_weights_the_exact_luma(level):
    pixels = picture(np.uint8, 4)
    ran = chain(kernel("box:size=3"), 0).run(
        pixels, engines.get("builtin"), Target("float", np.dtype(np.float32)), alpha="premultiply", luma=LUMA["601"]
    )
    box = Kernel(name="ones", weights=np.ones((3, 3)))
    cover = np.pad(pixels[:, :, 3:].astype(float), ((1, 1), (1, 1), (0, 0)), constant_values=0)
    luma = np.pad(pixels[:, :, :3] @ np.array([0.299, 0.587, 0.114]), 1)
    assert box.shape == (3, 3)
    inner = np.s_[1:-1, 1:-1]
    sums = sum(
        (luma * cover[:, :, 0])[i : i + pixels.shape[0], j : j + pixels.shape[1]] for i in range(3) for j in range(3)
    )
    weights = sum(cover[i : i + pixels.shape[0], j : j + pixels.shape[1], 0] for i in range(3) for j in range(3))
    np.testing.assert_allclose(ran.samples[:, :, 0][inner], (sums / weights)[inner], atol=2e-4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", ["sobel", "prewitt", "scharr"])
def test_combined_kernels_see_the_exact_luma(level, name, dtype):
    pixels, used = picture(dtype, 3), kernel(name)
    ran = chain(used).run(pixels, engines.get("builtin"), Target("float", np.dtype(np.float32)), luma=LUMA["601"])
    members = [exact(pixels, LUMA["601"], member).astype(float) for member in used.of]
    np.testing.assert_allclose(ran.samples[:, :, 0], np.hypot(*members), rtol=3e-7, atol=1e-6)


def test_kernels_of_other_numbers_see_the_exact_luma(level):
    for dtype, near in ((np.uint8, 2e-3), (np.uint16, 0.3)):
        pixels, taps = picture(dtype, 3), np.random.default_rng(3).normal(size=(3, 3))
        used = Kernel(name="some", weights=taps)
        ran = chain(used).run(pixels, engines.get("builtin"), Target("float", np.dtype(np.float32)), luma=LUMA["601"])
        luma = np.pad(pixels.astype(float) @ np.array([0.299, 0.587, 0.114]), 1)
        turned = taps[::-1, ::-1]
        wanted = sum(turned[i, j] * luma[i : i + 13, j : j + 21] for i in range(3) for j in range(3))
        np.testing.assert_allclose(ran.samples[:, :, 0], wanted, atol=near)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_and_what_lies_beyond_them(dtype):
    pixels = np.random.default_rng(1).normal(size=(5, 6, 3)).astype(dtype)
    pixels[0, 0] = 0.25  # a grey pixel keeps its value
    pixels[1, 1, 0], pixels[2, 2, 1] = np.inf, np.nan
    planes, whole = _luma.luma(pixels, LUMA["709"])
    assert whole is None and planes[0, 0, 0] == 0.25
    wanted = pixels.astype(float) @ (np.array(LUMA["709"]) / 10000)
    np.testing.assert_allclose(planes[:, :, 0], wanted, rtol=1e-6, atol=1e-6)


def test_rows_that_lie_apart_are_weighed_alike(level):
    pixels = picture(np.uint8, 4, shape=(40, 33))
    for seen in (pixels[::2, 1:], pixels[:, :, :3], pixels[::-1, ::3], np.asfortranarray(pixels)):
        planes, whole = _luma.luma(seen, LUMA["601"])
        assert whole == (1000, 255000)
        np.testing.assert_array_equal(planes[:, :, 0], seen[:, :, :3].astype(int) @ np.array(LUMA["601"]))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(picture(np.uint8, 3)).save("a.png")
    return tmp_path


@pytest.mark.parametrize("coefficients", LUMA)
def test_files_and_regions_are_rounded_once(folder, coefficients):
    weights = LUMA[coefficients]
    pixels = picture(np.uint8, 3)
    gray, options = f"--gray={coefficients}", ("-k", "binomial", "--border", "constant:0", "--padding", "same")
    wanted = rounded(exact(pixels, weights, kernel("binomial")), 255)
    ok("apply", "a.png", "whole.png", gray, *options, "--check")
    np.testing.assert_array_equal(np.asarray(Image.open("whole.png")), wanted)
    ok("apply", "a.png", "part.png", gray, *options, "--region", "3,2,11x6")
    whole = rounded(exact(pixels, weights, kernel("identity")), 255)
    whole[2:8, 3:14] = wanted[2:8, 3:14]
    np.testing.assert_array_equal(np.asarray(Image.open("part.png")), whole)
    Image.new("L", (21, 13), 255).save("mask.png")
    ok("apply", "a.png", "masked.png", gray, *options, "--mask", "mask.png", "--map", "clip")
    apart = np.asarray(Image.open("masked.png")).astype(int) - wanted
    assert np.abs(apart).max() <= 1 and np.count_nonzero(apart) < 10  # finished in floats


def test_layers_see_the_exact_luma(folder):
    pixels = picture(np.uint8, 3)
    ok("pool", "a.png", "pooled.png", "--max", "2", "--gray")
    luma = exact(pixels, LUMA["601"], kernel("identity"))[:12, :20]
    most = luma.reshape(6, 2, 10, 2).max(axis=(1, 3))
    np.testing.assert_array_equal(np.asarray(Image.open("pooled.png"))[:6, :10], rounded(most, 255))
    folder.joinpath("two.yaml").write_text("- conv: {kernel: sobel-x}\n- abs\n")
    ok("apply", "a.png", "two.npy", "--pipeline", "two.yaml", "--gray", "--map", "float")
    wanted = abs(exact(pixels, LUMA["601"], kernel("sobel-x"))).astype(float)[1:-1, 1:-1]
    np.testing.assert_allclose(np.load("two.npy").squeeze(), wanted, atol=1e-4)
