"""The functions' native core: every SIMD level on shapes of every kind, and plans and parts that do not fit."""

from __future__ import annotations

import doctest
import subprocess
import sys

import numpy as np
import pytest
from sampling import every_nth

import imgconv.functional
from imgconv.engines import _native as engine
from imgconv.errors import EngineError
from imgconv.functional import _native, conv, pooling, resize, shuffle, transposed

core = pytest.importorskip("imgconv.functional._nncore", reason="the native core was not built")
LEVELS = [level.name for level in engine.known_levels()]
RNG = np.random.default_rng(1)


@pytest.fixture(params=LEVELS)
def level(request, monkeypatch):
    """Every level that this machine has."""
    monkeypatch.setenv("IMGCONV_SIMD", request.param)
    return request.param


# Channels, outputs and groups: blocks of 8, 4, 2 and 1, depthwise, and sums over more planes than are held at once.
CHANNELS = [(1, 1, 1), (3, 15, 1), (5, 5, 5), (6, 4, 2), (8, 9, 1), (700, 3, 1)]
WINDOWS = [
    {"taps": (3, 3), "padding": (1, 1, 1, 1)},
    {"taps": (1, 1)},
    {"taps": (5, 2), "stride": (2, 3), "padding": (3, 0, 1, 2)},
    {"taps": (3, 3), "dilation": (3, 2), "padding": (4, 6, 0, 1)},
    {"taps": (2, 3), "dilation": (9, 17), "stride": (1, 2), "padding": (20, 0, 20, 3)},
    {"taps": (4, 1), "stride": (7, 1)},
]


DTYPES = ["float32", "float64", "uint8", "uint16"]


@pytest.mark.parametrize(("window", "counts", "dtype"), every_nth(2, WINDOWS, CHANNELS, DTYPES))
def test_convolutions_on_every_level_are_numpys(level, monkeypatch, window, counts, dtype):
    channels, outputs, groups = counts
    settings = dict(window, border="wrap", groups=groups)
    taps = settings.pop("taps")
    weight = RNG.normal(size=(outputs, channels // groups, *taps))
    bias = RNG.normal(size=outputs)
    for rows, cols in ((13, 37), (17, 5)) if channels > 100 else ((13, 101), (30, 37), (17, 5), (12, 1)):
        if cols < taps[1] and "padding" not in settings:
            continue
        picture = (RNG.random((channels, rows, cols)) * 200).astype(dtype)
        result = imgconv.conv2d(picture, weight, bias, **settings)
        with monkeypatch.context() as patch:
            patch.setenv("IMGCONV_SIMD", "none")
            wanted = imgconv.conv2d(picture.astype(float), weight, bias, **settings)
        atol = (1e-13 if dtype == "float64" else 1e-5) * np.abs(wanted).max()
        np.testing.assert_allclose(result, wanted, rtol=0, atol=atol)


POOLINGS = ["max_pool2d", "min_pool2d", "avg_pool2d"]
POOLED = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
    {"kernel_size": (2, 5), "stride": 1, "padding": (2, 1, 1, 0)},
    {"kernel_size": (1, 2), "stride": (3, 4), "ceil_mode": True},
]


@pytest.mark.parametrize(
    ("name", "dtype", "window", "border"), every_nth(2, POOLINGS, DTYPES, POOLED, [None, "constant:3", "reflect"])
)
def test_poolings_on_every_level_are_numpys(level, monkeypatch, name, dtype, window, border):
    for rows, cols in ((12, 101), (13, 64), (7, 5), (31, 33)):
        picture = (RNG.random((3, rows, cols)) * 200).astype(dtype)
        if dtype == "float32":
            picture[1, 5, cols // 2] = np.nan
        result = getattr(imgconv, name)(picture, **window, border=border)
        with monkeypatch.context() as patch:
            patch.setenv("IMGCONV_SIMD", "none")
            wanted = getattr(imgconv, name)(picture, **window, border=border)
        np.testing.assert_allclose(result, wanted, rtol=1e-6 if result.dtype == np.float32 else 1e-14)


def test_transposed_convolutions_on_every_level_are_numpys(level, monkeypatch):
    for shape in ((3, 9, 70), (2, 5, 3)):
        picture, weight = RNG.normal(size=shape), RNG.normal(size=(shape[0], 11, 5, 4))
        settings = {"stride": (2, 3), "padding": (1, 2), "output_padding": (1, 0), "bias": RNG.normal(size=11)}
        result = imgconv.conv_transpose2d(picture, weight, **settings)
        with monkeypatch.context() as patch:
            patch.setenv("IMGCONV_SIMD", "none")
            np.testing.assert_allclose(result, imgconv.conv_transpose2d(picture, weight, **settings), atol=1e-12)


# What Python hands over is checked, as a mistake there would read or write beyond an array.

MAP = np.array([-1, 0, 1, 2, 3, -1], np.int64)
SETTINGS = np.array([0, 2, 2, 4, 4, 4, 4, 3, 3, 1, 1, 1, 1, 8, 1], np.int64)
WEIGHT, BIAS = np.ones((8, 2, 3, 3), np.float32), np.ones(8, np.float32)


def changed(at, value):
    """Return the settings with one of them changed."""
    settings = SETTINGS.copy()
    settings[at] = value
    return settings


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, 2), (0, -1), (1, 3), (1, -1), (2, 0), (2, 3), (3, 0), (3, 3), (4, 2), (5, 5), (6, 9), (7, 0), (7, 4),
        (8, 1 << 31), (9, 2), (10, 0), (11, 2), (12, 1 << 40), (13, 0), (13, 7), (14, -1), (14, 2),
        (2, 1 << 62), (13, 1 << 62),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(at, value):
    with pytest.raises(ValueError, match=r"range|weights|planned|padded|outside|lanes"):
        core.convolution(0, changed(at, value), 0.0, MAP, MAP, WEIGHT, BIAS)


@pytest.mark.parametrize(
    "change",
    [
        {"level": 99}, {"level": -1}, {"settings": SETTINGS[:-1]}, {"rows": MAP[:5]}, {"rows": MAP + 1},
        {"cols": MAP - 1}, {"cols": b"x"}, {"weight": WEIGHT[:7]}, {"bias": BIAS[:7]}, {"bias": b"123"},
    ],
)  # fmt: skip
def test_tables_that_do_not_fit_are_refused(change):
    given = {
        "level": 0,
        "settings": SETTINGS,
        "constant": 0.0,
        "rows": MAP,
        "cols": MAP,
        "weight": WEIGHT,
        "bias": BIAS,
    }
    with pytest.raises(ValueError, match=r"planned|padded|outside|level|version"):
        core.convolution(*(given | change).values())


SAMPLES, OUT, PLANES = np.ones((2, 4, 4), np.float32), np.zeros((8, 4, 4), np.float32), np.arange(2)


@pytest.mark.parametrize(
    "change",
    [
        {"samples": SAMPLES[:, :3]}, {"samples": SAMPLES[0]}, {"samples": SAMPLES.astype(np.uint8)},
        {"samples": SAMPLES[:1]}, {"planes": PLANES[:1]}, {"planes": np.array([0, 2])}, {"planes": np.array([0, -2])},
        {"out": OUT[:7]}, {"out": OUT[:, :3]}, {"out": OUT.astype(float)}, {"out": OUT[0]},
        {"first": -1}, {"last": 2}, {"first": 2, "last": 1}, {"start": -1}, {"stop": 5}, {"start": 3, "stop": 2},
        {"from": 1}, {"from": -4}, {"to": 9}, {"to": 5},
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_refused(change):
    plan = core.convolution(0, SETTINGS, 0.0, MAP, MAP, WEIGHT, BIAS)
    given = {
        "plan": plan,
        "samples": SAMPLES,
        "planes": PLANES,
        "out": OUT,
        "first": 0,
        "last": 1,
        "start": 0,
        "stop": 4,
    }
    given |= {"from": 0, "to": 8}
    core.convolve(*given.values())
    assert OUT[0, 1, 1] == 19
    with pytest.raises(ValueError, match=r"planned|padded|outside|level|version"):
        core.convolve(*(given | change).values())


def test_plans_of_another_kind_are_refused():
    plan = core.convolution(0, SETTINGS, 0.0, MAP, MAP, WEIGHT, BIAS)
    with pytest.raises(ValueError, match="PyCapsule_GetPointer"):
        core.pool(plan, SAMPLES, PLANES, OUT, 0, 1, 0, 4, 0, 1)
    with pytest.raises(ValueError, match="kind of pooling"):
        core.pooling(0, changed(13, 3), 0.0, MAP, MAP, None, None)
    with pytest.raises(BufferError):
        core.convolve(plan, SAMPLES, PLANES, b"0" * 512, 0, 1, 0, 4, 0, 8)


def test_a_missing_core_is_said_where_it_is_required(monkeypatch):
    monkeypatch.setattr(_native, "_nncore", None)
    monkeypatch.delenv("IMGCONV_REQUIRE_NATIVE", raising=False)
    np.testing.assert_array_equal(imgconv.max_pool2d(np.ones((1, 4, 4)), 2), np.ones((1, 2, 2)))
    monkeypatch.setenv("IMGCONV_REQUIRE_NATIVE", "1")
    with pytest.raises(EngineError, match="not built"):
        imgconv.max_pool2d(np.ones((1, 4, 4)), 2)


def test_nothing_of_the_functions_is_imported_before_they_are_used():
    code = "from imgconv.cli import apply, size; import imgconv, sys; imgconv.convolve"
    code += "; print([m for m in sys.modules if 'functional' in m]); imgconv.conv2d; print('scipy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split("\n")[:2] == ["[]", "False"]


@pytest.mark.parametrize("module", [conv, pooling, resize, shuffle, transposed])
def test_examples_in_docstrings_are_true(module):
    failed, tried = doctest.testmod(module)
    assert tried > 0
    assert failed == 0
