"""A process that has imported what its jobs need, and forks for each: quick, held to little, and told by how it ended.

A program of jobs calls `serve` when it is run, and tests start it by `Server`. A job is a line of JSON, [name, argument
...], and is answered by the fields of `Ended`.
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


class Server:
    """A program of jobs that is running; called with the name of a job and its arguments, it tells how that ended."""

    def __init__(self, program):
        # a warning that is not diverted is to be seen
        self._command = [sys.executable, "-W", "always", program]

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *fault):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(PATIENCE)

    def __call__(self, *job):
        self._process.stdin.write(json.dumps(job, default=os.fspath) + "\n")
        self._process.stdin.flush()
        return Ended(*json.loads(self._process.stdout.readline()))


def serve(jobs, seconds=10 * SECONDS):
    """Do the jobs of standard input, functions by name, each within so many processor seconds."""
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(_forked(jobs[name], arguments, seconds)), flush=True)


def _forked(job, arguments, seconds):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            _be_child(job, arguments, seconds, out.fileno(), err.fileno())
        status, used = _wait(child)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
    return os.waitstatus_to_exitcode(status), *said, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def _be_child(job, arguments, seconds, out, err):
    code = 70
    try:
        for stream, file in enumerate((os.open(os.devnull, os.O_RDONLY), out, err)):
            os.dup2(file, stream)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
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
