"""What every kind of value promises: texts mean a value or are refused in one sentence, and lists name what is read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fractions import Fraction

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgconv.cli.types import KindType
from imgconv.errors import OptionError
from imgconv.geometry import MAX_LENGTH, Shape
from imgconv.image.colour.grey import LUMA as LUMA_PARTS
from imgconv.words.base import Wrong
from imgconv.words.border import BORDER
from imgconv.words.channel import CHANNELS, LUMA
from imgconv.words.choice import ALPHA, DEPTH, GAIN, LAYOUT, choice
from imgconv.words.map import HELP, MAP, MAPS
from imgconv.words.number import NUMBER, PIXELS, SCALE, NumberKind, WholeKind
from imgconv.words.padding import PADDING
from imgconv.words.pair import DEEP, EXTRA, PAIR, PairKind, per_axis
from imgconv.words.region import PLACE, REGION
from imgconv.words.size import PICTURE, SHAPE

KINDS = {
    "border": BORDER,
    "padding": PADDING,
    "pair": PAIR,
    "pair from 0": EXTRA,
    "pair with a depth": DEEP,
    "size": SHAPE,
    "region": REGION,
    "place": PLACE,
    "channels": CHANNELS,
    "luma": LUMA,
    "map": MAP,
    "number": NUMBER,
    "whole number": WholeKind(least=1, most=99),
    "pixels": PIXELS,
    "scale": SCALE,
    "choice": choice("keep", "drop", preserve="keep"),
    "gain": GAIN,
    "alpha": ALPHA,
    "layout": LAYOUT,
    "depth": DEPTH,
}
TEXTS = st.one_of(
    st.text(max_size=12),
    st.text("0123456789xX,.-+eE/ kMG", max_size=9),
    st.sampled_from(["9" * 5000, "constant:", "nan", "-inf", "1e999", "1/0", "٣", "1_000", "0x10", "\0", "3X5"]),
)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_a_text_means_a_value_or_is_refused_in_one_line(kind, text):
    try:
        kind.parse(text)
    except Wrong as wrong:
        assert 0 < len(wrong.problem) < 400 and wrong.problem.isprintable()
        with pytest.raises(OptionError) as refusal:
            kind.argument("name", text)
        assert (refusal.value.option, refusal.value.problem) == ("name", wrong.problem)
    else:
        assert kind.argument("name", text) == kind.parse(text)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_a_shell_completes_is_read(kind):
    assert kind.metavar and json.dumps(kind.schema)
    option = click.Option(["--value"], type=KindType(kind))
    ctx = click.Context(click.Command("command"))
    assert [item.value for item in option.type.shell_complete(ctx, option, "")] == list(kind.completions)
    for word in kind.completions:
        kind.parse(f"{word}1" if word.endswith(":") else word)
        kind.parse(f" {word.upper()}1" if word.endswith(":") else f" {word.upper()} ")
        begun = option.type.shell_complete(ctx, option, word[:2].upper())
        assert word in [item.value for item in begun]
        assert all(item.value.startswith(word[:2]) for item in begun)


@given(st.lists(st.integers(0, 1 << 40), min_size=1, max_size=4), st.sampled_from("xX"), st.booleans(), st.booleans())
def test_pairs_and_sizes(numbers, sign, deep, zero):
    text = f" {sign.join(map(str, numbers))} "
    kind, least = PairKind(least=0 if zero else 1, deep=deep), 0 if zero else 1
    right = len(numbers) <= (3 if deep else 2) and least <= min(numbers) <= max(numbers) <= MAX_LENGTH
    if right:
        assert kind.parse(text) == tuple(numbers * 2 if len(numbers) == 1 else numbers)
    else:
        with pytest.raises(Wrong):
            kind.parse(text)
    if len(numbers) <= 3 and 1 <= min(numbers) <= max(numbers) <= MAX_LENGTH:
        for shape, channels in ((SHAPE, 1), (PICTURE, 3)):
            sides = (numbers * 2)[:2] if len(numbers) == 1 else numbers[:2]
            assert shape.parse(text) == Shape(*sides, numbers[2] if len(numbers) == 3 else channels)
    else:
        with pytest.raises(Wrong):
            SHAPE.parse(text)


def test_lists_are_in_the_order_of_arrays_and_texts_are_not():
    assert PAIR.read("5x3") == (5, 3) == PAIR.read([3, 5]) == PAIR.read((3, 5))
    assert per_axis(2).read([3, 5]) == (3, 5) and per_axis(3).read(2) == (2, 2, 2)
    with pytest.raises(Wrong, match=r"expected a whole number or .rows, cols., not"):
        per_axis(2).read([1, 2, 3])
    with pytest.raises(Wrong, match=r"at least 1, not 2\.0"):
        per_axis(2).read(2.0)
    assert per_axis(2, floats=True).read([2.0, 3]) == (2, 3)


@given(st.fractions(min_value=-1000, max_value=1000, max_denominator=999), st.integers(-9, 99))
def test_numbers(fraction, whole):
    assert NUMBER.parse(f"{fraction.numerator}/{fraction.denominator}") == float(fraction)
    assert NUMBER.parse(str(float(fraction))) == float(fraction)
    kind = NumberKind(least=0, most=50)
    if 0 <= fraction <= 50:
        assert kind.parse(str(fraction)) == float(fraction)
    else:
        with pytest.raises(Wrong, match="must lie within 0 and 50"):
            kind.parse(str(fraction))
    if fraction > 0:
        assert Fraction(*SCALE.parse(str(fraction))) == fraction == Fraction(*SCALE.read(str(fraction)))
    if 1 <= whole <= 50:
        assert WholeKind(most=50).parse(str(whole)) == whole == WholeKind(most=50).read(whole)
    else:
        for value in (whole, str(whole)):
            with pytest.raises(Wrong):
                WholeKind(most=50).read(value)


@given(st.integers(1, 10**6), st.sampled_from(["", "k", "M", "G"]))
def test_numbers_of_pixels(number, unit):
    factor = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}[unit]
    assert PIXELS.parse(f"{number}{unit}") == number * factor
    if unit:
        assert PIXELS.parse(f"{number}.25{unit.lower()}") == number * factor + factor // 4


@given(st.tuples(*[st.integers(-99, 99)] * 2, *[st.integers(1, 99)] * 2))
def test_regions_are_read_as_they_are_written(region):
    assert REGION.parse(REGION.write(region)) == region


def test_channels():
    assert CHANNELS.parse("RED, b,red,Luma-709") == ("r", "b", "luma-709")
    with pytest.raises(Wrong, match=r"'gren' is not one of r.g.b.a.luma.*did you mean 'green'"):
        CHANNELS.parse("r,gren")


def test_help_says_what_every_map_does():
    assert MAP.completions == MAPS
    assert all(re.search(rf"\b{name}\b", HELP) for name in MAPS)


def test_kinds_are_read_without_numpy():
    modules = "border padding pair size region channel map number choice"
    script = "import sys\n" + "".join(f"import imgconv.words.{name}\n" for name in modules.split())
    script += "print([name for name in ('numpy', 'click', 'fractions', 'yaml') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_every_luma_has_coefficients():
    assert (*LUMA_PARTS,) == LUMA.words
