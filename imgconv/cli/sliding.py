"""The options that say what is slid over an image and how, each defined once; ``imgconv size`` needs no others.

They stand apart from `imgconv.cli.options`, which takes longer to import.
"""

from __future__ import annotations

from collections.abc import Callable

import click

from imgconv.cli.sections import F
from imgconv.cli.types import KindType
from imgconv.words.border import BORDER
from imgconv.words.choice import GAIN
from imgconv.words.padding import PADDING
from imgconv.words.pair import PAIR


def padding(default: str | None) -> Callable[[F], F]:
    """Return the ``--padding`` option with a command's own default."""
    return click.option(
        "-p",
        "--padding",
        type=KindType(PADDING),
        default=default,
        show_default=default is not None,
        metavar="PADDING",
        help=PADDING.help,
    )


border = click.option(
    "-b",
    "--border",
    type=KindType(BORDER),
    metavar="BORDER",
    help=f"{BORDER.help}; other tools' words are understood. [default: edge for interpolation, else zero]",
)
stride = click.option(
    "-s", "--stride", type=KindType(PAIR), default="1", show_default=True, help="Step between windows."
)
dilation = click.option(
    "-d",
    "--dilation",
    type=KindType(PAIR),
    default="1",
    show_default=True,
    help="Step between taps.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the report.")
kernel = click.option("-k", "--kernel", metavar="KERNEL", help="The kernel; see above for its forms.")
pipeline = click.option("--pipeline", metavar="FILE", help="A YAML file of layers, in place of a kernel.")
gain = click.option(
    "--gain",
    type=KindType(GAIN),
    default="raw",
    show_default=True,
    help="Rescale the kernel: raw leaves it, sum makes its taps sum to 1, unit makes a ramp of slope 1 give 1, range "
    "keeps results within the samples' range.",
)
correlate = click.option("--correlate", is_flag=True, help="Slide the kernel as written, as OpenCV and CNNs do.")
SLIDING = (gain, padding("interpolation"), border, stride, dilation, correlate)
"""How a kernel is slid over a picture, by ``apply``, ``batch`` and ``draw compare``."""
