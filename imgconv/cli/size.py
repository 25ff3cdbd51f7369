"""``imgconv size``: output sizes of convolutions and poolings, with the arithmetic shown."""

from __future__ import annotations

from typing import Any

import click

from imgconv.calculator import Question, Size
from imgconv.cli import options
from imgconv.cli.types import SizeType
from imgconv.errors import OptionError
from imgconv.geometry import Padding


@click.command()
@click.argument("size", type=SizeType(), nargs=-1, required=True, metavar="SIZE...")
@click.option("-k", "--kernel", type=SizeType(), required=True, metavar="N|WxH", help="Taps of the kernel or window.")
@click.option(
    "-s",
    "--stride",
    type=SizeType(),
    metavar="N|WxH",
    help="Step between windows. [default: 1; with --pool the window]",
)
@options.padding(None)
@options.dilation
@click.option("--transposed", is_flag=True, help="A transposed convolution, which makes images larger.")
@click.option(
    "--output-padding",
    type=SizeType(least=0),
    metavar="N|WxH",
    help="Columns and rows added at the right and bottom of a transposed convolution's output.",
)
@click.option("--pool", is_flag=True, help="A pooling.")
@click.option("--ceil-mode", is_flag=True, help="Let the last window of a pooling hang over the right and bottom.")
@click.option(
    "--solve",
    type=SizeType(),
    metavar="N|WxH",
    help="List the strides and paddings that give this output size; options that are given stay as they are.",
)
@click.option("--compare", is_flag=True, help="Show what torch, TensorFlow, ONNX and Caffe make of these numbers.")
@click.option("--brief", is_flag=True, help="Print only the output size, one line for each SIZE.")
@options.as_json
def command(
    size: tuple[Size, ...],
    kernel: Size,
    stride: Size | None,
    padding: Padding | None,
    dilation: Size,
    transposed: bool,
    output_padding: Size | None,
    pool: bool,
    ceil_mode: bool,
    solve: Size | None,
    compare: bool,
    brief: bool,
    as_json: bool,
) -> None:
    """Work out output sizes and show the arithmetic.

    SIZE is WIDTHxHEIGHT, or N for a square. There is no padding unless --padding says so.

    \b
    Examples:
      imgconv size 224 -k 7 -s 2 --padding 3          a convolution
      imgconv size 112 --pool -k 3 -s 2 --ceil-mode   a pooling
      imgconv size 7 --transposed -k 4 -s 2 -p 1      a transposed convolution
      imgconv size 640x480 -k 3 --solve 320x240       which strides and paddings?
      imgconv size 224 -k 7 -s 2 -p same --compare    do the frameworks agree?
      imgconv size 640x480 320x240 -k 5 --json        for scripts: a list for several
    """  # noqa: D301
    _refuse(transposed and pool, "transposed", "there is no transposed pooling; drop --transposed or --pool")
    _refuse(ceil_mode and not pool, "ceil-mode", "only a pooling can round up; add --pool")
    _refuse(output_padding and not transposed, "output-padding", "only --transposed has it")
    _refuse(compare and solve, "compare", "--solve looks for options and --compare needs them; ask for one at a time")
    _refuse(brief and (compare or solve or as_json), "brief", "it prints one size, not --compare, --solve or --json")
    operation = "transposed" if transposed else "pooling" if pool else "convolution"
    question = Question(operation, kernel, stride, dilation, padding, output_padding, ceil_mode)
    if solve:
        from imgconv.solver import solve as solve_for  # most questions need neither module

        found = [solve_for(question, one, solve) for one in size]
        _print(as_json, [(one.to_json(), one.report()) for one in found])
    elif compare:
        from imgconv.frameworks import compare as ask_frameworks

        compared = [ask_frameworks(question, one) for one in size]
        _print(as_json, [(one.to_json(), one.report()) for one in compared])
    else:
        solved = [question.answer(one) for one in size]
        if brief:
            click.echo("\n".join(f"{one.width.output}x{one.height.output}" for one in solved))
        else:
            _print(as_json, [(question.to_json(one), question.report(one)) for one in solved])


def _refuse(wrong: object, option: str, problem: str) -> None:
    if wrong:
        raise OptionError(option, problem)


def _print(as_json: bool, answers: list[tuple[dict[str, Any], str]]) -> None:
    """Print every answer: JSON (a list if there are several) or blocks of lines with a blank line between."""
    if as_json:
        import json  # 2 ms that the report need not pay

        plain = [answer for answer, _ in answers]
        click.echo(json.dumps(plain if len(plain) > 1 else plain[0], indent=2))
    else:
        click.echo("\n\n".join(report for _, report in answers))
