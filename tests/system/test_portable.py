"""The module that holds what systems do differently, and runs on a system that lacks what POSIX alone has."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import elsewhere
import numpy as np
import pytest
from image.pictures import leftovers, noise

import imgconv
from imgconv.image import read_frames, write_frames
from imgconv.system.inbox import _Threaded

PACKAGE = Path(imgconv.__file__).parent
GONE = {f"{module}.{name}" for module, names in elsewhere.GONE.items() for name in names.split()}
USED = re.compile(rf"\b(?:{'|'.join(elsewhere.GONE)})\.\w+")
IMPORTED = re.compile(r"^ *(?:import|from) (\w+)", re.MULTILINE)


def test_one_module_names_what_posix_alone_has():
    for path in sorted(PACKAGE.rglob("*.py")):
        if path != PACKAGE / "system" / "portable.py":
            text = path.read_text()
            assert not GONE & set(USED.findall(text)), path
            assert not elsewhere.MISSING & set(IMPORTED.findall(text)), path


def test_messages_come_by_threads_where_no_selector_takes_pipes():
    """In order, with the end of each pipe, and with nothing of one that is forgotten."""
    inbox, pipes = _Threaded(), {}
    for key in "ab":
        ours, theirs = os.pipe()
        pipes[key] = os.fdopen(ours, "rb", buffering=0), os.fdopen(theirs, "wb", buffering=0)
        inbox.watch(key, pipes[key][0], lambda pipe=pipes[key][0]: pipe.read(1) or None)
    came = []
    for number in (b"1", b"2"):
        for key in "ab":
            pipes[key][1].write(number)
            came += inbox.messages()
    assert came == [("a", b"1"), ("b", b"1"), ("a", b"2"), ("b", b"2")]
    pipes["a"][1].close()
    inbox.forget("a", pipes["a"][0])
    pipes["b"][1].close()
    while came[-1:] != [("b", None)]:
        came += inbox.messages()
    assert ("a", None) not in came[4:] or came[4:] == [("a", None), ("b", None)]
    inbox.forget("b", pipes["b"][0])
    for key in "ab":
        pipes[key][0].close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="nobody tells which files are open")
def test_commands_run_where_that_is_missing(tmp_path):
    """Twice, and on several frames and rows at a time, with paths of Windows', onto files that are read as well."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    sources = {"in/a.png": noise(), "in/sub/b.tif": noise(1, "uint16"), "in/sub/c.jpg": noise()}
    for name, pixels in sources.items():
        imgconv.write(tmp_path / name, pixels)
        (tmp_path / name).with_suffix(".old").write_bytes((tmp_path / name).read_bytes())
    write_frames(tmp_path / "moving.png", [noise(seed=1), noise(seed=2)])
    write_frames(tmp_path / "pages.tif", [noise(1), noise(1, seed=1)])
    batch = ["batch", "in", "out", "-k", "sharpen", "--recursive", "--jobs", "1"]
    commands = [
        ["apply", "in\\a.png", "out.png", "-k", "sobel"],
        ["apply", "in\\a.png", "out.png", "-k", "sobel"],
        ["apply", "in\\a.png", "in/a.png", "-k", "sharpen", "--overwrite"],
        ["apply", "in\\sub\\b.tif", "in\\sub\\b.tif", "-k", "sharpen", "--overwrite"],
        ["apply", "moving.png", ".\\moving.png", "-k", "identity", "--overwrite"],
        ["apply", "pages.tif", "pages.tif", "-k", "box:size=1", "--volume", "--overwrite", "--alpha", "drop"],
        batch,
        batch,
        [*batch, "--resume"],
        [*batch, "--overwrite", "--exclude", "sub\\*.jpg"],
        ["batch", "in\\**\\*.tif", "named", "-k", "box", "--name", "x\\{stem}{suffix}", "--jobs", "1"],
        ["kernels", "export", "sobel-x", "--to", "csv", "-o", "x\\..\\taps.csv"],
        ["info"],
    ]  # fmt: skip
    (tmp_path / "commands.json").write_text(json.dumps(commands))
    script = [sys.executable, elsewhere.__file__, "commands.json"]
    ran = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    ended = json.loads(ran.stdout)
    assert [code for code, *_ in ended] == [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], ended
    assert "exists; --overwrite replaces it" in ended[1][2] and "--resume" in ended[7][2]
    assert "streamed" in ended[3][1]
    assert "Traceback" not in str(ended) + ran.stderr

    for name in ("in/a.png", "in/sub/b.tif"):
        before = imgconv.read((tmp_path / name).with_suffix(".old").read_bytes()).pixels
        expected = imgconv.convolve(before, "sharpen", padding="interpolation", map="clip")
        np.testing.assert_array_equal(imgconv.read(tmp_path / name).pixels, expected)
    frames = [frame.image.pixels for frame in read_frames(tmp_path / "moving.png")]
    np.testing.assert_array_equal(frames, [noise(seed=1), noise(seed=2)])
    results = [
        path.relative_to(tmp_path).as_posix()
        for folder in ("out", "named")
        for path in (tmp_path / folder).rglob("*.*")
    ]
    expected = ["named/sub/x/b.tif", "out/a.png", "out/sub/b.tif", "out/sub/c.jpg"]
    assert sorted(name for name in results if not name.endswith(".jsonl")) == expected
    assert not leftovers(tmp_path)
