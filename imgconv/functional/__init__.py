"""The functions of a convolutional network on arrays, as torch.nn.functional names and means them.

Arrays are (batch, channels, rows, cols), or (channels, rows, cols) for a single picture, except for `channel_shuffle`
and `interpolate`, whose axis 1 always is the channels; the 1-D and 3-D forms have one axis less or more. Kernels are
correlated, that is slid as they are written, and pairs are (rows, cols). Beyond torch:

- padding may be ``"valid"``, ``"same"`` (with stride 1 only, as in torch) or differ by side: (left, top, right,
  bottom), for one axis (left, right) and for three (left, top, front, right, bottom, back);
- `border` says what fills it: ``zero``, ``edge``, ``symmetric``, ``reflect``, ``wrap`` or ``constant:VALUE``;
- samples of any real type are taken. Floats give floats of their own type; integers of up to 16 bits give float32
  and longer ones float64, correctly rounded where weights are whole numbers.

Sums are formed in float32 for float16 and float32 samples and in float64 for float64 ones. Every tap is computed, also
one that is zero, so that a zero tap on an infinite sample gives NaN, as IEEE 754 and torch have it.

`threads` bounds the threads used; None means every core that this process may use.
"""

from imgconv.functional.conv import conv1d, conv2d, conv3d
from imgconv.functional.pooling import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    min_pool1d,
    min_pool2d,
    min_pool3d,
)
from imgconv.functional.resize import interpolate
from imgconv.functional.shuffle import channel_shuffle
from imgconv.functional.transposed import conv_transpose1d, conv_transpose2d, conv_transpose3d

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "interpolate",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "min_pool1d",
    "min_pool2d",
    "min_pool3d",
]
