"""Lists of names of files, as other programs and other systems write them."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from typing import IO

from imgconv.errors import OptionError
from imgconv.image.files import name_of
from imgconv.image.limits.guard import fault_words
from imgconv.system import portable

LONGEST = 2**16
"""How many bytes a name may have: more than any system allows for a path."""

PIPE_SECONDS = 5.0
"""How long a named pipe may have nobody at its other end."""

_BLOCK = 2**16
_NULL, _NEWLINE = b"\0", b"\n"


def read_list(file: str | IO[bytes] | None, separator: bytes) -> Iterator[str]:
    """Yield the names in a list of names that are separated by a newline or a null byte; empty ones are none.

    Between newlines, a byte order mark at the beginning is no part of the first name, and carriage returns and blanks
    at the end of a line are none of its name, unless there is a file that is called so. Between null bytes, names are
    taken as they are.

    Args:
        file: the list's path, the list open, or None for no list.
        separator: what is between two names.

    Raises:
        OptionError: it cannot be read, or is no such list.
    """
    if file is None:
        return
    name = name_of(file)
    try:
        lines = _parts(_opened(file, name) if isinstance(file, str) else _blocks(file, name), separator, name)
        for number, line in enumerate(lines):
            if separator == _NULL:
                yield os.fsdecode(line)
            else:
                yield from map(os.fsdecode, _meant(line if number else line.removeprefix(b"\xef\xbb\xbf")))
    except OptionError:
        raise  # which is a ValueError too
    except (OSError, ValueError) as fault:
        words = fault_words(fault) if isinstance(fault, OSError) else "the name contains a null character"
        raise _wrong(name, words) from None


def _wrong(name: str, problem: str) -> OptionError:
    return OptionError("files-from", f"{name}: {problem}")


def _parts(blocks: Iterator[bytes], separator: bytes, name: str) -> Iterator[bytes]:
    """Yield what is between separators, as long as it can be names.

    Raises:
        OptionError: it cannot.
    """
    rest, number = b"", 0
    for block in blocks:
        if not number and not rest and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise _wrong(name, "this is UTF-16; save it as UTF-8, or put it through 'iconv -f UTF-16 -t UTF-8'")
        if separator == _NEWLINE and _NULL in block:
            problem = "it holds null bytes, which no name does; a list that they separate, as of find -print0, needs "
            raise _wrong(name, f"{problem}--null, and one in UTF-16 is to be saved as UTF-8")
        *parts, rest = (rest + block).split(separator)
        for part in parts:
            number += 1
            if part:
                yield part
        if len(rest) > LONGEST:
            raise _wrong(name, f"name {number + 1} is longer than a name can be; is this a list of names?")
    if rest:
        if separator == _NULL and not number and rest.endswith(_NEWLINE):
            raise _wrong(name, "it holds no null byte, which are between the names with --null; leave that out")
        yield rest


def _meant(line: bytes) -> list[bytes]:
    """Return the names that a line of a text from whatever system holds."""
    if line == line.rstrip() or os.path.lexists(line):
        return [line]
    # what ends lines with carriage returns alone has made one line of all
    return [name for part in line.split(b"\r") if (name := part.rstrip())]


def _opened(path: str, name: str) -> Iterator[bytes]:
    """Yield the blocks of a file, or of a pipe that somebody writes to.

    Raises:
        OptionError: it is something else, or nobody does.
        OSError: it cannot be opened or read.
    """
    # Opening a pipe does not wait for its other end here: nothing would say what is the matter.
    with os.fdopen(portable.open_descriptor(path, os.O_RDONLY, wait=False), "rb", buffering=0) as file:
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            # the pipe of a <(command) is in no folder, and has had its other end from the beginning
            yield _awaited(file, name) if os.path.exists(os.path.realpath(path)) else b""
            portable.let_wait(file.fileno())
        yield from _blocks(file, name)


def _awaited(pipe: IO[bytes], name: str) -> bytes:
    """Return what comes first from a pipe that is not waited for, empty if somebody has opened it to write.

    Raises:
        OptionError: nobody does.
    """
    end = time.monotonic() + PIPE_SECONDS
    while (block := pipe.read(_BLOCK)) == b"":
        if time.monotonic() > end:
            raise _wrong(name, f"nobody has written to this pipe within {PIPE_SECONDS:g} seconds")
        time.sleep(0.01)
    return block or b""


def _blocks(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Yield the blocks of an open file.

    Raises:
        OptionError: it is a device, which need not have an end.
        OSError: it cannot be read.
    """
    try:
        kind = os.fstat(file.fileno()).st_mode
    except (OSError, ValueError):  # it is none of the system's files
        kind = 0
    if (stat.S_ISCHR(kind) or stat.S_ISBLK(kind)) and not os.path.samestat(
        os.fstat(file.fileno()), os.stat(os.devnull)
    ):
        raise _wrong(name, "this is a device, not a list")
    while block := file.read(_BLOCK):
        yield block
