"""The functions on the native core: plans for it, and the division of work over threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import _native as engine
from imgconv.engines._bands import each
from imgconv.native import is_built
from imgconv.system import cores

try:
    from imgconv.functional import _nncore
except ImportError:  # installed without a compiler
    _nncore = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from imgconv.functional._arguments import Samples
    from imgconv.functional._jobs import Correlation, Pooling

LANES = (np.dtype(np.float32), np.dtype(np.float64))
SAMPLES = tuple(map(np.dtype, (np.uint8, np.uint16, np.float32, np.float64)))
"""The types of lanes and samples, in the order of the core's enums."""
KINDS = ("max", "min", "sum")
EXACT_SUMS = {np.dtype(np.uint8): 1 << 16, np.dtype(np.uint16): 1 << 8}
LONGEST_SUM = 64
"""Samples that float32 lanes sum for one mean: so many of these integers exactly, or so many floats."""
ALONE = 1 << 20
"""Multiplications, or samples pooled, that are done before a second thread would have started."""
PIECES = 4
"""Pieces of work for each thread, so that all finish at about the same time."""


NARROW = 32
"""Bytes of a line of outputs that AVX2's vectors hold: wider ones would be half empty."""


class Level(NamedTuple):
    """A SIMD level of the core."""

    number: int
    block: int
    """How many outputs it computes at once."""


def level() -> Level | None:
    """Return the SIMD level to use, or None for NumPy; `IMGCONV_SIMD` is read as by the engines.

    Raises:
        EngineError: `IMGCONV_REQUIRE_NATIVE` is set and a core is missing, or `IMGCONV_SIMD` names no level.
    """
    wanted = engine.level()
    if not is_built(_nncore, "the functions'") or wanted is None:
        return None
    known = {name: Level(number, block) for number, (name, block) in enumerate(_nncore.levels())}
    best = list(known.values())[-1]
    return known.get(wanted.name, best) if os.environ.get("IMGCONV_SIMD") else best


def correlate(jobs: Sequence[tuple[Correlation, Samples]], samples: Samples, threads: int | None) -> bool:
    """Compute jobs over `samples`, (batch, channels, axes), into their outputs; False where the core cannot."""
    lanes = jobs[0][1].dtype
    chosen = level() if lanes in LANES else None
    if chosen is None:
        return False
    samples = _readable(samples, lanes)
    used = _threads(threads, sum(out.size * prod(job.weight.shape[1:]) for job, out in jobs))
    items = sum(len(out) * (out.shape[2] if out.ndim == 5 else 1) for _, out in jobs)
    tasks = [task for job, out in jobs for task in _correlations(job, samples, out, chosen, used, items)]
    each(lambda number: tasks[number](), len(tasks), min(used, len(tasks)))
    return True


def _correlations(
    job: Correlation, samples: Samples, out: Samples, chosen: Level, threads: int, items: int
) -> list[Callable[[], None]]:
    """Return the pieces of a job, `items` output volumes of which there are in all."""
    grid = _Grid(job.maps, job.stride, job.dilation, job.weight.shape[2:], samples, out)
    outputs, per_group = len(job.weight) // job.groups, job.weight.shape[1]
    if out.shape[-1] * out.itemsize <= NARROW:
        chosen = min(chosen, Level(1, 4))
    plan = _nncore.convolution(
        chosen.number,
        grid.settings(per_group, outputs, job.groups),
        job.constant,
        grid.rows,
        grid.cols,
        np.ascontiguousarray(job.weight, out.dtype),
        None if job.bias is None else np.ascontiguousarray(job.bias, out.dtype),
    )
    pieces = _pieces(threads, items, job.groups, grid.out.shape[3], outputs, chosen.block)
    channels = np.arange(samples.shape[1]).reshape(job.groups, per_group)
    return [
        partial(_nncore.convolve, plan, grid.samples, planes, target, *piece)
        for planes, target in grid.items(channels)
        for piece in pieces
    ]


def pool(job: Pooling, samples: Samples, out: Samples, threads: int | None) -> bool:
    """Compute `job` over `samples`, (batch, channels, axes), into `out`; False where the core cannot."""
    chosen = level() if out.dtype in LANES and not _long(job, samples.dtype, out.dtype) else None
    if chosen is None:
        return False
    grid = _Grid(job.maps, job.stride, job.dilation, job.window, _readable(samples, out.dtype), out)
    settings = grid.settings(1, KINDS.index(job.kind), 1)
    plan = _nncore.pooling(chosen.number, settings, job.constant, grid.rows, grid.cols, *grid.divisors(job))
    used = _threads(threads, out.size * prod(job.window) * 4)
    # Channels stand for the groups of a convolution.
    pieces = _pieces(used, len(out) * grid.out.shape[2], samples.shape[1], grid.out.shape[3], 1, 1)
    channels = np.arange(samples.shape[1])[:, None]
    tasks = [
        partial(_nncore.pool, plan, grid.samples, planes, target, *piece)
        for planes, target in grid.items(channels)
        for piece in pieces
    ]
    each(lambda number: tasks[number](), len(tasks), min(used, len(tasks)))
    return True


def _readable(samples: Samples, lanes: np.dtype[Any]) -> Samples:
    """Return samples of a type that the core reads into `lanes`, each at an address that suits its type."""
    readable = SAMPLES[: 3 + LANES.index(lanes)]
    kind = samples.dtype if samples.dtype in readable else lanes
    if samples.dtype == kind and samples.flags.aligned:
        return samples
    with np.errstate(all="ignore"):
        return samples.astype(kind, order="C")


class _Grid:
    """A job over one to three axes as the core knows it: planes of rows and columns."""

    def __init__(
        self,
        maps: tuple[NDArray[np.intp], ...],
        stride: tuple[int, ...],
        dilation: tuple[int, ...],
        taps: tuple[int, ...],
        samples: Samples,
        out: Samples,
    ) -> None:
        missing = 3 - len(maps)
        whole = tuple(int(n) for n in samples.shape[2:])
        given = [np.zeros(1, np.int64)] * missing + [index.astype(np.int64) for index in maps]
        self.depth_map, self.rows, self.cols = given
        self.stride, self.dilation, self.taps = ((1,) * missing + tuple(t) for t in (stride, dilation, taps))
        self.sizes = (1,) * missing + whole
        self.channels = samples.shape[1]
        self.samples = samples.reshape(-1, *self.sizes[1:])
        self.out = out[:, :, *(None,) * missing]

    def settings(self, channels: int, outputs: int, groups: int) -> NDArray[np.int64]:
        """Return the core's settings."""
        return np.array(
            [
                LANES.index(self.out.dtype), SAMPLES.index(self.samples.dtype), channels * self.taps[0],
                *self.sizes[1:], *self.out.shape[3:], *self.taps[1:], *self.stride[1:], *self.dilation[1:],
                outputs, groups,
            ],
            np.int64,
        )  # fmt: skip

    def items(self, channels: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.int64], Samples]]:
        """Return, for every output volume one plane deep, the planes of samples it sees of `channels`, and itself."""
        for n, picture in enumerate(self.out):
            for z in range(picture.shape[1]):
                deep = self.depth_map[z * self.stride[0] + np.arange(self.taps[0]) * self.dilation[0]]
                first = (n * self.channels + channels[..., None]) * self.sizes[0]
                yield np.ascontiguousarray(np.where(deep < 0, deep, first + deep), np.int64), picture[:, z]

    def divisors(self, job: Pooling) -> tuple[NDArray[Any] | None, ...]:
        """Return the divisors of rows and columns."""
        if not job.divisors:
            return None, None
        ones = [np.ones(1, np.int64)] * (2 - len(job.divisors))
        return tuple(divisor.astype(self.out.dtype) for divisor in (*ones, *job.divisors))


def _long(job: Pooling, samples: np.dtype[Any], lanes: np.dtype[Any]) -> bool:
    """Whether float32 lanes would round sums that the result should hold, or depths have divisors of their own."""
    if job.kind != "sum":
        return False
    return len(job.divisors) > 2 or (lanes == np.float32 and prod(job.window) > EXACT_SUMS.get(samples, LONGEST_SUM))


def _threads(threads: int | None, work: int) -> int:
    return max(1, min(threads or cores.available(), work // ALONE + 1))


def _pieces(
    threads: int, items: int, groups: int, rows: int, outputs: int, block: int
) -> list[tuple[int, int, int, int, int, int]]:
    """Return (first group, last, first row, last, first output, last) of the pieces that each item is cut into."""
    wanted = 1 if threads == 1 else max(1, -(-PIECES * threads // items))
    if wanted == 1:
        return [(0, groups, 0, rows, 0, outputs)]
    if groups >= wanted:
        return [(*span, 0, rows, 0, outputs) for span in _spans(groups, wanted)]
    if rows >= 4 * wanted or outputs < 2 * block:
        return [(0, groups, *span, 0, outputs) for span in _spans(rows, min(wanted, rows))]
    blocks = -(-outputs // block)
    return [
        (0, groups, 0, rows, start * block, min(stop * block, outputs))
        for start, stop in _spans(blocks, min(wanted, blocks))
    ]


def _spans(length: int, parts: int) -> list[tuple[int, int]]:
    edges = [length * k // parts for k in range(parts + 1)]
    return list(pairwise(edges))
