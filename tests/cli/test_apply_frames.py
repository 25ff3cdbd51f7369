"""``apply`` and ``pool`` on animations: every frame, one range for all, and one sentence where it cannot be."""

import json
from fractions import Fraction

import numpy as np
import PIL.Image
import pytest
import scipy.ndimage
import tifffile
from cli.running import contents, ok, run

from imgconv.image import Frame, Image, read, read_frames, write_frames

BOX = "1,1,1;1,1,1;1,1,1/9"


@pytest.fixture
def moving(folder, photo):
    """Four frames of 90x60 RGB, each darker, as an animated PNG that is shown three times."""
    pictures = [photo[number : number + 60, 100:190] // (number + 1) for number in range(4)]
    frames = [Frame(Image(picture), Fraction(number + 1, 10)) for number, picture in enumerate(pictures)]
    write_frames("moving.png", frames, plays=3)
    return pictures


def blurred(picture):
    sums = scipy.ndimage.correlate(picture.astype(float), np.ones((3, 3, 1)), mode="nearest")
    return np.floor(sums / 9 + 0.5).astype(np.uint8)


@pytest.mark.parametrize("target", ["out.png", "out.webp", "moving.png"])
def test_every_frame_is_filtered(moving, target):
    ran = ok("apply", "moving.png", target, "-k", BOX, "--overwrite")
    frames = read_frames(target)
    assert (len(frames), frames.header.plays) == (4, 3)
    for number, (frame, picture) in enumerate(zip(frames, moving, strict=True)):
        np.testing.assert_array_equal(frame.image.pixels, blurred(picture))
        assert frame.duration == Fraction(number + 1, 10)
    assert "input    moving.png: 90x60 RGB, 8 bit, 4 frames" in ran.lines
    assert f"output   {target}: 90x60 RGB, 8 bit, 4 frames" in ran.lines


def test_the_report_is_of_all_frames(moving):
    made = [scipy.ndimage.correlate(picture.astype(float), np.ones((3, 3, 1)), mode="nearest") for picture in moving]
    told = json.loads(ok("apply", "moving.png", "out.gif", "-k", "1,1,1;1,1,1;1,1,1", "--json").text)
    assert told["input"]["frames"] == told["output"]["frames"] == 4
    assert told["input"]["plays"] == told["output"]["plays"] == 3
    assert told["range"] == {"minimum": min(map(np.min, made)), "maximum": max(map(np.max, made))}
    assert told["clipped"]["total"] == 4 * moving[0].size
    assert told["clipped"]["above"] == sum(int((one > 255).sum()) for one in made)


def test_stretching_has_one_range_for_all_frames(moving):
    ran = ok("apply", "moving.png", "out.png", "-k", "identity", "--map", "stretch")
    low, high = min(map(np.min, moving)), max(map(np.max, moving))
    assert f"range    {low} to {high}, then --map stretch from {low}..{high}" in ran.lines
    for frame, picture in zip(read_frames("out.png"), moving, strict=True):
        expected = (picture - float(low)) * (255 / (float(high) - low))
        np.testing.assert_allclose(frame.image.pixels, expected, atol=0.501)


def test_one_frame_makes_one_image(moving):
    ran = ok("apply", "moving.png", "one.png", "-k", BOX, "--frame", "2")
    assert "input    moving.png: 90x60 RGB, 8 bit, frame 2 of 0..3" in ran.lines
    with PIL.Image.open("one.png") as picture:
        assert getattr(picture, "n_frames", 1) == 1
        np.testing.assert_array_equal(np.asarray(picture), blurred(moving[2]))
    ok("apply", "moving.png", "one.bmp", "-k", "identity", "--frame", "0")
    np.testing.assert_array_equal(read("one.bmp").pixels, moving[0])
    ok("apply", "photo.png", "still.png", "-k", "identity", "--frame", "0")


def test_pooling_takes_all_frames_or_one(moving):
    ok("pool", "moving.png", "out.png", "--max", "2")
    for frame, picture in zip(read_frames("out.png"), moving, strict=True):
        np.testing.assert_array_equal(frame.image.pixels, picture.reshape(30, 2, 45, 2, 3).max(axis=(1, 3)))
    ok("pool", "moving.png", "out.jpg", "--max", "2", "--frame", "3")


def test_animations_go_through_pipes(moving, folder):
    ran = run("apply", "-", "-", "-k", "identity", "--format", "webp", "-q", stdin=(folder / "moving.png").read_bytes())
    assert ran.code == 0 and not ran.err
    for frame, picture in zip(read_frames(ran.out), moving, strict=True):
        np.testing.assert_array_equal(frame.image.pixels, picture)


REFUSED = [
    (["out.jpg", "-k", BOX], 1, "out.jpg: moving.png has 4 frames, and JPEG holds one image; write .png"),
    (["out.npy", "-k", BOX], 1, "choose one with --frame, from 0 to 3"),
    (["out.gif", "-k", BOX, "--frame", "4"], 2, "--frame: moving.png has 4 frames, numbered from 0 to 3"),
    (["out.gif", "-k", BOX, "--map", "float"], 1, "cannot hold what --map float keeps"),
    (["out.png", "-k", "sharpen", "--strict"], 1, "--strict forbids this loss"),
    (["out.png", "--pipeline", "two.yaml", "--save-layer", "1"], 2, "moving.png has 4 frames; choose one with --frame"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(moving, folder, arguments, code, words):
    (folder / "two.yaml").write_text("- conv: {kernel: sharpen}\n- conv: {kernel: sharpen}\n")
    before = contents(".")
    ran = run("apply", "moving.png", *arguments)
    assert ran.code == code and words in ran.err and ran.err.count("\n") == 1, ran
    assert contents(".") == before


def test_a_frame_that_is_damaged_leaves_the_old_file(moving, folder):
    data = bytearray((folder / "moving.png").read_bytes())
    data[data.rindex(b"fdAT") + 20] ^= 1
    (folder / "moving.png").write_bytes(data)
    (folder / "out.png").write_bytes(b"old")
    before = contents(".")
    ran = run("apply", "moving.png", "out.png", "-k", BOX, "--overwrite")
    assert ran.code == 1 and "checksum" in ran.err and contents(".") == before


def test_a_dry_run_tells_and_writes_nothing(moving):
    before = contents(".")
    ran = ok("apply", "moving.png", "out.gif", "-k", BOX, "--stride", "2", "--dry-run")
    assert "output   out.gif: would be 45x30 RGB, 8 bit, 4 frames" in ran.lines and contents(".") == before


def test_sheets_of_feature_maps_move_too(moving, folder):
    np.save(folder / "two.npy", np.eye(6, 3).reshape(6, 3, 1, 1))
    ran = ok("apply", "moving.png", "out.png", "-k", "two.npy", "--map", "clip")
    assert any("a sheet of" in line for line in ran.lines)
    for frame, picture in zip(read_frames("out.png"), moving, strict=True):
        np.testing.assert_array_equal(frame.image.pixels[:60, :90, 0], picture[:, :, 0])


def test_every_map_keeps_its_scale_from_frame_to_frame(moving, folder):
    """Ranges are those of all frames, map by map."""
    factors = np.array([1, -1, 30, 0.1, 1, 1])
    np.save(folder / "six.npy", factors[:, None, None, None] * np.eye(6, 3).clip(0.2).reshape(6, 3, 1, 1))
    ok("apply", "moving.png", "out.png", "-k", "six.npy")
    floats = [picture[:, :, :3].astype(float) @ (factors * np.eye(6, 3).clip(0.2).T) for picture in moving]
    low, high = np.min(floats, (0, 1, 2)), np.max(floats, (0, 1, 2))
    for frame, maps in zip(read_frames("out.png"), floats, strict=True):
        want = np.floor((maps - low) / (high - low) * 255 + 0.5)
        across = (frame.image.pixels.shape[1] + 2) // 92
        for number in range(6):
            top, left = number // across * 62, number % across * 92
            tile = frame.image.pixels[top : top + 60, left : left + 90, 0].astype(int)
            assert np.abs(tile - want[:, :, number]).max() <= 1


@pytest.fixture
def pages(folder):
    """Three pages: RGB, floats, and RGB again, in one file."""
    rng = np.random.default_rng(4)
    kinds = [((9, 8, 3), np.uint8), ((16, 20), np.float32), ((9, 8, 3), np.uint8)]
    made = [(rng.random(shape) * 200).astype(kind) for shape, kind in kinds]
    with tifffile.TiffWriter("pages.tif") as writer:
        for number, page in enumerate(made):
            kind = "rgb" if page.ndim == 3 else "minisblack"
            writer.write(page, photometric=kind, metadata=None, description=f"page {number}", resolution=(90, 90))
    return made


def test_every_page_is_filtered_by_its_own_plan(pages):
    ran = ok("apply", "pages.tif", "out.tif", "-k", BOX)
    with tifffile.TiffFile("out.tif") as file:
        for number, (page, source) in enumerate(zip(file.pages, pages, strict=True)):
            assert (page.description, page.dtype) == (f"page {number}", source.dtype)
            assert page.tags["XResolution"].value == (90, 1)
            sums = scipy.ndimage.correlate(np.atleast_3d(source).astype(float), np.ones((3, 3, 1)), mode="nearest") / 9
            np.testing.assert_allclose(np.atleast_3d(page.asarray()), sums, atol=0.501 if number != 1 else 1e-4)
    assert "pages    0, 2: 8x9 RGB, 8 bit, becomes 8x9 RGB, 8 bit" in ran.lines
    assert "page     1: 20x16 grey, 32-bit float, becomes 20x16 grey, 32-bit float" in ran.lines


def test_pages_that_are_alike_are_stretched_alike(pages):
    told = json.loads(ok("apply", "pages.tif", "out.tif", "-k", "identity", "--map", "stretch", "--json").text)
    assert [one["numbers"] for one in told["pages"]] == [[0, 2], [1]]
    low, high = min(pages[0].min(), pages[2].min()), max(pages[0].max(), pages[2].max())
    assert told["pages"][0]["range"] == {"minimum": low, "maximum": high}
    with tifffile.TiffFile("out.tif") as file:
        for page, source in [(file.pages[0], pages[0]), (file.pages[2], pages[2])]:
            expected = (source.astype(float) - low) * 255 / (float(high) - low)
            np.testing.assert_allclose(page.asarray(), expected, atol=0.501)


def test_pages_become_frames_and_frames_pages_where_they_can(pages, moving):
    ran = run("apply", "pages.tif", "out.gif", "-k", "identity", "--depth", "8")
    assert ran.code == 1 and "page 1 comes out as 20x16 grey, 8 bit and page 0 as 8x9 RGB, 8 bit" in ran.err
    ran = ok("apply", "moving.png", "out.tif", "-k", "identity")
    assert "note     TIFF holds no durations: they are left out" in ran.lines
    np.testing.assert_array_equal(tifffile.imread("out.tif"), moving)
    ran = ok("apply", "out.tif", "back.webp", "-k", "identity")
    assert "note     pages have no durations: each is shown for 0.1 s, again and again" in ran.lines
    for frame, picture in zip(read_frames("back.webp"), moving, strict=True):
        assert frame.duration == Fraction(1, 10)
        np.testing.assert_array_equal(frame.image.pixels, picture)


def test_channels_that_would_be_pages_are_refused_for_pages(pages, folder):
    np.save(folder / "five.npy", np.zeros((5, 3, 1, 1)))
    ran = run("apply", "pages.tif", "out.tif", "-k", "five.npy")
    assert ran.code == 1 and "choose one with --frame" in ran.err
    assert ok("apply", "pages.tif", "out.tif", "-k", "five.npy", "--frame", "0")
