"""``imgconv apply``: one image through one kernel, or through the layers of a pipeline."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TextIO

import click
from click.core import ParameterSource

from imgconv.border import Border
from imgconv.cli import options, printable
from imgconv.cli.types import NumberType, SizeType
from imgconv.errors import OptionError
from imgconv.geometry import Padding

if TYPE_CHECKING:
    from imgconv.apply import Report

STANDARD = "-"
"""The name of standard input and standard output."""

OF_KERNELS = {
    *("gain", "padding", "border", "stride", "dilation", "correlate", "transposed", "output_padding", "groups", "bias"),
    "check",
}
"""The options that say something of a single kernel."""


@click.command()
@click.argument("source", metavar="INPUT")
@click.argument("target", metavar="OUTPUT")
@options.kernel
@options.pipeline
@options.gain
@options.padding("interpolation")
@options.border
@options.stride
@options.dilation
@options.correlate
@click.option("--transposed", is_flag=True, help="Set copies of the kernel STRIDE apart, which makes the image larger.")
@click.option(
    "--output-padding",
    type=SizeType(least=0),
    metavar="N|WxH",
    help="Columns and rows added to a transposed convolution's result. [default: what the padding needs]",
)
@click.option(
    "--groups",
    type=NumberType(whole=True, least=1, most=1 << 20),
    metavar="N",
    help="Groups of channels, for weights (out, in/groups, rows, cols). [default: as many as the weights need]",
)
@click.option(
    "--bias", metavar="X,Y...|FILE", help="What is added to every output channel: a number, one for each, or a file."
)
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
    "--save-layer",
    "saves",
    multiple=True,
    metavar="N[=FILE]",
    help="Write the result of layer N too, to FILE or beside OUTPUT. May be given several times.",
)
@click.option(
    "--dry-run", is_flag=True, help="Show the plan and its arithmetic from the image's header; write nothing."
)
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    source: str,
    target: str,
    kernel: str | None,
    pipeline: str | None,
    padding: Padding,
    border: Border | None,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    mapping: str | None,
    vmin: float | None,
    vmax: float | None,
    transposed: bool,
    output_padding: tuple[int, int] | None,
    bias: str | None,
    saves: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **others: Any,
) -> None:
    """Filter the image INPUT with a kernel, or with a pipeline of layers, and write it to OUTPUT.

    Prints what was done: the kernel, the padding, the size of the output worked out with this image's numbers, the
    engine, and the range of the results with how many samples were clipped. '-' stands for standard input and
    standard output; the report then goes to standard error. A name that begins with '-' is written './-name'.

    KERNEL is a name ('imgconv kernels list' shows them), a name with parameters such as gaussian:sigma=2, a file
    (.yaml, .npy, .csv or a libvips .mat), "-" for YAML from standard input, or a matrix like "1,2,1;2,4,2;1,2,1/16".
    The kernel is convolved, that is rotated by 180 degrees and slid; --correlate slides it as written. Weights of a
    network, from .npy, .npz or .safetensors files (net.safetensors:conv1.weight), are slid as written.

    A result whose channels are no colours (neither 1, 3 nor 4) is written as an array to .npy, as pages to .tif, and
    as a sheet of tiles to any other format.

    \b
    Examples:
      imgconv apply photo.jpg edges.png -k sobel
      imgconv apply photo.jpg soft.jpg -k gaussian:sigma=2 --padding same --border reflect
      imgconv apply scan.tif gradient.tif -k sobel-x --map float
      imgconv apply photo.png half.png -k box:size=2 --stride 2 --padding valid
      imgconv apply photo.jpg large.png -k bilinear --transposed --stride 2
      imgconv apply photo.jpg maps.png --pipeline layers.yaml --save-layer 1=first.png
      imgconv apply photo.png - -k sharpen --format png | imgconv apply - out.png -k emboss
    """  # noqa: D301
    _refuse_clashes(source, target, kernel or pipeline or "", others["format"], dry_run)
    if (kernel is None) == (pipeline is None):
        _refuse_choice(ctx, kernel)
    if pipeline is not None:
        for name in ctx.params:
            if name in OF_KERNELS and ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE:
                raise OptionError(
                    name.replace("_", "-"), "it goes with --kernel; in a pipeline every layer says its own"
                )
    elif saves:
        raise OptionError("save-layer", "it goes with --pipeline; a kernel is but one layer")
    if transposed and border is not None:
        raise OptionError("border", "a transposed convolution adds nothing around the image that a border could fill")
    if output_padding is not None and not transposed:
        raise OptionError("output-padding", "only --transposed has it")
    if others["check"] and transposed:
        raise OptionError("check", "a transposed convolution is computed alike by both engines")
    # While one thread decodes, this one imports NumPy and the rest, which are of no use to --help.
    from imgconv.image.reader import begin

    reading = None if dry_run or source == STANDARD else begin(source)
    with reading or nullcontext():
        from imgconv.apply import Request, apply

        request = Request(
            **_layers(kernel, pipeline, bias, saves, target),
            padding=padding,
            border=border,
            stride=stride,
            dilation=dilation,
            map=mapping,
            low=vmin,
            high=vmax,
            transposed=transposed,
            output_padding=output_padding,
            **others,
        )
        report = apply(
            request,
            reading or (sys.stdin.buffer if source == STANDARD else source),
            sys.stdout.buffer if target == STANDARD else target,
            dry_run=dry_run,
        )
    if not quiet:
        print_report(report, as_json, to_stderr=target == STANDARD and not dry_run)


def _refuse_choice(ctx: click.Context, kernel: str | None) -> None:
    """Refuse to go on with both a kernel and a pipeline, or neither."""
    if kernel is not None:
        raise OptionError("pipeline", "it stands in place of --kernel; leave one of them out")
    raise click.MissingParameter(ctx=ctx, param=next(one for one in ctx.command.params if one.name == "kernel"))


def _layers(
    kernel: str | None, pipeline: str | None, bias: str | None, saves: tuple[str, ...], target: str
) -> dict[str, Any]:
    """Return the fields of a request that say what is to be done."""
    if pipeline is None:
        from imgconv.library import kernel as find_kernel

        return {"kernel": find_kernel(kernel or ""), "bias": _numbers(bias) if bias else ()}
    from imgconv.pipelinefile import load

    return {"pipeline": load(pipeline), "saves": tuple(_save(word, target) for word in saves)}


def _numbers(text: str) -> tuple[float, ...]:
    """Read numbers separated by commas, or those in a file."""
    from imgconv.fields import Wrong, read
    from imgconv.weightfile import is_spec

    try:
        values: tuple[float, ...] = read("Numbers", text if is_spec(text) else text.split(","), "")
    except Wrong as wrong:
        raise OptionError("bias", wrong.problem) from None
    return values


def _save(word: str, target: str) -> tuple[int, str]:
    """Read ``N`` or ``N=FILE``; without a file it is OUTPUT with ``-layerN`` before its suffix."""
    number, equals, file = word.partition("=")
    if not number.isdigit() or len(number) > 6 or (equals and not file):
        raise OptionError("save-layer", f"'{word}' is neither N nor N=FILE, as in 2 or 2=edges.png")
    if not file and target == STANDARD:
        raise OptionError("save-layer", f"name a file for layer {number}, as in {number}=edges.png")
    stem, dot, suffix = target.rpartition(".")
    return int(number), file or (f"{stem}-layer{number}{dot}{suffix}" if dot else f"{target}-layer{number}")


def _refuse_clashes(source: str, target: str, kernel: str, format: str | None, dry_run: bool) -> None:
    """Refuse what cannot work before anything is imported or read."""
    if source == STANDARD and kernel.strip() == STANDARD:
        raise OptionError("kernel", "standard input cannot be both the image and the kernel; name a file for one")
    refuse_streams(source, target, format, dry_run)


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


def print_report(report: Report, as_json: bool, *, to_stderr: bool) -> None:
    """Print a report in words or as JSON."""
    from imgconv import report as reports

    if as_json:
        import json  # a report in words need not wait for it

        click.echo(json.dumps(reports.to_json(report), allow_nan=False), err=to_stderr)
    else:
        click.echo("\n".join(map(printable, reports.lines(report))), err=to_stderr)
