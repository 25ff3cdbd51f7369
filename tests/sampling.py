"""Some of many cases for every run, and all of them for the slow one."""

from __future__ import annotations

import itertools
import random

import pytest

SOME_OR_ALL = pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"])
"""For tests that call `chosen`."""


def chosen(cases, count, every, *key):
    """Return `count` of the cases, or every one: picked at random, alike in all runs, and others for another key."""
    cases = list(cases)
    return cases if every else random.Random(repr(key)).sample(cases, count)


def every_nth(n, *lists):
    """Return the product of lists as parameters of a test: one of `n` in every run, and the others for the slow one.

    Those stay whose places in the lists sum to a multiple of `n`: of each list every value, in changing company.
    """
    return [
        pytest.param(*(value for _, value in case), marks=[pytest.mark.slow] * (sum(at for at, _ in case) % n != 0))
        for case in itertools.product(*map(enumerate, lists))
    ]
