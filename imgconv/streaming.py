"""Filtering an image some rows at a time, from TIFF file to TIFF file, so that its size does not matter.

One thread decodes rows ahead into a ring, which holds the rows that the layer still needs; the layer computes the
bands of rows that it would compute of a whole image; another thread packs and writes them. A layer that follows
another takes its rows from a ring of its own. An engine finds the rows of a ring through the job's row map, in which
each row's number is replaced by its place in the ring, so that the very same arithmetic runs, and the samples are those
of the whole image, bit for bit.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from math import isfinite
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgconv import cores, engines
from imgconv.engines import Engine, Floats, Prepared
from imgconv.engines._bands import Result, run, suited
from imgconv.geometry import Shape, reach
from imgconv.image.files import sweep
from imgconv.image.limit import check_held
from imgconv.image.model import Bands, Pixels
from imgconv.image.reader import Reading
from imgconv.image.writer import store_bands
from imgconv.layers import Setting, Step
from imgconv.layers._steps import PlannedPixelwise
from imgconv.layers.conv import ConvStep
from imgconv.layers.pointwise import ChannelMatrix, PointwiseStep
from imgconv.pipeline import computable, float_for
from imgconv.planning import File, Report
from imgconv.request import Request
from imgconv.tone import Stats, Tone, full_range

GROUP_BYTES = 2**22
"""About so many bytes of results are computed at once."""

BLOCK_BYTES = 2**20
"""At least so many bytes of samples are decoded at once."""

WAITING = 2
"""Groups of results that may wait to be written."""

_SAME = (
    "kernel", "pipeline", "gain", "padding", "border", "stride", "dilation", "correlate", "groups", "bias", "engine",
    "map", "low", "high", "depth", "alpha", "orient", "strip", "strict", "threads", "overwrite", "format",
    "compression", "quality", "subsampling", "max_pixels",
)  # fmt: skip
"""What may be asked for of an image that is streamed."""


def streams(report: Report, target: File) -> bool:
    """Whether what `report` plans can be done some rows at a time, if the image can be decoded so."""
    taken, made, goal = report.input, report.output, report.target
    kind = np.dtype(taken.dtype)
    if (
        made.format != "TIFF"
        or report.form.kind != "picture"
        or taken.alpha
        or not _plain(report.request)
        or not isinstance(target, str)
    ):
        return False
    if os.path.exists(target) and not os.path.isfile(target):  # noqa: PTH110, PTH113 - a pipe or a device cannot seek
        return False
    if computable(kind) != kind or made.dtype != goal.dtype.name or goal.dtype.itemsize < min(4, kind.itemsize):
        return False
    return all(_steps_along(step, number) for number, step in enumerate(report.plan.steps))


def _plain(request: Request) -> bool:
    return request == Request(**{name: getattr(request, name) for name in _SAME})


def _steps_along(step: Step, number: int) -> bool:
    """Whether a step needs only rows that are near those that it makes; the first one may wrap around."""
    if isinstance(step, PlannedPixelwise):
        return True
    return isinstance(step, (ConvStep, PointwiseStep)) and (number == 0 or step.layer.fill.kind != "wrap")


def streamed(report: Report, reading: Reading, target: str, check: Callable[[Report], None]) -> Report | None:
    """Filter and write an image some rows at a time; return the completed report.

    None where only the results show that they have to be known all at once, and nothing has been written.

    Args:
        report: the plan, of which `streams` is true.
        reading: the image.
        target: the path of the new image.
        check: raises what the results forbid.

    Raises:
        ImgconvError: it cannot be done; nothing has been written.
    """
    begun = time.perf_counter()
    request, plan, goal = report.request, report.plan, report.target
    white = plan.whites(full_range(report.input.dtype))[-1]
    engine = engines.get(request.engine)
    tone, kind = goal.tone(white), goal.dtype
    seen = None
    if goal.waits:
        floats = float_for(np.dtype(report.input.dtype))
        chain = _Chain(report, engine, reading.bands(), floats)
        if not chain.measurable:
            return None
        seen = chain.run(None, None).stats
        check(report.replace(result=Result(np.empty((0, 0, 0)), seen)))
        tone = goal.tone(white, seen)
        if tone is None or not isfinite(tone.shift):
            return None
    done: list[Report] = []

    def give(write: Callable[[Pixels], None]) -> None:
        result = _Chain(report, engine, reading.bands(), kind).run(tone, write)
        if seen is not None:
            result = result.replace(stats=result.stats.replace(minimum=seen.minimum, maximum=seen.maximum))
        found = report.replace(result=result, reason=result.reason, streamed=True)
        check(found)
        done.append(found)

    sweep(os.path.dirname(os.path.realpath(target)))  # what a killed run left of so large a file is worth a look
    notes = store_bands(target, report.output, reading.metadata, give, request.options, overwrite=request.overwrite)
    seconds = time.perf_counter() - begun
    return done[0].replace(seconds=seconds, notes=tuple(dict.fromkeys((*report.notes, *notes))))


class _Ring:
    """Room for the rows of an image that are needed at one time, and for some that are needed once again.

    Attributes:
        samples: (places, cols, channels); row r is in place r % `size`, and what is needed again lies behind.
        size: places of rows that follow one another.
    """

    def __init__(self, size: int, again: int, cols: int, channels: int, dtype: np.dtype[Any]) -> None:
        self.size = size
        self.samples = np.empty((size + again, cols, channels), dtype)

    def room(self, start: int, stop: int) -> Pixels:
        """Return the places of rows that do not go around the ring's end."""
        return self.samples[start % self.size : start % self.size + stop - start]


class _Turned:
    """A way of computing pixel by pixel that looks at a ring of `size` rows."""

    def __init__(self, way: Prepared, size: int) -> None:
        self.way, self.size = way, size
        self.band_rows, self.reason = way.band_rows, way.reason

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive)."""
        at = start % self.size
        return self.way(image, at, at + stop - start)


class _Along(NamedTuple):
    """Which input rows a step looks at.

    Attributes:
        rows: the row map: for each padded row its source, or -1.
        window: the part of the map that output rows, the last one exclusive, look at.
        far: the padded rows whose sources lie at the image's other end.
        prepare: the step's jobs on rows that are in these places of an image of that many rows.
        band: output rows of a band.
    """

    rows: NDArray[np.intp]
    window: Callable[[int, int], slice]
    far: NDArray[np.intp]
    prepare: Callable[[NDArray[np.intp], int], list[Prepared]]
    band: int


def _along(step: Step, taken: Shape, setting: Setting, dtype: np.dtype[Any]) -> _Along:
    """Return how a step goes along the rows of an image of shape `taken` and samples of `dtype`."""
    height, width, channels = taken.height, taken.width, taken.channels
    if isinstance(step, ConvStep):
        jobs = step.jobs(setting.white)
        engine, stride = setting.engine, jobs[0].stride[0]
        reached = reach(jobs[0].taps.shape[0], jobs[0].dilation[0])
        band = min(engine.prepare(job, (height, width, channels), dtype).band_rows for job in jobs)
        return _Along(
            jobs[0].rows,
            lambda start, stop: slice(start * stride, (stop - 1) * stride + reached),
            _far(step, jobs[0].rows),
            lambda places, size: [
                engine.prepare(job.replace(rows=places), (size, width, channels), dtype) for job in jobs
            ],
            band,
        )
    ways = step.prepare(setting, dtype)
    if isinstance(step, PointwiseStep):
        (matrix,) = ways
        assert isinstance(matrix, ChannelMatrix)
        return _Along(
            matrix.rows,
            slice,
            _far(step, matrix.rows),
            lambda places, size: [matrix.replace(rows=places)],
            matrix.band_rows,
        )
    nothing = np.empty(0, np.intp)
    return _Along(
        np.arange(height), slice, nothing, lambda _, size: [_Turned(way, size) for way in ways], ways[0].band_rows
    )


class _Stage:
    """A step that computes groups of bands, each when the rows that it needs are in the ring before it.

    Attributes:
        group: output rows that are computed at once.
        spans: for each group, the first of the rows that it or a later one needs, and the one after the last it needs.
        ring: where the input rows are.
        again: sources of the rows behind the ring.
        done: output rows so far.
    """

    def __init__(
        self, report: Report, along: _Along, step: Step, taken: Shape, kinds: tuple[np.dtype[Any], np.dtype[Any]]
    ) -> None:
        """Take a step of what `report` plans, its input's shape, and the types of its input and its results."""
        self.along, self.step, self.taken = along, step, taken
        self.name, self.most = report.input.name, report.request.max_pixels
        self.kind, self.made = kinds
        output = step.output
        self.size = (output.height, output.width, output.channels)
        threads, line = cores.available(), output.width * output.channels * self.made.itemsize
        bands = GROUP_BYTES // (along.band * line)
        self.group = along.band * max(threads, bands // threads * threads)
        needed = along.rows.copy()
        needed[along.far] = -1
        self.spans: list[tuple[int, int]] = []
        for start in range(0, output.height, self.group):
            rows = needed[along.window(start, min(start + self.group, output.height))]
            rows = rows[rows >= 0]
            self.spans.append((int(rows.min()), int(rows.max()) + 1) if rows.size else (taken.height, 0))
        for number in reversed(range(len(self.spans) - 1)):  # what a later group needs has to stay
            low, high = self.spans[number]
            self.spans[number] = (min(low, self.spans[number + 1][0]), high)
        self.again = along.rows[along.far]
        self.done = 0
        self.stats, self.threads, self.reason = Stats(), 1, ""

    def lay_out(self, block: int, ahead: int) -> None:
        """Make the ring: input rows come so many at a time, and `ahead` such blocks before they are needed.

        Raises:
            ImageReadError: it would have to be too large.
        """
        window = max(0, *(high - low for low, high in self.spans))
        blocks = min(-(-window // block) + 1 + ahead, -(-self.taken.height // block))
        size = blocks * block
        rows, far = self.along.rows, self.along.far
        check_held(self.name, self.taken.width, size + len(far), self.taken.channels, self.most)
        places = np.where(rows < 0, -1, rows % size)
        places[far] = size + np.arange(len(far))
        self.ring = _Ring(size, len(far), self.taken.width, self.taken.channels, self.kind)
        self.ways = self.along.prepare(places, size + len(far))

    def compute(self, tone: Tone | None, out: Pixels | None, rows: tuple[int, int], threads: int | None) -> None:
        """Compute a group into `out`, or only measure it."""
        result = run(
            self.ways,
            self.ring.samples,
            self.size,
            combine=self.step.combine,
            tone=tone,
            dtype=self.made,
            threads=threads,
            out=out,
            measure=out is None,
            rows=rows,
        )
        self.stats, self.done = self.stats + result.stats, rows[1]
        self.threads, self.reason = max(self.threads, result.threads), result.reason


class _Chain:
    """The steps of a plan, one behind the other, and the image that they filter."""

    def __init__(self, report: Report, engine: Engine, bands: Bands, made: np.dtype[Any]) -> None:
        """Lay out the rings for results of type `made`."""
        plan, dtype = report.plan, np.dtype(report.input.dtype)
        self._threads, self._bands = report.request.threads, bands
        floats = float_for(dtype)
        kinds = [dtype, *[floats] * (len(plan.steps) - 1), made]
        shapes = [plan.input, *(step.output for step in plan.steps)]
        self.stages = []
        for number, (step, white) in enumerate(zip(plan.steps, plan.whites(full_range(dtype)), strict=False)):
            along = _along(step, shapes[number], Setting(engine, white, self._threads), kinds[number])
            self.stages.append(_Stage(report, along, step, shapes[number], (kinds[number], kinds[number + 1])))
        line = report.input.width * report.input.channels * dtype.itemsize
        self._block = bands.unit * max(1, BLOCK_BYTES // (bands.unit * line))
        for stage, block in zip(self.stages, [self._block, *(stage.group for stage in self.stages)], strict=False):
            stage.lay_out(block, stage is self.stages[0])

    @property
    def measurable(self) -> bool:
        """Whether results are the same when they are measured first and computed again."""
        ways = self.stages[-1].ways
        return all(isinstance(way, _Turned) or hasattr(suited(way, None), "store") for way in ways)

    def run(self, tone: Tone | None, write: Callable[[Pixels], None] | None) -> Result:
        """Filter the image; give its rows to `write`, or only measure the results."""
        stage = self.stages[-1]
        with _Ahead(self._bands, self.stages[0], self._block) as reader, _Behind(stage, write) as writer:
            for start in range(0, stage.size[0], stage.group):
                stop = min(start + stage.group, stage.size[0])
                self._await(len(self.stages) - 1, start // stage.group, reader)
                out = writer.room(stop - start) if write else None
                stage.compute(tone, out, (start, stop), self._threads)
                if out is not None:
                    writer.put(out)
            writer.finish()
        reasons = dict.fromkeys(stage.reason for stage in self.stages)
        return Result(np.empty((0, *stage.size[1:]), stage.made), stage.stats, stage.threads, "; ".join(reasons))

    def _await(self, at: int, number: int, reader: _Ahead) -> None:
        """See to it that the rows are there which a group of a stage needs."""
        low, high = self.stages[at].spans[number]
        if at == 0:
            reader.wait(low, high)
            return
        before, ring = self.stages[at - 1], self.stages[at].ring
        while before.done < high:
            start, stop = before.done, min(before.done + before.group, before.size[0])
            self._await(at - 1, start // before.group, reader)
            before.compute(None, ring.room(start, stop), (start, stop), self._threads)


class _Ahead:
    """The thread that decodes rows into a stage's ring before they are needed."""

    def __init__(self, bands: Bands, stage: _Stage, block: int) -> None:
        self._bands, self._ring, self._block = bands, stage.ring, block
        self._last = max(high for _, high in stage.spans)
        self._again = stage.again
        self._there = self._kept = 0
        self._ended = False
        self._fault: BaseException | None = None
        self._changed = threading.Condition()
        self._height = stage.taken.height
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> _Ahead:
        self._thread.start()
        return self

    def __exit__(self, *fault: object) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def wait(self, low: int, high: int) -> None:
        """Wait for the rows below `high`; those below `low` are needed no more.

        Raises:
            ImageReadError: they cannot be decoded.
        """
        with self._changed:
            self._kept = low
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._fault or self._there >= high)
        if self._fault:
            raise self._fault

    def _work(self) -> None:
        try:
            self._fill_again()
            for start in range(0, self._last, self._block):
                stop = min(start + self._block, self._height)
                if not self._space(stop):
                    return
                self._bands.fill(self._ring.room(start, stop), start)
                with self._changed:
                    self._there = stop
                    self._changed.notify_all()
        except BaseException as fault:  # raised where the rows are waited for
            with self._changed:
                self._fault = fault
                self._changed.notify_all()

    def _space(self, stop: int) -> bool:
        """Wait until there is room for the rows before `stop`; return whether they are still wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or stop - self._kept <= self._ring.size)
        return not self._ended

    def _fill_again(self) -> None:
        """Decode the rows behind the ring, as many as follow one another at a time."""
        at, count = 0, len(self._again)
        while at < count:
            stop = at + 1
            while stop < count and self._again[stop] == self._again[stop - 1] + 1:
                stop += 1
            place = self._ring.size + at
            self._bands.fill(self._ring.samples[place : place + stop - at], int(self._again[at]))
            at = stop


class _Behind:
    """The thread that writes rows after they have been computed."""

    def __init__(self, stage: _Stage, write: Callable[[Pixels], None] | None) -> None:
        self._write = write
        self._fault: BaseException | None = None
        self._free: SimpleQueue[Pixels] = SimpleQueue()
        self._full: SimpleQueue[Pixels | None] = SimpleQueue()
        rows = min(stage.group, stage.size[0])
        for _ in range(WAITING + 1 if write else 0):
            self._free.put(np.empty((rows, *stage.size[1:]), stage.made))
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> _Behind:
        self._thread.start()
        return self

    def __exit__(self, *fault: object) -> None:
        if fault[0]:
            self._fault = self._fault or InterruptedError()
        self._full.put(None)
        self._thread.join()

    def room(self, rows: int) -> Pixels:
        """Return room for so many rows, when there is some.

        Raises:
            OSError: rows cannot be written.
        """
        room = self._free.get()
        self._raise()
        return room[:rows]

    def put(self, rows: Pixels) -> None:
        """Have rows written that are in their room."""
        self._full.put(rows)

    def finish(self) -> None:
        """Wait until everything has been written.

        Raises:
            OSError: it cannot be.
        """
        self._full.put(None)
        self._thread.join()
        self._raise()

    def _raise(self) -> None:
        if self._fault:
            raise self._fault

    def _work(self) -> None:
        while (rows := self._full.get()) is not None:
            try:
                if self._write and not self._fault:
                    self._write(rows)
            except BaseException as fault:  # raised where rows are given
                self._fault = fault
            self._free.put(rows if rows.base is None else rows.base)


def _far(step: ConvStep | PointwiseStep, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the positions in a row map whose sources are at the other end of the image."""
    if step.layer.fill.kind != "wrap":
        return np.empty(0, np.intp)
    axis = step.extent.height
    step_along = axis.stride if isinstance(step, PointwiseStep) else 1
    at = np.arange(len(rows)) * step_along - axis.before
    return np.flatnonzero((at < 0) | (at >= axis.size))
