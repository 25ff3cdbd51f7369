"""TIFF fields are carried or named, the picture is read and not its preview, and 9 to 15 bits keep their white."""

import struct
from io import BytesIO

import numpy as np
import pytest
import tifffile
from cli.running import run
from image.pictures import noise, scene

import imgconv.filtering.apply as apply_module
from imgconv.errors import ImageReadError
from imgconv.image import encode, probe, read, write
from imgconv.image.metadata.ifd import pack_directory
from imgconv.image.tiff.tags import without_previews

IPTC = b"\x1c\x02\x05\0\5Title"
EXTRA = [
    (269, "s", 0, "doc.tif", True), (285, "s", 0, "page one", True), (297, "H", 2, (3, 10), True),
    (33432, "s", 0, "Jos\xe9".encode("latin-1"), True), (33723, "B", len(IPTC), IPTC, True),
    (65200, "s", 0, "private", True), (65201, "d", 6, (1.5, 2, 3, 4, 5, 6), True),
    (33550, "d", 3, (30.0, 30.0, 0.0), True), (42113, "s", 0, "-9999", True),
]  # fmt: skip


def tiff(pixels, **how):
    file = BytesIO()
    tifffile.imwrite(file, pixels, metadata=how.pop("metadata", None), **how)
    return file.getvalue()


def tags(data):
    with tifffile.TiffFile(BytesIO(data)) as opened:
        return {tag.code: tag.value for tag in opened.pages[0].tags}


@pytest.mark.parametrize("streamed", [False, True])
def test_fields_are_carried_or_named_with_their_values(tmp_path, monkeypatch, streamed):
    source, target = tmp_path / "a.tif", tmp_path / "b.tif"
    source.write_bytes(tiff(scene(), extratags=EXTRA, resolution=(3, 1), resolutionunit=1))
    if streamed:
        monkeypatch.setattr(apply_module, "STREAMED_BYTES", 0)
    ran = run("apply", source, target, "-k", "box")
    assert ran.code == 0, ran.err
    assert ("streamed" in ran.text) is streamed
    found = tags(target.read_bytes())
    assert (found[269], found[285], found[297]) == ("doc.tif", "page one", (3, 10))
    assert (found[282], found[283], int(found[296])) == ((3, 1), (1, 1), 1)
    assert bytes(found[33723]) == IPTC and b"Jos\xe9" in target.read_bytes()
    assert not {65200, 65201, 33550, 42113} & set(found)
    for words in (
        "65200, 'private'",
        "65201, 6 numbers: 1.5, 2, 3, 4 ...",
        "ModelPixelScale 33550",
        "no-data value -9999",
    ):
        assert any(line.startswith("note") and words in line for line in ran.lines), words
    plain = run("apply", source, tmp_path / "c.png", "-k", "box")
    assert "PNG carries no IPTC (33723) or resolution without a unit: left out" in plain.text


def test_iptc_of_long_numbers_keeps_its_bytes_in_either_order():
    data = IPTC + b"\x1c\x02\x50\0\2me"  # 16 bytes and a little
    data = data + b"\0" * (-len(data) % 4)
    for order in "<>":
        fields = {256: (4, 4), 257: (4, 3), 258: (3, 8), 259: (3, 1), 262: (3, 1), 273: (4, 8), 279: (4, 12)}
        entries = [*((tag, kind, 1, value) for tag, (kind, value) in fields.items()), (33723, 4, len(data) // 4, 200)]
        head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 20) + bytes(12)
        table = struct.pack(order + "H", len(entries))
        for tag, kind, count, value in sorted(entries):
            packed = struct.pack(order + ("H2x" if kind == 3 else "I"), value)
            table += struct.pack(order + "HHI", tag, kind, count) + packed
        file = (head + table + bytes(4)).ljust(200, b"\0") + data
        assert bytes(tags(encode(read(file), "tif"))[33723]) == IPTC + b"\x1c\x02\x50\0\2me"


def test_previews_within_iptc_go():
    preview = b"\x1c\x02\xca\x80\x04" + struct.pack(">I", 5) + b"jpeg!"
    assert without_previews(IPTC + preview + IPTC + b"\x1c\x07\x0a\0\1x") == IPTC + IPTC
    assert without_previews(b"\x1c\x02") == without_previews(b"junk") == b""


@pytest.mark.parametrize("streamed", [False, True])
def test_bands_that_are_left_out_are_said(tmp_path, monkeypatch, streamed):
    (tmp_path / "a.tif").write_bytes(tiff(noise(5), photometric="rgb", extrasamples=(0, 0), planarconfig="contig"))
    if streamed:
        monkeypatch.setattr(apply_module, "STREAMED_BYTES", 0)
    ran = run("apply", tmp_path / "a.tif", tmp_path / "b.tif", "-k", "box")
    assert "2 bands beside the colours are left out (bands 4 to 5 of 5)" in ran.text


# Stacks


STACKS = [
    ({"imagej": True, "metadata": {"axes": "ZCYX", "unit": "um"}}, "3 slices of 2 channels"),
    ({"ome": True, "metadata": {"axes": "TCYX"}}, "3 frames of 2 channels"),
    ({"metadata": {"axes": "TZYX"}}, "2 slices of 3 frames|3 frames|slices"),
]


@pytest.mark.parametrize(("how", "words"), STACKS)
def test_a_volume_mixes_no_channels_or_times(tmp_path, how, words):
    pixels = noise(6, "uint16", 8, 9).transpose(2, 0, 1).reshape(3, 2, 8, 9)
    (tmp_path / "a.tif").write_bytes(tiff(pixels, photometric="minisblack", **how))
    ran = run("apply", tmp_path / "a.tif", tmp_path / "b.tif", "-k", "box", "--volume")
    assert ran.code == 1 and any(part in ran.err for part in words.split("|")) and "would mix" in ran.err
    ran = run("apply", tmp_path / "a.tif", tmp_path / "b.tif", "-k", "box")
    assert ran.code == 0 and ("description (" in ran.text) is ("imagej" in how or "ome" in how)


# Pictures within


def test_the_whole_picture_is_read_and_not_its_preview():
    whole = scene()
    file = BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(whole[::4, ::4], photometric="rgb", subfiletype=1, subifds=1, metadata=None)
        writer.write(whole, photometric="rgb", metadata=None)
    np.testing.assert_array_equal(read(file.getvalue()).pixels, whole)


CAMERAS = [
    ([(50706, "B", 4, (1, 4, 0, 0), True)], "DNG"),
    ([(271, "s", 0, "NIKON CORPORATION", True)], "NEF"),
    ([(271, "s", 0, "SONY", True)], "ARW"),
]


@pytest.mark.parametrize(("extra", "kind"), CAMERAS)
@pytest.mark.parametrize("within", [False, True])
def test_raw_photographs_are_refused_by_name(extra, kind, within):
    file = BytesIO()
    with tifffile.TiffWriter(file) as writer:
        if within:
            writer.write(scene(12, 16), photometric="rgb", subfiletype=1, subifds=1, extratags=extra, metadata=None)
        writer.write(noise(1, "uint16")[:, :, 0], photometric="cfa", extratags=[] if within else extra, metadata=None)
    with pytest.raises(ImageReadError, match=rf"raw photograph \({kind}\).*darktable"):
        probe(file.getvalue())


# Depths between 8 and 16


def packed_tiff(samples, bits, photometric, tile=None):
    """Samples (rows, cols, channels) of a few bits, packed to whole bytes at the end of each row."""
    rows, cols, channels = samples.shape

    def pack(part):
        digits = (part.reshape(len(part), -1)[:, :, None] >> np.arange(bits)[::-1]) & 1
        return np.packbits(digits.reshape(len(part), -1).astype(np.uint8), axis=1).tobytes()

    if tile:
        down, across = -(-rows // tile), -(-cols // tile)
        wide = np.pad(samples, ((0, down * tile - rows), (0, across * tile - cols), (0, 0)))
        parts = [pack(wide[y * tile :][:tile, x * tile : (x + 1) * tile]) for y in range(down) for x in range(across)]
    else:
        parts = [pack(samples[top : top + 7]) for top in range(0, rows, 7)]
    places = np.cumsum([8, *map(len, parts)])[:-1]
    longs = {where: (4, len(parts), struct.pack(f"<{len(parts)}I", *values)) for where, values in (
        (324 if tile else 273, places), (325 if tile else 279, map(len, parts)))}  # fmt: skip
    shorts = {258: [bits] * channels, 259: [1], 262: [photometric], 277: [channels]}
    fields = {tag: (3, len(values), struct.pack(f"<{len(values)}H", *values)) for tag, values in shorts.items()}
    sizes = {256: cols, 257: rows, **({322: tile, 323: tile} if tile else {278: 7})}
    fields |= longs | {tag: (4, 1, struct.pack("<I", value)) for tag, value in sizes.items()}
    body = b"".join(parts)
    start = 8 + len(body) + len(body) % 2
    return b"II*\0" + struct.pack("<I", start) + body.ljust(start - 8, b"\0") + pack_directory(fields, start)


@pytest.mark.parametrize("bits", range(9, 16))
@pytest.mark.parametrize(("channels", "photometric"), [(1, 1), (1, 0), (3, 2)])
@pytest.mark.parametrize("tile", [None, 16])
def test_packed_depths_are_scaled_so_that_white_stays_white(bits, channels, photometric, tile):
    top = 2**bits - 1
    samples = np.random.default_rng(bits).integers(0, top, (19, 33, channels), endpoint=True)
    samples[0, 0], samples[0, 1] = 0, top
    image = read(packed_tiff(samples, bits, photometric, tile))
    expected = np.floor(samples * 65535 / top + 0.5)
    np.testing.assert_array_equal(image.pixels, 65535 - expected if photometric == 0 else expected)
    assert any(f"{bits}-bit samples are scaled to 16 bit" in note for note in image.notes)


def test_packed_depths_that_break_off_are_refused():
    data = packed_tiff(np.full((19, 33, 1), 77), 12, 1)
    with pytest.raises(ImageReadError, match="breaks off"):
        read(data.replace(struct.pack("<3I", 8, 8 + 350, 8 + 700), struct.pack("<3I", 8, 8 + 350, len(data) - 9)))


@pytest.mark.parametrize("dots", [1e-6, 0.3, 72.009, 299999.37, 999999.0001, 3e9])
def test_every_resolution_fits_a_tiff_file(dots):
    image = read(encode(scene(), "png"))
    file = BytesIO()
    write(file, image.replace(metadata=image.metadata.replace(dpi=(dots, dots))), format="tif")
    across, down = tags(file.getvalue())[282]
    assert across / down == pytest.approx(dots, rel=1e-3)
