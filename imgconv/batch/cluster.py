"""Workers on other machines: the tasks of a batch, sent to a Dask cluster.

The scheduler gets a window of tasks at a time. It has the files of a worker that is lost filtered elsewhere.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import re
import time
import warnings
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

import imgconv
from imgconv.batch.task import FAILED, SKIPPED, Outcome, Task
from imgconv.errors import ClusterError

if TYPE_CHECKING:
    from imgconv.filtering.request import Request

LOCAL = "local"
"""The address for a cluster of this machine's, made for the run."""

LOOPBACK = "127.0.0.1:0"
"""What is listened on by a cluster of this machine's: any port, and by nobody else's."""

_NO_PAGES: dict[str, list[str]] = {f"distributed.{kind}.http.routes": [] for kind in ("scheduler", "worker")}

CONNECT_SECONDS, PATIENCE_SECONDS, CLOSE_SECONDS = 5, 60, 1
"""How long a scheduler may take to answer, workers to appear, and all of it to be taken leave of."""

POLL_SECONDS, LOOK_SECONDS = 0.01, 1.0
"""How often it is looked whether a task has ended, and which workers there are."""

_CALL = "__import__('imgconv.batch.node', fromlist=['filtered']).filtered(*arguments)"
"""What a worker evaluates. Sent the function itself, one that has no imgconv would end as soon as it reads of it."""

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


def check(address: str) -> None:
    """Refuse a cluster that cannot be used; one of this machine's is not made for that.

    Raises:
        ClusterError: Dask is not installed, or there is no such cluster.
    """
    with _quiet():
        if address == LOCAL:
            _dask(address)
        else:
            with _connected(address, 1):
                pass


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs and warns of to itself: what matters of it comes as an error.

    After an interruption that stays so: Dask's threads go on for a while, and complain of tasks that are cancelled.
    """
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(before)


def _distributed() -> Any:
    """Return the package, which the type checker need not find."""
    return import_module("distributed")


def _dask(address: str) -> Any:
    """Return the package.

    Raises:
        ClusterError: it is not installed.
    """
    try:
        return _distributed()
    except ImportError:
        problem = "the package distributed is not installed; pip install 'imgconv[dask]' brings it"
        raise ClusterError(address, problem) from None


@contextmanager
def _connected(address: str, jobs: int) -> Iterator[Any]:
    """Yield a client of the cluster."""
    dask = _dask(address)
    with _local(jobs) if address == LOCAL else nullcontext(_scheduler(address)) as scheduler:
        try:
            client = _client(dask, scheduler)
        except Exception as fault:
            raise ClusterError(address, _no_answer(fault)) from None
        try:
            yield client
        finally:
            with suppress(Exception):
                client.close(timeout=CLOSE_SECONDS)


def _client(dask: Any, scheduler: Any) -> Any:
    """Return a client, or raise what Dask raises; a port that is of something else may keep it waiting for ever."""
    found: Future[Any] = Future()

    def connect() -> None:
        try:
            found.set_result(dask.Client(scheduler, timeout=CONNECT_SECONDS))
        except Exception as fault:
            found.set_exception(fault)

    Thread(target=connect, daemon=True).start()
    return found.result(timeout=CONNECT_SECONDS + 1)


@contextmanager
def _local(jobs: int) -> Iterator[Any]:
    """Yield a cluster in this process: one worker, each of whose threads has a process that filters for it.

    Tasks do not leave the process. Dask opens a port for HTTP beside every scheduler and worker all the same: here it
    is on loopback and has no pages. Without an address it would be on all interfaces, and show the names of files.
    """
    dask = _distributed()
    common = {"protocol": "inproc://", "dashboard": False, "dashboard_address": LOOPBACK}
    worker = {"cls": dask.Worker, "options": {**common, "nthreads": jobs, "memory_limit": None}}
    with import_module("dask").config.set(_NO_PAGES):
        cluster = dask.SpecCluster(scheduler={"cls": dask.Scheduler, "options": common}, workers={0: worker})
    try:
        yield cluster
    finally:
        with suppress(Exception):
            cluster.close(timeout=CLOSE_SECONDS)


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
        return f"no scheduler answers there within {CONNECT_SECONDS} seconds; is it running, and is this its address?"
    return f"Dask cannot connect to it ({type(fault).__name__}: {_line(fault)})"


def _line(fault: BaseException) -> str:
    return " ".join(str(fault).split())[:200]


class _Run:
    """The tasks of one batch on their way through a cluster."""

    def __init__(self, client: Any, request: Request, address: str) -> None:
        self._client, self._address = client, address
        self._common = (imgconv.__version__, pickle.dumps(request), os.getcwd())
        self._ended = _distributed().as_completed(with_results=True, raise_errors=False)
        self._sent: dict[Any, Task] = {}
        self._threads = 0
        self._looked = self._last_seen = time.monotonic()
        self._look()

    def outcomes(self, tasks: Iterable[Task]) -> Generator[Outcome]:
        """Yield what comes of each task."""
        waiting = iter(tasks)
        while True:
            # enough that no worker waits, and no thousands
            while len(self._sent) < 8 + 3 * self._threads and (task := next(waiting, None)):
                self._send(task)
            if not self._sent:
                return
            for future, result in self._arrived():
                if outcome := self._outcome(future, result, self._sent.pop(future)):
                    yield outcome

    def _send(self, task: Task) -> None:
        # What has come to exist is told by its status: it may have been made by a worker that was lost thereafter.
        fields = (task.source, task.target, task.overwrite, not task.overwrite)
        future = self._client.submit(eval, _CALL, {"arguments": (*self._common, fields)}, pure=False)
        self._sent[future] = task
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
        found: dict[str, int] = self._asked(self._client.scheduler.ncores)
        self._looked = time.monotonic()
        if found:
            self._last_seen = self._looked
        self._threads = sum(found.values())

    def _asked(self, question: Any, **arguments: Any) -> Any:
        """Return the scheduler's answer to a question; the client's own methods would wait for one for ever."""
        try:
            return self._client.sync(question, **arguments, callback_timeout=CONNECT_SECONDS)
        except Exception:
            raise self._lost() from None

    def _lost(self) -> ClusterError:
        return ClusterError(self._address, "the scheduler is gone; --resume goes on where this run ends")

    def _outcome(self, future: Any, result: Any, task: Task) -> Outcome | None:
        """Return what came of a task; None if it has been sent again.

        Args:
            future: of the task.
            result: what `filtered` has returned, or the exception's (type, value, traceback), or why there is neither.
            task: what was sent.

        Raises:
            ClusterError: no task can succeed there.
        """
        # A future's status is of no use here: a result that has come is "lost" if its worker is lost after that.
        if isinstance(result, BaseException):
            raise self._lost()
        if not isinstance(result, list):
            return self._failed(result[1], task)
        version, worker, seen, outcome = result
        if version != (own := imgconv.__version__):
            problem = f"worker {worker} has imgconv {version}, and this is {own}; install the same there"
            raise ClusterError(self._address, problem)
        if not seen:
            return _undone(task, _unseen(task.source, worker))
        if outcome.status == SKIPPED and self._begun_twice(future.key):
            self._send(task.replace(overwrite=True))
            return None
        if outcome.status == SKIPPED and not task.spare:
            return cast("Outcome", outcome.replace(status=FAILED))
        if outcome.after and not _arrived_here(outcome.output):
            problem = f"worker {worker} has written it, but here it is not to be seen"
            return _undone(task, f"{outcome.output}: {problem}; --dask needs folders that all machines share")
        return cast("Outcome", outcome)

    def _begun_twice(self, key: str) -> bool:
        """Whether a target that has come to exist may come from a worker that was lost before it could say so."""
        transitions = self._asked(self._client.scheduler.get_story, keys_or_stimuli=[key])
        return [name == key and after == "processing" for name, _, after, *_ in transitions].count(True) > 1

    def _failed(self, fault: BaseException, task: Task) -> Outcome:
        """Return the outcome of a task that its worker could not even begin, or that several workers were lost with."""
        if isinstance(fault, _distributed().KilledWorker):
            return _undone(task, f"{task.source}: every worker that was to filter it was lost; --resume tries again")
        if isinstance(fault, (ImportError, AttributeError)):
            problem = f"its workers have no imgconv {imgconv.__version__} ({_line(fault)}); install it where they run"
            raise ClusterError(self._address, problem)
        return _undone(task, f"{task.source}: its worker failed with {type(fault).__name__}: {_line(fault)}")


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
