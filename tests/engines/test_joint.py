"""Combined kernels on the native core, at every SIMD level, against sums, roots and maxima taken in float64."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
from correlations import job_of, windows
from sampling import SOME_OR_ALL, chosen
from scipy import ndimage

from imgconv.engines import _joint, _native, builtin
from imgconv.engines._bands import run
from imgconv.tone import Tone

LEVELS = _native.known_levels()
pytestmark = pytest.mark.skipif(not LEVELS, reason="the native core is not built")
SOBEL = [np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]), np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])]
TURNED = [*SOBEL, np.array([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]])]
FOUR = [*TURNED, np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]])]
MEMBERS = pytest.mark.parametrize("members", [SOBEL, TURNED, FOUR], ids=len)
EXPECTED = {
    "magnitude": lambda values: np.sqrt(sum(value**2 for value in values)),
    "max": np.maximum.reduce,
    "sum": sum,
}


@pytest.fixture(params=LEVELS, ids=lambda level: level.name)
def simd(request, monkeypatch):
    monkeypatch.setenv("IMGCONV_SIMD", request.param.name)


def both(combine, members, image, tone=None, dtype=np.float32, parts=None):
    """Return the result on the core and the members' results in float64, combined."""
    jobs = [job_of(taps, image.shape, offset=1.5 * (combine == "sum")) for taps in members]
    prepared = [builtin.prepare(job, image.shape, image.dtype) for job in jobs]
    assert _joint.joint(prepared, combine)
    result = run(prepared, image, image.shape, combine=combine, tone=tone, dtype=np.dtype(dtype), threads=2)
    return result, EXPECTED[combine]([windows(job, image) for job in jobs])


@pytest.mark.usefixtures("simd")
@pytest.mark.parametrize("combine", EXPECTED)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@MEMBERS
@SOME_OR_ALL
def test_floats_at_every_width(combine, kind, members, every):
    rng = np.random.default_rng(1)
    for cols in chosen([*range(1, 20), 31, 32, 33, 63, 64, 65], 8, every, combine, kind.__name__, len(members)):
        image = rng.integers(0, 256, (5, cols, 1 + cols % 4)).astype(kind)
        result, expected = both(combine, members, image)
        assert np.abs(result.samples - expected).max() <= 1e-6 * 3 * 8 * 255
        assert result.stats.minimum == result.samples.min() and result.stats.maximum == result.samples.max()
        assert result.stats.total == image.size


@pytest.mark.usefixtures("simd")
@pytest.mark.parametrize("combine", EXPECTED)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("map", ["clip", "abs", "offset", "stretch"])
@MEMBERS
def test_samples_are_rounded_and_counted(combine, kind, map, members):
    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (33, 67, 3)).astype(kind)
    tone = Tone(map, np.dtype(kind), -100, 700, None)
    result, expected = both(combine, members, image, tone, kind)
    mapped = (abs(expected) if map == "abs" else expected) * tone.slope + tone.shift
    rounded = oracle.round_half_away(mapped)
    top = np.iinfo(kind).max
    near = np.abs(mapped - np.trunc(mapped)) - 0.5
    sure = np.abs(near) > 1e-2  # where float32 cannot tell which way a half goes
    assert np.array_equal(result.samples[sure], np.clip(rounded, 0, top)[sure])
    assert np.abs(result.samples - np.clip(rounded, 0, top)).max() <= 1
    if map != "stretch":
        assert (result.stats.below, result.stats.above) == ((rounded < 0).sum(), (rounded > top).sum())


@pytest.mark.usefixtures("simd")
@pytest.mark.parametrize("combine", EXPECTED)
def test_holes_and_infinities_stay_where_the_kernel_reaches(combine):
    image = np.random.default_rng(3).random((9, 40, 3), np.float32)
    image[4, 7, 0], image[4, 30, 1] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        result, expected = both(combine, SOBEL, image)
    assert np.array_equal(np.isnan(result.samples), np.isnan(expected))
    assert np.array_equal(np.isinf(result.samples), np.isinf(expected))


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_members_that_are_transformed_are_combined_too(kind):
    rng = np.random.default_rng(5)
    image = rng.integers(0, 256, (150, 140, 2)).astype(kind)
    taps = rng.standard_normal((2, 41, 41))
    prepared = [builtin.prepare(job_of(one, image.shape), image.shape, image.dtype) for one in taps]
    assert "FFT" in prepared[0].reason
    result = run(prepared, image, image.shape, combine="magnitude", dtype=np.dtype("f4"))
    sums = [ndimage.correlate(image, one[..., None], float, mode="nearest") for one in taps]
    assert np.abs(result.samples - np.hypot(*sums)).max() <= 1e-6 * 255 * np.abs(taps[0]).sum()


@pytest.mark.usefixtures("simd")
@pytest.mark.parametrize("scale", [1, 2, 3, 8])
def test_lengths_of_whole_numbers_are_rounded_right(scale):
    # Every pair of gradients below 256 is there, whatever the vectors; a half is met where the scale is even.
    x, y = np.meshgrid(np.arange(256), np.arange(256))
    image = np.zeros((256, 512), np.uint8)
    image[:, ::2], image[:, 1::2] = x, y
    jobs = [job_of(np.array([row]), image.shape, divisor=scale, stride=(1, 2)) for row in ([1, 0], [0, 1])]
    prepared = [builtin.prepare(job, (*image.shape, 1), image.dtype) for job in jobs]
    assert isinstance(_joint.joint(prepared, "magnitude"), _joint.Abreast)
    shape = (256, len(jobs[0].cols) // 2, 1)
    result = run(
        prepared, image[..., None], shape, combine="magnitude", tone=Tone("clip", image.dtype), dtype=image.dtype
    )
    exact = np.sqrt((x**2 + y**2).astype(float)) / scale
    assert np.array_equal(result.samples[:, :256, 0], np.minimum(np.floor(exact + 0.5), 255))
    assert result.stats.above == np.count_nonzero(exact >= 255.5)
    assert (result.stats.minimum, result.stats.maximum) == (0, pytest.approx(exact.max(), rel=1e-6))


def test_rows_of_many_parts_are_the_same_as_of_one(monkeypatch):
    image = np.random.default_rng(4).integers(0, 256, (200, 300, 3), np.uint8)
    tone = Tone("clip", np.dtype("u1"))
    whole, _ = both("magnitude", TURNED, image, tone, np.uint8)
    monkeypatch.setattr(_joint, "PART_SAMPLES", 1)
    parts, _ = both("magnitude", TURNED, image, tone, np.uint8)
    assert np.array_equal(whole.samples, parts.samples) and whole.stats == parts.stats


def test_the_core_refuses_what_does_not_fit():
    line, out = np.zeros(40, np.float32), np.zeros(20, np.uint8)
    finish = (1.0, 0.0, 0.5, -0.5, 255.5, False, True, 0, True)
    _native._core.combine(0, 0, (line, line), out, finish)
    for how, results, samples in (
        (3, (line, line), out),
        (0, (), out),
        (0, (line,) * 17, out),
        (0, (line, line[:20]), out),
        (0, (line, line.astype(float)), out),
        (0, (line, line), out.astype(np.uint16)),
    ):
        with pytest.raises(ValueError):
            _native._core.combine(0, how, results, samples, finish)
    with pytest.raises(ValueError):
        _native._core.combine(0, 0, (line, line), np.zeros(40, np.uint8)[::2], finish)
