"""Pipelines: chains, alpha, and learned weights, against SciPy, torch and plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from imgconv import engines
from imgconv.border import Border
from imgconv.errors import ChannelError, SizeError
from imgconv.geometry import Padding
from imgconv.kernels.library import kernel
from imgconv.kernels.value import Learned
from imgconv.layers import Shape
from imgconv.pipeline import run as pipeline
from imgconv.pipeline.run import Pipeline, layer_for
from imgconv.pipeline.target import Target
from imgconv.tone import full_range
from imgconv.words.border import BORDER
from imgconv.words.padding import PADDING

RNG = np.random.default_rng(11)
SAME = PADDING.parse("interpolation")
EDGE = Border("edge")
ENGINE = engines.get("builtin")


def layer(spec, **options):
    return layer_for(kernel(spec), options.pop("padding", SAME), options.pop("border", EDGE), **options)


def target(map_, dtype):
    return Target.of(layer("identity"), map_, np.dtype(dtype))


def blur(plane):
    return ndimage.convolve(plane.astype(float), np.ones((3, 3)) / 9, mode="nearest")


def test_a_chain_is_its_layers_one_after_the_other():
    image = RNG.integers(0, 256, (30, 40, 3)).astype(np.uint8)
    chain = Pipeline((layer("box:size=3"), layer("sobel-x")))
    result = chain.run(image, ENGINE, target("float", "float32")).samples
    for c in range(3):
        wanted = ndimage.sobel(blur(image[:, :, c]), axis=1, mode="nearest")
        np.testing.assert_allclose(result[:, :, c], wanted, atol=2e-3)


def test_a_chain_knows_every_size_before_it_runs():
    chain = Pipeline((layer("box:size=7", stride=(2, 2), padding=PADDING.parse("3")), layer("box:size=5")))
    plan = chain.plan(Shape(224, 100, 3))
    assert [step.output for step in plan.steps] == [(112, 50, 3), (112, 50, 3)]
    with pytest.raises(SizeError, match=r"floor\(\(3 \+ 0 \+ 0"):
        Pipeline((layer("box:size=5", padding=PADDING.parse("valid")),)).plan(Shape(9, 3, 1))


def test_absurd_sizes_are_refused_before_memory_is_asked_for():
    with pytest.raises(SizeError, match="use less padding"):
        Pipeline((layer("box:size=3", padding=PADDING.parse("1000000000")),)).plan(Shape(9, 9, 3))


def test_any_size_is_planned_and_what_is_held_is_limited():
    chain = Pipeline((layer("box:size=3", padding=PADDING.parse("40000")),))
    plan = chain.plan(Shape(9, 9, 3))
    assert plan.output == (80007, 80007, 3)
    with pytest.raises(SizeError, match="use less padding, or let it in with --max-pixels 6402M"):
        chain.run(np.zeros((9, 9, 3), np.uint8), ENGINE, target("clip", "uint8"))
    chain.refuse_held(plan, 80007**2)
    with pytest.raises(SizeError):
        chain.refuse_held(plan, 80007**2 - 1)
    same = Pipeline((layer("box:size=3"),))  # what comes of an array that is held already may be held too
    same.refuse_held(same.plan(Shape(10**6, 10**6, 3)), 1)


def test_transparent_colours_do_not_bleed():
    """A green that nobody can see must not tint the red beside it."""
    image = np.zeros((9, 10, 4), np.uint8)
    image[:, :5] = (255, 0, 0, 255)
    image[:, 5:] = (0, 255, 0, 0)
    result = Pipeline((layer("box:size=3"),)).run(image, ENGINE, target("clip", "uint8"), alpha="premultiply").samples
    seen = result[:, :, 3] > 0
    assert (result[seen][:, :3] == (255, 0, 0)).all()
    np.testing.assert_array_equal(result[4, 3:7, 3], [255, 170, 85, 0])


def test_premultiplied_means_are_those_of_the_formula():
    image = RNG.integers(1, 256, (20, 24, 4)).astype(np.uint8)
    result = Pipeline((layer("box:size=3"),)).run(image, ENGINE, target("clip", "uint8"), alpha="premultiply").samples
    cover = blur(image[:, :, 3])
    np.testing.assert_allclose(result[:, :, 3], cover, atol=0.51)
    for c in range(3):
        wanted = blur(image[:, :, c] * (image[:, :, 3] / 255.0)) * 255 / cover
        np.testing.assert_allclose(result[:, :, c], wanted, atol=0.51)


@pytest.mark.parametrize("border", ["zero", "constant:9", "wrap"])
@pytest.mark.parametrize("spec", ["box:size=3", "sharpen", "1,1;1,1", "sobel", "gray-601", "emboss-relief"])
def test_opaque_alpha_changes_nothing(spec, border):
    colours = RNG.integers(0, 256, (12, 14, 3)).astype(np.uint8)
    opaque = np.dstack([colours, np.full((12, 14), 255, np.uint8)])
    nearly = opaque.copy()
    nearly[0, 0, 3] = 254  # takes the long way round
    filtered = Pipeline((layer(spec, padding=PADDING.parse("same"), border=BORDER.parse(border)),))
    goal = target("clip", "uint8")
    plain = filtered.run(colours, ENGINE, goal).samples
    with_alpha = filtered.run(opaque, ENGINE, goal, alpha="premultiply").samples
    np.testing.assert_array_equal(with_alpha[:, :, :-1], plain)
    assert (with_alpha[:, :, -1] == 255).all()
    long_way = filtered.run(nearly, ENGINE, goal, alpha="premultiply").samples
    np.testing.assert_allclose(long_way[4:8, 4:8, :-1].astype(int), plain[4:8, 4:8], atol=1)


def test_derivatives_leave_alpha_and_see_what_is_seen():
    image = RNG.integers(0, 256, (15, 16, 4)).astype(np.uint8)
    result = Pipeline((layer("sobel-x"),)).run(image, ENGINE, target("float", "float32"), alpha="premultiply").samples
    np.testing.assert_array_equal(result[:, :, 3], image[:, :, 3])
    seen = image[:, :, 0] * (image[:, :, 3] / 255.0)
    np.testing.assert_allclose(result[:, :, 0], ndimage.sobel(seen, axis=1, mode="nearest"), atol=1e-3)


def test_alpha_follows_the_geometry():
    image = RNG.integers(0, 256, (16, 15, 4)).astype(np.uint8)
    filtered = Pipeline((layer("sobel-x", stride=(2, 3), padding=PADDING.parse("valid")),))
    result = filtered.run(image, ENGINE, target("float", "float32"), alpha="keep").samples
    np.testing.assert_array_equal(result[:, :, 3], image[1:-1:3, 1:-1:2, 3])


def test_alpha_as_a_channel_is_filtered_like_any_other():
    image = RNG.integers(0, 256, (16, 15, 4)).astype(np.uint8)
    result = Pipeline((layer("box:size=3"),)).run(image, ENGINE, target("float", "float32"), alpha="filter").samples
    for c in range(4):
        np.testing.assert_allclose(result[:, :, c], blur(image[:, :, c]), rtol=1e-6)


def test_a_matrix_over_channels_wants_its_channels():
    plan = Pipeline((layer("gray-601"),)).plan
    assert plan(Shape(5, 4, 3)).output == (5, 4, 1)
    with pytest.raises(ChannelError, match="takes 3 channels, but the image has 1"):
        plan(Shape(5, 4, 1))


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize(("stride", "dilation", "padding"), [(1, 1, 0), (2, 1, 3), (1, 2, 2), (3, 2, 1)])
def test_learned_weights_give_what_torch_gives(groups, stride, dilation, padding):
    torch = pytest.importorskip("torch")
    image = RNG.normal(size=(17, 19, 3))
    weights, bias = RNG.normal(size=(6, 3 // groups, 3, 2)), RNG.normal(size=6)
    learned = Learned(name="layer", weights=weights, bias=tuple(bias))
    one = layer_for(learned, PADDING.parse(str(padding)), Border("zero"), (stride, stride), (dilation, dilation))
    result = Pipeline((one,)).run(image, ENGINE, target("float", "float64")).samples
    wanted = torch.nn.functional.conv2d(
        torch.tensor(image).permute(2, 0, 1)[None],
        torch.tensor(weights),
        torch.tensor(bias),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )
    np.testing.assert_allclose(result, wanted[0].permute(1, 2, 0).numpy(), atol=1e-12)


@pytest.mark.parametrize("border", ["edge", "zero", "wrap", "reflect"])
@pytest.mark.parametrize("stride", [(1, 1), (3, 2)])
@pytest.mark.parametrize("spec", ["box:size=7", "sharpen", "sobel", "sobel-angle"])
@pytest.mark.parametrize("alpha", ["premultiply", "keep"])
def test_alpha_by_parts_is_alpha_at_once(monkeypatch, border, stride, spec, alpha):
    image = np.random.default_rng(6).random((97, 50, 4))
    layer = layer_for(kernel(spec), Padding("same"), BORDER.parse(border), stride)
    results = []
    for samples in (1, 10**9):
        monkeypatch.setattr(pipeline, "PART_SAMPLES", samples)
        target = Target("float", np.dtype(float))
        results.append(Pipeline((layer,)).run(image, engines.get("builtin"), target, alpha=alpha))
    parts, once = results
    assert np.allclose(parts.samples, once.samples, rtol=1e-12, atol=1e-12)
    assert parts.stats.total == once.stats.total
    assert np.allclose([parts.stats.minimum, parts.stats.maximum], [once.stats.minimum, once.stats.maximum])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_stretching_is_what_it_is_from_floats(dtype):
    image = (np.random.default_rng(7).random((200, 130, 3)) * full_range(dtype)).astype(dtype)
    layer = layer_for(kernel("sobel"), Padding("same"), BORDER.parse("edge"))
    chain, engine = Pipeline((layer,)), engines.get("builtin")
    floats = chain.run(image, engine, Target(None, np.dtype("f4"))).samples.astype(float)
    result = chain.run(image, engine, Target("stretch", np.dtype(dtype)))
    expected = (floats - floats.min()) / (floats.max() - floats.min()) * full_range(dtype)
    assert np.abs(result.samples - expected).max() <= (0.51 if np.dtype(dtype).kind == "u" else 1e-5)
    assert (result.stats.minimum, result.stats.maximum) == (floats.min(), floats.max())
