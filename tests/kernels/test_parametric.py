"""Kernels from parameters, against scipy, OpenCV, scikit-image, Pillow, brute force, and their own laws."""

import contextlib
import math

import cv2
import numpy as np
import pytest
import skimage.filters
import skimage.morphology
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import interpolate, ndimage, signal, special

import imgconv
from imgconv.errors import ImgconvError, ParameterError
from imgconv.kernels import parametric
from imgconv.kernels.arrays import MAX_SIDE
from imgconv.kernels.library import kernel
from imgconv.kernels.parametric.derivative import (
    gabor,
    gauss_deriv,
    gauss_gradient,
    laplacian,
    log,
    sobel,
    sobel_x,
    sobel_y,
)
from imgconv.kernels.parametric.motion import comet, motion, motion_gauss
from imgconv.kernels.parametric.pointwise import hue, saturate, sepia
from imgconv.kernels.parametric.sharpen import emboss, highboost, unsharp, unsharp_laplacian
from imgconv.kernels.parametric.smooth import (
    binomial,
    box,
    disk,
    disk_binary,
    gaussian,
    gaussian_discrete,
    gaussian_integrated,
    savgol,
    shift,
)
from imgconv.kernels.parametric.upsample import bilinear, nearest
from imgconv.kernels.parametric.windows import cubic
from imgconv.kernels.value import Combined, Kernel, Pointwise

NAMES = parametric.names()
PICTURE = np.random.default_rng(7).uniform(0, 255, (61, 64))
SIGMAS = st.floats(0.3, 6)
ANGLES = st.floats(-400, 400)


def of(spec: str) -> np.ndarray:
    return kernel(spec).taps


def dot(size: int) -> np.ndarray:
    picture = np.zeros((size, size))
    picture[size // 2, size // 2] = 1
    return picture


def inside(picture: np.ndarray, reach: int = 16) -> np.ndarray:
    return picture[reach:-reach, reach:-reach]


def convolved(taps: np.ndarray, picture: np.ndarray = PICTURE) -> np.ndarray:
    return inside(ndimage.convolve(picture, taps))


# --- laws of every one


@pytest.mark.parametrize("name", NAMES)
def test_every_one_has_defaults_and_says_what_it_is(name):
    entry = parametric.get(name)
    made = entry.from_text(name, {})
    assert made.name == name
    assert (made.kind, made.summary, made.source) == (entry.kind, entry.summary, entry.source)
    assert entry.summary.endswith(".")
    assert entry.source
    assert entry.signature.startswith(name)
    total = {"smooth": 1, "sharpen": 1, "derivative": 0, "bank": 0}.get(made.kind)
    if isinstance(made, Kernel) and total is not None:
        assert made.sum == pytest.approx(total, abs=1e-12)
        assert made.map == ("abs" if total == 0 else None)
        assert max(made.shape) <= 55, "a default is a kernel of everyday size"


@pytest.mark.parametrize("name", NAMES)
def test_defaults_written_out_mean_the_same(name):
    entry = parametric.get(name)
    written = dict(str(parameter).split("=") for parameter in entry.parameters if parameter.default is not None)
    one, other = entry.from_text(name, {}), entry.from_text(name, written)
    for ours, theirs in zip(getattr(one, "of", [one]), getattr(other, "of", [other]), strict=True):
        array = "matrix" if isinstance(ours, Pointwise) else "taps"
        np.testing.assert_array_equal(getattr(ours, array), getattr(theirs, array))


@given(st.sampled_from(NAMES), st.data())
def test_any_parameters_make_a_kernel_or_one_of_our_errors(name, data):
    entry = parametric.get(name)
    numbers = st.sampled_from(["0", "-1", "0.01", "1e-9", "1", "2", "2.5", "3", "4x2", "31", "1e3", "1e300", "-1e300"])
    values = {parameter.name: data.draw(numbers) for parameter in entry.parameters if data.draw(st.booleans())}
    try:
        made = entry.from_text(name, values)
    except ImgconvError as error:
        assert "\n" not in str(error)
        return
    for member in getattr(made, "of", [made]):
        numbers_made = member.matrix if isinstance(member, Pointwise) else member.taps
        assert np.isfinite(numbers_made).all()
        if isinstance(member, Kernel) and entry.kind == "smooth":
            assert member.sum == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("gaussian:sigma=0", "kernel 'gaussian': sigma must be above 0, not 0"),
        ("gaussian:sigma=-1", "sigma must be above 0, not -1"),
        ("gaussian:sigma=3x0", "sigma must be above 0"),
        ("gaussian:sigma=1e-9", "sigma must be from 0.01"),
        ("gaussian:sigma=200", "sigma must be smaller: the kernel would have more than 1001 taps"),
        ("gaussian:size=0", "size must be from 1 to 1001 taps, not 0"),
        ("gaussian:size=5x1002", "size must be from 1 to 1001 taps, not 5x1002"),
        ("gaussian-discrete:size=4", "size must be odd, not 4"),
        ("box:size=-3", "size must be from 1"),
        ("binomial:size=99", "size must be from 1 to 65"),
        ("disk:radius=0", "radius must be from 0.001"),
        ("disk-binary:radius=-1", "radius must be from 0"),
        ("motion:length=0.5", "length must be from 1"),
        ("motion:length=2000", "length must be smaller"),
        ("savgol:size=4", "size must be odd"),
        ("savgol:size=3,order=3", "size must be above the order, 3"),
        ("savgol:order=-1", "order must be from 0"),
        ("shift:dx=501", "dx must be smaller"),
        ("identity:size=2", "size must be odd"),
        ("sobel:size=4", "size must be odd"),
        ("sobel:size=33", "size must be from 3 to 31"),
        ("sobel-x:size=1", "size must be from 3 to 31"),
        ("gauss-deriv:order=0", "order must be from 1 to 6"),
        ("laplacian:alpha=2", "alpha must be from 0 to 1, not 2"),
        ("dog:ratio=1", "ratio must be above 1"),
        ("gabor:wavelength=0", "wavelength must be from 1"),
        ("gabor:gamma=0", "gamma must be from 0.05"),
        ("unsharp:amount=-1", "amount must be from 0"),
        ("emboss:elevation=91", "elevation must be from 0 to 90"),
        ("bilinear:stride=0", "stride must be from 1"),
        ("sepia:amount=2", "amount must be from 0 to 1"),
        ("saturate:amount=-1", "amount must be from 0"),
        ("catmull-rom:size=2", "size must be another number of taps"),
    ],
)
def test_refusals(spec, says):
    with pytest.raises(ParameterError, match=says):
        kernel(spec)


@pytest.mark.parametrize("angle", [math.inf, math.nan])
def test_numbers_that_are_none_are_refused(angle):
    for function in (gaussian, motion, comet, motion_gauss, gauss_deriv, gabor, emboss, hue):
        with pytest.raises(ParameterError, match="angle must be a finite number"):
            function(angle=angle)
    with pytest.raises(ParameterError):
        gaussian(sigma=angle)


# --- gaussians


@pytest.mark.parametrize("sigma", [0.4, 1, 1.5, 2.7])
def test_scipy_has_the_same_gaussian(sigma):
    taps = gaussian(sigma=sigma).taps
    np.testing.assert_allclose(ndimage.gaussian_filter(dot(taps.shape[0]), sigma), taps, rtol=1e-9, atol=1e-18)


def test_scipy_has_the_same_gaussian_along_the_axes():
    taps = gaussian(sigma=(3, 1)).taps
    assert taps.shape == (9, 25)
    np.testing.assert_allclose(ndimage.gaussian_filter(dot(25), (1, 3))[8:17], taps, rtol=1e-9, atol=1e-18)


@pytest.mark.parametrize(("size", "sigma"), [(5, 1.3), (11, 2), (4, 1), (31, 0)])
def test_opencv_has_the_same_gaussian(size, sigma):
    row = cv2.getGaussianKernel(size, sigma).ravel() if size % 2 else None
    made = gaussian(sigma=sigma or None, size=size)
    assert made.shape == (size, size)
    if row is not None:
        np.testing.assert_allclose(made.taps, np.outer(row, row), rtol=1e-9)
    np.testing.assert_array_equal(made.taps, made.taps[::-1, ::-1])


@given(SIGMAS, SIGMAS, ANGLES)
def test_gaussian_laws(along, across, angle):
    made = gaussian(sigma=(along, across), angle=angle)
    assert made.sum == pytest.approx(1)
    np.testing.assert_allclose(made.taps, made.taps[::-1, ::-1], rtol=1e-9, atol=1e-15)
    turned = gaussian(sigma=(along, across), angle=angle + 90)
    if turned.shape == made.shape[::-1]:
        np.testing.assert_allclose(turned.taps, np.rot90(made.taps), rtol=1e-6, atol=1e-9)
    assert gaussian(sigma=(along, across)).rank == 1
    np.testing.assert_array_equal(gaussian(sigma=(across, along)).taps, gaussian(sigma=(along, across)).taps.T)


def test_a_turned_gaussian_lies_along_its_angle():
    taps = gaussian(sigma=(5, 2), angle=30).taps
    y, x = np.indices(taps.shape) - (np.array(taps.shape)[:, None, None] - 1) / 2
    covariance = [[(taps * a * b).sum() for a in (x, -y)] for b in (x, -y)]
    c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
    turn = np.array([[c, -s], [s, c]])
    np.testing.assert_allclose(covariance, turn @ np.diag([25, 4]) @ turn.T, rtol=0.02)


@pytest.mark.parametrize("sigma", [0.01, 0.3, 1, 2.5, 20])
def test_the_discrete_gaussian_is_made_of_bessel_functions(sigma):
    taps = gaussian_discrete(sigma=(sigma, 0.01)).taps
    reach = taps.shape[1] // 2
    bessel = special.ive(np.abs(np.arange(-reach, reach + 1)), sigma**2)
    np.testing.assert_allclose(taps[taps.shape[0] // 2], bessel / bessel.sum(), rtol=1e-9, atol=1e-300)


def test_discrete_gaussians_add_up():
    once = gaussian_discrete(sigma=1, size=41).taps[20] / gaussian_discrete(sigma=1, size=41).taps[20].sum()
    twice = gaussian_discrete(sigma=math.sqrt(2), size=41).taps[20]
    np.testing.assert_allclose(np.convolve(once, once, "same"), twice / twice.sum(), atol=1e-12)


@pytest.mark.parametrize("sigma", [0.01, 0.5, 2])
def test_the_integrated_gaussian(sigma):
    taps = gaussian_integrated(sigma=sigma, size=9).taps
    row = np.diff(special.ndtr((np.arange(10) - 4.5) / sigma))
    np.testing.assert_allclose(taps, np.outer(row, row) / row.sum() ** 2, rtol=1e-9, atol=1e-15)


# --- other smoothing


@given(st.integers(1, 40), st.integers(1, 40))
def test_box(width, height):
    made = box((width, height))
    assert made.shape == (height, width)
    assert made.integral
    np.testing.assert_allclose(made.taps, 1 / (width * height))


@pytest.mark.parametrize("size", [1, 2, 3, 8, 30])
def test_binomials_are_repeated_averages(size):
    row = np.ones(1)
    for _ in range(size - 1):
        row = np.convolve(row, [0.5, 0.5])
    np.testing.assert_allclose(binomial(size).taps, np.outer(row, row), rtol=1e-12)


@pytest.mark.parametrize("radius", [0.3, 0.5, 0.8, 1, 2, 3.7, 6.5])
def test_disk_taps_are_areas(radius):
    made = disk(radius)
    size, fine = made.shape[0], 200
    at = (np.arange(size * fine) + 0.5) / fine - size / 2
    covered = (at[:, None] ** 2 + at[None, :] ** 2 <= radius**2).reshape(size, fine, size, fine).mean(axis=(1, 3))
    np.testing.assert_allclose(made.taps * math.pi * radius**2, covered, atol=2e-3)
    if radius >= 1:
        assert made.taps[size // 2, size // 2] * math.pi * radius**2 == pytest.approx(1, rel=1e-12)
    assert (made.taps[0] > 0).any()


@pytest.mark.parametrize("radius", [0, 1, 2, 5])
def test_binary_disks_are_scikit_images(radius):
    footprint = skimage.morphology.disk(radius)
    np.testing.assert_allclose(disk_binary(radius).taps, footprint / footprint.sum())


@pytest.mark.parametrize(("size", "order"), [(5, 2), (7, 2), (9, 4), (5, 0), (21, 3)])
def test_savgol_is_scipys(size, order):
    row = signal.savgol_coeffs(size, order)
    np.testing.assert_allclose(savgol(size, order).taps, np.outer(row, row), atol=1e-12)
    np.testing.assert_allclose(savgol((size, 1), order).taps, row[None], atol=1e-12)


@given(st.floats(-6, 6), st.floats(-6, 6))
def test_shift_is_scipys(dx, dy):
    theirs = ndimage.shift(PICTURE, (dy, dx), order=1)
    np.testing.assert_allclose(convolved(shift(dx, dy).taps), inside(theirs), atol=1e-9)


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("triangle", signal.windows.bartlett),
        ("hann", signal.windows.hann),
        ("blackman-harris", signal.windows.blackmanharris),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_windows_are_scipys(name, window, size):
    row = window(2 * size + 1)[1::2]  # the middles of `size` taps that cover the window
    row /= row.sum()
    np.testing.assert_allclose(of(f"{name}:size={size}"), np.outer(row, row), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "method", "size"),
    [
        ("triangle", Image.Resampling.BILINEAR, 4),
        ("catmull-rom", Image.Resampling.BICUBIC, 8),
        ("keys", Image.Resampling.BICUBIC, 8),
        ("lanczos3", Image.Resampling.LANCZOS, 12),
    ],
)
def test_pillow_halves_a_picture_with_the_same_filters(name, method, size):
    row = []
    for at in range(21 - size // 2, 21 + size // 2):  # output pixel 10 lies between the pixels 20 and 21
        picture = np.zeros((2, 40), np.float32)
        picture[:, at] = 1
        row.append(np.asarray(Image.fromarray(picture).resize((20, 1), method))[0, 10])
    np.testing.assert_allclose(of(f"{name}:size={size}x1")[0], row, atol=1e-6)


def test_cubic_filters():
    at = np.linspace(0, 2, 41)
    spline = interpolate.BSpline.basis_element([-2, -1, 0, 1, 2])(at)
    np.testing.assert_allclose(cubic(at, 1, 0), spline, atol=1e-12)
    mixed = cubic(at, 1, 0) / 3 + cubic(at, 0, 1 / 2) * 2 / 3
    np.testing.assert_allclose(cubic(at, 1 / 3, 1 / 3), mixed, atol=1e-12)
    np.testing.assert_array_equal(of("keys:size=9,a=-0.5"), of("catmull-rom:size=9"))


# --- along a line


@pytest.mark.parametrize(("length", "angle"), [(9, 0), (9, 30), (20, 45), (7.5, 100), (1, 20), (15, -63)])
def test_motion_by_its_distances(length, angle):
    made = motion(length, angle)
    height, width = made.shape
    half = (length - 1) / 2
    x, y = half * math.cos(math.radians(angle)), -half * math.sin(math.radians(angle))
    line = [(x * t, y * t) for t in np.linspace(-1, 1, 4001)]
    brute = np.zeros(made.shape)
    for row in range(height):
        for column in range(width):
            at = column - width // 2, row - height // 2
            brute[row, column] = max(0, 1 - min(math.dist(at, point) for point in line))
    np.testing.assert_allclose(made.taps, brute / brute.sum(), atol=1e-4)
    assert made.taps[0].any()
    assert made.taps[:, 0].any()


def test_motion_is_what_fspecial_says():
    np.testing.assert_allclose(motion(9, 0).taps, np.full((1, 9), 1 / 9))
    np.testing.assert_allclose(motion(9, 90).taps, np.full((9, 1), 1 / 9))


@given(st.floats(1, 30), ANGLES)
def test_opposite_motions_are_the_same(length, angle):
    one, other = motion(length, angle).taps, motion(length, angle + 180).taps
    if one.shape == other.shape:
        np.testing.assert_allclose(one, other, atol=1e-9)


@pytest.mark.parametrize("angle", [0, 37, 90, 135, 200, 315])
def test_comets_have_their_tail_at_the_angle(angle):
    tail = ndimage.convolve(dot(41), comet(3, angle).taps)
    y, x = np.indices(tail.shape) - 20
    towards = math.degrees(math.atan2(-(tail * y).sum(), (tail * x).sum()))
    assert (towards - angle + 180) % 360 - 180 == pytest.approx(0, abs=1)
    both = ndimage.convolve(dot(41), motion_gauss(3, angle).taps)
    np.testing.assert_allclose(both, both[::-1, ::-1], atol=1e-12)


def test_a_comet_is_half_a_gaussian():
    half = np.exp(-((np.arange(13) / 3) ** 2) / 2)
    np.testing.assert_allclose(comet(3).taps[0, 12:], half / half.sum())
    assert not comet(3).taps[0, :12].any()
    np.testing.assert_allclose(motion_gauss(3).taps[0], gaussian(sigma=3).taps.sum(axis=0))


# --- derivatives


@pytest.mark.parametrize("size", range(3, 32, 2))
def test_sobel_of_any_size_is_opencvs(size):
    slope, smooth = (row.ravel() for row in cv2.getDerivKernels(1, 0, size, ktype=cv2.CV_64F))
    np.testing.assert_array_equal(sobel_x(size).taps[::-1, ::-1], np.outer(smooth, slope))
    np.testing.assert_array_equal(sobel_y(size).taps, sobel_x(size).taps.T)
    made = sobel(size)
    assert isinstance(made, Combined)
    assert [member.taps.tolist() for member in made.of] == [sobel_x(size).taps.tolist(), sobel_y(size).taps.tolist()]


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("sigma", [1.5, 3])
def test_gaussian_derivatives_are_scipys(order, sigma):
    theirs = ndimage.gaussian_filter(PICTURE, sigma, order=(0, order))
    scale = np.abs(theirs).max()
    np.testing.assert_allclose(convolved(gauss_deriv(sigma, order).taps), inside(theirs), atol=5e-3 * scale)
    theirs = ndimage.gaussian_filter(PICTURE, sigma, order=(order, 0))
    np.testing.assert_allclose(convolved(gauss_deriv(sigma, order, -90).taps), inside(theirs), atol=5e-3 * scale)


@given(SIGMAS, ANGLES)
def test_first_gaussian_derivatives_can_be_steered(sigma, angle):
    right, up = gauss_deriv(sigma).taps, gauss_deriv(sigma, 1, 90).taps
    turned = math.cos(math.radians(angle)) * right + math.sin(math.radians(angle)) * up
    np.testing.assert_allclose(gauss_deriv(sigma, 1, angle).taps, turned, atol=1e-9)
    rising = np.arange(64.0) * np.ones((61, 1))
    assert convolved(gauss_deriv(min(sigma, 3)).taps, rising).min() > 0


def test_gradients_of_gaussians():
    theirs = ndimage.gaussian_gradient_magnitude(PICTURE, 2)
    x, y = gauss_gradient(2).of
    np.testing.assert_allclose(np.hypot(convolved(x.taps), convolved(y.taps)), inside(theirs), rtol=1e-9)


def test_laplacians():
    np.testing.assert_allclose(laplacian(0).taps, of("laplacian4"))
    np.testing.assert_allclose(laplacian(1).taps * 4, of("laplacian-diag"))
    np.testing.assert_allclose(laplacian(1 / 3).taps, of("laplacian9"))
    curved = np.indices(PICTURE.shape)[1].astype(float) ** 2
    for alpha in (0, 0.2, 0.7, 1):
        np.testing.assert_allclose(convolved(laplacian(alpha).taps, curved), 2)


@pytest.mark.parametrize("sigma", [1.5, 2, 3])
def test_log_is_scipys(sigma):
    theirs = ndimage.gaussian_laplace(PICTURE, sigma)
    scale = np.abs(theirs).max()
    np.testing.assert_allclose(convolved(log(sigma).taps), inside(theirs), atol=0.01 * scale)
    assert log(sigma).taps.min() == log(sigma).taps[log(sigma).shape[0] // 2, log(sigma).shape[1] // 2]


@pytest.mark.parametrize(("low", "ratio"), [(1, 1.6), (2, 3)])
def test_dog_is_scikit_images(low, ratio):
    theirs = skimage.filters.difference_of_gaussians(PICTURE, low, low * ratio, mode="nearest")
    np.testing.assert_allclose(
        inside(ndimage.convolve(PICTURE, of(f"dog:sigma={low},ratio={ratio}"), mode="nearest"), 27),
        inside(theirs, 27),
        atol=0.02,
    )


GABORS = [(8, 0, 4, 0.5, 0), (6, 30, 3, 1, -90), (10, 135, 4, 0.7, 45), (7, 250, 3, 0.6, 90)]


@pytest.mark.parametrize(("wavelength", "angle", "sigma", "gamma", "psi"), GABORS)
def test_gabor_is_opencvs_but_for_its_scale(wavelength, angle, sigma, gamma, psi):
    theirs = cv2.getGaborKernel((31, 31), sigma, -math.radians(angle), wavelength, gamma, math.radians(psi))
    ours = gabor(wavelength, angle, sigma, gamma, psi, 31, zero_dc=False).taps
    envelope = cv2.getGaborKernel((31, 31), sigma, -math.radians(angle), 1e9, gamma, 0).sum()
    np.testing.assert_allclose(ours * envelope, theirs[::-1, ::-1], atol=1e-6)


@pytest.mark.parametrize(("wavelength", "angle", "sigma", "gamma", "psi"), GABORS)
def test_gabor_is_scikit_images(wavelength, angle, sigma, gamma, psi):
    theirs = skimage.filters.gabor_kernel(
        1 / wavelength, -math.radians(angle), None, sigma, sigma / gamma, 4, math.radians(psi)
    ).real
    height, width = theirs.shape
    ours = gabor(wavelength, angle, sigma, gamma, psi, (width, height), zero_dc=False).taps
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_gabor_answers_to_its_own_stripes():
    y, x = np.indices((61, 64))
    for angle in (0, 45, 90, 135):
        across = x * math.cos(math.radians(angle)) - y * math.sin(math.radians(angle))
        stripes = np.cos(2 * math.pi * across / 8)
        answers = {other: np.abs(convolved(gabor(8, other).taps, stripes)).max() for other in (0, 45, 90, 135)}
        assert max(answers, key=answers.get) == angle
    rise = np.where(x >= 32, 1.0, 0.0)
    assert ndimage.convolve(rise, gabor(8, 0, psi=90).taps)[30, 32] > 0


# --- sharpening, relief


@pytest.mark.parametrize(("sigma", "amount"), [(1, 1), (2, 0.5)])
def test_unsharp_is_scikit_images(sigma, amount):
    theirs = skimage.filters.unsharp_mask(PICTURE, sigma, amount, preserve_range=True)
    np.testing.assert_allclose(convolved(unsharp(sigma, amount).taps), inside(theirs), rtol=1e-9)


@given(st.floats(0, 1))
def test_unsharp_laplacian_takes_the_laplacian_away(alpha):
    np.testing.assert_allclose(unsharp_laplacian(alpha).taps, dot(3) - laplacian(alpha).taps, atol=1e-12)


def test_highboost_adds_edges_to_the_picture():
    np.testing.assert_array_equal(highboost(1.5).taps, 1.5 * dot(3) - of("laplacian8"))


@given(ANGLES, st.floats(0, 89))
def test_emboss_lights_what_faces_the_lamp(angle, elevation):
    made = emboss(angle, elevation)
    assert made.sum == pytest.approx(0, abs=1e-12)
    assert made.offset.at(1) == pytest.approx(math.sin(math.radians(elevation)))
    y, x = np.indices(PICTURE.shape)
    away = -(x * math.cos(math.radians(angle)) - y * math.sin(math.radians(angle)))
    assert convolved(made.taps, away).min() > 0
    np.testing.assert_allclose(emboss(angle + 90, elevation).taps, np.rot90(made.taps), atol=1e-9)


def test_emboss_is_a_steered_sobel():
    np.testing.assert_allclose(emboss(180, 0).taps * 4, sobel_x().taps, atol=1e-15)
    np.testing.assert_allclose(emboss(90, 0).taps * 4, sobel_y().taps, atol=1e-15)


# --- upsampling, colours


@given(st.integers(1, 6), st.integers(1, 6))
def test_transposed_convolutions_keep_planes(wide, high):
    # A flat picture stays flat (every phase sums to 1), and bilinear interpolation keeps a slope.
    for made in (bilinear((wide, high)), nearest((wide, high))):
        assert made.sum == pytest.approx(wide * high)
        phases = [made.taps[row::high, column::wide].sum() for row in range(high) for column in range(wide)]
        np.testing.assert_allclose(phases, 1)
    row = bilinear((wide, 1)).taps[0]
    spread = np.zeros(40 * wide)
    spread[::wide] = np.arange(40)
    slopes = np.diff(np.convolve(spread, row)[3 * wide : -6 * wide])
    np.testing.assert_allclose(slopes, 1 / wide, atol=1e-9)


def test_colours_as_the_w3c_says():
    identity = np.eye(3)
    luma = np.array([0.213, 0.715, 0.072])
    np.testing.assert_allclose(sepia(0).matrix, identity)
    half = [0.393 + 0.607 * 0.5, 0.769 - 0.769 * 0.5, 0.189 - 0.189 * 0.5]
    np.testing.assert_allclose(sepia(0.5).matrix[0], half)
    np.testing.assert_allclose(saturate(1).matrix, identity, atol=1e-15)
    np.testing.assert_allclose(saturate(0).matrix, [luma] * 3)
    half = [0.213 + 0.787 * 0.5, 0.715 - 0.715 * 0.5, 0.072 - 0.072 * 0.5]
    np.testing.assert_allclose(saturate(0.5).matrix[0], half)
    np.testing.assert_allclose(hue(0).matrix, identity, atol=1e-15)
    np.testing.assert_allclose(hue(90).matrix[0], [0, 0, 1], atol=1e-15)
    for angle in (30, 77, 180, -120):
        np.testing.assert_allclose(hue(angle).matrix.sum(axis=1), 1, atol=1e-12)
        np.testing.assert_allclose(hue(angle).matrix @ hue(-angle).matrix, identity, atol=0.01)


def test_the_largest_kernel_there_is():
    assert gaussian(sigma=50, size=MAX_SIDE).shape == (MAX_SIDE, MAX_SIDE)


NUMBERS = st.one_of(
    st.sampled_from(
        [0.0, -0.0, 1e-320, -1e-320, 1e-9, 0.01, 0.5, 1.0, 2.0, 1000.0, 1e6, 1e308, -1e308, np.inf, np.nan]
    ),
    st.floats(0, 12),
    st.floats(),
)
SIZES = st.one_of(st.integers(-1, 12), st.sampled_from([66, 1001, 1002, 10**9]))
VALUES = {
    int: SIZES,
    float: NUMBERS,
    bool: st.booleans(),
    tuple[int, int]: st.tuples(SIZES, SIZES),
    tuple[float, float]: st.tuples(NUMBERS, NUMBERS),
}


def holds(name, values):
    """A kernel is refused in a sentence, or it is of finite numbers, can be shown, and runs; warnings are errors."""
    try:
        made = parametric.get(name).function(**values)
    except ImgconvError as error:
        assert len(str(error)) < 300
        return
    if isinstance(made, Pointwise):
        assert np.isfinite(made.matrix).all() and np.isfinite(made.guaranteed_range(0, 255)).all()
        return
    assert np.isfinite(made.guaranteed_range(0, 255)).all()
    members = getattr(made, "of", (made,))
    assert all(np.isfinite(member.taps).all() and np.isfinite(member.ramp_gain) for member in members)
    if members[0].weights.size <= 2000:
        assert all(member.rank >= 0 for member in members)
        picture = np.arange(24, dtype=np.uint8).reshape(4, 6)
        result = imgconv.convolve(picture, made, padding="same", border="edge", map="clip")
        assert result.shape == picture.shape and result.dtype == np.uint8


def values_of(name):
    drawn = {
        parameter.name.replace("-", "_"): st.one_of(VALUES[kind] for kind in sorted(parameter.kind, key=str))
        for parameter in parametric.get(name).parameters
    }
    return st.fixed_dictionaries({}, optional=drawn)


@pytest.mark.parametrize("examples", [8, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_any_parameters_are_refused_or_give_a_kernel(name, examples):
    settings(max_examples=examples, deadline=None, derandomize=True, database=None)(
        given(values_of(name))(lambda values: holds(name, values))
    )()


@pytest.mark.parametrize("spec", ["lanczos3:size=1", "lanczos3:size=2", "disk:radius=1e-320", "disk:radius=0.001"])
def test_parameters_that_once_warned(spec):
    with contextlib.suppress(ParameterError):
        imgconv.convolve(np.eye(5, dtype=np.uint8), kernel(spec), padding="same", border="edge")
