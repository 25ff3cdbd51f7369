"""``--show``: the picture printed in the terminal, where standard output is one that has colours."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from imgconv.errors import ImgconvError, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from imgconv.figures.parts.terminal import Picture

option = click.option(
    "--show",
    is_flag=True,
    help="Print the picture in the terminal too; nothing where standard output is none, or NO_COLOR is set.",
)


def refuse(show: bool, *, as_json: bool = False, dry_run: bool = False) -> None:
    """Refuse to show a picture where there is none, or where it would stand in JSON.

    Raises:
        OptionError: it is so.
    """
    if show and as_json:
        raise OptionError("show", "a picture is no JSON; leave it or --json out")
    if show and dry_run:
        raise OptionError("show", "a dry run makes no picture; leave it or --dry-run out")


def possible() -> bool:
    """Whether standard output is a terminal that shows pictures."""
    if not (sys.stdout and sys.stdout.isatty()):
        return False
    from imgconv.figures.parts import terminal

    return terminal.shows(sys.stdout)


def print_pictures(pictures: Callable[[], Iterable[Picture]]) -> None:
    """Print pictures, which are made only if there is a terminal to show them."""
    if possible():
        from shutil import get_terminal_size

        from imgconv.figures.parts import terminal

        columns, lines = get_terminal_size()
        for picture in pictures():
            terminal.show(picture, sys.stdout, (columns, lines))


def print_file(name: str, max_pixels: int) -> None:
    """Print what an image file holds; of several frames or pages the first. What fails is said, and no more."""

    def pictures() -> Iterable[Picture]:
        from imgconv.figures.parts.terminal import picture_of
        from imgconv.image import read

        try:
            return [picture_of(read(name, max_pixels=max_pixels))]
        except ImgconvError as error:
            from imgconv.cli import printable

            click.echo(f"imgconv: not shown: {printable(str(error))}", err=True)
            return []

    print_pictures(pictures)
