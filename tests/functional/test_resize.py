"""Interpolation against scikit-image, OpenCV and plain sums, shuffled channels, and what both refuse."""

from __future__ import annotations

import numpy as np
import pytest

from imgconv import channel_shuffle, interpolate
from imgconv.errors import ChannelError, OptionError, SizeError

RNG = np.random.default_rng(1)
PICTURE = RNG.random((1, 2, 11, 17)).astype(np.float32)


@pytest.mark.parametrize(("mode", "word"), [("bilinear", "INTER_LINEAR"), ("bicubic", "INTER_CUBIC")])
@pytest.mark.parametrize("size", [(22, 34), (23, 19), (33, 40), (5, 50)])
def test_pictures_are_opencvs(mode, word, size):
    cv2 = pytest.importorskip("cv2")
    result = interpolate(PICTURE, size=size, mode=mode)[0]
    for plane, wanted in zip(result, PICTURE[0], strict=True):
        np.testing.assert_allclose(plane, cv2.resize(wanted, size[::-1], interpolation=getattr(cv2, word)), atol=2e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("align", [False, True])
def test_a_line_is_what_numpy_interpolates(dtype, align):
    line = RNG.random(13).astype(dtype)
    for size in (1, 2, 13, 27, 40):
        at = np.arange(size) * 12 / max(size - 1, 1) if align else (np.arange(size) + 0.5) * 13 / size - 0.5
        wanted = np.interp(at, np.arange(13), line)
        result = interpolate(line[None, None], size=size, mode="linear", align_corners=align)
        assert result.dtype == dtype
        np.testing.assert_allclose(result[0, 0], wanted, rtol=1e-6 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("align", [False, True])
def test_a_cubic_keeps_straight_lines_away_from_the_ends(align):
    line = np.arange(30.0)
    result = interpolate(np.tile(line, (1, 1, 4, 1)), size=(4, 77), mode="bicubic", align_corners=align)[0, 0, 0]
    at = np.arange(77) * 29 / 76 if align else (np.arange(77) + 0.5) * 30 / 77 - 0.5
    # Keys' kernel with -0.75 instead of -0.5 is not exact for a ramp, but within 1 / 16 of a step of it.
    assert np.abs(result - at)[6:-6].max() < 1 / 16
    np.testing.assert_allclose(interpolate(np.ones((1, 1, 5, 6)), scale_factor=1.7, mode="bicubic"), 1)


def test_nearest_repeats_and_skips_samples():
    picture = np.arange(6.0).reshape(1, 1, 2, 3)
    np.testing.assert_array_equal(interpolate(picture, scale_factor=2), picture.repeat(2, 2).repeat(2, 3))
    np.testing.assert_array_equal(interpolate(picture, size=(1, 2)), [[[[0, 1]]]])
    np.testing.assert_array_equal(interpolate(picture[0], scale_factor=2), picture[0].repeat(2, 2))


def test_three_axes_are_interpolated_one_after_the_other():
    volume = RNG.random((1, 2, 4, 5, 6))
    wanted = volume
    for axis, size in ((2, 7), (3, 4), (4, 13)):
        lines = np.moveaxis(wanted, axis, -1)
        flat = interpolate(lines.reshape(1, -1, lines.shape[-1]), size=size, mode="linear")[0]
        wanted = np.moveaxis(flat.reshape(*lines.shape[:-1], -1), -1, axis)
    np.testing.assert_allclose(interpolate(volume, size=(7, 4, 13), mode="trilinear"), wanted, rtol=1e-12)


def test_integers_become_floats():
    result = interpolate(np.array([[[0, 255]]], np.uint8), size=4, mode="linear")
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, [[[0, 63.75, 191.25, 255]]])
    assert interpolate(np.ones((1, 1, 4), np.float16), size=9, mode="linear").dtype == np.float16


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_infinity_spreads_over_every_sample_that_sees_it(mode):
    picture = np.ones((1, 1, 8, 8))
    picture[0, 0, 3, 3] = np.inf
    result = interpolate(picture, scale_factor=2, mode=mode)[0, 0]
    reach = 2 if mode == "bilinear" else 4
    # Samples at 2*k + 0.5 - 0.25 and + 0.75 lie between input samples k - 1, k and k, k + 1.
    odd = np.zeros((16, 16), bool)
    odd[7 - reach : 7 + reach, 7 - reach : 7 + reach] = True
    assert (~np.isfinite(result) == odd).all()


@pytest.mark.parametrize(
    ("settings", "error", "fragment"),
    [
        ({}, OptionError, "either size or scale_factor"),
        ({"size": 3, "scale_factor": 2}, OptionError, "not both"),
        ({"size": (3, 3, 3)}, OptionError, "size"),
        ({"size": (3,)}, OptionError, "size"),
        ({"size": 0}, OptionError, "size: .*0"),
        ({"size": 3.0}, OptionError, "size: .*3.0"),
        ({"scale_factor": 0.01}, SizeError, "height floor.11 . 0.01. = 0"),
        ({"scale_factor": -1.0}, SizeError, "= -11"),
        ({"scale_factor": float("nan")}, OptionError, "scale_factor"),
        ({"scale_factor": (1, 2, 3)}, OptionError, "scale_factor"),
        ({"size": 3, "mode": "bilinaer"}, OptionError, "did you mean 'bilinear'"),
        ({"size": 3, "mode": "nearest", "align_corners": False}, OptionError, "align_corners"),
        ({"size": 3, "mode": "linear"}, OptionError, "of 4 axes is not .batch, channels, cols., which the mode linear"),
        ({"size": 3, "mode": "nearest", "input": np.ones((4, 4))}, OptionError, "of 2 axes"),
        ({"size": 3, "input": np.ones((1, 0, 4, 4))}, OptionError, "with samples in it"),
    ],
)
def test_arguments_that_make_no_sense(settings, error, fragment):
    with pytest.raises(error, match=fragment):
        interpolate(**({"input": PICTURE, "mode": "bicubic"} | settings))


@pytest.mark.parametrize("groups", [1, 2, 3, 4, 6, 12])
def test_shuffled_channels_are_a_transposed_table(groups):
    batch = RNG.integers(0, 99, (2, 12, 3, 2)).astype(np.int16)
    shuffled = channel_shuffle(batch, groups)
    assert shuffled.dtype == np.int16
    for k in range(12):
        np.testing.assert_array_equal(shuffled[:, k], batch[:, k % groups * (12 // groups) + k // groups])
    np.testing.assert_array_equal(channel_shuffle(shuffled, 12 // groups), batch)


@pytest.mark.parametrize(
    ("shape", "groups", "error", "fragment"),
    [
        ((1, 4, 2), 3, ChannelError, "3 groups do not divide 4 channels"),
        ((1, 4, 2), 0, OptionError, "groups: .*0"),
        ((4, 2), 2, OptionError, "of three or more axes"),
    ],
)
def test_groups_that_make_no_sense(shape, groups, error, fragment):
    with pytest.raises(error, match=fragment):
        channel_shuffle(np.ones(shape), groups)
