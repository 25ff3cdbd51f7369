"""One file of a batch: what is to be done, doing it, and what came of it; the same in every kind of worker."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from imgconv.errors import (
    ImageReadError,
    ImageWriteError,
    ImgconvError,
    OptionError,
    TargetExistsError,
    fault_to_json,
)
from imgconv.image.files import make_folder
from imgconv.image.limits.guard import fault_words
from imgconv.value import Value

if TYPE_CHECKING:
    from imgconv.filtering.outcome import Report
    from imgconv.filtering.request import Request

DONE, FAILED, SKIPPED = "done", "failed", "skipped"


class Task(Value):
    """One file to be filtered.

    Attributes:
        source, target: the files.
        overwrite: replace the target if it exists.
        spare: leave a target that has come to exist alone, which then is no failure.
    """

    source: str
    target: str
    overwrite: bool = False
    spare: bool = False


class Stamp(Value):
    """What tells a file from another or an older one without reading it: its size and when it was last written."""

    bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, path: str) -> Stamp:
        """Return the stamp of a file.

        Raises:
            OSError: it cannot be looked at.
        """
        found = os.stat(path)
        return cls(found.st_size, found.st_mtime_ns)


class Outcome(Value, kw_only=True):
    """What came of a task; every field is of a plain type, so that it goes through pipes and into JSON.

    Attributes:
        input, output: the files.
        status: `DONE`, `FAILED` or `SKIPPED`.
        error: why it failed or was skipped, one sentence.
        seconds: how long it took from opening the input to the output's renaming.
        before, after: stamps of input and output, the input's from before it was opened.
        facts: what was read, computed and written; see `facts`.
    """

    input: str
    output: str
    status: str = DONE
    error: str | None = None
    seconds: float = 0.0
    before: Stamp | None = None
    after: Stamp | None = None
    facts: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as one line of a report, in the form that ``imgconv schema report`` describes."""
        line: dict[str, Any] = {"input": {"name": self.input}, "output": {"name": self.output}, "status": self.status}
        line["error"] = self.error and fault_to_json(self.error, file=self.input)
        line["seconds"] = round(self.seconds, 6)
        facts = self.facts or {}
        for name, stamp in (("input", self.before), ("output", self.after)):
            line[name] |= {key: value for key, value in facts.get(name, {}).items() if key != "name"}
            if stamp:
                line[name] |= {"bytes": stamp.bytes, "mtime_ns": stamp.mtime_ns}
        return line | {key: value for key, value in facts.items() if key not in line}


def run(request: Request, task: Task) -> Outcome:
    """Filter one file and say what came of it; nothing that is wrong with a file is raised.

    The target's folder is made if it is not there. The target is the old file or the whole new one.
    """
    start = time.perf_counter()
    try:
        before, report = _applied(request, task)
        after = Stamp.of(task.target)
    except TargetExistsError as error:
        return _undone(task, SKIPPED if task.spare else FAILED, str(error), start)
    except ImgconvError as error:
        return _undone(task, FAILED, _sentence(task, error), start)
    except MemoryError:
        return _undone(task, FAILED, f"{task.source}: there is not enough memory for it; fewer --jobs need less", start)
    except OSError as fault:
        return _undone(task, FAILED, f"{_name(fault) or task.source}: {fault_words(fault)}", start)
    except Exception as fault:  # a slip of ours over one file is no reason to leave the others
        return _undone(task, FAILED, f"{task.source}: unexpected {type(fault).__name__}: {fault}", start)
    return Outcome(
        input=task.source,
        output=task.target,
        seconds=time.perf_counter() - start,
        before=before,
        after=after,
        facts=facts(report),
    )


def _applied(request: Request, task: Task) -> tuple[Stamp, Report]:
    from imgconv.filtering.apply import apply

    before = refuse_special(task)  # before the target's folder is made, which would then be there for nothing
    make_folder(os.path.dirname(task.target))
    return before, apply(request.replace(overwrite=task.overwrite), task.source, task.target)


def refuse_special(task: Task) -> Stamp:
    """Return the stamp of a task's source, if neither that nor its target is a pipe or a device.

    Nobody may ever write to such a source or read from such a target, and a batch would wait for that without end.

    Raises:
        ImageReadError: the source is one, or cannot be looked at.
        ImageWriteError: the target is one.
    """
    try:
        found = os.stat(task.source)
    except (OSError, ValueError) as fault:
        words = fault_words(fault) if isinstance(fault, OSError) else "the name contains a null character"
        raise ImageReadError(task.source, words) from None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise ImageReadError(task.source, "this is a pipe or a device; 'imgconv apply' reads it, but no batch does")
    with suppress(OSError):
        mode = os.stat(task.target).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise ImageWriteError(task.target, "this is a pipe or a device, which no batch writes to")
    return Stamp(found.st_size, found.st_mtime_ns)


def _undone(task: Task, status: str, error: str, start: float) -> Outcome:
    seconds = time.perf_counter() - start
    return Outcome(input=task.source, output=task.target, status=status, error=error, seconds=seconds)


def _sentence(task: Task, error: ImgconvError) -> str:
    """Return an error's sentence, and the file it is about in front of it."""
    text = f"--{error}" if isinstance(error, OptionError) and error.option.islower() else str(error)
    return text if text.startswith((task.source, task.target)) else f"{task.source}: {text}"


def _name(fault: OSError) -> str:
    return os.fsdecode(fault.filename) if isinstance(fault.filename, (str, bytes)) else ""


def facts(report: Report) -> dict[str, Any]:
    """Return what a line of a report says of a picture: sizes, range, clipped samples, engine and notes."""
    from imgconv.filtering.report import to_json

    values = to_json(report)
    keys = ("input", "output", "engine", "map", "range", "clipped", "pages", "check", "notes", "personal", "streamed")
    return {key: values[key] for key in keys if key in values}
