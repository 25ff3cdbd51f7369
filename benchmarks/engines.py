"""Time the built-in engine against OpenCV, libvips and SciPy in one run, and how its cost grows.

    python benchmarks/engines.py [--threads N] [--best-of N] [--only WORD] [--curves] [--svg FILE]

Every case is a 3000x2000 RGB image, border "edge", output of the same size and type. The contestants take turns,
and the best of several turns counts. Peers come from the `bench` dependency group; one that is missing is named
and left out. libvips runs in integer precision on integer taps, or, where taps are not integers, on taps rounded
to its 8 bits, which makes it faster than an equally exact result would be.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SHAPE = (2000, 3000, 3)
Run = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """One line of the table: taps as slid, or the factors of separable ones."""

    name: str
    taps: Any
    dtype: str = "uint8"
    sigma: float = 0.0
    least: float = 1.5

    @property
    def row(self) -> Any:
        """One factor of separable taps, or None."""
        return gaussian(self.sigma, len(self.taps)) if self.sigma else None


def gaussian(sigma: float, size: int) -> Any:
    """Return the taps of a Gaussian, which sum to 1."""
    at = np.arange(size) - size // 2
    taps = np.exp(-(at**2) / (2 * sigma**2))
    return taps / taps.sum()


def disk(radius: int) -> Any:
    """Return a disk of ones."""
    at = np.arange(-radius, radius + 1)
    return (at[:, None] ** 2 + at**2 <= radius**2).astype(float)


def cases() -> list[Case]:
    """Return the table's lines: issue, figure to reach at least."""
    rng = np.random.default_rng(1)

    def dense(size: int) -> Any:
        return rng.integers(1, 101, (size, size)).astype(float)

    def real(size: int) -> Any:
        taps = rng.random((size, size))
        return taps / taps.sum()

    sharpen = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], float)
    blurs = [Case(f"gaussian {n}x{n}", np.outer(g, g), sigma=s) for n, s in ((5, 1.0), (15, 2.5), (61, 10.0))
             for g in (gaussian(s, n),)]  # fmt: skip
    return [
        Case("sharpen 3x3", sharpen),
        *(Case(f"dense {n}x{n}, integers", dense(n), least=x) for n, x in ((5, 2), (9, 2), (15, 5), (31, 3))),
        *(Case(f"dense {n}x{n}, real", real(n), least=x) for n, x in ((5, 2), (9, 2), (15, 5), (31, 3))),
        Case("disk 51x51, ones", disk(25), least=3),
        Case("disk 51x51, real", disk(25) * 0.0005, least=3),
        *blurs,
        Case("dense 5x5, real, uint16", real(5), "uint16"),
        Case("dense 5x5, real, float32", real(5), "float32"),
    ]


def image_of(dtype: str, shape: tuple[int, int, int] = SHAPE) -> Any:
    """Return noise over the type's whole range: the hardest picture, because results are clipped everywhere."""
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    if dtype == "uint16":
        return noise.astype(np.uint16) * 257
    return noise.astype(np.float32) / 255 if dtype == "float32" else noise


def ours(case: Case, image: Any, threads: int) -> Run:
    """Return the call to time."""
    from imgconv import convolve

    # Integer taps over their sum stay integers over a divisor.
    from imgconv.kernelvalue import Kernel

    kernel = Kernel(name=case.name, weights=case.taps)
    if np.all(case.taps == np.rint(case.taps)):
        kernel = kernel.with_gain("sum")
    return lambda: convolve(image, kernel, padding="same", border="edge", correlate=True, threads=threads, map="clip")


def opencv(case: Case, image: Any, threads: int) -> dict[str, Run]:
    """Return OpenCV's ways of doing the same."""
    import cv2

    cv2.setNumThreads(threads)
    edge, taps = cv2.BORDER_REPLICATE, case.taps / (case.taps.sum() or 1)
    runs: dict[str, Run] = {"cv2.filter2D": lambda: cv2.filter2D(image, -1, taps, borderType=edge)}
    if case.row is not None:
        row, size = case.row, (len(case.row),) * 2
        runs["cv2.sepFilter2D"] = lambda: cv2.sepFilter2D(image, -1, row, row, borderType=edge)
        runs["cv2.GaussianBlur"] = lambda: cv2.GaussianBlur(image, size, case.sigma, borderType=edge)
    return runs


def vips(case: Case, image: Any, threads: int) -> dict[str, Run]:
    """Return libvips' ways of doing the same."""
    os.environ["VIPS_CONCURRENCY"] = str(threads)
    import pyvips

    kinds = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}
    whole = pyvips.Image.new_from_memory(image.data, image.shape[1], image.shape[0], 3, kinds[str(image.dtype)])

    def mask(taps: Any) -> Any:
        if not np.all(taps == np.rint(taps)):
            taps = np.rint(taps * (127 / np.abs(taps).max()))
        return pyvips.Image.new_from_array(taps.tolist(), scale=float(taps.sum()) or 1.0)

    precision = "float" if case.dtype == "float32" else "integer"
    flat = mask(case.taps)
    runs: dict[str, Run] = {"vips conv": lambda: whole.conv(flat, precision=precision).write_to_memory()}
    if case.row is not None:
        line = mask(case.row[None])
        runs["vips convsep"] = lambda: whole.convsep(line, precision=precision).write_to_memory()
    return runs


def scipy(case: Case, image: Any, threads: int) -> dict[str, Run]:
    """Return SciPy's way of doing the same, on one channel, which takes a third of the time."""
    from scipy import ndimage

    plane, taps = np.ascontiguousarray(image[:, :, 0]), case.taps / (case.taps.sum() or 1)
    if case.row is not None:
        row = case.row
        return {
            "scipy.ndimage": lambda: ndimage.correlate1d(
                ndimage.correlate1d(plane, row, 0, mode="nearest"), row, 1, mode="nearest"
            )
        }
    return {"scipy.ndimage": lambda: ndimage.correlate(plane, taps, mode="nearest")}


PEERS = {"cv2": opencv, "pyvips": vips}


def in_turns(runs: dict[str, Run], best_of: int) -> dict[str, float]:
    """Return each run's best time in milliseconds; slow ones take part in fewer turns."""
    best = dict.fromkeys(runs, float("inf"))
    for turn in range(best_of):
        for name, run in runs.items():
            if turn > 1 and best[name] > 400:
                continue
            start = time.perf_counter()
            run()
            best[name] = min(best[name], (time.perf_counter() - start) * 1e3)
    return best


def peak(threads: int) -> float:
    """Return the machine's measured float32 multiply-adds in billions a second, or 0 without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return 0.0
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "peak"
        source = Path(__file__).with_name("peak.c")
        subprocess.run([compiler, "-O3", "-march=native", "-o", program, source], check=True)
        best = 0.0
        for _ in range(5):
            running = [subprocess.Popen([program], stdout=subprocess.PIPE, text=True) for _ in range(threads)]
            best = max(best, sum(float(one.communicate()[0]) for one in running))
    return best


def table(args: argparse.Namespace) -> None:
    """Print the table."""
    from imgconv import engines
    from imgconv.geometry import Padding, extent

    present = {name: peer for name, peer in PEERS.items() if there(name)}
    most = peak(args.threads)
    print(f"{args.threads} threads, best of {args.best_of}, milliseconds; copy {copy_time():.2f};"
          f" FMA peak {most:.0f} GMAC/s")  # fmt: skip
    print(
        f"{'case':26} {'imgconv':>8} {'fastest peer':>26} {'ratio':>6} {'least':>5} {'scipy':>8} {'x':>5} {'GMAC/s':>7}  way"
    )
    for case in cases():
        if args.only not in case.name:
            continue
        image = image_of(case.dtype)
        runs = {"imgconv": ours(case, image, args.threads)}
        for peer in present.values():
            runs |= peer(case, image, args.threads)
        best = in_turns(runs, args.best_of)
        mine = best.pop("imgconv")
        fastest = min(best, key=lambda name: best[name]) if best else "none"
        ratio = best[fastest] / mine if best else float("nan")
        slow = 3 * min(in_turns(scipy(case, image, 1), 1).values()) / args.threads if case.taps.size < 1000 else 0
        from imgconv.border import Border
        from imgconv.engines._bands import suited
        from imgconv.kernelvalue import Kernel
        from imgconv.tone import Tone

        both = extent((SHAPE[1], SHAPE[0]), case.taps.shape[::-1], padding=Padding("same"))
        kernel = Kernel(name="", weights=case.taps)
        job = engines.Job.of(kernel.with_gain("sum") if kernel.integral else kernel, both, Border("edge"), 255)
        way = suited(engines.get("builtin").prepare(job, SHAPE, image.dtype), Tone("clip", image.dtype)).reason
        rate = case.taps.size * image.size / mine / 1e6
        share = f" ({rate / most:.0%})" if most else ""
        verdict = "" if not best or ratio >= case.least else " short"
        print(f"{case.name:26} {mine:8.2f} {fastest:>17} {best.get(fastest, 0):8.2f} {ratio:6.2f} {case.least:5.1f}"
              f" {slow:8.0f} {slow / mine:5.0f} {rate:7.0f}{share}  {way}{verdict}", flush=True)  # fmt: skip


def copy_time() -> float:
    """Return the milliseconds that a plain copy of the uint8 image takes."""
    image = image_of("uint8")
    return min(in_turns({"copy": image.copy}, 15).values())


def there(name: str) -> bool:
    """Whether a peer can be imported; says so where it cannot."""
    try:
        importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed, so it is left out")
        return False
    return True


def main() -> None:
    """Read the options and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--best-of", type=int, default=7)
    parser.add_argument("--only", default="", help="cases whose name holds this word")
    args = parser.parse_args()
    os.environ["VIPS_CONCURRENCY"] = str(args.threads)
    table(args)


if __name__ == "__main__":
    sys.exit(main())
