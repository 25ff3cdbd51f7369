"""What an ICC profile says of how samples stand for light: its name, its curves and its primaries.

Source: ICC.1:2022, sections 7.3 (tags), 10.6 (curveType), 10.18 (parametricCurveType), 10.31 (XYZType).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

Curve = Callable[[float], float]

SRGB_PRIMARIES = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
"""X, Y and Z of sRGB's red, green and blue in the profile connection space; IEC 61966-2-1, adapted to D50."""

_NEAR = 0.002
"""By how much a curve or primary may differ and still be sRGB's: profiles hold tables, and round."""
_PROBES = 33
_MOST_TAGS = 100
"""The tags that are looked at; profiles have about twenty."""
_LONGEST_NAME = 80


class _Tag(NamedTuple):
    """A stretch of a profile, which is not copied, as all tags may name the same one."""

    icc: bytes
    start: int
    size: int

    def bytes(self, offset: int, count: int) -> bytes:
        """Return `count` bytes, or as many as there are."""
        stop = min(offset + count, self.size)
        return self.icc[self.start + offset : self.start + max(stop, offset)]

    def numbers(self, code: str, offset: int) -> tuple[int, ...]:
        """Unpack numbers.

        Raises:
            struct.error: they are not there.
        """
        return struct.unpack(code, self.bytes(offset, struct.calcsize(code)))


def srgb_light(value: float) -> float:
    """Return the light, 0 to 1, of an sRGB sample of 0 to 1 (IEC 61966-2-1, 5.2)."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def profile_name(icc: bytes) -> str:
    """Return what a profile calls itself, or an empty text."""
    tag = _tags(icc).get(b"desc")
    try:
        if not tag:
            return ""
        if tag.bytes(0, 4) == b"mluc":
            length, offset = tag.numbers(">II", 20)
            name = tag.bytes(offset, min(length, 4 * _LONGEST_NAME)).decode("utf-16-be", "replace")
        else:
            name = tag.bytes(12, min(tag.numbers(">I", 8)[0], 4 * _LONGEST_NAME)).decode("latin-1")
    except struct.error:
        return ""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in name.strip("\0 ")).split())
    return words if len(words) <= _LONGEST_NAME else words[: _LONGEST_NAME - 3] + "..."


def has_srgb_curve(icc: bytes) -> bool:
    """Whether all of a profile's curves are sRGB's; a profile without curves, such as one of tables, has none."""
    tags = _tags(icc)
    curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC", b"kTRC") if name in tags]
    probes = [at / (_PROBES - 1) for at in range(_PROBES)]
    try:
        return bool(curves) and all(
            curve is not None and all(abs(curve(at) - srgb_light(at)) <= _NEAR for at in probes) for curve in curves
        )
    except ArithmeticError:  # a power of nothing, or beyond all numbers
        return False


def is_srgb(icc: bytes) -> bool:
    """Whether samples mean the same with the profile as without one: sRGB's curves and, for RGB, its primaries."""
    tags = _tags(icc)
    if not has_srgb_curve(icc):
        return False
    for name, expected in zip((b"rXYZ", b"gXYZ", b"bXYZ"), SRGB_PRIMARIES, strict=True):
        if name in tags:
            stored = tags[name].bytes(8, 12).ljust(12, b"\0")
            found = [value / 65536 for value in struct.unpack(">3i", stored)]
            if any(abs(one - other) > _NEAR for one, other in zip(found, expected, strict=True)):
                return False
    return True


def _tags(icc: bytes) -> dict[bytes, _Tag]:
    count = min(int.from_bytes(icc[128:132], "big"), _MOST_TAGS)
    tags = {}
    for at in range(132, min(132 + 12 * count, len(icc) - 11), 12):
        offset, size = struct.unpack_from(">II", icc, at + 4)
        tags[icc[at : at + 4]] = _Tag(icc, offset, min(size, max(0, len(icc) - offset)))
    return tags


def _curve(tag: _Tag) -> Curve | None:
    """Return the function of a curve, or None for one that is damaged or of another kind."""
    try:
        if tag.bytes(0, 4) == b"curv":
            return _table(tag)
        if tag.bytes(0, 4) == b"para":
            (kind,) = tag.numbers(">H", 8)
            numbers = tag.numbers(f">{(1, 3, 4, 5, 7)[kind]}i", 12)
            return _formula(kind, [number / 65536 for number in numbers])
    except (struct.error, IndexError):
        pass
    return None


def _table(tag: _Tag) -> Curve:
    """Return the curve of a table: nothing means the identity, and one entry a power in 256ths.

    Raises:
        struct.error: it breaks off.
    """
    (count,) = tag.numbers(">I", 8)
    if count < 2:
        power = tag.numbers(">H", 12)[0] / 256 if count else 1.0
        return lambda value: value**power
    tag.numbers(">H", 12 + 2 * (count - 1))

    def between(value: float) -> float:
        place = value * (count - 1)
        low = min(int(place), count - 2)
        first, second = tag.numbers(">2H", 12 + 2 * low)
        return (first + (second - first) * (place - low)) / 65535

    return between


def _formula(kind: int, numbers: list[float]) -> Curve:
    """Return a parametric curve: (a x + b) ** g + e, and c x + f below d."""
    power, a, b, c, d, e, f = [*numbers, *[1.0, 0.0, 0.0, 0.0, 0.0, 0.0][len(numbers) - 1 :]]
    if kind in (1, 2):
        c, d, e, f = 0.0, (-b / a if a else 0.0), c if kind == 2 else 0.0, c if kind == 2 else 0.0
    return lambda value: max(a * value + b, 0.0) ** power + e if value >= d else c * value + f
