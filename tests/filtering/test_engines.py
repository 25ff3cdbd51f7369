"""The engine that is named computed, whatever engines there are; what is compared is what would be written."""

import json
import sys

import numpy as np
import pytest
from cli.running import ok, run
from packages import install

import imgconv
from imgconv.filtering.checking import Written

MODULE = """
from imgconv.engines import scipy

def prepare(job, shape, dtype):
    return scipy.prepare(job, shape, dtype).replace(reason="a module that was added")
"""

WRONG = """
from imgconv.engines import scipy

def prepare(job, shape, dtype):
    return scipy.prepare(job.replace(offset=job.offset + 3), shape, dtype)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
    imgconv.write("photo.png", image)
    return tmp_path


@pytest.fixture
def added(tmp_path, monkeypatch):
    """A package that adds two engines."""
    names = {"borrowed": "added_borrowed", "slanted": "added_slanted"}
    install(tmp_path / "more", "more-engines", {"imgconv.engines": names}, added_borrowed=MODULE, added_slanted=WRONG)
    monkeypatch.syspath_prepend(tmp_path / "more")
    yield
    for name in names.values():
        sys.modules.pop(name, None)


def report(*arguments):
    return json.loads(ok("apply", "photo.png", "out.png", "--overwrite", "--json", *arguments).text)


def test_an_added_engine_is_known_everywhere(added):
    assert "--engine builtin|scipy " in ok("apply", "--help").text, "which does not look through what is installed"
    found = report("-k", "box", "--engine", "borrowed")["engine"]
    assert (found["name"], found["reason"]) == ("borrowed", "a module that was added")
    assert "'borrowed'?" in run("apply", "photo.png", "x.png", "-k", "box", "--engine", "borowed").err
    eye = np.eye(5, dtype=np.uint8)
    np.testing.assert_array_equal(
        imgconv.convolve(eye, "box", engine="borrowed"), imgconv.convolve(eye, "box", engine="scipy")
    )


def test_a_check_finds_an_engine_that_is_wrong(added):
    ran = run("apply", "photo.png", "wrong.png", "-k", "box", "--engine", "slanted", "--check")
    assert ran.code == 1
    assert "slanted and scipy disagree: " in ran.err
    assert "nothing was written" in ran.err
    report("-k", "box", "--engine", "borrowed", "--check")


def test_layers_that_no_engine_is_asked_for_are_said(folder):
    (folder / "p.yaml").write_text("- conv: box\n- pool: {max: 2}\n- resize: {scale: 2}\n- relu\n- conv: sharpen\n")
    found = report("--pipeline", "p.yaml", "--engine", "scipy")["engine"]
    assert (found["name"], found["asked"]) == ("scipy", "scipy")
    assert found["reason"] == "scipy.ndimage.correlate in float64"
    assert [(way["layer"], way["engine"]) for way in found["elsewhere"]] == [
        (2, "builtin"),
        (3, "builtin"),
        (4, "builtin"),
    ]
    said = ok(
        "apply", "photo.png", "out.png", "--overwrite", "--pipeline", "p.yaml", "--engine", "scipy", "--dry-run"
    ).text
    assert "builtin: max of windows (layer 2); bilinear interpolation (layer 3)" in said
    assert report("--pipeline", "p.yaml")["engine"]["elsewhere"] == []


@pytest.mark.parametrize(
    "layer",
    [
        "separable: {row: [1, 2, 1], column: [1, 2, 1]}",
        "combine: {method: max, branches: [[conv: {kernel: box, padding: 1}], [relu]]}",
    ],
)
def test_parts_of_a_layer_are_told_apart(folder, layer):
    (folder / "p.yaml").write_text(f"- {layer}\n")
    ran = run("apply", "photo.png", "out.png", "--pipeline", "p.yaml", "--engine", "scipy", "--json")
    if ran.code == 2:
        pytest.fail(ran.err)
    found = json.loads(ran.text)["engine"]
    assert found["name"] == "scipy"
    assert ("relu" in layer) == bool(found["elsewhere"])


def test_an_engine_with_nothing_to_do_is_not_named():
    found = report("-k", "bilinear", "--transposed", "-s", "2", "--engine", "scipy")["engine"]
    assert (found["name"], found["asked"]) == ("builtin", "scipy")
    said = ok("apply", "photo.png", "out.png", "-k", "sepia", "--engine", "scipy", "--overwrite").text
    assert "engine   builtin: a matrix product" in said
    assert "not scipy: " in said


@pytest.mark.parametrize(
    "options",
    [
        ("-k", "gaussian:sigma=0.7"),
        ("-k", "sobel", "--map", "stretch"),
        ("-k", "sobel-x", "--gray", "--map", "offset"),
        ("-k", "sharpen", "--linear"),
        ("-k", "box", "--region", "3,4,9x8"),
        ("-k", "prewitt-angle"),
        ("-k", "gaussian:sigma=2", "--depth", "16"),
        ("-k", "box", "--channel", "luma"),
    ],
)
def test_a_check_counts_the_samples_that_differ_in_the_two_files(options):
    found = report(*options, "--check")
    check = found["check"]
    pixels = imgconv.read("out.png").pixels
    report(*options, "--engine", "scipy")
    other = imgconv.read("out.png").pixels
    apart = np.abs(pixels.astype(np.int64) - other.astype(np.int64))
    assert check["engine"] == "scipy"
    assert check["written"] == {"differing": np.count_nonzero(apart), "total": apart.size, "largest": apart.max()}
    assert check["maximum"] <= check["tolerance"]


def test_differences_of_samples_that_are_no_numbers():
    one = np.array([1.0, np.nan, np.inf, np.nan, 3.0])
    two = np.array([1.0, np.nan, np.inf, 2.0, 3.5])
    assert Written.of(one, two) == Written(2, np.inf, 5)
    assert Written.of(one[:3], two[:3]).words == "all 3 samples written are the same"
    assert Written.of(one[4:], two[4:]).words == "1 of 1 samples written differs (1e+02 %), by 0.5 at most"


def test_channels_are_those_of_the_image(folder):
    np.save("up.npy", np.zeros((3, 6, 2, 2)) + 0.1)
    found = ok("apply", "photo.png", "o.npy", "-k", "up.npy", "--transposed", "-s", "2", "-p", "valid").text
    assert "3 channels to 6, transposed (copies as written)" in found
    torch = pytest.importorskip("torch")
    made = torch.nn.functional.conv_transpose2d(torch.zeros(1, 3, 9, 9), torch.zeros(3, 6, 2, 2), stride=2)
    assert made.shape[1] == 6
    np.save("up.npy", np.zeros((3, 2, 2, 2)) + 0.1)
    said = ok(
        "apply", "photo.png", "p.npy", "-k", "up.npy", "--transposed", "-s", "2", "-p", "valid", "--groups", "3"
    ).text
    assert "3 channels to 6 in 3 groups" in said
    np.save("sides.npy", np.zeros((6, 1, 3, 3)) + 0.1)
    assert "3 channels to 6 in 3 groups" in ok("apply", "photo.png", "q.npy", "-k", "sides.npy").text


@pytest.mark.parametrize(
    ("shape", "options", "word", "said"),
    [
        ((5, 4, 3, 3), ("--alpha", "filter"), "mixed", "goes into the results"),
        ((4, 4, 3, 3), ("--alpha", "filter"), "filter", "like any other"),
        ((5, 3, 3, 3), (), "drop", "left out"),
    ],
)
def test_what_became_of_alpha(shape, options, word, said):
    pixels = np.random.default_rng(2).integers(0, 256, (12, 14, 4), np.uint8)
    imgconv.write("alpha.png", pixels)
    np.save("weights.npy", np.full(shape, 0.01))
    arguments = ("apply", "alpha.png", "o.npy", "-k", "weights.npy", "--overwrite", *options)
    assert json.loads(ok(*arguments, "--json").text)["alpha"] == word
    (line,) = (line for line in ok(*arguments).lines if line.startswith("alpha "))
    assert said in line
    other = pixels.copy()
    other[:, :, 3] = 255 - other[:, :, 3] // 2
    before = np.load("o.npy")
    imgconv.write("alpha.png", other, overwrite=True)
    ok(*arguments)
    # what is said to count changes the results, and what is said to be left out does not
    assert np.array_equal(np.load("o.npy"), before) == (word == "drop")


def test_alpha_that_could_weight_nothing_is_refused():
    imgconv.write("alpha.png", np.zeros((12, 14, 4), np.uint8))
    np.save("weights.npy", np.full((5, 3, 3, 3), 0.01))
    ran = run("apply", "alpha.png", "o.npy", "-k", "weights.npy", "--alpha", "premultiply")
    assert (ran.code, "--alpha: the 5 channels of the results" in ran.err) == (2, True), ran.err
