"""``--show``: pictures in the terminal."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from cli.running import ok, run
from cli.test_meter import on_terminal

from imgconv.figures.parts.terminal import blocks, colour_depth, picture_of, shows, taps_picture
from imgconv.image import as_image, write

CELL = re.compile(r"\x1b\[38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m(▀+)|(▀+)")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def cells(text):
    """Read half blocks back into pixels, (rows, cols, 3)."""
    rows = []
    for line in text.splitlines():
        upper, lower, colours = [], [], None
        for found in CELL.finditer(line):
            if found[1]:
                numbers = [int(found[at]) for at in range(1, 7)]
                colours = numbers[:3], numbers[3:]
            for _ in found[7] or found[8]:
                upper.append(colours[0])
                lower.append(colours[1])
        rows += [upper, lower]
    return np.array(rows)


@pytest.mark.parametrize(("rows", "cols"), [(6, 9), (20, 38), (1, 1), (200, 1)])
def test_half_blocks_are_the_pixels(rows, cols):
    picture = np.random.default_rng(1).integers(0, 256, (rows, cols, 3), dtype=np.uint8)
    got = cells(blocks(picture, (40, 120)))
    factor = max(1, min(40 // cols, 238 // rows, 16))
    want = picture.repeat(factor, 0).repeat(factor, 1)
    np.testing.assert_array_equal(got[: len(want)], want)
    assert len(got) - len(want) in (0, 1)


def test_a_large_picture_is_reduced_to_means_and_fits():
    picture = np.random.default_rng(2).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    got = cells(blocks(picture, (80, 40)))
    assert got.shape == (60, 80, 3)
    np.testing.assert_allclose(got, picture.reshape(60, 8, 80, 8, 3).mean((1, 3)), atol=0.51)


def test_a_terminal_of_256_colours_gets_the_nearest():
    picture = np.array([[[255, 0, 0], [8, 8, 8], [0, 95, 255]]] * 2, np.uint8)
    assert blocks(picture, (3, 2), depth=8).count("m▀") == 3
    assert re.findall(r"38;5;(\d+)", blocks(picture, (3, 2), depth=8)) == ["196", "232", "27"]
    assert colour_depth({"COLORTERM": "truecolor"}) == 24 and colour_depth({"TERM": "xterm-256color"}) == 8


@pytest.mark.parametrize(
    ("environment", "may"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({}, False)],
)
def test_where_pictures_are_shown(environment, may):
    assert shows(Terminal(), environment) == may
    assert not shows(io.StringIO(), environment) and not shows(None, environment)


def test_any_image_has_a_picture():
    rng = np.random.default_rng(3)
    grey, deep = rng.random((5, 4, 1)).astype(np.float32), rng.integers(0, 65536, (5, 4, 3), dtype=np.uint16)
    grey[0, 0] = np.nan
    assert (picture_of(as_image(grey))[0, 0] == 0).all()
    np.testing.assert_allclose(picture_of(as_image(deep)), deep / 257, atol=0.51)
    assert picture_of(as_image(rng.random((5, 4, 7)).astype(np.float32))).shape[2] == 3
    far = picture_of(as_image(np.array([[[-50.0], [0], [150]]], np.float32)))
    np.testing.assert_array_equal(far[0, :, 0], [0, 64, 255])


def test_taps_are_dark_where_negative_and_pale_where_positive():
    low, zero, high = taps_picture(np.array([[-2.0, 0, 2]]))[0].astype(int).sum(1)
    assert low < zero < high


def test_the_picture_goes_to_a_terminal_alone(folder):
    write("in.png", np.full((4, 6, 3), (200, 30, 60), np.uint8))
    plain = ok("apply", "in.png", "out.png", "-k", "identity", "--show").text
    assert "▀" not in plain and "\x1b" not in plain
    code, shown = on_terminal("apply", "in.png", "o.png", "-k", "identity", "--show", "-q", out=True, COLORTERM="24bit")
    assert code == 0 and "38;2;200;30;60;48;2;200;30;60m▀" in shown
    code, shown = on_terminal("kernels", "show", "sobel-x", "--show", out=True, NO_COLOR="1")
    assert code == 0 and "▀" not in shown and Path("o.png").exists()


@pytest.mark.parametrize("other", ["--json", "--dry-run"])
def test_what_has_no_picture_is_refused(other, folder):
    write("in.png", np.zeros((4, 6, 3), np.uint8))
    ran = run("apply", "in.png", "out.png", "-k", "identity", "--show", other)
    assert ran.code == 2 and ran.err.startswith("imgconv: --show: ") and not Path("out.png").exists()


def test_a_drawing_is_shown_without_a_file_and_goes_nowhere_but_there(folder):
    before, draw = list(folder.iterdir()), ("draw", "steps", "3x3", "-k", "2", "--show")
    code, shown = on_terminal(*draw, out=True, COLORTERM="24bit")
    assert code == 0 and "▀" in shown and "output   " not in shown and list(folder.iterdir()) == before
    code, shown = on_terminal(*draw, out=True, NO_COLOR="1")
    assert code == 2 and "--show: " in shown
    for words, says in [
        ((), "--show: standard output is not a terminal"),
        (("--overwrite",), "--overwrite: it goes with a file"),
        (("--json",), "--show: a picture is no JSON"),
    ]:
        ran = run(*draw, *words)
        assert ran.code == 2 and says in (ran.err or ran.text)
    ran = run(*draw[:-1])
    assert ran.code == 2 and ran.err.startswith("imgconv: --output: name a file with -o FILE")
