"""``imgconv apply``: one image through one kernel, or through the layers of a pipeline."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TextIO

import click

from imgconv.cli import filtering, options, printable, showing, sliding
from imgconv.cli.sections import OUTPUT, Sectioned, section
from imgconv.errors import OptionError, quoted

if TYPE_CHECKING:
    from imgconv.filtering.outcome import Report

STANDARD = "-"
"""The name of standard input and standard output."""


@click.command(cls=Sectioned)
@click.argument("source", metavar="INPUT")
@click.argument("target", metavar="OUTPUT")
@filtering.filtering
@section(
    OUTPUT,
    click.option(
        "--save-layer",
        "saves",
        multiple=True,
        metavar="N[=FILE]",
        help="Write the result of layer N too, to FILE or beside OUTPUT. May be given several times.",
    ),
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show the plan and its arithmetic from the image's header; write nothing. What only the pixels show, such as "
    "damage and clipped samples, is not foreseen.",
)
@showing.option
@sliding.as_json
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    /,
    source: str,
    target: str,
    saves: tuple[str, ...],
    dry_run: bool,
    show: bool,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> None:
    """Filter the image INPUT with a kernel, or with a pipeline of layers, and write it to OUTPUT.

    Prints what was done: the kernel, the padding, the size of the output worked out with this image's numbers, the
    engine, and the range of the results with how many samples were clipped. '-' stands for standard input and
    standard output; the report then goes to standard error. A name that begins with '-' is written './-name'.

    KERNEL is a name ('imgconv kernels list' shows them), a name with parameters such as gaussian:sigma=2, a file
    (.yaml, .npy, .csv or a libvips .mat), "-" for YAML from standard input, or a matrix like "1,2,1;2,4,2;1,2,1/16".
    The kernel is convolved, that is rotated by 180 degrees and slid; --correlate slides it as written. Weights of a
    network, from .npy, .npz or .safetensors files (net.safetensors:conv1.weight), are slid as written.

    Results whose channels are no colours are written as an array to .npy, as pages to .tif, and to any other format as
    a sheet of grey maps, each on a scale of its own unless --map, --vmin or --vmax says otherwise. Colours are 1 or 3
    channels, or as many as INPUT has, and four where --layout picture says so.

    \b
    Examples:
      imgconv apply photo.jpg edges.png -k sobel
      imgconv apply photo.jpg soft.jpg -k gaussian:sigma=2 --padding same --border reflect
      imgconv apply scan.tif gradient.tif -k sobel-x --map float
      imgconv apply photo.png half.png -k box:size=2 --stride 2 --padding valid
      imgconv apply photo.jpg large.png -k bilinear --transposed --stride 2
      imgconv apply stack.tif soft.tif -k gaussian:sigma=2 --volume
      imgconv apply photo.jpg maps.png --pipeline layers.yaml --save-layer 1=first.png
      imgconv apply photo.png - -k sharpen --format png | imgconv apply - out.png -k emboss
    """  # noqa: D301
    if source == STANDARD and (asked["kernel"] or asked["pipeline"] or "").strip() == STANDARD:
        raise OptionError("kernel", "standard input cannot be both the image and the kernel; name a file for one")
    refuse_streams(source, target, asked["format"], dry_run)
    showing.refuse(show, as_json=as_json, dry_run=dry_run)
    filtering.refuse(ctx)
    # While one thread decodes, this one imports NumPy and the rest, which are of no use to --help.
    from imgconv.image.ahead import begin

    reading = None if dry_run or source == STANDARD else begin(source, asked["max_pixels"])
    from imgconv.cli.meter import Meter

    with reading or nullcontext(), Meter(quiet=quiet) as meter:
        from imgconv.filtering.apply import apply

        request = filtering.request(asked, saves=tuple(_save(word, target) for word in saves))
        report = apply(
            request,
            reading or (sys.stdin.buffer if source == STANDARD else source),
            sys.stdout.buffer if target == STANDARD else target,
            dry_run=dry_run,
            progress=meter.listener,
        )
    if not quiet:
        print_report(
            report, as_json, to_stderr=not dry_run and prints_image(target, *(file for _, file in request.saves))
        )
    if show and target != STANDARD:
        showing.print_file(target, asked["max_pixels"])


def _save(word: str, target: str) -> tuple[int, str]:
    """Read ``N`` or ``N=FILE``; without a file it is OUTPUT with ``-layerN`` before its suffix."""
    number, equals, file = word.partition("=")
    if not number.isdigit() or len(number) > 6 or (equals and not file):
        raise OptionError("save-layer", f"{quoted(word)} is neither N nor N=FILE, as in 2 or 2=edges.png")
    if not file and target == STANDARD:
        raise OptionError("save-layer", f"name a file for layer {number}, as in {number}=edges.png")
    stem, dot, suffix = target.rpartition(".")
    return int(number), file or (f"{stem}-layer{number}{dot}{suffix}" if dot else f"{target}-layer{number}")


def refuse_streams(source: str, target: str, format: str | None, dry_run: bool) -> None:
    """Refuse files without a name, and standard streams that no image can go through."""
    for name, value in (("INPUT", source), ("OUTPUT", target)):
        if not value:
            raise OptionError(name, "the file's name is empty")
    if source == STANDARD and (fault := _unusable(sys.stdin)):
        raise OptionError("INPUT", f"standard input is {fault}; pipe an image into it or name a file")
    if target == STANDARD and not format:
        raise OptionError("format", "standard output has no suffix; say --format png, or another format")
    if target == STANDARD and not dry_run and (fault := _unusable(sys.stdout)):
        raise OptionError("OUTPUT", f"standard output is {fault}; pipe it into a program or name a file")


def _unusable(stream: TextIO | None) -> str:
    """Say why no image can go through a standard stream, or nothing."""
    if stream is None:  # which typeshed does not know of
        return "closed"
    return "a terminal" if stream.isatty() else ""


def prints_image(*targets: str) -> bool:
    """Whether an image goes to standard output, where no report may get into it."""
    from imgconv.image.files import is_standard_output

    return any(target == STANDARD or is_standard_output(target) for target in targets)


def print_report(report: Report, as_json: bool, *, to_stderr: bool) -> None:
    """Print a report in words or as JSON."""
    from imgconv.filtering import report as reports

    if as_json:
        import json  # a report in words need not wait for it

        click.echo(json.dumps(reports.to_json(report), allow_nan=False), err=to_stderr)
    else:
        click.echo("\n".join(map(printable, reports.lines(report))), err=to_stderr)
