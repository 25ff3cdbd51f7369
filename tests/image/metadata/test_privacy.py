"""No byte of the picture as it was leaves in a file's metadata, whatever road and format; place and person are said."""

import json
import struct
from io import BytesIO
from itertools import product

import numpy as np
import PIL.Image
import pytest
from cli.running import run
from image import previews
from image.previews import PLATE, carved

import imgconv.filtering.apply as apply_module
from imgconv.image import FORMATS, Image, Metadata, read, read_frames, write, write_frames
from imgconv.image.metadata.exif import clean_exif
from imgconv.image.metadata.pictures import holds_picture, picture_spans, spells_picture
from imgconv.image.metadata.xmp import clean_xmp

SOURCES = {"jpg": previews.jpeg, "png": previews.png, "webp": previews.webp, "tif": previews.tiff}
TARGETS = [spec.suffixes[0] for spec in FORMATS if "uint8" in spec.dtypes and ("RGB", False) in spec.kinds]
FLOATS = [spec.suffixes[0] for spec in FORMATS if "uint8" not in spec.dtypes and ("RGB", False) in spec.kinds]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for suffix, made in SOURCES.items():
        (tmp_path / f"in.{suffix}").write_bytes(made())
    return tmp_path


def optional(suffix):
    """Skip where a format's library is not installed."""
    pytest.importorskip({"jxl": "imagecodecs", "exr": "OpenEXR"}.get(suffix, "json"))


def test_the_search_finds_what_is_there():
    assert all(carved(make()) for make in (*SOURCES.values(), previews.pages))
    assert carved(b"GIF89a" + previews.spelled().encode()) == ["base64"]
    file = BytesIO()
    PIL.Image.fromarray(previews.picture()).save(file, "JPEG")
    assert not carved(file.getvalue())


@pytest.mark.parametrize(
    ("source", "target"),
    [
        *(("jpg", target) for target in TARGETS + FLOATS),
        *product(["png", "webp", "tif"], ["jpg", "png", "tif", "webp"]),
    ],
)
def test_no_old_picture_leaves(folder, source, target):
    optional(target)
    options = ["--depth", "float"] if target in FLOATS else []
    ran = run("apply", f"in.{source}", f"out.{target}", "-k", "box:size=15", "--region", PLATE, *options)
    assert ran.code == 0, ran.err
    assert not carved((folder / f"out.{target}").read_bytes())


@pytest.mark.parametrize("target", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("source", SOURCES)
def test_no_old_picture_leaves_by_other_roads(folder, source, target):
    assert run("pool", f"in.{source}", f"pool.{target}", "--mean", "2").code == 0
    assert not carved((folder / f"pool.{target}").read_bytes())
    image = read(str(folder / f"in.{source}"))
    for stored in (image.metadata, image.metadata.replace(exif=previews.exif(), xmp=previews.xmp())):
        file = BytesIO()
        write(file, image.replace(metadata=stored), format=target)
        assert not carved(file.getvalue())


def test_no_old_picture_leaves_by_a_batch(folder):
    ran = run(
        "batch", *(f"in.{suffix}" for suffix in SOURCES), "out", "-k", "box:size=15", "--region", PLATE, "--jobs", "1"
    )
    assert ran.code == 0, ran.err
    for suffix in SOURCES:
        assert not carved((folder / "out" / f"in.{suffix}").read_bytes())


@pytest.mark.parametrize("road", ["frames", "streamed", "volume", "animation"])
def test_no_old_picture_leaves_by_frames_and_bands(folder, monkeypatch, road):
    source, target, options = folder / "source.tif", folder / "out.tif", ["-k", "box:size=3"]
    source.write_bytes(previews.tiff() if road == "streamed" else previews.pages())
    if road == "streamed":
        monkeypatch.setattr(apply_module, "STREAMED_BYTES", 0)
    if road == "volume":
        options += ["--volume"]
    if road == "animation":
        target = folder / "out.png"
    ran = run("apply", source, target, *options, "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.text)["streamed"] is (road == "streamed")
    assert not carved(target.read_bytes())


@pytest.mark.parametrize("suffix", ["png", "webp", "gif", "tif"])
def test_no_old_picture_leaves_by_the_frames_of_a_program(suffix):
    image = read(previews.jpeg())
    image = image.replace(metadata=image.metadata.replace(exif=previews.exif(), xmp=previews.xmp()))
    file = BytesIO()
    write_frames(file, [image, image.with_pixels(image.pixels // 2)], format=suffix)
    assert len(read_frames(file.getvalue())) == 2
    assert not carved(file.getvalue())


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
def test_the_rest_stays(folder, suffix):
    """What is no picture travels, and a maker note keeps its place and length."""
    ran = run("apply", "in.jpg", f"out.{suffix}", "-k", "identity")
    assert ran.code == 0, ran.err
    with PIL.Image.open(folder / f"out.{suffix}") as opened:
        exif = opened.getexif()
        inner = exif.get_ifd(0x8769)
        assert exif[271] == "Duck" and inner[0xA431] == "SN12345" and float(inner[0x829A]) == pytest.approx(1 / 60)
        assert exif.get_ifd(0x8825)[1] == "N"
        assert inner[0x927C].startswith(b"Maker\0\0\1\7\7") and b"lens" in inner[0x927C]
        assert inner[0x927C].endswith(b"tail") and 0x9286 not in inner
    back = read(str(folder / f"out.{suffix}")).metadata.xmp
    assert b"<dc:title>duck</dc:title>" in back and b'photoshop:City="Ulm"' in back and b"Thumbnails" not in back


def test_place_and_person_are_said_and_left_out_if_asked(folder):
    personal = "GPS position", "camera serial number", "a maker note", "name of the computer", "editing history"
    part = ["-k", "box:size=15", "--region", PLATE]
    (note,) = [line for line in run("apply", "in.jpg", "a.jpg", *part).lines if "travel along" in line]
    assert all(words in note for words in personal) and "--strip location" in note
    notes = json.loads(run("apply", "in.jpg", "b.jpg", *part, "--json", "--dry-run").text)["notes"]
    assert sum("travel along" in one for one in notes) == 1
    for options in (["-k", "box"], [*part, "--strip"], [*part, "--strip=location"]):
        assert "travel along" not in run("apply", "in.jpg", "c.png", *options, "--overwrite").text
    assert "travel along" not in run("apply", "in.jpg", "c.ppm", *part).text  # which carries nothing
    ran = run("apply", "in.jpg", "d.jpg", *part, "--strip=location")
    assert any("left out" in line and all(words in line for words in personal) for line in ran.lines)
    with PIL.Image.open(folder / "d.jpg") as opened:
        exif = opened.getexif()
        assert exif[271] == "Duck" and 316 not in exif and not exif.get_ifd(0x8825)
        assert set(exif.get_ifd(0x8769)) & {0x829A, 0x927C, 0xA431} == {0x829A}
    data = (folder / "d.jpg").read_bytes()
    assert b"Ulm" not in data and b"History" not in data and b"SN12345" not in data and b"duck</dc:title>" in data


def test_a_batch_counts_what_tells_of_place_and_person(folder):
    (folder / "two.jpg").write_bytes((folder / "in.jpg").read_bytes())
    names = "in.jpg", "two.jpg", "in.png"
    for options in ((), ("--strip", "location")):
        part = ["-k", "box:size=3", "--region", PLATE, "--jobs", "1", *options]
        told = [line for line in run("batch", *names, f"out{len(options)}", *part).lines if "travel along" in line]
        found = run("batch", *names, f"json{len(options)}", *part, "--json").lines
        *lines, last = map(json.loads, found)
        counted = last["summary"]["personal"]
        if options:
            assert not told and not counted
            continue
        assert counted["a maker note"] == sum("a maker note" in line["personal"] for line in lines) >= 2
        (note,) = told
        assert all(f"{name} in {count} file" in note for name, count in counted.items())
        assert counted["text 'GPSPosition'"] == 1 and "--strip location" in note


def test_texts_of_places_go_too(folder):
    part = ["-k", "box:size=15", "--region", PLATE]
    assert "text 'GPSPosition'" in run("apply", "in.png", "a.png", *part).text
    assert "GPSPosition" not in run("apply", "in.png", "a.jpg", *part).text  # which has one comment alone
    assert run("apply", "in.png", "b.png", *part, "--strip=location").code == 0
    assert [keyword for keyword, _ in read("b.png").metadata.text] == ["Title"]


def test_strip_alone_means_all_and_takes_no_argument(folder):
    assert run("apply", "in.jpg", "-k", "box", "--strip", "a.jpg").code == 0
    assert read("a.jpg").metadata.replace(jpeg=None) == Metadata()
    ran = run("apply", "in.jpg", "b.jpg", "-k", "box", "--strip=place")
    assert ran.code == 2 and "location|all" in ran.err


def test_a_picture_in_a_profile_takes_the_profile_along():
    icc = (bytes(16) + b"RGB " + bytes(16) + b"acsp").ljust(200, b"\0") + previews.preview()
    file = BytesIO()
    notes = write(file, Image(previews.picture(), metadata=Metadata(icc=icc)), format="png")
    assert any("profile holds a picture" in note for note in notes)
    assert not carved(file.getvalue())


# What points to data that no file gets


def container(semantic):
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description '
        f'xmlns:C="http://ns.google.com/photos/1.0/container/" xmlns:I="urn:item">'
        f'<C:Directory><rdf:Seq><rdf:li><C:Item I:Semantic="{semantic}" I:Length="543"/></rdf:li></rdf:Seq>'
        f"</C:Directory><dc:title>duck</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def attributes(space, *names):
    listed = " ".join(f'q:{name}="1"' for name in names)
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a q:keep="2" xmlns:q="{space}" {listed}/></x:xmpmeta>'.encode()


POINTERS = [
    (container("GainMap"), b"I:Length", "gain map"),
    (container("MotionPhoto"), b"I:Length", "video"),
    (container("Depth"), b"I:Length", "depth map"),
    (attributes("http://ns.google.com/photos/1.0/camera/", "MicroVideo", "MicroVideoOffset"), b"MicroVideo", "video"),
    (attributes("http://ns.google.com/photos/1.0/camera/", "MotionPhoto"), b"MotionPhoto=", "video"),
    (attributes("http://ns.adobe.com/xmp/note/", "HasExtendedXMP"), b"HasExtendedXMP", "extended XMP"),
    (b'<x hdrgm:Version="1.0" hdrgm:GainMapMax="2"/>', b"hdrgm:", "gain map"),
    (b'<x GDepth:Data="abc"><GAudio:Data>xyz</GAudio:Data></x>', b"Data", "audio"),
]


@pytest.mark.parametrize(("packet", "gone", "words"), POINTERS)
def test_pointers_go_and_what_they_pointed_to_is_said(packet, gone, words):
    file = BytesIO()
    notes = write(file, Image(previews.picture(), metadata=Metadata(xmp=packet)), format="jpg")
    assert any(words in note and "left out" in note for note in notes)
    assert gone in packet and gone not in file.getvalue()
    assert (b"duck" in packet) is (b"duck" in file.getvalue())
    assert (b'q:keep="2"' in packet) is (b'q:keep="2"' in file.getvalue())


# The parts


@pytest.mark.parametrize("order", "<>")
def test_exif_without_its_thumbnail_keeps_every_other_byte(order):
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    table = struct.pack(order + "HHHII", 1, 271, 2, 8, 26) + struct.pack(order + "I", 40)
    block = (
        mark + struct.pack(order + "I", 8) + table + b"Ducklin\0" + b"\5" * 6 + struct.pack(order + "H", 0) + bytes(4)
    )
    clean = clean_exif(block).exif
    assert clean == block[:22] + bytes(4) + b"Ducklin\0"
    assert clean_exif(clean).exif == clean


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_damaged_blocks_and_packets_are_nothing_or_clean(cut):
    for block in (previews.exif()[:cut], previews.exif()[:8] + b"\xff" * cut):
        assert not carved(clean_exif(block).exif)
    assert clean_xmp(previews.xmp()[:-30][: 400 + 9 * cut]).xmp == b""


def test_entities_are_refused():
    assert clean_xmp(b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>').xmp == b""


def test_packets_of_other_codings_are_looked_through():
    clean = clean_xmp(previews.xmp().decode().encode("utf-16"))
    assert b"dc:title" in clean.xmp and not carved(clean.xmp)


def test_spans_of_pictures():
    first, second = previews.preview(), previews.preview("PNG")
    data = b"some" + first + b"more" + second + b"end"
    assert picture_spans(data) == [(4, 4 + len(first)), (8 + len(first), 8 + len(first) + len(second))]
    assert picture_spans(np.random.default_rng(3).integers(0, 200, 5000, np.uint8).tobytes()) == []
    assert holds_picture(data) and not holds_picture(b"\xff\xd8\xff\xe0\0\1")
    assert not spells_picture(b"The quick brown fox/9jumps over the lazy dog and runs away from all of it." * 30)
