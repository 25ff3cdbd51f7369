"""The threads beside the one that computes: one decodes rows before they are needed, one writes those that are done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

import numpy as np

from imgconv.filtering.streaming.stage import Stage
from imgconv.image.base import Bands
from imgconv.image.model import Pixels

WAITING = 2
"""Groups of results that may wait to be written."""


class Ahead:
    """The thread that decodes rows into a stage's ring before they are needed."""

    def __init__(self, bands: Bands, stage: Stage, block: int) -> None:
        self._bands, self._ring, self._block = bands, stage.ring, block
        self._last = max(high for _, high in stage.spans)
        self._again = stage.again
        self._there = self._kept = 0
        self._ended = False
        self._fault: BaseException | None = None
        self._changed = threading.Condition()
        self._height = stage.taken.height
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Ahead:
        self._thread.start()
        return self

    def __exit__(self, *fault: object) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def wait(self, low: int, high: int) -> None:
        """Wait for the rows below `high`; those below `low` are needed no more.

        Raises:
            ImageReadError: they cannot be decoded.
        """
        with self._changed:
            self._kept = low
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._fault or self._there >= high)
        if self._fault:
            raise self._fault

    def _work(self) -> None:
        try:
            self._fill_again()
            for start in range(0, self._last, self._block):
                stop = min(start + self._block, self._height)
                if not self._space(stop):
                    return
                self._bands.fill(self._ring.room(start, stop), start)
                with self._changed:
                    self._there = stop
                    self._changed.notify_all()
        except BaseException as fault:  # raised where the rows are waited for
            with self._changed:
                self._fault = fault
                self._changed.notify_all()

    def _space(self, stop: int) -> bool:
        """Wait until there is room for the rows before `stop`; return whether they are still wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or stop - self._kept <= self._ring.size)
        return not self._ended

    def _fill_again(self) -> None:
        """Decode the rows behind the ring, as many as follow one another at a time."""
        at, count = 0, len(self._again)
        while at < count:
            stop = at + 1
            while stop < count and self._again[stop] == self._again[stop - 1] + 1:
                stop += 1
            place = self._ring.size + at
            self._bands.fill(self._ring.samples[place : place + stop - at], int(self._again[at]))
            at = stop


class Behind:
    """The thread that writes rows after they have been computed."""

    def __init__(self, stage: Stage, write: Callable[[Pixels], None] | None) -> None:
        self._write = write
        self._fault: BaseException | None = None
        self._free: SimpleQueue[Pixels] = SimpleQueue()
        self._full: SimpleQueue[Pixels | None] = SimpleQueue()
        rows = min(stage.group, stage.size[0])
        for _ in range(WAITING + 1 if write else 0):
            self._free.put(np.empty((rows, *stage.size[1:]), stage.made))
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Behind:
        self._thread.start()
        return self

    def __exit__(self, *fault: object) -> None:
        if fault[0]:
            self._fault = self._fault or InterruptedError()
        self._full.put(None)
        self._thread.join()

    def room(self, rows: int) -> Pixels:
        """Return room for so many rows, when there is some.

        Raises:
            OSError: rows cannot be written.
        """
        room = self._free.get()
        self._raise()
        return room[:rows]

    def put(self, rows: Pixels) -> None:
        """Have rows written that are in their room."""
        self._full.put(rows)

    def finish(self) -> None:
        """Wait until everything has been written.

        Raises:
            OSError: it cannot be.
        """
        self._full.put(None)
        self._thread.join()
        self._raise()

    def _raise(self) -> None:
        if self._fault:
            raise self._fault

    def _work(self) -> None:
        while (rows := self._full.get()) is not None:
            try:
                if self._write and not self._fault:
                    self._write(rows)
            except BaseException as fault:  # raised where rows are given
                self._fault = fault
            self._free.put(rows if rows.base is None else rows.base)
