"""``imgconv draw field``: what one output sees, layer by layer."""

from __future__ import annotations

from typing import Any

import click

from imgconv.cli import options, sliding
from imgconv.cli.draw import FIGURE, drawing, finish, place
from imgconv.cli.sections import KERNEL, Sectioned, section
from imgconv.cli.types import KindType
from imgconv.errors import OptionError
from imgconv.words.pair import lengths
from imgconv.words.region import PLACE
from imgconv.words.size import PICTURE, SHAPE


@click.command(cls=Sectioned)
@click.argument("words", nargs=-1, required=True, metavar="INPUT|SIZE [LAYER]...")
@section(KERNEL, sliding.pipeline)
@section(
    FIGURE,
    click.option("--at", type=KindType(PLACE), help="The output, from 0. [default: the middle one]"),
    click.option("--times", is_flag=True, help="Run the layers and say how long they take."),
)
@options.max_pixels
@drawing
def command(
    words: tuple[str, ...], pipeline: str | None, at: tuple[int, int] | None, times: bool, **asked: Any
) -> None:
    """Draw what one output is made of: its receptive field on the picture, and the samples of every layer.

    INPUT is an image, or SIZE is WIDTHxHEIGHT[xCHANNELS]. LAYERs are written as for 'imgconv size', or --pipeline names
    a file of them. 'vs' between LAYERs begins another chain, which stands beside the first, as pooling beside stride.

    \b
    Examples:
      imgconv draw field 224x224x3 conv:7,s2,p3,c64 pool:3,s2,p1 conv:3,p1,c64 -o field.png
      imgconv draw field photo.png --pipeline layers.yaml --at 10,20 -o field.pdf
      imgconv draw field 64x64x3 conv:3,p1,c16 pool:2 vs conv:3,p1,s2,c16 --times -o pool-or-stride.png
    """  # noqa: D301
    from imgconv.figures import draw_field
    from imgconv.figures.field import chain_from_words, chain_of
    from imgconv.figures.parts.panels import file_name
    from imgconv.image import read
    from imgconv.pipeline.file import load

    if asked["cmap"]:
        raise OptionError("cmap", "no value of the figure is drawn as a colour; leave it out")
    place(asked)
    first, *layers = words
    if (pipeline is None) != bool(layers):
        raise OptionError("pipeline", "it stands in place of LAYERs, as in conv:3; name just one of them")
    pixels = None
    notes: tuple[str, ...] = ()
    if lengths(first):
        size = (SHAPE if pipeline is None else PICTURE).argument("SIZE", first)
    else:
        image = read(first, max_pixels=asked["max_pixels"])
        pixels = image.pixels[:, :, :-1] if image.alpha else image.pixels
        notes = ("alpha is left out",) * image.alpha
        size = SHAPE.argument("SIZE", "x".join(map(str, (pixels.shape[1], pixels.shape[0], pixels.shape[2]))))
    if pipeline is not None:
        chain = load(pipeline)
        chains = [chain_of(chain, size, file_name(chain))]
    else:
        chains = [chain_from_words(part, size) for part in _split(layers)]
    finish(draw_field(*chains, pixels=pixels, at=at, times=times, title=asked["title"]), asked, notes=notes)


def _split(words: list[str]) -> list[list[str]]:
    """Return the chains that 'vs' stands between."""
    chains: list[list[str]] = [[]]
    for word in words:
        if word == "vs":
            chains.append([])
        else:
            chains[-1].append(word)
    if not all(chains):
        raise OptionError("LAYER", "'vs' stands between two chains of layers, and one of them is empty")
    return chains
