"""``--volume``: pages filtered by kernels on three axes, against SciPy and torch."""

import json

import numpy as np
import pytest
import scipy.ndimage
import tifffile
from cli.running import ok, run

from imgconv.errors import KernelSpecError
from imgconv.image import read_frames
from imgconv.kernels.library import kernel
from imgconv.kernels.value import VolumeKernel
from imgconv.kernels.volume import split, volume_kernel

SCIPY = {"zero": "constant", "edge": "nearest", "symmetric": "reflect", "reflect": "mirror", "wrap": "wrap"}
KERNEL = np.random.default_rng(3).integers(-4, 5, (3, 5, 3)).astype(float)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("kernel.npy", KERNEL)
    return tmp_path


def stack(dtype, shape=(7, 12, 14), name="stack.tif"):
    rng = np.random.default_rng(8)
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    pages = (rng.random(shape) * top).astype(dtype)
    tifffile.imwrite(name, pages, photometric="rgb" if len(shape) == 4 else "minisblack")
    return pages


def filtered(*options, source="stack.tif"):
    ok("apply", source, "out.tif", "--volume", "--overwrite", *options)
    return np.stack([frame.image.pixels for frame in read_frames("out.tif")]).squeeze()


@pytest.mark.parametrize("border", SCIPY)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_scipy_makes_the_same_of_every_border_and_type(folder, dtype, border):
    pages = stack(dtype)
    expected = scipy.ndimage.convolve(pages.astype(float), KERNEL, mode=SCIPY[border])
    found = filtered("-k", "kernel.npy", "--padding", "same", "--border", border, "--map", "float")
    if dtype == np.float32:
        np.testing.assert_allclose(found, expected, atol=1e-5)
    else:
        np.testing.assert_array_equal(found, expected)


def test_colours_are_filtered_each_by_itself_and_clipped(folder):
    pages = stack(np.uint8, (5, 9, 10, 3))
    for options, taps in ((["--correlate"], KERNEL), ([], KERNEL[::-1, ::-1, ::-1])):
        sums = scipy.ndimage.correlate(pages.astype(float), taps[..., None], mode="nearest")
        np.testing.assert_array_equal(filtered("-k", "kernel.npy", *options), sums.clip(0, 255))


@pytest.mark.parametrize("options", [(1, 1, 0), (2, 1, 1), (1, 2, 2), (3, 2, 4)])
@pytest.mark.parametrize("size", [(3, 3, 3), (2, 4, 1)])
def test_torch_makes_the_same_of_stride_dilation_and_padding(folder, options, size):
    torch = pytest.importorskip("torch")
    stride, dilation, padding = options
    pages, taps = stack(np.uint8), np.random.default_rng(1).integers(-9, 9, size).astype(float)
    np.save("taps.npy", taps)
    expected = torch.nn.functional.conv3d(
        torch.tensor(pages[None, None].astype(float)),
        torch.tensor(taps[None, None]),
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    asked = ["--stride", stride, "--dilation", dilation, "--padding", padding]
    found = filtered("-k", "taps.npy", "--correlate", "--map", "float", *map(str, asked))
    np.testing.assert_array_equal(found, expected.numpy().squeeze())


def test_the_depth_is_worked_out_like_width_and_height(folder):
    stack(np.uint8, (20, 12, 14))
    asked = ("apply", "stack.tif", "out.tif", "--volume", "-k", "box:size=5", "--stride", "2", "--padding", "valid")
    ran = ok(*asked, "--dry-run")
    assert "width    floor((14 + 0 + 0 - 1*(5 - 1) - 1) / 2) + 1 = 5" in ran.lines
    assert "depth    floor((20 + 0 + 0 - 1*(5 - 1) - 1) / 2) + 1 = 8" in ran.lines
    assert "dropped  1 column at the right (of the image), 1 row at the bottom (of the image), 1 page at the back" in (
        ran.text
    )
    told = json.loads(ok(*asked, "--json").text)
    assert told["volume"]
    assert told["output"]["frames"] == len(read_frames("out.tif")) == 8
    assert told["kernel"]["depth"] == 5
    assert told["padding"]["front"] == told["padding"]["back"] == 0


def test_named_kernels_get_a_third_axis(folder):
    pages = stack(np.float32)
    for spec in ("gaussian:sigma=1.2", "box:size=3", "binomial:size=5", "triangle"):
        factor = kernel(spec).taps.sum(axis=0)
        expected = pages.astype(float)
        for axis in range(3):
            expected = scipy.ndimage.correlate1d(expected, factor / factor.sum(), axis, mode="nearest")
        np.testing.assert_allclose(filtered("-k", spec), expected, atol=1e-6)
    expected = scipy.ndimage.laplace(pages.astype(float), mode="nearest")
    np.testing.assert_allclose(filtered("-k", "laplacian4", "--map", "float"), expected, atol=1e-5)
    np.testing.assert_allclose(filtered("-k", "sharpen", "--map", "float"), pages - expected, atol=1e-5)


@pytest.mark.parametrize("spec", ["sobel", "sobel-x", "gaussian:sigma=1,size=3x5", "sepia", "hessian-xy", "1,2;3,4"])
def test_kernels_without_a_third_axis_are_refused(spec):
    with pytest.raises(KernelSpecError, match="no form on three axes"):
        volume_kernel(spec)


def test_a_constant_border_lies_around_all_sides(folder):
    pages = stack(np.uint8)
    for spec in ("kernel.npy", "1,2,1;2,4,2;1,2,1"):
        taps = KERNEL if spec == "kernel.npy" else volume_kernel(spec).weights
        expected = scipy.ndimage.convolve(pages.astype(float), taps, mode="constant", cval=9)
        asked = ("--padding", "same", "--border", "constant:9", "--map", "float")
        np.testing.assert_array_equal(filtered("-k", spec, *asked), expected)


@pytest.mark.parametrize("weights", [[1, 2, 1], [2, 3], [0.1, 0.7, 0.2], [0, 5, 0]])
def test_products_are_summed_page_by_page_first(weights):
    product = np.einsum("i,j,k", weights, [1.0, -4, 1], [3.0, 1])
    along, planes = split(VolumeKernel(name="product", weights=product))
    np.testing.assert_allclose(along[:, None, None] * planes, product, rtol=1e-15, atol=0)
    assert len(along) == 1 or planes.shape == (1, 3, 2)
    whole = split(VolumeKernel(name="whole", weights=KERNEL))
    assert (len(whole[0]), whole[1].shape) == (1, KERNEL.shape)


def test_integers_over_a_divisor_stay_integers():
    box, binomial = volume_kernel("box:size=3"), volume_kernel("1,2,1;2,4,2;1,2,1/16")
    assert (box.sum, binomial.sum) == (1, 1)
    assert (str(binomial.scale), binomial.weights.max()) == ("1/64", 8)


def test_yaml_nests_weights_three_deep(folder):
    pages = stack(np.uint8)
    (folder / "edge.yaml").write_text("weights: [[[1]], [[0]], [[-1]]]\nscale: 1/2\noffset: 50%\n")
    ahead, behind = np.roll(pages, -1, 0).astype(float), np.roll(pages, 1, 0)
    expected = np.floor((ahead - behind) / 2 + 127.5 + 0.5)
    np.testing.assert_array_equal(filtered("-k", "edge.yaml", "-b", "wrap"), expected.clip(0, 255))


def test_stretching_has_one_range_for_all_pages(folder):
    pages = stack(np.uint8)
    sums = scipy.ndimage.convolve(pages.astype(float), KERNEL, mode="nearest")
    expected = (sums - sums.min()) * (255 / (sums.max() - sums.min()))
    np.testing.assert_allclose(filtered("-k", "kernel.npy", "--map", "stretch"), expected, atol=0.501)


def test_only_as_many_pages_are_held_as_the_kernel_is_deep(folder):
    stack(np.uint8, (30, 12, 14))
    asked = ("apply", "stack.tif", "out.tif", "--volume", "-k", "kernel.npy", "--max-pixels", str(3 * 12 * 14))
    assert "3 pages held" in ok(*asked).text
    ran = run(*asked, "--overwrite", "--dilation", "2")
    assert ran.code == 1
    assert "5 of its pages have to be held at once" in ran.err


def test_alpha_is_dropped_or_filtered_but_weighs_nothing(folder):
    pages = np.random.default_rng(2).integers(0, 256, (4, 8, 9, 4), np.uint8)
    tifffile.imwrite("stack.tif", pages, photometric="rgb", extrasamples=["unassalpha"])
    ran = run("apply", "stack.tif", "out.tif", "--volume", "-k", "kernel.npy")
    assert ran.code != 0
    assert "has alpha, by which no volume is weighted" in ran.err
    sums = scipy.ndimage.convolve(pages.astype(float), KERNEL[..., None], mode="nearest").clip(0, 255)
    np.testing.assert_array_equal(filtered("-k", "kernel.npy", "--alpha", "drop"), sums[..., :3])
    np.testing.assert_array_equal(filtered("-k", "kernel.npy", "--alpha", "filter"), sums)


def test_the_luma_of_the_pages_is_not_rounded(folder):
    pages = stack(np.uint8, (4, 8, 9, 3)).astype(int)
    luma = 299 * pages[..., 0] + 587 * pages[..., 1] + 114 * pages[..., 2]
    sums = scipy.ndimage.convolve(luma.astype(float), KERNEL, mode="nearest") / 1000
    np.testing.assert_array_equal(filtered("-k", "kernel.npy", "--gray"), np.floor(sums + 0.5).clip(0, 255))


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["-k", "sobel"], 2, "kernel 'sobel': has no form on three axes"),
        (["-k", "kernel.npy", "--padding", "3x1"], 2, "--padding: 3,1,3,1 says nothing of the depth"),
        (["-k", "kernel.npy", "--stride", "2x1"], 2, "--stride: 2x1 says nothing of the depth"),
        (["-k", "kernel.npy", "--region", "0,0,3x3"], 2, "--region: a volume is filtered without"),
        (["-k", "kernel.npy", "--engine", "scipy"], 2, "--engine: a volume is filtered by builtin only"),
        (
            ["-k", "box:size=9", "--padding", "valid"],
            1,
            "depth floor((7 + 0 + 0 - 1*(9 - 1) - 1) / 1) + 1 = -1: 9 taps",
        ),
        (["-k", "kernel.npy", "--strict"], 1, "stack.tif: --strict forbids this loss"),
        (["--pipeline", "x.yaml"], 2, "--volume: it goes with --kernel"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(folder, options, code, words):
    stack(np.uint8)
    ran = run("apply", "stack.tif", "out.tif", "--volume", *options)
    assert (ran.code, ran.err.count("\n")) == (code, 1)
    assert words in ran.err
    assert not (folder / "out.tif").exists()


def test_pages_that_differ_are_no_volume(folder):
    with tifffile.TiffWriter("stack.tif") as file:
        file.write(np.zeros((8, 9), np.uint8))
        file.write(np.zeros((8, 10), np.uint8))
    ran = run("apply", "stack.tif", "out.tif", "--volume", "-k", "box")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "page 1 is 10x8 grey, 8 bit and page 0 9x8 grey, 8 bit; the pages of a volume are all alike" in ran.err


def test_three_axes_without_the_option_are_refused(folder):
    stack(np.uint8)
    ran = run("apply", "stack.tif", "out.tif", "-k", "kernel.npy")
    assert ran.code == 1
    assert "an array of three axes needs --volume" in ran.err
