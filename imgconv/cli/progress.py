"""What is shown while something runs: a bar on a terminal; of a batch elsewhere a line for each file, or JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from imgconv.cli import printable
from imgconv.cli.meter import INTERVAL, Line, drawable, duration, room, with_cells

if TYPE_CHECKING:
    from imgconv.batch.plan import Plan
    from imgconv.batch.running import Tally
    from imgconv.batch.task import Outcome


class Progress:
    """Shows outcomes as they come; errors are always shown."""

    def __init__(self, total: int, *, as_json: bool = False, quiet: bool = False) -> None:
        """Begin, with a bar if standard error is a terminal on which a line can be drawn over."""
        self._json = as_json and not quiet
        self._quiet = quiet
        self._bar = not quiet and total > 0 and drawable()
        self._total, self._drawn, self._line = total, 0.0, Line()

    def __enter__(self) -> Progress:
        from imgconv.batch.running import Tally

        self._draw(Tally(self._total), True)
        return self

    def __exit__(self, *fault: object) -> None:
        self._line.clear()

    def show(self, outcome: Outcome, tally: Tally) -> None:
        """Show what came of a file."""
        if self._json:
            click.echo(json.dumps(outcome.to_json(), allow_nan=False))
        if outcome.error:
            self.complain(outcome.error)
        elif not self._quiet and not self._bar and not self._json:
            took = f"{outcome.seconds * 1000:.0f} ms" if outcome.seconds < 10 else f"{outcome.seconds:.1f} s"
            click.echo(printable(f"{outcome.input} -> {outcome.output}  {took}"), err=True)
        self._draw(tally, tally.ended == tally.total)

    def complain(self, sentence: str) -> None:
        """Print an error, above the bar."""
        self._line.clear()
        click.echo(f"imgconv: {printable(sentence)}", err=True)

    def _draw(self, tally: Tally, now: bool) -> None:
        if not self._bar or not (now or time.monotonic() - self._drawn >= INTERVAL):
            return
        self._drawn = time.monotonic()
        self._line.draw(bar(tally, room()))


def bar(tally: Tally, width: int) -> str:
    """Return the bar, at most `width` letters: how far it is, the rate, the time left, and how many have failed.

    Without an escape sequence or a colour, there is nothing for NO_COLOR to take away.
    """
    words = f"{tally.ended}/{tally.total}"
    if tally.remaining is not None:
        words += f"  {tally.rate:.3g}/s" if tally.rate < 1000 else f"  {tally.rate:.0f}/s"
        words += f"  {duration(tally.remaining)} left" if tally.ended < tally.total else ""
    if tally.failed:
        words += f"  {tally.failed} failed"
    return with_cells(tally.ended / max(tally.total, 1), words, width)


def summary(plan: Plan, tally: Tally, faults: int, passed: dict[str, int], *, as_json: bool) -> str:
    """Return what came of a batch, in words or as a JSON object."""
    if as_json:
        counts = {"done": tally.done, "failed": tally.failed + faults, "skipped": tally.skipped + plan.present}
        counts |= {"up_to_date": plan.current, "clipped_files": tally.clipped}
        named = {"personal": dict(tally.personal), "passed_over": passed}
        return json.dumps({"summary": {**counts, **named, "seconds": round(tally.seconds, 3)}})
    parts = [f"{tally.done} done"]
    if failed := tally.failed + faults:
        parts.append(f"{failed} failed")
    if left := tally.total - tally.ended:
        parts.append(f"{left} not begun")
    if plan.current:
        parts.append(f"{plan.current} up to date")
    if kept := tally.skipped + plan.present:
        parts.append(f"{kept} there already")
    lines = [f"{', '.join(parts)}; {_took(tally)}"]
    if tally.clipped:
        name, share = tally.worst
        percent = f"{100 * share:.3g} %" if share >= 0.0001 else "less than 0.01 %"
        lines.append(f"clipped samples in {tally.clipped}, most in {name}, {percent} of them; see --map and --report")
    if tally.personal:
        from imgconv.image.metadata.travelling import personal_note

        names = [f"{name} in {count} file{'s' * (count != 1)}" for name, count in tally.personal.items()]
        lines.append(personal_note(names))
    if passed:
        lines.append(passed_over(passed))
    return "\n".join(map(printable, lines))


def passed_over(passed: Mapping[str, int]) -> str:
    """Say what was found and not taken, from counts by reason."""
    return "passed over: " + ", ".join(f"{count} {why}" for why, count in sorted(passed.items()))


def _took(tally: Tally) -> str:
    seconds = tally.seconds
    took = f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s" if seconds < 60 else duration(seconds)
    return f"{took}, {tally.rate:.3g} files a second" if tally.done > 1 else took
