"""Pipelines in YAML: what is read, where weights come from, and what is refused, with line and column."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgconv.border import Border
from imgconv.errors import ImgconvError, PipelineFileError
from imgconv.geometry import Padding
from imgconv.kernels.value import Offset
from imgconv.pipeline.file import load, parse

RNG = np.random.default_rng(8)


def only(text):
    (layer,) = parse(text).layers
    return layer


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("- pool: 2", "max", (2, 2)),
        ("- pool: {max: 3x2}", "max", (3, 2)),
        ("- pool: {max: [2, 3]}", "max", (3, 2)),
        ("- pool: {mean: 2, padding: [1, 0]}", "padding", Padding.explicit(0, 1, 0, 1)),
        ("- pool: {mean: 4, padding: [1, 2, 0, 1]}", "padding", Padding.explicit(1, 2, 0, 1)),
        ("- pool: {mean: 4, padding: 1x2}", "padding", Padding.explicit(1, 2, 1, 2)),
        ("- pool: {mean: 4, padding: SAME}", "padding", Padding("same")),
        ("- pool: {mean: 4, ceil_mode: true}", "ceil_mode", True),
        ("- pad: {padding: 1, border: mirror}", "border", Border("reflect")),
        ("- pad: {padding: 1, border: 'constant:7'}", "border", Border("constant", 7.0)),
        ("- resize: 1.5", "scale", (3, 2)),
        ("- resize: {scale: 2/3}", "scale", (2, 3)),
        ("- resize: {size: 640x480}", "size", (640, 480)),
        ("- bias: 50%", "values", (Offset(share=0.5),)),
        ("- bias: [1, 2/4, '10%']", "values", (Offset(1.0), Offset(0.5), Offset(share=0.1))),
        ("- select: 2", "channels", (2,)),
        ("- separable: {row: [1, 1/2], column: '1;2;1/4'}", "row", (1.0, 0.5)),
        ("- separable: {row: [1, 1/2], column: '1;2;1/4'}", "column", (0.25, 0.5, 0.25)),
        ("- normalise: {mean: 0.5, std: [0.1, 0.2]}", "std", (0.1, 0.2)),
        ("- transposed: {kernel: bilinear, output_padding: 0}", "output_padding", (0, 0)),
        ("- threshold", "keep", False),
    ],
)
def test_fields_are_read(text, field, value):
    assert getattr(only(text), field) == value


def test_kernels_are_named_written_out_or_given_as_rows():
    named, inline, rows = (
        only(f"- conv: {kernel}").kernel
        for kernel in ("sobel-x", "'1,0,-1;2,0,-2;1,0,-1'", "[[1, 0, -1], [2, 0, -2], [1, 0, -1]]")
    )
    np.testing.assert_array_equal(named.taps, inline.taps)
    np.testing.assert_array_equal(named.taps, rows.taps)
    assert only("- conv: {kernel: [[[[1, 2]], [[3, 4]]]]}").kernel.weights.shape == (1, 2, 1, 2)
    np.testing.assert_allclose(only("- pointwise: [[1/2, 1/2, 0]]").matrix.matrix, [[0.5, 0.5, 0]])


def test_branches_are_lists_of_layers_or_single_ones():
    layer = only("- combine: {method: max, branches: [relu, {conv: sobel-x}, [abs, {pool: 2}]]}")
    assert [[one.kind for one in branch] for branch in layer.branches] == [["relu"], ["conv"], ["abs", "pool"]]


# --- weights ----------------------------------------------------------------------------------------------------------

WEIGHTS, BIAS = RNG.normal(size=(4, 3, 3, 3)), RNG.normal(size=4)


@pytest.fixture
def folder(tmp_path):
    np.save(tmp_path / "w.npy", WEIGHTS)
    np.savez(tmp_path / "w.npz", **{"conv.weight": WEIGHTS, "conv.bias": BIAS, "words": np.array(["a"])})
    np.savez(tmp_path / "one.npz", WEIGHTS)
    (tmp_path / "k.csv").write_text("1,2\n3,4\n")
    return tmp_path


def at(folder, text):
    (folder / "p.yaml").write_text(text)
    (layer,) = load(str(folder / "p.yaml")).layers
    return layer


@pytest.mark.parametrize("spec", ["w.npy", "w.npz:conv.weight", "one.npz"])
def test_weights_come_from_files_beside_the_pipeline(folder, spec):
    layer = at(folder, f"- conv: {{kernel: '{spec}', bias: 'w.npz:conv.bias'}}")
    np.testing.assert_array_equal(layer.kernel.weights, WEIGHTS)
    assert layer.bias == tuple(BIAS)
    np.testing.assert_array_equal(at(folder, "- conv: k.csv").kernel.taps, [[1, 2], [3, 4]])


@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16", "int8"])
def test_weights_come_from_safetensors(folder, kind):
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    stored = torch.from_numpy(WEIGHTS * 50).to(getattr(torch, kind))
    safetensors.save_file({"a.weight": torch.zeros(2), "b.weight": stored}, folder / "n.safetensors")
    layer = at(folder, "- conv: n.safetensors:b.weight")
    np.testing.assert_array_equal(layer.kernel.weights, stored.double().numpy())


def test_a_safetensors_file_needs_its_package(folder, monkeypatch):
    import sys

    (folder / "n.safetensors").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(PipelineFileError, match="needs the package safetensors; pip install 'imgconv"):
        at(folder, "- conv: n.safetensors:a")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("none.npy", "none.npy: there is no such file"),
        ("w.npy:a", "holds one array, which has no name such as 'a'"),
        ("w.npz", "holds several arrays, so add the name of one after a colon: conv.weight, conv.bias, words"),
        ("w.npz:conv.wieght", "holds no array 'conv.wieght'; did you mean 'conv.weight'"),
        ("w.npz:conv.bias", "has shape \\(4,\\), not \\(rows, cols\\) or \\(out, in / groups, rows, cols\\)"),
        ("w.npz:words", "not numbers"),
        ("bad.npz:a", "is not an .npz file"),
        ("bad.npy", "is not a .npy file"),
        ("bad.safetensors:a", "is not a complete .safetensors file"),
    ],
)
def test_weights_refused(folder, spec, says):
    if "safetensors" in spec:
        pytest.importorskip("safetensors")
    for suffix in ("npz", "npy", "safetensors"):
        (folder / f"bad.{suffix}").write_bytes(b"\x08\0\0\0\0\0\0\0{nonsense")
    with pytest.raises(PipelineFileError, match=says) as refusal:
        at(folder, f"- conv: '{spec}'")
    assert (refusal.value.line, refusal.value.column) == (1, 9)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("- conv: sobel-x\n- pool: {max: 2, strid: 2}", 2, 18, "unknown key 'strid'; did you mean 'stride'?"),
        ("- relu\n- covn: sobel-x", 2, 3, "there is no layer 'covn'; did you mean 'conv'?"),
        ("- releu", 1, 3, "there is no layer 'releu'; did you mean 'relu'?"),
        (
            "- conv: sobel-x\n  padding: same",
            2,
            3,
            "'padding' stands beside 'conv', but a layer has one name; indent it below 'conv:'",
        ),
        ("- relu:\n  abs:", 2, 3, "'abs' stands beside 'relu', but a layer has one name; begin every layer with '- '"),
        ("- relu: 3", 1, 9, "relu has no fields, so nothing follows its name"),
        ("- conv: {stride: 2}", 1, 3, "conv needs 'kernel'"),
        ("- conv", 1, 3, "conv needs 'kernel'"),
        ("- grouped: {kernel: [[1]]}", 1, 3, "grouped needs 'groups'"),
        ("- pool", 1, 3, "pool: it needs one of max, mean, min, as in max: 2; none is given"),
        ("- pool: {max: 2, min: 2}", 1, 3, "max and min are given"),
        ("- pool: {max: 0}", 1, 15, "max: expected a whole number of at least 1, not 0"),
        ("- pool: {max: [2, x]}", 1, 19, "max: expected a whole number of at least 1, not the text 'x'"),
        ("- pool: {max: [2]}", 1, 15, "max: expected a number, WIDTHxHEIGHT or [rows, cols], not a list"),
        ("- pool: {max: 2, ceil_mode: 1}", 1, 29, "ceil_mode: expected true or false, not 1"),
        ("- conv: {kernel: gausian}", 1, 18, "kernel: there is no kernel 'gausian'; did you mean 'gaussian'"),
        ("- conv: sepia", 1, 9, "kernel: 'sepia' is a matrix over the channels; write 'pointwise: sepia'"),
        ("- pointwise: sobel", 1, 14, "matrix: 'sobel' is no matrix over the channels"),
        ("- conv: [[1, 2], [3]]", 1, 9, "kernel: the rows have different lengths"),
        ("- conv: [[1, 2], [3, x]]", 1, 22, "kernel: 'x' is not a number"),
        ("- conv: [1, 2]", 1, 9, "neither (rows, cols) nor (out, in / groups, rows, cols)"),
        ("- conv: '-'", 1, 9, "standard input can be no part of a pipeline"),
        ("- conv: {kernel: sobel, padding: sane}", 1, 34, "padding: 'sane' is not one of"),
        (
            "- conv: {kernel: sobel, padding: [1, 2, 3]}",
            1,
            34,
            "padding: expected [rows, cols] or [left, top, right, bottom]",
        ),
        ("- conv: {kernel: sobel, border: sane}", 1, 33, "border: 'sane' is not one of"),
        ("- resize: {method: bicubic}", 1, 3, "resize: it needs one of scale, size"),
        (
            "- resize: {scale: 2, method: cubic}",
            1,
            30,
            "method: 'cubic' is not one of nearest|bilinear|bicubic; did you mean 'bicubic'?",
        ),
        ("- resize: 0", 1, 11, "scale: expected a number above 0"),
        (
            "- combine: {method: sum, branches: [relu, [conv: {kernel: sobel-x, pading: 1}]]}",
            1,
            68,
            "unknown key 'pading'; did you mean 'padding'?",
        ),
        ("- combine: {method: sum, branches: relu}", 1, 36, "branches must be a list of lists of layers"),
        ("- pad: same", 1, 8, "padding: 'same' depends on a kernel"),
        ("- bias: [1, .nan]", 1, 13, "values: nan is not a finite number"),
        ("- normalise: {std: 0}", 1, 20, "std: a deviation of 0 cannot be divided by"),
        ("conv: sobel-x", 1, 1, "expected a list of layers, one a line as in '- conv: sobel-x', not a mapping"),
        ("[]", 1, 1, "not an empty list"),
        ("- 3", 1, 3, "expected a layer such as 'relu' or 'pool: {max: 2}', not 3"),
        ("- conv: &a sobel-x", 1, 9, "anchors and aliases"),
        ("- conv: {kernel: sobel\n", 2, 1, "is not YAML"),
    ],
)
def test_refusals_say_where(text, line, column, says):
    with pytest.raises(PipelineFileError) as refusal:
        parse(text, "p.yaml")
    assert str(refusal.value).startswith(f"p.yaml, line {line}, column {column}: ")
    assert says in str(refusal.value)


def test_a_pipeline_that_is_not_there(tmp_path):
    with pytest.raises(PipelineFileError, match="there is no such file"):
        load(str(tmp_path / "none.yaml"))
    with pytest.raises(PipelineFileError, match="is a folder, not a pipeline"):
        load(str(tmp_path))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.floats()
    | st.sampled_from(["conv", "relu", "max", "sobel", "2x3", "50%", "", "1/0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["conv", "pool", "kernel", "max", "combine", "branches", "method", "bias"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(st.lists(JSON, min_size=1, max_size=3))
def test_whatever_is_written_is_read_or_refused(value):
    try:
        parse(json.dumps(value))
    except ImgconvError as error:
        assert "\n" not in str(error)
