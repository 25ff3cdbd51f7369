"""Memory for pixels that are decoded, with NumPy or before it is imported (see `imgconv.image.ahead`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from imgconv.system.portable import mapped_memory

_WORTH_MAPPING = 2**22

Room = Callable[[int], Any]
"""Returns writable memory of so many bytes."""


class Once(ABC):
    """Samples that are decoded once, and by whoever comes first: `ahead` without NumPy, or `memory`."""

    _memory: Any = None

    @abstractmethod
    def decode(self, room: Room) -> Any:
        """Decode into memory that `room` makes, and return that."""

    def ahead(self) -> None:
        """Decode without NumPy."""
        self._memory = self.decode(room)

    def memory(self) -> Any:
        """Return the memory that holds the samples, decoding them if need be."""
        if self._memory is None:
            self._memory = self.decode(array_room)
        return self._memory


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
