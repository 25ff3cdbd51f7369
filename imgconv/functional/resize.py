"""Resizing by interpolation between samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgconv import geometry
from imgconv.errors import OptionError, SizeError, did_you_mean
from imgconv.functional._arguments import PAIRS, SHAPES, Batch, floats_for, lanes_for, numbers
from imgconv.geometry import MAX_LENGTH, ORDERED_AXES

AXES = {"nearest": (1, 2, 3), "linear": (1,), "bilinear": (2,), "bicubic": (2,), "trilinear": (3,)}
"""How many axes each method is for."""
SHARPNESS = -0.75
"""Keys' parameter of the cubic kernel, as in torch and OpenCV."""

Taps = tuple[NDArray[np.intp], NDArray[np.float64]]


def interpolate(
    input: ArrayLike,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
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

    Returns:
        (batch, channels, rows, cols); see `imgconv.functional` for its type.

    Raises:
        SizeError: an axis of the output would be empty.
        OptionError: an argument makes no sense.

    >>> import numpy as np
    >>> interpolate(np.array([[[0.0, 1.0]]]), size=5, mode="linear", align_corners=True)
    array([[[0.  , 0.25, 0.5 , 0.75, 1.  ]]])
    """
    if mode not in AXES:
        raise OptionError("mode", f"'{mode}' is none of {'|'.join(AXES)}{did_you_mean(str(mode), AXES)}")
    if mode == "nearest" and align_corners is not None:
        raise OptionError("align_corners", "nearest takes samples as they are; only the other modes can align corners")
    axes = np.ndim(input) - 2
    if axes not in AXES[mode]:
        forms = " or ".join(SHAPES[n].partition(" or ")[0] for n in AXES[mode])
        raise OptionError("input", f"an array of {axes + 2} axes is not {forms}, which the mode {mode} takes")
    batch = Batch.of(input, axes)
    sizes, scales = _target(batch.sizes, size, scale_factor)
    out = batch.samples if mode == "nearest" else batch.samples.astype(batch.lanes, copy=False)
    with np.errstate(all="ignore"):
        for i in range(axes):
            out = _along(out, i + 2, sizes[i], scales[i], mode, bool(align_corners))
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
        raise OptionError("scale_factor", f"{scale_factor!r} is not a number or {PAIRS[axes]}")
    made = []
    for name, n, factor in zip(ORDERED_AXES[axes], sizes, given, strict=True):
        length = geometry.scaled(n, factor)
        if not 1 <= length <= MAX_LENGTH:
            raise SizeError(name, f"floor({n} * {factor:g}) = {length}", f"it must be from 1 to {MAX_LENGTH}")
        made.append(length)
    return tuple(made), tuple(1 / float(factor) for factor in given)


def _each(name: str, values: tuple[int, ...], given: Any, axes: int) -> tuple[int, ...]:
    if np.ndim(given) == 1 and len(given) != axes:
        raise OptionError(name, f"{given!r} is not a whole number or {PAIRS[axes]}")
    return values


def _along(samples: Any, axis: int, size: int, scale: float | None, mode: str, align: bool) -> Any:
    length = samples.shape[axis]
    if mode == "nearest":
        return samples.take(_nearest(samples, axis, size, scale), axis=axis)
    indices, weights = (_cubic if mode == "bicubic" else _linear)(_positions(length, size, scale, align, mode), length)
    shape = [-1 if k == axis else 1 for k in range(samples.ndim)]
    parts = (
        samples.take(index, axis=axis) * weight.astype(samples.dtype).reshape(shape)
        for index, weight in zip(indices, weights, strict=True)
    )
    out = next(parts)
    for part in parts:
        out += part
    return out


def _nearest(samples: Any, axis: int, size: int, scale: float | None) -> NDArray[np.intp]:
    """Return the sample for each output position, rounded as torch rounds (ATen/native/cpu/UpSampleKernel.cpp).

    Of pictures, and of them only, torch copies or doubles the samples where the sizes say so, whatever the factor.
    """
    length, lanes = samples.shape[axis], lanes_for(floats_for(samples.dtype))
    if samples.ndim == 4 and size in (length, 2 * length):
        copies: NDArray[np.intp] = np.arange(size) // (size // length)
        return copies
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


def _linear(place: NDArray[np.float64], length: int) -> Taps:
    first = np.minimum(place.astype(np.intp), length - 1)
    part = np.clip(place - first, 0, 1)
    return np.stack([first, np.minimum(first + 1, length - 1)]), np.stack([1 - part, part])


def _cubic(place: NDArray[np.float64], length: int) -> Taps:
    """Return Keys' cubic convolution ("Cubic convolution interpolation for digital image processing", 1981)."""
    first = np.floor(place).astype(np.intp)
    part, a = place - first, SHARPNESS

    def near(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    weights = np.stack([far(part + 1), near(part), near(1 - part), far(2 - part)])
    return np.clip(first + np.arange(-1, 3)[:, None], 0, length - 1), weights
