"""``imgconv pool``: one image through a pooling."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from imgconv.border import Border
from imgconv.cli import options, showing, sliding
from imgconv.cli.apply import STANDARD, print_report, prints_image, refuse_streams
from imgconv.cli.sections import F, Sectioned, section
from imgconv.cli.types import KindType
from imgconv.errors import OptionError
from imgconv.geometry import Padding
from imgconv.words.border import BORDER
from imgconv.words.pair import PAIR

Size = tuple[int, int]


def _window(name: str, what: str) -> Callable[[F], F]:
    return click.option(f"--{name}", type=KindType(PAIR), help=f"Take the {what} of every window.")


@click.command(cls=Sectioned)
@click.argument("source", metavar="INPUT")
@click.argument("target", metavar="OUTPUT")
@section(
    "Windows",
    _window("max", "largest sample"),
    _window("mean", "mean"),
    _window("min", "smallest sample"),
    click.option("-s", "--stride", type=KindType(PAIR), help="Step between windows. [default: the window]"),
    sliding.padding("valid"),
    click.option(
        "-b",
        "--border",
        type=KindType(BORDER),
        metavar="BORDER",
        help=f"{BORDER.help}. [default: what no window takes, and zeros for means]",
    ),
    sliding.dilation,
    click.option("--ceil-mode", is_flag=True, help="Let the last windows hang over the right and the bottom."),
)
@options.result
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show the arithmetic from the image's header, which does not foresee damaged pixels; write nothing.",
)
@showing.option
@sliding.as_json
@options.quiet
def command(
    source: str,
    target: str,
    max: Size | None,
    mean: Size | None,
    min: Size | None,
    stride: Size | None,
    padding: Padding,
    border: Border | None,
    dilation: Size,
    ceil_mode: bool,
    dry_run: bool,
    show: bool,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> None:
    """Make one pixel of every window of the image INPUT and write the result to OUTPUT.

    One of --max, --mean and --min says the window's size and what is taken of it; sizes are those of torch's MaxPool2d
    and AvgPool2d. There is no padding unless --padding says so; without a --border no window takes it, and means count
    it as zeros.

    \b
    Examples:
      imgconv pool photo.jpg half.jpg --mean 2
      imgconv pool photo.jpg bright.png --max 3 --stride 1 --padding interpolation
      imgconv pool photo.jpg small.png --max 3 --stride 2 --padding 1 --ceil-mode
    """  # noqa: D301
    windows: dict[str, Any] = {name: size for name, size in (("max", max), ("mean", mean), ("min", min)) if size}
    if len(windows) != 1:
        given = f"{' and '.join(windows)} are given" if windows else "none is given"
        raise OptionError(list(windows)[1] if windows else "max", f"one of --max, --mean and --min is needed; {given}")
    refuse_streams(source, target, asked["format"], dry_run)
    showing.refuse(show, as_json=as_json, dry_run=dry_run)
    from imgconv.cli.meter import Meter
    from imgconv.filtering.apply import apply  # numpy and the rest are of no use to --help
    from imgconv.filtering.request import Request
    from imgconv.layers.pool import Pool
    from imgconv.pipeline.run import Pipeline

    pool = Pool(**windows, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode, border=border)
    with Meter(quiet=quiet) as meter:
        report = apply(
            Request(pipeline=Pipeline((pool,)), **asked),
            sys.stdin.buffer if source == STANDARD else source,
            sys.stdout.buffer if target == STANDARD else target,
            dry_run=dry_run,
            progress=meter.listener,
        )
    if not quiet:
        print_report(report, as_json, to_stderr=not dry_run and prints_image(target))
    if show and target != STANDARD:
        showing.print_file(target, asked["max_pixels"])
