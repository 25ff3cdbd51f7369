"""Deflate in strips on several threads, inflate in portions, against Python's zlib."""

import threading
import time
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imgconv.image import deflate as module
from imgconv.image.deflate import NO_MATCHES, RUNS, THOROUGH, Inflater, Way, choose, deflate, inflate
from imgconv.image.parallel import ordered
from imgconv.system import cores

WAYS = [NO_MATCHES, RUNS, THOROUGH, Way(0), Way(1), Way(6), Way(9)]


@pytest.fixture(params=["zlib-ng", "zlib"], autouse=True)
def codec(request, monkeypatch):
    """Run every test with zlib-ng and with Python's zlib."""
    if request.param == "zlib":
        for name, value in (("codec", zlib), ("adler32", zlib.adler32), ("crc32", zlib.crc32)):
            monkeypatch.setattr(module, name, value)
    else:
        pytest.importorskip("zlib_ng")


PATIENT = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@PATIENT
@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=6), st.sampled_from(WAYS), st.integers(0, 3))
def test_strips_make_one_stream(strips, way, threads):
    parts = list(deflate(strips.__getitem__, len(strips), way, threads))
    assert len(parts) == len(strips)
    assert zlib.decompress(b"".join(parts)) == b"".join(strips)


@pytest.mark.parametrize("way", WAYS)
def test_long_strips_keep_their_checksum(way):
    strips = [bytes([number]) * 200_000 + b"\xff" * 70_000 for number in range(5)]
    assert zlib.decompress(b"".join(deflate(strips.__getitem__, 5, way, 2))) == b"".join(strips)


@PATIENT
@given(st.binary(max_size=5000), st.integers(1, 700), st.lists(st.integers(0, 900), max_size=12))
def test_a_stream_is_taken_in_any_portions(data, cut, sizes):
    packed = zlib.compress(data * 3)
    stream = Inflater(iter([packed[start : start + cut] for start in range(0, len(packed), cut)]))
    place = 0
    for size in sizes:
        if place + size > 3 * len(data):
            with pytest.raises(EOFError):
                stream.take(size)
            return
        assert stream.take(size) == (data * 3)[place : place + size]
        place += size
    stream.take(3 * len(data) - place)
    stream.check()
    with pytest.raises(EOFError):
        stream.take(1)


def test_a_wrong_checksum_is_noticed_at_the_end():
    packed = bytearray(zlib.compress(b"abc" * 100))
    packed[-1] ^= 1
    stream = Inflater(iter([bytes(packed)]))
    with pytest.raises(ValueError):
        stream.take(300)
        stream.check()


def test_inflate_refuses_more_than_its_limit():
    packed = zlib.compress(bytes(1000))
    assert inflate(packed, 1000) == bytes(1000)
    with pytest.raises(ValueError, match="more than 999"):
        inflate(packed, 999)
    with pytest.raises(ValueError):
        inflate(b"nonsense", 10)


def test_a_way_is_chosen_that_suits_the_data():
    rng = np.random.default_rng(3)
    bell = rng.normal(0, 5, 60_000).astype(np.int8).tobytes()
    assert choose(bell, None) == NO_MATCHES  # as filtered photographs are
    assert choose(bytes(60_000), None) != NO_MATCHES
    assert choose(rng.bytes(500) * 100, None) == THOROUGH
    assert choose(rng.bytes(500) * 100, 7) == Way(7)
    assert choose(bell, 9) in (Way(9), NO_MATCHES, RUNS)
    assert choose(bell, 0) == Way(0)


@pytest.mark.parametrize("threads", [0, 1, 2, 7])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_results_come_in_order(count, threads):
    def task(number):
        time.sleep(0.0005 * (number % 3))
        return number

    assert list(ordered(task, count, threads)) == list(range(count))


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_a_fault_comes_in_its_turn_and_ends_the_threads(threads):
    def task(number):
        if number == 5:
            raise ValueError("five")
        return number

    before = threading.active_count()
    taken = []
    with pytest.raises(ValueError, match="five"):
        taken.extend(ordered(task, 100, threads))
    for number in ordered(task, 5, threads):
        taken.append(number)
    assert threading.active_count() == before


def test_no_more_is_begun_than_is_taken():
    begun = []
    results = ordered(begun.append, 1000, 2)
    next(results)
    time.sleep(0.05)
    assert len(begun) <= 7
    results.close()
    assert len(begun) <= 9 and cores.available() >= 1
