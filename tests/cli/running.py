"""Runs the command line within the tests' own process, and looks at what it leaves behind."""

import io
import os
import signal
import sys
from pathlib import Path
from typing import NamedTuple

from imgconv.cli import main

SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""What `main` takes over, which a process that goes on wants back."""


class Stream(io.BytesIO):
    """Bytes in memory that are called like a standard stream."""

    def __init__(self, name, data=b""):
        super().__init__(data)
        self.name = name


class Ran(NamedTuple):
    """How a command ended, and what it printed: bytes on standard output, text on standard error."""

    code: int
    out: bytes
    err: str

    @property
    def text(self):
        return self.out.decode()

    @property
    def lines(self):
        return self.text.splitlines()


def run(*arguments, stdin=b""):
    """Run ``imgconv`` with these arguments in the current folder."""
    files = Stream("<stdin>", stdin), Stream("<stdout>"), Stream("<stderr>")
    streams = [io.TextIOWrapper(file, "utf-8") for file in files]
    handlers = [signal.getsignal(number) for number in SIGNALS]
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr
    sys.argv = ["imgconv", *map(os.fspath, arguments)]
    sys.stdin, sys.stdout, sys.stderr = streams
    try:
        main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = before
        for number, handler in zip(SIGNALS, handlers, strict=True):
            signal.signal(number, handler)
    for stream in streams[1:]:
        stream.flush()
    return Ran(code, files[1].getvalue(), files[2].getvalue().decode())


def ok(*arguments, stdin=b""):
    """Run ``imgconv``, which must succeed and say nothing on standard error."""
    ran = run(*arguments, stdin=stdin)
    assert (ran.code, ran.err) == (0, ""), ran
    return ran


def contents(folder):
    """Return every file below a folder with its bytes, and every folder."""
    paths = sorted(Path(folder).rglob("*"))
    return {str(path): path.read_bytes() if path.is_file() else None for path in paths}
