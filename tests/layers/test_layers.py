"""Every layer against torch, SciPy or plain NumPy, on pixels; and what each plans against what each makes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

from imgconv import engines, layers
from imgconv.border import Border
from imgconv.errors import BranchError, ChannelError, ImgconvError, LayerError, OptionError, SizeError
from imgconv.kernels.library import kernel
from imgconv.kernels.value import Kernel, Learned, Offset
from imgconv.kernels.value import Pointwise as Matrix
from imgconv.layers import Shape, find, names
from imgconv.pipeline.run import Pipeline
from imgconv.pipeline.target import Target
from imgconv.words.padding import PADDING

RNG = np.random.default_rng(23)
ENGINE = engines.get("builtin")
PICTURE = RNG.normal(size=(14, 17, 6))
CHANNELS_FIRST = np.moveaxis(PICTURE, 2, 0)


def learned(*shape, bias=()):
    return Learned(name="weights", weights=RNG.normal(size=shape), bias=tuple(bias))


def taps(rows, cols):
    return Kernel(name="taps", weights=RNG.normal(size=(rows, cols)))


def matrix(out, into, bias=()):
    return Matrix(name="matrix", matrix=RNG.normal(size=(out, into)), bias=bias)


def layer(name, *fields, **named):
    return find(name)(*fields, **named)


def padding(text):
    return PADDING.parse(text)


def run(*chain, pixels=PICTURE):
    plan = Pipeline(chain).plan(Shape(pixels.shape[1], pixels.shape[0], pixels.shape[2]))
    made = plan.run(pixels, ENGINE, Target(None, np.dtype("float64"))).samples
    assert made.shape == (plan.output.height, plan.output.width, plan.output.channels)
    return made


def torch_of(function, *arguments, pixels=PICTURE, **named):
    """Call a function of torch.nn.functional on the picture; arrays among the arguments become tensors."""
    torch = pytest.importorskip("torch")

    def tensor(value):
        return torch.from_numpy(np.ascontiguousarray(value)) if isinstance(value, np.ndarray) else value

    call = getattr(torch.nn.functional, function)
    made = call(
        tensor(np.moveaxis(pixels, 2, 0))[None],
        *map(tensor, arguments),
        **{name: tensor(value) for name, value in named.items()},
    )
    return np.moveaxis(made[0].numpy(), 0, 2)


def agree(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


# --- convolutions -----------------------------------------------------------------------------------------------------

CONVOLUTIONS = {
    "conv": ((learned(4, 6, 3, 5, bias=[1.0, -2, 3, 4]),), {"padding": padding("2x1"), "stride": (1, 2)}, 1),
    "dilated": ((learned(4, 6, 3, 3),), {"dilation": (2, 3), "padding": padding("2x3")}, 1),
    "strided": ((learned(4, 6, 2, 2),), {}, 1),
    "grouped": ((learned(4, 3, 3, 3),), {"groups": 2, "bias": (1.0, 2.0, 3.0, 4.0)}, 2),
    "depthwise": ((learned(12, 1, 3, 3),), {"padding": padding("1")}, 6),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_with_channels(name):
    fields, named, groups = CONVOLUTIONS[name]
    one = layer(name, *fields, **named)
    (x, y), (across, down) = one.stride, one.dilation
    left, top, _, _ = one.padding.amounts or (0, 0, 0, 0)
    bias = one.bias or one.kernel.bias
    wanted = torch_of(
        "conv2d",
        one.kernel.weights.copy(),
        np.array(bias) if bias else None,
        stride=(y, x),
        padding=(top, left),
        dilation=(down, across),
        groups=groups,
    )
    agree(run(one), wanted)


@pytest.mark.parametrize("name", ["conv", "depthwise", "dilated", "strided"])
@pytest.mark.parametrize("correlate", [False, True])
def test_a_kernel_filters_every_channel_by_itself(name, correlate):
    one = layer(name, taps(3, 4), correlate=correlate, padding=padding("full"))
    dilation, stride = one.dilation, one.stride
    spread = np.zeros((2 * dilation[1] + 1, 3 * dilation[0] + 1))
    spread[:: dilation[1], :: dilation[0]] = one.kernel.weights[::-1, ::-1] if correlate else one.kernel.weights
    wanted = np.stack([signal.convolve2d(plane, spread) for plane in CHANNELS_FIRST], axis=2)
    agree(run(one), wanted[:: stride[1], :: stride[0]])


def test_weights_run_by_the_other_engine_are_the_same():
    one = layer("conv", learned(4, 3, 3, 3, bias=[1, 2, 3, 4.0]), padding("same"), Border("reflect"))
    plan = Pipeline((one,)).plan(Shape(17, 14, 6))
    goal = Target(None, np.dtype("float64"))
    agree(*(plan.run(PICTURE, engines.get(name), goal).samples for name in ("builtin", "scipy")))


def test_a_kernel_takes_one_bias():
    one = layer("conv", taps(3, 3), bias=(2.5,))
    agree(run(one), run(one.replace(bias=())) + 2.5)
    with pytest.raises(OptionError, match="one number for all"):
        run(one.replace(bias=(1.0, 2.0)))


def test_pointwise():
    mixer = matrix(4, 6, bias=tuple(Offset(value) for value in (1.0, 2.0, 3.0, 4.0)))
    wanted = torch_of("conv2d", mixer.matrix[:, :, None, None].copy(), np.array([1.0, 2, 3, 4]))
    agree(run(layer("pointwise", mixer)), wanted)
    agree(run(layer("pointwise", kernel("swap-bgr")), pixels=PICTURE[:, :, :3]), PICTURE[:, :, 2::-1])


@pytest.mark.parametrize("correlate", [False, True])
def test_separable_is_the_outer_product(correlate):
    row, column = (1.0, 2.0, -1.0), (0.5, -3.0, 2.0, 1.0)
    options = {"padding": padding("1,2,3,4"), "stride": (2, 3), "dilation": (2, 1), "correlate": correlate}
    one = layer("separable", row, column, **options)
    product = layer("conv", Kernel(name="product", weights=np.outer(column, row)), **options)
    agree(run(one), run(product))


@pytest.mark.parametrize("border", ["edge", "wrap", "reflect"])
def test_separable_with_borders(border):
    one = layer("separable", (1.0, 2.0, 1.0), (-1.0, 0.0, 1.0), padding("same"), Border(border))
    mode = {"edge": "nearest", "wrap": "wrap", "reflect": "mirror"}[border]
    wanted = ndimage.convolve(PICTURE[:, :, 0], np.outer([-1.0, 0, 1], [1, 2, 1]), mode=mode)
    agree(run(one)[:, :, 0], wanted)


def test_flattened_is_the_sum_of_both():
    one = layer("flattened", (1.0, 2.0, 4.0), (3.0, -1.0, 5.0, 2.0, 1.0))
    rows, cols = (
        ndimage.convolve1d(PICTURE, one_axis, axis, mode="constant")
        for one_axis, axis in ((one.column, 0), (one.row, 1))
    )
    agree(run(one), rows + cols)
    with pytest.raises(OptionError, match="branch 1 makes 17x10x6 and branch 2 makes 15x14x6"):
        run(one.replace(padding=padding("valid")))


def test_depthwise_separable():
    one = layer("depthwise-separable", learned(12, 1, 3, 3), padding("1"), matrix=matrix(5, 12))
    middle = torch_of("conv2d", one.kernel.weights.copy(), padding=1, groups=6)
    agree(run(one), middle @ one.matrix.matrix.T)


def test_shuffled_grouped():
    torch = pytest.importorskip("torch")
    one = layer("shuffled-grouped", learned(8, 3, 3, 3), groups=2)
    made = np.moveaxis(torch_of("conv2d", one.kernel.weights.copy(), groups=2), 2, 0)
    shuffled = torch.nn.functional.channel_shuffle(torch.from_numpy(np.ascontiguousarray(made))[None], 2)[0].numpy()
    agree(run(one), np.moveaxis(shuffled, 0, 2))
    agree(run(layer("shuffle", 3)), np.moveaxis(CHANNELS_FIRST[[0, 2, 4, 1, 3, 5]], 0, 2))


@pytest.mark.parametrize(("stride", "pads", "extra", "dilation"), [(2, 1, 1, 1), (3, 0, 0, 2), (1, 2, 0, 1)])
@pytest.mark.parametrize("groups", [1, 2])
def test_transposed(stride, pads, extra, dilation, groups):
    weights, bias = learned(6, 4, 3, 3), tuple(RNG.normal(size=4 * groups))
    one = layer(
        "transposed",
        weights,
        (stride, stride),
        padding(str(pads)),
        (extra, extra),
        (dilation, dilation),
        groups=groups,
        bias=bias,
    )
    wanted = torch_of(
        "conv_transpose2d", weights.weights.copy(), np.array(bias), stride, pads, extra, groups, (dilation, dilation)
    )
    agree(run(one), wanted)


@pytest.mark.parametrize("correlate", [False, True])
def test_a_transposed_kernel_enlarges_every_channel_by_itself(correlate):
    one = layer("transposed", taps(3, 3), (2, 2), padding("same"), correlate=correlate)
    spread = np.zeros((27, 33))
    spread[::2, ::2] = PICTURE[:, :, 5]
    mask = one.kernel.weights[::-1, ::-1] if correlate else one.kernel.weights
    # 'same' cuts nothing off before and lets the kernel hang over by one after.
    wanted = np.pad(signal.convolve2d(spread, mask), ((0, 1), (0, 1)))[:28, :34]
    agree(run(one)[:, :, 5], wanted)


# --- windows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("method", ["max", "min", "mean"])
def test_pool(method, ceil_mode):
    one = layer("pool", **{method: (3, 2)}, stride=(2, 3), padding=padding("1"), ceil_mode=ceil_mode)
    options = {"stride": (3, 2), "padding": (1, 1), "ceil_mode": ceil_mode}
    if method == "mean":
        wanted = torch_of("avg_pool2d", (2, 3), **options)
    else:
        sign = 1 if method == "max" else -1
        wanted = sign * torch_of("max_pool2d", (2, 3), pixels=sign * PICTURE, **options)
    agree(run(one), wanted)


def test_pool_dilated():
    agree(run(layer("pool", max=(3, 3), stride=(1, 1), dilation=(2, 2))), torch_of("max_pool2d", 3, 1, dilation=2))
    box = np.full((6, 1, 2, 2), 0.25)
    one = layer("pool", mean=(2, 2), stride=(1, 1), dilation=(3, 3), padding=padding("1"))
    agree(run(one), torch_of("conv2d", box, stride=1, padding=1, dilation=3, groups=6))


@pytest.mark.parametrize("method", ["max", "mean", "min"])
def test_pool_with_a_border(method):
    one = layer("pool", **{method: (3, 3)}, stride=(1, 1), padding=padding("interpolation"))
    filters = {"max": ndimage.maximum_filter, "mean": ndimage.uniform_filter, "min": ndimage.minimum_filter}
    agree(run(one), filters[method](PICTURE, (3, 3, 1), mode="nearest"))


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("align", [False, True])
def test_resize(method, align):
    if method == "nearest" and align:
        with pytest.raises(OptionError, match="align_corners"):
            layer("resize", (2, 1), method=method, align_corners=True)
        return
    options = {} if method == "nearest" else {"align_corners": align}
    one = layer("resize", (3, 2), method=method, **({} if method == "nearest" else {"align_corners": align}))
    agree(run(one), torch_of("interpolate", size=(21, 25), mode=method, **options))
    given = layer("resize", size=(9, 31), method=method, **({} if method == "nearest" else {"align_corners": align}))
    agree(run(given), torch_of("interpolate", size=(31, 9), mode=method, **options))


@pytest.mark.parametrize(
    ("border", "mode"),
    [("zero", "constant"), ("edge", "edge"), ("reflect", "reflect"), ("symmetric", "symmetric"), ("wrap", "wrap")],
)
def test_pad(border, mode):
    one = layer("pad", padding("1,2,3,4"), Border(border))
    agree(run(one), np.pad(PICTURE, ((2, 4), (1, 3), (0, 0)), mode=mode))


# --- pixel by pixel ---------------------------------------------------------------------------------------------------

PIXELWISE = {
    "relu": ((), lambda x: np.where(x > 0, x, 0)),
    "abs": ((), np.fabs),
    "square": ((), lambda x: x * x),
    "bias": (((Offset(1.5),),), lambda x: x + 1.5),
    "threshold": ((Offset(0.25), Offset(7.0), Offset(-1.0)), lambda x: np.array([-1.0, 7.0])[(x > 0.25).astype(int)]),
    "select": (((5, 0, 0),), lambda x: x[..., [5, 0, 0]]),
    "normalise": (((0.5,), (0.25,)), lambda x: (x - 0.5) / 0.25),
}


@pytest.mark.parametrize("name", PIXELWISE)
def test_pixelwise_layers(name):
    fields, formula = PIXELWISE[name]
    agree(run(layer(name, *fields)), formula(PICTURE))


def test_square_roots_below_zero_are_no_numbers():
    found = run(layer("sqrt"))
    np.testing.assert_allclose(found[PICTURE >= 0] ** 2, PICTURE[PICTURE >= 0])
    assert np.isnan(found[PICTURE < 0]).all()


def test_normalise_scales_samples_of_any_depth():
    samples = RNG.integers(0, 65536, (4, 5, 3)).astype(np.uint16)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    plan = Pipeline((layer("normalise", mean, std),)).plan(Shape(5, 4, 3))
    found = plan.run(samples, ENGINE, Target(None, np.dtype("float32"))).samples
    np.testing.assert_allclose(found, (samples / 65535 - mean) / std, atol=1e-5)


def test_samples_after_normalise_are_shown_on_its_scale():
    samples = RNG.integers(0, 256, (4, 5, 3)).astype(np.uint8)
    half = (layer("normalise"), layer("bias", (Offset(share=0.5),)), layer("bias", (Offset(-0.5),)))
    plan = Pipeline(half).plan(Shape(5, 4, 3))
    found = plan.run(samples, ENGINE, Target("clip", np.dtype("uint8"))).samples
    np.testing.assert_array_equal(found, samples)


def test_threshold_keeps_what_is_above():
    one = layer("threshold", Offset(0.5), below=Offset(-3.0), keep=True)
    agree(run(one), torch_of("threshold", 0.5, -3.0))


# --- branches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["magnitude", "max", "sum", "concatenate"])
def test_combine(method):
    one, two = layer("conv", taps(3, 3)), layer("pool", max=(3, 3), stride=(1, 1))
    a, b = run(one), run(two)
    wanted = {
        "magnitude": np.hypot(a, b),
        "max": np.maximum(a, b),
        "sum": a + b,
        "concatenate": np.dstack([a, b]),
    }[method]
    agree(run(layer("combine", method, ((one,), (two,)))), wanted)


def test_branches_that_do_not_agree_are_refused():
    one, two = (layer("conv", taps(size, 3)) for size in (3, 5))
    with pytest.raises(OptionError, match="branch 1 makes 15x12x6 and branch 2 makes 15x10x6"):
        run(layer("combine", "sum", ((one,), (two,))))
    with pytest.raises(
        BranchError, match=r"^branch 2, layer 1 \(conv\): window 99 is higher than the 14 rows it gets$"
    ):
        run(layer("combine", "sum", ((one,), (layer("conv", taps(99, 3)),))))
    with pytest.raises(OptionError, match="'summ' is not one of"):
        layer("combine", "summ", ((one,), (two,)))
    with pytest.raises(OptionError, match="two or more"):
        layer("combine", "sum", ((one,),))


# --- all of them ------------------------------------------------------------------------------------------------------

EVERY = {
    "conv": lambda: layer("conv", kernel("box:size=3"), padding("same")),
    "pointwise": lambda: layer("pointwise", matrix(2, 6)),
    "separable": lambda: layer("separable", (1.0, 1.0), (1.0, 2.0, 1.0)),
    "depthwise": lambda: layer("depthwise", learned(6, 1, 3, 3)),
    "depthwise-separable": lambda: layer("depthwise-separable", learned(6, 1, 3, 3), matrix=matrix(2, 6)),
    "grouped": lambda: layer("grouped", learned(4, 3, 3, 3), groups=2),
    "shuffled-grouped": lambda: layer("shuffled-grouped", learned(4, 3, 3, 3), groups=2),
    "transposed": lambda: layer("transposed", taps(4, 3), (2, 3), padding("1")),
    "dilated": lambda: layer("dilated", kernel("sobel-x")),
    "flattened": lambda: layer("flattened", (1.0, 1.0), (1.0, 2.0, 1.0)),
    "pool": lambda: layer("pool", max=(3, 2), padding=padding("1"), ceil_mode=True),
    "strided": lambda: layer("strided", kernel("gaussian:sigma=1")),
    "bias": lambda: layer("bias", (Offset(1.0),)),
    "relu": lambda: layer("relu"),
    "abs": lambda: layer("abs"),
    "square": lambda: layer("square"),
    "sqrt": lambda: layer("sqrt"),
    "threshold": lambda: layer("threshold"),
    "combine": lambda: layer("combine", "max", ((layer("relu"),), (layer("abs"),))),
    "resize": lambda: layer("resize", (2, 3)),
    "pad": lambda: layer("pad", padding("1,2,3,4")),
    "normalise": lambda: layer("normalise"),
    "select": lambda: layer("select", (1, 2)),
    "shuffle": lambda: layer("shuffle", 2),
}


def test_every_layer_is_here():
    assert sorted(EVERY) == names()


@pytest.mark.parametrize("name", EVERY)
def test_alpha_goes_the_way_of_the_colours(name):
    """The alpha channel has the size of the colours, stays opaque where it was, and lies within black and white."""
    one = EVERY[name]()
    assert one.kind == name
    colours = RNG.integers(0, 256, (14, 17, 6)).astype(np.uint8)
    cover = np.full((14, 17, 1), 255, np.uint8)
    cover[3, 4] = 100
    chain = Pipeline((one,))
    output = chain.plan(Shape(17, 14, 6)).output
    goal = Target("clip", np.dtype("uint8"))
    with np.errstate(all="ignore"):
        made = chain.run(np.dstack([colours, cover]), ENGINE, goal, alpha="premultiply").samples
    assert made.shape == (output.height, output.width, output.channels + 1)
    alpha = made[:, :, -1]
    assert (alpha == 255).mean() > 0.8
    assert alpha.min() >= (28 if name in ("conv", "separable") else 90)


def test_enlarging_keeps_invisible_colours_out():
    """Red beside a green that nobody can see, twice as large: red all over, and opaque up to the border."""
    image = np.zeros((8, 10, 4), np.uint8)
    image[:, :5] = (200, 0, 0, 255)
    image[:, 5:] = (0, 255, 0, 0)
    one = layer("transposed", kernel("bilinear"), (2, 2), padding("same"))
    made = Pipeline((one,)).run(image, ENGINE, Target("clip", np.dtype("uint8")), alpha="premultiply").samples
    inside = made[2:-2, 2:-2]
    assert (inside[inside[:, :, 3] > 0][:, :3] == (200, 0, 0)).all()
    np.testing.assert_array_equal(made[0, 8:12, 3], [255, 191, 64, 0])
    np.testing.assert_array_equal(made[:, 0, 3], 255)


def test_stages_say_what_the_layer_makes():
    for make in EVERY.values():
        step = make().plan(Shape(17, 14, 6))
        made = Pipeline((make(),)).plan(Shape(17, 14, 6)).rows[-1]
        assert made.extents[-1].output == step.output[:2]
        assert min(made.field) >= 1


@pytest.mark.parametrize(
    ("chain", "sentence"),
    [
        (
            lambda: (layer("relu"), layer("pool", max=(2, 2)), layer("pool", max=(9, 9))),
            "layer 3 (pool): window 9 is wider than the 8 columns it gets",
        ),
        (
            lambda: (layer("relu"), layer("conv", learned(4, 3, 3, 3), groups=3)),
            "layer 2 (conv): kernel 'weights': it takes 3 channels in 3 groups, but the image has 6",
        ),
        (
            lambda: (layer("abs"), layer("select", (6,))),
            "layer 2 (select): channels: there is no channel 6; they are numbered from 0 to 5",
        ),
        (
            lambda: (layer("abs"), layer("pool", max=(2, 2), padding=padding("2"))),
            "layer 2 (pool): padding: 2 is more than half of the window 2, so some windows would hold nothing else; "
            "name a border",
        ),
        (
            lambda: (layer("abs"), layer("bias", (Offset(1.0), Offset(2.0)))),
            "layer 2 (bias): values: 2 numbers for 6 channels; one serves for all",
        ),
        (
            lambda: (layer("abs"), layer("transposed", learned(3, 3, 2, 2))),
            "layer 2 (transposed): kernel 'weights': it takes 3 channels, but the image has 6",
        ),
    ],
)
def test_errors_name_the_layer(chain, sentence):
    with pytest.raises(LayerError) as refusal:
        Pipeline(chain()).plan(Shape(17, 17, 6))
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: layer("pool"), "none is given"),
        (lambda: layer("pool", max=(2, 2), min=(2, 2)), "max and min are given"),
        (lambda: layer("resize"), "it needs one of scale, size, as in scale: 2; none is given"),
        (lambda: layer("resize", (2, 1), method="cubic"), "did you mean 'bicubic'"),
        (lambda: layer("grouped", learned(4, 3, 3, 3)), "groups: it is missing"),
        (lambda: layer("pad", padding("same")), "depends on a kernel"),
        (lambda: layer("normalise", std=(0.0,)), "cannot be divided by"),
        (lambda: find("pol"), "there is no layer 'pol'; did you mean 'pool'"),
    ],
)
def test_what_makes_no_layer(make, sentence):
    with pytest.raises(ImgconvError, match=sentence):
        make()


def test_a_single_layer_is_named_by_no_number():
    with pytest.raises(SizeError):
        Pipeline((layer("pool", max=(99, 99)),)).plan(Shape(9, 9, 1))
    with pytest.raises(ChannelError):
        Pipeline((layer("pointwise", matrix(2, 3)),)).plan(Shape(9, 9, 1))
    assert "conv" in layers.names()


@pytest.mark.parametrize("anchor", [(0, 0), (2, 4), (1, 2)])
def test_weights_with_an_anchor_are_laid_there_by_either_engine(anchor):
    weights = learned(2, 6, 3, 5).replace(anchor=anchor)
    one = layer("conv", weights, padding("same"), Border("edge"))
    plan = Pipeline((one,)).plan(Shape(17, 14, 6))
    goal = Target(None, np.dtype("float64"))
    both = [plan.run(PICTURE, engines.get(name), goal).samples for name in ("builtin", "scipy")]
    agree(*both)
    padded = np.pad(PICTURE, ((anchor[0], 2 - anchor[0]), (anchor[1], 4 - anchor[1]), (0, 0)), mode="edge")
    wanted = sum(signal.correlate2d(padded[:, :, c], weights.weights[1, c], mode="valid") for c in range(6))
    agree(both[0][:, :, 1], wanted)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(sorted(EVERY)), min_size=1, max_size=4), st.integers(3, 9), st.integers(3, 9))
def test_any_chain_makes_what_was_planned(chain, width, height):
    pixels = RNG.integers(0, 256, (height, width, 6)).astype(np.uint8)
    pipeline = Pipeline(tuple(EVERY[name]() for name in chain))
    try:
        plan = pipeline.plan(Shape(width, height, 6))
    except (LayerError, SizeError):
        return
    made = plan.run(pixels, ENGINE, Target(None, np.dtype("float32")))
    assert made.samples.shape == (plan.output.height, plan.output.width, plan.output.channels)
    assert made.samples.dtype == np.float32


@pytest.mark.parametrize("method", ["max", "min"])
def test_only_means_count_the_padding(method):
    layer("pool", mean=(2, 2), count_padding=False)
    with pytest.raises(OptionError, match="count_padding"):
        layer("pool", **{method: (2, 2)}, count_padding=False)
