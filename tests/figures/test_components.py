"""A layer taken apart: the parts, their sums, and the layer's own result."""

import json

import numpy as np
import pytest
from cli.running import ok, run
from figures.common import assert_as_drawn, assert_tidy
from scipy import signal

import imgconv
from imgconv.border import Border
from imgconv.errors import LayerError, OptionError
from imgconv.figures import draw_components
from imgconv.figures.components import components
from imgconv.kernels.value import Learned
from imgconv.layers.conv import Conv
from imgconv.layers.relu import Relu
from imgconv.pipeline.run import Pipeline
from imgconv.words.padding import PADDING

RANDOM = np.random.default_rng(11)
PICTURE = RANDOM.integers(0, 256, (20, 28, 3), np.uint8)
WEIGHTS = RANDOM.normal(size=(4, 3, 5, 5))
LAYER = Pipeline((Conv(Learned(name="w", weights=WEIGHTS, bias=(1.0, 0.0, -2.0, 0.5))),))

REFERENCES = {"components": lambda: draw_components(PICTURE, LAYER)}


@pytest.fixture(scope="module")
def figure():
    return REFERENCES["components"]()


def part(out, source):
    return signal.correlate2d(PICTURE[:, :, source].astype(float), WEIGHTS[out, source], mode="valid")


def test_parts_and_sums_are_those_of_scipy():
    found = components(PICTURE, LAYER)
    for (out, source), values in found.parts.items():
        assert np.allclose(values, part(out, source), atol=1e-9)
    expected = np.stack([sum(part(out, c) for c in range(3)) for out in range(4)], axis=2) + np.array([1, 0, -2, 0.5])
    assert np.allclose(found.sums, expected, atol=1e-9) and np.allclose(found.result, expected, atol=1e-9)
    assert found.error < 1e-9


@pytest.mark.parametrize("padding", ["same", "interpolation"])
def test_padding_stride_and_dilation_are_the_layers(padding):
    layer = Conv(LAYER.layers[0].kernel, PADDING.parse(padding), Border("reflect"), (2, 1), (1, 2))
    found = components(PICTURE, Pipeline((layer,)))
    assert found.sums.shape == (20, 14, 4) and found.error < 1e-9


def test_groups_do_not_reach_each_other():
    weights = Learned(name="w", weights=RANDOM.normal(size=(6, 1, 3, 3)))
    found = components(PICTURE, Pipeline((Conv(weights, groups=3),)))
    assert set(found.parts) == {(out, out // 2) for out in range(6)} and found.error < 1e-9


def test_a_layer_in_the_middle_sees_what_comes_before():
    second = Conv(Learned(name="v", weights=RANDOM.normal(size=(2, 4, 1, 1))))
    found = components(PICTURE, Pipeline((*LAYER.layers, Relu(), second)), 3)
    assert np.allclose(found.inputs, np.maximum(components(PICTURE, LAYER).result, 0)) and found.error < 1e-9


def test_a_matrix_over_channels_is_a_layer_of_weights():
    from imgconv.layers.pointwise import Pointwise

    found = components(PICTURE, Pipeline((Pointwise(imgconv.kernel("sepia")),)))
    assert np.allclose(found.sums, PICTURE @ imgconv.kernel("sepia").matrix.T) and found.error < 1e-9


def test_cells_show_the_parts_and_the_top_row_the_sums(figure):
    images = {axes.get_title() or axes.get_ylabel(): axes.images[0] for axes in figure.axes if axes.images}
    sums = components(PICTURE, LAYER).sums
    for out, bias in enumerate((" + 1", "", " - 2", " + 0.5")):
        title = f"output {out}: sum{bias}" if bias else f"output {out}"
        assert np.array_equal(images[title].get_array(), sums[:, :, out])
        assert images[title].get_clim() == (-abs(sums).max(), abs(sums).max())
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    cells = [np.asarray(values) for values in shown if values.shape == (16, 24)][4:]
    assert len(cells) == 12
    for at, values in enumerate(cells):
        assert np.allclose(values, part(at % 4, at // 4), atol=1e-9)


def test_it_is_tidy_and_looks_as_it_did(figure):
    assert_tidy(figure)
    assert_as_drawn(figure, "components")


@pytest.mark.parametrize("groups", [1, 2, 50])
@pytest.mark.parametrize("shape", [(300, 2, 1, 1), (50, 300, 1, 1), (100, 5, 3, 3), (50, 1, 3, 3)])
def test_many_channels_are_summed_and_few_are_kept(shape, groups):
    outputs, each = shape[:2]
    picture = RANDOM.random((6, 7, each * groups))
    weights = RANDOM.normal(size=shape)
    found = components(picture, Pipeline((Conv(Learned(name="w", weights=weights), groups=groups),)))
    windows = np.lib.stride_tricks.sliding_window_view(picture, shape[2:], axis=(0, 1))
    reach = {out: range(first := out // (outputs // groups) * each, first + each) for out in range(outputs)}
    for out, sources in reach.items():
        expected = np.einsum("yxcij,cij->yx", windows[:, :, list(sources)], weights[out])
        assert np.allclose(found.sums[:, :, out], expected, atol=1e-9)
    assert found.error < 1e-9
    shown = {(out, source) for out, sources in reach.items() for source in sources if out < 8 and source < 8}
    assert set(found.parts) == shown
    for out, source in shown:
        assert np.array_equal(found.filters[out, source], weights[out, source - reach[out].start])


def test_what_cannot_be_taken_apart():
    with pytest.raises(OptionError, match="there is no layer 2; the pipeline has 1"):
        components(PICTURE, LAYER, 2)
    with pytest.raises(OptionError, match=r"^layer: 2 \(relu\) has no weights"):
        components(PICTURE, Pipeline((*LAYER.layers, Relu())), 2)
    with pytest.raises(OptionError, match=r"^layer: 1 \(conv\) has no weights that mix channels"):
        components(PICTURE, Pipeline((Conv(imgconv.kernel("box")),)))
    with pytest.raises(LayerError, match=r"^layer 2 \(conv\): "):
        components(PICTURE, Pipeline((Relu(), Conv(Learned(name="w", weights=np.ones((2, 5, 3, 3)))))), 2)


def test_samples_that_are_not_finite_do_not_hide_the_error_of_the_others():
    picture = PICTURE.astype(np.float32)
    picture[3, 4, 0], picture[12, 20, 1] = np.nan, np.inf
    with np.errstate(all="raise"):
        assert 0 <= components(picture, LAYER).error < 1e-9
    assert components(np.full_like(picture, np.nan), LAYER).error == 0


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    imgconv.write("p.png", PICTURE[:8, :8])
    np.save("w.npy", WEIGHTS[:1])
    said = json.loads(
        ok("draw", "components", "p.png", "--weights", "w.npy", "-o", "c.png", "--dpi", "40", "--json").text
    )
    assert said["error"] < 1e-6 and said["output"]["format"] == "PNG"
    for arguments, code, says in [
        (("p.png", "-o", "d.png"), 2, "--weights: either --weights or --pipeline"),
        (("p.png", "--weights", "w.npy", "--layer", "1", "-o", "d.png"), 2, "--layer: it goes with --pipeline"),
        (("p.png", "--weights", "w.npy", "-o", "d.gif"), 1, "d.gif: a figure is written to .png"),
        (("none.png", "--weights", "w.npy", "-o", "d.png"), 1, "none.png: there is no such file"),
    ]:
        ran = run("draw", "components", *arguments)
        assert ran.code == code and says in ran.err and ran.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.png", "p.png", "w.npy"]
