"""Rescaled kernels: with the gain ``range`` nothing is clipped, whatever the picture."""

import numpy as np
import pytest

from imgconv.api import convolve
from imgconv.errors import KernelFileError, KernelValueError, OptionError
from imgconv.kernels.gain import rescaled
from imgconv.kernels.library import catalogue, kernel
from imgconv.kernels.value import Combined, Kernel

LIBRARY = {
    entry.name: found
    for entry in catalogue()
    if isinstance(found := kernel(entry.name), Kernel | Combined) and getattr(found, "combine", "") != "angle"
}
RANDOM = np.random.default_rng(7)


def patterns(members):
    """Yield the choices of white samples under which taps of the members push results furthest."""
    yield from (member.taps > 0 for member in members)
    yield from (member.taps < 0 for member in members)
    for angle in np.arange(0, 2 * np.pi, 0.2):
        mix = np.cos(angle) * members[0].taps + np.sin(angle) * members[-1].taps
        yield mix > 0
    yield sum(member.taps for member in members) > 0
    yield sum(member.taps for member in members) < 0
    for _ in range(8):
        yield RANDOM.random(members[0].shape) < 0.5
    yield np.ones(members[0].shape, bool)


def results(fitted, members, top):
    """Return what the patterns make of a kernel that is laid on as written, by its definition."""
    seen = np.array([pattern.ravel() for pattern in patterns(members)], float) * top
    each = np.array([seen @ member.taps.ravel() + member.offset.at(top) for member in members])
    combine = {"magnitude": lambda: np.sqrt((each**2).sum(axis=0)), "max": lambda: each.max(axis=0)}
    return combine.get(getattr(fitted, "combine", ""), lambda: each.sum(axis=0))()


@pytest.mark.parametrize("map", [None, "clip", "abs", "offset"])
def test_nothing_is_clipped_by_any_kernel_of_the_library(map):
    for name, found in LIBRARY.items():
        fitted, shown = rescaled(found, "range", map), map or found.map or "clip"
        members = fitted.of if isinstance(fitted, Combined) else (fitted,)
        for top in (255.0, 65535.0):
            samples = results(fitted, members, top)
            if shown == "abs":
                samples = np.abs(samples)
            elif shown == "offset":
                samples = samples + (top + 1) / 2
            assert samples.min() >= -0.5 and samples.max() < top + 0.5, (name, shown, samples.min(), samples.max())


def test_the_range_is_used_as_far_as_the_taps_allow():
    for name, map in [("sobel-x", "abs"), ("sharpen8", "clip"), ("sobel", "clip"), ("emboss-grey", "clip")]:
        fitted = rescaled(kernel(name), "range", map)
        members = fitted.of if isinstance(fitted, Combined) else (fitted,)
        pictures = [pattern * np.uint8(255) for pattern in patterns(members)]
        made = np.array([convolve(one, fitted, padding="valid", correlate=True) for one in pictures])
        assert np.abs(made).max() > 252, name


def test_a_magnitude_is_bounded_by_its_farthest_corner():
    # The length is convex, so its largest value is at one of the 512 pictures of black and white.
    pictures = np.array([[number >> bit & 1 for bit in range(9)] for number in range(512)], float)
    for name in ("sobel", "prewitt", "scharr", "roberts", "frei-chen"):
        x, y = (pictures[:, : member.weights.size] @ member.taps.ravel() for member in kernel(name).of)
        assert kernel(name).bounds[1] == pytest.approx(np.hypot(x, y).max())


def test_sums_are_1_and_ramps_keep_their_slope():
    assert rescaled(kernel("1,2,1"), "sum").taps.tolist() == [[0.25, 0.5, 0.25]]
    assert rescaled(kernel("sobel-x"), "unit").ramp_gain == 1
    assert rescaled(kernel("sobel-x"), "raw") is kernel("sobel-x")
    assert rescaled(kernel("scharr-x"), "unit").integral


def test_refusals_name_the_way_out(tmp_path):
    with pytest.raises(
        KernelValueError, match="taps sum to 0, so no factor can make their sum 1; use --gain unit or range"
    ):
        rescaled(kernel("sobel-x"), "sum")
    with pytest.raises(KernelValueError, match="use --gain range"):
        rescaled(kernel("laplacian4"), "unit")
    with pytest.raises(OptionError, match="did you mean 'range'"):
        rescaled(kernel("box"), "rang")
    (tmp_path / "k.yaml").write_text("weights: [[1, -1]]\nnormalise: sum\n")
    with pytest.raises(KernelFileError, match="line 2, column 12: the taps sum to 0"):
        kernel(tmp_path / "k.yaml")
