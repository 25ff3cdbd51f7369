"""Files of JSON lines that several runs may append to at once, and that a run may be killed in the middle of.

A line is appended in a single write, under a lock, to the end of what is then there. A piece of a line that a full disk
or a power failure has left at the end is cut off before the next line is appended; readers pass over it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from imgconv import portable
from imgconv.errors import ReportError
from imgconv.image.files import make_folder
from imgconv.image.guard import fault_words

MAX_LINE = 2**20
"""The longest line that is read; a longer one was not written here."""


class Ledger:
    """A file of JSON lines, open for appending; it is made with its first line."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = -1

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def open(self) -> None:
        """Open the file, making it and its folder if need be, so that a path that is none is refused early.

        Raises:
            ReportError: it cannot be written to.
        """
        try:
            make_folder(os.path.dirname(self.path))
            self._descriptor = portable.open_descriptor(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        except (OSError, ValueError) as fault:
            words = fault_words(fault) if isinstance(fault, OSError) else "the name contains a null character"
            raise ReportError(self.path, words) from None

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
            self._append(line)
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
        """Cut a piece of a line off the end of the file, and return where it ends."""
        try:
            end = os.lseek(self._descriptor, 0, os.SEEK_END)
        except OSError:  # a pipe
            return 0
        if not end or portable.read_at(self._descriptor, 1, end - 1) == b"\n":
            return end
        tail = portable.read_at(self._descriptor, MAX_LINE, max(0, end - MAX_LINE))
        end += tail.rfind(b"\n") + 1 - len(tail)
        self._cut(end)
        return end

    def _cut(self, end: int) -> None:
        with suppress(OSError):  # a pipe or a device has no end
            os.ftruncate(self._descriptor, end)

    def close(self) -> None:
        """Close the file when all that was appended is on the disk."""
        if self._descriptor >= 0:
            with suppress(OSError):
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


def entries(path: str) -> Iterator[dict[str, Any]]:
    """Yield what the lines of a file say, those apart that are no JSON objects; nothing if there is no such file.

    Raises:
        ReportError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            while line := file.readline(MAX_LINE):
                with suppress(ValueError, RecursionError):
                    values = json.loads(line)
                    if isinstance(values, dict):
                        yield values
    except FileNotFoundError:
        return
    except OSError as fault:
        raise ReportError(path, fault_words(fault)) from None
