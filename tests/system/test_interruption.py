"""Ctrl-C, wherever it comes and however often, ends with 130 and one sentence."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import imgconv

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
        "from imgconv.system import interruption\n"
        "interruption.end_at_once(), interruption.listen(), interrupt()\n"
        "print('still there')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "still there\n", "")


FORKING = """
from imgconv.system import portable
class Fork(portable.Fork):
    def __init__(self):
        super().__init__()
        if self.pid:
            interrupt()
portable.Fork = Fork
"""

SPAWNING = """
import subprocess, threading
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
class Popen(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        interrupt()
subprocess.Popen = Popen
"""


@pytest.mark.parametrize("script", [FORKING, SPAWNING])
def test_a_batch_that_is_interrupted_while_a_worker_begins(script, tmp_path):
    for name in "ab":
        imgconv.write(tmp_path / f"{name}.png", np.zeros((9, 9), np.uint8))
    run = "sys.argv[1:] = ['batch', 'a.png', 'b.png', 'out', '-k', 'box']\nfrom imgconv.__main__ import main\nmain()"
    command = [sys.executable, "-X", "dev", "-P", "-c", PRELUDE + script + run]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == (
        "imgconv: interrupted when 0 of 2 files were through; no result is incomplete, and the same command with "
        "--resume goes on from here\n"
    )
