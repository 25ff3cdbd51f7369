"""``imgconv apply`` and bad input: one sentence, the right exit code, and no file left behind."""

import io
import struct
import zlib

import numpy as np
import pytest
from cli.running import contents, run
from image.pictures import png_chunk, png_file
from PIL import Image
from skimage import data

LIMIT = 2**31 - 1

KERNELS = {
    "ragged.yaml": "name: ragged\nweights: [[1, 2], [3]]\n",
    "empty.yaml": "",
    "comment.yaml": "# nothing but a comment\n",
    "no-rows.yaml": "weights: []\n",
    "no-taps.yaml": "weights: [[], []]\n",
    "word.yaml": "weights:\n  - [1, two]\n",
    "number.yaml": "weights: 3\n",
    "true.yaml": "weights: [[1, true]]\n",
    "nan.yaml": "weights:\n  - [1, 2]\n  - [3, .nan]\n",
    "inf.yaml": "weights: [[-.inf]]\n",
    "huge.yaml": "weights: [[1e400]]\n",
    "large.yaml": "weights: [[1, 2], [-1e31, 2]]\n",
    "tiny-scale.yaml": "weights: [[1]]\nscale: 1e-320\n",
    "huge-scale.yaml": "weights: [[1]]\nscale: 1e300\n",
    "offset.yaml": "weights: [[1]]\noffset: .inf\n",
    "unknown.yaml": "name: x\nweigths: [[1]]\n",
    "foreign.yaml": "weights: [[1]]\nstride: 2\n",
    "twice.yaml": "weights: [[1]]\nweights: [[2]]\n",
    "tag.yaml": "weights: !!python/object/apply:os.system [id]\n",
    "alias.yaml": "scale: &a 2\noffset: *a\nweights: [[1]]\n",
    "deep.yaml": f"weights: {'[' * 30}\n",
    "broken.yaml": "weights: [[1, 2\n",
    "list.yaml": "- 1\n- 2\n",
    "two.yaml": "weights: [[1]]\n---\nweights: [[2]]\n",
    "member.yaml": "combine: magnitude\nof: [sobel-x, sobel-z]\n",
    "sizes.yaml": "combine: magnitude\nof: [sobel-x, sobel5-y]\n",
    "circle.yaml": "name: circle\ncombine: sum\nof: [circle, sobel-x]\n",
    "scale.yaml": "weights: [[1]]\nscale: 0\n",
    "anchor.yaml": "weights: [[1]]\nanchor: [0, 3]\n",
    "map.yaml": "weights: [[1]]\nmap: clop\n",
    "latin.yaml": b"name: \xe9\n",
    "ragged.csv": "1,0\n2\n",
    "word.csv": "1,0\n2,x\n",
    "nan.csv": "1,nan\n",
    "short.mat": "3 3\n1 2 3\n",
    "zero.mat": "1 1 0\n1\n",
    "text.npy": "hello",
}


def saved(pixels, format, mode=None):
    file, image = io.BytesIO(), Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, format)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def make_files():
    photo = data.astronaut()[::6, ::5]
    alpha = np.dstack([photo, photo[:, :, :1]])
    deep = photo[:, :, 0].astype(np.uint16) * 257
    png, jpg = saved(photo, "PNG"), saved(photo, "JPEG")
    huge = struct.pack(">IIBBBBB", LIMIT, LIMIT, 8, 2, 0, 0, 0)
    return {
        "photo.png": png,
        "photo.jpg": jpg,
        "grey.png": saved(photo[:, :, 0], "PNG"),
        "alpha.png": saved(alpha, "PNG"),
        "deep.png": saved(deep, "PNG"),
        "cmyk.jpg": saved(photo, "JPEG", mode="CMYK"),
        "there.png": png,
        "cut.png": png[: len(png) // 2],
        "cut.jpg": jpg[: len(jpg) // 2],
        "head.png": png[:20],
        "zero.png": b"",
        "text.png": b"this is no image at all",
        "lying.png": b"\x89PNG\r\n\x1a\n" + b"rubbish" * 9,
        "huge.png": b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", huge) + png_chunk(b"IDAT", zlib.compress(b"")),
        "flat.png": png_file(3, 2, 8, 0, [[7, 7, 7]] * 2),
        "folder.png": None,
        "folder": None,
        **{name: text if isinstance(text, bytes) else text.encode() for name, text in KERNELS.items()},
        "nan.npy": npy(np.array([[1, np.nan]])),
        "cube.npy": npy(np.zeros((2, 2, 2))),
        "complex.npy": npy(np.array([[1j]])),
        "cut.npy": npy(np.eye(3))[:100],
        "folder.yaml": None,
    }


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder with every good and bad file, which no refusal may change."""
    folder = tmp_path_factory.mktemp("failures")
    for name, content in make_files().items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def folder(filled, monkeypatch):
    """That folder, which is the current one."""
    monkeypatch.chdir(filled)
    monkeypatch.delenv("IMGCONV_KERNELS", raising=False)
    return filled


def refused(folder, *arguments, stdin=b""):
    """Run ``imgconv apply``, which must refuse; return its exit code and its sentence."""
    before = contents(folder)
    ran = run("apply", *arguments, stdin=stdin)
    assert ran.out == b""
    assert ran.err.startswith("imgconv: ") and ran.err.endswith("\n") and ran.err.count("\n") == 1, ran.err
    assert "Traceback" not in ran.err and "Error" not in ran.err
    assert contents(folder) == before
    return ran.code, ran.err.removeprefix("imgconv: ").rstrip("\n")


KERNEL_TEXT = [
    # What is typed at -k, and what is said of it; wrongly asked.
    ("sobell", "there is no kernel 'sobell'; did you mean 'sobel'"),
    ("Sobel", "there is no kernel 'Sobel'; did you mean 'sobel'?"),
    ("zzz", "there is no kernel 'zzz'; 'imgconv kernels list' shows them all"),
    ("gaussain:sigma=2", "there is no kernel 'gaussain'; did you mean 'gaussian'"),
    ("", "kernel '': is empty"),
    ("1,2;3", "kernel '1,2;3': row 2 has length 1, but row 1 has length 2"),
    ("1,2;3,x", "in row 2, column 2, 'x' is not a number"),
    ("1,2;,4", "in row 2, column 1, a number is missing"),
    ("1,,2", "in row 1, column 2, a number is missing"),
    ("1,2;3,nan", "in row 2, column 2, 'nan' is not a number"),
    ("inf", "there is no kernel 'inf'"),
    ("1,1e999", "in row 1, column 2, '1e999' is too large"),
    ("1,1e31", "the tap in row 1, column 2 is beyond 1e+30"),
    ("1,2 /1e-31", "the scale must lie within 1e-30 and 1e+30"),
    (",".join(["1"] * 2000), "has more than 1001 taps on a side"),
    ("1,2/0", "the divisor is 0"),
    ("gaussian:sigma=0", "kernel 'gaussian': sigma must be above 0, not 0"),
    ("gaussian:sigma=-1", "kernel 'gaussian': sigma must be above 0, not -1"),
    ("gaussian:sigma=nan", "sigma must be"),
    ("gaussian:sigma=two", "sigma must be a number"),
    ("gaussian:sigm=1", "there is no parameter 'sigm'; did you mean 'sigma'"),
    ("gaussian:sigma=1,sigma=2", "sigma is given twice"),
    ("gaussian:2", "'2' is not name=value"),
    ("box:size=99999", "size must be from 1 to 1001 taps, not 99999"),
    ("sharpen:size=3", "'sharpen' is a fixed kernel and takes no parameters"),
    ("edges.txt", "is read if its name ends in .csv"),
    ("../../etc/passwd", "kernel files end in"),
    ("sobel\x1b[31m\n", "is neither a name"),
]


@pytest.mark.parametrize(("kernel", "fragment"), KERNEL_TEXT)
def test_kernels_that_are_typed(folder, kernel, fragment):
    code, sentence = refused(folder, "photo.png", "out.png", "-k", kernel)
    assert code == 2
    assert fragment in sentence


KERNEL_FILES = [
    # The file, where its fault is, and what is said of it; could not be done.
    ("missing.yaml", "", "there is no such file"),
    ("folder.yaml", "", "is a folder, not a kernel file"),
    ("ragged.yaml", "line 2", "row 2 has length 1, but row 1 has length 2"),
    ("empty.yaml", "", "is empty"),
    ("comment.yaml", "", "is empty"),
    ("no-rows.yaml", "line 1", "weights must be a list of rows such as [[1, 0, -1], [2, 0, -2]], not an empty list"),
    ("no-taps.yaml", "line 1", "row 1 of weights must be a list of numbers, not an empty list"),
    ("word.yaml", "line 2, column 9", "'two' is not a number"),
    ("number.yaml", "line 1", "weights must be a list of rows"),
    ("true.yaml", "line 1, column 15", "expected a number, not true"),
    ("nan.yaml", "line 3, column 9", "nan is not a finite number"),
    ("inf.yaml", "line 1", "-inf is not a finite number"),
    ("huge.yaml", "line 1", "inf is not a finite number"),
    ("large.yaml", "line 1", "the tap in row 2, column 1 is beyond 1e+30"),
    ("tiny-scale.yaml", "line 1", "the scale must lie within 1e-30 and 1e+30"),
    ("huge-scale.yaml", "line 1", "the scale must lie within 1e-30 and 1e+30"),
    ("offset.yaml", "line 2", "inf is not a finite number"),
    ("unknown.yaml", "line 2, column 1", "unknown key 'weigths'; did you mean 'weights'?"),
    ("foreign.yaml", "line 2, column 1", "unknown key 'stride'"),
    ("twice.yaml", "line 2, column 1", "this key is there already, in line 1"),
    ("tag.yaml", "line 1, column 10", "tags, words that begin with !"),
    ("alias.yaml", "line 1, column 8", "anchors and aliases (& and *) are not read; write the value out"),
    ("deep.yaml", "line 1", "nests deeper than 24 levels"),
    ("broken.yaml", "line 2", "is not YAML"),
    ("list.yaml", "line 1", "expected 'key: value' lines, not a list"),
    ("two.yaml", "line 2", "holds a second document"),
    ("member.yaml", "line 2", "there is no kernel 'sobel-z'; did you mean 'sobel-"),
    ("sizes.yaml", "line 2", "its members must have one size and anchor"),
    ("circle.yaml", "line 3", "is itself combined, so it cannot be a member"),
    ("scale.yaml", "line 2", "scale must not be 0"),
    ("anchor.yaml", "line 2", "lies outside the 1x1 kernel"),
    ("map.yaml", "line 2", "map: 'clop' is not one of clip|abs|offset|stretch|float; did you mean 'clip'?"),
    ("latin.yaml", "line 1", "is not UTF-8 text"),
    ("ragged.csv", "line 2", "this row has length 1, but the first has length 2"),
    ("word.csv", "line 2, column 3", "'x' is not a number"),
    ("nan.csv", "line 1, column 3", "'nan' is not a number"),
    ("short.mat", "line", "the header says 3x3 taps"),
    ("zero.mat", "line 1", "the scale is 0, but results are divided by it"),
    ("text.npy", "", "is not a .npy file of plain numbers"),
    ("nan.npy", "", "the tap in row 1, column 2 is nan"),
    ("cube.npy", "", "holds an array of shape (2, 2, 2)"),
    ("complex.npy", "", "not numbers"),
    ("cut.npy", "", "is not a .npy file of plain numbers"),
]


@pytest.mark.parametrize(("kernel", "place", "fragment"), KERNEL_FILES)
def test_kernels_in_files(folder, kernel, place, fragment):
    code, sentence = refused(folder, "photo.png", "out.png", "-k", kernel)
    assert code == 1
    assert sentence.startswith(f"{kernel}, {place}" if place else f"{kernel}: ")
    assert fragment in sentence


def test_kernel_from_standard_input_is_named_so(folder):
    code, sentence = refused(folder, "photo.png", "out.png", "-k", "-", stdin=b"name: x\nweigths: [[1]]\n")
    assert code == 1
    assert sentence == "stdin, line 2, column 1: unknown key 'weigths'; did you mean 'weights'?"
    assert refused(folder, "photo.png", "out.png", "-k", "-") == (1, "stdin: is empty")


FILES = [
    ("missing.png out.png", 1, "missing.png: there is no such file"),
    ("missing/photo.png out.png", 1, "missing/photo.png: there is no such file"),
    ("photo.png/x.png out.png", 1, "photo.png/x.png: a part of this path is not a directory"),
    ("folder.png out.png", 1, "folder.png: this is a directory, not a file"),
    ("zero.png out.png", 1, "zero.png: the file is empty"),
    ("text.png out.png", 1, "text.png: this is no image of a format that is read here: PNG, JPEG"),
    ("lying.png out.png", 1, "lying.png: the PNG data"),
    ("head.png out.png", 1, "head.png: the PNG data breaks off before the end of the image"),
    ("cut.png out.png", 1, "cut.png: the PNG data breaks off before the end of the image"),
    ("cut.jpg out.png", 1, "cut.jpg: the JPEG data breaks off before the end of the image"),
    ("huge.png out.png", 1, f"huge.png: its header asks for {LIMIT}x{LIMIT} pixels"),
    ("/dev/zero out.png", 1, "/dev/zero: this is a device, not a file"),
    ("photo.png missing/out.png", 1, "missing/out.png: there is no directory"),
    ("photo.png photo.jpg/out.png", 1, "photo.jpg is no directory"),
    ("photo.png folder", 1, "folder: this is a directory; name a file in it"),
    ("photo.png folder/", 1, "folder/: this is a directory; name a file in it"),
    ("photo.png folder.png --overwrite", 1, "folder.png: this is a directory; name a file in it"),
    ("photo.png .", 1, ".: this is a directory; name a file in it"),
    ("photo.png out", 1, "out: it has no suffix; use one of png, jpg, tif"),
    ("photo.png .png", 1, ".png: it has no suffix"),
    ("photo.png out.xyz", 1, "out.xyz: the suffix '.xyz' names no format that can be written; use one of png"),
    ("photo.png out.svg", 1, "out.svg: the suffix '.svg'"),
    ("photo.png there.png", 1, "there.png: the file exists; --overwrite replaces it"),
    ("photo.png there.png --dry-run", 1, "there.png: the file exists; --overwrite replaces it"),
    ("photo.png photo.png", 1, "photo.png: the file exists; --overwrite replaces it"),
    ("photo.png ./photo.png", 1, "./photo.png: the file exists; --overwrite replaces it"),
    ("cut.png there.png --overwrite", 1, "cut.png: the PNG data breaks off"),
    ("cut.png cut.png --overwrite", 1, "cut.png: the PNG data breaks off"),
    ("alpha.png out.jpg", 1, "out.jpg: JPEG cannot hold alpha; write .png or .tif to keep it, or use --alpha drop"),
    (
        "deep.png out.jpg",
        1,
        "out.jpg: JPEG cannot hold 16-bit samples; write .png or .tif to keep them, or use --depth 8",
    ),
    ("photo.png out.jpg --depth 16", 1, "out.jpg: JPEG cannot hold 16-bit samples"),
    ("photo.png out.pgm", 1, "out.pgm: PGM cannot hold RGB pixels"),
    ("photo.png out.png --map float", 1, "out.png: PNG cannot hold what --map float keeps; write .tif or .npy, or"),
    ("photo.png out.png --depth float", 1, "out.png: PNG cannot hold 32-bit float samples; write .tif or .npy"),
]


@pytest.mark.parametrize(("arguments", "code", "fragment"), FILES)
def test_files(folder, arguments, code, fragment):
    got, sentence = refused(folder, *arguments.split(), "-k", "box")
    assert fragment in sentence
    assert got == code


def test_names_may_be_anything(folder):
    assert refused(folder, "", "out.png", "-k", "box") == (2, "INPUT: the file's name is empty")
    assert refused(folder, "photo.png", "", "-k", "box") == (2, "OUTPUT: the file's name is empty")
    assert refused(folder, "a\0b.png", "out.png", "-k", "box")[0] == 1
    assert refused(folder, "photo.png", "a\0b.png", "-k", "box")[0] == 1
    assert refused(folder, "x" * 5000 + ".png", "out.png", "-k", "box")[0] == 1
    assert refused(folder, "photo.png", "x" * 300 + ".png", "-k", "box")[0] == 1
    code, sentence = refused(folder, "a\n\x1b[31mb\udcff.png", "out.png", "-k", "box")
    assert (code, sentence) == (1, "a??[31mb?.png: there is no such file")


SIZES = [
    (
        "-k box:size=105 --padding valid",
        "width floor((103 + 0 + 0 - 1*(105 - 1) - 1) / 1) + 1 = -1: 105 taps are more than the padded input of 103",
        "it needs 2 more of padding or a smaller kernel",
    ),
    (
        "-k box:size=3x99 --padding 0,1,0,4",
        "height floor((86 + 1 + 4 - 1*(99 - 1) - 1) / 1) + 1 = -7: 99 taps are more than the padded input of 91",
        "it needs 8 more",
    ),
    (
        "-k box --dilation 60 --padding valid",
        "width floor((103 + 0 + 0 - 60*(3 - 1) - 1) / 1) + 1 = -17: 3 taps 60 apart span 121",
        "",
    ),
    ("-k box --padding 1000000000", "(103 + 1000000000 + 1000000000 - 1*(3 - 1) - 1)", "16777216 pixels of padding"),
    ("-k box --padding 0x1000000000", "height floor((86 + 1000000000", "16777216 pixels of padding at one side"),
    (
        "-k box --padding 60000",
        "(103 + 60000 + 60000",
        "samples is beyond the limit of 500M pixels; use less padding, or let it in with --max-pixels 15G",
    ),
    (
        "-k box --dilation 1000000000",
        "1000000000*(3 - 1)",
        "pixels of padding at one side; use less padding or a smaller",
    ),
    ("-k box --dilation 50000", "50000*(3 - 1)", "the 100001 padded rows that a window reaches over"),
    ("-k box --dilation 1000000000 --padding valid", "1000000000*(3 - 1)", "3 taps 1000000000 apart span 2000000001"),
    ("-k box --padding 16000000 --stride 16000000", "16000000", "use a smaller dilation"),
]


@pytest.mark.parametrize(("arguments", "arithmetic", "problem"), SIZES)
def test_impossible_sizes_show_the_arithmetic(folder, arguments, arithmetic, problem):
    code, sentence = refused(folder, "photo.png", "out.png", *arguments.split())
    assert code == 1
    assert arithmetic in sentence and problem in sentence
    assert refused(folder, "photo.png", "out.png", "--dry-run", *arguments.split()) == (code, sentence)


OPTIONS = [
    ("--threads 0", "--threads: '0' must lie within 1 and 1024"),
    ("--threads -3", "--threads: '-3' must lie within 1 and 1024"),
    ("--threads 9999999", "--threads: '9999999' must lie within 1 and 1024"),
    (f"--threads {'9' * 400}", "must lie within 1 and 1024"),
    (f"--threads {'9' * 5000}", "is not a whole number"),
    ("--threads two", "--threads: 'two' is not a whole number"),
    ("--threads 1.5", "--threads: '1.5' is not a whole number"),
    ("--stride 0", f"--stride: '0' must lie within 1 and {LIMIT}"),
    ("--stride 1.5", "--stride: '1.5' is not a size; write N or WIDTHxHEIGHT, as in 3 or 5x3"),
    ("-s 1x0", "--stride: '1x0' must lie within"),
    ("-s 1x2x3", "--stride: '1x2x3' is not a size"),
    ("-s -1", "--stride: '-1' is not a size"),
    ("--stride 99999999999999999999", "--stride: '99999999999999999999' must lie within"),
    ("--dilation 0", "--dilation: '0' must lie within"),
    ("-d x", "--dilation: 'x' is not a size"),
    ("--padding sam", "--padding: 'sam' is not one of valid|same|interpolation|full"),
    ("--padding sam", "did you mean 'same'"),
    ("--padding -1", "--padding: an amount must not be negative"),
    ("--padding 1,2,3", "--padding: '1,2,3' is not one of"),
    ("--padding 1,2,3,-4", "--padding: an amount must not be negative"),
    ("--padding 99999999999", f"--padding: an amount must not be more than {LIMIT}"),
    (
        "--border mirorr",
        "--border: 'mirorr' is not one of zero|edge|symmetric|reflect|wrap|constant:VALUE; did",
    ),
    ("--border constant", "--border: 'constant' needs a finite number, as in constant:128"),
    ("--border constant:x", "--border: 'constant:x' needs a finite number"),
    ("--border constant:nan", "--border: 'constant:nan' needs a finite number"),
    ("--border constant:-1e31", "--border: the constant must lie within -1e+30 and 1e+30"),
    ("--border edge:3", "--border: 'edge' takes no value"),
    ("--map clop", "--map: 'clop' is not one of clip|abs|offset|stretch|float; did you mean 'clip'?"),
    ("--vmin 3", "--vmin: it goes with --map stretch, but the map here is clip"),
    ("--vmax 3 --map abs", "--vmax: it goes with --map stretch, but the map here is abs"),
    ("--vmin low --map stretch", "--vmin: 'low' is not a number"),
    ("--vmin nan --map stretch", "--vmin: 'nan' is not a number"),
    ("--vmax inf --map stretch", "--vmax: 'inf' is not a number"),
    ("--vmin 5 --vmax 5 --map stretch", "--vmin: 5 is not below 5, which becomes white"),
    ("--vmin 5 --vmax 3 --map stretch", "--vmin: 5 is not below 3, which becomes white"),
    ("--vmin 0 --vmax 1e-320 --map stretch", "--vmin: 0 is not below"),
    ("--vmin 999 --map stretch", "--vmin: 999 is above every result (they end at"),
    ("--vmax -1 --map stretch", "--vmax: -1 is below every result (they begin at"),
    ("--depth 12", "--depth: '12' is not one of 8|16|float"),
    ("--depth 16 --map float", "--depth: 16 bits cannot hold what --map float keeps; leave one of them out"),
    ("--engine scypi", "--engine: there is no engine 'scypi'; did you mean 'scipy'?"),
    ("--gain half", "--gain: 'half' is not one of raw|sum|unit|range"),
    ("--alpha no", "--alpha: 'no' is not one of auto|premultiply|keep|filter|drop"),
    ("--format pgn", "--format: 'pgn' cannot be written; png, jpg, tif"),
    ("--format pgn", "did you mean 'p"),
    ("--xyzzy", "no such option '--xyzzy'; 'imgconv apply --help' shows how"),
    ("--strid 3", "no such option '--strid'; did you mean '--stride"),
    ("--vmin", "option '--vmin' requires an argument; 'imgconv apply --help' shows how"),
    ("--json=yes", "option '--json' does not take a value; 'imgconv apply --help' shows how"),
    ("more.png", "unexpected extra argument (more.png); 'imgconv apply --help' shows how"),
]


@pytest.mark.parametrize(("arguments", "fragment"), OPTIONS)
def test_options(folder, arguments, fragment):
    code, sentence = refused(folder, "photo.png", "out.png", "-k", "box", *arguments.split())
    assert code == 2
    assert fragment in sentence
    assert len(sentence) < 250


MISFITS = [
    # Options that do not go with this kernel or this picture.
    ("photo.png out.png -k laplacian4 --gain unit", 2, "--gain: kernel 'laplacian4': its response to a ramp is 0"),
    ("photo.png out.png -k sepia --gain range", 2, "--gain: kernel 'sepia' mixes channels; only raw is possible"),
    ("cmyk.jpg out.png -k box --gray", 2, "--gray: cmyk.jpg holds CMYK samples, which have no luma"),
    ("grey.png out.png -k sepia", 1, "kernel 'sepia': it takes 3 channels, but the image has 1"),
    ("photo.png out.png -k sepia --gray", 1, "kernel 'sepia': it takes 3 channels, but the image has 1"),
    ("alpha.png out.png -k sepia --alpha filter", 1, "kernel 'sepia': it takes 3 channels, but the image has 4"),
    ("photo.png out.png -k sobel --strict", 1, "photo.png: --strict forbids this loss: "),
    ("photo.png out.png -k sobel --strict", 1, "; --map stretch would keep them"),
    ("photo.png out.png -k 1,-1 --strict", 1, "below 0); --map abs (without the sign) or"),
    ("photo.png out.png", 2, "missing option '-k' / '--kernel'; 'imgconv apply --help' shows how"),
    ("photo.png", 2, "missing argument 'OUTPUT'; 'imgconv apply --help' shows how"),
    ("", 2, "missing argument 'INPUT'; 'imgconv apply --help' shows how"),
    ("photo.png - -k box", 2, "--format: standard output has no suffix; say --format png, or another format"),
    ("photo.png - -k box --format pgn", 2, "--format: 'pgn' cannot be written"),
    ("- out.png -k -", 2, "--kernel: standard input cannot be both the image and the kernel; name a file for one"),
    ("- out.png -k box", 1, "standard input: the file is empty"),
    ("alpha.png - -k box --format jpg", 1, "standard output: JPEG cannot hold alpha"),
]


@pytest.mark.parametrize(("arguments", "code", "fragment"), MISFITS)
def test_misfits(folder, arguments, code, fragment):
    got, sentence = refused(folder, *arguments.split())
    assert fragment in sentence
    assert got == code


def test_no_sentence_says_a_thing_twice(folder):
    """Every refusal of the tables, read for slips of punctuation and repeated names."""
    rows = [f"photo.png out.png -k box {arguments}".split() for arguments, _ in OPTIONS]
    rows += [f"{arguments} -k box".split() for arguments, _, _ in FILES]
    rows += [arguments.split() for arguments, _, _ in MISFITS]
    rows += [["photo.png", "out.png", "-k", kernel] for kernel, _ in KERNEL_TEXT]
    rows += [["photo.png", "out.png", "-k", kernel] for kernel, _, _ in KERNEL_FILES]
    for row in rows:
        sentence = run("apply", *row).err.removeprefix("imgconv: ").rstrip("\n")
        for slip in ("..;", "....", "::", ";;", "----", ". ", "None", "<", " ,", " ;", "  "):
            assert slip not in sentence, sentence
        head, _, rest = sentence.partition(": ")
        assert not rest.startswith(f"{head}: "), sentence
        assert not sentence.endswith((".", ":", ";", ",")), sentence


def test_json_asked_for_does_not_change_a_refusal(folder):
    plain = refused(folder, "photo.png", "out.png", "-k", "sobell")
    assert refused(folder, "photo.png", "out.png", "-k", "sobell", "--json", "--quiet") == plain


def test_kernel_folders_of_the_user_are_asked_first(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("IMGCONV_KERNELS", str(folder / "nowhere"))
    code, sentence = refused(folder, "photo.png", "out.png", "-k", "mine")
    assert code == 1 and "IMGCONV_KERNELS names it" in sentence
    (tmp_path / "sobel.yaml").write_text("weights: [[1, oops]]\n")
    monkeypatch.setenv("IMGCONV_KERNELS", str(tmp_path))
    code, sentence = refused(folder, "photo.png", "out.png", "-k", "sobel")
    assert code == 1 and sentence.startswith(f"{tmp_path}/sobel.yaml, line 1")


def test_check_refuses_engines_that_disagree(folder, monkeypatch):
    """One engine off by a little: nothing is written, and the sentence says by how much."""
    from imgconv.engines import scipy as engine

    right = engine.prepare

    def off(job, shape, dtype):
        prepared = right(job, shape, dtype)

        class Off:
            reason, band_rows = prepared.reason, prepared.band_rows

            def __call__(self, image, start, stop):
                return prepared(image, start, stop) + 0.25

        return Off()

    monkeypatch.setattr(engine, "prepare", off)
    code, sentence = refused(folder, "photo.png", "out.png", "-k", "box", "--check")
    assert code == 1
    assert "builtin and scipy disagree: " in sentence and "results before --map by 0.25 at most" in sentence
