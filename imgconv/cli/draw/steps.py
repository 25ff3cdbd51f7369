"""``imgconv draw steps``: a window that slides, step by step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from imgconv.cli import options, sliding
from imgconv.cli.draw import FIGURE, drawing, finish, place
from imgconv.cli.kernels import KernelCommand
from imgconv.cli.sections import KERNEL, PART, Sectioned, section
from imgconv.cli.types import KindType
from imgconv.errors import OptionError
from imgconv.words.number import WholeKind
from imgconv.words.pair import EXTRA, PAIR

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from imgconv.layers import Layer

MIDDLE = 8
"""The side of the part that is drawn of a picture too large for it."""

SIZE = r"\d{1,6}(?:[xX]\d{1,6})?"


class StepsCommand(Sectioned, KernelCommand):
    """A command with its options under headings, whose kernel may begin with a minus sign."""


@click.command(cls=StepsCommand)
@click.argument("source", metavar="INPUT|N|WxH")
@section(
    KERNEL,
    click.option(
        "-k", "--kernel", default="3", show_default=True, metavar="N|WxH|KERNEL", help="The window, or a kernel."
    ),
    sliding.stride,
    sliding.padding("valid"),
    sliding.border,
    sliding.dilation,
    click.option("--transposed", is_flag=True, help="A transposed convolution, drawn with zeros between the samples."),
    click.option("--output-padding", type=KindType(EXTRA), help="Columns and rows added to its result."),
    click.option("--max", "method", flag_value="max", help="A pooling that takes the largest sample of every window."),
    click.option("--mean", "method", flag_value="mean", help="A pooling that takes the mean."),
    click.option("--min", "method", flag_value="min", help="A pooling that takes the smallest sample."),
    click.option("--ceil-mode", is_flag=True, help="Let the last windows of a pooling hang over the right and bottom."),
    click.option("--channels", type=KindType(WholeKind(least=1, most=6)), help="Of the input. [default: 1]"),
    click.option("--outputs", type=KindType(WholeKind(least=1, most=6)), help="Output channels."),
    click.option("--groups", type=KindType(WholeKind(least=1, most=6)), help="Groups of channels."),
    sliding.correlate,
)
@section(PART, options.region, options.max_pixels)
@section(
    FIGURE,
    click.option("--sheet", is_flag=True, help="Draw the steps side by side, as a figure for print."),
    click.option(
        "--every",
        type=KindType(WholeKind(least=1, most=1 << 20)),
        default="1",
        metavar="N",
        help="Draw every Nth step.",
    ),
    click.option(
        "--duration",
        type=KindType(WholeKind(least=20, most=60000)),
        metavar="MS",
        help="How long a step is shown. [default: 600]",
    ),
)
@drawing
def command(source: str, **asked: Any) -> None:
    """Draw a window that slides over an image: what it holds, the products, and the output that fills up.

    INPUT is an image, of which --region says the part (else the middle is taken of a large one), or a size, which is
    filled with small numbers. The kernel is the size of a window, filled likewise, or any kernel that 'imgconv apply'
    takes. Windows are slid as written; a named kernel is turned by 180 degrees unless --correlate says otherwise. The
    output's suffix says the animation's format, .gif, .png (APNG) or .webp; --sheet draws a figure, .png, .svg or .pdf.

    \b
    Examples:
      imgconv draw steps 5x5 -k 3 -s 2 --padding 1 -o strides.gif
      imgconv draw steps 7 -k 3 --dilation 2 -o dilation.png
      imgconv draw steps 3x3 -k 3 -s 2 --padding 1 --transposed -o transposed.gif
      imgconv draw steps 6x6 -k 2 -s 2 --max --sheet -o pooling.pdf
      imgconv draw steps photo.png --region 40,30,8x6 -k sobel-x -o sobel.gif
      imgconv draw steps 4x4 --channels 4 --outputs 4 --groups 2 -o grouped.gif
    """  # noqa: D301
    from imgconv.figures import draw_steps
    from imgconv.figures.steps import DURATION

    if asked["sheet"] and asked["duration"] is not None:
        raise OptionError("duration", "a sheet does not move; leave it or --sheet out")
    if asked["cmap"]:
        raise OptionError("cmap", "the cells of steps have colours of their own, which say what they are")
    if not asked["sheet"] and asked["title"]:
        raise OptionError("title", "an animation has none; it goes with --sheet")
    if not asked["sheet"] and asked["dpi"]:
        raise OptionError("dpi", "an animation is measured in pixels; it goes with --sheet")
    place(asked, moves=not asked["sheet"])
    pixels, notes = _input(source, asked)
    drawn = draw_steps(
        pixels,
        _layer(pixels.shape[2], asked),
        sheet=asked["sheet"],
        every=asked["every"],
        duration=asked["duration"] or DURATION,
        title=asked["title"],
    )
    finish(drawn, asked, notes=notes)


def _input(source: str, asked: dict[str, Any]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the samples that are drawn, (rows, cols, channels), and notes."""
    from imgconv.figures.steps import MOST_CELLS, example

    if re.fullmatch(SIZE, source):
        if asked["region"]:
            raise OptionError("region", "it is the part of an image; a size has none")
        width, height = PAIR.argument("INPUT", source)
        if max(width, height) > MOST_CELLS:
            raise OptionError("INPUT", f"{width}x{height} cells are more than {MOST_CELLS} a side")
        return example(width, height, asked["channels"] or 1), ()
    if asked["channels"]:
        raise OptionError("channels", "an image has its own; it goes with a size")
    from imgconv.image import read

    image = read(source, max_pixels=asked["max_pixels"])
    pixels = image.pixels[:, :, :-1] if image.alpha else image.pixels
    notes = ("alpha is left out",) * image.alpha
    rows, cols = pixels.shape[:2]
    left, top, width, height = asked["region"] or (0, 0, cols, rows)
    if asked["region"] and not (left >= 0 and top >= 0 and left + width <= cols and top + height <= rows):
        raise OptionError(
            "region", f"{left},{top},{width}x{height} does not lie within {source}, which is {cols}x{rows}"
        )
    if not asked["region"] and max(rows, cols) > MOST_CELLS:
        width, height = min(cols, MIDDLE), min(rows, MIDDLE)
        left, top = (cols - width) // 2, (rows - height) // 2
        notes += (f"the middle {width}x{height} of {cols}x{rows} pixels is drawn; --region takes another part",)
    part = pixels[top : top + height, left : left + width]
    return part.astype("float64"), notes


def _layer(channels: int, asked: dict[str, Any]) -> Layer:
    """Return the layer that the options say."""
    from imgconv.border import Border
    from imgconv.layers.pool import Pool
    from imgconv.layers.transposed import Transposed
    from imgconv.pipeline.run import layer_for

    padding, border, method = asked["padding"], asked["border"], asked["method"]
    sized = re.fullmatch(SIZE, asked["kernel"].strip())
    if method:
        if not sized:
            raise OptionError("kernel", f"a pooling has a window, as in -k 2 or -k 3x2, not {asked['kernel'][:40]!r}")
        for name in ("transposed", "outputs", "groups", "correlate", "output_padding"):
            if asked[name]:
                raise OptionError(name.replace("_", "-"), f"a pooling has none; leave it or --{method} out")
        windows: dict[str, Any] = {method: PAIR.argument("kernel", asked["kernel"])}
        return Pool(
            **windows,
            stride=asked["stride"],
            padding=padding,
            dilation=asked["dilation"],
            ceil_mode=asked["ceil_mode"],
            border=border,
        )
    if asked["ceil_mode"]:
        raise OptionError("ceil-mode", "only a pooling can round up; --max, --mean or --min makes one")
    kernel = _kernel(channels, sized is not None, asked)
    if asked["transposed"]:
        if border is not None:
            raise OptionError(
                "border", "a transposed convolution adds nothing around the image that a border could fill"
            )
        return Transposed(
            kernel,
            asked["stride"],
            padding,
            asked["output_padding"],
            asked["dilation"],
            asked["correlate"],
            asked["groups"],
        )
    if asked["output_padding"]:
        raise OptionError("output-padding", "only --transposed has it")
    filled = border or Border(padding.border)
    made = layer_for(kernel, padding, filled, asked["stride"], asked["dilation"], asked["correlate"])
    return made.replace(groups=asked["groups"]) if asked["groups"] else made


def _kernel(channels: int, sized: bool, asked: dict[str, Any]) -> Any:
    """Return the kernel: weights of a window's size, or one of the library's forms."""
    from imgconv.figures.steps import example_taps
    from imgconv.kernels.library import kernel
    from imgconv.kernels.value import Learned
    from imgconv.sizes.chain import check_groups

    if not sized:
        if asked["outputs"]:
            raise OptionError("outputs", "a kernel filters every channel alike; it goes with the size of a window")
        return kernel(asked["kernel"])
    width, height = PAIR.argument("kernel", asked["kernel"])
    made = asked["outputs"] or (channels if asked["groups"] else 1)
    groups = asked["groups"] or 1
    check_groups(channels, made, groups)
    if asked["transposed"]:
        weights = example_taps(width, height, channels, made // groups)
    else:
        weights = example_taps(width, height, made, channels // groups)
    return Learned(name=f"{width}x{height}", weights=weights)
