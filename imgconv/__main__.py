"""Run the command line: ``imgconv`` and ``python -m imgconv``.

Most runs are short, and much of a short run is Python coming and going, so nothing is done here that it can do without.
"""

import atexit
import gc
import os
import sys
from contextlib import suppress

from imgconv.system import interruption

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

OBJECTS_BEFORE_COLLECTION = 50_000
"""Importing makes many objects and next to no garbage, yet Python looks for some at every 700th."""

SHOWING = {"-h", "--help", "--dry-run"}
"""Options with which no pixel is decoded."""


def main() -> "NoReturn":
    """Run the command line and exit with its code."""
    code = interruption.INTERRUPTED
    try:
        interruption.end_at_once()
        code = _code()
    except KeyboardInterrupt:
        with suppress(OSError, ValueError):
            sys.stderr.write("imgconv: interrupted\n")
    _leave(code)


def _code() -> int:
    """Run the command line and return its exit code."""
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    # Nothing here is left to BLAS, whose threads are started with NumPy and keep a core busy while they wait for work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _foresee(sys.argv[1:])
    from imgconv.cli import main as run

    interruption.listen()
    try:
        run()
    except SystemExit as left:
        if not isinstance(left.code, int):
            raise
        return left.code


def _foresee(arguments: list[str]) -> None:
    """Decode the image of ``imgconv apply IMAGE ...`` while the rest of the program is being imported.

    It is a guess about what the options will be understood to mean, and may be a wrong one: nothing comes of it but
    time until the command asks for this image.
    """
    match arguments:
        case ["apply", image, _, *_] if image[0:1] != "-" and not SHOWING & set(arguments):
            from imgconv.image.ahead import foresee

            foresee(image)


def _leave(code: int) -> "NoReturn":
    """End the process without taking its objects apart one by one, for which Python needs several milliseconds.

    Where Ctrl-C fell into code that Python was defining from text, it would besides end itself by SIGINT, whatever
    code it is told to exit with.
    """
    interruption.finish()
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
