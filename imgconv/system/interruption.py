"""What asks the program to stop, Ctrl-C and its kin: it is heard once, wherever the program is, and said once."""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # importing typing takes 2 ms, in which Ctrl-C would still end in a traceback
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

INTERRUPTED = 130

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
"""The signals by which a terminal, a user or a system asks a process to end."""

AGAIN_SECONDS = 0.01


def end_at_once() -> None:
    """Let Ctrl-C end the process where it is, as long as there are but imports, and nothing to tidy up."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def listen() -> None:
    """Raise `KeyboardInterrupt` at Ctrl-C, and `SystemExit` at what else ends a process, so that files are tidied up.

    What whoever started the process has it ignore, as ``nohup`` does, is ignored. An interruption that Python drops,
    because it fell into a destructor, is raised again.
    """
    ours = (signal.SIG_DFL, signal.default_int_handler, _end)
    hear(_raise, [number for number in STOPPING if signal.getsignal(number) in ours])
    sys.unraisablehook = _dropped


def hear(react: Callable[[int], Any], numbers: Iterable[int]) -> None:
    """Call `react` at the first of these signals; those that follow change nothing any more."""
    numbers = tuple(numbers)

    def first(number: int, frame: Any) -> None:
        finish(numbers)
        if _held:
            _held[-1] = lambda: react(number)
        else:
            react(number)

    for number in numbers:
        signal.signal(number, first)


class Held:
    """A block in which no signal is reacted to before its end, whichever thread the system gives it to."""

    def __enter__(self) -> None:
        _held.append(None)

    def __exit__(self, *fault: object) -> None:
        if react := _held.pop():
            react()


_held: list[Callable[[], Any] | None] = []


def finish(numbers: Iterable[int] = STOPPING) -> None:
    """Let signals change nothing from now on."""
    for number in numbers:
        if callable(signal.getsignal(number)):
            signal.signal(number, _pass)


def _pass(number: int, frame: Any) -> None:
    """Do nothing. Were this ``SIG_IGN``, Python would complain of a signal that had come just before."""


def _end(number: int, frame: Any) -> NoReturn:
    finish([number])
    os.write(2, b"imgconv: interrupted\n")
    os._exit(INTERRUPTED)


def _raise(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def _dropped(unraisable: Any) -> None:
    """See to an error that Python cannot raise: one that ends the program is raised again, others are printed."""
    if not issubclass(unraisable.exc_type, (KeyboardInterrupt, SystemExit)):
        sys.__unraisablehook__(unraisable)
        return
    from threading import Timer

    hear(_raise, [signal.SIGINT])
    send = os.kill if os.name == "posix" else lambda _, number: signal.raise_signal(number)
    Timer(AGAIN_SECONDS, send, (os.getpid(), signal.SIGINT)).start()
