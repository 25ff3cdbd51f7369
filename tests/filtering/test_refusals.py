"""What does not go together is refused by the core, so that the Python interface meets the command line's sentence."""

from pathlib import Path

import numpy as np
import pytest
from cli.running import run

import imgconv
from imgconv.border import Border
from imgconv.errors import OptionError
from imgconv.filtering.apply import apply
from imgconv.filtering.refusals import OF_IMAGES, OF_KERNELS, option
from imgconv.filtering.request import Request
from imgconv.geometry import Padding
from imgconv.kernels.library import kernel
from imgconv.kernels.volume import volume_kernel
from imgconv.layers.pool import Pool
from imgconv.pipeline.run import Pipeline

BOX = kernel("box")
PIPELINE = Pipeline((Pool(max=(2, 2)),))

OTHERS = {
    "gain": "sum", "padding": Padding("same"), "border": Border("wrap"), "stride": (2, 2), "dilation": (2, 2),
    "correlate": True, "transposed": True, "output_padding": (1, 1), "groups": 1, "bias": (1.0,), "check": True,
    "channel": ("r",), "linear": True, "region": (0, 0, 3, 3), "mask": "photo.png", "frame": 0,
    "saves": ((1, "a.png"),), "engine": "scipy",
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pages = np.random.default_rng(1).integers(0, 256, (5, 9, 8), np.uint8)
    imgconv.write("photo.png", pages[0])
    imgconv.write_frames("stack.tif", pages)
    return tmp_path


def refused(request, source="photo.png", target="out.tif"):
    with pytest.raises(OptionError) as error:
        apply(request, source, target)
    assert not Path(target).exists()
    return error.value


@pytest.mark.parametrize("name", OF_KERNELS)
def test_what_is_a_kernels_goes_with_no_pipeline(name):
    value = OTHERS.get(name) or volume_kernel("box")
    error = refused(Request(pipeline=PIPELINE, **{name: value}))
    assert (error.option, "every layer says its own" in error.problem) == (option(name), True)


@pytest.mark.parametrize("name", [*OF_IMAGES, "engine"])
def test_what_is_an_images_goes_with_no_volume(name):
    taps = volume_kernel("box")
    error = refused(Request(volume=taps, kernel=taps.flat, **{name: OTHERS[name]}), "stack.tif")
    assert error.option == option(name)
    assert "a volume is filtered" in error.problem


@pytest.mark.parametrize(
    ("fields", "named", "arguments"),
    [
        ({}, "kernel", ""),
        ({"kernel": BOX, "pipeline": PIPELINE}, "pipeline", "-k box --pipeline p.yaml"),
        (
            {"kernel": kernel("box"), "transposed": True, "border": Border("edge")},
            "border",
            "-k box --transposed -b edge",
        ),
        ({"kernel": kernel("box"), "output_padding": (0, 0)}, "output-padding", "-k box --output-padding 0"),
        ({"kernel": kernel("box"), "transposed": True, "check": True}, "check", "-k box --transposed --check"),
        ({"kernel": kernel("box"), "saves": ((1, "a.png"),)}, "save-layer", "-k box --save-layer 1=a.png"),
        ({"kernel": kernel("sepia"), "dilation": (2, 2)}, "dilation", "-k sepia -d 2"),
        ({"kernel": kernel("sepia"), "groups": 3}, "groups", "-k sepia --groups 3"),
    ],
)
def test_one_sentence_for_both_interfaces(fields, named, arguments):
    imgconv.write("colour.png", np.zeros((9, 8, 3), np.uint8))
    error = refused(Request(**fields), "colour.png")
    assert error.option == named
    if arguments:
        ran = run("apply", "colour.png", "out.tif", *arguments.split())
        assert (ran.code, ran.err) == (2, f"imgconv: --{error}\n")


@pytest.mark.parametrize("given", ["--stride 1", "--padding interpolation", "--gain raw", "--dilation 1"])
def test_a_default_that_is_typed_is_refused_too(folder, given):
    (folder / "p.yaml").write_text("- relu\n")
    ran = run("apply", "photo.png", "out.png", "--pipeline", "p.yaml", *given.split())
    assert (ran.code, "every layer says its own" in ran.err) == (2, True)


def test_a_volume_alone_is_enough(folder):
    apply(Request(volume=volume_kernel("box")), "stack.tif", "out.tif")
    assert (folder / "out.tif").exists()
