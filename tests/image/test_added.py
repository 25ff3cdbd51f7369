"""Formats that other packages add by entry points: read and written like any other, and looked for only when needed."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from image.pictures import noise
from packages import install

from imgconv.batch.sources import Finder
from imgconv.errors import ImageReadError, ImageWriteError, OptionError, PluginError
from imgconv.image import check_target, encode, probe, read, read_frames, write, write_frames

DUCK = """
import struct
import numpy as np
from imgconv.image.base import Format, Library, Limits, Opened

FORMAT = Format(
    "{name}",
    ("duck", "duk"),
    magic=rb"DUCK[13]\\n",
    opener="{module}:open_duck",
    encoder="{module}:encode_duck",
    kinds=(("grey", False), ("RGB", False)),
    carries=("comment",),
    limits=Limits(300),
)

def open_duck(file, budget):
    head = file.read(14)
    width, height = struct.unpack("<II", head[6:])
    channels = int(head[4:5])

    def load():
        file.seek(14)
        data = file.read(width * height * channels)
        if len(data) < width * height * channels:
            raise EOFError
        return np.frombuffer(data, np.uint8).reshape(height, width, channels)

    return Opened(
        format="{name}", width=width, height=height, channels=channels, alpha=False, dtype="uint8",
        space="RGB" if channels == 3 else "grey", load=load,
    )

def encode_duck(image, file, options):
    file.write(b"DUCK%d\\n" % image.channels + struct.pack("<II", image.width, image.height))
    file.write(image.pixels.tobytes())
    return ("ducks float",)
"""


def duck_of(pixels):
    """Return the bytes of a file as the package's own code would write them."""
    rows, cols, channels = pixels.shape
    return b"DUCK%d\n" % channels + struct.pack("<II", cols, rows) + pixels.tobytes()


def installed(folder, source=DUCK, name="duck", module="duck_format", format_name="Duck"):
    folder.mkdir(exist_ok=True)
    source = source.replace("{module}", module).replace("{name}", format_name)
    install(folder, f"imgconv-{name}", {"imgconv.formats": {name: module}}, **{module: source})


@pytest.fixture
def duck(tmp_path, monkeypatch):
    """A package that adds a format."""
    installed(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    yield tmp_path / "site"
    sys.modules.pop("duck_format", None)


def test_it_is_read_and_written(duck, tmp_path):
    pixels = noise(3)
    assert write(tmp_path / "a.duck", pixels) == ("ducks float",)
    assert (tmp_path / "a.duck").read_bytes() == duck_of(pixels)
    assert encode(pixels, "duk") == encode(pixels, "Duck") == duck_of(pixels)
    image = read(tmp_path / "a.duck")
    assert np.array_equal(image.pixels, pixels) and image.header.format == "Duck"
    assert probe(duck_of(pixels)).words == "53x37 RGB, 8 bit"
    assert len(read_frames(duck_of(pixels))) == 1


def test_what_its_row_says_is_refused_as_for_any_other(duck, tmp_path):
    for wrong, problem in (
        (noise(3, "uint16"), "Duck cannot hold 16-bit samples; write .png or .tif to keep them, or use --depth 8"),
        (noise(4), "Duck cannot hold alpha; write .png or .tif to keep it, or use --alpha drop"),
        (noise(1, rows=1, cols=301), "Duck ends at 300 pixels a side, 301x1 is too large; use .png or .tif"),
    ):
        with pytest.raises(ImageWriteError, match=problem):
            write(tmp_path / "a.duck", wrong)
    with pytest.raises(ImageWriteError, match="Duck holds one image"):
        write_frames(tmp_path / "a.duck", [noise(3)])
    with pytest.raises(ImageReadError, match="the Duck data breaks off before the end of the image"):
        read(duck_of(noise(3))[:-1])
    assert not (tmp_path / "a.duck").exists()


def test_lists_and_sentences_name_it(duck, tmp_path):
    with pytest.raises(ImageReadError, match=r"a format that is read here: PNG, JPEG, .*, NumPy and Duck$"):
        read(b"\1\2\3 no image at all")
    with pytest.raises(ImageWriteError, match=r"'.xyz' names no format .*; use one of png, .*, npy, duck, or --format"):
        check_target(tmp_path / "a.xyz", probe(duck_of(noise(3))))
    with pytest.raises(OptionError, match=r"'duc' cannot be written; .*; did you mean 'duck'"):
        encode(noise(3), "duc")


def run(*arguments, cwd, site, data=b""):
    path = {"PYTHONPATH": str(site), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "imgconv", *arguments]
    return subprocess.run(command, capture_output=True, input=data, cwd=cwd, env=path, check=False)


def test_the_command_line_uses_it(duck, tmp_path):
    pixels = noise(3)
    (tmp_path / "in.duck").write_bytes(duck_of(pixels))
    first = run("apply", "in.duck", "mid.duck", "-k", "identity", "--json", cwd=tmp_path, site=duck)
    assert first.returncode == 0, first.stderr
    report = json.loads(first.stdout)
    assert report["input"]["format"] == "Duck" and "ducks float" in report["notes"]
    assert (tmp_path / "mid.duck").read_bytes() == duck_of(pixels)
    piped = run("apply", "-", "-", "--format", "duck", "-k", "identity", cwd=tmp_path, site=duck, data=duck_of(pixels))
    assert piped.returncode == 0 and piped.stdout == duck_of(pixels), piped.stderr


@pytest.mark.slow
def test_batches_and_the_installation_know_it(duck, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.duck").write_bytes(duck_of(noise(3)))
    (tmp_path / "in" / "b.txt").write_text("no picture")
    done = run("batch", "in", "out", "-k", "identity", cwd=tmp_path, site=duck)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "a.duck").read_bytes() == duck_of(noise(3))
    told = run("info", cwd=tmp_path, site=duck).stdout
    assert b"Duck (.duck .duk)" in told and b"format duck (imgconv-duck)" in told


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("FORMAT =", "FORMATE ="), "its module has no FORMAT"),
        (("FORMAT = Format(", "FORMAT = dict(x="), "its FORMAT is not of the type Format|cannot be imported"),
        (('"{name}",', '"Goose",'), "its FORMAT is named Goose"),
        (('"duk"', '"png"'), "its suffix .png is that of PNG"),
        (('"duk"', '"DUK"'), "its suffix 'DUK' is not of lower-case letters and digits alone"),
        (('("duck", "duk")', "()"), "its FORMAT has no suffixes"),
        (("DUCK[13]", "DUCK[13"), "its magic is not a regular expression"),
        (('magic=rb"DUCK[13]\\n"', 'magic=rb".*"'), "its magic is too vague"),
        (("{module}:open_duck", "{module}:open_goose"), "its opener, wrong_format:open_goose, "),
        (("{module}:open_duck", "no_such_module:open"), "its opener, no_such_module:open, "),
        (("    carries=", '    unit="frame", carries='), "its unit and its frames_writer do not go together"),
        (('    kinds=(("grey", False), ("RGB", False)),\n', ""), "its encoder and its kinds do not go together"),
    ],
)
def test_what_does_not_keep_the_contract_is_refused_and_its_package_named(tmp_path, monkeypatch, change, problem):
    assert change[0] in DUCK
    installed(tmp_path / "site", DUCK.replace(*change), module="wrong_format")
    monkeypatch.syspath_prepend(tmp_path / "site")
    sys.modules.pop("wrong_format", None)
    with pytest.raises(PluginError, match=f"^format 'duck' of the package imgconv-duck cannot be used: .*({problem})"):
        encode(noise(3), "duck")
    assert encode(noise(3), "png"), "imgconv's own formats do not mind"


def test_a_library_that_it_needs_is_named_as_its_row_says(tmp_path, monkeypatch):
    source = DUCK.replace("    limits=", '    library=Library("quack", "imgconv-duck[loud]", "no_such_quack"), limits=')
    installed(tmp_path / "site", source, module="loud_format")
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(ImageWriteError, match=r"writing Duck needs quack; pip install 'imgconv-duck\[loud\]'$"):
        write(tmp_path / "a.duck", noise(3))


def test_a_batch_goes_on_and_tells_of_a_format_that_cannot_be_used(tmp_path, monkeypatch):
    installed(tmp_path / "site", "1 / 0", module="raising_format")
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.txt", "c.duck"):
        (tmp_path / "in" / name).write_bytes(b"")
    finder = Finder()
    assert [source.place for source in finder.named([str(tmp_path / "in")])] == ["a.png"]
    assert [str(fault) for fault in finder.faults] == [
        "format 'duck' of the package imgconv-duck cannot be used: raising_format cannot be imported, "
        "as it raises ZeroDivisionError; python -c 'import raising_format' shows where"
    ]


def test_a_built_in_format_cannot_be_replaced(tmp_path, monkeypatch):
    installed(tmp_path / "site", name="png", module="other_png", format_name="PNG")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert read(encode(noise(3), "png")).header.format == "PNG"
    with pytest.raises(PluginError, match="imgconv has one of that name itself"):
        encode(noise(3), "duck")


def test_nothing_looks_for_packages_before_something_is_unknown(tmp_path):
    (tmp_path / "a.png").write_bytes(encode(noise(3), "png"))
    code = (
        "import sys; from imgconv.image import read, write; "
        "write('b.tif', read('a.png')); print('importlib.metadata' in sys.modules, end=' ')\n"
        "try: read(b'no image')\nexcept Exception: print('importlib.metadata' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == "False True\n"
