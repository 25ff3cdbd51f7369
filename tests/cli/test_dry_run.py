"""A dry run refuses what the run refuses, in the same words, unless only the pixels show it."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli.running import contents, run

import imgconv
from imgconv.image import Image
from imgconv.image.metadata.ifd import pack_directory

RESULT = "apply photo.png {} -k box"


@pytest.fixture(autouse=True)
def files(folder):
    random = np.random.default_rng(1)
    imgconv.write("deep.png", random.integers(0, 1 << 16, (20, 24, 3), np.uint16))
    imgconv.write("alpha.png", Image(random.integers(0, 256, (20, 24, 4), np.uint8), alpha=True, space="RGB"))
    imgconv.write("small.png", random.integers(0, 256, (4, 5), np.uint8))
    imgconv.write_frames("stack.tif", random.integers(0, 256, (4, 20, 24), np.uint8))
    imgconv.write_frames("moving.gif", random.integers(0, 256, (3, 20, 24), np.uint8))
    np.save("learned.npy", np.full((5, 3, 3, 3), 0.01))
    (folder / "layers.yaml").write_text("- conv: sobel-x\n- pool: {max: 2}\n")
    (folder / "there").mkdir()
    (folder / "closed").mkdir()
    (folder / "closed").chmod(0o500)
    yield
    (folder / "closed").chmod(0o700)


REFUSED = [
    RESULT.format("photo.png"), RESULT.format("there"), RESULT.format("nowhere/o.png"),
    RESULT.format("photo.png/o.png"), RESULT.format("o.xyz"), RESULT.format("x" * 300 + ".png"), RESULT.format("o.pbm"),
    "apply deep.png o.jpg -k box", "apply alpha.png o.jpg -k box", "apply photo.png o.png -k box --map float",
    "apply photo.png o.png -k box --padding valid --dilation 200", "apply photo.png o.png -k learned.npy --groups 2",
    "apply photo.png o.png -k box --region 900,0,5x5", "apply photo.png o.png -k box --mask small.png",
    "apply photo.png o.png -k box --mask missing.png", "apply photo.png o.png -k box --frame 2",
    "apply photo.png o.png -k box --channel a", "apply photo.png o.png -k box --max-pixels 100",
    "apply small.png o.png -k box --gray=709 --channel r", "apply photo.png o.png -k box --engine none",
    "apply photo.png o.png -k box --vmin 3", "apply photo.png o.png -k sobel-angle --linear",
    "apply photo.png o.png --pipeline layers.yaml --save-layer 7",
    "apply photo.png o.png --pipeline layers.yaml --save-layer 1=o.png",
    "apply photo.png o.png --pipeline layers.yaml --save-layer 1=nowhere/a.png",
    "apply photo.png o.png --pipeline layers.yaml --save-layer 1=photo.png",
    "apply moving.gif o.jpg -k box", "apply stack.tif o.png -k box --frame 9", "apply photo.png o.tif -k box --volume",
    "apply stack.tif o.tif -k sobel --volume", "apply stack.tif o.tif -k box --volume --frame 0",
    "apply stack.tif o.tif -k box --volume --stride 2x3", "apply stack.tif o.tif -k learned.npy",
    "pool photo.png o.png --max 900", "pool photo.png o.png --mean 2 --padding 3 --border nothing",
    "pool photo.png o.png --mean 2 --padding 3", "pool photo.png there --max 2",
    "apply photo.png o.png -k sepia --dilation 2", "apply photo.png - -k box",
]  # fmt: skip


@pytest.mark.parametrize("command", REFUSED)
def test_what_the_run_refuses_the_dry_run_refuses(folder, command):
    before = contents(folder)
    ran, dry = run(*command.split()), run(*command.split(), "--dry-run")
    assert ran.code in (1, 2), ran
    assert (dry.code, dry.err) == (ran.code, ran.err)
    assert contents(folder) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_that_cannot_be_written_to():
    for options in ((), ("--dry-run",)):
        assert "closed cannot be written to" in run("apply", "photo.png", "closed/o.png", "-k", "box", *options).err


@pytest.mark.parametrize(("source", "target"), [("deep.png", "o.jp2"), ("deep.png", "o.jxl"), ("small.png", "o.jxl")])
def test_a_library_that_is_missing(monkeypatch, source, target):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    ran, dry = (run("apply", source, target, "-k", "box", *options) for options in ((), ("--dry-run",)))
    assert (ran.code, "needs imagecodecs" in ran.err) == (1, True), ran
    assert (dry.code, dry.err) == (ran.code, ran.err)


JPEG_2000, LERC, JPEG_XR, JPEG_8, ZSTANDARD = 34712, 34887, 22610, 34892, 50000
HEADERS = [
    *({"compression": kind} for kind in (JPEG_2000, LERC, JPEG_XR, JPEG_8)),
    {"compression": 9999},
    {"compression": ZSTANDARD, "bits": [1, 1, 1], "photometric": 2},
    *({"bits": [bits]} for bits in (5, 6, 7, 20, 24)),
    {"bits": [24], "kind": 3},
    {"bits": [8, 8, 8], "photometric": 6, "planar": 2},
    {"bits": [8, 8, 8], "photometric": 8, "compression": 7},
    {"bits": [16, 16, 16], "photometric": 8},
    {"bits": [8, 8], "photometric": 2},
    {"bits": [8] * 70, "kind": 6},
    {"kind": 5, "bits": [64]},
]
"""What TIFF files say of themselves that nobody reads without imagecodecs, and mostly with it."""


def tiff_of(compression=1, bits=(8,), kind=1, photometric=1, planar=1):
    """Return a TIFF file that says so, with zeros for pixels."""
    rows, cols, count = 12, 16, len(bits)
    planes = count if planar == 2 else 1
    size = rows * cols * sum(bits) // 8 // planes

    def shorts(*values):
        return 3, len(values), struct.pack(f"<{len(values)}H", *values)

    def longs(*values):
        return 4, len(values), struct.pack(f"<{len(values)}I", *values)

    numbers = {256: cols, 257: rows, 259: compression, 262: photometric, 277: count, 278: rows, 284: planar}
    fields = {tag: shorts(value) for tag, value in numbers.items()}
    fields |= {258: shorts(*bits), 339: shorts(*[kind] * count)}
    fields |= {273: longs(*[1000 + at * size for at in range(planes)]), 279: longs(*[size] * planes)}
    directory = pack_directory(fields, 8)
    return (b"II*\0\x08\0\0\0" + directory).ljust(1000, b"\0") + bytes(size * planes)


WITHOUT_CODECS = """
import json, sys
sys.modules["imagecodecs"] = None
from cli.running import run
for name in sys.argv[1:]:
    for options in ((), ("--dry-run",)):
        ran = run("apply", name, "o.png", "-k", "box", "--depth", "8", *options)
        print(json.dumps([name, ran.code, ran.err]))
"""


def test_what_a_tiff_header_shows_the_dry_run_refuses(folder):
    """In a process of its own, as tifffile looks for imagecodecs once."""
    names = [f"t{number}.tif" for number in range(len(HEADERS))]
    for name, header in zip(names, HEADERS, strict=True):
        (folder / name).write_bytes(tiff_of(**header))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    child = [sys.executable, "-c", WITHOUT_CODECS, *names]
    told = subprocess.run(child, env=environment, check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(told) == 2 * len(names)
    for header, *lines in zip(HEADERS, told[::2], told[1::2], strict=True):
        ran, dry = (json.loads(line)[1:] for line in lines)
        assert ran[0] == 1, (header, ran)
        assert dry == ran, header


def test_what_only_the_pixels_show_is_said_in_the_help():
    assert "What only the pixels show" in " ".join(run("apply", "--help").text.split())
    assert run("apply", "photo.png", "o.png", "-k", "sharpen", "--strict").code == 1
    assert run("apply", "photo.png", "o.png", "-k", "sharpen", "--strict", "--dry-run").code == 0
