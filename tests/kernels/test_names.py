"""What other tools call kernels, and which words are taken for slips."""

import re
from pathlib import Path

import numpy as np
import pytest

from imgconv.cli.filtering import _numbers
from imgconv.errors import (
    ImgconvError,
    KernelFileError,
    KernelSpecError,
    OptionError,
    UnknownKernelError,
    did_you_mean,
    nearest,
    quoted,
    shorten,
)
from imgconv.kernels.library import kernel, names
from imgconv.kernels.names import NO_KERNELS, OTHER_NAMES, foreign, written
from imgconv.pipeline.file import load


def test_every_row_names_kernels_that_there_are():
    for word, specs in OTHER_NAMES.items():
        assert word == written(word) and word not in names() and word not in NO_KERNELS
        assert specs and all(kernel(spec) for spec in specs)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("blur", "there is no kernel 'blur'; did you mean 'box' or 'gaussian'?"),
        ("median", "'median'; median is not a convolution; 'imgconv pool' has"),
        ("edge", "did you mean 'sobel', 'find-edges'"),
        ("outline", "did you mean 'find-edges'"),
        ("Sobel", "there is no kernel 'Sobel'; did you mean 'sobel'?"),
        ("Gaussian Blur", "did you mean 'gaussian'?"),
        ("EDGE_ENHANCE_MORE", "did you mean 'sharpen8'?"),
        ("GaussianBlur:sigma=2", "did you mean 'gaussian'?"),
        ("sobel_x", "did you mean 'sobel-x'?"),
        ("bilateralFilter", "its weights depend on the picture"),
    ],
)
def test_what_people_type_is_understood(spec, says):
    with pytest.raises(UnknownKernelError, match=re.escape(says)):
        kernel(spec)


@pytest.mark.parametrize("word", ["xylophone", "password", "qq", "zz-top", "a" * 64])
def test_far_fetched_names_are_not_suggested(word):
    assert not nearest(word, names())
    with pytest.raises(UnknownKernelError, match="'imgconv kernels list' shows them all"):
        kernel(word)


@pytest.mark.parametrize("word", ["sobl", "soble", "sobell", "sobek", "Sobel", "sobe"])
def test_one_slip_is_found(word):
    assert nearest(word, ["box", "sobel", "gabor", "robinson"]) == ["sobel"]


def test_long_words_are_cut_in_messages():
    assert did_you_mean("x" * 10**6, ["x" * 40]) == ""
    assert quoted("x" * 10**6) == "'" + "x" * 37 + "...'"
    assert shorten("a\x1b[31m\nb") == "a?[31m?b"
    assert len(quoted(10**10000)) < 50
    with pytest.raises(KernelSpecError) as caught:
        kernel("gaussian:" + "s" * 10**5 + "=1")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "spec", ["net.pt", "./a/net.pth:conv1.weight", "m.onnx", "net.h5", "k.xlsx", "k.txt", "K.JSON"]
)
def test_files_of_other_programs_are_named_with_the_way_out(spec):
    with pytest.raises((KernelSpecError, KernelFileError), match=r"convert|save|rename"):
        kernel(spec)
    with pytest.raises(KernelFileError, match=r"convert|save|rename"):
        kernel(Path(spec.partition(":")[0]))


@pytest.mark.parametrize("file", ["net.pt", "net.pth:conv1", "m.onnx", "photo.cr2", "k.xlsx"])
@pytest.mark.parametrize(
    "text", ["- conv: {}", "- conv: {{kernel: box, bias: '{}'}}", "weights: {}", "combine: max\nof: ['{}', box]"]
)
def test_every_road_to_a_file_gives_the_way_out(file, text, tmp_path):
    (tmp_path / "a.yaml").write_text(text.format(file))
    with pytest.raises(ImgconvError) as caught:
        (load if text.startswith("-") else kernel)(str(tmp_path / "a.yaml"))
    assert f"'{file}'" in str(caught.value) and foreign(file) in str(caught.value)
    with pytest.raises(OptionError, match=re.escape(foreign(file))):
        _numbers(file)


def test_bias_of_numbers_and_of_files_is_read_as_before(tmp_path):
    np.save(tmp_path / "a,b.npy", [1.0, 2.0])
    for text, bias in (("3", (3,)), ("1,2", (1, 2)), (str(tmp_path / "a,b.npy"), (1, 2))):
        assert _numbers(text) == bias
