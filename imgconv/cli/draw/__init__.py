"""``imgconv draw``: figures and animations, one module of this folder for each command.

A module ``cli/draw/NAME.py`` holds a click command called ``command`` that takes the options of `drawing`, asks
`place` where the picture goes, calls a function of `imgconv.figures`, and hands what it returns to `finish`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from imgconv.cli import Commands, options, printable, showing, sliding
from imgconv.cli.sections import OUTPUT, F, section
from imgconv.cli.types import KindType
from imgconv.errors import OptionError
from imgconv.registry import Registry
from imgconv.words.number import NumberKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgconv.figures import Animation, Figure

FIGURE = "How it looks"
"""The heading of the options that change a figure and none of its numbers."""

_LOOKS = section(
    FIGURE,
    click.option("--title", metavar="TEXT", help="The title above the figure. [default: what is drawn]"),
    click.option("--cmap", metavar="NAME", help="Matplotlib's colours of that name. [default: by sign]"),
)
_WRITTEN = section(
    OUTPUT,
    click.option(
        "-o", "--output", metavar="FILE", help="The file; its suffix says which kind. [default: --show alone]"
    ),
    options.overwrite,
    click.option(
        "--dpi",
        type=KindType(NumberKind(least=10, most=2400)),
        metavar="N",
        help="Dots to the inch of a PNG. [default: 150]",
    ),
)


class Drawings(Commands):
    """The group whose commands are the modules of this folder."""

    registry = Registry("command", __name__, "COMMAND")


def drawing(command: F) -> F:
    """Add the options that every drawing has."""
    return _LOOKS(_WRITTEN(showing.option(sliding.as_json(options.quiet(command)))))


def place(asked: dict[str, Any], *, moves: bool = False) -> str:
    """Return the suffix of the file that is asked for, or nothing where the picture is only shown.

    Args:
        asked: the values of the options that `drawing` adds.
        moves: whether an animation is drawn.

    Raises:
        OptionError: the picture would go nowhere, or an option is for a file and there is none.
        ImageWriteError: it cannot be written there.
    """
    showing.refuse(asked["show"], as_json=asked["as_json"])
    if asked["output"] is not None:
        from imgconv.figures.parts.output import check_output

        return check_output(asked["output"], overwrite=asked["overwrite"], moves=moves)
    if not asked["show"]:
        raise OptionError("output", "name a file with -o FILE, or show the picture in the terminal with --show")
    for name in ("overwrite", "dpi"):
        if asked[name]:
            raise OptionError(name, "it goes with a file, -o FILE")
    if not showing.possible():
        raise OptionError("show", "standard output is not a terminal that shows pictures; -o FILE writes a file")
    return ""


def finish(
    drawn: Figure | Animation | Sequence[Figure],
    asked: dict[str, Any],
    facts: dict[str, Any] | None = None,
    notes: tuple[str, ...] = (),
) -> None:
    """Write what was drawn to the file of `place`, print a short report, and show the picture where that is asked for.

    Args:
        drawn: a figure, an animation, or figures that are pages.
        asked: the values of the options that `drawing` adds.
        facts: what else there is to say, by the report's labels; numbers and texts.
        notes: what a user should know.
    """
    from imgconv.figures.parts.output import Animation as Moving
    from imgconv.figures.parts.output import flat, save

    if asked["output"] is not None:
        notes += save(drawn, asked["output"], dpi=asked["dpi"], overwrite=asked["overwrite"])
    if not asked["quiet"]:
        _report(drawn, asked, facts, notes)
    if asked["show"]:
        pages: Any = [drawn] if isinstance(drawn, Moving) or not isinstance(drawn, (list, tuple)) else drawn
        showing.print_pictures(lambda: map(flat, pages))


def _report(
    drawn: Figure | Animation | Sequence[Figure],
    asked: dict[str, Any],
    facts: dict[str, Any] | None,
    notes: tuple[str, ...],
) -> None:
    """Print what was drawn, in words or as JSON."""
    from imgconv.figures.parts.output import described

    lines = [*((name, str(value)) for name, value in (facts or {}).items()), *(("note", note) for note in notes)]
    if asked["output"] is not None:
        words, values = described(drawn, asked["output"], asked["dpi"])
        if asked["as_json"]:
            import json

            click.echo(json.dumps({**(facts or {}), "output": values, "notes": list(notes)}, allow_nan=False))
            return
        lines.append(("output", f"{asked['output']}: {words}"))
    for name, text in lines:
        click.echo(printable(f"{name:<9}{text}"))


@click.group(cls=Drawings)
def command() -> None:
    """Draw kernels, results, layers and steps, as figures and animations.

    Needs Matplotlib: pip install 'imgconv[figures]'. Figures are written as .png, .svg or .pdf, animations as .gif,
    .png (APNG) or .webp. Their numbers are those that 'imgconv apply' computes.
    """
