"""Time the functions of layers against torch's, in one run.

    python benchmarks/layers.py [--threads N] [--best-of N] [--only WORD]

imgconv and torch take turns on the same float32 arrays, and the best of several turns counts, by the clock; "cpu" is
the ratio of processor time, which other users of the machine disturb less, but which torch's threads also spend waiting
for each other. A ratio is imgconv's time over torch's: below 1 imgconv is the faster one. torch is large, so it is in
no dependency group; where it is missing, imgconv's times are printed alone. "error" is the largest difference between
the two, as a part of the largest result.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from engines import in_turns, there


class Case(NamedTuple):
    """A call of the function `name`: shapes of arrays, or numbers, and keywords; `most` is the ratio not to exceed."""

    label: str
    name: str
    arguments: tuple[Any, ...]
    settings: dict[str, Any] = {}  # noqa: RUF012 - never changed
    most: float | None = None


WIDE = ((1, 64, 128, 128), (64, 64, 3, 3))
RGB = ((1, 3, 1024, 1024), (32, 3, 7, 7))
BY_2 = {"stride": 2}
PAD_1 = {"padding": 1}
CASES = [
    Case("conv 64 to 64, 3x3, 128x128", "conv2d", WIDE, PAD_1, 2),
    Case("conv RGB to 32, 7x7 by 2, 1024x1024", "conv2d", RGB, BY_2 | {"padding": 3}, 1),
    Case("depthwise 64, 3x3, 128x128", "conv2d", ((1, 64, 128, 128), (64, 1, 3, 3)), PAD_1 | {"groups": 64}, 1),
    Case("depthwise 64, 3x3, 256x256", "conv2d", ((1, 64, 256, 256), (64, 1, 3, 3)), PAD_1 | {"groups": 64}, 1),
    Case("max pool 2x2, 64 of 128x128", "max_pool2d", ((1, 64, 128, 128), 2), {}, 1),
    Case("max pool 2x2, 64 of 256x256", "max_pool2d", ((1, 64, 256, 256), 2), {}, 1),
    Case("max pool 3x3 by 2, 64 of 112x112", "max_pool2d", ((1, 64, 112, 112), 3, 2, 1)),
    Case("avg pool 2x2, 64 of 256x256", "avg_pool2d", ((1, 64, 256, 256), 2)),
    Case("pointwise 64 to 64, 128x128", "conv2d", ((1, 64, 128, 128), (64, 64, 1, 1))),
    Case("grouped 64 to 64 by 4, 3x3, 128x128", "conv2d", (WIDE[0], (64, 16, 3, 3)), PAD_1 | {"groups": 4}),
    Case("dilated by 2, 64 to 64, 3x3, 128x128", "conv2d", WIDE, {"padding": 2, "dilation": 2}),
    Case("transposed 64 to 32, 4x4 by 2, 64x64", "conv_transpose2d", ((1, 64, 64, 64), (64, 32, 4, 4)), BY_2 | PAD_1),
    Case("8 pictures, 32 to 64, 3x3, 56x56", "conv2d", ((8, 32, 56, 56), (64, 32, 3, 3)), PAD_1),
    Case("conv 256 to 256, 3x3, 28x28", "conv2d", ((1, 256, 28, 28), (256, 256, 3, 3)), PAD_1),
    Case("conv 512 to 512, 3x3, 14x14", "conv2d", ((1, 512, 14, 14), (512, 512, 3, 3)), PAD_1),
    Case("conv 512 to 512, 3x3, 7x7", "conv2d", ((1, 512, 7, 7), (512, 512, 3, 3)), PAD_1),
    Case("conv3d 16 to 32, 3x3x3, 16x56x56", "conv3d", ((1, 16, 16, 56, 56), (32, 16, 3, 3, 3)), PAD_1),
    Case("conv1d 64 to 64, 9, 8 of 4096", "conv1d", ((8, 64, 4096), (64, 64, 9)), {"padding": 4}),
    Case("bilinear, 3 of 512x512 by 2", "interpolate", ((1, 3, 512, 512),), {"scale_factor": 2, "mode": "bilinear"}),
    Case("bicubic, 3 of 512x512 by 2", "interpolate", ((1, 3, 512, 512),), {"scale_factor": 2, "mode": "bicubic"}),
]  # fmt: skip


def arrays(case: Case) -> list[Any]:
    """Return the arguments of a case, with noise for shapes."""
    rng = np.random.default_rng(1)
    return [rng.normal(size=a).astype(np.float32) if isinstance(a, tuple) else a for a in case.arguments]


def ours(case: Case, arguments: list[Any], threads: int) -> Callable[[], Any]:
    """Return imgconv's call."""
    import imgconv

    function = getattr(imgconv, case.name)
    return lambda: function(*arguments, **case.settings, threads=threads)


def theirs(case: Case, arguments: list[Any], threads: int) -> Callable[[], Any]:
    """Return torch's call."""
    import torch

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    function = getattr(torch.nn.functional, case.name)
    tensors = [torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in arguments]
    return lambda: function(*tensors, **case.settings)


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--best-of", type=int, default=40)
    parser.add_argument("--only", default="", help="cases whose label holds this word")
    args = parser.parse_args()
    peer = there("torch")
    print(f"{args.threads} threads, best of {args.best_of}, milliseconds")
    print(f"{'case':40} {'imgconv':>8} {'torch':>8} {'ratio':>6} {'most':>5} {'cpu':>6} {'error':>8}")
    for case in CASES:
        if args.only not in case.label:
            continue
        arguments = arrays(case)
        runs = {"imgconv": ours(case, arguments, args.threads)}
        if peer:
            runs["torch"] = theirs(case, arguments, args.threads)
        best = in_turns(runs, args.best_of, 2.0)
        line = f"{case.label:40} {best['imgconv'].wall:8.3f}"
        if peer:
            wanted = runs["torch"]().numpy()
            error = np.abs(runs["imgconv"]() - wanted).max() / np.abs(wanted).max()
            ratio = best["imgconv"].wall / best["torch"].wall
            lean = best["imgconv"].processor / best["torch"].processor
            most = "" if case.most is None else f"{case.most:g}"
            verdict = " short" if case.most and ratio > case.most else ""
            line += f" {best['torch'].wall:8.3f} {ratio:6.2f} {most:>5} {lean:6.2f} {error:8.1e}{verdict}"
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
