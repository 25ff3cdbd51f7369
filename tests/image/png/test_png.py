"""PNG by bytes: every filter, depth and width, with the filters in C and without, and damaged files."""

import struct
import subprocess
import sys
import zlib
from io import BytesIO

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image.pictures import noise, png_chunk, scene
from sampling import every_nth

from imgconv.errors import ImageReadError
from imgconv.image import encode, read
from imgconv.image.png import filters as pngfilter

COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
NATIVE = pytest.param("native", marks=pytest.mark.skipif(pngfilter.core is None, reason="built without a compiler"))


@pytest.fixture(params=[NATIVE, "numpy"])
def way(request, monkeypatch):
    """Run the test with the filters in C, and with NumPy and Pillow."""
    if request.param == "numpy":
        monkeypatch.setattr(pngfilter, "core", None)
        monkeypatch.delenv("IMGCONV_REQUIRE_NATIVE", raising=False)
    return request.param


def filtered(rows, kinds, step):
    """PNG's filters as chapter 9 of the standard writes them, byte by byte."""
    out, above = b"", bytes(len(rows[0]))
    for row, kind in zip(rows, kinds, strict=True):
        out += bytes([kind])
        for x, value in enumerate(row):
            a = row[x - step] if x >= step else 0
            b, c = above[x], above[x - step] if x >= step else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            out += bytes([(value - (0, a, b, (a + b) // 2, paeth)[kind]) % 256])
        above = row
    return out


def png(pixels, data, cut=None):
    """A PNG file whose image data are `data`, in chunks of `cut` bytes."""
    height, width, channels = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 8 * pixels.dtype.itemsize, COLOURS[channels], 0, 0, 0)
    pieces = [data[start : start + (cut or len(data))] for start in range(0, len(data), cut or len(data))]
    parts = [(b"IHDR", head), *((b"IDAT", piece) for piece in pieces), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


def rows_of(pixels):
    return [row.astype(row.dtype.newbyteorder(">")).tobytes() for row in pixels]


@pytest.mark.parametrize(
    ("kind", "width", "channels", "dtype"),
    every_nth(3, [0, 1, 2, 3, 4, "all"], [1, 2, 3, 5, 8, 17, 33], COLOURS, ["uint8", "uint16"]),
)
def test_every_filter_is_undone(kind, channels, dtype, width, way):
    pixels = noise(channels, dtype, 7, width)
    kinds = [4, 3, 2, 1, 0, 3, 4] if kind == "all" else [kind] * 7
    data = filtered(rows_of(pixels), kinds, channels * pixels.dtype.itemsize)
    encoded = png(pixels, zlib.compress(data))
    np.testing.assert_array_equal(read(encoded).pixels, pixels)
    theirs = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)  # the file itself is right
    order = {1: [0], 2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    np.testing.assert_array_equal(theirs.reshape(7, width, -1), pixels[:, :, order])


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["uint8", "uint16"]),
    st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(1, 4)),
    st.integers(0, 2**32),
    st.data(),
)
def test_any_filters_are_undone(dtype, shape, seed, data):
    rng = np.random.default_rng(seed)
    pixels = rng.choice(np.array([0, 1, 127, 128, 255], dtype), shape)
    kinds = data.draw(st.lists(st.integers(0, 4), min_size=shape[0], max_size=shape[0]))
    raw = filtered(rows_of(pixels), kinds, shape[2] * pixels.dtype.itemsize)
    np.testing.assert_array_equal(read(png(pixels, zlib.compress(raw))).pixels, pixels)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", COLOURS)
@pytest.mark.parametrize("shape", [(1, 1), (40, 7), (700, 311), (3, 70000)])
def test_what_is_written_reads_everywhere(channels, dtype, shape, way):
    y, x = np.mgrid[: shape[0], : shape[1]]
    pixels = (noise(channels, dtype, *shape) // 16 + (x * y)[:, :, None]).astype(dtype)
    pixels[shape[0] // 2 :, : shape[1] // 2] = 5
    encoded = encode(pixels, "png")
    np.testing.assert_array_equal(read(encoded).pixels, pixels)
    theirs = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    order = {1: [0], 2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    np.testing.assert_array_equal(theirs.reshape(*shape, -1), pixels[:, :, order])
    if dtype == "uint8":
        np.testing.assert_array_equal(np.asarray(PIL.Image.open(BytesIO(encoded))).reshape(pixels.shape), pixels)


@pytest.mark.skipif(pngfilter.core is None, reason="built without a compiler")
@pytest.mark.parametrize("step", [1, 2, 3, 4, 6, 8])
@pytest.mark.parametrize("pixels", [1, 2, 3, 31, 257])
def test_the_filters_in_c_are_those_of_the_standard(step, pixels):
    rows = [bytes(row) for row in noise(1, "uint8", 6, pixels * step)[:, :, 0]]
    rows[3] = rows[2]
    rows[5] = bytes(range(256)) * step * 2
    rows[5] = rows[5][: pixels * step]
    out = np.empty((6, pixels * step + 1), np.uint8)
    pngfilter.core.filter(b"".join(rows), bytes(pixels * step), out, step)
    assert out.tobytes() == filtered(rows, out[:, 0].tolist(), step)
    if pixels > 1:
        assert out[3, 0] == 2  # a row like the one above it


@pytest.mark.skipif(pngfilter.core is None, reason="built without a compiler")
@pytest.mark.parametrize(
    ("rows", "above", "out", "step"),
    [
        (12, 6, 13, 3),
        (12, 6, 14, 5),
        (12, 6, 14, 0),
        (12, 0, 14, 1),
        (12, 6, 14, 4),
        (11, 6, 14, 3),
        (12, 6, 14, 2**62),
    ],
)
def test_the_core_refuses_rows_that_do_not_fit(rows, above, out, step):
    for act, sizes in ((pngfilter.core.filter, (rows, out)), (pngfilter.core.unfilter, (out, rows))):
        with pytest.raises(ValueError, match="different sizes"):
            act(bytes(sizes[0]), bytes(above), bytearray(sizes[1]), step)


def test_the_core_can_be_required(monkeypatch):
    monkeypatch.setattr(pngfilter, "core", None)
    monkeypatch.setenv("IMGCONV_REQUIRE_NATIVE", "1")
    with pytest.raises(Exception, match="reinstall with a C compiler"):
        pngfilter.native()


@pytest.mark.parametrize("cut", [1, 7, 1000])
def test_image_data_in_many_chunks(cut, way):
    pixels = scene()
    data = zlib.compress(filtered(rows_of(pixels), [0] * len(pixels), 3))
    encoded = png(pixels, data, cut)
    np.testing.assert_array_equal(read(encoded).pixels, pixels)
    empty = encoded.replace(png_chunk(b"IEND", b""), png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b""))
    np.testing.assert_array_equal(read(empty).pixels, pixels)


def test_the_file_is_the_same_whatever_the_number_of_cores(monkeypatch):
    from imgconv.image.png import write as writer

    pixels = noise(rows=1200, cols=500)
    files = []
    for count in (0, 1, 2, 5):
        monkeypatch.setattr(writer.cores, "available", lambda count=count: count)
        files.append(encode(pixels, "png"))
    assert len(set(files)) == 1


def damaged(data, stream=None, chunk=None):
    """A 40x30 RGB file whose filtered rows, zlib stream or first IDAT chunk have been changed."""
    pixels = noise(3, rows=30, cols=40)
    raw = bytearray(filtered(rows_of(pixels), [4] * 30, 3))
    data(raw)
    packed = bytearray(zlib.compress(bytes(raw)))
    if stream:
        stream(packed)
    encoded = bytearray(png(pixels, bytes(packed)))
    if chunk:
        chunk(encoded)
    return bytes(encoded)


def change(place, value):
    def apply(data):
        data[place] = data[place] ^ value

    return apply


def cut(place):
    def apply(data):
        del data[place:]

    return apply


def nothing(data):
    """Leave it."""


DAMAGE = [
    ("filter", change(121 * 7, 4 ^ 9), None, None, "no filter 9|damaged|breaks off"),
    ("rows missing", cut(121 * 20), None, None, "breaks off"),
    ("stream cut", nothing, cut(-200), None, "breaks off"),
    ("block type", nothing, change(2, 6), None, "damaged"),
    ("stream head", nothing, change(0, 15), None, "damaged"),
    ("Adler-32", nothing, change(-1, 1), None, "damaged"),
    ("checksum", nothing, None, change(-13, 1), "the checksum of its image data is wrong"),
    ("file cut", nothing, None, cut(-400), "breaks off"),
    ("header", nothing, None, change(30, 1), "its header is garbled"),
]


@pytest.mark.parametrize(("data", "stream", "chunk", "words"), [row[1:] for row in DAMAGE], ids=[r[0] for r in DAMAGE])
def test_damage_is_one_sentence(data, stream, chunk, words, way, recwarn):
    with pytest.raises(ImageReadError) as caught:
        read(damaged(data, stream, chunk), name="x.png")
    assert str(caught.value).startswith("x.png: ") and "\n" not in str(caught.value)
    assert any(word in str(caught.value) for word in words.split("|")), str(caught.value)
    assert not recwarn.list


def test_more_data_than_rows_are_left_unread(way):
    pixels = scene()
    raw = filtered(rows_of(pixels), [1] * len(pixels), 3)
    np.testing.assert_array_equal(read(png(pixels, zlib.compress(raw + bytes(10**7)))).pixels, pixels)


def test_a_stream_without_its_end_is_read(way):
    pixels = scene()
    stream = zlib.compress(filtered(rows_of(pixels), [1] * len(pixels), 3))
    np.testing.assert_array_equal(read(png(pixels, stream[:-4])).pixels, pixels)


def test_a_small_picture_needs_no_pillow(tmp_path):
    if pngfilter.core is None:
        pytest.skip("built without a compiler")
    (tmp_path / "a.png").write_bytes(encode(noise(4, "uint16"), "png"))
    code = (
        "import sys; from imgconv.image import read, write\n"
        "write(sys.argv[2], read(sys.argv[1]))\n"
        "unwanted = 'PIL scipy imageio tifffile logging tempfile queue concurrent asyncio'.split()\n"
        "print(*[name for name in unwanted if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    np.testing.assert_array_equal(read(tmp_path / "b.png").pixels, noise(4, "uint16"))


@pytest.mark.parametrize("step", [-(2**63), -1, 0, 5, 7, 9, 2**62, 2**63 - 1])
def test_the_core_refuses_pixels_of_other_sizes(step):
    core = pytest.importorskip("imgconv.image.png._pngcore", reason="built without a compiler")
    for act, sizes in ((core.filter, (12, 6, 14)), (core.unfilter, (14, 6, 12))):
        with pytest.raises(ValueError, match="different sizes"):
            act(bytes(sizes[0]), bytes(sizes[1]), bytearray(sizes[2]), step)


@pytest.mark.parametrize("name", ["filter", "unfilter"])
def test_the_core_refuses_rows_that_lie_over_one_another(name):
    core = pytest.importorskip("imgconv.image.png._pngcore", reason="built without a compiler")
    sizes = {"filter": (12, 14), "unfilter": (14, 12)}[name]
    room = memoryview(bytearray(64))
    for start, above in ((0, 40), (13, 40), (40, 10), (40, 5)):
        out = room[8 : 8 + sizes[1]]
        with pytest.raises(ValueError, match="lie over one another"):
            getattr(core, name)(room[start : start + sizes[0]], room[above : above + 6], out, 3)
