"""The YAML reader: what it reads, what it refuses and where, and that nothing makes it slow or run away."""

import json
import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgconv.errors import FileContentError, KernelFileError
from imgconv.words.number import ZeroFirst
from imgconv.yamlreader.events import MAX_BYTES, MAX_DEPTH, load

PARSERS = pytest.mark.parametrize("native", [True, False], ids=["native", "pure"])


@PARSERS
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("-.5", -0.5),
        ("+3", 3),
        ("017", ZeroFirst(17)),
        ("5.", 5.0),
        ("0x10", "0x10"),
        ("0o17", "0o17"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("yes", "yes"),
        ("on", "on"),
        ("No", "No"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("", None),
        ('"1"', "1"),
        ("'true'", "true"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1/8", "1/8"),
        ("50%", "50%"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, value, native):
    read = load(f"key: {text}\n", "x.yaml", native=native).value["key"]
    assert read == value
    assert type(read) is type(value)


@PARSERS
def test_not_a_number_is_recognised(native):
    assert math.isnan(load("[.nan]", "x.yaml", native=native).value[0])


@PARSERS
@pytest.mark.parametrize(
    ("text", "says", "place"),
    [
        ("a: &x 1", "anchors and aliases", (1, 4)),
        ("a: *x", "anchors and aliases", (1, 4)),
        ("- &x [*x]", "anchors and aliases", (1, 3)),
        ("a: 1\nb: !!python/object/apply:os.system ['true']", "tags", (2, 4)),
        ("!kernel {}", "tags", (1, 1)),
        ("a: !!str 1", "tags", (1, 4)),
        ("a: 1\nb: 2\na: 3", "already, in line 1", (3, 1)),
        ("a: {b: 1, b: 2}", "already, in line 1", (1, 11)),
        ("a: 1\n---\nb: 2", "second document", (2, 1)),
        ("[a]: 1", "a key must be a word", (1, 1)),
        ("1: 2", "a key must be a word", (1, 1)),
        ("a: " + "9" * 400, "400 characters", (1, 4)),
        ("[" * 30 + "]" * 30, f"deeper than {MAX_DEPTH}", (1, MAX_DEPTH + 1)),
        ("a:\n\t- 1", "not YAML", None),
        ("a: 1\nb: " + "[" * 5_000, f"deeper than {MAX_DEPTH}", None),
        ("{a: " * 5_000, f"deeper than {MAX_DEPTH}", (1, 4 * MAX_DEPTH + 1)),
        ("- " * 5_000 + "1", f"deeper than {MAX_DEPTH}", (1, 2 * MAX_DEPTH + 1)),
        ("a: '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[['\nb: [1, 2", "not YAML", None),
        ("a: [1, 2", "not YAML", None),
        ("a: 'b", "not YAML", None),
        ("a: \x01", "control character", None),
        (b"a: \xff", "not UTF-8", None),
        (b"a: 1\nb: \xe9", "not UTF-8", None),
        ("a: 1".encode("utf-16"), "not UTF-8", None),
        ("a: \ud800", "surrogate", None),
        ("", "is empty", None),
        ("# only a comment\n", "is empty", None),
        ("---\n...\n", "is empty", None),
        ("a" * (MAX_BYTES + 1), "larger than 1024 kB", None),
    ],
)
def test_what_is_refused_and_where(text, says, place, native):
    with pytest.raises(KernelFileError, match=says) as caught:
        load(text, "x.yaml", native=native)
    assert str(caught.value).startswith("x.yaml")
    assert "\n" not in str(caught.value)
    if place:
        assert (caught.value.line, caught.value.column) == place


def test_a_caller_may_have_its_own_error():
    class PipelineFileError(FileContentError):
        pass

    with pytest.raises(PipelineFileError):
        load("a: &b", "p.yaml", error=PipelineFileError)


def test_a_byte_order_mark_is_skipped():
    assert load(b"\xef\xbb\xbfa: 1", "x.yaml").value == {"a": 1}


def test_places():
    document = load("name: x\nweights:\n  - [1, 2]\n  - [3,   4]\nmap : clip\n", "x.yaml")
    assert document.where("name") == (1, 7)
    assert document.where("weights") == (3, 3)
    assert document.where("weights", 1, 1) == (4, 11)
    assert document.where("weights", 7, "none") == (3, 3)
    assert document.where_key("map") == (5, 1)
    assert document.where() == (1, 1)


def test_unknown_keys_are_refused_with_the_nearest():
    document = load("name: x\nwieghts: [[1]]\n", "x.yaml")
    with pytest.raises(KernelFileError, match="line 2, column 1: unknown key 'wieghts'; did you mean 'weights'"):
        document.mapping(("name", "weights"))
    with pytest.raises(KernelFileError, match="not a list"):
        load("- 1", "x.yaml").mapping(("name",))


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))


@PARSERS
@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "[" * 50_000,
        "{a: " * 20_000,
        "- " * 50_000,
        "? " * 20_000,
        "!<x" * 1000,
        "a: [" + "'" * 50_000,
        "\n" * 50_000,
        "#" * 50_000,
    ],
    ids=["aliases", "sequences", "mappings", "blocks", "keys", "tags", "quotes", "lines", "comment"],
)
def test_bombs_are_refused_at_once_and_in_little_memory(text, native):
    tracemalloc.start()
    with pytest.raises(KernelFileError):
        load(text, "bomb.yaml", native=native)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * len(text) + 1_000_000


def test_a_large_kernel_loads_in_bounded_memory():
    text = "weights: [" + ", ".join(["[" + ",".join(["-1.5"] * 101) + "]"] * 101) + "]"
    assert len(load(text, "x.yaml").value["weights"]) == 101


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz-", min_size=1, max_size=5), inner),
    max_leaves=12,
)  # fmt: skip


@given(VALUES, st.sampled_from([None, 2]))
def test_json_means_the_same(value, indent):
    text = json.dumps({"value": value}, indent=indent)
    for native in (True, False):
        document = load(text, "x.json", native=native)
        assert document.value == {"value": value}
        line, column = document.where("value")
        assert text.splitlines()[line - 1][column - 1 :].startswith(json.dumps(value, indent=indent).splitlines()[0])


@given(st.text() | st.binary())
def test_nothing_but_its_own_error_ever_comes_out(text):
    for native in (True, False):
        try:
            load(text, "x.yaml", native=native)
        except KernelFileError as error:
            assert str(error).isprintable()


@given(st.text("&*!-[]{}:,#|>?'\" \na1\t%@`"))
def test_nothing_but_its_own_error_ever_comes_out_of_yaml_like_text(text):
    for native in (True, False):
        try:
            load(text, "x.yaml", native=native)
        except KernelFileError as error:
            assert str(error).isprintable()
