"""Workers on other machines: the tasks of a batch, sent to a Dask cluster.

The scheduler gets a window of tasks at a time. A worker that is lost has its files filtered elsewhere; what has cost
several workers is tried once more by itself when all else is done, so that its neighbours need not pay for it.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import re
import sys
import time
import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from importlib import import_module
from subprocess import DEVNULL, Popen
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import imgconv
from imgconv.batch.node import filtered
from imgconv.batch.task import FAILED, SKIPPED, Outcome, Task
from imgconv.errors import ClusterError

if TYPE_CHECKING:
    from imgconv.request import Request

LOCAL = "local"
"""The address for a cluster of this machine's, made for the run."""

CONNECT_SECONDS, PATIENCE_SECONDS, CLOSE_SECONDS = 5, 60, 1
"""How long a scheduler may take to answer, workers to appear, and all of it to be taken leave of."""

POLL_SECONDS, LOOK_SECONDS = 0.01, 1.0
"""How often it is looked whether a task has ended, and which workers there are."""

_HOST = re.compile(r"(\w+://\S+|[\w.-]+:\d+|\[[0-9a-fA-F:]+\]:\d+)")


def outcomes(request: Request, tasks: Iterable[Task], address: str, jobs: int) -> Generator[Outcome]:
    """Have a cluster run tasks, and yield what comes of each, in the order in which they end.

    Closing the iterator cancels what has not been begun; files that workers are at are finished by them.

    Args:
        request: what is done to every file; its `threads` are at most a worker's.
        tasks: drawn from as workers become free. Workers must see their files under the same names.
        address: a scheduler's, such as ``tcp://host:8786``, a scheduler file's path, or `LOCAL`.
        jobs: how many workers a local cluster has.

    Raises:
        ClusterError: Dask is not installed, or there is no such cluster, or it is lost.
    """
    with _quiet(), _connected(address, jobs) as client:
        yield from _Run(client, request, address).outcomes(tasks)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs and warns of to itself: what matters of it comes as an error."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _distributed() -> Any:
    """Return the package, which the type checker need not find."""
    return import_module("distributed")


@contextmanager
def _connected(address: str, jobs: int) -> Iterator[Any]:
    """Yield a client of the cluster."""
    try:
        dask = _distributed()
    except ImportError:
        problem = "the package distributed is not installed; pip install 'imgconv[dask]' brings it"
        raise ClusterError(address, problem) from None
    with _started(jobs) if address == LOCAL else nullcontext(_scheduler(address)) as scheduler:
        try:
            client = dask.Client(scheduler, timeout=CONNECT_SECONDS)
        except Exception as fault:
            raise ClusterError(address, _no_answer(fault)) from None
        try:
            yield client
        finally:
            with suppress(Exception):
                client.close(timeout=CLOSE_SECONDS)


@contextmanager
def _started(jobs: int) -> Iterator[str]:
    """Start a scheduler and workers of one thread each, and yield the scheduler's address.

    Their processes are out of the terminal's reach: Ctrl-C would have each of them tell of it.
    """
    with TemporaryDirectory(prefix="imgconv-dask-", ignore_cleanup_errors=True) as folder, ExitStack() as processes:

        def start(kind: str, *options: str) -> Popen[bytes]:
            command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard", *options]
            process = Popen(command, cwd=folder, start_new_session=True, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
            processes.callback(process.wait)
            processes.callback(process.kill)
            return process

        file = os.path.join(folder, "scheduler.json")
        # should this process be killed, the scheduler ends by itself, and the workers after it
        options = ["--scheduler-file", file, "--idle-timeout", f"{PATIENCE_SECONDS}s"]
        scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", *options)
        end = time.monotonic() + PATIENCE_SECONDS
        address = ""
        while not address:
            if scheduler.poll() is not None or time.monotonic() > end:
                raise ClusterError(LOCAL, "Dask's scheduler does not start; 'dask scheduler' shows why")
            time.sleep(POLL_SECONDS)
            with suppress(ClusterError):  # not there, or not whole
                address = _scheduler(file)
        for _ in range(jobs):
            start("worker", address, "--no-nanny", "--nthreads", "1", "--death-timeout", str(PATIENCE_SECONDS))
        yield address


def _scheduler(address: str) -> str:
    """Return the address of a scheduler, which may be in a file.

    Raises:
        ClusterError: there is neither such an address nor such a file.
    """
    if _HOST.fullmatch(address):
        return address if "://" in address else f"tcp://{address}"
    try:
        with open(address, encoding="utf-8") as file:
            return str(json.load(file)["address"])
    except FileNotFoundError:
        problem = "neither an address such as tcp://host:8786, nor a scheduler file, nor 'local'"
    except (OSError, ValueError, KeyError, TypeError):
        problem = "this is no scheduler file, such as dask scheduler --scheduler-file writes"
    raise ClusterError(address, problem)


def _no_answer(fault: Exception) -> str:
    if isinstance(fault, (OSError, TimeoutError)):
        return f"no scheduler answers there within {CONNECT_SECONDS} seconds; is it running, and of this address?"
    return f"Dask cannot connect to it ({type(fault).__name__}: {_line(fault)})"


def _line(fault: BaseException) -> str:
    return " ".join(str(fault).split())[:200]


class _Sent(NamedTuple):
    """A task that is under way, and whether it is by itself, as it has cost workers before."""

    task: Task
    alone: bool


class _Run:
    """The tasks of one batch on their way through a cluster."""

    def __init__(self, client: Any, request: Request, address: str) -> None:
        self._client, self._address = client, address
        self._common = (imgconv.__version__, pickle.dumps(request), os.getcwd())
        self._ended = _distributed().as_completed(with_results=True, raise_errors=False)
        self._sent: dict[Any, _Sent] = {}
        self._suspects: list[Task] = []
        self._threads = 0
        self._looked = self._last_seen = time.monotonic()
        self._look()

    def outcomes(self, tasks: Iterable[Task]) -> Generator[Outcome]:
        """Yield what comes of each task."""
        waiting = iter(tasks)
        while True:
            while len(self._sent) < self._window() and (task := next(waiting, None)):
                self._send(task)
            if not self._sent:
                if not self._suspects:
                    return
                self._send(self._suspects.pop(), alone=True)
            for future, result in self._arrived():
                sent = self._sent.pop(future)
                if outcome := self._outcome(future, result, sent):
                    yield outcome

    def _window(self) -> int:
        """Return how many tasks the scheduler may have: enough that no worker waits, and no thousands."""
        return 8 + 3 * self._threads

    def _send(self, task: Task, *, alone: bool = False) -> None:
        # What has come to exist is told by its status: it may have been made by a worker that was lost thereafter.
        fields = (task.source, task.target, task.overwrite, not task.overwrite)
        future = self._client.submit(filtered, *self._common, fields, pure=False)
        self._sent[future] = _Sent(task, alone)
        self._ended.add(future)

    def _arrived(self) -> list[tuple[Any, Any]]:
        """Wait for tasks to end and return their futures and results.

        Raises:
            ClusterError: there is no cluster any more, or no workers in it.
        """
        while not (found := self._ended.next_batch(block=False)):
            if time.monotonic() - self._looked > LOOK_SECONDS:
                self._look()
                if time.monotonic() - self._last_seen > PATIENCE_SECONDS:
                    raise ClusterError(self._address, f"it has had no workers for {PATIENCE_SECONDS} seconds")
            time.sleep(POLL_SECONDS)
        return list(found)

    def _look(self) -> None:
        """See how many threads the workers have."""
        try:
            found: dict[str, int] = dict(
                self._client.sync(self._client.scheduler.ncores, callback_timeout=CONNECT_SECONDS)
            )
        except Exception:
            raise self._lost() from None
        self._looked = time.monotonic()
        if found:
            self._last_seen = self._looked
        self._threads = sum(found.values())

    def _lost(self) -> ClusterError:
        return ClusterError(self._address, "the scheduler is gone; --resume goes on where this run ends")

    def _outcome(self, future: Any, result: Any, sent: _Sent) -> Outcome | None:
        """Return what came of a task; None if it has been sent again.

        Raises:
            ClusterError: no task can succeed there.
        """
        if future.status in ("cancelled", "lost"):
            raise self._lost()
        if future.status == "error":
            return self._failed(result[1] if isinstance(result, tuple) else result, sent)
        version, worker, seen, outcome = result
        if version != (own := imgconv.__version__):
            problem = f"worker {worker} has imgconv {version}, and this is {own}; install the same there"
            raise ClusterError(self._address, problem)
        if not seen:
            return _undone(sent.task, _unseen(sent.task.source, worker))
        return self._checked(outcome, worker, future.key, sent.task)

    def _checked(self, outcome: Outcome, worker: str, key: str, task: Task) -> Outcome | None:
        """Return an outcome as it is for this machine; None if the task has been sent again."""
        if outcome.status == SKIPPED and self._begun_twice(key):
            self._send(task.replace(overwrite=True))
            return None
        if outcome.status == SKIPPED and not task.spare:
            return outcome.replace(status=FAILED)
        if outcome.after and not _arrived_here(outcome.output):
            problem = f"worker {worker} has written it, but here it is not to be seen"
            return _undone(task, f"{outcome.output}: {problem}; --dask needs folders that all machines share")
        return outcome

    def _begun_twice(self, key: str) -> bool:
        """Whether a target that has come to exist may come from a worker that was lost before it could say so."""
        try:
            story = self._client.story(key, on_error="ignore")
        except Exception:
            raise self._lost() from None
        return sum(event[0] == key and event[2] == "processing" for event in story) > 1

    def _failed(self, fault: BaseException, sent: _Sent) -> Outcome | None:
        """Return the outcome of a task that its worker could not even begin, or that has cost several workers."""
        if isinstance(fault, _distributed().KilledWorker):
            if not sent.alone:
                self._suspects.append(sent.task)
                return None
            return _undone(sent.task, f"{sent.task.source}: every worker that was to filter it was lost")
        if isinstance(fault, (ImportError, AttributeError)):
            problem = f"its workers have no imgconv {imgconv.__version__} ({_line(fault)}); install it where they run"
            raise ClusterError(self._address, problem)
        return _undone(sent.task, f"{sent.task.source}: its worker failed with {type(fault).__name__}: {_line(fault)}")


def _undone(task: Task, error: str) -> Outcome:
    return Outcome(input=task.source, output=task.target, status=FAILED, error=error)


def _unseen(source: str, worker: str) -> str:
    if not os.path.exists(source):
        return f"{source}: there is no such file any more"
    return f"{source}: worker {worker} does not see this file; --dask needs folders that all machines share"


def _arrived_here(path: str) -> bool:
    """Whether a file that another machine has written is seen here; a network's file system may need to look twice."""
    if os.path.exists(path):
        return True
    with suppress(OSError):
        os.listdir(os.path.dirname(path) or os.curdir)
    return os.path.exists(path)
