"""Memory for pixels that are decoded before there is NumPy."""

from __future__ import annotations

from typing import Any

_WORTH_MAPPING = 2**22


def room(size: int) -> Any:
    """Return writable memory of `size` zeros, in huge pages where the system has them.

    A large image is written in half the time that way; NumPy does the same for its arrays.
    """
    if size < _WORTH_MAPPING:
        return bytearray(size)
    import mmap

    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return mmap.mmap(-1, size)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # shared memory has no huge pages
    memory.madvise(mmap.MADV_HUGEPAGE)
    return memory
