"""The private functions of the cores of engines and functions, one import away, refuse what they cannot do safely.

Calls that the library makes are recorded and made again with one thing changed: a number, a table's length, an array's
shape, type, strides or memory. Each either runs, within its buffers, or is refused. .ci/sanitize runs this too.
"""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from imgconv import engines, functional, kernel
from imgconv.border import Border
from imgconv.engines import _native, builtin
from imgconv.functional import _native as _functions
from imgconv.geometry import Padding
from imgconv.pipeline.run import Pipeline, layer_for
from imgconv.pipeline.target import Target

REFUSALS = (ValueError, TypeError, OverflowError, MemoryError, BufferError)
RUNS = {"plan": "run", "fourier_plan": "fourier_run", "convolution": "convolve", "pooling": "pool"}
"""What makes plans, and what runs them."""
ENGINES = ["plan", "run", "combine", "weigh", "fourier_plan", "fourier_run"]
FUNCTIONS = ["convolution", "convolve", "pooling", "pool"]
NUMBERS = (-(2**63), -(2**31), -1, 0, 1, 2, 3, 5, 16, 255, 2**15, 2**31 - 1, 2**31, 2**40, 2**62, 2**63 - 1)

pytestmark = pytest.mark.skipif(_native._core is None, reason="the native core is not built")


def recorded(monkeypatch, core, names, work):
    """Return the calls, (name, arguments), that `work` makes of functions of a core."""
    calls = []
    for name in names:
        real = getattr(core, name)

        def call(*arguments, _name=name, _real=real):
            calls.append((_name, arguments))
            return _real(*arguments)

        monkeypatch.setattr(core, name, call)
    work()
    monkeypatch.undo()
    return calls


def other_number(number, chance):
    near = [number - 1, number + 1, 2 * number, number // 2, -number]
    return chance.choice([*near, *NUMBERS])


def changed(value, chance):
    """Return `value` with one thing changed."""
    if isinstance(value, tuple) and value:
        at = chance.randrange(len(value))
        return (*value[:at], changed(value[at], chance), *value[at + 1 :])
    if isinstance(value, bool) or value is None:
        return chance.choice([None, 1, b"", ()])
    if isinstance(value, int):
        return other_number(value, chance)
    if isinstance(value, float):
        return chance.choice([0.0, -1.0, 1e300, float("nan"), float("inf"), value * 2])
    if not isinstance(value, np.ndarray):
        return chance.choice([value, None, object()])
    if value.ndim < 3 and value.size and value.dtype.kind in "iu" and chance.random() < 0.7:
        made = value.copy()
        flat = made.reshape(-1)
        at = chance.randrange(flat.size)
        low, high = np.iinfo(made.dtype).min, np.iinfo(made.dtype).max
        flat[at] = min(max(other_number(int(flat[at]), chance), low), high)
        return made
    if value.ndim < 3:
        return chance.choice([value[:-1], value[:0], np.concatenate([value, value])])
    return chance.choice(
        [
            value[::-1], value[:, ::-1], value[:, :, ::-1], value[:-1], value[:, :-1], value[:, :, :0], value[:0],
            np.asfortranarray(value), value.astype(np.float64), np.zeros(value.shape, np.uint8), value[0],
            np.lib.stride_tricks.as_strided(value, value.shape, (0,) * value.ndim), value.ravel(),
        ]
    )  # fmt: skip


def attack(core, calls, seed, times):
    """Make every call again, changed; return how many were refused."""
    chance, refused = random.Random(seed), 0
    for _ in range(times):
        name, arguments = chance.choice(calls)
        at = chance.randrange(len(arguments))
        mutant = (*arguments[:at], changed(arguments[at], chance), *arguments[at + 1 :])
        if name not in RUNS:  # what may be written to is a copy
            mutant = tuple(
                part.copy() if isinstance(part, np.ndarray) and part.base is None else part for part in mutant
            )
        try:
            plan = getattr(core, name)(*mutant)
        except REFUSALS:
            refused += 1
            continue
        for other, given in calls if name in RUNS else ():  # a plan that passed must be safe to run
            if other == RUNS[name]:
                try:
                    getattr(core, other)(plan, *given[1:])
                except REFUSALS:
                    refused += 1
    return refused


def filters():
    engine, rng = engines.get("builtin"), np.random.default_rng(2)
    builtin._recent.clear()
    steps = itertools.cycle([(1, Border("edge")), (2, Border("constant", 7)), (1, Border("reflect"))])
    for dtype in (np.uint8, np.uint16, np.float32, np.float64):
        image = rng.integers(0, 200, (40, 50, 3)).astype(dtype)
        for name in ("sharpen", "sobel", "gaussian:sigma=1", "gaussian:sigma=3", "box:size=9", "disk:radius=9"):
            stride, border = next(steps)
            layer, kind = layer_for(kernel(name), Padding("same"), border, (stride, stride)), np.dtype(dtype)
            whole = kind.kind == "u"
            for luma in (None, (299, 587, 114)) if whole else (None,):
                target = Target("clip" if whole else None, kind)
                Pipeline((layer,)).run(image, engine, target, threads=1, luma=luma)


def functions():
    rng = np.random.default_rng(3)
    for dtype in (np.float32, np.float64, np.uint8):
        picture = rng.integers(0, 9, (4, 12, 13)).astype(dtype)
        for outputs, groups in ((8, 1), (3, 1), (4, 4)):
            weight = rng.normal(size=(outputs, 4 // groups, 3, 3)).astype(np.float32)
            functional.conv2d(picture.astype(np.float32), weight, padding=1, groups=groups, threads=1)
        functional.max_pool2d(picture, 3, padding=1)
        functional.avg_pool2d(picture, 2)


@pytest.mark.parametrize("level", [level.name for level in _native.known_levels()])
def test_the_engines_core_refuses_what_reads_or_writes_astray(monkeypatch, level):
    monkeypatch.setenv("IMGCONV_SIMD", level)
    calls = recorded(monkeypatch, _native._core, ENGINES, filters)
    assert {name for name, _ in calls} == set(ENGINES)
    assert attack(_native._core, calls, level, 700) > 200


@pytest.mark.skipif(_functions._nncore is None, reason="the functions' native core is not built")
def test_the_functions_core_refuses_what_reads_or_writes_astray(monkeypatch):
    calls = recorded(monkeypatch, _functions._nncore, FUNCTIONS, functions)
    assert {name for name, _ in calls} == set(FUNCTIONS)
    assert attack(_functions._nncore, calls, 4, 700) > 200


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_more_of_the_same(monkeypatch, seed):
    calls = recorded(monkeypatch, _native._core, ENGINES, filters)
    attack(_native._core, calls, seed, 5000)
    calls = recorded(monkeypatch, _functions._nncore, FUNCTIONS, functions)
    attack(_functions._nncore, calls, seed, 5000)
