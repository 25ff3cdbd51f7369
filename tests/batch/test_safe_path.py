"""No module that lies among the pictures is ever executed, whatever its name."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from functools import cache

import numpy as np
import pytest

from imgconv.image import write

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers talk through pipes that are waited for together")

OPTIONAL = {"OpenEXR", "imagecodecs", "safetensors", "sitecustomize", "usercustomize", "bokeh", "_scproxy", "imgconv"}
"""What is asked for and may not be there, so that no list of what was imported names it."""

SEEN = """
import atexit, json, os, sys
def tell():
    with open(os.environ["SEEN"], "a") as file:
        file.write(json.dumps(sorted({name.split(".")[0] for name in sys.modules})) + "\\n")
atexit.register(tell)
"""

MAIN = "import sys; sys.argv[0] = 'imgconv'\nfrom imgconv.__main__ import main\nmain()"

THREADED = f"import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n{MAIN}"
"""With a thread beside it, the process is not copied: workers are fresh interpreters."""


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(2):
        write(folder / f"{number}.png", np.full((9, 9), number, np.uint8))
    return folder


def plant(pictures, names):
    """Put modules of these names beside the pictures; return a function that tells which of them have run."""
    ran = pictures.parent / "ran"
    ran.mkdir()
    for name in names:
        code = f"with open({str(ran)!r} + '/{name}', 'w'): pass\nraise SystemError('planted')\n"
        (pictures / f"{name}.py").write_text(code)
    return lambda: sorted(path.name for path in ran.iterdir())


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Return a function that says what a real run of arguments imports, and what else might be asked for."""

    @cache
    def names(*arguments):
        folder = tmp_path_factory.mktemp("seen")
        for number in range(2):
            write(folder / f"{number}.png", np.full((9, 9), number, np.uint8))
        command = [sys.executable, "-P", "-c", SEEN + MAIN, *arguments]
        subprocess.run(command, cwd=folder, env={**os.environ, "SEEN": str(folder / "seen")}, check=True, timeout=60)
        found = {name for line in (folder / "seen").read_text().splitlines() for name in json.loads(line)}
        return {name for name in found | OPTIONAL | sys.stdlib_module_names if name.isidentifier()}

    return names


def imgconv(*arguments, cwd, script=MAIN, options=("-P",)):
    command = [sys.executable, *options, "-c", script, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


APPLY = ("apply", "0.png", "applied.png", "-k", "box", "-q")
BATCH = ("batch", "0.png", "1.png", "out", "-k", "box", "-q", "-j", "2", "--overwrite")


def test_modules_beside_the_pictures_do_not_run(pictures, seen):
    ran = plant(pictures, seen(*BATCH))
    for script, arguments in ((MAIN, APPLY), (MAIN, BATCH), (THREADED, BATCH)):
        done = imgconv(*arguments, script=script, cwd=pictures)
        assert (done.returncode, done.stdout, done.stderr, ran()) == (0, "", "", [])
    assert {path.name for path in (pictures / "out").iterdir()} == {"0.png", "1.png", ".imgconv-batch.jsonl"}


def test_run_as_a_module_takes_none_from_there_once_it_has_begun(pictures, seen):
    """What Python itself imports to find a module is taken from the current folder before anything of ours runs."""
    (pictures / "bare.py").write_text("import sys; print(*{name.split('.')[0] for name in sys.modules})")
    bare = subprocess.run([sys.executable, "-m", "bare"], cwd=pictures, capture_output=True, text=True, check=True)
    ran = plant(pictures, seen(*BATCH) - set(bare.stdout.split()) - {"imgconv"})
    command = [sys.executable, "-m", "imgconv", *BATCH]
    done = subprocess.run(command, cwd=pictures, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr, ran()) == (0, "", "", [])


@pytest.mark.slow
@pytest.mark.parametrize("remote", [False, True])
def test_nor_do_they_with_a_cluster(pictures, seen, remote):
    pytest.importorskip("distributed")
    from batch.test_cluster import cluster  # which starts the processes in a folder of their own

    ran = plant(pictures, seen(*BATCH, "--dask", "local"))
    with ExitStack() as stack:
        address = "local"
        if remote:
            address = str(stack.enter_context(cluster(pictures.parent / "cluster", 1))[0])
        done = imgconv(*BATCH, "--dask", address, cwd=pictures)
        assert (done.returncode, done.stdout, done.stderr, ran()) == (0, "", "", [])
        assert len(list((pictures / "out").iterdir())) == 3


def test_a_module_there_would_run_without_all_that(pictures):
    """The plants work: a plain ``python -c`` runs them."""
    ran = plant(pictures, ["numpy"])
    assert imgconv(script="import numpy", cwd=pictures, options=()).returncode == 1
    assert ran() == ["numpy"]


def test_a_current_folder_that_has_gone_is_said(pictures):
    script = f"import os\nos.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n{MAIN}"
    done = imgconv(*BATCH, script=script, cwd=pictures)
    assert (done.returncode, done.stderr) == (1, "imgconv: the current folder has been deleted; go to another one\n")
