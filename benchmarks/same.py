"""Compare what two checkouts of imgconv make, bit for bit, over options taken in pairs.

    python benchmarks/same.py OLD NEW [--seed N] [--limit N] [--only apply,pool,...]

OLD and NEW are checkouts with an environment in ``.venv``, or Python programs that have imgconv installed. Every two
values of different options come together in at least one command that is accepted, as far as there is one: a command is
made of a pair that was not seen yet and random values of other options, and where that is refused of the defaults. Both
checkouts run it in the same folder, one after the other. Compared are the exit code and the bytes of all files written;
and, apart from these, what was printed, with times taken out.

For each group of commands it prints how many were run and refused, how many pairs were covered and how many never were
accepted, and every command whose results differ. The exit code is 1 if any file or exit code differs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile
from PIL import Image

SAMPLES = Path(__file__).parents[1] / "samples"

# Runs in either checkout. It uses nothing but the program's entry and public functions, which every version has.
SERVER = r"""
import contextlib, hashlib, io, json, os, re, sys
import numpy as np
import imgconv
from imgconv.cli import main

def filtered(arguments):
    for name in os.listdir("."):
        if name.startswith("out"):
            os.remove(name)
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    sys.argv = ["imgconv", *arguments]
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main()
        except SystemExit as end:
            code = end.code
        out.flush(), err.flush()
    files = {name: digest(open(name, "rb").read()) for name in sorted(os.listdir(".")) if name.startswith("out")}
    words = (out.buffer.getvalue() + err.buffer.getvalue()).decode("utf-8", "replace")
    return {"code": code or 0, "files": files, "words": re.sub(r"[0-9.e+-]+ m?s\b", "TIME", words)}

def computed(name, arguments):
    arrays = [np.load(one) for one in arguments.pop("arrays")]
    try:
        result = getattr(imgconv, name)(*arrays, **arguments)
    except (imgconv.ImgconvError, ValueError, TypeError) as fault:
        return {"code": 1, "files": {}, "words": str(fault)}
    shape = f"{result.dtype} {result.shape}"
    return {"code": 0, "files": {"result": digest(np.ascontiguousarray(result).tobytes())}, "words": shape}

def digest(data):
    return hashlib.sha256(data).hexdigest()

answers = os.fdopen(os.dup(1), "w")
for line in os.fdopen(os.dup(0)):
    kind, first, rest = json.loads(line)
    print(json.dumps(filtered(rest) if kind == "command" else computed(first, rest)), file=answers, flush=True)
"""

WINDOWS = {
    "padding": [None, "valid", "same", "full", "2", "1,2,3,0", "same-torch"],
    "border": [None, "zero", "edge", "symmetric", "reflect", "wrap", "constant:40"],
    "stride": [None, "2", "3x1"],
    "dilation": [None, "2", "2x3"],
}
PLACES = {
    "gray": [None, "601", "709", "average"],
    "channel": [None, "r,b", "luma", "a"],
    "alpha": [None, "premultiply", "keep", "filter", "drop"],
    "linear": [None, True],
    "region": [None, "3,5,31x22"],
    "mask": [None, "mask.png"],
    "threads": [None, "1"],
}
SOURCES = ["rgb.png", "grey.png", "rgba.png", "deep.png", "deep.tif", "float.tif", "photo.jpg", "pages.tif"]
SOURCES += ["moving.gif"]
TARGETS = ["out.png", "out.tif", "out.npy", "out.jpg", "out.webp", "out.gif", "out.ppm"]

GROUPS = {
    "apply": {
        "source": SOURCES,
        "target": TARGETS,
        "kernel": [
            "sobel-x",
            "sharpen",
            "gaussian:sigma=2",
            "box:size=9",
            "disk:radius=3.5",
            "sobel",
            "sepia",
            "identity",
            "1,2,4;0,-1,3",
            "0.1,0.2,-0.7;0.4,0.3,0.05;0.2,0.1,0.11",
            "gaussian:sigma=6",
            "real.npy",
            "learned.npy",
        ],
        "gain": [None, "sum", "unit", "range"],
        "map": [None, "clip", "abs", "offset", "stretch", "float"],
        "depth": [None, "8", "16", "float"],
        "correlate": [None, True],
        "transposed": [None, True],
        "engine": [None, "scipy"],
        "strict": [None, True],
        **WINDOWS,
        **PLACES,
    },
    "pipeline": {
        "source": SOURCES,
        "target": TARGETS,
        "pipeline": [f"pipelines/{path.name}" for path in sorted((SAMPLES / "pipelines").glob("*.yaml"))],
        "map": [None, "abs", "float"],
        "engine": [None, "scipy"],
        **PLACES,
    },
    "pool": {
        "source": SOURCES,
        "target": TARGETS,
        "window": ["max=3", "max=2x5", "mean=3", "mean=4x2", "min=3"],
        "ceil-mode": [None, True],
        **WINDOWS,
        **PLACES,
    },
    "size": {
        "input": ["224x224", "7", "31x20"],
        "kernel": ["3", "7x2", "1"],
        "padding": [None, "valid", "same", "full", "2", "1,2,3,0", "same-lower"],
        "stride": [None, "2", "3x1"],
        "dilation": [None, "2", "2x3"],
        "kind": [None, "pool", "transposed"],
        "ceil-mode": [None, True],
        "json": [None, True],
    },
    "conv2d": {
        "arrays": [[x, w] for x in ("x32.npy", "x64.npy", "x8.npy") for w in ("w3.npy", "w1.npy", "wg.npy")],
        "bias": [None, [0.5, -1.0, 0.25, 2.0]],
        "padding": [0, 1, [2, 1], "same", "valid", [1, 0, 2, 1]],
        "border": ["zero", "edge", "reflect", "wrap"],
        "stride": [1, 2, [2, 3]],
        "dilation": [1, 2],
        "groups": [1, 2],
    },
    "max_pool2d": {
        "arrays": [["x32.npy"], ["x64.npy"], ["x8.npy"]],
        "kernel_size": [2, 3, [3, 2]],
        "stride": [None, 1, [2, 1]],
        "padding": [0, 1],
        "dilation": [1, 2],
        "ceil_mode": [False, True],
    },
    "avg_pool2d": {
        "arrays": [["x32.npy"], ["x64.npy"], ["x8.npy"]],
        "kernel_size": [2, 3, [3, 2]],
        "stride": [None, 1, [2, 1]],
        "padding": [0, 1],
        "ceil_mode": [False, True],
        "count_include_pad": [False, True],
    },
}
FUNCTIONS = {"conv2d", "max_pool2d", "avg_pool2d"}


def write_inputs() -> None:
    """Make the pictures, weights and pipelines that the commands read, in the current folder."""
    rng = np.random.default_rng(20)
    smooth = np.cumsum(np.cumsum(rng.normal(size=(48, 61, 4)), axis=0), axis=1)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    bytes_ = (smooth * 255).round().astype(np.uint8)
    words = (smooth * 65535).round().astype(np.uint16)
    Image.fromarray(bytes_[:, :, :3]).save("rgb.png")
    Image.fromarray(bytes_[:, :, 0]).save("grey.png")
    Image.fromarray(bytes_).save("rgba.png")
    Image.fromarray(words[:, :, 1]).save("deep.png")
    Image.fromarray(bytes_[:, :, 3]).save("mask.png")
    Image.fromarray(bytes_[:, :, :3]).save("photo.jpg", quality=90)
    frames = [Image.fromarray(np.roll(bytes_[:, :, :3], 5 * number, 1)) for number in range(3)]
    frames[0].save("moving.gif", save_all=True, append_images=frames[1:], duration=80)
    tifffile.imwrite("deep.tif", words[:, :, :3], photometric="rgb")
    tifffile.imwrite("float.tif", smooth[:, :, 0].astype(np.float32))
    tifffile.imwrite("pages.tif", np.stack([bytes_[:, :, 0], bytes_[:, :, 2]]), photometric="minisblack")
    np.save("real.npy", rng.normal(size=(9, 7)) / 20)
    np.save("learned.npy", rng.normal(size=(5, 3, 3, 3)) / 9)
    for name, kind in (("x32", np.float32), ("x64", np.float64)):
        np.save(f"{name}.npy", rng.normal(size=(2, 4, 13, 17)).astype(kind))
    np.save("x8.npy", rng.integers(0, 256, (2, 4, 13, 17)).astype(np.uint8))
    np.save("w3.npy", rng.normal(size=(4, 4, 3, 3)).astype(np.float32))
    np.save("w1.npy", rng.integers(-3, 4, (4, 4, 1, 2)).astype(np.float32))
    np.save("wg.npy", rng.normal(size=(4, 2, 3, 2)).astype(np.float32))
    for name in ("pipelines", "kernels"):  # an example of every kind of layer, the same for both
        shutil.copytree(SAMPLES / name, name)


class Result(NamedTuple):
    """How a command ended: its exit code, a hash for every file it wrote, and what it printed."""

    code: int
    files: dict[str, str]
    words: str


class Checkout:
    """A process of one of the two checkouts, which runs commands in the current folder."""

    def __init__(self, place: str) -> None:
        """Start it: `place` is a checkout or a Python program."""
        python = Path(place) / ".venv" / "bin" / "python"
        command = [str(python.absolute() if python.exists() else Path(place).absolute()), "-P", "-c", SERVER]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, task: tuple[str, str, object]) -> Result:
        """Return how a command or a function ends there."""
        assert self._process.stdin and self._process.stdout
        print(json.dumps(task), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            sys.exit(f"a checkout died of {task}")
        return Result(**json.loads(answer))

    def end(self) -> None:
        """Let the process end."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def task_of(group: str, row: dict[str, object]) -> tuple[str, str, object]:
    """Return the row as what a checkout is asked to do."""
    if group in FUNCTIONS:
        return "function", group, {name: value for name, value in row.items() if value is not None or name == "stride"}
    row = dict(row)
    arguments = [{"pipeline": "apply"}.get(group, group)]
    arguments += [str(row.pop(name)) for name in ("source", "target", "input") if name in row]
    for name, value in row.items():
        if name in ("kind", "window"):
            arguments += [f"--{value}"] if value else []
        elif value is True:
            arguments.append(f"--{name}")
        elif value is not None:
            arguments.append(f"--{name}={value}")
    return "command", "", arguments


def shown(task: tuple[str, str, object]) -> str:
    """Return a task as one would type it."""
    kind, name, rest = task
    return shlex.join(["imgconv", *rest]) if kind == "command" and isinstance(rest, list) else f"{name}(**{rest})"


def pairs_of(names: list[str], places: dict[str, int]) -> set[tuple[str, int, str, int]]:
    """Return the pairs of options' values that a row holds."""
    return {(a, places[a], b, places[b]) for a, b in itertools.combinations(names, 2)}


def compare(group: str, checkouts: list[Checkout], seed: int, limit: int) -> bool:
    """Run a group's commands in both checkouts; print what differs; return whether files or exit codes do."""
    options = GROUPS[group]
    names = list(options)
    choose = random.Random(f"{seed} {group}")
    wanted = {
        (a, i, b, j)
        for a, b in itertools.combinations(names, 2)
        for i in range(len(options[a]))
        for j in range(len(options[b]))
    }
    total, covered, ran, refused = len(wanted), 0, 0, 0
    faults: list[str] = []
    reworded: list[str] = []
    for pair in sorted(wanted):
        if pair not in wanted or ran >= limit:
            continue
        fixed = {pair[0]: pair[1], pair[2]: pair[3]}
        for others in ("random", "few", "defaults"):
            # Most combinations of more than twenty options are refused for one of them: keep most at their defaults.
            share = {"random": 0.35, "few": 0.12, "defaults": 0.0}[others]
            places = {
                name: fixed.get(name, choose.randrange(len(options[name])) if choose.random() < share else 0)
                for name in names
            }
            task = task_of(group, {name: options[name][place] for name, place in places.items()})
            old, new = (checkout.run(task) for checkout in checkouts)
            ran += 1
            if (old.code, old.files) != (new.code, new.files):
                faults.append(f"  {shown(task)}\n    exit {old.code} against {new.code}; {difference(old, new)}")
            elif old.words != new.words:
                reworded.append(f"  {shown(task)}\n    {old.words[:300]!r}\n    {new.words[:300]!r}")
            if old.code == 0:
                seen = pairs_of(names, places) & wanted
                covered += len(seen)
                wanted -= seen
                break
            refused += 1
    print(
        f"{group}: {ran} commands, {refused} of them refused; {covered} of {total} pairs in accepted ones; "
        f"{len(faults)} results differ, {len(reworded)} reports"
    )
    print("\n".join(faults[:20] + (["  and in words only:"] if reworded else []) + reworded[:5]))
    return bool(faults)


def difference(old: Result, new: Result) -> str:
    """Say which files differ, or what a checkout said when it alone refused."""
    if old.code != new.code:
        return (old if old.code else new).words.strip()[:300]
    names = sorted(name for name in {*old.files, *new.files} if old.files.get(name) != new.files.get(name))
    return f"{', '.join(names)} differ"


def main() -> None:
    """Compare two checkouts over all groups, or those that are asked for."""
    parser = argparse.ArgumentParser(description="Compare the results of two checkouts, bit for bit.")
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=100_000, help="commands of a group at most")
    parser.add_argument("--only", default=",".join(GROUPS), help="groups, with commas: %(default)s")
    asked = parser.parse_args()
    places = [str(Path(place).absolute()) for place in (asked.old, asked.new)]
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        write_inputs()
        checkouts = [Checkout(place) for place in places]
        differ = [compare(group, checkouts, asked.seed, asked.limit) for group in asked.only.split(",")]
        for checkout in checkouts:
            checkout.end()
    sys.exit(any(differ))


if __name__ == "__main__":
    main()
