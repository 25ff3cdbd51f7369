"""What a format is: the contract between this folder, which knows no format by name, and the formats.

A format is a row, a `Format`: what its files are called and begin with, what they hold, and where its code is. Those
that come with imgconv are listed in `imgconv.image.formats`; everything that depends on a format is read from its row:
how a file is recognised, opened and written, what is refused before anything is computed, what a report says is lost,
the sentences that name the formats, and the tables of the documentation. To add one is to write its row and its module.

The row names its code by references, ``module:name``, which are imported when a file needs them; a module that begins
with a dot is one of this folder.

An opener, ``open_x(file, budget) -> Opened``, gets a binary file that can seek, and reads of it what the header says:
size, samples, metadata. No pixel is decoded before somebody calls `Opened.load`, as the sizes are first held against
limits, and a plan may refuse the image. What it reads it spends from the `Budget`, so that a file that asks for much
costs little. It raises `EOFError` where the file breaks off, `imgconv.image.limits.guard.DataError` with a clause about
what is wrong with it, or whatever its library raises: all of that becomes one sentence about the file.

An encoder, ``encode_x(image, file, options) -> notes``, gets an `Image` that the format holds, by its row: the samples,
space, alpha and metadata, the sides and the bytes of metadata have been seen to. It writes the whole file and says in
notes, each a clause, what came of the options or what was lost beyond what the row says.

Where the row has a `unit`, a frames writer, ``X(file, plays, options, most)``, is a `FramesWriter`. Where rows can be
written some at a time, a bands writer, ``X(file, header, metadata, options)``, is a `BandsWriter`.

What every row has to keep is in ``tests/image/test_contract.py``. Another package adds a format by an entry point of
the group ``imgconv.formats`` that names a module with a `Format` called ``FORMAT``; see `imgconv.image.added`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, Protocol

from imgconv.errors import LibraryError
from imgconv.image.model import Header, Image, Metadata, Options, Pixels
from imgconv.value import Value

if TYPE_CHECKING:
    from fractions import Fraction

    from imgconv.image.limits.budget import Budget


SNIFFED = 32
"""The bytes of a file that tell its format."""


def resolve(reference: str) -> Any:
    """Import what a reference names: ``module:name``, where ``.module`` is one of this folder.

    >>> resolve(".model:Image").__name__
    'Image'
    """
    module, _, name = reference.partition(":")
    return getattr(import_module(module, __package__), name)


class Library(Value):
    """A library that a format needs and that is not installed with imgconv.

    Attributes:
        name: what it is called.
        install: what pip is told to install.
        module: what is imported, unless that is the name.
    """

    name: str
    install: str
    module: str = ""

    def load(self, what: str) -> Any:
        """Import it; `what` needs it.

        Raises:
            LibraryError: it is not installed.
        """
        try:
            return import_module(self.module or self.name)
        except ImportError:
            raise LibraryError(what, self.name, self.install) from None


class Limits(Value):
    """How much a format has room for.

    Attributes:
        side: pixels along a side; 0 where nobody comes to the end.
        icc, exif, xmp, text: bytes of each of these metadata, of `text` those of one comment; 0 for any number.
        dpi: the least and the most dots per inch that it can say; None for all.
    """

    side: int = 0
    icc: int = 0
    exif: int = 0
    xmp: int = 0
    text: int = 0
    dpi: tuple[float, float] | None = None


class Format(Value):
    """A format: how its files are recognised, what they hold, and what reads and writes them.

    Attributes:
        name: as in `Header.format`.
        suffixes: without the dot; the first is the usual one.
        other_suffixes: of files that are read when they are named; no folder is searched for them.
        magic: a regular expression for the first `SNIFFED` bytes of a file; ``.`` stands for any byte. Empty for a name
            that stands for several formats and is nothing to recognise.
        opener: refers to what opens a file.
        encoder: refers to what writes one; empty where files are only read.
        frames_writer: refers to what writes several images, where there is a `unit`.
        kinds: pairs (space, alpha) it holds.
        dtypes: sample types it holds.
        carries: the `Metadata` fields it holds; ``comment`` is one text called Comment.
        any_channels: whether it holds any number of channels.
        cuts_alpha: whether alpha is only on or off.
        options: the fields of `imgconv.image.model.Options` that mean something to it.
        unit: ``frame`` where it holds an animation, ``page`` where it holds pages, empty where but one image.
        bands_writer: refers to what writes an image whose rows come some at a time; empty where nothing does.
        array: whether it holds an array of numbers rather than a picture.
        caution: what to know of a file of several images, which goes on after "the output is".
        limits: how much it has room for.
        library: what it needs to be read and written, if that is not installed with imgconv.
        deep_library: what it needs for 16 bits in several channels.
        pillow: refers to Pillow's class for its files, where Pillow decodes or encodes them.
        title: what people call it, unless that is the name.
        family: the formats that it is one of, for people.
    """

    name: str
    suffixes: tuple[str, ...]
    magic: bytes
    opener: str
    other_suffixes: tuple[str, ...] = ()
    encoder: str = ""
    kinds: tuple[tuple[str, bool], ...] = ()
    dtypes: tuple[str, ...] = ("uint8",)
    carries: tuple[str, ...] = ()
    any_channels: bool = False
    cuts_alpha: bool = False
    options: tuple[str, ...] = ()
    unit: str = ""
    frames_writer: str = ""
    bands_writer: str = ""
    array: bool = False
    caution: str = ""
    limits: Limits = Limits()
    library: Library | None = None
    deep_library: Library | None = None
    pillow: str = ""
    title: str = ""
    family: str = ""

    def holds(self, space: str, alpha: bool) -> bool:
        """Whether pixels of that space can be written as they are."""
        return self.any_channels or (space, alpha) in self.kinds

    def open(self, file: IO[bytes], budget: Budget) -> Opened:
        """Read the header of a file of this format."""
        opened: Opened = resolve(self.opener)(file, budget)
        return opened

    def encode(self, image: Image, file: IO[bytes], options: Options) -> tuple[str, ...]:
        """Write an image that the format holds; return notes."""
        notes: tuple[str, ...] = resolve(self.encoder)(image, file, options)
        return notes

    def write_frames(self, file: IO[bytes], plays: int, options: Options, most: int) -> FramesWriter:
        """Begin a file of several images, which can seek; `most` bytes may come of their pixels."""
        writer: FramesWriter = resolve(self.frames_writer)(file, plays, options, most)
        return writer

    def write_bands(self, file: IO[bytes], image: Header, metadata: Metadata, options: Options) -> BandsWriter:
        """Begin a file, which can seek, of an image whose rows come some at a time."""
        writer: BandsWriter = resolve(self.bands_writer)(file, image, metadata, options)
        return writer


class BandsWriter(Protocol):
    """An image on its way into a file, some rows at a time."""

    def write(self, rows: Pixels) -> None:
        """Write the next rows, (rows, cols, channels)."""

    def finish(self) -> tuple[str, ...]:
        """Write what comes at the end; return notes of what was converted."""


class FramesWriter(Protocol):
    """Several images on their way into a file."""

    def add(self, image: Image, duration: Fraction | None) -> None:
        """Write the next one."""

    def finish(self) -> tuple[str, ...]:
        """Write what comes at the end; return notes of what was converted."""


class Bands(Protocol):
    """Pixels that can be decoded some rows at a time.

    Attributes:
        unit: rows that are stored together: to begin at a multiple of it decodes nothing twice.
    """

    unit: int

    def fill(self, out: Pixels, start: int) -> None:
        """Decode the rows from `start` on into `out`, (rows, cols, channels), as many as that has.

        Raises:
            EOFError: they are missing.
            ValueError: they are damaged.
        """


class Opened:
    """An image file whose header has been read: what a format family hands to `reader`.

    Sizes are those of what `load` returns.

    Attributes:
        format, channels, alpha, dtype, space, frames, unit, plays, notes, axes: as in `Header`.
        width, height: of the stored pixels.
        load: decodes the pixels to (rows, cols, channels) of exactly the `channels` and `dtype` said here.
        sequence: opens the frames or pages one after the other, this one first, each of which is decoded when it is
            loaded, if not before; None for a single image.
        duration: seconds that a frame of an animation is shown, else None.
        ahead: does the part of `load`'s work that needs no NumPy; it may be called before it, on any thread (see
            `imgconv.image.ahead`).
        orientation: 1 to 8, as in EXIF; 0 unknown.
        turned: whether `load` applies the orientation.
        metadata: what travels along.
        oriented: writes an orientation into an EXIF block, where the format keeps it elsewhere; None where it does not.
        bands: decodes some rows of the stored pixels at a time; None where only `load` can.
    """

    def __init__(
        self,
        *,
        format: str,
        width: int,
        height: int,
        channels: int,
        alpha: bool,
        dtype: str,
        space: str,
        load: Callable[[], Pixels],
        ahead: Callable[[], Any] | None = None,
        frames: int = 1,
        unit: str = "",
        sequence: Callable[[], Iterator[Opened]] | None = None,
        plays: int = 1,
        duration: Fraction | None = None,
        orientation: int = 0,
        turned: bool = False,
        metadata: Metadata = Metadata(),  # noqa: B008 - frozen
        oriented: Callable[[bytes, int], bytes] | None = None,
        notes: Sequence[str] = (),
        bands: Callable[[], Bands] | None = None,
        axes: tuple[tuple[str, int], ...] = (),
    ) -> None:
        self.format, self.width, self.height = format, width, height
        self.channels, self.alpha, self.dtype, self.space = channels, alpha, dtype, space
        self.load, self.ahead = load, ahead
        self.frames, self.unit, self.sequence, self.plays, self.duration = frames, unit, sequence, plays, duration
        self.orientation, self.turned = orientation, turned
        self.metadata, self.oriented, self.notes = metadata, oriented, list(notes)
        self.bands, self.axes = bands, axes
