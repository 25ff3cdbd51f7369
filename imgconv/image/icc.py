"""What an ICC profile says of how samples stand for light: its name, its curves and its primaries.

Source: ICC.1:2022, sections 7.3 (tags), 10.6 (curveType), 10.18 (parametricCurveType), 10.31 (XYZType).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

Curve = Callable[[float], float]

SRGB_PRIMARIES = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
"""X, Y and Z of sRGB's red, green and blue in the profile connection space; IEC 61966-2-1, adapted to D50."""

_NEAR = 0.002
"""By how much a curve or primary may differ and still be sRGB's: profiles hold tables, and round."""
_PROBES = 33


def srgb_light(value: float) -> float:
    """Return the light, 0 to 1, of an sRGB sample of 0 to 1 (IEC 61966-2-1, 5.2)."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def profile_name(icc: bytes) -> str:
    """Return what a profile calls itself, or an empty text."""
    tag = _tags(icc).get(b"desc", b"")
    try:
        if tag[:4] == b"mluc":
            length, offset = struct.unpack_from(">II", tag, 20)
            return tag[offset : offset + length].decode("utf-16-be").strip("\0 ")
        return tag[12 : 12 + int.from_bytes(tag[8:12], "big")].decode("latin-1").strip("\0 ")
    except (struct.error, UnicodeDecodeError):
        return ""


def has_srgb_curve(icc: bytes) -> bool:
    """Whether all of a profile's curves are sRGB's; a profile without curves, such as one of tables, has none."""
    tags = _tags(icc)
    curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC", b"kTRC") if name in tags]
    probes = [at / (_PROBES - 1) for at in range(_PROBES)]
    return bool(curves) and all(
        curve is not None and all(abs(curve(at) - srgb_light(at)) <= _NEAR for at in probes) for curve in curves
    )


def is_srgb(icc: bytes) -> bool:
    """Whether samples mean the same with the profile as without one: sRGB's curves and, for RGB, its primaries."""
    tags = _tags(icc)
    if not has_srgb_curve(icc):
        return False
    for name, expected in zip((b"rXYZ", b"gXYZ", b"bXYZ"), SRGB_PRIMARIES, strict=True):
        if name in tags:
            found = [value / 65536 for value in struct.unpack(">3i", tags[name][8:20].ljust(12, b"\0"))]
            if any(abs(one - other) > _NEAR for one, other in zip(found, expected, strict=True)):
                return False
    return True


def _tags(icc: bytes) -> dict[bytes, bytes]:
    count = int.from_bytes(icc[128:132], "big")
    tags = {}
    for at in range(132, min(132 + 12 * count, len(icc) - 11), 12):
        offset, size = struct.unpack_from(">II", icc, at + 4)
        tags[icc[at : at + 4]] = icc[offset : offset + size]
    return tags


def _curve(tag: bytes) -> Curve | None:
    """Return the function of a curve, or None for one that is damaged or of another kind."""
    try:
        if tag[:4] == b"curv":
            return _table(struct.unpack_from(f">{int.from_bytes(tag[8:12], 'big')}H", tag, 12))
        if tag[:4] == b"para":
            kind = int.from_bytes(tag[8:10], "big")
            numbers = struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)
            return _formula(kind, [number / 65536 for number in numbers])
    except (struct.error, IndexError):
        pass
    return None


def _table(entries: tuple[int, ...]) -> Curve:
    """Return the curve of a table: nothing means the identity, and one entry a power in 256ths."""
    if len(entries) < 2:
        power = entries[0] / 256 if entries else 1.0
        return lambda value: value**power

    def between(value: float) -> float:
        place = value * (len(entries) - 1)
        low = min(int(place), len(entries) - 2)
        return (entries[low] + (entries[low + 1] - entries[low]) * (place - low)) / 65535

    return between


def _formula(kind: int, numbers: list[float]) -> Curve:
    """Return a parametric curve: (a x + b) ** g + e, and c x + f below d."""
    power, a, b, c, d, e, f = [*numbers, *[1.0, 0.0, 0.0, 0.0, 0.0, 0.0][len(numbers) - 1 :]]
    if kind in (1, 2):
        c, d, e, f = 0.0, (-b / a if a else 0.0), c if kind == 2 else 0.0, c if kind == 2 else 0.0
    return lambda value: max(a * value + b, 0.0) ** power + e if value >= d else c * value + f
