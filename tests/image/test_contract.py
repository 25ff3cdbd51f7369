"""What every format keeps that has a row: the one place where the contract of `imgconv.image.base` is held."""

import re
import sys
from collections import Counter
from io import BytesIO

import numpy as np
import pytest
from image.format_table import CARRIED
from image.pictures import noise

from imgconv.errors import ImageReadError, ImageWriteError
from imgconv.image import DTYPES, Image, check_target, encode, probe, read, read_frames, write, write_frames
from imgconv.image.base import SNIFFED, resolve
from imgconv.image.formats import FORMATS, ROWS, named, sniff
from imgconv.image.model import Header, Metadata, Options

BITMAP = b"P4\n4 3\n\x50\xa0\x50"
SPACES = {("grey", False): 1, ("RGB", False): 3, ("grey", True): 2, ("RGB", True): 4, ("CMYK", False): 4}
WORDS = {
    "ICC": "icc",
    "EXIF": "exif",
    "XMP": "xmp",
    "resolution": "dpi",
    "texts": "text",
    "a comment": "comment",
    "gamma": "colour",
}
_PILLOWS = (96.012, 96.012)
"""The resolution that Pillow gives a BMP file that has none."""

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
every_format = pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)


def skip_without(library):
    if library:
        pytest.importorskip(library.module or library.name)


def images(row):
    """Yield an image of every kind and type of samples that a row says the format holds."""
    for space, alpha in row.kinds:
        for dtype in row.dtypes:
            yield Image(noise(SPACES[space, alpha], dtype, rows=9, cols=11), alpha=alpha, space=space)


def first_file(row):
    if not row.encoder:
        return BITMAP
    skip_without(row.library)
    file = BytesIO()
    row.encode(next(images(row)), file, Options())
    return file.getvalue()


def check_names(rows):
    suffixes = Counter(suffix for row in rows for suffix in (*row.suffixes, *row.other_suffixes))
    assert suffixes.most_common(1)[0][1] == 1, "two formats have one suffix"
    assert len({row.name.lower() for row in rows}) == len(rows), "two formats have one name"
    for row in rows:
        assert row.suffixes
    assert all(re.fullmatch("[a-z0-9]+", suffix) for suffix in suffixes)


def check_code(row):
    references = [row.opener, row.encoder, row.frames_writer, row.bands_writer, row.pillow]
    assert all(callable(resolve(reference)) for reference in references if reference)
    assert row.opener and bool(row.unit) == bool(row.frames_writer) and row.unit in ("", "frame", "page")
    assert bool(row.encoder) == bool(row.kinds)


def check_magic(row, data):
    """A file is recognised as its own format and as no other one, by `SNIFFED` bytes, and the reader says the same."""
    head = data[:SNIFFED]
    matching = [other.name for other in ROWS if other.magic and re.match(other.magic, head, re.DOTALL)]
    own = row if row.magic else sniff(head)
    assert matching == [own.name] and own.family == row.family
    assert re.match(own.magic, head, re.DOTALL)
    assert probe(data).format == own.name
    assert not re.match(own.magic, head[:1], re.DOTALL), "one byte recognises nothing"


def check_samples(row, made):
    """What a row says is held comes back of the same size, depth and alpha, and without loss of colours."""
    for image in made:
        file = BytesIO()
        row.encode(image, file, Options())
        back = read(file.getvalue())
        assert back.pixels.shape[:2] == image.pixels.shape[:2]
        assert (back.dtype, back.alpha) == (image.dtype, image.alpha), image.words
        assert back.space == image.space or (image.space, back.space) == ("grey", "RGB")


def check_carried(row):
    """What a row says to travel along comes back, and nothing else does."""
    kind = next((image for image in images(row) if image.space == "RGB" and not image.alpha), next(images(row)))
    found = set()
    for word, given in CARRIED.items():
        if word != "ICC" or kind.space == "RGB":
            back = read(encode(kind.replace(metadata=given), row.suffixes[0])).metadata
            if returned(word, given, back):
                found.add(WORDS[word])
    found -= {"comment"} if "text" in found else set()
    assert set(row.carries) - {"tags", "colour"} <= found <= set(row.carries)


def returned(word, given, back):
    if word == "resolution":
        return back.dpi is not None and np.allclose(given.dpi, back.dpi, rtol=1e-3)
    if word == "EXIF":
        return b"Duck" in back.exif
    field = {"comment": "text"}.get(WORDS[word], WORDS[word])
    return getattr(given, field) == getattr(back, field)


def check_side(row):
    """The longest side can be written and read, along both; one more pixel is refused before anything is computed."""
    for shape in ((1, row.limits.side), (row.limits.side, 1)):
        pixels = np.zeros((*shape, 1), np.uint8)
        assert read(encode(pixels, row.suffixes[0])).pixels.shape[:2] == shape
        header = Header("x", "PNG", shape[1] + (shape[1] > 1), shape[0] + (shape[0] > 1), 1, False, "uint8", "grey")
        with pytest.raises(ImageWriteError, match=f"{row.name} ends at {row.limits.side} pixels a side"):
            check_target(BytesIO(), header, format=row.suffixes[0])


def check_resolution(row):
    """What lies within the limits comes back to within the unit that the format counts in; the rest is left out."""
    least, largest = row.limits.dpi
    image = next(images(row))
    for dpi in ((2 * least, 2 * least), (largest / 2, largest / 2), (72.0, 300.0)):
        back = read(encode(image.replace(metadata=Metadata(dpi=dpi)), row.suffixes[0])).metadata.dpi
        assert back is not None and np.allclose(back, dpi, rtol=0.5)
    for dpi in ((least / 2, 72.0), (72.0, 2 * largest)):
        file = BytesIO()
        notes = write(file, image.replace(metadata=Metadata(dpi=dpi)), format=row.suffixes[0])
        assert any("resolution" in note and note.endswith("left out") for note in notes)
        assert read(file.getvalue()).metadata.dpi in (None, _PILLOWS)


def check_frames(row):
    pixels = noise(3, rows=9, cols=11) // 86 * 86
    file = BytesIO()
    if not row.unit:
        with pytest.raises(ImageWriteError, match=f"{row.name} holds one image"):
            write_frames(file, [pixels, pixels], format=row.suffixes[0])
        return
    write_frames(file, [pixels, pixels[::-1]], format=row.suffixes[0])
    frames = read_frames(file.getvalue())
    assert (len(frames), frames.header.unit, frames.header.format) == (2, row.unit, row.name)
    assert np.array_equal([frame.image.pixels[:, :, :3] for frame in frames], [pixels, pixels[::-1]])


def check_bands(row):
    """What is written some rows at a time is the same file as one that is written whole."""
    for image in images(row):
        file, whole = BytesIO(), BytesIO()
        header = probe(encode(image, row.suffixes[0]))
        writer = row.write_bands(file, header, Metadata(), Options())
        for start in (0, 2, 6):
            writer.write(image.pixels[start : {0: 2, 2: 6, 6: 9}[start]])
        assert writer.finish() == row.encode(image, whole, Options())
        assert np.array_equal(read(file.getvalue()).pixels, image.pixels)
        assert np.array_equal(read(whole.getvalue()).pixels, image.pixels)


def check_missing(row, library, data, monkeypatch):
    """Without its library, whoever reads or writes is told what it is called and how it is installed."""
    monkeypatch.setitem(sys.modules, library.module or library.name, None)
    told = re.escape(f"needs {library.name}; pip install '{library.install}'")
    deepest = [image for image in images(row) if image.space == "RGB"][-1]
    with pytest.raises(ImageWriteError, match=told):
        encode(deepest, row.suffixes[0])
    with pytest.raises(ImageWriteError, match=told):
        check_target(BytesIO(), deepest, format=row.suffixes[0])
    with pytest.raises(ImageReadError, match=told):
        read(data)


def test_names_and_suffixes_are_unique():
    check_names(ROWS)


@every_row
def test_the_code_is_where_the_row_says(row):
    check_code(row)


@every_row
def test_magic_recognises_what_is_encoded(row):
    check_magic(row, first_file(row))


@every_format
def test_all_that_a_row_says_is_held(row):
    skip_without(row.library or row.deep_library)
    assert set(row.dtypes) <= set(DTYPES)
    check_samples(row, images(row))


@every_format
def test_metadata_travel_as_the_row_says(row):
    skip_without(row.library)
    check_carried(row)


@pytest.mark.parametrize("row", [row for row in FORMATS if row.limits.side], ids=lambda row: row.name)
def test_sides_end_where_the_row_says(row):
    check_side(row)


@pytest.mark.parametrize("row", [row for row in FORMATS if row.limits.dpi], ids=lambda row: row.name)
def test_resolutions_end_where_the_row_says(row):
    skip_without(row.library)
    check_resolution(row)


@every_format
def test_several_images_where_the_row_has_a_unit(row):
    skip_without(row.library if row.unit else None)
    check_frames(row)


@pytest.mark.parametrize("row", [row for row in FORMATS if row.bands_writer], ids=lambda row: row.name)
def test_rows_are_written_some_at_a_time(row):
    check_bands(row)


NEEDING = [(row, library) for row in FORMATS for library in (row.library, row.deep_library) if library]


@pytest.mark.parametrize(("row", "library"), NEEDING, ids=[f"{row.name} {library.name}" for row, library in NEEDING])
def test_a_missing_library_is_named_with_how_to_install_it(row, library, monkeypatch):
    skip_without(library)
    data = encode([image for image in images(row) if image.space == "RGB"][-1], row.suffixes[0])
    check_missing(row, library, data, monkeypatch)


PNG, BMP, GIF = (named(name) for name in ("PNG", "BMP", "GIF"))


@pytest.mark.parametrize(
    "check",
    [
        lambda: check_names([PNG, PNG.replace(name="PNG2")]),
        lambda: check_names([PNG, PNG.replace(suffixes=("x",))]),
        lambda: check_names([PNG.replace(suffixes=(".png",))]),
        lambda: check_code(PNG.replace(encoder="")),
        lambda: check_code(PNG.replace(frames_writer="")),
        lambda: check_magic(PNG.replace(magic=b"PNG"), encode(noise(3), "png")),
        lambda: check_magic(PNG, encode(noise(3), "gif")),
        lambda: check_samples(BMP, [Image(noise(4), alpha=True)]),
        lambda: check_carried(BMP.replace(carries=())),
        lambda: check_carried(BMP.replace(carries=("dpi", "icc"))),
        lambda: check_side(PNG.replace(limits=GIF.limits)),
        lambda: check_frames(PNG.replace(unit="page")),
    ],
)
def test_a_row_that_is_wrong_does_not_pass(check):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check()
