"""Animations: what is read is what others show, what is written others read so, and nothing is lost silently."""

import struct
import tracemalloc
from fractions import Fraction
from io import BytesIO

import cv2
import numpy as np
import PIL.Image
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from image.pictures import noise, png_chunk, png_file

from imgconv.errors import ImageReadError, ImageWriteError, OptionError
from imgconv.image import Frame, Image, probe, read, read_frames, write, write_frames
from imgconv.image.frames.canvas import CLEAR, KEEP, RESTORE, Canvas, Patch, blended, changed, shows_through
from imgconv.image.frames.clock import Clock

OPS = {KEEP: 0, CLEAR: 1, RESTORE: 2}
TENTHS = [Fraction(number, 10) for number in (1, 3, 2, 25)]


def animation(channels, dtype="uint8", levels=None, count=4):
    """Frames of a noise in which a patch moves, and their durations."""
    still = noise(channels, dtype, 21, 30)
    if levels:
        still = still // (256 // levels) * (256 // levels)
    if levels and channels in (2, 4):
        still[..., -1] = np.where(still[..., -1] < 128, 0, 255)
    frames = []
    for number in range(count):
        pixels = still.copy()
        pixels[3 + number : 9 + number, 5 : 11 + number] = still[number, number]
        frames.append(Frame(Image(pixels, alpha=channels in (2, 4)), TENTHS[number]))
    return frames


def written(frames, format, **options):
    file = BytesIO()
    write_frames(file, frames, format=format, **options)
    return file.getvalue()


def colours(pixels):
    """Pixels as RGBA whose transparent ones are 0."""
    if pixels.shape[2] < 3:
        pixels = pixels[:, :, [0, 0, 0, *range(1, pixels.shape[2])]]
    if pixels.shape[2] == 3:
        pixels = np.dstack([pixels, np.full(pixels.shape[:2], np.iinfo(pixels.dtype).max, pixels.dtype)])
    return pixels * (pixels[:, :, 3:] > 0)


WRITTEN = [("gif", "uint8"), ("webp", "uint8"), ("png", "uint8"), ("png", "uint16")]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("format", "dtype"), WRITTEN)
def test_animations_come_back_as_they_were(format, dtype, channels):
    frames = animation(channels, dtype, 6 if format == "gif" else None)
    back = read_frames(written(frames, format, plays=3))
    assert (len(back), back.header.unit, back.header.plays) == (4, "frame", 3)
    assert [frame.duration for frame in back] == TENTHS
    for mine, theirs in zip(back, frames, strict=True):
        np.testing.assert_array_equal(colours(mine.image.pixels), colours(theirs.image.pixels))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("format", "dtype"), WRITTEN)
@pytest.mark.parametrize("plays", [0, 1, 5])
def test_opencv_shows_animations_the_same(format, dtype, channels, plays, tmp_path):
    frames = animation(channels, dtype, 6 if format == "gif" else None)
    path = tmp_path / f"a.{format}"
    write_frames(path, frames, plays=plays)
    done, theirs = cv2.imreadanimation(str(path))
    assert done and len(theirs.frames) == 4
    if plays != 1 or format != "gif":  # of a GIF without a number of repetitions it says 0
        assert theirs.loop_count == plays
    assert [Fraction(int(one), 1000) for one in theirs.durations] == TENTHS
    for mine, other in zip(frames, theirs.frames, strict=True):
        order = [2, 1, 0, 3][: other.shape[2]]
        np.testing.assert_array_equal(colours(mine.image.pixels), colours(other[:, :, order]))


def test_a_gif_without_repetitions_says_nothing_of_them():
    assert b"NETSCAPE" not in written(animation(3, levels=6), "gif", plays=1)
    twice = written(animation(3, levels=6), "gif", plays=2)
    assert b"NETSCAPE2.0\x03\x01\x01\x00\x00" in twice  # once more
    assert PIL.Image.open(BytesIO(twice)).info["loop"] == 1


patches = st.builds(
    lambda left, top, width, height, disposal, over, opaque: Patch(
        left, top, width, height, Fraction(1), disposal, over, opaque
    ),
    *[st.integers(0, 3)] * 2,
    *[st.integers(1, 3)] * 2,
    st.sampled_from([KEEP, CLEAR, RESTORE]),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(patches, min_size=1, max_size=6), st.booleans())
def test_what_is_said_to_be_opaque_is(rest, covers):
    first = Patch(0, 0, 6, 6, Fraction(1), rest[0].disposal, opaque=covers)
    canvas = Canvas(6, 6, 2, True, "uint8")
    shown = []
    for patch in [first, *rest]:
        pixels = np.full((patch.height, patch.width, 2), 255 if patch.opaque else 0, np.uint8)
        shown.append(canvas.lay(patch, pixels)[..., 1].min())
    if not shows_through([first, *rest], 6, 6):
        assert set(shown) == {255}


def packed(pixels, colour, depth):
    """What PNG's image chunk holds of these pixels."""
    rows = [row.astype(pixels.dtype.newbyteorder(">")).tobytes() for row in pixels]
    data = png_file(pixels.shape[1], pixels.shape[0], depth, colour, rows)
    at = data.index(b"IDAT")
    return data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at], "big")]


def apng_by_hand(canvas, frames, colour=6, depth=8, default=None):
    """An APNG file of (pixels, left, top, disposal, blend, delay) by PNG's chunks alone."""
    head = struct.pack(">IIBBBBB", *canvas, depth, colour, 0, 0, 0)
    parts, number = [(b"IHDR", head), (b"acTL", struct.pack(">II", len(frames), 0))], 0
    if default is not None:
        parts.append((b"IDAT", packed(default, colour, depth)))
    for pixels, left, top, disposal, blend, delay in frames:
        height, width = pixels.shape[:2]
        place = struct.pack(">IIIIIHHBB", number, width, height, left, top, *delay, OPS[disposal], blend)
        parts.append((b"fcTL", place))
        number += 1
        if number == 1 and default is None:
            parts.append((b"IDAT", packed(pixels, colour, depth)))
        else:
            parts.append((b"fdAT", struct.pack(">I", number) + packed(pixels, colour, depth)))
            number += 1
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in [*parts, (b"IEND", b"")])


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("disposal", [KEEP, CLEAR, RESTORE])
@pytest.mark.parametrize("blend", [0, 1])
def test_apng_frames_are_put_together_as_opencv_does(depth, disposal, blend):
    rng = np.random.default_rng(disposal == KEEP)
    frames = [(rng.integers(0, 256, (9, 12, 4), np.uint8), 0, 0, KEEP, 0, (1, 0))]
    for place in range(3):
        patch = rng.integers(0, 256, (4 + place, 5, 4), np.uint8)
        patch[0, :, 3], patch[1, :, 3] = 0, 255
        frames.append((patch, place * 2, place, disposal, blend, (place, 7)))
    eight = apng_by_hand((12, 9), frames)
    deep = [(pixels.astype(np.uint16) * 257, *rest) for pixels, *rest in frames]
    back = list(read_frames(eight if depth == 8 else apng_by_hand((12, 9), deep, depth=16)))
    assert [frame.duration for frame in back] == [Fraction(1, 100), 0, Fraction(1, 7), Fraction(2, 7)]
    done, theirs = cv2.imdecodeanimation(np.frombuffer(eight, np.uint8))
    assert done and len(theirs.frames) == len(back)
    for frame, other in zip(back, theirs.frames, strict=True):
        mine = frame.image.pixels if depth == 8 else np.rint(frame.image.pixels / 257)
        expected = colours(other[:, :, [2, 1, 0, 3]]).astype(int)
        np.testing.assert_allclose(colours(mine.astype(np.uint8)).astype(int), expected, atol=2 * blend)


def test_blending_is_that_of_the_formula():
    below, above = noise(4, "uint16", seed=1), noise(4, "uint16", seed=2)
    above[:5, :, 3], below[5:9, :, 3], above[9:12, :, 3] = 0, 0, 65535
    share, lower = above[..., 3:] / 65535, below[..., 3:] / 65535
    alpha = share + lower * (1 - share)
    mixed = above[..., :3] * share + below[..., :3] * lower * (1 - share)
    expected = np.dstack([mixed / np.where(alpha > 0, alpha, 1), alpha * 65535])
    seen = alpha[..., 0] > 0
    np.testing.assert_allclose(blended(below, above)[seen], expected[seen], atol=0.5 + 1e-6)


def test_apng_without_alpha_gets_one_where_it_is_cleared():
    whole, patch = noise(3, rows=9, cols=12), noise(3, rows=4, cols=5)
    frames = [(whole, 0, 0, KEEP, 0, (1, 10)), (patch, 2, 3, CLEAR, 0, (1, 10)), (patch, 0, 0, KEEP, 0, (1, 10))]
    kept = read_frames(apng_by_hand((12, 9), frames[:2], colour=2))
    assert kept.header.words == "12x9 RGB, 8 bit, 2 frames"
    back = list(read_frames(apng_by_hand((12, 9), frames, colour=2)))
    assert back[0].image.alpha and not back[2].image.pixels[4:7, 5:7, 3].any()
    np.testing.assert_array_equal(back[1].image.pixels[3:7, 2:7, :3], patch)
    np.testing.assert_array_equal(back[2].image.pixels[8, :, :3], whole[8])


def test_the_default_image_of_an_apng_that_is_no_frame_is_left_out():
    default, *pictures = (noise(3, rows=5, cols=6, seed=number) for number in range(3))
    frames = [(picture, 0, 0, KEEP, 0, (1, 10)) for picture in pictures]
    back = read_frames(apng_by_hand((6, 5), frames, colour=2, default=default))
    assert "its default image is no frame and is left out" in back.header.notes
    assert len(back) == 2
    for mine, theirs in zip(back, pictures, strict=True):
        np.testing.assert_array_equal(mine.image.pixels, theirs)


def gif_by_hand(size, palette, frames, clear=None):
    """A GIF file of (indices, left, top, disposal), each packed by Pillow."""
    parts = [struct.pack("<6sHHBBB", b"GIF89a", *size, 0xF1, 1, 0), bytes(palette)]
    for indices, left, top, disposal in frames:
        picture = PIL.Image.fromarray(np.asarray(indices, np.uint8)).convert("L")
        picture = PIL.Image.frombytes("P", picture.size, picture.tobytes())
        picture.putpalette(bytes(range(1, 250)) * 3)
        file = BytesIO()
        picture.save(file, "GIF", optimize=False, interlace=0)
        data = file.getvalue()
        at = data.rindex(b",", 0, 13 + 768 + 30)
        height, width = np.shape(indices)
        parts.append(struct.pack("<BBBBHBB", 0x21, 0xF9, 4, disposal << 2 | (clear is not None), 7, clear or 0, 0))
        parts.append(struct.pack("<BHHHHB", 0x2C, left, top, width, height, 0) + data[at + 10 : -1])
    return b"".join([*parts, b";"])


def test_gif_patches_are_laid_over_what_is_left():
    red, blue, back, clear = (255, 0, 0, 255), (0, 0, 255, 255), (9, 9, 9), (0, 0, 0, 0)
    palette = [*red[:3], *back, *blue[:3], 0, 0, 0]
    whole, patch, hole = np.zeros((4, 5)), np.full((2, 2), 2), np.array([[2, 3], [3, 2]])
    data = gif_by_hand(
        (5, 4),
        palette,
        [(whole, 0, 0, 1), (patch, 1, 1, 3), (hole, 3, 0, 2), (patch, 0, 2, 0), (patch, 4, 3, 1)],
        clear=3,
    )
    expected = np.zeros((5, 4, 5, 4), np.uint8)
    expected[:] = red
    expected[1, 1:3, 1:3] = blue  # and what was below comes back
    expected[2, 0, 3] = expected[2, 1, 4] = blue  # its transparent pixels show red, then all of it is cleared
    expected[3:, 0:2, 3:5] = clear
    expected[3:, 2:4, 0:2] = blue
    expected[4, 3, 4] = blue  # the rest of the patch is beyond the canvas
    shown = read_frames(data)
    assert shown.header.alpha and len(shown) == 5
    for number, frame in enumerate(shown):
        assert frame.duration == Fraction(7, 100)
        np.testing.assert_array_equal(frame.image.pixels, expected[number], err_msg=str(number))


def test_one_frame_can_be_read_and_without_a_word_the_first_is():
    frames = animation(3)
    data = written(frames, "png")
    for number in range(4):
        image = read(data, frame=number)
        np.testing.assert_array_equal(image.pixels, frames[number].image.pixels)
        assert image.notes == () and image.header.frame == number
    assert read(data).notes == ("has 4 frames; the first one is read",)
    with pytest.raises(OptionError, match="has 4 frames, numbered from 0 to 3"):
        read(data, frame=4)
    still = BytesIO()
    write(still, frames[0].image, format="png")
    assert read(still.getvalue(), frame=0).notes == () and len(read_frames(still.getvalue())) == 1
    with pytest.raises(OptionError, match="has one frame, number 0"):
        read(still.getvalue(), frame=1)


@pytest.mark.parametrize("format", ["gif", "png", "webp"])
def test_no_frame_is_lost_silently_when_a_file_is_cut(format):
    data = written(animation(3, levels=6), format)
    tail = {"gif": 1, "png": 12, "webp": 0}[format]  # what says no more than that it is the end
    ends = [*range(40, len(data) - 1, 97), *range(len(data) - 40, len(data))]
    for end in ends:
        try:
            frames = list(read_frames(data[:end]))
        except ImageReadError:
            continue
        if format == "gif":
            assert "its data end without GIF's end mark: frames may be missing" in read_frames(data[:end]).header.notes
        else:
            assert end >= len(data) - tail and len(frames) == 4, end


def test_frames_out_of_order_are_refused():
    data = written(animation(3), "png")
    second = data.index(b"fdAT")
    size = int.from_bytes(data[second - 4 : second], "big")
    body = struct.pack(">I", 9) + data[second + 8 : second + 4 + size]
    with pytest.raises(ImageReadError, match="out of order"):
        probe(data[: second - 4] + png_chunk(b"fdAT", body) + data[second + 8 + size :])


def test_damage_in_a_later_frame_is_an_error():
    data = bytearray(written(animation(3), "png"))
    data[data.rindex(b"fdAT") + 20] ^= 1
    frames = iter(read_frames(bytes(data)))
    for _ in range(3):
        next(frames)
    with pytest.raises(ImageReadError, match="checksum"):
        next(frames)


@given(st.lists(st.fractions(0, 3, max_denominator=1000), max_size=30), st.sampled_from([100, 1000]))
def test_rounded_durations_do_not_drift(durations, unit):
    clock = Clock("GIF", unit, 10**6)
    ticks = [clock.ticks(duration) for duration in durations]
    for end in range(len(ticks) + 1):
        assert abs(sum(ticks[:end]) - sum(durations[:end]) * unit) <= Fraction(1, 2)
    assert bool(clock.notes) == any((duration * unit).denominator > 1 for duration in durations)


def test_what_a_format_cannot_say_of_time_is_said():
    picture = noise(3, rows=4, cols=4) // 64 * 64
    notes = write_frames(BytesIO(), [Frame(Image(picture), Fraction(1, 30))] * 2, format="gif")
    assert notes == ("GIF counts durations in 1/100 s: they are rounded to that",)
    notes = write_frames(BytesIO(), [Frame(Image(picture), Fraction(1000))] * 2, format="gif", plays=10**6)
    assert notes == (
        "GIF repeats an animation 65536 times at most, not 1000000",
        "GIF shows a frame for 655.35 s at most: longer ones are cut to that",
    )
    long = written([Frame(Image(picture), Fraction(7001, 10)), picture], "png")
    assert abs(next(iter(read_frames(long))).duration - Fraction(7001, 10)) < Fraction(1, 100)


def test_frames_with_many_colours_are_reduced_and_that_is_said():
    frames = [noise(3, rows=40, cols=40, seed=1), noise(3, rows=40, cols=40, seed=1) // 128 * 128]
    file = BytesIO()
    notes = write_frames(file, frames, format="gif")
    assert notes == (
        "1 of 2 frames have more than GIF's 256 colours and were reduced to that (PNG and WebP keep them)",
    )
    first, second = read_frames(file.getvalue())
    assert abs(first.image.pixels.astype(int) - frames[0]).mean() < 20
    np.testing.assert_array_equal(second.image.pixels, frames[1])


def test_frames_that_make_no_animation_are_refused(tmp_path):
    square, wide = noise(3, rows=4, cols=4), noise(3, rows=4, cols=5)
    with pytest.raises(ImageWriteError, match="one size and type, but frame 0 is 4x4 RGB, 8 bit, frame 1 5x4"):
        write_frames(tmp_path / "a.gif", [square, wide])
    with pytest.raises(ImageWriteError, match="JPEG holds one image"):
        write_frames(tmp_path / "a.jpg", [square])
    with pytest.raises(ImageWriteError, match="no image to write"):
        write_frames(tmp_path / "a.png", [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", ["gif", "png", "webp"])
def test_frames_are_not_held_all_at_once(format):
    picture = noise(3, rows=300, cols=400) // 86 * 86
    picture[20:, 20:] = 0

    def moving():
        for number in range(60):
            yield np.roll(picture, number, axis=1)

    tracemalloc.start()
    data = written(moving(), format)
    for _ in read_frames(data):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25 * picture.nbytes + 3 * len(data)


def test_only_what_has_changed_is_written():
    before = noise(3)
    now = before.copy()
    now[5:9, 7:20, 1] += 1
    assert changed(None, now) == (0, 0, 53, 37)
    assert changed(before, now) == (7, 5, 13, 4) and changed(before, now, 2) == (6, 4, 14, 5)
    assert changed(before, before) == (0, 0, 1, 1)


def test_metadata_travel_with_an_animation():
    from imgconv.image import Metadata

    meta = Metadata(xmp=b"<x:xmpmeta/>", dpi=(72.0, 72.0), text=(("Comment", "moving"),))
    frames = [Frame(frame.image.replace(metadata=meta), frame.duration) for frame in animation(3, levels=6)]
    found = {format: read(written(frames, format)).metadata for format in ("png", "webp", "gif")}
    assert found["png"].text == found["gif"].text == meta.text
    assert found["png"].xmp == found["webp"].xmp == meta.xmp
    assert found["png"].dpi == pytest.approx(meta.dpi, abs=0.01)


def stack(count=5, dtype="uint16"):
    return np.stack([noise(1, dtype, 16, 20, seed)[..., 0] for seed in range(count)])


def tiff_bytes(pixels, **options):
    file = BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


STACKS = [
    {"photometric": "minisblack"},
    {"photometric": "minisblack", "compression": "zlib", "predictor": True},
    {"photometric": "minisblack", "tile": (16, 16), "bigtiff": True},
    {"imagej": True},
    {"photometric": "minisblack", "byteorder": ">", "rowsperstrip": 3},
]


@pytest.mark.parametrize("options", STACKS, ids=lambda options: " ".join(map(str, options)))
def test_every_page_of_a_stack_is_read(options):
    pixels = stack()
    data = tiff_bytes(pixels, **options)
    back = read_frames(data)
    assert (len(back), back.header.unit, back.header.words) == (5, "page", "20x16 grey, 16 bit, 5 pages")
    for frame, page in zip(back, pixels, strict=True):
        assert frame.duration is None
        np.testing.assert_array_equal(frame.image.pixels[..., 0], page)
    np.testing.assert_array_equal(read(data, frame=3).pixels[..., 0], pixels[3])


def test_an_imagej_stack_of_one_directory_has_all_its_images():
    pixels = stack()
    data = bytearray(tiff_bytes(pixels, imagej=True))
    with tifffile.TiffFile(BytesIO(bytes(data))) as file:
        first = file.pages.first
        link = first.offset + 2 + 12 * len(first.tags)
    data[link : link + 4] = bytes(4)  # ImageJ itself writes no second directory
    back = read_frames(bytes(data))
    assert any("ImageJ description" in note for note in back.header.notes)
    for frame, page in zip(back, pixels, strict=True):
        np.testing.assert_array_equal(frame.image.pixels[..., 0], page)
    with pytest.raises(ImageReadError, match="breaks off"):
        probe(tiff_bytes(pixels, imagej=True)[:-700])


def mixed_pages():
    """Pages of three sizes and types, one of them through Pillow, and a thumbnail that is none."""
    pages = [noise(3, rows=9, cols=8), stack(1, "float32")[0], stack(1)[0], noise(1, rows=5, cols=7)[..., 0] // 128]
    file = BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for number, page in enumerate(pages):
            kind = "rgb" if page.ndim == 3 else "minisblack"
            page = page.astype(bool) if number == 3 else page
            writer.write(page, photometric=kind, metadata=None, description=f"page {number}")
            if number == 1:
                writer.write(pages[0][:3, :3], photometric="rgb", subfiletype=1, metadata=None)
    pages[3] *= 255
    return file.getvalue(), [page.reshape(*page.shape[:2], -1) for page in pages]


def test_pages_differ_in_size_type_and_decoder(tmp_path):
    data, pages = mixed_pages()
    back = read_frames(data)
    assert len(back) == 4 and "1 reduced copy or mask is left out" in back.header.notes
    for number, (frame, page) in enumerate(zip(back, pages, strict=True)):
        np.testing.assert_array_equal(frame.image.pixels, page)
        np.testing.assert_array_equal(read(data, frame=number).pixels, page)
    write_frames(tmp_path / "a.tif", back, compression=6)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert [page.description for page in file.pages] == [f"page {number}" for number in range(4)]
        assert {page.compression for page in file.pages} == {tifffile.COMPRESSION.ADOBE_DEFLATE}
        for written_page, page in zip(file.pages, pages, strict=True):
            np.testing.assert_array_equal(written_page.asarray().reshape(page.shape), page)


@pytest.mark.parametrize("make", [lambda: tiff_bytes(stack(), photometric="minisblack"), lambda: mixed_pages()[0]])
def test_no_page_is_lost_silently_when_a_tiff_is_cut(make):
    data = make()
    whole = [frame.image.pixels.tobytes() for frame in read_frames(data)]
    for end in [*range(8, len(data), 149), *range(len(data) - 30, len(data))]:
        try:
            found = [frame.image.pixels.tobytes() for frame in read_frames(data[:end])]
        except ImageReadError:
            continue
        assert found == whole, end


def test_a_page_that_cannot_be_read_does_not_keep_another_from_being():
    first, second = stack(2)
    file = BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(first, photometric="minisblack", metadata=None)
        writer.write(second, photometric="minisblack", metadata=None)
    data = bytearray(file.getvalue())
    with tifffile.TiffFile(BytesIO(bytes(data))) as pages:
        tag = pages.pages[1].tags[262]
        data[tag.valueoffset : tag.valueoffset + 2] = struct.pack("<H", 9999)
    np.testing.assert_array_equal(read(bytes(data), frame=0).pixels[..., 0], first)
    with pytest.raises(ImageReadError):
        read(bytes(data), frame=1)
