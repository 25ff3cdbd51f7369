"""Some of many cases for every run, and all of them for the slow one."""

from __future__ import annotations

import random

import pytest

SOME_OR_ALL = pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"])
"""For tests that call `chosen`."""


def chosen(cases, count, every, *key):
    """Return `count` of the cases, or every one: picked at random, alike in all runs, and others for another key."""
    cases = list(cases)
    return cases if every else random.Random(repr(key)).sample(cases, count)
