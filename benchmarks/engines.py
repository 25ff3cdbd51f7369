"""Time the built-in engine against OpenCV, libvips and SciPy in one run, and how its cost grows.

    python benchmarks/engines.py [--threads N] [--best-of N] [--only WORD]
    python benchmarks/engines.py --curves [--svg FILE]

Every case is a 3000x2000 RGB image, border "edge", output of the same size and type. The contestants take turns,
and the best of several turns counts, by the clock; "cpu ratio" compares processor time instead, which other users
of the machine disturb less. Peers come from the `bench` dependency group; one that is missing is named and left
out. libvips runs in integer precision on integer taps, or, where taps are not integers, on taps rounded to its 8
bits, which makes it faster than an equally exact result would be.
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
from typing import Any, NamedTuple

import numpy as np

SHAPE = (2000, 3000, 3)
Run = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """One line of the table: taps as slid, the factors of separable ones, or a combined kernel of the library."""

    name: str
    taps: Any
    dtype: str = "uint8"
    sigma: float = 0.0
    least: float = 1.5
    combined: str = ""

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
        Case("sobel, length of x and y", np.ones((3, 3)), combined="sobel"),
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
    from imgconv.kernels.value import Kernel

    if case.combined:
        return lambda: convolve(image, case.combined, padding="same", border="edge", threads=threads, map="clip")
    kernel = Kernel(name=case.name, weights=case.taps)
    if np.all(case.taps == np.rint(case.taps)):
        kernel = kernel.with_gain("sum")
    return lambda: convolve(image, kernel, padding="same", border="edge", correlate=True, threads=threads, map="clip")


def opencv(case: Case, image: Any, threads: int) -> dict[str, Run]:
    """Return OpenCV's ways of doing the same."""
    import cv2

    cv2.setNumThreads(threads)
    edge, taps = cv2.BORDER_REPLICATE, case.taps / (case.taps.sum() or 1)
    if case.combined:

        def sobel() -> object:
            x, y = (cv2.Sobel(image, cv2.CV_32F, *axes, borderType=edge) for axes in ((1, 0), (0, 1)))
            return cv2.convertScaleAbs(cv2.magnitude(x, y))

        return {"cv2.Sobel": sobel}
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

    if case.combined:  # it adds the two magnitudes, which is less work than the length
        return {"vips sobel": lambda: whole.sobel().write_to_memory()}

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
    if case.combined:
        floats = plane.astype(np.float32)
        return {
            "scipy.ndimage": lambda: np.hypot(*(ndimage.sobel(floats, axis, mode="nearest") for axis in (0, 1))).clip(
                0, 255
            )
        }
    if case.row is not None:
        row = case.row
        return {
            "scipy.ndimage": lambda: ndimage.correlate1d(
                ndimage.correlate1d(plane, row, 0, mode="nearest"), row, 1, mode="nearest"
            )
        }
    return {"scipy.ndimage": lambda: ndimage.correlate(plane, taps, mode="nearest")}


PEERS = {"cv2": opencv, "pyvips": vips}


class Best(NamedTuple):
    """The best of several turns, in milliseconds: by the clock, and of processor time on all threads together."""

    wall: float = float("inf")
    processor: float = float("inf")


def in_turns(runs: dict[str, Run], best_of: int, seconds: float = 1.0) -> dict[str, Best]:
    """Return each run's best times.

    There are at least `best_of` turns, and more of them as long as the fast ones have taken less than `seconds`
    together: on a machine that others use too, a short run needs many tries to be left alone once. Runs that take
    more than 400 ms have three turns.
    """
    best, spent = dict.fromkeys(runs, Best()), dict.fromkeys(runs, 0.0)
    turn = 0
    while turn < best_of or (min(spent.values()) < seconds * 1e3 and turn < 100):
        for name, run in runs.items():
            if turn > 2 and best[name].wall > 400:
                continue
            start, used = time.perf_counter(), time.process_time()
            run()
            took = (time.perf_counter() - start) * 1e3
            used = (time.process_time() - used) * 1e3
            best[name] = Best(min(best[name].wall, took), min(best[name].processor, used))
            spent[name] += took
        turn += 1
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
    heads = ("case", "imgconv", "fastest peer", "", "ratio", "least", "cpu ratio", "scipy", "x", "GMAC/s")
    print("{:26} {:>8} {:>17} {:>8} {:>6} {:>5} {:>9} {:>8} {:>5} {:>7}  way".format(*heads))
    for case in cases():
        if args.only not in case.name:
            continue
        image = image_of(case.dtype)
        runs = {"imgconv": ours(case, image, args.threads)}
        for peer in present.values():
            runs |= peer(case, image, args.threads)
        best = in_turns(runs, args.best_of)
        mine = best.pop("imgconv")
        fastest = min(best, key=lambda name: best[name].wall) if best else "none"
        ratio = best[fastest].wall / mine.wall if best else float("nan")
        lean = min((peer.processor for peer in best.values()), default=float("nan")) / mine.processor
        slow = 0.0
        if case.taps.size < 1000:
            slow = 3 * min(each.wall for each in in_turns(scipy(case, image, 1), 1, 0).values())
        from imgconv.border import Border
        from imgconv.engines._bands import suited
        from imgconv.kernels.value import Kernel
        from imgconv.tone import Tone

        both = extent((SHAPE[1], SHAPE[0]), case.taps.shape[::-1], padding=Padding("same"))
        kernel = Kernel(name="", weights=case.taps)
        job = engines.Job.of(kernel.with_gain("sum") if kernel.integral else kernel, both, Border("edge"), 255)
        way = suited(engines.get("builtin").prepare(job, SHAPE, image.dtype), Tone("clip", image.dtype)).reason
        way = "both members side by side, and their length" if case.combined else way
        rate = case.taps.size * (2 if case.combined else 1) * image.size / mine.wall / 1e6
        share = f" ({rate / most:.0%})" if most else ""
        verdict = "" if not best or ratio >= case.least else " short"
        print(
            f"{case.name:26} {mine.wall:8.2f} {fastest:>17} {best.get(fastest, Best()).wall:8.2f} {ratio:6.2f}"
            f" {case.least:5.1f} {lean:9.2f} {slow:8.0f} {slow / mine.wall:5.0f} {rate:7.0f}{share}  {way}{verdict}",
            flush=True,
        )


def curves(args: argparse.Namespace) -> None:
    """Print how the cost grows with the kernel and with the image, and draw both."""
    present = {name: peer for name, peer in PEERS.items() if there(name)}
    sizes = (3, 5, 7, 9, 11, 15, 21, 31, 41, 51, 71, 101)
    rng = np.random.default_rng(1)
    image = image_of("uint8", (1000, 1500, 3))
    by_kernel: dict[str, list[tuple[float, float]]] = {}
    print("dense taps on 1500x1000 RGB uint8: nanoseconds a sample, by the kernel's side")
    for size in sizes:
        case = Case("dense", rng.integers(1, 101, (size, size)).astype(float))
        row = turns_of(case, image, present if size <= 51 else {}, args)
        for name, value in row.items():
            by_kernel.setdefault(name, []).append((size, value * 1e6 / image.size))
        print(
            f"{size:4}  " + "  ".join(f"{name} {value * 1e6 / image.size:.2f}" for name, value in row.items()),
            flush=True,
        )
    by_image: dict[str, list[tuple[float, float]]] = {}
    print("dense 5x5 on RGB uint8: milliseconds, by megapixels")
    case = Case("dense", rng.integers(1, 101, (5, 5)).astype(float))
    for megapixels in (0.1, 0.3, 1, 3, 10, 30, 100):
        side = round((megapixels * 1e6) ** 0.5)
        row = turns_of(case, image_of("uint8", (side, side, 3)), present, args)
        for name, value in row.items():
            by_image.setdefault(name, []).append((megapixels, value))
        print(f"{megapixels:5}  " + "  ".join(f"{name} {value:.2f}" for name, value in row.items()), flush=True)
    if args.svg:
        left = panel(by_kernel, 0, "dense kernel, side in taps", "ns a sample")
        right = panel(by_image, 500, "dense 5x5, megapixels", "ms")
        Path(args.svg).write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 340" font-family="sans-serif" font-size="12">'
            f'<rect width="1000" height="340" fill="white"/>{left}{right}</svg>\n'
        )


def turns_of(case: Case, image: Any, present: dict[str, Any], args: argparse.Namespace) -> dict[str, float]:
    """Return everyone's best time at one point of a curve."""
    runs = {"imgconv": ours(case, image, args.threads)}
    for peer in present.values():
        runs |= peer(case, image, args.threads)
    return {name: best.wall for name, best in in_turns(runs, 3, 0.5).items()}


COLOURS = ("#c0392b", "#2c6fbb", "#7a9a3a", "#8e6bb0")


def panel(lines: dict[str, list[tuple[float, float]]], left: int, across: str, up: str) -> str:
    """Return one diagram with both axes logarithmic as SVG."""
    xs = np.log10([x for line in lines.values() for x, _ in line])
    ys = np.log10([y for line in lines.values() for _, y in line])
    low, high = (xs.min(), ys.min()), (xs.max(), ys.max())

    def at(x: float, y: float) -> str:
        across_ = left + 60 + 330 * (np.log10(x) - low[0]) / (high[0] - low[0])
        return f"{across_:.1f},{270 - 230 * (np.log10(y) - low[1]) / (high[1] - low[1]):.1f}"

    parts = [f'<text x="{left + 225}" y="318" text-anchor="middle">{across}</text>']
    parts.append(f'<text x="{left + 60}" y="24">{up}</text>')
    shown = -np.inf
    for x in sorted({x for line in lines.values() for x, _ in line}):
        where, base = at(x, 10 ** low[1]).split(",")
        if float(where) - shown >= 26:  # so that no number touches the next
            shown = float(where)
            parts.append(f'<text x="{where}" y="{float(base) + 20:.0f}" text-anchor="middle" fill="#555">{x:g}</text>')
    for power in range(int(np.ceil(low[1])), int(np.floor(high[1])) + 1):
        height = at(10 ** low[0], 10.0**power).split(",")[1]
        parts.append(
            f'<text x="{left + 52}" y="{float(height) + 4:.1f}" text-anchor="end" fill="#555">{10.0**power:g}</text>'
        )
        parts.append(f'<path d="M{left + 60},{height} h330" stroke="#ddd"/>')
    ends = []
    for (name, line), colour in zip(lines.items(), COLOURS, strict=False):
        points = " ".join(at(x, y) for x, y in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = (float(place) for place in at(*line[-1]).split(","))
        ends.append((y, x, name, colour))
    lowest = -np.inf
    for y, x, name, colour in sorted(ends):
        lowest = max(y + 4, lowest + 14)  # so that no name lies on another
        parts.append(f'<text x="{x + 6:.0f}" y="{lowest:.0f}" fill="{colour}">{name}</text>')
    return "".join(parts)


def copy_time() -> float:
    """Return the milliseconds that a plain copy of the uint8 image takes."""
    image = image_of("uint8")
    return in_turns({"copy": image.copy}, 15)["copy"].wall


def there(name: str) -> bool:
    """Whether a peer can be imported; says so where it cannot."""
    try:
        importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed, so it is left out")
        return False
    except OSError as fault:  # its Python package is there, the library that it calls is not
        print(f"{name} is left out, as its library cannot be loaded ({str(fault).partition(chr(10))[0]})")
        return False
    return True


def main() -> None:
    """Read the options and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--best-of", type=int, default=7)
    parser.add_argument("--only", default="", help="cases whose name holds this word")
    parser.add_argument("--curves", action="store_true", help="how cost grows, instead of the table")
    parser.add_argument("--svg", help="draw the curves into this file")
    args = parser.parse_args()
    os.environ["VIPS_CONCURRENCY"] = str(args.threads)
    (curves if args.curves else table)(args)


if __name__ == "__main__":
    sys.exit(main())
