"""What a picture loses on its way through general readers and writers, kept here on the way in and on the way out.

Besides what follows: 16-bit PNG in `test_read` and `test_roundtrip`, colours of other kinds in `test_colours` and
`tiff`, orientation in `test_read` and `test_metadata`, animations and pages in `frames`, metadata in
`test_metadata`, and depths that a format does not hold in `test_depths`.
"""

import ast
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
import tifffile
from image.pictures import KINDS, noise, scene

import imgconv
from imgconv.errors import ImageReadError, ImageWriteError
from imgconv.image import encode, probe, read, read_frames, write


def saved(picture, format, **options):
    file = BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def rgba(encoded):
    return np.asarray(PIL.Image.open(BytesIO(encoded)).convert("RGBA"))


@pytest.mark.parametrize(
    ("mode", "clear"), [("L", 3), ("RGB", (3, 4, 5)), ("P", 3), ("P", bytes(range(0, 250, 10)))], ids=str
)
@pytest.mark.parametrize("target", ["png", "tif", "webp"])
def test_a_transparent_colour_becomes_alpha_and_is_written(mode, clear, target):
    grey = PIL.Image.fromarray((np.arange(20 * 25) % 25).astype(np.uint8).reshape(20, 25))
    picture = grey if mode == "L" else grey.convert("RGB")
    if mode == "RGB":
        picture.putpixel((7, 7), (3, 4, 5))
    if mode == "P":
        picture = grey.copy()
        picture.putpalette(bytes(range(200, 50, -2)))
    encoded = saved(picture, "PNG", transparency=clear)
    expected = rgba(encoded)
    assert (expected[..., 3] < 255).any()
    assert read(encoded).alpha
    np.testing.assert_array_equal(rgba(encode(read(encoded), target)), expected)


STORED = {
    "CMYK": ({"photometric": "separated"}, 4, lambda pixels: pixels),
    "planes": ({"photometric": "rgb", "planarconfig": "separate"}, 3, lambda pixels: pixels),
    "white is zero": ({"photometric": "miniswhite"}, 1, lambda pixels: 255 - pixels),
}


@pytest.mark.parametrize("kind", STORED)
def test_what_is_stored_otherwise_is_written_as_others_read_it(kind):
    options, channels, meant = STORED[kind]
    pixels = noise(channels)
    data = np.moveaxis(pixels, -1, 0) if kind == "planes" else pixels[:, :, 0] if channels == 1 else pixels
    file = BytesIO()
    tifffile.imwrite(file, data, **options)
    back = encode(read(file.getvalue()), "tif")
    np.testing.assert_array_equal(tifffile.imread(BytesIO(back)).reshape(pixels.shape), meant(pixels))
    with PIL.Image.open(BytesIO(back)) as opened:
        assert opened.mode == {1: "L", 3: "RGB", 4: "CMYK"}[channels]
        np.testing.assert_array_equal(np.asarray(opened).reshape(pixels.shape), meant(pixels))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_all_frames_of_avif_are_read(mode):
    colours = [(10, 5, 245, 255), (90, 45, 165, 130), (200, 100, 55, 60)]
    pictures = [PIL.Image.new(mode, (24, 16), colour[: len(mode)]) for colour in colours]
    options = {"save_all": True, "append_images": pictures[1:], "duration": [100, 200, 300], "quality": 95}
    back = read_frames(saved(pictures[0], "AVIF", **options))
    assert (len(back), back.header.unit, back.header.alpha) == (3, "frame", mode == "RGBA")
    for number, (frame, colour) in enumerate(zip(back, colours, strict=True)):
        assert frame.duration == Fraction(number + 1, 10)
        np.testing.assert_allclose(
            frame.image.pixels.astype(int), np.full((16, 24, len(mode)), colour[: len(mode)]), atol=3
        )


def test_an_animated_avif_of_10_bits_is_refused():
    codecs = pytest.importorskip("imagecodecs")
    stack = np.stack([np.full((16, 24, 3), level, np.uint16) for level in (100, 500, 900)])
    with pytest.raises(ImageReadError, match="the AVIF data cannot be read: an animation of 10-bit samples"):
        probe(bytes(codecs.avif_encode(stack, bitspersample=10)))


@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp", "gif", "ppm", "avif"])
def test_what_a_format_does_not_hold_leaves_the_file_that_is_there(suffix, tmp_path):
    target = tmp_path / f"old.{suffix}"
    target.write_bytes(b"old")
    for pixels in (noise(1, "float32"), noise(7), noise(3, "float64")):
        with pytest.raises(ImageWriteError):
            write(target, pixels, overwrite=True)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(target.name, b"old")]


def test_no_reader_is_left_to_what_is_installed():
    """With OpenCV or PyAV beside it, imageio may take another plugin, which makes uint8 of floats."""
    package, calls = Path(imgconv.__file__).parent, 0
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[0] in ("iio", "imageio"):
                calls += 1
                assert "plugin" in {keyword.arg for keyword in node.keywords}, path
    assert calls
    floats = noise(3, "float32")
    assert cv2.__version__
    for suffix in ("pfm", "hdr", "tif"):
        assert read(encode(np.abs(floats), suffix)).dtype == "float32"


ADDRESSES = [
    "http://127.0.0.1:9/x.png",
    "ftp://127.0.0.1/x.png",
    "file:///etc/hosts",
    "imageio:chelsea.png",
    "<screen>",
    "<video0>",
    "pictures.zip/x.png",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_the_name_of_a_file(address, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PIL.Image.fromarray(scene()).save("x.png")
    for act in (probe, read):
        with pytest.raises(ImageReadError, match=r"this is an address|there is no such file"):
            act(address)
    with pytest.raises(ImageWriteError, match=r"no directory|there is no"):
        write(f"{address}/x.png", scene())
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


@pytest.mark.parametrize("channels", KINDS)
def test_16_bits_of_png_are_kept_both_ways(channels):
    pixels = noise(channels, "uint16")
    encoded = encode(pixels, "png")
    np.testing.assert_array_equal(read(encoded).pixels, pixels)
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}.get(channels)
    if order:  # OpenCV reads no grey with alpha
        theirs = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED).reshape(pixels.shape)
        np.testing.assert_array_equal(theirs[:, :, order], pixels)
