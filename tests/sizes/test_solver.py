"""Solutions against a search through every stride, padding and output padding with sizes counted by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgconv.errors import SizeError
from imgconv.geometry import PADDINGS, Padding
from imgconv.sizes.calculator import Question
from imgconv.sizes.search import Search, split
from imgconv.sizes.solver import LIMIT, solve

law = settings(deadline=None, max_examples=200)


def windows(size, kernel, stride, dilation, before, after, ceil_mode):
    """Count windows one by one; 0 if none fits."""
    total, span, count = before + size + after, dilation * (kernel - 1) + 1, 0
    while count * stride + span <= total:
        count += 1
    covered = (count - 1) * stride + span if count else 0
    gained = covered < total and count * stride + span - total < stride and count * stride < before + size
    return count + (ceil_mode and gained)


def spread(size, kernel, stride, dilation, before, after, extra):
    """Count the samples that a transposed convolution leaves."""
    written = {i * stride + tap * dilation for i in range(size) for tap in range(kernel)}
    return max(written) + 1 + extra - before - after


def expand(solutions):
    """Return every (stride, before, after, output padding, ceil mode) that the solutions stand for."""
    every = [(one.stride, *sides, one.output_padding, one.ceil_mode) for one in solutions for sides in one.sides()]
    assert len(every) == len(set(every))
    return set(every)


def found(question, size, target, ceil_mode=False):
    return expand(Search(question, 0, size, target, ceil_mode).solutions())


SIZES = st.integers(1, 14)
KERNELS = st.integers(1, 5)


@law
@given(SIZES, SIZES, KERNELS, st.integers(1, 3))
def test_convolutions_are_all_found(size, target, kernel, dilation):
    expected = {
        (stride, *split(total), 0, False)
        for stride in range(1, size + 1)
        for total in range(2 * dilation * (kernel - 1) + 1)
        if windows(size, kernel, stride, dilation, *split(total), False) == target
    }
    question = Question("convolution", (kernel, kernel), dilation=(dilation, dilation))
    assert found(question, size, target) == expected


@law
@given(SIZES, SIZES, KERNELS, st.integers(1, 3), st.booleans())
def test_poolings_are_all_found(size, target, kernel, dilation, ceil_mode):
    expected = {
        (stride, *split(total), 0, ceil_mode)
        for stride in range(1, size + 1)
        for total in range(2 * (kernel // 2) + 1)
        if windows(size, kernel, stride, dilation, *split(total), ceil_mode) == target
    }
    question = Question("pooling", (kernel, kernel), dilation=(dilation, dilation))
    assert found(question, size, target, ceil_mode) == expected


@law
@given(SIZES, st.integers(1, 24), KERNELS, st.integers(1, 3))
def test_transposed_convolutions_are_all_found(size, target, kernel, dilation):
    expected = {
        (stride, *split(total), extra, False)
        for stride in range(1, target + 1)
        for total in range(2 * dilation * (kernel - 1) + 1)
        for extra in range(max(stride, dilation))
        if spread(size, kernel, stride, dilation, *split(total), extra) == target
    }
    question = Question("transposed", (kernel, kernel), dilation=(dilation, dilation))
    assert found(question, size, target) == expected


PADDING = st.one_of(
    st.sampled_from([Padding(kind) for kind in PADDINGS]),
    st.tuples(*[st.integers(0, 6)] * 4).map(lambda amounts: Padding.explicit(*amounts)),
)


@law
@given(SIZES, SIZES, KERNELS, st.integers(1, 3), PADDING, st.sampled_from(["convolution", "pooling"]), st.booleans())
def test_a_given_padding_stays(size, target, kernel, dilation, padding, operation, ceil_mode):
    ceil_mode = ceil_mode and operation == "pooling"
    expected = set()
    for stride in range(1, size + 1):
        sides = padding.along("width", size, kernel, stride, dilation)
        if windows(size, kernel, stride, dilation, *sides, ceil_mode) == target:
            expected.add((stride, *sides, 0, ceil_mode))
    question = Question(operation, (kernel, kernel), dilation=(dilation, dilation), padding=padding)
    assert found(question, size, target, ceil_mode) == expected


@law
@given(SIZES, st.integers(1, 24), KERNELS, st.integers(1, 3), PADDING, st.none() | st.integers(0, 4))
def test_a_given_padding_of_a_transposed_convolution_stays(size, target, kernel, dilation, padding, given_extra):
    expected = set()
    for stride in range(1, target + 1):
        before, after, implied = padding.transposed_along("width", kernel, stride, dilation)
        extras = [given_extra] if given_extra is not None else range(max(stride, dilation))
        if given_extra is None and padding.kind in ("same", "same-lower", "interpolation"):
            extras = [implied]
        for extra in extras:
            fits = extra < max(stride, dilation)
            if fits and spread(size, kernel, stride, dilation, before, after, extra) == target:
                expected.add((stride, before, after, extra, False))
    output_padding = None if given_extra is None else (given_extra, given_extra)
    question = Question("transposed", (kernel, kernel), None, (dilation, dilation), padding, output_padding)
    assert found(question, size, target) == expected


@law
@given(SIZES, SIZES, KERNELS, st.integers(1, 4), st.sampled_from(["convolution", "pooling", "transposed"]))
def test_a_given_stride_stays(size, target, kernel, stride, operation):
    free = Question(operation, (kernel, kernel))
    fixed = free._replace(stride=(stride, stride))
    bound = target if operation == "transposed" else size
    expected = {one for one in found(free, size, target) if one[0] == stride}
    if stride <= bound:
        assert found(fixed, size, target) == expected


@law
@given(SIZES, st.integers(1, 20), KERNELS, st.sampled_from(["convolution", "pooling", "transposed"]))
def test_named_paddings_give_the_target_too(size, target, kernel, operation):
    question = Question(operation, (kernel, kernel))
    for one in Search(question, 0, size, target).solutions():
        for name in one.named:
            asked = question._replace(
                stride=(one.stride, one.stride),
                padding=Padding(name),
                output_padding=(one.output_padding, one.output_padding) if operation == "transposed" else None,
            )
            assert asked.answer((size, size)).output == (target, target)


@law
@given(
    st.tuples(SIZES, SIZES), st.tuples(SIZES, SIZES), KERNELS, st.sampled_from(["convolution", "pooling", "transposed"])
)
def test_any_width_goes_with_any_height(size, target, kernel, operation):
    question = Question(operation, (kernel, kernel))
    try:
        solutions = solve(question, size, target)
    except SizeError:
        return
    assert solutions.complete
    for w in solutions.width[:5]:
        for h in solutions.height[:5]:
            if w.ceil_mode == h.ceil_mode:
                asked = question._replace(
                    stride=(w.stride, h.stride),
                    padding=Padding.explicit(w.least[0], h.least[0], w.least[1], h.least[1]),
                    output_padding=(w.output_padding, h.output_padding) if operation == "transposed" else None,
                    ceil_mode=w.ceil_mode,
                )
                assert asked.answer(size).output == target


def test_too_many_solutions_are_cut_and_said_to_be():
    solutions = solve(Question("convolution", (5000, 5000)), (5000, 5000), (1, 1))
    assert len(solutions.width) == len(solutions.height) == LIMIT
    assert not solutions.complete
    assert "and 960 more" in solutions.report()


@pytest.mark.parametrize(
    ("question", "size", "target", "sentence"),
    [
        (
            Question("convolution", (3, 3)),
            (224, 224),
            (224, 100),
            "height 224 -> 100: nothing gives it with strides 1 to 224 and padding 0 to 2 a side; "
            "the nearest to be had: 76 and 111",
        ),
        (
            Question("convolution", (3, 3), stride=(1, 1), padding=Padding("valid")),
            (9, 9),
            (9, 9),
            "width 9 -> 9: nothing gives it with the options given; the nearest to be had: 7",
        ),
        (
            Question("convolution", (3, 3)),
            (9, 9),
            (900, 9),
            "width 9 -> 900: nothing gives it with strides 1 to 9 and padding 0 to 2 a side",
        ),
        (
            Question("pooling", (2, 2), stride=(2, 2), padding=Padding("valid")),
            (7, 7),
            (3, 4),
            "size 7x7 -> 3x4: one axis needs --ceil-mode, and the other can do only without",
        ),
    ],
)
def test_what_cannot_be_solved_says_what_was_tried(question, size, target, sentence):
    with pytest.raises(SizeError) as refusal:
        solve(question, size, target)
    assert str(refusal.value) == sentence
