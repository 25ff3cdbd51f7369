"""Filtering some rows at a time gives the samples, the numbers and the metadata of filtering the whole image."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image.pictures import noise

import imgconv.apply as apply_module
from imgconv import streaming
from imgconv.apply import apply
from imgconv.border import Border
from imgconv.errors import SizeError
from imgconv.geometry import Padding
from imgconv.image import Image, encode
from imgconv.image.model import Metadata, TiffLayout
from imgconv.library import kernel
from imgconv.request import Request

KERNELS = ["sharpen", "sobel", "gaussian:sigma=1.5", "box:size=5", "gaussian:sigma=6", "sobel-x", "1,2,3;4,5,6/21"]
LAYOUTS = [
    {"strip": 1}, {"strip": 7}, {"strip": 9, "compression": 8, "predictor": True}, {"tile": (16, 32)},
    {"tile": (32, 16), "compression": 5, "predictor": True}, {"tile": (16, 16), "compression": 32773},
    {"strip": 1000, "compression": 8},
]  # fmt: skip


@pytest.fixture
def small(monkeypatch):
    """Stream images of any size, in groups and blocks of few rows."""
    monkeypatch.setattr(apply_module, "STREAMED_BYTES", 0)
    monkeypatch.setattr(streaming, "GROUP_BYTES", 1)
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 1)


def tiff_file(path, pixels, **layout):
    image = Image(pixels, metadata=Metadata(tiff=TiffLayout(**layout), dpi=(300.0, 300.0), icc=b""))
    path.write_bytes(encode(image, "TIFF"))
    return str(path)


def both(tmp_path, monkeypatch, source, request):
    """The reports and files of the whole image and of some rows at a time."""
    found = []
    for name, least in (("whole", 2**60), ("bands", 0)):
        monkeypatch.setattr(apply_module, "STREAMED_BYTES", least)
        target = tmp_path / f"{name}.tif"
        found.append((apply(request.replace(overwrite=True), source, str(target)), target.read_bytes()))
    (whole, whole_file), (bands, bands_file) = found
    assert not whole.streamed
    return whole, whole_file, bands, bands_file


def alike(tmp_path, monkeypatch, source, request):
    whole, whole_file, bands, bands_file = both(tmp_path, monkeypatch, source, request)
    assert bands.streamed
    assert whole_file == bands_file
    assert whole.result.stats == bands.result.stats
    assert (whole.reason, whole.notes, whole.output.replace(name="")) == (
        bands.reason,
        bands.notes,
        bands.output.replace(name=""),
    )


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_rows_at_a_time_are_the_whole(data, tmp_path_factory):
    pick = lambda *values: data.draw(st.sampled_from(values))  # noqa: E731
    size = data.draw(st.tuples(st.integers(1, 150), st.integers(1, 60)))
    pixels = noise(pick(1, 3), pick("uint8", "uint16", "float32"), *size, seed=data.draw(st.integers(0, 99)))
    request = Request(
        kernel=kernel(pick(*KERNELS)),
        padding=Padding.parse(pick("same", "interpolation", "full", "3")),
        border=Border.parse(pick("edge", "reflect", "symmetric", "zero", "constant:7", "wrap")),
        stride=data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        dilation=data.draw(st.tuples(st.integers(1, 2), st.integers(1, 3))),
        correlate=pick(False, True),
        map=pick("clip", "abs", "offset", "stretch", "float"),
        engine=pick("builtin", "builtin", "scipy"),
    )
    folder = tmp_path_factory.mktemp("streaming")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "GROUP_BYTES", pick(1, 2**22))
        patch.setattr(streaming, "BLOCK_BYTES", pick(1, 3000))
        patch.setattr("imgconv.engines._native.BAND_SAMPLES", pick(64, 2**20))
        source = tiff_file(folder / "in.tif", pixels, **pick(*LAYOUTS))
        patch.setattr("imgconv.engines.builtin._recent", {})
        with suppress(SizeError):
            if request.map == "stretch" and request.engine == "scipy":
                *_, bands, _ = both(folder, patch, source, request)
                assert not bands.streamed  # results are known all at once there
            else:
                alike(folder, patch, source, request)
