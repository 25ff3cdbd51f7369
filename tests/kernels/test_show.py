"""What is told of a kernel, against numpy's linear algebra, brute force, and what convolving really does."""

import itertools
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling import every_nth

from imgconv import convolve
from imgconv.kernels import parametric
from imgconv.kernels.export._facts import centre, factors, ramp_gain, scale_text, symmetry
from imgconv.kernels.library import catalogue, kernel
from imgconv.kernels.show import report, to_json
from imgconv.kernels.value import Combined, Kernel, Learned, Offset, Pointwise

EVERY = [e.name for e in catalogue() if e.form != "parametric"] + [f"{name}:" for name in parametric.names()]
MATRICES = [spec for spec in EVERY if isinstance(kernel(spec), Kernel)]
SMALL = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda shape: st.lists(st.integers(-2, 2), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]).map(
        lambda taps: np.array(taps, float).reshape(shape)
    )
)
NET = Learned(name="net", weights=np.random.default_rng(2).normal(size=(4, 3, 3, 5)), bias=(1, 2, 3, 4))


def blocks(text):
    """The numbers of the matrix between the first blank line and the second, line by line."""
    lines = text.split("\n\n")[1].splitlines()
    return [[float(number) for number in line.split()] for line in lines if line.startswith("  ")]


@pytest.mark.parametrize("spec", MATRICES)
def test_factors(spec):
    one = kernel(spec)
    parts = factors(one)
    assert (parts is not None) == (np.linalg.matrix_rank(one.weights, tol=1e-9 * np.abs(one.weights).max()) == 1)
    if parts:
        np.testing.assert_allclose(np.outer(*parts), one.weights, atol=1e-12 * np.abs(one.weights).max(), rtol=0)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=6), st.lists(st.integers(-9, 9), min_size=1, max_size=6))
def test_factors_of_integers_are_integers(column, row):
    weights = np.outer(column, row).astype(float)
    parts = factors(Kernel(name="k", weights=weights))
    if not weights.any():
        assert parts is None
        return
    np.testing.assert_array_equal(np.outer(*parts), weights)
    assert all(np.array_equal(axis, np.rint(axis)) for axis in parts)
    assert np.gcd.reduce(parts[1].astype(int)) == 1


@given(SMALL)
def test_symmetry(weights):
    rows, cols = weights.shape
    moves = {
        "left_right": lambda y, x: (y, cols - 1 - x),
        "top_bottom": lambda y, x: (rows - 1 - y, x),
        "half_turn": lambda y, x: (rows - 1 - y, cols - 1 - x),
        "diagonal": lambda y, x: (x, y),
        "quarter_turn": lambda y, x: (x, rows - 1 - y),
    }
    told = symmetry(weights)
    for name, move in moves.items():
        if name in ("diagonal", "quarter_turn") and rows != cols:
            assert told[name] is None
            continue
        moved = [[weights[move(y, x)] for x in range(cols)] for y in range(rows)]
        same, opposite = np.array_equal(moved, weights), np.array_equal(np.negative(moved), weights)
        assert told[name] == ("even" if same else "odd" if opposite else None)


@given(SMALL.filter(np.any), st.data())
def test_centre_is_the_tap_on_the_output_pixel(weights, data):
    places = st.tuples(st.integers(0, weights.shape[0] - 1), st.integers(0, weights.shape[1] - 1))
    one = Kernel(name="k", weights=weights, anchor=data.draw(st.none() | places))
    point = np.zeros((11, 11))
    point[5, 5] = 1
    assert convolve(point, one)[5, 5] == weights[centre(one)]


@pytest.mark.parametrize("spec", MATRICES)
def test_ramp_gain(spec):
    one = kernel(spec)
    rows, cols = one.shape
    y, x = np.mgrid[0 : rows + 3, 0 : cols + 3].astype(float)
    along = [convolve(ramp, one, padding="valid") - one.offset.at(1) for ramp in (x, y)]
    if one.sum:
        assert np.diff(along[0], axis=1) == pytest.approx(ramp_gain(one), abs=1e-6)
        assert np.diff(along[1], axis=0) == pytest.approx(ramp_gain(one), abs=1e-6)
    else:
        np.testing.assert_allclose(np.hypot(*along), ramp_gain(one), atol=1e-6 * np.abs(one.taps).sum() * rows)


ODD = ["gaussian:sigma=20", "1e-12,2e-13", "123456789012,0.5", "0,0"]


@pytest.mark.parametrize(
    ("spec", "width"), [*every_nth(3, EVERY, [40, 80, 100]), *itertools.product(ODD, [40, 80, 100])]
)
def test_every_kernel_can_be_shown(spec, width):
    one = kernel(spec)
    lines = report(one, width).splitlines()
    assert lines[0].startswith(one.name[: width - 10])
    assert all(line == line.rstrip() for line in lines)
    if width >= 80:
        assert max(map(len, lines)) <= width
    json.loads(json.dumps(to_json(one), allow_nan=False))


@pytest.mark.parametrize("spec", ["sobel-x", "emboss", "1,2,3;4,5,6;7,8,10", "roberts-pd", "0.25,-1.5;3,0"])
def test_shown_as_written_and_as_slid(spec):
    weights = kernel(spec).weights
    text = report(kernel(spec))
    assert "as slid, turned by 180 degrees" in text
    both = np.array(blocks(text)[: len(weights)])
    np.testing.assert_array_equal(both[:, : weights.shape[1]], weights)
    np.testing.assert_array_equal(both[:, weights.shape[1] :], weights[::-1, ::-1])


@pytest.mark.parametrize("spec", ["gaussian3", "laplacian4", "line-45", "1"])
def test_the_same_when_slid(spec):
    text = report(kernel(spec))
    assert "as written and as slid, which is the same" in text
    np.testing.assert_array_equal(blocks(text)[: len(kernel(spec).weights)], kernel(spec).weights)


@pytest.mark.parametrize(
    ("spec", "part"), [("box:size=40x41", "10x11"), ("gaussian:sigma=5", "9x11"), ("box:size=3x99", "3x11")]
)
def test_the_middle_of_large_kernels(spec, part):
    text = report(kernel(spec), 90)
    rows, cols = kernel(spec).shape
    assert f"(the middle {part} of {cols}x{rows} taps; --json and 'imgconv kernels export' have all)" in text
    shown = np.array(blocks(text)[: int(part.split("x")[1])])
    weights = kernel(spec).weights
    top, left = (rows - shown.shape[0]) // 2, (cols - shown.shape[1]) // 2
    middle = weights[top : top + shown.shape[0], left : left + shown.shape[1]]
    np.testing.assert_allclose(shown, middle, atol=1e-3 * weights.max())


@pytest.mark.parametrize(
    ("spec", "phrases"),
    [
        (
            "sobel-x",
            ["sum        0 (positive 4, negative -4)", "rank       1, separable: column [1 2 1] times row [1 0 -1]"],
        ),
        (
            "sobel-x",
            ["range      -1020 to 1020 for 8-bit input", "map        abs", "source     Sobel and Feldman, 1968"],
        ),
        ("sobel-x", ["ramp gain  8, the value", "anchor     row 1, column 1 as written", "offset     0"]),
        (
            "gaussian5",
            ["which is the same, / 256", "scale      1/256", "times row [1 4 6 4 1], / 256", "sum        1 "],
        ),
        ("gaussian5", ["ramp gain  1, the slope", "unchanged by every mirroring and quarter turn"]),
        ("emboss-grey", ["offset     50% of the sample range", "range      -637.5 to 892.5", "not separable"]),
        ("roberts-pd", ["anchor     row 1, column 1 as written, counted from 0: the default of even sizes"]),
        # 1140.39 is 255 * sqrt(20), the most of all 512 patches of black and white pixels
        ("sobel", ["magnitude of 2 kernels", "member     sobel-y: sum 0", "range      0 to 1140.39"]),
        ("sobel-angle", ["range      0 to 360 degrees", "atan2(second, first)"]),
        ("gray-601", ["channels   3 in, 1 out", "out 1  0.299"]),
        ("rgb2ycbcr-601", ["bias", "50%", "range      0 to 255 for 8-bit input, in any output channel"]),
        ("0,0", ["rank       0, all taps are 0"]),
    ],
)
def test_facts(spec, phrases):
    text = report(kernel(spec), 100)
    for phrase in phrases:
        assert phrase in text


def test_offsets_and_anchors_are_shown():
    one = Kernel(name="k", weights=[[1, 2, 3]], offset=Offset(value=4.5), anchor=(0, 2))
    text = report(one, 100)
    assert "offset     4.5" in text and "row 0, column 2 as written, counted from 0: off the middle" in text
    both = Kernel(name="k", weights=[[1]], offset=Offset(value=4, share=0.5))
    assert "offset     4 + 50% of the sample range" in report(both)


def test_learned_weights():
    text = report(NET, 100)
    assert "4 x 3 x 3 x 5 (out, in / groups, rows, cols)" in text
    assert "bias       1 to 4" in text and "a correlation mask" in text
    plain = to_json(NET)
    assert plain["shape"] == [4, 3, 3, 5] and (plain["width"], plain["height"]) == (5, 3)
    np.testing.assert_array_equal(plain["weights"], NET.weights)


@pytest.mark.parametrize("spec", EVERY)
def test_json_has_everything(spec):
    one = kernel(spec)
    plain = json.loads(json.dumps(to_json(one)))
    assert plain["class"] == one.kind and plain["map"] == (one.map or "clip")
    for name, white in (("uint8", 255), ("uint16", 65535)):
        assert tuple(plain["range"][name].values()) == pytest.approx(one.guaranteed_range(0, white))
    if isinstance(one, Pointwise):
        np.testing.assert_array_equal(plain["matrix"], one.matrix)
        assert len(plain["bias"]) == len(one.matrix)
        return
    members = plain["of"] if isinstance(one, Combined) else [plain]
    for member, found in zip(one.of if isinstance(one, Combined) else [one], members, strict=True):
        np.testing.assert_array_equal(found["taps"], member.taps)
        np.testing.assert_array_equal(found["slid"], np.rot90(member.taps, 2))
        assert found["sum"] == pytest.approx(member.taps.sum(), abs=1e-9)
        assert (found["width"], found["height"]) == (member.shape[1], member.shape[0])


@pytest.mark.parametrize(
    ("divisor", "text"), [("1", ""), ("16", "/ 16"), ("0.25", "x 4"), ("-2", "x -1/2"), ("1e9", "x 1e-09")]
)
def test_scale_in_words(divisor, text):
    one = kernel(f"1,2,1 /{divisor}")
    assert scale_text(one.scale) == text
    assert not re.search(r"-0\b(?!\.)", report(one))
