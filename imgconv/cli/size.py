"""``imgconv size``: output sizes of convolutions and poolings, with the arithmetic shown."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from imgconv.cli import sliding
from imgconv.cli.parsing import Command
from imgconv.cli.types import KindType
from imgconv.errors import OptionError, quoted
from imgconv.geometry import Padding
from imgconv.words.pair import DEEP, EXTRA, PAIR
from imgconv.words.size import PICTURE, SHAPE

Size = tuple[int, int]


@click.command(cls=Command)
@click.argument("size", nargs=-1, required=True, metavar="SIZE... [LAYER]...")
@click.option("-k", "--kernel", type=KindType(DEEP), help="Taps of the kernel or window.")
@click.option(
    "-s",
    "--stride",
    type=KindType(DEEP),
    help="Step between windows. [default: 1; with --pool the window]",
)
@sliding.padding(None)
@click.option(
    "-d",
    "--dilation",
    type=KindType(DEEP),
    default="1",
    show_default=True,
    metavar="N|WxH|WxHxD",
    help="Step between taps.",
)
@click.option("--transposed", is_flag=True, help="A transposed convolution, which makes images larger.")
@click.option(
    "--output-padding",
    type=KindType(EXTRA),
    help="Columns and rows added at the right and bottom of a transposed convolution's output.",
)
@click.option("--pool", is_flag=True, help="A pooling.")
@click.option("--ceil-mode", is_flag=True, help="Let the last window of a pooling hang over the right and bottom.")
@click.option(
    "--solve",
    type=KindType(PAIR),
    help="List the strides and paddings that give this output size; options that are given stay as they are.",
)
@click.option("--compare", is_flag=True, help="Show what torch, TensorFlow, ONNX and Caffe make of these numbers.")
@click.option("--brief", is_flag=True, help="Print only the output size, one line for each SIZE.")
@sliding.pipeline
@click.option("--explain", is_flag=True, help="Show the formulas of every layer of a chain, with its numbers in them.")
@sliding.as_json
@click.pass_context
def command(
    ctx: click.Context,
    size: tuple[str, ...],
    kernel: Size | None,
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
    pipeline: str | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Work out output sizes and show the arithmetic.

    SIZE is WIDTHxHEIGHT, or N for a square; WIDTHxHEIGHTxDEPTH is a volume, whose kernel has three numbers too. There
    is no padding unless --padding says so.

    LAYERs make a chain, of which a table is printed: output size and channels, receptive field, jump (the distance in
    the input between neighbouring outputs), parameters, multiply-adds, and what no window reaches. SIZE may then end
    in channels, as in 224x224x3. A LAYER is conv, depthwise, separable, transposed or pool with its window, as in
    conv:7 or pool:3x2, pointwise, resize:2 or pad:1, and its options: s2 (stride), p1 or psame (padding), d2
    (dilation), c64 (output channels; without them one kernel filters every channel), g2 (groups), o1 (output
    padding), b (bias), ceil. The other layers of pipelines can be written too, as in relu, strided:3, shuffle:2,
    grouped:3,g2,c64 or select:0,2. 'vs' between LAYERs begins another chain to compare with. --pipeline takes the
    layers from a file instead; SIZE then has 3 channels unless it says other.

    \b
    Examples:
      imgconv size 224 -k 7 -s 2 --padding 3          a convolution
      imgconv size 112 --pool -k 3 -s 2 --ceil-mode   a pooling
      imgconv size 7 --transposed -k 4 -s 2 -p 1      a transposed convolution
      imgconv size 224x224x64 -k 3x3x5 -p same        a convolution of a volume
      imgconv size 640x480 -k 3 --solve 320x240       which strides and paddings?
      imgconv size 224 -k 7 -s 2 -p same --compare    do the frameworks agree?
      imgconv size 640x480 320x240 -k 5 --json        for scripts: a list for several
      imgconv size 224x224x3 conv:7,s2,p3,c64 pool:3,s2,p1 conv:3,p1,c64
      imgconv size 600x400 --pipeline samples/pipelines/sketch.yaml --explain
      imgconv size 32x32x3 conv:3,p1,c16 pool:2 vs conv:3,p1,s2,c16
    """  # noqa: D301
    if any(map(_is_layer, size)) or pipeline:
        own = {"explain", "as_json", "size", "pipeline"}
        given = [name for name in ctx.params if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE]
        for name in given:
            problem = "a chain's layers say their own, as in conv:7,s2,p3; --explain and --json go with them"
            _refuse(name not in own, name.replace("_", "-"), problem)
        _print(as_json, _planned(size, pipeline, explain) if pipeline else _chains(size, explain))
        return
    _refuse(explain, "explain", "it goes with a chain of layers, as in conv:7,s2,p3; the formula is shown anyway")
    sizes = [DEEP.argument("SIZE", word) for word in size]
    if kernel is None:
        raise click.MissingParameter(ctx=ctx, param=next(one for one in ctx.command.params if one.name == "kernel"))
    _refuse(transposed and pool, "transposed", "there is no transposed pooling; drop --transposed or --pool")
    _refuse(ceil_mode and not pool, "ceil-mode", "only a pooling can round up; add --pool")
    _refuse(output_padding and not transposed, "output-padding", "only --transposed has it")
    _refuse(compare and solve, "compare", "--solve looks for options and --compare needs them; ask for one at a time")
    _refuse(brief and (compare or solve or as_json), "brief", "it prints one size, not --compare, --solve or --json")
    if any(len(one) == 3 for one in (*sizes, kernel, stride or (), dilation)):
        other = next((name for name in ("transposed", "pool", "solve", "compare") if ctx.params[name]), "")
        _refuse(other, other, "it knows no volumes, only images; leave it or the third number out")
        _print_volumes(sizes, kernel, stride or (1, 1), dilation, padding or Padding("valid"), brief, as_json)
        return
    images = [(width, height) for width, height in sizes]
    operation = "transposed" if transposed else "pooling" if pool else "convolution"
    from imgconv.sizes.calculator import Question  # chains and --help need none

    question = Question(operation, kernel, stride, dilation, padding, output_padding, ceil_mode)
    if solve:
        from imgconv.sizes.solver import solve as solve_for  # most questions need neither module

        found = [solve_for(question, one, solve) for one in images]
        _print(as_json, [(one.to_json(), one.report()) for one in found])
    elif compare:
        from imgconv.sizes.frameworks import compare as ask_frameworks

        compared = [ask_frameworks(question, one) for one in images]
        _print(as_json, [(one.to_json(), one.report()) for one in compared])
    else:
        solved = [question.answer(one) for one in images]
        if brief:
            click.echo("\n".join(f"{one.width.output}x{one.height.output}" for one in solved))
        else:
            _print(as_json, [(question.to_json(one), question.report(one)) for one in solved])


def _print_volumes(
    sizes: list[tuple[int, ...]],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: Padding,
    brief: bool,
    as_json: bool,
) -> None:
    from imgconv.geometry import solid_extent, to_json
    from imgconv.sizes.calculator import volume_report

    flat = next((one for one in sizes if len(one) == 2), None)
    _refuse(flat, "SIZE", f"{'x'.join(map(str, flat or ()))} has no depth; write WIDTHxHEIGHTxDEPTH, as in 224x224x64")
    problem = f"{'x'.join(map(str, sizes[0]))} is a volume if -k is WxHxD; channels go with layers, as in conv:3"
    _refuse(len(kernel) == 2, "SIZE", problem)
    taps, step, apart = _deep("kernel", kernel), _deep("stride", stride), _deep("dilation", dilation)
    solved = [
        solid_extent((width, height, depth), taps, padding=padding, stride=step, dilation=apart)
        for width, height, depth in sizes
    ]
    if brief:
        click.echo("\n".join("x".join(str(axis.output) for axis in axes) for axes in solved))
    else:
        _print(
            as_json, [({"operation": "convolution", **to_json(axes)}, volume_report(axes, padding)) for axes in solved]
        )


def _deep(option: str, size: tuple[int, ...]) -> tuple[int, int, int]:
    """Return a size with its depth, which is as its other sides if they are alike."""
    if len(size) == 2 and size[0] != size[1]:
        raise OptionError(option, f"{size[0]}x{size[1]} says nothing of the depth; write N or WIDTHxHEIGHTxDEPTH")
    return size[0], size[1], size[-1]


def _is_layer(word: str) -> bool:
    return word[:1].isalpha()


def _planned(words: tuple[str, ...], pipeline: str, explain: bool) -> list[tuple[dict[str, Any], str]]:
    """Return a table of the layers in a file for every SIZE, whose channels are 3 unless it says other."""
    from imgconv.pipeline.file import load
    from imgconv.sizes import chaintable

    wrong = next(filter(_is_layer, words), "")
    _refuse(wrong, "pipeline", f"it stands in place of layers such as {quoted(wrong)}; leave one of them out")
    layers = load(pipeline)
    answers = []
    for word in words:
        shape = PICTURE.argument("SIZE", word)
        found = layers.plan(shape).rows
        answers.append((chaintable.to_json(shape, found), chaintable.table(shape, found, explain=explain)))
    return answers


def _chains(words: tuple[str, ...], explain: bool) -> list[tuple[dict[str, Any], str]]:
    """Return a table for every SIZE and every chain of layers."""
    from imgconv.sizes import chaintable, chainwords  # a single layer needs neither

    first = next(at for at, word in enumerate(words) if _is_layer(word))
    chains: list[list[str]] = [[]]
    for word in words[first:]:
        if word == "vs":
            chains.append([])
        else:
            chains[-1].append(word)
    _refuse(not all(chains), "LAYER", "'vs' stands between two chains of layers, and one of them is empty")
    _refuse(not first, "SIZE", "an image's size comes first, as in 224x224x3")
    asked = [(SHAPE.argument("SIZE", size), one) for size in words[:first] for one in chains]
    if any(map(_is_unusual, words[first:])):
        from imgconv.pipeline.words import planned  # with numpy, which the usual layers do not need

        solved = [(shape, planned(one, shape)[1]) for shape, one in asked]
    else:
        solved = [(shape, chainwords.chain(shape, one)) for shape, one in asked]
    return [(chaintable.to_json(*one), chaintable.table(*one, explain=explain)) for one in solved]


def _is_unusual(word: str) -> bool:
    """Whether a word names a layer that only `imgconv.layers` can plan."""
    from imgconv.registry import LAYERS
    from imgconv.sizes.chainwords import KINDS

    kind = word.lower().partition(":")[0]
    return kind not in KINDS and kind != "vs" and LAYERS.has(kind)


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
