"""Reading: the header, the pixels of one image or of several, turned upright."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from imgconv.errors import ImageReadError, OptionError
from imgconv.image.base import Bands, Opened
from imgconv.image.files import name_of, open_source
from imgconv.image.limits.guard import decoding
from imgconv.image.limits.size import MAX_PIXELS, check_size, check_together, pixels_of
from imgconv.image.metadata.orientation import upright
from imgconv.image.metadata.profile import patched_exif, upright_xmp, xmp_orientation
from imgconv.image.metadata.travelling import personal
from imgconv.image.model import Frame, Header, Image, Metadata, Pixels
from imgconv.image.opening import completed, open_image
from imgconv.words.arguments import checked


def probe(source: Any, *, name: str | None = None, orient: bool = True, max_pixels: int = MAX_PIXELS) -> Header:
    """Return what a file says about its image, without decoding a pixel.

    `source` is a path, the file's bytes, or an open binary file; `name` is what messages call it; the size is that
    of the image turned upright, or with ``orient=False`` as it is stored. `max_pixels` is as for `read`.

    Raises:
        ImageReadError: it is missing, no image, damaged as far as the header shows, or larger than the limit.
    """
    with Reading(source, name, orient=orient, max_pixels=max_pixels) as reading:
        return reading.header


@checked
def read(
    source: Any,
    *,
    name: str | None = None,
    orient: bool = True,
    frame: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Image:
    """Return the image of a file, upright, in its own depth, with its metadata.

    Palettes and transparent colours become RGB and alpha, one-bit pictures grey of 0 and 255; CMYK stays CMYK.
    Sample types without a counterpart here become floats that hold every value, with a note.

    Args:
        source: a path, the file's bytes, or an open binary file. Nothing else is opened: no addresses.
        name: what messages call it.
        orient: turn the pixels upright as the EXIF orientation says, and let it say 1; else leave both as stored.
        frame: which frame or page, from 0; None for the first, with a note if there are more.
        max_pixels: refuse larger images, or frames, by their header; of more than four channels, every four count as a
            pixel.

    Raises:
        ImageReadError: it is missing, no image, damaged or cut short, or larger than the limit.
        OptionError: there is no such frame.
    """
    with Reading(source, name, orient=orient, max_pixels=max_pixels) as reading:
        if frame is not None:
            reading.choose(frame)
        image, header = reading.image(), reading.header
        if header.several:
            image = image.replace(notes=(*image.notes, _first_of(header.frames, f"{header.unit}s")))
        return image


class Reading:
    """An open image file whose header has been read; it is to be closed.

    Attributes:
        header: what the file says.
    """

    def __init__(
        self, source: Any, name: str | None = None, *, orient: bool = True, max_pixels: int = MAX_PIXELS
    ) -> None:
        """Open a file and read its header; arguments and errors are those of `probe`."""
        self._name = name or name_of(source)
        self._source, self._file = source, open_source(source, self._name, max_pixels)
        self._orient, self._max_pixels = orient, max_pixels
        try:
            self._opened = open_image(self._file, self._name, max_pixels)
            self.header = self._header(self._opened)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, unless it was handed in open."""
        if self._file is not self._source:
            self._file.close()

    def leave_as_stored(self) -> None:
        """Turn nothing upright, whatever the orientation says."""
        self._orient = False
        self.header = self._header(self._opened)

    def _turn(self, opened: Opened) -> int:
        """Return the orientation that is to be applied to what the decoder gives."""
        if self._orient:
            return 0 if opened.turned else opened.orientation
        return _INVERSE.get(opened.orientation, opened.orientation) if opened.turned else 0

    def choose(self, frame: int) -> None:
        """Mean one frame or page alone, from now on.

        Raises:
            OptionError: there is no such frame.
            ImageReadError: it is that of an animation, and too much work, as all before it are decoded as well.
        """
        header = self.header
        count = header.frames if header.unit else 1
        if not 0 <= frame < count:
            if header.frames > count:
                problem = f"of {header.name} only picture 0 can be read"
            elif count == 1:
                problem = f"{header.name} has one {header.unit or 'frame'}, number 0"
            else:
                problem = f"{header.name} has {count} {header.unit}s, numbered from 0 to {count - 1}"
            raise OptionError("frame", problem)
        if header.unit == "page":
            header = self._header(next(islice(self._sequence(), frame, None)))
        elif header.unit:
            self._check_together(f"first {frame + 1} frames", (frame + 1) * _pixels(header))
        if header.unit:
            self.header = header.replace(frame=frame)

    def headers(self) -> tuple[Header, ...]:
        """Return what the file says about each of its frames or pages; those of an animation are all alike.

        Raises:
            ImageReadError: they are too much work together, or a page is damaged as far as its header shows.
        """
        if self._opened.unit == "page":
            found = tuple(map(self._header, self._sequence()))
        else:
            found = (self.header,) * self.header.frames
        self._check_together(f"{len(found)} {self.header.unit}s", sum(map(_pixels, found)))
        return found

    def _check_together(self, many: str, pixels: int) -> None:
        check_together(self._name, many, pixels, self._max_pixels)

    def refuse_large(self) -> None:
        """Refuse an image that has more pixels than may be held; most have been refused when they were opened.

        Raises:
            ImageReadError: it has.
        """
        header = self.header
        check_size(self._name, header.width, header.height, header.channels, self._max_pixels)

    def image(self) -> Image:
        """Return the image as `read` does, with its errors; of several the first, or the one that was chosen."""
        number = self.header.frame
        return self._image(next(islice(self._sequence(), number, None)) if number else self._opened, self.header)

    def frames(self) -> Iterator[Frame]:
        """Yield every frame or page, each of which is decoded when it is asked for; it may be asked for again."""
        together = 0
        if self._opened.unit == "frame":
            self.headers()
        for number, opened in enumerate(self._sequence(), 1):
            header = self._header(opened)
            if self._opened.unit == "page":  # each has a size of its own
                together += _pixels(header)
                self._check_together(f"first {number} pages", together)
            yield Frame(self._image(opened, header), opened.duration)

    def _sequence(self) -> Iterator[Opened]:
        if self._opened.sequence is None:
            yield self._opened
            return
        sequence, count = self._opened.sequence(), 0
        while opened := self._decoded(partial(next, sequence, None)):
            yield completed(opened, self._name, self._max_pixels)
            count += 1
        if count < self._opened.frames:
            raise ImageReadError(self._name, f"the {self._opened.format} data breaks off before the end of the image")

    def _image(self, opened: Opened, header: Header) -> Image:
        check_size(self._name, opened.width, opened.height, opened.channels, self._max_pixels)
        pixels = self._decoded(opened.load)
        expected = (opened.height, opened.width, opened.channels)
        if pixels.shape != expected or pixels.dtype.name != opened.dtype:
            problem = f"its pixels ({pixels.shape}, {pixels.dtype.name}) are other than its header says"
            raise ImageReadError(self._name, f"{problem} ({expected}, {opened.dtype})")
        return Image(
            upright(pixels, self._turn(opened)),
            alpha=opened.alpha,
            space=opened.space,
            metadata=_upright_metadata(opened) if self._orient else _stored_metadata(opened),
            header=header,
            notes=header.notes,
        )

    def _header(self, opened: Opened) -> Header:
        return _header(opened, self._name, self._turn(opened))

    @property
    def metadata(self) -> Metadata:
        """What travels with the pixels."""
        return _upright_metadata(self._opened) if self._orient else _stored_metadata(self._opened)

    @property
    def banded(self) -> bool:
        """Whether the image can be decoded some rows at a time."""
        opened = self._opened
        return opened.bands is not None and not self.header.frame and self._turn(opened) < 2

    def bands(self) -> Bands:
        """Return what decodes some rows of the image at a time, where it is `banded`; errors are those of `read`."""
        assert self._opened.bands is not None
        return _Guarded(self, self._decoded(self._opened.bands))

    def _decoded(self, decode: Callable[[], Any]) -> Any:
        with decoding(self._name, self._opened.format) as remarks:
            decoded = decode()
            _check_remarks(remarks, self._name, self._opened.format)
        return decoded


class _Guarded:
    """Bands whose decoder's faults come out as errors."""

    def __init__(self, reading: Reading, bands: Bands) -> None:
        self._reading, self._bands = reading, bands
        self.unit = bands.unit

    def fill(self, out: Pixels, start: int) -> None:
        """Decode rows as `Bands.fill` does."""
        self._reading._decoded(lambda: self._bands.fill(out, start))


_INVERSE = {6: 8, 8: 6}
"""The orientations that do not undo themselves."""


def _header(opened: Opened, name: str, turn: int) -> Header:
    notes = list(opened.notes)
    if opened.frames > 1 and not opened.unit:
        notes.append(_first_of(opened.frames, "pictures"))
    turned = turn > 4
    return Header(
        name=name,
        format=opened.format,
        width=opened.height if turned else opened.width,
        height=opened.width if turned else opened.height,
        channels=opened.channels,
        alpha=opened.alpha,
        dtype=opened.dtype,
        space=opened.space,
        frames=opened.frames,
        notes=tuple(notes),
        unit=opened.unit,
        plays=opened.plays,
        personal=personal(opened.metadata),
        axes=opened.axes,
    )


def _pixels(header: Header) -> int:
    return pixels_of(header.width, header.height, header.channels)


def _first_of(count: int, units: str) -> str:
    return f"has {count} {units}; the first one is read"


def _check_remarks(remarks: list[str], name: str, format: str) -> None:
    """Refuse what a decoder only warns of: data that break off."""
    for remark in remarks:
        if any(word in remark.lower() for word in ("truncated", "premature", "corrupt jpeg")):
            raise ImageReadError(name, f"the {format} data breaks off before the end of the image")


def _upright_metadata(opened: Opened) -> Metadata:
    meta = opened.metadata
    dpi = meta.dpi[::-1] if meta.dpi and opened.orientation > 4 else meta.dpi
    return meta.replace(exif=patched_exif(meta.exif), xmp=upright_xmp(meta.xmp), dpi=dpi)


def _stored_metadata(opened: Opened) -> Metadata:
    """Return the metadata with the orientation in them."""
    meta = opened.metadata
    if not opened.oriented or opened.orientation in (0, 1, xmp_orientation(meta.xmp)):
        return meta
    return meta.replace(exif=opened.oriented(meta.exif, opened.orientation))
