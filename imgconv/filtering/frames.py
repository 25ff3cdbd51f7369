"""Every frame of an animation, or every page of a file, through one kernel or a pipeline, one at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imgconv import progress
from imgconv.engines._bands import Result
from imgconv.errors import ImageWriteError, OptionError
from imgconv.filtering.featuremap import sheet
from imgconv.filtering.outcome import Alike, Report
from imgconv.filtering.planning import File, planned
from imgconv.filtering.request import Request
from imgconv.filtering.whole import filtered, foreseen, refuse_span
from imgconv.image.formats import holders_of_several, named, spec_of
from imgconv.image.frames.sequence import store_frames
from imgconv.image.model import Frame, Header, Image, Pixels
from imgconv.image.reader import Reading
from imgconv.pipeline.target import float_for
from imgconv.tone import Stats


def apply_frames(request: Request, reading: Reading, target: File, *, dry_run: bool = False) -> Report:
    """Filter every frame or page that a file has and write them to `target`; return what was done to all.

    Each is planned for itself, before a pixel is decoded, and then read, filtered and written before the next. Those
    that are alike share the range of ``--map stretch``, which is measured in a first pass over the file.

    Raises:
        ImgconvError: it cannot be done; nothing has been written.
    """
    refuse(request, reading.header, target)
    reports = plans(request, reading.headers(), target)
    if dry_run:
        return _whole([foreseen(report) for report in reports])
    first, count = 0.0, len(reports)
    if any(report.target.waits for report in reports):
        with progress.part(0, 0.5):
            reports = _with_shared_ranges(reports, reading)
        first = 0.5
    done: list[Report] = []

    def made() -> Iterator[Frame]:
        for number, (report, frame) in enumerate(zip(reports, reading.frames(), strict=True)):
            with progress.part(first + (1 - first) * number / count, first + (1 - first) * (number + 1) / count):
                one = filtered(report, frame.image)
            done.append(_without_samples(one.report).replace(notes=(*one.report.notes, *frame.image.notes)))
            yield Frame(shown(report, one.image), frame.duration)
        reading.close()  # Windows replaces no file that is open, and it may be the target

    notes = store_frames(
        target,
        made(),
        request.options,
        plays=plays_of(reading.header),
        format=request.format,
        overwrite=request.overwrite,
        most=sum(most_bytes(report.output) for report in reports),
    )
    whole = _whole(done)
    return whole.replace(notes=tuple(dict.fromkeys((*whole.notes, *notes))))


def refuse(request: Request, header: Header, target: File) -> None:
    """Refuse what is possible for one image only.

    Raises:
        OptionError: an option is.
        ImageWriteError: the format holds but one.
    """
    many = f"{header.name} has {header.frames} {header.unit}s"
    spec = spec_of(target, request.format)
    name = target if isinstance(target, str) else "standard output"
    if not spec.unit:
        problem = f"{many}, and {spec.name} holds one image; write {holders_of_several()} for all of them"
        raise ImageWriteError(name, f"{problem}, or choose one with --frame, from 0 to {header.frames - 1}")
    if request.saves:
        raise OptionError("save-layer", f"{many}; choose one with --frame")


def plans(request: Request, headers: tuple[Header, ...], target: File) -> list[Report]:
    """Return what is planned for each; what is alike is planned once.

    Raises:
        ImageWriteError: the results are pages already.
    """
    found: dict[Header, Report] = {}
    for header in headers:
        if header not in found:
            report = planned(request, header, target)
            report.chain.refuse_held(report.plan, request.max_pixels)
            if report.form.kind == "pages":
                problem = (
                    f"{report.form.channels} channels take a page each, but {header.name} has {header.unit}s itself"
                )
                raise ImageWriteError(report.output.name, f"{problem}; choose one with --frame")
            found[header] = report
    reports = [found[header] for header in headers]
    first = reports[0].output
    other = next((number for number, one in enumerate(reports) if one.output.words != first.words), None)
    if other is not None and spec_of(target, request.format).unit == "frame":
        problem = f"page {other} comes out as {reports[other].output.words} and page 0 as {first.words}"
        raise ImageWriteError(
            first.name, f"{problem}, of which no animation can be made; write .tif, or choose --frame"
        )
    return reports


def plays_of(header: Header) -> int:
    """Return how often what is made of the file is shown; pages are shown for ever."""
    return header.plays if header.unit == "frame" else 0


def _with_shared_ranges(reports: list[Report], reading: Reading) -> list[Report]:
    """Return the reports with the range of all results that are stretched alike, so that nothing flickers."""
    seen: dict[int, list[Stats]] = {}
    for number, (report, frame) in enumerate(zip(reports, reading.frames(), strict=True)):
        with progress.part(number / len(reports), (number + 1) / len(reports)):
            result = filtered(_measuring(report), frame.image).report.result
        assert result is not None
        found = ranges(report, result.samples, result.stats)
        seen[id(report)] = [one + other for one, other in zip(seen.get(id(report), found), found, strict=True)]
    ready = {id(report): stretched(report, seen[id(report)]) for report in reports}
    return [ready[id(report)] for report in reports]


def _measuring(report: Report) -> Report:
    kind = float_for(np.dtype(report.input.dtype))
    return report.replace(
        target=report.target.replace(map="float", dtype=kind),
        request=report.request.replace(check=False, strict=False),
    )


def ranges(report: Report, results: Pixels, stats: Stats) -> list[Stats]:
    """Return what was seen of float results, (rows, cols, channels): of each map where they have their own scales."""
    if not report.target.apart:
        return [stats]
    return [Stats.of(results[:, :, channel]) for channel in range(results.shape[2])]


def stretched(report: Report, seen: list[Stats]) -> Report:
    """Return the report with the range that `seen` has, by `ranges`, of all frames.

    Raises:
        OptionError: it makes no sense.
    """
    stats = sum(seen, Stats())
    refuse_span(report.replace(result=Result(np.empty((0, 0, 0)), stats)))
    if report.target.apart:
        return report.replace(target=report.target.replace(measured=tuple(seen)))
    low, high = report.target.ends(stats)
    return report.replace(target=report.target.replace(low=low, high=high))


def most_bytes(header: Header) -> int:
    """Return more than a page takes in a file, well compressed or not."""
    samples = header.width * header.height * header.channels
    return int(1.6 * samples * np.dtype(header.dtype).itemsize) + 2**17


def shown(report: Report, image: Image) -> Image:
    if report.form.kind == "sheet":
        return image.with_pixels(sheet(image.pixels, report.form.tiles), alpha=False)
    return image


def _without_samples(report: Report) -> Report:
    assert report.result is not None
    return report.replace(result=report.result.replace(samples=np.empty((0, 0, 0))))


def _whole(reports: list[Report]) -> Report:
    """Return one report of all."""
    groups: dict[Header, list[int]] = {}
    for number, report in enumerate(reports):
        groups.setdefault(report.input.replace(notes=()), []).append(number)
    alike = tuple(
        Alike(tuple(numbers), _summed([reports[number] for number in numbers])) for numbers in groups.values()
    )
    first = alike[0].report if len(alike) == 1 else _summed(reports)
    unit = spec_of(first.output.name, first.output.format).unit
    return first.replace(
        output=first.output.replace(frames=len(reports), unit=unit, plays=plays_of(first.input)),
        notes=tuple(dict.fromkeys((*first.notes, *written_as(first, unit)))),
        pages=alike if len(alike) > 1 else (),
    )


def _summed(reports: list[Report]) -> Report:
    """Return the first one's plan, with what was seen in any."""
    results = [report.result for report in reports if report.result]
    checks = [report.check for report in reports if report.check]
    total = None
    if results:
        stats = sum((result.stats for result in results), Stats())
        total = results[0].replace(stats=stats, threads=max(result.threads for result in results))
    return reports[0].replace(
        result=total,
        seconds=sum(report.seconds for report in reports),
        check=sum(checks[1:], checks[0]) if checks else None,
        reason="; ".join(dict.fromkeys(report.reason for report in reports)),
        ways=tuple(dict.fromkeys(way for report in reports for way in report.ways)),
        notes=tuple(dict.fromkeys(note for report in reports for note in report.notes)),
    )


def written_as(report: Report, unit: str) -> list[str]:
    """Say what the output is, where its name does not, and what is lost or made up on the way."""
    notes = []
    if caution := named(report.output.format).caution:
        notes.append(f"the output is {caution}")
    if unit == "frame" and report.input.unit == "page":
        notes.append("pages have no durations: each is shown for 0.1 s, again and again")
    if unit == "page" and report.input.unit == "frame":
        notes.append(f"{report.output.format} holds no durations: they are left out")
    return notes
