"""Whatever is typed at ``imgconv apply``, it either works or says why not in one sentence."""

import json

import numpy as np
import pytest
from cli.running import contents, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

SOUND = {
    "--kernel": [
        *("identity", "box", "sobel", "sobel-x", "sobel-angle", "kirsch", "sepia", "gray-601", "laplacian4", "pyr-up"),
        *("gaussian:sigma=1e-2", "gaussian:sigma=3x0.5", "box:size=2", "motion:length=9,angle=-30", "unsharp", "1"),
        *("1,2;3,4", "0,0,0", "1e30,-1e30", "1e-300,2e-305", "1/3,1/3,1/3", "1 2 3 /-7", "log:sigma=1", "emboss"),
    ],
    "--padding": ["valid", "same", "full", "same-torch", "same-lower", "0", "3", "2x0", "1,2,3,4", "30", "7x50"],
    "--border": ["zero", "edge", "symmetric", "reflect", "wrap", "constant:7", "constant:-1e30"],
    "--stride": ["1", "2", "3x1", "1x7", "9", "2147483647"],
    "--dilation": ["1", "2", "3x1", "1x7", "9"],
    "--map": ["clip", "abs", "offset", "stretch", "float", "CLIP"],
    "--vmin": ["0", "-1", "-1e-30", "-1e30"],
    "--vmax": ["1", "128", "255.5", "1e30"],
    "--gain": ["raw", "sum", "range"],
    "--depth": ["8", "16", "float"],
    "--alpha": ["auto", "premultiply", "keep", "preserve", "filter", "drop"],
    "--engine": ["builtin", "scipy"],
    "--threads": ["1", "2", "1024"],
    "--format": ["png", "npy", "tif", ".PNG"],
}
UNSOUND = {
    "--kernel": [
        *("", "-1,;", "/", ";", ":", "-", "nothing", "nothing.yaml", "sobel:size=4", "box:size=0", "gabor:", "\xe9"),
        *("\udc80", "a\0b", "=", "box:", "1;2,3"),
    ],
    "--padding": ["99999", "2147483647", "-1", "x", "1x", "", "1e3"],
    "--border": ["constant:", "edgy", "", "constant:1e31"],
    "--stride": ["0", "-1", "x", "1x", "", "1e3", "\u0663"],
    "--dilation": ["100000", "2147483647", "0", "1x2x3"],
    "--map": ["", "float64"],
    "--vmin": ["1e31", "nan", "inf", "", "x", "300"],
    "--vmax": ["-1e31", "nan", "-inf", "", "x", "-300"],
    "--gain": ["none", "unit"],
    "--depth": ["32", ""],
    "--alpha": ["keep"],
    "--engine": ["gpu", "../scipy"],
    "--threads": ["0", "1.5", "9" * 5000],
    "--format": ["pfm", "pgm", "jpg", "exe", ""],
}
FLAGS = ["--correlate", "--check", "--strict", "--gray", "--overwrite", "--dry-run", "--json", "--quiet"]
SOURCES = ["grey.png", "rgba.png", "deep.png", "floats.tif", "wide.npy"]


def commands(*tables, flags=(), sources=(), targets=()):
    """Command lines with options from these tables."""
    values = {name: [value for table in tables for value in table[name]] for name in SOUND}
    option = st.sampled_from([*values]).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(values[name])))
    flag = st.sampled_from([*FLAGS, *flags]).map(lambda name: (name,))
    options = st.lists(st.one_of(option, option, flag), max_size=8)
    source, target = st.sampled_from([*SOURCES, *sources]), st.sampled_from(["o.npy", "o.npy", "o.tif", *targets])
    kernel = st.sampled_from(values["--kernel"])
    return st.builds(lambda *parts: [*parts[:2], "-k", parts[2], *sum(parts[3], ())], source, target, kernel, options)


sound = commands(SOUND)
unsound = commands(
    SOUND,
    UNSOUND,
    flags=["--no-such", "more.png"],
    sources=["missing.png"],
    targets=["o.png", "o.jpg", "grey.png", "o", ".", "-"],
)
anything = st.one_of(sound, sound, unsound)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("anything")
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, (7, 9, 4), dtype=np.uint8)
    Image.fromarray(pixels[:, :, 0]).save(folder / "grey.png")
    Image.fromarray(pixels).save(folder / "rgba.png")
    Image.fromarray(pixels[:, :, 0].astype(np.uint16) * 257).save(folder / "deep.png")
    floats = rng.normal(size=(7, 9)).astype(np.float32)
    floats[2, 3], floats[5, 1] = np.nan, np.inf
    Image.fromarray(floats).save(folder / "floats.tif")
    np.save(folder / "wide.npy", rng.normal(size=(1, 40, 5)))
    return folder


def check(folder, command):
    before = contents(folder)
    ran = run("apply", *command)
    assert ran.code in (0, 1, 2)
    after = contents(folder)
    if ran.code:
        said, *more = ran.err.splitlines()
        assert said.startswith("imgconv: "), ran
        more += ran.lines  # with the image on standard output, the object is on standard error
        assert not more or ("--json" in command and "error" in json.loads("\n".join(more))), ran
        assert after == before
        assert "differ" not in ran.err, (command, ran.err)  # engines agree on everything
    else:
        quiet, piped = {"-q", "--quiet"} & {*command}, command[1] == "-" and "--dry-run" not in command
        report = ran.err if piped else ran.text
        assert bool(report) != bool(quiet) and (piped or not ran.err), ran
        if "--json" in command and not quiet:
            json.loads(report)
        assert len({*after} - {*before}) <= 1 and (after == before or "--dry-run" not in command)
    for name in {*after} - {*before}:
        (folder / name).unlink()
    for name in {*before} & {*after}:
        if after[name] != before[name]:
            (folder / name).write_bytes(before[name])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(command=anything)
def test_anything(folder, monkeypatch, command):
    monkeypatch.chdir(folder)
    check(folder, command)


@pytest.mark.slow
@settings(max_examples=3000, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(command=anything)
def test_anything_for_long(folder, monkeypatch, command):
    monkeypatch.chdir(folder)
    check(folder, command)
