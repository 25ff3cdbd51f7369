"""Open the files that kernels, weights and pipelines are in: never one that waits for ever or has no end.

Files are read whole, up to a limit that the caller gives. What comes through a pipe, as in ``<(command)``, is read
too, if somebody writes to it; devices and sockets are refused.
"""

from __future__ import annotations

import os
import select
import stat
import time
from typing import IO

from imgconv.errors import KernelFileError
from imgconv.system import portable

PATIENCE, SILENCE = 1.5, 60.0
"""For how many seconds nobody may write to a pipe, and for how many its writer may stay silent."""

OTHERS = {
    stat.S_ISDIR: "is a folder, not a kernel file",
    stat.S_ISCHR: "is a device, not a file",
    stat.S_ISBLK: "is a device, not a file",
    stat.S_ISSOCK: "is a socket, not a file",
}


def open_file(path: str) -> IO[bytes]:
    """Open a plain file.

    Raises:
        KernelFileError: there is none, or it is something else, such as a pipe.
    """
    file = _opened(path)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise KernelFileError(path, "is a pipe, but weights are read from files only; write them into one first")
    return file


def read(path: str, most: int) -> bytes:
    """Return the first `most` bytes of a file or pipe and one more, which tells that there are more.

    Raises:
        KernelFileError: it cannot be read.
    """
    with _opened(path) as file:
        try:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return file.read(most + 1)
            return _from_pipe(file.fileno(), path, most + 1)
        except OSError as error:
            raise KernelFileError(path, reason(error)) from None


def reason(error: Exception) -> str:
    """Say in our words why a file cannot be read."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return OTHERS[stat.S_ISDIR]
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror.lower()}"
    return "cannot be read"


def _opened(path: str) -> IO[bytes]:
    try:
        # A pipe that nobody writes to would wait here, and some devices do something when they are opened.
        if problem := _problem(os.stat(path).st_mode):  # noqa: PTH116
            raise KernelFileError(path, problem)
        descriptor = portable.open_descriptor(path, os.O_RDONLY, wait=False)
    except (OSError, ValueError) as error:
        raise KernelFileError(path, reason(error)) from None
    if problem := _problem(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise KernelFileError(path, problem)
    return os.fdopen(descriptor, "rb")


def _problem(mode: int) -> str:
    return next((problem for is_one, problem in OTHERS.items() if is_one(mode)), "")


def _from_pipe(descriptor: int, path: str, most: int) -> bytes:
    """Read up to `most` bytes from a pipe, which does not wait by itself."""
    parts: list[bytes] = []
    left, begun = most, time.monotonic()
    while left:
        try:
            part = os.read(descriptor, min(left, 1 << 16))
        except BlockingIOError:  # somebody is there who has not written yet
            if not select.select([descriptor], [], [], SILENCE)[0]:
                raise KernelFileError(path, f"is a pipe that said nothing for {SILENCE:.0f} seconds") from None
            continue
        if not part and (parts or time.monotonic() - begun > PATIENCE):
            break
        if not part:  # nobody has opened the other end yet, or wrote nothing
            time.sleep(0.02)
            continue
        parts.append(part)
        left -= len(part)
    if not parts:
        raise KernelFileError(path, "is a pipe that nobody writes to")
    return b"".join(parts)
