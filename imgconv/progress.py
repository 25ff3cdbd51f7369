"""How far a run is: told after every band to whoever listens, and to nobody without a listener.

The code that computes knows only its own tasks. `part` says which share of the run they are, and `counter` returns
what to call after each of them; both cost next to nothing while nobody listens.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Progress(NamedTuple):
    """How far a run is.

    Attributes:
        phase: ``reading``, ``filtering`` or ``writing``.
        done: the share of the phase that is done, 0 to 1; None where that is not known.
        pixels: how many pixels the phase goes through.
    """

    phase: str
    done: float | None = None
    pixels: int = 0


class _Phase:
    """A phase that somebody listens to; what is told never goes back."""

    def __init__(self, listener: Callable[[Progress], None], phase: str, pixels: int) -> None:
        self._listener, self._phase, self._pixels = listener, phase, pixels
        self._furthest = 0.0

    def tell(self, done: float) -> None:
        if done > self._furthest:
            self._furthest = min(done, 1.0)
            self._listener(Progress(self._phase, self._furthest, self._pixels))


_current: ContextVar[tuple[_Phase, float, float] | None] = ContextVar("progress", default=None)
"""The phase, and which part of it is being done, from and to shares of 1."""


def heard() -> bool:
    """Whether anybody listens."""
    return _current.get() is not None


@contextmanager
def phase(listener: Callable[[Progress], None] | None, name: str, pixels: int = 0) -> Iterator[None]:
    """Tell `listener` how far what is done within is; `pixels` are those that it goes through."""
    if listener is None:
        yield
        return
    listener(Progress(name, 0.0, pixels))
    token = _current.set((_Phase(listener, name, pixels), 0.0, 1.0))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def part(start: float, stop: float) -> Iterator[None]:
    """Say that what is done within is the part from `start` to `stop`, shares of 1, of what is being done."""
    now = _current.get()
    if now is None:
        yield
        return
    told, low, high = now
    low, high = low + start * (high - low), low + stop * (high - low)
    token = _current.set((told, low, high))
    try:
        yield
    finally:
        _current.reset(token)
    told.tell(high)


def counter(count: int) -> Callable[[], None] | None:
    """Return what to call, from any thread, after each of `count` tasks; None where nobody listens."""
    now = _current.get()
    if now is None:
        return None
    told, low, high = now
    lock, ended = Lock(), 0

    def one_more() -> None:
        nonlocal ended
        with lock:
            ended += 1
            told.tell(low + (high - low) * ended / count)

    return one_more
