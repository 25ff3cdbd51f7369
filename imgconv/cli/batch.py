"""``imgconv batch``: many pictures, or whole trees of them, through one kernel or pipeline."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from imgconv.cli import filtering, printable
from imgconv.cli.reporting import Reporting
from imgconv.cli.sections import OUTPUT, PICTURES, Sectioned, section
from imgconv.cli.types import KindType
from imgconv.errors import OptionError, fault_to_json
from imgconv.words.number import WholeKind

if TYPE_CHECKING:
    from imgconv.batch.plan import Plan
    from imgconv.batch.running import Execute
    from imgconv.batch.task import Task

STANDARD = "-"
"""The name of standard input."""


@click.command(cls=Sectioned)
@click.argument("sources", metavar="SOURCE...", nargs=-1)
@click.argument("dest", metavar="DEST")
@section(
    PICTURES,
    click.option("-r", "--recursive", is_flag=True, help="Look into the folders of a folder too."),
    click.option(
        "--include",
        multiple=True,
        metavar="PATTERN",
        help="Take only files whose name matches. May be given several times.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="PATTERN",
        help="Leave files and folders out whose name matches, or whose path below SOURCE if there is a slash in "
        "PATTERN.",
    ),
    click.option("--hidden", is_flag=True, help="Take files and folders too whose names begin with a dot."),
    click.option("--follow", is_flag=True, help="Follow links to folders; no folder is visited twice."),
    click.option(
        "--files-from", metavar="FILE|-", help="Take the files in a list too, one a line; - is standard input."
    ),
    click.option("-0", "--null", is_flag=True, help="That list has null bytes for line ends, as find -print0 does."),
)
@filtering.filtering
@section(
    OUTPUT,
    click.option(
        "--name",
        "template",
        metavar="TEMPLATE",
        help="Name the results: {stem}, {suffix}, {name} (both), {parent} (the source's folder), {kernel} and {format} "
        "are filled in. [default: {name}]",
    ),
    click.option("--resume", is_flag=True, help="Skip results that are up to date for file and settings; redo others."),
    click.option("--skip-existing", is_flag=True, help="Leave results that exist as they are, whatever they are."),
)
@click.option(
    "-j",
    "--jobs",
    type=KindType(WholeKind(least=1, most=1024)),
    help="Filter N files at a time, each in a process of its own. [default: the cores]",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Have a Dask cluster filter the files: tcp://host:8786, a scheduler file, or local for one of --jobs workers.",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first file that fails.")
@click.option("--report", metavar="FILE", help="Append a line of JSON for each file: sizes, seconds, range, error.")
@click.option("--dry-run", is_flag=True, help="Print which file would be written from which; open none of them.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each file, then one with the counts.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    sources: tuple[str, ...],
    dest: str,
    recursive: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    hidden: bool,
    follow: bool,
    files_from: str | None,
    null: bool,
    template: str | None,
    resume: bool,
    skip_existing: bool,
    jobs: int | None,
    dask: str | None,
    fail_fast: bool,
    report: str | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> None:
    """Filter every picture SOURCE, and write the results into the folder DEST.

    SOURCE is a file, a folder, or a pattern in quotes such as 'photos/**/*.jpg', in which ** stands for any number of
    folders. Results are called as their sources. Those of a folder have the paths below DEST that their sources have
    below the folder, those of a list (--files-from) the ones that the list says. In folders, only files with the
    suffix of a picture are taken. No two results may have one name; that is found before anything is written.

    A result is written under a temporary name and renamed: it is whole or not there, whatever happens. A file that
    cannot be filtered is reported and the others are; then the exit code is 1. DEST keeps a record of what its results
    were made of, .imgconv-batch.jsonl: after Ctrl-C, or when files or options have changed, the same command with
    --resume does what is left to do.

    KERNEL and the options for the filter are those of 'imgconv apply'.

    \b
    Examples:
      imgconv batch photos edges -k sobel
      imgconv batch photos soft -r -k gaussian:sigma=2 --exclude '*-old.*' --report soft.jsonl
      imgconv batch *.tif previews -k sharpen --format jpg --name '{stem}_{kernel}{suffix}'
      find . -name '*.png' -newer last -print0 | imgconv batch --files-from - -0 out -k box
    """  # noqa: D301
    _refuse(ctx)
    filtering.refuse(ctx)
    from imgconv.batch.lists import read_list
    from imgconv.batch.naming import Naming, word_for
    from imgconv.batch.plan import plan
    from imgconv.batch.sources import Finder

    request = filtering.request(asked)
    finder = Finder(recursive=recursive, hidden=hidden, follow=follow, include=include, exclude=exclude, dest=dest)
    naming = Naming(dest, word_for(request), template or "", asked["format"] or "")
    names = read_list(sys.stdin.buffer if files_from == STANDARD else files_from, b"\0" if null else b"\n")
    found = chain(finder.named(sources), finder.listed(names))
    planned = plan(request, found, naming, resume=resume, skip_existing=skip_existing)
    from imgconv.cli.progress import Progress, passed_over, summary

    with Progress(len(planned.tasks) if not dry_run else 0, as_json=as_json, quiet=quiet) as progress:
        for fault in finder.faults:
            progress.complain(str(fault))
            if as_json and not quiet:
                click.echo(json.dumps(_unseen(str(fault), getattr(fault, "path", None))))
        if not any((planned.tasks, planned.current, planned.present, finder.faults)):
            why = f"; {passed_over(finder.passed)}" if finder.passed else ""
            progress.complain(f"there is no picture to filter{why}")
            if as_json and isinstance(ctx.obj, Reporting):
                ctx.obj.tell(f"there is no picture to filter{why}", 1)
            ctx.exit(1)
        if dry_run:
            faults = _foreseen(planned, report, dask)
            for sentence in faults.values():
                progress.complain(sentence)
            _print_plan(planned, faults, dict(finder.passed), as_json, quiet)
            ctx.exit(1 if finder.faults or faults else 0)
        from imgconv.batch.running import run

        planned, execute = _execution(planned, jobs, dask)
        tally = run(planned, execute, progress.show, report=report, fail_fast=fail_fast)
    if not quiet:
        click.echo(summary(planned, tally, len(finder.faults), dict(finder.passed), as_json=as_json))
    ctx.exit(1 if tally.failed or finder.faults else 0)


def _unseen(sentence: str, file: str | None) -> dict[str, Any]:
    """Return the line of what could not be looked at, of which no result was to be made."""
    error = fault_to_json(sentence, file=file)
    return {"input": {"name": file}, "output": None, "status": "failed", "error": error, "seconds": 0.0}


def _execution(planned: Plan, jobs: int | None, dask: str | None) -> tuple[Plan, Execute]:
    """Return what runs the tasks of a plan, and the plan with the threads that each of them may use."""
    from imgconv.batch.running import shared

    request, jobs = shared(planned.request, jobs)
    if dask is not None:
        from imgconv.batch import cluster

        return planned, partial(cluster.outcomes, address=dask, jobs=jobs)
    from imgconv.batch import workers

    return planned.replace(request=request), partial(workers.outcomes, jobs=jobs)


def _refuse(ctx: click.Context) -> None:
    """Refuse arguments that make no sense together.

    Raises:
        OptionError: they do not.
    """
    given = ctx.params
    if not given["sources"] and given["files_from"] is None:
        raise OptionError("SOURCE", "name files or folders first, and last the folder for their results")
    for name in given["sources"]:
        if name == STANDARD:
            problem = "standard input is one picture, which 'imgconv apply -' filters; --files-from - reads names"
            raise OptionError("SOURCE", problem)
    if not all((*given["sources"], given["dest"])):
        raise OptionError("SOURCE" if given["dest"] else "DEST", "the name is empty")
    if given["dest"] == STANDARD or (os.path.lexists(given["dest"]) and not os.path.isdir(given["dest"])):  # noqa: PTH112
        raise OptionError("DEST", f"{given['dest']} is not a folder, and results need one; a missing one is made")
    if given["null"] and given["files_from"] is None:
        raise OptionError("null", "it goes with --files-from")
    if given["skip_existing"]:
        for name in ("overwrite", "resume"):
            if given[name]:
                raise OptionError("skip-existing", f"it says the opposite of --{name}; leave one of them out")
    if given["files_from"] == STANDARD:
        if STANDARD in ((given["kernel"] or "").strip(), given["pipeline"]):
            raise OptionError(
                "files-from", "standard input cannot be both the list and the kernel; name a file for one"
            )
        if sys.stdin is None or sys.stdin.isatty():
            raise OptionError("files-from", "standard input is a terminal; pipe a list into it or name a file")


def _foreseen(planned: Plan, report: str | None, dask: str | None) -> dict[Task, str]:
    """Return why tasks of a plan will fail, each in a sentence.

    Raises:
        ImgconvError: all will, as the run will not even begin.
    """
    from imgconv.batch.foresight import Foresight, refuse

    refuse(planned, report)
    if dask is not None:
        from imgconv.batch import cluster

        cluster.check(dask)
    foresight = Foresight(planned.request)
    return {task: fault for task in planned.tasks if (fault := foresight.fault(task))}


def _print_plan(planned: Plan, faults: dict[Task, str], passed: dict[str, int], as_json: bool, quiet: bool) -> None:
    """Print what would be written of what."""
    from imgconv.cli.progress import passed_over

    if quiet:
        return
    for task in planned.tasks:
        if as_json:
            fault = fault_to_json(faults[task], file=task.source) if task in faults else None
            status = {"status": "failed", "error": fault} if fault else {"status": "planned"}
            click.echo(json.dumps({"input": {"name": task.source}, "output": {"name": task.target}, **status}))
        elif task not in faults:
            click.echo(printable(f"{task.source} -> {task.target}"))
    written = len(planned.tasks) - len(faults)
    counts = {"planned": written, "failed": len(faults), "up_to_date": planned.current, "skipped": planned.present}
    if as_json:
        click.echo(json.dumps({"summary": {**counts, "passed_over": passed}}))
    else:
        kept = f", {len(faults)} would fail" * bool(faults)
        kept += f", {planned.current} up to date" * bool(planned.current)
        kept += f", {planned.present} there already" * bool(planned.present)
        click.echo(f"{written} would be written{kept}")
        if passed:
            click.echo(passed_over(passed))
