"""Time ``imgconv apply`` on TIFF images that are filtered some rows at a time, against ``vips conv``.

    python benchmarks/streaming.py [--side N] [--runs R] [--only WORD]

The images are square, a smooth pattern with noise: grey of N = 30000 pixels a side unless told, uint8, in tiles of
256x256, uncompressed, deflated and in LZW, the last two of differences; then in strips of 128 rows; then, of N/3 pixels
a side, RGB and uint16. Both write a file that is stored as the input is, through the same dense 5x5 kernel (libvips in
integers, the way it is fastest). libvips deflates at zlib's level 6; imgconv takes Huffman codes alone where its sample
shows that searching gains nothing, and is timed with ``--compression 6`` too. The tools take turns. Printed are the
best wall time of each, the processor time of that run, the peak of its memory (resident set), and the size of its
output; then the ratios of wall and processor times: above 1, imgconv is faster. Files are in the page cache, so what is
timed is no disk; writing takes three times the image's space in the temporary folder.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from imgconv.image.model import TiffLayout
from imgconv.image.tiff.write import Page, TiffSink, may_be_big

KERNEL = ((1, 4, 7, 4, 1), (4, 16, 26, 16, 4), (7, 26, 41, 26, 7), (4, 16, 26, 16, 4), (1, 4, 7, 4, 1))
COMPRESSIONS = {"none": 1, "deflate": 8, "lzw": 5}
TILE, STRIP = 256, 128
BLOCK = 1000


class Case(NamedTuple):
    """An image and how it is stored; it is `part` times smaller than asked for."""

    name: str
    compression: str = "none"
    options: tuple[str, ...] = ()
    channels: int = 1
    dtype: str = "uint8"
    tiled: bool = True
    part: int = 1

    @property
    def spec(self) -> str:
        """What libvips is told of its output."""
        words = f"tile,tile-width={TILE},tile-height={TILE}" if self.tiled else f"tile-height={STRIP}"
        predictor = ",predictor=horizontal" * (self.compression != "none")
        return f"[{words},bigtiff,compression={self.compression}{predictor}]"


CASES = (
    Case("uncompressed"),
    Case("deflate", "deflate"),
    Case("deflate, level 6", "deflate", ("--compression", "6")),
    Case("LZW", "lzw"),
    Case("strips", tiled=False),
    Case("strips, LZW", "lzw", tiled=False),
    Case("RGB", channels=3, part=3),
    Case("RGB, LZW", "lzw", channels=3, part=3),
    Case("uint16", dtype="uint16", part=3),
    Case("uint16, deflate", "deflate", dtype="uint16", part=3),
)


def make(path: Path, side: int, case: Case) -> None:
    """Write the image."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:BLOCK, :BLOCK]
    dtype = np.dtype(case.dtype)
    planes = [
        128 + 60 * np.sin(x / 37 + c) * np.cos(y / 23) + rng.normal(0, 6, (BLOCK, BLOCK)) for c in range(case.channels)
    ]
    pattern: Any = np.stack(planes, axis=2).clip(0, 255) * (np.iinfo(dtype).max // 255)
    rows = np.tile(pattern.astype(dtype), (1, -(-side // BLOCK), 1))[:, :side]
    tile, strip = ((TILE, TILE), 0) if case.tiled else (None, STRIP)
    code = COMPRESSIONS[case.compression]
    page = Page(
        width=side,
        height=side,
        channels=case.channels,
        alpha=False,
        dtype=dtype,
        space="grey" if case.channels == 1 else "RGB",
        layout=TiffLayout(code, code > 1, tile, strip),
    )
    with path.open("wb") as file:
        sink = TiffSink(file, big=may_be_big(page))
        sink.begin(page)
        for top in range(0, side, BLOCK):
            sink.write(rows[: side - top])
        sink.finish()


STARTER = """
import os, sys, time
begun = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)
sys.exit(status != 0)
"""
"""Linux counts the memory of the process that starts another one into that one's peak, so a small one starts them."""


class Run(NamedTuple):
    """Wall and processor time in seconds, and the peak of the memory in MB."""

    wall: float
    processor: float
    peak: int


def measured(command: list[str]) -> Run:
    """Run a command."""
    done = subprocess.run([sys.executable, "-c", STARTER, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr}")
    wall, processor, peak = done.stdout.split()
    return Run(float(wall), float(processor), int(peak))


def compare(case: Case, folder: Path, side: int, runs: int, vips: str | None) -> None:
    """Time both tools on one case and print its line."""
    source, ours, theirs = folder / "input.tif", folder / "imgconv.tif", folder / "vips.tif"
    matrix = str(folder / "kernel.mat")
    make(source, side, case)
    commands = {"imgconv": [sys.executable, "-m", "imgconv", "apply", str(source), str(ours), "-k", matrix]}
    commands["imgconv"] += ["--overwrite", "--quiet", *case.options]
    if vips:
        commands["vips"] = [vips, "conv", str(source), f"{theirs}{case.spec}", matrix, "--precision", "integer"]
    found: dict[str, list[Run]] = {tool: [] for tool in commands}
    for _ in range(runs):
        for tool, command in commands.items():
            found[tool].append(measured(command))
    best = {tool: min(some) for tool, some in found.items()}
    words = [f"{case.name:<16} {side}x{side}"]
    for tool, path in (("imgconv", ours), ("vips", theirs))[: len(best)]:
        peak, size = max(run.peak for run in found[tool]), path.stat().st_size / 1e6
        words.append(f"{tool} {best[tool].wall:.2f} s, {best[tool].processor:.2f} s, {peak} MB, {size:.0f} MB written")
        path.unlink()
    if vips:
        wall, processor = (best["vips"][k] / best["imgconv"][k] for k in range(2))
        words.append(f"ratios {wall:.2f}, {processor:.2f}")
    print("; ".join(words), flush=True)


def main() -> None:
    """Print a line for every case."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, default=30000, metavar="N", help="pixels of a side")
    parser.add_argument("--runs", type=int, default=3, metavar="R", help="runs of each tool")
    parser.add_argument("--only", default="", metavar="WORD", help="the cases whose names hold WORD")
    asked = parser.parse_args()
    vips = shutil.which("vips")
    total = sum(map(sum, KERNEL))
    print(f"5x5 kernel; wall time, processor time and peak of the memory, best of {asked.runs}")
    if not vips:
        print("vips is not there")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = "".join(" ".join(map(str, row)) + "\n" for row in KERNEL)
        (folder / "kernel.mat").write_text(f"5 5 {total}\n{lines}")
        for case in CASES:
            if asked.only in case.name:
                compare(case, folder, asked.side // case.part, asked.runs, vips)


if __name__ == "__main__":
    main()
