"""``imgconv draw compare``: a picture, kernels and their results side by side."""

from __future__ import annotations

from typing import Any

import click

from imgconv.cli import options, sliding
from imgconv.cli.draw import FIGURE, drawing, finish, place
from imgconv.cli.sections import KERNEL, PART, RESULTS, Sectioned, section
from imgconv.cli.types import KindType
from imgconv.errors import OptionError
from imgconv.words.map import MAP
from imgconv.words.number import NUMBER

COMPARED = "What is compared"
"""The heading of the options that choose another sheet than that of the results."""

FIELDS = ("gain", "padding", "border", "stride", "dilation", "correlate", "gray", "alpha", "linear", "region", "map")
"""The options of ``apply`` that are fields of its request."""


class SizesType(click.ParamType[Any]):
    """Whole numbers separated by commas."""

    name = "N,N..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Return the numbers."""
        words = str(value).split(",")
        if not all(word.strip().isdigit() and 0 < int(word[:9]) <= 999 and len(word) < 9 for word in words):
            raise OptionError("sizes", f"'{str(value)[:40]}' is not a list of sizes from 1 to 999, as in 3,7,15,31")
        return tuple(int(word) for word in words)


@click.command(cls=Sectioned)
@click.argument("source", metavar="INPUT")
@section(
    KERNEL,
    click.option("-k", "--kernel", "kernels", multiple=True, metavar="KERNEL", help="A kernel; give several."),
    click.option("--pipeline", metavar="FILE", help="A YAML file of layers whose result is drawn too."),
    *sliding.SLIDING,
)
@section(
    COMPARED,
    click.option("--paddings", "mode", flag_value="paddings", help="Draw valid, same, interpolation and full padding."),
    click.option("--borders", "mode", flag_value="borders", help="Draw a corner with every border."),
    click.option("--engines", "mode", flag_value="engines", help="Draw both engines' results and their difference."),
    click.option("--sizes", type=SizesType(), metavar="N,N...", help="Draw one family of kernels in these sizes."),
    click.option("--shift", "mode", flag_value="shift", help="Draw how results move when the picture does."),
    click.option("--split", "mode", flag_value="split", help="Draw before and after in one picture, left and right."),
)
@section(PART, options.gray, options.alpha, options.linear, options.region, options.max_pixels)
@section(
    RESULTS,
    click.option(
        "--map",
        "map",
        type=KindType(MAP),
        help="Draw the samples that --map makes of results, as apply does. [default: the results, before mapping]",
    ),
)
@section(
    FIGURE,
    click.option("--vmin", type=KindType(NUMBER), help="The result at the lower end of the colours."),
    click.option("--vmax", type=KindType(NUMBER), help="The result at the upper end."),
)
@drawing
def command(source: str, kernels: tuple[str, ...], **asked: Any) -> None:
    """Draw INPUT, kernels and what they make of it side by side, each with its colours' scale.

    Results are drawn as they are before they become samples, signed ones on a scale with 0 in the middle. One of the
    options under 'What is compared' draws another sheet of the same results.

    \b
    Examples:
      imgconv draw compare photo.png -k sobel-x -k sobel-y --gray -o edges.png
      imgconv draw compare photo.png -k gaussian --sizes 3,7,15,31 -o sizes.pdf
      imgconv draw compare photo.png -k box:size=9 --borders -o borders.png
      imgconv draw compare photo.png -k gaussian:sigma=1 --stride 2 --shift -o shift.png
      imgconv draw compare photo.png -k emboss --split -o split.png
    """  # noqa: D301
    from imgconv.figures.compare import compare, refuse_look
    from imgconv.figures.parts.panels import Look
    from imgconv.filtering.request import Request
    from imgconv.image import read
    from imgconv.pipeline.file import load

    place(asked)
    mode, sizes, pipeline = asked["mode"] or "results", asked["sizes"] or (), asked["pipeline"]
    if sizes and asked["mode"]:
        raise OptionError("sizes", f"it draws another sheet than --{mode}; leave one of them out")
    look = Look(asked["title"], asked["cmap"], asked["vmin"], asked["vmax"])
    if mode == "split":
        refuse_look(look)
    request = Request(max_pixels=asked["max_pixels"], **{name: asked[name] for name in FIELDS})
    layers = None if pipeline is None else load(pipeline)
    image = read(source, max_pixels=asked["max_pixels"])
    found = compare(image, kernels, "sizes" if sizes else mode, pipeline=layers, request=request, sizes=sizes)
    finish(
        found.draw(look), asked, found.facts if asked["as_json"] else _words(found.facts), (*image.notes, *found.notes)
    )


def _words(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what was measured as a report says it."""
    if "shifts" in facts:
        return {
            "moved 1": "; ".join(
                f"{name}: by {one['moved'][1]}, error {one['errors'][1]:.3g}" for name, one in facts["shifts"].items()
            )
        }
    if "engines" in facts:
        return {
            "engines": "; ".join(
                f"{name}: largest difference {one['maximum']:.3g}, mean {one['mean']:.3g}"
                for name, one in facts["engines"].items()
            )
        }
    return {}
