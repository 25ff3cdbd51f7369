"""What is asked for of an image: the kernel or pipeline, and everything the options of the command line say."""

from __future__ import annotations

from typing import TypeVar

from imgconv.border import Border
from imgconv.errors import KernelValueError, OptionError
from imgconv.filtering import refusals
from imgconv.geometry import Padding
from imgconv.image.limits.size import MAX_PIXELS
from imgconv.image.model import Options, strip_of
from imgconv.kernels import gain as gains
from imgconv.kernels.value import AnyKernel, Combined, Kernel, VolumeKernel
from imgconv.pipeline.run import Pipeline
from imgconv.registry import DEFAULT_ENGINE
from imgconv.value import Value

Rescaled = TypeVar("Rescaled", AnyKernel, VolumeKernel)

INTERPOLATION = Padding("interpolation")


class Request(Value, kw_only=True):
    """What is asked for; pairs are (width, height).

    Attributes:
        kernel: the kernel, already found; None for a pipeline.
        pipeline: layers instead of a kernel; what follows down to `bias` then has no meaning.
        volume: the kernel on three axes that is slid through all pages as one volume; `kernel` then is its `flat` one.
        gain: how it is rescaled; see `imgconv.kernels.gain.rescaled`.
        padding, border: how much is added around the image, and what; no border means the padding's own.
        stride, dilation: steps between windows and between taps.
        correlate: slide the kernel as written.
        transposed: set copies of the kernel, which makes the image larger, instead of sliding it.
        output_padding: columns and rows added to the result of a transposed convolution.
        groups: how many groups the channels are split into; None for as many as the kernel's weights need.
        bias: what is added to every output channel of the weights, or one number for all.
        engine: what runs the correlation.
        check: run another engine too and compare.
        map, low, high: how results become samples; no map means the kernel's own, else ``clip``.
        depth: the output's samples, a key of `imgconv.words.choice.DEPTHS`; None keeps the input's.
        alpha: one of `imgconv.words.choice.ALPHAS`.
        gray: filter the luma by these coefficients, a key of `imgconv.image.colour.grey.LUMA`; None filters colours.
        channel: the channels that are filtered, of ``r``, ``g``, ``b``, ``a`` and ``luma`` with or without coefficients
            (``luma-709``); None means all.
        linear: filter in linear light.
        region: the part that is filtered, (x, y, width, height); None means all.
        mask: a file whose grey says how much of every pixel is filtered.
        orient: turn the image upright as its EXIF orientation says, else leave both as they are.
        strip: metadata that are left out: ``location`` for what tells of place, device and editing, ``all`` for
            everything, colour profile and resolution included.
        layout: one of `imgconv.words.choice.LAYOUTS`, for results of several channels.
        strict: fail where samples would be clipped.
        threads: at most so many; None means every core.
        overwrite: replace an existing output.
        format: the output's format in place of its suffix.
        compression, quality, subsampling: how to write it, as in `imgconv.image.model.Options`.
        frame: which frame or page, from 0; None for all.
        max_pixels: refuse larger inputs and results, where they are held whole; see `imgconv.image.read`.
        saves: numbers of layers, from 1, and the files that their results are written to as well.
    """

    kernel: AnyKernel | None = None
    pipeline: Pipeline | None = None
    volume: VolumeKernel | None = None
    gain: str = "raw"
    padding: Padding = INTERPOLATION
    border: Border | None = None
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    correlate: bool = False
    transposed: bool = False
    output_padding: tuple[int, int] | None = None
    groups: int | None = None
    bias: tuple[float, ...] = ()
    engine: str = DEFAULT_ENGINE
    check: bool = False
    map: str | None = None
    low: float | None = None
    high: float | None = None
    depth: str | None = None
    alpha: str = "auto"
    gray: str | None = None
    channel: tuple[str, ...] | None = None
    linear: bool = False
    region: tuple[int, int, int, int] | None = None
    mask: str | None = None
    orient: bool = True
    strip: str | None = None
    layout: str = "auto"
    strict: bool = False
    threads: int | None = None
    overwrite: bool = False
    format: str | None = None
    compression: int | None = None
    quality: int | None = None
    subsampling: str = "keep"
    frame: int | None = None
    max_pixels: int = MAX_PIXELS
    saves: tuple[tuple[int, str], ...] = ()

    def refuse(self) -> None:
        """Refuse what does not go together.

        Raises:
            OptionError: something does not.
        """
        values = {name: getattr(self, name) for name in self._fields}
        given = [name for name, value in values.items() if value != getattr(Request, name)]
        kernel = self.kernel if self.pipeline else self.kernel or self.volume
        refusals.refuse(values | {"kernel": kernel}, given)

    @property
    def options(self) -> Options:
        """How to write what comes out."""
        return Options(self.compression, self.quality, self.subsampling, strip_of(self.strip))


def rescaled(kernel: Rescaled, gain: str, map: str | None = None) -> Rescaled:
    """Return the kernel with its gain applied, for the map that was asked for.

    Raises:
        OptionError: the kernel has no such gain.
    """
    if gain == "raw":
        return kernel
    if not isinstance(kernel, (Kernel, Combined, VolumeKernel)):
        raise OptionError("gain", f"kernel '{kernel.name}' mixes channels; only raw is possible")
    try:
        return gains.rescaled(kernel, gain, map)
    except KernelValueError as error:
        raise OptionError("gain", str(error)) from None
