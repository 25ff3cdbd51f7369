"""Convolution: by one kernel for every channel alike, by several that are combined, or by weights over the channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgconv import geometry
from imgconv.border import Border
from imgconv.engines import Floats, Job, Prepared, Whole
from imgconv.engines.base import CHANNELS
from imgconv.errors import ChannelError, OptionError
from imgconv.geometry import Extent
from imgconv.kernels.gain import rescaled
from imgconv.kernels.value import Combined, Kernel, Learned
from imgconv.layers import Layer, Setting, Shape, Step
from imgconv.layers._types import VALID, Count, Flag, Mixer, Numbers, Padding, Pair, Taps
from imgconv.layers.base import NEAR, WRAPPED, Along, Mixing, Slide
from imgconv.sizes.calculator import count
from imgconv.sizes.chain import Stage, check_groups, shared, weighted
from imgconv.value import Value


class Conv(Layer):
    """Slide a kernel over the image: every channel by itself, or all of a group together if it has channels.

    Attributes:
        kernel: a kernel, several of one size that are combined, or weights (out, in / groups, rows, cols).
        padding: how much is added around the image.
        border: what fills the padding; if left out, what the padding implies.
        stride: step between windows.
        dilation: step between taps.
        correlate: whether the kernel is slid as written instead of rotated by 180 degrees; weights always are.
        groups: how many groups the channels are split into; if left out, as many as the weights need.
        bias: what is added to every output channel of weights, or one number for a kernel.
    """

    kernel: Taps
    padding: Padding = VALID
    border: Border | None = None
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    correlate: Flag = False
    groups: Count | None = None
    bias: Numbers = ()

    @property
    def fill(self) -> Border:
        """What fills the padding."""
        return self.border or Border(self.padding.border)

    def as_conv(self, **changes: Any) -> Conv:
        """Return the plain convolution with the fields of this layer, which may be a special one, and `changes`."""
        return Conv(**{name: getattr(self, name) for name in Conv._fields} | changes)

    @property
    def members(self) -> tuple[Kernel, ...]:
        """The kernels as they are laid on the picture; none for weights."""
        if isinstance(self.kernel, Learned):
            return ()
        kernels = self.kernel.of if isinstance(self.kernel, Combined) else (self.kernel,)
        return tuple(kernel.slid(self.correlate) for kernel in kernels)

    @property
    def averages(self) -> bool:
        """Whether the taps have a sum, so that dividing by the sum of their alpha makes sense."""
        return isinstance(self.kernel, Kernel) and abs(self.kernel.sum) > 1e-6 and not (self.kernel.offset or self.bias)

    @property
    def mixes(self) -> bool:
        """Whether the kernel has channels."""
        return isinstance(self.kernel, Learned)

    @property
    def angles(self) -> bool:
        """Whether the kernel's members are combined to an angle."""
        return isinstance(self.kernel, Combined) and self.kernel.combine == "angle"

    @property
    def map(self) -> str | None:
        """The kernel's own."""
        return self.kernel.map

    @property
    def comparable(self) -> tuple[Layer, ...]:
        """A layer for each member of an angle, or the layer itself."""
        if self.angles and isinstance(self.kernel, Combined):
            return tuple(self.replace(kernel=member) for member in self.kernel.of)
        return (self,)

    def largest(self, top: float) -> float:
        """Return the largest magnitude of what the kernel makes of samples and border."""
        return largest_of(self.kernel, max(top, abs(self.fill.value)))

    def plan(self, shape: Shape) -> ConvStep | LearnedStep:
        """Work out both axes and the channels.

        Raises:
            SizeError: the kernel is larger than the padded image.
            ChannelError: the weights are for another number of channels.
            OptionError: groups or bias do not go with the kernel.
        """
        if isinstance(self.kernel, Learned):
            return self._plan_learned(self.kernel.slid(self.correlate), shape)
        if self.groups not in (None, 1, shape.channels):
            problem = (
                f"'{self.kernel.name}' filters every channel by itself; only weights (out, in, rows, cols) have them"
            )
            raise OptionError("groups", problem)
        if self.bias and isinstance(self.kernel, Combined):
            raise OptionError("bias", f"'{self.kernel.name}' is several kernels combined, to which none can be added")
        if len(self.bias) > 1:
            raise OptionError(
                "bias", f"'{self.kernel.name}' filters every channel alike, so there is one number for all"
            )
        first = self.members[0]
        extent = self._extent(first.shape, first.anchor, shape)
        taps = sum(member.weights.size for member in self.members)
        stage = shared(extent, shape.channels, taps=taps, bias=len(self.bias))
        return ConvStep(self, extent, Shape(*extent.output, shape.channels), (stage,))

    def _plan_learned(self, kernel: Learned, shape: Shape) -> LearnedStep:
        made, taken = kernel.weights.shape[:2]
        groups = self.groups or max(1, shape.channels // taken)
        if shape.channels != taken * groups or (self.groups is None and groups > 1 and made % groups):
            named = f" in {groups} groups" if groups > 1 and self.groups else ""
            raise ChannelError(
                kernel.name, f"it takes {count(taken, 'channel')}{named}, but the image has {shape.channels}"
            )
        check_groups(shape.channels, made, groups)
        bias = self.bias or kernel.bias
        if bias and len(bias) != made:
            raise OptionError("bias", f"{count(len(bias), 'number')} for {count(made, 'output channel')}")
        extent = self._extent(kernel.shape, kernel.anchor, shape)
        stage = weighted(extent, shape.channels, made, groups, len(bias))
        return LearnedStep(self, extent, Shape(*extent.output, made), (stage,), kernel.replace(bias=bias), groups)

    def _extent(self, taps: tuple[int, int], anchor: tuple[int, int] | None, shape: Shape) -> Extent:
        return geometry.extent(
            (shape.width, shape.height),
            (taps[1], taps[0]),
            padding=self.padding,
            stride=self.stride,
            dilation=self.dilation,
            anchor=(anchor[1], anchor[0]) if anchor else None,
        )

    def slide(self, shape: Shape) -> Slide:
        """Return how the kernel slides, or the weights.

        Raises:
            OptionError: several kernels are combined, or there are several windows one after the other.
            SizeError, ChannelError: as `plan` does.
        """
        if isinstance(self.kernel, Combined):
            raise drawn_one_by_one(self.kernel)
        step = self.plan(shape)
        mixing = step.mixing()
        if mixing is not None:
            return Slide(mixing.weights, mixing.bias, self.fill)
        if not step.correlates:  # a layer derived from this one that has several windows
            return super().slide(shape)
        (member,) = self.members
        taps = np.broadcast_to(member.taps, (shape.channels, 1, *member.shape))
        return Slide(taps, np.full(shape.channels, member.offset.at(1.0) + sum(self.bias)), self.fill)

    def for_alpha(self, means: bool, white: float) -> Layer:
        """Return the layer for the alpha channel; see `imgconv.layers.Layer`."""
        border = Border("constant", white) if self.fill.fixed else self.fill
        plain = self.as_conv(border=border, groups=None, bias=())
        if means and isinstance(self.kernel, Kernel):
            return plain.replace(kernel=rescaled(self.kernel, "sum"))
        first = self.kernel.slid(self.correlate) if isinstance(self.kernel, Learned) else self.members[0]
        return plain.replace(kernel=pick(first.shape, first.anchor), correlate=True)


def drawn_one_by_one(kernel: Combined) -> OptionError:
    """Return why the window of several kernels cannot be drawn."""
    return OptionError("kernel", f"'{kernel.name}' is several kernels combined; draw the steps of one of them")


def largest_of(kernel: Taps | Mixer, top: float) -> float:
    """Return the largest magnitude that a kernel, or one of several that are combined, makes of at most `top`."""
    members: tuple[Taps | Mixer, ...] = (kernel,)
    if isinstance(kernel, Combined):
        members = (*kernel.of, *(() if kernel.combine == "angle" else (kernel,)))
    return max(abs(bound) for member in members for bound in member.guaranteed_range(-top, top))


def pick(shape: tuple[int, int], anchor: tuple[int, int] | None) -> Kernel:
    """Return a kernel of (rows, cols) taps that is 1 at the anchor, as slid, and 0 elsewhere."""
    weights = np.zeros(shape)
    weights[anchor or ((shape[0] - 1) // 2, (shape[1] - 1) // 2)] = 1
    return Kernel(name="pick", weights=weights, anchor=anchor)


class ConvStep(Value, Step):
    """A convolution of every channel alike, planned for one input shape."""

    layer: Conv
    extent: Extent
    output: Shape
    stages: tuple[Stage, ...]

    @property
    def combine(self) -> str | None:
        """How the members become one; None for a single kernel."""
        return self.layer.kernel.combine if isinstance(self.layer.kernel, Combined) else None

    @property
    def correlates(self) -> bool:
        """True."""
        return True

    @property
    def sees(self) -> str:
        """The window's rows, and those at the other end where the border wraps around."""
        return WRAPPED if self.layer.fill.wraps else NEAR

    def jobs(self, white: float, whole: Whole | None = None) -> list[Job]:
        """Return the correlation of every member, for samples whose largest value is `white`."""
        members = self.layer.members
        if self.layer.bias:
            (only,), (added,) = members, self.layer.bias
            members = (only.replace(offset=only.offset.replace(value=only.offset.value + added)),)
        return [Job.of(member, self.extent, self.layer.fill, white, whole) for member in members]

    def prepare(self, setting: Setting, dtype: np.dtype[Any]) -> Sequence[Prepared]:
        """Choose how the engine runs every member."""
        width, height = self.extent.width, self.extent.height
        shape = (height.size, width.size, self.output.channels)
        return [setting.engine.prepare(job, shape, dtype) for job in self.jobs(setting.white, setting.whole)]

    def along(self, taken: Shape, setting: Setting, dtype: np.dtype[Any]) -> Along:
        """Return how the windows go along the rows."""
        height, width, channels = taken.height, taken.width, taken.channels
        jobs, engine = self.jobs(setting.white), setting.engine
        stride, reached = jobs[0].stride[0], geometry.reach(jobs[0].taps.shape[0], jobs[0].dilation[0])
        return Along(
            jobs[0].rows,
            lambda start, stop: slice(start * stride, (stop - 1) * stride + reached),
            far_rows(self.layer.fill, self.extent.height, np.arange(len(jobs[0].rows))),
            lambda places, size: [
                engine.prepare(job.replace(rows=places), (size, width, channels), dtype) for job in jobs
            ],
            min(engine.prepare(job, (height, width, channels), dtype).band_rows for job in jobs),
        )


def far_rows(fill: Border, axis: geometry.Axis, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return which of some places along the padded rows have their sources at the other end of the image."""
    if fill.kind != "wrap":
        return np.empty(0, np.intp)
    at = places - axis.before
    return np.flatnonzero((at < 0) | (at >= axis.size))


class LearnedStep(Value, Step):
    """A convolution that mixes channels, planned for one input shape."""

    layer: Conv
    extent: Extent
    output: Shape
    stages: tuple[Stage, ...]
    kernel: Learned
    groups: int

    def prepare(self, setting: Setting, dtype: np.dtype[Any]) -> Sequence[Prepared]:
        """Return the one job there is: all planes together, or by another engine one after the other."""
        if setting.engine.does(CHANNELS):
            from imgconv.layers._steps import Whole

            made, taken = self.kernel.weights.shape[:2]
            reason = f"{made}x{taken} planes of {self.kernel.size} together"
            return [Whole(lambda image: self._together(image, setting), max(1, self.output.height), reason)]
        return [self._planes(setting, dtype)]

    def mixing(self) -> Mixing:
        """Return the weights."""
        outs, taken = self.kernel.weights.shape[:2]
        firsts = [out // (outs // self.groups) * taken for out in range(outs)]

        def alike(weights: NDArray[np.float64], groups: int) -> Layer:
            kernel = Learned(name="parts", weights=weights, anchor=self.kernel.anchor)
            layer = self.layer
            return Conv(kernel, layer.padding, layer.fill, layer.stride, layer.dilation, groups=groups)

        bias = np.zeros(outs) + np.array(self.kernel.bias or (0.0,))
        return Mixing(self.kernel.weights, bias, [range(first, first + taken) for first in firsts], alike)

    def _together(self, image: NDArray[Any], setting: Setting) -> Floats:
        from imgconv.functional import conv2d
        from imgconv.layers._steps import floats, interleaved, planes

        width, height = self.extent
        kind = floats(image.dtype)
        # Paddings that keep the size of an image under an anchor near its edge may be negative: they cut samples off.
        cut = [max(0, -amount) for amount in (height.before, height.after, width.before, width.after)]
        image = image[cut[0] : height.size - cut[1], cut[2] : width.size - cut[3]]
        sides = [max(0, amount) for amount in (width.before, height.before, width.after, height.after)]
        result = conv2d(
            planes(image),
            self.kernel.weights.astype(kind),
            np.array(self.kernel.bias, kind) if self.kernel.bias else None,
            stride=(height.stride, width.stride),
            padding=tuple(sides),
            dilation=(height.dilation, width.dilation),
            groups=self.groups,
            border=self.layer.fill,
            threads=setting.threads,
        )
        return interleaved(result)

    def _planes(self, setting: Setting, dtype: np.dtype[Any]) -> Planes:
        width, height = self.extent.width, self.extent.height
        shape = (height.size, width.size, 1)
        made, taken = self.kernel.weights.shape[:2]
        found = []
        for out in range(made):
            for i in range(taken):
                weights = Kernel(name=self.kernel.name, weights=self.kernel.weights[out, i])
                job = Job.of(weights, self.extent, self.layer.fill, 1.0)
                source = out // (made // self.groups) * taken + i
                found.append((out, source, setting.engine.prepare(job, shape, dtype)))
        return Planes(tuple(found), np.array(self.kernel.bias or (0.0,) * made))


class Planes(Value, Prepared):
    """Every output channel as a sum of correlations of input channels: (output, input, prepared) each."""

    planes: tuple[tuple[int, int, Prepared], ...]
    bias: NDArray[np.float64]

    @property
    def reason(self) -> str:
        """The ways that the planes take."""
        return f"{len(self.planes)} planes: " + "; ".join(dict.fromkeys(p.reason for _, _, p in self.planes))

    @property
    def band_rows(self) -> int:
        """The rows of the plane that wants the fewest."""
        return min(prepared.band_rows for _, _, prepared in self.planes)

    def __call__(self, image: NDArray[Any], start: int, stop: int) -> Floats:
        """Return output rows `start` to `stop` (exclusive), float64."""
        sums: list[Floats | None] = [None] * len(self.bias)
        for out, source, prepared in self.planes:
            part = prepared(image[:, :, source : source + 1], start, stop)[:, :, 0].astype(np.float64)
            total = sums[out]
            sums[out] = part if total is None else np.add(total, part, out=total)
        return np.stack([total for total in sums if total is not None], axis=2) + self.bias
