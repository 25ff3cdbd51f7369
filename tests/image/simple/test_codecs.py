"""AVIF, JPEG XL, JPEG 2000, OpenEXR and Radiance HDR: what they hold, exactly, against other decoders."""

import os
import shutil
import subprocess
import sys
from io import BytesIO

import cv2
import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest
from image.pictures import exif_block, noise, scene

from imgconv.errors import ImageReadError, ImageWriteError
from imgconv.image import Image, Metadata, as_image, check_target, encode, probe, read, write
from imgconv.image.limits.budget import of_block
from imgconv.image.simple.jpegxl import open_jxl

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><about>a duck</about></x:xmpmeta>'


def needs(*names):
    """The libraries, or a skipped test."""
    return [pytest.importorskip(name) for name in names]


def of_channels(channels):
    """A smooth picture, uint8: grey, grey and alpha, RGB, RGB and alpha."""
    chosen = {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]
    return np.ascontiguousarray(np.dstack([scene(), scene()[::-1, :, 1]])[:, :, chosen])


def by(command, suffix, encoded, tmp_path):
    """The pixels that another program decodes, through a TIFF file."""
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not here")
    (tmp_path / f"in.{suffix}").write_bytes(encoded)
    names = [str(tmp_path / f"in.{suffix}"), str(tmp_path / "out.tif")]
    # Some libraries put something into the environment behind Python's back, which keeps vips from finding its own.
    done = subprocess.run([*command, *names], env=dict(os.environ), capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"{command[0]} does not read {suffix}: {done.stderr.decode()}")
    return read(tmp_path / "out.tif").pixels


# ---- AVIF


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_avif_is_close(channels):
    pixels = of_channels(channels)
    back = read(encode(pixels, "avif"))
    expected = pixels if channels != 2 else pixels[:, :, [0, 0, 0, 1]]
    assert np.abs(back.pixels.astype(int) - expected).max() <= 12
    assert np.abs(back.pixels.astype(int) - expected).mean() <= 1
    if channels == 3:
        theirs = cv2.imdecode(np.frombuffer(encode(pixels, "avif"), np.uint8), cv2.IMREAD_UNCHANGED)
        if theirs is not None:
            assert np.abs(theirs[:, :, ::-1].astype(int) - back.pixels).max() <= 2


def test_avif_keeps_what_travels_along_and_says_how_it_was_written():
    icc = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    image = Image(scene(), metadata=Metadata(icc=icc, exif=exif_block(1), xmp=XMP))
    file = BytesIO()
    assert write(file, image, format="avif") == ("AVIF of quality 95, 4:4:4",)
    back = read(file.getvalue()).metadata
    assert (back.icc, back.xmp) == (icc, XMP)
    assert b"Duck" in back.exif
    small = BytesIO()
    assert write(small, image, format="avif", quality=30, subsampling="420") == ("AVIF of quality 30, 4:2:0",)
    assert len(small.getvalue()) < len(file.getvalue())


@pytest.mark.parametrize(("bits", "shape"), [(10, (32, 32, 3)), (12, (32, 32, 3)), (10, (32, 32)), (10, (32, 32, 4))])
def test_deep_avif_is_read_deep(bits, shape):
    (codecs,) = needs("imagecodecs")
    stored = np.random.default_rng(1).integers(0, 1 << bits, shape, np.uint16)
    sampling = "444" if len(shape) > 2 else "400"
    encoded = bytes(codecs.avif_encode(stored, level=100, bitspersample=bits, pixelformat=sampling))
    image = read(encoded)
    assert image.dtype == probe(encoded).dtype == "uint16"
    expected = np.rint(stored.reshape(image.pixels.shape) * (65535 / ((1 << bits) - 1)))
    np.testing.assert_array_equal(image.pixels, expected)
    assert any(f"{bits}-bit samples are scaled to 16 bit" in note for note in image.notes)


def test_deep_avif_is_never_cut_without_the_library(monkeypatch):
    (codecs,) = needs("imagecodecs")
    encoded = bytes(codecs.avif_encode(noise(3, "uint16") >> 6, bitspersample=10))
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(ImageReadError, match=r"reading 10-bit AVIF needs imagecodecs; pip install 'imgconv\[codecs\]'"):
        read(encoded, name="a.avif")


# ---- JPEG XL


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (16, 24), (37, 53), (300, 400), (200, 400), (600, 3)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_header_of_jpeg_xl_is_what_libjxl_decodes(shape, channels):
    (codecs,) = needs("imagecodecs")
    for dtype in ("uint8", "uint16", "float16", "float32"):
        pixels = np.zeros((*shape, channels), dtype)
        for how in ({"lossless": True}, {"distance": 2.0}):
            for container in (False, True):
                encoded = bytes(codecs.jpegxl_encode(pixels, usecontainer=container, effort=1, **how))
                header = probe(encoded)
                assert (header.height, header.width, header.channels, header.dtype) == (*pixels.shape, dtype)
                assert header.alpha == (channels in (2, 4))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_other_readers_of_jpeg_xl_agree(dtype, channels, tmp_path):
    """The samples are said to be sRGB, which imagecodecs by itself says of 8 bits only."""
    needs("imagecodecs")
    scale = {"uint8": 1, "uint16": 257, "float32": np.float32(1 / 255)}[dtype]
    pixels = of_channels(channels).astype(dtype) * scale
    encoded = encode(pixels, "jxl")
    got = by(["vips", "copy"], "jxl", encoded, tmp_path)
    np.testing.assert_array_equal(got, pixels)
    assert open_jxl(BytesIO(encoded), of_block(len(encoded))).metadata.colour == ()


def test_jpeg_xl_keeps_a_linear_transfer_and_what_stands_beside_the_picture():
    needs("imagecodecs")
    linear = (("cICP", b"\x01\x08\x00\x01"),)
    image = Image(noise(3, "float32"), metadata=Metadata(exif=exif_block(1), xmp=XMP, colour=linear))
    back = read(encode(image, "jxl"))
    assert (back.metadata.xmp, back.metadata.colour) == (XMP, linear)
    assert b"Duck" in back.metadata.exif
    np.testing.assert_array_equal(back.pixels, image.pixels)


def test_jpeg_xl_of_a_quality_is_lossy_and_deep_samples_are_not():
    needs("imagecodecs")
    pixels = scene(200, 300)
    file = BytesIO()
    assert write(file, pixels, format="jxl", quality=60) == ("JPEG XL of quality 60",)
    assert len(file.getvalue()) < len(encode(pixels, "jxl")) / 2
    assert np.abs(read(file.getvalue()).pixels.astype(int) - pixels).mean() < 3
    deep = pixels.astype(np.uint16) * 257
    notes = write(file := BytesIO(), deep, format="jxl", quality=60)
    assert any("without loss" in note for note in notes)
    np.testing.assert_array_equal(read(file.getvalue()).pixels, deep)


def test_few_bits_of_jpeg_xl_fill_the_range():
    (codecs,) = needs("imagecodecs")
    stored = np.arange(1024, dtype=np.uint16).reshape(32, 32)
    image = read(bytes(codecs.jpegxl_encode(stored, lossless=True, bitspersample=10)))
    np.testing.assert_array_equal(image.pixels[:, :, 0], np.rint(stored * (65535 / 1023)))


# ---- JPEG 2000


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_opencv_reads_our_jpeg_2000(dtype, channels):
    if dtype == "uint16" and channels == 3:
        needs("imagecodecs")
    pixels = noise(channels, dtype)
    theirs = cv2.imdecode(np.frombuffer(encode(pixels, "jp2"), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(theirs.reshape(37, 53, -1), pixels[:, :, [2, 1, 0][-channels:]])


@pytest.mark.parametrize("bits", [9, 10, 12, 16])
def test_deep_grey_jpeg_2000_fills_the_range(bits):
    (codecs,) = needs("imagecodecs")
    stored = np.random.default_rng(1).integers(0, 1 << bits, (33, 40), np.uint16)
    image = read(bytes(codecs.jpeg2k_encode(stored, reversible=True, bitspersample=bits)))
    np.testing.assert_array_equal(image.pixels[:, :, 0], np.rint(stored * (65535 / ((1 << bits) - 1))))


def test_deep_colour_of_jpeg_2000_is_never_cut(monkeypatch):
    needs("imagecodecs")
    encoded = encode(noise(3, "uint16"), "jp2")
    np.testing.assert_array_equal(read(encoded).pixels, noise(3, "uint16"))
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(ImageReadError, match=r"needs imagecodecs; pip install 'imgconv\[codecs\]'"):
        read(encoded)
    with pytest.raises(ImageWriteError, match=r"needs imagecodecs; pip install 'imgconv\[codecs\]'"):
        encode(noise(3, "uint16"), "jp2")


def test_jpeg_2000_keeps_its_profile():
    icc = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    encoded = encode(Image(scene(), metadata=Metadata(icc=icc)), "jp2")
    assert read(encoded).metadata.icc == icc
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(BytesIO(encoded))), scene())


# ---- OpenEXR


def exr(channels, **header):
    (openexr,) = needs("OpenEXR")
    made = BytesIO()
    header = {"compression": openexr.PIZ_COMPRESSION, "type": openexr.scanlineimage, **header}
    openexr.File(header, dict(channels)).write(made)  # which replaces what the dictionary holds
    return made.getvalue()


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("names", ["Y", "RGB", "YA", "RGBA", "Z"])
def test_openexr_is_read_channel_by_channel(dtype, names):
    planes = {name: np.abs(noise(1, dtype, seed=ord(name)))[:, :, 0] for name in names}
    image = read(exr(planes))
    assert (image.dtype, image.channels, image.alpha) == (dtype, len(names), "A" in names)
    for at, name in enumerate(names):
        expected = planes[name].astype(float)
        if image.alpha and name != "A":
            expected = expected / planes["A"]
        np.testing.assert_allclose(image.pixels[:, :, at], expected, rtol=0 if not image.alpha else 1e-3)


def test_openexr_of_several_types_and_of_odd_channels():
    mixed = {"R": noise(1, "float16")[:, :, 0], "G": noise(1, "float32")[:, :, 0], "B": noise(1, "float16")[:, :, 0]}
    image = read(exr({**mixed, "Z": noise(1, "float32")[:, :, 0]}))
    assert image.dtype == "float32" and "its channels Z are left out" in image.notes
    whole = read(exr({"id": np.arange(12, dtype=np.uint32).reshape(3, 4) + 2**31}))
    assert whole.dtype == "float64" and whole.pixels[2, 3, 0] == 2**31 + 11
    layers = read(exr({f"diffuse.{name}": noise(1, "float32", seed=ord(name))[:, :, 0] for name in "RGBN"}))
    assert (layers.space, layers.channels) == ("other", 4)
    assert any("diffuse.B, diffuse.G, diffuse.N, diffuse.R" in note for note in layers.notes)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_openexr_reads_our_files(dtype, channels):
    (openexr,) = needs("OpenEXR")
    pixels = np.abs(noise(channels, dtype))
    encoded = encode(Image(pixels, alpha=channels in (2, 4), metadata=Metadata(dpi=(300, 150))), "exr")
    stored = openexr.File(BytesIO(encoded), separate_channels=True)
    assert stored.header()["xDensity"] == 300 and stored.header()["pixelAspectRatio"] == 0.5
    for at, name in enumerate({1: "Y", 2: "YA", 3: "RGB", 4: "RGBA"}[channels]):
        expected = pixels[:, :, at]
        if channels in (2, 4) and name != "A":
            expected = expected * pixels[:, :, -1]
        np.testing.assert_array_equal(stored.channels()[name].pixels, expected)
    assert read(encoded).metadata.dpi == (300, 150)


def test_a_damaged_openexr_file_is_refused_in_a_sentence_and_nothing_is_printed(capfd):
    encoded = exr(dict(zip("RGB", noise(3, "float32").transpose(2, 0, 1).copy(), strict=True)))
    rng = np.random.default_rng(2)
    for _ in range(40):
        damaged = bytearray(encoded)
        for at in rng.integers(8, len(encoded), 3):
            damaged[at] = rng.integers(256)
        for data in (bytes(damaged), encoded[: rng.integers(4, len(encoded))]):
            try:
                read(data)
            except ImageReadError as fault:
                assert str(fault).startswith("<bytes>: ")
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ImageReadError):
        read(encoded[:-20])


def test_what_is_no_picture_in_openexr_is_refused_by_name():
    encoded = bytearray(exr({"Y": noise(1, "float32")[:, :, 0]}))
    encoded[5] |= 8
    with pytest.raises(ImageReadError, match="deep data"):
        read(bytes(encoded))
    chroma = exr({name: noise(1, "float32")[:, :, 0] for name in ("Y", "RY", "BY")})
    with pytest.raises(ImageReadError, match="luminance and chroma"):
        read(chroma)


# ---- Radiance HDR


@pytest.mark.parametrize("width", [3, 8, 53, 300])
def test_opencv_and_radiance_hdr_agree(width, tmp_path):
    rng = np.random.default_rng(width)
    pixels = np.exp2(rng.uniform(-20, 20, (21, width, 1))) * rng.uniform(size=(21, width, 3))
    pixels = np.repeat(pixels, 7, axis=1)[:, :width].astype(np.float32)  # runs
    pixels[3:5] = 0
    encoded = encode(pixels, "hdr")
    (tmp_path / "a.hdr").write_bytes(encoded)
    theirs = cv2.imread(str(tmp_path / "a.hdr"), cv2.IMREAD_UNCHANGED)[:, :, ::-1]
    ours = read(encoded).pixels
    np.testing.assert_array_equal(ours, theirs)
    assert (np.abs(ours - pixels) <= pixels.max(axis=2, keepdims=True) / 255).all()
    np.testing.assert_array_equal(read(encode(ours, "hdr")).pixels, ours)  # what it holds is kept exactly
    cv2.imwrite(str(tmp_path / "b.hdr"), pixels[:, :, ::-1])
    np.testing.assert_array_equal(
        read(tmp_path / "b.hdr").pixels, cv2.imread(str(tmp_path / "b.hdr"), cv2.IMREAD_UNCHANGED)[:, :, ::-1]
    )


def test_hdr_says_what_it_cannot_hold():
    pixels = np.full((4, 9, 3), 0.5, np.float32)
    assert len(write(BytesIO(), pixels, format="hdr")) == 1
    pixels[0, 0] = -1, np.nan, np.inf
    file = BytesIO()
    assert any("3 are written as 0 or the largest" in note for note in write(file, pixels, format="hdr"))
    got = read(file.getvalue()).pixels
    assert got[0, 0].tolist()[:2] == [0, 0] and np.isfinite(got).all() and got[0, 0, 2] > 1e37


SIZES = {"-Y 2 +X 3": 1, "-Y 2 -X 3": 2, "+Y 2 -X 3": 3, "+Y 2 +X 3": 4}


@pytest.mark.parametrize("size", [*SIZES, "+X 2 +Y 3", "+X 2 -Y 3", "-X 2 -Y 3", "-X 2 +Y 3"])
def test_hdr_is_turned_as_its_axes_say(size):
    head = f"#?RADIANCE\n# a comment\nFORMAT=32-bit_rle_rgbe\nEXPOSURE= 2\n\n{size}\n".encode()
    data = b"".join(bytes((128 + at, 0, 0, 136)) for at in range(6))
    image = read(head + data)
    assert any("exposure of 2" in note for note in image.notes)
    stored = np.arange(128, 134).reshape(2, 3) / 2
    # the axis that is named first is the slow one; its sign says which way it goes: -Y down, +X right
    first, second = size.split()[0], size.split()[2]
    expected = stored
    if first[1] == "X":
        expected = expected.T
        first, second = second, first
    expected = expected if first == "-Y" else expected[::-1]
    expected = expected if second == "+X" else expected[:, ::-1]
    np.testing.assert_array_equal(image.pixels[:, :, 0], expected)


def test_old_hdr_runs_and_bad_hdr():
    head = b"#?RGBE\n\n-Y 1 +X 6\n"
    rows = bytes((9, 8, 7, 136)) + bytes((1, 1, 1, 4)) + bytes((3, 2, 5, 136))
    assert read(head + rows).pixels[0].tolist() == [[9, 8, 7]] * 5 + [[3, 2, 5]]
    axes, xyz = b"#?RADIANCE\n\n-Y 1 -Y 6\n", b"#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 6\n"
    for bad in (head + rows[:-1], head, axes + rows, xyz + rows):
        with pytest.raises(ImageReadError):
            read(bad)
    coded = b"#?RGBE\n\n-Y 1 +X 9\n" + bytes((2, 2, 0, 9))
    for runs in (bytes((130, 5)), bytes((0, 0)), bytes((255, 1)), bytes((5, 1, 2))):
        with pytest.raises(ImageReadError):
            read(coded + runs)


# ---- without the libraries

MISSING = [
    ("exr", r"writing EXR needs OpenEXR; pip install 'imgconv\[exr\]'"),
    ("jxl", r"writing JXL needs imagecodecs; pip install 'imgconv\[codecs\]'"),
]


@pytest.mark.parametrize(("suffix", "words"), MISSING)
def test_a_missing_library_is_named_before_anything_is_computed(suffix, words, tmp_path, monkeypatch):
    for name in ("OpenEXR", "imagecodecs"):
        monkeypatch.setitem(sys.modules, name, None)
    pixels = noise(3, "float32")
    for act in (check_target, write):
        with pytest.raises(ImageWriteError, match=words):
            act(tmp_path / f"a.{suffix}", as_image(pixels))
    assert not list(tmp_path.iterdir())


def test_a_header_is_read_without_the_libraries(monkeypatch):
    made = {}
    for suffix, name in (("exr", "OpenEXR"), ("jxl", "imagecodecs")):
        needs(name)
        made[name] = encode(noise(3, "float32"), suffix)
    for name, encoded in made.items():
        monkeypatch.setitem(sys.modules, name, None)
        assert probe(encoded).words == "53x37 RGB, 32-bit float"
        with pytest.raises(ImageReadError, match=f"needs {name}; pip install"):
            read(encoded)
