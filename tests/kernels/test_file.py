"""Kernels in YAML: every form and key, and every refusal with its place."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from imgconv.errors import KernelFileError
from imgconv.kernels import library
from imgconv.kernels.document import KEYS
from imgconv.kernels.value import Combined, Kernel, Learned, Pointwise
from imgconv.words.map import MAPS


def kernel(text: str):
    return library.kernel("-", stdin=text.encode())


def test_the_example_of_the_format():
    made = kernel(
        """
        name: sobel-x
        summary: Horizontal gradient, positive where brightness rises to the right.
        source: Sobel and Feldman, 1968
        weights: [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
        scale: 1
        offset: 0
        anchor: [1, 1]
        map: abs
        """
    )
    assert isinstance(made, Kernel)
    assert (made.name, made.source, made.kind, made.map) == ("sobel-x", "Sobel and Feldman, 1968", "other", "abs")
    assert made.weights.tolist() == [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
    assert made.anchor == (1, 1)
    assert not made.offset


@pytest.mark.parametrize(
    ("text", "taps"),
    [
        ("weights: [[1, 2]]\nscale: 0.1", [[0.1, 0.2]]),
        ("weights: [[1, 2]]\nscale: 1/8", [[0.125, 0.25]]),
        ("weights: [[1/9, 2/9]]", [[1 / 9, 2 / 9]]),
        ("weights: [[1, 3]]\nnormalise: sum", [[0.25, 0.75]]),
        ("row: [1, 2, 1]", [[1, 2, 1]]),
        ("column: [1, 2]", [[1], [2]]),
        ("row: [1, 2]\ncolumn: [3, 4]\nscale: 1/2", [[1.5, 3], [2, 4]]),
        ("row: [1/4, 1/2, 1/4]", [[0.25, 0.5, 0.25]]),
        ("weights: [[1, 2], [3, 4]]\ncorrelate: true", [[4, 3], [2, 1]]),
        ("generator: box\nparameters: {size: 3x1}", [[1 / 3] * 3]),
        ("generator: box\nparameters: {size: [1, 3]}", [[1 / 3]] * 3),
        ("generator: highboost\nparameters: {a: 1}\nscale: 2", [[-2, -2, -2], [-2, 18, -2], [-2, -2, -2]]),
        ("generator: identity", [[1]]),
    ],
)
def test_taps(text, taps):
    np.testing.assert_allclose(kernel(text).taps, taps, rtol=1e-15)


def test_fractions_stay_exact():
    assert kernel("weights: [[1, 2]]\nscale: 0.1").scale == Fraction(1, 10)
    assert kernel("weights: [[1/9, 1]]").weights.tolist() == [[1, 9]]


def test_offsets_and_anchors():
    assert kernel("weights: [[1]]\noffset: 12.5").offset.at(255) == 12.5
    assert kernel("weights: [[1]]\noffset: 50%").offset.at(65535) == 32767.5
    assert kernel("weights: [[1, 2, 3]]\nanchor: [0, 0]\ncorrelate: true").anchor == (0, 2)


def test_a_generator_keeps_what_the_file_does_not_say():
    made = kernel("name: soft\ngenerator: gaussian\nparameters: {sigma: 3x1, angle: 30}\n")
    assert (made.name, made.kind) == ("soft", "smooth")
    assert made.summary
    assert made.source
    assert kernel("generator: sobel\nparameters: {size: 5}\nclass: stylise").kind == "stylise"


def test_combined():
    made = kernel("combine: max\nof: [sobel-x, 'gauss-deriv:sigma=0.2,size=3']")
    assert isinstance(made, Combined)
    assert [member.size for member in made.of] == ["3x3", "3x3"]


def test_members_are_looked_for_beside_the_file_first(tmp_path):
    (tmp_path / "sobel-x.yaml").write_text("weights: [[7]]")
    (tmp_path / "sobel-y.yaml").write_text("weights: [[8]]")
    (tmp_path / "mine.yaml").write_text("combine: sum\nof: [sobel-x, sobel-y]")
    assert [member.sum for member in library.kernel(tmp_path / "mine.yaml").of] == [7, 8]


def test_pointwise():
    made = kernel("matrix: [[1, 0, 0], [1/3, 1/3, 1/3]]\nbias: [0, 50%]\nscale: 2")
    assert isinstance(made, Pointwise)
    np.testing.assert_allclose(made.matrix, [[2, 0, 0], [2 / 3] * 3])
    assert [bias.at(255) for bias in made.bias] == [0, 127.5]


def test_learned_weights_are_slid_as_written(tmp_path):
    weights = np.random.default_rng(1).normal(size=(4, 3, 3, 3))
    np.save(tmp_path / "w.npy", weights)
    (tmp_path / "a.yaml").write_text("weights: w.npy\nbias: [1, 2, 3, 4]")
    (tmp_path / "b.yaml").write_text("weights: w.npy\ncorrelate: false")
    as_trained, as_kernel = library.kernel(tmp_path / "a.yaml"), library.kernel(tmp_path / "b.yaml")
    assert isinstance(as_trained, Learned)
    assert as_trained.bias == (1, 2, 3, 4)
    for correlate in (True, False):
        np.testing.assert_array_equal(as_trained.slid(correlate).weights, weights)
    np.testing.assert_array_equal(as_kernel.slid(True).weights, weights)
    picture = np.random.default_rng(2).normal(size=(3, 3))
    convolved = ndimage.convolve(picture, weights[0, 0])[1, 1]
    assert (as_kernel.slid().weights[0, 0] * picture).sum() == pytest.approx(convolved)


def test_a_matrix_beside_the_file(tmp_path):
    np.save(tmp_path / "w.npy", [[1, 2]])
    (tmp_path / "k.yaml").write_text("weights: w.npy\nscale: 1/2")
    assert library.kernel(tmp_path / "k.yaml").taps.tolist() == [[0.5, 1]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: a", "stdin: holds no kernel; write weights, row"),
        ("of: [a]", "says 'of' but not how to 'combine'"),
        ("- 1", "line 1, column 1: expected 'key: value' lines"),
        ("just text", "expected 'key: value' lines, not a text"),
        ("name: a\nwieghts: [[1]]", "line 2, column 1: unknown key 'wieghts'; did you mean 'weights'"),
        ("weights: [[1]]\nrow: [1]", "line 2, column 1: 'row' does not go with 'weights'"),
        ("weights: [[1]]\nof: [a]", "line 2, column 1: 'of' does not go with 'weights'"),
        ("combine: max\nof: [sobel-x, sobel-y]\nscale: 2", "line 3, column 1: 'scale' does not go with 'combine'"),
        ("weights: [[1, 2], [3]]", "line 1, column 19: row 2 has length 1, but row 1 has length 2"),
        ("weights: [[1, x]]", "line 1, column 15: 'x' is not a number"),
        ("weights:\n- [1, 2]\n- [1, .nan]", "line 3, column 7: nan is not a finite number"),
        ("weights: [[.inf]]", "column 12: inf is not a finite number"),
        ("weights: [[1e999]]", "inf is not a finite number"),
        ("weights: [[true]]", "expected a number, not true"),
        ("weights: [[~]]", "expected a number, not nothing"),
        ("weights: [[[1]]]", "weights has three axes, which only --volume can use"),
        ("weights: [1, 2]", "column 10: 2 numbers are not rows; for a single row, write"),
        (
            "weights: [1,2,1,2,4,2,1,2,1]",
            r"for 3 rows of 3 write \[\[1, 2, 1\], \[2, 4, 2\], \[1, 2, 1\]\]",
        ),
        (
            "weights: ['1,2,1', '2,4,2']",
            "row 1 of weights must be a list of numbers, not the text '1,2,1'; write",
        ),
        ("weights: [[0,0625, 0,125]]", "line 1, column 14: 0625 begins with 0, as what follows a decimal comma does"),
        (
            "weights: [[1, -1]]\nnormalise: sum",
            "the taps sum to 0, so no factor can make their sum 1; leave normalise out",
        ),
        ("weights: [['1e308/1e-308']]", "'1e308/1e-308' is too large"),
        ("weights: [[1]]\nscale: 1e308/1e-308", "'1e308/1e-308' is too large"),
        ("weights: [[1]]\nscale: 1e300", "the scale must lie within"),
        ("weights: [[1]]\noffset: 1e308/1e-308", "too large"),
        ("weights: [[1]]\noffset: 1e300%", "the offset must lie within"),
        ("matrix: [[1]]\nscale: 1e-300", "line 2, column 8: the scale must lie within"),
        ("matrix: [[1]]\nbias: [1e200]", "the offset must lie within"),
        ("combine: max\nof: [" + "box, " * 300 + "box]", "301 members are more than 256"),
        ("combine: max\nof: [" + "'box:size=1001', " * 20 + "box]", "have more than 8388608 taps together"),
        ("weights: []", "weights must be a list of rows .*, not an empty list"),
        ("weights: [[]]", "row 1 of weights must be a list of numbers, not an empty list"),
        ("weights: {a: 1}", "not a mapping"),
        ("weights:", "not nothing"),
        ("weights: 3", "not 3"),
        ("weights: x.txt", "name a .npy file"),
        ("weights: none.npy", "none.npy: there is no such file"),
        ("weights: [[1/0]]", "divides by 0"),
        ("weights: [[1]]\nscale: 0", "line 2, column 8: scale must not be 0"),
        ("weights: [[1]]\nscale: 1/0", "divides by 0"),
        ("weights: [[1]]\nscale: big", "'big' is not a number"),
        ("weights: [[1]]\nnormalise: max", "normalise can only be 'sum'"),
        ("weights: [[1]]\nscale: 2\nnormalise: sum", "cannot be combined with scale"),
        ("weights: [[1]]\noffset: x%", "'x' is not a number"),
        ("weights: [[1]]\noffset: [1]", "expected a number, not a list"),
        ("weights: [[1]]\nanchor: 1", r"anchor must be \[row, column\]"),
        ("weights: [[1]]\nanchor: [0, true]", r"anchor must be \[row, column\]"),
        ("weights: [[1]]\nanchor: [0, 1]", r"line 2, column 9: anchor \[0, 1\] lies outside the 1x1 kernel"),
        ("weights: [[1]]\nclass: smoth", "line 2, column 8: class: 'smoth' is not one of .*did you mean 'smooth'"),
        ("weights: [[1]]\nmap: [1]", "map: '.1.' is not one of clip"),
        ("weights: [[1]]\nname: Big", "a name is up to 64 lower-case letters"),
        ("weights: [[1]]\nname: ../up", "a name is up to 64 lower-case letters"),
        ("weights: [[1]]\nname: " + "a" * 65, "a name is up to 64 lower-case letters"),
        ("weights: [[1]]\nsummary: [1]", "summary must be one line of text"),
        ('weights: [[1]]\nsummary: "\\e[31m"', "summary must be one line of text"),
        ("weights: [[1]]\ncorrelate: 1", "correlate must be true or false, not 1"),
        ("weights: [[1]]\nbias: [1]", "'bias' does not go with"),
        ("row: 1", "row must be a list of numbers"),
        ("row: [1, x]", "line 1, column 10: 'x' is not a number"),
        ("generator: gausian", "no parametric kernel the text 'gausian'; did you mean 'gaussian'"),
        ("generator: [1]", "no parametric kernel a list"),
        ("generator: box\nparameters: 3", "parameters must be 'name: value' lines"),
        ("generator: box\nparameters: {size: 0}", "line 2, column 13: kernel 'box': size must be from 1"),
        ("generator: box\nparameters: {sise: 3}", "there is no parameter 'sise'; did you mean 'size'"),
        ("generator: box\nparameters: {size: {a: 1}}", "a parameter is a number"),
        ("generator: sobel\nscale: 2", "line 2, column 1: 'scale' does not go with the generator"),
        ("combine: min\nof: [sobel-x, sobel-y]", "combine: 'min' is not one of magnitude"),
        ("combine: max", "combine needs 'of'"),
        ("combine: max\nof: []", "combine needs 'of'"),
        ("combine: max\nof: [sobel-x]", "needs at least two"),
        ("combine: angle\nof: [sobel-x, sobel-y, sobel-x]", "exactly two"),
        ("combine: max\nof: [sobel-x, soble-y]", "line 2, column 15: there is no kernel 'soble-y'; did you mean"),
        ("combine: max\nof: [sobel-x, ../sobel-y]", "a member is the name"),
        ("combine: max\nof: [sobel-x, gray-601]", "'gray-601' is not a single matrix"),
        ("combine: max\nof: [sobel-x, sobel]", "line 2, column 15: kernel 'sobel': is itself combined"),
        ("combine: max\nof: [sobel-x, 3]", "a member is the name of a kernel, not 3"),
        ("combine: max\nof: [sobel-x, sobel5-x]", "line 2, column 5: its members must have one size"),
        ("matrix: [[1, 2], [3]]", "row 2 has length 1"),
        ("matrix: [[1]]\nbias: [1, 2]", "the length of bias is 2"),
        ("matrix: [[1]]\nbias: 1", "bias must be a list"),
        ("weights: [[" + ",".join(["1"] * 1002) + "]]", "more than 1001"),
        ("weights: [[1]]\nname: &a x", "anchors and aliases"),
    ],
)
def test_refusals(text, says):
    with pytest.raises(KernelFileError, match=says) as caught:
        kernel(text)
    assert str(caught.value).startswith("stdin")


def test_refusals_of_learned_weights(tmp_path):
    np.save(tmp_path / "w.npy", np.ones((2, 1, 3, 3)))
    for line, says in {
        "scale: 2": "'scale' does not go with learned weights",
        "bias: [1]": "the length of bias is 1, but the weights make 2 channels",
        "bias: [1, 50%]": "must be plain numbers",
    }.items():
        (tmp_path / "k.yaml").write_text(f"weights: w.npy\n{line}")
        with pytest.raises(KernelFileError, match=says):
            library.kernel(tmp_path / "k.yaml")


def test_files_that_name_each_other_are_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("combine: max\nof: [b, b]")
    (tmp_path / "b.yaml").write_text("combine: max\nof: [a, a]")
    (tmp_path / "self.yaml").write_text("combine: max\nof: [self, self]")
    for name in ("a", "self"):
        with pytest.raises(KernelFileError, match="is itself combined"):
            library.kernel(tmp_path / f"{name}.yaml")


@pytest.mark.parametrize("name", MAPS)
def test_a_kernel_may_name_every_map_there_is(name):
    assert kernel(f"weights: [[1]]\nmap: {name}").map == name


ODD_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.floats()
    | st.sampled_from(["sobel-x", "sum", "1/2", "50%", "max", "abs", "x.npy", "../x", "", "gaussian", "box:size=3"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["size", "sigma"]), inner, max_size=2),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(KEYS), ODD_VALUES, min_size=1, max_size=4))
def test_whatever_the_values_it_is_a_kernel_or_a_sentence(written):
    text = json.dumps(written).replace("NaN", ".nan").replace("Infinity", ".inf")
    try:
        kernel(text)
    except KernelFileError as error:
        assert str(error).isprintable()
