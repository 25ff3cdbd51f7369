"""How taps are laid out for the native core: which sample of which line meets which weights.

The core computes `ROWS` output rows at a time. A tap of the layout is a place, (line, lane), and a weight for
each of those rows, so that one loaded vector serves them all; rows that the tap does not reach are left out by
segments of taps that serve the same rows. See _core_plan.h.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Job
from imgconv.value import Value

ROWS = 4
"""Output rows that the core computes at once."""

Vector = NDArray[Any]
Matrix = NDArray[Any]


class Taps(Value):
    """Taps as the core reads them."""

    segments: NDArray[np.int32]
    places: NDArray[np.int32]
    weights: NDArray[Any]

    def buffers(self) -> tuple[Any, Any, Any]:
        """Return what the core's `plan` takes."""
        return (
            np.ascontiguousarray(self.segments),
            np.ascontiguousarray(self.places),
            np.ascontiguousarray(self.weights).view(np.uint8),
        )


class Grid(Value):
    """Where columns lie in a line.

    Attributes:
        channels: lanes of a column.
        phases: runs that columns are dealt out to; the horizontal stride.
        run_cols: columns of a run.
    """

    channels: int
    phases: int
    run_cols: int

    def lanes(self, columns: Vector) -> Vector:
        """Return the lanes at which padded `columns` start."""
        run, at = columns % self.phases, columns // self.phases
        lanes: Vector = (run * self.run_cols + at) * self.channels
        return lanes


def line_count(job: Job, packed: int, members: int = 1) -> int:
    """Return how many lines of `packed` rows each a group of output rows reads."""
    rows = (ROWS // members - 1) * job.stride[0] + job.dilation[0] * (job.taps.shape[0] - 1) + 1
    return int(-(-rows // packed))


def down_operations(job: Job, taps: Matrix, packed: int) -> float:
    """Return how many vector operations `down` needs per vector of output, without laying the taps out."""
    if packed == 1:
        return float(np.count_nonzero(taps))
    rows, cols = np.nonzero(taps)
    touched = np.zeros((ROWS, line_count(job, packed), taps.shape[1]), bool)
    for row in range(ROWS):
        touched[row, (row * job.stride[0] + rows * job.dilation[0]) // packed, cols] = True
    return float(np.count_nonzero(touched)) / ROWS


def down(job: Job, taps: Matrix, grid: Grid, packed: int) -> Taps:
    """Lay out `taps`, (rows, cols), over lines that interleave `packed` rows each.

    Args:
        job: for its strides and dilations.
        taps: in the type of one sample of a lane; a single column is a pass down. Those of several members, (members,
            rows, cols), take as many rows of a group for each output row.
        grid: where columns lie.
        packed: samples of different rows in a lane.
    """
    rows, cols = taps.shape[-2:]
    members = np.moveaxis(taps.reshape(-1, rows, cols), 0, 1)
    many = members.shape[1]
    lines = line_count(job, packed, many)
    spread = np.zeros((lines * packed, ROWS, cols), taps.dtype)
    for row in range(ROWS // many):
        first = row * job.stride[0]
        reached = slice(first, first + job.dilation[0] * (rows - 1) + 1, job.dilation[0])
        spread[reached, row * many : (row + 1) * many] = members
    # (lines, packed, ROWS, cols) -> (lines, cols, ROWS, packed): the samples of a lane lie together
    lanes = np.ascontiguousarray(spread.reshape(lines, packed, ROWS, cols).transpose(0, 3, 2, 1))
    return _segmented(lanes, grid.lanes(np.arange(cols) * job.dilation[1]))


def fold(taps: Vector) -> Taps:
    """Lay out symmetric `taps` for FOLD16, which reads line k for tap k and finds the group's other rows itself."""
    return _segmented(taps.reshape(-1, 1, 1, 1), np.zeros(1, np.int64))


def along(job: Job, taps: Vector, grid: Grid, packed: int) -> Taps:
    """Lay out `taps` along one line whose lanes hold `packed` samples, one dilation apart."""
    padded = np.zeros(-(-len(taps) // packed) * packed, taps.dtype)
    padded[: len(taps)] = taps
    lanes = padded.reshape(1, -1, 1, packed)
    return _segmented(lanes, grid.lanes(np.arange(0, len(taps), packed) * job.dilation[1]))


def along_in_digits(job: Job, taps: Vector, grid: Grid) -> Taps:
    """Lay out integer `taps` along a row of quadruples, as two digits of base 128 each."""
    padded = np.zeros(-(-len(taps) // 4) * 4, np.int64)
    padded[: len(taps)] = taps
    digits = np.stack((padded >> 7, padded & 127)).astype(np.int8)
    lanes = np.ascontiguousarray(digits.reshape(2, -1, 4).transpose(1, 0, 2))[None]
    return _segmented(lanes, grid.lanes(np.arange(0, len(taps), 4) * job.dilation[1]))


def _segmented(lanes: Matrix, at: Vector) -> Taps:
    """Cut taps (lines, cols, rows, packed) into segments whose rows all have weights; zero weights are left out."""
    rows = lanes.shape[2]
    used = np.zeros((*lanes.shape[:2], rows + 2), bool)
    used[:, :, 1:-1] = lanes.any(axis=3)
    weights = lanes.view({1: "u1", 2: "u2", 4: "u4", 8: "u8"}[lanes.dtype.itemsize * lanes.shape[3]])[..., 0]
    segments, places, chosen, count = [], [], [], 0
    for low in range(rows):
        for high in range(low + 1, rows + 1):
            run = used[:, :, low + 1 : high + 1].all(axis=2) & ~used[:, :, low] & ~used[:, :, high + 1]
            line, col = np.nonzero(run)
            if len(line):
                segments.append((low, high, count, count + len(line)))
                places.append(np.stack((line, at[col]), axis=1).astype(np.int32))
                chosen.append(weights[line, col])
                count += len(line)
    if not segments:
        return Taps(np.empty((0, 4), np.int32), np.empty((0, 2), np.int32), np.empty((0, rows), weights.dtype))
    return Taps(np.array(segments, np.int32), np.concatenate(places), np.concatenate(chosen))
