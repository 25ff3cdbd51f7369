"""Measure what the ways of the native core cost on this machine and print the tables of imgconv/engines/_costs.py.

    python benchmarks/costs.py

Every figure comes from the processor time of one thread, best of several, and a straight line through a small and a
large case of each kind: 1x1 and 7x7 for a single pass, 5+5 and 31+31 taps for two.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from imgconv.border import Border, index_map
from imgconv.engines import Job, _arithmetic, _fourier, _lanes, _native, _spectral
from imgconv.engines._costs import WIDTHS, along_operations
from imgconv.engines._gather import longest_run
from imgconv.engines._layout import down_operations
from imgconv.tone import Tone

SHAPE = (600, 3000, 3)


def job_of(taps: Any) -> Job:
    """Return `taps` as a job of the same size."""
    edge = Border("edge")
    rows, cols = taps.shape
    down = index_map(edge, SHAPE[0], rows // 2, (rows - 1) // 2)
    across = index_map(edge, SHAPE[1], cols // 2, (cols - 1) // 2)
    return Job(taps, down, across)


def nanoseconds(way: Any, image: Any) -> float:
    """Return the nanoseconds of one thread per output sample."""
    tone = Tone("clip", np.dtype("u1"))
    out = np.empty(SHAPE, np.uint8)
    best = float("inf")
    for _ in range(9):
        start = time.thread_time()
        for first in range(0, SHAPE[0], way.band_rows):
            last = min(first + way.band_rows, SHAPE[0])
            way.store(image, first, last, out[first:last], tone)
        best = min(best, time.thread_time() - start)
    return best / out.size * 1e9


def one(level: _native.Level, operation: int, terms: tuple[Any, ...], taps: Any, image: Any) -> float:
    """Return what one arithmetic costs."""
    job = job_of(taps)
    way = _lanes.Arithmetic(operation, terms, unit=0.5, peak=100.0)
    return nanoseconds(_native.make(job, SHAPE, image.dtype, way, longest_run(job.cols), level, ""), image)


def measure(level: _native.Level, operation: int, image: Any) -> tuple[float, float, float, float]:
    """Return (fixed, down, along, second) of one operation."""
    lanes = WIDTHS[level.name] / _lanes.LANE_BYTES[operation]
    packed = _lanes.PACKED[operation]

    def direct(size: int) -> tuple[float, float]:
        taps = np.ones((size, size))
        return down_operations(job_of(taps), taps, packed) / lanes, one(level, operation, ((taps, None),), taps, image)

    fixed = down = along = second = 0.0
    if operation != _lanes.MULH16:
        (few, small), (many, large) = direct(1), direct(7)
        down = (large - small) / (many - few)
        fixed = small - few * down
    if operation == _lanes.DOT8:
        return fixed, down, along, second

    def two(size: int) -> tuple[float, float, float]:
        taps = np.ones((size, size))
        job, line = job_of(taps), np.ones(size)
        beside = along_operations(line, operation, level) / lanes
        below = down_operations(job, line[:, None], packed) / lanes
        return below, beside, one(level, operation, ((line, line),), taps, image)

    short, long = two(5), two(31)
    if operation == _lanes.MULH16:  # it has no single pass to tell the two apart
        down = along = (long[2] - short[2]) / (long[0] + long[1] - short[0] - short[1])
        return 0.0, down, along, short[2] - (short[0] + short[1]) * down
    along = (long[2] - short[2] - (long[0] - short[0]) * down) / (long[1] - short[1])
    second = short[2] - fixed - short[0] * down - short[1] * along
    return fixed, down, along, second


def spectral(level: _native.Level, side: int, image: Any) -> float:
    """Return what a complex sample of a tile of `side` costs in the core."""
    job = job_of(np.full((31, 31), 1 / 961.5))
    run, kind = longest_run(job.cols), image.dtype
    direct = _native.make(job, SHAPE, kind, _lanes.Arithmetic(_lanes.F32, ((job.taps, None),)), run, level, "")
    way = _arithmetic.transformed(job, kind)
    assert way is not None
    step = side - 30
    complexes = side**2 * -(-SHAPE[0] // step) * -(-(-(-SHAPE[1] // step) * SHAPE[2]) // 2)
    made = _spectral.make(job, SHAPE, kind, way, run, (side, side), direct, "")
    return nanoseconds(made, image) * np.prod(SHAPE) / complexes


def double(image: Any) -> tuple[float, float]:
    """Return what a sample of a tile costs where NumPy transforms it, and what a larger tile adds."""
    costs = []
    level = _native.level()
    assert level is not None
    for tile in (256, 1024):
        job = job_of(np.full((31, 31), 1 / 961.5))
        run, rows, spectrum = longest_run(job.cols), tile - 30, _fourier.spectrum_of(job, tile)
        direct: Any = None
        way = _fourier.Fourier(job, run, np.dtype("f8"), rows, "", tile, spectrum, False, direct, level)
        tiles = -(-SHAPE[0] // rows) * -(-SHAPE[1] // rows)
        costs.append(nanoseconds(way, image) * SHAPE[0] * SHAPE[1] / (tiles * tile * tile))
    more = max(0.0, (costs[1] - costs[0]) / 0.75)
    return round(costs[0] - more / 4, 1), round(more, 1)


def main() -> None:
    """Print the tables."""
    image = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)
    print("COSTS: dict[str, dict[str, Cost]] = {")
    for level in _native.known_levels():
        print(f'    "{level.name}": {{')
        for operation, name in enumerate(_lanes.OPERATIONS):
            if level.has(operation):
                figures = ", ".join(f"{max(0.0, value):.2f}" for value in measure(level, operation, image))
                print(f'        "{name}": Cost({figures}),')
        print("    },")
    print("}")
    print("FFT: dict[str, dict[int, float]] = {")
    for level in _native.known_levels():
        sides = {side: float(round(spectral(level, side, image), 1)) for side in _spectral.PASSES}
        print(f'    "{level.name}": {sides},')
    print("}")
    print(f"DOUBLE_FFT = {double(image)}")


if __name__ == "__main__":
    main()
