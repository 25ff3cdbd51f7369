"""Figures and animations as files: which suffix holds what, and writing them whole or not at all.

PNG, SVG and PDF are written by Matplotlib, animations by `imgconv.image`, a frame at a time. The same figure
gives the same bytes: no date and no random names go into a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from imgconv.errors import ImageWriteError, OptionError, did_you_mean
from imgconv.figures.parts.style import styled
from imgconv.image.files import check_place, name_of, replace_file

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from typing_extensions import TypeIs

    from imgconv.image import Frame

PICTURES = ("png", "svg", "pdf")
"""The suffixes of figures."""

ANIMATIONS = ("gif", "apng", "webp")
"""The suffixes of animations; .png holds one too, since an animated PNG is a PNG."""

_KINDS = {"png": "PNG", "svg": "SVG", "pdf": "PDF", "gif": "GIF", "apng": "PNG", "webp": "WebP"}

MOST_PIXELS = 64_000_000
"""The largest figure, in pixels of a PNG: beyond it lies a slip in --dpi far more often than a wish."""


class Animation(NamedTuple):
    """A picture that moves.

    Attributes:
        frames: calls for the frames one after the other, each (rows, cols, 3) uint8 and of one size.
        durations: how long each frame is shown, in milliseconds.
    """

    frames: Callable[[], Iterator[NDArray[np.uint8]]]
    durations: tuple[int, ...]

    def timed(self) -> Iterator[Frame]:
        """Return the frames with their durations, one after the other."""
        from imgconv.image import Frame, as_image

        for pixels, duration in zip(self.frames(), self.durations, strict=True):
            yield Frame(as_image(pixels), Fraction(duration, 1000))


def check_output(target: str, *, overwrite: bool = False, moves: bool = False) -> str:
    """Return the suffix of a figure's file, without the dot; refuse what cannot be written, before anything is drawn.

    Args:
        target: the file's name.
        overwrite: whether an existing file may be replaced.
        moves: whether an animation is to be written.

    Raises:
        ImageWriteError: the suffix holds no such thing, or there is no place for the file.
    """
    suffixes = (*ANIMATIONS, "png") if moves else PICTURES
    suffix = os.path.splitext(target)[1].lower().removeprefix(".")  # noqa: PTH122 - as in imgconv.image.files
    if not target:
        raise OptionError("output", "the file's name is empty")
    if suffix not in suffixes:
        thing = "an animation" if moves else "a figure"
        other = ""
        if suffix in PICTURES or suffix in ANIMATIONS:
            other = "; --sheet draws the steps side by side" if moves else "; a figure that does not move has no frames"
        hint = other or did_you_mean(suffix, suffixes)
        words = ", ".join(f".{each}" for each in suffixes)
        raise ImageWriteError(target, f"{thing} is written to {words}, not to '.{suffix}'{hint}")
    check_place(target, target, overwrite)
    return suffix


def save(
    drawn: Figure | Animation | Sequence[Figure], target: Any, *, dpi: float | None = None, overwrite: bool = False
) -> tuple[str, ...]:
    """Write a figure or an animation to a file, by its suffix; return notes of what the format cannot keep.

    Args:
        drawn: what a function of `imgconv.figures` returned; several figures are the pages of a .pdf.
        target: the file's name: .png, .svg or .pdf for a figure, .gif, .png (.apng) or .webp for an animation.
        dpi: dots to the inch of a figure; None takes the figure's own.
        overwrite: whether an existing file may be replaced.

    Raises:
        ImageWriteError: the suffix holds no such thing, or the file cannot be written.
        OptionError: so many dots to the inch make too large a picture.
    """
    name = name_of(target)
    suffix = check_output(name, overwrite=overwrite, moves=isinstance(drawn, Animation))
    if isinstance(drawn, Animation):
        from imgconv.image import write_frames

        return write_frames(target, drawn.timed(), overwrite=overwrite)
    if _is_pages(drawn):
        _save_pages(drawn, target, name, suffix, dpi, overwrite)
        return ()
    dots = drawn.dpi if dpi is None else dpi
    width, height = drawn.get_size_inches() * dots
    if suffix == "png" and width * height > MOST_PIXELS:
        size = f"{width:.0f}x{height:.0f} pixels, at {dots:g} dots to the inch"
        raise OptionError(
            "dpi", f"the figure would have {size}, more than {MOST_PIXELS // 10**6} million; ask for fewer"
        )
    # A figure is drawn whole before its file is touched, so that a failure of the drawing leaves nothing behind.
    contents = BytesIO()
    metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[suffix]
    with styled():
        drawn.savefig(contents, format=suffix, dpi=dots, metadata=metadata)
    replace_file(target, name, overwrite, lambda file: file.write(contents.getvalue()))
    return ()


def _is_pages(drawn: Figure | Sequence[Figure]) -> TypeIs[Sequence[Figure]]:
    return isinstance(drawn, (list, tuple))


def _save_pages(
    pages: Sequence[Figure], target: Any, name: str, suffix: str, dpi: float | None, overwrite: bool
) -> None:
    if suffix != "pdf":
        raise ImageWriteError(name, f"several pages are written to .pdf, not to '.{suffix}'")
    from matplotlib.backends.backend_pdf import PdfPages

    contents = BytesIO()
    with styled(), PdfPages(contents, metadata={"CreationDate": None}) as document:
        for page in pages:
            page.savefig(document, format="pdf", dpi=page.dpi if dpi is None else dpi)
    replace_file(target, name, overwrite, lambda file: file.write(contents.getvalue()))


def flat(drawn: Figure | Animation, longest: int = 1600) -> NDArray[np.uint8]:
    """Return a figure, or the first frame of an animation, as pixels, (rows, cols, 3), of a longest side at most."""
    if isinstance(drawn, Animation):
        return next(drawn.frames())
    from imgconv.figures.parts.terminal import picture_of
    from imgconv.image import read

    contents = BytesIO()
    with styled():
        drawn.savefig(contents, format="png", dpi=min(drawn.dpi, longest / max(drawn.get_size_inches())))
    contents.seek(0)
    return picture_of(read(contents))


def described(
    drawn: Figure | Animation | Sequence[Figure], target: str, dpi: float | None = None
) -> tuple[str, dict[str, Any]]:
    """Return what a file that was written holds: in words for people, and as plain values."""
    kind = _KINDS[os.path.splitext(target)[1].lower().removeprefix(".")]  # noqa: PTH122 - as in imgconv.image.files
    if isinstance(drawn, Animation):
        rows, cols, _ = next(drawn.frames()).shape
        seconds = sum(drawn.durations) / 1000
        words = f"{cols}x{rows} {kind}, {len(drawn.durations)} frames, {seconds:.3g} s"
        values: dict[str, Any] = {"width": cols, "height": rows, "frames": len(drawn.durations), "seconds": seconds}
    elif _is_pages(drawn):
        words, values = f"{len(drawn)} page{'s' * (len(drawn) > 1)}, {kind}", {"pages": len(drawn)}
    else:
        inches = drawn.get_size_inches()
        if kind == "PNG":
            width, height = (int(length * (drawn.dpi if dpi is None else dpi)) for length in inches)
            words, values = f"{width}x{height} PNG", {"width": width, "height": height}
        else:
            words = f"{inches[0]:.3g} x {inches[1]:.3g} inches, {kind}"
            values = {"width_inches": float(inches[0]), "height_inches": float(inches[1])}
    return words, {"name": target, "format": kind, **values}
