"""How long frames are shown, in the units that formats count."""

from __future__ import annotations

from fractions import Fraction

USUAL = Fraction(1, 10)
"""Seconds that a frame is shown of which nobody says how long."""


class Clock:
    """Durations as whole numbers of a unit, so rounded that the frames after do not drift.

    Attributes:
        notes: what could not be kept.

    >>> clock = Clock("GIF", 100, 65535)
    >>> [clock.ticks(Fraction(1, 30)) for _ in range(6)]
    [3, 4, 3, 3, 4, 3]
    """

    def __init__(self, format: str, per_second: int, most: int) -> None:
        self._format, self._per_second, self._most = format, per_second, most
        self._total, self._told = Fraction(0), 0
        self.notes: dict[str, None] = {}

    def ticks(self, duration: Fraction | None) -> int:
        """Return a frame's duration, the next in order, in seconds, as a number of units."""
        wanted = (USUAL if duration is None else duration) * self._per_second
        self._total += wanted
        ticks = int(self._total + Fraction(1, 2)) - self._told
        if ticks > self._most:
            longest = self._most / self._per_second
            self.notes[f"{self._format} shows a frame for {longest:g} s at most: longer ones are cut to that"] = None
            self._total = Fraction(self._told + self._most)
            ticks = self._most
        elif wanted.denominator != 1:
            self.notes[f"{self._format} counts durations in 1/{self._per_second} s: they are rounded to that"] = None
        self._told += ticks
        return ticks


def limited(plays: int, most: int, format: str) -> tuple[int, tuple[str, ...]]:
    """Return how often an animation is shown in a format that counts up to `most`, and a note if that is less."""
    if plays <= most:
        return plays, ()
    return most, (f"{format} repeats an animation {most} times at most, not {plays}",)
