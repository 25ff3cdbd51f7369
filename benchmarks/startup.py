"""Time whole `imgconv` processes against a Python process that only imports what they need.

    python benchmarks/startup.py [--runs N]

Pairs are run in turn, A B A B ..., after one uncounted run of each, so that a machine whose speed drifts slows both
alike:

- ``imgconv size 224x224 -k 7 -s 2 --padding 3`` and a chain of three layers, each against ``python -c "import click"``,
  at most 1.4 times as long;
- ``imgconv apply`` of a 600x400 PNG with a kernel, a combined and a computed one, each against
  ``python -c "import click, numpy, PIL.Image, yaml"``, at most 1.5 times as long.

For each the best and the median wall time of a whole process is printed, the best of its user and system time, and the
ratios; the limit applies to the ratio of the median wall times. User and system time hardly depends on what else the
machine does, but NumPy's BLAS adds to it in processes that let it start threads, as the baseline does: they keep a
core busy while they wait, which also takes wall time where there are no idle cores. Then follow the modules that take
longest to import. The interpreter is the one that runs this script, with the ``imgconv`` installed beside it. The exit
code is 1 if a limit is exceeded.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

PYTHON = sys.executable
IMGCONV = str(Path(sys.executable).with_name("imgconv"))

# An installed package has its compiled modules beside it; the uncounted run writes those that are missing.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Run(NamedTuple):
    """What one process took, in seconds: wall time, and user and system time together."""

    wall: float
    cpu: float


class Case(NamedTuple):
    """A command, the baseline it is measured against, and how many times as long it may take."""

    name: str
    command: list[str]
    baseline: list[str]
    limit: float


def cases(folder: Path) -> list[Case]:
    """Return every case; `folder` gets the picture that ``apply`` reads."""
    picture = folder / "picture.png"
    draw(picture)
    apply = ["apply", str(picture), str(folder / "result.png"), "--overwrite", "--quiet", "-k"]
    return [
        *(
            Case(f"imgconv size {words}", [IMGCONV, "size", *words.split()], [PYTHON, "-c", "import click"], 1.4)
            for words in ("224x224 -k 7 -s 2 --padding 3", "224x224x3 conv:7,s2,p3,c64 pool:3,s2,p1 conv:3")
        ),
        *(
            Case(
                f"imgconv apply picture.png result.png -k {kernel}",
                [IMGCONV, *apply, kernel],
                [PYTHON, "-c", "import click, numpy, PIL.Image, yaml"],
                1.5,
            )
            for kernel in ("sharpen", "sobel", "gaussian:sigma=2")
        ),
    ]


def draw(path: Path) -> None:
    """Write a 600x400 RGB PNG of gradients and discs, which compresses about as well as a photograph's thumbnail."""
    from PIL import Image, ImageDraw

    gradient = Image.linear_gradient("L").resize((600, 400))
    picture = Image.merge("RGB", (gradient, gradient.rotate(180), gradient.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    canvas = ImageDraw.Draw(picture)
    for i in range(40):
        x, y, r = i * 211 % 600, i * 137 % 400, 8 + i * 7 % 40
        canvas.ellipse((x - r, y - r, x + r, y + r), fill=(i * 53 % 256, i * 97 % 256, i * 29 % 256))
    picture.save(path)


def run(command: list[str]) -> Run:
    """Time one process, from its start to its end."""
    start, before = time.perf_counter(), children()
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, env=ENVIRONMENT
    )
    taken = Run(time.perf_counter() - start, children() - before)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return taken


def children() -> float:
    """Return the user and system time of all processes that have been started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(case: Case, runs: int) -> bool:
    """Run a case and its baseline in turn, print the times, and say whether the limit is kept."""
    run(case.command), run(case.baseline)
    pairs = [(run(case.command), run(case.baseline)) for _ in range(runs)]
    ours, theirs = ([pair[i] for pair in pairs] for i in (0, 1))
    print(f"{case.name}\n{'':46}{'best':>9}{'median':>9}{'best cpu':>10}")
    figures = [figures_of(ours), figures_of(theirs)]
    for label, (best, middle, cpu) in zip(("imgconv", case.baseline[-1]), figures, strict=True):
        print(f"  {label:<44}{1000 * best:6.1f} ms{1000 * middle:6.1f} ms{1000 * cpu:7.1f} ms")
    best, middle, cpu = (one / other for one, other in zip(*figures, strict=True))
    kept = middle <= case.limit
    verdict = "kept" if kept else "EXCEEDED"
    print(f"  {'ratio':<44}{best:9.2f}{middle:9.2f}{cpu:10.2f}  limit {case.limit}: {verdict}\n")
    return kept


def figures_of(runs: list[Run]) -> tuple[float, float, float]:
    """Return the best and the median wall time, and the best user and system time."""
    walls = [one.wall for one in runs]
    return min(walls), median(walls), min(one.cpu for one in runs)


def imports(case: Case, most: int = 12) -> None:
    """Print the modules that take longest to import by themselves, from ``python -X importtime``."""
    traced = [PYTHON, "-X", "importtime", *case.command]
    done = subprocess.run(traced, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    rows = re.findall(r"^import time:\s+(\d+) \|\s+(\d+) \| (\s*\S+)$", done.stderr, re.MULTILINE)
    slowest = sorted(rows, key=lambda row: -int(row[0]))[:most]
    print(f"imports of {case.name}, longest first ({len(rows)} modules)\n  {'self':>8}{'with what it imports':>24}")
    for own, whole, module in slowest:
        print(f"  {int(own) / 1000:5.1f} ms{int(whole) / 1000:21.1f} ms  {module.strip()}")
    print()


def main() -> int:
    """Measure every case and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=30, help="counted runs of each command [default: 30]")
    runs = parser.parse_args().runs
    print(f"{sys.implementation.name} {sys.version.split()[0]}, {runs} runs of each, in turn\n")
    with tempfile.TemporaryDirectory() as folder:
        every = cases(Path(folder))
        kept = [measure(case, runs) for case in every]
        for case in every:
            imports(case)
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
