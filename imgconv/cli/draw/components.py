"""``imgconv draw components``: a layer of weights, taken apart channel by channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from imgconv.cli import options, sliding
from imgconv.cli.draw import drawing, finish, place
from imgconv.cli.sections import KERNEL, Sectioned, section
from imgconv.cli.types import KindType
from imgconv.errors import OptionError
from imgconv.words.number import WholeKind

if TYPE_CHECKING:
    from imgconv.pipeline.run import Pipeline


@click.command(cls=Sectioned)
@click.argument("source", metavar="INPUT")
@section(
    KERNEL,
    click.option("--weights", metavar="W", help="Weights (out, in/groups, rows, cols): FILE.npy, FILE.npz:NAME ..."),
    sliding.pipeline,
    click.option("--layer", type=KindType(WholeKind(least=1, most=1 << 20)), help="Which, from 1."),
    sliding.padding("valid"),
    sliding.border,
    sliding.stride,
    sliding.dilation,
)
@options.max_pixels
@drawing
@click.pass_context
def command(ctx: click.Context, /, source: str, weights: str | None, layer: int | None, **asked: Any) -> None:
    """Draw a layer taken apart: what every input channel adds to every output channel.

    A row is an input channel, a column an output channel, a cell the input channel filtered by the taps that the
    output channel has for it. The sums, with the bias, stand on top, and their mean absolute error against the
    layer's own result is printed.

    \b
    Examples:
      imgconv draw components photo.png --weights net.safetensors:conv1.weight -o conv1.png
      imgconv draw components photo.png --pipeline layers.yaml --layer 2 -o second.png
    """  # noqa: D301
    if (weights is None) == (asked["pipeline"] is None):
        raise OptionError("weights", "either --weights or --pipeline with --layer says which layer")
    if weights is not None and layer is not None:
        raise OptionError("layer", "it goes with --pipeline; weights are one layer")
    if asked["pipeline"] is not None:
        for name in ("padding", "border", "stride", "dilation"):
            if ctx.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE:
                raise OptionError(name, "it goes with --weights; in a pipeline every layer says its own")
    from imgconv.figures.components import components, draw_components
    from imgconv.image import read

    place(asked)
    chain, number = _pipeline(weights, asked), layer or 1
    image = read(source, max_pixels=asked["max_pixels"])
    pixels = image.pixels[:, :, :-1] if image.alpha else image.pixels
    parts = components(pixels, chain, number)
    figure = draw_components(pixels, chain, number, title=asked["title"], cmap=asked["cmap"], taken_apart=parts)
    made, taken = parts.filters.shape[:2]
    facts = (
        {"input": taken, "output_channels": made, "error": parts.error}
        if asked["as_json"]
        else {
            "layer": f"{chain.layers[number - 1].kind}, {taken} channels to {made}",
            "error": f"{parts.error:.3g}, mean absolute difference of the sums and the layer's own result",
        }
    )
    finish(figure, asked, facts, ("alpha is left out",) * image.alpha)


def _pipeline(weights: str | None, asked: dict[str, Any]) -> Pipeline:
    """Return the layers that the options name."""
    from imgconv.border import Border
    from imgconv.kernels.library import kernel
    from imgconv.pipeline.file import load
    from imgconv.pipeline.run import Pipeline, layer_for

    if weights is None:
        return load(asked["pipeline"])
    padding = asked["padding"]
    border = asked["border"] or Border(padding.border)
    return Pipeline((layer_for(kernel(weights), padding, border, asked["stride"], asked["dilation"]),))
