"""The kinds of values that layers' fields hold; `imgconv.pipelinefile` reads each from YAML by the name it has here."""

from __future__ import annotations

from imgconv.border import Border
from imgconv.geometry import Padding
from imgconv.kernelvalue import Combined, Kernel, Learned, Offset
from imgconv.kernelvalue import Pointwise as Mixer

__all__ = [
    "VALID",
    "Border",
    "Combination",
    "Count",
    "Counts",
    "Extra",
    "Flag",
    "Interpolation",
    "Line",
    "Mixer",
    "Numbers",
    "Offset",
    "Offsets",
    "Padding",
    "Pair",
    "Scale",
    "Taps",
]

Taps = Kernel | Combined | Learned
"""What slides over an image."""
Pair = tuple[int, int]
"""(width, height)."""
Extra = tuple[int, int]
"""(width, height), which may be nothing."""
Scale = tuple[int, int]
"""A fraction."""
Flag = bool
Count = int
Counts = tuple[int, ...]
Numbers = tuple[float, ...]
Offsets = tuple[Offset, ...]
Line = tuple[float, ...]
"""The taps of a row or a column."""
Interpolation = str
Combination = str

VALID = Padding("valid")
