"""The options that several commands share, each defined once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from imgconv.cli.types import BorderType, PaddingType, SizeType

F = TypeVar("F", bound=Callable[..., Any])


def padding(default: str | None) -> Callable[[F], F]:
    """Return the ``--padding`` option with a command's own default."""
    return click.option(
        "-p",
        "--padding",
        type=PaddingType(),
        default=default,
        show_default=default is not None,
        metavar="PADDING",
        help="valid, same, interpolation (as same, filled from the nearest pixel), full, same-torch, same-lower, "
        "N, WxH or LEFT,TOP,RIGHT,BOTTOM.",
    )


border = click.option(
    "-b",
    "--border",
    type=BorderType(),
    metavar="BORDER",
    help="What fills the padding: zero, edge, symmetric, reflect, wrap or constant:VALUE; other tools' words are "
    "understood. [default: edge for interpolation, else zero]",
)
stride = click.option(
    "-s", "--stride", type=SizeType(), default="1", show_default=True, metavar="N|WxH", help="Step between windows."
)
dilation = click.option(
    "-d",
    "--dilation",
    type=SizeType(),
    default="1",
    show_default=True,
    metavar="N|WxH",
    help="Step between taps.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the report.")
