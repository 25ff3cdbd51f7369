"""JPEG that is encoded in strips: the same pixels as from one piece, in any reader."""

import os
from io import BytesIO

import cv2
import numpy as np
import PIL.Image
import pytest
from image.pictures import scene

from imgconv.image import Image, encode, jpeg, read, write

SHAPES = [(1, 1), (8, 8), (64, 64), (65, 30), (71, 9), (200, 333), (520, 17), (9, 4000)]


@pytest.fixture(params=["memory file", "bytes"])
def place(request, monkeypatch):
    """Encode as on Linux, and as elsewhere."""
    if request.param == "bytes":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    elif not hasattr(os, "memfd_create"):
        pytest.skip("only Linux has files in memory")


def saved(picture, **options):
    file = BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def picture(rows, cols, mode):
    rgb = PIL.Image.fromarray(scene(rows, cols))
    return np.asarray(rgb.convert(mode)).reshape(rows, cols, -1)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("shape", SHAPES)
def test_strips_are_as_one_piece(shape, mode, place, monkeypatch):
    monkeypatch.setattr(jpeg, "_STRIP_BYTES", 100)  # strips of eight rows
    pixels = picture(*shape, mode)
    one_piece = PIL.Image.frombytes(mode, shape[::-1], pixels.tobytes())
    whole = saved(one_piece, quality=jpeg.JPEG_QUALITY, subsampling=0)
    image = Image(pixels, space={"L": "grey"}.get(mode, mode))
    encoded = encode(image, "jpg")
    assert encoded.count(b"\xff\xdd\x00\x04") == (shape[0] > 8)
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
