"""Running a plan: the results come one by one, and each is on record before it is shown."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import NoReturn

from imgconv.batch.ledger import Ledger, Lines
from imgconv.batch.plan import RECORD_LINES, Plan, entry
from imgconv.batch.task import DONE, FAILED, Outcome, Task
from imgconv.errors import ReportError, StoppedError
from imgconv.filtering.request import Request
from imgconv.image.files import sweep
from imgconv.system import cores, interruption

Execute = Callable[[Request, Iterable[Task]], Generator[Outcome]]
"""What runs tasks and yields what comes of each, as it comes; closing it ends what is still running."""

REPORT_LINES = Lines(
    what="a report of a batch",
    way="name another file for the report",
    firsts=("input",),
    keys=(frozenset({"input", "output", "status"}),),
    followed=True,
)


class Tally:
    """What has come of a batch so far.

    Attributes:
        total: how many files there are to be filtered.
        done, failed, skipped: how many have been, could not be, and need not be after all.
        clipped: how many lost samples, and `worst`: the one that lost most, and which part of its samples.
        personal: by the names of metadata that tell of place and person, with how many results they went along
            although only a part of the picture was filtered.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = self.failed = self.skipped = self.clipped = 0
        self.worst: tuple[str, float] = "", 0.0
        self.personal: Counter[str] = Counter()
        self._start = time.perf_counter()

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.done += outcome.status == DONE
        self.failed += outcome.status == FAILED
        self.skipped += outcome.status not in (DONE, FAILED)
        facts = outcome.facts or {}
        self.personal.update(facts.get("personal", ()))
        seen = facts.get("clipped")
        if seen and seen["keep"]:  # there is something to keep
            self.clipped += 1
            share = (seen["samples"] + seen["nan"]) / seen["total"]
            self.worst = max(self.worst, (outcome.input, share), key=lambda one: one[1])

    @property
    def ended(self) -> int:
        """How many files are through, one way or another."""
        return self.done + self.failed + self.skipped

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self._start

    @property
    def rate(self) -> float:
        """Files a second."""
        return self.ended / max(self.seconds, 1e-9)

    @property
    def remaining(self) -> float | None:
        """How many seconds are left at this rate; None as long as that cannot be told."""
        return (self.total - self.ended) / self.rate if self.ended else None


def shared(request: Request, jobs: int | None) -> tuple[Request, int]:
    """Return the request with the threads that each of `jobs` workers may use, and how many workers there are.

    Workers times threads are the cores, unless both are given.
    """
    cores.limit(None)  # --threads has limited this process, but it says what each worker may use
    found = cores.available()
    jobs = jobs or max(1, found // (request.threads or 1))
    return request.replace(threads=request.threads or max(1, found // jobs)), jobs


def reporting(plan: Plan, report: str) -> Ledger:
    """Return the report of a run, not open yet, when it can be one as far as can be seen.

    Raises:
        ReportError: it cannot.
    """
    name, place = os.path.basename(report), os.path.abspath(report)
    if os.path.realpath(report) == os.path.realpath(plan.record):
        raise ReportError(report, f"this is {RECORD_LINES.what}; {REPORT_LINES.way}")
    for task in plan.tasks:
        if os.path.basename(task.target) == name and os.path.abspath(task.target) == place:
            raise ReportError(report, f"this is what {task.source} is going to be made into; {REPORT_LINES.way}")
    ledger = Ledger(report, REPORT_LINES)
    ledger.check()
    return ledger


def run(
    plan: Plan,
    execute: Execute,
    show: Callable[[Outcome, Tally], None],
    *,
    report: str | None = None,
    fail_fast: bool = False,
) -> Tally:
    """Run a plan and show what comes of each file, in the order in which they end; return what came of all.

    What earlier runs that were killed have left in the folders of the results is taken away first.

    Args:
        plan: what to do.
        execute: what does it.
        show: is called with each outcome when that is on record, and with the counts so far.
        report: a file of JSON lines to append a line for each file to.
        fail_fast: end at the first file that fails; those that are just being filtered are left.

    Raises:
        ReportError: the report or the record cannot be written.
        StoppedError: a signal has come; no result is incomplete.
    """
    tally = Tally(len(plan.tasks))
    for folder in plan.folders:
        sweep(folder)
    with ExitStack() as opened:
        record = opened.enter_context(Ledger(plan.record, RECORD_LINES))
        reported = opened.enter_context(reporting(plan, report)) if report else None
        if reported:
            reported.open()
        if any(os.path.exists(task.source) for task in plan.tasks):
            record.add({"begun": _now(), "files": tally.total})
        try:
            with stoppable(), closing(execute(plan.request, plan.tasks)) as outcomes:
                for outcome in outcomes:
                    tally.add(outcome)
                    line = outcome.to_json()
                    if outcome.status == DONE:
                        record.add(entry(line, plan.dest, plan.settings))
                    if reported:
                        reported.add(line | {"finished": _now()})
                    show(outcome, tally)
                    if fail_fast and outcome.status == FAILED:
                        break
        except Stopped as stopped:
            raise StoppedError(stopped.number, tally.ended, tally.total) from None
    return tally


class Stopped(KeyboardInterrupt):
    """A signal that ends a batch."""

    def __init__(self, number: int) -> None:
        self.number = number


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` at the first signal that asks to stop, and let no further one disturb the tidying up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in interruption.STOPPING}
    signals = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]

    def stop(number: int) -> NoReturn:
        raise Stopped(number)

    try:
        interruption.hear(stop, signals)
        yield
    finally:
        for number in signals:
            signal.signal(number, before[number])


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
