"""Writing: refuse what the format cannot hold, convert what it can, and replace the target in one step."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, Any

from imgconv.errors import ImageWriteError, ImgconvError, LibraryError
from imgconv.image.base import Format
from imgconv.image.conversions import conversions, float_in, unheeded
from imgconv.image.files import check_place, name_of, replace_file
from imgconv.image.formats import spec_of
from imgconv.image.limits.guard import decoding, fault_words, tidy
from imgconv.image.metadata.profile import cmyk_to_rgb
from imgconv.image.metadata.travelling import travelling
from imgconv.image.model import Header, Image, Metadata, Options, Pixels, Samples, as_image, strip_of
from imgconv.words.arguments import checked


def check_target(
    target: Any, image_like: Samples, *, format: str | None = None, overwrite: bool = False
) -> tuple[str, ...]:
    """Refuse what can be refused before anything is computed; return notes of what writing will convert.

    Args:
        target: a path, or an open binary file (then `format` is needed).
        image_like: anything with `channels`, `alpha`, `dtype` and `space`, such as a `Header`; its `width` and
            `height` are looked at if it has them.
        format: a format's name or suffix, in place of the target's suffix.
        overwrite: whether an existing file may be replaced.

    Raises:
        OptionError: `format` is unknown.
        ImageWriteError: the directory is missing, the target is a directory or exists, or the format cannot hold
            such an image.
    """
    spec, name = spec_of(target, format), name_of(target)
    if isinstance(target, (str, os.PathLike)):
        check_place(target, name, overwrite)
    _check_sides(name, spec, image_like)
    notes = conversions(name, image_like, spec)
    _check_library(name, spec, image_like)
    return notes


def _check_library(name: str, spec: Format, image_like: Samples) -> None:
    deep = bool(spec.deep_library) and image_like.dtype == "uint16" and image_like.channels > 1
    if needed := spec.library or (spec.deep_library if deep else None):
        try:
            needed.load(f"writing {'16-bit ' * deep}{spec.name}{' in colour' * deep}")
        except LibraryError as fault:
            raise ImageWriteError(name, str(fault)) from None


def _check_sides(name: str, spec: Format, image_like: Any) -> None:
    longest = spec.limits.side
    sides = (getattr(image_like, "width", 0), getattr(image_like, "height", 0))
    if longest and max(sides) > longest:
        size = f"{sides[0]}x{sides[1]}"
        raise ImageWriteError(
            name, f"{spec.name} ends at {longest} pixels a side, {size} is too large; use .png or .tif"
        )


@checked
def write(
    target: Any,
    image: Image | Pixels,
    *,
    format: str | None = None,
    overwrite: bool = False,
    compression: int | None = None,
    quality: int | None = None,
    subsampling: str = "keep",
    strip: bool | str = False,
) -> tuple[str, ...]:
    """Write an image, whole or not at all, and return notes of what was converted or left out.

    The file is written under a temporary name beside the target and renamed. An image that was read from a JPEG file
    keeps its quantisation and chroma subsampling as JPEG; any other is written at quality 95 with all of its colour.
    WebP is lossless unless a quality is given. TIFF is stored as the TIFF file was that the image was read from, else
    uncompressed unless `compression` asks.

    Args:
        target: a path, or an open binary file (then `format` is needed).
        image: an `Image`, or an array (rows, cols[, channels]) where 2 and 4 channels mean alpha.
        format: a format's name or suffix, in place of the target's suffix.
        overwrite: whether an existing file may be replaced; a symbolic link is followed to the file it names.
        compression, quality, subsampling, strip: as in `imgconv.image.model.Options`; ``strip=True`` means ``all``.

    Raises:
        OptionError: `format` or an option of writing makes no sense.
        ImageWriteError: the format cannot hold the image, or the file cannot be written.
    """
    options = Options(compression, quality, subsampling, strip_of(strip))
    return store(target, image, options, format=format, overwrite=overwrite)


def store(
    target: Any, image: Image | Pixels, options: Options, *, format: str | None = None, overwrite: bool = False
) -> tuple[str, ...]:
    """Do what `write` does, with the options of writing in one value."""
    spec, name = spec_of(target, format), name_of(target)
    ready, notes = prepared(image, spec, name, options.strip)
    found: list[str] = []
    kept = deliver(target, name, overwrite, lambda file: found.extend(_encode(ready, spec, file, name, options)))
    return (*notes, *unheeded(spec, options), *found, *kept)


def deliver(target: Any, name: str, overwrite: bool, encode_into: Callable[[IO[bytes]], Any]) -> tuple[str, ...]:
    """Let `encode_into` write to a path, whole or not at all, or to an open file; return notes.

    Raises:
        ImageWriteError: it cannot be written.
    """
    if isinstance(target, (str, os.PathLike)):
        check_place(target, name, overwrite)
        return replace_file(target, name, overwrite, encode_into)
    try:
        encode_into(target)
    except OSError as fault:
        raise ImageWriteError(name, fault_words(fault)) from None
    return ()


def store_bands(
    target: str,
    image: Header,
    metadata: Metadata,
    give: Callable[[Callable[[Pixels], None]], None],
    options: Options,
    *,
    format: str | None = None,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write an image whose rows come band by band, whole or not at all, and return notes as `write` does.

    Args:
        target: a path.
        image: what the image will be.
        metadata: what travels with it.
        give: gets a function that takes rows, (rows, cols, channels), and calls it until all have been given. What
            `give` raises leaves no file.
        options: how to write.
        format: a format's name or suffix, in place of the target's suffix; its row has a `bands_writer`.
        overwrite: whether an existing file may be replaced.

    Raises:
        ImageWriteError: the file cannot be written.
    """
    spec, name = spec_of(target, format), name_of(target)
    notes = list(conversions(name, image, spec))
    metadata, lost = travelling(image, metadata, spec, options.strip)

    def encode_into(file: IO[bytes]) -> None:
        writer = spec.write_bands(file, image, metadata, options)
        give(writer.write)
        notes.extend((*lost, *unheeded(spec, options), *writer.finish()))

    check_place(target, name, overwrite)
    kept = replace_file(target, name, overwrite, encode_into)
    return (*notes, *kept)


def encode(
    image: Image | Pixels,
    format: str,
    *,
    compression: int | None = None,
    quality: int | None = None,
    subsampling: str = "keep",
) -> bytes:
    """Return an image as the bytes of a file of that format; the rest is as in `write`."""
    file = BytesIO()
    write(file, image, format=format, compression=compression, quality=quality, subsampling=subsampling)
    return file.getvalue()


def prepared(source: Image | Pixels, spec: Format, name: str, strip: str = "") -> tuple[Image, list[str]]:
    """Return the image as the format holds it, and notes of what that took.

    Raises:
        ImageWriteError: the format cannot hold the image.
    """
    try:
        image = as_image(source)
    except ValueError as fault:
        raise ImageWriteError(name, str(fault)) from None
    _check_sides(name, spec, image)
    notes = [*(() if image is source else image.notes), *conversions(name, image, spec)]
    _check_library(name, spec, image)
    if image.space == "CMYK" and not spec.holds("CMYK", image.alpha):
        pixels, icc, how = cmyk_to_rgb(image)
        notes = [f"{note}, {how}" if note.startswith("CMYK is") else note for note in notes]
        image = image.replace(pixels=pixels, space="RGB", metadata=image.metadata.replace(icc=icc))
    if image.dtype not in spec.dtypes:
        image, beyond = _in_floats(image, float_in(spec, image.dtype))
        notes += beyond
    metadata, lost = travelling(image, image.metadata, spec, strip)
    return image.replace(metadata=metadata), notes + lost


def _in_floats(image: Image, dtype: str) -> tuple[Image, list[str]]:
    """Return an image of floats with floats of another type, and a note if that one cannot hold all of them."""
    from imgconv.tone import narrowed

    pixels, below, above = narrowed(image.pixels, dtype)
    lost = below + above
    words = "sample is beyond them and becomes" if lost == 1 else "samples are beyond them and become"
    notes = [f"{lost} {words} the largest that is left"] if lost else []
    return image.replace(pixels=pixels), notes


def _encode(image: Image, spec: Format, file: IO[bytes], name: str, options: Options) -> tuple[str, ...]:
    with encoding(name, spec.name):
        return spec.encode(image, file, options)


@contextmanager
def encoding(name: str, format: str) -> Iterator[None]:
    """Run an encoder, and turn what it raises into `ImageWriteError`, but for what the system refused."""
    try:
        with decoding(name, format):
            yield
    except ImgconvError as fault:
        cause = fault.__cause__
        if isinstance(cause, OSError) and cause.errno:
            raise cause from None
        problem = tidy(str(cause)) if cause else str(fault).removeprefix(f"{name}: ")
        raise ImageWriteError(name, f"it cannot be encoded as {format} ({problem})") from cause
