"""The steps of a plan one behind the other, each taking its rows from the ring that the one before fills."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from imgconv import progress
from imgconv.engines import Engine
from imgconv.engines._bands import Result
from imgconv.filtering.outcome import Report
from imgconv.filtering.streaming.stage import Stage
from imgconv.filtering.streaming.threads import Ahead, Behind
from imgconv.image.base import Bands
from imgconv.image.model import Pixels
from imgconv.layers import Setting
from imgconv.pipeline.target import float_for
from imgconv.tone import Tone, full_range

BLOCK_BYTES = 2**20
"""At least so many bytes of samples are decoded at once."""


class Chain:
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
            along = step.along(shapes[number], Setting(engine, white, self._threads), kinds[number])
            self.stages.append(Stage(report, along, step, shapes[number], (kinds[number], kinds[number + 1])))
        line = report.input.width * report.input.channels * dtype.itemsize
        self._block = bands.unit * max(1, BLOCK_BYTES // (bands.unit * line))
        for stage, block in zip(self.stages, [self._block, *(stage.group for stage in self.stages)], strict=False):
            stage.lay_out(block, stage is self.stages[0])

    @property
    def measurable(self) -> bool:
        """Whether results are the same when they are measured first and computed again."""
        return self.stages[-1].measurable

    def run(self, tone: Tone | None, write: Callable[[Pixels], None] | None) -> Result:
        """Filter the image; give its rows to `write`, or only measure the results."""
        stage = self.stages[-1]
        with Ahead(self._bands, self.stages[0], self._block) as reader, Behind(stage, write) as writer:
            for start in range(0, stage.size[0], stage.group):
                stop = min(start + stage.group, stage.size[0])
                self._await(len(self.stages) - 1, start // stage.group, reader)
                out = writer.room(stop - start) if write else None
                with progress.part(start / stage.size[0], stop / stage.size[0]):
                    stage.compute(tone, out, (start, stop), self._threads)
                if out is not None:
                    writer.put(out)
            writer.finish()
        reasons = dict.fromkeys(stage.reason for stage in self.stages)
        ways = [way._replace(layer=at) for at, one in enumerate(self.stages, 1) for way in one.done_by]
        samples = np.empty((0, *stage.size[1:]), stage.made)
        return Result(samples, stage.stats, stage.threads, "; ".join(reasons), tuple(ways))

    def _await(self, at: int, number: int, reader: Ahead) -> None:
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
