"""What a C library prints to the process's stderr while it decodes, going on with wrong pixels or saying less to us.

Where a library offers no other way to hear it, stderr is pointed at a temporary file for the time of a decode, one
decode at a time; what is not the library's is passed on.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2

_one_at_a_time = threading.Lock()


@contextmanager
def heard(said: re.Pattern[bytes]) -> Iterator[None]:
    """Raise ValueError with a library's own words if it prints an error in this block.

    `said` matches its lines, whole; its group ``words`` is what one says, ``Warning...`` for no error.
    """
    from tempfile import TemporaryFile

    with _one_at_a_time, TemporaryFile(buffering=0) as file:
        if sys.stderr is not None:
            sys.stderr.flush()
        try:
            kept = os.dup(_STDERR)
        except OSError:  # there is no stderr
            yield
            return
        os.dup2(file.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            file.seek(0)
            printed = file.read()
            others = said.sub(b"", printed)
            if others:
                os.write(_STDERR, others)
    for found in said.finditer(printed):
        words = found["words"].decode("ascii", "replace")
        if not words.startswith("Warning"):
            raise ValueError(words)
