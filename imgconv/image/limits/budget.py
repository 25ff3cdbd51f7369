"""What reading a file may cost besides its pixels: a few bytes can name the same block a million times.

Every parser of this folder is given a `Budget` and spends from it: bytes where it copies or unpacks, steps where it
goes round once more. What is allowed grows with the file's own size and with the limit of pixels, never with a number
in a header. Pixels have a limit of their own, `imgconv.image.limits.size`.
"""

from __future__ import annotations

from imgconv.image.limits.guard import DataError
from imgconv.image.limits.size import MAX_PIXELS, amount

MAX_METADATA = 2**26
"""The bytes that texts, profiles and directories of a small file may take together, at the usual limit of pixels."""

LEAST_BYTES, LEAST_STEPS = 2**20, 2**16
FRAME_STEPS = 64
"""The steps of a frame or page, each of which takes some time however small it is."""

_COPIES = 4
_PIXELS_OF_NOTHING = 2**24
_PIXELS_A_STEP, _BYTES_A_STEP = 2**10, 2**6


class BudgetError(DataError):
    """A file asks for more than a file of its size may."""


class Budget:
    """The bytes and steps that are left for reading a file.

    >>> budget = Budget(1000)
    >>> budget.spend(steps=1, size=1000)
    >>> budget.spend(size=2**30)
    Traceback (most recent call last):
    ...
    imgconv.image.limits.budget.BudgetError: its parts name more bytes than the file can hold

    Attributes:
        size: bytes of the file, or of the block within it.
        max_pixels: the limit of pixels.
        bytes, steps: what is left.
    """

    __slots__ = ("bytes", "max_pixels", "size", "steps")

    def __init__(self, size: int, max_pixels: int = MAX_PIXELS) -> None:
        self.size, self.max_pixels = size, max_pixels
        some = (MAX_METADATA - LEAST_BYTES) * min(max_pixels, MAX_PIXELS) // MAX_PIXELS
        self.bytes = max(_COPIES * size, LEAST_BYTES + some)
        self.steps = LEAST_STEPS + max_pixels // _PIXELS_A_STEP + size // _BYTES_A_STEP

    def renew(self) -> None:
        """Allow as much as at first, for another pass over the file."""
        self.__init__(self.size, self.max_pixels)  # type: ignore[misc]

    def spend(self, steps: int = 1, size: int = 0) -> None:
        """Take steps, and `size` bytes.

        Raises:
            BudgetError: there are not as many left.
        """
        self.steps -= steps
        self.bytes -= size
        if self.bytes < 0:
            raise BudgetError("its parts name more bytes than the file can hold")
        if self.steps < 0:
            raise BudgetError("it has too many parts for a file of its size; a larger --max-pixels lets it in")

    def check_pixels(self, width: int, height: int, most: int) -> None:
        """Refuse a size for which there are not enough bytes, of each of which at most `most` pixels come.

        Raises:
            BudgetError: there are not.
        """
        if width * height > _PIXELS_OF_NOTHING + most * self.size:
            raise BudgetError(f"{self.size} bytes cannot hold the {width}x{height} pixels that its header says")

    def spend_frames(self, count: int, units: str) -> None:
        """Take the steps of `count` frames or pages, which are called `units`.

        Raises:
            BudgetError: there are not as many left.
        """
        left = self.steps // FRAME_STEPS
        self.steps -= FRAME_STEPS * count
        if self.steps < 0:
            needed = self.max_pixels - self.steps * _PIXELS_A_STEP
            problem = f"its {count} {units} are beyond the limit of {left} for a file of its size"
            raise BudgetError(f"{problem}; --max-pixels {amount(needed)} lets them in")


def of_block(size: int) -> Budget:
    """Return the budget of a block of `size` bytes within a file, such as EXIF."""
    return Budget(size, 0)
