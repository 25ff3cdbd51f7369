"""``imgconv info``: what this installation is made of."""

from __future__ import annotations

import click

from imgconv.cli import sliding
from imgconv.cli.parsing import Command


@click.command(cls=Command)
@sliding.as_json
def command(as_json: bool) -> None:
    """Show versions, engines, SIMD level, threads and file formats."""
    from imgconv.info import facts, lines  # numpy is of no use to --help

    found = facts()
    if as_json:
        import json  # few ask for it

        click.echo(json.dumps(found))
    else:
        click.echo("\n".join(lines(found)))
