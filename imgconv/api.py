"""The functions that ``import imgconv`` offers, besides those of the image files and the kernel library."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgconv import engines, geometry
from imgconv.border import Border
from imgconv.errors import OptionError
from imgconv.geometry import Padding
from imgconv.kernels.library import kernel as find_kernel
from imgconv.kernels.value import AnyKernel
from imgconv.pipeline.run import Pipeline, layer_for
from imgconv.pipeline.target import Target, float_for
from imgconv.words.arguments import checked
from imgconv.words.arguments import numbers as check_numbers
from imgconv.words.border import BORDER
from imgconv.words.padding import PADDING
from imgconv.words.pair import per_axis

if TYPE_CHECKING:
    from imgconv.image import Image

Numbers = int | tuple[int, int]
Sides = str | int | tuple[int, ...] | Padding


@checked
def convolve(
    image: ArrayLike | Image,
    kernel: str | ArrayLike | AnyKernel,
    *,
    padding: Sides = "same",
    border: str | Border | None = None,
    stride: Numbers = 1,
    dilation: Numbers = 1,
    correlate: bool = False,
    engine: str = engines.DEFAULT,
    threads: int | None = None,
    map: str | None = None,
) -> NDArray[Any]:
    """Convolve an image with a kernel, every channel alike.

    Args:
        image: (rows, cols) or (rows, cols, channels), uint8, uint16, float16, float32 or float64; other types are
            converted if that changes no value. Alpha is a channel like any other here.
        kernel: a spec such as ``"sobel-x"``, ``"gaussian:sigma=2"`` or ``"1,0,-1"``, a matrix, or a Kernel.
        padding: ``valid``, ``same``, ``interpolation``, ``full``, a number, (rows, cols) or
            (left, top, right, bottom).
        border: ``zero``, ``edge``, ``symmetric``, ``reflect``, ``wrap`` or ``constant:VALUE``; None means ``zero``,
            or ``edge`` for the padding ``interpolation``.
        stride, dilation: a number or (rows, cols).
        correlate: slide the kernel as it is written instead of rotated by 180 degrees.
        engine: ``builtin``, ``scipy`` or one that another package adds.
        threads: at most so many; None means every core that this process may use.
        map: None for the results themselves, float32 (float64 for float64 images); ``clip``, ``abs``, ``offset`` or
            ``stretch`` for samples of the image's own type, rounded half away from zero; an angle's 0..360 degrees
            fill the type's range.

    Returns:
        An array of (rows, cols), or (rows, cols, channels) if the image had channels.

    Raises:
        SizeError: the kernel is larger than the padded image.
        OptionError: an argument makes no sense.

    >>> import numpy as np
    >>> convolve(np.eye(3), "1,2,3;4,5,6;7,8,9", padding="valid")
    array([[15.]])
    >>> convolve(np.full((4, 6), 9, np.uint8), "box:size=3", border="edge", map="clip").dtype
    dtype('uint8')
    """
    sides: Padding = PADDING.argument("padding", padding)
    layer = layer_for(
        find_kernel(kernel),
        sides,
        border_of(border, sides),
        pair("stride", stride),
        pair("dilation", dilation),
        correlate,
    )
    return _run(Pipeline((layer,)), image, engine, threads, map)


@checked
def run_pipeline(
    image: ArrayLike | Image,
    pipeline: str | os.PathLike[str] | Pipeline,
    *,
    engine: str = engines.DEFAULT,
    threads: int | None = None,
    map: str | None = None,
) -> NDArray[Any]:
    """Run an image through the layers of a pipeline.

    Args:
        image, threads, map: as in `convolve`.
        pipeline: a YAML file, or a `Pipeline` of layers.
        engine: what runs the correlations that filter every channel alike.

    Returns:
        An array of (rows, cols, channels), or (rows, cols) if image and result have one channel without an axis.

    Raises:
        PipelineFileError: the file is no list of layers.
        LayerError: a layer cannot be; it says which.

    >>> import numpy as np
    >>> from imgconv.layers.pool import Pool
    >>> run_pipeline(np.arange(16, dtype=np.uint8).reshape(4, 4), Pipeline((Pool(max=(2, 2)),)))
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """
    if not isinstance(pipeline, Pipeline):
        from imgconv.pipeline.file import load

        pipeline = load(os.fspath(pipeline))
    return _run(pipeline, image, engine, threads, map)


def _run(
    pipeline: Pipeline, image: ArrayLike | Image, engine: str, threads: int | None, map: str | None
) -> NDArray[Any]:
    """Run an array through a pipeline; the rest is as in `convolve`."""
    from imgconv.image.model import supported

    try:
        pixels = np.asarray(image)
    except Exception:  # whatever an object that poses as an array does
        raise OptionError("image", "it is no array of numbers with rows of one length") from None
    if pixels.ndim not in (2, 3) or pixels.size == 0:
        raise OptionError("image", f"an array of shape {pixels.shape} is not (rows, cols[, channels])")
    try:
        pixels, _ = supported(pixels)
    except ValueError as error:
        raise OptionError("image", str(error)) from None
    kind = pixels.dtype if map not in (None, "float") else float_for(pixels.dtype)
    target = Target.of(pipeline.layers[-1], map, kind).replace(watched=False)
    planes = pixels if pixels.ndim == 3 else pixels[:, :, None]
    result = pipeline.run(planes, engines.get(engine), target, threads=threads).samples
    return result[:, :, 0] if pixels.ndim == 2 and result.shape[2] == 1 else result


@checked
def output_size(
    size: Numbers,
    kernel: Numbers,
    *,
    padding: Sides = "valid",
    stride: Numbers | None = None,
    dilation: Numbers = 1,
    pool: bool = False,
    ceil_mode: bool = False,
    transposed: bool = False,
    output_padding: Numbers = 0,
) -> tuple[int, int]:
    """Return the (rows, cols) that a convolution, pooling or transposed convolution makes of `size`.

    Args:
        size, kernel, dilation, output_padding: a number or (rows, cols).
        padding: as in `convolve`.
        stride: a number or (rows, cols); None means 1, or the window of a pooling.
        pool, ceil_mode: a pooling, which may round up.
        transposed: a transposed convolution.

    Raises:
        SizeError: the size is impossible.
        OptionError: an argument makes no sense.

    >>> output_size(224, 7, stride=2, padding=3)
    (112, 112)
    >>> output_size((7, 9), 4, stride=2, padding=1, transposed=True)
    (14, 18)
    """
    if pool and transposed:
        raise OptionError("pool", "there is no transposed pooling")
    if ceil_mode and not pool:
        raise OptionError("ceil_mode", "only a pooling can round up")
    lengths, taps, sides = pair("size", size), pair("kernel", kernel), PADDING.argument("padding", padding)
    step = pair("stride", (kernel if pool else 1) if stride is None else stride)
    apart = pair("dilation", dilation)
    if transposed:
        extra = pair("output_padding", output_padding, least=0)
        extent = geometry.transposed_extent(
            lengths, taps, padding=sides, stride=step, dilation=apart, output_padding=extra
        )
    elif pool:
        extent = geometry.pooled_extent(lengths, taps, padding=sides, stride=step, dilation=apart, ceil_mode=ceil_mode)
    else:
        extent = geometry.extent(lengths, taps, padding=sides, stride=step, dilation=apart)
    width, height = extent.output
    return height, width


def border_of(value: str | Border | None, padding: Padding) -> Border:
    """Return a border from its words; None means what `padding` implies."""
    return Border(padding.border) if value is None else BORDER.argument("border", value)


def pair(name: str, value: Numbers, least: int = 1) -> tuple[int, int]:
    """Return (width, height) from a number or (rows, cols) of at least `least`."""
    check_numbers(name, value)
    rows, cols = per_axis(2, least, floats=True).argument(name, value)
    return cols, rows
