"""Filtering some channels, within a region, through a mask, or in linear light.

Results are finished in floats and rounded once. What is not filtered keeps its samples, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv.engines import Engine
from imgconv.engines._bands import Result, each
from imgconv.engines._luma import luma as made_luma
from imgconv.engines._luma import plain
from imgconv.filtering.part import Chosen
from imgconv.filtering.request import Request
from imgconv.filtering.treatment import luma_weights
from imgconv.image import Image
from imgconv.image.colour.grey import LUMA
from imgconv.pipeline.run import Pipeline
from imgconv.pipeline.target import Target, float_for
from imgconv.system import cores
from imgconv.tone import Stats, Tone, full_range

Pixels = NDArray[Any]

BAND_SAMPLES = 1 << 16
"""Samples that are finished at once: they and their floats stay in the second-level cache."""


def run(
    image: Image, request: Request, chain: Pipeline, target: Target, picked: Chosen, engine: Engine
) -> tuple[Result, Pixels, Sequence[int] | None]:
    """Run the chain on what is chosen of an image; return the whole result, and what was filtered together.

    That is colours and the weights of their luma, where this was filtered in their place. What the result says of its
    range is that of what was filtered; in linear light, of light.
    """
    work = _Work(image, request, chain, target, picked)
    result = work.run(engine)
    return (result, work.colours, work.luma) if work.luma and picked.colours else (result, work.planes, None)


class _Work:
    """An image on its way; arrays are (rows, cols, channels), light is in units of which white has the largest sample.

    Attributes:
        white: what stands for white in the samples.
        original: the samples.
        source: the samples, or their light; alpha as it is.
        planes: what is filtered together, alpha behind it.
        cover: whether alpha lies behind the results, which it weights or goes along with.
        codes: whether results are light that is to become sRGB's samples.
    """

    def __init__(self, image: Image, request: Request, chain: Pipeline, target: Target, picked: Chosen) -> None:
        self.request, self.chain, self.target, self.picked = request, chain, target, picked
        self.alpha = image.alpha
        self.original = self.source = image.pixels
        self.white = full_range(image.pixels.dtype)
        self.kind = float_for(image.pixels.dtype)
        if request.linear and image.pixels.dtype.kind == "u":
            self.source = self._light(image.pixels)
        self.luma = luma_weights(request, image.space)
        # What is filtered as a luma is handed on in colours, from which it is made without rounding.
        self.colours = self.source
        if self.luma:
            self.original = self.source = luma_of(self.source, self.luma, self.alpha)
        self.planes = self._planes()
        self.cover = self.alpha and request.alpha != "filter"
        self.codes = request.linear and target.dtype.kind == "u"
        window = picked.window
        self.within = np.s_[window.top : window.bottom, window.left : window.right] if window else np.s_[:, :]

    def run(self, engine: Engine) -> Result:
        """Filter, finish, and put what was filtered in its place."""
        picked, partly = self.picked, bool(self.request.channel)
        last = self.source.shape[2] - 1
        parts: list[tuple[list[int], Result]] = []
        if picked.colours:
            seen = self.colours if self.luma else self.planes
            result = self._filtered(engine, seen, self.request.alpha if self.alpha else None, self.luma)
            # Alpha that is not chosen stays, whatever became of the one that the colours went with.
            with_alpha = self.cover and not partly
            places = list(picked.colours)
            parts.append(([*places, *[last] * with_alpha], self._finished(result, places, with_alpha)))
        if picked.alpha:
            result = self._filtered(engine, self.colours[:, :, -1:], None)
            parts.append(([last], self._finished(result, [last], False, light=False)))
        first = parts[0][1]
        stats = sum((one.stats for _, one in parts[1:]), first.stats)
        if not partly and picked.window is None:
            return first.replace(stats=stats)
        whole = self._unfiltered()
        for places, one in parts:
            whole[self.within][:, :, places] = one.samples
        return first.replace(samples=whole, stats=stats)

    def _light(self, pixels: Pixels) -> Pixels:
        from imgconv.image.colour.light import decoded

        made = np.empty(pixels.shape, np.float32)
        colours = pixels.shape[2] - self.alpha

        def band(rows: slice) -> Stats:
            made[rows, :, :colours] = decoded(pixels[rows, :, :colours])
            made[rows, :, colours:] = pixels[rows, :, colours:]
            return Stats()

        self._by_bands(band, made)
        return made

    def _planes(self) -> Pixels:
        if self.picked.luma:
            return luma_of(self.source, LUMA[self.picked.luma], self.alpha)
        if self.request.channel and self.picked.colours:
            alpha = [self.source.shape[2] - 1] * self.alpha
            return np.ascontiguousarray(self.source[:, :, [*self.picked.colours, *alpha]])
        return self.source if self.picked.colours else np.ascontiguousarray(self.source[:, :, -1:])

    @property
    def _floats(self) -> bool:
        """Whether results are wanted as floats, to be finished here."""
        return bool(self.codes or self.picked.luma or self.request.mask)

    def _filtered(self, engine: Engine, planes: Pixels, alpha: str | None, luma: Sequence[int] | None = None) -> Result:
        return self.chain.run(
            np.ascontiguousarray(planes),
            engine,
            Target(None, self.kind) if self._floats else self.target,
            alpha=alpha,
            threads=self.request.threads,
            white=self.white,
            window=self.picked.window,
            max_pixels=self.request.max_pixels,
            luma=luma,
        )

    def _finished(self, result: Result, places: list[int], with_alpha: bool, *, light: bool = True) -> Result:
        """Return a result as samples, put back into the colours and blended with what was there.

        Args:
            result: of the channels `places`, with alpha behind it if that is filtered along; floats or samples.
            places: the numbers of its channels in the image.
            with_alpha: whether the alpha behind it is wanted.
            light: whether it is light, if anything is.
        """
        behind = light and self.cover
        colours = result.samples[:, :, :-1] if behind else result.samples
        cover = result.samples[:, :, -1:] if with_alpha else None
        if not self._floats:
            return result if with_alpha or not behind else result.replace(samples=colours)
        seen = Stats.of(colours)
        white = self.white
        for layer in self.chain.layers:
            white = layer.white_after(white)
        tone = self.target.tone(white, seen)
        # With --alpha filter it is one of the colours here, but no light.
        plain = int(self.alpha and not self.cover and colours.shape[2] == self.source.shape[2])
        before = self.source[self.within]
        was = before[:, :, -1:] if with_alpha else None
        luma = self.planes[self.within][:, :, :1] if self.picked.luma and light else None
        mask = self._mask()
        made_of = len(places) if luma is not None else colours.shape[2]
        samples = np.empty((*colours.shape[:2], made_of + with_alpha), self.target.dtype)

        def band(rows: slice) -> Stats:
            made = colours[rows].copy()
            made = made if tone is None else tone.mapped(made)
            share = None if cover is None else self._scaled(cover[rows])
            if luma is not None:
                # Equal steps of red, green and blue change the luma by as much and no colour difference.
                made = self._scaled(before[rows][:, :, places]) + (made - self._scaled(luma[rows]))
            if mask is not None:
                old = self._scaled(before[rows][:, :, places])
                made, share = blended(old, made, None if was is None else self._scaled(was[rows]), share, mask[rows])
            out, stats = self._samples(made, self.codes and light, plain)
            samples[rows, :, : out.shape[2]] = out
            if share is not None:
                samples[rows, :, -1:] = self._samples(share, False)[0]
            return stats

        stats = self._by_bands(band, samples).replace(minimum=seen.minimum, maximum=seen.maximum)
        return result.replace(samples=samples, stats=stats)

    def _unfiltered(self) -> Pixels:
        """Return the samples as they were, in the output's type."""
        if self.original.dtype == self.target.dtype and (self.codes or not self.request.linear):
            return self.original.copy()
        samples = np.empty(self.source.shape, self.target.dtype)

        def band(rows: slice) -> Stats:
            samples[rows], stats = self._samples(self._scaled(self.source[rows]), self.codes, int(self.alpha))
            return stats

        self._by_bands(band, samples)
        return samples

    def _scaled(self, samples: Pixels) -> Pixels:
        """Return samples of the input as floats in units of the output's, which ``float`` leaves as they are."""
        made = samples.astype(self.kind)
        slope = 1.0 if self.target.map == "float" else full_range(self.target.dtype) / self.white
        if slope != 1:
            made *= self.kind.type(slope)
        return made

    def _samples(self, values: Pixels, light: bool, plain: int = 0) -> tuple[Pixels, Stats]:
        """Return values in units of the output as its samples, rounded once; the last `plain` channels are no light."""
        if self.target.map == "float":
            return values.astype(self.target.dtype, copy=False), Stats.of(values)
        if not light:
            return Tone("clip", self.target.dtype).apply(values)
        from imgconv.image.colour.light import encoded

        if not plain:
            return encoded(values, self.target.dtype)
        coded, seen = encoded(values[:, :, :-plain], self.target.dtype)
        others, also = Tone("clip", self.target.dtype).apply(values[:, :, -plain:])
        return np.concatenate([coded, others], axis=2), seen + also

    def _mask(self) -> Pixels | None:
        if self.request.mask is None:
            return None
        from imgconv.filtering.mask import shares

        return shares(self.request.mask, self.request.orient)[self.within]

    def _by_bands(self, band: Callable[[slice], Stats], samples: Pixels) -> Stats:
        """Call `band` with slices of the rows, on threads; return what was seen."""
        step = max(1, BAND_SAMPLES // max(1, samples[:1].size))
        starts = range(0, len(samples), step)
        found: list[Stats] = [Stats()] * len(starts)

        def one(number: int) -> None:
            with np.errstate(all="ignore"):
                found[number] = band(slice(starts[number], starts[number] + step))

        each(one, len(starts), max(1, min(self.request.threads or cores.available(), len(starts))))
        return sum(found, Stats())


def luma_of(colours: Pixels, weights: Sequence[int], alpha: bool) -> Pixels:
    """Return the weighted mean of red, green and blue as floats, with alpha behind it if there is one."""
    return plain(*made_luma(colours, weights, rest=alpha))


def blended(
    old: Pixels, new: Pixels, was: Pixels | None, cover: Pixels | None, mask: Pixels
) -> tuple[Pixels, Pixels | None]:
    """Return colours and alpha: the new ones where `mask` is 1, the old where it is 0, in between a weighted mean.

    Args:
        old, new: colours.
        was, cover: the old and the new alpha, by which colours are weighted; None if there is none, or it stays.
        mask: (rows, cols, 1), 0 to 1.
    """
    share = mask.astype(new.dtype)
    if was is None or cover is None:
        return _between(old, new, share), cover
    covered = _between(was, cover, share)
    weight = np.where(covered > 0, share * cover / np.where(covered > 0, covered, 1), share)
    weight = np.where((share == 0) | (share == 1), share, weight)
    return _between(old, new, weight), covered


def _between(old: Pixels, new: Pixels, share: Pixels) -> Pixels:
    made: Pixels = old * (1 - share) + new * share
    # The other one may be no number.
    np.copyto(made, new, where=share == 1)
    np.copyto(made, old, where=share == 0)
    return made
