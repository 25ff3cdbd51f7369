"""Lines that are appended by several processes, torn, or do not fit."""

import json
import os
import subprocess
import sys

import pytest

from imgconv.batch import ledger as module
from imgconv.batch.ledger import Ledger, Lines, entries
from imgconv.errors import ReportError

LINES = Lines("a list of letters", "name another file", ("a", "b"), (frozenset("a"), frozenset("bc")))
NAMED = LINES.replace(followed=True)
ALL = LINES.replace(keys=(frozenset(),))


WRITER = """
import sys
from imgconv.batch.ledger import Ledger, Lines
with Ledger(sys.argv[1], Lines("a list", "", ("who",), (frozenset({"who"}),), True)) as ledger:
    for number in range(300):
        ledger.add({"who": sys.argv[2], "number": number, "text": "x" * (number * 37 % 5000)})
"""


def test_names_that_are_not_unicode(tmp_path):
    path = str(tmp_path / "r.jsonl")
    values = {"name": "\udcff é \n", "n": 2**63, "x": 0.1, "none": None}
    with Ledger(path, ALL) as ledger:
        ledger.add(values)
    assert list(entries(path, ALL)) == [values]
    assert (tmp_path / "r.jsonl").read_bytes().isascii()


WHOLE = b'{"a":1}\n{"a":2}\n'


@pytest.mark.parametrize(
    ("torn", "kept"),
    [
        (b'{"a": 3', b""),
        (b"{", b""),
        (b'{"b":[{"c":' + b"x" * 3000, b""),
        (b'{"a":3\0\0\0', b""),
        (b"\0" * 500, b""),
        (b'{"a":3}', b'{"a":3}\n'),
    ],
)
def test_torn_line_is_passed_over_and_mended(tmp_path, torn, kept):
    path = tmp_path / "r.jsonl"
    path.write_bytes(WHOLE + torn)
    assert [line["a"] for line in entries(str(path), LINES) if line["a"] < 3] == [1, 2]
    with Ledger(str(path), LINES) as ledger:
        ledger.add({"a": 4})
    assert path.read_bytes() == WHOLE + kept + b'{"a":4}\n'


@pytest.mark.parametrize("last", [b"a note", b'{"z":3}', b'{"z":', b"\xff\xfe", b"[3]", b'{"b":3}'])
def test_a_last_line_of_somebody_else_is_not_cut_off(tmp_path, last):
    path = tmp_path / "r.jsonl"
    path.write_bytes(WHOLE + last)
    with (
        Ledger(str(path), LINES) as ledger,
        pytest.raises(ReportError, match="its last line is none of a list of lett"),
    ):
        ledger.add({"a": 4})
    assert path.read_bytes() == WHOLE + last


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(50),
        b"name: settings\n",
        b'{\n  "a": 1\n}\n',
        b'{"z": 1}\n',
        b'{"z": 1}',
        b'{"b": 1}\n',
        b"a note without a line's end",
        b"\n",
        b'[{"a": 1}]\n',
        b"x" * (module.MAX_LINE + 9),
        b'\n{"a":1}\n',
    ],
)
@pytest.mark.parametrize("lines", [LINES, NAMED])
def test_a_file_of_somebody_else_stays_as_it_is(tmp_path, content, lines):
    path = tmp_path / "r.jsonl"
    path.write_bytes(content)
    words = "r.jsonl: this is not a list of letters, and stays as it is; name another file"
    with pytest.raises(ReportError, match=words):
        list(entries(str(path), lines))
    with pytest.raises(ReportError, match=words):
        Ledger(str(path), lines).check()
    with Ledger(str(path), lines) as ledger, pytest.raises(ReportError, match=words):
        ledger.add({"a": 1})
    assert path.read_bytes() == content


def test_an_empty_file_is_begun(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"")
    with Ledger(str(path), LINES) as ledger:
        ledger.check()
        ledger.add({"a": 1})
    assert path.read_bytes() == b'{"a":1}\n'


def refused(path, words):
    with pytest.raises(ReportError, match=words):
        list(entries(str(path), LINES))
    with pytest.raises(ReportError, match=words):
        Ledger(str(path), LINES).open()


@pytest.mark.skipif(os.name != "posix", reason="not every system has such files")
def test_what_is_not_followed(tmp_path):
    (tmp_path / "other").write_bytes(WHOLE)
    os.symlink("other", tmp_path / "link")
    os.symlink("nowhere", tmp_path / "dangling")
    os.mkfifo(tmp_path / "pipe")
    os.symlink("/dev/zero", tmp_path / "device")
    os.mkdir(tmp_path / "folder")
    refused(tmp_path / "link", "link: this is a symbolic link, which is not followed for a list of letters; name an")
    refused(tmp_path / "dangling", "dangling: this is a symbolic link")
    refused(tmp_path / "device", "device: this is a symbolic link")
    refused(tmp_path / "pipe", "pipe: this is not a regular file, as a list of letters must be; name another file")
    refused("/dev/zero", "/dev/zero: this is not a regular file")
    with pytest.raises(ReportError, match="folder: this is a directory, not a file"):
        Ledger(str(tmp_path / "folder"), LINES).open()
    assert (tmp_path / "other").read_bytes() == WHOLE
    assert not (tmp_path / "nowhere").exists()
    with Ledger(str(tmp_path / "link"), NAMED) as ledger:
        ledger.add({"a": 3})
    assert (tmp_path / "other").read_bytes() == WHOLE + b'{"a":3}\n'


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_that_nobody_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PIPE_SECONDS", 0.05)
    path = str(tmp_path / "pipe")
    os.mkfifo(path)
    Ledger(path, NAMED).check()
    with pytest.raises(ReportError, match=r"nobody has begun to read from this pipe within 0.05 seconds"):
        Ledger(path, NAMED).open()
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with Ledger(path, NAMED) as ledger:
        ledger.add({"a": 1})
        assert os.read(reading, 100) == b'{"a":1}\n'
        os.close(reading)
        with pytest.raises(ReportError, match="broken pipe"):
            ledger.add({"a": 1})


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="standard output has no name")
def test_standard_output_that_is_a_file_is_not_written_over(tmp_path):
    path = tmp_path / "both"
    script = WRITER.replace("300", "2").replace('"text": "x" * (number * 37 % 5000)', '"text": ""')
    with open(path, "wb") as out:
        subprocess.run([sys.executable, "-c", f"{script}\nprint('ended')", "/dev/stdout", "a"], stdout=out, check=True)
    lines = path.read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines[:2]] == [0, 1]
    assert lines[2:] == ["ended"]


def test_torn_from_the_start(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"a": ')
    with Ledger(str(path), LINES) as ledger:
        ledger.add({"a": 1})
    assert path.read_bytes() == b'{"a":1}\n'


@pytest.mark.parametrize("line", [b"[]", b"3", b"null", b"nonsense", b"", b"[" * 100_000, b'{"a": "\\ud800"'])
def test_lines_of_others_are_passed_over(tmp_path, line):
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"a":0}\n' + line + b'\n{"a":1}\n')
    assert list(entries(str(path), LINES)) == [{"a": 0}, {"a": 1}]


def test_no_file_has_no_lines(tmp_path):
    assert list(entries(str(tmp_path / "none"), LINES)) == []


def test_two_processes_at_once(tmp_path):
    path = str(tmp_path / "r.jsonl")
    both = [subprocess.Popen([sys.executable, "-c", WRITER, path, who]) for who in "ab"]
    assert [one.wait(60) for one in both] == [0, 0]
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    for who in "ab":
        assert [line["number"] for line in lines if line["who"] == who] == list(range(300))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_full_disk():
    with (
        Ledger("/dev/full", NAMED) as ledger,
        pytest.raises(ReportError, match="/dev/full: no space is left on the disk"),
    ):
        ledger.add({"a": 1})


def test_pipe(tmp_path):
    reading, writing = os.pipe()
    with Ledger(f"/dev/fd/{writing}", NAMED) as ledger:
        ledger.add({"a": 1})
    assert os.read(reading, 100) == b'{"a":1}\n'
    os.close(reading)
    os.close(writing)


def test_place_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="a part of this path is not a directory"):
        Ledger(str(tmp_path / "file" / "r.jsonl"), LINES).open()
