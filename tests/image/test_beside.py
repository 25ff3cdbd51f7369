"""What a file holds behind or beside its picture is left out, and said."""

import struct
from io import BytesIO

import PIL.Image
import pytest
from image.pictures import noise, png_chunk, png_file, scene

from imgconv.image import probe

VIDEO = b"\0\0\0\x18ftypmp42" + b"x" * 500


def jpeg(*segments, behind=b"", **how):
    """A JPEG file with these application segments, and something behind its end."""
    file = BytesIO()
    PIL.Image.fromarray(scene()).save(file, "JPEG", **how)
    data = file.getvalue()
    parts = b"".join(struct.pack(">BBH", 0xFF, 0xE0 + app, len(body) + 2) + body for app, body in segments)
    return data[:2] + parts + data[2:] + behind


PHOTOSHOP = b"Photoshop 3.0\0" + b"8BIM" + struct.pack(">HHI", 0x0404, 0, 10) + b"\x1c\x02\x05\0\5Title"
BESIDE = [
    (jpeg((11, b"JP\0\1" + bytes(20))), "content credentials or other JUMBF data are left out"),
    (jpeg((2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(8))), "its gain map is left out"),
    (jpeg((1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40))), "its extended XMP is left out"),
    (jpeg((13, PHOTOSHOP)), "its IPTC data are left out"),
    (jpeg(behind=VIDEO), "512 bytes behind the picture, a video, are left out"),
    (jpeg(behind=VIDEO, progressive=True), "512 bytes behind the picture, a video, are left out"),
    (jpeg(behind=jpeg()[:-20]), "behind the picture, another picture, are left out"),
    (jpeg(behind=b"SEFT"), "4 bytes behind the picture are left out"),
]


@pytest.mark.parametrize(("data", "words"), BESIDE)
def test_what_is_beside_a_jpeg_picture_is_said(data, words):
    (note,) = [note for note in probe(data).notes if "left out" in note]
    assert words in note


@pytest.mark.parametrize("behind", [b"", b"\0" * 40, b"\r\n"])
def test_padding_is_nothing(behind):
    assert not probe(jpeg(behind=behind)).notes


def test_what_is_beside_a_png_picture_is_said():
    rows = [row.tobytes() for row in noise(3, rows=4, cols=6)]
    assert not probe(png_file(6, 4, 8, 2, rows, chunks=[(b"tIME", bytes(7))])).notes
    data = png_file(6, 4, 8, 2, rows, chunks=[(b"sCAL", b"\1\x31\0\x31"), (b"caBX", b"box")])
    notes = probe(data + png_chunk(b"IDAT", b"the screen as it was")).notes
    for words in (
        "its content credentials (caBX chunk)",
        "its physical scale (sCAL chunk)",
        "32 bytes behind the picture",
    ):
        assert any(words in note and "left out" in note for note in notes)
