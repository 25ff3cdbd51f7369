"""Windows that slide: every step's numbers, what is drawn of them, and the animations of the literature."""

import json
import os
import re
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from cli.running import ok, run
from figures.common import assert_as_drawn, assert_tidy
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import imgconv
from imgconv.errors import ImgconvError, OptionError, SizeError
from imgconv.figures import draw_steps
from imgconv.figures.parts.stepplan import BORDER, IMAGE, INSERTED, NOTHING, steps_of
from imgconv.figures.parts.stepscene import scene_of, sum_text
from imgconv.figures.steps import example
from imgconv.kernels.value import Kernel, Learned, Pointwise
from imgconv.layers.conv import Conv
from imgconv.layers.depthwise_separable import DepthwiseSeparable
from imgconv.layers.pool import Pool
from imgconv.layers.relu import Relu
from imgconv.layers.transposed import Transposed
from imgconv.words.border import BORDER as BORDERS
from imgconv.words.padding import PADDING

TAPS = Kernel(name="k", weights=[[0, 1, 2], [2, 2, 0], [0, 1, 2]])
REFERENCES = {"steps-sheet": lambda: draw_steps(example(6, 5), Conv(TAPS, stride=(2, 2)), sheet=True)}

small = st.integers(1, 3)
pairs = st.tuples(small, small)
paddings = st.sampled_from(["valid", "same", "full", "1", "2,0,1,0", "interpolation"]).map(PADDING.parse)
borders = st.sampled_from(["zero", "edge", "symmetric", "reflect", "wrap", "constant:3"]).map(BORDERS.parse)


@st.composite
def slid(draw):
    """A layer of any kind and an input that it goes with."""
    rows, cols, groups = draw(st.integers(1, 7)), draw(st.integers(1, 7)), draw(st.integers(1, 2))
    window, stride, dilation, padding = draw(pairs), draw(pairs), draw(pairs), draw(paddings)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pixels = rng.integers(-9, 10, (rows, cols, 2 * groups)).astype(float)
    taps = rng.normal(size=window)
    match draw(st.sampled_from(["kernel", "weights", "transposed", "max", "min", "mean"])):
        case "kernel":
            kernel = Kernel(name="k", weights=taps)
            return pixels, Conv(kernel, padding, draw(borders), stride, dilation, draw(st.booleans()), None, (1.5,))
        case "weights":
            weights = Learned(name="w", weights=rng.normal(size=(2 * groups, 2, *window)), bias=(1.0, 2.0) * groups)
            return pixels, Conv(weights, padding, draw(borders), stride, dilation, groups=groups)
        case "transposed":
            weights = Learned(name="w", weights=rng.normal(size=(2 * groups, 2, *window)))
            return pixels, Transposed(weights, stride, padding, None, dilation, groups=groups, bias=(0.5,))
        case "mean":
            return pixels, Pool(mean=window, stride=stride, padding=padding, border=draw(borders))
        case method:
            shape = {method: window, "stride": stride, "padding": padding, "ceil_mode": draw(st.booleans())}
            return pixels, Pool(**shape, border=draw(st.none() | borders), dilation=dilation)


@given(slid())
@settings(max_examples=60, deadline=None)
def test_products_and_bias_sum_to_what_the_layer_gives(case):
    pixels, layer = case
    try:
        steps = steps_of(pixels, layer)
    except SizeError:
        return
    except OptionError as error:
        assert error.option in ("padding", "output-padding")
        return
    for window in steps:
        values = window.values
        if window.taps is not None:
            made = float((window.taps * values).sum() + steps.bias[window.output[0]])
        elif np.isnan(values).all():
            continue
        else:
            made = float({"max": np.nanmax, "min": np.nanmin, "mean": np.mean}[layer.method](values))
        assert made == pytest.approx(window.result, abs=1e-9)


def test_cells_say_what_they_are():
    steps = steps_of(example(3, 3), Transposed(TAPS, (2, 2), PADDING.parse("1")))
    assert steps.kinds.tolist()[0] == [BORDER] * 7
    assert steps.kinds.tolist()[1] == [BORDER, IMAGE, INSERTED, IMAGE, INSERTED, IMAGE, BORDER]
    steps = steps_of(example(3, 3), Pool(max=(2, 2), ceil_mode=True))
    assert steps.kinds[0].tolist() == [IMAGE] * 3 + [NOTHING] and np.isnan(steps.padded[0, 0, 3])
    steps = steps_of(example(6, 6), Conv(TAPS, stride=(2, 2)))
    assert steps.reached[0].tolist() == [True] * 5 + [False]


def test_the_scene_holds_the_numbers():
    steps = steps_of(example(4, 4), Conv(TAPS, correlate=True))
    texts = [label.text for label in scene_of(steps, 1).labels]
    for number in (*example(4, 4).ravel(), *TAPS.weights.ravel()):
        assert f"{number:.0f}" in texts
    part = example(4, 4)[:3, 1:4, 0]
    assert f"{(part * TAPS.weights).sum():.0f}" in texts and "step 2 of 4: row 0, column 1" in texts
    assert any(text.startswith("width floor((4 + 0 + 0 - 1*(3 - 1) - 1) / 1) + 1 = 2") for text in texts)
    sizes = {scene_of(steps, at)[:2] for at in range(4)}
    assert len(sizes) == 1


def test_sums_are_written_out():
    steps = steps_of(
        np.array([[[3.0], [-2.0]]]), Conv(Kernel(name="k", weights=[[2, -1]]), correlate=True, bias=(1.0,))
    )
    assert sum_text(steps, steps.window(0)) == "3*2 + -2*(-1) + bias 1 = 9"


# The animations of Dumoulin and Visin's guide (2016), by its figures, and the size of what comes out.
SCRIPT = Path(__file__).parents[2] / "samples" / "animations.sh"
GUIDE = dict(re.findall(r"^animation (\S+) (.+)$", SCRIPT.read_text(encoding="utf-8"), flags=re.MULTILINE))
SIDES = {  # of the outputs, as the guide has them
    "no-padding": 2,
    "arbitrary-padding": 6,
    "same-padding": 5,
    "full-padding": 7,
    "strides": 2,
    "padding-strides": 3,
    "padding-strides-odd": 3,
    "dilation": 3,
    "no-padding-transposed": 4,
    "arbitrary-padding-transposed": 5,
    "same-padding-transposed": 5,
    "full-padding-transposed": 5,
    "strides-transposed": 5,
    "padding-strides-transposed": 5,
    "padding-strides-odd-transposed": 6,
}


def test_the_script_has_the_guides_animations():
    assert GUIDE.keys() == SIDES.keys()


def test_the_script_draws_those_that_are_asked_for(tmp_path):
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    command = ["sh", SCRIPT, tmp_path, "no-padding"]
    done = subprocess.run(command, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [file.name for file in tmp_path.iterdir()] == ["no-padding.gif"]
    assert subprocess.run(["sh", SCRIPT], capture_output=True, check=False).returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", GUIDE)
def test_the_guides_animations(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    words, side = GUIDE[name], SIDES[name]
    said = json.loads(ok("draw", "steps", *words.split(), "-o", "a.gif", "--json").text)
    assert said["output"]["frames"] == side**2 and said["notes"] == []
    with Image.open("a.gif") as image:
        assert image.n_frames == side**2 and image.size == (said["output"]["width"], said["output"]["height"])


def test_frames_have_few_colours_and_one_size():
    animation = draw_steps(example(3, 3), Conv(TAPS, PADDING.parse("1"), None, (2, 2)), duration=100, hold=700)
    frames = list(animation.frames())
    assert len(frames) == 4 and len({frame.shape for frame in frames}) == 1
    assert animation.durations == (100, 100, 100, 700)
    assert all(len(np.unique(frame @ np.array([1, 256, 65536]))) <= 256 for frame in frames)
    assert not np.array_equal(frames[0], frames[1])


def test_some_steps_are_left_out_but_never_the_last():
    animation = draw_steps(example(5, 5), Conv(TAPS), every=4)
    assert len(animation.durations) == 3  # steps 1, 5 and 9


@pytest.fixture(scope="module")
def sheet():
    return REFERENCES["steps-sheet"]()


def test_a_sheet_has_a_panel_for_every_step(sheet):
    assert [axes.get_title() for axes in sheet.axes if axes.get_title()] == [f"step {at}" for at in range(1, 5)]
    title = sheet.get_suptitle()
    assert "width floor((6 + 0 + 0 - 1*(3 - 1) - 1) / 2) + 1 = 2" in title and "1 column at the right" in title


def test_a_sheet_is_tidy_and_looks_as_it_did(sheet):
    assert_tidy(sheet)
    assert_as_drawn(sheet, "steps-sheet")


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda: draw_steps(example(30, 2), Conv(TAPS)), "30x2 cells, more than 24"),
        (lambda: draw_steps(example(9, 9, 7), Conv(TAPS)), "7 channels, more than the 6"),
        (
            lambda: draw_steps(example(20, 20), Conv(TAPS), sheet=True),
            r"324 steps are more than the 64.*--every 6 fits",
        ),
        (lambda: draw_steps(example(3, 3), Transposed(TAPS, (20, 20))), "the output has 43x43 cells"),
        (lambda: draw_steps(example(3, 3), Relu()), "relu has no single window that slides"),
        (lambda: draw_steps(example(3, 3), Conv(imgconv.kernel("sobel"))), "several kernels combined"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, says):
    with pytest.raises(ImgconvError, match=says):
        draw()


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    imgconv.write("p.png", np.arange(40 * 30, dtype=np.uint8).reshape(30, 40))
    ran = ok("draw", "steps", "p.png", "-k", "sobel-x", "-s", "3", "-o", "a.gif")
    assert "the middle 8x8 of 40x30 pixels is drawn" in ran.text and "4 frames" in ran.text
    for words, code, says in [
        ("5x5 -o a.pdf", 1, "--sheet draws the steps side by side"),
        ("5x5 --sheet -o b.gif", 1, "a figure is written to"),
        ("5x5 -k 2 --max --groups 2 -o b.gif", 2, "--groups: a pooling has none"),
        ("5x5 -k sobel-x --max -o b.gif", 2, "--kernel: a pooling has a window"),
        ("5x5 --ceil-mode -o b.gif", 2, "--ceil-mode: only a pooling"),
        ("5x5 --region 0,0,2x2 -o b.gif", 2, "--region: it is the part of an image"),
        ("p.png --region 39,0,4x4 -o b.gif", 2, "does not lie within p.png, which is 40x30"),
        ("p.png --channels 2 -o b.gif", 2, "--channels: an image has its own"),
        ("5x5 --channels 3 --groups 2 -o b.gif", 2, "--groups: 2 must divide the 3 channels"),
        ("2x2 -k 3 -o b.gif", 1, "width"),
        ("5x5 --cmap gray -o b.gif", 2, "--cmap"),
        ("none.png -o b.gif", 1, "none.png: there is no such file"),
    ]:
        ran = run("draw", "steps", *words.split())
        assert ran.code == code and says in ran.err and ran.err.count("\n") == 1, ran
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gif", "p.png"]
    with Image.open("a.gif") as image:
        assert image.n_frames == 4


def test_samples_that_are_not_finite_are_written_so():
    scene = scene_of(steps_of(np.array([[np.inf, np.nan], [-np.inf, 2.0]])[:, :, None], Pool(max=(1, 1))), 3)
    assert {"inf", "nan", "-inf", "2"} <= {label.text for label in scene.labels}


@pytest.mark.slow
def test_no_number_of_a_sheet_is_too_small_to_read():
    pixels = np.random.default_rng(2).normal(size=(6, 6, 1)) * 1e-5
    figure = draw_steps(pixels, Conv(imgconv.kernel("gaussian3")), sheet=True, every=2)
    assert_tidy(figure)
    with pytest.raises(OptionError, match=r"every: 48 steps .* --every (\d+) fits") as refused:
        draw_steps(np.full((6, 6, 3), 1234.5), Conv(imgconv.kernel("sobel-x")), sheet=True)
    every = int(re.search(r"every (\d+)", str(refused.value).partition(";")[2])[1])
    assert_tidy(draw_steps(np.full((6, 6, 3), 1234.5), Conv(imgconv.kernel("sobel-x")), sheet=True, every=every))


def test_a_layer_of_several_windows_is_refused():
    weights = Learned(name="w", weights=np.ones((3, 1, 3, 3)))
    layer = DepthwiseSeparable(weights, matrix=Pointwise(name="m", matrix=np.ones((2, 3))))
    with pytest.raises(OptionError, match="depthwise-separable has no single window that slides"):
        steps_of(np.ones((6, 7, 3)), layer)
