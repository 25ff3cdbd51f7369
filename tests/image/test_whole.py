"""Pictures that are not whole are refused: a library would complete them with zeros or grey, or read them as others."""

import struct
import zlib
from io import BytesIO

import numpy as np
import PIL.Image
import pytest
import tifffile
from image.pictures import noise, png_chunk, png_file, png_rows, scene

from imgconv.errors import ImageReadError
from imgconv.image import encode, probe, read, read_frames
from imgconv.image.png import read as pngread

PNG_KINDS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (6, 16)]
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def refused(data, words="breaks off"):
    with pytest.raises(ImageReadError, match=words) as caught:
        read(data, name="x.img")
    assert str(caught.value).startswith("x.img: ") and "\n" not in str(caught.value)


@pytest.fixture(params=["native", "Pillow"])
def way(request, monkeypatch):
    if request.param == "Pillow":
        monkeypatch.setattr(pngread, "native", lambda: False)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour", "depth"), PNG_KINDS)
def test_png_of_every_kind(colour, depth, interlaced, way):
    """The samples are those that were packed, and neither a missing row nor a wrong checksum goes unseen."""
    rng = np.random.default_rng(depth)
    for rows, cols in ((1, 1), (3, 2), (9, 13)):
        values = rng.integers(0, 2**depth, (rows, cols, PNG_CHANNELS[colour]))
        palette = rng.integers(0, 256, (2**depth, 3), dtype=np.uint8)
        chunks = [(b"PLTE", palette.tobytes())] if colour == 3 else []
        packed = png_rows(values, depth, interlaced)
        whole = read(png_file(cols, rows, depth, colour, packed, chunks=chunks, interlace=interlaced)).pixels
        scale = 255 // (2**depth - 1) if depth < 8 else 1
        np.testing.assert_array_equal(whole, palette[values[:, :, 0]] if colour == 3 else values * scale)
    refused(png_file(cols, rows, depth, colour, packed[:-1], chunks=chunks, interlace=interlaced))
    data = png_file(cols, rows, depth, colour, packed, chunks=chunks, interlace=interlaced)
    refused(data[:-13] + bytes([data[-13] ^ 1]) + data[-12:], "checksum")
    stream = bytearray(zlib.compress(b"".join(b"\0" + row for row in packed)))
    stream[-1] ^= 1
    head = struct.pack(">IIBBBBB", cols, rows, depth, colour, 0, 0, interlaced)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", bytes(stream)), (b"IEND", b"")]
    refused(data[:8] + b"".join(png_chunk(*part) for part in parts), "damaged")


def test_png_with_a_colour_that_its_palette_lacks(way):
    data = png_file(2, 1, 8, 3, [b"\1\2"], chunks=[(b"PLTE", bytes(6))])
    refused(data, "a pixel has the colour 2, and its palette 2 colours")


@pytest.mark.parametrize(("mode", "cols"), [("1", 52), ("1", 9), ("P", 51), ("RGB", 51), ("L", 50)])
def test_bmp_without_its_last_pixel(mode, cols):
    file = BytesIO()
    PIL.Image.fromarray(noise(rows=5, cols=cols)).convert(mode).save(file, "BMP")
    data = file.getvalue()
    used = -(-cols * {"1": 1, "P": 8, "L": 8, "RGB": 24}[mode] // 8)
    padding = -used % 4
    np.testing.assert_array_equal(read(data[: len(data) - padding]).pixels, read(data).pixels)
    refused(data[: len(data) - padding - 1])


@pytest.mark.parametrize("exposure", ["0", "nan", "-1", "inf", "1e-200\nEXPOSURE=1e-200", "x", ""])
def test_hdr_of_an_exposure_that_leaves_nothing(exposure):
    data = encode(noise(3, "float32"), "hdr").replace(b"FORMAT", f"EXPOSURE={exposure}\nFORMAT".encode())
    refused(data, "its exposure is no positive number")


def saved(**options):
    file = BytesIO()
    mode = "1" if "group" in options.get("compression", "") else "RGB"
    PIL.Image.fromarray(scene()).convert(mode).save(file, **options)
    return file.getvalue()


def with_counts(data, change):
    """A TIFF file whose strips or tiles are said to be of other lengths."""
    page, out = tifffile.TiffFile(BytesIO(data)).pages[0], bytearray(data)
    tag = page.tags.get(279) or page.tags.get(325)
    counts = [change(number, count) for number, count in enumerate(tag.value)]
    struct.pack_into(f"<{len(counts)}{ {3: 'H', 4: 'I'}[int(tag.dtype)] }", out, tag.valueoffset, *counts)
    return bytes(out)


@pytest.mark.parametrize("compression", ["jpeg", "group4", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiff_strips_that_are_too_short(compression):
    data = saved(format="TIFF", compression=compression)
    assert read(data).width == 80
    for change in (lambda _, count: count // 2, lambda _, count: count - 20):
        refused(with_counts(data, change), "breaks off|damaged")


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_tiff_tiles_of_no_bytes_that_are_said_to_be_somewhere(planar):
    file, pixels = BytesIO(), noise(3, rows=40, cols=40)
    pixels = pixels if planar == "contig" else np.moveaxis(pixels, 2, 0)
    tifffile.imwrite(file, pixels, tile=(16, 16), photometric="rgb", planarconfig=planar, compression="zlib")
    refused(with_counts(file.getvalue(), lambda number, count: 0 if number == 4 else count))


def test_tiff_whose_sample_format_is_cut_off():
    """Floats would be taken for integers."""
    data = encode(noise(3, "float32"), "tif")
    for end in range(len(data) - 12, len(data)):
        try:
            assert read(data[:end]).dtype == "float32"
        except ImageReadError:
            continue


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"quality": 30}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_whose_last_rows_are_missing(options, mode):
    """The end mark is there, so that libjpeg only warns, and fills the rows with grey."""
    file = BytesIO()
    PIL.Image.fromarray(scene(160, 200)).convert(mode).save(file, "JPEG", **options)
    data = file.getvalue()
    start = data.rindex(b"\xff\xda") if options.get("progressive") else data.index(b"\xff\xda")
    assert read(data).width == 200
    if options.get("progressive"):
        start = data.index(b"\xff\xda")  # the first of the scans, from which the others cannot be told apart
        end = data.index(b"\xff\xc4", start)
        refused(data[: (start + end) // 2] + b"\xff\xd9")
    else:
        refused(data[: start + (len(data) - start) // 2] + b"\xff\xd9")


@pytest.mark.parametrize("level", [127, 128])
def test_jpeg_that_is_grey_in_its_corner(level):
    pixels = scene(64, 64)
    pixels[32:, 32:] = level
    for options in ({}, {"progressive": True}):
        file = BytesIO()
        PIL.Image.fromarray(pixels).save(file, "JPEG", quality=95, **options)
        expected = np.asarray(PIL.Image.open(BytesIO(file.getvalue())))
        np.testing.assert_array_equal(read(file.getvalue()).pixels, expected)


def tiff_of(photometric, samples):
    file = BytesIO()
    tifffile.imwrite(file, noise(3, rows=6, cols=5), photometric="rgb")
    data = file.getvalue()
    for tag, old, new in ((262, 2, photometric), (277, 3, samples)):
        entry = struct.pack("<HHIH", tag, 3, 1, old)
        assert entry in data
        data = data.replace(entry, struct.pack("<HHIH", tag, 3, 1, new))
    return data


WRONG_CHANNELS = [
    (tiff_of(5, 3), "CMYK colours in 3 channels"),
    (tiff_of(2, 2), "RGB colours in 2 channels"),
    (tiff_of(2, 1), "RGB colours in 1 channel"),
    (tiff_of(1, 0), "0 channels"),
    (b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n" + bytes(2), "alpha"),
]


@pytest.mark.parametrize(("data", "words"), WRONG_CHANNELS, ids=[words for _, words in WRONG_CHANNELS])
def test_colours_in_another_number_of_channels(data, words):
    for act in (probe, read):
        with pytest.raises(ImageReadError, match=words):
            act(data)


@pytest.mark.parametrize("sampling", [(2, 1), (2, 2), (4, 4)])
def test_what_libtiff_says_in_two_lines_is_heard(sampling, capfd):
    file = BytesIO()
    PIL.Image.fromarray(scene()).convert("YCbCr").save(file, "TIFF", compression="jpeg")
    data = bytearray(file.getvalue())
    tag = tifffile.TiffFile(BytesIO(data)).pages[0].tags[530]
    struct.pack_into("<HH", data, tag.valueoffset, *sampling)
    refused(bytes(data), "TIFF data")
    assert capfd.readouterr() == ("", "")


class Pipe:
    """What cannot be sought in, and counts what is taken of it."""

    def __init__(self, beginning):
        self.beginning, self.taken = beginning, 0

    def seekable(self):
        return False

    def read(self, size):
        piece = (self.beginning[self.taken :] or bytes(size))[:size]
        self.taken += len(piece)
        return piece


@pytest.mark.parametrize("act", [probe, read, read_frames])
def test_a_pipe_is_looked_at_before_it_is_read(act):
    pipe = Pipe(b"%PDF-1.7 and so on")
    with pytest.raises(ImageReadError, match="this is a PDF document, which is not read here"):
        act(pipe)
    assert pipe.taken <= 1024
    pipe = Pipe(png_file(6, 4, 8, 2, [bytes(18)] * 4)[:60])
    with pytest.raises(ImageReadError, match="goes on for more than 16 MB"):
        act(pipe, max_pixels=1000)
    assert pipe.taken < 2**24 + 2**21
