"""What other programs get wrong with depths, signs, colours, alpha and formats, one trap a test.

Each was seen in a released version of the program that is named, or in its issues. What is expected is arithmetic.
"""

import os
from io import BytesIO

import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest
from cli.photograph import SHARPEN, filtered, pixels
from cli.running import ok, run

from imgconv.image import FORMATS, read, write


@pytest.fixture
def step(folder):
    """A vertical edge from black to white in 8 and 16 bits and in floats: (7, 8)."""
    edge = np.zeros((7, 8), np.uint8)
    edge[:, 4:] = 255
    write("step.png", edge)
    write("step16.png", edge.astype(np.uint16) * 257)
    write("step.tif", edge.astype(np.float32))
    return edge


@pytest.mark.parametrize(("source", "white"), [("step.png", 255), ("step16.png", 65535)])
@pytest.mark.parametrize("kernel", ["sobel", "prewitt", "scharr", "sobel-x"])
def test_edges_of_16_bits_are_neither_cut_at_255_nor_wrapped(folder, step, source, white, kernel):
    """libvips 8.18's sobel casts to 8 bits; SciPy's gives 1020 modulo 256 for this step of 8 bits."""
    got = filtered(folder, "-k", kernel, "--map", "clip", source=source)
    assert got.dtype == {255: np.uint8, 65535: np.uint16}[white]
    assert (got[:, 3:5] == white).all() and not got[:, :3].any() and not got[:, 5:].any()
    taps = {"sobel": 4, "sobel-x": 4, "prewitt": 3, "scharr": 16}[kernel]
    exact = filtered(folder, "-k", kernel, "--map", "float", source=source, suffix=".tif")
    assert np.abs(exact).max() == taps * white


@pytest.mark.parametrize("source", ["step.png", "step16.png"])
@pytest.mark.parametrize(("map", "expected"), [("clip", 0.0), ("abs", 1.0), ("offset", 0.0)])
def test_negative_results_keep_the_depth_and_do_not_wrap(folder, step, source, map, expected):
    """G'MIC 2.9 saves -300 as 65236 in 16 bits; casting the absolute value to 8 bits turns 300 into 44."""
    got = filtered(folder, "-k", "1,0,-1;2,0,-2;1,0,-1", "--correlate", "--map", map, source=source)
    white = np.iinfo(got.dtype).max
    assert got.dtype == pixels(source).dtype
    assert (got[:, 3:5] == expected * white).all()
    assert len(np.unique(got[:, :3])) == 1


def test_sharpening_leaves_no_white_speckle(folder):
    """Unsigned sums below 0 came out as white (libvips, libvips#4955)."""
    samples = np.random.default_rng(3).integers(0, 30, (40, 50, 3)).astype(np.uint8)
    samples[::5, ::4] = 255
    write("dark.png", samples)
    got = filtered(folder, "-k", "sharpen", source="dark.png")
    padded = np.pad(samples.astype(int), ((1, 1), (1, 1), (0, 0)), mode="edge")
    exact = sum(SHARPEN[y, x] * padded[y : y + 40, x : x + 50] for y in range(3) for x in range(3))
    assert exact.min() < 0
    np.testing.assert_array_equal(got, np.clip(exact, 0, 255))


@pytest.mark.parametrize("kernel", ["gaussian:sigma=1", "box", "sharpen", "gaussian:sigma=0.5"])
def test_colours_are_not_mixed(folder, kernel):
    """scikit-image's gaussian blurs across the channels of RGB unless it is told which axis they are."""
    red = np.zeros((9, 11, 3), np.uint8)
    red[:, :, 0] = 255
    red[4, 5, 0] = 100
    write("red.png", red)
    got = filtered(folder, "-k", kernel, source="red.png")
    assert not got[:, :, 1:].any() and (got[:2, :, 0] == 255).all()
    assert (got[3:6, 4:7, 0] != red[3:6, 4:7, 0]).any(), "so small a sigma is no reason to do nothing"


@pytest.mark.parametrize("source", ["step.png", "step16.png", "step.tif"])
@pytest.mark.parametrize("kernel", ["laplacian4", "sobel-x", "1,-1"])
def test_kernels_of_sum_zero_are_not_divided_by_it(folder, step, source, kernel):
    """oiiotool 2.4 gives NaN and infinities alone; libvips 8.14 calls a scale of 0 no known file format."""
    got = filtered(folder, "-k", kernel, "--map", "float", source=source, suffix=".tif")
    assert np.isfinite(got).all() and np.abs(got).max() >= pixels(source).max()
    assert not got[:, :2].any() and not got[:, 6:].any()


@pytest.mark.parametrize("channels", ["r,g,b,a", "r,g,b"])
def test_to_name_alpha_does_not_end_its_weighting(folder, channels):
    """ImageMagick's -channel RGBA does."""
    picture = np.zeros((9, 9, 4), np.uint8)
    picture[:, :4] = (0, 200, 0, 255)
    picture[:, 4:] = (255, 0, 0, 0)  # hidden
    write("cutout.png", picture)
    got = filtered(folder, "-k", "box", "--channel", channels, source="cutout.png")
    seen = got[:, :, 3] > 0
    assert seen[:, :4].all() and not got[seen][:, 0].any() and (got[seen][:, 1] == 200).all()
    expected = np.array([255, 255, 255, 170, 85, 0, 0, 0, 0] if "a" in channels else [255] * 4 + [0] * 5)
    np.testing.assert_array_equal(got[4, :, 3], expected)


_POSIX = pytest.mark.skipif(os.name != "posix", reason="batch runs where workers talk through pipes")


@pytest.mark.parametrize("command", ["apply", pytest.param("batch", marks=_POSIX)])
@pytest.mark.parametrize("kernel", ["gaussian5", "sobel"])
def test_what_a_photograph_says_of_itself_survives(folder, photo, command, kernel):
    """G'MIC loses EXIF and profile; others turn the pixels and leave an orientation that turns them once more."""
    exif = PIL.Image.Exif()
    exif[0x010F], exif[0x0112] = "Duck", 6
    profile = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    (folder / "photos").mkdir()
    PIL.Image.fromarray(photo).save("photos/in.jpg", exif=exif, icc_profile=profile, quality=95)
    if command == "apply":
        (folder / "done").mkdir()
        ok("apply", "photos/in.jpg", "done/in.jpg", "-k", kernel)
    else:
        assert run("batch", "photos", "done", "-k", kernel, "-j", "1").code == 0
    with PIL.Image.open("done/in.jpg") as found:
        assert found.size == (photo.shape[0], photo.shape[1])
        assert found.info["icc_profile"] == profile
        assert found.getexif()[0x010F] == "Duck" and found.getexif().get(0x0112, 1) == 1


NOT_OURS = ["ICO", "TGA", "PCX", "SGI", "XBM", "DDS", "EPS", "PDF", "ICNS", "SPIDER", "MSP"]


@pytest.mark.parametrize("format", NOT_OURS)
def test_what_pillow_alone_could_open_is_refused(folder, format):
    """Pillow opens 43 formats by default, EPS by running Ghostscript; only those that are looked after are read."""
    file = BytesIO()
    mode = {"MSP": "1", "XBM": "1", "SPIDER": "F"}.get(format, "RGB")
    PIL.Image.new(mode, (16, 16)).save(file, format)
    (folder / "in.png").write_bytes(file.getvalue())
    ran = run("apply", "in.png", "out.png", "-k", "box")
    assert (ran.code, ran.err.count("\n"), (folder / "out.png").exists()) == (1, 1, False)
    assert "no image of a format that is read here" in ran.err or "which is not read here" in ran.err


@pytest.mark.parametrize("suffix", sorted({one.suffixes[0] for one in FORMATS if "float32" not in one.dtypes}))
@pytest.mark.parametrize("dtype", ["float32", "uint16"])
def test_no_depth_is_lost_without_a_word(folder, suffix, dtype):
    """imageio saturates floats and 16 bits into WebP, AVIF and GIF, and tells nobody."""
    write("deep.tif", (np.arange(300).reshape(10, 30) * 200.5).astype(dtype))
    kept = any(dtype in one.dtypes for one in FORMATS if one.suffixes[0] == suffix)
    ran = run("apply", "deep.tif", f"out.{suffix}", "-k", "identity")
    if not kept or suffix == "ppm":  # PPM has no grey
        assert ran.code == 1 and ran.err.count("\n") == 1 and not (folder / f"out.{suffix}").exists()
        assert "write ." in ran.err and ("--depth" in ran.err or suffix == "ppm")
    else:
        assert ran.code == 0
        np.testing.assert_array_equal(read(f"out.{suffix}").pixels.squeeze(), pixels("deep.tif").squeeze())
