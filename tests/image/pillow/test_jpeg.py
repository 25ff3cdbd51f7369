"""JPEG that is encoded in strips: the same pixels as from one piece, in any reader."""

import os
from io import BytesIO

import cv2
import numpy as np
import PIL.Image
import pytest
from image.pictures import scene

from imgconv.errors import ImageReadError, OptionError
from imgconv.image import Image, encode, probe, read, write
from imgconv.image.pillow import jpeg

SHAPES = [(1, 1), (8, 8), (64, 64), (65, 30), (71, 9), (200, 333), (520, 17), (9, 4000)]


@pytest.fixture(params=["memory file", "bytes"])
def place(request, monkeypatch):
    """Encode as on Linux, and as elsewhere."""
    if request.param == "bytes":
        monkeypatch.setattr(jpeg, "MEMORY_FILES", False)
    elif not hasattr(os, "memfd_create"):
        pytest.skip("only Linux has files in memory")


def saved(picture, **options):
    file = BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def picture(rows, cols, mode):
    rgb = PIL.Image.fromarray(scene(rows, cols))
    return np.asarray(rgb.convert(mode)).reshape(rows, cols, -1)


WAYS = [
    ("L", "444", None),
    ("CMYK", "444", None),
    ("CMYK", "420", 60),  # which says nothing to CMYK
    ("RGB", "444", None),
    ("RGB", "422", 80),
    ("RGB", "420", None),
]


@pytest.mark.parametrize(("mode", "subsampling", "quality"), WAYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_strips_are_as_one_piece(shape, mode, subsampling, quality, place, monkeypatch):
    monkeypatch.setattr(jpeg, "_STRIP_BYTES", 100)  # strips of one row of units
    pixels = picture(*shape, mode)
    one_piece = PIL.Image.frombytes(mode, shape[::-1], pixels.tobytes())
    colour = {"444": 0, "422": 1, "420": 2}[subsampling] if mode == "RGB" else 0
    whole = saved(one_piece, quality=quality or jpeg.JPEG_QUALITY, subsampling=colour)
    image = Image(pixels, space={"L": "grey"}.get(mode, mode))
    encoded = encode(image, "jpg", quality=quality, subsampling=subsampling)
    assert encoded.count(b"\xff\xdd\x00\x04") == (shape[0] > (16 if colour == 2 else 8))
    expected = np.asarray(PIL.Image.open(BytesIO(whole))).reshape(pixels.shape)
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(BytesIO(encoded))).reshape(pixels.shape), expected)
    np.testing.assert_array_equal(read(encoded).pixels, expected)
    if mode != "CMYK":
        theirs = [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) for data in (encoded, whole)]
        np.testing.assert_array_equal(*theirs)


def test_the_file_is_the_same_whatever_the_number_of_cores(place, monkeypatch):
    files = []
    for count in (0, 1, 2, 5):
        monkeypatch.setattr(jpeg.cores, "available", lambda count=count: count)
        files.append(encode(scene(2000, 900), "jpg"))
    assert len(set(files)) == 1
    np.testing.assert_allclose(read(files[0]).pixels, scene(2000, 900), atol=10)


def test_metadata_stand_once(monkeypatch):
    monkeypatch.setattr(jpeg, "_STRIP_BYTES", 100)
    image = read(saved(PIL.Image.fromarray(scene(90, 70)), dpi=(300, 300), comment="a duck"))
    encoded = encode(image, "jpg")
    opened = PIL.Image.open(BytesIO(encoded))
    assert opened.info["dpi"] == (300, 300) and opened.info["comment"] == b"a duck"
    assert encoded.count(b"a duck") == 1 == encoded.count(b"JFIF")


def test_a_wide_picture_in_strips_of_eight_rows():
    pixels = np.zeros((24, 65500, 3), np.uint8)
    pixels[:, ::100] = 200
    file = BytesIO()
    write(file, pixels, format="jpg")
    assert np.abs(np.asarray(PIL.Image.open(file), int) - pixels).max() < 40


def adobe(encoded, transform):
    """A JPEG file whose Adobe marker says that its components are to be transformed so."""
    at = encoded.index(b"Adobe") + 11
    return encoded[:at] + bytes((transform,)) + encoded[at + 1 :]


def facts(encoded):
    """Quantisation tables of each component, and sampling, as Pillow reads them."""
    opened = PIL.Image.open(BytesIO(encoded))
    return [(opened.quantization[table], across, down) for _, across, down, table in opened.layer]


ODD_TABLES = [[1 + (7 * i * (k + 1)) % 250 for i in range(64)] for k in range(3)]
DEEP_TABLE = [1 + 5 * i for i in range(64)]  # up to 316, beyond 8 bits

KEPT = [
    ("L", {"quality": 33}),
    ("RGB", {"quality": 91, "subsampling": 2}),
    ("RGB", {"quality": 40, "subsampling": 1}),
    ("RGB", {"quality": 99, "subsampling": 0}),
    ("RGB", {"qtables": ODD_TABLES, "subsampling": 2}),
    ("RGB", {"qtables": [DEEP_TABLE], "subsampling": 0}),
    ("RGB", {"quality": 75, "keep_rgb": True, "subsampling": 0}),
    ("RGB", {"quality": 75, "progressive": True, "subsampling": 2}),
    ("CMYK", {"quality": 75}),
]


@pytest.mark.parametrize(("mode", "options"), KEPT)
@pytest.mark.parametrize("strip", [100, 2**21])
def test_a_jpeg_file_keeps_its_quantisation_and_sampling(mode, options, strip, monkeypatch):
    monkeypatch.setattr(jpeg, "_STRIP_BYTES", strip)
    first = saved(PIL.Image.frombytes(mode, (83, 61), picture(61, 83, mode).tobytes()), **options)
    image = read(first)
    file = BytesIO()
    notes = write(file, image, format="jpg")
    assert facts(file.getvalue()) == facts(first)
    assert any("the input's quantisation" in note for note in notes)
    components = [PIL.Image.open(BytesIO(data)).info.get("adobe_transform") for data in (first, file.getvalue())]
    assert components[0] == components[1]
    again = read(file.getvalue()).pixels.astype(int)
    assert np.abs(again - image.pixels).mean() < 2  # what was quantised so before loses next to nothing


def test_an_asked_quality_or_sampling_stands_in_place_of_the_input_s():
    image = read(saved(PIL.Image.fromarray(scene()), quality=60, subsampling=2))
    plain = facts(saved(PIL.Image.fromarray(scene()), quality=30, subsampling=2))
    assert facts(encode(image, "jpg", quality=30)) == plain
    kept = facts(encode(image, "jpg", subsampling="422"))
    assert [part[1:] for part in kept] == [(2, 1), (1, 1), (1, 1)]
    assert tuple(kept[0][0]) == image.metadata.jpeg.tables[0]


def test_what_was_no_jpeg_or_has_other_components_is_of_quality_95():
    usual = facts(saved(PIL.Image.fromarray(scene()), quality=95, subsampling=0))
    assert facts(encode(scene(), "jpg")) == usual
    grey = read(saved(PIL.Image.fromarray(scene()).convert("L"), quality=20))
    assert facts(encode(grey.with_pixels(scene()), "jpg")) == usual
    cmyk = saved(PIL.Image.fromarray(scene()).convert("CMYK"), quality=20)
    ycck = read(adobe(cmyk, 2))
    assert ycck.metadata.jpeg.model == "YCCK"
    assert facts(encode(ycck, "jpg"))[0] == facts(saved(PIL.Image.fromarray(scene()).convert("CMYK"), quality=95))[0]


def test_luma_alone_keeps_the_table_of_the_luma():
    image = read(saved(PIL.Image.fromarray(scene()), quality=60, subsampling=2))
    encoded = encode(image.with_pixels(image.pixels[:, :, 1]), "jpg")
    assert facts(encoded) == [(list(image.metadata.jpeg.tables[0]), 1, 1)]


@pytest.mark.parametrize(
    ("sampling", "words", "written"),
    [("440", "4:4:4 in place of 4:4:0", (1, 1)), ("411", "4:2:2 in place of 4:1:1", (2, 1))],
)
def test_a_sampling_that_cannot_be_written_becomes_a_finer_one(sampling, words, written):
    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")
    encoded = cv2.imencode(".jpg", scene(), [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor])[1].tobytes()
    file = BytesIO()
    notes = write(file, read(encoded), format="jpg")
    assert facts(file.getvalue())[0][1:] == written
    assert any(words in note for note in notes)


@pytest.mark.parametrize("options", [{"quality": 0}, {"quality": 101}, {"subsampling": "411"}, {"compression": 10}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(OptionError):
        encode(scene(), "jpg", **options)


def test_options_that_a_format_does_not_know_are_named():
    assert any("PNG takes no quality" in note for note in write(BytesIO(), scene(), format="png", quality=3))
    assert any("JPEG takes no compression" in note for note in write(BytesIO(), scene(), format="jpg", compression=3))


def test_a_quality_makes_webp_lossy():
    lossless, lossy = encode(scene(300, 400), "webp"), encode(scene(300, 400), "webp", quality=50)
    assert b"VP8L" in lossless[:64] and b"VP8 " in lossy[:64]
    assert np.abs(read(lossy).pixels.astype(int) - scene(300, 400)).mean() < 4


def progressive(scans):
    """A progressive JPEG file that repeats its last scan, which takes few bytes and much time."""
    encoded = saved(PIL.Image.new("L", (64, 48), 99), progressive=True)
    last = encoded.rindex(b"\xff\xda")
    more = scans - encoded.count(b"\xff\xda")
    return encoded[:-2] + encoded[last:-2] * more + encoded[-2:]


def test_scans_are_bounded():
    assert (read(progressive(100)).pixels == 99).all()
    for act in (probe, read):
        with pytest.raises(ImageReadError, match="it has 101 scans, and 100 are the most that are read"):
            act(progressive(101))


def test_what_looks_like_a_scan_within_a_segment_is_none():
    encoded = progressive(90)
    segment = b"\xff\xfe\x0f\xa2" + b"\xff\xda" * 2000
    assert (read(encoded[:2] + segment + encoded[2:]).pixels == 99).all()
