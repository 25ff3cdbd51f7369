"""What is known of a run: what was planned before it, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from imgconv import engines
from imgconv.border import Border
from imgconv.engines import Way
from imgconv.engines._bands import Result
from imgconv.filtering.featuremap import Form
from imgconv.filtering.request import Request
from imgconv.filtering.treatment import alpha_done, taken
from imgconv.geometry import Axis
from imgconv.image import Header
from imgconv.pipeline.run import Pipeline, Plan
from imgconv.pipeline.target import Target
from imgconv.tone import full_range
from imgconv.value import Value

if TYPE_CHECKING:
    from imgconv.filtering.agreement import Check
    from imgconv.filtering.part import Chosen


class Saved(NamedTuple):
    """The result of a layer on its way into a file of its own.

    Attributes:
        number: the layer's, from 1.
        target: the file.
        header: what it will hold.
        form: how the channels are written.
        goal: how results become samples.
        white: what stands for white in the results.
    """

    number: int
    target: str
    header: Header
    form: Form
    goal: Target
    white: float


class Alike(NamedTuple):
    """Pages of one size and type.

    Attributes:
        numbers: theirs, from 0.
        report: what was planned for them and done to all of them.
    """

    numbers: tuple[int, ...]
    report: Report

    @property
    def words(self) -> str:
        """Their numbers, such as ``0, 2..5``."""
        runs: list[list[int]] = []
        for number in self.numbers:
            if runs and number == runs[-1][-1] + 1:
                runs[-1][1:] = [number]
            else:
                runs.append([number])
        return ", ".join("..".join(map(str, run)) for run in runs)


class Report(Value, kw_only=True):
    """What was planned and, unless it was a dry run, done.

    Attributes:
        request: what was asked for, its kernel rescaled.
        input, output: what the files hold.
        chain: the layers.
        plan, target: the sizes, and how results become samples.
        reason: how the engine goes about it.
        ways: the same, part by part, with what another one than the engine asked for does.
        result: what came out; None for a dry run.
        seconds: how long the engine took.
        check: how another engine compares, if that was asked.
        picked: what of the image is filtered; None for all of it as it is coded.
        notes: what a user should know.
        personal: names of metadata that go along although only a part of the image is filtered, perhaps to hide it;
            one of the notes says so.
        form: how the result's channels are written.
        saved: the layers whose results are written to files of their own.
        pages: where pages differ, what was planned for and done to those that are alike; the rest is then that of the
            first, with what was seen in all.
        streamed: whether the image is filtered some rows at a time, or would be.
        depth: the axis along the pages of what is filtered as a volume.
    """

    request: Request
    input: Header
    output: Header
    chain: Pipeline
    plan: Plan
    target: Target
    border: Border
    reason: str = ""
    ways: tuple[Way, ...] = ()
    result: Result | None = None
    seconds: float = 0.0
    check: Check | None = None
    picked: Chosen | None = None
    notes: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    form: Form
    saved: tuple[Saved, ...] = ()
    pages: tuple[Alike, ...] = ()
    streamed: bool = False
    depth: Axis | None = None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes of all layers together: width, height, and the depth of a volume."""
        return (*self.plan.extent, self.depth) if self.depth else tuple(self.plan.extent)

    @property
    def keeps_alpha(self) -> bool:
        """Whether the result gets back the alpha that went beside the colours."""
        return keeps_alpha(taken(self.input, self.request), self.plan, self.request)

    @property
    def alpha(self) -> str | None:
        """What becomes of the input's alpha; see `imgconv.filtering.treatment.alpha_done`."""
        done = alpha_done(self.input, self.request, self.chain)
        if done in (None, "drop") or self.output.alpha:
            return done
        return "mixed" if done == "filter" else "drop"

    @property
    def elsewhere(self) -> tuple[Way, ...]:
        """What the engine that was asked for does not do; this package's own engine does all but others' layers."""
        ways = tuple(way for way in self.ways if way.elsewhere)
        if ways and engines.get(self.request.engine).traits.own:
            return tuple(way for way in ways if self.chain.layers[way.layer - 1].package)
        return ways

    def done_by(self, way: Way) -> str:
        """Return what did a part that no engine is asked for: this package's own engine, or the layer's package."""
        return self.chain.layers[way.layer - 1].package or engines.DEFAULT

    @property
    def engine(self) -> str:
        """The engine that computes: the one asked for, unless there is nothing for it to do."""
        others = self.elsewhere
        if not others or len(others) < len(self.ways):
            return self.request.engine
        doers = dict.fromkeys(map(self.done_by, others))
        return engines.DEFAULT if engines.DEFAULT in doers else next(iter(doers))

    @property
    def engine_reason(self) -> str:
        """How that engine goes about it."""
        others, engine = self.elsewhere, self.engine
        if not others:
            return self.reason
        done = [way for way in self.ways if way not in others] or [way for way in others if self.done_by(way) == engine]
        return "; ".join(dict.fromkeys(way.reason for way in done))

    @property
    def among_colours(self) -> bool:
        """Whether the result is put back into colours, as a luma is, or blended with them."""
        return self.picked is not None and bool(self.picked.luma)

    @property
    def white(self) -> float:
        """What stands for white in the results: the input's largest sample, unless a layer changes the scale."""
        return self.plan.whites(full_range(self.input.dtype))[-1]


def keeps_alpha(taken: Header, plan: Plan, request: Request) -> bool:
    """Whether the result gets its alpha back, which went beside the colours: colours do, feature maps do not."""
    if request.layout == "sheet":
        return False
    alike = plan.output.channels == plan.input.channels
    return taken.alpha and request.alpha != "filter" and (alike or plan.output.channels in (1, 3))
