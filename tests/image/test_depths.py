"""Every depth in every format: it comes back as it was, or the way out that is named is one."""

import re
from io import BytesIO

import numpy as np
import pytest
from image.pictures import KINDS, noise, scene

from imgconv.errors import ImageWriteError
from imgconv.image import DTYPES, FORMATS, as_image, check_target, encode, read, write
from imgconv.words.choice import DEPTHS

LOSSY = {"JPEG": 8, "AVIF": 8, "HDR": 1 / 128, "GIF": 90}
"""How far samples of a smooth picture may come back from what they were."""


def picture(channels, dtype):
    rgb = scene()
    smooth = np.dstack([rgb, rgb[::-1, :, 0]])[:, :, {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]]
    scale = 1 / 255 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max // 255
    return (smooth.astype(float) * scale).astype(dtype)


@pytest.mark.parametrize("channels", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("item", FORMATS, ids=lambda item: item.name)
def test_a_depth_comes_back_or_the_formats_that_hold_it_are_named(item, dtype, channels, tmp_path):
    if item.library:
        pytest.importorskip(item.library.module or item.library.name)
    if (item.name, dtype) == ("JPEG2000", "uint16") and channels > 1:
        pytest.importorskip("imagecodecs")
    pixels, target = picture(channels, dtype), tmp_path / f"a.{item.suffixes[0]}"
    floats = dtype.startswith("float") and any(kind.startswith("float") for kind in item.dtypes)
    if item.holds(*KINDS[channels]) and (dtype in item.dtypes or floats):
        notes = (*check_target(target, as_image(pixels)), *write(target, pixels))
        back = read(target)
        assert back.dtype == (dtype if dtype in item.dtypes else "float32")
        if back.dtype != dtype:
            assert any("32-bit floats" in note or "32 bits" in note for note in notes)
        expected = pixels if back.channels == channels else pixels[:, :, [0, 0, 0, *[1] * (channels == 2)]]
        apart = np.abs(back.pixels.astype(float) - expected.astype(float))
        associated = 2e-3 if item.name == "EXR" and channels in (2, 4) else 0  # its colours are multiplied by alpha
        colours = apart[:, :, :3] if item.name == "GIF" and back.alpha else apart
        exact = 1e-7 if dtype == "float64" and back.dtype == "float32" else 0
        assert item.name == "GIF" or colours.max() <= max(LOSSY.get(item.name, 0), associated, exact)
        return
    for act in (lambda: check_target(target, as_image(pixels)), lambda: write(target, pixels)):
        with pytest.raises(ImageWriteError) as caught:
            act()
        words = str(caught.value)
        named = re.findall(r"(?:write|or) (\.\w+)", words)
        assert named
        for suffix in named:
            assert read(encode(pixels, suffix)).dtype == dtype
        depths = re.search(r"--depth ([\w ]+)", words)
        if depths:
            assert dtype not in item.dtypes
            for word in depths[1].split(" or "):
                assert DEPTHS[word] in item.dtypes
        else:
            assert not item.holds(*KINDS[channels])
    assert not list(tmp_path.iterdir())


def test_wider_floats_beyond_a_format_s_range_are_counted():
    pixels = np.array([[1e300, -1e39, 0.5], [np.inf, np.nan, 1]])
    file = BytesIO()
    notes = write(file, pixels, format="pfm")
    assert any("2 samples are beyond them and become the largest that is left" in note for note in notes)
    top = np.finfo(np.float32).max
    np.testing.assert_array_equal(read(file.getvalue()).pixels[:, :, 0], [[top, -top, 0.5], [np.inf, np.nan, 1]])


def test_half_floats_are_widened_without_a_change():
    pixels = noise(3, "float16")
    file = BytesIO()
    assert write(file, pixels, format="pfm") == ("16-bit floats are written as 32-bit floats, which hold them exactly",)
    np.testing.assert_array_equal(read(file.getvalue()).pixels, pixels)
