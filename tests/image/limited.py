"""Reads pictures, each in a process of its own with little memory and time, and tells what came of it.

Run as a program it takes lines of JSON on standard input, [job, picture, output], and answers each with a line of
JSON: the exit code (negative for a signal), what was printed, seconds of processor time and the most memory used.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any, NamedTuple

SECONDS, BYTES = 2, 2**30
PATIENCE = 60


class Ended(NamedTuple):
    """How a job ended: its exit code, output, errors, processor seconds, and bytes of memory at most."""

    code: int
    out: str
    err: str
    seconds: float
    memory: int


class Jobs:
    """A process that has imported the program once, and forks for every job."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *fault):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(PATIENCE)

    def __call__(self, *job: Any) -> Ended:
        self.process.stdin.write(json.dumps([os.fspath(word) for word in job]) + "\n")
        self.process.stdin.flush()
        return Ended(*json.loads(self.process.stdout.readline()))


def _serve() -> None:
    # what a run imports when it needs it, imported before it is counted
    import imageio.v3
    import numpy as np
    import tifffile
    from PIL import (  # noqa: F401  # noqa: F401
        BmpImagePlugin,
        GifImagePlugin,
        ImageCms,
        JpegImagePlugin,
        PngImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    import imgconv.apply
    import imgconv.cli.apply
    from imgconv.image import deflate, read, tiff, tiffread, writer  # noqa: F401

    del imageio, tifffile, imgconv

    def reading(name: str, output: str) -> int:
        image = read(name)
        np.save(output, image.pixels)
        head = image.header
        print(
            json.dumps(
                {
                    "space": image.space,
                    "alpha": image.alpha,
                    "format": head.format,
                    "frames": head.frames,
                    "notes": image.notes,
                    "dtype": image.dtype,
                }
            )
        )
        return 0

    def command(*arguments: str) -> int:
        from imgconv.__main__ import main

        sys.argv = ["imgconv", *arguments]
        main()

    jobs = {"read": reading, "imgconv": command}
    for line in sys.stdin:
        word, *arguments = json.loads(line)
        print(json.dumps(_forked(jobs[word], arguments)), flush=True)


def _forked(job, arguments) -> list[Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (10 * SECONDS, 10 * SECONDS + 1))
            code = 70
            try:
                code = job(*arguments)
            except SystemExit as end:
                code = end.code
            except Exception as fault:
                if type(fault).__module__ == "imgconv.errors":
                    print(f"imgconv: {fault}", file=sys.stderr)
                    code = 1
                else:
                    import traceback

                    traceback.print_exc()
            finally:
                with contextlib.suppress(OSError):
                    sys.stdout.flush()
                    sys.stderr.flush()
                os._exit(code)
        deadline = time.monotonic() + PATIENCE
        while True:
            ended, status, used = os.wait4(child, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                deadline += PATIENCE
            time.sleep(0.001)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
    return [os.waitstatus_to_exitcode(status), *said, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]


if __name__ == "__main__":
    _serve()
