"""Worker processes on this machine: each has its own memory, so a decoder that crashes takes one file with it.

A worker is a copy of this process, which has imported everything by then; where copying is unsafe (other threads are
running) or not to be had, it is a fresh interpreter, which imports nothing from the current folder. Tasks go to it and
outcomes come back as pickles through two pipes, in order, so that it is known which file a worker was at when it died.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress
from io import BytesIO
from typing import IO, TYPE_CHECKING, NoReturn

from imgconv.batch.task import FAILED, Outcome, Task, run
from imgconv.image.files import sweep
from imgconv.image.limits.guard import fault_words
from imgconv.system import cores, interruption, portable
from imgconv.system.inbox import inbox

if TYPE_CHECKING:
    from imgconv.filtering.request import Request

QUIET = {signal.SIGINT}
"""What a terminal sends to all its processes: workers leave it to their parent, who ends them."""

AHEAD = 4
"""Workers have a second task waiting while there are more than so many for each of them."""

_LENGTH = 8
"""How many bytes say how many follow."""

_SPAWN = "import sys; sys.path.append(sys.argv[1]); from imgconv.batch.workers import _spawned; _spawned()"

HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
"""The folder that holds the package. Fresh interpreters start there, and never look for modules among the pictures."""


def outcomes(request: Request, tasks: Iterable[Task], jobs: int) -> Generator[Outcome]:
    """Run tasks on `jobs` worker processes and yield what comes of each, in the order in which they end.

    A worker that dies costs the file it was at and is replaced. Closing the iterator kills all workers and takes away
    the temporary files they leave; every target is then its old file or the whole new one.

    Args:
        request: what is done to every file; its `threads` are those of each worker.
        tasks: drawn from as workers become free.
    """
    waiting = deque(tasks)
    pool: list[Worker] = []
    if len(waiting) > 1 and portable.can_fork():
        _warm(request, waiting)
    with inbox() as messages:

        def begin() -> None:
            with interruption.Held():  # a signal must not find a worker that is in no pool
                worker = Worker(request, pool)
                pool.append(worker)
                messages.watch(worker, worker.results, worker.receive)
            feed(worker)

        def feed(worker: Worker) -> None:
            # A second task in its pipe, so that it need not wait for this process; towards the end they are shared out.
            while waiting and len(worker.tasks) < (2 if len(waiting) > AHEAD * jobs else 1):
                worker.give(waiting.popleft())

        def end(worker: Worker) -> None:
            worker.wait()
            messages.forget(worker, worker.results)
            worker.close()

        try:
            for _ in range(min(jobs, len(waiting))):
                begin()
            while pool:
                for worker, outcome in messages.messages():
                    if outcome:
                        worker.tasks.popleft()
                        feed(worker)
                    if not outcome or not worker.tasks:
                        outcome = outcome or worker.died()
                        waiting.extendleft(reversed(worker.tasks))
                        with interruption.Held():  # nor one that is half taken leave of
                            end(worker)
                            pool.remove(worker)
                        if waiting:
                            begin()
                    yield outcome
        finally:
            for worker in pool:
                worker.kill()
            for worker in pool:
                worker.died()
                end(worker)


class Worker:
    """A worker process, the pipes to and from it, and the tasks it was given: it is at the first of them."""

    def __init__(self, request: Request, others: Iterable[Worker], folder: str | None = None) -> None:
        """Start a process.

        Args:
            request: what it does to every file.
            others: those that live already, whose pipes a copy of this process inherits.
            folder: its current one, if it is another than this process's.
        """
        self.tasks: deque[Task] = deque()
        # A signal must find neither a worker that nobody knows of, nor one that takes itself for its parent.
        with portable.stopping_blocked():
            if folder is None and portable.can_fork():
                self._fork(request, others)
            else:
                self._spawn(request, folder)

    def _fork(self, request: Request, others: Iterable[Worker]) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        self._process: portable.Child = portable.Fork()
        if not self._process.pid:
            try:
                # A pipe ends when its last writer closes it: a copy of one would keep a worker waiting for its parent.
                for other in others:
                    os.close(other.orders.fileno())
                    os.close(other.results.fileno())
                os.close(ours_in)
                os.close(ours_out)
                for number in set(interruption.STOPPING) - QUIET:
                    signal.signal(number, signal.SIG_DFL)
                portable.hold_back(QUIET)
                _serve(request, os.fdopen(theirs_in, "rb"), os.fdopen(theirs_out, "wb"))
            finally:
                os._exit(1)
        os.close(theirs_in)
        os.close(theirs_out)
        self.orders: IO[bytes] = os.fdopen(ours_out, "wb")
        self.results: IO[bytes] = os.fdopen(ours_in, "rb", buffering=0)

    def _spawn(self, request: Request, folder: str | None) -> None:
        # It inherits the blocked signals, until it has begun to serve.
        command = [sys.executable, *_flags(), "-c", _SPAWN, HOME]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HOME)
        assert process.stdin and process.stdout
        self._process, self.orders = process, process.stdin
        with process.stdout as buffered:
            self.results = os.fdopen(os.dup(buffered.fileno()), "rb", buffering=0)
        self._send((request, folder or os.getcwd()))

    def _send(self, message: object) -> None:
        with suppress(BrokenPipeError):  # it has died, which its results' end will tell
            pickle.dump(message, self.orders, pickle.HIGHEST_PROTOCOL)
            self.orders.flush()

    def give(self, task: Task) -> None:
        """Hand it a task, which it comes to when it is through with those it has."""
        self.tasks.append(task)
        self._send(task)

    def receive(self) -> Outcome | None:
        """Return the next outcome that it sends, or None if the process has died."""
        try:
            outcome: Outcome = pickle.loads(_read(self.results, int.from_bytes(_read(self.results, _LENGTH))))
        except EOFError:
            return None
        return outcome

    def take(self) -> Outcome | None:
        """Return what came of its first task, or None if the process has died."""
        outcome = self.receive()
        if outcome:
            self.tasks.popleft()
        return outcome

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        self._process.kill()

    def died(self) -> Outcome:
        """Wait for a process that has died, take away what it left, and say what has become of its first task."""
        code = self._process.wait()
        for task in self.tasks:  # it may have come to the second, if nobody has asked what came of the first
            sweep(os.path.dirname(os.path.realpath(task.target)))
        return _undone(self.tasks.popleft() if self.tasks else Task("", ""), _words(code))

    def wait(self) -> None:
        """Say that there are no more tasks, and wait until the process has ended."""
        with suppress(OSError):
            self.orders.close()
        self._process.wait()

    def close(self) -> None:
        """Wait until the process has ended, and close the pipe from it."""
        self.wait()
        with suppress(OSError):
            self.results.close()


def _undone(task: Task, why: str) -> Outcome:
    return Outcome(input=task.source, output=task.target, status=FAILED, error=f"{task.source}: {why}")


def _read(pipe: IO[bytes], size: int) -> bytes:
    """Return the next bytes of an unbuffered pipe: one that reads ahead would hide a second outcome from `select`.

    Raises:
        EOFError: the pipe ends before.
    """
    data = b""
    while len(data) < size:
        part = pipe.read(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def _words(code: int) -> str:
    """Say how a worker died, by its exit code."""
    if code >= 0:
        return f"the process that filtered it ended with exit code {code}"
    killed = portable.was_killed(code)
    hint = "; the system does that when memory runs out, and fewer --jobs need less" if killed else ""
    return f"the process that filtered it was ended by {portable.signal_name(-code)}{hint}"


def _warm(request: Request, tasks: Iterable[Task]) -> None:
    """Filter a few pixels in every format of the tasks, so that what this takes is imported once for all workers."""
    import numpy as np

    from imgconv.filtering.apply import apply
    from imgconv.image import encode

    small = request.replace(saves=())
    pixels = np.zeros((64, 64, 3), np.uint8)
    for suffix in {os.path.splitext(path)[1] for task in tasks for path in (task.source, task.target)}:
        with suppress(Exception):  # what is wrong will be said of every file
            apply(small.replace(format=suffix), BytesIO(encode(pixels, suffix)), BytesIO())


def _flags() -> list[str]:
    """Return the options of a fresh interpreter: its path is safe, and as isolated as this one's."""
    flags = sys.flags
    return ["-P", *["-E"] * flags.ignore_environment, *["-s"] * flags.no_user_site]


def _serve(request: Request, tasks: IO[bytes], results: IO[bytes], fault: str = "") -> NoReturn:
    """Run tasks until there are no more, or nobody is left to send any; then end the process.

    Args:
        request: what is done to every file.
        tasks, results: the pipes.
        fault: why no task can be run, in words.
    """
    os.dup2(2, 1)  # nothing that a library prints may get among the results
    if request.threads:
        cores.limit(request.threads)
    with suppress(EOFError, BrokenPipeError, pickle.UnpicklingError):
        while True:
            task = pickle.load(tasks)
            outcome = pickle.dumps(_undone(task, fault) if fault else run(request, task), pickle.HIGHEST_PROTOCOL)
            results.write(len(outcome).to_bytes(_LENGTH) + outcome)
            results.flush()
    os._exit(0)


def _spawned() -> None:
    """Serve as a fresh interpreter, whose standard streams are the pipes."""
    tasks, results = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        request, folder = pickle.load(tasks)
    except EOFError:  # whoever has started it is there no more
        os._exit(0)
    fault = ""
    try:
        os.chdir(folder)
    except OSError as error:
        fault = f"{folder}: {fault_words(error)}"
    portable.hold_back(QUIET)
    _serve(request, tasks, results, fault)
