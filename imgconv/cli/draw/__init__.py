"""``imgconv draw``: figures and animations, one module of this folder for each command.

A module ``cli/draw/NAME.py`` holds a click command called ``command`` that takes the options of `drawing`, calls a
function of `imgconv.figures`, and hands what it returns to `finish`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from imgconv.cli import Commands, options, printable, showing
from imgconv.cli.sections import OUTPUT, F, section
from imgconv.cli.types import NumberType

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
    click.option("-o", "--output", required=True, metavar="FILE", help="The file; its suffix says which kind."),
    options.overwrite,
    click.option(
        "--dpi",
        type=NumberType(least=10, most=2400),
        metavar="N",
        help="Dots to the inch of a PNG. [default: 150]",
    ),
)


class Drawings(Commands):
    """The group whose commands are the modules of this folder."""

    package = __name__


def drawing(command: F) -> F:
    """Add the options that every drawing has."""
    return _LOOKS(_WRITTEN(showing.option(options.as_json(options.quiet(command)))))


def finish(
    drawn: Figure | Animation | Sequence[Figure],
    asked: dict[str, Any],
    facts: dict[str, Any] | None = None,
    notes: tuple[str, ...] = (),
) -> None:
    """Write what was drawn and print a short report.

    Args:
        drawn: a figure, an animation, or figures that are pages.
        asked: the values of the options that `drawing` adds.
        facts: what else there is to say, by the report's labels; numbers and texts.
        notes: what a user should know.
    """
    from imgconv.figures.output import Animation as Moving
    from imgconv.figures.output import flat, save

    showing.refuse(asked["show"], as_json=asked["as_json"])
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
    from imgconv.figures.output import described

    words, values = described(drawn, asked["output"], asked["dpi"])
    if asked["as_json"]:
        import json

        click.echo(json.dumps({**(facts or {}), "output": values, "notes": list(notes)}, allow_nan=False))
        return
    lines = [*((name, str(value)) for name, value in (facts or {}).items()), *(("note", note) for note in notes)]
    for name, text in [*lines, ("output", f"{asked['output']}: {words}")]:
        click.echo(printable(f"{name:<9}{text}"))


@click.group(cls=Drawings)
def command() -> None:
    """Draw kernels, results, layers and steps, as figures and animations.

    Needs Matplotlib: pip install 'imgconv[figures]'. Figures are written as .png, .svg or .pdf, animations as .gif,
    .png (APNG) or .webp. Their numbers are those that 'imgconv apply' computes.
    """
