"""Libraries that only some formats need, and that are not installed with imgconv."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from imgconv.errors import LibraryError
from imgconv.image.formats import LIBRARIES

if TYPE_CHECKING:
    from imgconv.image.model import Pixels


def library(name: str, what: str) -> Any:
    """Import a library that `what` needs.

    Raises:
        LibraryError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise LibraryError(what, name, LIBRARIES[name]) from None


def full_range(samples: Pixels, bits: int) -> Pixels:
    """Return samples of 9 to 16 bits as uint16 over its full range, rounded to nearest."""
    import numpy as np

    top = (1 << bits) - 1
    if bits == 16:
        return samples.astype(np.uint16, copy=False)
    return ((samples.astype(np.uint32) * 65535 + top // 2) // top).astype(np.uint16)
