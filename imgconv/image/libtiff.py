"""What libtiff says while it decodes: it prints to the process's stderr, and goes on with wrong pixels.

Pillow offers no way to hear it, so stderr is pointed at a temporary file for the time of a decode, one decode at
a time; what is not libtiff's is passed on. An error that it printed is then raised.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_SAID = re.compile(rb"^(?:_?[A-Z][A-Za-z0-9]+|tempfile\.tif): (?P<words>.+)\n", re.MULTILINE)

_one_at_a_time = threading.Lock()


@contextmanager
def libtiff_heard() -> Iterator[None]:
    """Raise ValueError with libtiff's own words if it reports an error in this block."""
    from tempfile import TemporaryFile

    with _one_at_a_time, TemporaryFile(buffering=0) as heard:
        if sys.stderr is not None:
            sys.stderr.flush()
        try:
            kept = os.dup(_STDERR)
        except OSError:  # there is no stderr
            yield
            return
        os.dup2(heard.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            heard.seek(0)
            said = heard.read()
            others = _SAID.sub(b"", said)
            if others:
                os.write(_STDERR, others)
    for found in _SAID.finditer(said):
        words = found["words"].decode("ascii", "replace")
        if not words.startswith("Warning"):
            raise ValueError(words)
