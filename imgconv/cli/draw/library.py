"""``imgconv draw library``: the kernel library as a contact sheet."""

from __future__ import annotations

from typing import Any

import click

from imgconv.cli import options
from imgconv.cli.draw import drawing, finish, place
from imgconv.cli.sections import KERNEL, Sectioned, section
from imgconv.errors import OptionError


@click.command(cls=Sectioned)
@click.argument("source", metavar="[INPUT]", required=False)
@section(
    KERNEL, click.option("--class", "kind", metavar="CLASS", help="Only this class, such as smooth or derivative.")
)
@options.max_pixels
@drawing
def command(source: str | None, kind: str | None, **asked: Any) -> None:
    """Draw the kernels of the library, each matrix beside what it makes of one picture.

    The picture is a test chart of edges, lines, dots, gratings and colours, or INPUT, which is made smaller if it is
    large. A .pdf has a page for every class.

    \b
    Examples:
      imgconv draw library -o library.pdf
      imgconv draw library photo.jpg --class derivative -o derivative.png
    """  # noqa: D301
    from imgconv.figures import draw_library, library_pages
    from imgconv.image import read

    if asked["cmap"]:
        raise OptionError("cmap", "every matrix and result has the colours of its sign; leave it out")
    suffix = place(asked)
    image = None if source is None else read(source, max_pixels=asked["max_pixels"])
    draw: Any = library_pages if suffix == "pdf" else draw_library
    finish(draw(image, kind=kind, title=asked["title"]), asked, notes=() if image is None else image.notes)
