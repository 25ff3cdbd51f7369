"""Chains of layers: published networks, and receptive fields followed sample by sample."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgconv.geometry import TRANSPOSED, Padding, Shape, convolution, extent, resized, transposed
from imgconv.sizes.calculator import Question
from imgconv.sizes.chain import Fork, Stage, rows, walk_back
from imgconv.sizes.chainwords import chain

VGG = "conv:3,p1,b,c{0}"


def vgg16():
    for width, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        yield from [VGG.format(width)] * times
        yield "pool:2"


def test_vgg16_has_the_published_numbers():
    """Parameters of the convolutions and the receptive field, 212 by 32 (Araujo, Norris and Sim, Distill, 2019)."""
    made = chain(Shape(224, 224, 3), vgg16())
    assert made[-1].output == (7, 7, 512)
    assert made[-1].field == (212, 212)
    assert made[-1].jump == ((32, 1), (32, 1))
    assert sum(row.parameters[0] for row in made) == 14_714_688
    assert sum(row.multiply_adds[0] for row in made) == 15_346_630_656


def test_alexnet_has_the_published_receptive_field():
    words = ["conv:11,s4", "pool:3,s2", "conv:5,p2", "pool:3,s2", "conv:3,p1", "conv:3,p1", "conv:3,p1", "pool:3,s2"]
    last = chain(Shape(227, 227, 3), words)[-1]
    assert (last.output, last.field, last.jump[0]) == ((6, 6, 3), (195, 195), (32, 1))


@pytest.mark.parametrize(
    ("words", "field", "jump"),
    [
        ("conv:3 conv:3", 5, (1, 1)),
        ("conv:3 pool:2 conv:3", 8, (2, 1)),
        ("conv:3,d2 conv:3,d4", 13, (1, 1)),
        ("transposed:2,s2 conv:3", 2, (1, 2)),
        ("pool:2 transposed:2,s2", 2, (1, 1)),
        ("resize:2 conv:3", 3, (1, 2)),
        ("pointwise:c8 pad:3 conv:5", 5, (1, 1)),
    ],
)
def test_receptive_fields_worked_by_hand(words, field, jump):
    last = chain(Shape(64, 64, 3), words.split())[-1]
    assert (last.field, last.jump) == ((field, field), (jump, jump))


@pytest.mark.parametrize(
    ("word", "output", "parameters", "multiply_adds"),
    [
        ("conv:5,b,c4", (124, 124, 4), 4 * 3 * 25 + 4, 4 * 3 * 25 * 124 * 124),
        ("conv:5", (124, 124, 3), 25, 25 * 3 * 124 * 124),
        ("depthwise:3,p1", (128, 128, 3), 27, 27 * 128 * 128),
        ("conv:3,p1,c6,g3", (128, 128, 6), 54, 54 * 128 * 128),
        ("pointwise:c1", (128, 128, 1), 3, 3 * 128 * 128),
        ("separable:5x3", (124, 126, 3), 8, 3 * 3 * 128 * 126 + 5 * 3 * 124 * 126),
        ("transposed:3,s2,p1,o1,c6", (256, 256, 6), 162, 162 * 128 * 128),
        ("pool:2,s2,ceil", (64, 64, 3), 0, 0),
        ("resize:1/2", (64, 64, 3), 0, 2 * 2 * 3 * 64 * 64),
    ],
)
def test_what_a_layer_costs(word, output, parameters, multiply_adds):
    (row,) = chain(Shape(128, 128, 3), [word])
    assert (row.output, row.parameters[0], row.multiply_adds[0]) == (output, parameters, multiply_adds)


def solved(transposes, kernel, stride, dilation, before):
    axis = (transposed if transposes else convolution)(40, kernel, stride=stride, dilation=dilation)._replace(
        before=before
    )
    return Stage(extent((40, 40), (1, 1), padding=Padding("valid"))._replace(width=axis))


def followed(axis, place):
    """Return the inputs with a tap on output `place`, found by trying every tap."""
    if axis.formula != TRANSPOSED:
        return {place * axis.stride - axis.before + tap * axis.dilation for tap in range(axis.kernel)}
    gaps = [place + axis.before - tap * axis.dilation for tap in range(axis.kernel)]
    return {gap // axis.stride for gap in gaps if gap % axis.stride == 0}


STAGES = st.builds(solved, st.booleans(), *[st.integers(1, 4)] * 3, st.integers(0, 3))


@given(st.lists(STAGES, min_size=1, max_size=4))
def test_the_walk_back_finds_what_following_every_tap_finds(stages):
    for place in range(13):
        seen = {place}
        for stage in reversed(stages):
            seen = set().union(*(followed(stage.extent.width, one) for one in seen))
        found = walk_back(stages, 0, place, place)
        if len(stages) == 1 or all(stage.extent.width.dilation == 1 for stage in stages):
            assert found == ((min(seen), max(seen)) if seen else None)
        elif seen:  # between the taps of a dilated kernel lies what it does not see
            assert found[0] <= min(seen) <= max(seen) <= found[1]


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 9))
def test_a_resizing_sees_the_samples_around_its_middle(size, upper, lower):
    if size * upper < lower:
        return
    axis = resized(size, (upper, lower))
    for out in range(axis.output):
        middle = (out + 0.5) * size / axis.output - 0.5
        first, last = axis.sees(out, out)
        assert first <= middle + 1e-9
        assert last >= middle - 1e-9
        assert last - first == 1


def test_branches_see_what_any_of_them_sees():
    def stage(width, height):
        return Stage(Question("convolution", (width, height), padding=Padding("same")).answer((9, 9)), (1, "1"))

    fork = Fork(((stage(5, 1),), (stage(1, 3), stage(1, 3))))
    (row,) = rows(Shape(9, 9, 1), [("flattened", Shape(9, 9, 1), [fork])])
    assert (row.field, row.jump, row.parameters[0]) == ((5, 5), ((1, 1), (1, 1)), 3)
