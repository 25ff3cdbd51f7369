"""Kernels in .npy, .csv and .mat files."""

import numpy as np
import pytest
from scipy import ndimage

from imgconv.errors import KernelFileError
from imgconv.kernels.library import kernel


def test_npy_and_csv_are_taken_as_written(tmp_path):
    weights = np.array([[1, 2, 3], [4, 5, 7]])
    np.save(tmp_path / "k.npy", weights)
    np.savetxt(tmp_path / "k.csv", weights, delimiter=",")
    (tmp_path / "t.csv").write_text("\ufeff# taps\n1; 2;3\n\n4 5\t7  # the end\n", encoding="utf-8")
    for name in ("k.npy", "k.csv", "t.csv"):
        assert kernel(tmp_path / name).weights.tolist() == weights.tolist()
        assert kernel(str(tmp_path / name)).name == name[0]


def test_a_csv_of_fractions_is_exact(tmp_path):
    (tmp_path / "k.csv").write_text("1/9,2/9\n1/9,2/9\n")
    assert kernel(tmp_path / "k.csv").integral


def test_mat_means_what_vips_conv_does(tmp_path):
    # vips conv: sum(mask * pixels) / scale + offset, the mask laid on as written, tap (height // 2, width // 2)
    # on the pixel. The same rule was checked against pyvips 8.18.
    (tmp_path / "k.mat").write_text("3 2 4 10\n1 2 3\n4 5 7\n")
    pixels = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
    by_hand = (1 * 1 + 2 * 2 + 3 * 3 + 4 * 4 + 5 * 5 + 7 * 6) / 4 + 10
    assert by_hand == 34.25
    laid = kernel(tmp_path / "k.mat").slid()
    assert laid.weights.tolist() == [[1, 2, 3], [4, 5, 7]]
    assert laid.anchor == (1, 1)
    assert (pixels[0:2, :] * laid.taps).sum() + laid.offset.value == by_hand
    # and by scipy, whose correlation lays the same tap on the pixel for this size
    assert ndimage.correlate(pixels, laid.taps)[1, 1] + 10 == by_hand


def test_mat_defaults(tmp_path):
    (tmp_path / "k.mat").write_text("3,1\n1 2 -1\n")
    made = kernel(tmp_path / "k.mat")
    assert (made.weights.tolist(), made.scale, made.offset.value, made.anchor) == ([[-1, 2, 1]], 1, 0, None)


def written(*lines, end="\r\n"):
    return end.join([*lines, ""])


GERMAN = ("0,0625;0,125;0,0625", "0,125;0,25;0,125", "0,0625;0,125;0,0625")
POINTS = tuple(line.replace(",", ".") for line in GERMAN)


@pytest.mark.parametrize(
    "data",
    [
        written(*GERMAN).encode(),
        written(*GERMAN, end="\r").encode(),
        written(*GERMAN).encode("utf-8-sig"),
        written("sep=;", *GERMAN).encode(),
        written('"sep=;"', *GERMAN).encode(),
        written("SEP=|", *(line.replace(";", "|") for line in GERMAN)).encode(),
        written(*(line.replace(";", "\t") for line in GERMAN)).encode("utf-16"),
        written(*POINTS).encode(),
        written(*(line.replace(";", ",") for line in POINTS), end="\n").encode(),
        written(*('"' + line.replace(";", '","') + '"' for line in GERMAN)).encode(),
        written("# taps", "", *GERMAN, ";;", end="\n").encode(),
        written("6,25%;12,5%;6,25%", "12,5%;25%;12,5%", "6,25 %;12,5 %;6,25 %").encode(),
    ],
)
def test_a_csv_as_spreadsheets_write_it(tmp_path, data):
    (tmp_path / "k.csv").write_bytes(data)
    made = kernel(tmp_path / "k.csv")
    assert made.taps.tolist() == [[0.0625, 0.125, 0.0625], [0.125, 0.25, 0.125], [0.0625, 0.125, 0.0625]]
    assert made.sum == 1


def test_thousands_in_a_csv_of_an_old_code_page(tmp_path):
    (tmp_path / "k.csv").write_bytes("1\u00a0234,5;-2\r\n".encode("cp1252"))
    assert kernel(tmp_path / "k.csv").taps.tolist() == [[1234.5, -2]]


def test_a_mat_with_decimal_commas(tmp_path):
    (tmp_path / "k.mat").write_text("2 1 0,5 1,5\n0,0625 0,125\n")
    made = kernel(tmp_path / "k.mat")
    assert (made.taps.tolist(), made.offset.value) == ([[0.25, 0.125]], 1.5)


def test_a_foreign_file_is_not_quoted(tmp_path):
    secret = "root:$6$Kq0sV1:19000:0:99999:7:::\nbin:*:19000:0:99999:7:::\n"
    (tmp_path / "shadow").write_text(secret)
    for name in ("k.csv", "k.mat", "k.yaml", "k.npy"):
        (tmp_path / name).symlink_to(tmp_path / "shadow")
        with pytest.raises(KernelFileError) as caught:
            kernel(tmp_path / name)
        said = str(caught.value).removeprefix(str(tmp_path))
        assert not [word for word in ("root", "Kq0sV1", "19000", "99999") if word in said], said


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("k.csv", "", "is empty"),
        ("k.csv", "1,2\n3\n", r"k\.csv, line 2: this row has length 1, but the first has length 2"),
        ("k.csv", "1,2\n3,x\n", r"line 2, column 3: 'x' is not a number"),
        ("k.csv", "1,,2\n", r"line 1, column 3: a number is missing"),
        ("k.csv", "1,nan\n", "not a number"),
        ("k.csv", "1,1e999\n", "too large"),
        ("k.csv", "1,1e308/1e-308\n", "too large"),
        ("k.csv", "0,5 0,25\n", "its commas may separate numbers or begin decimals"),
        ("k.csv", b"\0\1\2", "is not text"),
        ("k.mat", b"MATLAB 5.0 MAT-file, Platform" + bytes(200), "is a MATLAB file, not a libvips matrix; in MATLAB,"),
        ("k.mat", "3 1 1e308 1\n1 2 3\n", "the scale must lie within"),
        ("k.mat", "1 1 1 1e31\n1\n", "the offset must lie within"),
        ("k.csv", ",".join(["1"] * 1002), "more than 1001"),
        ("k.csv", b"\xff\xfe1", "not UTF-8"),
        ("k.mat", "", "is empty"),
        ("k.mat", "3\n1 2 3\n", "first line must be 'width height"),
        ("k.mat", "3 1 1 0 0\n1 2 3\n", "first line must be 'width height"),
        ("k.mat", "3 -1\n1 2 3\n", "first line must be 'width height"),
        ("k.mat", "3 1 0\n1 2 3\n", "the scale is 0"),
        ("k.mat", "3 2\n1 2 3\n", "says 3x2 taps, but the number of rows is 1"),
        ("k.mat", "3 2\n1 2 3\n1 2\n", "line 3: the header says 3x2 taps"),
        ("k.npy", b"", "is not a .npy file"),
        ("k.npy", b"\x93NUMPY\x01\x00\x04\x00{}  ", "is not a .npy file"),
        ("k.npy", b"\x93NUMPY\x01\x00\x08\x00{'descr'(", "is not a .npy file"),
        ("k.npy", "not an array", "is not a .npy file"),
    ],
)
def test_refusals(tmp_path, name, text, says):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(KernelFileError, match=says):
        kernel(path)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.ones(3), "shape"),
        (np.ones((2, 2, 2)), "shape"),
        (np.ones((0, 2)), "npy"),
        (np.full((2, 2), np.nan), "row 1, column 1 is nan"),
        (np.array([[1, np.inf]]), "row 1, column 2 is inf"),
        (np.array([["a"]]), "holds str32, not numbers"),
        (np.array([[1j]]), "holds complex128, not numbers"),
        (np.ones((1, 1002)), "more than 1001"),
    ],
)
def test_arrays_that_are_no_kernels(tmp_path, array, says):
    np.save(tmp_path / "k.npy", array)
    with pytest.raises(KernelFileError, match=says):
        kernel(tmp_path / "k.npy")


def test_nothing_in_a_npy_is_run(tmp_path):
    np.save(tmp_path / "k.npy", np.array([[print]], dtype=object), allow_pickle=True)
    with pytest.raises(KernelFileError, match="plain numbers"):
        kernel(tmp_path / "k.npy")


def test_a_npy_that_promises_too_much_is_refused_before_it_is_read(tmp_path):
    np.save(tmp_path / "k.npy", np.ones((2, 2)))
    data = (tmp_path / "k.npy").read_bytes().replace(b"(2, 2), ", b"(99999999, 99999999), ")
    (tmp_path / "k.npy").write_bytes(data)
    with pytest.raises(KernelFileError, match=r"\.npy"):
        kernel(tmp_path / "k.npy")


@pytest.mark.parametrize("suffix", [".yaml", ".npy", ".csv", ".mat"])
def test_missing_files_and_folders(tmp_path, suffix):
    with pytest.raises(KernelFileError, match="there is no such file"):
        kernel(tmp_path / f"none{suffix}")
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(KernelFileError, match="is a folder"):
        kernel(tmp_path / f"folder{suffix}")
