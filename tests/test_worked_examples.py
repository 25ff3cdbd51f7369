"""The worked examples that courses and papers on convolutional networks give, each as it is given."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

import imgconv
from imgconv import engines
from imgconv.layers import Shape
from imgconv.pipeline import file as pipelinefile
from imgconv.pipeline.target import Target

RNG = np.random.default_rng(5)


def run(text, pixels):
    """Run a pipeline in YAML on (rows, cols[, channels]) and return float results, (rows, cols, channels)."""
    pixels = pixels if pixels.ndim == 3 else pixels[:, :, None]
    chain = pipelinefile.parse(text)
    return chain.run(pixels, engines.get("builtin"), Target(None, np.dtype("float64"))).samples


def shapes(text, width, height, channels):
    return [tuple(step.output) for step in pipelinefile.parse(text).plan(Shape(width, height, channels)).steps]


def weights(*shape):
    return RNG.normal(size=shape).tolist()


def test_a_line_through_a_sobel_kernel():
    image = np.zeros((5, 5))
    image[:, 2] = 1
    kernel = '"1,0,-1;2,0,-2;1,0,-1"'
    correlated = run(f"- conv: {{kernel: {kernel}, correlate: true}}", image)
    np.testing.assert_array_equal(correlated[:, :, 0], [[-4, 0, 4]] * 3)
    convolved = run(f"- conv: {{kernel: {kernel}}}", image)
    np.testing.assert_array_equal(convolved[:, :, 0], [[4, 0, -4]] * 3)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("", [[4] * 3] * 3),
        (", stride: 2", [[4, 4], [4, 4]]),
        (", stride: 3", [[4]]),
        (", stride: 3, padding: 1", [[1, 2], [2, 4]]),
    ],
)
def test_ones_by_ones(options, wanted):
    found = run(f"- conv: {{kernel: '1,1;1,1'{options}}}", np.ones((4, 4)))
    np.testing.assert_array_equal(found[:, :, 0], wanted)


def test_a_stride_that_drops_rows_and_columns():
    (row,) = pipelinefile.parse("- conv: {kernel: 'box:size=3', stride: 3}").plan(Shape(5, 5, 1)).rows
    assert row.output == (1, 1, 1)
    assert row.extents[0].drops == "2 columns at the right (of the image), 2 rows at the bottom (of the image)"


@pytest.mark.parametrize(("extra", "side"), [(", output_padding: 1", 64), (", output_padding: 0", 63)])
def test_a_transposed_convolution(extra, side):
    options = f"{{kernel: {weights(3, 6, 3, 3)}, stride: 2, padding: 1{extra}}}"
    assert shapes(f"- transposed: {options}", 32, 32, 3) == [(side, side, 6)]
    assert run(f"- transposed: {options}", np.ones((32, 32, 3))).shape == (side, side, 6)


@pytest.mark.parametrize(
    ("layer", "before", "after"),
    [
        (f"dilated: {{kernel: {weights(1, 1, 3, 3)}, dilation: 2, padding: 2}}", (32, 32, 1), (32, 32, 1)),
        (f"pointwise: {weights(1, 64)}", (128, 128, 64), (128, 128, 1)),
        (f"depthwise: {{kernel: {weights(3, 1, 3, 3)}, groups: 3, padding: 1}}", (32, 32, 3), (32, 32, 3)),
        (f"grouped: {{kernel: {weights(8, 2, 3, 3)}, groups: 2, padding: 1}}", (32, 32, 4), (32, 32, 8)),
        (f"shuffled-grouped: {{kernel: {weights(32, 4, 3, 3)}, groups: 4, padding: 1}}", (16, 16, 16), (16, 16, 32)),
    ],
)
def test_what_comes_out_of_every_kind_of_convolution(layer, before, after):
    assert shapes(f"- {layer}", *before) == [after]
    width, height, channels = before
    assert run(f"- {layer}", np.ones((height, width, channels))).shape == (after[1], after[0], after[2])


def test_a_shuffle_transposes_groups_and_channels():
    image = RNG.normal(size=(3, 4, 32))
    found = np.moveaxis(run("- shuffle: 4", image), 2, 0)
    by_hand = np.moveaxis(image, 2, 0).reshape(4, 8, 3, 4).transpose(1, 0, 2, 3).reshape(32, 3, 4)
    np.testing.assert_array_equal(found, by_hand)


def test_spatially_separable_equals_the_outer_product():
    image = RNG.normal(size=(9, 11))
    two = run("[conv: {kernel: '1,2,3', padding: [0, 1]}, conv: {kernel: '4;5;6', padding: [1, 0]}]", image)
    one = run("- conv: {kernel: '4,8,12;5,10,15;6,12,18', padding: 1}", image)
    layer = run("- separable: {row: [1, 2, 3], column: [4, 5, 6], padding: 1}", image)
    np.testing.assert_allclose(two, one, atol=1e-12)
    np.testing.assert_allclose(layer, one, atol=1e-12)


def test_flattened_is_the_sum_of_two_branches():
    image = RNG.normal(size=(9, 11))
    column = run("- conv: {kernel: '4;5;6', padding: [1, 0]}", image)
    row = run("- conv: {kernel: '1,2,3', padding: [0, 1]}", image)
    assert column.shape == row.shape == (9, 11, 1)
    layer = run("- flattened: {row: [1, 2, 3], column: [4, 5, 6], padding: 1}", image)
    np.testing.assert_allclose(layer, column + row, atol=1e-12)


def test_a_filter_over_rgb_is_the_sum_of_its_channels():
    image, taps, bias = RNG.uniform(size=(128, 128, 3)), RNG.normal(size=(4, 3, 5, 5)), [0.1, -0.2, 0.3, -0.4]
    layer = run(f"- conv: {{kernel: {taps.tolist()}, bias: {bias}}}", image)
    assert layer.shape == (124, 124, 4)
    for out in range(4):
        planes = [imgconv.convolve(image[:, :, c], taps[out, c], padding="valid", correlate=True) for c in range(3)]
        assert np.abs(sum(planes) + bias[out] - layer[:, :, out]).mean() < 1e-6


@dataclass
class Cli:
    """Runs the command line in this process."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture

    def __call__(self, *words):
        from imgconv.cli import main

        self.monkeypatch.setattr("sys.argv", ["imgconv", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, *self.capsys.readouterr()


@pytest.fixture
def cli(monkeypatch, capsys):
    return Cli(monkeypatch, capsys)


def test_pooling_beside_a_stride(cli):
    words = ["size", "32x32x3", "conv:3,p1,c16", "pool:2", "vs", "conv:3,p1,s2,c16", "--json"]
    pooled, strided = json.loads(cli(*words)[1])
    ends = [one["layers"][-1] for one in (pooled, strided)]
    assert [one["output"] for one in ends] == [{"width": 16, "height": 16, "channels": 16}] * 2
    assert [one["receptive_field"]["width"] for one in ends] == [4, 3]
    assert [one["jump"]["width"] for one in ends] == [2, 2]
    assert [one["multiply_adds"] for one in (pooled, strided)] == [442_368, 110_592]


@pytest.mark.parametrize(("layers", "field", "jump"), [("conv:3 conv:3", 5, 1), ("conv:3 pool:2,s2 conv:3", 8, 2)])
def test_receptive_fields(cli, layers, field, jump):
    last = json.loads(cli("size", "64", *layers.split(), "--json")[1])["layers"][-1]
    assert (last["receptive_field"]["width"], last["jump"]["width"]) == (field, jump)


# --- a network's first layers -----------------------------------------------------------------------------------------


@pytest.fixture
def network(tmp_path):
    """3-16-32 channels with pooling: a torch model, and a pipeline of its weights in a .safetensors file."""
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    torch.manual_seed(3)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(16, 32, 5, stride=2, padding=2),
        torch.nn.ReLU(),
        torch.nn.AvgPool2d(3, 2, padding=1, ceil_mode=True),
    ).eval()
    safetensors.save_file(model.state_dict(), tmp_path / "net.safetensors")
    path = tmp_path / "net.yaml"
    path.write_text(
        "- normalise\n"
        "- conv: {kernel: net.safetensors:0.weight, bias: net.safetensors:0.bias, padding: 1}\n"
        "- relu\n"
        "- pool: {max: 2}\n"
        "- conv: {kernel: net.safetensors:3.weight, bias: net.safetensors:3.bias, stride: 2, padding: 2}\n"
        "- relu\n"
        "- pool: {mean: 3, stride: 2, padding: 1, ceil_mode: true}\n"
    )
    return torch, model, path


def outputs_of(torch, model, image):
    """Return every layer's output, (rows, cols, channels)."""
    found, x = [], torch.from_numpy(np.moveaxis(image.astype(np.float32) / 255, 2, 0).copy())[None]
    with torch.no_grad():
        for part in model:
            x = part(x)
            found.append(np.moveaxis(x[0].numpy(), 0, 2))
    return found


def test_learned_weights_agree_with_torch(network, tmp_path, cli):
    torch, model, path = network
    image = RNG.integers(0, 256, (53, 67, 3)).astype(np.uint8)
    imgconv.write(tmp_path / "in.png", image)
    wanted = outputs_of(torch, model, image)
    save = f"--save-layer=4={tmp_path / 'pooled.npy'}"
    code, _, err = cli("apply", tmp_path / "in.png", tmp_path / "out.npy", "--pipeline", path, save)
    assert (code, err) == (0, "")
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), wanted[-1], atol=1e-5)
    np.testing.assert_allclose(np.load(tmp_path / "pooled.npy"), wanted[2], atol=1e-5)


def test_the_table_of_a_network_is_what_torch_reports(network, cli):
    torch, model, path = network
    from torch.utils.flop_counter import FlopCounterMode

    answer = json.loads(cli("size", "67x53", "--pipeline", path, "--json")[1])
    image = np.zeros((53, 67, 3), np.uint8)
    rows = answer["layers"][1:]
    for row, part, made in zip(rows, model, outputs_of(torch, model, image), strict=True):
        assert (row["output"]["height"], row["output"]["width"], row["output"]["channels"]) == made.shape
        assert row["parameters"] == sum(one.numel() for one in part.parameters())
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 3, 53, 67))
    assert answer["multiply_adds"] == counter.get_total_flops() // 2
    assert answer["layers"][-1]["receptive_field"] == dict.fromkeys(("width", "height"), field_of(torch, model))


def field_of(torch, model):
    """Return the receptive field of one output in the middle, by which inputs have a gradient."""
    x = torch.rand(1, 3, 80, 80, requires_grad=True)
    parts = [torch.nn.AvgPool2d(2) if isinstance(part, torch.nn.MaxPool2d) else part for part in model]
    parts = [part for part in parts if not isinstance(part, torch.nn.ReLU)]
    y = torch.nn.Sequential(*parts)(x)
    y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    return int((x.grad.abs().sum(dim=(0, 1, 3)) > 0).sum())
