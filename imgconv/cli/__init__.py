"""The command line: one module per command, found by listing this folder.

A command module ``cli/NAME.py`` holds a click command called ``command``. Modules are imported when they are
used, and none of them imports numpy before its command runs.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any, ClassVar, NoReturn

import click

import imgconv
from imgconv.cli.reporting import Reporting, option_name
from imgconv.cli.reporting import printable as printable
from imgconv.errors import ImgconvError, OptionError
from imgconv.registry import Registry, declared

HELPERS = frozenset(
    ("filtering", "meter", "options", "parsing", "progress", "reporting", "sections", "sliding", "showing", "types")
)
"""Modules of this folder that are not commands."""

EPILOG = "Exit codes: 0 done, 1 could not be done, 2 wrongly asked, 130 interrupted."


def command_of(name: str, module: Any) -> click.Command:
    """Return the command that a module has."""
    command: click.Command = declared(module, "command", click.Command)
    return command


class Commands(click.Group):
    """A group whose commands are the modules of a folder, and the folders in it.

    Attributes:
        registry: the room.
    """

    registry: ClassVar[Registry] = Registry("command", __name__, "COMMAND", apart=HELPERS)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names in alphabetical order."""
        return self.registry.names()

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return the command called `name`."""
        return self.registry.get(name, command_of) if self.registry.has(name) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` starts with, or name the nearest ones."""
        if args and not args[0].startswith("-") and not self.registry.has(args[0]):
            raise click.UsageError(self.registry.unknown(args[0]))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C says nothing here, and a wrong option names the command it was given to."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.Abort from None
        except click.UsageError as error:
            name = ctx.invoked_subcommand
            if name and error.ctx in (None, ctx) and (command := self.get_command(ctx, name)):
                error.ctx = click.Context(command, parent=ctx, info_name=name)
            raise


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.version_option(imgconv.__version__, prog_name="imgconv", message="%(prog)s %(version)s")
def cli() -> None:
    """Filter images by convolution, exactly, and see the arithmetic."""


def main() -> NoReturn:
    """Run the command line and exit with its code; the one place where errors become sentences."""
    _prepare_process()
    reporting = Reporting.of(sys.argv[1:])
    try:
        code = cli.main(prog_name="imgconv", standalone_mode=False, obj=reporting)
        if sys.stdout:
            sys.stdout.flush()
        sys.exit(code or 0)
    except ImgconvError as error:
        dashes = "--" if isinstance(error, OptionError) and error.option.islower() else ""
        reporting.fail(
            f"{dashes}{error}", error.exit_code, getattr(error, "path", None), getattr(error, "option", None)
        )
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        sys.exit(2)
    except click.UsageError as error:
        reporting.fail(_usage(error), 2, option=_option_of(error))
    except click.ClickException as error:
        reporting.fail(error.format_message(), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        reporting.fail("interrupted", 130)
    except BrokenPipeError:
        # Whoever read our output has gone; let Python's own flush at exit find a place to write to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except MemoryError:
        reporting.fail("there is not enough memory for this image and kernel; --threads 1 needs less", 1)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and error.filename is None:
            reporting.fail("the current folder has been deleted; go to another one", 1)
        # What else has no name is standard output: every file is opened by its name.
        name = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else "standard output"
        reporting.fail(f"{name}: {(error.strerror or str(error)).lower()}", 1, name)


def _usage(error: click.UsageError) -> str:
    """Return click's sentence as one of ours, with the nearest option or the way to the help."""
    problem = error.format_message().rstrip(".")
    path = error.ctx.command_path if error.ctx else "imgconv"
    way_out = "" if ";" in problem else f"; '{path} --help' shows how"
    return f"{problem[:1].lower()}{problem[1:]}{way_out}"


def _option_of(error: click.UsageError) -> str | None:
    """Return the option that a command line is wrong about, without its dashes, as far as that is known."""
    option = getattr(error, "param", None)
    return option_name(option) if isinstance(option, click.Parameter) else None


def _prepare_process() -> None:
    """Make standard streams safe to use."""
    for descriptor in range(3):
        # A standard stream that is closed would lend its number to the next file that is opened.
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
