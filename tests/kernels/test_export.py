"""Exported kernels against the tools that they are for, and against what imgconv itself reads back and computes."""

import ast
import io
import runpy
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image
from sampling import every_nth
from scipy import ndimage

from imgconv import convolve
from imgconv.errors import ExportError, OptionError
from imgconv.kernels import parametric
from imgconv.kernels.export import export, names
from imgconv.kernels.export._script import TONES
from imgconv.kernels.library import catalogue, kernel
from imgconv.kernels.value import Combined, Kernel, Learned, Offset, Pointwise
from imgconv.words.map import MAPS

FIXED = [entry.name for entry in catalogue() if entry.form != "parametric"]
SPECS = [
    *FIXED,
    *(f"{name}:" for name in parametric.names()),
    "gaussian:sigma=2x1,angle=20",
    "box:size=4x3",
    "sobel:size=9",
    "gabor-energy:wavelength=5",
    "motion:length=8,angle=40",
    "1,2;3,4 /10",
    "0.1,1/3;1e-7,-2",
]
SCRIPTS = ("opencv", "scipy", "torch")
COLOURS = skimage.data.astronaut()[100:131, 190:217]
GREY = skimage.data.camera()[150:175, 200:230]
UNLIKE = Kernel(name="unlike", weights=[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 13]], scale=Fraction(1, 79))
"""No symmetry, so that a wrong turn or place shows."""


def in_place(one: Kernel, image, **how):
    """What imgconv makes of it at the same size."""
    return convolve(image, one, padding="interpolation", **how)


def anchored():
    """Random kernels of every small size with an anchor anywhere."""
    shapes = st.tuples(st.integers(1, 5), st.integers(1, 5))
    places = shapes.flatmap(
        lambda shape: st.tuples(
            st_numpy.arrays(np.float64, shape, elements=st.floats(-9, 9, width=16)),
            st.none() | st.tuples(st.integers(0, shape[0] - 1), st.integers(0, shape[1] - 1)),
        )
    )
    scales = st.sampled_from([Fraction(1), Fraction(1, 16), Fraction(-3, 7), Fraction(2**70 + 1, 2**69)])
    return st.builds(
        lambda place, scale: Kernel(name="k", weights=place[0], anchor=place[1], scale=scale), places, scales
    )


def identical(one, other, texts=("name", "summary", "source", "kind", "map")):
    assert type(one) is type(other)
    for name in texts:
        assert getattr(one, name) == getattr(other, name)
    if isinstance(one, Combined):
        assert one.combine == other.combine
        for mine, theirs in zip(one.of, other.of, strict=True):
            identical(mine, theirs, texts=())
    elif isinstance(one, Pointwise):
        np.testing.assert_array_equal(one.matrix, other.matrix)
        assert one.bias == other.bias
    else:
        np.testing.assert_array_equal(one.weights, other.weights)
        assert (one.scale, one.offset, one.anchor) == (other.scale, other.offset, other.anchor)


def test_formats():
    assert names() == ["csv", "imagemagick", "npy", "opencv", "scipy", "torch", "vips", "yaml"]
    with pytest.raises(OptionError, match="did you mean 'vips'"):
        export(kernel("sobel-x"), "vps")


# yaml


@pytest.mark.parametrize("spec", SPECS)
def test_yaml_gives_the_same_kernel(spec):
    one = kernel(spec)
    again = kernel("-", stdin=export(one, "yaml"))
    identical(one, again, ("summary", "source", "kind", "map") + ("name",) * (spec in FIXED))


@settings(max_examples=40)
@given(
    anchored(),
    st.text(max_size=30),
    st.text(max_size=30),
    st.sampled_from([None, *MAPS]),
    st.builds(Offset, value=st.floats(-1e9, 1e9)) | st.builds(lambda p: Offset(share=p / 100), st.floats(-300, 300)),
)
def test_yaml_keeps_everything(one, summary, source, map, offset):
    def line(text):
        return "".join(letter if letter.isprintable() else " " for letter in text)

    one = Kernel(
        name=one.name,
        weights=one.weights,
        scale=one.scale,
        anchor=one.anchor,
        summary=line(summary),
        source=line(source),
        map=map,
        offset=offset,
    )
    identical(one, kernel("-", stdin=export(one, "yaml")))


@pytest.mark.parametrize(
    "text", ["true", "1e3", "a: b", "# no", '"', "'", "a\\b", "x #y", " x ", "", "[1]", "~", "a\nb"]
)
def test_yaml_takes_any_text(text):
    one = Kernel(name="k", summary=text, weights=[[1]])
    assert kernel("-", stdin=export(one, "yaml")).summary == text.replace("\n", " ")


@pytest.mark.parametrize(("name", "made"), [("a b:c", "a-b-c"), ("1e3", "1e3"), ("null", "null"), ("é", "kernel")])
def test_yaml_makes_a_name(name, made):
    text = export(Kernel(name=name, weights=[[1]]), "yaml")
    assert kernel("-", stdin=text).name == made


def test_yaml_of_parametric_combinations_names_the_generator():
    text = export(kernel("gauss-gradient:sigma=1.5"), "yaml").decode()
    assert "generator: gauss-gradient" in text and "sigma: 1.5" in text


def test_yaml_of_a_member_that_is_not_the_library_s(tmp_path, monkeypatch):
    (tmp_path / "scharr-x.yaml").write_text("weights: [[3, 0, -3], [9, 0, -9], [3, 0, -3]]")
    shipped = kernel("scharr")
    monkeypatch.setenv("IMGCONV_KERNELS", str(tmp_path))
    with pytest.raises(ExportError, match="scharr-x and scharr-y differ"):
        export(shipped, "yaml")


# csv and npy


@pytest.mark.parametrize("format", ["csv", "npy"])
@pytest.mark.parametrize("spec", ["sobel-x", "gaussian5", "gaussian:sigma=1", "roberts-pd", "1,2,3 /7"])
def test_taps_are_read_back(spec, format, tmp_path):
    one = kernel(spec)
    path = tmp_path / f"k.{format}"
    path.write_bytes(export(one, format))
    np.testing.assert_array_equal(kernel(path).taps, one.taps)
    read = np.load(path) if format == "npy" else np.loadtxt(path, delimiter=",", ndmin=2)
    np.testing.assert_array_equal(read, one.taps)


@pytest.mark.parametrize("format", ["csv", "npy"])
@settings(max_examples=40)
@given(anchored())
def test_taps_keep_their_place(format, one):
    written = export(one, format)
    taps = np.load(io.BytesIO(written)) if format == "npy" else np.loadtxt(io.BytesIO(written), delimiter=",", ndmin=2)
    assert max(taps.shape) <= 2 * max(one.shape)
    np.testing.assert_allclose(
        in_place(Kernel(name="k", weights=taps), GREY), in_place(one, GREY), rtol=1e-5, atol=1e-3
    )


def test_learned_weights_in_npy(tmp_path):
    weights = np.random.default_rng(3).normal(size=(4, 3, 3, 2))
    for correlate in (True, False):
        one = Learned(name="net", weights=weights, correlate=correlate)
        array = np.load(io.BytesIO(export(one, "npy")))
        again = Learned(name="net", weights=array)
        np.testing.assert_array_equal(in_place(again, COLOURS), in_place(one, COLOURS))


# libvips


def vips_conv(text, image):
    """What vips_conv computes: a correlation around (height // 2, width // 2), edges copied outwards."""
    header, *rows = text.decode().splitlines()
    width, height, scale, offset = map(float, header.split())
    mask = np.array([[float(tap) for tap in row.split()] for row in rows])
    assert mask.shape == (height, width)
    return ndimage.correlate(image.astype(float), mask, mode="nearest") / scale + offset


@pytest.mark.parametrize(
    "spec", ["sobel-x", "gaussian5", "roberts-pd", "emboss", "motion:length=8,angle=40", "1,2;3,4 *"]
)
def test_vips(spec, tmp_path):
    one = kernel(spec) if "*" not in spec else UNLIKE
    text = export(one, "vips")
    np.testing.assert_allclose(vips_conv(text, GREY), in_place(one, GREY), rtol=1e-5, atol=1e-3)
    path = tmp_path / "k.mat"
    path.write_bytes(text)
    np.testing.assert_allclose(in_place(kernel(path), GREY), in_place(one, GREY), rtol=1e-5, atol=1e-3)


@settings(max_examples=60)
@given(anchored(), st.floats(-100, 100))
def test_vips_keeps_place_and_offset(one, offset):
    one = Kernel(name="k", weights=one.weights, anchor=one.anchor, scale=one.scale, offset=Offset(value=offset))
    np.testing.assert_allclose(vips_conv(export(one, "vips"), GREY), in_place(one, GREY), rtol=1e-5, atol=1e-2)


def test_vips_header_divides_by_integers():
    assert export(kernel("gaussian3"), "vips") == b"3 3 16 0\n1 2 1\n2 4 2\n1 2 1\n"


@pytest.mark.parametrize("spec", ["sobel-x", "gaussian5", "roberts-pd", "farid-x", "box:size=4x3", "gaussian:sigma=1"])
def test_vips_itself(spec, tmp_path):
    pyvips = pytest.importorskip("pyvips")
    path = tmp_path / "k.mat"
    path.write_bytes(export(kernel(spec), "vips"))
    mask = pyvips.Image.matrixload(str(path))
    made = pyvips.Image.new_from_array(GREY).cast("float").conv(mask, precision="float").numpy()
    np.testing.assert_allclose(made, in_place(kernel(spec), GREY), rtol=1e-5, atol=1e-3)


# ImageMagick


def imagemagick():
    for name in ("magick", "/usr/bin/convert", "convert"):
        found = shutil.which(name)
        if found:
            said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
            if said.returncode == 0 and said.stdout.startswith("Version: ImageMagick"):
                return found
    return None


PASTED = ["unlike", "gaussian5", "sharpen", "roberts-pd", "emboss-grey", "box:size=4x3", "kirsch", "gaussian:sigma=1"]


@pytest.mark.parametrize("spec", [*PASTED, "sepia", "gray-601", "rgb2ycbcr-601", "invert"])
def test_imagemagick_itself(spec, tmp_path):
    program = imagemagick()
    if program is None:
        pytest.skip("ImageMagick is not installed")
    one = UNLIKE if spec == "unlike" else kernel(spec)
    Image.fromarray(COLOURS).save(tmp_path / "in.png")
    # Through a shell, as somebody would paste it; at 16 bits, because ImageMagick cuts down to 8.
    line = f"'{program}' in.png {export(one, 'imagemagick').decode().strip()} -depth 16 -endian LSB"
    kind = "gray" if spec == "gray-601" else "rgb"
    ran = subprocess.run(f"{line} {kind}:-", shell=True, capture_output=True, cwd=tmp_path, check=True)
    assert ran.stderr == b""
    made = np.frombuffer(ran.stdout, "<u2").reshape(*COLOURS.shape[:2], -1) / 257
    want = np.clip(in_place(one, COLOURS), 0, 255)
    np.testing.assert_allclose(made, want.reshape(made.shape), atol=0.02)


def test_imagemagick_is_one_line_with_an_origin():
    text = export(kernel("roberts-pd"), "imagemagick").decode()
    assert text == "-morphology Convolve '2x2+1+1: 1,0 0,-1'\n"


# Scripts


def run_apply(text, image):
    space = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), space)
    return space["apply"](image)


def close(made, want, spec):
    """Whether samples agree to one level, as a half may round either way; an angle may jump around the circle."""
    assert made.dtype == want.dtype and made.shape == want.shape
    apart = np.abs(made.astype(int) - want.astype(int))
    if "angle" in spec and isinstance(kernel(spec), Combined):
        apart = np.minimum(apart, 255 - apart)
    assert apart.max() <= 1


def filtered_by_script(one, format, image):
    """What the script makes of RGB, whichever order it wants."""
    if format != "opencv":
        return run_apply(export(one, format), image)
    made = run_apply(export(one, format), np.ascontiguousarray(image[..., ::-1]))
    return made[..., ::-1] if made.ndim == 3 else made


@pytest.mark.parametrize(("spec", "format"), every_nth(3, SPECS, SCRIPTS))
def test_scripts_do_what_imgconv_does(spec, format):
    if format == "torch":
        pytest.importorskip("torch")
    one = kernel(spec)
    want = in_place(one, COLOURS, map=one.map or "clip")
    close(filtered_by_script(one, format, COLOURS), want[:, :, 0] if want.shape[2] == 1 else want, spec)
    floats = COLOURS.astype(np.float64)
    want = in_place(one, floats, map=one.map or "clip")
    made = filtered_by_script(one, format, floats)
    np.testing.assert_allclose(made, want[:, :, 0] if want.shape[2] == 1 else want, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("combine", "dtype", "map", "format"),
    every_nth(2, [None, "magnitude", "max", "sum", "angle"], ["uint8", "uint16", "float64"], list(MAPS), SCRIPTS),
)
def test_scripts_map_as_imgconv_does(combine, dtype, map, format):
    if format == "torch":
        pytest.importorskip("torch")
    half = Kernel(name="half", weights=[[1, 0, -1]], offset=Offset(share=0.25), map=map)
    few = Kernel(name="few", weights=[[2, -1, -1]], offset=Offset(value=0.125))
    one = Combined(name="both", combine=combine, of=(half, few), map=map) if combine else half
    image = (GREY / 255 if dtype == "float64" else GREY.astype(dtype) * (257 if dtype == "uint16" else 1)).astype(dtype)
    made = run_apply(export(one, format), image)
    target = "stretch" if combine == "angle" and map != "float" else map
    want = in_place(one, image, map=None if target == "float" else map).astype(np.float64)
    np.testing.assert_allclose(made, want, atol=1.001 if dtype != "float64" and map != "float" else 2e-2, rtol=1e-5)


@pytest.mark.parametrize("format", SCRIPTS)
@settings(max_examples=40)
@given(anchored())
def test_scripts_keep_the_place(format, one):
    if format == "torch":
        pytest.importorskip("torch")
    one = Kernel(name="k", weights=one.weights, anchor=one.anchor, scale=one.scale, map="float")
    np.testing.assert_allclose(run_apply(export(one, format), GREY), in_place(one, GREY), rtol=1e-5, atol=1e-3)


def test_torch_runs_learned_weights():
    pytest.importorskip("torch")
    weights = np.random.default_rng(4).normal(size=(6, 1, 3, 2))
    one = Learned(name="net", weights=weights, bias=(1, 2, 3, 4, 5, 6.5), anchor=(2, 0))
    np.testing.assert_allclose(run_apply(export(one, "torch"), COLOURS), in_place(one, COLOURS), atol=1e-3)


def test_torch_lets_gradients_through():
    torch = pytest.importorskip("torch")
    space = {"__name__": "exported"}
    exec(export(kernel("sobel"), "torch"), space)
    x = torch.rand(2, 3, 6, 7, dtype=torch.float64, requires_grad=True)
    made = space["convolve"](x)
    assert made.shape == x.shape
    made.sum().backward()
    assert x.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("spec", "format", "picture"),
    [
        ("sobel", "opencv", COLOURS),
        ("roberts-pd", "opencv", GREY.astype(np.uint16) * 257),
        ("rgb2ycbcr-601", "opencv", COLOURS),
        ("gray-601", "opencv", COLOURS),
        ("kirsch", "scipy", COLOURS),
        ("emboss-grey", "scipy", GREY),
        ("gaussian:sigma=2", "scipy", GREY.astype(np.uint16) * 257),
        ("sepia", "scipy", COLOURS),
        ("scharr", "torch", COLOURS),
    ],
)
def test_scripts_run_on_files(spec, format, picture, tmp_path, monkeypatch, capfd):
    if format == "torch":
        pytest.importorskip("torch")
    (tmp_path / "filter.py").write_bytes(export(kernel(spec), format))
    Image.fromarray(picture).save(tmp_path / "in.png")
    if spec in ("sobel", "kirsch", "scharr"):  # one of each format as a process
        command = [sys.executable, "filter.py", "in.png", "out.png"]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    else:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["filter.py", "in.png", "out.png"])
        runpy.run_path("filter.py", run_name="__main__")
        assert capfd.readouterr() == ("", "")
    want = in_place(kernel(spec), picture, map=kernel(spec).map or "clip")
    close(np.asarray(Image.open(tmp_path / "out.png")), want[:, :, 0] if want.shape[2:] == (1,) else want, spec)


@pytest.mark.parametrize("format", ["opencv", "scipy"])
@pytest.mark.parametrize(
    ("mode", "words"), [("RGBA", "alpha|without alpha"), ("missing", "cannot be read|No such file"), ("usage", "usage")]
)
def test_scripts_refuse_what_they_would_spoil(format, mode, words, tmp_path):
    (tmp_path / "filter.py").write_bytes(export(kernel("sobel"), format))
    Image.new("RGBA", (5, 5)).save(tmp_path / "in.png")
    files = {"RGBA": ["in.png", "out.png"], "missing": ["no.png", "out.png"], "usage": ["in.png"]}[mode]
    ran = subprocess.run(
        [sys.executable, "filter.py", *files], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert any(word in ran.stderr for word in words.split("|"))
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("format", SCRIPTS)
@pytest.mark.parametrize("text", ['"""\nimport os', "a\rimport os", "\\", "\x0cimport os", "\u2028import os", "'''"])
def test_texts_cannot_become_code(text, format):
    plain = Kernel(name="plain", weights=[[1, 2, 3]])
    for one in (
        Kernel(name=text, summary=text, source=text, weights=[[1, 2, 3]]),
        Combined(name=text, combine="max", of=(Kernel(name=text, weights=[[1, 2, 3]]), plain)),
    ):
        tree = ast.parse(export(one, format))
        assert "os" not in {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        assert ast.get_docstring(tree).startswith("Filter an image")


# What is refused


SEPIA = Pointwise(name="colours", matrix=np.eye(3))
OFFSET = Kernel(name="lifted", weights=[[1]], offset=Offset(share=0.5))
SAMPLES = Kernel(name="lifted", weights=[[1]], offset=Offset(value=9))
NET = Learned(name="net", weights=np.zeros((2, 3, 3, 3)), bias=(1, 2))
HUGE = Kernel(name="huge", weights=np.random.default_rng(1).normal(size=(400, 400)))


@pytest.mark.parametrize(
    ("one", "format", "words"),
    [
        ("sobel", "csv", "the magnitude of sobel-x and sobel-y; export those"),
        ("sobel", "npy", "the magnitude of sobel-x and sobel-y"),
        ("sobel", "vips", "the magnitude of sobel-x and sobel-y"),
        ("sobel", "imagemagick", "clips sobel-x and sobel-y before"),
        ("kirsch", "csv", "the max of kirsch-n, kirsch-nw, .* and kirsch-ne"),
        (SEPIA, "csv", "a matrix over channels"),
        (SEPIA, "npy", "a matrix over channels"),
        (SEPIA, "vips", "a matrix over channels"),
        (OFFSET, "csv", "no place for its offset of 50%"),
        (OFFSET, "npy", "no place for its offset of 50%"),
        (OFFSET, "vips", "50% of the sample range"),
        (SAMPLES, "imagemagick", "in samples"),
        (NET, "csv", "learned weights"),
        (NET, "npy", "no place for its bias"),
        (NET, "vips", "learned weights"),
        (NET, "yaml", "only names the .npy"),
        (NET, "imagemagick", "learned weights"),
        (NET, "opencv", "learned weights"),
        (NET, "scipy", "learned weights"),
        (Learned(name="big", weights=np.zeros((64, 64, 3, 3))), "torch", "36864 weights are too many"),
        (Pointwise(name="two", matrix=np.ones((2, 3))), "scipy", "2 channels from 3"),
        (Pointwise(name="two", matrix=np.ones((2, 3))), "imagemagick", "1 or 3 channels from 3"),
        (HUGE, "yaml", "over 1 MB; export to npy"),
        (Kernel(name="both", weights=[[1]], offset=Offset(value=1, share=0.5)), "yaml", "in samples or in per cent"),
    ],
)
def test_refused(one, format, words):
    with pytest.raises(ExportError, match=words) as refusal:
        export(kernel(one), format)
    assert str(refusal.value).count("\n") == 0
    assert refusal.value.exit_code == 1


def test_one_file_a_format():
    folder = Path(sys.modules["imgconv.kernels.export"].__file__).parent
    assert {path.stem for path in folder.glob("[!_]*.py")} - {"base"} == set(names())


def test_scripts_have_lines_for_every_map():
    assert set(TONES) == set(MAPS)
