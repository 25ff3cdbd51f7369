"""``imgconv apply`` and what it takes of an image: alpha, luma, channels, linear light, a region, a mask."""

import json

import numpy as np
import pytest
import skimage
import tifffile
from cli.photograph import GAUSSIAN5, SHARPEN, convolved, filtered, pixels, rounded
from cli.running import ok, run
from PIL import Image
from sampling import every_nth
from scipy import ndimage

RNG = np.random.default_rng(11)


def done(*arguments, source="photo.png"):
    """What ``apply --json`` says."""
    return json.loads(ok("apply", source, "said.png", "--overwrite", "--json", *arguments).text)


@pytest.fixture
def cutout(folder, photo):
    """The face within a disc with a soft rim, on colours that nobody sees: cutout.png, (rows, cols, 4) uint8."""
    rows, cols = np.mgrid[: photo.shape[0], : photo.shape[1]]
    away = np.hypot(rows - 100, cols - 150)
    alpha = np.clip((90 - away) * 16, 0, 255).astype(np.uint8)
    hidden = np.where((alpha == 0)[:, :, None], np.uint8([255, 0, 255]), photo)
    both = np.dstack([hidden, alpha])
    Image.fromarray(both).save("cutout.png")
    return both


def weighted(image, taps):
    """Colours of an averaging kernel, in floats: premultiply, filter, divide."""
    cover = convolved(image[:, :, 3:] / 255, taps, mode="nearest")
    colours = convolved(image[:, :, :3] * (image[:, :, 3:] / 255), taps, mode="nearest")
    return np.divide(colours, cover, out=np.zeros_like(colours), where=cover > 1e-6)


@pytest.mark.parametrize("alpha", [[], ["--alpha", "auto"], ["--alpha", "premultiply"]])
def test_hidden_colours_make_no_halo(folder, cutout, alpha):
    got = filtered(folder, "-k", "gaussian5", *alpha, source="cutout.png")
    colours = weighted(cutout, GAUSSIAN5)
    np.testing.assert_array_equal(got[:, :, 3], rounded(convolved(cutout[:, :, 3], GAUSSIAN5, mode="nearest")))
    assert np.abs(got[:, :, :3] - colours).max() <= 0.501
    assert done("-k", "gaussian5", *alpha, source="cutout.png")["alpha"] == "premultiply"
    # What is left alone instead lets the magenta through.
    left = filtered(folder, "-k", "gaussian5", "--alpha", "keep", source="cutout.png")
    rim = (cutout[:, :, 3] > 0) & (cutout[:, :, 3] < 64)
    assert (left.astype(int) - got)[rim][:, 0].mean() > 10 > 0 > (left.astype(int) - got)[rim][:, 1].mean()


def test_as_libvips_premultiplies(folder, cutout):
    pyvips = pytest.importorskip("pyvips")
    image = pyvips.Image.new_from_array(cutout, interpretation="srgb").premultiply()
    taps = pyvips.Image.new_from_array((GAUSSIAN5 * 256).tolist(), scale=256)
    theirs = image.conv(taps, precision="float").unpremultiply().numpy()
    got = filtered(folder, "-k", "gaussian5", source="cutout.png").astype(float)
    inner = np.s_[2:-2, 2:-2]
    seen = got[inner][:, :, 3] > 0
    assert np.abs(got - theirs)[inner][seen].max() <= 0.51


def test_derivatives_make_nothing_invisible(folder, cutout):
    for kernel in ("sobel", "laplacian4", "emboss-relief"):
        got = filtered(folder, "-k", kernel, source="cutout.png")
        np.testing.assert_array_equal(got[:, :, 3], cutout[:, :, 3])
    assert done("-k", "sobel", source="cutout.png")["alpha"] == "weight"
    report = ok("apply", "cutout.png", "o.png", "-k", "sobel").text
    assert "alpha    weights the colours, and stays as it is" in report


def test_what_was_done_to_alpha_is_said(folder, cutout):
    for word, said in (("keep", "keep"), ("preserve", "keep"), ("filter", "filter"), ("drop", "drop")):
        assert done("-k", "box", "--alpha", word, source="cutout.png")["alpha"] == said
    assert done("-k", "box")["alpha"] is None
    assert done("-k", "sepia", source="cutout.png")["alpha"] == "keep"
    assert "alpha    left out" in ok("apply", "cutout.png", "o.png", "-k", "box", "--alpha", "drop").text


def test_weights_of_a_network_see_the_colours_as_they_are(folder, cutout):
    np.save("w.npy", np.tile(np.eye(3)[:, :, None, None], (1, 1, 1, 3)) / 3)
    across = np.ones((1, 3)) / 3
    as_they_are = convolved(cutout[:, :, :3], across, mode="nearest")
    by_alpha = convolved(cutout[:, :, :3] * (cutout[:, :, 3:] / 255), across, mode="nearest")
    for words, expected in (((), as_they_are), (("--alpha", "premultiply"), by_alpha)):
        got = filtered(folder, "-k", "w.npy", *words, source="cutout.png")
        assert np.abs(got[:, :, :3] - expected).max() <= 0.501
        np.testing.assert_array_equal(got[:, :, 3], cutout[:, :, 3])


def test_gray_by_other_coefficients(folder, photo):
    theirs = skimage.color.rgb2gray(photo) * 255  # 0.2125, 0.7154, 0.0721: not the standard's last digits
    assert np.abs(filtered(folder, "-k", "identity", "--gray=709") - theirs).max() <= 0.75
    got = filtered(folder, "-k", "identity", "--grey=average")
    np.testing.assert_array_equal(got, rounded(photo.mean(axis=2)))
    red, green, blue = photo.astype(int).transpose(2, 0, 1)
    exact = (2126 * red + 7152 * green + 722 * blue + 5000) // 10000
    np.testing.assert_array_equal(filtered(folder, "-k", "identity", "--gray=709"), exact)
    assert done("-k", "box", "--gray=709")["gray"] == "709"


def test_gray_takes_nothing_that_follows_it(folder, photo):
    ok("apply", "photo.png", "--gray", "o.png", "-k", "identity")
    ok("apply", "photo.png", "--gray=601", "p.png", "-k", "identity")
    np.testing.assert_array_equal(pixels("o.png"), pixels("p.png"))
    assert run("apply", "photo.png", "--gray=2020", "q.png", "-k", "box").err.startswith("imgconv: --gray: '2020'")


def test_gray_deep_and_float(folder):
    deep = RNG.integers(0, 65536, (20, 30, 3)).astype(np.uint16)
    np.save("deep.npy", deep)
    exact = (deep.astype(np.int64) @ [2126, 7152, 722] + 5000) // 10000
    got = filtered(folder, "-k", "identity", "--gray=709", source="deep.npy", suffix=".npy")
    np.testing.assert_array_equal(got.squeeze(), exact)
    np.save("light.npy", (deep / 65535).astype(np.float32))
    got = filtered(folder, "-k", "identity", "--gray=709", source="light.npy", suffix=".npy")
    np.testing.assert_allclose(got.squeeze(), deep @ [0.2126, 0.7152, 0.0722] / 65535, rtol=1e-6)


def light(samples, top=255):
    """Samples as linear light, by the formula of IEC 61966-2-1, in float64."""
    coded = samples / top
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def coded(values, top=255):
    """Linear light as samples that are not rounded yet."""
    values = np.clip(values, 0, 1)
    return top * np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)


@pytest.fixture
def deep(folder, photo):
    """The face in 16 bits whose low bytes matter, with alpha: deep.tif, (rows, cols, 4) uint16."""
    both = np.dstack([photo, np.indices(photo.shape[:2]).sum(axis=0) % 251]).astype(np.uint16)
    both = both * 257 - both[::-1] % 64 * (both > 0)
    tifffile.imwrite("deep.tif", both, photometric="rgb", extrasamples=["unassalpha"])
    return both


OPTIONS = [
    ["--linear"],
    ["--channel", "r,b"],
    ["--channel", "luma-709"],
    ["--channel", "a,g"],
    ["--region", "40,30,100x80"],
    ["--mask", "mask.png"],
    ["--alpha", "premultiply"],
    ["--linear", "--channel", "luma", "--region", "0,0,99x98", "--mask", "mask.png"],
    ["--linear", "--alpha", "filter", "--mask", "mask.png"],
    ["--strip", "--no-orient", "--linear", "--alpha", "keep"],
]


@pytest.fixture
def mask(folder, photo):
    """A mask that falls from white to black between two bars of them: mask.png, (rows, cols) uint8."""
    ramp = np.clip(np.linspace(-60, 315, photo.shape[1]), 0, 255).round().astype(np.uint8)
    made = np.tile(ramp, (photo.shape[0], 1))
    Image.fromarray(made).save("mask.png")
    return made


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
@pytest.mark.parametrize("source", ["photo.png", "cutout.png", "deep.tif"])
def test_what_is_not_changed_stays_bit_for_bit(folder, photo, cutout, deep, mask, options, source):
    before = pixels(source)
    if "a,g" in options and before.shape[2] == 3:
        options = ["--channel", "g"]
    got = filtered(folder, "-k", "identity", *options, source=source, suffix=".tif")
    seen = before[:, :, 3] > 0 if before.shape[2] == 4 and "keep" not in options else ...
    np.testing.assert_array_equal(got[seen], before[seen])  # hidden colours have no weight, and become black


@pytest.mark.parametrize(
    ("kernel", "source", "options"),
    every_nth(
        2,
        ["gaussian:sigma=2", "box:size=9", "disk:radius=14.5", "sobel"],
        ["photo.png", "cutout.png", "deep.tif"],
        [[], ["--linear"], ["--map", "float"], ["--depth", "float"]],
    ),
)
def test_a_region_is_that_part_of_the_whole(folder, photo, cutout, deep, kernel, source, options):
    before = pixels(source)
    if "--depth" in options:
        before = before / np.iinfo(before.dtype).max
    whole = filtered(folder, "-k", kernel, *options, source=source, suffix=".tif")
    for x, y, width, height in ((40, 30, 101, 57), (293, 0, 7, 1)):
        part = np.s_[y : y + height, x : x + width]
        region = ["--region", f"{x},{y},{width}x{height}"]
        got = filtered(folder, "-k", kernel, *options, *region, source=source, suffix=".tif")
        np.testing.assert_array_equal(got[part], whole[part])
        got[part] = before[part]
        np.testing.assert_allclose(got, before, rtol=1e-6 if "--depth" in options else 0)


def test_linear_light_is_that_of_the_formula(folder, photo, deep):
    for kernel, taps in (("gaussian5", GAUSSIAN5), ("sharpen", SHARPEN)):
        got = filtered(folder, "-k", kernel, "--linear")
        exact = coded(convolved(light(photo), taps, mode="nearest"))
        assert np.abs(got - exact).max() <= 0.5 + 1e-3
    Image.fromarray(photo).save("rgb.png")
    opaque = deep[:, :, :3]
    tifffile.imwrite("rgb.tif", opaque, photometric="rgb")
    got = filtered(folder, "-k", "gaussian5", "--linear", source="rgb.tif", suffix=".tif")
    exact = coded(convolved(light(opaque, 65535), GAUSSIAN5, mode="nearest"), 65535)
    assert got.dtype == np.uint16 and np.abs(got - exact).max() <= 0.5 + 0.02
    # Black and white in equal parts are half of the light, which is far above the middle of the samples.
    Image.fromarray(np.uint8([[0, 255] * 8] * 16)).save("fine.png")
    got = filtered(folder, "-k", "1,1/2", "--linear", source="fine.png")
    assert set(got[:, 1:-1].flat) == {188} and set(
        filtered(folder, "-k", "1,1/2", source="fine.png")[:, 1:-1].flat
    ) == {128}


def test_linear_light_as_libvips_has_it(folder, photo):
    pyvips = pytest.importorskip("pyvips")
    image = pyvips.Image.new_from_array(photo, interpretation="srgb").colourspace("scrgb")
    taps = pyvips.Image.new_from_array((GAUSSIAN5 * 256).tolist(), scale=256)
    theirs = image.conv(taps, precision="float").colourspace("srgb").numpy()
    got = filtered(folder, "-k", "gaussian5", "--linear")
    assert np.abs(got.astype(int) - theirs)[2:-2, 2:-2].max() <= 1


def test_linear_light_and_alpha(folder, cutout):
    got = filtered(folder, "-k", "gaussian5", "--linear", source="cutout.png")
    share = cutout[:, :, 3:] / 255
    cover = convolved(share, GAUSSIAN5, mode="nearest")
    weighted = convolved(light(cutout[:, :, :3]) * share, GAUSSIAN5, mode="nearest")
    seen = cover[:, :, 0] > 1e-3
    exact = coded(np.divide(weighted, cover, out=np.zeros_like(weighted), where=cover > 0))
    assert np.abs(got[:, :, :3] - exact)[seen].max() <= 0.51
    np.testing.assert_array_equal(got[:, :, 3], rounded(convolved(cutout[:, :, 3], GAUSSIAN5, mode="nearest")))
    got = filtered(folder, "-k", "gaussian5", "--linear", "--alpha", "filter", source="cutout.png")
    np.testing.assert_array_equal(got[:, :, 3], rounded(convolved(cutout[:, :, 3], GAUSSIAN5, mode="nearest")))


def test_light_is_counted_and_kept_as_asked(folder, photo):
    found = done("-k", "sharpen", "--linear")
    exact = convolved(light(photo), SHARPEN, mode="nearest") * 255
    assert found["linear"] is True
    np.testing.assert_allclose(
        (found["range"]["minimum"], found["range"]["maximum"]), (exact.min(), exact.max()), rtol=1e-5
    )
    beyond = 255 * light(255.5), -255 * light(0.5)
    assert found["clipped"]["above"] == np.count_nonzero(exact >= beyond[0])
    assert abs(found["clipped"]["below"] - np.count_nonzero(exact <= beyond[1])) <= 2
    floats = filtered(folder, "-k", "sharpen", "--linear", "--map", "float", suffix=".tif")
    np.testing.assert_allclose(floats, exact, rtol=1e-5, atol=1e-3)
    # Floats are light: of samples they are made by decoding alone, and samples of them by coding alone.
    made = filtered(folder, "-k", "identity", "--linear", "--depth", "float", suffix=".tif")
    np.testing.assert_allclose(made, light(photo), rtol=1e-6)
    tifffile.imwrite("light.tif", made, photometric="rgb")
    np.testing.assert_array_equal(
        filtered(folder, "-k", "identity", "--linear", "--depth", "8", source="light.tif"), photo
    )
    assert "floats are taken as linear light" in ok("apply", "light.tif", "o.tif", "-k", "box", "--linear").text


def test_gray_in_linear_light_is_luminance(folder, photo):
    got = filtered(folder, "-k", "gaussian5", "--linear", "--gray=709")
    exact = coded(convolved(light(photo) @ [0.2126, 0.7152, 0.0722], GAUSSIAN5, mode="nearest"))
    assert got.shape == photo.shape[:2] and np.abs(got - exact).max() <= 0.5 + 1e-3


def test_channels_are_filtered_and_the_others_left(folder, photo, cutout):
    blurred = rounded(convolved(photo, GAUSSIAN5, mode="nearest"))
    got = filtered(folder, "-k", "gaussian5", "--channel", "r,b")
    np.testing.assert_array_equal(got[:, :, ::2], blurred[:, :, ::2])
    np.testing.assert_array_equal(got[:, :, 1], photo[:, :, 1])
    got = filtered(folder, "-k", "gaussian5", "--channel", "alpha", source="cutout.png")
    np.testing.assert_array_equal(got[:, :, :3], cutout[:, :, :3])
    np.testing.assert_array_equal(got[:, :, 3], rounded(convolved(cutout[:, :, 3], GAUSSIAN5, mode="nearest")))
    # Alpha that stays still keeps hidden colours out.
    got = filtered(folder, "-k", "gaussian5", "--channel", "red", source="cutout.png")
    seen = cutout[:, :, 3] > 0
    assert np.abs(got[:, :, 0] - weighted(cutout, GAUSSIAN5)[:, :, 0])[seen].max() <= 0.501
    np.testing.assert_array_equal(got[:, :, 1:], cutout[:, :, 1:])


def test_what_a_luma_drives_out_of_range_is_kept_as_floats_alone(folder, photo):
    """An offset or a stretch of the luma would change the picture, and every colour moves by as much as the luma."""
    arguments = ["photo.png", "-k", "sharpen", "--channel", "luma"]
    assert "; --map float would keep them" in ok("apply", arguments[0], "o.png", *arguments[1:]).text
    kept = ok("apply", arguments[0], "o.tif", *arguments[1:], "--map", "float")
    assert "would keep" not in kept.text
    assert pixels("o.tif").min() < 0 and pixels("o.tif").max() > 255


def test_luma_changes_and_chroma_does_not(folder, photo):
    weights = np.array([0.299, 0.587, 0.114])
    got = filtered(folder, "-k", "gaussian5", "--channel", "luma", "--map", "float", suffix=".tif")
    luma = photo @ weights
    np.testing.assert_allclose(got @ weights, convolved(luma, GAUSSIAN5, mode="nearest"), atol=1e-3)
    for channel in (0, 2):
        np.testing.assert_allclose(got[:, :, channel] - got @ weights, photo[:, :, channel] - luma, atol=1e-3)
    # As OpenCV does it by way of Y'CrCb, which it rounds in between.
    cv2 = pytest.importorskip("cv2")
    apart = cv2.cvtColor(photo, cv2.COLOR_RGB2YCrCb)
    apart[:, :, 0] = rounded(convolved(apart[:, :, 0], GAUSSIAN5, mode="nearest"))
    theirs = cv2.cvtColor(apart, cv2.COLOR_YCrCb2RGB).astype(int)
    assert np.abs(theirs - filtered(folder, "-k", "gaussian5", "--channel", "luma")).max() <= 3


def test_a_mask_blends(folder, photo, mask):
    exact = convolved(photo, GAUSSIAN5, mode="nearest")
    share = mask[:, :, None] / 255
    got = filtered(folder, "-k", "gaussian5", "--mask", "mask.png")
    assert np.abs(got - (photo * (1 - share) + exact * share)).max() <= 0.5 + 1e-3
    np.testing.assert_array_equal(got[mask == 255], rounded(exact)[mask == 255])
    np.testing.assert_array_equal(got[mask == 0], photo[mask == 0])
    for name, made in (
        ("deep.png", mask.astype(np.uint16) * 257),
        ("float.tif", (mask / 255).astype(np.float32)),
        ("rgb.png", np.dstack([mask] * 3)),
        ("clear.png", np.dstack([mask] * 3 + [255 - mask])),
    ):
        tifffile.imwrite(name, made) if name.endswith("tif") else Image.fromarray(made).save(name)
        np.testing.assert_array_equal(filtered(folder, "-k", "gaussian5", "--mask", name), got)
    assert (
        "clear.png: a mask's alpha is not looked at"
        in ok("apply", "photo.png", "o.png", "-k", "box", "--mask", "clear.png").text
    )
    got = filtered(folder, "-k", "gaussian5", "--mask", "mask.png", "--linear")
    lights = light(photo) * (1 - share) + convolved(light(photo), GAUSSIAN5, mode="nearest") * share
    assert np.abs(got - coded(lights)).max() <= 0.5 + 1e-3


def test_a_mask_blends_colours_by_their_alpha(folder, cutout, mask):
    got = filtered(
        folder, "-k", "gaussian:sigma=3", "--mask", "mask.png", "--map", "float", source="cutout.png", suffix=".tif"
    )
    new = filtered(folder, "-k", "gaussian:sigma=3", "--map", "float", source="cutout.png", suffix=".tif").astype(float)
    share = mask[:, :, None] / 255
    cover = cutout[:, :, 3:] * (1 - share) + new[:, :, 3:] * share
    colours = cutout[:, :, :3] * (cutout[:, :, 3:] * (1.0 - share)) + new[:, :, :3] * new[:, :, 3:] * share
    seen = (cover > 0.01)[:, :, 0]
    np.testing.assert_allclose(got[:, :, 3:], cover, atol=1e-3)
    np.testing.assert_allclose(got[:, :, :3][seen], (colours / np.maximum(cover, 1e-9))[seen], atol=2e-2)


def test_pool_has_them_too(folder, photo):
    ok("pool", "photo.png", "o.png", "--max", "3", "-s", "1", "-p", "interpolation", "--region", "10,20,30x40")
    whole = ndimage.maximum_filter(photo, (3, 3, 1), mode="nearest")
    expected = photo.copy()
    expected[20:60, 10:40] = whole[20:60, 10:40]
    np.testing.assert_array_equal(pixels("o.png"), expected)


REFUSED = [
    ("--region 300,0,10x10", "--region: 300,0,10x10 lies outside of photo.png, which is 300x200"),
    ("--region 1,2,3", "--region: '1,2,3' is not a rectangle; write X,Y,WIDTHxHEIGHT, as in 40,30,200x150"),
    ("--region 1,2,0x3", "--region: '1,2,0x3' is empty"),
    (
        "--region 1,2,9x9 -s 2",
        "--region: 300x200x3 samples become 150x100x3, which have no place among those that stay; ",
    ),
    ("--channel r -p valid", "--channel: 300x200x1 samples become 298x198x1"),
    ("--channel x", "--channel: 'x' is not one of r|g|b|a|luma|luma-601|luma-709|luma-average"),
    ("--channel a", "--channel: photo.png has no alpha"),
    ("--channel luma,r", "--channel: luma is made of r, g and b; name one luma, alone or with a"),
    ("--channel r --gray", "--channel: photo.png has no r, but one grey channel, which is its luma"),
    ("--mask absent.png", "absent.png: there is no such file"),
    ("--mask small.png", "small.png: a mask has the size of its image, but it is 5x5 and photo.png is 300x200"),
    ("--mask wild.tif", "wild.tif: a mask of floats goes from 0 to 1, but this one holds 0 to 7"),
    ("-k sobel-angle --linear", "--linear: the results are angles, not light; leave it out"),
]


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED)
def test_what_makes_no_sense_is_refused(folder, arguments, sentence):
    Image.new("L", (5, 5)).save("small.png")
    wild = np.zeros((200, 300), np.float32)
    wild[3, 4] = 7
    tifffile.imwrite("wild.tif", wild)
    ran = run("apply", "photo.png", "o.png", *(["-k", "box"] if "-k" not in arguments else []), *arguments.split())
    assert ran.code in (1, 2) and not (folder / "o.png").exists()
    assert ran.err.startswith(f"imgconv: {sentence}") and ran.err.count("\n") == 1


def test_regions_are_cut_to_the_image(folder, photo):
    ran = ok("apply", "photo.png", "o.png", "-k", "invert", "--region", "-10,190,30x30")
    assert "note     the region -10,190,30x30 is cut to 0,190,20x10, as the image is 300x200" in ran.lines
    expected = photo.copy()
    expected[190:, :20] = 255 - photo[190:, :20]
    np.testing.assert_array_equal(pixels("o.png"), expected)
    found = done("-k", "invert", "--region", "-10,190,30x30")
    assert found["region"] == {"x": 0, "y": 190, "width": 20, "height": 10}


def test_ink_is_no_light(folder, photo):
    Image.fromarray(photo).convert("CMYK").save("ink.tif")
    for words, said in (
        (("--linear",), "--linear: ink.tif holds CMYK samples"),
        (("--channel", "r"), "--channel: ink.tif"),
    ):
        assert run("apply", "ink.tif", "o.tif", "-k", "box", *words).err.startswith(f"imgconv: {said}")
