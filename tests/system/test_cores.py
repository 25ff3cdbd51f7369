"""How many threads may run: the system's limit and the user's."""

import os
import threading

import numpy as np
import pytest

import imgconv
from imgconv.system import cores


@pytest.fixture(autouse=True)
def unlimited():
    yield
    cores.limit(None)


def test_a_limit_holds_and_is_lifted():
    usual = cores.available()
    assert 1 <= usual <= (os.cpu_count() or 1)
    cores.limit(1)
    assert cores.available() == 1
    cores.limit(10_000)
    assert cores.available() == usual, "a limit does not make cores"
    cores.limit(None)
    assert cores.available() == usual


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinities")
def test_the_affinity_counts():
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert cores.available() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_a_limit_holds_for_codecs_and_engines(tmp_path, monkeypatch):
    begun = []
    start = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", lambda self: (begun.append(self), start(self))[1])
    pixels = np.random.default_rng(1).integers(0, 256, (1200, 900, 3), np.uint8)
    cores.limit(1)
    for name in ("a.png", "a.jpg", "a.tif"):
        begun.clear()
        imgconv.write(tmp_path / name, pixels, compression=1 if name != "a.jpg" else None)
        assert len(begun) <= 1, f"{name}: one thread beside the one that writes"
    begun.clear()
    imgconv.convolve(pixels, "sharpen", map="clip")
    assert not begun
