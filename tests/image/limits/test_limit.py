"""Large images, and small files that ask for much: refused by their headers, and let in where that is asked for."""

import struct
import time
import tracemalloc
import zlib
from contextlib import contextmanager, suppress
from io import BytesIO

import numpy as np
import pytest
from cli.running import run
from image.pictures import noise, png_chunk, png_file

from imgconv.errors import ImageReadError, ImageWriteError
from imgconv.image import FORMATS, encode, probe, read, read_frames, write_frames
from imgconv.image.limits.size import MAX_PIXELS, amount
from imgconv.words.number import PIXELS

MEGABYTE = 2**20


@contextmanager
def cheaply(megabytes=200, seconds=10.0):
    """Hold what is done to that much memory allocated by Python, and processor time."""
    tracemalloc.start()
    start = time.process_time()
    try:
        yield
        spent, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < megabytes * MEGABYTE
    assert spent < seconds


def encoded(suffix, rows=30, cols=40):
    """A picture in a format, in colour where it has any."""
    kinds = {one.suffixes[0]: one for one in FORMATS}[suffix]
    try:
        return encode(noise(3 if kinds.holds("RGB", False) else 1, kinds.dtypes[0], rows, cols), suffix)
    except ImageWriteError as fault:  # an optional library is not here
        pytest.skip(str(fault))


@pytest.mark.parametrize("suffix", sorted({one.suffixes[0] for one in FORMATS}))
@pytest.mark.parametrize("act", [probe, read])
def test_the_limit_is_in_pixels_and_says_how_to_raise_it(suffix, act):
    if suffix == "tif" and act is probe:
        pytest.skip("a TIFF file may be filtered some rows at a time: see below")
    data = encoded(suffix)
    assert act(data, max_pixels=1200).width == 40
    with pytest.raises(ImageReadError, match=r"asks for 40x30 pixels, beyond the limit of 1199; --max-pixels 1200 "):
        act(data, max_pixels=1199)


def test_the_header_of_a_tiff_file_may_say_any_height_but_no_more_is_decoded_than_may_be_held(tmp_path):
    """What is allowed: to be told its size, and to be streamed. What is not: to read it, or to filter it whole."""
    data = encoded("tif")
    assert probe(data, max_pixels=40).height == 30  # it holds one row
    with pytest.raises(ImageReadError, match="asks for 40x30 pixels, beyond the limit of 39; --max-pixels 1200 "):
        probe(data, max_pixels=39)
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    source.write_bytes(data)
    for more in ([], ["--dry-run"]):
        ran = run("apply", source, target, "-k", "sobel", "--max-pixels", "1199", *more)
        assert (ran.code, target.exists()) == (1, False) and "--max-pixels 1200 lets it in" in ran.err


@pytest.mark.parametrize(
    ("name", "compression"),
    [("apply", 1), ("apply", 8), ("read", 5), ("read", 32773), ("probe", 1), ("probe", 5)],
)
def test_a_tiff_file_that_is_a_bomb_costs_a_look_at_its_header(name, compression, tmp_path):
    """A few bytes that ask for 900 million pixels, in strips of one row that are all stored in the same place."""
    side = 30_000
    listed = 8 + 2 + 12 * 9 + 4
    offsets, lengths = struct.pack("<I", listed - 100) * side, struct.pack("<I", 64) * side
    entries = [*GREY, (256, side), (257, side), (259, compression), (278, 1)]
    entries += [(273, 4, side, listed), (279, 4, side, listed + len(offsets))]
    source, target = tmp_path / "bomb.tif", tmp_path / "out.png"
    source.write_bytes(tiff(*entries, tail=offsets + lengths))
    with cheaply(60):
        if name == "apply":
            ran = run("apply", source, target, "-k", "identity")
            assert (ran.code, target.exists(), ran.err.count("\n")) == (1, False, 1)
            target = tmp_path / "out.tif"  # it would be streamed, but for the work
            ran = run("apply", source, target, "-k", "identity", "--max-pixels", "5M")
            assert (ran.code, target.exists(), ran.err.count("\n")) == (1, False, 1)
        elif name == "read":
            with pytest.raises(ImageReadError):
                read(source)
        else:
            with suppress(ImageReadError):
                assert probe(source).height == side


def frames_of(count, suffix, rows=30, cols=40):
    """A file of so many small frames or pages, each with a pixel of its own."""
    pictures = np.zeros((count, rows, cols, 3), np.uint8)
    pictures[np.arange(count), 0, np.arange(count) % cols] = 255
    file = BytesIO()
    write_frames(file, list(pictures), format=suffix)
    return file.getvalue()


SEVERAL = [one.suffixes[0] for one in FORMATS if one.unit]


@pytest.mark.parametrize("suffix", SEVERAL)
def test_frames_together_have_a_hundred_times_as_much(suffix, tmp_path):
    assert len(list(read_frames(frames_of(100, suffix), max_pixels=1200))) == 100
    data = frames_of(101, suffix)
    many = "first 101 pages" if suffix == "tif" else "101 frames"
    words = f"its {many} have 121200 pixels together, beyond the limit of 120000, 100 times that of one; --max-pixels "
    with pytest.raises(ImageReadError, match=words + "1212 lets them in"):
        list(read_frames(data, max_pixels=1200))
    assert len(list(read_frames(data, max_pixels=1212))) == 101
    with pytest.raises(ImageReadError, match="asks for 40x30 pixels, beyond the limit of 1199"):
        list(read_frames(data, max_pixels=1199))
    source, target = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    source.write_bytes(data)
    ran = run("apply", source, target, "-k", "sobel", "--max-pixels", "1200")
    assert (ran.code, target.exists(), ran.err.count("\n")) == (1, False, 1)
    assert ran.err.startswith(f"imgconv: {source}: its 101 ") and ran.err.endswith("--max-pixels 1212 lets them in\n")
    assert run("apply", source, target, "-k", "sobel", "--max-pixels", "1212").code == 0


@pytest.mark.parametrize("suffix", SEVERAL)
def test_one_of_many_frames_counts_with_those_before_it_that_it_is_laid_over(suffix):
    data = frames_of(101, suffix)
    assert probe(data, max_pixels=1200).frames == 101
    for number in (None, 0, 99):
        assert read(data, frame=number, max_pixels=1200).width == 40
    if suffix == "tif":
        assert read(data, frame=100, max_pixels=1200).width == 40
    else:
        with pytest.raises(ImageReadError, match="its first 101 frames have 121200 pixels together"):
            read(data, frame=100, max_pixels=1200)


@pytest.mark.parametrize("suffix", SEVERAL)
def test_frames_are_held_one_at_a_time(suffix):
    few, many = frames_of(4, suffix, 200, 300), frames_of(60, suffix, 200, 300)
    peaks = []
    for data in (few, many):
        for _ in read_frames(data):
            pass
        tracemalloc.start()
        for _ in read_frames(data):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 3 * 200 * 300 * 4


def gif_of_patches(side, count):
    """An animation whose frames change a pixel of a large canvas each: 20 bytes for all of it."""
    patch = b"!\xf9\4\4\1\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return struct.pack("<6sHHBBB", b"GIF89a", side, side, 0x80, 0, 0) + bytes(3) + b"\xff" * 3 + patch * count + b";"


def test_a_long_animation_of_an_ordinary_size_is_let_in(tmp_path):
    source = tmp_path / "long.gif"
    source.write_bytes(gif_of_patches(500, 5000))
    assert next(iter(read_frames(source))).image.width == 500 and probe(source).frames == 5000
    source.write_bytes(gif_of_patches(500, 400))
    ran = run("apply", source, "-", "--format", "gif", "-k", "sobel", "--dry-run")
    assert ran.code == 0 and "500x500" in ran.text + ran.err and "400 frames" in ran.text + ran.err


def test_an_animation_that_is_a_bomb_costs_a_look_at_its_blocks(tmp_path):
    """Each of its frames is within the limit, and all of them would take a day."""
    source, target = tmp_path / "bomb.gif", tmp_path / "out.png"
    source.write_bytes(gif_of_patches(8_000, 1000))
    assert source.stat().st_size < 30_000
    with cheaply(20):
        with pytest.raises(ImageReadError, match=r"1000 frames have 64G pixels together.* --max-pixels 640M lets"):
            next(iter(read_frames(source)))
        for more in ([], ["--dry-run"], ["--frame", "999"]):
            ran = run("apply", source, target, "-k", "sobel", *more)
            assert (ran.code, target.exists()) == (1, False) and "--max-pixels 640M lets them in" in ran.err


def test_a_row_that_is_too_large_by_itself_is_refused_by_its_header(tmp_path):
    """TIFF files may be as high as they like, as their rows are filtered as they come."""
    entries = [(258, 1, 1, 8), (262, 1), (277, 3, 1, 60_000), (256, 40_000), (257, 3), (259, 8), (273, 8)]
    data = tiff(*entries, (279, 8_000_000), tail=bytes(8_000_000))  # as much as could hold them
    with (
        cheaply(5),
        pytest.raises(ImageReadError, match="40000x3 pixels of 60000 channels, beyond the limit of 500M"),
    ):
        probe(data)


def test_of_many_channels_four_count_as_a_pixel():
    data = encode(noise(8, "uint8", 10, 10), "npy")
    assert read(data, max_pixels=200).channels == 8
    with pytest.raises(ImageReadError, match="10x10 pixels of 8 channels, beyond the limit of 199; --max-pixels 200 "):
        read(data, max_pixels=199)


@pytest.mark.parametrize("pixels", [1, 999, 10**7, 10**7 + 1, 123_456_789_012, 2**63])
def test_the_amount_that_is_named_is_enough(pixels):
    assert pixels <= PIXELS.parse(amount(pixels)) <= 1.1 * pixels


@pytest.mark.parametrize(
    ("word", "pixels"),
    [("250000", 250_000), ("500M", 5 * 10**8), ("1.5G", 15 * 10**8), ("2g", 2 * 10**9), ("0.5k", 500)],
)
def test_amounts_are_written_with_or_without_a_letter(word, pixels):
    assert PIXELS.parse(word) == pixels


@pytest.mark.parametrize("command", [("apply", "-k", "sobel"), ("pool", "--max", "2")])
def test_from_the_command_line(tmp_path, command):
    name, *arguments = command
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    source.write_bytes(encode(noise(3, rows=30, cols=40), "png"))
    ran = run(name, source, target, *arguments, "--max-pixels", "1k")
    assert (ran.code, ran.out, target.exists()) == (1, b"", False)
    assert ran.err.startswith(f"imgconv: {source}: ") and "--max-pixels 1200 lets it in" in ran.err
    for word in ("1200", "1.2k", "1G"):
        assert run(name, source, target, *arguments, "--max-pixels", word, "--overwrite").code == 0
    for word in ("0", "many", "1.5", "-3", "1e6"):
        ran = run(name, source, target, *arguments, "--max-pixels", word)
        assert ran.code == 2 and ran.err.startswith("imgconv: --max-pixels: ") and ran.err.count("\n") == 1


def test_images_beyond_the_limit_are_refused_before_a_pixel_is_decoded():
    side = 30_000
    png = png_file(side, side, 8, 2, [b""])
    tiff = encode(noise(1), "tif").replace(struct.pack("<I", 53), struct.pack("<I", side))
    assert side * side > MAX_PIXELS
    for data in (png, b"P6\n30000 30000\n255\n", b"P7\nWIDTH 30000\nHEIGHT 30000\nDEPTH 4\nMAXVAL 255\nENDHDR\n"):
        with cheaply(1), pytest.raises(ImageReadError, match="--max-pixels 900M lets it in"):
            probe(data)
    with cheaply(1), pytest.raises(ImageReadError):
        read(tiff)


def zeros(megabytes):
    """A zlib stream that inflates to so many zeros; it ends without a checksum."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeezer.compress(bytes(MEGABYTE)) + squeezer.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\xda" + block * megabytes


BOMBS = {
    "a text of 1 GB": [(b"zTXt", b"Comment\0\0" + zeros(1024))],
    "an international text of 1 GB": [(b"iTXt", b"Comment\0\1\0\0\0" + zeros(1024))],
    "a profile of 1 GB": [(b"iCCP", b"icc\0\0" + zeros(1024))],
    "many texts of 30 MB each": [(b"zTXt", b"Comment\0\0" + zeros(30))] * 100,
    "many texts of 100 MB each": [(b"zTXt", b"Comment\0\0" + zeros(100))] * 100,
}


@pytest.mark.parametrize("chunks", BOMBS.values(), ids=BOMBS)
def test_chunks_that_inflate_without_end_are_left_out_and_that_is_said(chunks):
    data = png_file(6, 4, 8, 2, [bytes(18)] * 4, chunks=chunks)
    with cheaply():
        image = read(data)
    assert image.pixels.shape == (4, 6, 3) and not image.metadata.icc
    assert sum(len(text) for _, text in image.metadata.text) <= 64 * MEGABYTE
    assert "text or a profile of more than 64 MB is left out" in image.notes


def test_image_data_beyond_the_last_row_are_left_alone():
    head = struct.pack(">IIBBBBB", 6, 4, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zeros(1024)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, part) for name, part in parts)
    with cheaply(20):
        assert not read(data).pixels.any()


def tiff(*entries, tail=b""):
    """A TIFF file of one directory of numbers, (tag, value) or (tag, type, count, value), and what follows it."""
    table = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    for tag, *rest in sorted(entries):
        kind, count, value = rest if len(rest) == 3 else (4, 1, rest[0])
        table += struct.pack("<HHII", tag, kind, count, value)
    return table + bytes(4) + tail


GREY = [(258, 8), (262, 1), (277, 1)]


def test_strips_that_inflate_far_beyond_their_rows():
    packed = zeros(1024)
    entries = [*GREY, (256, 40), (257, 30), (259, 8), (273, 8 + 2 + 12 * 9 + 4), (278, 30), (279, len(packed))]
    with cheaply(20), pytest.raises(ImageReadError, match="more than 1200 bytes when decompressed"):
        read(tiff(*entries, tail=packed))


def test_a_tile_far_larger_than_its_image():
    entries = [*GREY, (256, 40), (257, 30), (259, 1), (322, 2**16), (323, 2**16), (324, 8), (325, 100)]
    with cheaply(1), pytest.raises(ImageReadError):
        read(tiff(*entries, tail=bytes(1000)))
    packed = [(259, 8) if entry[0] == 259 else entry for entry in entries]
    with cheaply(1), pytest.raises(ImageReadError, match="tiles are larger than the image by far"):
        read(tiff(*packed, tail=bytes(1000)))


@pytest.mark.parametrize("count", ["1000000000", "9" * 300, "-5", "x"])
@pytest.mark.parametrize("compression", [1, 8])
def test_an_imagej_stack_of_more_images_than_the_file_can_hold(count, compression):
    text = f"ImageJ=1.54\nimages={count}\n".encode() + b"\0"
    rows = zlib.compress(bytes(1200)) if compression == 8 else bytes(1200)
    start = 8 + 2 + 12 * 10 + 4
    entries = [
        *(*GREY, (256, 40), (257, 30), (259, compression), (278, 30)),
        *((270, 2, len(text), start), (273, start + len(text)), (279, len(rows))),
    ]
    with cheaply(1):
        try:
            assert not read(tiff(*entries, tail=text + rows)).pixels.any()
        except ImageReadError as fault:
            assert "breaks off" in str(fault)


def test_directories_that_lie_over_one_another():
    """A file of a third of a megabyte that pretends to 65,536 pages of 4,096 fields each; no field is looked at."""
    pages, table = 2**16, 2 + 12 * 4096
    head = bytearray(tiff(*GREY, (256, 4), (257, 3), (259, 1), (273, 8), (279, 12)))
    struct.pack_into("<I", head, len(head) - 4, len(head))
    body = bytearray(struct.pack("<HH", 4096, 0) * (pages + table // 4 + 1))
    for page in range(pages - 1):
        struct.pack_into("<I", body, 4 * page + table, len(head) + 4 * (page + 1))
    with cheaply(50), pytest.raises(ImageReadError, match="directories lie over one another"):
        probe(bytes(head + body))
