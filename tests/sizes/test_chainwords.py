"""Chains written as words against the layers that they name, planned and run: what is printed is what comes out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgconv import engines
from imgconv.errors import ImgconvError
from imgconv.kernels.value import Kernel, Learned, Pointwise
from imgconv.layers import Shape, find, names
from imgconv.pipeline.file import parse
from imgconv.pipeline.run import Pipeline
from imgconv.pipeline.target import Target
from imgconv.pipeline.words import planned as planned_of
from imgconv.sizes.chainwords import KINDS, chain
from imgconv.words.number import SCALE
from imgconv.words.padding import PADDING

ENGINE = engines.get("builtin")
RNG = np.random.default_rng(5)
PAIRS = st.tuples(st.integers(1, 4), st.integers(1, 4))
PADDINGS = st.sampled_from(["", "valid", "same", "same-lower", "same-torch", "full", "1", "2x0", "interpolation"])


@st.composite
def written(draw, kind):
    """A layer as a word, and the layer that it means, for three channels."""
    window, letters, fields = draw(PAIRS), KINDS[kind], {}
    if kind == "resize":
        scale = draw(st.sampled_from(["2", "0.5", "3/2", "1/3", "1"]))
        return f"resize:{scale}", find("resize")(scale=SCALE.parse(scale))
    if kind == "pad":
        return f"pad:{window[0]}x{window[1]}", find("pad")(PADDING.parse(f"{window[0]}x{window[1]}"))
    options = []
    for letter, field in (("s", "stride"), ("d", "dilation")):
        given = field == "stride" and kind == "transposed"  # its word has torch's default, and the layer 2
        if letter in letters and (given or draw(st.booleans())):
            fields[field] = draw(PAIRS)
            options.append(f"{letter}{fields[field][0]}x{fields[field][1]}")
    if "p" in letters and (padding := draw(PADDINGS)):
        fields["padding"] = PADDING.parse(padding)
        options.append(f"p{padding}")
    if "o" in letters and draw(st.booleans()):
        fields["output_padding"] = draw(st.tuples(st.integers(0, 1), st.integers(0, 1)))
        options.append("o{}x{}".format(*fields["output_padding"]))
    if kind == "pool":
        if draw(st.booleans()):
            fields["ceil_mode"] = True
            options.append("ceil")
        return f"pool:{window[0]}x{window[1]},{','.join(options)}".rstrip(","), find("pool")(max=window, **fields)
    channels, groups, bias = draw(st.sampled_from([0, 3, 6])), draw(st.sampled_from([1, 3])), draw(st.booleans())
    taps = window[::-1]
    if kind == "separable":
        fields |= {"row": tuple(RNG.random(window[0])), "column": tuple(RNG.random(window[1]))}
    elif kind == "pointwise":
        channels = channels or 3
        fields["matrix"] = Pointwise(name="matrix", matrix=RNG.random((channels, 3)))
        bias = False
    elif kind == "depthwise":
        channels = channels or 3
        fields["kernel"] = Learned(name="weights", weights=RNG.random((channels, 1, *taps)))
    elif channels:
        shape = (3, channels // groups, *taps) if kind == "transposed" else (channels, 3 // groups, *taps)
        fields |= {"kernel": Learned(name="weights", weights=RNG.random(shape)), "groups": groups}
        options.append(f"g{groups}")
    else:
        fields["kernel"] = Kernel(name="taps", weights=RNG.random(taps))
    if channels and kind != "separable":
        options.append(f"c{channels}")
    if bias and "b" in letters and kind != "separable":
        fields["bias"] = (0.5,) * (channels or 1)
        options.append("b")
    first = [] if kind == "pointwise" else ["{}x{}".format(*window)]
    return f"{kind}:{','.join([*first, *options])}".rstrip(":"), find(kind)(**fields)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_word_means_what_its_layer_makes(kind, data):
    word, layer = data.draw(written(kind))
    width, height = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    try:
        (row,) = chain(Shape(width, height, 3), [word])
    except ImgconvError:
        row = None
    try:
        plan = Pipeline((layer,)).plan(Shape(width, height, 3))
    except ImgconvError as error:  # a pooling of nothing but padding has no window
        assert row is None or (kind == "pool" and "name a border" in str(error))
        return
    assert row is not None, "the layer can be planned"
    assert row.output == plan.output
    (planned,) = plan.rows
    assert (row.field, row.jump) == (planned.field, planned.jump)
    assert (row.parameters, row.multiply_adds) == (planned.parameters, planned.multiply_adds)
    assert [extent.width.arithmetic for extent in row.extents] == [one.width.arithmetic for one in planned.extents]
    _, named = planned_of([word], Shape(width, height, 3))
    assert [one.to_json(1) for one in named] == [row.to_json(1)]
    samples = plan.run(RNG.random((height, width, 3)), ENGINE, Target(None, np.dtype("float64"))).samples
    assert samples.shape == (row.output.height, row.output.width, row.output.channels)


LINE = "[1, 2, 1]"
OTHERS = {
    "abs": "{}",
    "bias:3": "{values: 3}",
    "bias:3,4,5,1,2,3": "{values: [3, 4, 5, 1, 2, 3]}",
    "depthwise-separable:3,c2,s2": "{kernel: box, matrix: MATRIX, stride: 2}",
    "dilated:3": "{kernel: box}",
    "dilated:3,d1x3,psame": "{kernel: box, dilation: 1x3, padding: same}",
    "flattened:3": f"{{row: {LINE}, column: {LINE}}}",
    "flattened:3,s2x1,pvalid": f"{{row: {LINE}, column: {LINE}, stride: 2x1, padding: valid}}",
    "flattened:3,p1": f"{{row: {LINE}, column: {LINE}, padding: 1}}",
    "grouped:3,g3": None,
    "grouped:3,g2,c4,b": None,
    "normalise": "{}",
    "relu": "{}",
    "select:5,0,0": "{channels: [5, 0, 0]}",
    "shuffle:3": "{groups: 3}",
    "shuffled-grouped:3x1,g2,p1": None,
    "sqrt": "{}",
    "square": "{}",
    "strided:3": "{kernel: box}",
    "strided:3,s3x1,p1": "{kernel: box, stride: 3x1, padding: 1}",
    "threshold": "{}",
    "threshold:12": "{at: 12}",
}
"""Further words for images of six channels, and the fields that they mean in YAML; None for weights."""


def test_every_layer_but_branches_can_be_written():
    assert {word.partition(":")[0] for word in OTHERS} | {*KINDS, "combine"} == set(names())


@pytest.mark.parametrize("word", OTHERS)
@settings(max_examples=8, deadline=None)
@given(width=st.integers(1, 9), height=st.integers(1, 9))
def test_a_word_of_any_layer_means_what_its_fields_make(word, width, height):
    size = Shape(width, height, 6)
    try:
        pipeline, rows = planned_of([word], size)
        plan = pipeline.plan(size)
    except ImgconvError:
        plan = None
    if OTHERS[word] is not None:
        text = f"- {word.partition(':')[0]}: {OTHERS[word].replace('MATRIX', str([[0.5] * 6] * 2))}"
        try:
            meant = parse(text).plan(size)
        except ImgconvError:
            assert plan is None
            return
        assert plan is not None and [row.to_json(1) for row in rows] == [row.to_json(1) for row in meant.rows]
    if plan is not None:
        samples = plan.run(RNG.random((height, width, 6)), ENGINE, Target(None, np.dtype("float64"))).samples
        assert samples.shape == (plan.output.height, plan.output.width, plan.output.channels)
    else:
        assert min(width, height) < 5, "a large image can be filtered"
