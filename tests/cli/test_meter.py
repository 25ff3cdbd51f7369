"""The bar of ``imgconv apply`` and ``pool`` on a terminal, and what the core says of how far it is."""

import doctest
import os
import pty
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from cli.running import ok

import imgconv.cli.meter
from imgconv.filtering.apply import apply
from imgconv.filtering.request import Request
from imgconv.image import write
from imgconv.kernels.library import kernel
from imgconv.pipeline.file import load
from imgconv.progress import Progress, phase

PHASES = ["reading", "filtering", "writing"]


@pytest.fixture
def noise(folder):
    write("noise.png", np.random.default_rng(3).integers(0, 256, (900, 1100, 3), dtype=np.uint8))
    return "noise.png"


def test_the_gauge_says_rate_and_time_left():
    assert doctest.testmod(imgconv.cli.meter).failed == 0


@pytest.mark.parametrize("width", [0, 1, 10, 40, 200])
def test_the_gauge_fits_the_terminal(width):
    for done in (None, 0.0, 0.3, 1.0):
        assert len(imgconv.cli.meter.gauge(Progress("filtering", done, 10**9), 1e5, width)) <= width


@pytest.mark.parametrize(
    ("spec", "asked"),
    [
        ("gaussian:sigma=1", {"engine": "scipy"}),
        ("gaussian:sigma=3", {"engine": "builtin"}),
        ("gaussian:sigma=3", {"engine": "builtin", "map": "stretch"}),
    ],
)
def test_the_core_tells_how_far_it_is(noise, spec, asked):
    """It never goes back, ends at 1, and is told often."""
    told = []
    request = Request(kernel=kernel(spec), overwrite=True, **asked)
    apply(request, noise, "out.png", progress=told.append)
    assert list(dict.fromkeys(one.phase for one in told)) == PHASES
    shares = [one.done for one in told if one.phase == "filtering"]
    assert shares == sorted(shares) and (shares[0], shares[-1]) == (0, pytest.approx(1)) and len(shares) > 3
    assert {one.pixels for one in told if one.phase == "filtering"} == {1100 * 900}
    plain = apply(request, noise, "plain.png")
    assert plain.result.stats.total and Path("plain.png").read_bytes() == Path("out.png").read_bytes()


def test_a_layer_counts_by_its_work(noise, folder):
    (folder / "layers.yaml").write_text("- relu\n- conv: {kernel: 'gaussian:sigma=4'}\n- relu\n")
    told = []
    apply(Request(pipeline=load("layers.yaml")), noise, "out.png", progress=told.append)
    shares = [one.done for one in told if one.phase == "filtering"]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    assert max(b - a for a, b in pairwise(shares)) < 0.5  # no layer without work takes a third


def test_nothing_goes_back_within_nested_parts():
    from imgconv import progress

    told = []
    with phase(told.append, "filtering"):
        with progress.part(0, 0.5), progress.part(0.5, 1):
            count = progress.counter(2)
            count()
            count()
        with progress.part(0, 0.25):
            progress.counter(1)()
    assert [one.done for one in told] == [0, 0.375, 0.5]
    assert progress.counter(3) is None


def on_terminal(*arguments, out=False, **environment):
    """Run imgconv with standard error, and `out`, on a terminal; return its exit code and what stands there."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update({"TERM": "xterm", "COLUMNS": "80", **environment})
        if not out:
            os.dup2(os.open("report.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.execv(sys.executable, [sys.executable, "-m", "imgconv", *arguments])
    shown = b""
    try:
        while part := os.read(terminal, 65536):
            shown += part
    except OSError:  # the other end is closed
        pass
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


def test_a_long_run_has_a_bar_and_takes_it_away(folder):
    """A pipe as input, which waits for its writer, makes the run last."""
    os.mkfifo("late.ppm")
    if os.fork() == 0:
        with Path("late.ppm").open("wb") as pipe:
            pipe.write(b"P6 8 8 255\n")
            pipe.flush()
            time.sleep(1.6)
            pipe.write(bytes(192))
        os._exit(0)
    code, shown = on_terminal("apply", "late.ppm", "out.png", "-k", "identity")
    os.wait()
    assert code == 0 and "reading" in shown, shown
    assert shown.endswith("\r") and shown.split("\r")[-2].strip() == ""


def test_no_bar_without_a_terminal(noise):
    assert ok("pool", noise, "small.png", "--mean", "2").err == ""
