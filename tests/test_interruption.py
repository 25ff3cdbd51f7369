"""Ctrl-C, wherever it comes and however often, ends with 130 and one sentence."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals are sent to processes"),
    pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="the tests run with Ctrl-C ignored"),
]

PRELUDE = """
import os, signal, sys, time
def interrupt(number=signal.SIGINT):
    os.kill(os.getpid(), number)
"""

WHILE_IMPORTING = """
class Finder:
    def find_spec(self, name, *others):
        if name == "imgconv.cli":
            interrupt(), interrupt()
sys.meta_path.insert(0, Finder())
from imgconv.__main__ import main
main()
"""

WHILE_RUNNING = """
import imgconv.cli
def run():
    try:
        interrupt(), interrupt()
        time.sleep(30)
    except KeyboardInterrupt:
        interrupt()
        raise
imgconv.cli.main = run
from imgconv.__main__ import main
main()
"""

WHILE_SAYING_SO = """
import imgconv.cli
class Stream:
    def write(self, text):
        interrupt()
        os.write(2, text.encode())
    def flush(self):
        interrupt()
sys.stderr = Stream()
imgconv.cli.main = lambda: (interrupt(), time.sleep(30))
from imgconv.__main__ import main
main()
"""

IN_A_DESTRUCTOR = """
import imgconv.cli
class Dropping:
    def __del__(self):
        interrupt()
        time.sleep(1)
def run():
    Dropping()
    time.sleep(30)
imgconv.cli.main = run
from imgconv.__main__ import main
main()
"""

AFTER_THE_END = """
import atexit, imgconv.cli
def run():
    atexit.register(interrupt)
    sys.exit(7)
imgconv.cli.main = run
from imgconv.__main__ import main
main()
"""

TERMINATED_TWICE = """
import imgconv.cli
def run():
    try:
        interrupt(signal.SIGTERM), interrupt(signal.SIGINT), interrupt(signal.SIGTERM)
        time.sleep(30)
    finally:
        interrupt(signal.SIGTERM)
        print("tidied up", flush=True)
imgconv.cli.main = run
from imgconv.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        (WHILE_IMPORTING, (130, "", "imgconv: interrupted\n")),
        (WHILE_RUNNING, (130, "", "imgconv: interrupted\n")),
        (WHILE_SAYING_SO, (130, "", "imgconv: interrupted\n")),
        (IN_A_DESTRUCTOR, (130, "", "imgconv: interrupted\n")),
        (AFTER_THE_END, (7, "", "")),
        (TERMINATED_TWICE, (143, "tidied up\n", "")),
    ],
)
def test_several_signals_end_with_one_sentence(script, ended):
    command = [sys.executable, "-X", "dev", "-c", PRELUDE + script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == ended


def test_what_is_ignored_stays_ignored():
    script = PRELUDE + (
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from imgconv import interruption\n"
        "interruption.end_at_once(), interruption.listen(), interrupt()\n"
        "print('still there')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "still there\n", "")
