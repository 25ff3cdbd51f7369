"""``imgconv apply`` on pictures whose samples are no grey and no RGB as they are stored."""

import io

import numpy as np
import pytest
import tifffile
from cli.photograph import BOX, convolved, filtered, opened, pixels, rounded
from cli.running import ok, run
from PIL import Image, ImageCms

# sRGB to XYZ for the white point D50, as ICC profiles have it: Bruce Lindbloom, RGB/XYZ Matrices (Bradford-adapted)
TO_XYZ = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
WHITE = TO_XYZ.sum(axis=1)


def lab_of(rgb):
    """CIE L*a*b* of sRGB samples (CIE 15:2018, 8.2.1), as TIFF stores it in 8 bits."""
    value = rgb / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = linear @ TO_XYZ.T / WHITE
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(root, 2, 0)
    lab = np.dstack([2.55 * (116 * y - 16), 500 * (x - y), 200 * (y - z)])
    return np.rint(lab).astype(np.int16).astype(np.uint8)


def rgb_of(lab):
    """The sRGB samples of `lab_of`'s, in float64."""
    y = (lab[..., 0] / 2.55 + 16) / 116
    a, b = np.moveaxis(lab[..., 1:].view(np.int8).astype(float), 2, 0)
    root = np.dstack([y + a / 500, y, y - b / 200])
    xyz = np.where(root > 6 / 29, root**3, (116 * root - 16) * 27 / 24389) * WHITE
    linear = np.clip(xyz @ np.linalg.inv(TO_XYZ).T, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def boxed(image):
    return rounded(convolved(image, BOX, mode="nearest"))


def adobe(encoded, transform):
    """A JPEG file whose Adobe marker says another transform: 0 for CMYK as it is, 2 for YCCK."""
    at = encoded.index(b"Adobe") + 11
    return encoded[:at] + bytes((transform,)) + encoded[at + 1 :]


def cmyk_jpeg(photo, **options):
    file = io.BytesIO()
    ink = np.dstack([255 - photo, photo.min(axis=2) // 3])
    Image.frombytes("CMYK", photo.shape[1::-1], ink.tobytes()).save(file, "JPEG", quality=95, **options)
    return file.getvalue()


@pytest.mark.parametrize("transform", [0, 2])
def test_cmyk_and_ycck_jpeg_are_the_ink_that_libvips_decodes(folder, photo, transform):
    pyvips = pytest.importorskip("pyvips")
    encoded = adobe(cmyk_jpeg(photo), transform)
    (folder / "ink.jpg").write_bytes(encoded)
    theirs = pyvips.Image.new_from_buffer(encoded, "").numpy()
    got = filtered(folder, "-k", "1", source="ink.jpg", suffix=".tif")
    assert np.abs(got.astype(int) - theirs).max() <= 1  # their inverse transforms round differently
    assert "CMYK, 8 bit" in ok("apply", "ink.jpg", "o.jpg", "-k", "box").text
    back = pyvips.Image.new_from_buffer((folder / "o.jpg").read_bytes(), "")  # by its name, libvips knows the last one
    assert back.interpretation == "cmyk"
    assert np.abs(back.numpy() - boxed(theirs)).mean() < 1


def test_cmyk_with_a_profile_becomes_rgb_by_it(folder, photo):
    pyvips = pytest.importorskip("pyvips")
    grey = pyvips.Image.black(2, 2, bands=3).copy(interpretation="srgb")
    profile = grey.icc_transform("cmyk", input_profile="srgb").get("icc-profile-data")  # libvips brings one
    encoded = cmyk_jpeg(photo, icc_profile=profile)
    (folder / "ink.jpg").write_bytes(encoded)
    ink = pyvips.Image.new_from_buffer(encoded, "")
    theirs = ink.icc_transform("srgb", embedded=True, intent="perceptual", black_point_compensation=False).numpy()
    ran = ok("apply", "ink.jpg", "o.png", "-k", "1")
    assert "CMYK is converted to RGB, as PNG holds no CMYK (.tif and .jpg do), by its colour profile" in ran.text
    assert np.abs(pixels("o.png").astype(int) - theirs).max() <= 1
    kept = opened("k.tif") if ok("apply", "ink.jpg", "k.tif", "-k", "box") else None
    assert kept.mode == "CMYK" and kept.info["icc_profile"] == profile


def test_lab_tiff_is_filtered_as_rgb(folder, photo):
    lab = lab_of(photo)
    lab[:20] = np.random.default_rng(1).integers(0, 256, (20, 300, 3))  # beyond sRGB, most of it
    tifffile.imwrite("lab.tif", lab, photometric="cielab")
    got = filtered(folder, "-k", "1", source="lab.tif")
    assert np.abs(got - rgb_of(lab)).max() < 1
    assert np.abs(got[20:].astype(int) - photo[20:]).mean() < 2  # 8 bits of Lab are coarse
    told = ok("apply", "lab.tif", "o.png", "-k", "box").text
    assert "lab.tif: 300x200 RGB, 8 bit" in told and "its CIELab colours (white D50) are converted to sRGB" in told


@pytest.mark.parametrize(
    ("dtype", "photometric", "words"),
    [
        ("uint16", "cielab", "CIELab colours of 16 bits"),
        ("float32", "cielab", "CIELab colours of 32 bits"),
        ("uint8", "icclab", "ICCLab colours of 8 bits"),
        ("uint16", "ycbcr", "YCbCr colours of 16 bits"),
    ],
)
def test_colours_that_are_not_read_are_named(folder, dtype, photometric, words):
    tifffile.imwrite("odd.tif", np.ones((9, 8, 3), dtype), photometric=photometric)
    ran = run("apply", "odd.tif", "o.png", "-k", "box")
    assert (ran.code, ran.out) == (1, b"") and words in ran.err and ran.err.count("\n") == 1


def test_ycbcr_tiff_is_filtered_as_rgb(folder, photo):
    Image.fromarray(photo).convert("YCbCr").save("y.tif")
    expected = np.asarray(Image.fromarray(photo).convert("YCbCr").convert("RGB")).astype(int)
    assert np.abs(filtered(folder, "-k", "1", source="y.tif").astype(int) - expected).max() <= 1


def test_a_palette_is_filtered_as_its_colours(folder, photo):
    """Not as the numbers of its entries, of which a mean is nothing."""
    palette = Image.fromarray(photo).quantize(31)
    for suffix in ("png", "gif", "bmp", "tif"):
        palette.save(f"p.{suffix}")
        got = filtered(folder, "-k", "box", source=f"p.{suffix}")
        np.testing.assert_array_equal(got, boxed(np.asarray(palette.convert("RGB"))))
    palette.info["transparency"] = bytes(range(0, 248, 8))
    palette.save("clear.png", transparency=palette.info["transparency"])
    got = filtered(folder, "-k", "box", "--alpha", "filter", source="clear.png")
    rgba = np.asarray(opened("clear.png").convert("RGBA"))
    assert len(np.unique(rgba[..., 3])) > 10
    np.testing.assert_array_equal(got, boxed(rgba))


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "pbm"])
def test_one_bit_is_filtered_as_grey(folder, photo, suffix):
    bits = Image.fromarray(photo).convert("1")
    bits.save(f"b.{suffix}")
    got = filtered(folder, "-k", "box", source=f"b.{suffix}")
    np.testing.assert_array_equal(got, boxed(np.asarray(bits).astype(np.uint8) * 255))
    assert got.ndim == 2


def test_a_profile_of_colours_does_not_stay_on_grey(folder, photo):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(photo).save("p.jpg", icc_profile=srgb, quality=90)
    ok("apply", "p.jpg", "g.jpg", "-k", "box", "--gray")
    assert opened("g.jpg").mode == "L" and "icc_profile" not in opened("g.jpg").info
    ok("apply", "p.jpg", "c.jpg", "-k", "box")
    assert opened("c.jpg").info["icc_profile"] == srgb
