"""Files of several images: the frames of an animation, or pages, read and written one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import IO, Any

from imgconv.errors import ImageWriteError
from imgconv.image.base import Format, FramesWriter
from imgconv.image.conversions import unheeded
from imgconv.image.files import name_of, read_whole
from imgconv.image.formats import holders_of_several, spec_of
from imgconv.image.limits.size import MAX_PIXELS
from imgconv.image.model import Frame, Header, Image, Options, Pixels
from imgconv.image.reader import Reading
from imgconv.image.writer import deliver, encoding, prepared
from imgconv.words.arguments import checked


class Frames:
    """The frames or pages of an image file, decoded one at a time as they are asked for; one where there is but one.

    >>> import numpy as np
    >>> file = BytesIO()
    >>> write_frames(file, [np.full((2, 3), level, np.uint8) for level in (0, 99, 255)], format="gif", plays=2)
    ()
    >>> frames = read_frames(file.getvalue())
    >>> len(frames), frames.header.plays, [str(frame.duration) for frame in frames]
    (3, 2, ['1/10', '1/10', '1/10'])

    Attributes:
        header: what the file says of the first one and of all.
    """

    def __init__(self, source: Any, name: str | None = None, max_pixels: int = MAX_PIXELS) -> None:
        """Read the header of a path, of a file's bytes, or of an open binary file, which is then read to its end."""
        self._name, self._max_pixels = name or name_of(source), max_pixels
        whole = read_whole(source, self._name, max_pixels).getvalue() if hasattr(source, "read") else source
        self._source = whole
        with Reading(self._source, self._name, max_pixels=self._max_pixels) as reading:
            self.header: Header = reading.header

    def __len__(self) -> int:
        return self.header.frames if self.header.unit else 1

    def __iter__(self) -> Iterator[Frame]:
        with Reading(self._source, self._name, max_pixels=self._max_pixels) as reading:
            yield from reading.frames()


@checked
def read_frames(source: Any, *, name: str | None = None, max_pixels: int = MAX_PIXELS) -> Frames:
    """Return the frames of an animation (GIF, PNG, WebP) or the pages of a TIFF file.

    They are what is shown: patches have been laid over what they leave in place. Each is an
    `imgconv.image.model.Frame` of an `image` and a `duration`, seconds as a `fractions.Fraction`, None for a page.

    Args:
        source: a path, the file's bytes, or an open binary file.
        name: what messages call it.
        max_pixels: refuse a larger frame or page, as `imgconv.image.read` does, and frames that have more than 100
            times as many pixels together.

    Raises:
        ImageReadError: it is missing, no image, damaged or cut short, or larger than the limit; for a single frame,
            when that is asked for.
    """
    return Frames(source, name, max_pixels)


@checked
def write_frames(
    target: Any,
    frames: Iterable[Frame | Image | Pixels],
    *,
    plays: int | None = None,
    format: str | None = None,
    overwrite: bool = False,
    compression: int | None = None,
    quality: int | None = None,
) -> tuple[str, ...]:
    """Write several images into one file, whole or not at all, and return notes of what was converted or left out.

    The frames are taken one at a time. A frame without a duration is shown for a tenth of a second.

    Args:
        target: a path, or an open binary file (then `format` is needed).
        frames: they have one size and type, unless they are pages.
        plays: how often an animation is shown, 0 for ever; None takes it from frames that `read_frames` returned, and
            else means 0.
        format, overwrite, compression, quality: as for `write`.

    Raises:
        OptionError: `format` or an option of writing makes no sense.
        ImageWriteError: the format holds one image only or cannot hold these, or the file cannot be written.
    """
    return store_frames(target, frames, Options(compression, quality), plays=plays, format=format, overwrite=overwrite)


def store_frames(
    target: Any,
    frames: Iterable[Frame | Image | Pixels],
    options: Options,
    *,
    plays: int | None = None,
    format: str | None = None,
    overwrite: bool = False,
    most: int = 0,
) -> tuple[str, ...]:
    """Do what `write_frames` does, with the options of writing in one value.

    `most` is how many bytes the pixels may take, which decides whether a TIFF file becomes a BigTIFF; frames in a list
    say that themselves.
    """
    spec, name = spec_of(target, format), name_of(target)
    if not spec.unit:
        problem = f"{spec.name} holds one image; write {holders_of_several()} to keep several"
        raise ImageWriteError(name, problem)
    if plays is None:
        plays = frames.header.plays if isinstance(frames, Frames) else 0
    if isinstance(frames, (list, tuple)):
        most = sum(_bytes_of(frame) for frame in frames)
    notes: dict[str, None] = {}

    def encode_into(file: IO[bytes]) -> None:
        # what is known only at the end is written at the beginning
        seeks = False
        with suppress(AttributeError, ValueError):
            seeks = isinstance(target, (str, bytes, os.PathLike)) and file.seekable()
        room = file if seeks else BytesIO()
        with encoding(name, spec.name):
            writer = spec.write_frames(room, plays, options, most)
        notes.update(dict.fromkeys(_write(writer, frames, spec, name, options)))
        if isinstance(room, BytesIO) and room is not file:
            file.write(room.getvalue())

    kept = deliver(target, name, overwrite, encode_into)
    return (*notes, *unheeded(spec, options), *kept)


def _bytes_of(frame: Frame | Image | Pixels) -> int:
    image = frame.image if isinstance(frame, Frame) else frame
    return int(getattr(image.pixels if isinstance(image, Image) else image, "nbytes", 0))


def _write(
    writer: FramesWriter, frames: Iterable[Frame | Image | Pixels], spec: Format, name: str, options: Options
) -> list[str]:
    notes: list[str] = []
    first: Image | None = None
    for number, frame in enumerate(frames):
        source, duration = (frame.image, frame.duration) if isinstance(frame, Frame) else (frame, None)
        image, found = prepared(source, spec, name, options.strip)
        notes += found
        first = first or image
        if spec.unit == "frame" and (image.pixels.shape, image.words) != (first.pixels.shape, first.words):
            problem = f"an animation has one size and type, but frame 0 is {first.words}, frame {number} {image.words}"
            raise ImageWriteError(name, problem)
        with encoding(name, spec.name):
            writer.add(image, duration)
    if first is None:
        raise ImageWriteError(name, "there is no image to write")
    with encoding(name, spec.name):
        return [*notes, *writer.finish()]
