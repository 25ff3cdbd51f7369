"""``imgconv apply`` on a photograph, against SciPy called directly, Pillow, OpenCV and formulas written out here."""

import json
import re

import cv2
import numpy as np
import pytest
import tifffile
from cli.photograph import (
    BOX,
    EMBOSS,
    GAUSSIAN5,
    SHARPEN,
    SOBEL_X,
    SOBEL_Y,
    convolved,
    filtered,
    pixels,
    rounded,
    slid,
)
from cli.running import contents, ok, run
from PIL import Image
from scipy import ndimage

NAMED = {"sobel-x": SOBEL_X, "gaussian5": GAUSSIAN5, "box": BOX, "sharpen": SHARPEN, "emboss": EMBOSS}
NATIVE = {"valid": {"mode": "nearest"}, "same": {"mode": "constant"}, "interpolation": {"mode": "nearest"}}


@pytest.mark.parametrize("source", ["photo.png", "photo.jpg"])
@pytest.mark.parametrize("padding", NATIVE)
@pytest.mark.parametrize("kernel", NAMED)
def test_photograph_agrees_with_scipy(folder, photo, kernel, padding, source):
    if source == "photo.jpg":
        Image.fromarray(photo).save(source, quality=90)
    picture, taps = pixels(source), NAMED[kernel]
    expected = convolved(picture, taps, **NATIVE[padding])
    if padding == "valid":
        margin = taps.shape[0] // 2
        expected = expected[margin:-margin, margin:-margin]
    arguments = ("-k", kernel, "--padding", padding)
    raw = filtered(folder, *arguments, "--map", "float", source=source, suffix=".npy")
    assert raw.dtype == np.float32
    np.testing.assert_allclose(raw, expected, rtol=1e-6, atol=1e-4)
    samples = filtered(folder, *arguments, "--map", "clip", source=source)
    assert samples.dtype == np.uint8
    np.testing.assert_array_equal(samples, rounded(expected))
    assert (
        samples.tobytes() == filtered(folder, *arguments, "--map", "clip", "--engine", "scipy", source=source).tobytes()
    )


def test_default_is_interpolation(folder, photo):
    np.testing.assert_array_equal(filtered(folder, "-k", "box"), rounded(convolved(photo, BOX, mode="nearest")))


def test_correlate_slides_as_written(folder, photo):
    expected = rounded(convolved(photo, EMBOSS[::-1, ::-1], mode="nearest"))
    np.testing.assert_array_equal(filtered(folder, "-k", "emboss", "--correlate"), expected)
    correlated = cv2.filter2D(photo, -1, EMBOSS, borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_array_equal(filtered(folder, "-k", "emboss", "--correlate"), correlated)


GEOMETRY = [
    # Options; then (left, top, right, bottom), stride and dilation as pairs (width, height).
    ("--padding valid --stride 3", (0, 0, 0, 0), (3, 3), (1, 1)),
    ("--padding valid --stride 2x5", (0, 0, 0, 0), (2, 5), (1, 1)),
    ("--padding valid --dilation 4", (0, 0, 0, 0), (1, 1), (4, 4)),
    ("--padding full", (2, 2, 2, 2), (1, 1), (1, 1)),
    ("--padding full -d 3x2", (6, 4, 6, 4), (1, 1), (3, 2)),
    ("--padding same -d 7x3", (7, 3, 7, 3), (1, 1), (7, 3)),
    # TensorFlow's same: 200 rows by 2 need (100 - 1)*2 + 3 - 200 = 1 more, at the bottom; 300 columns likewise.
    ("--padding same -s 2", (0, 0, 1, 1), (2, 2), (1, 1)),
    ("--padding same-lower -s 2", (1, 1, 0, 0), (2, 2), (1, 1)),
    ("--padding same-torch -s 2", (1, 1, 1, 1), (2, 2), (1, 1)),
    ("--padding 5", (5, 5, 5, 5), (1, 1), (1, 1)),
    ("--padding 5x2 -s 4", (5, 2, 5, 2), (4, 4), (1, 1)),
    ("--padding 1,2,3,4 -s 3x2 -d 2x5", (1, 2, 3, 4), (3, 2), (2, 5)),
    ("-p 0,0,0,1", (0, 0, 0, 1), (1, 1), (1, 1)),
]


@pytest.mark.parametrize(("arguments", "sides", "stride", "dilation"), GEOMETRY)
def test_padding_stride_and_dilation(folder, photo, arguments, sides, stride, dilation):
    taps = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], float)
    expected = slid(photo, taps, sides, stride=stride, dilation=dilation)
    raw = filtered(
        folder, "-k", "1,2,3;4,5,6;7,8,9", "--correlate", "--map", "float", *arguments.split(), suffix=".npy"
    )
    assert raw.shape == expected.shape
    np.testing.assert_array_equal(raw, expected)


BORDERS = {
    "zero": "zero zeros black",
    "edge": "edge nearest replicate clamp copy extend",
    "symmetric": "symmetric half-sample-symmetric grid-mirror",
    "reflect": "reflect mirror reflect101 reflect_101 REFLECT",
    "wrap": "wrap circular periodic grid-wrap tile",
    "constant": "constant:130 fill:130",
}


@pytest.mark.parametrize(("kind", "word"), [(kind, word) for kind in BORDERS for word in BORDERS[kind].split()])
def test_borders(folder, photo, kind, word):
    """Also where the padding is several times the picture."""
    Image.fromarray(photo[:7, :5]).save("small.png")
    for source, image, sides in (("photo.png", photo, (3, 3, 3, 3)), ("small.png", photo[:7, :5], (11, 16, 13, 17))):
        expected = slid(image, np.ones((7, 7)), sides, kind, 130)
        arguments = ("-k", "box:size=7", "--gain", "raw", "--border", word, "--padding", ",".join(map(str, sides)))
        raw = filtered(folder, *arguments, "--map", "float", source=source, suffix=".npy")
        np.testing.assert_allclose(raw, expected / 49, rtol=1e-6)
    report = ok("apply", "photo.png", "o.png", "-k", "box", "--border", word, "--dry-run").text
    assert f"border {'constant:130' if kind == 'constant' else kind}  " in report


@pytest.fixture
def slope(photo):
    """The photograph's Sobel derivative in the x direction by SciPy: from far below 0 to far above 255."""
    return convolved(photo, SOBEL_X, mode="nearest")


MAPS = {
    "--map clip": lambda x: x,
    "--map abs": np.abs,
    "--map offset": lambda x: x + 128,
    "--map stretch": lambda x: (x - x.min()) * 255 / (x.max() - x.min()),
    "--map stretch --vmin -100": lambda x: (x + 100) * 255 / (x.max() + 100),
    "--map stretch --vmax 50": lambda x: (x - x.min()) * 255 / (50 - x.min()),
    "--map stretch --vmin -200 --vmax 310": lambda x: (x + 200) * 255 / 510,
    "": np.abs,
}


@pytest.mark.parametrize("arguments", MAPS)
def test_maps(folder, slope, arguments):
    """Without an option it is the kernel's own map, which is abs."""
    got = filtered(folder, "-k", "sobel-x", *arguments.split())
    mapped = MAPS[arguments](slope)
    halves = np.abs(mapped - np.floor(mapped) - 0.5) < 1e-3
    np.testing.assert_array_equal(got[~halves], rounded(mapped)[~halves])
    assert np.abs(got.astype(float) - np.clip(mapped, 0, 255)).max() <= 0.501


@pytest.mark.parametrize(("depth", "top"), [("8", 255), ("16", 65535), ("float", 1)])
def test_depth_scales(folder, photo, depth, top):
    got = filtered(folder, "-k", "box", "--depth", depth, suffix=".tif")
    assert got.dtype == {"8": np.uint8, "16": np.uint16, "float": np.float32}[depth]
    expected = convolved(photo, BOX, mode="nearest") * (top / 255)
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=0 if depth == "float" else 0.501)


def test_clipping_is_counted(folder, slope):
    for arguments, low, high in (("--map clip", 0, 255), ("--map abs", None, 255), ("--map offset", -128, 127)):
        values = np.abs(slope) if "abs" in arguments else slope
        below = 0 if low is None else int(np.count_nonzero(values < low))
        above = int(np.count_nonzero(values > high))
        ran = ok("apply", "photo.png", "o.png", "-k", "sobel-x", "--overwrite", "--json", *arguments.split())
        clipped = json.loads(ran.text)["clipped"]
        assert (clipped["below"], clipped["above"], clipped["total"]) == (below, above, slope.size)
        assert clipped["percent"] == pytest.approx(100 * (below + above) / slope.size)
        ran = ok("apply", "photo.png", "o.png", "-k", "sobel-x", "--overwrite", *arguments.split())
        ends = [f"{below} below {low}"] * bool(below) + [f"{above} above {high}"]
        line = f"clipped  {100 * (below + above) / slope.size:.3g} % of the samples ({', '.join(ends)}); "
        assert line in ran.text


@pytest.mark.parametrize("kernel", ["sobel-x", "1,-1", "-1/8,0,1/8", "laplacian4", "emboss", "sharpen", "0.6,0.6"])
@pytest.mark.parametrize("map", ["clip", "abs", "offset"])
def test_remedies_keep_every_sample(folder, kernel, map):
    """What the report says would keep the samples does so, and --strict then has nothing to forbid."""
    arguments = ("apply", "photo.png", "o.png", "--overwrite", "-k", kernel)
    clipped = json.loads(ok(*arguments, "--json", "--map", map).text)["clipped"]
    assert (clipped["keep"] is None) == (clipped["samples"] == 0)
    for remedy in re.findall(r"--map (\w+)", clipped["keep"] or ""):
        ok(*arguments, "--strict", "--map", remedy)
    assert run(*arguments, "--strict", "--map", map).code == bool(clipped["samples"])


def test_strict_leaves_what_was_there(folder):
    (folder / "o.png").write_bytes(b"the old file")
    before = contents(folder)
    ran = run("apply", "photo.png", "o.png", "-k", "sobel", "--strict", "--overwrite")
    assert ran.code == 1 and contents(folder) == before
    ok("apply", "photo.png", "o.png", "-k", "box", "--strict", "--overwrite")


def test_gray_is_the_luma(folder, photo):
    got = filtered(folder, "-k", "identity", "--gray")
    red, green, blue = photo.astype(int).transpose(2, 0, 1)
    exact = 299 * red + 587 * green + 114 * blue
    np.testing.assert_array_equal(got, (exact + 500) // 1000)
    luma = np.asarray(Image.fromarray(photo).convert("L")).astype(int)
    assert np.abs(got - luma).max() <= 1
    np.testing.assert_array_equal(
        filtered(folder, "-k", "sobel-x", "--grey", "--map", "clip"),
        rounded(convolved(exact, SOBEL_X, mode="nearest") / 1000),
    )


def test_gray_leaves_grey_and_alpha(folder, photo):
    Image.fromarray(photo[:, :, 0]).save("grey.png")
    np.testing.assert_array_equal(filtered(folder, "-k", "identity", "--gray", source="grey.png"), photo[:, :, 0])
    Image.fromarray(np.dstack([photo, photo[:, :, 0]])).save("alpha.png")
    got = filtered(folder, "-k", "identity", "--gray", "--alpha", "preserve", source="alpha.png")
    assert got.shape == (*photo.shape[:2], 2)
    np.testing.assert_array_equal(got[:, :, 1], photo[:, :, 0])


def test_sixteen_bit_stays_sixteen_bit(folder, photo):
    deep = photo.astype(np.uint16) * 256 + photo[::-1, ::-1]
    assert cv2.imwrite("deep.png", deep[:, :, ::-1])
    ok("apply", "deep.png", "o.png", "-k", "gaussian5")
    got = cv2.imread("o.png", cv2.IMREAD_UNCHANGED)[:, :, ::-1]
    assert got.dtype == np.uint16
    np.testing.assert_array_equal(got, rounded(convolved(deep, GAUSSIAN5, mode="nearest"), 65535))


@pytest.fixture
def cover(folder, photo):
    """Alpha that falls from opaque to clear, with a hard hole: (rows, cols) uint8; alpha.png holds it."""
    rows, cols = photo.shape[:2]
    alpha = np.tile(np.linspace(255, 0, cols).round().astype(np.uint8), (rows, 1))
    alpha[50:80, 40:90] = 0
    Image.fromarray(np.dstack([photo, alpha])).save("alpha.png")
    return alpha


def test_alpha_weights_the_colours(folder, photo, cover):
    got = filtered(folder, "-k", "gaussian5", source="alpha.png").astype(float)
    share = cover[:, :, None] / 255
    alpha = convolved(share, GAUSSIAN5, mode="nearest")
    weighted = convolved(photo * share, GAUSSIAN5, mode="nearest")
    colours = np.divide(weighted, alpha, out=np.zeros_like(weighted), where=alpha > 0)
    np.testing.assert_allclose(got[:, :, 3:], alpha * 255, atol=0.51)
    seen = (alpha > 1e-5)[:, :, 0]
    np.testing.assert_allclose(got[:, :, :3][seen], colours[seen], atol=0.51)


def test_derivatives_weight_the_colours_and_keep_alpha(folder, photo, cover):
    got = filtered(folder, "-k", "sobel-x", "--map", "float", source="alpha.png", suffix=".npy")
    expected = convolved(photo * (cover[:, :, None] / 255), SOBEL_X, mode="nearest")
    np.testing.assert_allclose(got[:, :, :3], expected, atol=1e-3)
    np.testing.assert_array_equal(got[:, :, 3], cover)


def test_alpha_preserve(folder, photo, cover):
    got = filtered(folder, "-k", "gaussian5", "--alpha", "preserve", source="alpha.png")
    expected = rounded(convolved(photo, GAUSSIAN5, mode="nearest"))
    np.testing.assert_array_equal(got, np.dstack([expected, cover]))
    got = filtered(folder, "-k", "box", "--alpha", "preserve", "-p", "valid", "-s", "3x2", source="alpha.png")
    np.testing.assert_array_equal(got[:, :, 3], cover[1:-1:2, 1:-1:3])


def test_alpha_filter_and_drop(folder, photo, cover):
    got = filtered(folder, "-k", "gaussian5", "--alpha", "filter", source="alpha.png")
    both = np.dstack([photo, cover])
    np.testing.assert_array_equal(got, rounded(convolved(both, GAUSSIAN5, mode="nearest")))
    got = filtered(folder, "-k", "gaussian5", "--alpha", "drop", source="alpha.png", suffix=".bmp")
    np.testing.assert_array_equal(got, rounded(convolved(photo, GAUSSIAN5, mode="nearest")))


def test_magnitude_is_made_before_clipping(folder, photo):
    length = np.hypot(*(convolved(photo, taps, mode="nearest") for taps in (SOBEL_X, SOBEL_Y)))
    np.testing.assert_allclose(filtered(folder, "-k", "sobel", "--map", "float", suffix=".npy"), length, rtol=1e-6)
    got = filtered(folder, "-k", "sobel")
    assert np.abs(got - np.clip(length, 0, 255)).max() <= 0.5001
    # Parts clipped to 0..255 would give less where brightness falls.
    assert np.abs(got[length < 255] - length[length < 255]).max() <= 0.5001


def test_angle(folder, photo):
    x, y = (convolved(photo, taps, mode="nearest") for taps in (SOBEL_X, SOBEL_Y))
    angle = np.degrees(np.arctan2(y, x)) % 360
    raw = filtered(folder, "-k", "sobel-angle", "--map", "float", suffix=".npy")
    np.testing.assert_allclose(raw, angle, atol=1e-4)
    got = filtered(folder, "-k", "sobel-angle")
    assert np.abs(got - angle * 255 / 360).max() <= 0.5001


GAINS = {
    # sobel-x: positive taps sum to 4; a ramp of slope 1 gives 8. A 3x3 of ones sums to 9.
    ("sobel-x", "raw"): SOBEL_X,
    ("sobel-x", "unit"): SOBEL_X / 8,
    ("sobel-x", "range"): SOBEL_X / 4,
    ("1,1,1;1,1,1;1,1,1", "raw"): np.ones((3, 3)),
    ("1,1,1;1,1,1;1,1,1", "sum"): BOX,
    ("1,1,1;1,1,1;1,1,1", "range"): BOX,
    ("sharpen", "range"): SHARPEN / 5,
}


@pytest.mark.parametrize(("kernel", "gain"), GAINS)
def test_gain(folder, photo, kernel, gain):
    raw = filtered(folder, "-k", kernel, "--gain", gain, "--map", "float", suffix=".npy")
    expected = convolved(photo, GAINS[kernel, gain], mode="nearest")
    np.testing.assert_allclose(raw, expected, rtol=1e-6, atol=1e-4)


FORMS = [
    ("sobel-x", None),
    ("sobel-x:size=3", None),
    ("1,0,-1;2,0,-2;1,0,-1", None),
    ("-1,0,1;-2,0,2;-1,0,1 / -1", None),
    ("1 0 -1; 2 0 -2; 1 0 -1", None),
    ("mine.yaml", "weights: [[1, 0, -1], [2, 0, -2], [1, 0, -1]]\n"),
    ("./mine.yml", "column: [1, 2, 1]\nrow: [1, 0, -1]\n"),
    ("mine.csv", "1,0,-1\n2,0,-2\n1,0,-1\n"),
    # libvips correlates, so its mask is the rotated one.
    ("mine.mat", "3 3 1 0\n-1 0 1\n-2 0 2\n-1 0 1\n"),
    ("mine.npy", SOBEL_X),
    ("-", "name: piped\nweights: [[2, 0, -2], [4, 0, -4], [2, 0, -2]]\nscale: 1/2\n"),
    ("mine", "weights: [[1, 0, -1], [2, 0, -2], [1, 0, -1]]\n"),
]


@pytest.mark.parametrize(("kernel", "content"), FORMS, ids=[kernel for kernel, _ in FORMS])
def test_every_form_of_a_kernel(folder, slope, kernel, content, monkeypatch):
    stdin = b""
    if kernel == "-":
        stdin = content.encode()
    elif kernel == "mine":  # by its name, from the user's own folder
        (folder / "mine.yaml").write_text(content)
        monkeypatch.setenv("IMGCONV_KERNELS", str(folder))
    elif isinstance(content, str):
        (folder / kernel).write_text(content)
    elif content is not None:
        np.save(folder / kernel, content)
    raw = filtered(folder, "-k", kernel, "--map", "float", suffix=".npy", stdin=stdin)
    np.testing.assert_array_equal(raw, slope)


def test_kernels_map_is_used_unless_another_is_named(folder, slope):
    (folder / "mine.yaml").write_text("weights: [[1, 0, -1], [2, 0, -2], [1, 0, -1]]\nmap: offset\n")
    np.testing.assert_array_equal(filtered(folder, "-k", "mine.yaml"), rounded(slope + 128))
    np.testing.assert_array_equal(filtered(folder, "-k", "mine.yaml", "--map", "abs"), rounded(np.abs(slope)))


def test_pointwise_kernels_mix_channels(folder, photo):
    got = filtered(folder, "-k", "swap-bgr")
    np.testing.assert_array_equal(got, photo[:, :, ::-1])
    grey = filtered(folder, "-k", "gray-601")
    assert grey.shape == photo.shape[:2]
    thousandths = photo.astype(int) @ [299, 587, 114]
    np.testing.assert_array_equal(grey, rounded(thousandths / 1000))


@pytest.mark.parametrize("kernel", ["sobel", "gaussian:sigma=3", "box:size=31", "kirsch", "sepia"])
def test_check_runs_both_engines(folder, kernel):
    ran = ok("apply", "photo.png", "o.png", "-k", kernel, "--check")
    words = r"check    scipy agrees: .*; results before --map by (\S+) at most, (\S+) on average \(tolerance (\S+)\)\n"
    found = re.search(words, ran.text)
    largest, mean, tolerance = map(float, found.groups())
    assert 0 <= mean <= largest <= tolerance < 0.01
    ran = ok("apply", "photo.png", "o.png", "-k", kernel, "--check", "--engine", "scipy", "--overwrite", "--json")
    check = json.loads(ran.text)["check"]
    assert check["engine"] == "builtin" and check["maximum"] <= check["tolerance"]


def test_threads_change_nothing(folder, photo):
    Image.fromarray(np.tile(photo, (3, 3, 1))).save("large.png", compress_level=1)
    for kernel in ("sobel", "gaussian:sigma=9x2", "1,2,4;8,16,32;64,128,1/256"):
        written = []
        for threads in ("1", "2", "5"):
            name = f"o{threads}.png"
            ran = ok("apply", "large.png", name, "-k", kernel, "--threads", threads, "--overwrite", "--json")
            assert json.loads(ran.text)["engine"]["threads"] <= int(threads)
            written.append((folder / name).read_bytes())
        assert len(set(written)) == 1


def test_nan_and_infinity_stay_where_the_kernel_reaches(folder):
    picture = np.random.default_rng(3).normal(size=(40, 50)).astype(np.float32)
    picture[20, 20], picture[5, 40] = np.nan, np.inf
    tifffile.imwrite("floats.tif", picture)
    ran = ok("apply", "floats.tif", "o.tif", "-k", "box", "--map", "float", "--json")
    got = pixels("o.tif")
    expected = ndimage.convolve(picture, BOX, mode="nearest")
    assert np.count_nonzero(np.isnan(got)) == 9 and np.count_nonzero(np.isinf(got)) == 9
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    assert json.loads(ran.text)["range"]["maximum"] is None
    arguments = ("apply", "floats.tif", "o.png", "-k", "box", "--depth", "8", "--overwrite", "--map")
    for map in ("clip", "abs", "offset", "stretch --vmin 0 --vmax 1"):
        report = ok(*arguments, *map.split()).text
        assert "9 results are NaN and become 0; --map float would keep them" in report
        assert pixels("o.png")[5, 40] == 255
    ran = run(*arguments, "stretch")
    assert (ran.code, ran.out) == (2, b"")
    problem = "stretch has no ends to go by, as some results are infinite; add --vmin and --vmax"
    assert ran.err == f"imgconv: --map: {problem}\n"
    tifffile.imwrite("floats.tif", np.full((3, 3), np.nan, np.float32))
    ok(*arguments, "stretch", "--vmin", "0")
    assert not pixels("o.png").any()


@pytest.mark.parametrize("alpha", [False, True])
def test_half_floats_stay_and_are_clipped_only_where_counted(folder, alpha):
    picture = np.random.default_rng(3).uniform(size=(40, 50, 4 if alpha else 3)).astype(np.float16)
    picture[3, 7, 0] = 60000
    tifffile.imwrite("half.tif", picture, photometric="rgb", extrasamples=["unassalpha"] * alpha)
    ran = ok("apply", "half.tif", "o.tif", "-k", "3,0;0,0", "--alpha", "filter", "--json")
    got = pixels("o.tif")
    assert got.dtype == np.float16 and np.isfinite(got).all()
    exact = ndimage.convolve(picture.astype(float), np.array([[3, 0], [0, 0.0]])[:, :, None], mode="nearest")
    np.testing.assert_array_equal(got, np.minimum(exact, 65504).astype(np.float16))
    clipped = json.loads(ran.text)["clipped"]
    assert (clipped["samples"], clipped["above"], clipped["keep"]) == (1, 1, "--depth float")
    assert "(1 above 65504); --depth float would keep them" in ok("apply", "half.tif", "o2.tif", "-k", "3,0;0,0").text
    ok("apply", "half.tif", "f.tif", "-k", "3,0;0,0", "--alpha", "filter", "--depth", "float")
    np.testing.assert_allclose(pixels("f.tif"), exact, rtol=1e-6)
    assert pixels("f.tif").dtype == np.float32
    refused = run("apply", "half.tif", "o.png", "-k", "box")
    assert refused.code == 1 and "16-bit float samples; write .tif or .npy to keep them" in refused.err
    assert filtered(folder, "-k", "box", source="half.tif", suffix=".npy").dtype == np.float16


def test_one_pixel(folder):
    """The smallest picture, with every padding and border, and a kernel far larger."""
    Image.new("L", (1, 1), 200).save("dot.png")
    for border in ("edge", "symmetric", "reflect", "wrap"):
        assert filtered(folder, "-k", "box:size=31", "--border", border, source="dot.png").tolist() == [[200]]
    assert filtered(folder, "-k", "box:size=5", "-p", "same", source="dot.png").tolist() == [[8]]
    assert filtered(folder, "-k", "box:size=2", "-p", "full", source="dot.png").tolist() == [[50, 50], [50, 50]]
    assert filtered(folder, "-k", "identity", "-s", "9", "-p", "valid", source="dot.png").tolist() == [[200]]
