"""Shuffling channels between the groups of grouped convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgconv.errors import ChannelError, OptionError
from imgconv.functional._arguments import whole
from imgconv.words.arguments import checked


@checked
def channel_shuffle(input: ArrayLike, groups: int) -> NDArray[Any]:
    """Deal the channels of each group out to all groups, as torch.nn.functional.channel_shuffle does.

    (batch, groups, channels / groups, ...) is transposed to (batch, channels / groups, groups, ...) and flattened
    (Zhang et al., "ShuffleNet", 2018).

    Args:
        input: (batch, channels, ...) of three or more axes and of any type; the channels are always axis 1.
        groups: into how many the channels are divided.

    Raises:
        ChannelError: the groups do not divide the channels.
        OptionError: there are fewer axes, or no groups.

    >>> import numpy as np
    >>> channel_shuffle(np.arange(6).reshape(1, 6, 1, 1), 2).ravel()
    array([0, 3, 1, 4, 2, 5])
    """
    samples, groups = _array(input), whole("groups", groups)
    if samples.ndim < 3:
        raise OptionError(
            "input", f"an array of shape {samples.shape} is not (batch, channels, ...) of three or more axes"
        )
    batch, channels, *rest = samples.shape
    if channels % groups:
        raise ChannelError("channel_shuffle", f"{groups} groups do not divide {channels} channels")
    parts = samples.reshape(batch, groups, channels // groups, *rest)
    return parts.swapaxes(1, 2).reshape(samples.shape)


def _array(input: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(input)
    except Exception:  # whatever an object that poses as an array does
        raise OptionError("input", "it is no array with rows of one length") from None
