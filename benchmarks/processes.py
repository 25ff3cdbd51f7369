"""Time whole ``imgconv apply`` processes against libvips, GraphicsMagick, ImageMagick and OpenImageIO.

    python benchmarks/processes.py [--runs N] [--megapixels M] [--kernels NAME,...] [--formats NAME,...]

A photograph is made (scikit-image's astronaut, enlarged, mirrored into 6000x4000 pixels, with a camera's noise) and
written as JPEG (quality 92, 4:2:0), PNG and TIFF; a 600x400 PNG is made the same way. Each is sharpened (3x3) and
blurred (Gaussian of sigma 2, 13x13 taps, separable), from file to file in the same format, by whole processes that
take turns: imgconv, then each peer, then again, after one uncounted run of each. For each the best and the median
wall time, the processor time, the peak memory and the size of the output are printed, and the ratios to the fastest
peer. Every peer gets the same taps, all cores, and its own defaults for the output, which the table names; where
those make another file than imgconv writes, the peer is run again with options that match.

Peers that are not installed are named and left out. The interpreter is the one that runs this script, with the
``imgconv`` installed beside it. Afterwards come, for each picture, the times that its process takes to import, in all,
by package, and of the modules that take longest.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from math import exp
from pathlib import Path
from statistics import median
from typing import NamedTuple

PYTHON = sys.executable
IMGCONV = str(Path(sys.executable).with_name("imgconv"))

# An installed package has its compiled modules beside it; the uncounted run writes those that are missing.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

_SHOWN = ("numpy", "click", "PIL", "imgconv", "zlib_ng", "yaml", "tifffile", "imageio", "scipy")
"""The packages whose share of the imports is printed; threads that import side by side count twice."""

SIGMA, RADIUS = 2.0, 6
GAUSSIAN = [exp(-(i * i) / (2 * SIGMA * SIGMA)) for i in range(-RADIUS, RADIUS + 1)]
SHARPEN = [0, -1, 0, -1, 5, -1, 0, -1, 0]


class Tool(NamedTuple):
    """A peer in one setting: what to call it, the program to look for, and its command line without the program.

    `formats` are the outputs it is run for; `kernels` what it can do.
    """

    name: str
    program: str
    command: Callable[[str, str, str], list[str]]
    formats: tuple[str, ...] = ("jpg", "png", "tif", "small")
    kernels: tuple[str, ...] = ("sharpen", "gaussian")


class Run(NamedTuple):
    """What one process took: wall and processor time in seconds, and the most memory it held, in bytes."""

    wall: float
    cpu: float
    peak: int


def tools(folder: Path) -> list[Tool]:
    """Return every peer in every setting; `folder` gets the kernels as files."""
    (folder / "sharpen.mat").write_text("3 3\n0 -1 0\n-1 5 -1\n0 -1 0\n")
    total = sum(GAUSSIAN)
    (folder / "gaussian.mat").write_text(f"13 1 {total} 0\n" + " ".join(map(repr, GAUSSIAN)) + "\n")

    def vips(options: str) -> Callable[[str, str, str], list[str]]:
        def command(kernel: str, source: str, target: str) -> list[str]:
            act = {"sharpen": "conv", "gaussian": "convsep"}[kernel]
            return [act, source, target + options, str(folder / f"{kernel}.mat"), "--precision", "integer"]

        return command

    def graphicsmagick(*options: str) -> Callable[[str, str, str], list[str]]:
        def command(kernel: str, source: str, target: str) -> list[str]:
            act = {
                "sharpen": ["-convolve", ",".join(map(str, SHARPEN))],
                "gaussian": ["-gaussian", f"{RADIUS}x{SIGMA}"],
            }
            return ["convert", source, *act[kernel], *options, target]

        return command

    def imagemagick(*options: str) -> Callable[[str, str, str], list[str]]:
        def command(kernel: str, source: str, target: str) -> list[str]:
            taps = {"sharpen": "3x3:" + ",".join(map(str, SHARPEN)), "gaussian": f"Blur:{RADIUS}x{SIGMA}"}
            second = f";Blur:{RADIUS}x{SIGMA},90" if kernel == "gaussian" else ""
            return [source, "-morphology", "Convolve", taps[kernel] + second, *options, target]

        return command

    def openimageio(kernel: str, source: str, target: str) -> list[str]:
        (folder / "sharpen.tif").exists() or _kernel_picture(folder / "sharpen.tif")
        act = {"sharpen": [str(folder / "sharpen.tif"), "--convolve"], "gaussian": ["--blur", "13x13"]}
        return [source, *act[kernel], "-d", "uint8", "-o", target]

    good = ["-quality", "95", "-sampling-factor", "1x1"]
    magick = "magick" if shutil.which("magick") else _real_convert()
    return [
        Tool("vips (JPEG 75 4:2:0, PNG level 6 unfiltered)", "vips", vips("")),
        Tool("vips, quality 95 4:4:4", "vips", vips("[Q=95,subsample_mode=off]"), ("jpg",)),
        Tool("vips, level 1, all filters", "vips", vips("[compression=1,filter=all]"), ("png", "small")),
        Tool("gm (JPEG 75 4:2:0, PNG level 7)", "gm", graphicsmagick()),
        Tool("gm, quality 95 4:4:4", "gm", graphicsmagick(*good), ("jpg",)),
        Tool("ImageMagick (JPEG as input, PNG level 7)", magick, imagemagick()),
        Tool("ImageMagick, quality 95 4:4:4", magick, imagemagick(*good), ("jpg",)),
        Tool("oiiotool (JPEG 98 4:2:0, PNG level 6)", "oiiotool", openimageio, kernels=("sharpen",)),
    ]


def _real_convert() -> str:
    """Return ImageMagick 6's program; ``convert`` may be another program of that name."""
    for name in ("convert-im6.q16", "convert"):
        found = shutil.which(name)
        if found:
            said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stdout
            if "ImageMagick" in said:
                return found
    return "magick"


def _kernel_picture(path: Path) -> None:
    import numpy as np
    import tifffile

    tifffile.imwrite(path, np.array(SHARPEN, np.float32).reshape(3, 3))


def draw(folder: Path, megapixels: float) -> dict[str, Path]:
    """Write the photograph as JPEG, PNG and TIFF and the small PNG; return them by what they are called here."""
    import numpy as np
    from PIL import Image
    from skimage import data

    width, height = (8 * round(side * (megapixels / 24) ** 0.5 / 8) for side in (6000, 4000))
    third = -(-width // 3)
    tile = np.asarray(Image.fromarray(data.astronaut()).resize((third, height // 2), Image.Resampling.BICUBIC))
    row = np.concatenate([tile, tile[:, ::-1], tile], axis=1)[:, :width]
    clean = np.concatenate([row, row[::-1]], axis=0)
    rng = np.random.default_rng(1)
    shape = clean.shape
    noise = rng.normal(0, 1.5, (*shape[:2], 1)).astype(np.float32) + rng.normal(0, 1, shape).astype(np.float32)
    photograph = Image.fromarray(np.clip(np.rint(clean + noise), 0, 255).astype(np.uint8))
    made = {name: folder / f"photograph.{name}" for name in ("jpg", "png", "tif")}
    photograph.save(made["jpg"], quality=92)
    photograph.save(made["png"])
    photograph.save(made["tif"])
    made["small"] = folder / "small.png"
    Image.fromarray(data.astronaut()).resize((600, 400), Image.Resampling.BICUBIC).save(made["small"])
    return made


def measured(command: list[str]) -> Run:
    """Run a process to its end and return what it took."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}: {said.decode(errors='replace').strip()}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def contest(kernel: str, kind: str, source: Path, peers: list[Tool], runs: int) -> None:
    """Let imgconv and the peers take turns at one picture and one kernel, and print a table."""
    suffix = source.suffix
    entries = list(_entries(kernel, kind, source, peers))
    results: dict[str, list[Run]] = {name: [] for name, _, _ in entries}
    for turn in range(runs + 1):
        for name, command, _ in entries:
            took = measured(command)
            if turn:
                results[name].append(took)
    print(f"\n{kernel}, {source.name} ({source.stat().st_size / 1e6:.1f} MB) to {suffix}")
    print(f"  {'':46}{'best':>8}{'median':>8}{'cpu':>8}{'peak':>8}{'output':>9}")
    for name, _, target in entries:
        walls = [took.wall for took in results[name]]
        line = (min(walls), median(walls), min(took.cpu for took in results[name]))
        peak = max(took.peak for took in results[name])
        print(
            f"  {name:<46}{''.join(f'{1000 * value:5.0f} ms' for value in line)}"
            f"{peak / 1e6:5.0f} MB{target.stat().st_size / 1e6:6.2f} MB"
        )
    _ratios({name: [took.wall for took in taken] for name, taken in results.items()})


def _entries(kernel: str, kind: str, source: Path, peers: list[Tool]) -> Iterator[tuple[str, list[str], Path]]:
    """Yield name, command and output of everyone who takes part."""
    ours = {"sharpen": "sharpen", "gaussian": f"gaussian:sigma={SIGMA:g},size={2 * RADIUS + 1}"}[kernel]
    target = source.with_name(f"imgconv-{source.name}")
    yield "imgconv", [IMGCONV, "apply", str(source), str(target), "-k", ours, "--overwrite", "--quiet"], target
    for number, tool in enumerate(peers):
        if kind in tool.formats and kernel in tool.kernels:
            target = source.with_name(f"peer{number}-{source.name}")
            yield tool.name, [tool.program, *tool.command(kernel, str(source), str(target))], target


def _ratios(walls: dict[str, list[float]]) -> None:
    ours = walls.pop("imgconv")
    if walls:
        best, usual = (min(map(measure, walls.values())) for measure in (min, median))
        print(f"  fastest peer / imgconv: {best / min(ours):.2f} by the best, {usual / median(ours):.2f} by the median")


def imports(source: Path, most: int = 15) -> None:
    """Print what a process imports: in all, and what takes longest by itself, from ``python -X importtime``."""
    target = source.with_name(f"last{source.suffix}")
    command = [IMGCONV, "apply", str(source), str(target), "-k", "sharpen", "--overwrite", "-q"]
    traced = [PYTHON, "-X", "importtime", *command]
    rows = fewest = None
    for _ in range(3):
        done = subprocess.run(traced, capture_output=True, text=True, env=ENVIRONMENT, check=True)
        found = re.findall(r"^import time:\s+(\d+) \|\s+(\d+) \| (\s*)(\S+)$", done.stderr, re.MULTILINE)
        taken = sum(int(own) for own, _, _, _ in found)
        if fewest is None or taken < fewest:
            rows, fewest = found, taken
    assert rows is not None and fewest is not None
    packages: dict[str, int] = {}
    for own, _, _, module in rows:
        package = module.partition(".")[0]
        kind = package if package in _SHOWN else "Python's own"
        packages[kind] = packages.get(kind, 0) + int(own)
    shares = ", ".join(f"{name} {taken / 1000:.1f}" for name, taken in sorted(packages.items(), key=lambda at: -at[1]))
    print(f"\nimports of imgconv apply {source.name}: {len(rows)} modules, {fewest / 1000:.1f} ms ({shares})")
    print(f"  {'self':>8}{'with what it imports':>24}")
    for own, whole, _, module in sorted(rows, key=lambda row: -int(row[0]))[:most]:
        print(f"  {int(own) / 1000:5.1f} ms{int(whole) / 1000:21.1f} ms  {module}")


def main() -> None:
    """Make the pictures, let everyone take turns, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="counted runs of each command [default: 7]")
    parser.add_argument("--megapixels", type=float, default=24, help="size of the photograph [default: 24]")
    parser.add_argument("--kernels", default="sharpen,gaussian", help="which of sharpen,gaussian")
    parser.add_argument("--formats", default="jpg,tif,png,small", help="which of jpg,tif,png,small")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        every = tools(folder)
        missing = {tool.program for tool in every if not shutil.which(tool.program)}
        version = f"{sys.implementation.name} {sys.version.split()[0]}"
        print(f"{version}, {os.cpu_count()} cores, {options.runs} runs of each, in turn")
        print(f"not installed, left out: {', '.join(sorted(missing)) or 'none'}")
        # a process's peak memory begins with what its parent holds, so another one draws
        with ProcessPoolExecutor(1) as pool:
            pictures = pool.submit(draw, folder, options.megapixels).result()
        peers = [tool for tool in every if tool.program not in missing]
        for kernel in options.kernels.split(","):
            for kind in options.formats.split(","):
                contest(kernel, kind, pictures[kind], peers, options.runs)
        for kind in options.formats.split(","):
            imports(pictures[kind])


if __name__ == "__main__":
    main()
