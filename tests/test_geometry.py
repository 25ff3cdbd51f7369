"""Sizes against windows counted one by one, against torch, and against TensorFlow's documented formula."""

import math
import warnings

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from imgconv.errors import OptionError, SizeError
from imgconv.geometry import (
    MAX_LENGTH,
    PADDINGS,
    Padding,
    convolution,
    extent,
    pooled_extent,
    pooling,
    reach,
    transposed,
    transposed_extent,
)
from imgconv.words.padding import PADDING

SIZES = st.integers(1, 40)
SMALL = st.integers(1, 7)
AMOUNTS = st.integers(0, 9)

law = settings(deadline=None, max_examples=200)


def count_windows(size, kernel, stride, dilation, before, after, ceil_mode=False):
    """Place windows one after the other; return their number and the end of the last."""
    total, span = before + size + after, dilation * (kernel - 1) + 1
    count = 0
    while count * stride + span <= total:
        count += 1
    start = count * stride
    hangs_over = start + span - total
    left_over = total - ((count - 1) * stride + span) if count else total
    if ceil_mode and left_over and hangs_over < stride and start < before + size:
        count += 1
    return count, (count - 1) * stride + span


def evaluate(arithmetic):
    """Work out both sides of ``... = N``."""
    formula, _, result = arithmetic.rpartition(" = ")
    return eval(formula, {"floor": math.floor, "ceil": math.ceil}), int(result)


@law
@given(SIZES, SMALL, SMALL, st.integers(1, 4), AMOUNTS, AMOUNTS, st.booleans())
def test_windows_are_those_that_can_be_counted(size, kernel, stride, dilation, before, after, ceil_mode):
    count, end = count_windows(size, kernel, stride, dilation, before, after, ceil_mode)
    options = {"stride": stride, "dilation": dilation, "before": before, "after": after}
    if count == 0:
        with pytest.raises(SizeError):
            pooling(size, kernel, ceil_mode=ceil_mode, **options)
        return
    axis = pooling(size, kernel, ceil_mode=ceil_mode, **options)
    total = before + size + after
    assert axis.output == count
    assert axis.dropped == max(0, total - end)
    assert axis.overhang == max(0, end - total)
    assert axis.dropped_input == len([i for i in range(before, before + size) if i >= end])
    assert evaluate(axis.arithmetic) == (count, count)
    if not ceil_mode:
        assert convolution(size, kernel, **options) == axis


@law
@given(SIZES, SMALL, SMALL, st.integers(1, 4), AMOUNTS, AMOUNTS)
def test_rounding_up_gives_one_more_at_most(size, kernel, stride, dilation, before, after):
    options = {"stride": stride, "dilation": dilation, "before": before, "after": after}
    assume(before + size + after >= reach(kernel, dilation))
    down = pooling(size, kernel, **options).output
    assert pooling(size, kernel, ceil_mode=True, **options).output in (down, down + 1)


@law
@given(SIZES, SMALL, SMALL, st.integers(1, 4), AMOUNTS, AMOUNTS, st.integers(0, 6))
def test_transposed_writes_each_tap_of_each_sample(size, kernel, stride, dilation, before, after, extra):
    written = {i * stride + tap * dilation for i in range(size) for tap in range(kernel)}
    expected = max(written) + 1 + extra - before - after
    options = {"stride": stride, "dilation": dilation, "before": before, "after": after, "output_padding": extra}
    if extra >= max(stride, dilation):
        with pytest.raises(OptionError, match=r"^output-padding: \d+ must be smaller than the stride"):
            transposed(size, kernel, **options)
    elif expected < 1:
        with pytest.raises(SizeError, match="cuts the whole output away"):
            transposed(size, kernel, **options)
    else:
        axis = transposed(size, kernel, **options)
        assert axis.output == expected
        assert evaluate(axis.arithmetic) == (expected, expected)


@law
@given(SIZES, SMALL, SMALL, st.integers(1, 4), AMOUNTS, AMOUNTS)
def test_transposed_undoes_the_size_of_a_convolution(size, kernel, stride, dilation, before, after):
    assume(before + size + after >= reach(kernel, dilation))
    options = {"stride": stride, "dilation": dilation, "before": before, "after": after}
    forth = convolution(size, kernel, **options)
    back = transposed(forth.output, kernel, output_padding=forth.dropped, **options)
    assert back.output == size


@law
@given(SIZES, SMALL, SMALL, st.integers(1, 4))
def test_same_pads_as_tensorflow_documents(size, kernel, stride, dilation):
    # https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    filter_size = dilation * (kernel - 1) + 1
    total = max(filter_size - (size % stride or stride), 0)
    assert Padding("same").along("width", size, kernel, stride, dilation) == (total // 2, total - total // 2)
    assert Padding("same-lower").along("height", size, kernel, stride, dilation) == (total - total // 2, total // 2)
    both = extent((size, size), (kernel, kernel), padding=Padding("same"), stride=(stride, stride))
    assert both.output == (math.ceil(size / stride), math.ceil(size / stride))


@law
@given(SIZES, SMALL, SMALL, st.integers(1, 4))
def test_transposed_same_multiplies_the_size_by_the_stride(size, kernel, stride, dilation):
    for kind in ("same", "same-lower", "interpolation"):
        before, after, extra = Padding(kind).transposed_along("width", kernel, stride, dilation)
        options = {"stride": stride, "dilation": dilation, "before": before, "after": after, "output_padding": extra}
        assert transposed(size, kernel, **options).output == size * stride


@law
@given(SIZES, SMALL, st.integers(1, 4))
def test_full_sees_every_sample_with_every_tap(size, kernel, dilation):
    before, after = Padding("full").along("width", size, kernel, 1, dilation)
    output = convolution(size, kernel, dilation=dilation, before=before, after=after).output
    seen = {i + tap * dilation for i in range(size) for tap in range(kernel)}
    assert output == max(seen) + 1
    back = Padding("full").transposed_along("width", kernel, 1, dilation)
    assert transposed(output, kernel, dilation=dilation, before=back[0], after=back[1]).output == size


@law
@given(SIZES, SMALL, st.integers(1, 4), st.data())
def test_an_anchor_puts_its_tap_on_the_output_sample(size, kernel, dilation, data):
    anchor = data.draw(st.integers(0, kernel - 1))
    for kind in ("same", "same-lower", "same-torch", "interpolation"):
        before, after = Padding(kind).along("width", size, kernel, 1, dilation, anchor)
        # Output sample 0 is computed from the window that starts at -before.
        assert -before + anchor * dilation == 0
        assert before + after == dilation * (kernel - 1)


@law
@given(SIZES, SMALL, SMALL, st.integers(1, 4), st.data())
def test_an_anchor_never_changes_a_size(size, kernel, stride, dilation, data):
    anchor = data.draw(st.integers(0, kernel - 1))
    for kind in PADDINGS:
        plain = Padding(kind).along("width", size, kernel, stride, dilation)
        moved = Padding(kind).along("width", size, kernel, stride, dilation, anchor)
        assert sum(plain) == sum(moved)


@pytest.mark.parametrize(
    ("kind", "kernel", "stride", "dilation", "sides"),
    [
        ("valid", 3, 1, 1, (0, 0)),
        ("same", 2, 1, 1, (0, 1)),
        ("same-lower", 2, 1, 1, (1, 0)),
        ("same", 4, 1, 3, (4, 5)),
        ("same", 1, 3, 1, (0, 0)),
        ("same-torch", 7, 2, 1, (3, 3)),
        ("same-torch", 4, 5, 1, (1, 2)),
        ("full", 3, 2, 2, (4, 4)),
        ("interpolation", 5, 1, 1, (2, 2)),
    ],
)
def test_named_paddings(kind, kernel, stride, dilation, sides):
    assert Padding(kind).along("width", 10, kernel, stride, dilation) == sides


@law
@given(SIZES, SMALL, SMALL, st.integers(1, 3), st.integers(0, 6))
def test_convolution_is_as_long_as_torchs(size, kernel, stride, dilation, padding):
    torch = pytest.importorskip("torch")
    image, weight = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
    options = {"stride": stride, "dilation": dilation}
    if size + 2 * padding < reach(kernel, dilation):
        with pytest.raises(SizeError):
            convolution(size, kernel, before=padding, after=padding, **options)
    else:
        expected = torch.nn.functional.conv1d(image, weight, padding=padding, **options).shape[-1]
        assert convolution(size, kernel, before=padding, after=padding, **options).output == expected


@law
@given(SIZES, SMALL, SMALL, st.integers(1, 3), st.integers(0, 3), st.booleans())
def test_pooling_is_as_long_as_torchs(size, kernel, stride, dilation, padding, ceil_mode):
    torch = pytest.importorskip("torch")
    assume(padding <= kernel // 2)
    try:
        expected = torch.nn.functional.max_pool2d(
            torch.zeros(1, 1, size, size), kernel, stride, padding, dilation, ceil_mode
        ).shape[-1]
    except RuntimeError:
        expected = None
    options = {"stride": stride, "dilation": dilation, "before": padding, "after": padding, "ceil_mode": ceil_mode}
    if expected is None:
        with pytest.raises(SizeError):
            pooling(size, kernel, **options)
    else:
        assert pooling(size, kernel, **options).output == expected


@law
@given(st.integers(1, 20), SMALL, SMALL, st.integers(1, 3), st.integers(0, 6), st.integers(0, 6))
def test_transposed_is_as_long_as_torchs(size, kernel, stride, dilation, padding, extra):
    torch = pytest.importorskip("torch")
    image, weight = torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel, kernel)
    options = {"stride": stride, "dilation": dilation, "output_padding": extra}
    try:
        expected = torch.nn.functional.conv_transpose2d(image, weight, padding=padding, **options).shape[-1]
    except RuntimeError:
        expected = 0
    if expected == 0:  # which torch refuses on some of its paths, and gives as an empty image on others
        with pytest.raises((OptionError, SizeError)):
            transposed(size, kernel, before=padding, after=padding, **options)
    else:
        assert transposed(size, kernel, before=padding, after=padding, **options).output == expected


@law
@given(st.integers(1, 20), SMALL, st.integers(1, 3))
def test_same_torch_pads_the_sides_that_torch_pads(size, kernel, dilation):
    torch = pytest.importorskip("torch")
    before, after = Padding("same-torch").along("width", size, kernel, 1, dilation)
    image = torch.arange(1.0, size + 1).reshape(1, 1, 1, size)
    weight = torch.arange(1.0, kernel + 1).reshape(1, 1, 1, kernel)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that unequal sides cost it a copy
        expected = torch.nn.functional.conv2d(image, weight, padding="same", dilation=dilation)
    padded = torch.nn.functional.pad(image, (before, after))
    assert torch.equal(torch.nn.functional.conv2d(padded, weight, dilation=dilation), expected)


@pytest.mark.parametrize(
    ("solve", "sentence"),
    [
        (
            lambda: convolution(5, 7),
            "width floor((5 + 0 + 0 - 1*(7 - 1) - 1) / 1) + 1 = -1: 7 taps are more than the padded input of 5; "
            "it needs 2 more of padding or a smaller kernel",
        ),
        (
            lambda: convolution(5, 3, before=1, dilation=3, stride=2, name="height"),
            "height floor((5 + 1 + 0 - 3*(3 - 1) - 1) / 2) + 1 = 0: 3 taps 3 apart span 7, which is more than the "
            "padded input of 6; it needs 1 more of padding or a smaller kernel",
        ),
        (
            lambda: pooling(1, 4, stride=2, ceil_mode=True),
            "width ceil((1 + 0 + 0 - 1*(4 - 1) - 1) / 2) + 1 = 0: 4 taps are more than the padded input of 1; "
            "it needs 2 more of padding or a smaller kernel",
        ),
        (
            lambda: transposed(1, 3, before=2, after=1),
            "width (1 - 1)*1 - 2 - 1 + 1*(3 - 1) + 0 + 1 = 0: the padding cuts the whole output away; use less padding",
        ),
    ],
)
def test_impossible_sizes_show_the_arithmetic(solve, sentence):
    with pytest.raises(SizeError) as refusal:
        solve()
    assert str(refusal.value) == sentence
    assert refusal.value.exit_code == 1


@law
@given(SIZES, SMALL, SMALL, st.integers(1, 3), AMOUNTS, st.booleans())
def test_the_padding_that_an_error_asks_for_is_just_enough(size, kernel, stride, dilation, before, ceil_mode):
    options = {"stride": stride, "dilation": dilation, "ceil_mode": ceil_mode}
    try:
        pooling(size, kernel, before=before, **options)
    except SizeError as error:
        missing = int(error.problem.partition("it needs ")[2].split()[0])
        assert pooling(size, kernel, before=before, after=missing, **options).output == 1
        with pytest.raises(SizeError):
            pooling(size, kernel, before=before, after=missing - 1, **options)


def test_axes_are_solved_apart():
    conv = extent((640, 480), (5, 3), padding=Padding("same"), stride=(2, 1), dilation=(1, 2))
    assert conv.output == (320, 480)
    assert (conv.width.before, conv.width.after, conv.height.before, conv.height.after) == (1, 2, 2, 2)
    assert conv.height.arithmetic == "floor((480 + 2 + 2 - 2*(3 - 1) - 1) / 1) + 1 = 480"
    pool = pooled_extent((7, 6), (2, 3), padding=PADDING.parse("0"), ceil_mode=True)
    assert pool.output == (4, 2)
    assert (pool.width.stride, pool.height.stride) == (2, 3)
    up = transposed_extent((7, 6), (3, 4), padding=Padding("same"), stride=(5, 2))
    assert up.output == (35, 12)
    given_extra = transposed_extent((7, 6), (3, 4), padding=Padding("valid"), stride=(5, 2), output_padding=(4, 1))
    assert given_extra.output == (6 * 5 + 3 + 4, 5 * 2 + 4 + 1)


@pytest.mark.parametrize(
    ("padding", "words"),
    [
        ("0", "1 column at the right (of the image), 2 rows at the bottom (of the image)"),
        ("0,0,1,1", "2 columns at the right (1 of the image)"),
        ("0,0,0,4", "1 column at the right (of the image)"),
        ("1,0,1,2", "1 row at the bottom (padding only)"),
        ("1,0,1,1", ""),
    ],
)
def test_drops_are_worded(padding, words):
    found = extent((10, 11), (3, 3), padding=PADDING.parse(padding), stride=(3, 3))
    assert found.drops == words


def test_huge_sizes_stay_exact():
    axis = convolution(MAX_LENGTH, 3, stride=2, before=MAX_LENGTH, after=MAX_LENGTH)
    assert axis.output == (3 * MAX_LENGTH - 3) // 2 + 1
    assert pooling(MAX_LENGTH, 2, stride=2, ceil_mode=True).output == 2**30
    assert transposed(MAX_LENGTH, 3, stride=MAX_LENGTH).output == (MAX_LENGTH - 1) * MAX_LENGTH + 3
