"""Figures and animations as files."""

import numpy as np
import pytest
from PIL import Image

from imgconv.errors import ImageWriteError, OptionError, TargetExistsError
from imgconv.figures import Animation, save
from imgconv.figures.parts.style import new_figure, styled


def drawn():
    with styled():
        figure = new_figure(2, 1, "a title")
        figure.subplots().plot([0, 1], [0, 1])
        return figure


def moving():
    return Animation(lambda: (np.full((4, 6, 3), 40 * at, np.uint8) for at in range(5)), (100,) * 4 + (900,))


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_figures_are_the_same_bytes_every_time(tmp_path, suffix, magic):
    for name in "ab":
        save(drawn(), str(tmp_path / f"{name}.{suffix}"))
    first, second = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab")
    assert first.startswith(magic) and first == second


def test_dots_to_the_inch(tmp_path):
    save(drawn(), str(tmp_path / "a.png"), dpi=70)
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (140, 70)
    with pytest.raises(OptionError, match="dpi"):
        save(drawn(), str(tmp_path / "b.png"), dpi=1e5)
    assert not (tmp_path / "b.png").exists()


@pytest.mark.parametrize("suffix", ["gif", "png", "apng", "webp"])
def test_animations_keep_frames_and_durations(tmp_path, suffix):
    save(moving(), str(tmp_path / f"a.{suffix}"))
    with Image.open(tmp_path / f"a.{suffix}") as image:
        assert image.n_frames == 5 and image.size == (6, 4)
        for at in range(5):
            image.seek(at)
            image.load()
            assert image.info["duration"] == (900 if at == 4 else 100)
            assert abs(np.asarray(image.convert("RGB")).astype(int) - 40 * at).max() == 0


@pytest.mark.parametrize(
    ("thing", "name", "says"),
    [
        (drawn, "a.jpg", "a figure is written to .png, .svg, .pdf, not to '.jpg'"),
        (drawn, "a", "not to '.'"),
        (drawn, "a.gif", "does not move"),
        (moving, "a.pdf", "--sheet"),
        (drawn, "missing/a.png", "there is no directory"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, thing, name, says):
    with pytest.raises(ImageWriteError, match=says):
        save(thing(), str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_replaced_unasked(tmp_path):
    target = tmp_path / "a.png"
    target.write_bytes(b"mine")
    with pytest.raises(TargetExistsError):
        save(drawn(), str(target))
    assert target.read_bytes() == b"mine"
    save(drawn(), str(target), overwrite=True)
    assert target.read_bytes().startswith(b"\x89PNG")
