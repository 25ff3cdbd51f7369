"""How a failure is told: a sentence on standard error, and with ``--json`` an object where the report would stand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

import click

from imgconv.errors import fault_to_json


def printable(text: str) -> str:
    """Return `text` in one line, whatever the file names in it hold; no escape sequence reaches a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def option_name(option: click.Parameter) -> str:
    """Return an option's longest spelling without its dashes, or an argument's name as its help has it."""
    if isinstance(option, click.Option):
        return max(option.opts, key=len).lstrip("-")
    return str(option.metavar or option.name or "").strip(".")


class Reporting:
    """What is known of a command line while it is read, for the case that it fails.

    Attributes:
        as_json: whether a report was asked for as JSON, and nobody asked for silence.
        to_stderr: whether standard output is for an image, so that the report goes to standard error.
    """

    def __init__(self, as_json: bool = False, to_stderr: bool = False) -> None:
        self.as_json, self.to_stderr = as_json, to_stderr

    @classmethod
    def of(cls, words: Sequence[str]) -> Reporting:
        """Return what the words of a command line look like, before they are understood."""
        known = words[: words.index("--")] if "--" in words else words
        as_json = "--json" in known and not {"-q", "--quiet"} & set(known)
        return cls(as_json, words[:1] in (["apply"], ["pool"]) and "-" in words[2:])

    def fail(self, sentence: str, code: int, file: str | None = None, option: str | None = None) -> NoReturn:
        """Print what went wrong, and exit with its code.

        Args:
            sentence: what is printed.
            code: the exit code.
            file, option: what it is about.
        """
        with suppress(OSError):  # there may be nobody to hear it
            click.echo(f"imgconv: {printable(sentence)}", err=True)
            if self.as_json:
                self.tell(sentence, code, file, option)
        sys.exit(code)

    def tell(self, sentence: str, code: int, file: str | None = None, option: str | None = None) -> None:
        """Print the object of a failure."""
        import json  # few failures are read by scripts

        values = fault_to_json(printable(sentence), code, file=file, option=option)
        click.echo(json.dumps({"error": values}), err=self.to_stderr)
