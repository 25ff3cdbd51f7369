"""The options that several commands share, each defined once."""

from __future__ import annotations

import click

from imgconv.cli.sections import OUTPUT, PART, RESULTS, F, section
from imgconv.cli.types import Attached, KindType, MemberType
from imgconv.image.limits.size import MAX_PIXELS, amount
from imgconv.image.model import STRIPS, SUBSAMPLINGS
from imgconv.registry import DEFAULT_ENGINE, ENGINES
from imgconv.system import cores
from imgconv.words.channel import CHANNELS, LUMA
from imgconv.words.choice import ALPHA, DEPTH, LAYOUT, choice
from imgconv.words.map import HELP, MAP, SPAN
from imgconv.words.number import NUMBER, PIXELS, WholeKind
from imgconv.words.region import REGION

engine = click.option(
    "--engine",
    type=MemberType(ENGINES),
    default=DEFAULT_ENGINE,
    show_default=True,
    help="What computes the correlations that filter every channel alike: one of these, or one that another package "
    "adds.",
)
mapping = click.option(
    "--map",
    "map",
    type=KindType(MAP),
    help=f"{HELP}. [default: the kernel's own, else clip; for a sheet of maps stretch, each on its own scale]",
)
vmin = click.option("--vmin", "low", type=KindType(NUMBER), help=f"The result that {SPAN} makes black.")
vmax = click.option("--vmax", "high", type=KindType(NUMBER), help=f"The result that {SPAN} makes white.")
gray = click.option(
    "--gray",
    "--grey",
    "gray",
    cls=Attached,
    bare="601",
    metavar=f"[={LUMA.metavar}]",
    type=KindType(LUMA),
    help="Filter the luma instead of the colours: by BT.601's coefficients, by BT.709's, or the plain average.",
)
layout = click.option(
    "--layout",
    type=KindType(LAYOUT),
    default="auto",
    show_default=True,
    help="What several channels become: a picture (4 of them as RGBA), or a sheet of grey maps side by side; auto "
    "takes 1 or 3, or as many as INPUT has, for colours.",
)
strict = click.option("--strict", is_flag=True, help="Fail, and write nothing, where samples would be clipped.")
depth = click.option("--depth", type=KindType(DEPTH), help="Bits of the output's samples. [default: kept]")
alpha = click.option(
    "--alpha",
    type=KindType(ALPHA),
    default="auto",
    show_default=True,
    help="Weight colours by alpha (auto: but not under a network's weights), keep it apart from them, filter it as a "
    "channel, or drop it.",
)


def _limit(ctx: click.Context, option: click.Parameter, threads: int | None) -> int | None:
    """Hold the codecs too to the threads asked for."""
    cores.limit(threads)
    return threads


channel = click.option(
    "--channel",
    type=KindType(CHANNELS),
    help="Filter these channels and leave the others as they are; luma, luma-709 or luma-average leaves the colours' "
    "differences.",
)
linear = click.option(
    "--linear", is_flag=True, help="Filter in linear light: sRGB samples are decoded before and coded again after."
)
region = click.option(
    "--region", type=KindType(REGION), help="Filter within this rectangle and leave the rest as it is."
)
mask = click.option(
    "--mask", metavar="FILE", help="Filter as much of every pixel as an image says: white all of it, black nothing."
)
orient = click.option(
    "--no-orient",
    "orient",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Filter the pixels as they are stored and pass the EXIF orientation on, instead of turning them upright.",
)
strip = click.option(
    "--strip",
    cls=Attached,
    bare="all",
    type=KindType(choice(*STRIPS)),
    metavar="[=all|location]",
    help="Leave out colour profile, EXIF, XMP, resolution and text; or with =location only what tells of place, device "
    "and editing: GPS and place names, serial numbers, maker notes, history.",
)
threads = click.option(
    "--threads",
    callback=_limit,
    type=KindType(WholeKind(least=1, most=1024)),
    help="Use at most N threads. [default: the cores this process may use]",
)
frame = click.option(
    "--frame",
    type=KindType(WholeKind(least=0, most=1 << 31)),
    help="Take frame or page N, from 0, of INPUT alone. [default: all of them]",
)
max_pixels = click.option(
    "--max-pixels",
    type=KindType(PIXELS),
    default=MAX_PIXELS,
    metavar="N",
    help="Refuse inputs and results of more pixels that would be held in memory whole: a small file may ask for any "
    "amount of it. What is held a frame or some rows at a time may have 100 times as many. As in 2G. "
    f"[default: {amount(MAX_PIXELS)}]",
)
overwrite = click.option("--overwrite", is_flag=True, help="Replace OUTPUT if it exists.")
compression = click.option(
    "--compression",
    type=KindType(WholeKind(least=0, most=9)),
    metavar="0..9",
    help="How hard to compress PNG, TIFF and WebP: 0 is fast, 9 is small. [default: what pays]",
)
quality = click.option(
    "--quality",
    type=KindType(WholeKind(least=1, most=100)),
    metavar="1..100",
    help="Quality of JPEG, and of WebP, which is lossless without. [default: a JPEG input's own quantisation, else 95]",
)
subsampling = click.option(
    "--subsampling",
    type=KindType(choice(*SUBSAMPLINGS)),
    default="keep",
    show_default=True,
    help="How much colour JPEG keeps beside brightness: what a JPEG input has, all, half or a quarter.",
)
target_format = click.option(
    "--format", "format", metavar="FORMAT", help="Write png, jpg, tif ... whatever OUTPUT's suffix says."
)
quiet = click.option("-q", "--quiet", is_flag=True, help="Print nothing.")

_RESULT = (
    section(PART, gray, channel, alpha, linear, region, mask, frame, orient, max_pixels),
    section(RESULTS, mapping, vmin, vmax, layout, strict, depth),
    section(OUTPUT, overwrite, target_format, compression, quality, subsampling, strip),
    threads,
)


def result(command: F) -> F:
    """Add the options that say what is taken of an image and how results are written.

    Their names are those of the fields of `imgconv.filtering.request.Request`.
    """
    for options in reversed(_RESULT):
        command = options(command)
    return command
