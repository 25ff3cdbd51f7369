"""Plan every size, then run: one layer or a chain of them, on pixels with or without alpha."""

from __future__ import annotations

from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imgconv import progress
from imgconv.border import Border
from imgconv.engines import Engine, Job, Prepared, Way, Whole
from imgconv.engines._bands import Result, Window, run, run_within
from imgconv.engines._luma import luma as made_luma
from imgconv.engines._luma import plain
from imgconv.errors import ImgconvError, LayerError
from imgconv.geometry import Extent, Padding
from imgconv.image.limits.size import MAX_PIXELS, pixels_of
from imgconv.kernels.value import AnyKernel, Pointwise
from imgconv.layers import Layer, Setting, Shape, Step
from imgconv.layers._limits import refuse_enormous, refuse_held
from imgconv.layers.conv import Conv
from imgconv.pipeline.alpha import overlook, unweight, with_channel
from imgconv.pipeline.target import Target, computable, float_for, mapped
from imgconv.sizes.chain import Row, extents, rows
from imgconv.tone import Stats, Tone, full_range
from imgconv.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Pixels = NDArray[Any]

PART_SAMPLES = 3 << 19
"""Samples with alpha that are filtered at once: their floats take little beside the image."""


def layer_for(
    kernel: AnyKernel,
    padding: Padding,
    border: Border,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    correlate: bool = False,
) -> Layer:
    """Return the layer that applies `kernel`; pairs are (width, height)."""
    if isinstance(kernel, Pointwise):
        from imgconv.layers.pointwise import Pointwise as OverChannels  # few kernels are one

        return OverChannels(kernel, (), padding, border, stride)
    return Conv(kernel, padding, border, stride, dilation, correlate)


class Plan(Value):
    """Layers planned one after the other for one input shape."""

    layers: tuple[Layer, ...]
    steps: tuple[Step, ...]
    input: Shape

    @property
    def output(self) -> Shape:
        """The shape that comes out at the end."""
        return self.steps[-1].output

    @property
    def extent(self) -> Extent:
        """Both axes of the last window."""
        return list(extents(self.steps[-1].stages))[-1]

    @property
    def rows(self) -> list[Row]:
        """A row for every layer: size, receptive field, parameters and multiply-adds."""
        planned = ((layer.kind, step.output, step.stages) for layer, step in zip(self.layers, self.steps, strict=True))
        return rows(self.input, planned)

    def whites(self, white: float) -> list[float]:
        """Return what stands for white before every layer and after the last, if `white` does in the input."""
        found = [white]
        for layer in self.layers:
            found.append(layer.white_after(found[-1]))
        return found

    @property
    def sums(self) -> bool:
        """Whether the first step can be handed samples that are whole numbers in a float type."""
        return self.steps[0].correlates

    @property
    def exact(self) -> bool:
        """Whether whole numbers give the first step exact sums, as its taps are integers."""
        return self.sums and all(job.integral for job in self.steps[0].jobs(1.0))

    def prepare(
        self,
        engine: Engine,
        dtype: np.dtype[Any],
        white: float,
        threads: int | None = None,
        whole: Whole | None = None,
    ) -> list[list[Prepared]]:
        """Return, for every step, its jobs with their ways chosen; `whole` is for what the first one gets."""
        further = np.dtype(np.float32) if whole else float_for(dtype)
        kinds = [computable(dtype), *[further] * (len(self.steps) - 1)]
        wholes = [whole, *[None] * (len(self.steps) - 1)]
        given = zip(self.steps, self.whites(white), kinds, wholes, strict=False)
        return [list(step.prepare(Setting(engine, one, threads, also), kind)) for step, one, kind, also in given]

    def _shares(self) -> list[float]:
        """Return which share of the work is done before every layer and at the end, by multiply-adds and samples."""
        number = len(self.steps)
        if number == 1 or not progress.heard():
            return [at / number for at in range(number + 1)]
        work = [row.multiply_adds[0] + pixels_of(*row.output) for row in self.rows]
        return [sum(work[:at]) / sum(work) for at in range(number + 1)]

    def run(
        self,
        pixels: Pixels,
        engine: Engine,
        target: Target,
        *,
        white: float | None = None,
        threads: int | None = None,
        keep: Callable[[int, Pixels], None] | None = None,
        window: Window | None = None,
        whole: Whole | None = None,
    ) -> Result:
        """Run every step on `pixels`, (rows, cols, channels), all channels alike.

        `whole` is for samples that are whole numbers in a float type, where the first step `sums`. `white` is the
        largest sample value, for floats that stand for samples of an integer type. `keep` is called with the number of
        every layer, from 1, and its float results. With a `window` the result is that part of the whole, sample for
        sample, and nothing else is looked at; what ``stretch`` measures is the window's.
        """
        pixels = pixels.astype(computable(pixels.dtype), copy=False)
        whites = self.whites(full_range(pixels.dtype) if white is None else white)
        kind, last = np.dtype(np.float32) if whole else float_for(pixels.dtype), len(self.steps) - 1
        narrow = target.dtype.kind == "f" and target.dtype.itemsize < kind.itemsize  # it may not hold all results
        reasons: list[str] = []
        ways: list[Way] = []
        ends = self._shares()
        for i, (step, jobs) in enumerate(
            zip(self.steps, self.prepare(engine, pixels.dtype, whites[0], threads, whole), strict=True)
        ):
            waits = target.waits or narrow or i < last or keep is not None
            made = partial(
                run if window is None or i < last else partial(run_within, window),
                jobs,
                pixels,
                (step.output.height, step.output.width, step.output.channels),
                combine=step.combine,
                threads=threads,
            )
            tone = target.tone(whites[-1])
            twice = target.waits and not (target.apart or narrow) and i == last and keep is None
            if twice and all(job.suited(None).stores for job in jobs):
                # To compute twice takes less memory and time than to keep all results as floats in between.
                with progress.part(ends[i], (ends[i] + ends[i + 1]) / 2):
                    seen = made(tone=None, dtype=kind, measure=True).stats
                tone = target.tone(whites[-1], seen)
                waits = tone is None or not isfinite(tone.shift)
            with progress.part(ends[i], ends[i + 1]):
                result = made(tone=None if waits else tone, dtype=kind if waits else target.dtype)
            if not waits and target.waits:
                result = result.replace(stats=result.stats.replace(minimum=seen.minimum, maximum=seen.maximum))
            pixels = result.samples
            reasons.append(result.reason)
            ways += [way._replace(layer=i + 1) for way in result.ways]
            if keep:
                keep(i + 1, pixels)
        result = result.replace(reason="; ".join(dict.fromkeys(reasons)), ways=tuple(ways))
        return mapped(result, target, whites[-1]) if waits else result


class Pipeline(Value):
    """A chain of layers; `source` is the name of the file it was read from."""

    layers: tuple[Layer, ...]
    source: str = ""

    def plan(self, shape: Shape) -> Plan:
        """Work out the size after every layer.

        Raises:
            SizeError: a size is impossible, or asks for absurd padding or windows.
            ChannelError: a layer takes another number of channels.
            LayerError: one of these, with the layer's number; for pipelines from a file or of several layers.
        """
        steps: list[Step] = []
        taken = shape
        for number, layer in enumerate(self.layers, 1):
            try:
                steps.append(layer.plan(taken))
                refuse_enormous(steps[-1], taken)
            except ImgconvError as error:
                raise self._of_layer(number, error) from None
            taken = steps[-1].output
        return Plan(self.layers, tuple(steps), shape)

    def _of_layer(self, number: int, error: ImgconvError) -> ImgconvError:
        """Return an error with the number of the layer it is about, where that is not clear."""
        if self.source or len(self.layers) > 1:
            return LayerError(number, self.layers[number - 1].kind, error)
        return error

    def refuse_held(self, plan: Plan, most: int) -> None:
        """Refuse results of more than `most` pixels, and of more than the input has, where they are held whole.

        Raises:
            SizeError, LayerError: as `plan` does.
        """
        taken = plan.input
        most = max(most, pixels_of(*taken))
        for number, step in enumerate(plan.steps, 1):
            try:
                refuse_held(step, taken, most)
            except ImgconvError as error:
                raise self._of_layer(number, error) from None
            taken = step.output

    def run(
        self,
        pixels: Pixels,
        engine: Engine,
        target: Target,
        *,
        alpha: str | None = None,
        threads: int | None = None,
        keep: Callable[[int, Pixels], None] | None = None,
        white: float | None = None,
        window: Window | None = None,
        max_pixels: int = MAX_PIXELS,
        luma: Sequence[int] | None = None,
    ) -> Result:
        """Run the chain on `pixels`, (rows, cols, channels).

        Args:
            pixels: the samples, not premultiplied.
            engine: what runs the correlations.
            target: what the result's samples shall be.
            alpha: one of `imgconv.words.choice.ALPHAS` but ``drop`` if the last channel is alpha, else None. Where a
                layer's results are no weighted means (derivatives, learned weights), ``premultiply`` weights the
                colours and leaves alpha; ``auto`` does the same but under learned weights, which it lets see the
                colours as they are.
            threads: at most so many; None means every core that this process may use.
            keep: as in `Plan.run`; it gets the colours without alpha, and weighted by it where layers average.
            white, window: as in `Plan.run`.
            max_pixels: as in `refuse_held`.
            luma: the weights of red, green and blue, the first three channels, in the one that is filtered in their
                place; whole numbers. It is rounded with the results only.

        Raises:
            SizeError, LayerError: as `plan` and `refuse_held` do.
        """
        pixels = pixels.astype(computable(pixels.dtype), copy=False)
        rows, cols, channels = pixels.shape
        channels -= 2 if luma else 0
        white = full_range(pixels.dtype) if white is None else white
        if alpha in (None, "filter"):
            plan = self.plan(Shape(cols, rows, channels))
            self.refuse_held(plan, max_pixels)
            seen, whole = _seen(plan, pixels, luma, threads)
            return plan.run(seen, engine, target, white=white, threads=threads, keep=keep, window=window, whole=whole)
        plan = self.plan(Shape(cols, rows, channels - 1))
        self.refuse_held(plan, max_pixels)
        colours, cover = pixels[:, :, :-1], pixels[:, :, -1:]
        clear = np.dtype(target.dtype).type(full_range(target.dtype) if target.map not in (None, "float") else white)
        # opaque throughout, and so is every border; floats may lie above, too
        if cover.min() == white and (pixels.dtype.kind == "u" or cover.max() == white):
            seen, whole = _seen(plan, colours, luma, threads)
            result = plan.run(seen, engine, target, white=white, threads=threads, keep=keep, window=window, whole=whole)
            return result.replace(samples=with_channel(result.samples, clear))
        kind = float_for(pixels.dtype)
        floats = Target(None, kind)
        weighted = self.weights(alpha)
        if plan.steps[-1].correlates and len(self.layers) == 1 and not target.waits and keep is None:
            within = window or Window(0, 0, plan.output.height, plan.output.width)
            return self._by_parts(plan.steps[-1], pixels, engine, target, weighted, threads, white, within, luma)
        if luma:
            colours = plain(*made_luma(colours, luma, threads=threads))
        if weighted:
            with np.errstate(all="ignore"):
                colours = np.multiply(colours, cover / kind.type(white), dtype=kind)
            if pixels.dtype.kind == "f":
                overlook(colours, cover)
        result = plan.run(
            np.ascontiguousarray(colours), engine, floats, white=white, threads=threads, keep=keep, window=window
        )
        means = weighted and self.averages
        alphas = tuple(layer.for_alpha(means, white) for layer in self.layers)
        covering = Pipeline(alphas).plan(Shape(cols, rows, 1))
        cover = covering.run(cover, engine, floats, white=white, threads=threads, window=window).samples
        if means:
            unweight(result.samples, cover, white)
        result = mapped(result.replace(stats=Stats.of(result.samples)), target, plan.whites(white)[-1])
        shares = cover * (clear / kind.type(white))
        if result.samples.dtype.kind != "f":
            shares = Tone("clip", target.dtype).apply(shares)[0]
        return result.replace(samples=with_channel(result.samples, shares))

    def weights(self, alpha: str | None) -> bool:
        """Whether the colours are weighted by alpha, if that is treated so; a matrix over channels needs no weights."""
        if alpha == "premultiply":
            return not all(layer.weightless for layer in self.layers)
        return alpha == "auto" and not all(layer.mixes for layer in self.layers)

    @property
    def averages(self) -> bool:
        """Whether results are weighted means of samples, so that alpha is filtered along with colours it weights."""
        return all(layer.averages for layer in self.layers)

    def _by_parts(
        self,
        colours: Step,
        pixels: Pixels,
        engine: Engine,
        target: Target,
        weighted: bool,
        threads: int | None,
        white: float,
        window: Window,
        luma: Sequence[int] | None,
    ) -> Result:
        """Run the one layer there is some rows at a time, as weighting the whole image takes many times its memory."""
        (layer,) = self.layers
        kind, means = float_for(pixels.dtype), weighted and layer.averages
        height, width, channels = pixels.shape
        channels -= 2 if luma else 0
        cover = layer.for_alpha(means, white).plan(Shape(width, height, 1))
        assert cover.correlates
        jobs = (colours.jobs(white), cover.jobs(white))
        clear = full_range(target.dtype) if target.map not in (None, "float") else white
        tone = target.tone(layer.white_after(white))
        shape = colours.output
        samples = np.empty((window.bottom - window.top, window.right - window.left, channels), target.dtype)
        rows = max(PART_SAMPLES // (shape.width * channels), 2 * jobs[0][0].taps.shape[0])
        found = Result(samples, Stats())
        for start in range(window.top // rows * rows, window.bottom, rows):
            stop = min(start + rows, shape.height)
            first, last = window.rows(start, stop)
            part = samples[first - window.top : last - window.top]
            cut = np.s_[first - start : last - start, window.left : window.right]
            with np.errstate(all="ignore"), progress.part(start / shape.height, stop / shape.height):
                source, moved = _seen_rows(jobs, start, stop)
                seen = pixels[source]
                alphas = seen[:, :, -1:].astype(kind)
                floats = plain(*made_luma(seen, luma, threads=threads)) if luma else seen[:, :, :-1].astype(kind)
                if weighted:
                    floats *= alphas / kind.type(white)
                    if pixels.dtype.kind == "f":
                        overlook(floats, alphas)
                results = []
                for image, step, some in zip((floats, alphas), (colours, cover), moved, strict=True):
                    ways = [engine.prepare(job, image.shape, kind) for job in some]
                    size = (stop - start, shape.width, image.shape[2])
                    results.append(run(ways, image, size, combine=step.combine, dtype=kind, threads=threads))
                result, shares = results[0].samples[cut], results[1].samples[cut]
                if means:
                    unweight(result, shares, white)
                if tone is None:
                    part[:, :, :-1], stats = result, Stats.of(result)
                else:
                    part[:, :, :-1], stats = tone.apply(result)
                shares *= kind.type(clear) / kind.type(white)
                part[:, :, -1:] = shares if part.dtype.kind == "f" else Tone("clip", target.dtype).apply(shares)[0]
            found = results[0].replace(samples=samples, stats=found.stats + stats)
        return found


def _seen(
    plan: Plan, pixels: Pixels, weights: Sequence[int] | None, threads: int | None
) -> tuple[Pixels, Whole | None]:
    """Return what the first step is handed of `pixels`: themselves, or the luma with what lies behind blue."""
    if not weights:
        return np.ascontiguousarray(pixels), None
    planes, whole = made_luma(pixels, weights, rest=True, exact=plan.exact, threads=threads)
    return (planes, whole) if plan.sums else (plain(planes, whole), None)


def _seen_rows(jobs: Sequence[Sequence[Job]], start: int, stop: int) -> tuple[NDArray[np.intp], list[list[Job]]]:
    """Return the rows of the image that output rows `start` to `stop` (exclusive) see, and the jobs on those alone."""
    maps = [[job.source_rows(start, stop) for job in some] for some in jobs]
    source = np.unique(np.concatenate([rows[rows >= 0] for some in maps for rows in some]))
    if not len(source):  # nothing but padding
        source = np.zeros(1, np.intp)
    moved = [
        [
            job.replace(rows=np.where(rows < 0, -1, np.searchsorted(source, rows)))
            for job, rows in zip(*pair, strict=True)
        ]
        for pair in zip(jobs, maps, strict=True)
    ]
    return source, moved
