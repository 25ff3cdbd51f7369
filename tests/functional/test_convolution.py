"""Convolutions and transposed ones against plain loops and SciPy, the literature's examples, and what is refused."""

from __future__ import annotations

import layer_oracle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

import imgconv
from imgconv import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from imgconv.errors import ChannelError, OptionError, SizeError
from imgconv.geometry import phases, transposed, zero_inserted

BORDERS = {"zero": "zero", "edge": "edge", "symmetric": "symmetric", "reflect": "reflect", "wrap": "wrap"}
CLOSE = {np.float16: 1e-3, np.float32: 1e-5, np.float64: 1e-12}
LANES = ["native", "none"]


@pytest.fixture(params=LANES)
def core(request, monkeypatch):
    """The native core, and NumPy without it."""
    if request.param == "none":
        monkeypatch.setenv("IMGCONV_SIMD", "none")


def close(result, wanted, dtype):
    """Compare, relative to the largest result."""
    assert result.shape == wanted.shape
    assert result.dtype == dtype
    np.testing.assert_allclose(result, wanted, rtol=0, atol=CLOSE[dtype] * max(1, np.abs(wanted).max()))


@st.composite
def convolutions(draw):
    """Return a picture, weights, a bias, and the rest of a convolution."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    per_group, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 3)) * groups
    taps = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride, dilation = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2))
    least = [d * (k - 1) + 1 for d, k in zip(dilation, taps, strict=True)]
    rows, cols = draw(st.integers(least[0], 12)), draw(st.integers(least[1], 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    dtype = draw(st.sampled_from(list(CLOSE)))
    picture = rng.normal(size=(groups * per_group, rows, cols)).astype(dtype)
    weight = rng.normal(size=(outputs, per_group, *taps)).astype(dtype)
    bias = rng.normal(size=outputs).astype(dtype) if draw(st.booleans()) else None
    return picture, weight, bias, stride, dilation, groups


@given(
    convolutions(), st.tuples(*[st.integers(0, 3)] * 4), st.sampled_from([*BORDERS, "constant"]), st.sampled_from(LANES)
)
def test_a_convolution_is_what_loops_compute(case, sides, border, core):
    picture, weight, bias, stride, dilation, groups = case
    if border == "reflect" and min(picture.shape[1:]) == 1:
        border = "edge"  # numpy.pad has a mirror for one sample, and it is the same
    padded = layer_oracle.pad(picture, sides, border, 0.5)
    wanted = layer_oracle.convolve(padded, weight.astype(float), bias, stride, dilation, groups)
    with pytest.MonkeyPatch.context() as patch:
        if core == "none":
            patch.setenv("IMGCONV_SIMD", "none")
        given = border if border != "constant" else "constant:0.5"
        result = conv2d(picture, weight, bias, stride, sides, dilation, groups, border=given)
    close(result, wanted, picture.dtype.type)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_channels_are_scipys(core, dtype):
    rng = np.random.default_rng(1)
    picture = rng.normal(size=(37, 33, 45)).astype(dtype)
    weight = rng.normal(size=(13, 37, 5, 3)).astype(dtype)
    exact = [signal.correlate(picture.astype(float), one.astype(float), "valid", "direct")[0] for one in weight]
    close(conv2d(picture, weight), np.stack(exact), dtype)


def test_long_sums_are_as_exact_as_short_ones(core):
    rng = np.random.default_rng(2)
    picture, weight = rng.random((1500, 6, 40)).astype(np.float32), rng.random((2, 1500, 3, 3)).astype(np.float32)
    wanted = np.stack([signal.correlate(picture.astype(float), one.astype(float), "valid", "fft")[0] for one in weight])
    np.testing.assert_allclose(conv2d(picture, weight), wanted, rtol=1e-5)


def test_a_batch_is_its_pictures(core):
    rng = np.random.default_rng(3)
    batch, weight = rng.normal(size=(3, 4, 9, 20)).astype(np.float32), rng.normal(size=(6, 2, 3, 3)).astype(np.float32)
    together = conv2d(batch, weight, padding=1, groups=2)
    for one, result in zip(batch, together, strict=True):
        np.testing.assert_array_equal(conv2d(one, weight, padding=1, groups=2), result)
    assert conv2d(batch[:0], weight, groups=2).shape == (0, 6, 7, 18)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize(("channels", "outputs", "groups"), [(8, 32, 1), (24, 24, 24), (64, 96, 2)])
def test_threads_change_nothing(threads, channels, outputs, groups):
    rng = np.random.default_rng(4)
    picture = rng.normal(size=(channels, 40, 67)).astype(np.float32)
    weight = rng.normal(size=(outputs, channels // groups, 3, 3)).astype(np.float32)
    alone = conv2d(picture, weight, padding=1, groups=groups, threads=1)
    np.testing.assert_array_equal(conv2d(picture, weight, padding=1, groups=groups, threads=threads), alone)


def test_one_and_three_axes_are_scipys(core):
    rng = np.random.default_rng(5)
    line, volume = rng.normal(size=(2, 3, 50)), rng.normal(size=(3, 7, 9, 20))
    taps, block = rng.normal(size=(4, 3, 5)), rng.normal(size=(4, 3, 3, 2, 5))
    for n in range(2):
        wanted = np.stack([signal.correlate(np.pad(line[n], ((0, 0), (2, 1))), one, "valid")[0, ::3] for one in taps])
        np.testing.assert_allclose(conv1d(line, taps, stride=3, padding=(2, 1))[n], wanted, atol=1e-12)
    wanted = np.stack(
        [signal.correlate(np.pad(volume, ((0, 0), (1, 1), (0, 0), (2, 2))), one, "valid")[0] for one in block]
    )
    np.testing.assert_allclose(conv3d(volume, block, padding=(1, 0, 2)), wanted, atol=1e-12)
    wanted = wanted[:, ::2, ::3]
    np.testing.assert_allclose(conv3d(volume, block, padding=(2, 0, 1, 2, 0, 1), stride=(2, 3, 1)), wanted, atol=1e-12)


@given(convolutions(), st.tuples(st.integers(0, 2), st.integers(0, 2)), st.data())
def test_a_transposed_convolution_spreads_every_sample(case, cut, data):
    picture, weight, _, stride, dilation, groups = case
    picture, weight = picture[:, :5, :7], weight.reshape(-1, *weight.shape[2:])
    picture = np.concatenate([picture] * groups)[: len(weight) // groups * groups]
    weight = np.stack([weight[: len(picture)]] * 2, axis=1)
    extra = [data.draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)]
    sides = (cut[1], cut[0], 0, cut[0])
    wanted = layer_oracle.spread(
        picture.astype(float), weight.astype(float), None, stride, sides, extra, dilation, groups
    )
    settings = {"output_padding": tuple(extra), "groups": groups, "dilation": dilation}
    if 0 in wanted.shape:
        with pytest.raises(SizeError, match="cuts the whole output away"):
            conv_transpose2d(picture, weight, None, stride, sides, **settings)
    else:
        close(conv_transpose2d(picture, weight, None, stride, sides, **settings), wanted, picture.dtype.type)


@pytest.mark.parametrize(
    ("stride", "dilation", "before", "after", "extra"), [(2, 1, 1, 1, 1), (3, 2, 0, 4, 0), (4, 6, 2, 0, 3)]
)
def test_a_transposed_convolution_is_a_plain_one_of_the_zero_inserted_input(stride, dilation, before, after, extra):
    axis = transposed(6, 3, stride=stride, dilation=dilation, before=before, after=after, output_padding=extra)
    plain = zero_inserted(axis)
    line, taps = np.arange(1.0, 7), np.array([2.0, 3.0, 5.0])
    inserted = np.zeros(plain.size)
    inserted[::stride] = line
    sides = (max(plain.before, 0), max(plain.after, 0))
    inserted = inserted[max(-plain.before, 0) : plain.size - max(-plain.after, 0)]
    wanted = conv1d(inserted[None], taps[None, None, ::-1], padding=sides, dilation=dilation)
    settings = {"stride": stride, "padding": (before, after), "dilation": dilation, "output_padding": extra}
    np.testing.assert_allclose(conv_transpose1d(line[None], taps[None, None], **settings), wanted)
    assert wanted.shape[1] == axis.output == plain.output
    assert sorted(o for p in phases(axis) for o in range(p.start, axis.output, stride)) == list(range(axis.output))
    assert [p.output for p in phases(axis)] == [len(range(p.start, axis.output, stride)) for p in phases(axis)]


def test_three_axes_are_spread_like_one_after_the_other():
    rng = np.random.default_rng(6)
    volume, a, b, c = rng.normal(size=(1, 3, 4, 5)), rng.normal(size=2), rng.normal(size=3), rng.normal(size=2)
    weight = np.einsum("i,j,k->ijk", a, b, c)[None, None]
    inserted = np.zeros((5, 10, 5))
    inserted[::2, ::3] = volume[0]
    wanted = signal.convolve(inserted, weight[0, 0])
    np.testing.assert_allclose(conv_transpose3d(volume, weight, stride=(2, 3, 1))[0], wanted, atol=1e-12)


# Samples of other types


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.bool_])
def test_integers_of_sixteen_bits_are_exact_and_become_float32(core, dtype):
    rng = np.random.default_rng(7)
    top = 1 if dtype == np.bool_ else np.iinfo(dtype).max
    picture = rng.integers(0, top, (5, 12, 30), endpoint=True).astype(dtype)
    weight = rng.integers(-99, 100, (3, 5, 3, 3))
    exact = np.stack([signal.correlate(picture.astype(np.int64), one, "valid", "direct")[0] for one in weight])
    result = conv2d(picture, weight, bias=[1, -2, 3])
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, (exact + np.array([1, -2, 3])[:, None, None]).astype(np.float32))
    spread = conv_transpose2d(picture, weight.swapaxes(0, 1), stride=2)
    wanted = layer_oracle.spread(
        picture.astype(float), weight.swapaxes(0, 1).astype(float), None, (2, 2), (0, 0, 0, 0), (0, 0), (1, 1), 1
    )
    np.testing.assert_array_equal(spread, wanted.astype(np.float32))


def test_longer_integers_become_float64(core):
    picture = np.full((1, 3, 3), 2**40 + 1)
    result = conv2d(picture, np.ones((1, 1, 2, 2), np.int8))
    assert result.dtype == np.float64
    assert (result == 4 * (2**40 + 1)).all()


def test_arrays_in_any_order_of_memory(core):
    rng = np.random.default_rng(8)
    picture, weight = rng.random((21, 18, 3)).astype(np.float32), rng.random((4, 3, 3, 3)).astype(np.float32)
    planes = picture.transpose(2, 0, 1)
    wanted = conv2d(np.ascontiguousarray(planes), weight)
    for same in (planes, np.asfortranarray(planes), planes.astype(">f4"), planes[:, ::-1][:, ::-1]):
        np.testing.assert_array_equal(conv2d(same, weight), wanted)
    np.testing.assert_array_equal(conv2d(planes[:, ::2, ::-1], weight), conv2d(planes[:, ::2, ::-1].copy(), weight))
    unaligned = np.frombuffer(b"x" + planes.tobytes(), np.uint8)[1:].view(np.float32).reshape(planes.shape)
    np.testing.assert_array_equal(conv2d(unaligned, weight), wanted)
    assert conv2d(planes.astype(np.longdouble), weight).dtype == np.longdouble


def test_half_precision_is_rounded_once(core):
    rng = np.random.default_rng(9)
    picture, weight = rng.normal(size=(64, 8, 8)).astype(np.float16), rng.normal(size=(2, 64, 3, 3)).astype(np.float16)
    exact = np.stack([signal.correlate(picture.astype(float), one.astype(float), "valid")[0] for one in weight])
    result = conv2d(picture, weight)
    assert result.dtype == np.float16
    np.testing.assert_allclose(result, exact.astype(np.float16), rtol=2**-10, atol=1e-4)
    assert np.isinf(conv2d(np.full((1, 3, 3), 6e4, np.float16), np.full((1, 1, 3, 3), 6e4))).all()


# What is not finite


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_zero_tap_on_infinity_is_no_number(core, dtype):
    picture, tap = np.zeros((1, 5, 20), dtype), np.zeros((1, 1, 3, 3), dtype)
    picture[0, 2, 9], tap[0, 0, 1, 1] = np.inf, 1
    result = conv2d(picture, tap, padding=1)[0]
    wanted = np.zeros((5, 20))
    wanted[1:4, 8:11] = np.nan
    wanted[2, 9] = np.inf
    np.testing.assert_array_equal(result, wanted)
    result = conv_transpose2d(picture, tap, stride=2, padding=1)[0]
    wanted = np.zeros((9, 39))
    wanted[3:6, 17:20] = np.nan
    wanted[4, 18] = np.inf
    np.testing.assert_array_equal(result, wanted)


def test_nan_spreads_over_every_output_that_sees_it(core):
    picture = np.ones((3, 9, 30), np.float32)
    picture[1, 4, 15] = np.nan
    seen = np.isnan(conv2d(picture, np.ones((5, 3, 3, 5), np.float32), padding=(1, 2)))
    wanted = np.zeros((9, 30), bool)
    wanted[3:6, 13:18] = True
    assert (seen == wanted).all()


def test_an_infinite_tap_on_padding_is_no_number_and_on_inserted_zeros_nothing(core):
    tap = np.ones((1, 1, 3, 3), np.float32)
    tap[0, 0, 0, 0] = np.inf
    result = conv2d(np.ones((1, 5, 5), np.float32), tap, padding=1)[0]
    assert np.isnan(result[0]).all()
    assert np.isnan(result[:, 0]).all()
    assert np.isinf(result[1:, 1:]).all()
    result = conv_transpose2d(np.ones((1, 3, 3), np.float32), tap, stride=2)[0]
    # Inside; beyond the last sample it meets padding, which torch does not let it do.
    assert np.isinf(result[:6:2, :6:2]).all()
    assert not np.isnan(result[:6, :6]).any()
    assert np.isfinite(result[1:6:2]).all()


# Worked examples of the literature

COLUMN = np.repeat([[0.0, 0, 1, 0, 0]], 5, axis=0)[None]
EDGE = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])[None, None]


def test_an_edge_is_seen_from_both_sides(core):
    np.testing.assert_array_equal(conv2d(COLUMN, EDGE), [[[-4, 0, 4]] * 3])
    np.testing.assert_array_equal(conv2d(COLUMN, EDGE[..., ::-1, ::-1]), [[[4, 0, -4]] * 3])


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, [[4] * 3] * 3),
        ({"stride": 2}, [[4] * 2] * 2),
        ({"stride": 3}, [[4]]),
        ({"stride": 3, "padding": 1}, [[1, 2], [2, 4]]),
    ],
)
def test_strides_and_padding_on_ones(core, settings, wanted):
    np.testing.assert_array_equal(conv2d(np.ones((1, 4, 4)), np.ones((1, 1, 2, 2)), **settings), [wanted])


@pytest.mark.parametrize(
    ("function", "given", "weight", "settings", "wanted"),
    [
        ("conv2d", (1, 5, 5), (1, 1, 3, 3), {"stride": 3}, (1, 1, 1)),
        ("conv_transpose2d", (3, 32, 32), (3, 6, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}, (6, 64, 64)),
        ("conv_transpose2d", (3, 32, 32), (3, 6, 3, 3), {"stride": 2, "padding": 1}, (6, 63, 63)),
        ("conv2d", (3, 32, 32), (6, 3, 3, 3), {"dilation": 2, "padding": 2}, (6, 32, 32)),
        ("conv2d", (64, 128, 128), (1, 64, 1, 1), {}, (1, 128, 128)),
        ("conv2d", (3, 32, 32), (3, 1, 3, 3), {"groups": 3, "padding": 1}, (3, 32, 32)),
        ("conv2d", (4, 8, 8), (8, 2, 3, 3), {"groups": 2}, (8, 6, 6)),
        ("conv2d", (3, 128, 128), (4, 3, 5, 5), {}, (4, 124, 124)),
    ],
)
def test_sizes_of_the_literature(function, given, weight, settings, wanted):
    ones = np.ones(given, np.float32), np.ones(weight, np.float32)
    assert getattr(imgconv, function)(*ones, **settings).shape == wanted


def test_a_shuffled_grouped_convolution_mixes_all_groups():
    groups, weight = 4, np.ones((32, 4, 1, 1))
    grouped = conv2d(np.arange(16.0).reshape(16, 1, 1), weight, groups=groups)
    shuffled = imgconv.channel_shuffle(grouped[None], groups)[0]
    sums = [0 + 1 + 2 + 3, 4 + 5 + 6 + 7, 8 + 9 + 10 + 11, 12 + 13 + 14 + 15]
    np.testing.assert_array_equal(shuffled.ravel(), np.tile(sums, 8))


def test_separable_convolutions_equal_the_outer_product():
    rng = np.random.default_rng(10)
    picture, row, column = rng.normal(size=(1, 20, 20)), rng.normal(size=3), rng.normal(size=3)
    across = conv2d(picture, row.reshape(1, 1, 1, 3), padding=(0, 1))
    both = conv2d(across, column.reshape(1, 1, 3, 1), padding=(1, 0))
    np.testing.assert_allclose(both, conv2d(picture, np.outer(column, row)[None, None], padding=1), atol=1e-12)


def test_a_flattened_convolution_sums_its_branches():
    rng = np.random.default_rng(11)
    picture, row, column = rng.normal(size=(1, 20, 20)), rng.normal(size=3), rng.normal(size=3)
    branches = conv2d(picture, column.reshape(1, 1, 3, 1), padding=(1, 0)) + conv2d(
        picture, row.reshape(1, 1, 1, 3), padding=(0, 1)
    )
    cross = np.zeros((3, 3))
    cross[1] += row
    cross[:, 1] += column
    np.testing.assert_allclose(branches, conv2d(picture, cross[None, None], padding=1), atol=1e-12)


def test_a_filter_of_colours_is_the_sum_of_its_channels():
    rng = np.random.default_rng(12)
    picture, weight, bias = rng.random((3, 128, 128)), rng.normal(size=(4, 3, 5, 5)), rng.normal(size=4)
    result = conv2d(picture.astype(np.float32), weight.astype(np.float32), bias)
    wanted = [
        sum(signal.correlate2d(picture[c], f[c], "valid") for c in range(3)) + b
        for f, b in zip(weight, bias, strict=True)
    ]
    assert np.abs(result - np.stack(wanted)).mean() < 1e-6


# What is refused

PICTURE, WEIGHT = np.ones((1, 2, 5, 5), np.float32), np.ones((4, 2, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("settings", "error", "fragment"),
    [
        ({"stride": 0}, OptionError, "stride: expected a whole number of at least 1, not 0"),
        ({"stride": 1.0}, OptionError, "stride: .*1.0"),
        ({"stride": True}, OptionError, "stride: True"),
        ({"stride": (1, 1, 1)}, OptionError, "stride"),
        ({"dilation": (1, 0)}, OptionError, "dilation"),
        ({"padding": -1}, OptionError, "must not be negative; to cut"),
        ({"padding": (1, 2, 3)}, OptionError, "expected 'valid', 'same'.*left, top, right, bottom"),
        ({"padding": "same", "stride": 2}, OptionError, "'same' needs stride 1"),
        ({"padding": "full"}, OptionError, "'full' is not one of 'valid'"),
        ({"padding": 1.5}, OptionError, "1.5"),
        ({"padding": 1 << 30}, OptionError, "more than 16777216"),
        ({"groups": 0}, OptionError, "groups: expected a whole number of at least 1, not 0"),
        ({"groups": 3}, ChannelError, "3 groups do not divide its 4 output channels"),
        ({"groups": 2}, ChannelError, "takes 4 channels, but the input has 2"),
        ({"bias": np.ones(3)}, ChannelError, "is not .4,."),
        ({"border": "mirrored"}, OptionError, "did you mean"),
        ({"input": np.ones((5, 5))}, OptionError, "is not .batch, channels, rows, cols. or .channels, rows, cols."),
        ({"input": np.ones((2, 0, 5))}, OptionError, "with samples in it"),
        ({"input": np.ones((2, 5, 5), complex)}, OptionError, "complex128 holds no real numbers"),
        ({"input": [[1], [2, 3]]}, OptionError, "rows of one length"),
        ({"weight": np.ones((4, 2, 3))}, OptionError, "is not weights of two channel axes and .rows, cols."),
        ({"weight": np.ones((4, 2, 6, 3))}, SizeError, "height .*6 taps are more than the padded input of 5"),
    ],
)
def test_arguments_that_make_no_sense(settings, error, fragment):
    with pytest.raises(error, match=fragment):
        conv2d(**({"input": PICTURE, "weight": WEIGHT} | settings))


@pytest.mark.parametrize(
    ("settings", "error", "fragment"),
    [
        ({"output_padding": 2, "stride": 2}, OptionError, "must be smaller than the stride 2"),
        ({"output_padding": -1}, OptionError, "output_padding: .*-1"),
        ({"padding": 5}, SizeError, "cuts the whole output away"),
        ({"weight": np.ones((3, 4, 3, 3))}, ChannelError, "takes 3 channels, but the input has 2"),
        ({"groups": 4}, ChannelError, "4 groups do not divide its 2 input channels"),
        ({"padding": "same", "stride": 2}, OptionError, "'same' needs stride 1"),
    ],
)
def test_transposed_arguments_that_make_no_sense(settings, error, fragment):
    with pytest.raises(error, match=fragment):
        conv_transpose2d(**({"input": PICTURE, "weight": np.ones((2, 4, 3, 3))} | settings))
