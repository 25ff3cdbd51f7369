"""Animations whose frames Pillow decodes, as they are shown: WebP's and AVIF's."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from typing import IO, Any

from imgconv.image.base import Opened
from imgconv.image.pillow.samples import samples_of

_THOUSANDTHS = 1000


def as_frames(opened: Opened, file: IO[bytes], plugin: Any) -> Opened:
    """Return what has been opened as an animation of all the frames that Pillow's `plugin` finds."""
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[opened.channels]
    file.seek(0)
    data = file.read()
    first: Any = plugin(BytesIO(data))

    def sequence() -> Iterator[Opened]:
        picture: Any = plugin(BytesIO(data))
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            yield made(samples_of(picture, mode), Fraction(picture.info["duration"], _THOUSANDTHS))

    def made(shown: Any, duration: Fraction | None) -> Opened:
        return Opened(
            format=opened.format,
            width=opened.width,
            height=opened.height,
            channels=opened.channels,
            alpha=opened.alpha,
            dtype="uint8",
            space=opened.space,
            load=lambda: shown if shown is not None else next(sequence()).load(),
            frames=first.n_frames,
            unit="frame",
            sequence=sequence,
            plays=int(first.info.get("loop", 0)),
            duration=duration,
            orientation=opened.orientation,
            metadata=opened.metadata,
            notes=opened.notes,
        )

    return made(None, None)
