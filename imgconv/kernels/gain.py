"""Rescale kernels so that taps sum to 1, that slopes keep their size, or that no result leaves the sample range."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeVar

from imgconv.errors import KernelValueError, OptionError
from imgconv.kernels.value import Combined, Offset, TapKernel
from imgconv.words.base import none_of
from imgconv.words.choice import GAINS
from imgconv.words.map import SPANNING

Rescaled = TypeVar("Rescaled", bound=TapKernel | Combined)
OneKernel = TypeVar("OneKernel", bound=TapKernel)

BESIDE_MIDDLE = Fraction(255, 127)
"""White divided by its distance from mid-grey, where the map ``offset`` puts 0; largest for 8-bit samples."""


def rescaled(kernel: Rescaled, gain: str, map: str | None = None) -> Rescaled:
    """Return the kernel rescaled.

    Args:
        kernel: taps, or several combined.
        gain: ``raw`` leaves it; ``sum`` makes the taps (of every member) sum to 1; ``unit`` makes a ramp of slope 1
            come out with slope 1 for smoothing kernels and with value 1 for first derivatives; ``range`` keeps every
            result that samples within black and white can give within black and white.
        map: how results become samples; None means the kernel's own, else ``clip``. ``range`` depends on it: for
            ``clip``, kernels whose taps have both signs get an offset, as only that keeps both sides; ``abs`` keeps
            results within white and its negative, ``offset`` within half of the range; nothing is clipped by
            ``stretch`` and ``float``, for which no result is larger than white.

    Raises:
        KernelValueError: ``sum`` of taps that sum to 0, or ``unit`` of a kernel whose response to every ramp is 0.
        OptionError: the gain is unknown.

    >>> from imgconv.kernels.library import kernel
    >>> rescaled(kernel("sobel-x"), "range").guaranteed_range(0, 255)
    (-255.0, 255.0)
    >>> rescaled(kernel("sharpen8"), "range").guaranteed_range(0, 255)
    (0.0, 255.0)
    """
    match gain:
        case "raw":
            return kernel
        case "range":
            fitted: Rescaled = _within_range(kernel, map or kernel.map or "clip")
            return fitted
        case "sum" | "unit" if isinstance(kernel, Combined):
            return kernel.replace(of=tuple(rescaled(member, gain) for member in kernel.of))
        case "sum" | "unit":
            taps: Any = kernel
            return _divided(taps, taps.sum or _ramp_gain(taps, gain))  # type: ignore[no-any-return]
    raise OptionError("gain", none_of(gain, GAINS).problem)


def _ramp_gain(kernel: TapKernel, gain: str) -> float:
    if gain == "sum":
        raise KernelValueError(
            kernel.name, "its taps sum to 0, so no factor can make their sum 1; use --gain unit or range"
        )
    if not (ramp_gain := kernel.ramp_gain):
        raise KernelValueError(kernel.name, "its response to a ramp is 0, so it has no unit gain; use --gain range")
    return ramp_gain


def _divided(kernel: OneKernel, divisor: float) -> OneKernel:
    """Return the kernel with all taps divided."""
    if divisor == 1:
        return kernel
    # The divisor of an integral kernel is a fraction again, so its results stay exact.
    if kernel.integral and (ratio := Fraction(divisor) / kernel.scale).denominator == 1:
        return kernel.replace(scale=1 / ratio)
    return kernel.replace(weights=kernel.taps / divisor, scale=Fraction(1))


def _within_range(kernel: Any, map: str) -> Any:
    if isinstance(kernel, Combined):
        return kernel if kernel.combine == "angle" else _combination_within_range(kernel, map)
    divisor, lift = _fitted(kernel.negative_sum, kernel.positive_sum, map, offset=bool(kernel.offset))
    return _lifted(_divided(kernel, divisor), lift)


def _combination_within_range(kernel: Combined, map: str) -> Combined:
    lowest, highest = kernel.bounds
    divisor, lift = _fitted(lowest, highest, map, offset=any(member.offset for member in kernel.of))
    members = [_divided(member, divisor) for member in kernel.of]
    lifted = {"max": len(members), "sum": 1, "magnitude": 0}[kernel.combine]
    if lift is None and kernel.combine == "magnitude":
        lift = Offset()
    lifted_members = (
        _lifted(member, lift if at < lifted or lift is None else Offset()) for at, member in enumerate(members)
    )
    return kernel.replace(of=tuple(lifted_members))


def _lifted(kernel: OneKernel, lift: Offset | None) -> OneKernel:
    return kernel if lift is None or kernel.offset == lift else kernel.replace(offset=lift)


def _fitted(lowest: float, highest: float, map: str, offset: bool) -> tuple[float, Offset | None]:
    """Return what to divide the taps by, and the offset, None for the kernel's own, that keep results in the range.

    `lowest` and `highest` are the results' bounds over white, without an offset.
    """
    largest = max(highest, -lowest)
    if not largest:
        return 1.0, None
    if map in {"float", *SPANNING}:
        return largest, None
    if map == "offset":
        return max(highest * float(BESIDE_MIDDLE), -lowest * 2), Offset()
    if map == "abs" and not offset:
        return largest, None
    span = highest - min(lowest, 0.0)
    return span, Offset(share=-min(lowest, 0.0) / span)
