"""Time ``imgconv batch`` over many JPEG files against libvips, GraphicsMagick and ImageMagick.

    python benchmarks/batch.py [--pictures N] [--megapixels M] [--runs R] [--only NAME]

Pictures are made as a camera would write them: parts of the photographs that come with scikit-image, enlarged to the
same size, each with its own exposure and noise, as JPEG of quality 90 with 4:2:0 chroma. Every tool filters all of them
with one dense 5x5 kernel into an empty folder, and writes JPEG of the same quality and sampling (imgconv keeps the
input's). The tools take turns, after one uncounted run of each; a run is a whole run, from the start of its processes
to their end:

- ``imgconv batch`` with two jobs and with one, of one thread each: their ratio is the efficiency of the second job;
- ``vips conv``, integer arithmetic, one process a file under ``xargs -P2``, VIPS_CONCURRENCY=1;
- ``gm mogrify`` and ``mogrify``, which use all cores from one process, and both under ``xargs -P2`` with one thread
  each and 25 files a process;
- the floor: two processes that decode and encode with Pillow (libjpeg-turbo) and do nothing between.

Printed are the best and the median wall time, processor time (user and system), files in a second, the size of the
results, and how much their samples differ from imgconv's in the mean, which shows that all did the same work; then
the ratio to the fastest peer and the efficiency. With fewer than two cores the latter says nothing. What else the
machine does is told by the load average; ratios of processor time hardly depend on it, and there that of two jobs to
one is what they cost each other: 1 is nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

PYTHON = sys.executable
IMGCONV = str(Path(sys.executable).with_name("imgconv"))

# An installed package has its compiled modules beside it; the uncounted run writes those that are missing.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

QUALITY, JOBS, FILES_A_PROCESS = 90, 2, 25
PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "hubble_deep_field.jpg", "retina.jpg")
PHOTOGRAPHS += ("motorcycle_left.png", "ihc.png", "gravel.png", "grass.png", "brick.png")

KERNEL = ((-1, -1, -1, -1, -1), (-1, 2, 2, 2, -1), (-1, 2, 8, 2, -1), (-1, 2, 2, 2, -1), (-1, -1, -1, -1, -1))
DIVISOR = 8

OURS, ONE_JOB, FLOOR_NAME = f"imgconv batch --jobs {JOBS}", "imgconv batch --jobs 1", "floor: decode and encode"
KEPT = (OURS, ONE_JOB, FLOOR_NAME)
FLOOR = f"""
import sys
from PIL import Image
for name in sys.argv[2:]:
    Image.open(name).save(sys.argv[1] + "/" + name, quality={QUALITY}, subsampling="4:2:0")
"""


class Tool(NamedTuple):
    """One way to filter all pictures: what to call it, the program it needs, and its command and environment.

    `command` gets the folder that the results go to. It runs where the pictures are; ``xargs`` gets their names.
    """

    name: str
    program: str
    command: Callable[[str], list[str]]
    environment: tuple[tuple[str, str], ...] = ()


class Run(NamedTuple):
    """What one run took: wall time and the processor time of all its processes, in seconds."""

    wall: float
    cpu: float


def tools(folder: Path, names: list[str]) -> list[Tool]:
    """Return imgconv, its peers and the floor; `folder` gets the kernel as a file, `names` are the pictures'."""
    rows = [" ".join(map(str, row)) for row in KERNEL]
    (folder / "kernel.mat").write_text(f"5 5 {DIVISOR} 0\n" + "\n".join(rows) + "\n")
    ours = ";".join(",".join(map(str, row)) for row in KERNEL) + f"/{DIVISOR}"
    quality = ["-quality", str(QUALITY), "-sampling-factor", "2x2"]
    taps = [tap for row in KERNEL for tap in row]

    def imgconv(jobs: int, target: str) -> list[str]:
        return [IMGCONV, "batch", ".", target, "-k", ours, "--jobs", str(jobs), "--threads", "1", "--quiet"]

    def vips(target: str) -> list[str]:
        act = ["vips", "conv", "@", f"{target}/@[Q={QUALITY},subsample_mode=on]", str(folder / "kernel.mat")]
        return ["xargs", "-P", str(JOBS), "-I@", *act, "--precision", "integer"]

    def graphicsmagick(target: str) -> list[str]:
        # the results are divided by the sum of the taps, which is the divisor here
        return ["gm", "mogrify", "-output-directory", target, "-convolve", ",".join(map(str, taps)), *quality]

    def imagemagick(target: str) -> list[str]:
        scaled = "5x5:" + ",".join(str(tap / DIVISOR) for tap in taps)
        return ["mogrify", "-path", target, "-morphology", "Convolve", scaled, *quality]

    def whole(command: Callable[[str], list[str]], target: str) -> list[str]:
        return [*command(target), *names]

    def parts(command: Callable[[str], list[str]], target: str) -> list[str]:
        return ["xargs", "-P", str(JOBS), "-n", str(FILES_A_PROCESS), *command(target)]

    def floor(target: str) -> list[str]:
        return ["xargs", "-P", str(JOBS), "-n", str(-(-len(names) // JOBS)), PYTHON, "-c", FLOOR, target]

    alone = (("OMP_NUM_THREADS", "1"), ("MAGICK_THREAD_LIMIT", "1"))
    return [
        Tool(OURS, IMGCONV, partial(imgconv, JOBS)),
        Tool(ONE_JOB, IMGCONV, partial(imgconv, 1)),
        Tool(f"vips conv, xargs -P{JOBS}", "vips", vips, (("VIPS_CONCURRENCY", "1"),)),
        Tool("gm mogrify", "gm", partial(whole, graphicsmagick)),
        Tool(f"gm mogrify, xargs -P{JOBS}", "gm", partial(parts, graphicsmagick), alone),
        Tool("mogrify", "mogrify", partial(whole, imagemagick)),
        Tool(f"mogrify, xargs -P{JOBS}", "mogrify", partial(parts, imagemagick), alone),
        Tool(FLOOR_NAME, PYTHON, floor),
    ]


def draw(folder: Path, count: int, megapixels: float) -> list[str]:
    """Write the pictures into `folder` and return their names."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5 / 8) * 8
    folder.mkdir()
    with ProcessPoolExecutor(JOBS) as pool:
        return list(pool.map(partial(_draw_one, folder, height * 4 // 3, height), range(count), chunksize=8))


def _draw_one(folder: Path, width: int, height: int, number: int) -> str:
    import numpy as np
    from PIL import Image
    from skimage import data

    rng = np.random.default_rng(number)
    path = Path(data.__file__).with_name(PHOTOGRAPHS[number % len(PHOTOGRAPHS)])
    with Image.open(path) as file:
        photograph = file.convert("RGB")
    across = min(photograph.width, photograph.height * width / height) * rng.uniform(0.7, 1)
    down = across * height / width
    left, top = rng.uniform(0, photograph.width - across), rng.uniform(0, photograph.height - down)
    box = (left, top, left + across, top + down)
    clean = photograph.resize((width, height), Image.Resampling.LANCZOS, box=box)
    samples = np.asarray(clean, np.float32) * rng.uniform(0.8, 1.1)
    samples += rng.uniform(1, 4) * rng.standard_normal((height, width, 1), np.float32)
    samples += rng.standard_normal(samples.shape, np.float32)
    name = f"{number:05}.jpg"
    picture = Image.fromarray(np.clip(np.rint(samples), 0, 255).astype(np.uint8))
    picture.save(folder / name, quality=QUALITY, subsampling="4:2:0")
    return name


def measured(tool: Tool, pictures: Path, names: list[str], target: Path) -> Run:
    """Run a tool over all pictures into an empty folder and return what it took."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    os.sync()  # what earlier runs wrote is not to be paid for here
    command, environment = tool.command(str(target)), ENVIRONMENT | dict(tool.environment)
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=pictures, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stdin is not None and process.stderr is not None
    if command[0] == "xargs":
        process.stdin.write("\n".join(names).encode())
    process.stdin.close()
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or len(written(target)) != len(names):
        sys.exit(f"{tool.name} ended with {process.returncode}: {said.decode(errors='replace').strip()}")
    return Run(wall, used.ru_utime + used.ru_stime)


def written(target: Path) -> list[Path]:
    """Return the pictures in a folder; imgconv keeps a record besides them."""
    return list(target.glob("*.jpg"))


def difference(one: Path, other: Path, names: list[str]) -> float:
    """Return by how much the samples of a few results differ in the mean, away from the borders."""
    import numpy as np
    from PIL import Image

    found = []
    for name in names[:: max(1, len(names) // 5)]:
        ours, theirs = (np.asarray(Image.open(folder / name), np.float32)[8:-8, 8:-8] for folder in (one, other))
        found.append(float(np.abs(ours - theirs).mean()))
    return sum(found) / len(found)


def contest(every: list[Tool], folder: Path, names: list[str], runs: int) -> None:
    """Let all tools take turns, and print the table and the ratios."""
    pictures, targets = folder / "pictures", {tool.name: folder / f"results{n}" for n, tool in enumerate(every)}
    results: dict[str, list[Run]] = {tool.name: [] for tool in every}
    for turn in range(runs + 1):
        for tool in every:
            took = measured(tool, pictures, names, targets[tool.name])
            if turn:
                results[tool.name].append(took)
    print(f"  {'':34}{'best':>9}{'median':>9}{'cpu':>9}{'files/s':>9}{'output':>10}{'differs':>9}")
    for name, taken in results.items():
        best = min(took.wall for took in taken)
        size = sum(path.stat().st_size for path in written(targets[name]))
        print(
            f"  {name:<34}{best:7.2f} s{median(took.wall for took in taken):7.2f} s"
            f"{min(took.cpu for took in taken):7.2f} s{len(names) / best:9.1f}{size / 1e6:7.1f} MB"
            f"{difference(targets[OURS], targets[name], names):9.2f}"
        )
    for label, measure in (("best", min), ("median", median)):
        print(
            f"  by the {label}: "
            + ratios({name: measure(took.wall for took in taken) for name, taken in results.items()})
        )
    print("  by processor time: " + ratios({name: min(took.cpu for took in taken) for name, taken in results.items()}))


def ratios(times: dict[str, float]) -> str:
    """Say how imgconv's time compares with the fastest peer's, the floor's, and its own with one job."""
    peers = {name: time for name, time in times.items() if name not in KEPT}
    fastest = min(peers, key=peers.__getitem__, default=None)
    ratio = f"{times[fastest] / times[OURS]:.2f} times as fast as {fastest}, " if fastest else ""
    floor, one = times[OURS] / times[FLOOR_NAME], times[ONE_JOB] / times[OURS]
    return f"{ratio}{floor:.2f} times as long as the floor, two jobs {one:.2f} times as fast as one"


def main() -> None:
    """Make the pictures, let all tools take turns, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=300, help="how many [default: 300]")
    parser.add_argument("--megapixels", type=float, default=2, help="the size of each [default: 2]")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each tool [default: 3]")
    parser.add_argument("--only", default="", help="run only tools whose names contain this, besides imgconv and floor")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = draw(folder / "pictures", options.pictures, options.megapixels)
        size = sum((folder / "pictures" / name).stat().st_size for name in names)
        every = [tool for tool in tools(folder, names) if tool.name in KEPT or options.only in tool.name]
        missing = {tool.program for tool in every if not shutil.which(tool.program)}
        version = f"{sys.implementation.name} {sys.version.split()[0]}"
        print(f"{version}, {os.cpu_count()} cores, {options.runs} runs of each, in turn")
        print(f"{len(names)} JPEG files of {options.megapixels:g} megapixels, {size / 1e6:.1f} MB")
        print(
            f"not installed, left out: {', '.join(sorted(missing)) or 'none'}; load average {os.getloadavg()[0]:.2f}\n"
        )
        contest([tool for tool in every if tool.program not in missing], folder, names, options.runs)
        print(f"\nload average {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    main()
