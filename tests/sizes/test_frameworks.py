"""The rows of the comparison against torch itself, and against the other frameworks' own formulas."""

import math
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgconv.errors import OptionError, SizeError
from imgconv.geometry import Padding
from imgconv.sizes.calculator import Question
from imgconv.sizes.frameworks import compare
from imgconv.words.padding import PADDING as PADDINGS

law = settings(deadline=None, max_examples=150)

SIZES = st.integers(1, 20)
PAIRS = st.tuples(st.integers(1, 5), st.integers(1, 5))
PADDING = st.one_of(
    st.sampled_from([Padding("valid"), Padding("same"), Padding("same-torch"), Padding("full")]),
    st.integers(0, 4).map(lambda n: Padding.explicit(n, n, n, n)),
    st.tuples(*[st.integers(0, 3)] * 4).map(lambda amounts: Padding.explicit(*amounts)),
)


def rows(question, size):
    """Return {(framework, mode): row}, or nothing where there is no such output here."""
    try:
        comparison = compare(question, size)
    except (SizeError, OptionError):
        return {}
    found = {(row.framework, row.mode): row for row in comparison.rows}
    assert len(found) == len(comparison.rows)
    return found


def output(row):
    return row.extent.output if row.extent else None


def questions(operation):
    return st.builds(
        lambda kernel, stride, dilation, padding: Question(operation, kernel, stride, dilation, padding),
        PAIRS,
        PAIRS,
        st.tuples(st.integers(1, 2), st.integers(1, 2)),
        PADDING,
    )


@law
@given(questions("convolution"), SIZES, SIZES)
def test_torch_convolutions(question, width, height):
    torch = pytest.importorskip("torch")
    for (framework, mode), row in rows(question, (width, height)).items():
        if framework != "torch" or row.refusal.startswith("both sides"):
            continue
        padding = eval(mode.removeprefix("padding="))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = torch.nn.functional.conv2d(
                    torch.zeros(1, 1, height, width),
                    torch.zeros(1, 1, *question.kernel[::-1]),
                    stride=question.stride[::-1],
                    padding=padding,
                    dilation=question.dilation[::-1],
                )
        except RuntimeError:
            assert row.extent is None
        else:
            assert output(row) == tuple(image.shape[:1:-1])


@law
@given(questions("pooling"), SIZES, SIZES, st.booleans())
def test_torch_poolings(question, width, height, ceil_mode):
    torch = pytest.importorskip("torch")
    question = question._replace(ceil_mode=ceil_mode)
    for (framework, mode), row in rows(question, (width, height)).items():
        if framework != "torch" or row.refusal.startswith("both sides"):
            continue
        padding = eval(mode.removeprefix("padding=").removesuffix(", ceil_mode=True"))
        try:
            image = torch.nn.functional.max_pool2d(
                torch.zeros(1, 1, height, width),
                question.kernel[::-1],
                question.stride[::-1],
                padding,
                question.dilation[::-1],
                mode.endswith("ceil_mode=True"),
            )
        except RuntimeError:
            assert row.extent is None
        else:
            assert output(row) == tuple(image.shape[:1:-1])


@law
@given(questions("transposed"), SIZES, SIZES, st.none() | st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_torch_transposed_convolutions(question, width, height, extra):
    torch = pytest.importorskip("torch")
    question = question._replace(output_padding=extra)
    found = rows(question, (width, height))
    row = next((row for row in found.values() if row.framework == "torch"), None)
    if row is None or row.extent is None:
        return
    added = row.extent.height.output_padding, row.extent.width.output_padding
    image = torch.nn.functional.conv_transpose2d(
        torch.zeros(1, 1, height, width),
        torch.zeros(1, 1, *question.kernel[::-1]),
        stride=question.stride[::-1],
        padding=eval(row.mode.removeprefix("padding=")),
        output_padding=added,
        dilation=question.dilation[::-1],
    )
    assert output(row) == tuple(image.shape[:1:-1])


@law
@given(st.sampled_from(["convolution", "pooling"]).flatmap(questions), SIZES, SIZES)
def test_tensorflow_and_onnx_windows(question, width, height):
    spans = [d * (k - 1) + 1 for k, d in zip(question.kernel, question.dilation, strict=True)]
    sizes = list(zip((width, height), spans, question.stride, strict=True))
    # tf.nn.convolution: "SAME" ceil(n / s), "VALID" ceil((n - span + 1) / s); ONNX's auto_pad says the same.
    same = tuple(math.ceil(n / s) for n, _, s in sizes)
    valid = tuple(math.ceil((n - span + 1) / s) for n, span, s in sizes)
    found = rows(question, (width, height))
    if not found:
        return
    refuses = max(question.stride) > 1 and max(question.dilation) > 1
    assert output(found["TensorFlow", "SAME"]) == (None if refuses else same)
    assert output(found["TensorFlow", "VALID"]) == (None if refuses or min(valid) < 1 else valid)
    assert output(found["ONNX", "SAME_UPPER"]) == output(found["ONNX", "SAME_LOWER"]) == same
    assert output(found["ONNX", "VALID"]) == (None if min(valid) < 1 else valid)
    upper, lower = found["ONNX", "SAME_UPPER"].extent.width, found["ONNX", "SAME_LOWER"].extent.width
    assert (upper.before, upper.after) == (lower.after, lower.before)
    assert 0 <= upper.after - upper.before <= 1


@law
@given(questions("pooling"), SIZES, SIZES)
def test_caffe_poolings(question, width, height):
    found = rows(question, (width, height))
    row = found.get(("Caffe", "pad, rounds up"))
    if row is None or row.extent is None:
        return
    # pooling_layer.cpp, Reshape: the last window is clipped only if there is padding on one axis or the other.
    left, top = row.extent.width.before, row.extent.height.before
    expected = []
    for n, k, s, pad in zip((width, height), question.kernel, question.stride, (left, top), strict=True):
        pooled = math.ceil((n + 2 * pad - k) / s) + 1
        if (left or top) and (pooled - 1) * s >= n + pad:
            pooled -= 1
        expected.append(pooled)
    assert output(row) == tuple(expected)


@law
@given(questions("transposed"), SIZES, SIZES, st.none() | st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_keras_and_onnx_transposed(question, width, height, extra):
    question = question._replace(output_padding=extra)
    found = rows(question, (width, height))
    if not found:
        return
    spans = [d * (k - 1) + 1 for k, d in zip(question.kernel, question.dilation, strict=True)]
    sizes = list(zip((width, height), spans, question.stride, extra or (0, 0), strict=True))
    times = tuple(n * s for n, _, s, _ in sizes)
    assert output(found["ONNX", "SAME_UPPER"]) == output(found["ONNX", "SAME_LOWER"]) == times
    assert output(found["ONNX", "VALID"]) == tuple(s * (n - 1) + add + span for n, span, s, add in sizes)
    if found["TensorFlow", "SAME"].refusal:
        return
    if extra is None:  # keras/src/backend/common/backend_utils.py, compute_conv_transpose_output_length
        assert output(found["TensorFlow", "SAME"]) == times
        assert output(found["TensorFlow", "VALID"]) == tuple(n * s + max(span - s, 0) for n, span, s, _ in sizes)
    else:
        same = tuple((n - 1) * s + span - 2 * (span // 2) + add for n, span, s, add in sizes)
        assert output(found["TensorFlow", "SAME"]) == same


@pytest.mark.parametrize(
    ("question", "size", "framework", "mode", "difference"),
    [
        (Question("convolution", (7, 7), (2, 2), padding=Padding("same")), 224, "TensorFlow", "SAME", "same"),
        (
            Question("convolution", (7, 7), (2, 2), padding=PADDINGS.parse("3")),
            224,
            "TensorFlow",
            "SAME",
            "moved by 1 column and 1 row",
        ),
        (
            Question("convolution", (7, 7), (2, 2), padding=PADDINGS.parse("3")),
            224,
            "torch",
            "padding='same'",
            "refuses: padding='same' takes no stride above 1",
        ),
        (
            Question("convolution", (3, 3), padding=Padding("same")),
            5,
            "TensorFlow",
            "VALID",
            "2 columns fewer, 2 rows fewer, moved by 1 column and 1 row",
        ),
        (Question("pooling", (3, 3), (2, 2)), 112, "torch", "padding=0", "same"),
        (
            Question("pooling", (3, 3), (2, 2)),
            112,
            "Caffe",
            "pad, rounds up",
            "1 column more, 1 row more",
        ),
        (
            Question("pooling", (2, 2), padding=PADDINGS.parse("2")),
            8,
            "torch",
            "padding=2",
            "refuses: padding is at most half of the window",
        ),
        (
            Question("pooling", (2, 2), padding=PADDINGS.parse("2")),
            8,
            "Caffe",
            "pad, rounds up",
            "refuses: padding must be smaller than the window",
        ),
        (
            Question("pooling", (2, 2), dilation=(2, 2)),
            8,
            "Caffe",
            "pad, rounds up",
            "refuses: its pooling has no dilation",
        ),
        (
            Question("convolution", (2, 2), padding=Padding("same")),
            8,
            "Caffe",
            "pad",
            "refuses: both sides of an axis are padded alike, so pad the image first",
        ),
        (
            Question("convolution", (3, 3), (2, 2), (2, 2)),
            9,
            "TensorFlow",
            "SAME",
            "refuses: a stride and a dilation above 1 do not go together",
        ),
        (
            Question("convolution", (7, 7), padding=PADDINGS.parse("1")),
            5,
            "ONNX",
            "VALID",
            "refuses: 7 taps are more than the padded input of 5; it needs 2 more of padding or a smaller kernel",
        ),
        (
            Question("transposed", (3, 3), (2, 2), output_padding=(1, 1)),
            5,
            "Caffe",
            "pad",
            "refuses: it has no output padding",
        ),
        (
            Question("transposed", (3, 3), (1, 1), (2, 2), output_padding=(1, 1)),
            5,
            "TensorFlow",
            "SAME",
            "refuses: output padding must be smaller than the stride",
        ),
        (Question("transposed", (1, 1), (3, 3)), 5, "TensorFlow", "VALID", "2 columns more, 2 rows more"),
    ],
)
def test_differences_in_words(question, size, framework, mode, difference):
    comparison = compare(question, (size, size))
    row = next(row for row in comparison.rows if (row.framework, row.mode) == (framework, mode))
    assert row.difference(comparison.ours) == difference
