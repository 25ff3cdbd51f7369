"""Writing: what is refused beforehand, and a target that is the old file or the whole new one."""

import gc
import io
import os
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest
from image.pictures import leftovers, noise

from imgconv.errors import ImageWriteError, OptionError
from imgconv.image import FORMATS, Header, Image, as_image, check_target, encode, format_of, read, write, write_frames

NAMES = [
    ("a.png", None, "PNG"),
    ("a.JPG", None, "JPEG"),
    ("a.tiff", None, "TIFF"),
    ("dir.png/a.npy", None, "NPY"),
    ("-", "png", "PNG"),
    ("a.png", ".TIF", "TIFF"),
    ("a", "webp", "WebP"),
]


@pytest.mark.parametrize(("target", "format", "expected"), NAMES)
def test_format_of(target, format, expected):
    assert format_of(target, format) == expected


@pytest.mark.parametrize("target", ["a", "a.eps", "a.pdf", "a.", ".png", "a.xyz"])
def test_an_unsupported_suffix_lists_those_that_are(target):
    with pytest.raises(ImageWriteError, match=r"png, jpg, tif, webp"):
        format_of(target)


def test_an_unsupported_format_is_refused():
    with pytest.raises(OptionError, match=r"format: 'jgp' .*did you mean 'jpg'"):
        format_of("a.png", "jgp")
    with pytest.raises(OptionError, match="no suffix"):
        format_of(io.BytesIO())


REFUSED = [
    ("x.jpg", 3, "uint16", r"JPEG cannot hold 16-bit samples; write \.png or \.tif .*--depth 8"),
    ("x.webp", 3, "float32", r"32-bit float.*\.tif or \.npy.*--depth 8"),
    ("x.png", 3, "float64", r"64-bit float.*\.tif or \.npy.*--depth 8 or 16"),
    ("x.bmp", 1, "uint16", r"--depth 8"),
    ("x.gif", 1, "uint16", r"--depth 8"),
    ("x.jpg", 4, "uint8", r"JPEG cannot hold alpha; write \.png or \.tif .*--alpha drop"),
    ("x.bmp", 4, "uint8", r"--alpha drop"),
    ("x.ppm", 4, "uint16", r"--alpha drop"),
    ("x.pgm", 3, "uint8", r"PGM cannot hold RGB pixels; write \.png or \.tif"),
    ("x.pfm", 3, "uint8", r"32-bit floats only"),
    ("x.png", 7, "uint8", r"7 channels; write \.tif or \.npy"),
]


@pytest.mark.parametrize(("target", "channels", "dtype", "words"), REFUSED)
def test_what_would_be_lost_is_refused_before_and_while_writing(target, channels, dtype, words, tmp_path):
    pixels = noise(channels, dtype)
    with pytest.raises(ImageWriteError, match=words):
        check_target(tmp_path / target, as_image(pixels))
    with pytest.raises(ImageWriteError, match=words):
        write(tmp_path / target, pixels)
    assert not list(tmp_path.iterdir())


def test_a_header_is_enough_to_check(tmp_path):
    header = Header("a", "PNG", 20000, 10, 3, False, "uint8", "RGB")
    assert check_target(tmp_path / "x.png", header) == ()
    with pytest.raises(ImageWriteError, match="16383 pixels a side, 20000x10"):
        check_target(tmp_path / "x.webp", header)
    ink = Header("a", "JPEG", 20, 10, 4, False, "uint8", "CMYK")
    assert "CMYK is converted to RGB" in check_target(tmp_path / "x.png", ink)[0]
    assert check_target(tmp_path / "x.tif", ink) == ()


@pytest.fixture
def places(tmp_path):
    (tmp_path / "old.png").write_bytes(b"old")
    (tmp_path / "folder.png").mkdir()
    return tmp_path


PLACES = [
    ("missing/x.png", "there is no directory"),
    ("folder.png", "this is a directory"),
    ("old.png", "the file exists; --overwrite replaces it"),
    ("old.png/x.png", "is no directory"),
    ("a\0b.png", "null character"),
    ("n" * 300 + ".png", "too long"),
]


@pytest.mark.parametrize("act", [check_target, write])
@pytest.mark.parametrize(("target", "words"), PLACES)
def test_bad_places_are_refused(act, target, words, places):
    with pytest.raises(ImageWriteError, match=words):
        act(os.path.join(places, target), as_image(noise()))  # noqa: PTH118 - Path refuses a null character
    assert (places / "old.png").read_bytes() == b"old" and not leftovers(places)


def test_overwrite_keeps_the_mode_and_follows_links(places):
    old, link = places / "old.png", places / "link.png"
    old.chmod(0o640)
    link.symlink_to("old.png")
    with pytest.raises(ImageWriteError, match="exists"):
        write(link, noise())
    write(link, noise(), overwrite=True)
    assert link.is_symlink() and stat.S_IMODE(old.stat().st_mode) == 0o640
    np.testing.assert_array_equal(read(old).pixels, noise())


def test_a_dangling_link_gets_its_file(tmp_path):
    (tmp_path / "link.png").symlink_to("new.png")
    write(tmp_path / "link.png", noise())
    assert (tmp_path / "link.png").is_symlink() and (tmp_path / "new.png").is_file()


def test_a_new_file_has_the_mode_of_the_umask(tmp_path):
    code = (
        "import os, sys, numpy; os.umask(0o027)\n"
        "from imgconv.image import write; write(sys.argv[1], numpy.zeros((3, 4), 'u1'))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "x.png")], check=True)
    assert stat.S_IMODE((tmp_path / "x.png").stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.png"]


def test_output_may_be_the_input(tmp_path):
    path = tmp_path / "x.png"
    write(path, noise())
    write(path, read(path).with_pixels(noise()[::-1]), overwrite=True)
    np.testing.assert_array_equal(read(path).pixels, noise()[::-1])


def test_of_two_runs_without_overwrite_one_wins(tmp_path):
    outcomes, start = [], threading.Barrier(4)

    def run(level):
        start.wait()
        try:
            outcomes.append(write(tmp_path / "x.tif", np.full((500, 500), level, np.uint8)))
        except ImageWriteError as fault:
            outcomes.append(str(fault))

    threads = [threading.Thread(target=run, args=(level,)) for level in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(()) == 1 and sum("exists" in str(outcome) for outcome in outcomes) == 3
    pixels = read(tmp_path / "x.tif").pixels
    assert (pixels == pixels[0, 0]).all() and not leftovers(tmp_path)


class Interrupting:
    """Pixels whose encoding is interrupted."""

    def __get__(self, image, owner=None):
        raise KeyboardInterrupt


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_interrupt_leaves_nothing_behind(overwrite, places, monkeypatch):
    from imgconv.image.png import write as png

    monkeypatch.setattr(png._Strips, "filtered", Interrupting())
    target = places / ("old.png" if overwrite else "new.png")
    with pytest.raises(KeyboardInterrupt):
        write(target, noise(), overwrite=overwrite)
    assert (places / "old.png").read_bytes() == b"old"
    assert sorted(path.name for path in places.iterdir()) == ["folder.png", "old.png"]


def test_devices_are_written_as_they_are():
    assert write("/dev/null", noise(), format="png") == ()
    with pytest.raises(ImageWriteError, match="/dev/full: no space is left on the disk"):
        write("/dev/full", noise(), format="png")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg", "webp", "bmp", "gif", "ppm", "pam", "npy"])
def test_a_full_disk_leaves_the_old_file(suffix, small_disk):
    old = small_disk / f"old.{suffix}"
    old.write_bytes(b"old")
    for target, overwrite in ((old, True), (small_disk / f"new.{suffix}", False)):
        with pytest.raises(ImageWriteError) as caught:
            write(target, noise(rows=600, cols=500), overwrite=overwrite)
        assert str(caught.value) == f"{target}: no space is left on the disk"
    assert old.read_bytes() == b"old" and len(list(small_disk.iterdir())) == 1


def test_a_read_only_disk_is_seen_before_work(small_disk):
    (small_disk / "old.png").write_bytes(b"old")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for act in (check_target, write):
        with pytest.raises(ImageWriteError, match="read-only file system"):
            act(small_disk / "old.png", as_image(noise()), overwrite=True)
        with pytest.raises(ImageWriteError, match="read-only file system"):
            act(small_disk / "new.png", as_image(noise()))


def test_to_a_binary_file():
    file = io.BytesIO()
    assert write(file, noise(), format="png") == ()
    np.testing.assert_array_equal(read(file.getvalue()).pixels, noise())

    for format in ("png", "jpg", "npy", "tif"):
        with pytest.raises(ImageWriteError, match="no space is left"):
            write(Full(), noise(), format=format)


class Full(io.RawIOBase):
    """A pipe to a full disk."""

    def writable(self):
        return True

    def write(self, data):
        raise OSError(28, "full")


@pytest.mark.parametrize("item", FORMATS, ids=lambda item: item.name)
def test_a_failure_keeps_no_memory_file_busy(item):
    """Python 3.12.1 crashes where it collects a memory file that an exception's frames hold with a view of it."""
    if item.library:
        pytest.importorskip(item.library.module or item.library.name)
    pixels, suffix, failures = noise(dtype=item.dtypes[0]), item.suffixes[0], []
    with pytest.raises(ImageWriteError) as failure:
        write(Full(), pixels, format=suffix)
    failures.append(failure)
    if item.unit:
        with pytest.raises(ImageWriteError) as failure:
            write_frames(Full(), [as_image(pixels)] * 2, format=suffix)
        failures.append(failure)
    files = [thing for thing in gc.get_objects() if type(thing) is io.BytesIO and not thing.closed]
    for file in files:
        file.write(b"")  # a BufferError while anything has a view of it


@pytest.mark.parametrize("level", [-1, 10, 2.5])
def test_compression_is_0_to_9(level):
    with pytest.raises(OptionError, match="compression"):
        encode(noise(), "png", compression=level)


ODD = [
    (np.zeros(3), "is no image"),
    (np.zeros((0, 4)), "is no image"),
    (np.zeros((2, 2, 2, 2)), "is no image"),
    (np.zeros((3, 3), complex), "complex128"),
    (np.full((3, 3), 2**60), "int64"),
    (np.array([["a"]]), "str"),
]


@pytest.mark.parametrize(("pixels", "words"), ODD)
def test_arrays_that_are_no_image(pixels, words):
    with pytest.raises(ImageWriteError, match=words):
        encode(pixels, "tif")


def test_plain_arrays_are_taken():
    for shape, alpha in (((4, 5), False), ((4, 5, 2), True), ((4, 5, 4), True), ((4, 5, 3), False)):
        assert as_image(np.zeros(shape, np.uint8)).alpha is alpha
    assert read(encode([[0.0, 1.0], [2.0, 3.0]], "tif")).dtype == "float64"
    assert isinstance(as_image(noise()), Image)


def test_more_compression_makes_smaller_png_and_tiff():
    rows = np.add.outer(np.arange(400), np.arange(300)).astype(np.uint8)
    for suffix in ("png", "tif"):
        sizes = [len(encode(rows, suffix, compression=level)) for level in (0, 1, 9)]
        assert sizes[0] > rows.size > sizes[1] >= sizes[2]
    assert len(encode(rows, "png")) < rows.size / 10
