"""Lists of names as systems and programs write them, and what is none."""

import os
import threading
import time
from io import BytesIO

import pytest

from imgconv.batch import lists
from imgconv.batch.lists import read_list
from imgconv.errors import OptionError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(data, separator=b"\n"):
    return list(read_list(BytesIO(data), separator))


@pytest.mark.parametrize(
    "data",
    [
        b"one.png\ntwo words.png\n",
        b"one.png\r\ntwo words.png\r\n",
        b"one.png\r\ntwo words.png",
        b"\xef\xbb\xbfone.png\r\n\r\ntwo words.png\r\n",
        b"\xef\xbb\xbfone.png \t\ntwo words.png  \n   \n",
        b"one.png\rtwo words.png\r",
    ],
)
def test_lines_of_any_system(folder, data):
    assert names(data) == ["one.png", "two words.png"]


@pytest.mark.skipif(os.name != "posix", reason="no such names elsewhere")
def test_a_file_that_is_called_so_is_meant(folder):
    for name in ("blank.png ", "return.png\r"):
        (folder / name).write_bytes(b"")
    assert names(b"blank.png \nreturn.png\r\nother.png \n") == ["blank.png ", "return.png\r", "other.png"]
    assert names(b" leading.png\n") == [" leading.png"]


def test_names_between_null_bytes_are_taken_as_they_are():
    assert names(b"\xef\xbb\xbfa \0line\nbreak.png\r\0\0", b"\0") == ["\ufeffa ", "line\nbreak.png\r"]


def test_long_list():
    wanted = [f"{number:07}.png" for number in range(30_000)]
    assert names("\n".join(wanted).encode()) == wanted


@pytest.mark.parametrize(
    ("data", "separator", "words"),
    [
        ("one.png\r\n".encode("utf-16"), b"\n", "this is UTF-16; save it as UTF-8"),
        ("one.png\n".encode("utf-16-be"), b"\n", "it holds null bytes, .* --null, and one in UTF-16 is to be saved"),
        (b"one.png\0two.png\0", b"\n", "it holds null bytes, .* needs --null"),
        (b"one.png\ntwo.png\n", b"\0", "it holds no null byte, .* leave that out"),
        (b"one.png\n" + b"x" * 200_000, b"\n", "name 2 is longer than a name can be; is this a list of names"),
    ],
)
def test_what_is_no_list_of_names(data, separator, words):
    with pytest.raises(OptionError, match=f"files-from: .*{words}"):
        names(data, separator)


def test_missing_list():
    with pytest.raises(OptionError, match=r"files-from: nowhere.txt: there is no such file"):
        list(read_list("nowhere.txt", b"\n"))


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there is no /dev/zero")
def test_devices():
    assert list(read_list(os.devnull, b"\n")) == []
    with pytest.raises(OptionError, match=r"files-from: /dev/zero: this is a device, not a list"):
        list(read_list("/dev/zero", b"\0"))
    with open("/dev/zero", "rb") as zeros, pytest.raises(OptionError, match="this is a device"):
        list(read_list(zeros, b"\0"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_named_pipes(folder, monkeypatch):
    os.mkfifo("pipe")

    def write():
        time.sleep(0.05)
        with open("pipe", "wb", buffering=0) as pipe:
            for name in (b"one.png\n", b"two.png\n"):
                time.sleep(0.05)
                pipe.write(name)

    writer = threading.Thread(target=write)
    writer.start()
    assert list(read_list("pipe", b"\n")) == ["one.png", "two.png"]
    writer.join()
    monkeypatch.setattr(lists, "PIPE_SECONDS", 0.05)
    with pytest.raises(OptionError, match=r"files-from: pipe: nobody has written to this pipe within 0.05 seconds"):
        list(read_list("pipe", b"\n"))


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="pipes have no names")
def test_pipes_without_a_name(folder):
    reading, writing = os.pipe()
    os.write(writing, b"one.png\n")
    os.close(writing)
    assert list(read_list(f"/dev/fd/{reading}", b"\n")) == ["one.png"]
    assert list(read_list(f"/dev/fd/{reading}", b"\n")) == []
    os.close(reading)
