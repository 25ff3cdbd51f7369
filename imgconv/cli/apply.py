"""``imgconv apply``: one image through one kernel."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

from imgconv.border import Border
from imgconv.cli import options, printable
from imgconv.errors import OptionError
from imgconv.geometry import Padding

if TYPE_CHECKING:
    from imgconv.apply import Report

STANDARD = "-"
"""The name of standard input and standard output."""


@click.command()
@click.argument("source", metavar="INPUT")
@click.argument("target", metavar="OUTPUT")
@options.kernel
@options.gain
@options.padding("interpolation")
@options.border
@options.stride
@options.dilation
@options.correlate
@options.engine
@click.option("--check", is_flag=True, help="Run the other engine too, compare, and fail if they disagree.")
@options.mapping
@options.vmin
@options.vmax
@click.option("--strict", is_flag=True, help="Fail, and write nothing, where samples would be clipped.")
@options.gray
@options.depth
@options.alpha
@options.threads
@options.overwrite
@click.option("--format", "format", metavar="FORMAT", help="Write png, jpg, tif ... whatever OUTPUT's suffix says.")
@options.compression
@click.option(
    "--dry-run", is_flag=True, help="Show the plan and its arithmetic from the image's header; write nothing."
)
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
def command(
    source: str,
    target: str,
    kernel: str,
    padding: Padding,
    border: Border | None,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    mapping: str | None,
    vmin: float | None,
    vmax: float | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **others: Any,
) -> None:
    """Filter the image INPUT with a kernel and write it to OUTPUT.

    Prints what was done: the kernel, the padding, the size of the output worked out with this image's numbers, the
    engine, and the range of the results with how many samples were clipped. '-' stands for standard input and
    standard output; the report then goes to standard error. A name that begins with '-' is written './-name'.

    KERNEL is a name ('imgconv kernels list' shows them), a name with parameters such as gaussian:sigma=2, a file
    (.yaml, .npy, .csv or a libvips .mat), "-" for YAML from standard input, or a matrix like "1,2,1;2,4,2;1,2,1/16".
    The kernel is convolved, that is rotated by 180 degrees and slid; --correlate slides it as written.

    \b
    Examples:
      imgconv apply photo.jpg edges.png -k sobel
      imgconv apply photo.jpg soft.jpg -k gaussian:sigma=2 --padding same --border reflect
      imgconv apply scan.tif gradient.tif -k sobel-x --map float
      imgconv apply photo.png half.png -k box:size=2 --stride 2 --padding valid
      imgconv apply photo.png - -k sharpen --format png | imgconv apply - out.png -k emboss
    """  # noqa: D301
    _refuse_clashes(source, target, kernel, others["format"], dry_run)
    from imgconv.apply import Request, apply  # numpy and the rest are of no use to --help
    from imgconv.library import kernel as find_kernel

    request = Request(
        kernel=find_kernel(kernel),
        padding=padding,
        border=border,
        stride=stride,
        dilation=dilation,
        map=mapping,
        low=vmin,
        high=vmax,
        **others,
    )
    report = apply(
        request,
        sys.stdin.buffer if source == STANDARD else source,
        sys.stdout.buffer if target == STANDARD else target,
        dry_run=dry_run,
    )
    if not quiet:
        _print(report, as_json, to_stderr=target == STANDARD and not dry_run)


def _refuse_clashes(source: str, target: str, kernel: str, format: str | None, dry_run: bool) -> None:
    """Refuse what cannot work before anything is imported or read."""
    for name, value in (("INPUT", source), ("OUTPUT", target)):
        if not value:
            raise OptionError(name, "the file's name is empty")
    if source == STANDARD and kernel.strip() == STANDARD:
        raise OptionError("kernel", "standard input cannot be both the image and the kernel; name a file for one")
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


def _print(report: Report, as_json: bool, *, to_stderr: bool) -> None:
    from imgconv import report as reports

    if as_json:
        import json  # a report in words need not wait for it

        click.echo(json.dumps(reports.to_json(report), allow_nan=False), err=to_stderr)
    else:
        click.echo("\n".join(map(printable, reports.lines(report))), err=to_stderr)
