"""Broken files: each is one sentence that names the file, without a warning, a print or a traceback."""

import logging
import random
import re
import struct
import threading
import warnings
import zlib
from io import BytesIO

import numpy as np
import PIL.Image
import pytest
import tifffile
from image.pictures import noise, png_chunk, png_file, scene

from imgconv.errors import ImageReadError
from imgconv.image import encode, probe, read
from imgconv.image.tiff import codec as tiffcodec

SUFFIXES = ["png", "jpg", "tif", "webp", "bmp", "gif", "ppm", "pgm", "pam", "pfm", "npy"]


def sound(suffix):
    channels, dtype = {"pgm": (1, "uint16"), "pfm": (3, "float32")}.get(suffix, (3, "uint8"))
    return encode(noise(channels, dtype, 40, 30), suffix)


def refused(data, act=read):
    with pytest.raises(ImageReadError) as caught:
        act(data, name="x.img")
    message = str(caught.value)
    assert message.startswith("x.img: ") and "\n" not in message and len(message) < 300
    return message


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("part", [0.0, 0.002, 0.01, 0.3, 0.5, 0.9])
def test_truncated(suffix, part):
    encoded = sound(suffix)
    refused(encoded[: int(len(encoded) * part)])


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "bmp", "ppm", "npy"])
def test_truncated_is_called_so(suffix):
    encoded = sound(suffix)
    assert "breaks off before the end" in refused(encoded[: len(encoded) * 2 // 3])


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_truncated_photograph_is_an_error_not_a_grey_bottom(format, progressive):
    file = BytesIO()
    PIL.Image.fromarray(noise(3, rows=300, cols=300)).save(file, format, progressive=progressive)
    refused(file.getvalue()[: file.tell() - 2000])


WORDS = [
    (b"", "the file is empty"),
    (b"hello, this is text", "no image of a format that is read here"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n", "this is a PostScript document, which is not read here"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "this is an SVG drawing, which is not read here"),
    (b"\0" * 100, "no image of a format that is read here"),
    (b"P5\n3 3\n999999\n" + bytes(9), "beyond 65535"),
    (b"P5\n3 x\n255\n" + bytes(9), "'x'"),
    (b"P2\n2 2\n255\n1 2 3", "breaks off"),
    (b"P2\n2 2\n255\n1 2 3 999", "0 to 255"),
    (b"P2\n2 2\n255\n1 2 3 -4", "0 to 255"),
    (b"P1\n2 2\n1 0 1 7", "0 to 1"),
    (b"P5\n2 2\n100\n\1\2\3\xff", "larger than"),
    (b"P7\nWIDTH 2\n", "breaks off"),
    (png_file(0, 5, 8, 2, []), "0x5 pixels"),
    (png_file(5, 5, 7, 2, []), "7 bit"),
    (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IDAT", b"x"), "first chunk"),
    (png_file(100_000, 100_000, 8, 2, [b"x"]), "beyond the limit"),
    (b"\x93NUMPY\x01\x00", "breaks off"),
    (b"II*\0\x08\0\0\0\0\0", "0 fields"),
]


@pytest.mark.parametrize(("data", "words"), WORDS, ids=[words for _, words in WORDS])
def test_words(data, words):
    assert words in refused(data)


def nine_channels():
    encoded = bytearray(sound("jpg"))
    at = encoded.index(b"\xff\xc0")
    encoded[at : at + 19] = b"\xff\xc0\0\x23\x08\0\x1e\0\x28\x09" + bytes((1, 0x11, 0)) * 9
    return bytes(encoded)


def garbled_webp():
    encoded = sound("webp")
    return encoded[:30] + bytes(value ^ 0x5A for value in encoded[30:])


def compressed(kind):
    """A TIFF file that says its bytes are of another compression."""
    entry = struct.pack("<HHIHH", 259, 3, 1, 1, 0)
    encoded = BytesIO()
    tifffile.imwrite(encoded, noise(1, "uint8", 40, 30)[:, :, 0])
    assert entry in encoded.getvalue()
    return encoded.getvalue().replace(entry, struct.pack("<HHIHH", 259, 3, 1, kind, 0))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (nine_channels(), "the JPEG data cannot be read: it has 9 channels"),
        (garbled_webp(), "the WebP data is damaged or of a kind that cannot be read"),
        (b"II+\0\x08\0\0\0" + b"\xff" * 8, "the TIFF data breaks off before the end of the image"),
        (sound("gif")[:13] + b"\0" * 768 + b";", "breaks off|the GIF data cannot be read: it holds no image"),
        (compressed(5), "the TIFF data (cannot be read: its compressed data is damaged|breaks off before .*)"),
        (compressed(50000), "the TIFF data cannot be read: its compressed data is damaged"),
        (compressed(34712), "the TIFF data .* (needs imagecodecs; pip install 'imgconv\\[codecs\\]'|cannot be read)"),
    ],
    ids=["JPEG", "WebP", "BigTIFF", "GIF", "LZW", "Zstandard", "JPEG 2000 in TIFF"],
)
def test_a_library_s_own_words_are_not_passed_on(data, words):
    """As "decoder error -2", "cannot fit 'int' into an offset-sized integer" or "codec configuration error" are."""
    assert re.fullmatch(f"x.img: .*({words})", refused(data)), refused(data)


def test_without_the_core_damage_is_the_same(monkeypatch):
    monkeypatch.setenv("IMGCONV_REQUIRE_NATIVE", "0")
    monkeypatch.setattr(tiffcodec, "core", None)
    assert re.fullmatch("x.img: the TIFF data (cannot be read: its compressed.*|breaks off.*)", refused(compressed(5)))


def test_places(tmp_path):
    (tmp_path / "plain").write_bytes(b"x")
    for path, words in (
        (tmp_path, "this is a directory"),
        (tmp_path / "none.png", "there is no such file"),
        (tmp_path / "plain" / "x.png", "a part of this path is not a directory"),
        ("a\0b", "null character"),
        ("/dev/zero", "this is a device"),
        ("http://example.org/x.png", "this is an address, and only files are opened"),
        ("imageio:chelsea.png", "there is no such file"),
    ):
        for act in (probe, read):
            with pytest.raises(ImageReadError) as caught:
                act(path)
            assert words in str(caught.value) and str(path) in str(caught.value)


def npy_header(text):
    head = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head


NPY = [
    ("{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), }", "Python objects"),
    ("{'descr': '<c16', 'fortran_order': False, 'shape': (2, 2), }", "complex128"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "shape (2,)"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }", "shape (0, 3)"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000), }", "beyond the limit"),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 2), }", "void32"),
    ("__import__('os').abort()", "NPY data"),
]


@pytest.mark.parametrize(("header", "words"), NPY)
def test_npy_that_is_no_image(header, words):
    assert words in refused(npy_header(header) + bytes(100))


def test_a_zip_bomb_in_a_text_chunk_stays_small():
    bomb = zlib.compress(bytes(2**27))
    rows = [bytes(18)] * 4
    data = png_file(6, 4, 8, 2, rows, chunks=[(b"zTXt", b"Comment\0\0" + bomb)])
    assert probe(data).width == 6
    try:
        assert len(read(data).metadata.text) <= 1
    except ImageReadError as fault:
        assert "too large" in str(fault)  # Pillow refuses it too


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damage_anywhere_never_leaks(suffix, capfd):
    """Bytes changed at random: an image, or one sentence; nothing printed, no warning, no other exception."""
    rng = random.Random(20)
    encoded = sound(suffix)
    for _ in range(60):
        broken = bytearray(encoded)
        for _ in range(rng.choice((1, 3, 10))):
            broken[rng.randrange(min(len(broken), rng.choice((60, 400, len(broken)))))] = rng.randrange(256)
        try:
            read(bytes(broken), name="x.img")
        except ImageReadError as fault:
            assert str(fault).startswith("x.img: ") and "\n" not in str(fault)
    assert capfd.readouterr() == ("", "")


def test_warnings_and_logging_are_as_before(recwarn):
    before = warnings.filters[:], warnings.showwarning, logging.getLogger("tifffile").propagate
    read(sound("tif"))
    with pytest.raises(ImageReadError):
        read(sound("png")[:200])
    after = warnings.filters[:], warnings.showwarning, logging.getLogger("tifffile").propagate
    assert before == after and not recwarn.list


def test_many_threads_at_once(tmp_path):
    files = [encode(scene(), suffix) for suffix in ("png", "jpg", "tif", "webp")] + [sound("png")[:300]]
    faults = []

    def run():
        for _ in range(10):
            for data in files:
                try:
                    assert np.abs(read(data).pixels.astype(int) - scene()).max() < 10
                except ImageReadError as fault:
                    faults.append(str(fault))

    before = warnings.filters[:], warnings.showwarning
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(faults) == 40 and (warnings.filters[:], warnings.showwarning) == before


@pytest.mark.parametrize("head", [b"P5\n%s 3\n255\n", b"P5\n3 %s\n255\n", b"P5\n3 3\n%s\n", b"Pf\n3 3\n%s\n"])
def test_what_a_netpbm_header_says_is_quoted_in_one_line_and_cut(head):
    with pytest.raises(ImageReadError) as caught:
        read(head % (b"\x01\xff\x80" * 3000) + bytes(100))
    assert len(str(caught.value)) < 300 and str(caught.value).isprintable()
