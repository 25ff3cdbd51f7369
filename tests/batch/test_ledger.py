"""Lines that are appended by several processes, torn, or do not fit."""

import json
import os
import subprocess
import sys

import pytest

from imgconv.batch.ledger import Ledger, entries
from imgconv.errors import ReportError


def test_names_that_are_not_unicode(tmp_path):
    path = str(tmp_path / "r.jsonl")
    values = {"name": "\udcff é \n", "n": 2**63, "x": 0.1, "none": None}
    with Ledger(path) as ledger:
        ledger.add(values)
    assert list(entries(path)) == [values]
    assert (tmp_path / "r.jsonl").read_bytes().isascii()


@pytest.mark.parametrize("torn", [b'{"a": 3', b"x" * 3000, b'{"a": 3}', b"\xff\xfe"])
def test_torn_line_is_passed_over_and_mended(tmp_path, torn):
    path = tmp_path / "r.jsonl"
    whole = b'{"a":1}\n{"a":2}\n'
    path.write_bytes(whole + torn)
    assert [line["a"] for line in entries(str(path)) if line["a"] < 3] == [1, 2]
    with Ledger(str(path)) as ledger:
        ledger.add({"a": 4})
    assert path.read_bytes() == whole + b'{"a":4}\n'


def test_torn_from_the_start(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"a": ')
    with Ledger(str(path)) as ledger:
        ledger.add({"a": 1})
    assert path.read_bytes() == b'{"a":1}\n'


@pytest.mark.parametrize("line", [b"[]", b"3", b"null", b"nonsense", b"", b"[" * 100_000, b'{"a": "\\ud800"'])
def test_lines_of_others_are_passed_over(tmp_path, line):
    path = tmp_path / "r.jsonl"
    path.write_bytes(line + b'\n{"a":1}\n')
    assert list(entries(str(path))) == [{"a": 1}]


def test_no_file_has_no_lines(tmp_path):
    assert list(entries(str(tmp_path / "none"))) == []


WRITER = """
import sys
from imgconv.batch.ledger import Ledger
with Ledger(sys.argv[1]) as ledger:
    for number in range(300):
        ledger.add({"who": sys.argv[2], "number": number, "text": "x" * (number * 37 % 5000)})
"""


def test_two_processes_at_once(tmp_path):
    path = str(tmp_path / "r.jsonl")
    both = [subprocess.Popen([sys.executable, "-c", WRITER, path, who]) for who in "ab"]
    assert [one.wait(60) for one in both] == [0, 0]
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    for who in "ab":
        assert [line["number"] for line in lines if line["who"] == who] == list(range(300))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_full_disk():
    with Ledger("/dev/full") as ledger, pytest.raises(ReportError, match="/dev/full: no space is left on the disk"):
        ledger.add({"a": 1})


def test_pipe(tmp_path):
    reading, writing = os.pipe()
    with Ledger(f"/dev/fd/{writing}") as ledger:
        ledger.add({"a": 1})
    assert os.read(reading, 100) == b'{"a":1}\n'
    os.close(reading)
    os.close(writing)


def test_place_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="a part of this path is not a directory"):
        Ledger(str(tmp_path / "file" / "r.jsonl")).open()
