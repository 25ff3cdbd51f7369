"""The native core, every arithmetic at every SIMD level, against correlations that are nothing of ours."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time

import numpy as np
import oracle
import pytest
from correlations import assert_same, assert_within, job_of, noise, padded, rounded, windows
from sampling import SOME_OR_ALL, chosen

from imgconv.engines import Whole, _arithmetic, _lanes, _native, builtin
from imgconv.engines._bands import run
from imgconv.engines._gather import longest_run
from imgconv.tone import Tone

LEVELS = _native.known_levels()
pytestmark = pytest.mark.skipif(not LEVELS, reason="the native core is not built")
AT_EVERY_LEVEL = pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
BORDERS = ("zero", "edge", "symmetric", "reflect", "wrap", "constant")


def arithmetics(job, dtype, level):
    """Return every way of computing `job` at `level`."""
    dtype = np.dtype(dtype)
    terms, _ = builtin._terms(job, _arithmetic.integers(job, dtype))
    ways = list(_arithmetic.direct(job, dtype))
    if terms:
        ways += _arithmetic.separable(job, dtype, terms)
    ways += _arithmetic.box(job, dtype, 1)
    return [way for way in ways if level.has(way.operation)]


def prepared(job, image, way, level):
    return _native.make(job, image.shape, image.dtype, way, longest_run(job.cols), level, "")


SMALL = {
    "integers": np.array([[1, -2, 3], [0, 5, -4], [2, 0, 1]]),
    "outer product": np.outer([1, 2, 1], [1, 0, -1]),
    "real": np.array([[0.1, -0.2, 0.05], [0.3, 0.4, 0.0], [0.1, 0.15, 0.1]]),
    "real outer product": np.outer([0.25, 0.5, 0.25], [0.2, 0.6, 0.2]),
}


def check_samples(job, image, level, wanted=None):
    """Every arithmetic: exact where integers make it so, else within 1 and within the bound it states."""
    wanted = windows(job, image) if wanted is None else wanted
    ends = (wanted.min(), wanted.max())
    nearest = None if image.dtype.kind == "f" else rounded(wanted, image.dtype)
    largest = max(1.0, float(np.abs(image.astype(float)).max()), job.constant)
    reach = largest * np.abs(job.taps).sum() / job.divisor + abs(job.offset)
    for way in arithmetics(job, image.dtype, level):
        native = prepared(job, image, way, level)
        floats = native(image, 0, job.output[0])
        assert_within(floats, wanted, way.error + 1e-6 * reach)
        if nearest is None:
            continue
        samples = np.empty(wanted.shape, image.dtype)
        stats = native.store(image, 0, job.output[0], samples, Tone("clip", image.dtype))
        if way.divisor:
            assert_same(samples, nearest)
            assert (stats.below, stats.above) == (
                np.count_nonzero(wanted <= -0.5),
                np.count_nonzero(wanted >= np.iinfo(image.dtype).max + 0.5),
            )
        else:
            assert_within(samples, nearest, 1)
        assert_within((stats.minimum, stats.maximum), ends, way.error + 1e-6 * reach)


WIDTHS = [width for width in range(1, 140) if width < 18 or (width + 2) % 32 < 4]
"""Up to a short vector, and about what whole vectors hold."""


@AT_EVERY_LEVEL
@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@SOME_OR_ALL
def test_widths_up_to_two_vectors(level, name, dtype, every):
    for width in range(1, 140) if every else chosen(WIDTHS, 17, False, name, dtype):
        image = noise(dtype, (5, width, 1), width)
        check_samples(job_of(SMALL[name], image.shape), image, level)


ROWS = list(zip(("edge", "constant", "edge", "constant", "edge"), (126, 133, 261, 774, 16600), strict=True))


@AT_EVERY_LEVEL
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@SOME_OR_ALL
def test_rows_of_several_blocks_of_vectors(level, channels, dtype, every):
    """Blocks are read in place and go straight to samples; what is left at either edge does not."""
    several = (*SMALL.values(), np.full((5, 5), 0.04), [[1, 0, 0, 0, 0, -2, 0, 0, 4]])
    for (border, lanes), taps in chosen(itertools.product(ROWS, several), 12, every, channels, dtype):
        image = noise(dtype, (6, lanes // channels, channels), lanes)
        check_samples(job_of(taps, image.shape, border), image, level)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("size", range(3, 18, 2))
def test_symmetric_separable_taps(level, size):
    rng = np.random.default_rng(size)
    half = rng.uniform(0.2, 1, (2, size // 2 + 1))
    column, row = (np.concatenate((part, part[-2::-1])) for part in half)
    for lanes, channels, dilation in ((64, 1, (1, 1)), (330, 3, (1, 1)), (4500, 3, (1, 2))):
        image = noise("uint8", (6, lanes // channels, channels), lanes)
        for sign in (1, -1):
            taps = np.outer(column, sign * row) / (column.sum() * row.sum())
            job = job_of(taps, image.shape, "reflect", dilation=dilation)
            check_samples(job, image, level)
            folded = [way for way in arithmetics(job, "uint8", level) if way.operation == _lanes.FOLD16]
            assert len(folded) == (size <= 15 and level.name in ("avx2", "avx512"))


def window_sums(whole, size):
    """Return the sums of all windows of `size` from sums of all that is above and to the left."""
    sums = np.zeros([whole.shape[0] + 1, whole.shape[1] + 1, whole.shape[2]])
    sums[1:, 1:] = whole.cumsum(axis=0).cumsum(axis=1)
    rows = sums[size[0] :] - sums[: -size[0]]
    return rows[:, size[1] :] - rows[:, : -size[1]]


@AT_EVERY_LEVEL
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("size", [(1, 2), (3, 1), (3, 3), (4, 7), (16, 16), (17, 17), (5, 31), (61, 40)])
def test_running_sums(level, dtype, size):
    for shape, border in (((8, 11, 1), "constant"), ((70, 150, 3), "edge"), ((10, 900, 4), "constant")):
        for taps, divisor in (
            (np.full(size, 1.0), size[0] * size[1]),
            (np.full(size, 3.0), 12),
            (np.full(size, 0.01), 1),
        ):
            job = job_of(taps, shape, border, divisor=divisor)
            image = noise(dtype, shape)
            native = [way for way in arithmetics(job, dtype, level) if way.operation == _lanes.BOX]
            assert len(native) == 1
            samples = np.empty(shape, dtype)
            prepared(job, image, native[0], level).store(image, 0, shape[0], samples, Tone("clip", image.dtype))
            wanted = window_sums(padded(job, image), size)
            far = np.abs(samples.astype(int) - rounded(wanted * taps[0, 0] / divisor, dtype))
            assert far.max() <= (0 if job.integral else 1)


@AT_EVERY_LEVEL
@pytest.mark.parametrize(
    ("dtype", "top", "operation"),
    [
        ("uint16", 2**16 - 1, _lanes.BOX64),
        ("float32", 3000, _lanes.BOX),
        ("float32", 2**24, _lanes.BOX64),
        ("float64", 2**35, _lanes.BOX64),
    ],
)
@pytest.mark.parametrize("size", [(201, 170), (190, 199)])
def test_running_sums_beyond_32_bits_and_of_floats_that_are_whole(level, dtype, top, operation, size):
    """Sums are exact, and what rounds to a sample is rounded once; a float that is no sample may be the border."""
    for shape, border in (((210, 190, 1), "edge"), ((40, 230, 3), "constant")):
        image = np.random.default_rng(shape[1]).integers(0, top, shape, endpoint=True).astype(dtype)
        whole = None if np.dtype(dtype).kind == "u" else Whole(unit=1, top=float(top))
        count = size[0] * size[1]
        job = job_of(np.full(size, 3.0), shape, border, divisor=3 * count * max(1, top // 65535)).replace(whole=whole)
        (way,) = (way for way in _arithmetic.box(job, image.dtype, shape[2]) if level.has(way.operation))
        assert way.operation == operation
        native = prepared(job, image, way, level)
        wanted = window_sums(padded(job, image), size) * 3 / job.divisor
        samples = np.empty(shape, np.uint16)
        native.store(image, 0, shape[0], samples, Tone("clip", samples.dtype))
        np.testing.assert_array_equal(samples, rounded(wanted, np.uint16))
        np.testing.assert_allclose(native(image, 0, shape[0]), wanted, rtol=1e-7)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_samples_are_the_same_when_nobody_watches(level, dtype):
    image = noise(dtype, (13, 300, 3))
    for taps in (*SMALL.values(), np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1]) / 81, np.full((9, 9), 7)):
        job = job_of(taps, image.shape)
        for way in arithmetics(job, image.dtype, level):
            watched, other = np.empty((2, *image.shape), dtype)
            tone = Tone("clip", image.dtype)
            stats = prepared(job, image, way, level).store(image, 0, len(image), watched, tone)
            prepared(job, image, way, level).store(image, 0, len(image), other, tone.replace(watched=False))
            np.testing.assert_array_equal(watched, other)
            assert stats.total == image.size


@AT_EVERY_LEVEL
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@SOME_OR_ALL
def test_sizes_below_and_above_the_kernel(level, border, dtype, every):
    whole = noise(dtype, (12, 12, 3))
    cases = itertools.product((1, 2, 3, 12), (1, 2, 4, 9), ("integers", "real outer product"))
    for rows, cols, name in chosen(cases, 12, every, border, dtype):
        image = whole[:rows, :cols]
        check_samples(job_of(SMALL[name], image.shape, border), image, level)


@pytest.mark.slow
@AT_EVERY_LEVEL
@pytest.mark.parametrize("border", ["edge", "reflect", "constant"])
def test_every_size_up_to_seventy(level, border):
    whole = noise("uint8", (70, 70, 1))
    for rows in range(1, 71):
        for cols in range(1, 71):
            image = whole[:rows, :cols]
            for taps in SMALL.values():
                check_samples(job_of(taps, image.shape, border), image, level)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (1, 2), (3, 3)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@SOME_OR_ALL
def test_strides_and_dilations(level, stride, dilation, dtype, every):
    rng = np.random.default_rng(3)
    several = (*SMALL.values(), rng.integers(-9, 10, (4, 2)), rng.normal(size=(7, 9)), np.ones((9, 9)))
    cases = itertools.product(((23, 37, 3), (9, 150, 1)), several)
    for shape, taps in chosen(cases, 7, every, stride, dilation, dtype):
        image = noise(dtype, shape)
        check_samples(job_of(taps, shape, "wrap", stride=stride, dilation=dilation), image, level)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("divisor", [1, 2, 3, 9, 16, 273, 2475, 4998, 65521])
@pytest.mark.parametrize("offset", [0.0, 0.5, 10.0, -3.0])
@SOME_OR_ALL
def test_integers_over_a_divisor_round_exactly(level, divisor, offset, every):
    """Ties included: with many small integers over the divisor, many results are exactly a half."""
    image = noise("uint8", (40, 70, 1))
    binomial = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])
    several = binomial, SMALL["integers"] * divisor, np.ones((3, 3)), np.full((5, 5), 99)
    for taps in chosen(several, 2, every, divisor, offset):
        job = job_of(taps, image.shape, divisor=divisor, offset=offset)
        sums = np.rint((windows(job, image) - offset) * divisor)
        check_samples(job, image, level, sums / divisor + offset)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("word", ["clip", "abs", "offset", "stretch"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_samples_are_those_of_tone(level, word, dtype):
    image = noise("uint8", (30, 41, 3))
    for taps, divisor in ((SMALL["integers"], 4), (SMALL["outer product"], 1), (SMALL["real"], 1)):
        job = job_of(taps, image.shape, divisor=divisor)
        wanted = windows(job, image)
        for low, high in ((-30.0, 200.0), (200.0, -30.0), (5.0, 5.0)):
            tone = Tone(word, np.dtype(dtype), low, high)
            theirs, seen = tone.apply(wanted.copy())
            for way in arithmetics(job, image.dtype, level):
                samples = np.empty(wanted.shape, dtype)
                stats = prepared(job, image, way, level).store(image, 0, len(image), samples, tone)
                exact = way.divisor and word != "stretch"
                error = way.error * abs(tone.slope) + (1 if tone.dtype.kind == "u" else 1e-3)
                error = 0 if exact and tone.dtype.kind == "u" else error
                np.testing.assert_allclose(samples.astype(float), theirs.astype(float), rtol=0, atol=error)
                if exact:
                    assert (stats.below, stats.above, stats.nan) == (seen.below, seen.above, seen.nan)


@AT_EVERY_LEVEL
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_bad_sample_spoils_what_taps_touch_and_no_more(level, bad, dtype):
    image = np.ones((19, 60, 1), dtype)
    image[9, 30] = bad
    for taps in (SMALL["integers"], SMALL["outer product"], np.outer([1.0, 0, 2.0], [0.5, 0, 0.0, 1.0, 0.25])):
        job = job_of(taps, image.shape)
        wanted = np.isfinite(windows(job, image))
        for way in arithmetics(job, dtype, level):
            result = prepared(job, image, way, level)(image, 0, len(image))
            np.testing.assert_array_equal(np.isfinite(result), wanted)
            samples = np.empty(image.shape, np.uint8)
            stats = prepared(job, image, way, level).store(image, 0, len(image), samples, Tone("clip", samples.dtype))
            assert stats.nan == np.count_nonzero(np.isnan(result))
            assert np.all(samples[np.isnan(result)] == 0)


@AT_EVERY_LEVEL
def test_unaligned_and_reversed_images_are_read(level):
    job = job_of(SMALL["integers"], (20, 31, 3), "reflect")
    for dtype in ("uint8", "uint16", "float32", "float64"):
        image = noise(dtype, (20, 31, 3))
        buffer = np.empty(image.nbytes + 1, np.uint8)
        unaligned = np.frombuffer(buffer.data, dtype, image.size, 1).reshape(image.shape)
        buffer[1:] = np.frombuffer(image.tobytes(), np.uint8)
        flipped = image[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1]
        planes = np.moveaxis(np.ascontiguousarray(np.moveaxis(image, 2, 0)), 0, 2)
        for view in (unaligned, flipped, planes):
            check_samples(job, view, level)


@AT_EVERY_LEVEL
def test_bands_and_threads_change_no_bit(level):
    image = noise("uint8", (203, 501, 3))
    for taps in (SMALL["integers"], SMALL["real outer product"], np.random.default_rng(2).normal(size=(9, 9)) / 40):
        job = job_of(taps, image.shape, "symmetric")
        for way in arithmetics(job, image.dtype, level):
            native = prepared(job, image, way, level)
            tone = Tone("clip", image.dtype)
            whole = np.empty(image.shape, np.uint8)
            native.store(image, 0, 203, whole, tone)
            for threads in (1, 2, 5):
                got = run([native], image, image.shape, tone=tone, dtype=image.dtype, threads=threads).samples
                np.testing.assert_array_equal(got, whole)
            part = np.empty((40, *image.shape[1:]), np.uint8)
            native.store(image, 80, 120, part, tone)
            np.testing.assert_array_equal(part, whole[80:120])


@AT_EVERY_LEVEL
@pytest.mark.parametrize("size", [3, 5, 15, 25])
def test_fixed_point_stays_within_the_error_it_states(level, size):
    rng = np.random.default_rng(size)
    image = noise("uint8", (40, 200, 1))
    row = rng.random(size)
    for taps in (rng.normal(size=(size, size)), np.outer(row, row[::-1])):
        job = job_of(taps / np.abs(taps).sum(), image.shape)
        wanted = windows(job, image)
        for way in arithmetics(job, image.dtype, level):
            if way.fixed:
                assert way.error <= _lanes.FIXED_ERROR
                error = np.abs(prepared(job, image, way, level)(image, 0, len(image)) - wanted).max()
                assert error <= way.error + 1e-4


def test_floats_are_not_computed_in_fixed_point():
    image = noise("uint8", (64, 64, 1))
    job = job_of(np.random.default_rng(1).random((5, 5)) / 12.5, image.shape)
    way = builtin.prepare(job, image.shape, image.dtype)
    result = run([way], image, image.shape, dtype=np.dtype(np.float32)).samples
    np.testing.assert_allclose(result, windows(job, image), rtol=0, atol=1e-6 * 255)
    level = _native.level()
    some = level is not None and level.has(_lanes.DOT16)  # NEON has no fixed point for these taps
    assert way.suited(Tone("clip", image.dtype)).arithmetic.fixed == some
    assert not way.suited(Tone("stretch", image.dtype, 100.0, 100.5)).arithmetic.fixed


def test_agrees_with_four_loops():
    image = noise("uint8", (11, 13, 3))
    job = job_of(SMALL["integers"], image.shape, "reflect")
    padded = oracle.pad(image, (1, 1, 1, 1), "reflect")
    np.testing.assert_array_equal(windows(job, image), oracle.four_loops(padded, SMALL["integers"].astype(float)))


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@AT_EVERY_LEVEL
def test_the_environment_forces_a_level(level):
    code = "from imgconv.engines._native import level; print(level().name)"
    assert python(code, IMGCONV_SIMD=level.name).stdout.strip() == level.name


def test_the_environment_refuses_what_is_not_there():
    code = "from imgconv.engines._native import level; level()"
    assert "IMGCONV_SIMD" in python(code, IMGCONV_SIMD="sse9").stderr
    missing = "import sys; sys.modules['imgconv.engines._core'] = None; " + code
    assert python(missing, IMGCONV_REQUIRE_NATIVE="0").returncode == 0
    assert "C compiler" in python(missing, IMGCONV_REQUIRE_NATIVE="1").stderr


def test_no_lock_is_held_while_computing():
    """A thread that needs the interpreter goes on while another is inside one long call."""
    image = noise("float64", (400, 1000, 3))
    job = job_of(np.random.default_rng(0).normal(size=(25, 25)), image.shape)
    way = _lanes.Arithmetic(_lanes.F64, ((job.taps, None),))
    native = prepared(job, image, way, LEVELS[-1])
    spans = []

    def compute():
        start = time.perf_counter()
        native(image, 0, 400)
        spans.append((start, time.perf_counter()))

    worker = threading.Thread(target=compute)
    worker.start()
    ticks = []
    while worker.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(0.001)
    (start, stop) = spans[0]
    assert sum(start < tick < stop for tick in ticks) > 5


def plan(**changes):
    """Return a plan of one tap with some of the core's settings changed."""
    names = ["operation", "source", "channels", "image_rows", "image_cols", "out_rows", "out_cols", "stride_y"]
    names += ["stride_x", "tile_cols", "span_cols", "phases", "lines", "start", "digits", "step", "shift"]
    names += ["run_start", "run_stop", "run_col", "members", "combine"]
    good = dict(zip(names, (0, 0, 1, 4, 4, 4, 4, 1, 1, 4, 1, 1, 4, 0, 0, 0, 0, 0, 4, 0, 1, 0), strict=True))
    level = changes.pop("level", 0)
    rows, cols = changes.pop("rows", np.arange(4)), changes.pop("cols", np.arange(4))
    segments = changes.pop("segments", [[0, 1, 0, 1]])
    places = np.array(changes.pop("places", [[0, 0]]), np.int32)
    weights = np.ones((1, 4), np.float32).view(np.uint8)
    settings = np.array([(good | changes)[name] for name in names])
    taps = (np.array(segments, np.int32), places, weights)
    return _native._core.plan(level, settings, 0.0, rows, cols, ((taps, None),))


@pytest.mark.parametrize(
    "changes",
    [
        {"operation": 9},
        {"members": 3},
        {"members": 0},
        {"members": 2, "operation": 1},
        {"combine": 3},
        {"operation": -1},
        {"operation": 1, "source": 7},
        {"operation": 4, "source": 1},
        {"level": 99},
        {"level": -1},
        {"channels": 0},
        {"tile_cols": 0},
        {"out_cols": 5},
        {"stride_x": 2},
        {"lines": 0},
        {"run_col": 1},
        {"run_stop": 9},
        {"shift": 40},
        {"step": 10_000},
        {"digits": 1},
        {"rows": np.array([0, 1, 2, 4])},
        {"cols": np.array([0, -2, 2, 3])},
        {"places": [[4, 0]]},
        {"places": [[0, 1]]},
        {"places": [[-1, 0]]},
        {"segments": [[0, 5, 0, 1]]},
        {"segments": [[0, 1, 0, 2]]},
        {"segments": [[1, 1, 0, 1]]},
    ],
    ids=str,
)
def test_the_core_refuses_plans_that_would_read_astray(changes):
    plan()
    with pytest.raises(ValueError):
        plan(**changes)


def test_the_core_refuses_arrays_of_another_shape():
    finish = (1.0, 0.0, 0.5, -0.5, 255.5, 255.5, False, 1, -1, False, 0, 0.0, True)
    image, out = np.zeros((4, 4, 1), np.uint8), np.zeros((4, 4, 1), np.uint8)
    assert _native._core.run(plan(), image, out, 0, 4, finish)[0] == 0
    for bad in (image[:3], image[:, :3], image.astype(np.uint16), image[:, :, 0]):
        with pytest.raises(ValueError):
            _native._core.run(plan(), bad, out, 0, 4, finish)
    for start, stop, bad in ((0, 4, out[:3]), (0, 5, out), (-1, 3, out), (2, 2, out[:0]), (0, 4, out[:, ::-1])):
        with pytest.raises(ValueError):
            _native._core.run(plan(), image, bad, start, stop, finish)
