"""Memory for pixels that are decoded."""

from __future__ import annotations

from typing import Any

from imgconv.system.portable import mapped_memory

_WORTH_MAPPING = 2**22


def room(size: int) -> Any:
    """Return writable memory of `size` zeros without NumPy, in huge pages where the system has them.

    A large image is written in half the time that way; NumPy does the same for its arrays.
    """
    if size < _WORTH_MAPPING:
        return bytearray(size)
    return mapped_memory(size)


def array_room(size: int) -> Any:
    """Return writable memory of `size` bytes, whatever is in them.

    It is faster than `room` from the second image on: memory that has been let go of is used again as it is.
    """
    import numpy as np

    return memoryview(np.empty(size, np.uint8).data)
