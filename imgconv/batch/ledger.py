"""Files of JSON lines that several runs may append to at once, and that a run may be killed in the middle of.

A line is appended in a single write, under a lock, to the end of what is then there. A piece of a line that a full disk
or a power failure has left at the end is cut off before the next line is appended; readers pass over it. Nothing is
appended to, or cut off, a file whose lines are not of the kind that is written here.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from imgconv.errors import ReportError
from imgconv.image.files import make_folder
from imgconv.image.limits.guard import fault_words
from imgconv.system import portable
from imgconv.value import Value

MAX_LINE = 2**20
"""The longest line that is read; a longer one was not written here."""

PIPE_SECONDS = 5.0
"""How long a pipe may have nobody who reads from it."""


class Lines(Value):
    """What the lines of a file are known by.

    Attributes:
        what: the file is, in words.
        way: what to do with one that is something else, in words.
        firsts: the keys that lines begin with.
        keys: those that each of them has: one set for each kind of line.
        followed: whether the path may be a symbolic link, a pipe or a device: if somebody has named it.
    """

    what: str
    way: str
    firsts: tuple[str, ...]
    keys: tuple[frozenset[str], ...]
    followed: bool = False

    def known(self, line: bytes) -> bool:
        """Whether a line is whole and of this kind."""
        values = _values(line)
        return values is not None and any(keys <= values.keys() for keys in self.keys)

    def torn(self, line: bytes) -> bool:
        """Whether a line is the beginning of one of this kind, or nothing but the room that a disk had made for it."""
        beginning = line.rstrip(b"\0")
        starts = [f'{{"{first}":'.encode() for first in self.firsts]
        return _values(line) is None and any(beginning.startswith(one) or one.startswith(beginning) for one in starts)


def _values(line: bytes) -> dict[str, Any] | None:
    with suppress(ValueError, RecursionError):
        values = json.loads(line)
        if isinstance(values, dict):
            return values
    return None


class Ledger:
    """A file of JSON lines, open for appending; it is made with its first line."""

    def __init__(self, path: str, lines: Lines) -> None:
        self.path, self.lines = path, lines
        self._descriptor = -1
        self._regular = True

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def check(self) -> None:
        """Refuse a path that `open` would refuse, as far as that can be seen without making or changing anything.

        Raises:
            ReportError: it would.
        """
        if os.path.exists(self.path) and not os.path.isfile(self.path) and self.lines.followed:
            return  # a pipe, of which nothing can be seen
        for _ in entries(self.path, self.lines):
            break

    def open(self) -> None:
        """Open the file, making it and its folder if need be, so that a path that is none is refused early.

        Raises:
            ReportError: it cannot be written to, or holds something else.
        """
        try:
            make_folder(os.path.dirname(self.path))
            self._descriptor = self._opened()
            if self._regular:
                _checked(self._descriptor, self.path, self.lines)
        except (OSError, ValueError) as fault:
            raise _refused(self.path, self.lines, fault) from None

    def _opened(self) -> int:
        if self.lines.followed and _is_pipe(self.path):
            self._regular = False
            return _pipe(self.path)
        descriptor = _open(self.path, self.lines, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        found = os.fstat(descriptor)
        self._regular = stat.S_ISREG(found.st_mode)
        portable.let_wait(descriptor)
        for number in (1, 2):
            # Of two places in one file, one writes over what the other has written.
            with suppress(OSError):
                if self._regular and os.path.samestat(found, os.fstat(number)):
                    self._regular = False
                    os.close(descriptor)
                    return os.dup(number)
        return descriptor

    def add(self, values: dict[str, Any]) -> None:
        """Append a line.

        Raises:
            ReportError: it cannot be written; the file is as it was before.
        """
        if self._descriptor < 0:
            self.open()
        # ASCII: names that are not Unicode come back from their escapes as they were
        line = json.dumps(values, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            if self._regular:
                self._append(line)
            else:
                while line:
                    line = line[os.write(self._descriptor, line) :]
        except OSError as fault:
            raise ReportError(self.path, fault_words(fault)) from None

    def _append(self, line: bytes) -> None:
        file = self._descriptor
        portable.lock(file)  # where there are no locks, a single write is all there is
        try:
            end = self._mended()
            try:
                written = os.write(file, line)
                if written < len(line):
                    written += os.write(file, line[written:])  # which says why
            except OSError:
                self._cut(end)
                raise
            if written < len(line):
                self._cut(end)
        finally:
            portable.unlock(file)

    def _mended(self) -> int:
        """Cut a piece of a line off the end of the file, or end a line that is whole; return where the file ends.

        Raises:
            ReportError: it is a piece of something else.
        """
        end = os.lseek(self._descriptor, 0, os.SEEK_END)
        if not end or portable.read_at(self._descriptor, 1, end - 1) == b"\n":
            return end
        tail = portable.read_at(self._descriptor, MAX_LINE, max(0, end - MAX_LINE))
        tail = tail[tail.rfind(b"\n") + 1 :]
        if self.lines.known(tail):
            return end + os.write(self._descriptor, b"\n")
        if not self.lines.torn(tail):
            problem = f"its last line is none of {self.lines.what}, and would be lost; {self.lines.way}"
            raise ReportError(self.path, problem)
        self._cut(end - len(tail))
        return end - len(tail)

    def _cut(self, end: int) -> None:
        with suppress(OSError):
            os.ftruncate(self._descriptor, end)

    def close(self) -> None:
        """Close the file when all that was appended is on the disk."""
        if self._descriptor >= 0:
            with suppress(OSError):
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


def entries(path: str, lines: Lines) -> Iterator[dict[str, Any]]:
    """Yield what the lines of a file say, those apart that are no JSON objects; nothing if there is no such file.

    Raises:
        ReportError: it cannot be read, or holds something else.
    """
    try:
        with os.fdopen(_open(path, lines, os.O_RDONLY), "rb") as file:
            _checked(file.fileno(), path, lines)
            while line := file.readline(MAX_LINE):
                values = _values(line)
                if values is not None:
                    yield values
    except FileNotFoundError:
        return
    except (OSError, ValueError) as fault:
        raise _refused(path, lines, fault) from None


def _open(path: str, lines: Lines, flags: int) -> int:
    """Open a file without waiting for anything.

    Raises:
        OSError: it cannot be opened.
        ReportError: it is of no kind that is written to.
    """
    flags |= getattr(os, "O_NOCTTY", 0)
    descriptor = portable.open_descriptor(path, flags, follow=lines.followed, wait=False)
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind) or (lines.followed and stat.S_ISCHR(kind)):
        return descriptor
    os.close(descriptor)
    raise ReportError(path, f"this is not a regular file, as {lines.what} must be; {lines.way}")


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _pipe(path: str) -> int:
    """Open a pipe that somebody reads from.

    Raises:
        OSError: it cannot be opened.
        ReportError: nobody does.
    """
    end = time.monotonic() + PIPE_SECONDS
    while True:
        try:
            descriptor = portable.open_descriptor(path, os.O_WRONLY, wait=False)
        except OSError as fault:
            if fault.errno != errno.ENXIO:
                raise
            if time.monotonic() > end:
                problem = f"nobody has begun to read from this pipe within {PIPE_SECONDS:g} seconds"
                raise ReportError(path, problem) from None
            time.sleep(0.01)
        else:
            portable.let_wait(descriptor)
            return descriptor


def _checked(descriptor: int, path: str, lines: Lines) -> None:
    """Refuse a regular file that holds something else.

    Raises:
        ReportError: it does.
    """
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return
    first, end, _ = portable.read_at(descriptor, MAX_LINE, 0).partition(b"\n")
    if not first and not end:
        return  # it is empty
    if not (lines.known(first) or (not end and lines.torn(first))):
        raise ReportError(path, f"this is not {lines.what}, and stays as it is; {lines.way}")


def _refused(path: str, lines: Lines, fault: Exception) -> ReportError:
    if not isinstance(fault, OSError):
        return ReportError(path, "the name contains a null character")
    if fault.errno == errno.ELOOP and not lines.followed and os.path.islink(path):
        return ReportError(path, f"this is a symbolic link, which is not followed for {lines.what}; {lines.way}")
    return ReportError(path, fault_words(fault))
