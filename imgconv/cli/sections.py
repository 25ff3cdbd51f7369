"""Help in sections: the options of a long command stand under headings, in place of one list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from imgconv.cli.parsing import Command

F = TypeVar("F", bound=Callable[..., Any])

KERNEL = "Kernel and steps"
PART = "What is filtered"
RESULTS = "How results become samples"
OUTPUT = "What is written"
PICTURES = "Which pictures"
RUN = "How it runs"
"""Where options stand that are in no section, ``--help`` among them."""


def section(title: str, *options: Callable[[F], F]) -> Callable[[F], F]:
    """Return a decorator that adds options to a command, in that order, under a heading of its help."""

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
            added: Any = command.__click_params__[-1]  # type: ignore[attr-defined]
            added.section = title
        return command

    return add


class Sectioned(Command):
    """A command whose help shows its options by section, in the order in which sections are first named."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options into the help, each under the heading of its section."""
        found: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if record and isinstance(option, click.Option):
                found.setdefault(getattr(option, "section", RUN), []).append(record)
        found[RUN] = found.pop(RUN, [])  # it comes last
        for title, records in found.items():
            with formatter.section(title):
                formatter.write_dl(records)
