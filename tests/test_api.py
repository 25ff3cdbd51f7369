"""The Python API against SciPy and torch, and what it refuses."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage, signal

import imgconv
import imgconv.api
import imgconv.border
import imgconv.filtering.featuremap
import imgconv.geometry
import imgconv.kernels.value
import imgconv.kernels.volume
import imgconv.kernels.weightfile
import imgconv.pipeline.file
import imgconv.sizes.chain
import imgconv.sizes.chainwords
import imgconv.tone
from imgconv import convolve, output_size
from imgconv.errors import OptionError, SizeError

RNG = np.random.default_rng(3)
IMAGE = RNG.integers(0, 256, (21, 34, 3)).astype(np.uint8)
TAPS = RNG.normal(size=(4, 5))
CLOSE = 1e-6 * 255 * np.abs(TAPS).sum()  # what float32 may miss, by the largest magnitude in play


@pytest.mark.parametrize("engine", ["builtin", "scipy"])
@pytest.mark.parametrize(("padding", "mode"), [("valid", "valid"), ("full", "full")])
def test_convolve_is_scipys(engine, padding, mode):
    for c in range(3):
        wanted = signal.convolve2d(IMAGE[:, :, c].astype(float), TAPS, mode=mode)
        result = convolve(IMAGE, TAPS, padding=padding, engine=engine)[:, :, c]
        np.testing.assert_allclose(result, wanted, rtol=0, atol=CLOSE)


@pytest.mark.parametrize(
    ("border", "mode"),
    [("zero", "constant"), ("edge", "nearest"), ("symmetric", "reflect"), ("reflect", "mirror"), ("wrap", "grid-wrap")],
)
def test_borders_are_those_of_ndimage(border, mode):
    taps = RNG.normal(size=(5, 3))
    for c in range(3):
        wanted = ndimage.convolve(IMAGE[:, :, c].astype(float), taps, mode=mode)
        np.testing.assert_allclose(convolve(IMAGE, taps, border=border)[:, :, c], wanted, atol=1e-3)
        wanted = ndimage.correlate(IMAGE[:, :, c].astype(float), taps, mode=mode)
        np.testing.assert_allclose(convolve(IMAGE, taps, border=border, correlate=True)[:, :, c], wanted, atol=1e-3)


def test_defaults_are_same_with_zeros():
    np.testing.assert_array_equal(
        convolve(IMAGE, "box:size=3"), convolve(IMAGE, "box:size=3", padding=1, border="constant:0")
    )
    np.testing.assert_array_equal(
        convolve(IMAGE, "box:size=3", padding="interpolation"), convolve(IMAGE, "box:size=3", border="nearest")
    )


def test_pairs_are_rows_and_columns():
    result = convolve(IMAGE, "box:size=3", padding=(2, 5), stride=(3, 4))
    assert result.shape[:2] == output_size((21, 34), 3, padding=(2, 5), stride=(3, 4)) == (8, 11)
    result = convolve(IMAGE, "box:size=3", padding=(1, 2, 3, 4), dilation=(2, 3))
    assert result.shape[:2] == (21 + 2 + 4 - 4, 34 + 1 + 3 - 6)


@pytest.mark.parametrize(
    ("dtype", "floats"),
    [
        ("uint8", "float32"),
        ("uint16", "float32"),
        ("float16", "float32"),
        ("float32", "float32"),
        ("float64", "float64"),
        ("int16", "float32"),
    ],
)
def test_types_that_come_out(dtype, floats):
    image = IMAGE[:, :, 0].astype(dtype)
    assert convolve(image, "sobel-x").dtype == floats
    assert convolve(image, "sobel-x").shape == image.shape
    if dtype != "int16":
        assert convolve(image, "sobel-x", map="clip").dtype == dtype


@pytest.mark.parametrize("engine", ["builtin", "scipy"])
@pytest.mark.parametrize("channels", [0, 3, 4])
def test_half_floats_are_computed_in_single_precision(engine, channels):
    image = RNG.normal(size=(21, 34, channels)[: 2 + bool(channels)]).astype(np.float16)
    taps = TAPS if image.ndim == 2 else TAPS[:, :, None]
    wanted = ndimage.convolve(image.astype(float), taps, mode="nearest")
    assert np.abs(convolve(image, TAPS, border="edge", engine=engine) - wanted).max() < 1e-4
    half = convolve(image, TAPS, border="edge", engine=engine, map="clip")
    assert half.dtype == np.float16
    # half a unit in the last place, and what single precision may miss
    assert (np.abs(half.astype(float) - wanted) <= np.spacing(np.abs(half)).astype(float) / 2 + 1e-4).all()


def test_half_floats_do_not_overflow_to_infinity():
    image = np.full((5, 6), 40000, np.float16)
    assert (convolve(image, "1,1", border="edge", map="clip") == 65504).all()
    assert (convolve(image, "1,1", border="edge") == 80000).all()


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 7), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_output_size_is_the_size_that_comes_out(rows, cols, taps, stride, dilation, padded):
    options = {"padding": "full" if padded else "valid", "stride": stride, "dilation": dilation}
    image = np.zeros((rows, cols), np.uint8)
    try:
        size = output_size((rows, cols), taps, **options)
    except SizeError:
        with pytest.raises(SizeError):
            convolve(image, np.ones((taps, taps)), **options)
    else:
        assert convolve(image, np.ones((taps, taps)), **options).shape == size


def test_a_magnitude_is_taken_of_unclipped_parts():
    plane = IMAGE[:, :, 0]
    x, y = (ndimage.sobel(plane.astype(float), axis=axis, mode="nearest") for axis in (1, 0))
    np.testing.assert_allclose(convolve(plane, "sobel", border="edge"), np.hypot(x, y), rtol=1e-5)
    clipped = convolve(plane, "sobel", border="edge", map="clip")
    np.testing.assert_array_equal(clipped, np.clip(np.floor(np.hypot(x, y) + 0.5), 0, 255))


def test_angles_fill_the_range():
    plane = IMAGE[:, :, 0]
    x, y = (ndimage.sobel(plane.astype(float), axis=axis, mode="nearest") for axis in (1, 0))
    degrees = np.degrees(np.arctan2(y, x)) % 360
    np.testing.assert_allclose(convolve(plane, "sobel-angle", border="edge"), degrees, atol=1e-3)
    samples = convolve(plane, "sobel-angle", border="edge", map="clip")
    np.testing.assert_allclose(samples, degrees * 255 / 360, atol=0.51)


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ({"image": np.zeros(5)}, "not .rows, cols"),
        ({"image": np.zeros((0, 5))}, "not .rows, cols"),
        ({"image": np.zeros((5, 5), complex)}, "complex128"),
        ({"padding": "sme"}, "did you mean 'same'"),
        ({"padding": (1, 2, 3)}, "expected .rows, cols. or .left, top, right, bottom."),
        ({"padding": -1}, "negative"),
        ({"border": "mirrored"}, "did you mean"),
        ({"stride": 0}, "at least 1"),
        ({"stride": 1.5}, "whole number"),
        ({"dilation": (1, 2, 3)}, "rows, cols"),
        ({"engine": "cuda"}, "there is no engine .cuda.; the engines are builtin, scipy"),
        ({"map": "clop"}, "did you mean 'clip'"),
    ],
)
def test_arguments_that_make_no_sense(arguments, fragment):
    with pytest.raises(OptionError, match=fragment):
        convolve(**({"image": IMAGE, "kernel": "box:size=3"} | arguments))


def test_every_name_is_there():
    for name in imgconv.__all__:
        assert getattr(imgconv, name) is not None
    assert set(imgconv.__all__) <= set(dir(imgconv))
    with pytest.raises(AttributeError, match="no attribute 'convlve'"):
        _ = imgconv.convlve


def test_no_module_hides_a_name():
    """A module imgconv/NAME.py would replace the function imgconv.NAME as soon as something imports it."""
    folder = Path(imgconv.__file__).parent
    assert not {path.stem for path in folder.iterdir()} & set(imgconv.__all__)


FOLDER = Path(imgconv.__file__).parent
WITH_EXAMPLES = sorted(path for path in FOLDER.rglob("*.py") if ">>> " in path.read_text())


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_examples_in_docstrings_are_true(path):
    parts = path.relative_to(FOLDER.parent).with_suffix("").parts
    failed, tried = doctest.testmod(import_module(".".join(parts).removesuffix(".__init__")))
    assert tried > 0
    assert failed == 0


def test_a_pipeline_in_python_is_what_its_layers_are(tmp_path):
    image = np.random.default_rng(2).integers(0, 256, (20, 30)).astype(np.uint8)
    (tmp_path / "p.yaml").write_text("- conv: {kernel: sharpen, padding: interpolation}\n- pool: {mean: 2}\n")
    sharp = imgconv.convolve(image, "sharpen", padding="interpolation")
    found = imgconv.run_pipeline(image, tmp_path / "p.yaml")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, sharp.reshape(10, 2, 15, 2).mean(axis=(1, 3)), atol=1e-4)
    clipped = imgconv.run_pipeline(image, tmp_path / "p.yaml", map="clip")
    np.testing.assert_allclose(clipped, np.clip(found, 0, 255), atol=0.501)
    with pytest.raises(imgconv.ImgconvError, match="layer 2"):
        imgconv.run_pipeline(image[:1, :1], tmp_path / "p.yaml")
