"""Reads pictures, each in a process of its own that is held to little time and memory, and tells what came of it.

Run as a program it takes lines of JSON on standard input, [job, argument ...], and answers each with a line of JSON:
the fields of `Ended`.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from typing import NamedTuple

SECONDS, BYTES = 2, 2**30
PATIENCE = 60


class Ended(NamedTuple):
    """How a job ended: its exit code, negative for a signal; what it printed; processor seconds; bytes at most."""

    code: int
    out: str
    err: str
    seconds: float
    memory: int

    def faults(self, refusals=(1,)):
        """Say what a command line tool must not do; `refusals` are the exit codes with which a file may be refused."""
        lines = self.err.splitlines()
        if self.code and self.code not in refusals:
            yield f"exit code {self.code}: {self.err[-300:]}"
        elif self.code == 0 and lines:
            yield f"done, but on stderr: {self.err[:300]}"
        elif self.code and (len(lines) != 1 or not lines[0].startswith("imgconv: ") or len(lines[0]) > 500):
            yield f"not one sentence: {self.err[:500]}"
        if self.seconds > SECONDS or self.memory > BYTES:
            yield f"{self.seconds:.1f} s, {self.memory >> 20} MB"


class Jobs:
    """A process that has imported the program once, and forks for every job."""

    def __enter__(self):
        # a warning that is not diverted is to be seen
        command = [sys.executable, "-W", "always", __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *fault):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(PATIENCE)

    def __call__(self, *job):
        self._process.stdin.write(json.dumps([os.fspath(word) for word in job]) + "\n")
        self._process.stdin.flush()
        return Ended(*json.loads(self._process.stdout.readline()))


def reading(name, output):
    """Save the pixels of a file's first image, and print what `imgconv.read` says of it."""
    import numpy as np

    from imgconv.errors import ImgconvError
    from imgconv.image import read
    from imgconv.image.formats import FORMATS

    try:
        image = read(name)
    except ImgconvError as fault:
        print(f"imgconv: {fault}", file=sys.stderr)
        return 1
    np.save(output, image.pixels)
    suffixes = {one.name: one.suffixes[0] for one in FORMATS}
    facts = {
        **{key: getattr(image, key) for key in ("width", "height", "space", "alpha", "dtype", "notes")},
        **{key: getattr(image.header, key) for key in ("format", "frames", "unit")},
        "suffix": suffixes.get(image.header.format, image.header.format.lower()),
    }
    print(json.dumps(facts))
    return 0


def every(name, output):
    """Save the pixels of all frames or pages of a file, one after the other."""
    import numpy as np

    from imgconv.errors import ImgconvError
    from imgconv.image import read_frames

    try:
        found = [frame.image.pixels for frame in read_frames(name)]
    except ImgconvError as fault:
        print(f"imgconv: {fault}", file=sys.stderr)
        return 1
    np.savez(output, *found)
    return 0


def command(*arguments):
    """Run the program."""
    from imgconv.__main__ import main

    sys.argv = ["imgconv", *arguments]
    main()


JOBS = {"read": reading, "every": every, "imgconv": command}


def _prepare():
    """Import what a run imports, before it is counted."""
    import imageio.v3
    import numpy
    import tifffile
    from PIL import BmpImagePlugin, GifImagePlugin, ImageCms, JpegImagePlugin, TiffImagePlugin, WebPImagePlugin

    import imgconv.cli.apply
    import imgconv.filtering.apply
    from imgconv.image import deflate, read, writer
    from imgconv.image.tiff import open as tiff
    from imgconv.image.tiff import read as tiffread

    modules = imageio, numpy, tifffile, imgconv, deflate, read, tiff, tiffread, writer
    plugins = BmpImagePlugin, GifImagePlugin, ImageCms, JpegImagePlugin, TiffImagePlugin, WebPImagePlugin
    assert modules and plugins


def _serve():
    _prepare()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(_forked(JOBS[name], arguments)), flush=True)


def _forked(job, arguments):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            _be_child(job, arguments, out.fileno(), err.fileno())
        status, used = _wait(child)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
    return os.waitstatus_to_exitcode(status), *said, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def _be_child(job, arguments, out, err):
    code = 70
    try:
        for stream, file in enumerate((os.open(os.devnull, os.O_RDONLY), out, err)):
            os.dup2(file, stream)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (10 * SECONDS, 10 * SECONDS + 1))
        code = job(*arguments)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


def _wait(child):
    """Wait for a process, and end it if it sleeps for ever."""
    deadline = time.monotonic() + PATIENCE
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            return status, used
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.001)


if __name__ == "__main__":
    _serve()
