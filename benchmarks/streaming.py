"""Time ``imgconv apply`` on a TIFF image that is filtered some rows at a time, against ``vips conv``.

    python benchmarks/streaming.py [--side N] [--runs R] [--only COMPRESSION]

The image is square, grey, uint8, in tiles of 256x256, N = 30000 pixels a side unless told: a smooth pattern with noise,
uncompressed, deflated and in LZW, the last two of differences. Both write a file that is tiled and compressed as the
input is, through the same dense 5x5 kernel (libvips in integers, the way it is fastest). The two take turns. Printed
are the best wall time of each, the peak of its memory, and the ratio of the times; above 1, imgconv is faster. Files
are in the page cache, so what is timed is no disk; writing takes twice the image's space in the temporary folder.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from imgconv.image.model import TiffLayout
from imgconv.image.tiffwrite import Page, TiffSink, may_be_big

KERNEL = ((1, 4, 7, 4, 1), (4, 16, 26, 16, 4), (7, 26, 41, 26, 7), (4, 16, 26, 16, 4), (1, 4, 7, 4, 1))
COMPRESSIONS = {"none": 1, "deflate": 8, "lzw": 5}
TILE = 256
BLOCK = 1000


def make(path: Path, side: int, compression: int) -> None:
    """Write the image."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:BLOCK, :BLOCK]
    pattern = 128 + 60 * np.sin(x / 37) * np.cos(y / 23) + rng.normal(0, 6, (BLOCK, BLOCK))
    rows = np.tile(pattern.clip(0, 255).astype(np.uint8), (1, -(-side // BLOCK)))[:, :side, None]
    layout = TiffLayout(compression, compression > 1, (TILE, TILE))
    page = Page(width=side, height=side, channels=1, alpha=False, dtype=np.dtype(np.uint8), space="grey", layout=layout)
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
print(time.perf_counter() - begun, usage.ru_maxrss // 1024)
sys.exit(status != 0)
"""
"""Linux counts the memory of the process that starts another one into that one's peak, so a small one starts them."""


def measured(command: list[str]) -> tuple[float, int]:
    """Run a command; return its wall time in seconds and the peak of its memory in MB."""
    done = subprocess.run([sys.executable, "-c", STARTER, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr}")
    seconds, peak = done.stdout.split()
    return float(seconds), int(peak)


def main() -> None:
    """Print a line for every compression."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, default=30000, metavar="N", help="pixels of a side")
    parser.add_argument("--runs", type=int, default=3, metavar="R", help="runs of each tool")
    parser.add_argument("--only", choices=COMPRESSIONS, help="one compression alone")
    asked = parser.parse_args()
    vips = shutil.which("vips")
    total = sum(map(sum, KERNEL))
    print(f"{asked.side}x{asked.side} uint8, tiles of {TILE}x{TILE}, 5x5 kernel, best of {asked.runs}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        matrix = folder / "kernel.mat"
        matrix.write_text(f"5 5 {total}\n" + "".join(" ".join(map(str, row)) + "\n" for row in KERNEL))
        ours, theirs = folder / "imgconv.tif", folder / "vips.tif"
        for compression in [asked.only] if asked.only else COMPRESSIONS:
            source = folder / "input.tif"
            make(source, asked.side, COMPRESSIONS[compression])
            spec = f"tile,tile-width={TILE},tile-height={TILE},bigtiff,compression={compression}"
            spec += ",predictor=horizontal" * (compression != "none")
            commands = {
                "imgconv": [sys.executable, "-m", "imgconv", "apply", str(source), str(ours), "-k", str(matrix)]
            }
            commands["imgconv"] += ["--overwrite", "--quiet"]
            if vips:
                commands["vips"] = [vips, "conv", str(source), f"{theirs}[{spec}]", str(matrix)]
                commands["vips"] += ["--precision", "integer"]
            runs: dict[str, list[tuple[float, int]]] = {tool: [] for tool in commands}
            for _ in range(asked.runs):
                for tool, command in commands.items():
                    runs[tool].append(measured(command))
            best = {tool: min(seconds for seconds, _ in found) for tool, found in runs.items()}
            words = [f"{tool} {best[tool]:.2f} s, {max(peak for _, peak in runs[tool])} MB" for tool in runs]
            ratio = f"; ratio {best['vips'] / best['imgconv']:.2f}" if vips else "; vips is not there"
            print(f"{compression:<8} {'; '.join(words)}{ratio}", flush=True)


if __name__ == "__main__":
    main()
