"""``imgconv batch``: many pictures, or whole trees of them, through one kernel or pipeline."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import click

from imgconv import cores
from imgconv.cli import filtering, options, printable
from imgconv.cli.types import NumberType
from imgconv.errors import OptionError


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1)
@click.argument("dest", metavar="DEST")
@filtering.filtering
@click.option("-r", "--recursive", is_flag=True, help="Take the folders in a folder too.")
@click.option(
    "-j",
    "--jobs",
    type=NumberType(whole=True, least=1, most=1024),
    metavar="N",
    help="Filter so many files at a time. [default: one for each core]",
)
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    /,
    sources: tuple[str, ...],
    dest: str,
    recursive: bool,
    jobs: int | None,
    quiet: bool,
    **asked: Any,
) -> None:
    """Filter every picture SOURCE and write the results into the folder DEST."""
    filtering.refuse(ctx)
    if not sources:
        raise OptionError("SOURCE", "name files or folders, and then the folder for their results")
    from imgconv.batch.naming import Naming, targets, word_for
    from imgconv.batch.sources import Finder
    from imgconv.batch.task import DONE, Task
    from imgconv.batch.workers import outcomes

    request = filtering.request(asked)
    finder = Finder(recursive=recursive, dest=dest)
    naming = Naming(dest, word_for(request), format=asked["format"] or "")
    tasks = [Task(*pair, overwrite=asked["overwrite"]) for pair in targets(finder.named(sources), naming)]
    cores.limit(None)
    jobs = jobs or max(1, cores.available() // (request.threads or 1))
    request = request.replace(threads=request.threads or max(1, cores.available() // jobs))
    done = failed = 0
    with closing(outcomes(request, tasks, jobs)) as results:
        for outcome in results:
            done, failed = done + (outcome.status == DONE), failed + (outcome.status != DONE)
            if outcome.error:
                click.echo(f"imgconv: {printable(outcome.error)}", err=True)
    for fault in finder.faults:
        click.echo(f"imgconv: {printable(str(fault))}", err=True)
    if not quiet:
        click.echo(f"{done} done, {failed} failed")
    ctx.exit(1 if failed or finder.faults else 0)
