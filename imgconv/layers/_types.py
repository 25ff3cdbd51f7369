"""The kinds of values that layers' fields hold; `imgconv.pipeline.fields` reads each from YAML by its name here."""

from __future__ import annotations

from imgconv.border import Border
from imgconv.geometry import Padding
from imgconv.kernels.value import Combined, Kernel, Learned, Offset
from imgconv.kernels.value import Pointwise as Mixer

__all__ = [
    "VALID",
    "Border",
    "Count",
    "Counts",
    "Extra",
    "Flag",
    "Line",
    "Mixer",
    "Numbers",
    "Offset",
    "Offsets",
    "Padding",
    "Pair",
    "Scale",
    "Taps",
    "Word",
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
Word = str
"""One of the words that the layer's `words` lists."""

VALID = Padding("valid")
