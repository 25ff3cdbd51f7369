"""Filtering some rows at a time gives the samples, the numbers and the metadata of filtering the whole image."""

import errno
import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from io import BytesIO

import numpy as np
import PIL.Image
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from image.pictures import leftovers, noise
from scipy import ndimage

import imgconv.filtering.apply as apply_module
from imgconv.errors import ClippedError, ImageReadError, ImageWriteError, SizeError
from imgconv.filtering.apply import apply
from imgconv.filtering.request import Request
from imgconv.filtering.streaming import chain as chains
from imgconv.filtering.streaming import stage as stages
from imgconv.image import Image, encode, read
from imgconv.image.model import Metadata, TiffLayout
from imgconv.image.tiff.write import Page, TiffSink
from imgconv.kernels.library import kernel
from imgconv.pipeline.file import parse
from imgconv.words.border import BORDER
from imgconv.words.padding import PADDING

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
    monkeypatch.setattr(stages, "GROUP_BYTES", 1)
    monkeypatch.setattr(chains, "BLOCK_BYTES", 1)


def tiff_file(path, pixels, **layout):
    image = Image(pixels, alpha=pixels.shape[2] == 4, metadata=Metadata(tiff=TiffLayout(**layout), dpi=(300.0, 300.0)))
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


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_rows_at_a_time_are_the_whole(data, tmp_path_factory):
    pick = lambda *values: data.draw(st.sampled_from(values))  # noqa: E731
    size = data.draw(st.tuples(st.integers(1, 150), st.integers(1, 60)))
    pixels = noise(pick(1, 3), pick("uint8", "uint16", "float32"), *size, seed=data.draw(st.integers(0, 99)))
    request = Request(
        kernel=kernel(pick(*KERNELS)),
        padding=PADDING.parse(pick("same", "interpolation", "full", "3")),
        border=BORDER.parse(pick("edge", "reflect", "symmetric", "zero", "constant:7", "wrap")),
        stride=data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        dilation=data.draw(st.tuples(st.integers(1, 2), st.integers(1, 3))),
        correlate=pick(False, True),
        map=pick("clip", "abs", "offset", "stretch", "float"),
        engine=pick("builtin", "builtin", "scipy"),
    )
    folder = tmp_path_factory.mktemp("streaming")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "GROUP_BYTES", pick(1, 2**22))
        patch.setattr(chains, "BLOCK_BYTES", pick(1, 3000))
        patch.setattr("imgconv.engines._native.BAND_SAMPLES", pick(64, 2**20))
        source = tiff_file(folder / "in.tif", pixels, **pick(*LAYOUTS))
        patch.setattr("imgconv.engines.builtin._recent", {})
        with suppress(SizeError):
            if request.map == "stretch" and request.engine == "scipy":
                *_, bands, _ = both(folder, patch, source, request)
                assert not bands.streamed  # results are known all at once there
            else:
                alike(folder, patch, source, request)


CHAINS = {
    "- conv: {kernel: gaussian:sigma=2, padding: same}\n- conv: {kernel: sobel, padding: same}": "clip stretch float",
    "- conv: {kernel: 'box:size=3', padding: same, stride: 2}\n- bias: 3\n- conv: sharpen\n- abs": "clip stretch float",
    "- conv: {kernel: box:size=5, padding: 9, border: wrap}\n- pointwise: gray-601\n- abs": "clip stretch",
    "- normalise\n- conv: {kernel: box:size=3, padding: same, border: wrap}": "",
    "- conv: sharpen\n- pointwise: gray-601": "clip",
    "- conv: sharpen\n- pool: {max: 2}": "",
}
"""Chains, and the maps for which they are filtered some rows at a time."""


@pytest.mark.parametrize("map", ["clip", "stretch", "float"])
@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("layout", LAYOUTS[1:5:3])
def test_chains_too(chain, map, layout, small, tmp_path, monkeypatch):
    monkeypatch.setattr("imgconv.engines._native.BAND_SAMPLES", 64)
    monkeypatch.setattr("imgconv.engines.builtin._recent", {})
    source = tiff_file(tmp_path / "in.tif", noise(3, "uint8", 200, 40), **layout)
    whole, whole_file, bands, bands_file = both(tmp_path, monkeypatch, source, Request(pipeline=parse(chain), map=map))
    assert bands.streamed == (map in CHAINS[chain] or ("gray" in chain and map == "float" and "clip" in CHAINS[chain]))
    assert whole_file == bands_file
    assert whole.result.stats == bands.result.stats


def test_metadata_and_layout_travel(small, tmp_path):
    image = Image(noise(3, "uint16", 60, 50), metadata=Metadata(tiff=TiffLayout(8, True, (16, 16)), dpi=(300.0, 72.0)))
    source = tmp_path / "in.tif"
    source.write_bytes(encode(image, "TIFF"))
    report = apply(Request(kernel=kernel("box:size=3")), str(source), str(tmp_path / "out.tif"))
    assert report.streamed
    with tifffile.TiffFile(tmp_path / "out.tif") as opened:
        page = opened.pages[0]
        assert (page.compression, page.predictor, page.tile) == (8, 2, (16, 16))
    assert read(tmp_path / "out.tif").metadata.dpi == (300, 72)


@pytest.mark.parametrize(
    ("options", "streams"),
    [({}, True), ({"strict": True}, True), ({"gray": "601"}, False), ({"check": True}, False), ({"depth": "16"}, True)],
)
def test_what_cannot_be_done_by_rows_is_done_whole(options, streams, small, tmp_path):
    source = tiff_file(tmp_path / "in.tif", noise(3, "uint8"), tile=(16, 16))
    request = Request(kernel=kernel("box:size=3"), **options)
    assert apply(request, source, str(tmp_path / "out.tif")).streamed == streams


def test_alpha_orientation_pipes_and_other_formats_are_done_whole(small, tmp_path):
    request = Request(kernel=kernel("box:size=3"), overwrite=True)
    out = str(tmp_path / "out.tif")
    assert not apply(request, tiff_file(tmp_path / "alpha.tif", noise(4, "uint8")), out).streamed
    turned = BytesIO()
    tifffile.imwrite(turned, noise(1, "uint8"), extratags=[(274, 3, 1, 6, True)])
    assert not apply(request, turned.getvalue(), out).streamed
    plain = tiff_file(tmp_path / "in.tif", noise(1, "uint8"))
    assert not apply(request, plain, str(tmp_path / "out.png")).streamed
    assert not apply(request.replace(format="tif"), plain, BytesIO()).streamed
    with open(plain, "rb") as file:  # noqa: PTH123
        assert apply(request, file, out).streamed


def test_a_file_may_replace_itself(small, tmp_path):
    pixels = noise(3, "uint8", 90, 70)
    source = tiff_file(tmp_path / "in.tif", pixels, tile=(16, 16), compression=5)
    report = apply(Request(kernel=kernel("sharpen"), overwrite=True), source, source)
    assert report.streamed
    plain = tiff_file(tmp_path / "plain.tif", pixels)
    apply(Request(kernel=kernel("sharpen")), plain, str(tmp_path / "other.tif"))
    np.testing.assert_array_equal(read(source).pixels, read(tmp_path / "other.tif").pixels)


@pytest.mark.parametrize("compression", [5, 8])
def test_a_damaged_tile_in_the_middle_is_one_sentence_and_leaves_nothing(compression, small, tmp_path):
    source = tmp_path / "in.tif"
    tiff_file(source, noise(3, "uint8", 120, 70), tile=(16, 16), compression=compression)
    with tifffile.TiffFile(source) as opened:
        page = opened.pages[0]
        offset, count = page.dataoffsets[20], page.databytecounts[20]
    data = bytearray(source.read_bytes())
    data[offset : offset + count] = b"\xff" * count
    source.write_bytes(data)
    words = r"in\.tif: the TIFF data (cannot be read: its compressed data is damaged|breaks off)"
    with pytest.raises(ImageReadError, match=words):
        apply(Request(kernel=kernel("sharpen")), str(source), str(tmp_path / "out.tif"))
    assert not leftovers(tmp_path) and not (tmp_path / "out.tif").exists()


def test_strict_is_found_out_at_the_end_and_leaves_nothing(small, tmp_path):
    source = tiff_file(tmp_path / "in.tif", noise(1, "uint8", 90, 40))
    with pytest.raises(ClippedError):
        apply(Request(kernel=kernel("sharpen"), strict=True), source, str(tmp_path / "out.tif"))
    assert not leftovers(tmp_path) and not (tmp_path / "out.tif").exists()


def test_a_full_disk_leaves_the_old_file(small, tmp_path, monkeypatch):
    source = tiff_file(tmp_path / "in.tif", noise(1, "uint8", 90, 40), tile=(16, 16))
    (tmp_path / "out.tif").write_bytes(b"old")

    def full(self, data, place):
        if place > 1000:
            raise OSError(errno.ENOSPC, "full")
        return original(self, data, place)

    original = TiffSink._put
    monkeypatch.setattr(TiffSink, "_put", full)
    with pytest.raises(ImageWriteError, match="no space is left on the disk"):
        apply(Request(kernel=kernel("sharpen"), overwrite=True), source, str(tmp_path / "out.tif"))
    assert (tmp_path / "out.tif").read_bytes() == b"old"
    assert not leftovers(tmp_path)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file of 150 MB that is a hole: 15000x10000 grey in strips."""
    path = tmp_path_factory.mktemp("large") / "large.tif"
    with path.open("wb") as file:
        sink = TiffSink(file)
        sink.begin(Page(width=15000, height=10000, channels=1, alpha=False, dtype=np.dtype(np.uint8), space="grey"))
        sink._done, sink._place = 10000, 8 + 10000 * 15000
        tops = range(0, 10000, sink._rows)
        sink._places = [8 + top * 15000 for top in tops]
        sink._lengths = [min(sink._rows, 10000 - top) * 15000 for top in tops]
        file.seek(sink._place)
        sink.finish()
    return path


def command(*words):
    return [sys.executable, "-m", "imgconv", "apply", *map(str, words)]


def test_the_command_says_so(large, tmp_path):
    dry = subprocess.run(
        command(large, tmp_path / "o.tif", "-k", "sharpen", "--dry-run"), capture_output=True, text=True, check=True
    )
    assert "streamed would be read, filtered and written some rows at a time" in dry.stdout
    # Linux counts the memory of the process that starts another one into that one's peak, so a small one starts it.
    script = "import os, sys; print(os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)[2].ru_maxrss)"
    words = command(large, tmp_path / "o.tif", "-k", "sharpen", "--json")
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    report, _, peak = done.stdout.rpartition("}")
    assert json.loads(report + "}")["streamed"] is True
    if sys.platform == "linux":
        assert int(peak) < 150_000  # kB; the samples of both images take 300 MB
    assert (tmp_path / "o.tif").stat().st_size > 150_000_000


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="the tests run with Ctrl-C ignored")
def test_ctrl_c_ends_it_soon_and_leaves_nothing(large, tmp_path):
    run = subprocess.Popen(
        command(large, tmp_path / "o.tif", "-k", "gaussian:sigma=9", "--engine", "scipy"), stderr=subprocess.PIPE
    )
    while not leftovers(tmp_path) and run.poll() is None:
        time.sleep(0.02)
    time.sleep(0.2)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=20)
    assert run.returncode == 130
    assert not leftovers(tmp_path) and not (tmp_path / "o.tif").exists()


def sparse(path, side, rows):
    """Write an RGB file of `side` squared pixels, in strips of a row, black but for its last `rows`."""
    with path.open("wb") as file:
        sink = TiffSink(file, big=True)
        page = Page(
            width=side, height=side, channels=3, alpha=False, dtype=np.dtype(np.uint8), space="RGB",
            layout=TiffLayout(strip=1),
        )  # fmt: skip
        sink.begin(page)
        sink.write(np.zeros((1, side, 3), np.uint8))  # sets down where all strips are
        sink._done = side - len(rows)
        sink._place = sink._places[sink._done]
        file.seek(sink._place)
        sink.write(rows)
        sink.finish()


@pytest.mark.slow
def test_more_samples_than_32_bits_count(tmp_path):
    """30000x30000 RGB takes 2.7 GB, and nothing of it is held but what its rows need."""
    side, source, target = 30_000, tmp_path / "in.tif", tmp_path / "out.tif"
    rows = np.random.default_rng(5).integers(0, 256, (48, side, 3)).astype(np.uint8)  # the last output row begins there
    sparse(source, side, rows)
    request = Request(kernel=kernel("box:size=9"), padding=PADDING.parse("0"), stride=(8, 64))
    report = apply(request, str(source), str(target))
    assert report.streamed and report.result.stats.total == 3749 * 469 * 3
    made = read(target).pixels
    assert not made[:-1].any()
    wanted = ndimage.uniform_filter(rows.astype(float), (9, 9, 1), mode="constant")[4, 4:-4:8]
    np.testing.assert_allclose(made[-1], wanted, atol=0.5001)


def test_what_has_to_be_held_is_limited_and_nothing_else(small, tmp_path, monkeypatch):
    monkeypatch.setattr("imgconv.engines._native.BAND_SAMPLES", 64)
    monkeypatch.setattr("imgconv.engines.builtin._recent", {})
    pixels = noise(3, "uint8", 200, 50)
    request = Request(kernel=kernel("box:size=3"), max_pixels=5000)
    tiles = tiff_file(tmp_path / "tiles.tif", pixels, tile=(16, 16), compression=5)
    assert apply(request, tiles, str(tmp_path / "tiled.tif")).streamed
    whole = tiff_file(tmp_path / "whole.tif", pixels, strip=200, compression=5)
    with pytest.raises(ImageReadError, match="200 of its rows of 50 pixels have to be held at once, beyond the limit"):
        apply(request, whole, str(tmp_path / "out.tif"))
    with pytest.raises(ImageReadError, match="asks for 50x200 pixels, beyond the limit of 5000"):
        apply(request, tiles, str(tmp_path / "out.png"), dry_run=True)
    assert not leftovers(tmp_path) and not (tmp_path / "out.tif").exists()


STORED = [
    {"byteorder": ">"},
    {"byteorder": ">", "bigtiff": True, "compression": "zlib", "predictor": True, "tile": (16, 32)},
    {"planarconfig": "separate", "rowsperstrip": 5},
    {"planarconfig": "separate", "tile": (16, 16), "compression": "zlib", "predictor": True, "byteorder": ">"},
    {"rowsperstrip": 6, "compression": "zlib", "predictor": True},
    {"rowsperstrip": 9, "photometric": "miniswhite"},
    {"tile": (32, 16), "bigtiff": True},
]
"""Files as others store them."""


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32", "float32", "float64"])
@pytest.mark.parametrize("options", STORED, ids=str)
def test_files_of_others(options, dtype, small, tmp_path, monkeypatch):
    monkeypatch.setattr("imgconv.engines._native.BAND_SAMPLES", 64)
    monkeypatch.setattr("imgconv.engines.builtin._recent", {})
    if np.dtype(dtype).kind == "f":
        options = {name: value for name, value in options.items() if name != "predictor"}
    grey = "photometric" in options
    pixels = noise(1 if grey else 3, dtype, 101, 47)
    planes = np.moveaxis(pixels, -1, 0) if "planarconfig" in options else pixels[:, :, 0] if grey else pixels
    source = tmp_path / "in.tif"
    tifffile.imwrite(source, planes, **{"photometric": "rgb"} | options)
    map = "stretch" if dtype in ("int16", "uint32") else "clip"
    alike(tmp_path, monkeypatch, str(source), Request(kernel=kernel("1,2,3;4,5,6/21"), stride=(2, 1), map=map))


@pytest.mark.parametrize("codec", ["lzma", "zstd", "tiff_lzw", "packbits"])
def test_codecs_of_libtiff(codec, small, tmp_path, monkeypatch):
    monkeypatch.setattr("imgconv.engines._native.BAND_SAMPLES", 64)
    monkeypatch.setattr("imgconv.engines.builtin._recent", {})
    source = tmp_path / "in.tif"
    PIL.Image.fromarray(noise(3, "uint8", 101, 47)).save(source, compression=codec, tiffinfo={278: 10})
    alike(tmp_path, monkeypatch, str(source), Request(kernel=kernel("sharpen")))


def damaged(path, *, cut, width=11_000, rows=1000, tile=1024):
    """Write 13 times so many rows, by default 300 MB with the results, whose tile in the middle is damaged or cut."""
    page = Page(
        width=width, height=13 * rows, channels=1, alpha=False, dtype=np.dtype(np.uint8), space="grey",
        layout=TiffLayout(5, True, (tile, tile)),
    )  # fmt: skip
    with path.open("w+b") as file:
        sink = TiffSink(file)
        sink.begin(page)
        for _ in range(13):
            sink.write(np.zeros((rows, width, 1), np.uint8))
        middle = len(sink._lengths) // 2
        sink._lengths[middle] = sink._lengths[middle] // 3 if cut else sink._lengths[middle]
        sink.finish()
        if not cut:
            file.seek(sink._places[middle])
            file.write(b"\xff" * sink._lengths[middle])
    return path


DAMAGE = {False: "cannot be read: its compressed data is damaged", True: "breaks off before the end of the image"}
"""What is said of a tile that is damaged or cut."""


@pytest.mark.parametrize("cut", DAMAGE)
def test_damage_is_one_sentence(cut, small, tmp_path):
    source = damaged(tmp_path / "in.tif", cut=cut, width=110, rows=10, tile=16)
    with pytest.raises(ImageReadError, match=f"the TIFF data {DAMAGE[cut]}"):
        apply(Request(kernel=kernel("sharpen")), str(source), str(tmp_path / "o.tif"))
    assert not leftovers(tmp_path) and not (tmp_path / "o.tif").exists()


@pytest.mark.parametrize("cut", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_damage_is_one_sentence_on_the_command_line(cut, tmp_path):
    source = damaged(tmp_path / "in.tif", cut=cut)
    done = subprocess.run(
        command(source, tmp_path / "o.tif", "-k", "sharpen"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"imgconv: {source}: the TIFF data {DAMAGE[cut]}") and done.stderr.count("\n") == 1
    assert not leftovers(tmp_path) and not (tmp_path / "o.tif").exists()


def test_batch_streams_too(large, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "large.tif").symlink_to(large)
    damaged(folder / "bad.tif", cut=False)
    tiff_file(folder / "small.tif", noise(3, "uint8"), tile=(16, 16))
    report = tmp_path / "report.jsonl"
    words = ["-m", "imgconv", "batch", folder, tmp_path / "out", "-k", "sharpen", "--report", report, "--jobs", "1"]
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    lines = {
        line["input"]["name"]: line for line in map(json.loads, report.read_text().splitlines()) if "input" in line
    }
    found = {name.rsplit("/", 1)[1]: line.get("streamed", line["status"]) for name, line in lines.items()}
    assert found == {"large.tif": True, "bad.tif": "failed", "small.tif": False}
    assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == ["large.tif", "small.tif"]


def test_sigkill_leaves_no_target_and_the_next_run_is_whole(large, tmp_path):
    words = command(large, tmp_path / "o.tif", "-k", "box:size=3", "--quiet")
    run = subprocess.Popen(words)
    while not leftovers(tmp_path) and run.poll() is None:
        time.sleep(0.01)
    run.kill()
    assert run.wait() == -signal.SIGKILL
    assert not (tmp_path / "o.tif").exists()
    subprocess.run(words, check=True)
    made = read(tmp_path / "o.tif").pixels
    assert made.shape == (10000, 15000, 1) and not made.any()
    assert not leftovers(tmp_path)
