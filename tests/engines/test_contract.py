"""The contract of `imgconv.engines.base`, which every engine keeps, and a module that declares nothing."""

import sys

import numpy as np
import pytest
from correlations import job_of, noise, windows
from packages import install
from scipy import ndimage

from imgconv import engines
from imgconv.engines import Engine, Prepared
from imgconv.engines.base import CHANNELS, CORRELATE, Traits
from imgconv.tone import Tone

TAPS = np.array([[0.1, -0.2, 0.4], [0.0, 0.3, 0.1], [0.2, -0.1, 0.05]])
JOBS = {
    "float32": (TAPS, "float32"),
    "float64": (TAPS, "float64"),
    "integers": (np.array([[1, -2], [3, 4]]), "uint8"),
    "real": (TAPS, "uint16"),
}


BARE = """
from correlations import windows

class Bare:
    reason, band_rows = "scipy.ndimage, bare", 7

    def __init__(self, job):
        self.job = job

    def __call__(self, image, start, stop):
        return windows(self.job, image)[start:stop]

def prepare(job, shape, dtype):
    return Bare(job)
"""
"""What another package may add: nothing but what the contract asks for."""


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """An engine of another package that is a module with nothing but ``prepare``."""
    install(tmp_path, "bare-engine", {"imgconv.engines": {"bare": "bare_engine"}}, bare_engine=BARE)
    monkeypatch.syspath_prepend(tmp_path)
    yield engines.get("bare")
    del sys.modules["bare_engine"]


@pytest.fixture(params=[*engines.names(), "bare"])
def engine(request, bare):
    return engines.get(request.param)


@pytest.mark.parametrize("name", JOBS)
def test_prepared_jobs_keep_the_contract(engine, name):
    taps, dtype = JOBS[name]
    image = noise(dtype, (40, 31, 3))
    job = job_of(taps, image.shape)
    prepared = engine.prepare(job, image.shape, image.dtype)
    assert isinstance(engine, Engine) and isinstance(prepared, Prepared)
    assert prepared.reason and prepared.band_rows > 0 and prepared.error >= 0 and not prepared.elsewhere
    whole = windows(job, image)
    for tone in (None, Tone("clip", image.dtype)):
        way = prepared.suited(tone)
        assert isinstance(way, Prepared) and way.suited(tone) is way
        step = way.band_rows
        largest = float(np.abs(image).max()) * np.abs(taps).sum()
        for start in range(0, len(image), step):  # any band by itself
            stop = min(start + step, len(image))
            np.testing.assert_allclose(way(image, start, stop), whole[start:stop], atol=way.error + 1e-6 * largest)
        if way.stores:
            kind = np.dtype(np.float32) if tone is None else image.dtype
            samples = np.empty(image.shape, kind)
            stats = way.store(image, 0, len(image), samples, tone)
            expected = whole if tone is None else tone.apply(whole.copy())[0]
            np.testing.assert_allclose(samples, expected, atol=1e-6 * largest if kind.kind == "f" else 1)
            assert stats.total == samples.size


def test_what_they_declare(engine, bare):
    assert isinstance(engine.traits, Traits) and engine.does(CORRELATE)
    assert engines.get("builtin").traits.own and engines.get("builtin").does(CHANNELS)
    assert engines.get("scipy").traits.referee and not engines.get("scipy").does(CHANNELS)
    assert bare.traits == Traits()


def test_a_module_that_declares_nothing_computes_and_is_named(bare):
    import imgconv

    image = noise("float32", (20, 30, 2))
    result = imgconv.convolve(image, TAPS, correlate=True, engine="bare", padding="same", border="edge")
    expected = ndimage.correlate(image.astype(float), TAPS[:, :, None], mode="nearest")
    np.testing.assert_allclose(result, expected, atol=1e-6)
