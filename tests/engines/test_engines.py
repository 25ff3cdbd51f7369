"""The contract of every engine: it agrees with four loops over an image padded by numpy.pad."""

from __future__ import annotations

import functools
import itertools
import zlib

import numpy as np
import oracle
import pytest
from correlations import assert_within

from imgconv import engines
from imgconv.border import Border
from imgconv.engines import Job, builtin
from imgconv.engines._bands import run
from imgconv.engines._fourier import Fourier, spectrum_of
from imgconv.engines._gather import longest_run
from imgconv.engines._numpy import Direct, Separable
from imgconv.geometry import Padding, extent
from imgconv.kernels.value import Kernel
from imgconv.words.border import BORDER
from imgconv.words.padding import PADDING

RNG = np.random.default_rng(20240229)
SHAPE = (6, 7)
DTYPES = ("uint8", "uint16", "float32", "float64")
CHANNELS = (1, 3, 4)
BORDERS = ("zero", "edge", "symmetric", "reflect", "wrap", "constant:3")
PADDINGS = ("valid", "same", "interpolation", "full", "2", "4x1", "1,2,3,0", "11,9,13,8")
STRIDES = ((1, 1), (2, 2), (3, 1))
DILATIONS = ((1, 1), (2, 1), (2, 3))
KERNELS = {
    "3x3 integers": RNG.integers(-9, 10, (3, 3)),
    "3x3 separable": np.outer([1, 2, 1], [1, 0, -1]),
    "2x2 even": [[1, 0], [0, -1]],
    "4x2 even": RNG.integers(-9, 10, (4, 2)),
    "1x5": RNG.normal(size=(1, 5)),
    "5x1": RNG.normal(size=(5, 1)),
    "5x5 rank 2": np.outer([1, 4, 6, 4, 1], [1, 2, 3, 2, 1]) + np.outer([1, 0, 0, 0, -1], [2, 0, 1, 0, 2]),
    "5x4 real": RNG.normal(size=(5, 4)),
    "9x11, larger than the image": RNG.integers(-3, 4, (9, 11)),
    "all zero": np.zeros((3, 3)),
}


@functools.cache
def image_of(dtype, channels, shape=SHAPE):
    image = random_image(dtype, channels, shape)
    image.setflags(write=False)
    return image


def random_image(dtype, channels, shape):
    rng = np.random.default_rng(zlib.crc32(f"{dtype}{channels}".encode()))
    if dtype.startswith("f"):
        return rng.normal(size=(*shape, channels)).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, (*shape, channels), endpoint=True).astype(dtype)


def job_of(kernel, padding, border, stride, dilation, shape=SHAPE):
    """Return the job and its (left, top, right, bottom), or None where the kernel is larger than what is padded."""
    value = Kernel(name="test", weights=kernel)
    rows, cols = value.shape
    sides = PADDING.parse(padding)
    across = [sides.along("width", shape[1], cols, stride[1], dilation[1])]
    across += [sides.along("height", shape[0], rows, stride[0], dilation[0])]
    needed = dilation[1] * (cols - 1) + 1, dilation[0] * (rows - 1) + 1
    if shape[1] + sum(across[0]) < needed[0] or shape[0] + sum(across[1]) < needed[1]:
        return None
    both = extent((shape[1], shape[0]), (cols, rows), padding=sides, stride=stride[::-1], dilation=dilation[::-1])
    job = Job.of(value, both, BORDER.parse(border), 255)
    return job, (across[0][0], across[1][0], across[0][1], across[1][1])


@functools.cache
def expected(name, padding, border, stride, dilation, dtype, channels):
    made = job_of(KERNELS[name], padding, border, stride, dilation)
    if made is None:
        return None
    word, _, value = border.partition(":")
    padded = oracle.pad(image_of(dtype, channels), made[1], word, float(value or 0))
    return made[0], oracle.correlate(padded, np.asarray(KERNELS[name], float), stride, dilation)


@pytest.mark.parametrize("name", KERNELS)
def test_the_oracle_adds_as_four_loops_do(name):
    taps = np.asarray(KERNELS[name], float)
    image = oracle.pad(image_of("float64", 3, (11, 13)), (3, 4, 2, 5), "reflect")
    for stride, dilation in (((1, 1), (1, 1)), ((2, 3), (1, 1)), ((4, 1), (2, 1))):
        wanted = oracle.four_loops(image, taps, stride, dilation)
        np.testing.assert_array_equal(oracle.correlate(image, taps, stride, dilation), wanted)


def agree(result, wanted, image, taps):
    """Exact where integers make it possible, else within 1e-6 of the largest magnitude in play."""
    assert result.shape == wanted.shape
    whole = image.dtype.kind == "u" and np.all(np.asarray(taps) == np.rint(taps))
    top = max(3.0, float(np.abs(image.astype(float)).max())) * float(np.abs(taps).sum())
    assert_within(result, wanted, 0 if whole else 1e-6 * top)


def check(engine, name, padding, border, stride, dilation, dtype, channels):
    found = expected(name, padding, border, stride, dilation, dtype, channels)
    if found is None:
        return 0
    job, wanted = found
    image = image_of(dtype, channels)
    prepared = engines.get(engine).prepare(job, image.shape, image.dtype)
    kind = np.dtype(np.float64)
    result = run([prepared], image, wanted.shape, dtype=kind, threads=1)
    agree(result.samples, wanted, image, KERNELS[name])
    return 1


@pytest.mark.parametrize("engine", engines.names())
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("name", KERNELS)
def test_agrees_with_four_loops(engine, name, padding):
    kinds = itertools.cycle(itertools.product(DTYPES, CHANNELS))
    cases = list(itertools.product(BORDERS, STRIDES, DILATIONS))[PADDINGS.index(padding) % 3 :: 3]  # all: below, slow
    done = sum(check(engine, name, padding, *case, *next(kinds)) for case in cases)
    assert done or "larger" in name or "5" in name or "4x2" in name


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("engine", engines.names())
def test_agrees_with_four_loops_in_every_combination(engine, dtype, channels):
    cases = itertools.product(KERNELS, PADDINGS, BORDERS, STRIDES, DILATIONS)
    assert sum(check(engine, *case, dtype, channels) for case in cases) > 2000


FAR = [(1, 9), (4, 1), (3, 13), (40, 2), (60, 61), (8000, 8000)]


@pytest.mark.parametrize("engine", [*engines.names(), "without a core"])
@pytest.mark.parametrize("name", ["3x3 integers", "5x5 rank 2", "5x4 real", "9x9 box"])
def test_steps_leave_results_out_and_change_none(engine, name, monkeypatch):
    """Strides pick results of stride 1, and dilated taps are taps with zeros between them, however far apart."""
    if engine == "without a core":
        monkeypatch.setenv("IMGCONV_SIMD", "none")
    module = engines.get(engine if engine in engines.names() else "builtin")
    taps = np.asarray(KERNELS.get(name, np.ones((9, 9))), float)
    kinds = itertools.cycle([("uint8", 3, "edge"), ("float32", 1, "wrap"), ("uint16", 4, "constant:3")])
    for dilation, padding, most in (((1, 1), "valid", 1 << 24), ((2, 3), "full", 1 << 24), ((4, 5), "full", 1)):
        monkeypatch.setattr(builtin, "MOST_HELD", most)
        builtin._recent.clear()
        spread = np.zeros([apart * (size - 1) + 1 for apart, size in zip(dilation, taps.shape, strict=True)])
        spread[:: dilation[0], :: dilation[1]] = taps
        dtype, channels, border = next(kinds)
        image = image_of(dtype, channels, (47, 52))

        def results(kernel, stride, dilation, image=image, padding=padding, border=border):
            job, _ = job_of(kernel, padding, border, stride, dilation, image.shape[:2])
            prepared = module.prepare(job, image.shape, image.dtype)
            return run([prepared], image, (*job.output, image.shape[2]), dtype=np.dtype(float), threads=1).samples

        every = results(spread, (1, 1), (1, 1))
        for stride in FAR:
            agree(results(taps, stride, dilation), every[:: stride[0], :: stride[1]], image, taps)
    builtin._recent.clear()


@pytest.mark.parametrize("size", [1, 4, 5, 40])
def test_a_lone_window_may_have_any_stride(size):
    image = image_of("uint8", 3, (size, size))
    for taps in range(1, min(size, 5) + 1):
        for stride in (size, size + 1, 2 * size + 3, 1 << 30):
            job, _ = job_of(np.ones((taps, taps)), "valid", "zero", (stride, stride), (1, 1), image.shape[:2])
            prepared = builtin.prepare(job, image.shape, image.dtype)
            result = run([prepared], image, (1, 1, 3), dtype=np.dtype(float), threads=1)
            np.testing.assert_array_equal(result.samples[0, 0], image[:taps, :taps].sum(axis=(0, 1)))


WAYS = ("direct", "separable", "FFT")


def way_of(word, job, whole):
    kind, run_ = np.dtype(np.float64), longest_run(job.cols)
    direct = Direct(job, run_, kind, 3, "")
    if word == "direct":
        return direct
    if word == "FFT":
        return Fourier(job, run_, kind, 16 // job.stride[0], "", 48, spectrum_of(job, 48), whole, direct, None)
    left, values, right = np.linalg.svd(job.taps, full_matrices=False)
    terms = tuple((left[:, k] * values[k], right[k]) for k in range(len(values)))
    return Separable(job, run_, kind, 4, "", terms)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("word", WAYS)
def test_every_way_gives_the_same(word, name, border):
    """Ways are chosen by cost, so small cases would never see the transform; here each is made to run."""
    cases = list(itertools.product(("same", "full"), STRIDES, DILATIONS))
    for padding, stride, dilation in cases[BORDERS.index(border) % 2 :: 2]:
        found = expected(name, padding, border, stride, dilation, "uint8", 3)
        if found is None:
            continue
        job, wanted = found
        way = way_of(word, job, job.integral)
        result = run([way], image_of("uint8", 3), wanted.shape, dtype=np.dtype(np.float64), threads=2)
        assert_within(result.samples, wanted, 1e-9 * 255 * np.abs(job.taps).sum())


@pytest.mark.parametrize("engine", engines.names())
def test_integers_over_one_divisor_are_exact(engine):
    """Every value that a 3x3 mean of bytes can have, and the halves among those of a 2x2 one."""
    from fractions import Fraction

    image = image_of("uint8", 1, (64, 64))
    for size in (2, 3):
        kernel = Kernel(name="mean", weights=np.ones((size, size)), scale=Fraction(1, size * size))
        both = extent((64, 64), (size, size), padding=Padding("valid"))
        job = Job.of(kernel, both, Border("zero"), 255)
        prepared = engines.get(engine).prepare(job, image.shape, image.dtype)
        result = run([prepared], image, (65 - size, 65 - size, 1), dtype=np.dtype(np.float64)).samples
        sums = oracle.correlate(image.astype(float), np.ones((size, size)))
        np.testing.assert_array_equal(oracle.round_half_away(result), oracle.round_half_away(sums / size**2))


@pytest.mark.parametrize("engine", engines.names())
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [3, 41], ids=["small", "large enough for a transform"])
def test_one_bad_sample_spoils_what_the_kernel_reaches_and_no_more(engine, bad, dtype, size):
    image = np.ones((90, 80, 1), dtype)
    image[40, 37] = bad
    kernel = np.random.default_rng(5).normal(size=(size, size))
    kernel[0, 0] = 0
    job, _ = job_of(kernel, "same", "edge", (1, 1), (1, 1), (90, 80))
    prepared = engines.get(engine).prepare(job, image.shape, image.dtype)
    result = run([prepared], image, (90, 80, 1), dtype=np.dtype(np.float64)).samples[:, :, 0]
    reach = np.zeros((90, 80), bool)
    half = size // 2
    reach[40 - half : 41 + half, 37 - half : 38 + half] = True
    reach[40 + half, 37 + half] = False  # the tap that is 0
    np.testing.assert_array_equal(np.isfinite(result), ~reach)


@pytest.mark.parametrize("engine", engines.names())
def test_a_huge_sample_does_no_harm_elsewhere(engine):
    image = np.ones((200, 120, 1), np.float32)
    image[100, 60] = 1e30
    kernel = np.full((31, 31), 1 / 961)
    job, _ = job_of(kernel, "same", "edge", (1, 1), (1, 1), (200, 120))
    prepared = engines.get(engine).prepare(job, image.shape, image.dtype)
    result = run([prepared], image, (200, 120, 1), dtype=np.dtype(np.float32)).samples
    np.testing.assert_allclose(result[:80], 1, rtol=1e-5)
    np.testing.assert_allclose(result[121:], 1, rtol=1e-5)


@pytest.mark.parametrize("engine", engines.names())
@pytest.mark.parametrize("size", [3, 9, 35])
@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_change_no_bit(engine, size, dtype):
    image = image_of(dtype, 3, (301, 203) if engine == "builtin" else (60, 50))
    kernel = np.random.default_rng(8).normal(size=(size, size))
    job, _ = job_of(kernel, "same", "reflect", (1, 1), (1, 1), image.shape[:2])
    prepared = engines.get(engine).prepare(job, image.shape, image.dtype)
    one, two, five = (
        run([prepared], image, image.shape, dtype=np.dtype(np.float64), threads=n).samples for n in (1, 2, 5)
    )
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, five)


@pytest.mark.parametrize("engine", engines.names())
def test_views_of_any_order_are_read(engine):
    whole = image_of("uint8", 3, (40, 50))
    for view in (whole[::-1, ::2], whole.transpose(1, 0, 2), whole[:, :, ::-1], np.asfortranarray(whole)):
        job, sides = job_of(KERNELS["3x3 integers"], "same", "wrap", (1, 1), (1, 1), view.shape[:2])
        prepared = engines.get(engine).prepare(job, view.shape, view.dtype)
        result = run([prepared], view, view.shape, dtype=np.dtype(np.float64)).samples
        wanted = oracle.correlate(oracle.pad(view, sides, "wrap"), KERNELS["3x3 integers"].astype(float))
        np.testing.assert_array_equal(result, wanted)


@pytest.mark.parametrize("engine", engines.names())
def test_tiny_taps_count_as_much_as_large_ones(engine):
    image = image_of("float64", 1)
    kernel = KERNELS["5x4 real"] * 1e-30
    job, sides = job_of(kernel, "same", "edge", (1, 1), (1, 1))
    prepared = engines.get(engine).prepare(job, image.shape, image.dtype)
    result = run([prepared], image, image.shape, dtype=np.dtype(np.float64)).samples
    np.testing.assert_allclose(result, oracle.correlate(oracle.pad(image, sides, "edge"), kernel), rtol=1e-9)


@pytest.mark.parametrize("engine", engines.names())
@pytest.mark.parametrize("dtype", DTYPES)
def test_whole_taps_beyond_all_integers_are_floats(engine, dtype):
    image = image_of(dtype, 1)
    kernel = np.array([[1e30, -1e30, 3.0]])
    job, sides = job_of(kernel, "same", "edge", (1, 1), (1, 1))
    prepared = engines.get(engine).prepare(job, image.shape, image.dtype)
    result = run([prepared], image, image.shape, dtype=np.dtype(np.float64)).samples
    agree(result, oracle.correlate(oracle.pad(image, sides, "edge"), kernel), image, kernel + 0.5)


def test_interrupting_stops_the_other_threads():
    from imgconv.engines._bands import each

    seen = []

    def task(number):
        seen.append(number)
        if number == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each(task, 1000, 2)
    assert len(seen) < 1000
