"""A correlation as four loops compute it, and borders by numpy.pad: plain, and nothing of imgconv's."""

from __future__ import annotations

import numpy as np

PAD_MODES = {
    "zero": {"mode": "constant"},
    "constant": {"mode": "constant"},
    "edge": {"mode": "edge"},
    "symmetric": {"mode": "symmetric"},
    "reflect": {"mode": "reflect"},
    "wrap": {"mode": "wrap"},
}


def pad(image, sides, border, value=0.0):
    """Return (rows, cols, channels) padded by (left, top, right, bottom), float64."""
    left, top, right, bottom = sides
    extra = {"constant_values": value} if border == "constant" else {}
    widths = ((top, bottom), (left, right), (0, 0))
    return np.pad(image.astype(np.float64), widths, **PAD_MODES[border], **extra)


def correlate(padded, taps, stride=(1, 1), dilation=(1, 1)):
    """Slide `taps` over (rows, cols, channels), every pair as (rows, cols).

    The two loops over the output are numpy's: each result is the same sum in the same order as `four_loops`, and a test
    holds it to that.
    """
    rows, cols = output_shape(padded, taps, stride, dilation)
    out = np.zeros((rows, cols, padded.shape[2]))
    for i, j in zip(*np.nonzero(taps), strict=True):
        y, x = i * dilation[0], j * dilation[1]
        seen = padded[y : y + rows * stride[0] : stride[0], x : x + cols * stride[1] : stride[1]]
        out += taps[i, j] * seen[:rows, :cols]
    return out


def four_loops(padded, taps, stride=(1, 1), dilation=(1, 1)):
    """Correlate as `correlate` does, in the plainest way there is."""
    rows, cols = output_shape(padded, taps, stride, dilation)
    out = np.zeros((rows, cols, padded.shape[2]))
    for y in range(rows):
        for x in range(cols):
            for i in range(taps.shape[0]):
                for j in range(taps.shape[1]):
                    if taps[i, j] != 0:
                        out[y, x] += (
                            taps[i, j] * padded[y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1]]
                        )
    return out


def output_shape(padded, taps, stride, dilation):
    """Return how many rows and columns have a whole window."""
    rows = (padded.shape[0] - dilation[0] * (taps.shape[0] - 1) - 1) // stride[0] + 1
    cols = (padded.shape[1] - dilation[1] * (taps.shape[1] - 1) - 1) // stride[1] + 1
    return rows, cols


def round_half_away(values):
    """Round as Python's decimal module does with ROUND_HALF_UP."""
    from decimal import ROUND_HALF_UP, Decimal

    different, where = np.unique(values, return_inverse=True)
    whole = [int(Decimal(float(v)).quantize(Decimal(1), rounding=ROUND_HALF_UP)) for v in different]
    return np.array(whole)[where].reshape(np.shape(values))
