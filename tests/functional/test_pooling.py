"""Poolings against plain loops, scikit-image and their own laws, and what is refused."""

from __future__ import annotations

import layer_oracle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imgconv
from imgconv import avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool2d, max_pool3d, min_pool2d, output_size
from imgconv.errors import OptionError, SizeError

LANES = ["native", "none"]
BORDERS = [None, "zero", "edge", "symmetric", "reflect", "wrap", "constant"]
REDUCE = {"max": max, "min": min, "avg": np.mean}


@pytest.fixture(params=LANES)
def core(request, monkeypatch):
    """The native core, and NumPy without it."""
    if request.param == "none":
        monkeypatch.setenv("IMGCONV_SIMD", "none")


@given(st.data(), st.sampled_from(sorted(REDUCE)), st.sampled_from(BORDERS), st.booleans(), st.sampled_from(LANES))
def test_a_pooling_is_what_loops_compute(data, kind, border, ceil_mode, core):
    window, stride, dilation = (data.draw(st.tuples(st.integers(1, n), st.integers(1, n))) for n in (5, 4, 3))
    sides = tuple(data.draw(st.integers(0, window[1 - k % 2] // 2)) for k in range(4))
    span = [d * (k - 1) + 1 for d, k in zip(dilation, window, strict=True)]
    rows, cols = data.draw(st.integers(span[0] + 1, 14)), data.draw(st.integers(span[1] + 1, 40))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    dtype = data.draw(st.sampled_from([np.uint8, np.float16, np.float32, np.float64]))
    picture = (rng.normal(size=(2, rows, cols)) * 50 + 100).clip(0, 255).astype(dtype)
    options = {"pool": True, "stride": stride, "dilation": dilation, "ceil_mode": ceil_mode}
    output = output_size((rows, cols), window, padding=sides, **options)
    settings = {"stride": stride, "padding": sides, "ceil_mode": ceil_mode}
    if kind == "avg":
        # Padding counts unless it is told not to; without a border the loops leave it out.
        settings["count_include_pad"] = border is not None
    settings["dilation"] = dilation
    wanted = layer_oracle.pool(picture, window, stride, sides, dilation, output, REDUCE[kind], border, 7.5)
    with pytest.MonkeyPatch.context() as patch:
        if core == "none":
            patch.setenv("IMGCONV_SIMD", "none")
        words = "constant:7.5" if border == "constant" else border
        result = getattr(imgconv, f"{kind}_pool2d")(picture, window, **settings, border=words)
    assert result.dtype == (np.float32 if dtype == np.uint8 else dtype)
    if kind == "avg":
        np.testing.assert_allclose(result, wanted, rtol={np.float16: 1e-3, np.float64: 1e-13}.get(dtype, 1e-6))
    else:
        np.testing.assert_array_equal(result, wanted)


def test_a_mean_of_nothing_is_refused():
    one = np.ones((1, 3))  # samples -1 and 3 of three
    assert avg_pool1d(one, 2, 1, padding=1, dilation=4).tolist() == [[0.0]]
    with pytest.raises(OptionError, match="has no mean"):
        avg_pool1d(one, 2, 1, padding=1, dilation=4, count_include_pad=False)


def test_blocks_are_those_of_scikit_image(core):
    measure = pytest.importorskip("skimage.measure")
    picture = np.random.default_rng(1).normal(size=(48, 60)).astype(np.float32)
    for block in ((2, 2), (3, 5), (4, 1)):
        for name, reduce in (("max", np.max), ("min", np.min), ("avg", np.mean)):
            result = getattr(imgconv, f"{name}_pool2d")(picture[None], block)[0]
            np.testing.assert_allclose(result, measure.block_reduce(picture, block, reduce), rtol=1e-5, atol=1e-6)


def test_a_minimum_is_the_maximum_of_the_negative(core):
    picture = np.random.default_rng(2).normal(size=(2, 3, 20, 30))
    settings = {"kernel_size": (3, 2), "stride": (1, 2), "padding": (1, 0), "dilation": (2, 3), "ceil_mode": True}
    np.testing.assert_array_equal(min_pool2d(picture, **settings), -max_pool2d(-picture, **settings))


def test_one_and_three_axes_are_pooled_one_after_the_other(core):
    volume = np.random.default_rng(3).normal(size=(2, 6, 9, 20))
    for pool1, pool3 in ((max_pool1d, max_pool3d), (avg_pool1d, avg_pool3d)):
        wanted = volume
        for axis, (window, stride, padding) in enumerate([(3, 2, 1), (2, 2, 0), (5, 1, 2)], start=1):
            lines = np.moveaxis(wanted, axis, -1)
            flat = pool1(lines.reshape(1, -1, lines.shape[-1]), window, stride, padding)[0]
            wanted = np.moveaxis(flat.reshape(*lines.shape[:-1], -1), -1, axis)
        np.testing.assert_allclose(pool3(volume, (3, 2, 5), (2, 2, 1), (1, 0, 2)), wanted, rtol=1e-12)


def test_indices_lead_to_the_results():
    rng = np.random.default_rng(4)
    picture = rng.integers(0, 9, (2, 3, 11, 13)).astype(np.float32)
    results, indices = max_pool2d(picture, 3, 2, 1, return_indices=True)
    np.testing.assert_array_equal(results, max_pool2d(picture, 3, 2, 1))
    np.testing.assert_array_equal(
        np.take_along_axis(picture.reshape(2, 3, -1), indices.reshape(2, 3, -1), 2), results.reshape(2, 3, -1)
    )
    assert indices.dtype == np.int64
    results, indices = max_pool1d(np.array([[1.0, 5, 5, np.nan, 2, np.nan, 3, 4]]), 2, return_indices=True)
    np.testing.assert_array_equal(indices, [[1, 3, 5, 7]])
    _, indices = max_pool1d(np.array([[1.0, 2, 3]]), 3, 3, 1, border="constant:9", return_indices=True)
    np.testing.assert_array_equal(indices, [[-1]])
    _, indices = min_pool2d(np.array([[[1.0, 2], [3, 4]]]), 2, 2, 1, border="wrap", return_indices=True)
    np.testing.assert_array_equal(indices, [[[0, 0], [0, 0]]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("place", range(4))
def test_nan_is_what_every_pooling_of_it_gives(core, dtype, place):
    picture = np.ones((1, 8, 80), dtype)
    picture[0, 2 + place // 2, 34 + place % 2] = np.nan
    for pool in (max_pool2d, min_pool2d, avg_pool2d):
        seen = np.isnan(pool(picture, 2))
        assert seen.sum() == 1
        assert seen[0, 1, 17]
        assert np.isnan(pool(picture, 3, 1)).sum() == 9
    picture[np.isnan(picture)] = np.inf
    assert np.isinf(avg_pool2d(picture, 3, 1)).sum() == 9
    assert np.isinf(min_pool2d(picture, 1)).sum() == 1


def test_means_are_exact_where_they_can_be(core):
    bytes_, words = (np.full((1, 300, 300), top, dtype) for top, dtype in ((255, np.uint8), (65535, np.uint16)))
    assert avg_pool2d(bytes_, 300) == 255
    assert avg_pool2d(words, 300) == 65535
    rng = np.random.default_rng(5)
    picture = rng.random((1, 256, 256)).astype(np.float32)
    np.testing.assert_allclose(avg_pool2d(picture, 256), [[[picture.astype(float).mean()]]], rtol=2e-7)


def test_the_divisor_can_be_given():
    ones = np.ones((1, 4, 4))
    np.testing.assert_array_equal(avg_pool2d(ones, 2, divisor_override=8), np.full((1, 2, 2), 0.5))
    np.testing.assert_array_equal(avg_pool2d(ones, 2, divisor_override=-1), np.full((1, 2, 2), -4.0))
    np.testing.assert_array_equal(avg_pool3d(ones[None], (1, 2, 2), divisor_override=2), np.full((1, 1, 2, 2), 2.0))


def test_windows_that_hang_over_the_end_count_what_they_hold():
    line = np.arange(1.0, 6)[None]
    np.testing.assert_array_equal(avg_pool1d(line, 2, ceil_mode=True), [[1.5, 3.5, 5]])
    np.testing.assert_array_equal(avg_pool1d(line, 2, padding=1, ceil_mode=True), [[0.5, 2.5, 4.5]])
    np.testing.assert_array_equal(avg_pool1d(line, 2, padding=1, ceil_mode=True, border="edge"), [[1, 2.5, 4.5]])
    np.testing.assert_array_equal(avg_pool1d(line, 2, padding=1, count_include_pad=False), [[1, 2.5, 4.5]])
    np.testing.assert_array_equal(max_pool1d(-line, 2, ceil_mode=True), [[-1, -3, -5]])


def test_a_pooling_and_a_convolution_with_its_stride_have_one_size():
    picture = np.ones((1, 32, 33))
    strided = imgconv.conv2d(picture, np.ones((1, 1, 2, 2)), stride=2)
    assert max_pool2d(picture, 2).shape == strided.shape == (1, 16, 16)
    np.testing.assert_array_equal(avg_pool2d(picture, 2) * 4, strided)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_nothing(threads):
    picture = np.random.default_rng(6).normal(size=(1, 200, 301)).astype(np.float32)
    for pool in (max_pool2d, avg_pool2d):
        alone = pool(picture, 3, 1, 1, threads=1)
        np.testing.assert_array_equal(pool(picture, 3, 1, 1, threads=threads), alone)


def test_every_order_of_memory():
    picture = np.random.default_rng(7).normal(size=(20, 30, 3)).astype(np.float32).transpose(2, 0, 1)
    for pool in (max_pool2d, avg_pool2d):
        np.testing.assert_array_equal(pool(picture, 2), pool(picture.copy(), 2))
        np.testing.assert_array_equal(pool(picture[:, ::-1, ::2], 2), pool(picture[:, ::-1, ::2].copy(), 2))


@pytest.mark.parametrize(
    ("settings", "error", "fragment"),
    [
        ({"kernel_size": 0}, OptionError, "kernel_size: expected a whole number of at least 1, not 0"),
        ({"stride": 0}, OptionError, "stride"),
        ({"padding": 2}, OptionError, "2 along the height is more than half of the window's 2"),
        ({"padding": -1}, OptionError, "negative"),
        ({"padding": "same"}, OptionError, "needs stride 1"),
        ({"dilation": 0}, OptionError, "dilation"),
        ({"kernel_size": 7}, SizeError, "7 taps are more than the padded input of 5"),
        ({"input": np.ones((5, 5))}, OptionError, "is not .batch, channels, rows, cols."),
        ({"input": np.ones((0, 5, 5))}, OptionError, "with samples in it"),
        ({"border": "none"}, OptionError, "border"),
    ],
)
def test_arguments_that_make_no_sense(settings, error, fragment):
    with pytest.raises(error, match=fragment):
        max_pool2d(**({"input": np.ones((1, 5, 5)), "kernel_size": 2} | settings))


@pytest.mark.parametrize("divisor", [0, 1.5, True])
def test_divisors_that_make_no_sense(divisor):
    with pytest.raises(OptionError, match="divisor_override"):
        avg_pool2d(np.ones((1, 5, 5)), 2, divisor_override=divisor)


def test_a_mean_over_three_axes_needs_its_window_inside():
    with pytest.raises(OptionError, match="the window's 3 along the depth are more than the input's 2"):
        avg_pool3d(np.ones((1, 2, 5, 5)), 3, padding=1)


@pytest.mark.parametrize(
    ("border", "mode"), [("edge", "edge"), ("reflect", "reflect"), ("wrap", "wrap"), ("zero", "constant")]
)
@pytest.mark.parametrize(("window", "sides"), [(1, (0, 3)), (2, (3, 3)), (3, (5, 2))])
def test_a_border_may_be_wider_than_half_a_window(core, border, mode, window, sides):
    samples = np.random.default_rng(1).random((2, 7, 8)).astype(np.float32)
    rows, cols = sides
    padded = np.pad(samples, ((0, 0), (rows, rows), (cols, cols)), mode=mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (window, window), axis=(1, 2))
    for pool, reduced in ((max_pool2d, np.max), (min_pool2d, np.min), (avg_pool2d, np.mean)):
        found = pool(samples, window, 1, sides, border=border)
        np.testing.assert_allclose(found, reduced(windows, axis=(3, 4)), rtol=1e-6)
        if rows > window // 2:
            with pytest.raises(OptionError, match="name a border"):
                pool(samples, window, 1, sides)
