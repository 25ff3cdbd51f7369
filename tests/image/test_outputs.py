"""Outputs that are no files, and what a replaced file keeps."""

import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from cli.running import run
from image.pictures import leftovers, noise

from imgconv.errors import ImageReadError, ImageWriteError
from imgconv.image import FORMATS, encode, read, write, write_frames
from imgconv.image.files import is_standard_output
from imgconv.system import portable

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes with names, owners and descriptors are POSIX's")

PLAIN = [item.suffixes[0] for item in FORMATS if "uint8" in item.dtypes and item.holds("RGB", False)]


class Reader(threading.Thread):
    """Reads a pipe to its end while somebody else writes to it."""

    def __init__(self, source):
        super().__init__(daemon=True)
        self.source, self.data = source, b""
        self.start()

    def run(self):
        with open(self.source, "rb") as file:  # noqa: PTH123 - or a descriptor
            self.data = file.read()

    def result(self):
        self.join(20)
        assert not self.is_alive()
        return self.data


@pytest.mark.parametrize("format", PLAIN)
def test_pipes_get_the_bytes_of_a_file(format, tmp_path):
    pixels, named = noise(), tmp_path / "pipe"
    try:
        expected = encode(pixels, format)
    except ImageWriteError as fault:
        pytest.skip(str(fault))
    os.mkfifo(named)
    reader = Reader(named)
    write(named, pixels, format=format)
    assert reader.result() == expected and stat.S_ISFIFO(named.stat().st_mode)

    ours, theirs = os.pipe()
    reader = Reader(ours)
    write(f"/dev/fd/{theirs}", pixels, format=format)
    os.close(theirs)
    assert reader.result() == expected and not leftovers(tmp_path)


@pytest.mark.parametrize("format", ["tif", "gif", "png", "webp"])
def test_several_frames_go_through_a_pipe(format, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    frames = [noise(seed=number) for number in range(3)]
    write_frames(tmp_path / f"file.{format}", frames)
    reader = Reader(tmp_path / "pipe")
    write_frames(tmp_path / "pipe", frames, format=format)
    assert reader.result() == (tmp_path / f"file.{format}").read_bytes()


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("format", PLAIN)
def test_what_stands_before_in_an_open_file_stays(format, append, tmp_path):
    """As in ``(echo before; imgconv apply ... /dev/stdout) > file``."""
    pixels, path = noise(), tmp_path / "file"
    try:
        expected = encode(pixels, format)
    except ImageWriteError as fault:
        pytest.skip(str(fault))
    path.write_bytes(b"before")
    with path.open("ab" if append else "r+b", buffering=0) as file:
        if not append:
            file.seek(6)
        write(f"/dev/fd/{file.fileno()}", pixels, format=format)
        write(file, pixels, format=format)
    assert path.read_bytes() == b"before" + 2 * expected


def test_a_link_to_an_open_file_is_followed(tmp_path):
    ours, theirs = os.pipe()
    (tmp_path / "link.png").symlink_to(f"/dev/fd/{theirs}")
    reader = Reader(ours)
    write(tmp_path / "link.png", noise())
    os.close(theirs)
    np.testing.assert_array_equal(read(reader.result()).pixels, noise())


def test_what_cannot_be_written_to_is_a_sentence(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"")
    with path.open("rb") as file, pytest.raises(ImageWriteError, match="open for reading alone"):
        write(f"/dev/fd/{file.fileno()}", noise(), format="png")
    with pytest.raises(ImageWriteError, match="/dev/fd/98765: no file is open under this number"):
        write("/dev/fd/98765", noise(), format="png")
    master, terminal = os.openpty()
    for name in (f"/dev/fd/{terminal}", os.ttyname(terminal)):
        with pytest.raises(ImageWriteError, match="this is a terminal"):
            write(name, noise(), format="png")
    os.close(master)
    os.close(terminal)


def test_sources_may_be_pipes(tmp_path):
    ours, theirs = os.pipe()
    with os.fdopen(theirs, "wb") as file:
        file.write(encode(noise(rows=8), "png"))
    np.testing.assert_array_equal(read(f"/dev/fd/{ours}").pixels, noise(rows=8))
    os.close(ours)
    with pytest.raises(ImageReadError, match="this is a device"):
        read("/dev/zero")


def test_reports_keep_out_of_images(tmp_path, monkeypatch):
    """Standard output is another file in these tests' processes; its number is what counts."""
    assert is_standard_output("/dev/stdout") and is_standard_output("/dev/fd/1")
    assert not is_standard_output("/dev/null") and not is_standard_output(tmp_path / "x.png")
    monkeypatch.chdir(tmp_path)
    write("in.png", noise())
    kept = os.dup(1)
    try:
        with Path("out.png").open("wb") as file:
            os.dup2(file.fileno(), 1)
            ran = run("apply", "in.png", "/dev/stdout", "-k", "identity", "--format", "png", "--json")
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    assert ran.code == 0 and not ran.out and ran.err.startswith("{")
    np.testing.assert_array_equal(read("out.png").pixels, noise())


def test_a_mask_is_no_pipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("in.png", noise())
    os.mkfifo("mask.png")
    ran = run("apply", "in.png", "out.png", "-k", "box", "--mask", "mask.png")
    assert ran.code == 1 and "mask.png: a mask is read more than once, so it cannot be a pipe" in ran.err


def test_other_names_keep_the_old_picture(tmp_path):
    old, other = tmp_path / "old.png", tmp_path / "other.png"
    write(old, noise())
    os.link(old, other)
    notes = write(old, noise(seed=1), overwrite=True)
    assert notes == (f"{old} had another name (a hard link), which keeps the old content",)
    np.testing.assert_array_equal(read(other).pixels, noise())
    np.testing.assert_array_equal(read(old).pixels, noise(seed=1))


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no extended attributes here")
def test_extended_attributes_are_kept(tmp_path):
    old = tmp_path / "old.png"
    write(old, noise())
    try:
        os.setxattr(old, "user.comment", b"by hand")
    except OSError:
        pytest.skip("this file system has none")
    write(old, noise(seed=1), overwrite=True)
    assert os.getxattr(old, "user.comment") == b"by hand"


# Version 2, then (tag, rights, who): owner rw, user 4321 r, group r, mask r, others nothing (Linux, posix_acl_xattr.h).
ACL = b"\2\0\0\0" + b"".join(
    tag.to_bytes(2, "little") + rights.to_bytes(2, "little") + who.to_bytes(4, "little")
    for tag, rights, who in [(1, 6, 2**32 - 1), (2, 4, 4321), (4, 4, 2**32 - 1), (16, 4, 2**32 - 1), (32, 0, 2**32 - 1)]
)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no access control lists that Python can set")
def test_access_control_lists_are_kept_and_none_is_inherited(tmp_path):
    listed, plain = tmp_path / "listed.png", tmp_path / "plain.png"
    for path in (listed, plain):
        write(path, noise())
    plain.chmod(0o640)
    try:
        os.setxattr(listed, "system.posix_acl_access", ACL)
        os.setxattr(tmp_path, "system.posix_acl_default", ACL)
    except OSError:
        pytest.skip("this file system has none")
    for path in (listed, plain):
        write(path, noise(seed=1), overwrite=True)
    assert os.getxattr(listed, "system.posix_acl_access") == ACL
    assert "system.posix_acl_access" not in os.listxattr(plain) and stat.S_IMODE(plain.stat().st_mode) == 0o640


@pytest.fixture
def foreign(tmp_path):
    """A file of user 4321 and group 4322 that all may write to, in a folder where all may write."""
    if os.geteuid():
        pytest.skip("only root can give files away")
    path = tmp_path / "foreign.png"
    write(path, noise())
    os.chown(path, 4321, 4322)
    path.chmod(0o664)
    return path


def test_owner_and_group_are_kept(foreign):
    write(foreign, noise(seed=1), overwrite=True)
    found = foreign.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (4321, 4322, 0o664)


@pytest.mark.parametrize(("groups", "group", "mode"), [([4322], 4322, 0o664), ([], 9999, 0o644)])
def test_a_group_that_cannot_be_kept_gets_no_more_than_others(groups, group, mode, foreign):
    """A child of another user, of whose groups the file's is one or not, does what portable.keep_attributes says."""
    new = foreign.with_name("new")
    new.write_bytes(b"")
    old = foreign.stat()
    os.chown(new, 9998, 9999)
    descriptor = os.open(new, os.O_WRONLY)
    child = os.fork()
    if not child:
        try:
            os.setgroups(groups)
            os.setresgid(9999, 9999, 9999)
            os.setresuid(9998, 9998, 9998)
            portable.keep_attributes(descriptor, str(new), old, str(foreign))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(descriptor)
    found = new.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (9998, group, mode)
