"""The native core's transform, every tile at every SIMD level, against correlations that are nothing of ours."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from correlations import job_of, noise, rounded, windows
from scipy import ndimage

from imgconv.engines import _arithmetic, _lanes, _native, _spectral, builtin
from imgconv.engines._bands import run
from imgconv.engines._gather import longest_run
from imgconv.tone import Tone

LEVELS = _native.known_levels()
pytestmark = pytest.mark.skipif(not LEVELS, reason="the native core is not built")
AT_EVERY_LEVEL = pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
BORDERS = ("zero", "edge", "symmetric", "reflect", "wrap", "constant")
REAL = np.random.default_rng(1).normal(size=(7, 6)) / 40


def prepared(job, image, level, tile=(32, 32)):
    ways = [way for way in _arithmetic.direct(job, image.dtype) if level.has(way.operation) and not way.fixed]
    run_ = longest_run(job.cols)
    direct = _native.make(job, image.shape, image.dtype, ways[0], run_, level, "")
    way = _arithmetic.transformed(job, image.dtype)
    return _spectral.make(job, image.shape, image.dtype, way, run_, tile, direct, "")


def check(job, image, level, tile=(32, 32), wanted=None):
    """Floats within 1e-6 of the largest magnitude in play, samples within 1 and within the bound that is stated."""
    wanted = windows(job, image) if wanted is None else wanted
    way = prepared(job, image, level, tile)
    largest = max(float(np.abs(image.astype(float)).max()), abs(job.constant)) * np.abs(job.taps).sum()
    out = (job.output[0], job.output[1], image.shape[2])
    floats = run([way], image, out, dtype=np.dtype("f4"), threads=1)
    np.testing.assert_allclose(floats.samples, wanted, rtol=0, atol=1e-6 * largest)
    ends = (wanted.min(), wanted.max())
    np.testing.assert_allclose((floats.stats.minimum, floats.stats.maximum), ends, rtol=0, atol=1e-6 * largest)
    if image.dtype.kind == "u":
        assert way.arithmetic.error <= _lanes.FIXED_ERROR
        samples = run([way], image, out, tone=Tone("clip", image.dtype), dtype=image.dtype, threads=1).samples
        near = np.abs(np.abs(wanted - np.floor(wanted)) - 0.5) <= way.arithmetic.error
        difference = np.abs(samples.astype(int) - rounded(wanted, image.dtype).astype(int))
        assert difference[~near].max(initial=0) == 0
        assert difference.max() <= 1


@AT_EVERY_LEVEL
@pytest.mark.parametrize("side", _spectral.PASSES)
def test_tiles_of_every_size(level, side):
    for tile, shape in (((side, 32), (side + 9, 40, 1)), ((32, side), (40, side + 9, 1))):
        image = noise("uint8", shape)
        check(job_of(REAL, shape), image, level, tile)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_every_width_up_to_three_tiles(level, dtype):
    for width in range(1, 80):
        image = noise(dtype, (5, width, 1), width)
        check(job_of(REAL, image.shape), image, level)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_borders_channels_and_small_images(level, border, dtype):
    for shape in ((1, 1, 1), (2, 3, 3), (3, 70, 2), (61, 2, 4), (40, 66, 3), (33, 29, 5)):
        image = noise(dtype, shape)
        check(job_of(REAL, shape, border, offset=3.0, divisor=2), image, level)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (1, 2), (3, 5)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 3), (4, 1)])
def test_strides_and_dilations(level, stride, dilation):
    for dtype, shape in (("uint8", (50, 70, 3)), ("float32", (70, 41, 1))):
        image = noise(dtype, shape)
        check(job_of(REAL, shape, "wrap", stride=stride, dilation=dilation), image, level)


@AT_EVERY_LEVEL
def test_a_kernel_as_large_as_the_tile(level):
    taps = np.random.default_rng(2).normal(size=(32, 48)) / 99
    image = noise("uint8", (20, 30, 3))
    check(job_of(taps, image.shape, "reflect"), image, level, (32, 48))


@AT_EVERY_LEVEL
def test_unaligned_and_reversed_images_are_read(level):
    job = job_of(REAL, (40, 51, 3), "reflect")
    for dtype in ("uint8", "uint16", "float32"):
        image = noise(dtype, (40, 51, 3))
        buffer = np.empty(image.nbytes + 1, np.uint8)
        unaligned = np.frombuffer(buffer.data, dtype, image.size, 1).reshape(image.shape)
        buffer[1:] = np.frombuffer(image.tobytes(), np.uint8)
        flipped = image[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1]
        planes = np.moveaxis(np.ascontiguousarray(np.moveaxis(image, 2, 0)), 0, 2)
        wanted = windows(job, image)
        for view in (unaligned, flipped, planes):
            check(job, view, level, wanted=wanted)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_sample_spoils_what_taps_touch_and_no_more(level, bad):
    """Also where it lies in the padding, next to a tile's edge, or in one channel only."""
    taps = REAL.copy()
    taps[2, 3] = 0
    for place in ((0, 0, 0), (25, 26, 1), (49, 68, 2), (30, 33, 0)):
        image = noise("float32", (50, 69, 3))
        image[place] = bad
        job = job_of(taps, image.shape, "edge")
        with np.errstate(invalid="ignore"):
            wanted = windows(job, image)
        way = prepared(job, image, level)
        found = run([way], image, image.shape, dtype=np.dtype("f4"), threads=2)
        np.testing.assert_array_equal(np.isfinite(found.samples), np.isfinite(wanted))
        good = np.isfinite(wanted)
        np.testing.assert_allclose(found.samples[good], wanted[good], rtol=0, atol=5e-6)
        samples = run([way], image, image.shape, tone=Tone("clip", np.dtype("u1")), dtype=np.dtype("u1"), threads=1)
        assert samples.stats.nan == np.count_nonzero(np.isnan(wanted))
        assert samples.stats.below + samples.stats.above == np.count_nonzero((wanted <= -0.5) | (wanted >= 255.5))


@AT_EVERY_LEVEL
@pytest.mark.parametrize("huge", [1e6, 1e20, 1e37])
def test_a_huge_sample_does_no_harm_elsewhere(level, huge):
    image = np.abs(noise("float32", (60, 70, 1))) + 1
    image[20, 30] = huge
    job = job_of(np.abs(REAL), image.shape)
    wanted = windows(job, image)
    found = prepared(job, image, level)(image, 0, 60)
    away = wanted < 100
    assert np.count_nonzero(~away) <= REAL.size
    np.testing.assert_allclose(found[away], wanted[away], rtol=1e-5)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("scale", [0.0, 1e-38, 1e-25, 1e25])
def test_images_of_any_brightness(level, scale):
    image = noise("float32", (40, 70, 2)) * np.float32(scale)
    check(job_of(REAL, image.shape), image, level)


WHOLE = np.random.default_rng(3).integers(-99, 100, (7, 6))


def check_exact(job, image, level, tile=(32, 32), wanted=None):
    """Every sample, every count and both extremes are exact; `wanted` has the exact sums."""
    sums = np.rint((windows(job, image) - job.offset) * job.divisor) if wanted is None else wanted
    way = prepared(job, image, level, tile)
    assert way.exact
    for word in ("clip", "abs", "offset"):
        tone = Tone(word, image.dtype)
        results = (sums + (job.offset + tone.shift) * job.divisor) / job.divisor
        results = np.abs(results) if word == "abs" else results
        top = np.iinfo(image.dtype).max
        found = run([way], image, sums.shape, tone=tone, dtype=image.dtype, threads=1)
        np.testing.assert_array_equal(found.samples, rounded(results, image.dtype))
        counts = (np.count_nonzero(results <= -0.5), np.count_nonzero(results >= top + 0.5))
        assert (found.stats.below, found.stats.above) == counts
        ends = sums.min() / job.divisor + job.offset, sums.max() / job.divisor + job.offset
        np.testing.assert_allclose((found.stats.minimum, found.stats.maximum), ends, rtol=1e-14, atol=1e-12)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("divisor", [2000, 1024, 997])
def test_integers_are_exact(level, dtype, divisor):
    for shape, offset in (((50, 70, 3), 0.0), ((33, 90, 1), 0.5), ((40, 41, 2), 10.0)):
        image = noise(dtype, shape)
        check_exact(job_of(np.abs(WHOLE), shape, "reflect", divisor=divisor, offset=offset), image, level)
        check_exact(job_of(WHOLE, shape, "constant", divisor=divisor, offset=offset), image, level)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 3), (4, 1)])
def test_integers_are_exact_whatever_the_steps(level, stride, dilation):
    image = noise("uint8", (61, 75, 3))
    check_exact(job_of(WHOLE, image.shape, "wrap", divisor=999, stride=stride, dilation=dilation), image, level)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_integers_are_exact_where_every_result_is_a_half(level, dtype):
    """Then everything is in doubt, and tiles are computed directly."""
    y, x = np.mgrid[:70, :80]
    top = np.iinfo(dtype).max
    for picture in (y + x & 1, x & 1, (y + x & 1) * (x < 40), y * 0, y * 0 + 1):
        image = (picture * top).astype(dtype)[:, :, None]
        check_exact(job_of(np.ones((8, 8)), image.shape, "wrap", divisor=64), image, level)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_errors_stay_far_below_their_bound(level, dtype):
    """The bound counts every rounding at its worst; the error of a real transform is hundreds of times smaller."""
    rng = np.random.default_rng(5)
    top, tile = np.iinfo(dtype).max, (128, 128)
    for taps in (np.ones((31, 31)), rng.integers(1, 30, (31, 31)), rng.integers(-99, 100, (9, 9))):
        y, x = np.mgrid[:128, :128]
        for picture in (y + x & 1, x & 1, y >> 4 & 1, (x == 70) & (y == 60), y * x & 1, rng.integers(0, 2, (128, 128))):
            image = (picture * top).astype(dtype)[:, :, None]
            job = job_of(taps, image.shape, divisor=int(np.abs(taps).sum())).replace(
                rows=np.arange(128), cols=np.arange(128)
            )
            sums = fft_free(image[:, :, 0], taps)
            way = prepared(job, image, level, tile)
            found = way(image, 0, len(sums))[:, :, 0]
            away = np.abs(found.astype(float) * job.divisor - sums).max()
            norm = np.sqrt(np.square(image - np.rint(image.mean())).sum())
            # The last factor is what storing a float32 result adds.
            bound = _spectral.error_bound(job, tile) * norm + np.abs(sums).max() * 2.0**-22
            assert away <= bound / 4


def fft_free(image, taps):
    """Return the correlation of whole windows in int64."""
    rows, cols = (size - span + 1 for size, span in zip(image.shape, taps.shape, strict=True))
    total = np.zeros((rows, cols), np.int64)
    for (i, j), tap in np.ndenumerate(np.asarray(taps, np.int64)):
        total += tap * image[i : i + rows, j : j + cols].astype(np.int64)
    return total


@functools.cache
def hardest():
    """Everything at the ends of the range: in regular patterns, whose spectrum is a few large numbers, and single."""
    y, x = np.mgrid[:150, :170]
    pictures = (y + x & 1, x & 1, y >> 4 & 1, (x // 8 + y // 8) & 1, x * 0, x * 0 + 1, (x == 90) & (y == 90), y * x & 1)
    taps = np.random.default_rng(4).random((31, 31))
    kernels = (np.full((31, 31), 1 / 961.3), (taps - taps.mean()) / taps.sum())
    return [
        (picture, some, ndimage.correlate(picture.astype(float), some, mode="mirror"))
        for picture in pictures
        for some in kernels
    ]


@AT_EVERY_LEVEL
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_hardest_pictures(level, dtype):
    top = 1 if dtype == "float32" else np.iinfo(dtype).max
    for picture, taps, wanted in hardest():
        image = (picture * top).astype(dtype)[:, :, None]
        job = job_of(taps, image.shape, "reflect")
        check(job, image, level, (128, 128), wanted[:, :, None] * top)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_threads_change_no_bit(level, dtype):
    image = noise(dtype, (203, 301, 3))
    way = prepared(job_of(REAL, image.shape, "symmetric"), image, level, (48, 64))
    one, two, five = (run([way], image, image.shape, dtype=np.dtype("f4"), threads=n).samples for n in (1, 2, 5))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, five)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("size", [25, 61])
def test_large_kernels_are_transformed(dtype, size):
    image = noise(dtype, (150, 170, 3))
    taps = np.random.default_rng(6).random((size, size))
    job = job_of(taps / taps.sum(), image.shape, "symmetric")
    way = builtin.prepare(job, image.shape, image.dtype).suited(Tone("clip", image.dtype))
    assert isinstance(way, _spectral.Spectral)
    assert "FFT in tiles" in way.reason
    found = run([way], image, image.shape, dtype=np.dtype("f4")).samples
    largest = float(np.abs(image.astype(float)).max())
    np.testing.assert_allclose(found, windows(job, image), rtol=0, atol=1e-6 * largest)


def plans(**changes):
    """Return a plan of the transform with some of what it is given changed."""
    names = ["source", "channels", "image_rows", "image_cols", "out_rows", "out_cols", "stride_y", "stride_x"]
    names += ["span_rows", "span_cols", "tile_rows", "tile_cols", "run_start", "run_stop", "run_col", "dilation_y"]
    names += [f"{axis}_{k}" for axis in ("row", "col") for k in range(4)]
    image = np.zeros((40, 40, 1), np.uint8)
    job = job_of(np.ones((3, 3)) / 7, image.shape)
    way = prepared(job, image, LEVELS[0])
    good = dict(
        zip(names, (0, 1, 40, 40, 40, 40, 1, 1, 3, 3, 32, 32, 1, 41, 0, 1, 8, 4, 0, 0, 8, 4, 0, 0), strict=True)
    )
    turns = _spectral.twiddles((8, 4))
    parts = {
        "rows": job.rows.astype(np.int64),
        "cols": job.cols.astype(np.int64),
        "row_turns": turns,
        "col_turns": turns,
        "spectrum": _spectral.spectrum_of(job, (32, 32)),
    }
    exact, constant = changes.pop("exact", None), changes.pop("constant", 0.0)
    parts |= {name: changes.pop(name) for name in parts if name in changes}
    settings = np.array([(good | changes)[name] for name in names])
    maps, turns = (parts["rows"], parts["cols"]), (parts["row_turns"], parts["col_turns"])
    plan = _native._core.fourier_plan(settings, constant, 9 / 7, maps, turns, parts["spectrum"], exact, way.direct.plan)
    return plan, image, way


@pytest.mark.parametrize(
    "changes",
    [
        {"source": 3},
        {"source": -1},
        {"source": 1},
        {"channels": 0},
        {"channels": 2},
        {"image_rows": 41},
        {"out_rows": 41},
        {"out_cols": 41},
        {"stride_y": 0},
        {"stride_y": 2},
        {"stride_x": 2},
        {"span_rows": 33},
        {"span_cols": 0},
        {"tile_rows": 64},
        {"tile_rows": 4096},
        {"tile_cols": 0},
        {"row_0": 16},
        {"row_1": 2},
        {"col_1": 0},
        {"col_2": 4},
        {"col_0": 32, "col_1": 0},
        {"run_start": -1},
        {"run_stop": 50},
        {"run_col": 1},
        {"rows": np.arange(-2, 40)},
        {"cols": np.arange(0, 42)},
        {"rows": np.zeros(10, np.int64)},
        {"row_turns": np.zeros(3, np.float32)},
        {"col_turns": np.zeros(200, np.float32)},
        {"spectrum": np.zeros(5, complex)},
        {"dilation_y": 0},
        {"exact": (np.zeros((2, 32), np.int16), 0.1, 0.0, 1.0)},
        {"exact": (np.zeros((3, 31), np.int16), 0.1, 0.0, 1.0)},
        {"exact": (np.zeros((3, 32), np.int16), 0.1, 0.0, 1.0), "constant": -1.0},
    ],
    ids=str,
)
def test_the_core_refuses_plans_that_would_read_astray(changes):
    plans()
    with pytest.raises(ValueError):
        plans(**changes)


def test_the_core_refuses_arrays_of_another_shape():
    plan, image, way = plans()
    finish = (1.0, 0.0, 0.5, -0.5, 255.5, 255.5, False, 1, -1, False, 0, 0.0, True)
    out, core_run = np.zeros((40, 40, 1), np.uint8), _native._core.fourier_run
    assert core_run(plan, image, out, 0, 40, finish, None, finish)[4:] == (0, 0, 0)
    for bad in (image[:3], image[:, :3], image.astype(np.uint16), image[:, :, 0]):
        with pytest.raises(ValueError):
            core_run(plan, bad, out, 0, 40, finish, None, finish)
    for start, stop, bad in ((0, 40, out[:3]), (0, 50, out), (-1, 39, out), (2, 2, out[:0]), (0, 40, out[:, ::-1])):
        with pytest.raises(ValueError):
            core_run(plan, image, bad, start, stop, finish, None, finish)
    for bad in ((*finish[:8], 0, *finish[9:]), (*finish[:10], 7, 0.0, True), (*finish[:10], 1, 0.0, True)):
        with pytest.raises(ValueError):
            core_run(plan, image, out, 0, 40, bad, None, finish)
    with pytest.raises(ValueError):
        core_run(way.direct.plan, image, out, 0, 40, finish, None, finish)


@AT_EVERY_LEVEL
def test_the_range_holds_no_result_that_no_samples_can_give(level):
    image = np.where(noise("uint8", (70, 90, 3)) > 40, 255, 0).astype(np.uint8)
    image[:40, :40], image[40:, 50:] = 0, 255
    job = job_of(np.full((13, 13), 1 / 169), image.shape)
    stats = run([prepared(job, image, level)], image, image.shape, dtype=np.dtype("f4"), threads=1).stats
    assert stats.minimum >= 0
    assert stats.maximum <= 255 * (1 + 1e-12)
