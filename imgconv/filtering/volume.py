"""Pages filtered as one volume: a kernel on three axes, slid through columns, rows and pages.

A page's plan is that of `VolumeKernel.flat`, the kernel summed over its depth: sizes, the form of the output and what
becomes of results are the same. Pages are read in order, and held as long as a result needs them: as many as the kernel
is deep, unless the border wraps.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv import progress
from imgconv.border import Border, index_map
from imgconv.engines._bands import Result
from imgconv.engines._luma import kind_of, luma
from imgconv.errors import ImageReadError, OptionError
from imgconv.filtering.frames import most_bytes, plans, plays_of, ranges, refuse, shown, stretched, written_as
from imgconv.filtering.outcome import Report
from imgconv.filtering.planning import File
from imgconv.filtering.request import Request, rescaled
from imgconv.filtering.treatment import luma_weights, treated
from imgconv.filtering.whole import refuse_loss
from imgconv.functional import conv3d
from imgconv.geometry import Axis, convolution
from imgconv.image.formats import spec_of
from imgconv.image.frames.sequence import store_frames
from imgconv.image.limits.size import amount, pixels_of
from imgconv.image.model import Frame, Header, Image
from imgconv.image.reader import Reading
from imgconv.kernels.value import VolumeKernel
from imgconv.kernels.volume import split
from imgconv.pipeline.target import mapped
from imgconv.system import cores
from imgconv.tone import Stats, full_range

Floats = NDArray[np.float64]


class Window(NamedTuple):
    """The pages that one page of the result is made of.

    Attributes:
        pages: their numbers from 0, as the kernel's planes are laid on them; -1 is a page of the border's constant.
        middle: the page whose duration and metadata the result gets.
    """

    pages: tuple[int, ...]
    middle: int


def apply_volume(request: Request, reading: Reading, target: File, *, dry_run: bool = False) -> Report:
    """Filter the pages or frames of a file as a volume and write the result's to `target`; return what was done.

    Sums are formed in 64-bit floats, whatever the samples. The range of ``--map stretch`` is measured in a first pass
    over the file.

    Raises:
        ImgconvError: it cannot be done; nothing has been written.
    """
    report = _planned(request, reading, target)
    assert report.depth
    windows, count = _windows(report.depth, report.border), report.depth.output
    held = _held(windows)
    _refuse_held(report, held)
    volume = report.request.volume
    assert volume
    along, planes = split(volume)
    taps = f"{len(along)} and {planes.size}" if len(along) > 1 else f"{planes.size}"
    report = report.replace(reason=f"{taps} taps in 64-bit floats, {held} {report.input.unit}s held")
    if dry_run:
        return report
    start = time.perf_counter()
    first = 0.5 if report.target.waits else 0.0
    if report.target.waits:
        seen: list[Stats] = []
        for result, _ in _results(report, windows, reading, (0, 0.5)):
            found = ranges(report, result, Stats.of(result))
            seen = [one + other for one, other in zip(seen or [Stats()] * len(found), found, strict=True)]
        report = stretched(report, seen)
    total = Stats()

    def made() -> Iterator[Frame]:
        nonlocal total
        for result, frame in _results(report, windows, reading, (first, 1)):
            done = _mapped(report, result)
            total += done.stats
            refuse_loss(report.replace(result=done))
            image = frame.image.with_pixels(done.samples, alpha=report.output.alpha)
            yield Frame(shown(report, _grey(report, image)), frame.duration)
        reading.close()  # Windows replaces no file that is open, and it may be the target

    notes = store_frames(
        target,
        made(),
        request.options,
        plays=plays_of(reading.header),
        format=request.format,
        overwrite=request.overwrite,
        most=most_bytes(report.output) * count,
    )
    done = Result(np.empty((0, 0, 0)), total, threads=request.threads or cores.available())
    report = report.replace(result=done, seconds=time.perf_counter() - start)
    return report.replace(notes=tuple(dict.fromkeys((*report.notes, *notes))))


def _planned(request: Request, reading: Reading, target: File) -> Report:
    """Return what will be done, from the headers of all pages.

    Raises:
        ImgconvError: it cannot be done.
    """
    header, volume = reading.header, request.volume
    assert volume
    if not header.several:
        raise OptionError("volume", f"{header.name} holds one image; a volume is made of several pages or frames")
    _refuse_axes(header)
    refuse(request, header, target)
    if header.alpha and request.alpha not in ("drop", "filter"):
        problem = f"{header.name} has alpha, by which no volume is weighted; use drop, or filter it as a channel"
        raise OptionError("alpha", problem)
    headers = reading.headers()
    _refuse_unlike(header, headers)
    volume = rescaled(volume, request.gain, request.map)
    request = request.replace(kernel=volume.flat, volume=volume, gain="raw")
    depth = _depth(request, volume, len(headers))
    report = plans(request, headers[:1], target)[0]
    unit = spec_of(target, request.format).unit
    made = report.output.replace(frames=depth.output, unit=unit, plays=plays_of(header))
    # the first page's header tells neither how many there are nor what they are called
    report = report.replace(depth=depth, input=header, output=made)
    return report.replace(notes=tuple(dict.fromkeys((*report.notes, *written_as(report, unit)))))


def _refuse_axes(header: Header) -> None:
    """Refuse pages that a volume would mix: those of several channels, or of several times and slices.

    Raises:
        ImageReadError: they are.
    """
    axes = dict(header.axes)
    if "channels" in axes or len(axes) > 1:
        listed = " of ".join(f"{count} {axis}" for axis, count in sorted(axes.items(), reverse=True))
        problem = f"its pages are {listed}, which a volume would mix"
        raise ImageReadError(
            header.name, f"{problem}; save every stack of slices as a file of its own (ImageJ: Split Channels)"
        )


def _refuse_unlike(header: Header, headers: tuple[Header, ...]) -> None:
    for number, one in enumerate(headers):
        first, other = headers[0].replace(frames=1), one.replace(frames=1)
        if (other.words, other.dtype, other.channels) != (first.words, first.dtype, first.channels):
            problem = f"page {number} is {other.words} and page 0 {first.words}; the pages of a volume are all alike"
            raise ImageReadError(header.name, problem)


def _depth(request: Request, volume: VolumeKernel, pages: int) -> Axis:
    """Solve the axis along the pages; stride, dilation and padding are those of the other axes.

    Raises:
        OptionError: they differ for those.
        SizeError: the kernel is deeper than the padded pages.
    """
    for name, (across, down) in (("stride", request.stride), ("dilation", request.dilation)):
        if across != down:
            raise OptionError(name, f"{across}x{down} says nothing of the depth; give one number for all axes")
    taps, step, apart = len(volume.weights), request.stride[0], request.dilation[0]
    before, after = request.padding.along("depth", pages, taps, step, apart)
    return convolution(pages, taps, stride=step, dilation=apart, before=before, after=after, name="depth")


def _windows(depth: Axis, border: Border) -> list[Window]:
    """Return what every page of the result is made of."""
    pages = [int(page) for page in index_map(border, depth.size, depth.before, depth.after)]
    found = []
    for number in range(depth.output):
        start = number * depth.stride
        middle = start + (depth.reach - 1) // 2 - depth.before
        taken = tuple(pages[start : start + depth.reach : depth.dilation])
        found.append(Window(taken, min(max(middle, 0), depth.size - 1)))
    return found


def _last_uses(windows: list[Window]) -> dict[int, int]:
    """Return the last result that each page is of use for."""
    return {page: number for number, window in enumerate(windows) for page in (*window.pages, window.middle)}


def _held(windows: list[Window]) -> int:
    """Return how many pages are held at once, at most."""
    last, held, most, read = _last_uses(windows), set[int](), 0, 0
    for number, window in enumerate(windows):
        reach = max(*window.pages, window.middle) + 1
        held |= {page for page in range(read, reach) if page in last}
        read, most = max(read, reach), max(most, len(held))
        held = {page for page in held if last[page] > number}
    return most


def _refuse_held(report: Report, held: int) -> None:
    """Refuse to hold more pixels than are allowed.

    Raises:
        ImageReadError: it would be necessary.
    """
    header, most = report.input, report.request.max_pixels
    pixels = held * pixels_of(header.width, header.height, header.channels)
    if pixels > most:
        problem = f"{held} of its {header.unit}s have to be held at once, beyond the limit of {amount(most)} pixels"
        raise ImageReadError(header.name, f"{problem}; --max-pixels {amount(pixels)} lets them in")


def _results(
    report: Report, windows: list[Window], reading: Reading, share: tuple[float, float]
) -> Iterator[tuple[Floats, Frame]]:
    """Yield every page of the result, (rows, cols, channels), and the page read that it goes by.

    `share` is the part of the run that this is, from and to.
    """
    volume = report.request.volume
    assert volume
    taps, last = Slid.of(volume.slid(report.request.correlate)), _last_uses(windows)
    pages, held, read = iter(reading.frames()), dict[int, Frame](), 0
    for number, window in enumerate(windows):
        for _ in range(read, max(*window.pages, window.middle) + 1):
            frame = next(pages)
            if read in last:
                held[read] = frame.replace(image=_seen(frame.image, report.request))
            read += 1
        planes = [held[page].image.pixels if page >= 0 else None for page in window.pages]
        at, each = share[0], (share[1] - share[0]) / len(windows)
        with progress.part(at + number * each, at + (number + 1) * each):
            made = _slid(taps, planes, report)
        yield made, held[window.middle]
        held = {page: frame for page, frame in held.items() if last[page] > number}
    for _ in pages:  # what is broken is found although no window reaches it
        pass


def _seen(image: Image, request: Request) -> Image:
    """Return the image as the filter gets to see it; a luma is in whole numbers, `_unit` of which make a step."""
    image, weights = treated(image, request), luma_weights(request, image.space)
    if not weights:
        return image
    return image.with_pixels(luma(image.pixels, weights, rest=True, threads=request.threads)[0], alpha=image.alpha)


def _unit(report: Report) -> int:
    """Return what sums are divided by at the end."""
    weights = luma_weights(report.request, report.input.space)
    whole = kind_of(np.dtype(report.input.dtype), weights)[1] if weights else None
    return whole.unit if whole else 1


class Slid(NamedTuple):
    """A kernel as it is slid: the `volume`, and the two factors that `imgconv.kernels.volume.split` finds in it.

    Pages are added up as `along` says, and `weights` (1, rows, cols) are slid over the sum; where along is a single 1
    they have all planes, and are slid over all pages.
    """

    volume: VolumeKernel
    along: Floats
    weights: Floats

    @classmethod
    def of(cls, volume: VolumeKernel) -> Slid:
        """Return the kernel in its two parts."""
        return cls(volume, *split(volume))


def _slid(taps: Slid, planes: list[NDArray[Any] | None], report: Report) -> Floats:
    """Return one page of the result, (rows, cols, channels); None stands for a page of the border's constant."""
    width, height = report.plan.extent
    deep, unit = len(taps.weights), _unit(report)
    border = report.border.replace(value=report.border.value * unit)
    slab = np.zeros((report.plan.input.channels, 1, deep, height.size, width.size))
    with np.errstate(all="ignore"):
        for at, plane in enumerate(planes):
            samples = border.value if plane is None else np.moveaxis(plane, 2, 0).astype(np.float64)
            if deep > 1:
                slab[:, 0, at] = samples
            else:
                slab[:, 0, 0] += taps.along[at] * samples
        sums = conv3d(
            slab,
            taps.weights[None, None],
            stride=(1, height.stride, width.stride),
            padding=(width.before, height.before, 0, width.after, height.after, 0),
            dilation=(1, height.dilation, width.dilation),
            border=border.replace(value=border.value * float(taps.along.sum())),
            threads=report.request.threads,
        )
        sums = sums * taps.volume.scale.numerator / (taps.volume.scale.denominator * unit)
        sums += taps.volume.offset.at(full_range(report.input.dtype))
    return np.ascontiguousarray(np.moveaxis(sums[:, 0, 0], 0, 2))


def _mapped(report: Report, result: Floats) -> Result:
    """Return a page of the result as it is written, and what was seen."""
    done = Result(result, Stats.of(result))
    if report.target.map == "float":
        return done.replace(samples=result.astype(report.target.dtype))
    return mapped(done, report.target, report.white)


def _grey(report: Report, image: Image) -> Image:
    if not report.request.gray:
        return image
    from imgconv.image.colour.grey import grey_metadata

    return image.replace(metadata=grey_metadata(image.metadata))
