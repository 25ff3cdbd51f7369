import json
import os
import subprocess
import sys

import pytest

VARIABLE = "OPENBLAS_NUM_THREADS"
RUN = f"""
import atexit, os
from imgconv.__main__ import main
atexit.register(lambda: print(os.environ[{VARIABLE!r}]))
main()
"""


@pytest.mark.parametrize(
    ("arguments", "theirs", "code", "threads"),
    [(["--version"], None, 0, "1"), (["--version"], "3", 0, "3"), (["apply"], None, 2, "1")],
)
def test_a_quick_start_keeps_exit_codes_and_what_the_user_set(arguments, theirs, code, threads):
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    environment |= {VARIABLE: theirs} if theirs else {}
    command = [sys.executable, "-c", RUN, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (code, threads)


def test_without_docstrings_and_assertions(tmp_path):
    """``python -OO`` leaves both out, and what is read from docstrings elsewhere has to do without."""
    command = [sys.executable, "-OO", "-m", "imgconv", "kernels", "show", "box:size=3", "--json"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert json.loads(shown)["scale"] == "1/9"
