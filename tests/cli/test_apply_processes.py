"""``imgconv apply`` as a process: pipes, terminals, signals, closed streams, full disks, and limits of memory."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from cli.photograph import BOX, convolved, pixels, rounded
from PIL import Image

SMALL = "-t 3,-v 600000"
"""3 seconds of computing, and 600 MB of address space, most of which Python and NumPy take."""

IMGCONV = [sys.executable, "-m", "imgconv", "apply"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, terminals and limits are POSIX's")


@pytest.fixture
def folder(folder, monkeypatch):
    """A folder with the photograph, which is the current one."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # its threads reserve address space
    return folder


def process(*arguments, limits="", **options):
    """Run ``imgconv apply``; return its exit code, standard output and standard error.

    `limits` are options of the shell's ulimit: -v kilobytes of memory, -t seconds, -f blocks of a file.
    """
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    shell = ["/bin/sh", "-c", "".join(f"ulimit {limit}; " for limit in limits.split(",")) + 'exec "$@"', "sh"]
    command = [*(shell if limits else []), *IMGCONV, *arguments]
    ran = subprocess.run(command, timeout=60, check=False, **options)
    return ran.returncode, ran.stdout, (ran.stderr or b"").decode()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_pipe_of_two(folder, photo):
    first = subprocess.Popen([*IMGCONV, "photo.png", "-", "-k", "box", "--format", "png", "-q"], stdout=subprocess.PIPE)
    code, out, err = process("-", "o.png", "-k", "box", "--map", "clip", stdin=first.stdout)
    first.stdout.close()
    assert (first.wait(), code, err) == (0, 0, "")
    assert out.startswith(b"input    standard input: 300x200 RGB, 8 bit\n")
    once = rounded(convolved(photo, BOX, mode="nearest"))
    np.testing.assert_array_equal(pixels("o.png"), rounded(convolved(once, BOX, mode="nearest")))


def test_named_pipe_is_read_once(folder, photo):
    os.mkfifo("pipe.png")
    writer = subprocess.Popen(["/bin/sh", "-c", "cat photo.png > pipe.png"])
    assert process("pipe.png", "o.png", "-k", "box", "-q") == (0, b"", "")
    assert writer.wait() == 0
    np.testing.assert_array_equal(pixels("o.png"), rounded(convolved(photo, BOX, mode="nearest")))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("- o.png -k box", "INPUT: standard input is a terminal; pipe an image into it or name a file"),
        ("photo.png o.png -k -", "kernel '-': reads YAML from stdin, which is a terminal; pipe a kernel in or name"),
        ("photo.png - -k box --format png", "OUTPUT: standard output is a terminal; pipe it into a program or name"),
    ],
)
def test_terminal(folder, arguments, sentence):
    ours, theirs = os.openpty()
    try:
        code, _, err = process(*arguments.split(), stdin=theirs, stdout=theirs)
    finally:
        os.close(theirs)
        os.close(ours)
    assert code == 2
    assert err.startswith(f"imgconv: {sentence}") and err.count("\n") == 1
    assert names(folder) == ["photo.png"]


@pytest.mark.parametrize("arguments", ["photo.png o.png -k box --json", "photo.png - -k box --format tif"])
def test_reader_that_goes_away(folder, arguments):
    """The exit code tells, a traceback does not."""
    reading, writing = os.pipe()
    os.close(reading)
    code, _, err = process(*arguments.split(), stdout=writing)
    os.close(writing)
    assert code == 1
    assert "Traceback" not in err and "Exception" not in err and err.count("\n") <= ("-" in arguments.split())


@pytest.mark.parametrize(("closed", "code"), [((0,), 0), ((1,), 0), ((2,), 0), ((0, 1, 2), 0)])
def test_closed_streams(folder, photo, closed, code):
    """A file that is opened gets the lowest number, and nobody may then print into it."""
    Image.fromarray(photo).save("photo.tif", compression="tiff_lzw")
    shut = " ".join({0: "<&-", 1: ">&-", 2: "2>&-"}[number] for number in closed)
    command = f'"{sys.executable}" -m imgconv apply photo.tif o.png -k box {shut}'
    ran = subprocess.run(["/bin/sh", "-c", command], capture_output=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (code, b"")
    np.testing.assert_array_equal(pixels("o.png"), rounded(convolved(photo, BOX, mode="nearest")))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("- o.png -k box <&-", "INPUT: standard input is closed; pipe an image into it or name a file"),
        ("photo.png - -k box --format png >&-", "OUTPUT: standard output is closed; pipe it into a program or name a"),
    ],
)
def test_closed_streams_that_are_needed(folder, arguments, sentence):
    command = f'"{sys.executable}" -m imgconv apply {arguments}'
    ran = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2 and ran.stderr.startswith(f"imgconv: {sentence}") and ran.stderr.count("\n") == 1
    assert names(folder) == ["photo.png"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("arguments", ["photo.png o.png -k box", "photo.png - -k box --format pgm --gray -q"])
def test_full_standard_output(folder, arguments):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        code, _, err = process(*arguments.split(), stdout=full)
    assert code == 1
    assert err.startswith("imgconv: standard output: no space") and err.count("\n") == 1


@contextmanager
def waiting(child, folder):
    """Wait until a child writes its temporary file; go on while it does."""
    end = time.monotonic() + 30
    while not any(name.startswith(".imgconv-") for name in os.listdir(folder)):  # noqa: PTH208
        assert child.poll() is None and time.monotonic() < end
        time.sleep(0.002)
    yield
    child.wait(30)


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGINT, 130, "imgconv: interrupted\n"), (signal.SIGTERM, 143, ""), (signal.SIGHUP, 129, "")],
)
def test_signals_leave_no_file(folder, photo, number, code, said):
    """The signal comes while the output is being written."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever started the tests has this signal ignored")
    (folder / "o.webp").write_bytes(b"the old file")
    # Noise takes WebP long to compress.
    noise = np.random.default_rng(1).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)
    np.save("noise.npy", noise)
    arguments = [*IMGCONV, "noise.npy", "o.webp", "-k", "identity", "--overwrite"]
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with waiting(child, folder):
        child.send_signal(number)
    out, err = child.communicate()
    assert (child.returncode, out, err.decode()) == (code, b"", said)
    assert names(folder) == ["noise.npy", "o.webp", "photo.png"]
    assert (folder / "o.webp").read_bytes() == b"the old file"


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="the tests run with Ctrl-C ignored")
def test_interrupted_while_reading(folder):
    child = subprocess.Popen([*IMGCONV, "-", "o.png", "-k", "box"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    # more than a pipe holds: when it is gone, the child is reading
    child.stdin.write(b"\x89PNG\r\n\x1a\n" + bytes(400_000))
    child.stdin.flush()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (130, b"imgconv: interrupted\n")
    assert names(folder) == ["photo.png"]


def busy_seconds(child):
    """The processor time of a child so far, by Linux's list of processes."""
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="the tests run with Ctrl-C ignored")
@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="there is no /proc")  # noqa: PTH110
def test_interrupted_while_computing(folder, monkeypatch):
    """Holes everywhere keep this from being transformed, and the slowest level needs a quarter of a minute for it."""
    monkeypatch.setenv("IMGCONV_SIMD", "baseline")
    image = np.random.default_rng(0).random((3000, 1500))
    image[::100, ::100] = np.nan
    np.save("holes.npy", image)
    np.save("taps.npy", np.random.default_rng(1).random((127, 127)))
    arguments = [*IMGCONV, "holes.npy", "o.npy", "-k", "taps.npy"]
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while busy_seconds(child) < 1:
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)  # not when all is computed
    assert (child.returncode, out, err) == (130, b"", b"imgconv: interrupted\n")
    assert names(folder) == ["holes.npy", "photo.png", "taps.npy"]


def test_a_file_may_not_grow_so_far(folder, photo):
    """As on a full disk: the old file stays, and no part of the new one."""
    (folder / "o.tif").write_bytes(b"the old file")
    code, out, err = process("photo.png", "o.tif", "-k", "box", "--overwrite", limits="-f 100")
    assert (code, out) == (1, b"")
    assert err.startswith("imgconv: o.tif: file too large") and err.count("\n") == 1
    assert names(folder) == ["o.tif", "photo.png"]
    assert (folder / "o.tif").read_bytes() == b"the old file"


@contextmanager
def mounted(folder, options):
    """A small file system in memory, mounted on a new folder; skips where that is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        done = False
    if not done:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_full_disk(folder, photo):
    with mounted(folder / "small", "size=64k"):
        (folder / "small/o.tif").write_bytes(b"the old file")
        code, _, err = process("photo.png", "small/o.tif", "-k", "box", "--overwrite")
        assert (code, err) == (1, "imgconv: small/o.tif: no space is left on the disk\n")
        assert names(folder / "small") == ["o.tif"]
        assert (folder / "small/o.tif").read_bytes() == b"the old file"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_read_only_file_system(folder):
    with mounted(folder / "fixed", "ro"):
        code, _, err = process("photo.png", "fixed/o.png", "-k", "box")
    assert (code, err) == (1, "imgconv: fixed/o.png: this is a read-only file system\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_folder_without_permission(folder):
    (folder / "locked").mkdir(mode=0o555)
    code, _, err = process("photo.png", "locked/o.png", "-k", "box")
    assert code == 1 and err.startswith("imgconv: locked/o.png: ") and err.count("\n") == 1


def bomb(depth):
    """Nine aliases a level: 9**depth taps when written out."""
    levels = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, depth)]
    return "\n".join([*levels, f"weights: *a{depth - 1}"]) + "\n"


HOSTILE = {
    "bomb.yaml": (bomb(12), "anchors and aliases (& and *) are not read"),
    "nested.yaml": ("weights: " + "[" * 100_000, "nests deeper than 24 levels"),
    "large.yaml": ("weights: [[" + "1, " * 400_000 + "1]]\n", "is larger than 1024 kB"),
    "wide.yaml": ("weights: [[" + "1, " * 100_000 + "1]]\n", "more than 1001 on a side"),
    "digits.yaml": ("weights: [[" + "9" * 900_000 + "]]\n", "a number of 900000 characters"),
    "keys.yaml": ("".join(f"k{i}: 1\n" for i in range(50_000)), "unknown key; the keys are"),
}


def test_hostile_kernels_cost_little(folder):
    for name, (text, fragment) in HOSTILE.items():
        (folder / name).write_text(text)
        code, out, err = process("photo.png", "o.png", "-k", name, limits=SMALL)
        assert (code, out) == (1, b""), err
        assert fragment in err and err.startswith(f"imgconv: {name}") and err.count("\n") == 1
        assert len(err) < 400
        (folder / name).unlink()
        assert names(folder) == ["photo.png"]


@pytest.mark.parametrize(
    "arguments",
    [
        "--padding 1000000000",
        "--dilation 1000000000",
        "--dilation 16000000x1 --padding 16777216x1 --stride 16777216",
        "--dilation 1000000000 --padding valid",
        "--padding 2147483647 --dilation 2147483647",
    ],
)
def test_absurd_sizes_cost_nothing(folder, arguments):
    code, out, err = process("photo.png", "o.png", "-k", "box", *arguments.split(), limits=SMALL)
    assert (code, out) == (1, b"")
    assert err.startswith(("imgconv: width floor((", "imgconv: height floor((")) and err.count("\n") == 1
    assert names(folder) == ["photo.png"]


def test_too_little_memory_is_a_sentence(folder):
    arguments = ("photo.png", "o.png", "-k", "box", "--padding", "9000", "--threads", "1")
    code, out, err = process(*arguments, limits="-v 500000")
    assert (code, out) == (1, b"")
    assert err == "imgconv: there is not enough memory for this image and kernel; --threads 1 needs less\n"
    assert names(folder) == ["photo.png"]


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_names_in_a_plain_locale(folder, locale):
    name = os.fsencode("entenbürzel.png")
    os.rename(b"photo.png", name)  # noqa: PTH104
    code, out, err = process(name, b"\xfcmlaut.png", "-k", "box", env=os.environ | locale)
    assert (code, err) == (0, "")
    assert b"output   " in out and b"\xfcmlaut.png" in os.listdir(b".")  # noqa: PTH208
    code, out, err = process(name, b"\xfcmlaut.png", "-k", "box", env=os.environ | locale)
    assert code == 1 and err.endswith("mlaut.png: the file exists; --overwrite replaces it\n")


def test_output_that_cannot_be_encoded(folder):
    (folder / "photo.png").rename(folder / "\N{DUCK}.png")
    code, out, err = process("\N{DUCK}.png", "o.png", "-k", "box", env=os.environ | {"PYTHONIOENCODING": "latin-1"})
    assert (code, err) == (0, "")
    assert out.startswith(b"input    \\U0001f986.png: ")


@pytest.mark.parametrize("steps", [["--stride", "8000"], ["--dilation", "20x9", "--stride", "300"]], ids=str)
def test_wide_steps_hold_no_more_than_their_windows_see(folder, steps):
    code, _, err = process("photo.png", "o.png", "-k", "gaussian:sigma=2", *steps, limits=SMALL)
    assert (code, err) == (0, "")
    assert pixels("o.png").shape == (1, 1, 3)
