"""The functions without the native core: gathered windows and matrix products, a band of the output at a time."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from imgconv.geometry import reach

if TYPE_CHECKING:
    from imgconv.functional._arguments import Samples
    from imgconv.functional._jobs import Correlation, Pooling

BAND_SAMPLES = 1 << 20
"""Gathered samples that are multiplied at once."""


def correlate(job: Correlation, samples: Samples, out: Samples) -> None:
    """Compute `job` over `samples`, (batch, channels, axes), into `out`."""
    groups, taps = job.groups, job.weight.shape[2:]
    weight = job.weight.astype(out.dtype).reshape(groups, len(job.weight) // groups, -1)
    a_row = weight.shape[2] * groups * prod(job.output[1:])
    step = max(1, BAND_SAMPLES // a_row)
    with np.errstate(all="ignore"):
        for n in range(len(samples)):
            for start in range(0, job.output[0], step):
                stop = min(start + step, job.output[0])
                seen = slice(start * job.stride[0], (stop - 1) * job.stride[0] + reach(taps[0], job.dilation[0]))
                padded = pad(samples[n], (job.maps[0][seen], *job.maps[1:]), job.constant, out.dtype)
                shape = (stop - start, *job.output[1:])
                columns = windows(padded, taps, job.stride, job.dilation, shape)
                sums = weight @ columns.reshape(groups, weight.shape[2], -1)
                out[n, :, start:stop] = sums.reshape(-1, *shape)
        if job.bias is not None:
            out += job.bias.astype(out.dtype).reshape(-1, *[1] * len(taps))


def pad(
    samples: Samples, maps: tuple[NDArray[np.intp], ...], constant: float, dtype: np.dtype[Any], nothing: float = 0.0
) -> Samples:
    """Return (channels, axes) as the index maps read them; -1 stands for `constant` and -2 for `nothing`."""
    padded = samples.astype(dtype, copy=False)
    for i, index in enumerate(maps, start=1):
        if len(index) != padded.shape[i] or not np.array_equal(index, np.arange(len(index))):
            padded = padded.take(np.maximum(index, 0), axis=i)
    for mark, value in ((-1, constant), (-2, nothing)):
        for i, index in enumerate(maps, start=1):
            outside = index == mark
            if outside.any():
                padded = padded.copy() if padded.base is not None or padded is samples else padded
                padded[(slice(None),) * i + (outside,)] = value
    return padded


def windows(
    padded: Samples,
    taps: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    output: tuple[int, ...],
) -> Samples:
    """Return a view of (channels, axes) as (channels, taps along each axis, output axes)."""
    first, *rest = padded.strides
    apart = [d * step for d, step in zip(dilation, rest, strict=True)]
    steps = [s * step for s, step in zip(stride, rest, strict=True)]
    return as_strided(padded, (len(padded), *taps, *output), (first, *apart, *steps), writeable=False)


REDUCE: dict[str, np.ufunc] = {"max": np.maximum, "min": np.minimum, "sum": np.add}


def pool(job: Pooling, samples: Samples, out: Samples) -> None:
    """Compute `job` over `samples`, (batch, channels, axes), into `out`: along one axis after the other.

    Sums are formed in float64, or in a longer type if `out` has one.
    """
    reduce = REDUCE[job.kind]
    lanes = np.result_type(out.dtype, np.float64) if job.kind == "sum" else out.dtype
    nothing = {"max": -np.inf, "min": np.inf, "sum": 0.0}[job.kind]
    with np.errstate(all="ignore"):
        for n, one in enumerate(samples):
            values = pad(one, job.maps, job.constant, lanes, nothing)
            for axis, (taps, stride, apart, length) in enumerate(
                zip(job.window, job.stride, job.dilation, job.output, strict=True), start=1
            ):
                starts = [k * apart for k in range(taps)]
                ends = [start + (length - 1) * stride + 1 for start in starts]
                parts = [values[(slice(None),) * axis + (slice(*at, stride),)] for at in zip(starts, ends, strict=True)]
                values = parts[0].copy()
                for part in parts[1:]:
                    reduce(values, part, out=values)
            for axis, divisor in enumerate(job.divisors):
                values /= divisor.reshape([-1 if k == axis else 1 for k in range(len(job.output))])
            out[n] = values
