"""Whatever is given to a public function, what is refused is refused in a sentence of ours."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import imgconv
from imgconv.errors import ArgumentTypeError, ImgconvError, OptionError

GREY = np.arange(36, dtype=np.uint8).reshape(6, 6)
PLANES = {axes: np.ones((1, 2, *[5] * axes), np.float32) for axes in (1, 2, 3)}
WEIGHTS = {axes: np.ones((2, 2, *[3] * axes)) for axes in (1, 2, 3)}
COMMON = {"stride": 1, "padding": 1, "dilation": 1, "threads": 1}
POOL = {"kernel_size": 2, "stride": 2, "padding": 0, "ceil_mode": False, "threads": 1}
SIZE = {"size": (6, 6), "kernel": 3, "padding": 1, "stride": 2, "dilation": 1}

CALLS = {
    "convolve": {
        "image": GREY, "kernel": "box", "padding": "same", "border": "edge", "stride": 1, "dilation": 1,
        "correlate": False, "engine": "builtin", "threads": 1, "map": "clip",
    },
    "output_size": SIZE | {"pool": True, "ceil_mode": True},
    "kernel": {"spec": "box"},
    "run_pipeline": {"image": GREY, "engine": "builtin", "threads": 1, "map": "clip"},
    "read": {"name": "n", "orient": True, "frame": 0, "max_pixels": 100},
    "read_frames": {"name": "n", "max_pixels": 100},
    "write": {"image": GREY, "format": "png", "overwrite": True, "compression": 1, "quality": None, "strip": False},
    "write_frames": {"frames": [GREY], "format": "gif", "overwrite": True, "plays": 0},
    "channel_shuffle": {"input": PLANES[2], "groups": 2},
    "interpolate": {"input": PLANES[2], "size": 3, "mode": "bilinear", "align_corners": False, "threads": 1},
}  # fmt: skip
for axes in (1, 2, 3):
    given_to = {"input": PLANES[axes], "weight": WEIGHTS[axes], "bias": [0, 0], "groups": 1, **COMMON}
    CALLS[f"conv{axes}d"] = given_to | {"border": "zero"}
    CALLS[f"conv_transpose{axes}d"] = given_to | {"output_padding": 0}
    for kind in ("max", "min", "avg"):
        CALLS[f"{kind}_pool{axes}d"] = {"input": PLANES[axes], "border": None, **POOL}

ARGUMENTS = [(name, argument) for name, given_to in CALLS.items() for argument in given_to]

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.sampled_from([10**30, -(10**400), 2**31]), st.floats(),
    st.text(max_size=5), st.binary(max_size=3), st.complex_numbers(), st.just(object()), st.just(len),
    st.sampled_from(["same", "box", "edge", "clip", "3x1", "1,2,1", "0.5", "\0"]),
)  # fmt: skip
JUNK = st.one_of(
    SCALARS,
    st.lists(st.one_of(SCALARS, st.lists(SCALARS, max_size=3)), max_size=4),
    st.tuples(SCALARS, SCALARS),
    st.dictionaries(st.text(max_size=2), SCALARS, max_size=2),
    st.sets(st.integers(), max_size=2),
    st.builds(np.float32, st.floats(width=32)),
    st.builds(np.int64, st.integers(-3, 9)),
    arrays.arrays(
        st.sampled_from([np.uint8, np.int64, np.float32, np.complex64, object, "U2", "M8[s]", bool]),
        arrays.array_shapes(min_dims=0, max_dims=5, max_side=3),
    ),
)


def called(name, arguments, folder):
    """Call a public function with files of its own."""
    if name == "run_pipeline":
        arguments = {"pipeline": folder / "p.yaml", **arguments}
    if name.startswith("read"):
        arguments = {"source": folder / "i.png", **arguments}
    if name.startswith("write"):
        arguments = {"target": folder / "o", **arguments}
    made = getattr(imgconv, name)(**arguments)
    return list(made) if name == "read_frames" else made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arguments")
    imgconv.write(folder / "i.png", GREY)
    (folder / "p.yaml").write_text("- conv: box")
    return folder


def test_the_calls_are_right_as_they_are(folder):
    for name, arguments in CALLS.items():
        called(name, arguments, folder)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(ARGUMENTS), min_size=6, max_size=6), st.lists(JUNK, min_size=6, max_size=6))
def test_junk_is_refused_in_our_words(folder, places, values):
    for (name, argument), value in zip(places, values, strict=True):
        try:
            called(name, CALLS[name] | {argument: value}, folder)
        except ImgconvError as error:
            assert 0 < len(str(error)) < 500 and str(error).isprintable()


@pytest.mark.parametrize(
    ("name", "argument", "value", "kind"),
    [
        ("convolve", "padding", None, TypeError),
        ("convolve", "stride", float("nan"), TypeError),
        ("convolve", "border", 5, TypeError),
        ("convolve", "map", 5, TypeError),
        ("convolve", "kernel", None, ValueError),
        ("convolve", "kernel", [[1, 2], [3]], ValueError),
        ("convolve", "image", [[1, 2], [3]], ValueError),
        ("convolve", "image", np.array("a"), ValueError),
        ("convolve", "stride", 0, ValueError),
        ("convolve", "threads", 0, ValueError),
        ("conv2d", "weight", [[1, 2], [3]], ValueError),
        ("conv2d", "padding", None, TypeError),
        ("conv2d", "groups", 1.5, TypeError),
        ("max_pool2d", "ceil_mode", "yes", TypeError),
        ("output_size", "kernel", "3", TypeError),
        ("write", "overwrite", 1, TypeError),
        ("read", "source", None, TypeError),
        ("write", "target", 7, TypeError),
        ("run_pipeline", "pipeline", 7, TypeError),
    ],
)
def test_refusals_are_of_pythons_own_kinds_too(folder, name, argument, value, kind):
    with pytest.raises(kind) as caught:
        called(name, CALLS[name] | {argument: value}, folder)
    assert isinstance(caught.value, ImgconvError)
    assert not isinstance(caught.value, OptionError) or caught.value.option
    assert (kind is TypeError) == isinstance(caught.value, ArgumentTypeError)
