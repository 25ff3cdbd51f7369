"""The table of formats of docs/files.md, from what happens: everything in it has been written and read back, or read.

    python tests/image/format_table.py            prints it
    python tests/image/format_table.py --write    puts it into docs/files.md, below the sentence that names them all

What needs a library that is not installed is taken from the page as it stands.
"""

import io
import re
import struct
import sys
import textwrap
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL.Image
import PIL.ImageCms
import tifffile

sys.path.insert(0, str(Path(__file__).parents[1]))
from image.pictures import exif_block, noise, png_file

from imgconv.errors import ImageReadError, ImageWriteError, ImgconvError
from imgconv.image import DTYPES, FORMATS, Image, Metadata, encode, read, read_frames, write_frames
from imgconv.image.formats import LIBRARIES, ROWS, read_formats

PAGE = Path(__file__).parents[2] / "docs" / "files.md"
HEAD = ("format", "read back", "samples", "colours", "alpha", "metadata", "several", "read besides", "needs")
BEGIN, END = "<!-- begin: tests/image/format_table.py --write -->\n", "<!-- end -->\n"

SPACES = {1: ("grey", False), 3: ("RGB", False), 2: ("grey", True), 4: ("RGB", True), 7: ("other", False)}
SRGB = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description dc:title="duck"/></x:xmpmeta>'
CARRIED = {
    "ICC": Metadata(icc=SRGB),
    "EXIF": Metadata(exif=exif_block(1)),
    "XMP": Metadata(xmp=XMP),
    "resolution": Metadata(dpi=(300.0, 150.0)),
    "texts": Metadata(text=(("Author", "Ada"),)),
    "a comment": Metadata(text=(("Comment", "a duck"),)),
    "gamma": Metadata(colour=(("gAMA", struct.pack(">I", 45455)),)),
}


@contextmanager
def without_extras():
    """Have the libraries of the extras not installed, if they are."""
    names = [library.module or library.name for library in LIBRARIES]
    kept = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update(dict.fromkeys(names))
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(kept)


def lacks(fault):
    """Name the extra that is missing, if one is."""
    named = re.search(r"pip install '(imgconv\[\w+\])'", str(fault))
    return named and named[1]


class Kind(NamedTuple):
    """Pixels as they are handed to a format."""

    space: str
    alpha: bool
    dtype: str
    pixels: np.ndarray

    @property
    def image(self):
        return Image(self.pixels, alpha=self.alpha, space=self.space)


def kinds():
    """Yield pixels of every type and space."""
    for dtype in DTYPES:
        for channels, (space, alpha) in SPACES.items():
            yield Kind(space, alpha, dtype, noise(channels, dtype))
        yield Kind("CMYK", False, dtype, noise(4, dtype))


class Result(NamedTuple):
    """What came back of what was written."""

    kind: Kind
    back: Image

    @property
    def exact(self):
        ours, theirs = self.kind.pixels, self.back.pixels
        if self.kind.space == "grey" and self.back.space == "RGB":
            ours = ours[:, :, [0, 0, 0, 1] if self.kind.alpha else [0, 0, 0]]
        return np.array_equal(ours, theirs)


def results(suffix):
    """Return what comes back, and whether a library is missing."""
    found, missing = [], False
    for kind in kinds():
        try:
            back = read(encode(kind.image, suffix))
        except (ImageReadError, ImageWriteError) as fault:
            missing = missing or bool(lacks(fault))
        else:
            if back.dtype == kind.dtype and (kind.space != "CMYK" or back.space == "CMYK"):
                found.append(Result(kind, back))
    return found, missing


def exactness(found, suffix):
    if all(one.exact for one in found):
        return "exactly"
    if all(one.exact for one in found if not one.kind.alpha):
        return "exactly; nearly with alpha"
    if any(one.kind.dtype == "uint8" for one in found):
        few = noise(3) // 86 * 86
        if np.array_equal(read(encode(few, suffix)).pixels, few):
            return "256 colours exactly"
    return "nearly"


def samples(found):
    held = [dtype for dtype in DTYPES if any(one.kind.dtype == dtype for one in found)]
    whole = [dtype.removeprefix("uint") for dtype in held if dtype.startswith("u")]
    floats = [dtype.removeprefix("float") for dtype in held if dtype.startswith("f")]
    words = [f"{', '.join(whole)} bit"] if whole else []
    return "; ".join(words + ([f"float {', '.join(floats)}"] if floats else []))


def colours(found):
    words = []
    for space in ("grey", "RGB", "CMYK"):
        back = {one.back.space for one in found if one.kind.space == space and not one.kind.alpha}
        words += [word if word == space else f"{space} as {word}" for word in sorted(back)]
    others = any(one.kind.space == one.back.space == "other" for one in found)
    return ", ".join(words + ["any number"] * others)


def alpha(found):
    kept = [one for one in found if one.kind.alpha and one.back.alpha]
    if not kept:
        return "no"
    levels = {len(np.unique(one.back.pixels[:, :, -1])) for one in kept}
    return "on or off" if levels == {2} else "yes"


def metadata(found, suffix):
    """Only what is the same again counts; of formats without RGB of 8 bits, another kind is tried."""
    kind = next((one.kind for one in found if (one.kind.space, one.kind.alpha) == ("RGB", False)), found[0].kind)
    words = []
    for word, given in CARRIED.items():
        if word == "ICC" and kind.space != "RGB":
            continue
        back = read(encode(kind.image.replace(metadata=given), suffix)).metadata
        if _carried(given, back) and not (word == "a comment" and "texts" in words):
            words.append(word)
    return ", ".join(words)


def _carried(given, back):
    if given.dpi:
        return back.dpi is not None and np.allclose(given.dpi, back.dpi, rtol=1e-3)
    if given.exif:
        return b"Duck" in back.exif
    return all(
        not getattr(given, field) or getattr(given, field) == getattr(back, field)
        for field in ("icc", "xmp", "text", "colour")
    )


def several(found, suffix):
    file, pixels = io.BytesIO(), found[0].kind.pixels
    try:
        write_frames(file, [pixels, pixels[::-1]], format=suffix)
    except ImageWriteError:
        return ""
    frames = read_frames(file.getvalue())
    assert len(list(frames)) == 2
    return f"{frames.header.unit}s"


def needs(suffix):
    """Say for what a library is needed that is not installed with imgconv."""
    lacking, rest, extras = [], [], set()
    with without_extras():
        for kind in kinds():
            try:
                read(encode(kind.image, suffix))
            except ImgconvError as fault:
                if lacks(fault):
                    lacking.append(kind)
                    extras.add(lacks(fault))
            else:
                rest.append(kind)
    if not lacking:
        return ""
    (extra,) = extras
    if not rest:
        return f"`{extra}`"
    bits = sorted({kind.dtype.removeprefix("uint") for kind in lacking})
    assert not any((kind.space, kind.alpha) == ("grey", False) for kind in lacking)
    return f"`{extra}` for {', '.join(bits)} bit in colour or with alpha"


def _by_pillow(mode, format, **options):
    file = io.BytesIO()
    picture = PIL.Image.fromarray(noise(3)).convert(mode)
    picture.save(file, format, **options)
    return file.getvalue(), np.asarray(picture.convert("RGB" if mode == "P" else "L" if mode == "1" else mode))


def _png(bits):
    values = noise(1, rows=8, cols=8)[:, :, 0] >> (8 - bits)
    spread = (values[:, :, None] >> np.arange(bits)[::-1]) & 1
    rows = [np.packbits(row).tobytes() for row in spread.reshape(8, -1).astype(np.uint8)]
    return png_file(8, 8, bits, 0, rows), values * (255 // (2**bits - 1))


def _tiff(dtype):
    file, values = io.BytesIO(), noise(1, dtype)[:, :, 0] // (2**11 if dtype.endswith("64") else 1)
    tifffile.imwrite(file, values)
    return file.getvalue(), values


def _npy(dtype):
    file, values = io.BytesIO(), noise(1, "uint8")[:, :, 0].astype(dtype)
    np.save(file, values)
    return file.getvalue(), values * (255 if dtype == "bool" else 1)


def _bmp_with_alpha():
    pixels = noise(4)
    head = struct.pack("<IiiHHIIiiII", 108, 53, -37, 1, 32, 3, 0, 0, 0, 0, 0)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)
    start = 14 + len(head) + len(masks)
    body = pixels[:, :, [2, 1, 0, 3]].tobytes()
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + head + masks + body, pixels


def _bmp_of_masks(masks):
    words = noise(1, "uint16", 8, 6)[:, :, 0]
    head = struct.pack("<IiiHHIIiiII3I", 40, 6, -8, 1, 16, 3, 0, 0, 0, 0, 0, *masks)
    pixels = [(words & mask) // (mask & -mask) * 255 / (mask // (mask & -mask)) + 0.5 for mask in masks]
    start = 14 + len(head)
    return b"BM" + struct.pack("<IHHI", start + 96, 0, 0, start) + head + words.tobytes(), np.dstack(pixels) // 1


def _avif(bits):
    import imagecodecs

    values = (noise(3, "uint16") >> (16 - bits)).astype(np.uint16)
    data = imagecodecs.avif_encode(values, level=100, bitspersample=bits, pixelformat="444")
    decoded = imagecodecs.avif_decode(data).astype(np.uint32)
    top = 2**bits - 1
    return data, (decoded * 65535 + top // 2) // top


BESIDES = {
    "PNG": {
        "1, 2, 4 bit": [lambda bits=bits: _png(bits) for bits in (1, 2, 4)],
        "palettes": [lambda: _by_pillow("P", "PNG")],
    },
    "TIFF": {
        "1 bit": [lambda: _by_pillow("1", "TIFF", compression="group4")],
        "palettes": [lambda: _by_pillow("P", "TIFF")],
        "integers": [lambda kind=kind: _tiff(kind) for kind in ("int8", "int16", "int32", "uint32", "int64", "uint64")],
    },
    "BMP": {
        "1 bit": [lambda: _by_pillow("1", "BMP")],
        "palettes": [lambda: _by_pillow("P", "BMP")],
        "any bit masks": [
            lambda masks=masks: _bmp_of_masks(masks) for masks in ((0xF800, 0x7E0, 0x1F), (15, 240, 3840))
        ],
        "alpha": [_bmp_with_alpha],
    },
    "AVIF": {"10, 12 bit with `imgconv[codecs]`": [lambda: _avif(10), lambda: _avif(12)]},
    "NPY": {"integers, booleans": [lambda kind=kind: _npy(kind) for kind in ("bool", "int8", "int32", "uint64")]},
}
"""By format and word, what makes files that it does not write, with the samples that are to be read."""


def besides(name):
    """Name what is read right though it is not written; None where a library is missing."""
    words = []
    for word, makers in BESIDES.get(name, {}).items():
        try:
            made = [maker() for maker in makers]
            read_back = [read(data).pixels for data, _ in made]
        except (ImportError, ImageReadError) as fault:
            if isinstance(fault, ImportError) or lacks(fault):
                return None
            continue
        if all(
            np.array_equal(back.squeeze(), expected.squeeze())
            for back, (_, expected) in zip(read_back, made, strict=True)
        ):
            words.append(word)
    return ", ".join(words)


@cache
def cells(name):
    """Return what is found out of a format, by column; None what needs a missing library."""
    spec = next(one for one in FORMATS if one.name == name)
    suffix = spec.suffixes[0]
    title = f"{spec.title or name} {' '.join(f'`.{word}`' for word in spec.suffixes)}"
    found, missing = results(suffix)
    if not found:
        assert missing
        return (title, *[None] * 7, needs(suffix))
    return (
        title,
        *(exactness(found, suffix), samples(found), colours(found), alpha(found)),
        *(metadata(found, suffix), several(found, suffix), besides(name), needs(suffix)),
    )


def bitmaps(spec):
    """Return the row of the one format that is read and not written."""
    assert spec.name == "PBM"
    pixels = noise(1) // 128 * 255
    data = b"P4\n53 37\n" + np.packbits(pixels[:, :, 0] == 0, axis=1).tobytes()
    assert np.array_equal(read(data).pixels, pixels)
    try:
        encode(pixels, "pbm")
    except ImgconvError:
        return ("PBM `.pbm`", "only read", "1 bit", "grey", "no", "", "", "", "")
    raise AssertionError("PBM is written now: it has an encoder")


def written():
    """Return the page's table as rows of cells, by their first."""
    text = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [tuple(cell.strip() for cell in line.strip("|\n").split("|")) for line in text.splitlines()[2:]]
    return {row[0]: row for row in rows}


def table():
    """Return the table as it has to be."""
    known = written()
    lines = [f"| {' | '.join(HEAD)} |\n", f"{'|---' * len(HEAD)}|\n"]
    for row in (cells(spec.name) if spec.encoder else bitmaps(spec) for spec in ROWS):
        kept = known.get(row[0], ("",) * len(HEAD))
        complete = [was if cell is None else cell for cell, was in zip(row, kept, strict=True)]
        lines.append("|" + "".join(f" {cell} |" if cell else " |" for cell in complete) + "\n")
    return "".join(lines)


def sentence():
    """Return what the page begins with: which formats are read."""
    rest = ", ".join(spec.name for spec in ROWS if not spec.encoder)
    return textwrap.fill(f"{read_formats()} are read, and all of these but {rest} are written.", 120)


def main():
    if sys.argv[1:] == ["--write"]:
        text = PAGE.read_text(encoding="utf-8")
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        title, blank, _, *paragraphs = re.split(r"(\n\n)", before)
        if not (begin and end and paragraphs):
            sys.exit("docs/files.md has no place for the table")
        before = "".join((title, blank, sentence(), *paragraphs))
        PAGE.write_text(f"{before}{begin}{table()}{end}{after}", encoding="utf-8")
    else:
        print(table(), end="")


if __name__ == "__main__":
    main()
