"""``imgconv schema``: what editors need to check kernel files and pipelines, and scripts to read reports."""

from __future__ import annotations

import click

from imgconv.cli.parsing import Command
from imgconv.cli.types import KindType
from imgconv.words.choice import choice


@click.command(cls=Command)
@click.argument("kind", type=KindType(choice("kernel", "pipeline", "report")), metavar="kernel|pipeline|report")
def command(kind: str) -> None:
    """Print the JSON Schema of kernel files, of pipelines, or of what commands print with --json.

    An editor that knows YAML shows the keys, what each is for, and what is misspelt.

    \b
    Examples:
      imgconv schema pipeline > pipeline.schema.json
      imgconv schema kernel > kernel.schema.json

    The first line of a file then names its schema:

    \b
      # yaml-language-server: $schema=pipeline.schema.json
    """  # noqa: D301
    import json

    from imgconv.pipeline.schema import SCHEMAS

    click.echo(json.dumps(SCHEMAS[kind](), indent=2))
