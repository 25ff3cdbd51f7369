"""Feature maps drawn: the values of every layer, each on its own scale."""

import numpy as np
import pytest
from cli.running import ok, run
from figures.common import assert_as_drawn, assert_tidy

import imgconv
from imgconv.errors import ImgconvError
from imgconv.figures import draw_layers
from imgconv.kernels.value import Learned
from imgconv.layers.conv import Conv
from imgconv.layers.pool import Pool
from imgconv.layers.relu import Relu
from imgconv.pipeline.run import Pipeline

RANDOM = np.random.default_rng(4)
PICTURE = RANDOM.integers(0, 256, (24, 36, 3), np.uint8)
CHAIN = Pipeline((Conv(Learned(name="w", weights=RANDOM.normal(size=(6, 3, 3, 3)))), Relu(), Pool(max=(2, 2))))
REFERENCES = {"layers": lambda: draw_layers(PICTURE, CHAIN, title="Three layers")}


@pytest.fixture(scope="module")
def figure():
    return REFERENCES["layers"]()


def panels(figure):
    return {axes.get_title().partition("\n")[0]: axes for axes in figure.axes if axes.images}


def test_maps_are_what_the_functions_compute(figure):
    planes = PICTURE.transpose(2, 0, 1).astype(np.float32)
    conv = imgconv.conv2d(planes, CHAIN.layers[0].kernel.weights.astype(np.float32))
    expected = {
        "1 conv: 34x22x6": conv,
        "2 relu: 34x22x6": np.maximum(conv, 0),
        "3 pool: 17x11x6": imgconv.max_pool2d(np.maximum(conv, 0), 2),
    }
    shown = panels(figure)
    for title, maps in expected.items():
        images = shown[title].images
        assert len(images) == 6
        for image, values in zip(images, maps, strict=True):
            assert np.allclose(image.get_array(), values, rtol=1e-5, atol=1e-2)
            top = float(np.abs(image.get_array()).max())
            low = -top if title.startswith("1") else float(image.get_array().min())
            assert image.get_clim() == pytest.approx((low, top or 1.0))


def test_headings_say_size_field_and_jump(figure):
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles[0] == "input\n36x24x3"
    assert titles[3] == "3 pool: 17x11x6\nsees 4x4 px, jump 2"


def test_it_is_tidy_and_looks_as_it_did(figure):
    assert_tidy(figure)
    assert_as_drawn(figure, "layers")


def test_a_shared_scale():
    figure = draw_layers(PICTURE, CHAIN, layer=1, shared=True)
    images = panels(figure)["1 conv: 34x22x6"].images
    assert len({image.get_clim() for image in images}) == 1 and set(panels(figure)) >= {"input", "1 conv: 34x22x6"}


def test_many_maps_are_counted():
    weights = Learned(name="w", weights=RANDOM.normal(size=(70, 3, 1, 1)))
    axes = panels(draw_layers(PICTURE[:4, :4], Pipeline((Conv(weights),))))["1 conv: 4x4x70"]
    assert len(axes.images) == 64 and axes.get_title().endswith("the first 64 of 70")


@pytest.mark.parametrize(
    ("chain", "layer", "says"),
    [
        (CHAIN, 4, "there is no layer 4; the pipeline has 3"),
        (Pipeline((Relu(),) * 25), None, "25 layers are more than the 24"),
        (Pipeline((Pool(max=(99, 99)),)), None, "width"),
    ],
)
def test_what_cannot_be_drawn(chain, layer, says):
    with pytest.raises(ImgconvError, match=says):
        draw_layers(PICTURE, chain, layer=layer)


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    imgconv.write("p.png", PICTURE[:8, :8])
    (tmp_path / "l.yaml").write_text("- pool: {max: 2}\n")
    assert ok("draw", "layers", "p.png", "--pipeline", "l.yaml", "-o", "l.svg").text.startswith("output   l.svg: ")
    ran = run("draw", "layers", "p.png", "--pipeline", "l.yaml", "--layer", "2", "-o", "m.svg")
    assert ran.code == 2 and ran.err == "imgconv: --layer: there is no layer 2; the pipeline has 1\n"
