"""Worker processes: nothing that comes of a task is lost or waited for twice."""

import os
import signal
import time

import pytest

import imgconv
from imgconv.batch.task import Task
from imgconv.batch.workers import outcomes
from imgconv.filtering.request import Request

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers talk through pipes that are waited for together")


@pytest.fixture
def patience():
    """Half a minute, after which the test fails and does not hang."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("nothing comes any more"))
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("jobs", [1, 2])
def test_outcomes_that_arrive_together(jobs, patience):
    """Whoever takes them is slow, so that a worker is through with two before it is looked after."""
    tasks = [Task(f"{number}.png", f"out/{number}.png") for number in range(12)]
    found = []
    for outcome in outcomes(Request(kernel=imgconv.kernel("identity")), tasks, jobs):
        found.append(outcome)
        time.sleep(0.02)
    assert sorted(one.input for one in found) == sorted(task.source for task in tasks)
    assert {one.error for one in found} == {f"{task.source}: there is no such file" for task in tasks}
