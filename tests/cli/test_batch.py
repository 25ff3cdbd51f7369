"""``imgconv batch``: what is written, what is left alone, what is said, and the exit codes."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli.photograph import BOX, convolved, pixels, rounded
from cli.running import ok, run
from PIL import Image

from imgconv.system import portable

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="workers talk through pipes that are waited for together"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of a copy of a process that has a thread, below
]

RECORD = ".imgconv-batch.jsonl"


@pytest.fixture(autouse=True)
def forks(monkeypatch):
    """Let workers be copies of this process, as imgconv's own are: a thread of the tests' runner prevents it."""
    if hasattr(os, "fork"):
        monkeypatch.setattr(portable, "can_fork", lambda: True)


@pytest.fixture
def tree(folder, photo_files):
    """A folder ``in`` with four pictures and what is none, beside the photograph."""
    for name in ("one.png", "two.png", "sub/three.png", "sub/deep/four.jpg"):
        path = Path("in", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo_files[path.suffix[1:]])
    Path("in/notes.txt").write_text("no picture")
    return folder


def batch(*arguments, **options):
    """Run ``imgconv batch`` with one worker."""
    return run("batch", *arguments, "-j", "1", **options)


def files(folder="out"):
    """The files below a folder, the record left out."""
    paths = (path.relative_to(folder) for path in Path(folder).rglob("*") if path.is_file())
    return sorted(str(path) for path in paths if path.name != RECORD)


def records(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_folder(tree, photo):
    ran = batch("in", "out", "-k", "box")
    assert (ran.code, ran.err.count("\n")) == (0, 2)
    assert ran.lines[0].startswith("2 done; ") and ran.lines[0].endswith(" files a second")
    assert ran.lines[1:] == ["passed over: 1 in folders, which --recursive takes, 1 without the suffix of a picture"]
    assert files() == ["one.png", "two.png"]
    np.testing.assert_array_equal(pixels("out/one.png"), rounded(convolved(photo, BOX, mode="nearest")))


def test_tree(tree):
    assert batch("in", "out", "-k", "box", "-r", "-q") == (0, b"", "")
    assert files() == ["one.png", "sub/deep/four.jpg", "sub/three.png", "two.png"]
    for name in files():
        ok("apply", Path("in", name), "same" + Path(name).suffix, "-k", "box", "-q", "--overwrite")
        assert Path("out", name).read_bytes() == Path("same" + Path(name).suffix).read_bytes()


def test_names_formats_and_lists(tree):
    Path("list").write_bytes(b"in/sub/three.png\0in/one.png\0")
    template = "{stem}_{kernel}{suffix}"
    ran = batch("--files-from", "list", "-0", "out", "-k", "box", "--name", template, "--format", "tif", "-q")
    assert ran == (0, b"", "")
    assert files() == ["in/one_box.tif", "in/sub/three_box.tif"]
    ran = batch("--files-from", "-", "out2", "-k", "box", "-q", stdin=b"in/one.png\n")
    assert (ran, files("out2")) == ((0, b"", ""), ["in/one.png"])


def test_pipeline(tree, photo):
    Path("half.yaml").write_text("- conv: {kernel: box, padding: same}\n- pool: {max: 2}\n")
    assert batch("in", "out", "--pipeline", "half.yaml", "-q", "--name", "{stem}-{kernel}{suffix}") == (0, b"", "")
    assert files() == ["one-half.png", "two-half.png"]
    assert pixels("out/one-half.png").shape == (100, 150, 3)


def test_dry_run_opens_nothing(tree):
    Path("in/one.png").write_bytes(b"no picture")
    ran = batch("in", "out", "-k", "box", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert ran.lines == [
        "in/one.png -> out/one.png",
        "in/two.png -> out/two.png",
        "2 would be written",
        "passed over: 1 in folders, which --recursive takes, 1 without the suffix of a picture",
    ]
    ran = batch("in", "out", "-k", "box", "--dry-run", "--json")
    passed = {"in folders, which --recursive takes": 1, "without the suffix of a picture": 1}
    assert [json.loads(line) for line in ran.lines] == [
        {"input": {"name": "in/one.png"}, "output": {"name": "out/one.png"}, "status": "planned"},
        {"input": {"name": "in/two.png"}, "output": {"name": "out/two.png"}, "status": "planned"},
        {"summary": {"planned": 2, "failed": 0, "up_to_date": 0, "skipped": 0, "passed_over": passed}},
    ]
    assert not Path("out").exists()


def block(name):
    """Have a named pipe, which nobody will ever open, in the place of a file."""
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).unlink(missing_ok=True)
    os.mkfifo(name)


PIPE = "imgconv: in/one.png: this is a pipe or a device; 'imgconv apply' reads it, but no batch does"
EXPECTED = [
    (lambda: Path("in/one.png").unlink(), "in/one.png in/two.png out", "imgconv: in/one.png: there is no such file"),
    (lambda: block("in/one.png"), "in/one.png in/two.png out", PIPE),
    (lambda: block("out/one.png"), "in out --overwrite", "imgconv: out/one.png: this is a pipe or a device, which no"),
    (
        lambda: Path("out/one.png").mkdir(parents=True),
        "in out --overwrite",
        "imgconv: out/one.png: this is a directory",
    ),
    (
        lambda: Path("photo.png").rename("in/one.txt"),
        "in/two.png in/one.txt out",
        "imgconv: out/one.txt: the suffix '.txt' ",
    ),
    (lambda: Path("photo.png").rename("in/a.jpe"), "in out --depth 16", "imgconv: out/a.jpe: "),
    (lambda: Path("out").mkdir() or Path("out/sub").write_text(""), "in/one.png -r in out", "imgconv: out/sub"),
]


@pytest.mark.parametrize(("change", "arguments", "sentence"), EXPECTED)
def test_dry_run_says_no_where_the_run_does(tree, change, arguments, sentence):
    change()
    arguments = [*arguments.split(), "-k", "box"]
    dry, lines = batch(*arguments, "--dry-run"), batch(*arguments, "--dry-run", "--json").lines
    done = batch(*arguments)
    assert (dry.code, done.code) == (1, 1)
    assert dry.err.startswith(sentence) and sentence in done.err, (dry.err, done.err)
    failed = sum(line.startswith("imgconv: ") for line in done.err.splitlines())
    written = {f"out/{name}" for name in files() if name.endswith(".png") and Path("out", name).is_file()}
    assert {line.split(" -> ")[1] for line in dry.lines if " -> " in line} == written
    assert f"{len(written)} would be written, {failed} would fail" in dry.text
    counts = json.loads(lines[-1])["summary"]
    assert (counts["planned"], counts["failed"]) == (len(written), failed)


REFUSED = [
    ("--report notes.txt", "notes.txt: this is not a report of a batch, and stays as it is; name another file for the"),
    ("--report photo.png", "photo.png: this is not a report of a batch"),
    ("--report in/one.png --overwrite", "in/one.png: this is not a report of a batch"),
    ("--report out/one.png", "out/one.png: this is what in/one.png is going to be made into; name another file"),
    (f"--report out/{RECORD}", f"out/{RECORD}: this is the record of a batch; name another file for the report"),
    ("--report photo.png/r.jsonl", "photo.png/r.jsonl: a part of this path is not a directory"),
]


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED)
@pytest.mark.parametrize("dry", [["--dry-run"], []])
def test_reports_that_cannot_be(tree, arguments, sentence, dry):
    Path("notes.txt").write_text('{"mine": 1}\nand the last line')
    before = {name: Path(name).read_bytes() for name in ("notes.txt", "photo.png", "in/one.png")}
    ran = batch("in", "out", "-k", "box", *arguments.split(), *dry)
    assert ran.code == 1 and ran.err.startswith(f"imgconv: {sentence}") and ran.err.count("\n") == 1, ran.err
    assert {name: Path(name).read_bytes() for name in before} == before and not Path("out").exists()


@pytest.mark.parametrize("dry", [["--dry-run"], ["--resume"], ["--overwrite"], ["--skip-existing"]])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda path: path.symlink_to(Path("precious").absolute()),
            "this is a symbolic link, which is not followed for",
        ),
        (block, "this is not a regular file, as the record of a batch must be; move it away, or choose another DEST"),
        (
            lambda path: path.write_text("precious"),
            "this is not the record of a batch, and stays as it is; move it away",
        ),
    ],
)
def test_records_that_are_none(tree, change, sentence, dry):
    Path("precious").write_text('{"begun":"2026-01-01T00:00:00Z","files":1}\nmy last line')
    before = Path("precious").read_bytes()
    Path("out").mkdir()
    change(Path("out", RECORD))
    ran = batch("in", "out", "-k", "box", *dry)
    assert (ran.code, ran.out) == (1, b"")
    assert ran.err.startswith(f"imgconv: out/{RECORD}: {sentence}") and ran.err.count("\n") == 1
    assert Path("precious").read_bytes() == before and files() in ([], [RECORD])


def test_report_goes_on_where_another_run_was_torn(tree):
    arguments = ["in", "out", "-k", "box", "--overwrite", "-q", "--report", "r.jsonl"]
    assert batch(*arguments).code == 0
    whole = Path("r.jsonl").read_bytes()
    for torn in (whole[:-1], whole[:-30], whole + whole[:9], whole[:50]):
        Path("r.jsonl").write_bytes(torn)
        assert batch(*arguments).code == 0
        kept = torn.count(b"\n") + (torn == whole[:-1])
        assert [line["status"] for line in records("r.jsonl")] == ["done"] * (kept + 2)


def test_pictures_that_are_passed_over_are_named(tree):
    for name in ("a.heic", "B.HEIC", "raw.cr2", "more.cr3", "a.xyz", "old.heic"):
        Path("in", name).write_bytes(b"")
    ran = batch("in", "out", "-k", "box", "--exclude", "old*")
    assert ran.code == 0
    assert ran.lines[1] == (
        "passed over: 1 .cr2 (darktable, RawTherapee and dcraw develop them to TIFF), 1 .cr3 (darktable, RawTherapee "
        "and dcraw develop them to TIFF), 2 .heic (heif-convert makes JPEG or PNG of them), 1 excluded, 1 in folders, "
        "which --recursive takes, 2 without the suffix of a picture"
    )


def test_bad_files_are_reported_and_the_others_done(tree):
    Path("in/bad.png").write_bytes(Path("in/one.png").read_bytes()[:2000])
    Path("in/empty.jpg").write_bytes(b"")
    ran = batch("in", "gone.png", "out", "-k", "box", "--report", "r.jsonl")
    assert ran.code == 1
    assert ran.lines[0].startswith("2 done, 3 failed; ")
    errors = [line for line in ran.err.splitlines() if line.startswith("imgconv: ")]
    assert errors == [
        "imgconv: in/bad.png: the PNG data breaks off before the end of the image",
        "imgconv: in/empty.jpg: the file is empty",
        "imgconv: gone.png: there is no such file",
    ]
    assert files() == ["one.png", "two.png"]
    lines = {line["input"]["name"]: line for line in records("r.jsonl")}
    assert {name: line["status"] for name, line in lines.items()} == {
        "in/bad.png": "failed",
        "in/empty.jpg": "failed",
        "in/one.png": "done",
        "in/two.png": "done",
        "gone.png": "failed",
    }
    error = {"message": "gone.png: there is no such file", "file": "gone.png", "option": None, "exit_code": 1}
    assert lines["gone.png"]["error"] == error


def test_nothing_is_made_for_files_that_are_not_there(tree):
    ran = batch("gone.png", "out", "-k", "box")
    assert (ran.code, ran.err) == (1, "imgconv: gone.png: there is no such file\n")
    assert ran.lines[0].startswith("0 done, 1 failed; ") and not Path("out").exists()


def test_fail_fast(tree):
    Path("in/a-bad.png").write_bytes(b"")
    ran = batch("in", "out", "-k", "box", "--fail-fast")
    assert ran.code == 1 and ran.lines[0].startswith("0 done, 1 failed, 2 not begun; ")
    assert files() == []


FILE = {"format": "PNG", "width": 300, "height": 200, "channels": 3, "dtype": "uint8"}


def test_report(tree):
    """Every figure but the times can be worked out without running anything."""
    assert batch("in/one.png", "out", "-k", "5", "--report", "r.jsonl", "-q").code == 0
    (line,) = records("r.jsonl")
    source, target = Path("in/one.png").stat(), Path("out/one.png").stat()
    top = int(pixels("in/one.png").max()) * 5
    clipped = int((pixels("in/one.png").astype(int) * 5 > 255).sum())
    expected = {
        "": {"status": "done", "error": None},
        "input": {"name": "in/one.png", "bytes": source.st_size, "mtime_ns": source.st_mtime_ns, **FILE},
        "output": {"name": "out/one.png", "bytes": target.st_size, "mtime_ns": target.st_mtime_ns, **FILE},
        "range": {"maximum": float(top)},
        "clipped": {"samples": clipped, "nan": 0, "total": 180_000},
    }
    for part, values in expected.items():
        assert (line[part] if part else line).items() >= values.items()
    assert 0 < line["engine"]["seconds"] < line["seconds"] < 60


def test_clipping_is_said(tree):
    ran = batch("in/one.png", "in/two.png", "out", "-k", "5")
    share = (pixels("in/one.png").astype(int) * 5 > 255).mean()
    assert ran.lines[1].startswith(f"clipped samples in 2, most in in/one.png, {100 * share:.3g} % of them")


def test_json(tree):
    ran = batch("in", "out", "-k", "box", "--json")
    *lines, last = map(json.loads, ran.lines)
    assert ran.err == "" and [line["output"]["name"] for line in lines] == ["out/one.png", "out/two.png"]
    summary = last["summary"]
    assert summary.pop("seconds") > 0
    passed = {"in folders, which --recursive takes": 1, "without the suffix of a picture": 1}
    counts = {"done": 2, "failed": 0, "skipped": 0, "up_to_date": 0, "clipped_files": 0}
    assert summary == {**counts, "personal": {}, "passed_over": passed}


def done(*arguments):
    """Run a batch, which must succeed; return what was filtered, and how many results were up to date."""
    ran = batch("in", "out", "-k", "box", "--json", *arguments)
    assert ran.code == 0, ran
    *lines, last = map(json.loads, ran.lines)
    return [line["input"]["name"] for line in lines], last["summary"]["up_to_date"]


def test_results_that_are_there(tree):
    assert done() == (["in/one.png", "in/two.png"], 0)
    before = Path("out/one.png").stat().st_mtime_ns
    Path("out/two.png").unlink()
    ran = batch("in", "out", "-k", "box")
    assert (ran.code, ran.out) == (1, b"")
    assert ran.err == (
        "imgconv: out/one.png: the file exists; --overwrite replaces, --skip-existing leaves them, and --resume redoes "
        "those that are out of date\n"
    )
    assert not Path("out/two.png").exists()
    assert done("--skip-existing") == (["in/two.png"], 0)
    assert Path("out/one.png").stat().st_mtime_ns == before
    assert done("--overwrite") == (["in/one.png", "in/two.png"], 0)
    assert Path("out/one.png").stat().st_mtime_ns > before


def touch(path):
    os.utime(path, ns=(0, 1_000_000_007))


def add_file():
    shutil.copy("in/one.png", "in/three.png")


def cut_record():
    path = Path("out", RECORD)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1] + lines[2][:-20])


@pytest.mark.parametrize(
    ("change", "arguments", "redone"),
    [
        (lambda: None, [], []),
        (lambda: None, ["--threads", "1"], []),
        (lambda: touch("in/one.png"), [], ["in/one.png"]),
        (lambda: shutil.copy("photo.png", "in/two.png"), [], ["in/two.png"]),
        (lambda: touch("out/two.png"), [], ["in/two.png"]),
        (lambda: Path("out/one.png").write_bytes(b""), [], ["in/one.png"]),
        (lambda: Path("out/one.png").unlink(), [], ["in/one.png"]),
        (lambda: None, ["--border", "zero"], ["in/one.png", "in/two.png"]),
        (lambda: None, ["--compression", "1"], ["in/one.png", "in/two.png"]),
        (add_file, [], ["in/three.png"]),
        (cut_record, [], ["in/two.png"]),
        (lambda: Path("out", RECORD).unlink(), ["--overwrite"], ["in/one.png", "in/two.png"]),
    ],
)
def test_resume_redoes_what_has_changed(tree, change, arguments, redone):
    done()
    change()
    total = len(list(Path("in").glob("*.png")))
    assert done("--resume", *arguments) == (redone, total - len(redone))
    assert done("--resume", *arguments) == ([], total)


def test_resume_knows_a_kernel_by_its_weights(tree):
    np.save("k.npy", np.ones((3, 3)))
    arguments = ["in", "out", "-k", "k.npy", "--resume"]
    assert batch(*arguments).lines[0].startswith("2 done; ")
    shutil.copy("k.npy", "same.npy")
    assert batch("in", "out", "-k", "k.npy", "--resume").lines[0].startswith("0 done, 2 up to date")
    np.save("k.npy", np.full((3, 3), 2.0))
    assert batch(*arguments).lines[0].startswith("2 done; ")


def test_resume_knows_a_mask_by_its_content(tree):
    Image.new("L", (300, 200), 40).save("m.png")
    Image.new("L", (300, 200), 90).save("other.png")
    arguments = ["in", "out", "-k", "box", "--resume", "--mask"]
    assert batch(*arguments, "m.png").lines[0].startswith("2 done; ")
    Path("m.png").rename("moved.png")
    assert batch(*arguments, "moved.png").lines[0].startswith("0 done, 2 up to date")
    Path("other.png").rename("m.png")
    assert batch(*arguments, "m.png").lines[0].startswith("2 done; ")


def test_resume_redoes_what_was_renamed_just_before_the_end(tree):
    """A run that is killed may have made a result and not come to say so, though it be its first."""
    done()
    record = Path("out", RECORD)
    record.write_bytes(record.read_bytes().splitlines(keepends=True)[0])
    assert done("--resume") == (["in/one.png", "in/two.png"], 0)


def test_resume_replaces_nothing_that_it_knows_nothing_of(tree):
    Path("out").mkdir()
    Path("out/one.png").write_text("mine")
    ran = batch("in", "out", "-k", "box", "--resume")
    assert ran.code == 1 and ran.err.startswith("imgconv: out/one.png: the file exists; ")
    assert (files(), Path("out/one.png").read_text()) == (["one.png"], "mine")


def test_in_place(tree, photo):
    """A picture that has become its own result is not filtered twice."""
    arguments = ["in", "in", "-k", "box", "-q"]
    assert batch(*arguments).code == 1
    assert batch(*arguments, "--overwrite").code == 0
    assert batch(*arguments, "--resume") == (0, b"", "")
    np.testing.assert_array_equal(pixels("in/two.png"), rounded(convolved(photo, BOX, mode="nearest")))


def test_results_among_the_sources_are_not_read_back(tree):
    arguments = ["in", "in", "-k", "box", "--name", "{stem}_{kernel}{suffix}", "--resume"]
    assert batch(*arguments).lines[0].startswith("2 done; ")
    assert batch(*arguments).lines[0].startswith("0 done, 2 up to date; ")
    assert batch("in", "in/out", "-k", "box", "-r").lines[0].startswith("6 done; ")
    assert batch("in", "in/out", "-k", "box", "-r", "--resume").lines[0].startswith("0 done, 6 up to date; ")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ("out -k box", 2, "SOURCE: name files or folders first, and last the folder for their results"),
        ("- out -k box", 2, "SOURCE: standard input is one picture, which 'imgconv apply -' filters; --files-from - "),
        (
            "in photo.png -k box",
            2,
            "DEST: photo.png is not a folder, and results need one; a missing one is made",
        ),
        ("in out", 2, "missing option '-k'"),
        ("in out -k nosuch", 2, "there is no kernel 'nosuch'"),
        ("in out -k box -0", 2, "--null: it goes with --files-from"),
        ("in out -k box --resume --skip-existing", 2, "--skip-existing: it says the opposite of --resume; leave one"),
        ("in out -k box --skip-existing --overwrite", 2, "--skip-existing: it says the opposite of --overwrite"),
        ("in out -k box --name {stm}", 2, "--name: there is no {stm}; "),
        ("in out -k box --format jpgg", 2, "--format: 'jpgg' cannot be written; "),
        ("in out -k box --files-from nowhere", 2, "--files-from: nowhere: there is no such file"),
        ("in out -k box --files-from in", 2, "--files-from: in: this is a directory, not a file"),
        ("in out -k - --files-from -", 2, "--files-from: standard input cannot be both the list and the kernel"),
        ("in out -k box --jobs 0", 2, "--jobs: '0' must lie within 1 and 1024"),
        ("in out -k box --vmin 3", 2, "--vmin: it goes with --map stretch, but the map here is clip"),
        ("in out -k box --depth 8 --map float", 2, "--depth: 8 bits cannot hold what --map float keeps"),
        ("in photo.png in/one.png sub/one.png -k box", 2, "DEST: "),
        ("in copy/one.png out -k box", 2, "in/one.png and copy/one.png would both be written to out/one.png; name the"),
        ("empty out -k box", 1, "there is no picture to filter"),
        ("in out -k box --include *.webp", 1, "there is no picture to filter; passed over: "),
        ("in/*.webp out -k box", 1, "in/*.webp: no picture matches"),
        ("in out -k box --report photo.png/r", 1, "photo.png/r: a part of this path is not a directory"),
    ],
)
def test_refusals(tree, arguments, code, sentence):
    Path("copy").mkdir()
    Path("empty").mkdir()
    shutil.copy("photo.png", "copy/one.png")
    if "sub/one.png" in arguments:
        Path("sub").mkdir()
        shutil.copy("photo.png", "sub/one.png")
    ran = run("batch", *arguments.split())
    assert ran.code == code
    assert ran.err.startswith(f"imgconv: {sentence}"), ran.err
    assert ran.err.count("\n") == 1 and not Path("out", "one.png").exists()


def test_odd_names(folder, photo):
    Path("in").mkdir()
    names = ["two words.png", "line\nbreak.png", "naïve é.png", "\udcff\udcfe.png", "-k.png", "a[1].png", "%s{}.png"]
    for name in names:
        shutil.copy("photo.png", Path("in", name))
    ran = batch("in", "out", "-k", "box", "--report", "r.jsonl")
    assert ran.code == 0 and ran.err.count("\n") == len(names)
    assert sorted(map(os.fsencode, files())) == sorted(map(os.fsencode, names))
    assert {line["output"]["name"] for line in records("r.jsonl")} == {f"out/{name}" for name in names}
    assert len({Path("out", name).read_bytes() for name in names}) == 1
    assert batch("in", "out", "-k", "box", "--resume").lines[0].startswith("0 done, 7 up to date; ")


def test_folder_that_cannot_be_made(tree):
    Path("out").mkdir()
    Path("out/sub").write_text("in the way")
    ran = batch("in", "out", "-k", "box", "-r", "-q")
    assert ran.code == 1
    assert ran.err.splitlines() == [
        "imgconv: out/sub: a part of this path is not a directory",
        "imgconv: out/sub/deep: a part of this path is not a directory",
    ]
    assert files() == ["one.png", "sub", "two.png"]
