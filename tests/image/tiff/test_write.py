"""TIFF as it is written: layouts, codecs and pages, read back by OpenCV, Pillow and tifffile."""

from contextlib import suppress
from io import BytesIO

import cv2
import numpy as np
import PIL.Image
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from image.pictures import noise, scene

from imgconv.image import Image, encode, read
from imgconv.image.model import Metadata, TiffLayout
from imgconv.image.tiff import codec
from imgconv.image.tiff.write import Page, TiffSink, may_be_big

CODECS = {"none": 1, "LZW": 5, "deflate": 8, "PackBits": 32773}
LAYOUTS = {"strips": {"strip": 5}, "own strips": {}, "tiles": {"tile": (16, 16)}, "large tiles": {"tile": (32, 32)}}


def written(pixels, **layout):
    """The file of an image that came from a TIFF of that layout."""
    image = Image(pixels)
    return encode(image.replace(metadata=Metadata(tiff=TiffLayout(**layout))), "TIFF")


def by_libtiff(data, pixels):
    """The pixels as Pillow decodes them, or OpenCV where Pillow would drop the low bytes; both by libtiff."""
    if pixels.dtype == np.uint16 and pixels.shape[2] > 1:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[:, :, ::-1]
    return np.asarray(PIL.Image.open(BytesIO(data))).reshape(pixels.shape)


@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 1), ("uint8", 3), ("uint16", 3), ("float32", 1)])
def test_layouts_and_codecs_are_kept(name, layout, predictor, dtype, channels):
    pixels = noise(channels, dtype)
    data = written(pixels, compression=CODECS[name], predictor=predictor, **LAYOUTS[layout])
    np.testing.assert_array_equal(by_libtiff(data, pixels), pixels)
    np.testing.assert_array_equal(read(data).pixels, pixels)
    page = tifffile.TiffFile(BytesIO(data)).pages[0]
    assert page.compression == CODECS[name]
    differs = predictor and name in ("LZW", "deflate")  # libtiff knows no predictor with the others
    assert page.predictor == (1 if not differs else 3 if dtype == "float32" else 2)
    tile = LAYOUTS[layout].get("tile")
    assert (page.tile if tile else page.rowsperstrip) == (tile or LAYOUTS[layout].get("strip", 37))


@pytest.mark.parametrize("name", ["lzma", "zstd"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_codecs_of_libtiff_are_kept(name, tile):
    pixels = scene(40, 50)
    number = {"lzma": 34925, "zstd": 50000}[name]
    if not codec.packs(number):
        pytest.skip(f"this Pillow has no {name}")
    data = written(pixels, compression=number, predictor=True, tile=tile)
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(BytesIO(data))), pixels)
    np.testing.assert_array_equal(read(data).pixels, pixels)


def test_a_codec_that_is_not_written_gives_way_to_deflate_and_says_so():
    pixels, file = scene(), BytesIO()
    notes = TiffSink(file).begin(Page.of(Image(pixels)).replace(layout=TiffLayout(compression=7)))
    assert notes == ("its compression, JPEG, is not written in TIFF; deflate takes its place",)


def test_a_tiff_keeps_its_compression_unless_told():
    file = BytesIO()
    tifffile.imwrite(file, scene(), tile=(16, 16), compression="zlib", predictor=False, photometric="rgb")
    image = read(file.getvalue())
    again = tifffile.TiffFile(BytesIO(encode(image, "TIFF"))).pages[0]
    assert (again.compression, again.predictor, again.tile) == (8, 1, (16, 16))
    plain = tifffile.TiffFile(BytesIO(encode(image, "TIFF", compression=0))).pages[0]
    assert (plain.compression, plain.tile) == (1, (16, 16))
    np.testing.assert_array_equal(plain.asarray(), scene())


@pytest.mark.parametrize("big", [False, True])
def test_pages_have_each_their_own_size_layout_and_metadata(big):
    pages = [
        (noise(3, "uint8"), {"tile": (16, 16), "compression": 8}, 100),
        (noise(1, "uint16", 20, 30), {"compression": 5, "predictor": True}, 200),
        (noise(1, "uint8", 1, 1), {}, 300),
    ]
    file = BytesIO()
    sink = TiffSink(file, big=big)
    for pixels, layout, dpi in pages:
        image = Image(pixels)
        meta = image.metadata.replace(dpi=(dpi, dpi))
        sink.begin(Page.of(image.replace(metadata=meta)).replace(layout=TiffLayout(**layout)))
        for row in range(0, len(pixels), 3):
            sink.write(pixels[row : row + 3])
    sink.finish()
    with tifffile.TiffFile(BytesIO(file.getvalue())) as opened:
        assert opened.is_bigtiff == big
        assert [page.shape[:2] for page in opened.pages] == [pixels.shape[:2] for pixels, _, _ in pages]
    if not big:  # Pillow reads no pages of BigTIFF
        picture = PIL.Image.open(BytesIO(file.getvalue()))
        for number, (pixels, _, dpi) in enumerate(pages):
            picture.seek(number)
            np.testing.assert_array_equal(np.asarray(picture), pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
            assert picture.info["dpi"] == (dpi, dpi)
    np.testing.assert_array_equal(read(file.getvalue()).pixels, pages[0][0])


def test_bigtiff_is_chosen_where_four_gigabytes_may_be_passed():
    page = Page.of(Image(np.zeros((1, 1, 1), np.uint8))).replace(width=50_000, height=60_000)
    assert not may_be_big(page)
    assert may_be_big(page, page)
    assert may_be_big(page.replace(layout=TiffLayout(compression=5)))  # LZW may make it longer


def test_a_page_must_have_all_its_rows():
    sink = TiffSink(BytesIO())
    sink.begin(Page.of(Image(scene())))
    sink.write(scene()[:10])
    with pytest.raises(ValueError, match="10 rows of a page of 60"):
        sink.finish()


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=3000), width=st.integers(1, 64), shade=st.integers(1, 255))
def test_what_is_packed_is_unpacked(data, width, shade):
    rows = np.frombuffer(data, np.uint8)
    rows = np.resize(rows & shade, (max(1, len(rows) // width), width))
    for number in (5, 8, 32773):
        out = np.empty_like(rows)
        codec.unpack(bytes(codec.packer(number, None, rows)(rows.copy())), number, out)
        np.testing.assert_array_equal(out, rows)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=400), room=st.integers(1, 5000), number=st.sampled_from([5, 8, 32773]))
def test_damaged_segments_are_refused_or_give_something(data, room, number):
    """Nothing else comes out, and nothing beyond the room is touched."""
    memory = np.full(room + 64, 77, np.uint8)
    with suppress(EOFError, ValueError):
        codec.unpack(b"\x80" + data, number, memory[:room].reshape(1, room))
    assert (memory[room:] == 77).all()


@pytest.mark.parametrize("missing", [True, False])
def test_without_the_core_the_same_comes_out(missing, monkeypatch):
    if missing:
        monkeypatch.setattr(codec, "core", None)
        monkeypatch.delenv("IMGCONV_REQUIRE_NATIVE", raising=False)
    pixels = noise(3, "uint16", 20, 24)
    data = written(pixels, compression=5, predictor=True, tile=(16, 16))
    np.testing.assert_array_equal(by_libtiff(data, pixels), pixels)
    np.testing.assert_array_equal(read(data).pixels, pixels)
