"""The native core from Python: loading it, and prepared jobs that run on it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats, Job, Prepared
from imgconv.engines._lanes import (
    BOXES,
    DOT8,
    DOT16,
    DOUBLES,
    F32,
    F64,
    FIXED_ERROR,
    FOLD16,
    INTEGERS,
    LANE_BYTES,
    LANE_TYPE,
    MUL16,
    MULH16,
    PACKED,
    SAMPLES,
    Arithmetic,
    Finish,
)
from imgconv.engines._layout import ROWS, Grid, line_count
from imgconv.errors import EngineError, quoted
from imgconv.native import is_built
from imgconv.tone import Stats, Tone, full_range
from imgconv.value import Value

try:
    from imgconv.engines import _core
except ImportError:  # installed without a compiler
    _core = None  # type: ignore[assignment]

COMBINES = ("magnitude", "max", "sum")
"""How the core makes one result of several, in the order of its enum."""
CACHE = 400_000
"""Bytes of lines that stay in a core's second-level cache beside everything else."""
BAND_SAMPLES = 1 << 20
BOX_LANES = 1024
"""Half the lanes that running sums are kept for at once, and the most channels that they are used with."""


class Level(NamedTuple):
    """A SIMD level: its number and name, and a bit for every operation that it has."""

    number: int
    name: str
    operations: int

    def has(self, operation: int) -> bool:
        """Whether `operation` runs on this level."""
        return bool(self.operations >> operation & 1)


def known_levels() -> list[Level]:
    """Return the levels that this machine has, slowest first; none without the core."""
    return [] if _core is None else [Level(number, *entry) for number, entry in enumerate(_core.levels())]


def level() -> Level | None:
    """Return the SIMD level to use: IMGCONV_SIMD's or the best that this machine has; None without a core.

    Raises:
        EngineError: IMGCONV_SIMD names a level that is not there, or IMGCONV_REQUIRE_NATIVE is set and the core
            is missing.
    """
    if not is_built(_core, "the engine's"):
        return None
    known = known_levels()
    wanted = os.environ.get("IMGCONV_SIMD", "")
    if wanted in ("", "best"):
        return known[-1]
    if wanted == "none":
        return None
    for entry in known:
        if entry.name == wanted:
            return entry
    names = "|".join(["none", *(entry.name for entry in known)])
    raise EngineError(f"IMGCONV_SIMD: {quoted(wanted)} is not one of {names}, which this machine has")


def combined(
    level: int, combine: str, results: tuple[Floats, ...], samples: NDArray[Any], finish: tuple[Any, ...]
) -> tuple[float, float, int, int, int]:
    """Put samples of several float32 results, combined by one of `COMBINES`, into `samples`; see `_joint`."""
    return _core.combine(level, COMBINES.index(combine), results, samples, finish)


def weigh(level: int, pixels: NDArray[Any], sums: Floats, weights: Sequence[int]) -> None:
    """Put weighted sums of red, green and blue into the first channel of `sums`; see `_luma`."""
    _core.weigh(level, pixels, sums, tuple(weights))


class Native(Value, Prepared):
    """A job on the native core, for images of (rows, cols, channels) and type."""

    job: Job
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    arithmetic: Arithmetic
    reason: str
    band_rows: int
    range: tuple[float, float]
    """What results can be for samples of an integer type; infinities for float ones."""
    plan: Any
    finishes: dict[tuple[Tone | None, np.dtype[Any]], Finish]
    """What `_finish` returned; every band asks for it."""

    stores = True

    @property
    def error(self) -> float:
        """How far results may be off before they are rounded, in sample values."""
        return self.arithmetic.error

    @property
    def joins(self) -> bool:
        """Whether results are float32, or doubles that are rounded to it once."""
        return not self.double or self.job.whole is not None

    @property
    def double(self) -> bool:
        """Whether results are float64."""
        way = self.arithmetic
        return way.operation in DOUBLES or (way.divisor > 0 and way.peak >= 2**24)

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive), float32 or float64."""
        kind = np.float64 if self.double else np.float32
        return self.fill(image, start, stop, np.empty((stop - start, self.job.output[1], image.shape[2]), kind))

    def fill(self, image: NDArray[Any], start: int, stop: int, out: Floats) -> Floats:
        """Put output rows `start` to `stop` (exclusive) into `out`, float32 or as `double` says, and return it."""
        way, double = self.arithmetic, self.double
        if double and out.dtype == np.float32:  # each result is divided in double and rounded once
            finish = Finish(way.unit, way.base * way.unit + self.job.offset, wide=True)
            self.run(image, start, stop, out, finish)
            return out
        if not way.divisor:
            shift = way.base * way.unit + self.job.offset
            self.run(image, start, stop, out, Finish(way.unit, shift, wide=double, code=3 if double else 2))
            return out
        # Divided here, because a product with 1 / divisor would miss results that are exactly a half.
        self.run(image, start, stop, out, Finish(1.0, way.base, wide=double, code=3 if double else 2))
        if way.divisor != 1:
            out /= out.dtype.type(way.divisor)
        if self.job.offset:
            out += out.dtype.type(self.job.offset)
        return out

    def store(self, image: NDArray[Any], start: int, stop: int, out: NDArray[Any], tone: Tone | None) -> Stats:
        """Compute output rows `start` to `stop` (exclusive) straight into `out` and return what was seen."""
        low, high, below, above, nan = self.run(image, start, stop, out, self.finish(tone, out.dtype))
        if tone is not None and not tone.watched:
            return Stats(total=out.size)
        if low <= high:
            low, high = (self._result(value) for value in (low, high))
        return Stats(low, high, below, above, nan, out.size).counting_infinite(out)

    def finish(self, tone: Tone | None, dtype: np.dtype[Any]) -> Finish:
        """Return how the core makes samples of `dtype` from accumulators."""
        known = self.finishes.get((tone, dtype))
        if known is None:
            known = self._finish(tone, dtype)._replace(watched=tone is None or tone.watched)
            self.finishes[tone, dtype] = known
        return known

    def run(
        self, image: NDArray[Any], start: int, stop: int, out: NDArray[Any], finish: Finish
    ) -> tuple[float, float, int, int, int]:
        """Compute output rows as the core's `run` does, and return what was seen of accumulators."""
        return _core.run(self.plan, image, out, start, stop, finish)

    def _result(self, accumulator: float) -> float:
        way = self.arithmetic
        total = accumulator + way.base
        return (total / way.divisor if way.divisor else total * way.unit) + self.job.offset

    def _finish(self, tone: Tone | None, dtype: np.dtype[Any]) -> Finish:
        """Return the core's way from accumulators to samples of `dtype`."""
        way, slope, shift = self.arithmetic, tone.slope if tone else 1.0, tone.shift if tone else 0.0
        code = SAMPLES.index(dtype.str[1:])
        absolute = tone is not None and tone.map == "abs"
        scale = way.unit * slope
        added = (way.base * way.unit + self.job.offset) * slope + shift
        if dtype.kind == "f":
            wide = way.operation in DOUBLES or (dtype.itemsize == 8 and way.peak >= 2**24)
            return Finish(scale, added, absolute=absolute, wide=wide, code=code)
        top = full_range(dtype)
        counted = self._counted(slope, shift, absolute, top)
        whole = way.base + (self.job.offset + shift) * way.divisor
        if way.divisor and slope == 1 and 2 * whole == round(2 * whole):
            return self._exact(way.divisor, whole, top, absolute, counted, code)
        # Below a half by less than any float: 0.49999997 + this stays under 1, and 0.5 + this reaches it.
        half = 0.5 - 2.0**-25
        halves = self._halves(scale, added, absolute, code)
        if halves >= 0:
            level = 1 << halves
            below, above = np.floor((-0.5 - added) * level), np.ceil((top + 0.5 - added) * level)
            return Finish(scale, added, half, below, above, top, absolute, counted, halves, False, code)
        integers = way.operation in INTEGERS
        wide = bool(way.operation in DOUBLES or (integers and (top + abs(added)) * 2.0**-22 > 0.01))
        return self._thresholds(
            Finish(scale, added, half, -0.5, top + 0.5, top + 0.5, absolute, counted, -1, wide, code)
        )

    def _exact(self, divisor: int, whole: float, top: float, absolute: bool, counted: bool, code: int) -> Finish:
        """Round ``(accumulator + whole) / divisor``, where halves must be met exactly."""
        scale, added = 1 / divisor, whole / divisor
        halves = self._halves(scale, added, absolute, code)
        if halves >= 0:
            below, above = np.floor(-divisor / 2 - whole), np.ceil((top + 0.5) * divisor - whole)
            return Finish(scale, added, 0.5, below, above, top, absolute, counted, halves, False, code)
        way = self.arithmetic
        low, high = np.floor(-divisor / 2 - whole), np.ceil((top + 0.5) * divisor - whole)
        short = way.operation == MUL16 and not absolute and whole == round(whole) and code == 0
        if short and divisor > 1 and way.peak + abs(whole) + divisor <= 32767:
            return Finish(scale, whole + divisor // 2, 0.0, low, high, top, absolute, counted, 0, False, code, divisor)
        # A result that is no half is at least 1 / (4 * divisor) away from one, so half of that keeps both apart:
        # the offset may add a half.
        margin = 1 / (8 * divisor)
        wide = bool(way.operation in DOUBLES or (top + abs(added) + 1) * 2.0**-22 >= margin)
        sums = way.operation in INTEGERS and not absolute and whole == round(whole) and code < 2
        if wide and sums and way.peak + abs(whole) + divisor < 2**24:
            less = scale * (1 - 2.0**-22)
            return Finish(less, whole + divisor // 2, 0.0, low, high, top, absolute, counted, 0, False, code, divisor)
        low, high = -0.5 + margin, top + 0.5 - margin
        return self._thresholds(
            Finish(scale, added, 0.5 + margin, low, high, top + 0.5, absolute, counted, -1, wide, code)
        )

    def _thresholds(self, finish: Finish) -> Finish:
        """Let int32 accumulators that become uint8 be compared as they are, where that is the same."""
        scale, added, low, high, wide = finish.scale, finish.shift, finish.below, finish.above, finish.wide
        way = self.arithmetic
        if way.operation not in INTEGERS or finish.absolute or wide or scale <= 0 or way.peak * scale > 2**30:
            wide = bool(wide or (way.operation != F32 and way.peak >= 2**24))
            return finish._replace(wide=wide)
        low = max(np.floor((low - added) / scale), -(2.0**31))
        high = min(np.ceil((high - added) / scale), 2.0**31 - 1)
        return finish._replace(below=low, above=high, halves=0)

    def _halves(self, scale: float, added: float, absolute: bool, code: int) -> int:
        """Return by how many bits 16-bit accumulators can be shifted to become uint8, or -1."""
        short = self.arithmetic.operation in (MUL16, MULH16, FOLD16)
        if not short or code or absolute or scale <= 0 or added != round(added):
            return -1
        bits = -np.log2(scale)
        return int(bits) if bits == round(bits) and 0 <= bits <= 14 and abs(added) <= 2**14 else -1

    def _counted(self, slope: float, shift: float, absolute: bool, top: float) -> bool:
        low, high = (value * slope + shift for value in self.range)
        if absolute:
            low, high = 0.0, max(abs(low), abs(high))
        return bool(low <= -0.25 or high >= top + 0.25)


def make(
    job: Job,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    way: Arithmetic,
    run: tuple[int, int],
    level: Level,
    reason: str,
    combine: str = COMBINES[0],
) -> Native:
    """Return `job` prepared for the core at `level`, computed as `way` says.

    Its one pass may have the taps of several members, (members, rows, cols), which are combined by `combine`.
    """
    from imgconv.engines._layout import along, along_in_digits, down, fold

    packed, (rows, cols), channels = PACKED[way.operation], job.output, shape[2]
    members = len(way.terms[0][0]) if way.terms[0][0].ndim == 3 else 1
    lines = line_count(job, packed, members)
    span = job.dilation[1] * (job.taps.shape[1] - 1) + 1
    phases = job.stride[1]
    halo = (span - 1) // phases
    if way.operation in BOXES:
        tile = min(cols, max(2 * BOX_LANES, min(2 * halo * channels, 8 * BOX_LANES)) // channels)
    else:
        tile = tile_cols(cols, channels, lines, halo, LANE_BYTES[way.operation] * phases)
    grid = Grid(channels, phases, tile + halo)
    lane = np.dtype(LANE_TYPE[way.operation])
    digits = 0
    if way.operation == DOT16 and way.terms[0][1] is not None:
        digits = 2 if level.has(DOT8) else 1
    terms: list[tuple[Any, Any]] = []
    for first, second in way.terms:
        first = first.astype(lane)
        if second is None:
            terms.append((down(job, first, grid, packed).buffers(), None))
            continue
        row = along_in_digits(job, second, grid) if digits == 2 else along(job, second.astype(lane), grid, packed)
        column = fold(first) if way.operation in (FOLD16, *BOXES) else down(job, first[:, None], grid, packed)
        terms.append((column.buffers(), row.buffers()))
    start, stop = run
    settings = np.array(
        [
            way.operation, SAMPLES.index(dtype.str[1:]), channels, shape[0], shape[1], rows, cols,
            *job.stride, tile, span, phases, lines, way.start,
            digits, job.dilation[1] * channels if digits else 0, way.shift,
            start, stop, job.cols[start] if stop > start else 0,
            members, COMBINES.index(combine),
        ],
        np.int64,
    )  # fmt: skip
    outside = bool((job.rows < 0).any() or (job.cols < 0).any())
    constant = job.constant if outside else 0.0
    rows_map, cols_map = job.rows.astype(np.int64), job.cols.astype(np.int64)
    plan = _core.plan(level.number, settings, constant, rows_map, cols_map, tuple(terms))
    limits = result_range(job, dtype)
    return Native(job, shape, dtype, way, reason, band_rows(rows, cols * channels, job), limits, plan, {})


def tile_cols(cols: int, channels: int, lines: int, halo: int, bytes_a_lane: int) -> int:
    """Return how many output columns to compute at once, so that the lines they read stay in the cache."""
    fitting = CACHE // (lines * bytes_a_lane * channels) - halo
    fitting = max(fitting, -(-512 // channels), 2 * halo)
    return int(-(-cols // -(-cols // fitting)))


def band_rows(rows: int, lanes: int, job: Job) -> int:
    """Return how many output rows to hand to a thread at once."""
    wanted = max(BAND_SAMPLES // lanes, 8 * job.taps.shape[0] // job.stride[0], 4 * ROWS)
    even = -(-rows // max(1, round(rows / wanted)))
    return int(-(-even // ROWS) * ROWS)


def result_range(job: Job, dtype: np.dtype[Any]) -> tuple[float, float]:
    """Return bounds of the results."""
    if dtype.kind == "f" and not job.whole:
        return -np.inf, np.inf
    top = job.whole.top if job.whole else float(np.iinfo(dtype).max)
    low, high = min(0.0, job.constant), max(top, job.constant)
    positive, negative = float(job.taps[job.taps > 0].sum()), float(job.taps[job.taps < 0].sum())
    return (
        (positive * low + negative * high) / job.divisor + job.offset,
        (positive * high + negative * low) / job.divisor + job.offset,
    )


@lru_cache(maxsize=16)
def pointwise(shape: tuple[int, int, int], dtype: np.dtype[Any], level: Level) -> Native:
    """Return a job that changes nothing about floats of `shape`: it makes samples of them."""
    job = Job(np.ones((1, 1)), np.arange(shape[0]), np.arange(shape[1]))
    way = Arithmetic(F32 if dtype == np.float32 else F64, ((job.taps, None),))
    return make(job, shape, dtype, way, (0, shape[1]), level, "")


class Choice(Value, Prepared):
    """Two ways of a job: `fast` is exact enough for integer samples, `fine` for floats too."""

    fine: Prepared
    fast: Prepared

    @property
    def reason(self) -> str:
        """The usual way and why."""
        return self.fast.reason

    @property
    def band_rows(self) -> int:
        """Output rows to compute at once when called."""
        return self.fine.band_rows

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive)."""
        return self.fine(image, start, stop)

    def suited(self, tone: Tone | None) -> Prepared:
        """Return the way for samples of `tone`, which may magnify errors."""
        if tone is None or tone.dtype.kind != "u":
            return self.fine
        return self.fast if self.fast.error * abs(tone.slope) <= FIXED_ERROR else self.fine
