"""The one boundary around every decoder: whatever happens inside comes out as `ImageReadError` or as notes.

Pillow and tifffile raise a dozen kinds of exception on damaged files, and say other things by warnings and by
log records. Python's warning filters and loggers belong to the whole process, so they are diverted once, by
the first thread that comes in, and put back by the last that leaves; each thread collects its own remarks.
"""

from __future__ import annotations

import errno
import os
import re
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from imgconv.errors import ImageReadError, ImgconvError, LibraryError

_CUT = ("truncated", "unexpected end", "eof:", "but only got")
_KNOWN = {
    r"requires the 'imagecodecs' package": "its compression needs imagecodecs; pip install 'imgconv[codecs]'",
    r"cannot handle (\d+)-layer images": r"it has \1 channels",
    r"cannot handle (\d+)-bit layers": r"samples of \1 bits",
    r"no more images in GIF file": "it holds no image",
}
"""What a library says that can be told in a clause."""

_SHARING_VIOLATION = 32  # of Windows

_lock = threading.Lock()
_here = threading.local()
_threads: list[int] = []
_undo: list[Callable[[], Any]] = []


class DataError(ValueError):
    """What is wrong with a file's data, in a clause of this package's own: "its header is garbled"."""


def fault_words(fault: OSError) -> str:
    """Say in a clause why the system refused."""
    known = {
        errno.ENOENT: "there is no such file",
        errno.EBADF: "no file is open under this number",
        errno.EISDIR: "this is a directory, not a file",
        errno.ENOTDIR: "a part of this path is not a directory",
        errno.EACCES: "permission denied",
        errno.EPERM: "permission denied",
        errno.ENOSPC: "no space is left on the disk",
        getattr(errno, "EDQUOT", -1): "the disk quota is used up",
        errno.EROFS: "this is a read-only file system",
        errno.ENAMETOOLONG: "the file name is too long",
        errno.ELOOP: "too many symbolic links point to one another",
        errno.EMFILE: "too many files are open",
    }
    if getattr(fault, "winerror", None) == _SHARING_VIOLATION:
        return "another program has it open"
    number = fault.errno or 0
    return known.get(number) or (os.strerror(number).lower() if number else str(fault) or "it failed")


@contextmanager
def decoding(name: str, format: str) -> Iterator[list[str]]:
    """Run a decoder: collect what it remarks, and turn what it raises into `ImageReadError`.

    The list that is given holds, at any time, the texts of the warnings and log records so far; what it holds
    of log records at the end is an error, as tifffile logs what others raise.
    """
    remarks: list[str] = []
    logged: list[str] = []
    outer = getattr(_here, "remarks", None), getattr(_here, "logged", None)
    _here.remarks, _here.logged = remarks, logged
    _enter()
    try:
        yield remarks
    except LibraryError as fault:
        raise ImageReadError(name, str(fault)) from None
    except ImgconvError:
        raise
    except MemoryError:
        raise ImageReadError(name, "the image needs more memory than there is") from None
    except OSError as fault:
        problem = fault_words(fault) if fault.errno else decoder_words(fault, format)
        raise ImageReadError(name, problem) from fault
    except Exception as fault:
        raise ImageReadError(name, decoder_words(fault, format)) from fault
    finally:
        _leave()
        _here.remarks, _here.logged = outer
    if logged:
        raise ImageReadError(name, f"the {format} data is damaged")


def decoder_words(fault: Exception, format: str) -> str:
    """Say in one clause what a decoder's exception means to the owner of the file.

    A library's own words are those of its programmers, and stay with the exception.
    """
    text = str(fault)
    if isinstance(fault, DataError):
        return f"the {format} data cannot be read: {text}"
    if isinstance(fault, (EOFError, struct.error)) or any(word in text.lower() for word in _CUT):
        return f"the {format} data breaks off before the end of the image"
    for pattern, words in _KNOWN.items():
        if found := re.search(pattern, text):
            return f"the {format} data cannot be read: {found.expand(words)}"
    return f"the {format} data is damaged or of a kind that cannot be read"


def tidy(text: str) -> str:
    """Return the first line of a library's message, shortened, without a full stop or object addresses."""
    lines = text.strip().splitlines()
    line = " ".join(lines[0].split()) if lines else ""
    line = line.split(" <", 1)[0] if " object at 0x" in line else line
    return (line if len(line) <= 120 else line[:117] + "...").rstrip(".")


def _enter() -> None:
    with _lock:
        _threads.append(threading.get_ident())
        if len(_threads) == 1:
            _divert()


def _leave() -> None:
    with _lock:
        _threads.remove(threading.get_ident())
        while _undo and not _threads:
            _undo.pop()()


def _divert() -> None:
    caught = warnings.catch_warnings()
    caught.__enter__()
    _undo.append(lambda: caught.__exit__(None, None, None))
    warnings.simplefilter("always")
    shown = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if getattr(_here, "remarks", None) is None:
            shown(message, category, *where, **more)
        else:
            _here.remarks.append(tidy(str(message)))

    warnings.showwarning = show


def collect_log(logger_name: str) -> None:
    """Divert a library's log records to the reading threads until the last of them leaves `decoding`."""
    import logging

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.WARNING and getattr(_here, "logged", None) is not None:
                _here.logged.append(record.getMessage())

    logger = logging.getLogger(logger_name)
    with _lock:
        if any(type(handler).__name__ == "Collector" for handler in logger.handlers):
            return
        handler, propagate = Collector(), logger.propagate

        def restore() -> None:
            logger.removeHandler(handler)
            logger.propagate = propagate

        logger.addHandler(handler)
        logger.propagate = False
        _undo.append(restore)
