"""What is lost when results become samples, and which option would keep it."""

from __future__ import annotations

from math import isfinite

from imgconv.pipeline.target import Target
from imgconv.tone import Stats, full_range, limits


def lost(stats: Stats, target: Target) -> int:
    """Return how many samples hold something else than the results: those clipped, and NaN where no float holds it."""
    return stats.clipped + (stats.nan if target.dtype.kind != "f" else 0)


def clipping(stats: Stats, target: Target, white: float, *, among_colours: bool = False) -> str:
    """Say how many samples were clipped, at which results, and which option would keep them.

    Args:
        stats: what was seen; something must have been lost.
        target: how results became samples.
        white: the input's largest sample, in whose units results are.
        among_colours: whether results were put back into colours, which were clipped in their place.
    """
    parts = []
    kept = target.dtype.kind == "f"  # which NaN are in float samples
    if stats.clipped:
        low, high = _kept(stats, target, white)
        ends = [f"{stats.below} below {low:.6g}"] * bool(stats.below)
        ends += [f"{stats.above} above {high:.6g}"] * bool(stats.above)
        share = 100 * stats.clipped / stats.total
        percent = f"{share:.3g} %" if share >= 0.01 else "less than 0.01 %"
        way = remedy(stats, target, white, among_colours=among_colours)
        parts.append(f"{percent} of the samples ({', '.join(ends)}); {way} would keep them")
    if stats.nan and not kept:
        words = "result is NaN and becomes 0" if stats.nan == 1 else "results are NaN and become 0"
        parts.append(f"{stats.nan} {words}; --map float would keep {'it' if stats.nan == 1 else 'them'}")
    return "; ".join(parts)


def remedy(stats: Stats, target: Target, white: float, *, among_colours: bool = False) -> str:
    """Return the option that would have kept every sample, the mildest first; arguments as in `clipping`."""
    if target.dtype.kind == "f":
        return "--map float" if target.dtype == "float32" else "--depth float"
    if among_colours:
        return "--map float"
    if target.spans:
        return "a wider --vmin and --vmax"
    if not isfinite(stats.minimum) or not isfinite(stats.maximum):
        return "--map float"
    slope = full_range(target.dtype) / white
    top = full_range(target.dtype) + 0.5
    low, high = stats.minimum * slope, stats.maximum * slope
    ways = []
    if target.map == "clip" and stats.below and max(-low, high) < top:
        ways.append("--map abs (without the sign)")
    if target.map in ("clip", "abs") and stats.below and low >= -(top + 0.5) / 2 and high < top / 2:
        ways.append("--map offset")
    return " or ".join([*ways, "--map stretch"])


def _kept(stats: Stats, target: Target, white: float) -> tuple[float, float]:
    """Return the results that become the smallest and the largest sample; those beyond are clipped."""
    tone = target.tone(white, stats)
    if tone is None or not tone.slope:
        return 0.0, white
    low, high = limits(tone.dtype)
    return (low - tone.shift) / tone.slope, (high - tone.shift) / tone.slope
