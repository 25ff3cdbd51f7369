"""Reading rows of an image through a border's index maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.border import CONSTANT

Index = NDArray[np.intp]


def longest_run(index: Index) -> tuple[int, int]:
    """Return (start, stop) of the longest stretch of an index map that counts upwards by one.

    Inside an image that is everything but the padding, and can be copied as a slice.
    """
    breaks = np.flatnonzero((np.diff(index) != 1) | (index[:-1] == CONSTANT)) + 1
    edges = np.concatenate(([0], breaks, [len(index)]))
    widest = int(np.argmax(np.diff(edges)))
    start, stop = int(edges[widest]), int(edges[widest + 1])
    return (start, stop) if index[start] != CONSTANT else (start, start)


def gather(
    image: NDArray[Any], rows: Index, cols: Index, run: tuple[int, int], constant: float, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return ``image[rows][:, cols]`` as a new array of `dtype`, `constant` where an index is -1.

    Args:
        image: (rows, cols, channels).
        rows: index map of the padded rows wanted.
        cols: index map of the padded columns.
        run: the stretch of `cols` that is a plain slice; see `longest_run`.
        constant: the sample outside the image.
        dtype: of the result.
    """
    out = np.empty((len(rows), len(cols), image.shape[2]), dtype)
    start, stop = run
    first, last = longest_run(rows)
    column = cols[start] if stop > start else 0
    # The stretch of rows that counts upwards needs no index array and so no copy on the way.
    for part in (slice(0, first), slice(first, last), slice(last, len(rows))):
        index = rows[part]
        if len(index) == 0:
            continue
        ordered = part.start == first and last > first
        source = image[index[0] : index[0] + len(index)] if ordered else image[index]
        target = out[part]
        target[:, start:stop] = source[:, column : column + stop - start]
        for edge in (slice(0, start), slice(stop, len(cols))):
            if edge.stop > edge.start:
                target[:, edge] = source[:, cols[edge]]
    if np.any(rows == CONSTANT):
        out[rows == CONSTANT] = constant
    if np.any(cols == CONSTANT):
        out[:, cols == CONSTANT] = constant
    return out
