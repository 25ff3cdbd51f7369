"""Pictures that nobody here made, broken ones among them: the right pixels, or one sentence, soon and in little memory.

They are fetched from the package indexes (`image.foreign`) into pytest's cache, or into the folder that the environment
variable IMGCONV_FOREIGN_PICTURES names. What is read is compared with libvips, OpenCV, tifffile, ImageMagick and
GraphicsMagick (`image.referees`); one of them has to agree.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import forkserver
import numpy as np
import pytest
from image import foreign, limited, referees
from required import REQUIRED

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each picture is read in a process that is forked"),
]

_SUITE = "gdk-pixbuf/gdk-pixbuf/test-images"
_BMP = "pillow/bmp"
_SMALLER = ("dispose-restore-background", "high-color", "images-combine")

UNDECIDED = {
    **dict.fromkeys(
        [f"{_SUITE}/gif-test-suite/{word}.gif" for word in _SMALLER],
        "what the first frame leaves uncovered is transparent, as in browsers, and not black or white",
    ),
    "sdl/SDL2_image/sample.jxl": "JPEG XL, which no referee reads",
    "pillow/avif/xmp_tags_orientation.avif": "turned by an orientation that only XMP has, which no referee heeds",
    "pillow/xmp_tags_orientation.png": "likewise",
    "pillow/xmp_tags_orientation_exiftool.png": "likewise",
    "pillow/bmp/q/pal2.bmp": "no referee reads 2 bits a pixel",
    "pillow/bmp/q/rgb16-231.bmp": "no referee scales a sample of 1 bit to the full range",
    "pillow/hopper.Lab.tif": "of the white point D50, as test_colours shows; the referees take D65",
    "pillow/lab-green.tif": "likewise, by a level",
    "pillow/lab-red.tif": "likewise, by two levels",
    "pillow/lab.tif": "likewise, by a level",
    "pillow/hopper_be.pfm": "of one channel; no referee leaves the samples as they are",
    "pillow/separate_planar_extra_samples.tiff": "a plane that is not stored",
    "pillow/pil136.tiff": "colours divided by alpha differ by a level",
}
"""The files that are read but with which no referee agrees, and why."""

TWINS = {
    f"{_BMP}/g/rgb16-565.bmp": ("g/rgb24.bmp", 255 / 31 / 2),
    f"{_BMP}/g/rgb16-565pal.bmp": ("g/rgb24.bmp", 255 / 31 / 2),
    f"{_BMP}/g/rgb16.bmp": ("g/rgb24.bmp", 255 / 31 / 2),
    f"{_BMP}/q/rgb32-111110.bmp": ("g/rgb24.bmp", 1),
    f"{_BMP}/q/rgba16-4444.bmp": ("q/rgba32.bmp", 255 / 15 / 2),
    f"{_BMP}/q/pal8oversizepal.bmp": ("g/pal8.bmp", 0),
    f"{_BMP}/q/rgba32abf.bmp": ("q/rgba32.bmp", 0),
}
"""Files with which no referee agrees, but which show what another one does, in samples of other bits: a half of one of
their steps apart, in levels of 255.
"""

DECLINED = {
    **dict.fromkeys(
        [
            *(f"pillow/apng/sequence_{word}.png" for word in ("fdat_fctl", "gap", "reorder", "reorder_chunk")),
            *(f"pillow/apng/sequence_{word}.png" for word in ("repeat", "repeat_chunk", "start")),
            "pillow/apng/chunk_no_fdat.png",
            "pillow/apng/syntax_num_frames_high.png",
            "pillow/apng/syntax_num_frames_invalid.png",
        ],
        "a broken animation, of which the referees see the first frame alone",
    ),
    "go/invalid-palette.png": "a colour beyond the end of the palette",
    "pillow/bmp/b/badheadersize.bmp": "a header of a size that is none",
    "pillow/mmap_error.bmp": "pixels that begin within the palette",
    "pillow/bmp/b/pal8badindex.bmp": "colours beyond the end of the palette",
    "pillow/invalid_header_length.jp2": "a box of an impossible length",
    f"{_SUITE}/randomly-modified/invalid.4.ppm": "samples beyond the largest value that its header names",
}
"""The files that a referee reads and that are refused here, and why."""

TOLERANCES = {"JPEG": 3, "WebP": 4}
"""How far samples may be apart, where decoders interpolate colours in their own ways; AVIF's edges differ by more."""

AVIF_MEAN = 0.2


@pytest.fixture(scope="module")
def folder(request):
    """Return where the pictures are."""
    named = os.environ.get("IMGCONV_FOREIGN_PICTURES")
    target = Path(named) if named else Path(request.config.cache.mkdir("foreign-pictures"))
    missing = foreign.fetch(target)
    if "pillow" in missing or (missing and REQUIRED):
        pytest.skip(f"the pictures cannot be fetched: {'; '.join(missing.values())}")
    return target


@pytest.fixture(scope="module")
def names(folder):
    return [str(path.relative_to(folder)) for path in foreign.pictures(folder)]


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    """Return a folder for what is read."""
    target = tmp_path_factory.mktemp("arrays")
    yield target
    shutil.rmtree(target)


@pytest.fixture(scope="module")
def read(folder, names, arrays):
    """Return how the reading of every picture ended; its pixels are in the file of its number."""
    with limited.jobs() as jobs:
        return {name: jobs("read", folder / name, arrays / f"{at}.npy") for at, name in enumerate(names)}


def told(faults):
    return f"\n{len(faults)} pictures:\n" + "\n".join(f"{name}: {fault}" for name, fault in faults)


def test_reading_ends_well(read):
    faults = [(name, fault) for name, ended in read.items() for fault in ended.faults()]
    assert not faults, told(faults)
    assert sum(ended.code == 0 for ended in read.values()) > len(read) / 2


def test_the_command_ends_well_and_writes_all_or_nothing(folder, names, read, tmp_path):
    """What is read as one image is read and written as all its frames too, unless a later one is damaged."""
    target, faults = tmp_path / "out.tif", []
    with limited.jobs() as jobs:
        for name in names:
            ended = jobs("imgconv", "apply", folder / name, target, "-k", "identity")
            faults += [(name, fault) for fault in ended.faults()]
            if target.exists() is not (ended.code == 0):
                faults.append(
                    (name, f"exit code {ended.code}, but an output is {'' if target.exists() else 'not '}there")
                )
            if ended.code and not read[name].code:
                faults.append((name, f"read, but not filtered: {ended.err}"))
            target.unlink(missing_ok=True)
            for left in tmp_path.iterdir():
                faults.append((name, f"leaves {left.name}"))
                left.unlink()
    assert not faults, told(faults)


@pytest.fixture(scope="module")
def court(tmp_path_factory):
    """Return what asks the referees, all of whom have to be here."""
    for module in ("cv2", "pyvips", "tifffile"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    for command, *_ in referees.COMMANDS.values():
        if not shutil.which(command):
            pytest.skip(f"{command} is not installed")
    with referees.Referees(tmp_path_factory.mktemp("court")) as asked:
        yield asked


def agree(ours, theirs, facts):
    """Whether two decoders have read the same, where it can be seen."""
    if ours.shape != theirs.shape:
        return False
    apart = np.abs(np.asarray(ours, float) - np.asarray(theirs, float))
    if facts["alpha"]:
        apart = apart[(ours[:, :, -1] > 0) | (theirs[:, :, -1] > 0)]
    if not apart.size or facts["format"] == "AVIF":
        return not apart.size or apart.mean() <= AVIF_MEAN
    return np.nanmax(apart) <= TOLERANCES.get(facts["format"], 0)


def of_255(pixels):
    return pixels * (255 / np.iinfo(pixels.dtype).max)


def test_pixels_are_those_that_another_decoder_reads(folder, names, read, arrays, court):
    agreed, alone = 0, set()
    for at, name in enumerate(names):
        if read[name].code:
            continue
        facts = json.loads(read[name].out)
        ours = referees.canonical(np.load(arrays / f"{at}.npy"), facts["space"], facts["alpha"])
        for referee in referees.order(facts):
            theirs = court(referee, folder / name, facts)
            if theirs is not None and agree(ours, theirs, facts):
                agreed += 1
                break
        else:
            if name in TWINS:
                twin, apart = TWINS[name]
                other = np.load(arrays / f"{names.index(f'{_BMP}/{twin}')}.npy")
                assert np.abs(of_255(np.load(arrays / f"{at}.npy")) - of_255(other)).max() <= apart, name
            alone.add(name)
    assert agreed > 0
    known = UNDECIDED.keys() | TWINS.keys()
    assert sorted(alone - known) == []
    assert sorted((known & read.keys()) - alone) == [], "a referee agrees now, or they are refused"


def test_what_is_refused_is_refused_by_others_too(folder, read, court):
    """Large images are left out: they are refused by their size, and referees would take long."""
    suffixes = {f".{suffix}": suffix for suffix in foreign.OURS.split()}
    facts = {"format": "", "space": "RGB", "dtype": "uint8", "frames": 1}
    readable = set()
    for name, ended in read.items():
        suffix = suffixes.get(Path(name).suffix.lower())
        if ended.code == 0 or not suffix or "--max-pixels" in ended.err or "this is no image" in ended.err:
            continue
        asked = ["vips", "opencv", *(["tifffile"] if suffix.startswith("tif") else [])]
        if any(court(referee, folder / name, {**facts, "suffix": suffix}) is not None for referee in asked):
            readable.add(name)
    assert sorted(readable - DECLINED.keys()) == []
    assert sorted((DECLINED.keys() & read.keys()) - readable) == [], "these are read now: no longer declined"


def test_the_installed_command_says_one_sentence(folder, read, tmp_path):
    """Every fortieth picture, and every one that is refused with words of its own, in a new process each."""
    by_words = {ended.err.removeprefix("imgconv: ").split(": ", 1)[-1]: name for name, ended in read.items()}
    chosen = sorted({*by_words.values(), *list(read)[::40]})
    program = Path(sysconfig.get_path("scripts")) / "imgconv"
    command = [program] if program.exists() else [sys.executable, "-m", "imgconv"]
    target, faults = tmp_path / "out.tif", []
    for name in chosen:
        arguments = ["apply", folder / name, target, "-k", "identity", "--overwrite"]
        ran = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)
        ended = forkserver.Ended(ran.returncode, ran.stdout, ran.stderr, 0, 0)
        faults += [(name, fault) for fault in ended.faults()]
        if read[name].code and not (ran.returncode == 1 and ran.stderr == read[name].err):
            faults.append((name, f"said {ran.stderr!r}, but {read[name].err!r} when it was read"))
    assert not faults, told(faults)


def test_tiff_files_of_several_pages_that_are_cut_short(folder, read, tmp_path):
    """Cut anywhere they are an error, unless all pages are there all the same."""
    several = [name for name, ended in read.items() if ended.code == 0 and json.loads(ended.out)["unit"] == "page"]
    assert several
    cut, whole, faults, refused = tmp_path / "cut.tif", tmp_path / "whole.npz", [], 0
    with limited.jobs() as jobs:
        for name in several:
            data = (folder / name).read_bytes()
            assert jobs("every", folder / name, whole).code == 0
            pages = list(np.load(whole).values())
            for length in sorted({len(data) * part // 12 for part in range(1, 12)} | {len(data) - 1, len(data) - 100}):
                cut.write_bytes(data[: max(0, length)])
                ended = jobs("every", cut, tmp_path / "cut.npz")
                faults += [(f"{name} cut at {length}", fault) for fault in ended.faults()]
                refused += ended.code == 1
                if ended.code == 0:
                    found = list(np.load(tmp_path / "cut.npz").values())
                    if len(found) != len(pages) or any(map(lambda a, b: not np.array_equal(a, b), found, pages)):
                        faults.append((f"{name} cut at {length}", "read otherwise than whole, without a word"))
    assert not faults, told(faults)
    assert refused > 0
