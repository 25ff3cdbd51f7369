"""The kernels that ship: laws that every file keeps, and each one against an independent source.

The laws are checked for whatever YAML lies in the folder, so a new kernel is checked without a line here.
"""

import re
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.color
import skimage.filters
from PIL import Image, ImageFilter
from scipy import ndimage, special

from imgconv.kernels import parametric
from imgconv.kernels.library import kernel
from imgconv.kernels.value import Combined, Kernel, Pointwise
from imgconv.yamlreader import events as yamlfile

FOLDER = Path(import_module("imgconv.kernels.data").__path__[0])
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
MADE = {name: kernel(name) for name in NAMES}
MATRICES = [name for name in NAMES if isinstance(MADE[name], Kernel)]
COMBINED = [name for name in NAMES if isinstance(MADE[name], Combined)]
POINTWISE = [name for name in NAMES if isinstance(MADE[name], Pointwise)]

Y, X = np.mgrid[-6:7, -6:7].astype(float)
PICTURE = np.random.default_rng(5).uniform(0, 255, (24, 27))


def taps(name: str) -> np.ndarray:
    return MADE[name].taps


def mask(name: str) -> np.ndarray:
    """The correlation mask, as books print it."""
    return taps(name)[::-1, ::-1]


def answer(name: str, picture: np.ndarray) -> float:
    """What convolving gives in the middle of the picture."""
    return ndimage.convolve(picture, taps(name))[picture.shape[0] // 2, picture.shape[1] // 2]


def inside(picture: np.ndarray, reach: int = 4) -> np.ndarray:
    return picture[reach:-reach, reach:-reach]


# --- laws of every file


@pytest.mark.parametrize("name", NAMES)
def test_every_file_says_what_it_is(name):
    written = yamlfile.load((FOLDER / f"{name}.yaml").read_bytes(), name).value
    assert list(written)[:4] == ["name", "summary", "source", "class"]
    assert written["name"] == MADE[name].name == name
    assert re.fullmatch(r"[A-Z][^.]*(\.\d[^.]*)*\.", written["summary"]), "one sentence"
    assert written["source"]
    assert written["class"] != "other"


@pytest.mark.parametrize("name", MATRICES)
def test_the_sum_and_the_map_are_those_of_the_class(name):
    made = MADE[name]
    total = {"smooth": 1, "sharpen": 1, "derivative": 0, "bank": 0, "upsample": 4}.get(made.kind)
    if name == "frei-chen-9":
        total = 3
    if total is not None:
        assert made.sum == pytest.approx(total, abs=1e-12)
    zero_sum = made.kind in ("derivative", "bank") and name != "frei-chen-9"
    assert made.map == ("abs" if zero_sum else None)
    if name not in SKEWED:
        assert made.integral, "integers over a divisor are exact"


SKEWED = (
    {f"frei-chen-{axis}" for axis in (*"xy1234",)}
    | {f"rotation-invariant-{axis}" for axis in "xy"}
    | {f"farid-{axis}" for axis in "xy"}
)


@pytest.mark.parametrize("name", [name for name in MATRICES if re.search("-[xy]$", name)])
def test_directions_have_the_usual_sign(name):
    along, across = (X, Y) if name.endswith("x") else (Y, X)
    assert answer(name, along) > 0
    assert answer(name, across) == pytest.approx(0, abs=1e-12)
    np.testing.assert_array_equal(taps(name), taps(name[:-1] + ("y" if name.endswith("x") else "x")).T)


@pytest.mark.parametrize("name", COMBINED)
def test_combined_kernels(name):
    made = MADE[name]
    assert made.map is None
    if made.combine in ("magnitude", "angle") and all(re.search("-[xy]$", member.name) for member in made.of):
        assert [member.name[-1] for member in made.of] == ["x", "y"]
    if made.combine == "max":
        assert len({member.taps.tobytes() for member in made.of}) == len(made.of)


@pytest.mark.parametrize("name", sorted(set(NAMES) & set(parametric.names()) - {"emboss"}))
def test_a_fixed_kernel_is_its_parametric_namesake_with_defaults(name):
    # (the fixed emboss keeps the picture's colours; with an angle it is a relief)
    fixed, computed = MADE[name], parametric.get(name).from_text(name, {})
    assert type(fixed) is type(computed)
    if isinstance(fixed, Combined):
        pairs = zip(fixed.of, computed.of, strict=True)
        assert all(np.array_equal(one.taps, other.taps) for one, other in pairs)
    elif isinstance(fixed, Pointwise):
        np.testing.assert_allclose(fixed.matrix, computed.matrix)
    else:
        np.testing.assert_allclose(fixed.taps, computed.taps)


# --- smoothing


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("gaussian3", cv2.getGaussianKernel(3, 0).ravel()),
        ("gaussian5", cv2.getGaussianKernel(5, 0).ravel()),
        ("gaussian7-cv", cv2.getGaussianKernel(7, 0).ravel()),
        ("gaussian7", special.comb(6, np.arange(7)) / 64),
    ],
)
def test_gaussians(name, row):
    np.testing.assert_allclose(taps(name), np.outer(row, row), rtol=1e-12)
    assert MADE[name].rank == 1


PILLOW = {
    "smooth": ImageFilter.SMOOTH,
    "smooth-more": ImageFilter.SMOOTH_MORE,
    "blur-ring": ImageFilter.BLUR,
    "sharpen8": ImageFilter.EDGE_ENHANCE_MORE,
    "sharpen-soft": ImageFilter.SHARPEN,
    "edge-enhance": ImageFilter.EDGE_ENHANCE,
    "detail": ImageFilter.DETAIL,
    "find-edges": ImageFilter.FIND_EDGES,
    "contour": ImageFilter.CONTOUR,
    "emboss-relief": ImageFilter.EMBOSS,
}


@pytest.mark.parametrize("name", PILLOW)
def test_pillow_filters_a_picture_the_same(name):
    picture = np.rint(PICTURE).astype(np.uint8)
    theirs = np.asarray(Image.fromarray(picture).filter(PILLOW[name]))
    made = MADE[name]
    # Pillow lays the rows of its kernels from the bottom up.
    laid = made.slid().taps[::-1] if name == "emboss-relief" else made.slid().taps
    ours = ndimage.correlate(picture.astype(float), laid) + made.offset.at(255)
    difference = np.clip(ours, 0, 255) - theirs
    assert np.abs(inside(difference)).max() <= 1


# --- first derivatives


@pytest.mark.parametrize(("name", "size"), [("sobel", 3), ("sobel5", 5), ("sobel7", 7), ("scharr", cv2.FILTER_SCHARR)])
def test_opencv_has_the_same_gradients(name, size):
    slope, smooth = (row.ravel() for row in cv2.getDerivKernels(1, 0, size))
    np.testing.assert_array_equal(mask(f"{name}-x"), np.outer(smooth, slope))
    slope, smooth = (row.ravel() for row in cv2.getDerivKernels(0, 1, size)[::-1])
    np.testing.assert_array_equal(mask(f"{name}-y"), np.outer(slope, smooth))


@pytest.mark.parametrize(
    ("name", "theirs", "factor"),
    [
        ("sobel-x", skimage.filters.sobel_v, 4),
        ("sobel-y", skimage.filters.sobel_h, 4),
        ("prewitt-x", skimage.filters.prewitt_v, 3),
        ("prewitt-y", skimage.filters.prewitt_h, 3),
        ("scharr-x", skimage.filters.scharr_v, 16),
        ("scharr-y", skimage.filters.scharr_h, 16),
        ("farid-x", skimage.filters.farid_v, 1),
        ("farid-y", skimage.filters.farid_h, 1),
        ("roberts-pd", skimage.filters.roberts_pos_diag, 1),
        ("roberts-nd", skimage.filters.roberts_neg_diag, 1),
        ("sobel-x", lambda picture: ndimage.sobel(picture, 1), 1),
        ("sobel-y", lambda picture: ndimage.sobel(picture, 0), 1),
        ("prewitt-x", lambda picture: ndimage.prewitt(picture, 1), 1),
        ("prewitt-y", lambda picture: ndimage.prewitt(picture, 0), 1),
        ("laplacian4", ndimage.laplace, 1),
        ("laplacian4", skimage.filters.laplace, -1),
        ("laplacian4", lambda picture: cv2.Laplacian(picture, cv2.CV_64F, ksize=1), 1),
        ("laplacian-diag", lambda picture: cv2.Laplacian(picture, cv2.CV_64F, ksize=3), 1),
    ],
)
def test_scipy_scikit_image_and_opencv_filter_a_picture_the_same(name, theirs, factor):
    ours = ndimage.convolve(PICTURE, taps(name))
    np.testing.assert_allclose(inside(ours), inside(theirs(PICTURE) * factor), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["sobel", "prewitt", "scharr", "roberts", "farid"])
def test_magnitudes_of_scikit_image(name):
    made = MADE[name]
    assert made.combine == "magnitude"
    ours = np.sqrt(sum(ndimage.convolve(PICTURE, member.taps) ** 2 for member in made.of))
    factor = {"sobel": 4, "prewitt": 3, "scharr": 16}.get(name, 1) * np.sqrt(2)  # it divides by sqrt(2)
    theirs = getattr(skimage.filters, name)(PICTURE)
    np.testing.assert_allclose(inside(ours), inside(theirs * factor), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "raw", "positive"),
    [
        ("central", 2, 1),
        ("forward", 1, 1),
        ("backward", 1, 1),
        ("sobel", 8, 4),
        ("sobel5", 128, 48),
        ("prewitt", 6, 3),
        ("scharr", 32, 16),
        ("frei-chen", 4 + 2 * np.sqrt(2), 2 + np.sqrt(2)),
        ("rotation-invariant", 1, 0.5),
    ],
)
def test_gains_of_first_derivatives(name, raw, positive):
    for axis, ramp in (("x", X), ("y", Y)):
        assert answer(f"{name}-{axis}", ramp) == pytest.approx(raw)
        assert MADE[f"{name}-{axis}"].ramp_gain == pytest.approx(raw)
        assert MADE[f"{name}-{axis}"].positive_sum == pytest.approx(positive)


@pytest.mark.parametrize(("name", "ahead", "behind"), [("central", 1, -1), ("forward", 1, 0), ("backward", 0, -1)])
def test_differences(name, ahead, behind):
    difference = np.roll(PICTURE, -ahead, 1) - np.roll(PICTURE, -behind, 1)
    np.testing.assert_allclose(inside(ndimage.convolve(PICTURE, taps(f"{name}-x"))), inside(difference))


@pytest.mark.parametrize("name", ["sobel-angle", "prewitt-angle", "scharr-angle"])
def test_angles_are_taken_of_x_and_y(name):
    assert MADE[name].combine == "angle"
    assert [member.name for member in MADE[name].of] == [f"{name[:-6]}-x", f"{name[:-6]}-y"]


# --- second derivatives


@pytest.mark.parametrize(
    ("name", "curvature"),
    [
        ("laplacian4", 2),
        ("laplacian8", 6),
        ("laplacian-diag", 8),
        ("laplacian9", 2),
        ("laplacian5", None),
        ("laplacian7", None),
        ("log5", None),
        ("log9", None),
    ],
)
def test_laplacians_answer_alike_to_both_axes_and_are_negative_on_bright_spots(name, curvature):
    assert taps(name)[taps(name).shape[0] // 2, taps(name).shape[1] // 2] < 0
    np.testing.assert_array_equal(taps(name), np.rot90(taps(name)))
    np.testing.assert_array_equal(taps(name), taps(name).T)
    assert answer(name, X**2) > 0
    if curvature:
        assert answer(name, X**2) == pytest.approx(curvature)


@pytest.mark.parametrize(("name", "sigma"), [("log5", 0.5), ("log9", 1.4)])
def test_laplacians_of_gaussians_have_the_shape_of_their_formula(name, sigma):
    reach = taps(name).shape[0] // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    squared = x**2 + y**2
    formula = (squared - 2 * sigma**2) * np.exp(-squared / (2 * sigma**2))
    assert np.corrcoef(taps(name).ravel(), formula.ravel())[0, 1] > 0.99


def test_second_differences():
    assert answer("hessian-xx", X**2 + 5 * Y**2 + X * Y) == 2
    assert answer("hessian-yy", X**2 + 5 * Y**2 + X * Y) == 10
    assert answer("hessian-xy", X**2 + 5 * Y**2 + X * Y) == 1


# --- banks

COMPASS = ["n", "nw", "w", "sw", "s", "se", "e", "ne"]
TOWARDS = {"n": (0, -1), "nw": (-1, -1), "w": (-1, 0), "sw": (-1, 1)}
TOWARDS |= {"s": (0, 1), "se": (1, 1), "e": (1, 0), "ne": (1, -1)}
RING = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]


@pytest.mark.parametrize("bank", ["kirsch", "robinson3", "robinson5", "prewitt8"])
def test_compass_members_are_one_mask_turned(bank):
    rings = [[mask(f"{bank}-{point}")[at] for at in RING] for point in COMPASS]
    for before, after in pairwise([*rings, rings[0]]):
        assert after == before[1:] + before[:1]  # one place counter-clockwise
    for point in COMPASS:
        x, y = TOWARDS[point]
        answers = {other: answer(f"{bank}-{other}", np.sign(x * X + y * Y)) for other in COMPASS}
        assert max(answers, key=answers.get) == point
    assert [member.name for member in MADE[bank].of] == [f"{bank}-{point}" for point in COMPASS]


def test_compass_masks_as_printed():
    assert mask("kirsch-n").tolist() == [[5, 5, 5], [-3, 0, -3], [-3, -3, -3]]
    assert mask("robinson3-n").tolist() == [[1, 1, 1], [1, -2, 1], [-1, -1, -1]]
    for x, y, bank in (("sobel-x", "sobel-y", "robinson5"), ("prewitt-x", "prewitt-y", "prewitt8")):
        np.testing.assert_array_equal(taps(f"{bank}-e"), taps(x))
        np.testing.assert_array_equal(taps(f"{bank}-s"), taps(y))
    assert [member.name for member in MADE["robinson"].of] == [member.name for member in MADE["robinson5"].of]


def test_lines_answer_to_their_own_direction():
    pictures = {"0": Y == 0, "45": X == -Y, "90": X == 0, "135": X == Y}
    for angle, picture in pictures.items():
        answers = {other: answer(f"line-{other}", picture.astype(float)) for other in pictures}
        assert max(answers, key=answers.get) == angle
        assert answers[angle] == 6
    np.testing.assert_array_equal(taps("line-90"), taps("line-0").T)
    np.testing.assert_array_equal(taps("line-135"), taps("line-45")[::-1])
    assert answer("point", ((X == 0) & (Y == 0)).astype(float)) == 8


def test_the_frei_chen_basis_is_orthonormal():
    basis = np.array([mask(f"frei-chen-{member}").ravel() for member in range(1, 10)])
    np.testing.assert_allclose(basis @ basis.T, np.eye(9), atol=1e-15)
    np.testing.assert_allclose(mask("frei-chen-x") / (2 * np.sqrt(2)), -mask("frei-chen-2"), atol=1e-15)
    assert [member.name for member in MADE["frei-chen-edge"].of] == [f"frei-chen-{n}" for n in (1, 2, 3, 4)]
    assert [member.name for member in MADE["frei-chen-line"].of] == [f"frei-chen-{n}" for n in (5, 6, 7, 8)]


def test_nevatia_babu_members_are_turned_by_quarters_and_steps():
    angles = range(0, 360, 30)
    for angle in angles:
        turned = mask(f"nevatia-babu-{(angle + 90) % 360}")
        np.testing.assert_array_equal(turned, np.rot90(mask(f"nevatia-babu-{angle}")))
        up = np.deg2rad(angle + 90)
        edge = np.sign(np.round(np.cos(up) * X - np.sin(up) * Y, 9))  # brighter on that side
        answers = {other: answer(f"nevatia-babu-{other}", edge) for other in angles}
        assert max(answers, key=answers.get) == angle
    assert mask("nevatia-babu-30")[1].tolist() == [100, 100, 100, 78, -32]


def test_laws_masks_are_products_of_three_short_ones():
    level, edge, spot = np.array([1, 2, 1]), np.array([-1, 0, 1]), np.array([-1, 2, -1])
    rows = {
        "l": np.convolve(level, level),
        "e": np.convolve(level, edge),
        "s": np.convolve(level, spot),
        "w": -np.convolve(edge, spot),
        "r": np.convolve(spot, spot),
    }
    for down, column in rows.items():
        for along, row in rows.items():
            scale = 256 if down == along == "l" else 1
            np.testing.assert_array_equal(mask(f"laws-{down}5{along}5") * scale, np.outer(column, row))


# --- sharpening and relief


@pytest.mark.parametrize(
    ("name", "taken", "times"),
    [
        ("sharpen", "laplacian4", 1),
        ("sharpen8", "laplacian8", 1),
        ("sharpen-soft", "laplacian8", 1 / 8),
        ("sharpen-mild", "laplacian8", 1 / 24),
        ("edge-enhance", "laplacian8", 1 / 2),
        ("detail", "laplacian4", 1 / 6),
    ],
)
def test_sharpening_takes_a_laplacian_away(name, taken, times):
    dot = np.zeros((3, 3))
    dot[1, 1] = 1
    np.testing.assert_allclose(taps(name), dot - times * taps(taken))


def test_unsharp5_is_twice_the_picture_less_its_blur():
    dot = np.zeros((5, 5))
    dot[2, 2] = 2
    np.testing.assert_array_equal(taps("unsharp5"), dot - taps("gaussian5"))


@pytest.mark.parametrize("name", ["emboss", "emboss-grey", "emboss-php", "emboss-relief"])
def test_reliefs_are_lit_from_one_side(name):
    away = answer(name, X + Y)  # rises towards the lower right, so it faces the upper left
    assert (away < 0) if name == "emboss-php" else (away > 0)
    assert MADE[name].offset.at(1) == (0 if name == "emboss" else 0.5)
    assert MADE[name].sum == (1 if name == "emboss" else 0)


# --- upsampling


@pytest.mark.parametrize("name", ["bilinear2", "bilinear-fcn", "nearest2", "pyr-up"])
def test_every_phase_of_an_upsampling_kernel_sums_to_one(name):
    for row in (0, 1):
        for column in (0, 1):
            assert taps(name)[row::2, column::2].sum() == 1


def test_pyr_up_is_opencvs():
    spread = np.zeros((48, 54))
    spread[::2, ::2] = PICTURE
    np.testing.assert_allclose(inside(ndimage.convolve(spread, taps("pyr-up"))), inside(cv2.pyrUp(PICTURE)), rtol=1e-12)


# --- over the channels

COLOURS = np.random.default_rng(6).uniform(0, 1, (7, 5, 3)).astype(np.float32)


def applied(name: str, colours: np.ndarray = COLOURS) -> np.ndarray:
    made = MADE[name]
    biases = np.array([bias.at(1) for bias in made.bias] or [0.0])
    return colours.astype(float) @ made.matrix.T + biases


def test_grey():
    theirs = cv2.cvtColor(COLOURS, cv2.COLOR_RGB2GRAY)
    np.testing.assert_allclose(applied("gray-601")[..., 0], theirs, atol=1e-6)
    theirs = skimage.color.rgb2gray(COLOURS)  # its BT.709 has other last digits
    np.testing.assert_allclose(applied("gray-709")[..., 0], theirs, atol=5e-4)
    np.testing.assert_allclose(applied("gray-avg")[..., 0], COLOURS.mean(axis=-1), atol=1e-6)
    for name in ("gray-601", "gray-709", "gray-2020", "gray-avg", "red", "green", "blue"):
        assert MADE[name].matrix.sum() == pytest.approx(1, abs=1e-12)


def test_ycbcr():
    theirs = cv2.cvtColor(COLOURS, cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]]
    np.testing.assert_allclose(applied("rgb2ycbcr-601"), theirs, atol=1e-3)
    for standard in ("601", "709"):
        matrix = MADE[f"rgb2ycbcr-{standard}"].matrix
        np.testing.assert_allclose(matrix[0], MADE[f"gray-{standard}"].matrix[0])
        np.testing.assert_allclose(matrix.sum(axis=1), [1, 0, 0], atol=1e-15)
        assert (matrix[1, 2], matrix[2, 0]) == (0.5, 0.5)
        # Blue and red differences are parallel to B - Y and R - Y.
        for row, channel in ((1, 2), (2, 0)):
            difference = np.eye(3)[channel] - matrix[0]
            np.testing.assert_allclose(matrix[row] / 0.5, difference / difference[channel])


def test_channels_and_inversion():
    for channel, name in enumerate(("red", "green", "blue")):
        np.testing.assert_array_equal(applied(name)[..., 0], COLOURS[..., channel])
    np.testing.assert_array_equal(applied("swap-bgr"), COLOURS[..., ::-1])
    np.testing.assert_allclose(applied("invert"), 1 - COLOURS.astype(float))


def test_opponent_colours_are_orthonormal():
    matrix = MADE["opponent"].matrix
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-15)
    np.testing.assert_allclose(matrix[:2].sum(axis=1), 0, atol=1e-15)


def test_cones():
    from_xyz = np.array([[0.40024, 0.7076, -0.08081], [-0.2263, 1.16532, 0.0457], [0, 0, 0.91822]])
    np.testing.assert_allclose(MADE["lms"].matrix, from_xyz @ skimage.color.colorconv.xyz_from_rgb, atol=1e-4)
    np.testing.assert_allclose(MADE["lms"].matrix.sum(axis=1), 1, atol=3e-4)


@pytest.mark.parametrize(("name", "lost"), [("protanopia", 0), ("deuteranopia", 1), ("tritanopia", 2)])
def test_colour_blindness_keeps_greys_and_loses_a_dimension(name, lost):
    matrix = MADE[name].matrix
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=2e-6)
    values = np.linalg.svd(matrix, compute_uv=False)
    assert values[2] < 0.15 * values[0]
    # What becomes (nearly) invisible lies nearest to the lost cone's own direction.
    lms = MADE["lms"].matrix
    invisible = lms @ np.linalg.svd(matrix)[2][2]
    assert np.argmax(np.abs(invisible / np.abs(lms).sum(axis=1))) == lost


@pytest.mark.parametrize("name", POINTWISE)
def test_pointwise_kernels_take_three_channels(name):
    assert MADE[name].matrix.shape in ((1, 3), (3, 3))
    assert MADE[name].kind == "pointwise"
