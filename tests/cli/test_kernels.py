"""``imgconv kernels``: what it lists, shows, writes and refuses, and with which exit code."""

import json
import os
import pty
import subprocess
import sys

import numpy as np
import pytest

from imgconv.cli import main
from imgconv.kernels.library import catalogue, kernel
from imgconv.kernels.value import CLASSES


@pytest.fixture
def kernels(monkeypatch, capfdbinary, tmp_path):
    """Return a function that runs ``imgconv kernels`` in an empty folder and gives (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IMGCONV_KERNELS", raising=False)

    def run(*arguments, binary=False):
        monkeypatch.setattr(sys, "argv", ["imgconv", "kernels", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capfdbinary.readouterr()
        return end.value.code, out if binary else out.decode(), err.decode()

    return run


@pytest.fixture
def mine(monkeypatch, tmp_path_factory):
    """A folder with a user's own kernels: one new, one that hides the library's, one broken."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "halves.yaml").write_text("class: smooth\nsummary: Mine.\nweights: [[1, 1]]\nscale: 1/2\n")
    (folder / "sobel-x.yaml").write_text("class: derivative\nweights: [[4, 0, -4]]\n")
    (folder / "broken.yaml").write_text("weights: [[1, 2], [3]]\n")
    return folder


def in_terminal(columns, *arguments):
    """Run the command line in a terminal that many columns wide; return (exit code, what it showed)."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "imgconv", "kernels", *arguments]
    environment = {**os.environ, "COLUMNS": str(columns)}
    with subprocess.Popen(command, stdout=follower, stderr=follower, stdin=follower, env=environment) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 1 << 16)
            except OSError:  # Linux says that the other end has been closed
                break
            if not part:
                break
            shown += part
    os.close(leader)
    return process.returncode, shown.decode().replace("\r\n", "\n")


# list


def test_list_has_every_kernel_under_its_class(kernels):
    code, out, err = kernels("list")
    assert (code, err) == (0, "")
    listed, kind = [], None
    for line in out.splitlines():
        if line and not line.startswith(" "):
            kind = line
        elif line:
            listed.append((line.split()[0], kind))
    assert sorted(listed) == sorted((entry.name, entry.kind) for entry in catalogue())
    assert [line for line in out.splitlines() if line in CLASSES] == [
        kind for kind in CLASSES if any(entry.kind == kind for entry in catalogue())
    ]
    for entry in catalogue():
        assert entry.summary in out and entry.size in out and ",".join(entry.parameters) in out


def test_list_as_json(kernels):
    code, out, _ = kernels("list", "--json")
    found = json.loads(out)
    assert code == 0 and len(found) == len(catalogue())
    sobel = next(entry for entry in found if (entry["name"], entry["form"]) == ("sobel-x", "matrix"))
    assert sobel["class"] == "derivative" and (sobel["width"], sobel["height"]) == (3, 3)
    assert (sobel["origin"], sobel["user"], sobel["problem"], sobel["parameters"]) == ("library", False, None, [])
    box = next(entry for entry in found if entry["name"] == "box")
    size = {"name": "size", "form": "WxH", "default": 3, "required": False}
    assert (box["form"], box["width"], box["parameters"]) == ("parametric", None, [size])
    assert json.loads(kernels("list", "--json", "nothing-like-it")[1]) == []


@pytest.mark.parametrize(
    ("arguments", "some", "none"),
    [
        (["smooth"], "gaussian", "sobel-x"),
        (["--class", "bank"], "kirsch", "box"),
        (["compass", "KIRSCH"], "kirsch-n", "robinson3-n"),
        (["derivative", "angle"], "sobel-angle", "sobel-x"),
        (["--class", "derivative", "hessian"], "hessian-xy", "laplacian4"),
        (["Farid and Simoncelli"], "farid-x", "scharr-x"),
    ],
)
def test_list_chooses(kernels, arguments, some, none):
    code, out, _ = kernels("list", *arguments)
    listed = {line.split()[0] for line in out.splitlines() if line.startswith(" ")}
    assert code == 0 and some in listed and none not in listed
    found = {entry["name"] for entry in json.loads(kernels("list", "--json", *arguments)[1])}
    assert found == listed


def test_list_marks_your_own(kernels, mine, monkeypatch):
    monkeypatch.setenv("IMGCONV_KERNELS", f"{mine}{os.pathsep}{mine / 'nowhere'}")
    code, out, err = kernels("list")
    lines = {line.split()[1]: line for line in out.splitlines() if line[:1] in "*!" and len(line.split()) > 2}
    assert (code, err) == (0, "")
    assert lines["halves"].startswith("* ") and "2x1" in lines["halves"] and lines["halves"].endswith("Mine.")
    assert "hides the library's own" in lines["sobel-x"]
    assert lines["broken"].startswith("! ") and "row 2 has length 1" in lines["broken"]
    assert lines[str(mine / "nowhere")].startswith("! ") and "is not a folder" in out
    assert out.endswith("* your own, from $IMGCONV_KERNELS\n! cannot be read\n")
    found = {entry["name"]: entry for entry in json.loads(kernels("list", "--json")[1]) if entry["user"]}
    assert set(found) == {"halves", "sobel-x", "broken", str(mine / "nowhere")}
    assert found["sobel-x"]["shadows"] and found["halves"]["origin"] == str(mine / "halves.yaml")
    assert found["broken"]["width"] is None and "row 2" in found["broken"]["problem"]


@pytest.mark.parametrize("columns", [60, 100])
def test_list_fits_the_terminal(columns):
    code, shown = in_terminal(columns, "list")
    lines = shown.splitlines()
    assert code == 0 and max(map(len, lines)) <= columns
    assert any(line.endswith("...") for line in lines)
    starts = {line.index("Kirsch") for line in lines if line.startswith("  kirsch-")}
    assert len(starts) == 1


# show


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("sobel-x", "derivative"),
        ("gaussian:sigma=1.5,size=7", "size       7x7"),
        ("1,2,1;2,4,2;1,2,1 /16", "/ 16"),
        ("-1,0,1", "ramp gain  2"),
        ("-.5,1", "sum        0.5"),
        ("kirsch", "max of 8 kernels"),
        ("sepia", "3 in, 3 out"),
    ],
)
def test_show(kernels, spec, expected):
    code, out, err = kernels("show", spec)
    assert (code, err) == (0, "") and expected in out
    plain = json.loads(kernels("show", spec, "--json")[1])
    assert plain["name"] and plain["range"]["uint8"]


def test_show_takes_files_and_your_own(kernels, mine, monkeypatch, tmp_path):
    assert json.loads(kernels("show", str(mine / "halves.yaml"), "--json")[1])["scale"] == "1/2"
    np.save(tmp_path / "k.npy", np.array([[1.0, 2.0]]))
    assert json.loads(kernels("show", "k.npy", "--json")[1])["taps"] == [[1, 2]]
    monkeypatch.setenv("IMGCONV_KERNELS", str(mine))
    assert json.loads(kernels("show", "sobel-x", "--json")[1])["taps"] == [[4, 0, -4]]


@pytest.mark.parametrize(
    ("spec", "gain", "key", "value"),
    [("sobel-x", "unit", "ramp_gain", 1), ("sobel-x", "range", "positive_sum", 1), ("1,2,1", "sum", "sum", 1)],
)
def test_show_with_gain(kernels, spec, gain, key, value):
    assert json.loads(kernels("show", spec, "--gain", gain, "--json")[1])[key] == value


def test_show_fits_the_terminal():
    code, shown = in_terminal(70, "show", "sobel-x")
    assert code == 0 and max(map(len, shown.splitlines())) <= 70


# export


def test_export_to_stdout(kernels):
    assert kernels("export", "gaussian3", "--to", "vips") == (0, "3 3 16 0\n1 2 1\n2 4 2\n1 2 1\n", "")
    assert kernels("export", "1,0,-1", "--to", "CSV", "-o", "-") == (0, "1,0,-1\n", "")
    assert kernels("export", "scharr-x", "--gain", "unit", "--to", "csv")[1].startswith("0.09375,0,-0.09375\n")


def test_export_to_a_file(kernels, tmp_path):
    assert kernels("export", "gaussian:sigma=2", "--to", "yaml", "-o", "blur.yaml") == (0, "", "")
    np.testing.assert_array_equal(kernel(tmp_path / "blur.yaml").taps, kernel("gaussian:sigma=2").taps)
    code, out, _ = kernels("export", "sobel-x", "--to", "npy", binary=True)
    (tmp_path / "piped.npy").write_bytes(out)
    kernels("export", "sobel-x", "--to", "npy", "-o", "named.npy")
    assert code == 0 and (tmp_path / "named.npy").read_bytes() == out
    np.testing.assert_array_equal(np.load(tmp_path / "piped.npy"), kernel("sobel-x").taps)


def test_export_replaces_only_what_it_may(kernels, tmp_path):
    (tmp_path / "k.csv").write_text("old")
    code, out, err = kernels("export", "sobel-x", "--to", "csv", "-o", "k.csv")
    assert (code, out, err) == (1, "", "imgconv: k.csv: the file exists; --overwrite replaces it\n")
    assert (tmp_path / "k.csv").read_text() == "old"
    # What fails leaves the old file.
    assert kernels("export", "sobel", "--to", "csv", "-o", "k.csv", "--overwrite")[0] == 1
    assert (tmp_path / "k.csv").read_text() == "old"
    assert kernels("export", "sobel-x", "--to", "csv", "-o", "k.csv", "--overwrite")[0] == 0
    assert (tmp_path / "k.csv").read_text() == "1,0,-1\n2,0,-2\n1,0,-1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["k.csv"]


def test_export_writes_nothing_binary_to_a_terminal():
    code, shown = in_terminal(80, "export", "sobel-x", "--to", "npy")
    assert code == 2
    assert shown == "imgconv: --to: npy is binary and standard output is a terminal; write a file with -o\n"


# Failures


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["lst"], 2, "there is no command 'lst'; did you mean 'list'?"),
        (["xyzzy"], 2, "there is no command 'xyzzy'; the commands are list, show, export"),
        (["list", "zzzz"], 2, "no kernel fits 'zzzz'"),
        (["list", "sobl"], 2, "no kernel fits 'sobl'; did you mean 'sobel'"),
        (["list", "--class", "smoth"], 2, "--class: 'smoth' is not one of smooth|sharpen"),
        (["list", "kirsch", "--class", "smooth"], 2, "no kernel fits 'kirsch --class smooth'"),
        (["show"], 2, "issing argument 'KERNEL'"),
        (["show", "soble"], 2, "there is no kernel 'soble'; did you mean 'sobel'"),
        (["show", "gaussian:sigm=2"], 2, "there is no parameter 'sigm'; did you mean 'sigma'"),
        (["show", "gaussian:sigma=-1"], 2, "sigma must be above 0, not -1"),
        (["show", "1,2;3"], 2, "row 2 has length 1, but row 1 has length 2"),
        (["show", "-1,x"], 2, "in row 1, column 2, 'x' is not a number"),
        (["show", "none.yaml"], 1, "none.yaml: there is no such file"),
        (
            ["show", "sobel-x", "--gain", "unti"],
            2,
            "--gain: 'unti' is not one of raw|sum|unit|range; did you mean 'unit'?",
        ),
        (["show", "laplacian4", "--gain", "unit"], 2, "it has no unit gain; use --gain range"),
        (["show", "sepia", "--gain", "sum"], 2, "--gain: kernel 'sepia' mixes channels"),
        (["show", "sobel-x", "sobel-y"], 2, "sobel-y"),
        (["export", "sobel-x"], 2, "issing option '--to'"),
        (["export", "sobel-x", "--to", "vps"], 2, "--to: there is no export format 'vps'; did you mean 'vips'?"),
        (["export", "sobel-x", "--to", "vps"], 2, "did you mean 'vips'?"),
        (["export", "soble", "--to", "csv"], 2, "did you mean 'sobel'"),
        (["export", "sobel", "--to", "csv"], 1, "it is the magnitude of sobel-x and sobel-y; export those"),
        (["export", "sobel", "--to", "yaml", "--gain", "unit"], 1, "sobel-x and sobel-y differ from the library's"),
        (["export", "sobel-x", "--to", "csv", "-o", "no/k.csv"], 1, "no/k.csv: there is no directory"),
        (["export", "sobel-x", "--to", "csv", "-o", "."], 1, "this is a directory"),
        (["export", "sobel-x", "--to", "csv", "-o", ""], 2, "the file's name is empty"),
    ],
)
def test_refused_in_one_sentence(kernels, tmp_path, arguments, code, words):
    found, out, err = kernels(*arguments)
    assert (found, out) == (code, "")
    assert words in err and err.startswith("imgconv: ") and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_broken_files_fail_when_they_are_used(kernels, mine, monkeypatch):
    monkeypatch.setenv("IMGCONV_KERNELS", str(mine))
    code, out, err = kernels("show", "broken")
    assert (code, out) == (1, "") and "broken.yaml, line 1, column 19: row 2 has length 1" in err


@pytest.mark.parametrize("command", ["list", "show", "export"])
def test_help_has_examples(kernels, command):
    code, out, _ = kernels(command, "--help")
    assert code == 0 and f"imgconv kernels {command}" in out and "Examples:" in out
