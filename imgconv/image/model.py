"""Images as values: the pixels, what they mean, and what travels with them from file to file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from imgconv.errors import OptionError
from imgconv.image.limits.guard import DataError
from imgconv.value import Value
from imgconv.words.base import refuse_other

if TYPE_CHECKING:
    from fractions import Fraction

    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[Any]
else:
    Pixels = Any  # nothing here imports NumPy before there are pixels

DTYPES = ("uint8", "uint16", "float16", "float32", "float64")
"""The sample types an image can have."""

COLOURS = {"grey": 1, "RGB": 3, "CMYK": 4}
"""The channels of a colour space, without alpha."""

SUBSAMPLINGS = ("keep", "444", "422", "420")
"""What `Options.subsampling` may say."""

STRIPS = ("location", "all")
"""What `Options.strip` may say."""

EXACT_INTEGER = 2**53
"""The largest magnitude up to which a float64 holds every integer."""

_TYPE_WORDS = {
    "uint8": "8 bit",
    "uint16": "16 bit",
    "float16": "16-bit float",
    "float32": "32-bit float",
    "float64": "64-bit float",
}


class Samples(Protocol):
    """What decides whether a format can hold an image: a `Header` and an `Image` both have it."""

    @property
    def channels(self) -> int:
        """Number of channels, alpha included."""

    @property
    def alpha(self) -> bool:
        """Whether the last channel is alpha."""

    @property
    def dtype(self) -> str:
        """One of `DTYPES`."""

    @property
    def space(self) -> str:
        """``grey``, ``RGB``, ``CMYK`` or ``other``."""


def space_of(channels: int, alpha: bool) -> str:
    """Return the colour space that `channels` channels, alpha included, stand for when nothing else is known.

    >>> space_of(2, True), space_of(3, False), space_of(7, False)
    ('grey', 'RGB', 'other')
    """
    return {1: "grey", 3: "RGB"}.get(channels - alpha, "other")


def words_for(samples: Samples) -> str:
    """Say what the samples are, such as ``RGB+alpha, 16 bit``."""
    colours = samples.channels - samples.alpha
    space = samples.space if samples.space != "other" else f"{colours} channels"
    return f"{space}{'+alpha' * samples.alpha}, {_TYPE_WORDS[samples.dtype]}"


class Header(Value):
    """What is known of an image file without decoding a pixel.

    `width`, `height`, `channels` and `dtype` are those of the image that `read` returns: upright, palette and
    transparent colour resolved.

    Attributes:
        name: the file's name, for messages.
        format: ``PNG``, ``JPEG``, ``TIFF`` ...
        space: ``grey``, ``RGB``, ``CMYK``, or ``other`` for any other number of channels.
        frames: images in the file.
        unit: ``frame`` or ``page``, what one of several images is called; empty where but the first can be read.
        plays: how often an animation is shown, 0 for ever.
        frame: the number of the image meant, from 0; None for all of them.
        axes: how many pages there are along each axis that a microscope's description names, such as slices.
        personal: what its metadata tell of place, device and editing, each with the field of `Metadata` it stands in.
        notes: what a user should know, each a clause such as ``has 2 pictures; the first one is read``.
    """

    name: str
    format: str
    width: int
    height: int
    channels: int
    alpha: bool
    dtype: str
    space: str
    frames: int = 1
    notes: tuple[str, ...] = ()
    unit: str = ""
    plays: int = 1
    frame: int | None = None
    personal: tuple[tuple[str, str], ...] = ()
    axes: tuple[tuple[str, int], ...] = ()

    @property
    def several(self) -> bool:
        """Whether more than one image is meant."""
        return self.frames > 1 and bool(self.unit) and self.frame is None

    @property
    def words(self) -> str:
        """Size, samples and frames, such as ``640x480 RGB+alpha, 16 bit`` or ``9x9 RGB, 8 bit, 12 frames``."""
        words = f"{self.width}x{self.height} {words_for(self)}"
        if self.several:
            return f"{words}, {self.frames} {self.unit}s"
        return (
            words
            if self.frame is None or not self.unit
            else f"{words}, {self.unit} {self.frame} of 0..{self.frames - 1}"
        )


class JpegWay(Value):
    """How a JPEG file was encoded, for those that are made of it.

    Attributes:
        model: what its components are: ``grey``, ``YCbCr``, ``RGB``, ``CMYK`` or ``YCCK``.
        tables: the quantisation table of each component, 64 numbers row by row.
        sampling: (horizontal, vertical) sampling factors of each component.
    """

    model: str
    tables: tuple[tuple[int, ...], ...]
    sampling: tuple[tuple[int, int], ...]


class TiffLayout(Value):
    """How a TIFF file stores its pixels, as far as another one can do the same.

    Attributes:
        compression: the number that TIFF gives it; 1 for none.
        predictor: whether samples are stored as differences from their neighbours.
        tile: (rows, cols) of a tile; None for strips.
        strip: rows of a strip; 0 for as many as are handy.
    """

    compression: int = 1
    predictor: bool = False
    tile: tuple[int, int] | None = None
    strip: int = 0


class Metadata(Value):
    """What a file says about its pixels, kept as the bytes it was written in.

    Attributes:
        icc: the ICC colour profile.
        exif: the EXIF block, a TIFF stream; its orientation has been applied and says 1, unless pixels were read as
            they are stored.
        xmp: the XMP packet, with its orientation likewise.
        dpi: horizontal and vertical resolution in pixels per inch.
        text: keyword and text pairs (PNG text chunks, JPEG and GIF comments); see `imgconv.image.metadata.texts`.
        colour: PNG's colour chunks (gAMA, cHRM, sRGB, cICP) by name, for PNG output only.
        jpeg: how a JPEG file was encoded, for JPEG output only.
        tags: fields that go on from TIFF file to TIFF file alone: number, type, count and little-endian value.
        tiff: how a TIFF file stored its pixels, for TIFF output only.
    """

    icc: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None
    text: tuple[tuple[str, str], ...] = ()
    colour: tuple[tuple[str, bytes], ...] = ()
    jpeg: JpegWay | None = None
    tiff: TiffLayout | None = None
    tags: tuple[tuple[int, int, int, bytes], ...] = ()


class Options(Value):
    """How to write a file; formats that have no such thing do without.

    Attributes:
        compression: how hard to compress without loss, 0 (not at all) to 9; None chooses.
        quality: 1 to 100 of a lossy format; None takes a JPEG file's own, else what shows no loss, or no loss at all.
        subsampling: how much colour a lossy format keeps, ``444``, ``422`` or ``420``; ``keep`` as in a JPEG file, else
            all of it.
        strip: one of `STRIPS`: ``location`` leaves out what tells of place, device and editing, ``all`` everything that
            is no pixel, the colour profile and the resolution included; an empty text neither.

    Raises:
        OptionError: one of them makes no sense.
    """

    compression: int | None = None
    quality: int | None = None
    subsampling: str = "keep"
    strip: str = ""

    def __post_init__(self) -> None:
        if self.compression is not None and self.compression not in range(10):
            raise OptionError("compression", f"{self.compression} is no level from 0 to 9")
        if self.quality is not None and self.quality not in range(1, 101):
            raise OptionError("quality", f"{self.quality} is no quality from 1 to 100")
        refuse_other("subsampling", self.subsampling, SUBSAMPLINGS)
        if self.strip:
            refuse_other("strip", self.strip, STRIPS)


def strip_of(asked: bool | str | None) -> str:
    """Return `Options.strip` for what a program asked: True means ``all``."""
    return "all" if asked is True else asked or ""


class Image(Value):
    """Pixels of shape (rows, cols, channels) and what they mean.

    Attributes:
        pixels: (rows, cols, channels), C-contiguous, of one of `DTYPES`; alpha last, not premultiplied; CMYK
            as ink, 0 = none.
        alpha: whether the last channel is alpha.
        space: ``grey``, ``RGB``, ``CMYK`` or ``other``.
        metadata: what travels with the pixels.
        header: the header of the file it was read from.
        notes: as in `Header`.
    """

    pixels: Pixels
    alpha: bool = False
    space: str = ""
    metadata: Metadata = Metadata()
    header: Header | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        import numpy as np

        object.__setattr__(self, "pixels", np.ascontiguousarray(self.pixels))
        if not self.space:
            object.__setattr__(self, "space", space_of(self.channels, self.alpha))

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def channels(self) -> int:
        """Number of channels, alpha included."""
        return int(self.pixels.shape[2])

    @property
    def dtype(self) -> str:
        """The sample type's name, one of `DTYPES`."""
        return self.pixels.dtype.name

    @property
    def words(self) -> str:
        """Size and samples for people, such as ``640x480 RGB+alpha, 16 bit``."""
        return f"{self.width}x{self.height} {words_for(self)}"

    def with_pixels(self, pixels: Pixels, alpha: bool | None = None) -> Image:
        """Return an image of other pixels, (rows, cols) or (rows, cols, channels), with the same metadata.

        `alpha` says whether the last channel is alpha; None means as before if the number of channels is as
        before, and no alpha otherwise.
        """
        pixels = pixels if pixels.ndim == 3 else pixels[:, :, None]
        channels = pixels.shape[2]
        if alpha is None:
            alpha = self.alpha and channels == self.channels
        same = channels - alpha == self.channels - self.alpha
        space = self.space if same else space_of(channels, alpha)
        return self.replace(pixels=pixels, alpha=alpha, space=space)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Pixels:
        """Return the pixels, so that NumPy's functions take the image itself."""
        import numpy as np

        return np.array(self.pixels, dtype=dtype, copy=copy)


def supported(samples: Pixels) -> tuple[Pixels, str]:
    """Return `samples` in one of `DTYPES` without changing a value, and a note if that changed the type.

    Booleans become 0 and 255. Wider integers become floats where every value survives that.

    Raises:
        ValueError: no sample type holds these values exactly; the message completes "... cannot be used:".
    """
    import numpy as np

    native = samples.dtype.newbyteorder("=")
    samples = samples.astype(native, copy=False)
    if native.name in DTYPES:
        return samples, ""
    if native == np.bool_:
        return samples.astype(np.uint8) * np.uint8(255), ""
    into = target_dtype(native)
    if native.itemsize == 8:
        ends = (int(samples.min(initial=0)), int(samples.max(initial=0)))
        if max(abs(end) for end in ends) > EXACT_INTEGER:
            raise DataError(f"{native.name} samples beyond 2**53 have no exact sample type here")
    return samples.astype(into), f"{native.name} samples are taken as {into}, which holds them exactly"


def in_sixteen_bits(samples: Pixels, bits: int) -> Pixels:
    """Return samples of 9 to 16 bits as uint16 over its full range, rounded to nearest."""
    import numpy as np

    top = (1 << bits) - 1
    if bits == 16:
        return samples.astype(np.uint16, copy=False)
    return ((samples.astype(np.uint32) * 65535 + top // 2) // top).astype(np.uint16)


def target_dtype(native: np.dtype[Any]) -> str:
    """Return the name of the sample type that `supported` turns `native` into.

    Raises:
        ValueError: there is none.
    """
    if native.name in DTYPES:
        return native.name
    match native.kind, native.itemsize:
        case "b", _:
            return "uint8"
        case ("i", 1) | ("i", 2):
            return "float32"
        case (("i" | "u"), (4 | 8)):
            return "float64"
    raise DataError(f"{native.name} samples have no counterpart here ({', '.join(DTYPES)} are)")


def as_image(source: Image | Pixels | Sequence[Any]) -> Image:
    """Return `source` itself if it is an image, else an array of pixels as one.

    (rows, cols) is grey, (rows, cols, 2) and (rows, cols, 4) have alpha as their last channel.

    Raises:
        ValueError: the array has another number of axes, is empty, or has samples no sample type can hold.
    """
    if isinstance(source, Image):
        return source
    import numpy as np

    pixels = np.asarray(source)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise DataError(f"an array of shape {np.shape(source)} is no image: (rows, cols[, channels]) is")
    pixels, note = supported(pixels)
    return Image(pixels, alpha=pixels.shape[2] in (2, 4), notes=(note,) if note else ())


class Frame(Value):
    """One of several images of a file.

    Attributes:
        image: what is shown, all of it.
        duration: seconds it is shown; None for a page.
    """

    image: Image
    duration: Fraction | None = None
