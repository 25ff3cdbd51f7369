"""``imgconv batch`` among killed processes, full disks, and other runs: every result is whole or not there."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cli.running import run
from PIL import Image

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks into /proc")  # noqa: PTH110

IMGCONV = [sys.executable, "-m", "imgconv", "batch"]
COUNT = 24


@pytest.fixture(scope="session")
def quiet(tmp_path_factory, photo):
    """A folder of pictures ``in``, some of whose names are odd, and what a run that nobody disturbs makes of them."""
    folder = tmp_path_factory.mktemp("quiet")
    (folder / "in" / "sub").mkdir(parents=True)
    names = ["two words.png", "line\nbreak.jpg", "naïve é.tif", "sub/\udcff\udcfe.png", "sub/a[1].webp"]
    names += [f"{'sub/' * (number % 2)}{number}.png" for number in range(COUNT - len(names))]
    for number, name in enumerate(names):
        Image.fromarray(np.roll(photo, number, 1)).save(folder / "in" / name)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert run("batch", "in", "out", "-k", "gaussian:sigma=3", "-r", "-q").code == 0
    finally:
        os.chdir(before)
    assert len(results(folder / "out")) == COUNT
    return folder


@pytest.fixture
def folder(quiet, tmp_path, monkeypatch):
    """A copy of those pictures in the current folder, and the arguments for the same results."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(quiet / "in", "in")
    return tmp_path


FILTER = ["in", "out", "-k", "gaussian:sigma=3", "-r"]


def results(folder):
    """The results in a folder, by their names; temporary files and the record left out."""
    paths = (path for path in Path(folder).rglob("*") if path.is_file() and not path.name.startswith(".imgconv"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def temporaries(folder):
    return [path.name for path in Path(folder).rglob(".imgconv-*.tmp")]


def begun(*arguments, **options):
    return subprocess.Popen([*IMGCONV, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def finished(*arguments):
    """Run a batch to its end; return its exit code, its last summary and its errors."""
    ran = subprocess.run([*IMGCONV, *arguments, "--json"], capture_output=True, timeout=120, check=False)
    return ran.returncode, json.loads(ran.stdout.splitlines()[-1])["summary"], ran.stderr.decode()


def workers(child):
    path = Path(f"/proc/{child.pid}/task/{child.pid}/children")
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


def gone(pids):
    """Wait until processes have ended."""
    end = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.01)


def until(condition, child):
    """Wait for a condition while a child runs."""
    end = time.monotonic() + 30
    while not condition():
        assert child.poll() is None and time.monotonic() < end, child.communicate()
        time.sleep(0.001)


def check_killed(quiet, moment):
    """Kill everything at a moment, see that nothing is half, and go on."""
    wanted = results(quiet / "out")
    shutil.rmtree("out", ignore_errors=True)
    child = begun(*FILTER, "-j", "2", "--report", "r.jsonl")
    time.sleep(moment)
    hit = [child.pid, *workers(child)]
    for pid in random.sample(hit, len(hit)):
        os.kill(pid, signal.SIGKILL)
    child.communicate()
    gone(hit[1:])
    left = results("out")
    assert all(wanted[name] == data for name, data in left.items())
    code, summary, err = finished(*FILTER, "--resume", "--report", "r.jsonl")
    # What was renamed but not yet on record when the end came, two files a worker at most, is made again.
    assert (code, err, summary["done"] + summary["up_to_date"]) == (0, "", COUNT)
    assert len(left) - 4 <= summary["up_to_date"] <= len(left)
    assert (results("out"), temporaries("out")) == (wanted, [])
    for line in Path("r.jsonl").read_text().splitlines():
        assert json.loads(line)["status"] == "done"
    return len(left)


def test_killed(folder, quiet):
    check_killed(quiet, 0.4)


@pytest.mark.slow
def test_killed_at_random_moments(folder, quiet):
    moments = [random.uniform(0.1, 1) for _ in range(40)]
    left = [check_killed(quiet, moment) for moment in moments]
    assert any(0 < count < COUNT for count in left)


def noise(path, side=1200):
    """Save a picture that takes WebP seconds to compress."""
    np.save(path, np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8))


SLOW = ["-k", "identity", "--format", "webp"]


def test_dead_worker_costs_one_file(folder, quiet):
    noise("in/00.npy")
    child = begun(*FILTER, "-j", "2", "--format", "webp", "--include", "*.npy", "--include", "*.png")
    until(lambda: temporaries("out") and len(results("out")) > 3, child)
    (name,) = temporaries("out")[:1]
    os.kill(int(name.split("-")[1]), signal.SIGKILL)
    out, err = child.communicate(timeout=60)
    summary = out.decode().splitlines()[0]
    errors = [line for line in err.decode(errors="surrogateescape").splitlines() if line.startswith("imgconv: ")]
    assert child.returncode == 1 and " 1 failed; " in summary
    assert len(errors) == 1 and "the process that filtered it was ended by SIGKILL; the system does that" in errors[0]
    assert temporaries("out") == []
    pictures = len([name for name in results("in") if name.endswith((".png", ".npy"))])
    assert len(results("out")) == pictures - 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals(folder, number, code):
    """The workers are compressing, which takes seconds; the end comes at once, and a second signal changes nothing."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever started the tests has this signal ignored")
    Path("noise").mkdir()
    for name in "abc":
        noise(f"noise/{name}.npy")
    Path("out").mkdir()
    Path("out/a.webp").write_bytes(b"the old file")
    child = begun("noise", "out", *SLOW, "--overwrite", "-j", "2", start_new_session=True)
    until(lambda: len(temporaries("out")) == 2, child)
    pids = workers(child)
    sent = time.monotonic()
    os.killpg(child.pid, number) if number == signal.SIGINT else child.send_signal(number)
    child.send_signal(number)
    _, err = child.communicate(timeout=30)
    assert time.monotonic() - sent < 2
    assert child.returncode == code
    assert err.decode() == (
        "imgconv: interrupted when 0 of 3 files were through; no result is incomplete, and the same command with "
        "--resume goes on from here\n"
    )
    gone(pids)
    assert (temporaries("out"), results("out")) == ([], {"a.webp": b"the old file"})


@pytest.mark.parametrize("how", ["--resume", "--skip-existing", "--overwrite"])
def test_two_runs_at_once(folder, quiet, how):
    both = [begun(*FILTER, "-j", "1", "-q", how, "--report", "r.jsonl") for _ in range(2)]
    ended = [(*child.communicate(timeout=60), child.returncode) for child in both]
    assert [(out, code) for out, _, code in ended] == [(b"", 0)] * 2, ended
    assert (results("out"), temporaries("out")) == (results(quiet / "out"), [])
    lines = [json.loads(line) for line in Path("r.jsonl").read_text().splitlines()]
    assert {line["input"]["name"] for line in lines if line["status"] == "done"} == {
        f"in/{name}" for name in results("in")
    }


def test_run_leaves_the_files_of_another_alone(folder, quiet):
    """A temporary file that is being written is not swept; one that is left over is."""
    noise("noise.npy")
    Path("out").mkdir()
    Path("out/.imgconv-1-0123456789abcdef.tmp").write_bytes(b"left over")
    Path("out/.imgconv-notes.tmp").write_bytes(b"somebody's own")
    child = subprocess.Popen([*IMGCONV[:-1], "apply", "noise.npy", "out/noise.webp", "-k", "identity", "-q"])
    until(lambda: len(temporaries("out")) == 3, child)
    assert finished(*FILTER)[0] == 0
    assert (child.wait(60), temporaries("out")) == (0, [".imgconv-notes.tmp"])
    assert len(results("out")) == COUNT + 1


def test_full_disk(folder, quiet):
    wanted = results(quiet / "out")
    size = sum(map(len, wanted.values())) // 2
    Path("out").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", "out"]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        code, summary, err = finished(*FILTER)
        assert code == 1 and "no space is left on the disk" in err and 0 < summary["done"] < COUNT
        left = results("out")
        assert len(left) == summary["done"] and temporaries("out") == []
        assert all(wanted[name] == data for name, data in left.items())
        subprocess.run(["mount", "-o", f"remount,size={10 * size}", "out"], check=True)
        code, summary, err = finished(*FILTER, "--resume")
        assert (code, err, summary["up_to_date"]) == (0, "", len(left))
        assert (results("out"), temporaries("out")) == (wanted, [])
    finally:
        subprocess.run(["umount", "-l", "out"], check=True)


def test_files_that_vanish_or_cannot_be_read(folder, quiet):
    Path("in/0-memory.png").symlink_to("/proc/self/mem")
    Path("in/0-device.png").symlink_to("/dev/null")
    child = begun(*FILTER, "-j", "1")
    until(lambda: len(results("out")) > 2, child)
    for name in set(results(quiet / "in")) - set(results("out")):
        Path("in", name).unlink()
    _, err = child.communicate(timeout=60)
    wanted = results(quiet / "out")
    assert child.returncode == 1 and "in/0-memory.png: " in err.decode(errors="replace")
    assert "Traceback" not in err.decode(errors="replace")
    assert all(wanted[name] == data for name, data in results("out").items()) and temporaries("out") == []


def test_reader_that_goes_away(folder):
    """The exit code tells, a traceback does not, and nothing is half."""
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run([*IMGCONV, *FILTER, "--json"], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (ran.returncode, ran.stderr, temporaries("out")) == (1, b"", [])
