"""``imgconv draw layers``: the feature maps of a pipeline's layers."""

from __future__ import annotations

from typing import Any

import click

from imgconv.cli import options
from imgconv.cli.draw import FIGURE, drawing, finish, place
from imgconv.cli.sections import KERNEL, Sectioned, section
from imgconv.cli.types import KindType
from imgconv.words.number import WholeKind


@click.command(cls=Sectioned)
@click.argument("source", metavar="INPUT")
@section(
    KERNEL,
    click.option("--pipeline", required=True, metavar="FILE", help="A YAML file of layers."),
    click.option(
        "--layer",
        type=KindType(WholeKind(least=1, most=1 << 20)),
        help="Draw this layer alone, from 1.",
    ),
)
@section(
    FIGURE,
    click.option("--shared-scale", is_flag=True, help="Draw all maps of a layer on one scale, with a colour bar."),
)
@options.max_pixels
@drawing
def command(source: str, pipeline: str, layer: int | None, shared_scale: bool, **asked: Any) -> None:
    """Draw what every layer of a pipeline makes of INPUT: a grid of feature maps for each.

    Each grid is headed by the layer's size, and by what one of its outputs sees of INPUT: the receptive field and the
    jump, the distance between the pixels that neighbouring outputs look at. Each map has a scale of its own.

    \b
    Examples:
      imgconv draw layers photo.png --pipeline layers.yaml -o layers.png
      imgconv draw layers photo.png --pipeline layers.yaml --layer 2 --shared-scale -o second.pdf
    """  # noqa: D301
    from imgconv.figures import draw_layers
    from imgconv.image import read
    from imgconv.pipeline.file import load

    place(asked)
    chain = load(pipeline)
    image = read(source, max_pixels=asked["max_pixels"])
    pixels = image.pixels[:, :, :-1] if image.alpha else image.pixels
    figure = draw_layers(pixels, chain, layer=layer, shared=shared_scale, title=asked["title"], cmap=asked["cmap"])
    finish(figure, asked, notes=("alpha is left out",) * image.alpha)
