"""Convolutions and poolings over channels by plain loops, and borders by numpy.pad: slow, and nothing of imgconv's.

All arrays are float64, pictures are (channels, rows, cols), pairs (rows, cols) and sides (left, top, right, bottom).
"""

from __future__ import annotations

import numpy as np
from oracle import PAD_MODES


def pad(picture, sides, border="zero", value=0.0):
    """Return the picture padded on all sides."""
    left, top, right, bottom = sides
    extra = {"constant_values": value} if border == "constant" else {}
    return np.pad(picture.astype(np.float64), ((0, 0), (top, bottom), (left, right)), **PAD_MODES[border], **extra)


def convolve(padded, weight, bias=None, stride=(1, 1), dilation=(1, 1), groups=1):
    """Slide weights (out, in / groups, rows, cols) over a padded picture and sum over the channels of each group."""
    outputs, per_group, tall, wide = weight.shape
    rows = (padded.shape[1] - dilation[0] * (tall - 1) - 1) // stride[0] + 1
    cols = (padded.shape[2] - dilation[1] * (wide - 1) - 1) // stride[1] + 1
    out = np.zeros((outputs, rows, cols))
    for o in range(outputs):
        first = o // (outputs // groups) * per_group
        for y in range(rows):
            for x in range(cols):
                top, left = y * stride[0], x * stride[1]
                window = padded[
                    first : first + per_group,
                    top : top + dilation[0] * (tall - 1) + 1 : dilation[0],
                    left : left + dilation[1] * (wide - 1) + 1 : dilation[1],
                ]
                out[o, y, x] = (window * weight[o]).sum() + (0 if bias is None else bias[o])
    return out


def spread(picture, weight, bias, stride, sides, output_padding, dilation, groups):
    """Add every sample times the weights (in, out / groups, rows, cols) to the output, then cut the sides off."""
    channels, rows, cols = picture.shape
    _, per_group, tall, wide = weight.shape
    left, top, right, bottom = sides
    out = np.zeros(
        (
            per_group * groups,
            (rows - 1) * stride[0] + dilation[0] * (tall - 1) + 1 + output_padding[0],
            (cols - 1) * stride[1] + dilation[1] * (wide - 1) + 1 + output_padding[1],
        )
    )
    for c in range(channels):
        first = c // (channels // groups) * per_group
        for y in range(rows):
            for x in range(cols):
                for i in range(tall):
                    for j in range(wide):
                        at = y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1]
                        out[first : first + per_group, *at] += picture[c, y, x] * weight[c, :, i, j]
    out = out[:, top : out.shape[1] - bottom, left : out.shape[2] - right]
    return out + (0 if bias is None else np.asarray(bias)[:, None, None])


def pool(picture, window, stride, sides, dilation, output, reduce, border=None, value=0.0):
    """Reduce the samples of every window: of the picture, and of its padding where there is a border."""
    left, top = sides[:2]
    channels, rows, cols = picture.shape
    padded = pad(picture, sides, border or "zero", value)
    out = np.zeros((channels, *output))
    for c in range(channels):
        for y in range(output[0]):
            for x in range(output[1]):
                held = []
                for i in range(window[0]):
                    for j in range(window[1]):
                        row, col = y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1]
                        inside = top <= row < top + rows and left <= col < left + cols
                        if inside or (border and row < padded.shape[1] and col < padded.shape[2]):
                            held.append(padded[c, row, col])
                out[c, y, x] = reduce(held)
    return out
