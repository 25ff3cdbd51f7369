"""How large an image may be: what its header says is looked at before anything is decoded."""

from __future__ import annotations

from imgconv.errors import ImageReadError

MAX_PIXELS = 500_000_000
"""The most pixels that are held at once unless more are asked for; a header that says more is refused.

That is 2 GB of RGB and alpha at 8 bit: beyond any camera, and still within an ordinary computer's memory. Of more than
four channels, every four count as a pixel.
"""


TOGETHER = 100
"""How many times as many pixels all the frames or pages of a file may have together, or an image that is read by rows.

They are held one at a time, or some rows are, so that this bounds the work that a small file can ask for and not the
memory: by default 50,000 million pixels, which is 100,000 frames of 500,000 pixels, or 24,000 of 1920x1080.
"""


def check_size(name: str, width: int, height: int, channels: int, most: int = MAX_PIXELS, times: int = 1) -> None:
    """Refuse sizes that no decoder should be started for.

    Raises:
        ImageReadError: a side is not positive, or there are more than `times` times `most` pixels.
    """
    if width < 1 or height < 1 or channels < 1:
        raise ImageReadError(name, f"its header says {width}x{height} pixels, which is no image")
    pixels = pixels_of(width, height, channels)
    if pixels > times * most:
        many = f" of {channels} channels" if channels > 4 else ""
        raise ImageReadError(
            name,
            f"its header asks for {width}x{height} pixels{many}, beyond the limit of {amount(times * most)}; "
            f"--max-pixels {amount(-(-pixels // times))} lets it in",
        )


def check_held(name: str, width: int, rows: int, channels: int, most: int) -> None:
    """Refuse an image that is decoded some rows at a time if those alone, (width, rows), are too many.

    Raises:
        ImageReadError: there are more than `most` pixels.
    """
    pixels = pixels_of(width, rows, channels)
    if pixels > most:
        problem = f"{rows} of its rows of {width} pixels have to be held at once, beyond the limit of {amount(most)}"
        raise ImageReadError(name, f"{problem}; --max-pixels {amount(pixels)} lets it in")


def check_together(name: str, many: str, pixels: int, most: int) -> None:
    """Refuse frames or pages that are too much work together, ``many`` being what they are called.

    Raises:
        ImageReadError: they have more than `TOGETHER` times `most` pixels.
    """
    if pixels > TOGETHER * most:
        limit, needed = amount(TOGETHER * most), amount(-(-pixels // TOGETHER))
        raise ImageReadError(
            name,
            f"its {many} have {amount(pixels)} pixels together, beyond the limit of {limit}, {TOGETHER} times that of "
            f"one; --max-pixels {needed} lets them in",
        )


def pixels_of(width: int, height: int, channels: int) -> int:
    """Return how many pixels count towards the limit.

    >>> pixels_of(10, 10, 1), pixels_of(10, 10, 8)
    (100, 200)
    """
    return width * height * max(4, channels) // 4


def amount(pixels: int) -> str:
    """Write a number of pixels as --max-pixels takes it, rounded up where it is long.

    >>> amount(500_000_000), amount(839_160_000), amount(6_000_000_000_000), amount(1234)
    ('500M', '840M', '6000G', '1234')
    """
    for unit, letter in ((10**9, "G"), (10**6, "M")):
        if pixels >= 10 * unit:
            return f"{-(-pixels // unit)}{letter}"
    return str(pixels)
