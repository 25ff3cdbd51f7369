"""What a batch is going to do, worked out before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any

from imgconv.batch.ledger import Lines, entries
from imgconv.batch.naming import Naming, targets
from imgconv.batch.settings import digest
from imgconv.batch.sources import Source
from imgconv.batch.task import Stamp, Task
from imgconv.errors import ImgconvError, OptionError, ResultsExistError
from imgconv.filtering.planning import planned
from imgconv.filtering.request import Request
from imgconv.image import Header
from imgconv.value import Value

RECORD = ".imgconv-batch.jsonl"
"""The file in the destination that says which results were made of what, one line each; `up_to_date` goes by it.

Each run begins with a line of its own: should it be killed between the renaming of its first result and that result's
line, the next run still knows the folder for one that results of a batch are in.

A power failure may leave a file empty that was given its name shortly before, and the record knows its size: to wait
for the disk after every file instead takes 4 ms where a picture of two megapixels takes 15.
"""

RECORD_LINES = Lines(
    what="the record of a batch",
    way="move it away, or choose another DEST",
    firsts=("begun", "output"),
    keys=(frozenset({"begun", "files"}), frozenset({"output", "input", "settings"})),
)


class Plan(Value, kw_only=True):
    """What is going to be done.

    Attributes:
        request: what is done to every file.
        settings: the digest of the request.
        dest: the folder of the results and the record.
        tasks: one for each file that is going to be filtered.
        folders: what the results are in, up to date or not.
        current: how many results are up to date and left as they are.
        present: how many results are there and left as they are, whatever they are.
    """

    request: Request
    settings: str
    dest: str
    tasks: tuple[Task, ...]
    folders: frozenset[str]
    current: int = 0
    present: int = 0

    @property
    def record(self) -> str:
        """The path of the record."""
        return os.path.join(self.dest, RECORD)


class Made(Value):
    """What the record says of a result: its source, the stamps of both, and the digest of the request."""

    source: str
    before: Stamp
    after: Stamp
    settings: str


def plan(
    request: Request,
    sources: Iterable[Source],
    naming: Naming,
    *,
    resume: bool = False,
    skip_existing: bool = False,
) -> Plan:
    """Decide what is to be done with each source.

    Args:
        request: what is done to every file; `overwrite` replaces results that are there.
        sources: from `imgconv.batch.sources.Finder`.
        naming: what results are called.
        resume: leave results that are up to date, and redo those of an earlier batch that are not.
        skip_existing: leave results that are there.

    Raises:
        OptionError: the request makes no sense, whatever the picture.
        CollisionError: two sources have one target.
        ResultsExistError: results are there, and nothing was said of them.
        ReportError: what is called as the record is none, or cannot be read.
    """
    check(request)
    made, begun = recorded(naming.dest)
    kept = (one for one in sources if one.named or not (made and _result(one.path, made, naming.dest)))
    settings = digest(request)
    pairs = targets(kept, naming)
    tasks, current, present, there = [], 0, 0, []
    for source, target in pairs:
        entry = made.get(os.path.relpath(target, naming.dest)) if resume else None
        exists = os.path.lexists(target)
        if entry and exists and up_to_date(entry, source, target, settings):
            current += 1
        elif exists and skip_existing:
            present += 1
        else:
            replaces = request.overwrite or (resume and begun)
            if exists and not replaces:
                there.append(target)
            tasks.append(Task(source, target, replaces, spare=skip_existing or resume))
    if there:
        raise ResultsExistError(len(there), len(pairs), there[0])
    return Plan(
        request=request,
        settings=settings,
        dest=naming.dest,
        tasks=tuple(tasks),
        folders=frozenset(os.path.dirname(target) for _, target in pairs),
        current=current,
        present=present,
    )


def check(request: Request) -> None:
    """Refuse what is wrong with a request whatever the picture, before it is said of every picture.

    Raises:
        OptionError: something is.
    """
    request.refuse()
    picture = Header("picture", "TIFF", 1 << 12, 1 << 12, 3, False, "uint8", "RGB")
    try:
        planned(request.replace(format=request.format or "tif"), picture, BytesIO())
    except OptionError:
        raise
    except ImgconvError:
        pass  # another picture may be right for it


def recorded(dest: str) -> tuple[dict[str, Made], bool]:
    """Return what the record in a folder says, and whether there is one.

    Returns:
        what is known of each result, by its path below the folder, of which the last line counts; and whether a batch
        has ever begun to write there.
    """
    found: dict[str, Made] = {}
    begun = False
    for line in entries(os.path.join(dest, RECORD), RECORD_LINES):
        begun = begun or "begun" in line
        if isinstance(output := line.get("output"), str) and (made := _made(line)):
            found[output] = made
    return found, begun or bool(found)


def entry(line: Mapping[str, Any], dest: str, settings: str) -> dict[str, Any]:
    """Return a line of the record, of a line of a report."""
    stamps = {f"{end}_{key}": line[end][key] for end in ("input", "output") for key in ("bytes", "mtime_ns")}
    return {
        "output": os.path.relpath(line["output"]["name"], dest),
        "input": os.path.abspath(line["input"]["name"]),
        "settings": settings,
        **stamps,
    }


def up_to_date(made: Made, source: str, target: str, settings: str) -> bool:
    """Whether a target is the result that was made with these settings of what the source is now.

    Files are told apart by size and time of writing. One that was filtered in its place is what it was made into.
    """
    try:
        after = Stamp.of(target)
        before = made.before if os.path.samefile(source, target) else Stamp.of(source)
    except OSError:
        return False
    same = made.source == os.path.abspath(source) and made.settings == settings
    return same and before == made.before and after == made.after


def _made(line: Mapping[str, Any]) -> Made | None:
    numbers = [line.get(f"{file}_{what}") for file in ("input", "output") for what in ("bytes", "mtime_ns")]
    words = line.get("input"), line.get("settings")
    if not all(isinstance(number, int) for number in numbers) or not all(isinstance(word, str) for word in words):
        return None
    one, two, three, four = numbers
    return Made(words[0], Stamp(one, two), Stamp(three, four), words[1])  # type: ignore[arg-type]


def _result(path: str, made: Mapping[str, Made], dest: str) -> bool:
    """Whether a file is the result of another: a batch into the folder that it searches would take it for a source."""
    path = os.path.abspath(path)
    entry = made.get(os.path.relpath(path, os.path.abspath(dest)))
    return entry is not None and entry.source != path
