"""``imgconv apply`` and files: names, pipes, metadata, what is replaced, and what is printed."""

import io
import json
import os
import re
import stat
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from cli.photograph import BOX, SOBEL_X, convolved, filtered, opened, pixels, rounded, slid, tagged
from cli.running import contents, ok, run
from PIL import Image, ImageCms, ImageOps


def test_dry_run_reads_the_header_only(folder, photo):
    whole = (folder / "photo.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[:100])
    before = contents(folder)
    ran = ok("apply", "cut.png", "o.png", "-k", "sobel", "-s", "2", "-p", "1", "--dry-run")
    assert contents(folder) == before
    assert "width    floor((300 + 1 + 1 - 1*(3 - 1) - 1) / 2) + 1 = 150" in ran.lines
    assert ran.lines[-1] == "output   o.png: would be 150x100 RGB, 8 bit"
    assert not {"range", "clipped", "check"} & {line.split()[0] for line in ran.lines}
    found = json.loads(ok("apply", "cut.png", "o.png", "-k", "sobel", "--dry-run", "--json").text)
    assert found["dry_run"] is True and "range" not in found and "clipped" not in found
    real = json.loads(ok("apply", "photo.png", "o.png", "-k", "sobel", "--json").text)
    assert {key: found[key] for key in found.keys() - {"dry_run", "engine", "input"}} == {
        key: real[key] for key in found.keys() - {"dry_run", "engine", "input"}
    }


def test_dry_run_prints_to_standard_output_whatever_the_output(folder):
    ran = ok("apply", "photo.png", "-", "--format", "tif", "-k", "box", "--dry-run")
    assert ran.lines[-1] == "output   standard output: would be 300x200 RGB, 8 bit"


def test_report(folder):
    ran = ok("apply", "photo.png", "o.png", "-k", "sobel-x", "--padding", "valid", "-s", "3", "--threads", "1")
    lines = ran.lines
    assert re.fullmatch(r"engine   builtin: .+; 1 thread, [0-9.]+ ms", lines[6])
    assert re.fullmatch(r"range    -\d+ to \d+, then --map abs", lines[7])
    assert lines[:6] == [
        "input    photo.png: 300x200 RGB, 8 bit",
        "kernel   sobel-x: 3x3, sum 0, rank 1 (separable), convolved (rotated by 180 degrees)",
        "padding  valid: left 0, top 0, right 0, bottom 0",
        "width    floor((300 + 0 + 0 - 1*(3 - 1) - 1) / 3) + 1 = 100",
        "height   floor((200 + 0 + 0 - 1*(3 - 1) - 1) / 3) + 1 = 66",
        "dropped  2 rows at the bottom (of the image)",
    ]
    assert lines[-1] == "output   o.png: 100x66 RGB, 8 bit"


def test_arithmetic_of_the_issue(folder):
    """A picture of 640x480 and a kernel of 3x3, as the issue writes it."""
    Image.new("RGB", (640, 480)).save("plain.png")
    lines = ok("apply", "plain.png", "o.png", "-k", "sobel", "--padding", "interpolation").lines
    assert "height   floor((480 + 1 + 1 - 1*(3 - 1) - 1) / 1) + 1 = 480" in lines
    assert "padding  interpolation: left 1, top 1, right 1, bottom 1; border edge  aaa|abcd|ddd" in lines
    assert "kernel   sobel: magnitude of sobel-x, sobel-y, convolved (rotated by 180 degrees)" in lines


def test_dropped_pixels_are_counted(folder):
    report = ok("apply", "photo.png", "o.png", "-k", "box:size=4", "-p", "valid", "-s", "7").text
    # (300 - 4) % 7 = 2 columns and (200 - 4) % 7 = 0 rows.
    assert "dropped  2 columns at the right (of the image)\n" in report
    report = ok("apply", "photo.png", "o2.png", "-k", "box:size=4", "-p", "0,0,1,9", "-s", "7").text
    # (301 - 4) % 7 = 3 columns, one of them padding; (209 - 4) % 7 = 2 rows of padding.
    assert "dropped  3 columns at the right (2 of the image), 2 rows at the bottom (padding only)\n" in report
    assert "dropped" not in ok("apply", "photo.png", "o3.png", "-k", "box").text


def test_json_agrees_with_the_file(folder, photo):
    ran = ok("apply", "photo.png", "o.tif", "-k", "sobel-x", "-p", "same", "-s", "2x3", "--map", "float", "--json")
    found = json.loads(ran.text)
    got = pixels("o.tif")
    assert ran.text.count("\n") == 1
    assert found["input"]["width"] == 300 and found["input"]["height"] == 200 and found["input"]["name"] == "photo.png"
    assert (found["output"]["height"], found["output"]["width"], found["output"]["channels"]) == got.shape
    assert found["output"]["dtype"] == "float32" and found["output"]["format"] == "TIFF"
    # 300 by 2: (150 - 1)*2 + 3 - 300 = 1. 200 by 3: (67 - 1)*3 + 3 - 200 = 1.
    assert found["padding"] == {"left": 0, "top": 0, "right": 1, "bottom": 1}
    assert found["border"] == "zero" and found["map"] == "float" and found["stride"] == {"width": 2, "height": 3}
    assert found["range"] == {"minimum": pytest.approx(got.min()), "maximum": pytest.approx(got.max())}
    assert found["kernel"] == {"name": "sobel-x", "correlate": False, "width": 3, "height": 3, "sum": 0, "rank": 1}
    assert found["clipped"]["samples"] == 0 and found["clipped"]["total"] == got.size
    np.testing.assert_array_equal(got, slid(photo, SOBEL_X[::-1, ::-1], (0, 0, 1, 1), stride=(2, 3)).astype(np.float32))


def test_quiet_prints_nothing(folder):
    for extra in ([], ["--json"], ["--check"]):
        assert ok("apply", "photo.png", "o.png", "-k", "sobel", "--quiet", "--overwrite", *extra).out == b""
    assert run("apply", "photo.png", "o.png", "-k", "sobel", "-q").err.count("\n") == 1


def test_standard_input_and_output(folder, photo):
    content = (folder / "photo.png").read_bytes()
    ran = run("apply", "-", "-", "--format", "png", "-k", "sobel", stdin=content)
    assert ran.code == 0
    (folder / "piped.png").write_bytes(ran.out)
    np.testing.assert_array_equal(pixels("piped.png"), filtered(folder, "-k", "sobel"))
    report = ran.err.splitlines()
    assert report[0] == "input    standard input: 300x200 RGB, 8 bit"
    assert report[-1] == "output   standard output: 300x200 RGB, 8 bit"
    ran = run("apply", "photo.png", "-", "--format", "tif", "-k", "box", "--json")
    assert json.loads(ran.err)["output"]["name"] == "standard output"
    assert run("apply", "-", "-", "--format", "png", "-k", "sobel", "-q", stdin=content).err == ""


def test_format_names_what_the_suffix_does_not(folder, photo):
    ok("apply", "photo.png", "picture", "-k", "identity", "--format", "png")
    assert opened("picture").format == "PNG"
    ok("apply", "photo.png", "picture.png", "-k", "identity", "--format", ".JPG")
    assert opened("picture.png").format == "JPEG"


def test_overwrite(folder, photo):
    (folder / "o.png").write_bytes(b"old")
    (folder / "o.png").chmod(0o640)
    ok("apply", "photo.png", "o.png", "-k", "identity", "--overwrite")
    np.testing.assert_array_equal(pixels("o.png"), photo)
    assert stat.S_IMODE((folder / "o.png").stat().st_mode) == 0o640
    assert sorted(path.name for path in folder.iterdir()) == ["o.png", "photo.png"]


@pytest.mark.parametrize("way", ["itself", "symbolic", "hard"])
def test_output_may_be_the_input(folder, photo, way):
    target = "photo.png"
    if way != "itself":
        target = "link.png"
        (os.symlink if way == "symbolic" else os.link)("photo.png", target)
    ok("apply", "photo.png", target, "-k", "box", "--overwrite")
    expected = rounded(convolved(photo, BOX, mode="nearest"))
    np.testing.assert_array_equal(pixels(target), expected)
    np.testing.assert_array_equal(pixels("photo.png"), photo if way == "hard" else expected)
    assert Path(target).is_symlink() == (way == "symbolic")


def test_npy_may_be_filtered_in_place(folder, photo):
    np.save("photo.npy", photo)
    ok("apply", "photo.npy", "photo.npy", "-k", "box", "--overwrite")
    np.testing.assert_array_equal(np.load("photo.npy"), rounded(convolved(photo, BOX, mode="nearest")))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(folder, photo, orientation):
    tagged(photo[:64, :96], "turned.jpg", orientation)
    upright = np.asarray(ImageOps.exif_transpose(opened("turned.jpg")))
    got = filtered(folder, "-k", "identity", source="turned.jpg")
    np.testing.assert_array_equal(got, upright)
    written = opened(folder / "filtered.png").getexif()
    assert written.get(274, 1) == 1 and written[271] == "Duck"
    report = ok("apply", "turned.jpg", "o.png", "-k", "box", "--dry-run").text
    assert f"turned.jpg: {upright.shape[1]}x{upright.shape[0]} RGB" in report


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_colour_profile_and_exif_are_passed_on(folder, photo, suffix):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tagged(photo[:40, :50], "tagged.jpg", icc_profile=icc, dpi=(300, 300))
    filtered(folder, "-k", "box", source="tagged.jpg", suffix=suffix)
    written = opened(folder / f"filtered{suffix}")
    assert written.info["icc_profile"] == icc
    assert written.getexif()[271] == "Duck"
    filtered(folder, "-k", "box", "--gray", source="tagged.jpg", suffix=suffix)
    assert "icc_profile" not in opened(folder / f"filtered{suffix}").info


def test_names_beginning_with_a_hyphen(folder, photo):
    Path("photo.png").rename("-photo.png")
    assert ok("apply", "-k", "identity", "--", "-photo.png", "-out.png").lines[-1].startswith("output   -out.png: ")
    np.testing.assert_array_equal(pixels("-out.png"), photo)
    ok("apply", "./-photo.png", "./-other.png", "-k", "identity")
    np.testing.assert_array_equal(pixels("-other.png"), photo)
    ok("apply", "-k", "-1,0,1", "--", "-photo.png", "-third.png")


def test_names_that_are_not_text(folder, photo):
    source, target = os.fsdecode(b"caf\xe9.png"), os.fsdecode(b"out\xff.png")
    Path("photo.png").rename(source)
    report = ok("apply", source, target, "-k", "identity").lines
    assert report[0].startswith("input    caf?.png: ") and report[-1].startswith("output   out?.png: ")
    np.testing.assert_array_equal(pixels(target), photo)
    found = json.loads(ok("apply", source, target, "-k", "identity", "--overwrite", "--json").text)
    assert os.fsencode(found["output"]["name"]) == b"out\xff.png"


def test_names_with_control_characters_are_printed_in_one_line(folder):
    Path("photo.png").rename("a\nb\x1b[31m.png")
    report = ok("apply", "a\nb\x1b[31m.png", "o.png", "-k", "box").lines
    assert report[0] == "input    a?b?[31m.png: 300x200 RGB, 8 bit"


WHITE = struct.pack(">3i", 63190, 65536, 54061)


def adobe_rgb():
    """A profile of other primaries and another curve than sRGB's: the gamma of Adobe RGB (1998), by its formulas."""
    primaries = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]
    tags = {name: b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))
            for name, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}  # fmt: skip
    tags |= {name: b"curv" + bytes(4) + struct.pack(">IH", 1, 563) + bytes(2) for name in (b"rTRC", b"gTRC", b"bTRC")}
    tags |= {b"desc": b"desc" + bytes(4) + struct.pack(">I", 17) + b"Adobe RGB (1998)\0" + bytes(90)}
    tags |= {b"wtpt": b"XYZ " + bytes(4) + WHITE, b"cprt": b"text" + bytes(4) + b"no\0\0"}
    table, data, at = b"", b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", at + len(data), len(value))
        data += value
    head = struct.pack(">I4sI4s4s4s", at + len(data), b"none", 0x2100000, b"mntr", b"RGB ", b"XYZ ")
    head = (head + bytes(12) + b"acsp").ljust(68, b"\0") + WHITE
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_strip_leaves_nothing_but_pixels(folder, photo, suffix):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tagged(photo[:40, :50], "tagged.jpg", 6, icc_profile=icc, dpi=(300, 300), xmp=b"<x:xmpmeta/>", comment=b"Quack")
    kept = filtered(folder, "-k", "box", source="tagged.jpg", suffix=suffix)
    ran = ok("apply", "tagged.jpg", f"bare{suffix}", "-k", "box", "--strip")
    assert "left out" not in ran.text
    bare = opened(f"bare{suffix}")
    assert not {"icc_profile", "xmp", "comment"} & bare.info.keys()
    assert not {271, 274, 282, 283, 700, 34665, 34675} & dict(bare.getexif()).keys()
    assert suffix == ".tif" or not {"exif", "dpi"} & bare.info.keys()
    np.testing.assert_array_equal(pixels(f"bare{suffix}"), kept)
    assert b"Duck" not in Path(f"bare{suffix}").read_bytes()


def test_strip_says_when_colours_lose_their_meaning(folder, photo):
    ImageCms.ImageCmsProfile(io.BytesIO(adobe_rgb()))  # which Little CMS takes
    Image.fromarray(photo).save("adobe.png", icc_profile=adobe_rgb())
    ran = ok("apply", "adobe.png", "o.png", "-k", "box", "--strip")
    assert "note     its colour profile (Adobe RGB (1998)) is left out; the samples stay as they are" in ran.text
    assert "icc_profile" not in opened("o.png").info
    # Ink becomes light by the profile, and only then is that left out.
    cmyk = Image.fromarray(photo).convert("CMYK")
    cmyk.save("ink.tif")
    ok("apply", "ink.tif", "kept.png", "-k", "identity")
    ok("apply", "ink.tif", "bare.png", "-k", "identity", "--strip")
    np.testing.assert_array_equal(pixels("kept.png"), pixels("bare.png"))


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_no_orient_leaves_pixels_and_tag(folder, photo, orientation, suffix):
    stored = photo[:32, :48]
    exif = Image.Exif()
    exif[271], exif[274] = "Duck", orientation
    Image.fromarray(stored).save(f"turned{suffix}", exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    stored = np.asarray(Image.open(f"turned{suffix}")) if suffix != ".tif" else stored
    ran = ok("apply", f"turned{suffix}", f"o{suffix}", "-k", "identity", "--no-orient")
    assert f"turned{suffix}: 48x32 RGB" in ran.lines[0]
    written = opened(f"o{suffix}")
    assert written.getexif()[274] == orientation
    if suffix == ".tif":
        np.testing.assert_array_equal(tifffile.imread("o.tif"), stored)
    elif suffix != ".jpg":
        np.testing.assert_array_equal(np.asarray(written), stored)
    assert (
        ok("apply", f"turned{suffix}", "p.png", "-k", "box", "--no-orient", "--dry-run")
        .lines[-1]
        .endswith("would be 48x32 RGB, 8 bit")
    )


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_no_orient_where_the_decoder_turns_by_itself(folder, photo, orientation):
    """Pillow turns what it reads of a palette TIFF."""
    stored = Image.fromarray(photo[:32, :48]).quantize(64)
    stored.save("palette.tif", tiffinfo={274: orientation})
    got = filtered(folder, "-k", "identity", "--no-orient", source="palette.tif")
    np.testing.assert_array_equal(got, np.asarray(stored.convert("RGB")))
    assert opened(folder / "filtered.png").getexif()[274] == orientation
    upright = np.asarray(ImageOps.exif_transpose(opened("palette.tif")).convert("RGB"))
    np.testing.assert_array_equal(filtered(folder, "-k", "identity", source="palette.tif"), upright)


def test_sobel_x_means_the_x_of_the_picture_as_seen(folder):
    """A picture that grows brighter to the right when it is seen, and downwards as it is stored."""
    seen = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (40, 1))
    stored = np.rot90(seen, 1)  # orientation 6: to be turned clockwise to be seen
    tagged(stored, "turned.jpg", 6)
    np.testing.assert_allclose(ImageOps.exif_transpose(opened("turned.jpg")), seen, atol=2)
    for words, x, y in (((), 32, 0), (("--no-orient",), 0, -32)):
        inner = [filtered(folder, "-k", f"sobel-{axis}", "--map", "float", *words, source="turned.jpg", suffix=".npy")
                 .squeeze()[4:-4, 4:-4].mean() for axis in "xy"]  # fmt: skip
        np.testing.assert_allclose(inner, (x, y), atol=0.5)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_exif_says_the_new_size_and_shows_no_old_thumbnail(folder, photo, suffix, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    exif.get_ifd(0x8769).update({0xA002: 48, 0xA003: 32})
    block = exif.tobytes()
    assert block[6:10] == b"MM\0*"
    end = 6 + 8 + 2 + 12 * int.from_bytes(block[14:16], "big")
    # A second directory, which is the thumbnail's.
    block = block[:end] + struct.pack(">I", len(block) - 6) + block[end + 4 :]
    block += struct.pack(">HHHIHHI", 1, 259, 3, 1, 6, 0, 0)
    assert following(block)
    Image.fromarray(photo[:32, :48]).save("old.jpg", exif=block)
    ok("apply", "old.jpg", f"new{suffix}", "-k", "box", "-s", "2", "--padding", "same")
    written = opened(f"new{suffix}")
    found = written.getexif()
    inner = found.get_ifd(0x8769)
    assert (inner[0xA002], inner[0xA003]) == written.size == ((24, 16) if orientation == 1 else (16, 24))
    assert suffix == ".tif" or not following(written.info["exif"])


def following(block):
    """Where an EXIF block has a second directory, 0 for nowhere."""
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}[block[:2]]
    first = struct.unpack_from(order + "I", block, 4)[0]
    return struct.unpack_from(order + "I", block, first + 2 + 12 * struct.unpack_from(order + "H", block, first)[0])[0]
