"""From results to samples, against Python's decimal arithmetic and plain formulas."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgconv.tone import Stats, Tone, full_range, narrowed, round_half_away

FLOATS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


@given(FLOATS)
def test_halves_go_away_from_zero(values):
    wanted = np.sign(values) * oracle.round_half_away(np.abs(values))
    np.testing.assert_array_equal(round_half_away(np.array(values)), wanted)


def test_the_float_below_one_half_is_not_rounded_up():
    for kind in (np.float32, np.float64):
        below = np.nextafter(kind(0.5), kind(0))
        assert round_half_away(np.array([below, -below])).tolist() == [0, 0]


@given(FLOATS, st.sampled_from(["uint8", "uint16"]), st.sampled_from(["clip", "abs", "offset"]))
def test_samples_and_counts(values, dtype, how):
    top = np.iinfo(dtype).max
    exact = np.array(values)
    if how == "abs":
        exact = np.abs(exact)
    if how == "offset":
        exact = exact + (top + 1) // 2
    whole = np.sign(exact) * oracle.round_half_away(np.abs(exact))
    samples, stats = Tone(how, np.dtype(dtype)).apply(np.array(values))
    np.testing.assert_array_equal(samples, np.clip(whole, 0, top).astype(dtype))
    assert (stats.below, stats.above) == (int((whole < 0).sum()), int((whole > top).sum()))
    assert (stats.minimum, stats.maximum, stats.total) == (min(values), max(values), len(values))


@given(FLOATS, st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_stretch_sends_its_ends_to_black_and_white(values, low, span):
    tone = Tone("stretch", np.dtype(np.uint16), low, low + span)
    ends, _ = tone.apply(np.array([low, low + span]))
    assert ends.tolist() == [0, 65535]
    samples, _ = tone.apply(np.sort(np.array(values)))
    assert (np.diff(samples.astype(int)) >= 0).all()


def test_stretch_of_one_value_is_black():
    samples, stats = Tone("stretch", np.dtype(np.uint8), 7, 7).apply(np.full(5, 7.0))
    assert samples.tolist() == [0] * 5
    assert stats.clipped == 0


def test_what_is_no_number_becomes_black_and_is_counted():
    samples, stats = Tone("clip", np.dtype(np.uint8)).apply(np.array([np.nan, np.inf, -np.inf, 3.0]))
    assert samples.tolist() == [0, 255, 0, 3]
    assert (stats.nan, stats.below, stats.above) == (1, 1, 1)
    assert (stats.minimum, stats.maximum) == (-np.inf, np.inf)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_are_never_clipped(dtype):
    values = np.array([-3.0, 0.25, 7.5])
    samples, stats = Tone("clip", np.dtype(dtype)).apply(values.copy())
    assert samples.dtype == dtype
    assert samples.tolist() == values.tolist()
    assert stats.clipped == 0


@given(
    st.lists(st.floats(-7e4, 7e4) | st.sampled_from([65519.99, 65520.0, np.inf, -np.inf, 1e-9]), min_size=1),
    st.sampled_from(["float32", "float64"]),
)
def test_half_floats_are_the_nearest_and_what_is_too_large_is_counted(values, kind):
    given = np.array(values, kind)
    with np.errstate(over="ignore"):
        plain = given.astype(np.float16)
    lost = np.isinf(plain) & np.isfinite(given)
    samples, below, above = narrowed(given, np.float16)
    assert samples.dtype == np.float16
    np.testing.assert_array_equal(samples[~lost], plain[~lost])
    np.testing.assert_array_equal(samples[lost], np.sign(given[lost]) * np.finfo(np.float16).max)
    assert (below, above) == (int((lost & (given < 0)).sum()), int((lost & (given > 0)).sum()))
    again, stats = Tone("clip", np.dtype(np.float16)).apply(given.copy())
    np.testing.assert_array_equal(again, samples)
    assert (stats.below, stats.above) == (below, above)


@pytest.mark.parametrize(("into", "white"), [("uint8", 65535.0), ("uint16", 255.0), ("uint8", 1.0), ("float32", 255.0)])
def test_a_change_of_depth_keeps_black_and_white(into, white):
    samples, stats = Tone("clip", np.dtype(into), white=white).apply(np.array([0.0, white]))
    assert samples.tolist() == [0, full_range(into)]
    assert stats.clipped == 0


@given(st.lists(FLOATS, min_size=1, max_size=4))
def test_stats_of_parts_add_up(parts):
    tone = Tone("clip", np.dtype(np.uint8))
    summed = sum((tone.apply(np.array(part))[1] for part in parts), Stats())
    assert summed == tone.apply(np.concatenate([np.array(part) for part in parts]))[1]
