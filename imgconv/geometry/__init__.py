"""All size arithmetic: integers in, integers out, and the worked formula in words.

Everything here is known before a pixel is read. An `Axis` is one axis of one operation, solved (`axis`); a `Padding` is
what is added at its sides (`padding`); an `Extent` is the two axes of an image together (`extents`). Formulas are those
of torch.nn.Conv2d, ConvTranspose2d and MaxPool2d, with the padding of the two sides of an axis kept apart (Dumoulin and
Visin, "A guide to convolution arithmetic for deep learning", 2016).

Values are named tuples because a dataclass takes ten times as long to define, which ``imgconv size`` would feel.
"""

from imgconv.geometry.axis import (
    AXES,
    ENDS,
    MAX_LENGTH,
    ORDERED_AXES,
    RESIZED,
    TRANSPOSED,
    Axis,
    Phase,
    Shape,
    convolution,
    phases,
    pooling,
    reach,
    resized,
    scaled,
    transposed,
    zero_inserted,
)
from imgconv.geometry.extents import (
    Extent,
    drops,
    extent,
    pooled_extent,
    solid_extent,
    to_json,
    transposed_extent,
)
from imgconv.geometry.padding import PADDINGS, Padding

__all__ = [
    "AXES",
    "ENDS",
    "MAX_LENGTH",
    "ORDERED_AXES",
    "PADDINGS",
    "RESIZED",
    "TRANSPOSED",
    "Axis",
    "Extent",
    "Padding",
    "Phase",
    "Shape",
    "convolution",
    "drops",
    "extent",
    "phases",
    "pooled_extent",
    "pooling",
    "reach",
    "resized",
    "scaled",
    "solid_extent",
    "to_json",
    "transposed",
    "transposed_extent",
    "zero_inserted",
]
