"""A bar on a terminal: for one long run, and what a batch's has in common with it.

Nothing here is imported before a bar is drawn that a short run can do without.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgconv.progress import Progress

INTERVAL = 0.1
"""The fewest seconds between two drawings of the bar."""

PATIENCE = 1.0
"""Seconds before a single run gets a bar."""

WIDEST = 30
"""The most cells of the bar."""


class Line:
    """A line of standard error that is drawn over; plain spaces, which every terminal understands, take it away."""

    def __init__(self) -> None:
        self._width = 0

    def draw(self, text: str) -> None:
        """Put `text` in place of what stands there."""
        self._put("\r" + text + " " * (self._width - len(text)))
        self._width = len(text)

    def clear(self) -> None:
        """Take away what stands there."""
        if self._width:
            self._put("\r" + " " * self._width + "\r")
            self._width = 0

    def _put(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


class Meter:
    """A bar for one long run, drawn by a thread of its own: nothing waits for it, and short runs never see it."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Begin; there is no bar unless standard error is a terminal on which a line can be drawn over."""
        self._shown = not quiet and drawable()
        self._line = Line()
        self._state: tuple[Progress, float] | None = None

    @property
    def listener(self) -> Callable[[Progress], None] | None:
        """What to tell how far the run is; None where nothing is drawn."""
        return self._hear if self._shown else None

    def __enter__(self) -> Meter:
        if self._shown:
            import threading

            self._ended = threading.Event()
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *fault: object) -> None:
        if self._shown:
            self._ended.set()
            self._thread.join()
            self._line.clear()

    def _hear(self, done: Progress) -> None:
        """Take in how far the run is, and when its phase began."""
        known = self._state
        since = known[1] if known and known[0].phase == done.phase else time.monotonic()
        self._state = (done, since)

    def _work(self) -> None:
        wait = PATIENCE
        while not self._ended.wait(wait):
            wait = INTERVAL
            if state := self._state:
                done, since = state
                self._line.draw(gauge(done, time.monotonic() - since, room()))


def gauge(done: Progress, seconds: float, width: int) -> str:
    """Return the bar of a run, at most `width` letters, from how far its phase is after so many seconds.

    >>> from imgconv.progress import Progress
    >>> gauge(Progress("filtering", 0.25, 64_000_000), 8, 60)
    'filtering  [#####.................]  25 %  2 MP/s  24 s left'
    """
    if done.done is None:
        return f"{done.phase}  {duration(seconds)}"[: max(width, 0)]
    words = f"{int(100 * done.done)} %"
    if done.done and seconds:
        words += f"  {done.pixels * done.done / seconds / 1e6:.3g} MP/s"
        words += f"  {duration(seconds * (1 - done.done) / done.done)} left" if done.done < 1 else ""
    return with_cells(done.done, words, width, done.phase + "  ")


def room() -> int:
    """Return how many letters fit into a line of the terminal."""
    import shutil

    return shutil.get_terminal_size().columns - 1


def with_cells(share: float, words: str, width: int, before: str = "") -> str:
    """Return words with a bar in front of them, if it fits into `width` letters."""
    cells = min(WIDEST, width - len(before) - len(words) - 4)
    if cells < 5:
        return (before + words)[: max(width, 0)]
    filled = int(cells * share)
    return f"{before}[{'#' * filled}{'.' * (cells - filled)}]  {words}"


def duration(seconds: float) -> str:
    """Return a time as people say it, such as ``9 s``, ``2:05`` minutes or ``1:02:05`` hours.

    >>> duration(8.6), duration(125), duration(3725)
    ('9 s', '2:05', '1:02:05')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def drawable() -> bool:
    return bool(sys.stderr and sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", None))
