"""``imgconv apply --pipeline`` and the layers' options of ``apply``, and ``imgconv pool``, on a photograph."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from cli.photograph import convolved, pixels, rounded
from cli.running import contents, ok, run
from PIL import Image
from scipy import ndimage, signal

RNG = np.random.default_rng(9)
BLUR_AND_EDGES = """\
- conv: {kernel: 'box:size=3', padding: interpolation}
- conv: {kernel: sobel-x, padding: interpolation}
- abs
"""


@pytest.fixture
def pipeline(folder):
    """Return a function that writes a pipeline into the current folder and returns its name."""

    def write(text, name="layers.yaml"):
        Path(name).write_text(text)
        return name

    return write


def blurred(photo):
    return np.stack([ndimage.uniform_filter(photo[..., c].astype(float), 3, mode="nearest") for c in range(3)], 2)


def edges(photo):
    return np.abs(np.stack([ndimage.sobel(blurred(photo)[..., c], 1, mode="nearest") for c in range(3)], 2))


def test_layers_run_one_after_the_other(pipeline, photo):
    done = ok("apply", "photo.png", "out.png", "--pipeline", pipeline(BLUR_AND_EDGES))
    found = pixels("out.png").astype(int)
    assert np.abs(found - rounded(edges(photo))).max() <= 1  # a half may be rounded either way from float32
    assert (found != rounded(edges(photo))).mean() < 1e-3
    assert done.lines[1] == "pipeline layers.yaml: 3 layers"
    assert [line.split()[:3] for line in done.lines[4:7]] == [
        ["1", "conv", "300x200x3"],
        ["2", "conv", "300x200x3"],
        ["3", "abs", "300x200x3"],
    ]


def test_a_pipeline_of_one_layer_is_the_kernel(pipeline):
    ok("apply", "photo.png", "one.png", "-k", "sharpen", "--border", "reflect")
    text = "- conv: {kernel: sharpen, padding: interpolation, border: reflect}"
    ok("apply", "photo.png", "two.png", "--pipeline", pipeline(text))
    assert pixels("one.png").tobytes() == pixels("two.png").tobytes()


def test_any_layer_is_saved(pipeline, photo):
    name = pipeline(BLUR_AND_EDGES)
    saves = ("--save-layer", "1", "--save-layer", "2=raw.npy", "--save-layer", "3=last.tif")
    done = ok("apply", "photo.png", "out.png", "--pipeline", name, *saves)
    assert sorted(contents(Path())) >= ["last.tif", "layers.yaml", "out-layer1.png", "out.png", "photo.png", "raw.npy"]
    assert np.abs(pixels("out-layer1.png").astype(int) - rounded(blurred(photo))).max() <= 1
    np.testing.assert_allclose(np.abs(np.load("raw.npy")), edges(photo), atol=1e-3)
    np.testing.assert_array_equal(pixels("last.tif"), pixels("out.png"))
    assert "layer 2  raw.npy: 300x200 RGB, 32-bit float, --map float" in done.lines


def maps(folder, photo):
    """Write eight filters and a pipeline of them; return its float results, (rows, cols, 8)."""
    weights = RNG.normal(size=(8, 3, 3, 3))
    np.save("w.npy", weights)
    planes = [
        sum(signal.correlate2d(photo[..., c].astype(float), weights[out, c], mode="valid") for c in range(3))
        for out in range(8)
    ]
    return np.stack(planes, 2)


def tiles(sheet, count, height, width):
    """Cut a sheet of tiles, two pixels apart, into (count, height, width)."""
    across = (sheet.shape[1] + 2) // (width + 2)
    places = [(at // across * (height + 2), at % across * (width + 2)) for at in range(count)]
    return np.stack([sheet[top : top + height, left : left + width] for top, left in places])


def stretched(floats, low, high):
    return rounded((floats - low) / (high - low) * 255).astype(int)


def test_feature_maps_are_an_array_pages_or_a_sheet(pipeline, folder, photo):
    wanted = maps(folder, photo)
    name = pipeline("- conv: w.npy")
    for target in ("out.npy", "out.tif", "out.png"):
        ok("apply", "photo.png", target, "--pipeline", name)
    np.testing.assert_allclose(np.load("out.npy"), wanted, atol=2e-3)
    with tifffile.TiffFile("out.tif") as file:
        assert len(file.pages) == 8
        np.testing.assert_allclose(np.stack([page.asarray() for page in file.pages], 2), wanted, atol=2e-3)
    sheet = pixels("out.png")
    columns = (sheet.shape[1] + 2) // 300
    assert sheet.shape == (8 // columns * 200 - 2, columns * 300 - 2)
    for tile, floats in zip(tiles(sheet, 8, 198, 298), np.moveaxis(wanted, 2, 0), strict=True):
        assert np.abs(tile.astype(int) - stretched(floats, floats.min(), floats.max())).max() <= 1
    assert (sheet[:, 298:300] == 255).all()


@pytest.mark.parametrize(
    "asked", [("--map", "stretch"), ("--vmin", "-300"), ("--vmin", "-300", "--vmax", "900"), ("--map", "clip")]
)
def test_maps_share_a_scale_that_is_asked_for(asked, pipeline, folder, photo):
    wanted = maps(folder, photo)
    done = ok("apply", "photo.png", "out.png", "--pipeline", pipeline("- conv: w.npy"), *asked)
    low, high = {2: (wanted.min(), wanted.max()), "--vmin": (-300, wanted.max())}.get(
        2 if "stretch" in asked else asked[0], (0, 255)
    )
    high = 900 if "900" in asked else high
    for tile, floats in zip(tiles(pixels("out.png"), 8, 198, 298), np.moveaxis(wanted, 2, 0), strict=True):
        assert np.abs(tile.astype(int) - stretched(floats, low, high).clip(0, 255)).max() <= 1
    assert "its own" not in done.text


def test_each_map_has_a_scale_of_its_own_however_far_apart_they_are(folder):
    """One map a million times as large as the others, one that is flat, and a NaN in one."""
    floats = RNG.random((9, 7, 1)).astype(np.float32)
    floats[0, 0] = np.nan
    np.save("in.npy", floats)
    factors = np.array([1, 1e6, -1, 0, 1e-6, 2])
    np.save("six.npy", factors.reshape(6, 1, 1, 1))
    done = ok("apply", "in.npy", "out.png", "-k", "six.npy", "--depth", "8")
    assert "--map stretch, each map from its own smallest to its own largest" in done.text
    sheet, good = pixels("out.png"), np.isfinite(floats[..., 0])
    plane = floats[..., 0].astype(float)
    for tile, factor in zip(tiles(sheet, 6, 9, 7), factors, strict=True):
        part = plane[good] * factor
        want = stretched(part, part.min(), part.max()) if factor else np.zeros(part.shape)
        assert np.abs(tile[good] - want).max() <= 1 and tile[0, 0] == 0


def test_four_learned_channels_are_a_picture_only_where_asked(pipeline, folder, photo):
    wanted = maps(folder, photo)[..., :4]
    np.save("four.npy", np.load("w.npy")[:4])
    valid = ("apply", "photo.png", "-k", "four.npy", "--padding", "valid")
    done = ok(*valid[:2], "4.png", *valid[2:])
    assert "--layout picture would write them as red, green, blue and alpha" in done.text
    for tile, floats in zip(tiles(pixels("4.png"), 4, 198, 298), np.moveaxis(wanted, 2, 0), strict=True):
        assert np.abs(tile.astype(int) - stretched(floats, floats.min(), floats.max())).max() <= 1
    ok(*valid[:2], "rgba.png", *valid[2:], "--layout", "picture")
    assert np.abs(pixels("rgba.png").astype(int) - rounded(wanted.clip(0, 255))).max() <= 1
    ok(*valid[:2], "4.tif", *valid[2:], "--map", "float")
    np.testing.assert_allclose(tifffile.imread("4.tif"), wanted, atol=2e-3)
    ok(*valid[:2], "4.npy", *valid[2:], "--map", "float")
    np.testing.assert_allclose(np.load("4.npy"), wanted, atol=2e-3)


def test_a_layout_that_cannot_be_is_refused(pipeline, folder, photo):
    maps(folder, photo)
    many = run("apply", "photo.png", "out.png", "-k", "w.npy", "--layout", "picture")
    assert many.code == 2 and many.err.startswith("imgconv: --layout: 8 channels make no picture")
    part = run("apply", "photo.png", "out.png", "-k", "sharpen", "--layout", "sheet", "--region", "1,1,9x9")
    assert part.code == 2 and part.err.startswith("imgconv: --layout: a sheet") and not Path("out.png").exists()
    ok("apply", "photo.png", "three.png", "-k", "identity", "--layout", "sheet", "--map", "clip")
    np.testing.assert_array_equal(tiles(pixels("three.png"), 3, 200, 300), np.moveaxis(photo, 2, 0))


def test_the_report_says_what_became_of_the_channels(pipeline, folder, photo):
    maps(folder, photo)
    name = pipeline("- conv: w.npy")
    done = ok("apply", "photo.png", "out.jpg", "--pipeline", name, "--dry-run")
    assert done.lines[-1].startswith("note     8 channels are written as a sheet of ")
    done = ok("apply", "photo.png", "out.tif", "--pipeline", name, "--depth", "16")
    assert "8 channels are written as a page for every channel" in done.lines[-1]
    with tifffile.TiffFile("out.tif") as file:
        assert {page.dtype for page in file.pages} == {np.dtype("uint16")}
    four = pipeline("- conv: w.npy\n- select: [0, 1, 2, 3]\n")
    done = ok("apply", "photo.png", "4.png", "--pipeline", four, "--layout", "picture")
    assert "the fourth channel is written as alpha" in done.text
    assert pixels("4.png").shape == (198, 298, 4)


def test_alpha_is_left_out_where_there_are_no_colours(pipeline, folder, photo):
    maps(folder, photo)
    cover = np.full((*photo.shape[:2], 1), 200, np.uint8)
    Image.fromarray(np.dstack([photo, cover])).save("clear.png")
    done = ok("apply", "clear.png", "out.npy", "--pipeline", pipeline("- conv: w.npy"))
    assert np.load("out.npy").shape == (198, 298, 8)
    assert "alpha is left out, as 8 channels are no colours" in done.text
    ok("apply", "clear.png", "grey.png", "--pipeline", pipeline("[pointwise: gray-601, pool: 2]"))
    grey = pixels("grey.png")
    assert grey.shape == (100, 150, 2)
    assert (grey[..., 1] == 200).all()


def test_channels_that_stay_as_many_stay_what_they_are(pipeline, folder):
    bands = RNG.integers(0, 256, (20, 30, 5)).astype(np.uint8)
    tifffile.imwrite("bands.tif", bands, photometric="minisblack", planarconfig="contig")
    ok("apply", "bands.tif", "out.tif", "-k", "identity")
    ok("apply", "bands.tif", "piped.tif", "--pipeline", pipeline("- conv: identity"))
    for name in ("out.tif", "piped.tif"):
        np.testing.assert_array_equal(tifffile.imread(name), bands)
    grey = RNG.integers(0, 256, (20, 30, 2)).astype(np.uint8)
    Image.merge("LA", [Image.fromarray(grey[..., c]) for c in range(2)]).save("grey.png")
    for alpha in ("filter", "premultiply", "preserve"):
        ok("apply", "grey.png", f"{alpha}.png", "-k", "identity", "--alpha", alpha)
        with Image.open(f"{alpha}.png") as made:
            assert made.mode == "LA"
    ok("apply", "grey.png", "one.png", "--alpha", "filter", "--pipeline", pipeline("- select: 1"))
    np.testing.assert_array_equal(pixels("one.png"), grey[..., 1])


def test_json_lists_the_layers(pipeline):
    found = json.loads(ok("apply", "photo.png", "out.png", "--pipeline", pipeline(BLUR_AND_EDGES), "--json").text)
    assert found["pipeline"] == "layers.yaml"
    assert [row["kind"] for row in found["layers"]] == ["conv", "conv", "abs"]
    assert found["layers"][-1]["receptive_field"] == {"width": 5, "height": 5}
    assert found["output"]["width"] == 300


def test_a_pipeline_comes_through_a_pipe(folder, photo):
    done = run("apply", "photo.png", "out.png", "--pipeline", "-", stdin=b"- pool: {max: 2}\n")
    assert (done.code, done.err) == (0, "")
    wanted = photo.reshape(100, 2, 150, 2, 3).max(axis=(1, 3))
    np.testing.assert_array_equal(pixels("out.png"), wanted)


# --- options of apply -------------------------------------------------------------------------------------------------


def test_transposed(folder, photo):
    ok("apply", "photo.png", "out.npy", "-k", "bilinear", "--transposed", "--stride", "2", "--map", "float")
    spread = np.zeros((400, 600))
    spread[::2, ::2] = photo[..., 1]
    tent = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16
    wanted = signal.convolve2d(spread, tent)[1:401, 1:601]
    np.testing.assert_allclose(np.load("out.npy")[..., 1], wanted, atol=1e-3)
    options = ("-k", "box:size=3", "--transposed", "-s", "2", "-p", "1", "--output-padding", "1", "--dry-run", "--json")
    found = json.loads(ok("apply", "photo.png", "x.png", *options).text)
    assert found["output"]["width"] == 600
    assert found["arithmetic"]["width"] == "(300 - 1)*2 - 1 - 1 + 1*(3 - 1) + 1 + 1 = 600"


def test_groups_and_bias(folder, photo):
    weights = RNG.normal(size=(3, 1, 3, 3))
    np.save("w.npy", weights)
    arguments = ("-k", "w.npy", "--groups", "3", "--bias", "1,2.5,-3", "--padding", "valid", "--map", "float")
    ok("apply", "photo.png", "out.npy", *arguments)
    for c, added in enumerate((1, 2.5, -3)):
        wanted = signal.correlate2d(photo[..., c].astype(float), weights[c, 0], mode="valid") + added
        np.testing.assert_allclose(np.load("out.npy")[..., c], wanted, atol=2e-3)
    np.save("b.npy", np.array([1, 2.5, -3]))
    ok("apply", "photo.png", "two.npy", *arguments[:5], "b.npy", *arguments[6:])
    np.testing.assert_array_equal(np.load("two.npy"), np.load("out.npy"))
    ok("apply", "photo.png", "dark.png", "-k", "identity", "--bias", "-20")
    np.testing.assert_array_equal(pixels("dark.png"), rounded(photo.astype(float) - 20))


def test_weights_of_a_network_are_a_kernel(folder, photo):
    np.savez("w.npz", first=RNG.normal(size=(3, 3, 5, 5)))
    ok("apply", "photo.png", "out.npy", "-k", "w.npz:first", "--map", "float")
    weights = np.load("w.npz")["first"]
    wanted = sum(convolved(photo[..., c : c + 1], weights[1, c][::-1, ::-1], mode="nearest")[..., 0] for c in range(3))
    np.testing.assert_allclose(np.load("out.npy")[..., 1], wanted, atol=5e-3)


# --- pool -------------------------------------------------------------------------------------------------------------


def test_pool(folder, photo):
    blocks = photo.reshape(100, 2, 150, 2, 3).astype(float)
    for method, wanted in (("max", blocks.max((1, 3))), ("min", blocks.min((1, 3))), ("mean", blocks.mean((1, 3)))):
        done = ok("pool", "photo.png", f"{method}.png", f"--{method}", "2")
        np.testing.assert_array_equal(pixels(f"{method}.png"), rounded(wanted))
        assert "layer    pool, window 2x2, stride 2x2" in done.lines
        assert "width    floor((300 + 0 + 0 - 1*(2 - 1) - 1) / 2) + 1 = 150" in done.lines


def test_pool_at_every_pixel_is_a_morphological_filter(folder, photo):
    ok("pool", "photo.png", "out.png", "--max", "5x3", "--stride", "1", "--padding", "interpolation")
    wanted = cv2.dilate(photo, np.ones((3, 5), np.uint8), borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_array_equal(pixels("out.png"), wanted)


def test_pool_with_ceil_mode_and_dilation(folder, photo):
    done = ok("pool", "photo.png", "out.png", "--max", "7", "--ceil-mode", "--json")
    assert json.loads(done.text)["output"]["width"] == 43
    wanted = photo[196:200, 294:300].max(axis=(0, 1))
    np.testing.assert_array_equal(pixels("out.png")[-1, -1], wanted)
    ok("pool", "photo.png", "far.png", "--min", "2", "--dilation", "3", "--stride", "1")
    wanted = np.minimum.reduce([photo[a : a + 197, b : b + 297] for a in (0, 3) for b in (0, 3)])
    np.testing.assert_array_equal(pixels("far.png"), wanted)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        (
            "[pool: 2, pool: 2, pool: {max: 99}]",
            1,
            "layer 3 (pool): window 99 is wider than the 75 columns it gets",
        ),
        (
            "- conv: {kernel: sobel, pading: 1}",
            1,
            "p.yaml, line 1, column 25: unknown key 'pading'; did you mean 'padding'?",
        ),
        (
            "- grouped: {kernel: [[[[1]]]], groups: 2}",
            1,
            "layer 1 (grouped): kernel 'weights': it takes 1 channel in 2 groups, but the image has 3",
        ),
        (
            "- transposed: {kernel: bilinear, output_padding: 2}",
            2,
            "layer 1 (transposed): output-padding: 2 must be smaller than the stride 2 or the dilation 1",
        ),
        (
            "- combine: {method: sum, branches: [relu, [abs, {pool: 400}]]}",
            1,
            "layer 1 (combine): branch 2, layer 2 (pool): window 400 is wider than the 300 columns it gets",
        ),
        (
            "- pad: 99999999",
            1,
            "layer 1 (pad): width floor((300 + 99999999 + 99999999 - 1*(1 - 1) - 1) / 1) + 1 = 200000298: more than "
            "16777216 pixels of padding at one side; use less padding or a smaller dilation",
        ),
        (
            "- resize: 9999999",
            1,
            "layer 1 (resize): width floor(300 * 9999999) = 2999999700: an output of 2999999700x1999999800x3 samples "
            "is beyond the limit of 500M pixels; make it smaller, or let it in with --max-pixels 5999998801G",
        ),
    ],
)
def test_pipelines_refused(pipeline, text, code, sentence):
    done = run("apply", "photo.png", "out.png", "--pipeline", pipeline(text, "p.yaml"))
    assert (done.code, done.text, done.err) == (code, "", f"imgconv: {sentence}\n")
    assert not Path("out.png").exists()


PIPED = ("apply", "photo.png", "out.png", "--pipeline", "layers.yaml")
KERNEL = ("apply", "photo.png", "out.png", "-k", "sobel-x")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*PIPED, "-k", "sobel"), "--pipeline: it stands in place of --kernel; leave one of them out"),
        ((*PIPED, "--stride", "2"), "--stride: it goes with --kernel; in a pipeline every layer says its own"),
        ((*PIPED, "--check"), "--check: it goes with --kernel; in a pipeline every layer says its own"),
        ((*PIPED, "--save-layer", "4"), "--save-layer: there is no layer 4; they are numbered from 1 to 3"),
        ((*PIPED, "--save-layer", "1=out.png"), "--save-layer: 'out.png' is to hold two results; name another file"),
        ((*PIPED, "--save-layer", "x"), "--save-layer: 'x' is neither N nor N=FILE, as in 2 or 2=edges.png"),
        ((*KERNEL, "--save-layer", "1"), "--save-layer: it goes with --pipeline; a kernel is but one layer"),
        ((*KERNEL, "--output-padding", "1"), "--output-padding: only --transposed has it"),
        (
            (*KERNEL, "--transposed", "--check"),
            "--check: a transposed convolution is computed alike by every engine",
        ),
        (
            (*KERNEL, "--transposed", "--border", "edge"),
            "--border: a transposed convolution adds nothing around the image that a border could fill",
        ),
        (
            (*KERNEL, "--groups", "2"),
            "--groups: 'sobel-x' filters every channel by itself; only weights (out, in, rows, cols) have them",
        ),
        ((*KERNEL, "--bias", "1,2"), "--bias: 'sobel-x' filters every channel alike, so there is one number for all"),
        ((*KERNEL, "--bias", "1,x"), "--bias: 'x' is not a number"),
        (
            ("apply", "photo.png", "out.png", "-k", "sepia", "--transposed"),
            "--transposed: 'sepia' is a matrix over the channels, which enlarges nothing",
        ),
        (("apply", "photo.png", "out.png"), "missing option '-k' / '--kernel'; 'imgconv apply --help' shows how"),
        (("pool", "photo.png", "out.png"), "--max: one of --max, --mean and --min is needed; none is given"),
        (
            ("pool", "photo.png", "out.png", "--max", "2", "--min", "2"),
            "--min: one of --max, --mean and --min is needed; max and min are given",
        ),
        (
            ("pool", "photo.png", "out.png", "--max", "3", "-p", "2"),
            "--padding: 2 is more than half of the window 3, so some windows would hold nothing else; name a border",
        ),
    ],
)
def test_wrongly_asked(pipeline, arguments, sentence):
    pipeline(BLUR_AND_EDGES)
    done = run(*arguments)
    assert (done.code, done.text, done.err) == (2, "", f"imgconv: {sentence}\n")
    assert not Path("out.png").exists()


def test_a_layer_is_not_saved_over_a_file(pipeline, photo):
    before = Path("photo.png").read_bytes()
    done = run("apply", "photo.png", "out.png", "--pipeline", pipeline(BLUR_AND_EDGES), "--save-layer", "1=photo.png")
    assert done.code == 1
    assert "--overwrite" in done.err
    assert Path("photo.png").read_bytes() == before
    assert not Path("out.png").exists()


def test_size_takes_a_pipeline(pipeline):
    name = pipeline("- conv: {kernel: 'box:size=3', stride: 2}\n- pool: 2\n")
    done = ok("size", "300x200", "64x64x1", "--pipeline", name)
    assert done.lines[2].split() == ["1", "conv", "149x99x3", "3", "2", "9", "398,277", "1", "column,", "1", "row"]
    assert done.lines[9].split()[:3] == ["2", "pool", "15x15x1"]
    done = run("size", "300x200", "conv:3", "--pipeline", name)
    assert done.err == "imgconv: --pipeline: it stands in place of layers such as 'conv:3'; leave one of them out\n"
    done = run("size", "3x3", "--pipeline", name)
    assert (done.code, done.err) == (1, "imgconv: layer 2 (pool): window 2 is wider than the 1 column it gets\n")


def test_schemas_are_printed(folder):
    assert json.loads(ok("schema", "pipeline").text)["title"] == "imgconv pipeline"
    assert json.loads(ok("schema", "kernel").text)["title"] == "imgconv kernel"
    assert run("schema", "layers").code == 2
