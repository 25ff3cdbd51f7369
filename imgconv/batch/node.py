"""What a worker of a Dask cluster does with a task: hand it to a process of its own, and say what came of it.

A decoder that crashes then takes its file with it and not the worker, and files do not wait for each other's Python.
The processes stay for the files that follow, and end when none has come for a while, or when the worker ends.
"""

from __future__ import annotations

import os
import pickle
import threading
import time
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import imgconv
from imgconv.batch.task import Task
from imgconv.batch.workers import Worker

if TYPE_CHECKING:
    from imgconv.filtering.request import Request

IDLE_SECONDS = 20.0

Key = tuple[bytes, str, int]
"""What a process was made for: the request, the folder it is in, its threads."""

_idle: list[tuple[float, Key, Worker]] = []
_lock = threading.Lock()


def filtered(version: str, request: bytes, folder: str, task: tuple[Any, ...]) -> list[Any]:
    """Filter one file; everything that comes in and goes out is known to any version.

    Args:
        version: of the imgconv that asks.
        request: pickled.
        folder: where relative paths begin.
        task: the fields of a `Task`.

    Returns:
        This imgconv's version, this worker's address, whether it sees the file, and what came of it: None where the
        versions differ.
    """
    worker = import_module("distributed").get_worker()
    place = str(worker.address)
    if version != imgconv.__version__:
        return [imgconv.__version__, place, True, None]
    todo = Task(*task)
    seen = os.path.exists(os.path.join(folder, todo.source))
    if not seen or not os.path.isdir(folder):
        return [version, place, False, None]
    key = request, folder, int(worker.state.nthreads)
    process = _taken(key)
    process.give(todo)
    outcome = process.take()
    if outcome:
        _given_back(key, process)
    else:
        outcome = process.died()
        process.close()
    return [version, place, True, outcome]


@lru_cache(maxsize=4)
def _request(pickled: bytes, threads: int) -> Request:
    """Return the request for a worker of so many threads, each of which has a file of its own to filter."""
    request: Request = pickle.loads(pickled)
    return request.replace(threads=min(request.threads or 1, threads))


def _taken(key: Key) -> Worker:
    """Return a process that waits for such a task, or a new one."""
    with _lock:
        for at, (_, other, process) in enumerate(_idle):
            if other == key:
                del _idle[at]
                return process
    return Worker(_request(key[0], key[2]), (), folder=key[1])


def _given_back(key: Key, process: Worker) -> None:
    with _lock:
        if not _idle:
            threading.Thread(target=_end_idle, daemon=True).start()
        _idle.append((time.monotonic(), key, process))


def _end_idle() -> None:
    """End processes that have waited for long, until there are none; one thread does so while there are any."""
    left = True
    while left:
        time.sleep(1)
        with _lock:
            late = time.monotonic() - IDLE_SECONDS
            ended = [process for since, _, process in _idle if since < late]
            _idle[:] = [waiting for waiting in _idle if waiting[0] >= late]
            left = bool(_idle)
        for process in ended:
            process.close()
