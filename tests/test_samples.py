"""The sample pictures, kernels and scripts: as described, and as draw.py draws them."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
from cli.running import run as here
from scipy import ndimage

import imgconv
from imgconv import layers
from imgconv.filtering.apply import apply
from imgconv.filtering.request import Request
from imgconv.layers import Shape
from imgconv.pipeline import file as pipelinefile

SAMPLES = Path(__file__).parents[1] / "samples"
KERNELS = SAMPLES / "kernels"

PICTURES = {
    # name: width, height, channels, dtype, alpha
    "angles.png": (600, 360, 3, "uint8", False),
    "badge.png": (160, 160, 4, "uint8", True),
    "bars.gif": (192, 120, 3, "uint8", False),
    "duck.png": (600, 400, 3, "uint8", False),
    "duck16.png": (300, 200, 3, "uint16", False),
    "heights.tif": (160, 120, 1, "float32", False),
    "ramp16.png": (512, 128, 1, "uint16", False),
    "text.png": (480, 280, 1, "uint8", False),
    "turned.jpg": (480, 320, 3, "uint8", False),
    "zoneplate.png": (400, 400, 1, "uint8", False),
}


def pixels(path):
    return imgconv.read(path).pixels


def run(*command, folder=None):
    """Run a command with this environment's imgconv first on PATH."""
    scripts = sysconfig.get_path("scripts")
    environment = os.environ | {"PATH": scripts + os.pathsep + os.environ["PATH"]}
    words = [str(part) for part in command]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def draw(folder):
    folder.mkdir()
    done = run(sys.executable, "-B", "-W", "error", SAMPLES / "draw.py", folder)
    assert (done.returncode, done.stderr) == (0, "")
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("draw") / "new")


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_readme_says(name):
    image = imgconv.read(SAMPLES / name)
    assert (image.width, image.height, image.channels, image.dtype, image.alpha) == PICTURES[name]
    assert f"`{name}`" in (SAMPLES / "README.md").read_text(encoding="utf-8")


def test_the_samples_are_small():
    files = [path for path in SAMPLES.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 2_000_000


@pytest.mark.slow
def test_draw_writes_every_picture_and_no_other(drawn):
    assert sorted(drawn) == sorted(PICTURES)


def test_draw_knows_every_picture():
    """What it writes is compared by slower tests."""
    script = (SAMPLES / "draw.py").read_text(encoding="utf-8")
    assert sorted(re.findall(r'folder / "([^"]+)"', script)) == sorted(PICTURES)


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_draw_reproduces_the_picture(drawn, name):
    kept, new = pixels(SAMPLES / name).astype(float), pixels(drawn[name]).astype(float)
    assert new.shape == kept.shape
    # Another Pillow or FreeType may place an edge a fraction of a pixel elsewhere, and another libjpeg round otherwise.
    off = np.abs(new - kept) / np.ptp(kept)
    assert off.mean() < 0.002
    assert np.mean(off > 0.05) < 0.005


@pytest.mark.slow
def test_draw_writes_the_same_bytes_again(drawn, tmp_path):
    again = draw(tmp_path / "again")
    for name, path in drawn.items():
        assert again[name].read_bytes() == path.read_bytes(), name


@pytest.mark.parametrize("name", ["duck16.png", "ramp16.png"])
def test_16_bit_pictures_have_more_than_8_bits(name):
    image = cv2.imread(str(SAMPLES / name), cv2.IMREAD_UNCHANGED)
    image = image[..., ::-1] if image.ndim == 3 else image[..., None]
    np.testing.assert_array_equal(pixels(SAMPLES / name), image)
    assert len(np.unique(image)) > 500


def test_ramp16_has_discs_that_8_bits_lose():
    ramp = pixels(SAMPLES / "ramp16.png").astype(int)
    assert ramp[64, 192] - ramp[2, 192] == 64
    assert np.all(ramp[64, 170:215] // 257 - ramp[2, 170:215] // 257 <= 1)


def test_the_turned_photograph_shows_the_duck_upright():
    with PIL.Image.open(SAMPLES / "turned.jpg") as stored:
        assert (stored.size, stored.getexif()[0x0112]) == ((320, 480), 6)
        upright = np.asarray(PIL.ImageOps.exif_transpose(stored)).astype(int)
    with PIL.Image.open(SAMPLES / "duck.png") as duck:
        small = np.asarray(duck.resize((480, 320), PIL.Image.Resampling.BOX)).astype(int)
    read = pixels(SAMPLES / "turned.jpg")
    assert np.abs(read - upright).max() <= 2
    assert np.abs(read - small).mean() < 15  # the vignette, above all
    assert min(np.abs(other - small).mean() for other in (read[:, ::-1], read[::-1], read[::-1, ::-1])) > 30


def test_the_badge_has_soft_alpha_and_a_loud_colour_where_nothing_shows():
    badge = pixels(SAMPLES / "badge.png")
    assert len(np.unique(badge[..., 3])) > 100
    unseen = badge[badge[..., 3] == 0]
    assert len(unseen) > 1000
    assert np.all(unseen == (0, 255, 0, 0))


def test_the_zone_plate_reaches_nyquist_at_the_border():
    row = pixels(SAMPLES / "zoneplate.png")[199, :, 0].astype(float) - 127.5
    turns = np.flatnonzero(np.diff(np.sign(row)))
    assert np.all(np.diff(turns[-15:]) == 1)  # a change of sign at every pixel
    assert np.diff(turns).max() > 10


# --- kernels ----------------------------------------------------------------------------------------------------------

FLAT = {  # what a grey of 100 becomes, worked out by hand from the comments in the files
    "breeze": 100,
    "carved": 127.5,
    "crisp": 100,
    "edge-length": 0,
    "evening": (0.96 * 100 + 0.04 * 255, 0.98 * 100 + 0.02 * 255, 0.78 * 100),
    "negative": 155,
    "slope-x": 0,
    "slope-y": 0,
    "tent": 100,
}
RAMPS = {  # what brightness that rises by 1 a pixel to the right, and one that rises downwards, become
    "carved": (128, 128),
    "edge-length": (1, 1),
    "slope-x": (1, 0),
    "slope-y": (0, 1),
}


def sample_kernel(name):
    return imgconv.kernel(KERNELS / f"{name}.yaml")


def test_every_sample_kernel_is_tested():
    assert sorted(path.name for path in KERNELS.iterdir()) == [f"{name}.yaml" for name in sorted(FLAT)]


@pytest.mark.parametrize("name", FLAT)
def test_a_sample_kernel_on_a_flat_area(name):
    kernel = sample_kernel(name)
    assert kernel.name == name
    assert kernel.summary
    flat = np.full((24, 32, 3), 100, np.uint8)
    result = imgconv.convolve(flat, kernel, padding="interpolation")
    np.testing.assert_allclose(result, np.broadcast_to(FLAT[name], result.shape), atol=1e-4)


@pytest.mark.parametrize("name", RAMPS)
def test_a_sample_kernel_on_ramps(name):
    down, right = np.mgrid[0:20, 0:20].astype(np.uint8)
    found = [imgconv.convolve(ramp, sample_kernel(name), padding="valid") for ramp in (right, down)]
    for result, expected in zip(found, RAMPS[name], strict=True):
        np.testing.assert_allclose(result, expected, atol=1e-5)


def test_the_tent_is_two_boxes():
    row = np.convolve(np.full(4, 1 / 4), np.full(4, 1 / 4))
    np.testing.assert_allclose(sample_kernel("tent").taps, np.outer(row, row), atol=1e-12)


def test_evening_and_carved_clip_nothing():
    for name in ("evening", "carved"):
        low, high = sample_kernel(name).guaranteed_range(0, 255)
        assert low >= 0
        assert high <= 255 + 1e-9


@pytest.mark.parametrize("name", FLAT)
def test_a_sample_kernel_is_applied_to_the_duck(name, tmp_path):
    target = tmp_path / "out.png"
    done = here("apply", "--quiet", SAMPLES / "duck.png", target, "-k", KERNELS / f"{name}.yaml")
    assert (done.code, done.out, done.err) == (0, b"", "")
    assert pixels(target).shape == (400, 600, 3)


# --- pipelines --------------------------------------------------------------------------------------------------------

PIPELINES = SAMPLES / "pipelines"
SIZES = {  # what becomes of 600x400 RGB, worked out by hand
    "conv": (598, 398, 3),
    "depthwise-separable": (600, 400, 1),
    "grouped": (600, 400, 1),
    "combine": (600, 400, 1),
    "threshold": (600, 400, 1),
    "sketch": (600, 400, 1),
    "first-layers": (300, 200, 6),
    "pad": (696, 512, 3),
    "pool": (150, 100, 3),
    "resize": (900, 600, 3),
    "strided": (300, 200, 3),
    "transposed": (1200, 800, 3),
}


def test_every_layer_has_a_sample_pipeline_and_a_row_in_the_manual():
    found = {path.stem for path in PIPELINES.iterdir()}
    assert set(layers.names()) <= found
    page = (SAMPLES.parent / "docs" / "pipelines.md").read_text(encoding="utf-8")
    table = page[page.index("| layer |") :].partition("\n\n")[0]
    for name in layers.names():
        assert f"`{name}`" in table, name
        kinds = {layer.kind for layer in pipelinefile.load(str(PIPELINES / f"{name}.yaml")).layers}
        assert name in kinds


@pytest.mark.parametrize("path", sorted(PIPELINES.iterdir()), ids=lambda path: path.stem)
def test_a_sample_pipeline_runs_on_a_picture(path, tmp_path):
    assert path.read_text(encoding="utf-8").startswith("# ")
    chain = pipelinefile.load(str(path))
    size = SIZES.get(path.stem, (600, 400, 3))
    assert chain.plan(Shape(600, 400, 3)).output == size
    # The same picture in 16 bits and a quarter of the size, as 25 large ones take long.
    request = Request(pipeline=chain, saves=((1, str(tmp_path / "first.npy")),))
    report = apply(request, str(SAMPLES / "duck16.png"), str(tmp_path / "out.png"))
    assert report.plan.output.channels == size[2]
    made = pixels(tmp_path / "out.png")
    assert np.ptp(made) > 1000
    if size[2] in (1, 3):
        assert made.shape == (report.plan.output.height, report.plan.output.width, size[2])


# --- scripts ----------------------------------------------------------------------------------------------------------

FOLDER = SAMPLES / "edges-of-a-folder.sh"
PIPE = SAMPLES / "pipe.sh"


def sobel(image):
    plane = image.astype(float)
    return np.hypot(*(ndimage.sobel(plane, axis, mode="nearest") for axis in (0, 1)))


def small(size=(9, 12, 3)):
    return np.random.default_rng(4).integers(0, 256, size, dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """A folder of two pictures with awkward names, a folder and a text."""
    source = tmp_path / "my pictures"
    (source / "deeper.png").mkdir(parents=True)
    (source / "notes.txt").write_text("no picture")
    for name in ("-k.PNG", "it's $HOME.tif"):
        imgconv.write(source / name, small())
    return source


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("script", [FOLDER, PIPE])
def test_a_script_can_be_run(script):
    assert os.access(script, os.X_OK)
    assert run("sh", "-n", script).returncode == 0


@pytest.mark.slow
def test_edges_of_a_folder(folder, tmp_path):
    done = run("sh", FOLDER, folder, tmp_path / "edges")
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 made, 0 failed\n", "")
    assert names(tmp_path / "edges") == ["-k.PNG", "it's $HOME.tif"]
    expected = np.clip(np.stack([sobel(plane) for plane in np.moveaxis(small(), 2, 0)], axis=2), 0, 255)
    for path in (tmp_path / "edges").iterdir():
        assert np.abs(pixels(path) - expected).max() < 0.51


@pytest.mark.slow
def test_edges_of_the_samples(tmp_path):
    done = run("sh", FOLDER, SAMPLES, tmp_path / "edges", "-k", "find-edges")
    assert (done.returncode, done.stderr) == (0, "")
    assert names(tmp_path / "edges") == sorted(PICTURES)
    for name, (width, height, channels, dtype, alpha) in PICTURES.items():
        if name != "bars.gif":  # whose colours are found anew
            image = imgconv.read(tmp_path / "edges" / name)
            found = (image.width, image.height, image.channels, image.dtype, image.alpha)
            assert found == (width, height, channels, dtype, alpha), name


def test_edges_of_a_folder_go_on_after_a_bad_picture(folder, tmp_path):
    whole = (folder / "-k.PNG").read_bytes()
    (folder / "a cut.png").write_bytes(whole[: len(whole) // 2])
    done = run("sh", FOLDER, folder, tmp_path / "edges")
    assert (done.returncode, done.stdout) == (1, "2 made, 1 failed\n")
    assert len(done.stderr.splitlines()) == 1
    assert "a cut.png" in done.stderr
    expected = np.clip(np.stack([sobel(plane) for plane in np.moveaxis(small(), 2, 0)], axis=2), 0, 255)
    assert np.abs(pixels(tmp_path / "edges" / "-k.PNG") - expected).max() < 0.51
    assert names(tmp_path / "edges") == ["-k.PNG", "it's $HOME.tif"]


def test_edges_of_a_folder_replace_nothing_unless_told(folder, tmp_path):
    (folder / "it's $HOME.tif").unlink()
    edges = tmp_path / "edges"
    assert run("sh", FOLDER, folder, edges).returncode == 0
    before = {path: path.read_bytes() for path in edges.iterdir()}
    done = run("sh", FOLDER, folder, edges, "-k", "box:size=3")
    assert (done.returncode, done.stdout) == (1, "0 made, 1 failed\n")
    assert done.stderr.count("--overwrite") == 1
    assert before == {path: path.read_bytes() for path in edges.iterdir()}
    assert run("sh", FOLDER, folder, edges, "-k", "box:size=3", "--overwrite").returncode == 0
    assert all(path.read_bytes() != bytes for path, bytes in before.items())


def test_edges_of_an_empty_folder(tmp_path):
    (tmp_path / "none").mkdir()
    done = run("sh", FOLDER, tmp_path / "none", tmp_path / "edges")
    assert (done.returncode, done.stdout, done.stderr) == (1, "0 made, 0 failed\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("pictures",),
        ("missing", "edges"),
        ("pictures", "edges", "--colour"),
        pytest.param(("pictures", "edges", "-k"), marks=pytest.mark.slow),
    ],
)
def test_edges_of_a_folder_wrongly_asked(arguments, tmp_path):
    (tmp_path / "pictures").mkdir()
    for name in ("1.png", "2.png"):
        imgconv.write(tmp_path / "pictures" / name, small())
    done = run("sh", FOLDER, *arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_pipe_draws_with_a_pencil(tmp_path):
    done = run("sh", PIPE, SAMPLES / "duck.png", "pencil.png", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pencil = imgconv.read(tmp_path / "pencil.png")
    assert (pencil.width, pencil.height, pencil.channels, pencil.dtype) == (600, 400, 1, "uint8")
    grey = pixels(SAMPLES / "duck.png") @ [0.299, 0.587, 0.114]
    edges = sobel(np.rint(ndimage.gaussian_filter(grey, 1, mode="nearest")))
    expected = 255 - 255 * (edges - edges.min()) / np.ptp(edges)
    off = np.abs(pencil.pixels[..., 0] - expected)
    assert off.mean() < 0.6
    assert off.max() < 5  # the blurred picture was rounded to 8 bits on its way


@pytest.mark.slow
def test_pipe_keeps_16_bits(tmp_path):
    assert run("sh", PIPE, SAMPLES / "duck16.png", "pencil.png", folder=tmp_path).returncode == 0
    assert imgconv.read(tmp_path / "pencil.png").dtype == "uint16"


def test_pipe_fails_where_a_command_does(tmp_path):
    (tmp_path / "cut.png").write_bytes((SAMPLES / "duck.png").read_bytes()[:5000])
    done = run("sh", PIPE, "cut.png", "pencil.png", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cut.png" in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == ["cut.png"]


@pytest.mark.parametrize("arguments", [("duck.png",), ("a", "b", "c")])
def test_pipe_wrongly_asked(arguments, tmp_path):
    done = run("sh", PIPE, *arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert names(tmp_path) == []
