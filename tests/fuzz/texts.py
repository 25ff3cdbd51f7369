"""Texts that people and strangers may write: kernels, pipelines, tables, chains of sizes, and words of options.

Hypothesis puts them together from pieces that mean something and pieces that do not. A text is read, and what comes of
it is looked at or refused; a fault is anything but a sentence of ours, a warning, or more than 2 seconds.
"""

import contextlib
import io
import time
import traceback
import warnings

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from imgconv.errors import ImgconvError
from imgconv.kernels import document, library, parametric
from imgconv.kernels.gain import rescaled
from imgconv.kernels.value import COMBINES, Combined, Kernel
from imgconv.layers import names as layer_names
from imgconv.pipeline import file as pipelinefile
from imgconv.sizes import chainwords
from imgconv.words.border import BORDER
from imgconv.words.channel import CHANNELS
from imgconv.words.choice import GAINS
from imgconv.words.map import MAPS
from imgconv.words.number import PIXELS
from imgconv.words.padding import PADDING
from imgconv.words.pair import DEEP
from imgconv.words.region import REGION
from imgconv.words.size import SHAPE

MOST_SECONDS, LONGEST_SENTENCE, ROUND = 2, 500, 100

NUMBERS = st.one_of(
    st.integers(-9, 9).map(str),
    st.floats(allow_nan=True).map(repr),
    st.tuples(st.integers(-(10**6), 10**6), st.integers(-3, 10**6)).map("{0[0]}/{0[1]}".format),
    st.integers(-(10**9), 10**9).map(lambda n: f"{n / 1000:,.3f}"),
    st.integers(-(10**9), 10**9).map(lambda n: f"{n / 1000:,.2f}".translate(str.maketrans(",.", ".,"))),
    st.sampled_from(
        ["1e308", "1e-308", "1e308/1e-308", "1e-320", "0,0625", "1'000", "1 000", "50%", "9" * 299, "1e999", "0625"]
    ),
)
SEPARATORS = st.sampled_from([",", ";", "\t", " ", ", ", "; ", '","', ",,", " / "])
WORDS = st.one_of(
    st.sampled_from(library.names()),
    st.sampled_from(layer_names()),
    st.sampled_from([*document.KEYS, *COMBINES, *MAPS, "same", "valid", "edge", "constant:3", "net.npy", "a.npz:w"]),
    st.text(max_size=6),
    st.sampled_from(["", "x" * 10**4, "\0", "\ufeff", "&a", "*a", "!!python/none", "[", "{", "]", "}", ":", "- ", "#"]),
)
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", ""])


@st.composite
def tables(draw):
    """Lines of numbers with separators between them, some with words, headers and marks of their own."""
    separator = draw(SEPARATORS)
    cells = st.one_of(NUMBERS, NUMBERS, NUMBERS, WORDS)
    rows = draw(st.lists(st.lists(cells, min_size=1, max_size=5).map(separator.join), min_size=1, max_size=5))
    head = draw(st.sampled_from(["", "", "sep=;\n", "\ufeff", "# x\n", "3 3 16 0\n", "3 3\n", "1 1 1e-320 1e300\n"]))
    return head + draw(ENDS).join(rows)


@st.composite
def yaml_values(draw, depth=2):
    """A value as YAML writes it in a line."""
    if depth and draw(st.booleans()):
        parts = draw(st.lists(yaml_values(depth - 1), max_size=4))
        if draw(st.booleans()):
            return "[" + ", ".join(parts) + "]"
        keys = draw(st.lists(WORDS, min_size=len(parts), max_size=len(parts)))
        return "{" + ", ".join(f"{key}: {part}" for key, part in zip(keys, parts, strict=True)) + "}"
    text = draw(st.one_of(NUMBERS, WORDS))
    return f"'{text}'" if draw(st.booleans()) else text


KERNELS = st.lists(
    st.tuples(st.one_of(st.sampled_from(document.KEYS), WORDS), yaml_values()).map(": ".join), max_size=5
).map("\n".join)
LAYERS = st.lists(
    st.tuples(st.one_of(st.sampled_from(layer_names()), WORDS), yaml_values()).map("- {0[0]}: {0[1]}".format),
    max_size=4,
).map("\n".join)


@st.composite
def parametric_specs(draw):
    """A parametric kernel with numbers of all sizes."""
    found = parametric.get(draw(st.sampled_from(parametric.names())))
    chosen = draw(st.lists(st.sampled_from([*found.parameters] or [None]), max_size=3))
    values = st.one_of(NUMBERS, st.tuples(NUMBERS, NUMBERS).map("x".join), WORDS)
    return f"{found.name}:" + ",".join(f"{one.name}={draw(values)}" for one in chosen if one)


def pieces(letters):
    """Return texts of the letters and of anything."""
    return st.one_of(st.text(letters, max_size=20), st.text(max_size=10), WORDS)


def looked_at(kernel):
    """Use a kernel as a run would before it has an image."""
    if isinstance(kernel, Kernel | Combined):
        for gain in GAINS:
            with contextlib.suppress(ImgconvError):
                rescaled(kernel, gain)
    kernel.guaranteed_range(0, 255)


def file_of(suffix):
    """Return what reads a text as a file of that suffix."""

    def read(text, folder):
        path = folder / f"k{suffix}"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        looked_at(library.kernel(str(path)))

    return read


def by_kind(kind):
    """Return what reads a word as an option's value."""
    return lambda text, folder: kind.argument("option", text)


def piped(text, folder):
    """Read a kernel from standard input."""
    looked_at(library.kernel("-", stdin=text.encode("utf-8", "replace")))


def chained(text, folder):
    """Read the layers of ``imgconv size``."""
    chainwords.chain(SHAPE.parse("32x32x3"), text.split())


KINDS = {
    "kernel.yaml": (
        KERNELS,
        piped,
    ),
    "pipeline.yaml": (LAYERS, lambda text, folder: pipelinefile.parse(text)),
    "kernel.csv": (tables(), file_of(".csv")),
    "kernel.mat": (tables(), file_of(".mat")),
    "inline": (tables(), lambda text, folder: looked_at(library.kernel(text))),
    "parametric": (parametric_specs(), lambda text, folder: looked_at(library.kernel(text))),
    "name": (WORDS, lambda text, folder: library.kernel(text)),
    "size": (pieces("0123456789xX,"), by_kind(DEEP)),
    "chain": (
        pieces("conv:3,s2p1dgx pool"),
        chained,
    ),
    "region": (pieces("0123456789-x,"), by_kind(REGION)),
    "padding": (pieces("0123456789-x, "), by_kind(PADDING)),
    "border": (pieces("constant:0123456789e."), by_kind(BORDER)),
    "channels": (pieces("rgbaluma,-709"), by_kind(CHANNELS)),
    "pixels": (pieces("0123456789.kMG"), by_kind(PIXELS)),
}


def fault(kind, text, folder):
    """Read a text; return what went wrong in a word or two, or nothing."""
    started = time.process_time()
    said = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(said):
            warnings.simplefilter("error")
            KINDS[kind][1](text, folder)
    except ImgconvError as error:
        sentence = str(error)
        if not 0 < len(sentence) < LONGEST_SENTENCE or "Traceback" in sentence:
            return f"a sentence of {len(sentence)} characters by {type(error).__name__}"
    except Exception as problem:
        place = traceback.extract_tb(problem.__traceback__)[-1]
        return f"{type(problem).__name__} in {place.name}, line {place.lineno}"
    if said.getvalue():
        return "words on stderr"
    return "time" if time.process_time() - started > MOST_SECONDS else ""


def run(deadline, seed, folder):
    """Try texts until the deadline; see the folder's README."""
    inputs, found = 0, {}
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    while time.monotonic() < deadline:
        seed += 1

        @seeded(seed)
        @settings(
            max_examples=ROUND, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.data())
        def attempt(data):
            nonlocal inputs
            kind = data.draw(st.sampled_from(sorted(KINDS)))
            text = data.draw(KINDS[kind][0])
            if time.monotonic() > deadline:
                return
            inputs += 1
            if (problem := fault(kind, text, scratch)) and (kind, problem) not in found:
                found[kind, problem] = text
                name = f"{len(found):03}-{kind.partition('.')[0]}"
                (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
                print(f"{name}: {problem}: {text[:100]!r}", flush=True)

        attempt()
    for path in scratch.iterdir():
        path.unlink()
    scratch.rmdir()
    return inputs, len(found)
