"""What ``apply`` and ``batch`` ask alike: the options that say what is done to an image, and the request they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from imgconv.cli import options, sliding
from imgconv.cli.sections import KERNEL, F, section
from imgconv.cli.types import KindType
from imgconv.errors import OptionError
from imgconv.filtering import refusals
from imgconv.words.number import WholeKind
from imgconv.words.pair import EXTRA

if TYPE_CHECKING:
    from imgconv.filtering.request import Request

_KERNEL = section(
    KERNEL,
    sliding.kernel,
    sliding.pipeline,
    *sliding.SLIDING,
    click.option(
        "--transposed", is_flag=True, help="Set copies of the kernel STRIDE apart, which makes the image larger."
    ),
    click.option(
        "--output-padding",
        type=KindType(EXTRA),
        help="Columns and rows added to a transposed convolution's result. [default: what the padding needs]",
    ),
    click.option(
        "--groups",
        type=KindType(WholeKind(least=1, most=1 << 20)),
        help="Groups of channels, for weights (out, in/groups, rows, cols). [default: as many as the weights need]",
    ),
    click.option(
        "--volume",
        is_flag=True,
        help="Filter all pages as one volume, by a kernel on three axes: a .npy file, YAML with weights nested three "
        "deep, or a named kernel that has such a form, as box, gaussian and laplacian4 do.",
    ),
    click.option(
        "--bias",
        metavar="X,Y...|FILE",
        help="What is added to every output channel: a number, one for each, or a file.",
    ),
)
_CHECK = click.option("--check", is_flag=True, help="Run the other engine too, compare, and fail if they disagree.")


def filtering(command: F) -> F:
    """Add the options that say what is done to an image, and those that `options.result` adds."""
    return _KERNEL(options.result(options.engine(_CHECK(command))))


def refuse(ctx: click.Context) -> None:
    """Refuse options that make no sense together, before anything else is imported or read.

    Raises:
        OptionError: they do not.
        MissingParameter: there is neither a kernel nor a pipeline.
    """
    given = ctx.params
    if given["kernel"] is None and given["pipeline"] is None:
        missing = next(one for one in ctx.command.params if one.name == "kernel")
        raise click.MissingParameter(ctx=ctx, param=missing)
    typed = [name for name in given if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE]
    refusals.refuse(given, typed)


def request(asked: dict[str, Any], **others: Any) -> Request:
    """Return the request that the options make; it imports what they need, and reads the kernel or pipeline.

    Args:
        asked: the values of the options that `filtering` adds.
        others: fields of the request that a command has options of its own for.
    """
    from imgconv.filtering.request import Request

    asked = {**asked, **others}
    kernel, bias = asked["kernel"], asked["bias"]
    volume = asked.pop("volume", False)
    if volume:
        from imgconv.kernels.volume import volume_kernel

        found = volume_kernel(kernel or "")
        asked |= {"kernel": found.flat, "volume": found, "bias": ()}
    elif asked["pipeline"] is None:
        from imgconv.kernels.library import kernel as find_kernel

        asked |= {"kernel": find_kernel(kernel or ""), "bias": _numbers(bias) if bias else ()}
    else:
        from imgconv.pipeline.file import load

        asked |= {"pipeline": load(asked["pipeline"]), "bias": ()}
    return Request(**asked)


def _numbers(text: str) -> tuple[float, ...]:
    """Read numbers separated by commas, or those in a file."""
    from imgconv.kernels.weightfile import is_spec
    from imgconv.pipeline.fields import read
    from imgconv.words.base import Wrong

    try:
        values: tuple[float, ...] = read("Numbers", text if is_spec(text) or "," not in text else text.split(","), "")
    except Wrong as wrong:
        raise OptionError("bias", wrong.problem) from None
    return values
