"""A package of somebody else's that adds an engine, layers and an export format: used by command line and YAML."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli.running import ok, run
from packages import install
from scipy import ndimage

import imgconv
from imgconv.engines import Engine
from imgconv.kernels.export import Export
from imgconv.registry import ENGINES, EXPORTS, LAYERS

ENGINE = '''
"""An engine: shifted copies of the image, added up."""
import numpy as np

class Shifted:
    reason, band_rows = "copies of the image, added up", 16

    def __init__(self, job):
        self.job = job

    def __call__(self, image, start, stop):
        job = self.job
        rows, cols = job.source_rows(start, stop), job.cols
        padded = image[rows][:, cols].astype(np.float64)
        padded[rows < 0] = job.constant
        padded[:, cols < 0] = job.constant
        high, wide = stop - start, job.output[1]
        total = np.zeros((high, wide, image.shape[2]))
        for (i, j), tap in np.ndenumerate(job.taps):
            y, x = i * job.dilation[0], j * job.dilation[1]
            total += tap * padded[y :: job.stride[0], x :: job.stride[1]][:high, :wide]
        return total / job.divisor + job.offset

def prepare(job, shape, dtype):
    return Shifted(job)
'''

LP_POOL = '''
"""A layer: the p-norm of every window."""
from __future__ import annotations

import numpy as np

from imgconv import geometry
from imgconv.layers import VALID, Count, Layer, Pair, PlannedWhole, Shape
from imgconv.sizes.chain import Stage

class LpPool(Layer):
    """Take the p-norm of every window, as torch's LPPool2d does.

    Attributes:
        window: its size.
        p: which norm.
    """

    window: Pair
    p: Count = 2

    def plan(self, shape):
        extent = geometry.pooled_extent((shape.width, shape.height), self.window, padding=VALID)
        return PlannedWhole(Shape(*extent.output, shape.channels), (Stage(extent),), self.run, "p-norms of windows")

    def run(self, pixels, setting):
        width, height = self.window
        parts = np.lib.stride_tricks.sliding_window_view(pixels.astype(np.float64), (height, width), axis=(0, 1))
        return (parts[::height, ::width] ** self.p).sum(axis=(-2, -1)) ** (1 / self.p)

    def for_alpha(self, means, white):
        from imgconv.layers.pool import Pool
        return Pool(max=self.window)
'''

GAMMA = '''
"""A layer: a power of every sample."""
from __future__ import annotations

from imgconv.layers import Numbers, PixelwiseLayer

class Gamma(PixelwiseLayer):
    """Raise samples, as parts of white, to a power.

    Attributes:
        power: the exponent.
    """

    power: Numbers

    def run(self, pixels, setting):
        return (pixels / setting.white) ** self.power[0] * setting.white
'''

EXPORT = '''
"""A form of export: a C array."""
from imgconv.errors import ExportError
from imgconv.kernels.value import Kernel

SUMMARY = "an array in C"

def export(kernel):
    if not isinstance(kernel, Kernel):
        raise ExportError(kernel.name, "c-array", "it is more than one matrix")
    rows = ", ".join("{" + ", ".join(map(str, row)) + "}" for row in kernel.taps.tolist())
    return f"static const float kernel[][{kernel.shape[1]}] = {{{rows}}};\\n"
'''

GROUPS = {
    "imgconv.engines": {"shifted": "somebodys_engine"},
    "imgconv.layers": {"lp-pool": "somebodys_lp_pool", "gamma": "somebodys_gamma"},
    "imgconv.exports": {"c-array": "somebodys_export"},
}
MODULES = {
    "somebodys_engine": ENGINE,
    "somebodys_lp_pool": LP_POOL,
    "somebodys_gamma": GAMMA,
    "somebodys_export": EXPORT,
}


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    """The package, installed, and a picture in the current folder."""
    install(tmp_path / "site", "somebodys-package", GROUPS, **MODULES)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(3).integers(0, 256, (24, 30, 3), np.uint8)
    imgconv.write("photo.png", pixels)
    yield tmp_path / "site"
    for name in [name for name in sys.modules if name.startswith("somebodys_")]:
        del sys.modules[name]


def test_an_engine():
    found = json.loads(ok("apply", "photo.png", "out.npy", "-k", "gaussian:sigma=1", "--engine", "shifted", "--map",
                          "float", "--json", "--check").text)  # fmt: skip
    assert (found["engine"]["name"], found["engine"]["reason"]) == ("shifted", "copies of the image, added up")
    assert found["check"]["engine"] == "scipy"
    taps = imgconv.kernel("gaussian:sigma=1").taps
    expected = ndimage.correlate(imgconv.read("photo.png").pixels.astype(float), taps[:, :, None], mode="nearest")
    np.testing.assert_allclose(np.load("out.npy"), expected, atol=1e-4)
    strided = {"stride": (2, 3), "dilation": (3, 1), "padding": (4, 5, 0, 1), "border": "constant:9"}
    image = np.random.default_rng(4).random((20, 31))
    one, two = (imgconv.convolve(image, "sobel-x", engine=name, **strided) for name in ("shifted", "builtin"))
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_layers_in_a_pipeline():
    Path("layers.yaml").write_text("- gamma: 2\n- lp-pool: {window: 3x2, p: 3}\n- conv: {kernel: box, padding: same}\n")
    found = json.loads(
        ok("apply", "photo.png", "out.npy", "--pipeline", "layers.yaml", "--map", "float", "--json").text
    )
    assert [row["kind"] for row in found["layers"]] == ["gamma", "lp-pool", "conv"]
    assert found["engine"]["name"] == "builtin" and "norms" not in found["engine"]["reason"]
    assert [(way["layer"], way["engine"]) for way in found["engine"]["elsewhere"]] == [
        (1, "somebodys_gamma"),
        (2, "somebodys_lp_pool"),
    ]
    pixels = (imgconv.read("photo.png").pixels / 255.0) ** 2 * 255
    windows = pixels.reshape(12, 2, 10, 3, 3)
    norms = (windows**3).sum(axis=(1, 3)) ** (1 / 3)
    expected = ndimage.uniform_filter(norms, (3, 3, 1), mode="constant")
    np.testing.assert_allclose(np.load("out.npy"), expected, rtol=1e-5)
    ran = run("apply", "photo.png", "x.png", "--pipeline", "-", stdin=b"- relu\n- lp-pol: 3\n")
    assert ran.err == "imgconv: standard input, line 2, column 3: there is no layer 'lp-pol'; did you mean 'lp-pool'?\n"
    ran = run("apply", "photo.png", "x.png", "--pipeline", "-", stdin=b"- lp-pool: {windw: 3}\n")
    assert "did you mean 'window'?" in ran.err


def test_who_computed_what_is_told():
    def said(text, *options):
        lines = ok("apply", "photo.png", "x.png", "--pipeline", "-", "--dry-run", *options, stdin=text).lines
        at = next(at for at, line in enumerate(lines) if line.startswith("engine"))
        return [line[9:] for line in lines[at:-1]]

    assert said(b"- gamma: 2") == ["somebodys_gamma: gamma"]
    assert said(b"- gamma: 2\n- relu") == ["builtin: relu", "somebodys_gamma: gamma (layer 1)"]
    why = "scipy does correlations that filter every channel alike, and nothing else"
    other = "somebodys_gamma: gamma (layer 1)"
    assert said(b"- gamma: 2\n- relu", "--engine", "scipy") == ["builtin: relu", other, f"not scipy: {why}"]
    assert said(b"- gamma: 2\n- conv: box\n- relu", "--engine", "scipy") == [
        "scipy: scipy.ndimage.correlate in float64",
        other,
        f"builtin: relu (layer 3); {why}",
    ]


def test_alpha_goes_through_the_layer():
    imgconv.write("alpha.png", np.full((12, 12, 4), 255, np.uint8))
    ok("apply", "alpha.png", "out.png", "--pipeline", "-", "-q", stdin=b"- gamma: 1\n- lp-pool: 2\n")
    assert imgconv.read("out.png").pixels.shape == (6, 6, 4)


def test_an_export():
    said = ok("kernels", "export", "sobel-x", "--to", "c-array").text
    assert said == "static const float kernel[][3] = {{1.0, 0.0, -1.0}, {2.0, 0.0, -2.0}, {1.0, 0.0, -1.0}};\n"
    ran = run("kernels", "export", "sobel", "--to", "c-array")
    assert ran.err == "imgconv: kernel 'sobel' cannot be exported to c-array: it is more than one matrix\n"


def test_where_all_are_asked_for():
    schema = json.loads(ok("schema", "pipeline").text)
    assert (
        schema["$defs"]["layer-lp-pool"]["description"] == "Take the p-norm of every window, as torch's LPPool2d does."
    )
    found = json.loads(ok("info", "--json").text)
    assert found["engines"] == ["builtin", "scipy", "shifted"]
    assert [(one["kind"], one["name"], one["package"], one["problem"]) for one in found["added"]] == [
        ("engine", "shifted", "somebodys-package", None),
        ("layer", "gamma", "somebodys-package", None),
        ("layer", "lp-pool", "somebodys-package", None),
        ("export format", "c-array", "somebodys-package", None),
    ]
    assert (
        "added    engine shifted, layer gamma, layer lp-pool, export format c-array (somebodys-package)"
        in ok("info").text
    )


def test_what_is_wrong_is_told_where_all_are_asked_for(tmp_path):
    groups = {"imgconv.engines": {"builtin": "x"}, "imgconv.layers": {"lost": "no_such_module"}}
    install(tmp_path / "site", "bad-package", groups)
    sentence = "layer 'lost' of the package bad-package cannot be used: it needs the module no_such_module"
    assert sentence in run("schema", "pipeline").err
    said = ok("info").lines
    assert any(sentence in line for line in said)
    assert any("engine 'builtin' of the package bad-package cannot be used: imgconv has one" in line for line in said)
    assert json.loads(ok("info", "--json").text)["engines"] == ["builtin", "scipy", "shifted"]
    ok("apply", "photo.png", "out.png", "-k", "box", "--engine", "builtin")
    ran = run("apply", "photo.png", "x.png", "--pipeline", "-", stdin=b"- relu\n- lost\n")
    assert (ran.code, ran.err.startswith(f"imgconv: standard input, line 2, column 3: {sentence}")) == (1, True)


@pytest.mark.parametrize(
    ("module", "before", "after", "arguments", "sentence"),
    [
        ("engine", "def prepare", "def propare", "--engine shifted -k box", "its module has no prepare"),
        (
            "engine",
            "return Shifted(job)",
            "return 3",
            "--engine shifted -k box",
            "prepared an object of type int, which computes nothing",
        ),
        (
            "engine",
            "return total /",
            "return total[1:] /",
            "--engine shifted -k box",
            "added up' made results of the shape (",
        ),
        (
            "gamma",
            "return (pixels",
            "return (pixels[:, :3]",
            "--pipeline gamma.yaml",
            "of the shape (24, 3, 3)",
        ),
        (
            "engine",
            "def prepare",
            "from imgconv.engines import Traits\nTRAITS = Traits(own=True)\ndef prepare",
            "--engine shifted -k box",
            "its TRAITS declare what is computed by imgconv's own functions",
        ),
        (
            "engine",
            "def prepare",
            "from imgconv.engines import Traits\nTRAITS = Traits(frozenset({'resize'}))\ndef prepare",
            "--engine shifted -k box",
            "its TRAITS name a primitive that there is not, 'resize'",
        ),
        ("gamma", "class Gamma", "class Gama", "--pipeline gamma.yaml", "its module has no Gamma"),
    ],
)
def test_what_breaks_its_contract(package, module, before, after, arguments, sentence):
    source = MODULES[f"somebodys_{module}"].replace(before, after)
    (package / f"somebodys_{module}.py").write_text(source)
    Path("gamma.yaml").write_text("- gamma: 2\n")
    ran = run("apply", "photo.png", "x.png", *arguments.split())
    assert (ran.code, ran.out, sentence in ran.err, ran.err.count("\n")) == (1, b"", True, 1), ran.err
    assert not Path("x.png").exists()


def test_an_export_that_makes_neither_text_nor_bytes(package):
    (package / "somebodys_export.py").write_text("SUMMARY = 'x'\ndef export(kernel):\n    return 3\n")
    ran = run("kernels", "export", "box", "--to", "c-array")
    assert "it returned an object of type int, neither text nor bytes" in ran.err


def check_export(name, module):
    """Fail unless a form of export keeps its contract."""
    export = Export.of(name, module)
    assert export.name == name and export.summary.strip() and "\n" not in export.summary
    assert export.export(imgconv.kernel("box"))


@pytest.mark.parametrize("name", [*EXPORTS.names(), "c-array"])
def test_every_form_of_export_keeps_its_contract(name):
    EXPORTS.get(name, check_export)


def test_members_by_name():
    assert ENGINES.get("shifted", Engine.of).traits.referee is False
    assert {"shifted"} == set(ENGINES.all_names()) - set(ENGINES.names())
    assert {"gamma", "lp-pool"} == set(LAYERS.all_names()) - set(LAYERS.names())


def test_a_process_of_its_own_finds_it_on_the_path(package):
    command = [sys.executable, "-m", "imgconv", "apply", "photo.png", "o.png", "-k", "box", "--engine", "shifted"]
    environment = os.environ | {"PYTHONPATH": str(package)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "engine   shifted: copies of the image, added up" in done.stdout) == (0, True), done.stderr
