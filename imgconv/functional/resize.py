"""Resizing by interpolation between samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgconv import geometry
from imgconv.engines._bands import each
from imgconv.errors import OptionError, SizeError
from imgconv.functional._arguments import SHAPES, Batch, Samples, numbers, real
from imgconv.geometry import MAX_LENGTH, ORDERED_AXES
from imgconv.system import cores
from imgconv.words.arguments import checked
from imgconv.words.base import refuse_other
from imgconv.words.pair import PER_AXIS

AXES = {"nearest": (1, 2, 3), "linear": (1,), "bilinear": (2,), "bicubic": (2,), "trilinear": (3,)}
"""How many axes each method is for."""
SHARPNESS = -0.75
"""Keys' parameter of the cubic kernel, as in torch and OpenCV."""

ALONE = 1 << 18
"""Samples that are made before a second thread would have started."""

Interpolation = tuple[NDArray[np.intp], NDArray[np.float64]]


@checked
def interpolate(
    input: ArrayLike,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    *,
    threads: int | None = None,
) -> NDArray[Any]:
    """Resize by interpolation, as torch.nn.functional.interpolate does.

    Samples beyond the ends are the nearest ones. Weights are computed in float64 for samples of every type; only
    ``nearest`` rounds its places to float32, so as to take the samples that torch takes.

    Args:
        input: (batch, channels, rows, cols); (batch, channels, cols) and (batch, channels, planes, rows, cols) with
            the modes for them. There is always a batch axis.
        size: of the output, a whole number or (rows, cols).
        scale_factor: of the output to the input, a number or (rows, cols); give either this or `size`.
        mode: ``nearest``, ``bilinear``, ``bicubic``; ``linear`` for one axis and ``trilinear`` for three.
        align_corners: whether the first and the last samples keep their places, instead of the outer edges of the
            first and the last pixel; not for ``nearest``.
        threads: at most so many; None means every core that this process may use.

    Returns:
        (batch, channels, rows, cols); see `imgconv.functional` for its type.

    Raises:
        SizeError: an axis of the output would be empty.
        OptionError: an argument makes no sense.

    >>> import numpy as np
    >>> interpolate(np.array([[[0.0, 1.0]]]), size=5, mode="linear", align_corners=True)
    array([[[0.  , 0.25, 0.5 , 0.75, 1.  ]]])
    """
    refuse_other("mode", mode, AXES)
    if mode == "nearest" and align_corners is not None:
        raise OptionError("align_corners", "nearest takes samples as they are; only the other modes can align corners")
    input = real("input", input)
    axes = input.ndim - 2
    if axes not in AXES[mode]:
        forms = " or ".join(SHAPES[n].partition(" or ")[0] for n in AXES[mode])
        raise OptionError("input", f"an array of {axes + 2} axes is not {forms}, which the mode {mode} takes")
    batch = Batch.of(input, axes)
    sizes, scales = _target(batch.sizes, size, scale_factor)
    taps = [_taps(batch, i, sizes[i], scales[i], mode, bool(align_corners)) for i in range(axes)]
    samples = batch.samples.astype(batch.lanes if mode != "nearest" else batch.samples.dtype, copy=False)
    out = np.empty((*samples.shape[:2], *sizes), samples.dtype)
    planes = [(n, c) for n in range(samples.shape[0]) for c in range(samples.shape[1])]
    # Axes that shrink come first, then those whose samples lie next to each other: so the fewest are gathered.
    order = sorted(range(axes), key=lambda i: (sizes[i] >= batch.sizes[i], -i))

    def plane(number: int) -> None:
        values = samples[planes[number]]
        with np.errstate(all="ignore"):
            for axis in order:
                values = _along(values, axis, *taps[axis])
        out[planes[number]] = values

    each(plane, len(planes), max(1, min(threads or cores.available(), len(planes), out.size // ALONE + 1)))
    return batch.finish(out)


def _target(
    sizes: tuple[int, ...], size: int | Sequence[int] | None, scale_factor: float | Sequence[float] | None
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """Return the output's sizes, and how many input samples an output sample takes where that was given."""
    axes = len(sizes)
    if (size is None) == (scale_factor is None):
        raise OptionError("size", "give either size or scale_factor" + (", not both" if size is not None else ""))
    if size is not None:
        return _each("size", numbers("size", size, axes), size, axes), (None,) * axes
    given: list[Any] = [scale_factor] * axes if np.ndim(scale_factor) == 0 else list(scale_factor)  # type: ignore[arg-type]
    if len(given) != axes or not all(isinstance(f, (int, float, np.number)) and np.isfinite(f) for f in given):
        raise OptionError("scale_factor", f"{scale_factor!r} is not a number or {PER_AXIS[axes]}")
    made = []
    for name, n, factor in zip(ORDERED_AXES[axes], sizes, given, strict=True):
        length = geometry.scaled(n, factor)
        if not 1 <= length <= MAX_LENGTH:
            raise SizeError(name, f"floor({n} * {factor:g}) = {length}", f"it must be from 1 to {MAX_LENGTH}")
        made.append(length)
    return tuple(made), tuple(1 / float(factor) for factor in given)


def _each(name: str, values: tuple[int, ...], given: Any, axes: int) -> tuple[int, ...]:
    if np.ndim(given) == 1 and len(given) != axes:
        raise OptionError(name, f"{given!r} is not a whole number or {PER_AXIS[axes]}")
    return values


def _taps(batch: Batch, axis: int, size: int, scale: float | None, mode: str, align: bool) -> Interpolation:
    """Return which samples each position along an axis of the output takes, and times how much: (taps, size) each."""
    length = batch.sizes[axis]
    if mode == "nearest":
        # Of pictures, and of them only, torch copies or doubles the samples where the sizes say so.
        picture = len(batch.sizes) == 2 and size in (length, 2 * length)
        found = np.arange(size) // (size // length) if picture else _nearest(length, size, scale, batch.lanes)
        return found[None], np.ones((1, size))
    return (_cubic if mode == "bicubic" else _linear)(_positions(length, size, scale, align, mode), length)


def _along(values: Samples, axis: int, indices: NDArray[np.intp], weights: NDArray[np.float64]) -> Samples:
    """Return `values` with each position along `axis` made of the samples at `indices` times `weights`."""
    if len(indices) == 1:
        picked: Samples = values.take(indices[0], axis=axis, mode="clip")
        return picked
    shape = [-1 if k == axis else 1 for k in range(values.ndim)]
    total: Samples | None = None
    for index, weight in zip(indices, weights.astype(values.dtype), strict=True):
        part = values.take(index, axis=axis, mode="clip")  # which is faster than to check indices that are right
        part *= weight.reshape(shape)
        total = part if total is None else np.add(total, part, out=total)
    return values if total is None else total


def _nearest(length: int, size: int, scale: float | None, lanes: np.dtype[Any]) -> NDArray[np.intp]:
    """Return the sample for each output position, rounded as torch rounds (ATen/native/cpu/UpSampleKernel.cpp)."""
    step = lanes.type(scale) if scale is not None else lanes.type(length) / lanes.type(size)
    found: NDArray[np.intp] = np.floor((np.arange(size).astype(lanes) * step).astype(np.float32)).astype(np.intp)
    return found.clip(max=length - 1)


def _positions(length: int, size: int, scale: float | None, align: bool, mode: str) -> NDArray[Any]:
    """Return where each output sample lies between the input's, counted in samples from the first."""
    if align:
        return np.arange(size) * ((length - 1) / (size - 1) if size > 1 else 0.0)
    if mode != "bicubic" and size == length:  # whatever the factor, as in torch
        return np.arange(size, dtype=np.float64)
    place = (np.arange(size) + 0.5) * (length / size if scale is None else scale) - 0.5
    return place if mode == "bicubic" else np.maximum(place, 0)


def _linear(place: NDArray[np.float64], length: int) -> Interpolation:
    first = np.minimum(place.astype(np.intp), length - 1)
    part = np.clip(place - first, 0, 1)
    return np.stack([first, np.minimum(first + 1, length - 1)]), np.stack([1 - part, part])


def _cubic(place: NDArray[np.float64], length: int) -> Interpolation:
    """Return Keys' cubic convolution ("Cubic convolution interpolation for digital image processing", 1981)."""
    first = np.floor(place).astype(np.intp)
    part, a = place - first, SHARPNESS

    def near(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    weights = np.stack([far(part + 1), near(part), near(1 - part), far(2 - part)])
    return np.clip(first + np.arange(-1, 3)[:, None], 0, length - 1), weights
