"""Reading what others wrote: kinds of pixels, depth, transparency, orientation, pages."""

import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
import skimage
from image.pictures import exif_block, noise, png_chunk, png_file, scene

from imgconv.errors import ImageReadError
from imgconv.image import ahead, probe, read, write
from imgconv.image.png.filters import core


def saved(picture, format, **options):
    file = BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def opencv(pixels, suffix, *options):
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[pixels.shape[2]]
    done, encoded = cv2.imencode(suffix, pixels[:, :, order], list(options))
    assert done
    return encoded.tobytes()


MODES = [
    ("1", "PNG", "L", "grey"),
    ("L", "PNG", "L", "grey"),
    ("LA", "PNG", "LA", "grey"),
    ("P", "PNG", "RGB", "RGB"),
    ("RGB", "PNG", "RGB", "RGB"),
    ("RGBA", "PNG", "RGBA", "RGB"),
    ("L", "JPEG", "L", "grey"),
    ("RGB", "JPEG", "RGB", "RGB"),
    ("CMYK", "JPEG", "CMYK", "CMYK"),
    ("1", "TIFF", "L", "grey"),
    ("L", "TIFF", "L", "grey"),
    ("LA", "TIFF", "LA", "grey"),
    ("P", "TIFF", "RGB", "RGB"),
    ("RGB", "TIFF", "RGB", "RGB"),
    ("RGBA", "TIFF", "RGBA", "RGB"),
    ("CMYK", "TIFF", "CMYK", "CMYK"),
    ("YCbCr", "TIFF", "RGB", "RGB"),
    ("RGB", "WEBP", "RGB", "RGB"),
    ("RGBA", "WEBP", "RGBA", "RGB"),
    ("1", "BMP", "L", "grey"),
    ("L", "BMP", "L", "grey"),
    ("P", "BMP", "RGB", "RGB"),
    ("RGB", "BMP", "RGB", "RGB"),
    ("L", "GIF", "RGB", "RGB"),
    ("P", "GIF", "RGB", "RGB"),
    ("1", "PPM", "L", "grey"),
    ("L", "PPM", "L", "grey"),
    ("RGB", "PPM", "RGB", "RGB"),
]


@pytest.mark.parametrize(("mode", "format", "expected", "space"), MODES)
def test_every_kind_of_pixel_agrees_with_pillow(mode, format, expected, space):
    rgba = noise(4) // 64 * 64 if mode == "P" else noise(4)
    picture = PIL.Image.fromarray(rgba).convert("RGB") if mode not in ("RGBA", "LA") else PIL.Image.fromarray(rgba)
    encoded = saved(picture.convert(mode), format)
    image = read(encoded)
    with PIL.Image.open(BytesIO(encoded)) as opened:
        theirs = np.asarray(opened.convert(expected))
    assert (image.space, image.alpha) == (space, expected.endswith("A"))
    np.testing.assert_array_equal(image.pixels, theirs.reshape(image.pixels.shape))


def test_pixels_are_contiguous_and_own_their_type():
    image = read(saved(PIL.Image.fromarray(scene()), "PNG"))
    assert image.pixels.flags.c_contiguous and image.pixels.ndim == 3
    assert image.words == "80x60 RGB, 8 bit" == probe(saved(PIL.Image.fromarray(scene()), "PNG")).words
    assert np.asarray(image).shape == (60, 80, 3)
    assert np.mean(image) == image.pixels.mean()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_png_of_opencv_is_exact(channels):
    pixels = noise(channels, "uint16")
    np.testing.assert_array_equal(read(opencv(pixels, ".png")).pixels, pixels)


def be16(pixels):
    return [row.astype(">u2").tobytes() for row in pixels.reshape(len(pixels), -1)]


@pytest.mark.parametrize(("channels", "colour"), [(1, 0), (3, 2)])
def test_16_bit_png_with_a_transparent_colour(channels, colour):
    pixels = noise(channels, "uint16", 5, 6)
    key = pixels[2, 3]
    near = pixels.copy()
    near[0, 0] = key ^ 1  # differs in the low byte only
    file = png_file(6, 5, 16, colour, be16(near), chunks=[(b"tRNS", key.astype(">u2").tobytes())])
    image = read(file)
    np.testing.assert_array_equal(image.pixels[..., :-1], near)
    np.testing.assert_array_equal(image.pixels[..., -1] == 0, (near == key).all(axis=2))
    assert image.pixels[0, 0, -1] == 65535 and image.alpha


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_transparent_grey_of_few_bits(depth):
    top = 2**depth - 1
    values = np.arange(8) % (top + 1)
    bits = "".join(f"{value:0{depth}b}" for value in values)
    row = int(bits, 2).to_bytes(depth, "big")
    image = read(png_file(8, 1, depth, 0, [row], chunks=[(b"tRNS", struct.pack(">H", 1))]))
    np.testing.assert_array_equal(image.pixels[0, :, 0], values * (255 // top))
    np.testing.assert_array_equal(image.pixels[0, :, 1], np.where(values == 1, 0, 255))


def interlaced(pixels, colour):
    """Adam7 by hand: seven reduced images, each row behind filter 0."""
    passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    rows = []
    for x, y, dx, dy in passes:
        part = pixels[y::dy, x::dx]
        if part.size:
            rows += [b"\0" + row.astype(pixels.dtype.newbyteorder(">")).tobytes() for row in part]
    height, width = pixels.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, 8 * pixels.dtype.itemsize, colour, 0, 0, 1)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize(("channels", "colour"), [(1, 0), (2, 4), (3, 2), (4, 6)])
def test_interlaced_png(dtype, channels, colour):
    pixels = noise(channels, dtype, 19, 23)
    np.testing.assert_array_equal(read(interlaced(pixels, colour)).pixels, pixels)


@pytest.mark.parametrize("transparency", [2, bytes([0, 128, 255, 7])])
def test_palette_with_transparency_becomes_rgba(transparency):
    picture = PIL.Image.new("P", (8, 8))
    picture.putdata([index % 4 for index in range(64)])
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120])
    encoded = saved(picture, "PNG", transparency=transparency)
    image = read(encoded)
    assert image.alpha and image.channels == 4
    np.testing.assert_array_equal(image.pixels, np.asarray(PIL.Image.open(BytesIO(encoded)).convert("RGBA")))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_as_pillow_applies_it(format, orientation):
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    encoded = saved(PIL.Image.fromarray(scene(24, 40)), format, exif=exif)
    with PIL.Image.open(BytesIO(encoded)) as opened:
        expected = np.asarray(PIL.ImageOps.exif_transpose(opened))
    image, header = read(encoded), probe(encoded)
    np.testing.assert_array_equal(image.pixels, expected)
    assert (header.width, header.height) == (image.width, image.height)
    assert image.pixels.flags.c_contiguous


@pytest.mark.parametrize("orientation", [3, 6])
@pytest.mark.parametrize("mode", ["1", "P", "RGB"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "packbits"])
def test_orientation_of_tiff_however_it_is_stored(mode, orientation, compression):
    encoded = saved(
        PIL.Image.fromarray(scene(24, 40)).convert(mode),
        "TIFF",
        tiffinfo={274: orientation},
        compression=compression,
    )
    with PIL.Image.open(BytesIO(encoded)) as opened:
        expected = np.asarray(opened.convert("RGB"))  # Pillow turns TIFF by itself
    np.testing.assert_array_equal(read(encoded).pixels, expected[:, :, : read(encoded).channels])


def test_exif_behind_the_pixels_is_found():
    pixels = noise(3, rows=4, cols=6)
    rows = [row.tobytes() for row in pixels]
    file = png_file(6, 4, 8, 2, rows, late=[(b"eXIf", exif_block(6))])
    assert (probe(file).width, probe(file).height) == (4, 6)
    np.testing.assert_array_equal(read(file).pixels, np.rot90(pixels, -1))


def test_adobe_cmyk_jpeg_agrees_with_pillow():
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[..., 1] = 200  # magenta
    encoded = saved(PIL.Image.frombytes("CMYK", (16, 16), ink.tobytes()), "JPEG", quality=100)
    assert b"Adobe" in encoded
    np.testing.assert_allclose(read(encoded).pixels.astype(int), ink, atol=2)


FRAMES = [
    ("GIF", "frames", {"save_all": True}),
    ("WEBP", "frames", {"save_all": True, "lossless": True}),
    ("PNG", "frames", {"save_all": True}),
    ("TIFF", "pages", {"save_all": True}),
    ("MPO", "pictures", {"save_all": True}),
]


@pytest.mark.parametrize(("format", "word", "options"), FRAMES)
def test_the_first_of_several_frames_is_read_and_that_is_said(format, word, options):
    levels = (10, 90, 200)
    pictures = [PIL.Image.new("RGB", (12, 9), (level, level // 2, 255 - level)) for level in levels]
    encoded = saved(pictures[0], format, append_images=pictures[1:], **options)
    image = read(encoded)
    assert f"has 3 {word}; the first one is read" in image.notes
    assert image.header.frames == 3
    np.testing.assert_allclose(image.pixels[0, 0].astype(int), (10, 5, 245), atol=2)


def test_sources_of_every_sort(tmp_path):
    encoded = saved(PIL.Image.fromarray(scene()), "PNG")
    path = tmp_path / "sehr schön.jpg"  # the suffix lies, the file does not
    path.write_bytes(encoded)
    with path.open("rb") as file:
        images = [read(path), read(str(path)), read(encoded), read(bytearray(encoded)), read(file)]
        assert not file.closed
    for image in images:
        np.testing.assert_array_equal(image.pixels, scene())
        assert image.header.format == "PNG"
    assert images[0].header.name == str(path) and images[2].header.name == "<bytes>"
    assert probe(encoded, name="stdin").name == "stdin"


def test_a_pipe_is_read_to_its_end(tmp_path):
    encoded = saved(PIL.Image.fromarray(scene()), "PNG")
    code = "import sys; from imgconv.image import read; print(read(sys.stdin.buffer).words)"
    done = subprocess.run([sys.executable, "-c", code], input=encoded, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "80x60 RGB, 8 bit" and not done.stderr


IMPORTS = [
    ("PNG", set() if core else {"PIL.PngImagePlugin"}),
    ("JPEG", {"PIL.JpegImagePlugin"}),
    ("BMP", set()),
    ("TIFF", set()),
    ("PPM", set()),
]


@pytest.mark.parametrize(("format", "plugins"), IMPORTS)
def test_only_what_the_file_needs_is_imported(format, plugins, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(saved(PIL.Image.fromarray(scene()), format))
    code = (
        "import sys; import imgconv.image as i\n"
        "assert not any(name.startswith(('PIL', 'tifffile', 'imageio', 'scipy')) for name in sys.modules)\n"
        f"i.probe({str(path)!r}); i.read({str(path)!r})\n"
        "print(*[n for n in sys.modules if n.startswith('PIL.') and n.endswith('Plugin')])\n"
        "assert not any(name.startswith(('tifffile', 'imageio')) for name in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == plugins


PHOTOGRAPHS = sorted((Path(skimage.__file__).parent / "data").glob("*.[pjt][npi][gf]*"))


@pytest.mark.parametrize("path", PHOTOGRAPHS, ids=lambda path: path.name)
def test_scikit_images_pictures_agree_with_their_readers(path):
    theirs = skimage.io.imread(path)
    image = read(path)
    if image.header.frames > 1:
        theirs = theirs[0]
    if theirs.dtype == bool:
        theirs = theirs * np.uint8(255)
    if image.dtype == "uint16" and theirs.dtype == np.uint8:  # scikit-image drops the low bytes
        theirs = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:, :, ::-1]
    np.testing.assert_array_equal(image.pixels, theirs.reshape(image.pixels.shape))


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_reading_that_was_begun_ends_the_same(tmp_path, suffix, kind, channels):
    if suffix == "jpg" and (kind is np.uint16 or channels == 4):
        pytest.skip("JPEG holds neither")
    path = str(tmp_path / f"a.{suffix}")
    rng = np.random.default_rng(channels)
    pixels = rng.integers(0, np.iinfo(kind).max, (700, 1501, channels), kind, endpoint=True)
    write(path, pixels)
    with ahead.begin(path) as begun:
        image = begun.image()
    expected = read(path)
    assert np.array_equal(image.pixels, expected.pixels)
    assert image.pixels.flags.writeable and image.pixels.flags.c_contiguous
    assert (image.alpha, image.space, image.metadata) == (expected.alpha, expected.space, expected.metadata)
    if suffix == "png":
        assert np.array_equal(image.pixels, pixels)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_what_goes_wrong_ahead_is_said_when_the_image_is_wanted(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    write(path, np.random.default_rng(0).integers(0, 255, (700, 1501, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(ImageReadError) as now:
        read(str(path))
    with ahead.begin(str(path)) as begun, pytest.raises(ImageReadError) as later:
        begun.image()
    assert str(later.value) == str(now.value)


def test_nothing_is_begun_where_there_is_no_image(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    for name in ("text.png", "missing.png", ".", "a\0b"):
        assert ahead.begin(str(tmp_path / name)) is None


def test_what_was_foreseen_is_taken_once(tmp_path):
    path = str(tmp_path / "a.png")
    write(path, np.zeros((700, 1501, 3), np.uint8))
    ahead.foresee(path)
    with ahead.begin(path) as first, ahead.begin(path) as second:
        assert first is not second
        assert np.array_equal(first.image().pixels, second.image().pixels)


@pytest.mark.parametrize("kind", [1, 3, 4, 6, 8, 9])
def test_an_orientation_of_any_integer_type_is_applied_and_reset(kind):
    """A Panasonic DMC-GF1's pictures say it as a signed 32-bit number."""
    block = bytearray(exif_block(6))
    entry = block.index(struct.pack("<HH", 274, 3))
    block[entry : entry + 12] = struct.pack("<HHI", 274, kind, 1) + (6).to_bytes(4, "little")
    file = BytesIO()
    PIL.Image.fromarray(scene()).save(file, "JPEG", exif=b"Exif\0\0" + bytes(block), quality=95)
    image = read(file.getvalue())
    assert image.pixels.shape == (80, 60, 3)
    assert np.abs(image.pixels.astype(int) - np.rot90(scene(), -1)).max() < 20
    assert image.metadata.exif[entry : entry + 12] == struct.pack("<HHI", 274, kind, 1) + (1).to_bytes(4, "little")
