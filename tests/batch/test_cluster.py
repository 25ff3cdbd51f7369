"""Batches sent to a Dask cluster: what it makes is what this machine makes, whatever becomes of its workers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest

from imgconv.batch.cluster import outcomes
from imgconv.errors import ClusterError
from imgconv.filtering.request import Request
from imgconv.image import write

VARYING = {"seconds", "finished", "mtime_ns"}
IMGCONV = [sys.executable, "-m", "imgconv"]


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(6)
    for number in range(4):
        write(folder / f"{number}.png", rng.integers(0, 256, (400, 500, 3), np.uint8))
    return folder


def batch(*arguments, cwd, **options):
    command = [*IMGCONV, "batch", *map(str, arguments), "-k", "sharpen", "-q"]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False, **options)


def contents(folder):
    """The results in a folder; a record of what they were made of lies beside them."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".png"}


@contextmanager
def begun(out, *arguments, count=5, **options):
    """Start a batch and yield its process when it has made some results."""
    command = [*IMGCONV, "batch", *map(str, arguments[:1]), str(out), *map(str, arguments[1:]), "-k", "sharpen", "-q"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options) as process:
        end = time.monotonic() + 60
        while process.poll() is None and not (out.is_dir() and len(contents(out)) >= count):
            assert time.monotonic() < end or process.kill()  # else its end would be waited for
            time.sleep(0.02)
        yield process


@contextmanager
def cluster(folder, workers, first=""):
    """Yield a scheduler file, the scheduler and its workers, all on loopback and in a folder of their own.

    Each begins by executing `first`.
    """
    folder.mkdir()
    file = folder / "scheduler.json"
    with ExitStack() as stack, open(folder / "log", "w") as log:

        def start(kind, *options):
            script = f"{first}\nfrom distributed.cli.dask_{kind} import main\nmain()"
            command = [sys.executable, "-c", script, "--no-dashboard", *options]
            process = stack.enter_context(subprocess.Popen(command, cwd=folder, stdout=log, stderr=log))
            stack.callback(process.kill)
            return process

        scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        end = time.monotonic() + 60
        while not (file.exists() and file.read_text().endswith("}")):
            assert time.monotonic() < end and scheduler.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
        options = ["--scheduler-file", str(file), "--no-nanny", "--nthreads", "1"]
        yield file, scheduler, [start("worker", *options) for _ in range(workers)]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nowhere", "neither an address such as tcp://host:8786, nor a scheduler file, nor 'local'"),
        (".", "this is no scheduler file"),
        ("0.png", "this is no scheduler file"),
    ],
)
def test_what_is_no_cluster_is_refused_in_a_sentence(pictures, monkeypatch, address, words):
    pytest.importorskip("distributed")
    monkeypatch.chdir(pictures)
    with pytest.raises(ClusterError) as caught:
        list(outcomes(Request(), [], address, 1))
    assert str(caught.value).startswith(f"--dask {address}: {words}")


def test_without_dask_a_sentence_names_the_extra(pictures):
    (pictures.parent / "distributed.py").write_text("raise ImportError")
    environment = {**os.environ, "PYTHONPATH": str(pictures.parent)}
    done = batch(pictures, "out", "--dask", "local", cwd=pictures.parent, env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "imgconv: --dask local: the package distributed is not installed; pip install 'imgconv[dask]' brings it\n"
    )


def test_nothing_of_dask_is_imported_without_the_option(pictures):
    script = (
        "import sys; from imgconv.__main__ import main; sys.argv[1:] = ['batch', 'pictures', 'out', '-k', 'box']\n"
        "import os; leave = os._exit\n"
        "os._exit = lambda code: leave(any(name.startswith(('dask', 'distributed')) for name in sys.modules) or code)\n"
        "main()"
    )
    subprocess.run([sys.executable, "-c", script], cwd=pictures.parent, check=True, timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize("silent", [False, True])
def test_no_scheduler_is_said_within_seconds(pictures, silent):
    pytest.importorskip("distributed")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        if silent:  # connections are made, but nobody answers
            held.listen()
        address = f"tcp://127.0.0.1:{held.getsockname()[1]}"
        start = time.monotonic()
        done = batch(pictures, "out", "--dask", address, cwd=pictures.parent)
    assert time.monotonic() - start < 15
    assert done.returncode == 1
    assert done.stderr.startswith(f"imgconv: --dask {address}: no scheduler answers there within 5 seconds")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_cluster_of_this_machine_makes_what_a_plain_run_makes(pictures):
    pytest.importorskip("distributed")
    (pictures / "broken.png").write_bytes((pictures / "0.png").read_bytes()[:2000])
    folder = pictures.parent
    plain = batch("pictures", "plain", "--report", "plain.jsonl", cwd=folder)
    done = batch("pictures", "out", "--report", "out.jsonl", "--dask", "local", cwd=folder)
    assert (done.returncode, done.stderr) == (1, plain.stderr)
    assert contents(folder / "out") == contents(folder / "plain")
    assert lines(folder / "out.jsonl") == [
        {**line, "output": {**line["output"], "name": line["output"]["name"].replace("plain", "out")}}
        for line in lines(folder / "plain.jsonl")
    ]
    again = batch("pictures", "out", "--resume", "--report", "again.jsonl", "--dask", "local", cwd=folder)
    assert (again.returncode, again.stderr) == (1, plain.stderr)
    assert [line["input"]["name"] for line in lines(folder / "again.jsonl")] == ["pictures/broken.png"]


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/net/tcp"), reason="looks into /proc")
def test_a_cluster_of_this_machine_is_not_to_be_reached_from_others(pictures):
    pytest.importorskip("distributed")
    for number in range(4, 200):
        os.link(pictures / f"{number % 4}.png", pictures / f"{number}.png")
    with begun(pictures.parent / "out", pictures, "--dask", "local") as process:
        found = list(listening(process.pid))
        pages = [page(port) for _, port in found]
    assert (process.returncode, process.stderr.read() if not process.stderr.closed else "") == (0, "")
    assert {address for address, _ in found} == {"127.0.0.1"}
    assert all(".png" not in text and "404" in text for text in pages)


def listening(pid):
    """Yield the addresses and ports that a process listens on."""
    descriptors = [f"/proc/{pid}/fd/{name}" for name in os.listdir(f"/proc/{pid}/fd")]
    sockets = {os.readlink(path) for path in descriptors if os.path.lexists(path)}
    for kind, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        with open(f"/proc/{pid}/net/{kind}") as file:
            lines = [line.split() for line in file.readlines()[1:]]
        for local, state, inode in [(line[1], line[3], line[9]) for line in lines]:
            if state == "0A" and f"socket:[{inode}]" in sockets:
                address, port = local.split(":")
                words = [int(address[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(address), 8)]
                yield socket.inet_ntop(family, b"".join(words)), int(port, 16)


def page(port):
    """What a port answers to somebody who asks for its pages by HTTP."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /info/main/workers.html HTTP/1.0\r\n\r\n")
        return b"".join(iter(lambda: connection.recv(4096), b"")).decode(errors="replace")


def lines(report):
    """A report's lines, without what differs from run to run."""
    found = [json.loads(line) for line in report.read_text().splitlines()]
    return sorted(map(steady, found), key=lambda line: line["input"]["name"])


def steady(values):
    """An object without what differs from run to run."""
    kept = {key: value for key, value in values.items() if key not in VARYING}
    return {key: steady(value) if isinstance(value, dict) else value for key, value in kept.items()}


def test_a_worker_that_is_killed_costs_no_file(pictures):
    pytest.importorskip("distributed")
    for number in range(4, 80):
        shutil.copy(pictures / f"{number % 4}.png", pictures / f"{number}.png")
    assert batch(pictures, "plain", cwd=pictures.parent).returncode == 0
    out = pictures.parent / "out"
    with cluster(pictures.parent / "cluster", 2) as (file, _, workers), begun(out, pictures, "--dask", file) as process:
        workers[0].kill()
        before = len(contents(out))
        faults = process.communicate(timeout=120)[1]
    assert before < 70
    assert (process.returncode, faults) == (0, "")
    assert contents(out) == contents(pictures.parent / "plain")


@pytest.mark.slow
def test_a_file_that_its_worker_does_not_see_is_said_to_be_so(pictures):
    pytest.importorskip("distributed")
    with cluster(pictures.parent / "cluster", 1) as (file, *_):
        # every process has a folder of its own there
        done = batch("/proc/self/cwd/0.png", "1.png", pictures.parent / "out", "--dask", file, cwd=pictures)
    assert done.returncode == 1
    assert "/proc/self/cwd/0.png: worker tcp://127.0.0.1" in done.stderr
    assert "does not see this file; --dask needs folders that all machines share" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(contents(pictures.parent / "out")) == ["1.png"]


@pytest.mark.slow
def test_a_scheduler_that_goes_away_ends_the_run_in_a_sentence(pictures):
    pytest.importorskip("distributed")
    for number in range(4, 400):
        os.link(pictures / f"{number % 4}.png", pictures / f"{number}.png")
    out = pictures.parent / "out"
    with (
        cluster(pictures.parent / "cluster", 1) as (file, scheduler, _),
        begun(out, pictures, "--dask", file) as process,
    ):
        scheduler.kill()
        _, faults = process.communicate(timeout=60)
    assert process.returncode == 1
    assert faults == f"imgconv: --dask {file}: the scheduler is gone; --resume goes on where this run ends\n"


@pytest.mark.slow
@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="the tests run with Ctrl-C ignored")
def test_ctrl_c_ends_a_local_cluster_quietly_and_soon(pictures):
    pytest.importorskip("distributed")
    for number in range(4, 1000):
        os.link(pictures / f"{number % 4}.png", pictures / f"{number}.png")
    out = pictures.parent / "out"
    with begun(out, pictures, "--dask", "local", start_new_session=True) as process:
        start = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        faults = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert time.monotonic() - start < 2
    assert faults.startswith("imgconv: ")
    assert "Traceback" not in faults


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("import imgconv; imgconv.__version__ = '0.0.0'", " has imgconv 0.0.0, and this is "),
        ("import sys; sys.modules['imgconv'] = None", "its workers have no imgconv "),
    ],
)
def test_workers_without_this_imgconv_end_the_run_in_a_sentence_and_live(pictures, first, words):
    pytest.importorskip("distributed")
    with cluster(pictures.parent / "cluster", 1, first) as (file, _, workers):
        done = batch(pictures, pictures.parent / "out", "--dask", file, cwd=pictures)
        assert workers[0].poll() is None
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert words in done.stderr
