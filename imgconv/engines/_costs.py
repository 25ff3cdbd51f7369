"""What the ways of the native core cost, in nanoseconds on one thread; measured by benchmarks/costs.py.

Only their order matters, so one machine's figures serve others of the same SIMD level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from imgconv.engines import Job
from imgconv.engines._layout import down_operations
from imgconv.engines._native import DOT8, DOT16, LANE_BYTES, PACKED, Arithmetic, Level


class Cost(NamedTuple):
    """Of one operation: per output sample, per vector operation of a pass over a group, and of a pass along a row;
    `second` is what a second pass adds per sample."""

    fixed: float
    down: float
    along: float
    second: float


COSTS: dict[str, dict[str, Cost]] = {
    "avx512": {
        "F32": Cost(0.34, 0.31, 0.62, 0.1),
        "F64": Cost(1.5, 0.31, 0.62, 0.2),
        "DOT8": Cost(0.22, 0.30, 0.6, 0.1),
        "DOT16": Cost(0.26, 0.30, 0.32, 0.1),
        "MUL16": Cost(0.18, 0.3, 0.6, 0.05),
        "MULH16": Cost(0.18, 0.3, 0.6, 0.05),
    },
}

WIDTHS = {"avx512": 64, "avx2": 32}

FFT = {4: (8.0, 1.5), 8: (11.0, 4.0)}
"""What a sample of a transformed tile costs, and what is added for each 1024 samples of the tile's side, by the
bytes of the float type."""

NUMPY_TAP = 0.55
"""What one tap costs per output sample in NumPy."""
NUMPY_FFT = (22.0, 0.0)
"""As `FFT`, with everything around the transform in NumPy too."""


def cost(job: Job, way: Arithmetic, level: Level) -> float:
    """Return what one output sample costs."""
    each = COSTS.get(level.name, COSTS["avx512"])[("F32", "F64", "DOT8", "DOT16", "MUL16", "MULH16")[way.operation]]
    lanes = WIDTHS.get(level.name, 16) / LANE_BYTES[way.operation]
    total = each.fixed
    for first, second in way.terms:
        if second is None:
            total += each.down * down_operations(job, first, PACKED[way.operation]) / lanes
            continue
        wider = len(job.cols) / job.output[1] if way.operation != DOT16 else 1.0
        digits = way.operation == DOT16 and level.has(DOT8)
        along = np.count_nonzero(second) if not digits else 2 * -(-len(second) // 4)
        if way.operation == DOT16 and not digits:
            along = -(-len(second) // 2)
        total += each.down * wider * down_operations(job, first[:, None], PACKED[way.operation]) / lanes
        total += each.along * along / lanes + each.second
    return float(total)
