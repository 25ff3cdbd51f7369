"""The contract of `imgconv.layers.base`, which every layer keeps, and layers that break it."""

import sys
import types

import numpy as np
import pytest

from imgconv import engines, layers
from imgconv.border import Border
from imgconv.engines import Prepared
from imgconv.errors import ImgconvError, OptionError, PluginError
from imgconv.layers import Layer, Setting, Shape, Step
from imgconv.layers._steps import floats, perform
from imgconv.layers.base import ALL, NEAR, WRAPPED
from imgconv.pipeline.fields import KINDS, fields
from imgconv.pipeline.file import parse
from imgconv.registry import Broken

SAMPLE = {
    "Branches": "[[relu], [abs]]",
    "Counts": "[0, 2]",
    "Line": "[1, 2, 1]",
    "Mixer": "[[0.5, 0.25, 0.25]]",
    "Numbers": "0.5",
    "Offset": "3",
    "Offsets": "3",
    "Padding": "1",
    "Pair": "2",
    "Scale": "2",
    "Taps": "box",
}
"""A value of each kind that some layer has to be given; a count is the number of channels, a word the first known."""

SETTING = Setting(engines.get("builtin"), 255.0, 1)
RNG = np.random.default_rng(14)


def example(name, kind):
    """The layer with nothing but the fields that it has to be given, read from YAML."""
    given = {}
    for field in fields(kind):
        if field.required or field.name in kind.chooses[:1]:
            given[field.name] = field.words[0] if field.words else SAMPLE.get(field.kind, "3")
    text = ", ".join(f"{key}: {value}" for key, value in given.items())
    (layer,) = parse(f"- {name}: {{{text}}}" if given else f"- {name}").layers
    return layer


def check(name, kind):
    """Fail unless the layer called `name` keeps the contract."""
    assert issubclass(kind, Layer) and kind.kind == name and (kind.__doc__ or "").strip()
    for field in fields(kind):
        assert field.kind in KINDS or field.kind == "Branches"
        assert field.description, f"the docstring does not say what {field.name} is"
    layer = example(name, kind)
    shape = Shape(13, 11, 3)
    step = layer.plan(shape)
    assert isinstance(step, Step) and step.output == layer.plan(shape).output, "sizes follow from the shape alone"
    assert min(step.output) > 0 and step.stages and step.sees in (NEAR, WRAPPED, ALL)
    for pixels in (RNG.integers(0, 256, (11, 13, 3), np.uint8), RNG.random((11, 13, 3))):
        jobs = step.prepare(SETTING, pixels.dtype)
        assert all(isinstance(job, Prepared) and job.reason and job.band_rows > 0 for job in jobs)
        assert (len(jobs) > 1) == (step.combine is not None)
        before = pixels.copy()
        due = (step.output.height, step.output.width, step.output.channels)
        assert all(job(pixels, 0, due[0]).shape == due for job in jobs)
        results = perform(step, jobs, pixels, SETTING)
        assert results.shape == due
        assert results.dtype == floats(pixels.dtype)
        np.testing.assert_array_equal(pixels, before)
        assert np.abs(results).max() <= layer.largest(float(pixels.max())) or layer.largest(1.0) == 1.0
        if step.correlates:
            assert [job.output for job in step.jobs(255.0)] == [step.output[1::-1]] * len(jobs)
        if step.sees != ALL:
            in_bands(step, shape, pixels, results)
    drawn(layer, step, shape)
    assert layer.map is None or layer.map in ("clip", "abs", "offset", "stretch", "float")
    assert all(issubclass(type(part), Layer) for part in layer.comparable)
    assert isinstance(layer.white_after(255.0), float)
    for means in {False, layer.averages}:
        alpha = layer.for_alpha(means, 255.0)
        assert alpha.plan(Shape(13, 11, 1)).output == (*step.output[:2], 1), "alpha is as large as the colours"
        opaque = np.full((11, 13, 1), 255, np.uint8)
        covering = alpha.plan(Shape(13, 11, 1))
        cover = perform(covering, covering.prepare(SETTING, opaque.dtype), opaque, SETTING)
        np.testing.assert_allclose(cover, 255, rtol=1e-6, err_msg="what is opaque throughout stays so")


def drawn(layer, step, shape):
    """What figures are told of the window fits the results."""
    mixing = step.mixing()
    if mixing is not None:
        outs, taken = mixing.weights.shape[:2]
        assert outs == step.output.channels == len(mixing.bias) == len(mixing.sources)
        assert all(len(sources) == taken and max(sources) < shape.channels for sources in mixing.sources)
    try:
        slide = layer.slide(shape)
    except OptionError:
        return
    assert len(slide.bias) == step.output.channels
    assert slide.method if slide.taps is None else len(slide.taps) == step.output.channels


def in_bands(step, shape, pixels, results):
    """The rows that a step says it looks at are enough: its jobs on those rows alone give the same results."""
    along = step.along(shape, SETTING, pixels.dtype)
    if along.alone:
        assert step.output.height == shape.height
        return
    for start in range(0, step.output.height, 4):
        stop = min(start + 4, step.output.height)
        seen = along.rows[along.window(start, stop)]
        needed = np.unique(seen[seen >= 0])
        hidden = np.full_like(pixels, 77)
        hidden[needed] = pixels[needed]
        ways = along.prepare(along.rows, shape.height)
        size = (step.output.height, step.output.width, step.output.channels)
        part = engines._bands.run(ways, hidden, size, combine=step.combine, dtype=results.dtype, threads=1).samples
        np.testing.assert_allclose(part[start:stop], results[start:stop], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", layers.names())
def test_a_layer_keeps_the_contract(name):
    check(name, layers.find(name))


@pytest.mark.parametrize("name", ["conv", "pointwise", "strided"])
@pytest.mark.parametrize("border", ["edge", "wrap", "reflect"])
def test_rows_that_a_step_says_it_sees_are_enough(name, border):
    layer = example(name, layers.find(name)).replace(border=Border(border))
    step = layer.plan(Shape(13, 11, 3))
    assert step.sees == (WRAPPED if border == "wrap" else NEAR)
    pixels = RNG.random((11, 13, 3))
    in_bands(step, Shape(13, 11, 3), pixels, perform(step, step.prepare(SETTING, pixels.dtype), pixels, SETTING))


GOOD = '''"""A layer."""
from __future__ import annotations
from imgconv.layers import Layer, Offset, PixelwiseLayer, PlannedWhole, Shape
class Added(PixelwiseLayer):
    """Add something.

    Attributes:
        amount: how much.
    """
    amount: Offset
    def run(self, pixels, setting):
        return pixels + self.amount.at(setting.white)
'''


def module(source):
    made = types.ModuleType("added")
    sys.modules["added"] = made  # where a class looks its own module up
    exec(source, vars(made))
    return made


@pytest.fixture(autouse=True)
def tidy():
    yield
    sys.modules.pop("added", None)


def test_the_layer_that_is_broken_below_is_whole():
    assert Layer.of("added", module(GOOD)).kind == "added"


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("class Added(", "class Other(", "its module has no Added"),
        ("class Added(PixelwiseLayer)", "class Added", "its Added is not derived from imgconv.layers.Layer"),
        ("(PixelwiseLayer)", "(Layer)", "its Added has no plan of its own"),
        ("amount: Offset\n", "amount: float\n", "its field amount is of no kind that YAML is read into"),
        ("amount: Offset\n", "map: Offset\n", "its field map has the name of what every layer has"),
        ("from __future__ import annotations\n", "", "its field amount is of no kind that YAML is read into"),
    ],
)
def test_a_layer_that_breaks_the_contract_is_told_so(before, after, problem):
    source = GOOD.replace(before, after)
    assert source != GOOD
    with pytest.raises(Broken, match=problem):
        Layer.of("added", module(source))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("        amount: how much.\n", ""),
        ("return pixels + self.amount.at(setting.white)", "return pixels[:, :5]"),
        ("return pixels + self.amount.at(setting.white)", "return pixels[:, :, :1]"),
    ],
)
def test_the_check_fails_for_a_layer_that_is_wrong(before, after, monkeypatch):
    source = GOOD.replace(before, after)
    assert source != GOOD
    kind = Layer.of("added", module(source))
    monkeypatch.setattr(sys.modules[__name__], "example", lambda name, kind: kind(layers.Offset(3.0)))
    with pytest.raises((AssertionError, ImgconvError, ValueError)):
        check("added", kind)


def test_the_message_names_the_package():
    error = PluginError("layer", "added", "somebody's", "its module has no Added")
    assert str(error) == "layer 'added' of the package somebody's cannot be used: its module has no Added"
