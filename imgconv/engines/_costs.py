"""What the ways of the native core cost, in nanoseconds on one thread; measured by benchmarks/costs.py.

Only their order matters, so one machine's figures serve others of the same SIMD level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from imgconv.engines import Job
from imgconv.engines._lanes import BOXES, DOT8, DOT16, LANE_BYTES, OPERATIONS, PACKED, Arithmetic
from imgconv.engines._layout import Vector, down_operations
from imgconv.engines._native import Level


class Cost(NamedTuple):
    """Of one operation.

    Attributes:
        fixed: per output sample.
        down: per vector operation of a pass over a group of rows.
        along: per vector operation of a pass along a row.
        second: what a second pass adds per output sample.

    For running sums `along` is per doubling of the sums along a row, and `second` is added where they need 32 bits.
    """

    fixed: float
    down: float
    along: float
    second: float


COSTS: dict[str, dict[str, Cost]] = {
    "baseline": {
        "F32": Cost(2.09, 0.38, 0.38, 0.50),
        "F64": Cost(3.62, 0.23, 0.24, 0.31),
        "DOT16": Cost(0.65, 0.23, 0.24, 0.39),
        "MUL16": Cost(0.42, 0.47, 0.21, 0.18),
        "BOX": Cost(0.90, 0.0, 0.20, 0.90),
        "BOX64": Cost(2.80, 0.0, 0.70, 0.0),
    },
    "avx2": {
        "F32": Cost(0.41, 0.19, 0.23, 0.15),
        "F64": Cost(3.20, 0.19, 0.23, 0.26),
        "DOT16": Cost(0.26, 0.22, 0.30, 0.24),
        "MUL16": Cost(0.22, 0.23, 0.26, 0.08),
        "MULH16": Cost(0.00, 0.26, 0.26, 0.30),
        "FOLD16": Cost(0.00, 0.15, 0.15, 0.20),
        "BOX": Cost(0.40, 0.0, 0.10, 0.40),
        "BOX64": Cost(1.90, 0.0, 0.40, 0.0),
    },
    "avx512": {
        "F32": Cost(0.24, 0.31, 0.53, 0.07),
        "F64": Cost(3.11, 0.30, 0.54, 0.03),
        "DOT8": Cost(0.15, 0.36, 0.00, 0.00),
        "DOT16": Cost(0.17, 0.33, 0.25, 0.26),
        "MUL16": Cost(0.10, 0.40, 0.54, 0.04),
        "MULH16": Cost(0.00, 0.47, 0.47, 0.15),
        "FOLD16": Cost(0.00, 0.25, 0.25, 0.10),
        "BOX": Cost(0.25, 0.0, 0.06, 0.28),
        "BOX64": Cost(1.50, 0.0, 0.30, 0.0),
    },
}
COSTS["neon"] = COSTS["baseline"]

WIDTHS = {"baseline": 16, "neon": 16, "avx2": 32, "avx512": 64}
"""Bytes of a vector."""

FFT: dict[str, dict[int, float]] = {
    "baseline": {
        32: 4.3,
        48: 5.6,
        64: 6.0,
        96: 7.1,
        128: 7.7,
        192: 8.8,
        256: 9.0,
        384: 9.7,
        512: 9.7,
        768: 10.4,
        1024: 11.0,
        1536: 12.0,
        2048: 13.0,
    },
    "avx2": {
        32: 2.6,
        48: 2.9,
        64: 3.0,
        96: 3.4,
        128: 3.5,
        192: 3.9,
        256: 4.0,
        384: 4.3,
        512: 4.6,
        768: 5.5,
        1024: 6.2,
        1536: 7.0,
        2048: 8.0,
    },
    "avx512": {
        32: 2.9,
        48: 2.9,
        64: 3.2,
        96: 3.2,
        128: 3.4,
        192: 3.4,
        256: 3.6,
        384: 3.9,
        512: 4.2,
        768: 5.0,
        1024: 5.7,
        1536: 7.0,
        2048: 8.0,
    },
}
"""What a complex sample of a square tile costs in the core, by the tile's side."""
FFT["neon"] = FFT["baseline"]

EXACT_SUM = {"baseline": 3.0, "avx2": 1.6, "avx512": 1.2}
"""What 32 taps of a row cost where a sum is computed again."""
EXACT_SUM["neon"] = EXACT_SUM["baseline"]

DOUBLE_FFT = (9.6, 5.7)
"""What a sample of a tile transformed by NumPy costs, where the core makes the samples, and what is added for each
1024 samples of the tile's side."""

NUMPY_TAP = 0.55
"""What one tap costs per output sample in NumPy."""
NUMPY_FFT = (22.0, 0.0)
"""As `DOUBLE_FFT`, with everything around the transform in NumPy too."""


def exact_cost(job: Job, level: Level) -> float:
    """Return what a sum costs that is computed again."""
    rows, cols = job.taps.shape
    return float(rows * -(-(job.dilation[1] * (cols - 1) + 1) // 32) * EXACT_SUM[level.name])


def cost(job: Job, way: Arithmetic, level: Level) -> float:
    """Return what one output sample costs."""
    each = COSTS[level.name][OPERATIONS[way.operation]]
    if way.operation in BOXES:
        wide = each.second if way.peak > 65535 else 0.0
        return each.fixed + each.along * int(job.taps.shape[1]).bit_length() + wide
    lanes = WIDTHS[level.name] / LANE_BYTES[way.operation]
    total = each.fixed
    for first, second in way.terms:
        if second is None:
            total += each.down * down_operations(job, first, PACKED[way.operation]) / lanes
            continue
        # A pass down that comes first covers the columns that the pass along reads beside the output.
        wider = len(job.cols) / job.output[1] if way.operation != DOT16 else 1.0
        total += each.down * wider * down_operations(job, first[:, None], PACKED[way.operation]) / lanes
        total += each.along * along_operations(second, way.operation, level) / lanes + each.second
    return float(total)


def along_operations(taps: Vector, operation: int, level: Level) -> int:
    """Return how many vector operations a pass along a row needs per vector of output."""
    if operation != DOT16:
        return int(np.count_nonzero(taps))
    return 2 * -(-len(taps) // 4) if level.has(DOT8) else -(-len(taps) // 2)
