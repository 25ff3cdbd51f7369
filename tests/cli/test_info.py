"""``imgconv info`` tells what is there."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version

import pytest


def info(*arguments, **environment):
    command = [sys.executable, "-m", "imgconv", "info", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_facts_are_those_of_this_machine():
    found = json.loads(info("--json").stdout)
    assert found["python"] == platform.python_version()
    assert found["engines"] == ["builtin", "scipy"]
    assert found["threads"] == len(os.sched_getaffinity(0)) or found["threads"] < os.cpu_count()
    assert found["libraries"]["numpy"] == version("numpy")
    assert ".png" in found["formats"]["PNG"]


def test_lines_say_the_same():
    text = info(IMGCONV_SIMD="none").stdout
    assert f"numpy {version('numpy')}" in text
    assert "builtin  NumPy" in text


@pytest.mark.parametrize(
    ("environment", "fragment"),
    [({"IMGCONV_SIMD": "sse9"}, "IMGCONV_SIMD: 'sse9' is not one of none|")],
)
def test_a_level_that_is_not_there_is_refused(environment, fragment):
    done = info(**environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("imgconv: ") and done.stderr.count("\n") == 1
    assert fragment in done.stderr or "not built" in done.stderr or "NumPy" in done.stderr
