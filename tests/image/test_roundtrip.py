"""What is written comes back, here and in other people's readers."""

from io import BytesIO

import cv2
import imageio.v3 as iio
import numpy as np
import PIL.Image
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from image.pictures import KINDS, noise, scene

from imgconv.image import FORMATS, encode, probe, read, write

LOSSLESS = [
    (item.suffixes[0], dtype, channels)
    for item in FORMATS
    if item.name not in ("JPEG", "GIF", "AVIF", "JXL", "JPEG2000", "EXR", "HDR")  # see test_codecs
    for dtype in item.dtypes
    for channels in KINDS
    if item.holds(*KINDS[channels])
]


@pytest.mark.parametrize(("suffix", "dtype", "channels"), LOSSLESS)
def test_pixels_come_back_bit_by_bit(suffix, dtype, channels):
    pixels = noise(channels, dtype)
    back = read(encode(pixels, suffix))
    expected = pixels if (suffix, channels) != ("webp", 1) else np.repeat(pixels, 3, axis=2)
    if (suffix, channels) == ("webp", 2):
        expected = pixels[:, :, [0, 0, 0, 1]]
    assert back.pixels.dtype == dtype
    np.testing.assert_array_equal(back.pixels, expected)
    assert back.alpha == (channels in (2, 4))


@pytest.mark.parametrize("channels", KINDS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("level", [None, 0, 1, 6, 9])
def test_opencv_reads_our_png(dtype, channels, level):
    pixels = noise(channels, dtype)
    encoded = np.frombuffer(encode(pixels, "png", compression=level), np.uint8)
    order = {1: [0], 2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]  # OpenCV has BGR and no grey+alpha
    got = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(got.reshape(37, 53, -1), pixels[:, :, order])


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (600, 401), (3, 100000)])
def test_png_of_any_shape_reads_in_pillow(shape):
    pixels = noise(3, rows=shape[0], cols=shape[1])
    picture = PIL.Image.open(BytesIO(encode(pixels, "png")))
    np.testing.assert_array_equal(np.asarray(picture), pixels)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
@pytest.mark.parametrize("level", [None, 6])
def test_tifffile_and_imageio_read_our_tiff(dtype, channels, level):
    pixels = noise(channels, dtype, rows=300)
    encoded = encode(pixels, "tif", compression=level)
    np.testing.assert_array_equal(tifffile.imread(BytesIO(encoded)).reshape(pixels.shape), pixels)
    np.testing.assert_array_equal(iio.imread(encoded, plugin="tifffile").reshape(pixels.shape), pixels)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("level", [None, 1])
def test_pillow_reads_our_tiff(channels, level):
    pixels = noise(channels)
    picture = PIL.Image.open(BytesIO(encode(pixels, "tif", compression=level)))
    assert picture.mode == {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    np.testing.assert_array_equal(np.asarray(picture).reshape(pixels.shape), pixels)


def test_big_tiff_is_read_by_tifffile(monkeypatch):
    from imgconv.image.tiff import write as tiffwrite

    monkeypatch.setattr(tiffwrite, "CLASSIC_LIMIT", 1000)
    pixels = noise(3, "uint16")
    encoded = encode(pixels, "tif")
    with tifffile.TiffFile(BytesIO(encoded)) as opened:
        assert opened.is_bigtiff
        np.testing.assert_array_equal(opened.asarray(), pixels)
    np.testing.assert_array_equal(read(encoded).pixels, pixels)


@pytest.mark.parametrize(
    ("suffix", "channels"), [("ppm", 3), ("pgm", 1), ("bmp", 3), ("bmp", 1), ("webp", 3), ("webp", 4)]
)
def test_opencv_reads_our_other_formats(suffix, channels):
    pixels = noise(channels)
    got = cv2.imdecode(np.frombuffer(encode(pixels, suffix), np.uint8), cv2.IMREAD_UNCHANGED)
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    np.testing.assert_array_equal(got.reshape(37, 53, -1), pixels[:, :, order])


@pytest.mark.parametrize(("scale", "order"), [(b"2.5", ">f4"), (b"-0.5", "<f4"), (b"-1.0", "<f4")])
def test_a_scale_of_pfm_is_told_of_and_not_applied(scale, order):
    """OpenCV and Netpbm divide by it, ImageMagick multiplies, libvips and Pillow leave the samples as they are."""
    samples = np.array([[0.1, 200], [3, 4], [5, 6]], np.float32)
    data = b"Pf\n2 3\n" + scale + b"\n" + samples[::-1].astype(order).tobytes()
    image = read(data)
    np.testing.assert_array_equal(image.pixels[:, :, 0], samples)
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(BytesIO(data))), samples)
    told = f"its scale of {abs(float(scale)):g} is not applied: samples are as they are stored"
    assert image.notes == ((told,) if abs(float(scale)) != 1 else ())


@pytest.mark.parametrize("channels", [1, 3])
def test_opencv_reads_our_pfm(channels, tmp_path):
    pixels = noise(channels, "float32")
    (tmp_path / "x.pfm").write_bytes(encode(pixels, "pfm"))
    got = cv2.imread(str(tmp_path / "x.pfm"), cv2.IMREAD_UNCHANGED).reshape(pixels.shape)
    np.testing.assert_array_equal(got[:, :, ::-1] if channels == 3 else got, pixels)


def test_jpeg_is_close_and_without_chroma_subsampling():
    pixels = scene()
    encoded = encode(pixels, "jpg")
    got = np.asarray(PIL.Image.open(BytesIO(encoded)), int)
    assert np.abs(got - pixels).max() <= 8
    opened = PIL.Image.open(BytesIO(encoded))
    assert {layer[1:3] for layer in opened.layer} == {(1, 1)}
    np.testing.assert_array_equal(read(encoded).pixels, got)


def test_gif_keeps_up_to_256_colours_and_says_when_it_reduces():
    few = noise(3) // 86 * 86  # 27 colours
    np.testing.assert_array_equal(read(encode(few, "gif")).pixels, few)
    grey = noise(1)
    np.testing.assert_array_equal(read(encode(grey, "gif")).pixels[:, :, :1], grey)
    assert any("256 colours" in note for note in write(BytesIO(), noise(3), format="gif"))


def test_gif_keeps_what_is_fully_transparent():
    pixels = noise(4) // 86 * 86
    pixels[:, :, 3] = np.where(np.arange(53) % 3, 255, 0)
    got = np.asarray(PIL.Image.open(BytesIO(encode(pixels, "gif"))).convert("RGBA"))
    np.testing.assert_array_equal(got[..., 3], pixels[..., 3])
    opaque = pixels[..., 3] == 255
    np.testing.assert_array_equal(got[opaque], pixels[opaque])


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["png", "tif", "pam", "npy"]),
    st.sampled_from(["uint8", "uint16"]),
    st.tuples(st.integers(1, 20), st.integers(1, 20), st.integers(1, 4)),
    st.sampled_from([None, 0, 4]),
    st.data(),
)
def test_any_array_comes_back(suffix, dtype, shape, level, data):
    pixels = data.draw(arrays(dtype, shape))
    encoded = encode(pixels, suffix, compression=level)
    back, header = read(encoded), probe(encoded)
    np.testing.assert_array_equal(back.pixels, pixels)
    assert (header.height, header.width, header.channels, header.dtype) == (*shape, dtype)
    assert header == back.header


@pytest.mark.parametrize("dtype", ["bool", "int8", "int16", "uint32", "int32", "float16", "int64"])
def test_arrays_of_other_types_keep_their_values(dtype):
    values = np.array([[0, 1, 2], [3, 100, 127]], dtype)
    back = read(encode(values, "npy")).pixels[:, :, 0]
    np.testing.assert_array_equal(back, values * (255 if dtype == "bool" else 1))


def test_arrays_by_columns_and_of_foreign_byte_order_are_read():
    for values in (np.asfortranarray(noise(3, "uint16")), noise(3, "uint16").astype(">u2")):
        file = BytesIO()
        np.save(file, values)
        np.testing.assert_array_equal(read(file.getvalue()).pixels, values)
