"""``imgconv kernels``: the kernel library, one kernel with all that follows from it, and kernels for other tools."""

from __future__ import annotations

import re
import sys
from itertools import groupby
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from imgconv.cli import options, showing, sliding
from imgconv.cli.parsing import Command
from imgconv.cli.types import MemberType
from imgconv.errors import OptionError, did_you_mean, quoted
from imgconv.registry import EXPORTS
from imgconv.words.base import refuse_other

if TYPE_CHECKING:
    from imgconv.figures.parts.terminal import Picture
    from imgconv.kernels.library import Entry
    from imgconv.kernels.value import AnyKernel

MARK, BROKEN = "*", "!"
"""Before the name of a user's own kernel in the list, and of one that cannot be read."""

MOST_PARAMETERS = 34
"""The widest column of sizes and parameters in the list; in a terminal longer ones are cut."""

MOST_SHOWN = 8
"""So many of a network's kernels are shown as pictures, the first ones."""

WIDTH = 100
"""The most columns that text is wrapped to."""


class Subcommands(click.Group):
    """A group whose error for an unknown command names the nearest."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` starts with."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            hint = did_you_mean(args[0], self.commands) or f"; the commands are {', '.join(self.commands)}"
            raise click.UsageError(f"there is no command {quoted(args[0])}{hint}", ctx)
        return super().resolve_command(ctx, args)


class KernelCommand(Command):
    """A command whose argument is a kernel, which may be a matrix that begins with a minus sign."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move arguments such as ``-1,0,1`` to the end, behind ``--``, where they are no options."""
        negative = [arg for arg in args if re.match(r"-\.?[0-9]", arg)]
        if negative and "--" not in args:
            args = [arg for arg in args if arg not in negative] + ["--", *negative]
        return super().parse_args(ctx, args)


@click.group(cls=Subcommands)
def command() -> None:
    """List the kernels, show one, or write one for another tool."""


@command.command("list", cls=Command)
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--class", "kind", metavar="CLASS", help="Only this class, such as smooth or derivative.")
@sliding.as_json
def list_kernels(words: tuple[str, ...], kind: str | None, as_json: bool) -> None:
    """List the kernels by class, your own among them.

    A WORD chooses the kernels that hold it in their name, summary or source, or those of the class of that name;
    of several WORDs all must fit. Parameters are shown with their defaults, or as X, N or WxH where they have none.
    Kernels in the folders of $IMGCONV_KERNELS are marked with *, and with ! if they cannot be read.

    \b
    Examples:
      imgconv kernels list                   all of them, by class
      imgconv kernels list derivative        one class
      imgconv kernels list compass kirsch    what holds both words
      imgconv kernels list --json            for scripts: an array of objects
    """  # noqa: D301
    from imgconv.kernels.library import catalogue
    from imgconv.kernels.value import CLASSES

    if kind is not None:
        refuse_other("class", kind, CLASSES)
    entries = catalogue()
    chosen = _select(entries, words, kind)
    if as_json:
        _print_json([_plain(entry) for entry in chosen])
    elif chosen:
        click.echo(_listing(chosen, get_terminal_size().columns if sys.stdout.isatty() else None))
    else:
        word = next((word for word in words if word not in CLASSES and not _select(entries, (word,))), "")
        hint = did_you_mean(word.lower(), {*CLASSES, *(entry.name for entry in entries)}) if word else ""
        wanted = " ".join([*words, *([f"--class {kind}"] if kind else [])])
        raise OptionError("WORD", f"no kernel fits {quoted(wanted)}{hint or '; leave a word out to see more'}")


@command.command(cls=KernelCommand)
@click.argument("kernel", metavar="KERNEL")
@sliding.gain
@showing.option
@sliding.as_json
def show(kernel: str, gain: str, show: bool, as_json: bool) -> None:
    """Show a kernel and what follows from its numbers.

    KERNEL is a name, NAME:PARAMETER=VALUE,..., a file (.yaml, .npy, .csv, .mat), - for YAML from stdin, or a matrix
    such as '1,0,-1;2,0,-2;1,0,-1'. The numbers are shown as they are written
    and as they are slid over the image to convolve it; of a large kernel the middle, and all of it with --json.

    \b
    Examples:
      imgconv kernels show sobel-x
      imgconv kernels show gaussian:sigma=1.5,size=7
      imgconv kernels show '1,2,1;2,4,2;1,2,1 /16'
      imgconv kernels show scharr-x --gain unit --json
    """  # noqa: D301
    from imgconv.kernels import show as kernelshow

    showing.refuse(show, as_json=as_json)
    found = _kernel(kernel, gain)
    if as_json:
        _print_json(kernelshow.to_json(found))
    else:
        click.echo(kernelshow.report(found, min(get_terminal_size((WIDTH, 0)).columns, WIDTH)))
    if show:
        showing.print_pictures(lambda: _pictures(found))


def _pictures(kernel: AnyKernel) -> list[Picture]:
    """Return a kernel's taps as pictures, as written: one for each member or, of a network's weights, for the first."""
    from imgconv.figures.parts.terminal import taps_picture
    from imgconv.kernels.value import Combined, Learned, Pointwise

    match kernel:
        case Combined():
            return [taps_picture(member.taps) for member in kernel.of]
        case Pointwise():
            return [taps_picture(kernel.matrix)]
        case Learned():
            return [taps_picture(weights) for weights in kernel.weights[:MOST_SHOWN, 0]]
    return [taps_picture(kernel.taps)]


@command.command("export", cls=KernelCommand)
@click.argument("kernel", metavar="KERNEL")
@click.option(
    "--to",
    required=True,
    type=MemberType(EXPORTS),
    metavar="FORMAT",
    help=f"One of {', '.join(EXPORTS.names())}, or one that another package adds.",
)
@click.option("-o", "--output", metavar="OUTPUT", help="Write to this file. [default: standard output]")
@options.overwrite
@sliding.gain
def export_kernel(kernel: str, to: str, output: str | None, overwrite: bool, gain: str) -> None:
    """Write a kernel for another tool.

    \b
    yaml         imgconv's own, for -k FILE.yaml and $IMGCONV_KERNELS
    npy, csv     the taps, as written
    vips         a matrix for 'vips conv', which correlates: as slid
    imagemagick  options to paste: magick IN <options> OUT; results below 0 are clipped
    opencv, scipy, torch
                 a Python script: python FILE INPUT OUTPUT; its function apply(image) does the same in a program

    Formats that place kernels by their middle get zeros around a kernel whose anchor is elsewhere. A kernel that a
    format cannot hold is refused.

    \b
    Examples:
      imgconv kernels export sobel --to opencv -o sobel.py
      imgconv kernels export gaussian:sigma=2 --to yaml > blur.yaml
      imgconv kernels export emboss --to imagemagick
      imgconv kernels export scharr-x --gain unit --to csv
    """  # noqa: D301
    from imgconv.image.files import check_place, replace_file
    from imgconv.kernels import export

    if output == "":
        raise OptionError("output", "the file's name is empty")
    target = None if output in (None, "-") else output
    if target is not None:
        check_place(target, target, overwrite)
    written = export.get(to).export(_kernel(kernel, gain))
    contents = written.encode() if isinstance(written, str) else written
    if target is not None:
        replace_file(target, target, overwrite, lambda file: file.write(contents))
    elif isinstance(written, bytes) and sys.stdout.isatty():
        raise OptionError("to", f"{to} is binary and standard output is a terminal; write a file with -o")
    else:
        click.echo(contents, nl=False)


def _kernel(spec: str, gain: str) -> AnyKernel:
    from imgconv.filtering.request import rescaled
    from imgconv.kernels.library import kernel

    return rescaled(kernel(spec), gain)


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=2))


def _select(entries: list[Entry], words: tuple[str, ...] = (), kind: str | None = None) -> list[Entry]:
    """Return the entries of class `kind` that hold every word, in the order of the classes.

    A word that is the name of a class stands for the class; any other is looked for, in any case, in names,
    summaries, sources, classes and forms.
    """
    from imgconv.kernels.value import CLASSES

    def fits(entry: Entry, word: str) -> bool:
        if word in CLASSES:
            return entry.kind == word
        return word in " ".join((entry.name, entry.summary, entry.source, entry.kind, entry.form)).lower()

    chosen = [
        entry
        for entry in entries
        if kind in (None, entry.kind) and all(fits(entry, word.strip().lower()) for word in words)
    ]
    return sorted(chosen, key=lambda entry: CLASSES.index(entry.kind))


def _own(entry: Entry) -> bool:
    """Whether the kernel is a user's own."""
    return entry.origin not in ("library", "parametric")


def _plain(entry: Entry) -> dict[str, Any]:
    """Return an entry as plain values; the problem is None for all that is well."""
    width, _, height = entry.size.partition("x")
    return {
        "name": entry.name,
        "class": entry.kind,
        "form": entry.form or None,
        "width": int(width) if entry.size else None,
        "height": int(height) if entry.size else None,
        "parameters": _parameters(entry),
        "summary": entry.summary,
        "source": entry.source,
        "origin": entry.origin,
        "user": _own(entry),
        "shadows": entry.shadows,
        "problem": entry.problem or None,
    }


def _parameters(entry: Entry) -> list[dict[str, Any]]:
    """Return a parametric kernel's parameters: what each may be, its default, and whether it has to be given."""
    from imgconv.kernels import parametric
    from imgconv.kernels.parametric.base import KINDS

    found = parametric.get(entry.name) if entry.parameters else None
    return [
        {
            "name": one.name,
            "form": KINDS[one.kind].sign,
            "default": list(one.default) if isinstance(one.default, tuple) else one.default,
            "required": one.required,
        }
        for one in (found.parameters if found else ())
    ]


def _listing(entries: list[Entry], width: int | None = None) -> str:
    """List entries, sorted by class, a line each, of at most `width` characters; None cuts nothing."""
    names = max(len(entry.name) for entry in entries)
    sizes = min(max(len(_size(entry)) for entry in entries), MOST_PARAMETERS, (width or 999) // 3)
    lines: list[str] = []
    for kind, group in groupby(entries, lambda entry: entry.kind):
        lines += [""] * bool(lines) + [kind]
        lines += [_cut(_line(entry, names, sizes, width is not None), width) for entry in group]
    return "\n".join(lines + _legend(entries))


def _line(entry: Entry, names: int, sizes: int, cut: bool) -> str:
    mark = BROKEN if entry.problem else MARK if _own(entry) else " "
    text = entry.problem or entry.summary
    text += " (hides the library's own)" if entry.shadows else ""
    line = f"{mark} {entry.name:<{names}}  {_cut(_size(entry), sizes if cut else None):<{sizes}}  {text}".rstrip()
    return "".join(letter if letter.isprintable() else "?" for letter in line)  # a folder's name may hold anything


def _size(entry: Entry) -> str:
    if entry.parameters:
        return ",".join(entry.parameters)
    return entry.size or ("channels" if entry.form == "pointwise" else "")


def _cut(text: str, width: int | None) -> str:
    return text if width is None or len(text) <= width else text[: max(width - 3, 0)] + "..."


def _legend(entries: list[Entry]) -> list[str]:
    notes = []
    if any(_own(entry) and not entry.problem for entry in entries):
        notes.append(f"{MARK} your own, from $IMGCONV_KERNELS")
    if any(entry.problem for entry in entries):
        notes.append(f"{BROKEN} cannot be read")
    return [""] * bool(notes) + notes
