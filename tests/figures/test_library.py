"""The library as a contact sheet: every kernel is on it, beside what ``apply`` makes of the picture."""

import numpy as np
import pytest
from cli.running import ok, run
from figures.common import assert_as_drawn, assert_tidy

import imgconv
from imgconv.errors import OptionError
from imgconv.figures import draw_library
from imgconv.figures.library import chart_picture, samples
from imgconv.kernels.library import catalogue
from imgconv.kernels.value import CLASSES

REFERENCES = {"library-sharpen": lambda: draw_library(kind="sharpen", title="Kernels that sharpen")}


@pytest.fixture(scope="module")
def sheet():
    return REFERENCES["library-sharpen"]()


def test_it_is_tidy_and_looks_as_it_did(sheet):
    assert_tidy(sheet)
    assert_as_drawn(sheet, "library-sharpen")


def test_a_matrix_and_its_result_stand_side_by_side(sheet):
    chart = (chart_picture() @ np.array([299, 587, 114])) / 1000
    wanted = [entry.name for entry in catalogue() if entry.kind == "sharpen"]
    images = [np.ma.getdata(image.get_array()) for image in sheet.axes[0].images]
    assert len(images) == 2 * len(wanted)
    for name, matrix, result in zip(wanted, images[::2], images[1::2], strict=True):
        kernel = imgconv.kernel(name)
        assert np.array_equal(matrix, kernel.taps)
        assert np.allclose(result, imgconv.convolve(chart, kernel, padding="interpolation"), atol=1e-3)


@pytest.mark.slow
def test_every_kernel_of_the_library_is_drawn():
    found = samples()
    assert {sample.name.partition(":")[0] for sample in found} == {entry.name for entry in catalogue()}
    assert [CLASSES.index(sample.kind) for sample in found] == sorted(CLASSES.index(sample.kind) for sample in found)


def test_colours_are_left_out_of_a_grey_picture():
    with pytest.raises(OptionError, match="no kernel of this class"):
        draw_library(np.zeros((8, 8), np.uint8), kind="pointwise")


@pytest.mark.slow
def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    imgconv.write("p.png", np.zeros((200, 400, 3), np.uint8))
    assert "1 page, PDF" in ok("draw", "library", "p.png", "--class", "stylise", "-o", "s.pdf").text
    ran = run("draw", "library", "--class", "smoth", "-o", "x.png")
    assert ran.code == 2 and "did you mean 'smooth'?" in ran.err
    assert run("draw", "library", "--cmap", "gray", "-o", "x.png").code == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.png", "s.pdf"]
