"""Messages of several child processes, as they come in: what POSIX selects from, and what Windows needs threads for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Protocol

from imgconv.system.portable import WINDOWS


class Inbox(Protocol):
    """Where the messages of several pipes come in; each pipe has a key of the caller's choice."""

    def watch(self, key: Any, pipe: IO[bytes], receive: Callable[[], Any]) -> None:
        """Await messages, which `receive` reads from `pipe`: one message, or None at the end."""

    def forget(self, key: Any, pipe: IO[bytes]) -> None:
        """Await no more, of a pipe whose other end is closed."""

    def messages(self) -> Iterator[tuple[Any, Any]]:
        """Wait for a message, and yield those that are there, as key and message."""

    def close(self) -> None:
        """Let go of what this takes."""


class _Selected:
    def __init__(self) -> None:
        import selectors

        self._event, self._selector = selectors.EVENT_READ, selectors.DefaultSelector()

    def watch(self, key: Any, pipe: IO[bytes], receive: Callable[[], Any]) -> None:
        self._selector.register(pipe, self._event, (key, receive))

    def forget(self, key: Any, pipe: IO[bytes]) -> None:
        self._selector.unregister(pipe)

    def messages(self) -> Iterator[tuple[Any, Any]]:
        for ready, _ in self._selector.select():
            key, receive = ready.data
            yield key, receive()

    def close(self) -> None:
        self._selector.close()


class _Threaded:
    """An inbox where the system can wait for one pipe only: a thread waits for each."""

    LOOK_SECONDS = 0.1  # Windows lets no Ctrl-C through to who waits for a queue

    def __init__(self) -> None:
        from queue import SimpleQueue

        self._queue: SimpleQueue[tuple[Any, Any]] = SimpleQueue()
        self._threads: dict[Any, threading.Thread] = {}

    def watch(self, key: Any, pipe: IO[bytes], receive: Callable[[], Any]) -> None:
        def listen() -> None:
            message: Any = True
            while message is not None:
                try:
                    message = receive()
                except (OSError, ValueError):
                    message = None
                self._queue.put((key, message))

        self._threads[key] = threading.Thread(target=listen, daemon=True)
        self._threads[key].start()

    def forget(self, key: Any, pipe: IO[bytes]) -> None:
        self._threads.pop(key).join()

    def messages(self) -> Iterator[tuple[Any, Any]]:
        from queue import Empty

        while True:
            with suppress(Empty):
                key, message = self._queue.get(timeout=self.LOOK_SECONDS)
                if key in self._threads:  # else it was forgotten meanwhile
                    yield key, message
                return

    def close(self) -> None:
        pass


@contextmanager
def inbox() -> Iterator[Inbox]:
    """Give an inbox for pipes; Windows waits for sockets alone, and for a pipe only by reading it."""
    opened: Inbox = _Threaded() if WINDOWS else _Selected()
    try:
        yield opened
    finally:
        opened.close()
