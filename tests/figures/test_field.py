"""Receptive fields drawn: they are what reaches the output when samples are changed one by one."""

import numpy as np
import pytest
from cli.running import ok, run
from figures.common import assert_as_drawn, assert_tidy

import imgconv
from imgconv.errors import ImgconvError
from imgconv.figures import draw_field
from imgconv.figures.field import chain_from_words, chain_of, seconds_of
from imgconv.geometry import Shape
from imgconv.layers.pool import Pool
from imgconv.pipeline.run import Pipeline
from imgconv.pipeline.target import Target

CHAIN = ("conv:3,p1,s2,c2", "pool:2", "conv:3,d2,p2,c1")
REFERENCES = {"field": lambda: draw_field(chain_from_words(CHAIN, Shape(32, 24, 3)), title="A field")}


@pytest.fixture(scope="module")
def figure():
    return REFERENCES["field"]()


def reached(chain, at):
    """The columns and rows of the picture that output (x, y) changes with, found by changing each sample."""
    width, height, channels = chain.input
    rng = np.random.default_rng(2)
    base = rng.random((height, width, channels)).astype(np.float64)
    target = Target(None, np.dtype(np.float64))
    from imgconv import engines

    def output(pixels):
        return chain.layers.run(pixels, engines.get("builtin"), target).samples[at[1], at[0], 0]

    before = output(base)
    hits = []
    for y, x in np.ndindex(height, width):
        changed = base.copy()
        changed[y, x] += 500.0  # larger than any other, so that a maximum takes it
        if output(changed) != before:
            hits.append((x, y))
    return {x for x, _ in hits}, {y for _, y in hits}


@pytest.mark.parametrize("words", [("conv:3,c2", "pool:2", "conv:3,c1"), ("conv:3,p1,s2,c2", "transposed:2,s2,c1")])
def test_what_an_output_sees_is_what_changes_it(words):
    chain = chain_from_words(words, Shape(13, 12, 1))
    at = (1, 1)
    (across, down), *_ = chain.spans_seen(at)
    columns, rows = reached(chain, at)
    assert (min(columns), max(columns)) == (max(0, across[0]), min(12, across[1]))
    assert (min(rows), max(rows)) == (max(0, down[0]), min(11, down[1]))


@pytest.mark.parametrize(
    "word",
    [
        "conv:3",
        "conv:3,c4,b",
        "depthwise:3,p1",
        "depthwise:3,c6",
        "pointwise:c2",
        "separable:5x3,psame",
        "transposed:3,s2",
        "transposed:4,s2,c5,o1",
        "conv:3,c6,g3",
        "pool:3,s2,ceil",
        "resize:3/2",
        "pad:2",
    ],
)
def test_layers_from_words_have_the_sizes_of_the_calculator(word):
    chain = chain_from_words((word,), Shape(13, 10, 3))
    assert chain.layers.plan(chain.input).output == chain.output


def test_bars_are_what_the_output_sees(figure):
    seen = [across for across, _ in chain_from_words(CHAIN, Shape(32, 24, 3)).spans_seen((3, 2))]
    bars = [patch for patch in figure.axes[1].patches if patch.get_facecolor()[:3] != pytest.approx((14 / 15,) * 3)]
    widths = (32, 16, 8, 8)
    drawn = [
        (bar.get_x() * width, (bar.get_x() + bar.get_width()) * width) for bar, width in zip(bars, widths, strict=True)
    ]
    assert np.allclose(drawn, [(first, last + 1) for first, last in seen])
    assert "sees 21x21 px of 32x24" in figure.axes[0].get_title()


def test_it_is_tidy_and_looks_as_it_did(figure):
    assert_tidy(figure)
    assert_as_drawn(figure, "field")


def test_times_are_measured():
    chain = chain_from_words(("pool:2",), Shape(16, 16, 1))
    assert seconds_of(chain) > 0
    assert " ms" in draw_field(chain, times=True).axes[1].get_title()


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (draw_field, "1 to 3 chains, not 0"),
        (
            lambda: draw_field(chain_from_words(("pool:2",), Shape(8, 8, 1)), at=(4, 0)),
            "4,0 lies outside of the output",
        ),
        (lambda: draw_field(chain_of(Pipeline((Pool(max=(1, 1)),) * 31), Shape(8, 8, 1))), "31 layers are more"),
        (
            lambda: draw_field(chain_from_words(("conv:99,c99,p49",), Shape(9999, 9999, 9)), times=True),
            "too many to be timed",
        ),
    ],
)
def test_what_cannot_be_drawn(draw, says):
    with pytest.raises(ImgconvError, match=says):
        draw()


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    imgconv.write("p.png", np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "l.yaml").write_text("- pool: {max: 2}\n")
    assert "output   f.svg" in ok("draw", "field", "p.png", "--pipeline", "l.yaml", "-o", "f.svg").text
    for words, says in [
        (("8x8", "-o", "g.svg"), "--pipeline: it stands in place of LAYERs"),
        (("8x8", "conv:3", "--pipeline", "l.yaml", "-o", "g.svg"), "--pipeline: it stands in place"),
        (("8x8", "conv:3", "vs", "-o", "g.svg"), "LAYER: 'vs' stands between two chains"),
        (("8x8", "pool:2", "--at", "x", "-o", "g.svg"), "--at: 'x' is not a place"),
    ]:
        ran = run("draw", "field", *words)
        assert ran.code == 2 and says in ran.err
