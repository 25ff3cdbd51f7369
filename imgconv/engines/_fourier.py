"""Correlation by FFT, overlap-save: tiles are transformed, multiplied by the taps' spectrum and transformed back.

numpy.fft does the transforms, in float64, because importing scipy.fft takes longer than it gains. The native core
has transforms of its own, in float32; see _spectral.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Floats, Job, Prepared, _native
from imgconv.engines._numpy import Way, spans
from imgconv.tone import Stats, Tone

DWARFING = 1e8
"""A sample so many times larger than the others spoils a transform."""

TILES = tuple(
    sorted({m << k for m in (1, 3, 5, 9, 15) for k in range(13) if 96 <= m << k <= 1024} | {1536, 2048, 4096})
)
"""Sides of a tile that are tried: products of 2, 3 and 5, which are fast to transform."""


class Fourier(Way):
    """Overlap-save in square tiles.

    Attributes:
        tile: samples on a side.
        spectrum: of the taps; see `spectrum_of`.
        exact: results are integers before they are divided, and are rounded to them.
        direct: runs tiles that hold NaN, infinities or a sample that dwarfs the others.
        level: of the native core, which makes the samples; None without it.
    """

    tile: int
    spectrum: NDArray[np.complex128]
    exact: bool
    direct: Prepared
    level: _native.Level | None

    stores = True

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive)."""
        job = self.job
        total = np.empty((stop - start, job.output[1], image.shape[2]), self.dtype)
        down = (self.tile - spans(job)[0]) // job.stride[0] + 1
        for top in range(start, stop, down):
            bottom = min(top + down, stop)
            self.across(image, top, bottom, total[top - start : bottom - start])
        return total

    def store(self, image: NDArray[Any], start: int, stop: int, out: NDArray[Any], tone: Tone | None) -> Stats:
        """Compute output rows `start` to `stop` (exclusive) into `out` and return what was seen."""
        values = self(image, start, stop)
        if self.level is not None:
            return _native.pointwise(values.shape, values.dtype, self.level).store(values, 0, stop - start, out, tone)
        with np.errstate(all="ignore"):
            if tone is None:
                out[...] = values
                return Stats.of(values)
            out[...], stats = tone.apply(values)
            return stats

    def across(self, image: NDArray[Any], top: int, bottom: int, total: Floats) -> None:
        """Compute output rows `top` to `bottom` (exclusive), one row of tiles, into `total`."""
        job, width = self.job, spans(self.job)[1]
        step = (self.tile - width) // job.stride[1] + 1
        padded = self.padded(image, top, bottom)
        whole: Floats | None = None
        for left in range(0, total.shape[1], step):
            right = min(left + step, total.shape[1])
            part = padded[:, left * job.stride[1] : (right - 1) * job.stride[1] + width]
            if image.dtype.kind != "f" or even(part):
                total[:, left:right] = self.transform(part)
                continue
            if whole is None:
                whole = self.direct(image, top, bottom)
            total[:, left:right] = whole[:, left:right]

    def transform(self, part: Floats) -> Floats:
        """Return the results of one tile of padded samples."""
        job, (height, width) = self.job, spans(self.job)
        tile = np.zeros((part.shape[2], self.tile, self.tile))
        tile[:, : part.shape[0], : part.shape[1]] = part.transpose(2, 0, 1)
        spectrum = np.fft.rfft2(tile)
        spectrum *= self.spectrum
        whole = np.fft.irfft2(spectrum, (self.tile, self.tile))
        rows = slice(0, part.shape[0] - height + 1, job.stride[0])
        cols = slice(0, part.shape[1] - width + 1, job.stride[1])
        result: Floats = whole[:, rows, cols].transpose(1, 2, 0)
        return self.finish(np.rint(result, out=result) if self.exact else result)


def even(part: Floats) -> bool:
    """Whether a transform spreads no error that shows; it is about 1e-15 of the largest sample everywhere."""
    peak = max(abs(float(part.max())), abs(float(part.min())))
    if not np.isfinite(peak):
        return False
    few = np.abs(part[::8, ::8])
    few = few[few > 0]
    usual = float(np.median(few)) if few.size else peak
    return peak <= DWARFING * usual


def spectrum_of(job: Job, tile: int) -> NDArray[np.complex128]:
    """Return the spectrum by which a tile's must be multiplied to correlate it with the taps."""
    height, width = spans(job)
    spread = np.zeros((height, width))
    spread[:: job.dilation[0], :: job.dilation[1]] = job.taps
    # The conjugate correlates instead of convolving, so window (0, 0) ends up at output (0, 0).
    return np.conj(np.fft.rfft2(spread, (tile, tile)))


def best_tile(job: Job, sample_cost: tuple[float, float]) -> tuple[int, float]:
    """Return the cheapest tile and what it costs per output sample, in nanoseconds.

    Args:
        job: for its sizes.
        sample_cost: of a sample in a tile of any size, and what is added for each of a tile's 1024 samples a side.
    """
    height, width = spans(job)
    best = (0, float("inf"))
    for tile in TILES:
        if tile < max(height, width):
            continue
        rows, cols = (tile - height) // job.stride[0] + 1, (tile - width) // job.stride[1] + 1
        tiles = -(-job.output[0] // rows) * -(-job.output[1] // cols)
        each = (sample_cost[0] + sample_cost[1] * tile / 1024) * tile * tile
        cost = each * tiles / (job.output[0] * job.output[1])
        if cost < best[1]:
            best = (tile, cost)
    return best
