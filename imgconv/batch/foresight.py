"""What of a batch cannot be done, as far as that can be seen without opening a picture or making a folder."""

from __future__ import annotations

import os
from functools import cache
from io import BytesIO

from imgconv.batch.plan import Plan
from imgconv.batch.running import reporting
from imgconv.batch.task import Task, refuse_special
from imgconv.errors import ImageReadError, ImageWriteError, ImgconvError, ReportError
from imgconv.filtering.planning import planned
from imgconv.filtering.request import Request
from imgconv.image import Header
from imgconv.image.formats import spec_of
from imgconv.system import portable

_KINDS = (
    (3, False, "uint8", "RGB"),
    (1, False, "uint8", "grey"),
    (4, True, "uint8", "RGB"),
    (3, False, "uint16", "RGB"),
    (1, False, "uint16", "grey"),
    (3, False, "float32", "RGB"),
    (1, False, "float32", "grey"),
    (4, False, "uint8", "CMYK"),
    (9, False, "float32", "other"),
)
"""Channels, alpha, samples and space of pictures, of one of which at least a possible result can be made."""


def refuse(plan: Plan, report: str | None) -> None:
    """Refuse a run that would end before its first picture.

    Raises:
        ReportError: its report or its record cannot be written.
    """
    if report:
        reporting(plan, report)
    for path in filter(None, (report, plan.record)):
        if not os.path.exists(path) and (problem := folder_fault(os.path.dirname(os.path.realpath(path)))):
            raise ReportError(path, problem)


class Foresight:
    """Tells which tasks of one request will fail."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._unwritable = cache(self._suffix_fault)
        self._closed = cache(folder_fault)

    def fault(self, task: Task) -> str | None:
        """Return why a task will fail, in a sentence; None if nothing speaks against it."""
        try:
            refuse_special(task)
            if not os.access(task.source, os.R_OK):
                raise ImageReadError(task.source, "permission denied")
            if os.path.isdir(task.source):
                raise ImageReadError(task.source, "this is a directory, not a file")
            if os.path.isdir(task.target):
                raise ImageWriteError(task.target, "this is a directory; name a file in it")
            for problem in (
                self._unwritable(os.path.splitext(task.target)[1]),
                self._closed(os.path.dirname(os.path.realpath(task.target))),
            ):
                if problem:
                    raise ImageWriteError(task.target, problem)
        except ImgconvError as error:
            return str(error)
        return None

    def _suffix_fault(self, suffix: str) -> str:
        """Return why no picture can be written to files with a suffix; nothing if one can."""
        first = ""
        try:
            spec = spec_of(f"picture{suffix}", self._request.format)
        except ImgconvError as error:
            return str(getattr(error, "problem", error))
        request = self._request.replace(format=spec.suffixes[0])
        for channels, alpha, dtype, space in _KINDS:
            for frames in (1, 5):
                header = Header("picture", "TIFF", 1 << 12, 1 << 12, channels, alpha, dtype, space, frames, unit="page")
                try:
                    planned(request, header, BytesIO())
                except ImgconvError as error:
                    first = first or str(getattr(error, "problem", error))
                else:
                    return ""
        return first


def folder_fault(folder: str) -> str:
    """Return why nothing can be written into a folder, or that cannot be made; nothing if it can."""
    while not os.path.lexists(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        return "a part of this path is not a directory"
    if os.access(folder, os.W_OK | os.X_OK):
        return ""
    return "this is a read-only file system" if portable.is_read_only(folder) else f"{folder} cannot be written to"
