"""BMP of every header, depth and layout of bits; what is written by hand here follows the formats' descriptions."""

import struct
from io import BytesIO

import numpy as np
import PIL.Image
import pytest
from image.pictures import noise, scene
from PIL import ImageCms

from imgconv.errors import ImageReadError
from imgconv.image import probe, read

SIZES = [12, 16, 40, 52, 56, 64, 108, 124]
PLAIN, RUNS8, RUNS4, FIELDS = range(4)


def bmp(width, height, bits, data, *, size=40, compression=PLAIN, masks=(), palette=b"", used=0, more=(), after=b""):
    """A file whose header is of `size` bytes; `more` are (place within the header, value) of what else it says."""
    if size == 12:
        head = struct.pack("<IHHHH", size, width, height, 1, bits)
    else:
        full = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, 0, 3780, 7560, used, 0)
        full += struct.pack(f"<{len(masks)}I", *masks) if size >= 52 else b""
        head = full.ljust(size, b"\0")[:size]
    for place, value in more:
        head = head[:place] + value + head[place + len(value) :]
    if size == 40 and compression in (FIELDS, 6):
        head += struct.pack(f"<{len(masks)}I", *masks)
    start = 14 + len(head) + len(palette)
    return struct.pack("<2sIII", b"BM", start + len(data), 0, start) + head + palette + data + after


def stored(rows):
    """Rows of bytes, (rows, bytes), as they are stored."""
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    return padded[::-1].tobytes()


@pytest.mark.parametrize("size", SIZES)
def test_headers(size):
    pixels = noise(3, "uint8", 7, 5)
    encoded = bmp(5, 7, 24, stored(pixels[:, :, ::-1].reshape(7, -1)), size=size)
    np.testing.assert_array_equal(read(encoded).pixels, pixels)
    if size >= 40:
        np.testing.assert_allclose(read(encoded).metadata.dpi, (96.012, 192.024))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes(size, bits):
    colours = noise(3, "uint8", 1, 1 << bits)[0]
    numbers = noise(1, "uint8", 9, 13)[:, :, 0] >> (8 - bits)
    packed = np.packbits(np.unpackbits(numbers[:, :, None], axis=2)[:, :, 8 - bits :].reshape(9, -1), axis=1)
    entries = colours[:, ::-1] if size == 12 else np.pad(colours[:, ::-1], ((0, 0), (0, 1)))
    encoded = bmp(13, 9, bits, stored(packed), size=size, palette=entries.tobytes())
    np.testing.assert_array_equal(read(encoded).pixels, colours[numbers])
    if bits != 2 and size != 16:  # which Pillow does not know
        np.testing.assert_array_equal(np.asarray(PIL.Image.open(BytesIO(encoded)).convert("RGB")), colours[numbers])


def test_a_palette_of_greys_gives_grey():
    picture = PIL.Image.fromarray(scene()).convert("L").point(lambda value: 255 - value // 16 * 17).convert("P")
    file = BytesIO()
    picture.save(file, "BMP")
    image = read(file.getvalue())
    assert image.space == "grey"
    np.testing.assert_array_equal(image.pixels[:, :, 0], np.asarray(picture.convert("L")))


LAYOUTS = [
    (16, (0xF800, 0x7E0, 0x1F)),
    (16, (0x7C00, 0x3E0, 0x1F)),
    (16, (0x3, 0x1C, 0x20)),
    (16, (0xF00, 0xF0, 0xF, 0xF000)),
    (32, (0xFF, 0xFF00, 0xFF0000)),
    (32, (0xFF000000, 0xFF0000, 0xFF00)),
    (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    (32, (0xFF0000, 0xFF00, 0xFF, 0)),
    (32, (0xFF80000, 0x7F800, 0x7F8)),
    (32, (0xFFE00000, 0x1FFC00, 0x3FF)),
    (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)),
    (32, (0xFFFFF000, 0xF00, 0xF0)),
]


@pytest.mark.parametrize("size", [40, 52, 56, 108, 124])
@pytest.mark.parametrize(("bits", "masks"), LAYOUTS, ids=str)
def test_bits(size, bits, masks):
    """Every sample is the nearest of 8 bits, or of 16 where one of them has more than 8."""
    if len(masks) == 4 and size < 56:
        size = 56
    words = noise(1, f"uint{bits}", 6, 5)[:, :, 0]
    encoded = bmp(5, 6, bits, stored(words.view(np.uint8)), size=size, compression=FIELDS, masks=masks)
    widths = [mask.bit_count() for mask in masks if mask]
    full = 65535 if max(widths) > 8 else 255
    expected = []
    for mask, width in zip(masks, widths, strict=False):
        value = (words & mask) // (mask & -mask)
        expected.append(np.floor(value.astype(float) * full / (2**width - 1) + 0.5))
    image = read(encoded)
    assert image.alpha is (len(widths) == 4)
    np.testing.assert_array_equal(image.pixels, np.dstack(expected))
    assert any("scaled to the full range" in note for note in image.notes) is bool(set(widths) - {8})


@pytest.mark.parametrize("bits", [16, 32])
def test_bits_that_the_header_does_not_name_are_the_usual_ones(bits):
    words = noise(1, f"uint{bits}", 6, 5)[:, :, 0]
    masks = {16: (0x7C00, 0x3E0, 0x1F), 32: (0xFF0000, 0xFF00, 0xFF)}[bits]
    plain = bmp(5, 6, bits, stored(words.view(np.uint8)))
    named = bmp(5, 6, bits, stored(words.view(np.uint8)), compression=FIELDS, masks=masks)
    np.testing.assert_array_equal(read(plain).pixels, read(named).pixels)
    assert read(plain).channels == 3
    four = bmp(5, 6, bits, stored(words.view(np.uint8)), compression=6, masks=(*masks, 0))
    np.testing.assert_array_equal(read(four).pixels, read(named).pixels)


def test_the_top_row_may_come_first():
    pixels = noise(3, "uint8", 4, 6)
    data = np.pad(pixels[:, :, ::-1].reshape(4, -1), ((0, 0), (0, 2))).tobytes()
    np.testing.assert_array_equal(read(bmp(6, -4, 24, data)).pixels, pixels)


GREYS = b"".join(bytes((value, value, value, 0)) for value in range(256))
"""Colours whose number is their grey."""

RUNS = [
    ([(3, 7), (0, 0), (2, 9), (0, 0), (0, 1)], [[7, 7, 7, 0, 0], [9, 9, 0, 0, 0], [0, 0, 0, 0, 0]]),
    ([(0, 3), (1, 2), (3, 0), (2, 4), (0, 1)], [[1, 2, 3, 4, 4], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]),
    ([(1, 5), (0, 2), (2, 1), (1, 6), (0, 1)], [[5, 0, 0, 0, 0], [0, 0, 0, 6, 0], [0, 0, 0, 0, 0]]),
    ([(9, 7), (0, 0), (5, 8), (0, 0), (5, 9)], [[7] * 5, [8] * 5, [9] * 5]),
]


@pytest.mark.parametrize(("pairs", "expected"), RUNS)
def test_run_lengths_of_8_bits(pairs, expected):
    data = bytes(value for pair in pairs for value in pair)
    encoded = bmp(5, 3, 8, data, compression=RUNS8, palette=GREYS)
    np.testing.assert_array_equal(read(encoded).pixels[:, :, 0], expected[::-1])


def test_run_lengths_of_4_bits():
    data = bytes((5, 0x12, 0, 0, 0, 5, 0x34, 0x56, 0x70, 0, 0, 0, 5, 0x88, 0, 1))
    encoded = bmp(5, 3, 4, data, compression=RUNS4, palette=GREYS[:64])
    np.testing.assert_array_equal(read(encoded).pixels[:, :, 0], [[8] * 5, [3, 4, 5, 6, 7], [1, 2, 1, 2, 1]])
    np.testing.assert_array_equal(
        np.asarray(PIL.Image.open(BytesIO(encoded)).convert("L")), read(encoded).pixels[..., 0]
    )


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize(("kind", "found"), [(b"DEBM", SRGB), (b"KNIL", b""), (b"BGRs", b"")])
def test_colour_profiles(kind, found):
    more = [(56, kind), (112, struct.pack("<II", 124 + 12, len(SRGB)))]
    image = read(bmp(1, 3, 24, bytes(12), size=124, more=more, after=SRGB))
    assert image.metadata.icc == found
    assert any("profile" in note for note in image.notes) is (kind == b"KNIL")


FAULTS = [
    (bmp(3, 3, 24, bytes(36), more=[(0, b"\x42")]), "its header is of 66 bytes, which no version of BMP has"),
    (bmp(3, 3, 3, bytes(36)), "3 bits a pixel, with compression 0"),
    (bmp(3, 3, 24, bytes(36), compression=RUNS8), "24 bits a pixel, with compression 1"),
    (bmp(3, 3, 0, bytes(36), compression=4), "a JPEG file within BMP"),
    (bmp(3, 3, 0, bytes(36), compression=5), "a PNG file within BMP"),
    (bmp(3, 3, 1, bytes(36), compression=3, size=64), "fax data within BMP"),
    (bmp(3, 3, 24, bytes(32)), "breaks off before the end"),
    (bmp(3, 3, 8, bytes(12), palette=GREYS, used=300), "its header names 300 colours, and its palette has 256"),
    (bmp(3, 3, 8, bytes(12), palette=GREYS[:4], used=200), "its header names 200 colours, and its palette has 1"),
    (bmp(3, 3, 8, b"\0\5" * 6, palette=GREYS[:8]), "a pixel has the colour 5, and its palette 2 colours"),
    (bmp(3, 3, 8, bytes(12)), "it has no palette"),
    (bmp(3, 3, 16, bytes(24), compression=FIELDS, masks=(0xF00, 0, 0xF)), "its bit masks f00, 0, f make no samples"),
    (
        bmp(3, 3, 16, bytes(24), compression=FIELDS, masks=(0xF0F, 0xF0, 0xF000)),
        "its bit masks f0f, f0, f000 make no samples",
    ),
    (
        bmp(3, 3, 16, bytes(24), compression=FIELDS, masks=(0xFF, 0xF0, 0xF00)),
        "its bit masks ff, f0, f00 make no samples",
    ),
    (
        bmp(3, 3, 16, bytes(24), compression=FIELDS, masks=(0xF0000, 0xF0, 0xF)),
        "its bit masks f0000, f0, f make no samples",
    ),
    (bmp(3, 2, 8, bytes((3, 1, 0, 0)) * 3, compression=RUNS8, palette=GREYS), "its run lengths leave the image"),
    (bmp(3, 2, 8, bytes((0, 2, 0, 9, 1, 1)), compression=RUNS8, palette=GREYS), "its run lengths leave the image"),
    (bmp(3, 2, 8, bytes((3, 1, 0, 0)), compression=RUNS8, palette=GREYS), "breaks off before the end"),
    (bmp(3, 2, 8, bytes((0, 9, 1, 2)), compression=RUNS8, palette=GREYS), "breaks off before the end"),
    (bmp(-3, 3, 24, bytes(36)), "which is no image"),
    (bmp(3, 0, 24, bytes(36)), "which is no image"),
    (b"BM" + bytes(8) + struct.pack("<I", 20) + bmp(3, 3, 24, bytes(36))[14:], "its pixels begin within its header"),
]


@pytest.mark.parametrize(("encoded", "words"), FAULTS)
def test_what_is_refused(encoded, words):
    with pytest.raises(ImageReadError) as caught:
        read(encoded)
    assert words in str(caught.value)


def test_padding_may_be_missing_at_the_end():
    pixels = noise(3, "uint8", 2, 3)
    encoded = bmp(3, 2, 24, stored(pixels[:, :, ::-1].reshape(2, -1)))
    np.testing.assert_array_equal(read(encoded[:-3]).pixels, pixels)
    with pytest.raises(ImageReadError, match="breaks off"):
        probe(encoded[:-4])
