"""From file to file through one kernel or a pipeline: everything that ``imgconv apply`` does but print.

An image is read whole and filtered by `imgconv.filtering.whole`, or, if it is large, some rows at a time by
`imgconv.filtering.streaming`. Files of several images are the part of `imgconv.filtering.frames` and `volume`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from imgconv.errors import OptionError, quoted
from imgconv.filtering.featuremap import write_result
from imgconv.filtering.outcome import Report
from imgconv.filtering.planning import File, planned, samples_bytes
from imgconv.filtering.request import Request
from imgconv.filtering.whole import Done, filtered, foreseen, refuse_loss, refuse_span
from imgconv.image.files import check_place
from imgconv.image.reader import Reading
from imgconv.progress import Progress, phase

Listener = Callable[[Progress], None]

STREAMED_BYTES = 2**28
"""An image with so many bytes of samples, input and output together, is filtered some rows at a time."""


def apply(
    request: Request, source: File | Reading, target: File, *, dry_run: bool = False, progress: Listener | None = None
) -> Report:
    """Filter the image in `source` and write it to `target`; return what was done.

    `progress` is called when a phase begins and after every band of rows, from any thread, with how far the run is.
    Everything that can be refused is refused before a pixel is waited for. A dry run stops there. The target may be
    the source: it is replaced when all has been computed. Of several frames or pages all are filtered.

    Raises:
        ImgconvError: it cannot be done; nothing has been written.
    """
    request.refuse()
    _check_places([target, *(file for _, file in request.saves)], request.overwrite)
    if progress and not dry_run:
        progress(Progress("reading"))
    with source if isinstance(source, Reading) else Reading(source, max_pixels=request.max_pixels) as reading:
        if not request.orient:
            reading.leave_as_stored()
        if request.volume:
            from imgconv.filtering.volume import apply_volume

            with _heard(progress, reading):
                return apply_volume(request, reading, target, dry_run=dry_run)
        if request.frame is not None:
            reading.choose(request.frame)
        if reading.header.several:
            from imgconv.filtering.frames import apply_frames  # few files have several images

            with _heard(progress, reading):
                return apply_frames(request, reading, target, dry_run=dry_run)
        report = planned(request, reading.header, target)
        large = _may_stream(report, reading, target)
        if not large:
            _refuse_held(report, reading)
        if dry_run:
            return foreseen(report).replace(streamed=large)
        if large:
            with _heard(progress, reading):
                if finished := _streamed(report, reading, target):
                    return finished
        _refuse_held(report, reading)
        image = reading.image()
    with _heard(progress, reading):
        done = filtered(report, image)
    if progress:
        progress(Progress("writing"))
    return done.report.replace(notes=tuple(dict.fromkeys((*done.report.notes, *image.notes, *_written(done, target)))))


def _heard(listener: Listener | None, reading: Reading) -> AbstractContextManager[None]:
    """Return the context in which a listener is told how far the filtering of what is read is."""
    header = reading.header
    return phase(listener, "filtering", header.width * header.height * max(header.frames, 1))


def _may_stream(report: Report, reading: Reading, target: File) -> bool:
    """Whether the image is so large that it is filtered some rows at a time, where that can be done."""
    if not reading.banded or samples_bytes(report.input, report.output) < STREAMED_BYTES:
        return False
    from imgconv.filtering.streaming import streams  # small images need it not

    return streams(report, target)


def _refuse_held(report: Report, reading: Reading) -> None:
    """Refuse what is larger than may be held in memory, input or results.

    Raises:
        ImgconvError: it is.
    """
    reading.refuse_large()
    report.chain.refuse_held(report.plan, report.request.max_pixels)


def _streamed(report: Report, reading: Reading, target: File) -> Report | None:
    from imgconv.filtering.streaming import streamed

    def check(done: Report) -> None:
        refuse_span(done)
        refuse_loss(done)

    return streamed(report, reading, str(target), check)


def _written(done: Done, target: File) -> tuple[str, ...]:
    """Write everything that was made; return notes."""
    request = done.report.request
    for saved in done.report.saved:
        image = done.saved[saved.number]
        write_result(saved.target, image, saved.form, request.options, overwrite=request.overwrite)
    return write_result(
        target, done.image, done.report.form, request.options, format=request.format, overwrite=request.overwrite
    )


def _check_places(targets: list[File], overwrite: bool) -> None:
    """Refuse files that exist already, or that are to be written twice.

    Raises:
        ImageWriteError: a file exists, or its folder does not.
        OptionError: two results are to go into one file.
    """
    names = [target for target in targets if isinstance(target, str)]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise OptionError("save-layer", f"{quoted(name)} is to hold two results; name another file")
        check_place(name, name, overwrite)
