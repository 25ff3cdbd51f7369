"""PNG's filters over whole rows: in C where the package was built with a compiler, else by NumPy.

A filter replaces each byte by its difference from what its neighbours let expect. Choosing the filter whose
differences are smallest, row by row, is libpng's rule. NumPy chooses for all rows of a call at once, and without
Paeth's filter; it cannot undo the filters quickly, as each byte waits for the one before.
Source: W3C, Portable Network Graphics (Third Edition), 2025, chapter 9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgconv.image.limits.guard import DataError
from imgconv.native import is_built

try:
    from imgconv.image.png import _pngcore as core
except ImportError:  # installed without a compiler
    core = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
else:
    Bytes = Any  # undoing the filters needs no NumPy

_SAMPLE_ROWS = 12


def native() -> bool:
    """Return whether the filters run in C.

    Raises:
        EngineError: they do not, and IMGCONV_REQUIRE_NATIVE asks for it.
    """
    return is_built(core, "PNG's")


def filter_rows(rows: Bytes, above: Bytes, step: int) -> Bytes:
    """Return rows filtered, each behind its filter's number.

    Args:
        rows: (rows, bytes).
        above: the row before the first, (bytes,); zeros at the top of an image.
        step: bytes of a pixel.
    """
    import numpy as np

    out = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    if native():
        core.filter(rows, above, out, step)
        return out
    before = np.concatenate([above[None], rows[:-1]])
    kind = _best(before, rows, step)
    out[:, 0] = kind
    _filter(kind, before, rows, step, out[:, 1:])
    return out


def unfilter_rows(rows: Any, above: Any, step: int, out: Any) -> None:
    """Undo `filter_rows`, whose result `rows` is, into `out`; only where `native` is true. All are arrays or bytes.

    Raises:
        DataError: a row names a filter that does not exist.
    """
    try:
        core.unfilter(rows, above, out, step)
    except ValueError as fault:
        raise DataError(str(fault)) from None


def _best(above: Bytes, rows: Bytes, step: int) -> int:
    import numpy as np

    few = slice(None, None, max(1, len(rows) // _SAMPLE_ROWS))
    residue = np.empty_like(rows[few])
    costs = []
    for kind in range(4):
        _filter(kind, above[few], rows[few], step, residue)
        costs.append(int(np.minimum(residue, -residue).sum(dtype=np.uint64)))
    return costs.index(min(costs))


def _filter(kind: int, above: Bytes, rows: Bytes, step: int, out: Bytes) -> None:
    """Filter `rows` by PNG's filter 0 (none), 1 (sub), 2 (up) or 3 (average)."""
    import numpy as np

    if kind == 0:
        out[:] = rows
    elif kind == 1:
        out[:, :step] = rows[:, :step]
        np.subtract(rows[:, step:], rows[:, :-step], out=out[:, step:])
    elif kind == 2:
        np.subtract(rows, above, out=out)
    else:
        left, up = rows[:, :-step], above[:, step:]
        np.subtract(rows[:, :step], above[:, :step] >> 1, out=out[:, :step])
        # (left + up) // 2 without leaving eight bits
        mean = (left & up) + ((left ^ up) >> 1)
        np.subtract(rows[:, step:], mean, out=out[:, step:])
