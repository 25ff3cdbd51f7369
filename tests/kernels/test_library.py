"""Finding kernels: every form of a spec, the user's folders, and the catalogue."""

import contextlib
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgconv.errors import ImgconvError, KernelFileError, KernelSpecError, KernelValueError, UnknownKernelError
from imgconv.kernels.library import catalogue, kernel, names
from imgconv.kernels.value import Combined, Kernel, Learned, Pointwise


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder of one's own kernels."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv("IMGCONV_KERNELS", str(folder))
    return folder


@pytest.mark.parametrize(
    ("spec", "kind", "name"),
    [
        ("sobel-x", Kernel, "sobel-x"),
        (" sobel-x ", Kernel, "sobel-x"),
        ("sobel", Combined, "sobel"),
        ("sepia", Pointwise, "sepia"),
        ("gaussian", Kernel, "gaussian"),
        ("gaussian:sigma=2,size=7", Kernel, "gaussian:sigma=2,size=7"),
        ("gaussian: sigma = 3x1 , angle = 30", Kernel, "gaussian: sigma = 3x1 , angle = 30"),
        ("sobel:size=5", Combined, "sobel:size=5"),
        ("gabor:zero-dc=no", Kernel, "gabor:zero-dc=no"),
        ("gabor:zero_dc=no", Kernel, "gabor:zero_dc=no"),
        ("box:", Kernel, "box"),
        ("1,2;3,4", Kernel, "inline"),
        ("-1 2 -1", Kernel, "inline"),
        ("7", Kernel, "inline"),
        ([[1, 2]], Kernel, "array"),
        (np.ones((2, 2), np.float32), Kernel, "array"),
        (np.ones((2, 1, 3, 3)), Learned, "array"),
    ],
)
def test_forms(spec, kind, name):
    made = kernel(spec)
    assert type(made) is kind
    assert made.name == name
    assert kernel(made) is made


def test_files(tmp_path):
    (tmp_path / "mine.yml").write_text("weights: [[1, 2]]")
    assert kernel(str(tmp_path / "mine.yml")).name == "mine"
    assert kernel(tmp_path / "mine.yml").weights.tolist() == [[1, 2]]


def test_stdin_given_by_the_caller():
    assert kernel("-", stdin=b"weights: [[4]]").sum == 4


SHOW_STDIN = """
import imgconv.errors, imgconv.kernels.library
try:
    print(imgconv.kernels.library.kernel("-").sum)
except imgconv.errors.ImgconvError as error:
    print(error)
"""


def run(program, **options):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, **options)
    return done.stdout


def test_stdin_from_a_pipe():
    assert run(SHOW_STDIN, input="weights: [[5]]") == "5.0\n"
    assert run(SHOW_STDIN, input="") == "stdin: is empty\n"
    assert "larger than 1024 kB" in run(SHOW_STDIN, input=" " * 3_000_000)


def test_stdin_at_a_terminal_is_refused():
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    try:
        assert "stdin, which is a terminal" in run(SHOW_STDIN, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    ("spec", "error", "says"),
    [
        ("sobl-x", UnknownKernelError, "there is no kernel 'sobl-x'; did you mean 'sobel-x'"),
        ("zzzz", UnknownKernelError, "kernels list"),
        ("gausian:sigma=2", UnknownKernelError, "did you mean 'gaussian'"),
        ("sharpen:x=1", KernelSpecError, "'sharpen' is a fixed kernel and takes no parameters"),
        ("gaussian:sgma=2", KernelSpecError, "no parameter 'sgma'; did you mean 'sigma'"),
        ("gaussian:zzz=2", KernelSpecError, r"no parameter 'zzz'; write gaussian:sigma="),
        ("gaussian:2", KernelSpecError, "'2' is not name=value; write gaussian:sigma="),
        ("gaussian:sigma=", KernelSpecError, "'sigma=' is not name=value"),
        ("gaussian:sigma=2,sigma=3", KernelSpecError, "sigma is given twice"),
        ("gaussian:sigma=two", KernelSpecError, "sigma must be a number, or two as 3x1, not 'two'"),
        ("gaussian:sigma=1x2x3", KernelSpecError, "sigma must be a number, or two"),
        ("gaussian:sigma=nan", KernelSpecError, "sigma must be a number"),
        ("box:size=2.5", KernelSpecError, "size must be a number of taps or WIDTHxHEIGHT, not '2.5'"),
        ("savgol:order=x", KernelSpecError, "order must be a whole number"),
        ("gabor:zero-dc=maybe", KernelSpecError, "zero-dc must be true or false"),
        ("gaussian:sigma=2,", KernelSpecError, "'' is not name=value"),
        ("", KernelSpecError, "is empty"),
        ("Sobel", UnknownKernelError, "did you mean 'sobel'"),
        ("sobel_x", UnknownKernelError, "did you mean 'sobel-x'"),
        ("a" * 65, KernelSpecError, "is neither a name"),
        ("../sobel", KernelSpecError, "kernel files end in"),
        ("../../etc/passwd", KernelSpecError, "kernel files end in"),
        ("kernel.txt", KernelSpecError, "is read if its name ends in .csv"),
        ("1,2;3", KernelSpecError, "row 2 has length 1"),
        ("a,b", KernelSpecError, "row 1, column 1"),
        ("none.yaml", KernelFileError, "none.yaml: there is no such file"),
        ("a\0b.yaml", KernelFileError, "cannot be read"),
        ([1, 2], KernelValueError, "shape"),
        ([[1], [1, 2]], KernelValueError, "not a matrix"),
        ([["a"]], KernelValueError, "not a matrix of numbers"),
        ([[np.nan]], KernelValueError, "nan"),
        ([], KernelValueError, "shape"),
        (None, KernelValueError, "not a matrix of numbers"),
        (object(), KernelValueError, "not a matrix of numbers"),
    ],
)
def test_refusals(spec, error, says):
    with pytest.raises(error, match=says) as caught:
        kernel(spec)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_a_kernel_or_one_of_our_errors(spec):
    if spec.strip() != "-":
        with contextlib.suppress(ImgconvError):
            kernel(spec)


def test_ones_own_kernels_win(own):
    (own / "sharpen.yaml").write_text("weights: [[42]]")
    (own / "mine.yml").write_text("name: mine\nweights: [[43]]\nclass: stylise")
    assert kernel("sharpen").sum == 42
    assert kernel("mine").sum == 43
    assert "mine" in names()
    entries = {entry.name: entry for entry in catalogue()}
    assert entries["sharpen"].origin == str(own / "sharpen.yaml")
    assert entries["sharpen"].shadows
    assert entries["mine"].kind == "stylise"
    assert not entries["mine"].shadows


def test_the_first_folder_wins(own, tmp_path, monkeypatch):
    second = tmp_path / "second"
    second.mkdir()
    (own / "mine.yaml").write_text("weights: [[1]]")
    (second / "mine.yaml").write_text("weights: [[2]]")
    monkeypatch.setenv("IMGCONV_KERNELS", os.pathsep.join(["", str(own), str(second)]))
    assert kernel("mine").sum == 1
    assert next(entry for entry in catalogue() if entry.name == "mine").origin == str(own / "mine.yaml")


def test_members_of_the_library_are_not_shadowed(own):
    (own / "sobel-x.yaml").write_text("weights: [[42]]")
    assert kernel("sobel").of[0].shape == (3, 3)


def test_bad_files_of_ones_own(own):
    (own / "bad.yaml").write_text("weights: [[x]]")
    (own / "other.yaml").write_text("name: another\nweights: [[1]]")
    (own / "Not-A-Name.yaml").write_text("weights: [[1]]")
    with pytest.raises(KernelFileError, match=r"bad\.yaml, line 1, column 12"):
        kernel("bad")
    with pytest.raises(KernelFileError, match="the name is 'another', but the file is called 'other'"):
        kernel("other")
    entries = {entry.name: entry for entry in catalogue()}
    assert "'x' is not a number" in entries["bad"].problem
    assert "Not-A-Name" not in entries


def test_a_folder_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("IMGCONV_KERNELS", str(tmp_path / "none"))
    assert kernel("sharpen").sum == 1
    with pytest.raises(KernelFileError, match="is not a folder, but IMGCONV_KERNELS names it"):
        kernel("mine")
    assert any("is not a folder" in entry.problem for entry in catalogue())


def test_the_catalogue():
    entries = catalogue()
    assert {entry.name for entry in entries} == set(names())
    assert not [entry for entry in entries if entry.problem]
    by_form = {(entry.name, entry.form): entry for entry in entries}
    assert by_form["sobel-x", "matrix"].size == "3x3"
    assert by_form["sobel-x", "matrix"].origin == "library"
    assert by_form["sobel-x", "parametric"].parameters == ("size=3",)
    assert by_form["gray-601", "pointwise"].kind == "pointwise"
    assert by_form["sobel", "combined"].summary.endswith(".")


def test_a_named_kernel_opens_only_what_it_needs():
    program = (
        "import sys, imgconv.kernels.library as library\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: event == 'open' and opened.append(str(args[0])))\n"
        "library.kernel('sobel')\n"
        "print(sorted(path.rpartition('/')[2] for path in opened if path.endswith('.yaml')))\n"
        "print([name for name in ('scipy', 'PIL', 'click') if name in sys.modules])\n"
        "library.kernel('gaussian-discrete:sigma=2')\n"
        "print([name for name in ('scipy', 'PIL', 'click') if name in sys.modules])\n"
    )
    assert run(program).splitlines() == ["['sobel-x.yaml', 'sobel-y.yaml', 'sobel.yaml']", "[]", "[]"]


def test_a_named_kernel_takes_milliseconds():
    kernel("sobel")
    took = []
    for _ in range(5):
        began = time.perf_counter()
        kernel("sobel")
        took.append(time.perf_counter() - began)
    assert min(took) < 0.02
