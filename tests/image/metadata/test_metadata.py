"""Profiles, EXIF, XMP, resolution and text: passed on where they fit, and said where not."""

import struct
from io import BytesIO

import numpy as np
import PIL.Image
import PIL.ImageCms
import PIL.PngImagePlugin
import pytest
import tifffile
from image.pictures import exif_block, noise, png_file, scene

from imgconv.image import Image, Metadata, encode, read, write
from imgconv.image.metadata.ifd import exif_orientation, patched_exif

SRGB = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:title="duck"/></x:xmpmeta>'


def with_everything(suffix):
    exif = PIL.Image.Exif()
    exif[0x010F], exif[0x0112] = "Duck", 6
    exif.get_ifd(0x8769)[0x829A] = 0.5  # exposure time
    exif.get_ifd(0x8769)[0xA002], exif.get_ifd(0x8769)[0xA003] = 80, 60
    exif.get_ifd(0x8825)[1] = "N"
    options = {"exif": exif, "icc_profile": SRGB}
    if suffix in ("jpg", "png", "tif"):
        options["dpi"] = (300, 150)
    file = BytesIO()
    format = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "webp": "WEBP"}[suffix]
    PIL.Image.fromarray(scene()).save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize("source", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("target", ["jpg", "png", "tif", "webp"])
def test_profile_and_exif_travel_upright(source, target):
    encoded = encode(read(with_everything(source)), target)
    with PIL.Image.open(BytesIO(encoded)) as opened:
        assert opened.size == (60, 80)
        assert opened.info["icc_profile"] == SRGB
        exif = opened.getexif()
        assert exif[0x010F] == "Duck" and exif.get(0x0112, 1) == 1
        if source != "tif":  # Pillow writes no EXIF directory into TIFF
            assert float(exif.get_ifd(0x8769)[0x829A]) == 0.5
            assert exif.get_ifd(0x8825)[1].rstrip("\0") == "N"
        if source != "tif" and target != "tif":
            assert (exif.get_ifd(0x8769)[0xA002], exif.get_ifd(0x8769)[0xA003]) == (60, 80)
        if "webp" not in (source, target):
            dpi = [float(dots) for dots in opened.info["dpi"]]
            np.testing.assert_allclose(dpi, (150, 300), atol=0.02)  # turned with the picture


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("thumbnail", [False, True])
def test_exif_is_patched_in_place(order, thumbnail):
    block = exif_block(6, order, thumbnail)
    patched = patched_exif(block)
    assert (exif_orientation(block), exif_orientation(patched)) == (6, 1)
    changed = sum(a != b for a, b in zip(block, patched, strict=True))
    assert changed == 1 + (1 if thumbnail else 0)
    exif = PIL.Image.Exif()
    exif.load(b"Exif\0\0" + patched)
    assert dict(exif) == {271: "Duck", 274: 1}


@pytest.mark.parametrize("block", [b"", b"II", b"junkjunkjunk", exif_block(3)[:20], b"II*\0\xff\xff\xff\xff"])
def test_damaged_exif_is_dropped(block):
    assert exif_orientation(block) in (0, 3)
    assert patched_exif(block) in (b"", exif_block(3)[:20])
    rows = [row.tobytes() for row in noise(3, rows=4, cols=6)]
    assert read(png_file(6, 4, 8, 2, rows, chunks=[(b"eXIf", block)])).width == 6


@pytest.mark.parametrize("target", ["png", "jpg", "tif", "webp"])
def test_xmp_travels_and_says_upright(target):
    image = read(encode(Image(scene(), metadata=Metadata(xmp=XMP)), "png"))
    assert (image.width, image.height) == (60, 80)  # it says 6 and nothing else does, as Pillow takes it
    encoded = encode(image, target)
    back = read(encoded).metadata.xmp
    assert b'Orientation="1"' in back and b'title="duck"' in back
    with PIL.Image.open(BytesIO(encoded)) as opened:
        assert b"duck" in opened.info["xmp"]


def test_png_text_and_comments_travel():
    file = BytesIO()
    info = PIL.PngImagePlugin.PngInfo()
    info.add_text("Author", "Ada")
    info.add_text("Comment", "packed " * 40, zip=True)
    info.add_itxt("Title", "Entchen, süß 🦆", zip=True)
    PIL.Image.fromarray(scene()).save(file, "PNG", pnginfo=info)
    image = read(file.getvalue())
    assert dict(image.metadata.text)["Title"] == "Entchen, süß 🦆"
    with PIL.Image.open(BytesIO(encode(image, "png"))) as opened:
        assert opened.text == {"Author": "Ada", "Comment": "packed " * 40, "Title": "Entchen, süß 🦆"}
    target = BytesIO()
    notes = write(target, image, format="jpg")
    assert any("text" in note for note in notes)
    with PIL.Image.open(target) as opened:
        assert opened.info["comment"].decode().strip() == ("packed " * 40).strip()


def test_imagemagicks_raw_profiles_are_read():
    block = exif_block(3)
    digits = block.hex()
    text = f"\nexif\n{len(block):8}\n" + "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72)) + "\n"
    rows = [row.tobytes() for row in noise(3, rows=4, cols=6)]
    image = read(png_file(6, 4, 8, 2, rows, chunks=[(b"tEXt", b"Raw profile type exif\0" + text.encode())]))
    assert exif_orientation(image.metadata.exif) == 1 and b"Duck" in image.metadata.exif


def profile(space):
    """A profile as far as its header goes."""
    return (bytes(16) + space + bytes(16) + b"acsp").ljust(200, b"\0")


SPACES = [
    (b"RGB ", 3, True),
    (b"RGB ", 1, False),
    (b"CMYK", 3, False),
    (b"GRAY", 1, True),
    (b"GRAY", 3, False),
]


@pytest.mark.parametrize(("space", "channels", "fits"), SPACES)
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_profile_is_attached_to_its_own_colour_space_only(space, channels, fits, suffix):
    file = BytesIO()
    image = Image(noise(channels), metadata=Metadata(icc=profile(space)))
    notes = write(file, image, format=suffix)
    assert any("profile" in note for note in notes) is not fits
    with PIL.Image.open(file) as opened:
        assert bool(opened.info.get("icc_profile")) is fits
        if suffix == "tif":
            opened.load()


def test_a_profile_that_does_not_fit_is_dropped_on_reading():
    file = BytesIO()
    PIL.Image.fromarray(scene()).convert("L").save(file, "JPEG", icc_profile=SRGB)
    image = read(file.getvalue())
    assert not image.metadata.icc and any("profile" in note for note in image.notes)


def test_what_a_format_cannot_carry_is_said():
    image = Image(scene(), metadata=Metadata(icc=SRGB, exif=exif_block(1), xmp=XMP, dpi=(72, 72), text=(("a", "b"),)))
    (note,) = write(BytesIO(), image, format="ppm")
    assert note == "PPM carries no colour profile or EXIF or XMP or text or resolution: left out"
    assert write(BytesIO(), image, format="png") == ()


def test_png_gamma_travels_and_is_missed_elsewhere():
    gamma = struct.pack(">I", 100000)
    rows = [row.tobytes() for row in noise(3, rows=4, cols=6)]
    image = read(png_file(6, 4, 8, 2, rows, chunks=[(b"gAMA", gamma)]))
    assert b"gAMA" + gamma in encode(image, "png")
    assert any("gamma" in note for note in write(BytesIO(), image, format="webp"))


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp"])
def test_resolution(suffix):
    image = Image(scene(), metadata=Metadata(dpi=(300.0, 96.0)))
    with PIL.Image.open(BytesIO(encode(image, suffix))) as opened:
        np.testing.assert_allclose([float(value) for value in opened.info["dpi"]], (300, 96), atol=0.05)
    np.testing.assert_allclose(read(encode(image, suffix)).metadata.dpi, (300, 96), atol=0.05)


def test_oversized_exif_is_left_out_of_jpeg_and_said():
    exif = PIL.Image.Exif()
    exif[0x010E] = "long " * 14000
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    file = BytesIO()
    notes = write(file, Image(scene(), metadata=Metadata(exif=block)), format="jpg")
    assert any("longer than JPEG allows" in note for note in notes)
    assert read(file.getvalue()).width == 80


def test_tifffile_reads_the_exif_of_our_tiff():
    encoded = encode(read(with_everything("jpg")), "tif")
    with tifffile.TiffFile(BytesIO(encoded)) as opened:
        tags = opened.pages[0].tags
        assert tags["Make"].value == "Duck"
        assert tags["ExifTag"].value["ExposureTime"] == 0.5
        assert tags["InterColorProfile"].value == SRGB
    with PIL.Image.open(BytesIO(encode(read(encoded), "jpg"))) as opened:
        assert opened.getexif().get_ifd(0x8769)[0x829A] == 0.5


def test_with_pixels_keeps_the_metadata():
    image = Image(noise(4), alpha=True, metadata=Metadata(dpi=(72, 72)))
    assert image.with_pixels(noise(4)).alpha and image.with_pixels(noise(4)).space == "RGB"
    dropped = image.with_pixels(noise(3))
    assert (dropped.alpha, dropped.space, dropped.metadata) == (False, "RGB", image.metadata)
    assert image.with_pixels(noise(1)[:, :, 0]).space == "grey"
    assert image.with_pixels(noise(2), alpha=True).space == "grey"
    ink = Image(noise(4), space="CMYK")
    assert ink.with_pixels(noise(4)).space == "CMYK" and not ink.with_pixels(noise(4)).alpha
    assert image.with_pixels(noise(6)).words == "53x37 6 channels, 8 bit"


def test_cmyk_becomes_rgb_by_the_plain_formula_as_in_pillow():
    ink = noise(4)
    file = BytesIO()
    notes = write(file, Image(ink, space="CMYK"), format="png")
    assert "CMYK is converted to RGB" in notes[0]
    theirs = np.asarray(PIL.Image.frombytes("CMYK", (53, 37), ink.tobytes()).convert("RGB"), int)
    assert np.abs(read(file.getvalue()).pixels - theirs).max() <= 1


@pytest.mark.parametrize("suffix", ["tif", "jpg"])
def test_cmyk_stays_where_it_can(suffix):
    ink = np.repeat(np.repeat(noise(4, rows=3, cols=4), 16, axis=0), 16, axis=1)
    encoded = encode(Image(ink, space="CMYK"), suffix)
    back = read(encoded)
    assert back.space == "CMYK" and not back.alpha
    with PIL.Image.open(BytesIO(encoded)) as opened:
        assert opened.mode == "CMYK"
        np.testing.assert_array_equal(np.asarray(opened), back.pixels)
    np.testing.assert_allclose(back.pixels.astype(int), ink, atol=0 if suffix == "tif" else 6)
