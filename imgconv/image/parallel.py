"""Work on several threads whose results are taken in order: codecs spend their time outside the GIL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

Made = TypeVar("Made")


def ordered(task: Callable[[int], Made], count: int, threads: int) -> Iterator[Made]:
    """Yield ``task(0)`` to ``task(count - 1)``, in order, computed on `threads` other threads; 0 means on this one.

    Tasks begin in order too, and at most three a thread are begun and not yet taken, so that little memory is held.
    What a task raises is raised here in its turn. No task runs on once the iteration has ended, however it ended.
    """
    if threads < 1:
        yield from map(task, range(count))
        return
    from queue import SimpleQueue

    made: list[SimpleQueue[tuple[Made | None, BaseException | None]]] = [SimpleQueue() for _ in range(count)]
    numbers, lock, room = iter(range(count)), threading.Lock(), threading.Semaphore(3 * threads)
    ended = False

    def work() -> None:
        while True:
            room.acquire()
            with lock:
                number = None if ended else next(numbers, None)
            if number is None:
                return
            try:
                made[number].put((task(number), None))
            except BaseException as fault:  # raised in the thread that takes the results
                made[number].put((None, fault))

    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(threads, count))]
    try:
        for worker in workers:
            worker.start()
        for queue in made:
            result, fault = queue.get()
            room.release()
            if fault:
                raise fault
            yield result  # type: ignore[misc]
    finally:
        ended = True
        for _ in workers:
            room.release()
        for worker in workers:
            if worker.ident:
                worker.join()
