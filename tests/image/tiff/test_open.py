"""TIFF as others write it: every layout, codec, depth and byte order, against tifffile and Pillow."""

import struct
import zlib
from io import BytesIO

import numpy as np
import PIL.Image
import pytest
import tifffile
from image.pictures import noise, scene

from imgconv.errors import ImageReadError
from imgconv.image import probe, read
from imgconv.image.metadata.ifd import pack_directory
from imgconv.image.reader import Reading
from imgconv.image.tiff import read as tiffread


def tiff(pixels, **options):
    file = BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("layout", [{}, {"rowsperstrip": 5}, {"tile": (16, 32)}, {"planarconfig": "separate"}])
def test_layouts_of_tifffile(order, dtype, channels, layout):
    if channels == 1 and "planarconfig" in layout:
        pytest.skip("one channel has no planes")
    pixels = noise(channels, dtype)
    data = np.moveaxis(pixels, -1, 0) if "planarconfig" in layout else pixels
    photometric = "minisblack" if channels == 1 else "rgb"
    encoded = tiff(data, byteorder=order, photometric=photometric, **layout)
    np.testing.assert_array_equal(read(encoded).pixels, pixels)


SPARSE = [
    {"tile": (16, 16)},
    {"tile": (16, 16), "compression": "zlib"},
    {"tile": (16, 16), "planarconfig": "separate", "compression": "zlib", "predictor": True},
    {"rowsperstrip": 16},
    {"rowsperstrip": 16, "planarconfig": "separate", "compression": "zlib"},
]


def without(encoded, left_out):
    """The file without some of its strips or tiles, as GDAL leaves out what is empty: offset and length are 0."""
    file = BytesIO(encoded)
    with tifffile.TiffFile(file, mode="r+b") as opened:
        tags = opened.pages[0].tags
        names = ("TileOffsets", "TileByteCounts") if "TileOffsets" in tags else ("StripOffsets", "StripByteCounts")
        for name in names:
            values = np.array(tags[name].value)
            values[left_out] = 0
            tags[name].overwrite(values.tolist())
    return file.getvalue()


@pytest.mark.parametrize("options", SPARSE, ids=str)
def test_tiles_and_strips_that_are_not_stored_are_zero(options):
    pixels = noise(3, "uint8", 64, 64)
    separate = "planarconfig" in options
    whole = tiff(np.moveaxis(pixels, -1, 0) if separate else pixels, photometric="rgb", **options)
    encoded = without(whole, slice(1, None, 3))
    expected = tifffile.imread(BytesIO(encoded))
    image = read(encoded)
    np.testing.assert_array_equal(image.pixels, np.moveaxis(expected, 0, -1) if separate else expected)
    assert (image.pixels == 0).mean() > 0.2
    assert any("not stored, which stands for 0" in note for note in image.notes)


def test_a_file_of_nothing_is_refused():
    encoded = without(tiff(noise(1, "uint8", 64, 64), rowsperstrip=16), slice(None))
    with pytest.raises(ImageReadError, match="it says nowhere where its pixels are"):
        read(encoded)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webp_within_tiff(mode):
    """Compression 50001: every strip is a whole lossless picture."""
    pixels = scene(40, 30)
    if mode == "RGBA":
        pixels = np.dstack([pixels, noise(1, "uint8", 40, 30)])
    strips = []
    for row in range(0, 40, 16):
        made = BytesIO()
        PIL.Image.fromarray(pixels[row : row + 16]).save(made, "WEBP", lossless=True, exact=True)
        strips.append(made.getvalue())
    starts = np.cumsum([0, *map(len, strips)])[:-1].tolist()
    fields = {
        258: (3, [8] * len(mode)),
        259: (3, [50001]),
        262: (3, [2]),
        277: (3, [len(mode)]),
        278: (3, [16]),
        279: (4, list(map(len, strips))),
    }
    if mode == "RGBA":
        fields[338] = (3, [2])
    np.testing.assert_array_equal(read(by_hand(30, 40, b"".join(strips), fields, starts)).pixels, pixels)


def test_a_number_may_be_stored_as_a_byte():
    """TIFF 6.0, page 26: readers accept BYTE, SHORT and LONG for any unsigned integer; Pillow did not, for this one."""
    file = BytesIO()
    PIL.Image.fromarray(scene(48, 64)).save(file, "TIFF", compression="jpeg", quality=90)
    encoded = file.getvalue()
    at = encoded.index(struct.pack("<HHIHH", 284, 3, 1, 1, 0))
    as_byte = encoded[: at + 2] + b"\1" + encoded[at + 3 :]
    np.testing.assert_array_equal(read(as_byte).pixels, read(encoded).pixels)


def with_float_predictor(pixels, options):
    """Write floats as TIFF's Technical Note 3 says, which tifffile leaves to imagecodecs: split, then differences."""
    order, (rows, cols, channels) = options["byteorder"], pixels.shape
    high, wide = options.get("tile", (options.get("rowsperstrip"), cols))
    parts = []
    for y in range(0, rows, high):
        for x in range(0, cols, wide):
            part = np.zeros((high, wide, channels), ">f4")
            seen = pixels[y : y + high, x : x + wide]
            part[: len(seen), : seen.shape[1]] = seen
            split = part.view("u1").reshape(high, -1, 4).transpose(0, 2, 1).reshape(high, -1, channels)
            moved = np.diff(split, axis=1, prepend=np.zeros((high, 1, channels), "u1"))
            parts.append(moved.reshape(high, -1).view(order + "f4").reshape(part.shape))
    # tifffile refuses to be given the predictor's field, 317, so it is given the one before, which is renamed.
    options = {**options, "extratags": [(316, 3, 1, 3, True)]}
    if "tile" in options:
        written = tiff(iter(parts), shape=pixels.shape, dtype=order + "f4", **options)
    else:
        written = tiff(np.concatenate(parts)[:rows], **options)
    before, after = (struct.pack(order + "HHIH", field, 3, 1, 3) for field in (316, 317))
    assert written.count(before) == 1
    return written.replace(before, after)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("layout", [{"rowsperstrip": 7}, {"tile": (16, 16)}])
@pytest.mark.parametrize("order", ["<", ">"])
def test_deflate_and_predictors(dtype, predictor, layout, order):
    pixels = noise(3, dtype)
    options = {"compression": "zlib", "photometric": "rgb", "byteorder": order, "metadata": None, **layout}
    if predictor and dtype == "float32":
        encoded = with_float_predictor(pixels, options)
    else:
        encoded = tiff(pixels, predictor=predictor, **options)
    np.testing.assert_array_equal(read(encoded).pixels, pixels)


BANDS = [
    {"rowsperstrip": 5},
    {"rowsperstrip": 100},
    {"rowsperstrip": 4, "compression": "zlib", "predictor": True},
    {"rowsperstrip": 100, "compression": "zlib", "predictor": True},
    {"tile": (16, 32)},
    {"tile": (32, 16), "compression": "zlib", "predictor": True},
    {"tile": (16, 16), "planarconfig": "separate", "compression": "zlib"},
    {"rowsperstrip": 3, "planarconfig": "separate"},
    {"rowsperstrip": 7, "photometric": "miniswhite"},
    {"rowsperstrip": 7, "extrasamples": ["assocalpha"]},
]


@pytest.mark.parametrize("options", BANDS, ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("long", [False, True])
def test_some_rows_are_those_of_the_whole(options, dtype, long, monkeypatch):
    if long:  # strips that are too long to be unpacked at once
        monkeypatch.setattr(tiffread, "_LONG_STRIP", 100)
        monkeypatch.setattr(tiffread, "_PIECE_BYTES", 700)
    options = {"photometric": "rgb", "byteorder": "><"[long]} | options
    if options.get("predictor") and dtype == "float32":
        options["predictor"] = False
    channels = {"miniswhite": 1}.get(options["photometric"], 3) + ("extrasamples" in options)
    pixels = noise(channels, dtype, 70, 53)
    data = np.moveaxis(pixels, -1, 0) if "planarconfig" in options else pixels
    with Reading(tiff(data, **options)) as reading:
        whole, bands = reading.image().pixels, reading.bands()
        for start, stop in [(0, 70), (0, 16), (16, 70), (3, 4), (40, 69), (33, 70), (1, 20), (20, 40), (69, 70)]:
            out = np.zeros((stop - start, *whole.shape[1:]), whole.dtype)
            bands.fill(out, start)
            np.testing.assert_array_equal(out, whole[start:stop])


def test_floating_point_predictor_by_hand():
    """TIFF Technical Note 3: bytes of a row by significance, then differences along the row."""
    pixels = noise(1, "float32", 6, 9)
    rows = []
    for row in pixels[:, :, 0]:
        planes = row.astype(">f4").view(np.uint8).reshape(-1, 4).T.reshape(-1)
        rows.append(np.diff(planes, prepend=planes[:1] * 0).astype(np.uint8).tobytes())
    packed = zlib.compress(b"".join(rows))
    encoded = by_hand(9, 6, packed, {258: (3, [32]), 259: (3, [8]), 262: (3, [1]), 317: (3, [3]), 339: (3, [3])})
    np.testing.assert_array_equal(read(encoded).pixels, pixels)


def by_hand(width, height, data, more, starts=(0,)):
    """A little-endian TIFF of one strip, or of several at `starts`; `more` are fields as tag: (type, values)."""
    fields = {
        256: (3, [width]),
        257: (3, [height]),
        273: (4, [0]),
        278: (3, [height]),
        279: (4, [len(data)]),
    } | more
    codes = {1: "B", 3: "H", 4: "I"}

    def table(offset):
        fields[273] = (4, [offset + start for start in starts])
        made = {}
        for tag, (kind, values) in fields.items():
            made[tag] = (kind, len(values), struct.pack(f"<{len(values)}{codes[kind]}", *values))
        return pack_directory(made, 8)

    size = len(table(0))
    return b"II*\0\x08\0\0\0" + table(8 + size) + data


@pytest.mark.parametrize("codec", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "lzma", "zstd"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16", "F"])
def test_codecs_of_libtiff(codec, mode):
    source = {"I;16": noise(1, "uint16")[:, :, 0], "F": noise(1, "float32")[:, :, 0]}
    pixels = source.get(mode, noise({"L": 1, "RGB": 3, "RGBA": 4}.get(mode, 1)).squeeze())
    file = BytesIO()
    try:
        PIL.Image.fromarray(pixels).save(file, "TIFF", compression=codec)
    except (OSError, ValueError, KeyError):
        pytest.skip(f"this Pillow has no {codec}")
    np.testing.assert_array_equal(read(file.getvalue()).pixels, pixels.reshape(37, 53, -1))


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("predictor", [1, 2])
def test_16_bit_rgb_in_lzw_which_neither_pillow_nor_tifffile_reads(tiled, predictor):
    """The LZW stream is made by libtiff from the bytes; a second directory then calls them 16-bit RGB."""
    pixels = noise(3, "uint16", 32, 32)
    stored = pixels.copy()
    if predictor == 2:
        unit = 16 if tiled else 32
        for left in range(0, 32, unit):
            stored[:, left + 1 : left + unit] -= pixels[:, left : left + unit - 1]
    blocks = [stored]
    if tiled:
        blocks = [stored[y : y + 16, x : x + 16] for y in (0, 16) for x in (0, 16)]
    packed = [lzw(np.ascontiguousarray(block)) for block in blocks]
    fields = {256: [32], 257: [32], 258: [16] * 3, 259: [5], 262: [2], 277: [3], 317: [predictor]}
    fields |= {322: [16], 323: [16]} if tiled else {278: [32]}
    where, length = (324, 325) if tiled else (273, 279)

    def table(offsets):
        long = {where: offsets, length: [len(part) for part in packed]}
        made = {tag: (3, len(values), struct.pack(f"<{len(values)}H", *values)) for tag, values in fields.items()}
        made |= {tag: (4, len(values), struct.pack(f"<{len(values)}I", *values)) for tag, values in long.items()}
        return pack_directory(made, 8)

    start = 8 + len(table([0] * len(packed)))
    offsets = [start + sum(map(len, packed[:index])) for index in range(len(packed))]
    image = read(b"II*\0\x08\0\0\0" + table(offsets) + b"".join(packed))
    np.testing.assert_array_equal(image.pixels, pixels)


def lzw(block):
    """The LZW stream that libtiff makes of the bytes of an array."""
    flat = block.reshape(len(block), -1).view(np.uint8)
    file = BytesIO()
    PIL.Image.fromarray(flat).save(file, "TIFF", compression="tiff_lzw", strip_size=flat.size)
    with tifffile.TiffFile(BytesIO(file.getvalue())) as opened:
        page = opened.pages[0]
        (offset,), (size,) = page.dataoffsets, page.databytecounts
    return file.getvalue()[offset : offset + size]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_white_is_zero_is_turned_over(dtype):
    pixels = noise(1, dtype)[:, :, 0]
    encoded = tiff(pixels, photometric="miniswhite")
    np.testing.assert_array_equal(read(encoded).pixels[:, :, 0], np.iinfo(dtype).max - pixels)


WIDER = [
    ("int8", "float32"),
    ("int16", "float32"),
    ("uint32", "float64"),
    ("int32", "float64"),
]


@pytest.mark.parametrize(("stored", "expected"), WIDER)
def test_other_sample_types_keep_every_value(stored, expected):
    pixels = noise(1, stored)
    image = read(tiff(pixels))
    assert image.dtype == expected == probe(tiff(pixels)).dtype
    np.testing.assert_array_equal(image.pixels, pixels)
    assert any(stored in note for note in image.notes)


def test_64_bit_integers_beyond_2_to_the_53_are_refused():
    assert read(tiff(np.full((4, 4), 2**53, np.int64))).pixels[0, 0, 0] == 2**53
    with pytest.raises(ImageReadError, match=r"2\*\*53"):
        read(tiff(np.full((4, 4), 2**60, np.int64)))


def test_one_bit_tiff():
    pixels = noise(1)[:, :, 0] > 127
    np.testing.assert_array_equal(read(tiff(pixels, photometric="minisblack")).pixels[:, :, 0], pixels * 255)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_associated_alpha_is_divided_out(dtype):
    rng = np.random.default_rng(1)
    top = 1 if dtype == "float32" else np.iinfo(dtype).max
    alpha = rng.integers(1, 5, (9, 11, 1)) / 4
    straight = rng.random((9, 11, 3))
    stored = np.concatenate([straight * alpha, alpha], axis=2) * top
    stored = stored.astype(dtype) if dtype == "float32" else np.rint(stored).astype(dtype)
    image = read(tiff(stored, photometric="rgb", extrasamples=["assocalpha"]))
    tolerance = 1e-6 if dtype == "float32" else 3
    np.testing.assert_allclose(image.pixels[..., :3].astype(float), straight * top, atol=tolerance)
    assert image.alpha and any("alpha" in note for note in image.notes)


def test_more_channels_than_colours():
    image = read(tiff(noise(7, "uint16"), photometric="minisblack", planarconfig="contig"))
    assert (image.channels, image.space, image.alpha) == (7, "other", False)
    extra = read(tiff(noise(5), photometric="rgb", extrasamples=["unspecified"] * 2))
    assert (extra.channels, extra.space) == (3, "RGB")
    assert any("left out" in note for note in extra.notes)


def test_bigtiff():
    pixels = noise(3, "uint16")
    np.testing.assert_array_equal(read(tiff(pixels, bigtiff=True, photometric="rgb")).pixels, pixels)


def test_palette_tiff_agrees_with_pillow():
    file = BytesIO()
    PIL.Image.fromarray(scene()).quantize(17).save(file, "TIFF")
    with PIL.Image.open(file) as opened:
        np.testing.assert_array_equal(read(file.getvalue()).pixels, np.asarray(opened.convert("RGB")))


def test_jpeg_in_tiff_agrees_with_pillow():
    file = BytesIO()
    PIL.Image.fromarray(scene()).save(file, "TIFF", compression="jpeg")
    with PIL.Image.open(file) as opened:
        np.testing.assert_array_equal(read(file.getvalue()).pixels, np.asarray(opened.convert("RGB")))


def test_imagej_stack_reads_its_first_image_and_says_so():
    stack = noise(5, "uint16").transpose(2, 0, 1)
    encoded = tiff(stack, imagej=True)
    image = read(encoded)
    np.testing.assert_array_equal(image.pixels[:, :, 0], stack[0])
    assert any("has 5 pages" in note for note in image.notes)


@pytest.mark.parametrize("imagej", [False, True])
def test_a_stack_that_breaks_off_is_refused(imagej):
    stack = noise(5, "uint16").transpose(2, 0, 1)
    encoded = tiff(stack, imagej=imagej, **({} if imagej else {"metadata": None}))
    with pytest.raises(ImageReadError, match="breaks off"):
        read(encoded[: len(encoded) * 2 // 3])


def test_a_268_byte_file_that_asks_for_37_gib_is_refused_at_once():
    tiny = by_hand(100_00, 10_000, b"\0" * 64, {258: (3, [8]), 259: (3, [1]), 262: (3, [1])})
    for width in (65535, 200_000):
        fields = {256: (4, [width]), 257: (4, [200_000]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1])}
        with pytest.raises(ImageReadError, match=r"limit|breaks off"):
            probe(by_hand(1, 1, b"\0" * 64, fields))
    with pytest.raises(ImageReadError, match="breaks off"):
        read(tiny)


PLAIN, PACKED_BITS, LZW_CODES, DEFLATED = 1, 32773, 5, 8
COLOUR_MAP = {320: (3, [n * 257 for n in range(256)] * 3)}


@pytest.mark.parametrize("kind", ["palette", "bits", "grey", "deep"])
@pytest.mark.parametrize("codec", [PLAIN, PACKED_BITS, LZW_CODES, DEFLATED])
def test_strips_that_are_not_there_are_refused_by_the_header(kind, codec):
    """Be they not listed, or too short for what their codec can hold: libtiff leaves such rows black."""
    photometric, bits, more = {
        "palette": (3, 8, COLOUR_MAP),
        "bits": (1, 1, {}),
        "grey": (1, 8, {}),
        "deep": (1, 16, {}),
    }[kind]
    fields = {258: (3, [bits]), 259: (3, [codec]), 262: (3, [photometric]), **more}
    unlisted = by_hand(14, 300, bytes(3000), fields | {278: (3, [9])})
    tall = by_hand(14, 1, bytes(8), fields | {257: (4, [2**23]), 278: (4, [2**23])})
    for encoded in (unlisted, tall):
        with pytest.raises(ImageReadError, match="breaks off"):
            probe(encoded)


@pytest.mark.parametrize("codec", ["tiff_lzw", "packbits", "tiff_adobe_deflate"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_what_packs_best_is_read(codec, mode):
    """No limit of a codec is set too low for a picture of one colour."""
    picture = PIL.Image.new(mode, (3000, 2000))
    encoded = BytesIO()
    picture.save(encoded, "TIFF", compression=codec)
    assert read(encoded.getvalue()).pixels.shape[:2] == (2000, 3000)


def test_depth_that_nobody_here_decodes_is_one_sentence():
    encoded = by_hand(8, 8, bytes(8 * 8 * 6), {258: (3, [20, 20, 20]), 259: (3, [1]), 262: (3, [2]), 277: (3, [3])})
    with pytest.raises(ImageReadError) as caught:
        read(encoded, name="odd.tif")
    assert str(caught.value).startswith("odd.tif: ") and "\n" not in str(caught.value)


def test_a_cameras_mosaic_comes_through_tifffile():
    pixels = noise(1, "uint16")
    fields = {258: (3, [16]), 259: (3, [1]), 262: (3, [32803])}
    image = read(by_hand(53, 37, pixels.tobytes(), fields))
    np.testing.assert_array_equal(image.pixels, pixels)
    assert any("mosaic" in note for note in image.notes)


def test_bits_stored_backwards_come_through_tifffile():
    pixels = noise(3, "uint16")
    turned = np.packbits(np.unpackbits(pixels.view(np.uint8), bitorder="little"), bitorder="big")
    fields = {258: (3, [16] * 3), 259: (3, [1]), 262: (3, [2]), 266: (3, [2]), 277: (3, [3])}
    np.testing.assert_array_equal(read(by_hand(53, 37, turned.tobytes(), fields)).pixels, pixels)


def test_lab_of_16_bit_is_refused_rather_than_taken_for_rgb():
    fields = {258: (3, [16] * 3), 259: (3, [1]), 262: (3, [8]), 277: (3, [3])}
    with pytest.raises(ImageReadError, match="CIELab colours of 16 bits"):
        read(by_hand(53, 37, noise(3, "uint16").tobytes(), fields))


def test_a_chain_of_pages_without_end_is_read_once():
    looped = bytearray(
        by_hand(
            53,
            37,
            noise(3, "uint16").tobytes(),
            {258: (3, [16] * 3), 259: (3, [1]), 262: (3, [2]), 266: (3, [2]), 277: (3, [3])},
        )
    )
    count = struct.unpack_from("<H", looped, 8)[0]
    struct.pack_into("<I", looped, 10 + 12 * count, 8)  # the next page is the first
    assert read(bytes(looped)).width == 53


def test_what_libtiff_prints_becomes_the_error(capfd):
    file = BytesIO()
    PIL.Image.fromarray(noise(1)[:, :, 0] > 127).save(file, "TIFF", compression="group4")
    broken = bytearray(file.getvalue())
    with tifffile.TiffFile(BytesIO(file.getvalue())) as opened:
        start = opened.pages[0].dataoffsets[0]
    broken[start + 8 : start + 40] = bytes(range(32))
    with pytest.raises(ImageReadError, match="TIFF data"):
        read(bytes(broken))
    assert capfd.readouterr() == ("", "")
