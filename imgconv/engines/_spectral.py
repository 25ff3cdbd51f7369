"""Correlation by FFT in the native core: overlap-save in float32, tile by tile; see _core_fft.h.

Without the core, and for float64 images, _fourier.py does the same in NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats, Job
from imgconv.engines._arithmetic import integers
from imgconv.engines._costs import FFT, exact_cost
from imgconv.engines._lanes import SAMPLES, Arithmetic
from imgconv.engines._native import Level, Native, result_range
from imgconv.engines._numpy import spans
from imgconv.tone import Stats, Tone

try:
    from imgconv.engines import _core
except ImportError:  # installed without a compiler
    _core = None  # type: ignore[assignment]

PASSES = {
    32: (8, 4),
    48: (12, 4),
    64: (8, 8),
    96: (12, 8),
    128: (16, 8),
    192: (16, 12),
    256: (16, 16),
    384: (12, 8, 4),
    512: (8, 8, 8),
    768: (12, 8, 8),
    1024: (16, 8, 8),
    1536: (16, 12, 8),
    2048: (16, 16, 8),
}
"""Sides of a tile, and the radices of the passes that transform so many numbers."""


BUTTERFLY = {4: 2.0, 8: 6.25, 12: 11.0, 16: 7.25}
"""By how many times u the butterflies of a pass of each radix make results wrong; see `error_bound`."""
PRODUCT = 3.25
"""The same for a product of two complex numbers, one of which was rounded."""


MOST_DOUBTS = 0.1
"""Where more of the sums than this would have to be computed again, a transform is not worth while."""


class Spectral(Native):
    """A job on the native core, by FFT.

    Attributes:
        direct: runs tiles that a transform would spoil.
        exact: integer samples come out exactly: sums that may be wrong and lie so near to where rounding changes that
            it would show are computed again, in integers.
    """

    direct: Native
    exact: bool

    @property
    def joins(self) -> bool:
        """It does not, as it transforms whole tiles."""
        return False

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive), float32."""
        out = np.empty((stop - start, self.job.output[1], image.shape[2]), np.float32)
        self.store(image, start, stop, out, None)
        return out

    def store(self, image: NDArray[Any], start: int, stop: int, out: NDArray[Any], tone: Tone | None) -> Stats:
        """Compute output rows `start` to `stop` (exclusive) straight into `out` and return what was seen."""
        finish, direct = (way.finish(tone, out.dtype) for way in (self, self.direct))
        ends = self._ends(tone) if self.exact and out.dtype.kind == "u" else None
        seen = _core.fourier_run(self.plan, image, out, start, stop, finish, ends, direct)
        low, high, direct_low, direct_high, below, above, nan = seen
        if tone is not None and not tone.watched:
            return Stats(total=out.size)
        found = [self._result(value) for value in (low, high) if low <= high]
        found += [self.direct._result(value) for value in (direct_low, direct_high) if direct_low <= direct_high]
        # A transform's rounding error must not show results that no samples can give.
        least, most = self.range
        low, high = max(min(found, default=np.inf), least), min(max(found, default=-np.inf), most)
        return Stats(low, high, below, above, nan, out.size).counting_infinite(out)

    def _result(self, accumulator: float) -> float:
        return accumulator / self.job.divisor + self.job.offset

    def _ends(self, tone: Tone | None) -> tuple[float, float, float, float]:
        """Return how a sum becomes what is rounded: (sum + first) / second * third + fourth."""
        assert tone is not None
        if tone.slope == 1:
            return (self.job.offset + tone.shift) * self.job.divisor, self.job.divisor, 1.0, 0.0
        return self.job.offset * self.job.divisor, self.job.divisor, tone.slope, tone.shift


def make(
    job: Job,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    way: Arithmetic,
    run: tuple[int, int],
    tile: tuple[int, int],
    direct: Native,
    reason: str,
) -> Spectral:
    """Return `job` prepared for the core in tiles of (rows, cols), computed as `way` says."""
    start, stop = run
    passes = [PASSES[side] for side in tile]
    settings = np.array(
        [
            SAMPLES.index(dtype.str[1:]), shape[2], *shape[:2], *job.output, *job.stride, *spans(job), *tile,
            start, stop, job.cols[start] if stop > start else 0, job.dilation[0],
            *(radix for some in passes for radix in (*some, 0, 0, 0, 0)[:4]),
        ],
        np.int64,
    )  # fmt: skip
    outside = bool((job.rows < 0).any() or (job.cols < 0).any())
    maps = job.rows.astype(np.int64), job.cols.astype(np.int64)
    turns = twiddles(passes[0]), twiddles(passes[1])
    constant = job.constant if outside else 0.0
    limits, exact = result_range(job, dtype), None
    if integers(job, dtype):
        least, most = ((limit - job.offset) * job.divisor for limit in limits)
        exact = (padded_taps(job), error_bound(job, tile), round(least), round(most))
    plan = _core.fourier_plan(
        settings, constant, float(job.taps.sum()), maps, turns, spectrum_of(job, tile), exact, direct.plan
    )
    rows = (tile[0] - spans(job)[0]) // job.stride[0] + 1
    return Spectral(job, shape, dtype, way, reason, rows, limits, plan, {}, direct, exact is not None)


def padded_taps(job: Job) -> NDArray[np.int16]:
    """Return the taps as they lie over the samples of a row, in rows of whole vectors."""
    width = spans(job)[1]
    spread = np.zeros((len(job.taps), -(-width // 32) * 32), np.int16)
    spread[:, : width : job.dilation[1]] = job.taps
    return spread


def error_bound(job: Job, tile: tuple[int, int]) -> float:
    """Return a bound of a sum's error, as a part of the Euclidean norm of all samples of the tile.

    Every rounding is wrong by at most u = 2**-24 of what is rounded. Along a transform each pass adds to that: u for
    a level of sums, sqrt(5) u for a product (Brent, Percival and Zimmermann, Error bounds on complex floating-point
    multiplication, 2007) and u for its rounded factor. Forward these errors are relative to the norm of the spectrum,
    which is then multiplied by that of the taps; back they are relative to the sum of the magnitudes of what is summed
    up. By the inequality of Cauchy and Schwarz both are at most the product of the norms of samples and taps.
    """
    transforms = 2 * sum(PRODUCT * (len(PASSES[side]) - 1) + sum(BUTTERFLY[r] for r in PASSES[side]) for side in tile)
    return float(1.01 * (transforms + PRODUCT + 1) * 2.0**-24 * np.sqrt(np.square(job.taps).sum()))


def twiddles(radices: tuple[int, ...]) -> NDArray[np.float32]:
    """Return what each pass multiplies its results by, (cos, sin), for a transform by passes of these radices."""
    found, block = [], int(np.prod(radices))
    for radix in radices:
        part = block // radix
        turn = 2 * np.pi / block * np.outer(np.arange(part), np.arange(1, radix))
        found.append(np.stack((np.cos(turn), np.sin(turn)), axis=-1).ravel())
        block = part
    return np.concatenate(found).astype(np.float32)


def spectrum_of(job: Job, tile: tuple[int, int]) -> NDArray[np.complex128]:
    """Return half of the taps' spectrum, as numpy.fft.rfft2 lays it out."""
    height, width = spans(job)
    spread = np.zeros((height, width))
    spread[:: job.dilation[0], :: job.dilation[1]] = job.taps
    half: NDArray[np.complex128] = np.fft.rfft2(spread, tile)
    return half


def best_tile(job: Job, channels: int, dtype: np.dtype[Any], level: Level) -> tuple[tuple[int, int], float]:
    """Return the cheapest tile, (rows, cols), and what it costs per output sample in nanoseconds.

    Two planes share a tile, and the last one of a row of tiles may be alone. Threads share the rows of tiles, of which
    an odd one out lets half of the cores wait.
    """
    costs, whole, again = FFT[level.name], integers(job, dtype), exact_cost(job, level)
    best = ((0, 0), float("inf"))
    for rows, down in _fitting(job, 0):
        for cols, across in _fitting(job, 1):
            bands = -(-job.output[0] // down)
            bands += bands % 2 if bands > 1 else 0
            tiles = bands * -(-(-(-job.output[1] // across) * channels) // 2)
            cost = tiles * rows * cols * (costs[rows] + costs[cols]) / 2 / (job.output[0] * job.output[1] * channels)
            if cost < best[1] and whole:
                cost += _doubts(job, dtype, (rows, cols)) * again
            if cost < best[1]:
                best = ((rows, cols), cost)
    return best


def _doubts(job: Job, dtype: np.dtype[Any], tile: tuple[int, int]) -> float:
    """Return which part of the sums of noise will be computed again; infinity where there are too many."""
    usual = 0.3 * np.iinfo(dtype).max * (2 * tile[0] * tile[1]) ** 0.5
    part = 2 * (error_bound(job, tile) * usual / job.divisor + np.iinfo(dtype).max * 2.0**-21)
    return part if part < MOST_DOUBTS else np.inf


def _fitting(job: Job, axis: int) -> list[tuple[int, int]]:
    """Return the sides that a tile can have along an axis, with the outputs that it gives."""
    span, stride = spans(job)[axis], job.stride[axis]
    return [(side, (side - span) // stride + 1) for side in PASSES if side >= span]
