"""What is printed with --json has one form, which ``imgconv schema report`` describes."""

import json
from pathlib import Path

import click
import jsonschema
import numpy as np
import pytest
from cli.running import ok, run

import imgconv
from imgconv.cli import cli
from imgconv.reportschema import KINDS


@pytest.fixture(scope="module")
def schema():
    return json.loads(ok("schema", "report").text)


@pytest.fixture(autouse=True)
def files(folder):
    """Pictures, pages, kernels and pipelines in the current folder."""
    random = np.random.default_rng(1)
    imgconv.write("alpha.png", random.integers(0, 256, (20, 24, 4), np.uint8))
    imgconv.write_frames("stack.tif", random.integers(0, 256, (4, 20, 24), np.uint8))
    imgconv.write_frames("moving.gif", random.integers(0, 256, (3, 20, 24), np.uint8))
    np.save("nan.npy", np.array([[0.5, np.nan, np.inf]], np.float32))
    np.save("learned.npy", np.full((5, 3, 3, 3), 0.01))
    (folder / "layers.yaml").write_text("- conv: sobel-x\n- pool: {max: 2}\n- resize: {scale: 2}\n")
    (folder / "mine").mkdir()
    (folder / "mine" / "broken.yaml").write_text("weights: [[1], [2, 3]]\n")


COMMANDS = [
    ("apply", "apply photo.png o.png -k box"),
    ("apply", "apply photo.png o.png -k box --dry-run"),
    ("apply", "apply photo.png o.png -k sobel --check --gray"),
    ("apply", "apply photo.png o.png -k sepia"),
    ("apply", "apply photo.png o.npy -k learned.npy"),
    ("apply", "apply alpha.png o.png -k gaussian:sigma=1 --channel r,a --region 1,2,9x8"),
    ("apply", "apply photo.png o.png -k bilinear --transposed -s 2 --engine scipy"),
    ("apply", "apply nan.npy o.npy -k identity"),
    ("apply", "apply photo.png o.png --pipeline layers.yaml --save-layer 1=one.npy --engine scipy"),
    ("apply", "apply stack.tif o.tif -k box"),
    ("apply", "apply moving.gif o.gif -k box"),
    ("apply", "apply moving.gif o.png -k box --frame 1"),
    ("apply", "apply stack.tif o.tif -k box --volume"),
    ("apply", "pool photo.png o.png --max 2"),
    ("size", "size 224 -k 7 -s 2"),
    ("size", "size 224 112x9 -k 3 -p same"),
    ("size", "size 9 --pool -k 2 --ceil-mode"),
    ("size", "size 9 --transposed -k 3 -s 2"),
    ("size", "size 9x9x9 -k 3x3x3"),
    ("size", "size 9 -k 3 -s 2 -p same --compare"),
    ("size", "size 9 --transposed -k 3 -s 2 --compare"),
    ("solve", "size 224 -k 7 --solve 112"),
    ("solve", "size 7x6 -k 3 --transposed --solve 14x6"),
    ("chain", "size 32x32x3 conv:3,c8 pool:2 resize:2"),
    ("chain", "size 32x32x3 conv:3 vs pool:2"),
    ("chain", "size 32x32 --pipeline layers.yaml"),
    ("kernels-list", "kernels list broken"),
    ("kernels-list", "kernels list gauss"),
    ("kernels-list", "kernels list stylise"),
    ("kernels-list", "kernels list no-such-kernel"),
    ("kernels-show", "kernels show sobel-x"),
    ("kernels-show", "kernels show sobel"),
    ("kernels-show", "kernels show rgb2ycbcr-601"),
    ("kernels-show", "kernels show learned.npy"),
    ("kernels-show", "kernels show 1,2,3;4,5,6"),
    ("info", "info"),
]


def holds(schema, kind, found):
    """Check an object, or every one of a list, against the part of the schema for its command."""
    part = jsonschema.Draft202012Validator({**schema, "anyOf": [{"$ref": f"#/$defs/{kind}"}]})
    for one in found if isinstance(found, list) else [found]:
        part.validate(one)
    jsonschema.Draft202012Validator(schema).validate(found)


@pytest.mark.parametrize(("kind", "command"), COMMANDS, ids=[command for _, command in COMMANDS])
def test_every_command_has_the_form_of_the_schema(schema, monkeypatch, kind, command):
    monkeypatch.setenv("IMGCONV_KERNELS", "mine")
    found = json.loads(ok(*command.split(), "--json").text)
    holds(schema, kind, found)
    if isinstance(found, dict) and kind == "apply":
        assert found["dry_run"] == ("--dry-run" in command)


def test_the_schema_is_one(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert {kind for kind, _ in COMMANDS} | {"batch-line", "batch-summary", "draw", "failure"} == set(KINDS)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"input_width": 3}, schema)


def with_json(group=cli, path=()):
    """Yield the words of every command that has --json."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from with_json(found, (*path, name))
        elif any("--json" in one.opts for one in found.params):
            yield " ".join((*path, name))


def test_no_command_is_left_out():
    held = {command for name in with_json() for _, command in COMMANDS if f"{command} ".startswith(f"{name} ")}
    named = {name for name in with_json() if any(f"{command} ".startswith(f"{name} ") for _, command in COMMANDS)}
    assert held == {command for _, command in COMMANDS}
    assert set(with_json()) - named - {"batch"} == {name for name in with_json() if name.startswith("draw ")}


def test_drawings_too(schema):
    pytest.importorskip("matplotlib")
    holds(schema, "draw", json.loads(ok("draw", "kernel", "box", "-o", "box.png", "--json").text))


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--report", "r.jsonl"), ("--resume",)])
def test_batches_too(schema, options):
    Path("bad.png").write_bytes(b"no picture")
    ran = run("batch", "photo.png", "bad.png", "stack.tif", "nowhere-*.png", "out", "-k", "sharpen", "--json", *options)
    *lines, summary = map(json.loads, ran.lines)
    assert ran.code == 1 and len(lines) == 4
    for line in lines:
        holds(schema, "batch-line", line)
    holds(schema, "batch-summary", summary)
    if "--dry-run" not in options:
        failed = {line["input"]["name"]: line["error"] for line in lines if line["status"] == "failed"}
        assert set(failed) == {"bad.png", "nowhere-*.png"}
        assert f"imgconv: {failed['bad.png']['message']}\n" in ran.err
        (done,) = (line for line in lines if line["input"]["name"] == "photo.png")
        alone = json.loads(ok("apply", "photo.png", "o.png", "-k", "sharpen", "--json").text)
        for key in ("range", "clipped", "map", "notes"):
            assert done[key] == alone[key]
        assert done["input"].items() >= alone["input"].items()
    if "--report" in options:
        for line in map(json.loads, Path("r.jsonl").read_text().splitlines()):
            holds(schema, "batch-line", line)


FAILURES = [
    ("apply missing.png o.png -k box", 1, "missing.png", None),
    ("apply photo.png o.png", 2, None, "kernel"),
    ("apply photo.png o.png -k box --border odd", 2, None, "border"),
    ("apply photo.png o.png -k box --frobnicate", 2, None, None),
    ("apply photo.png o.png -k box --strict -k box", 2, None, "kernel"),
    ("apply photo.png photo.png -k box", 1, "photo.png", None),
    ("apply photo.png o.png -k sharpen --strict", 1, None, None),
    ("pool photo.png o.png", 2, None, "max"),
    ("size 3 -k 9", 1, None, None),
    ("kernels show nothing-like-it", 2, None, None),
    ("batch photo.png -k box", 2, None, "SOURCE"),
    ("batch out -k box --recursive photo.png", 2, None, "DEST"),
]


@pytest.mark.parametrize(("command", "code", "file", "option"), FAILURES, ids=[one[0] for one in FAILURES])
def test_a_failure_is_an_object_too(schema, command, code, file, option):
    ran = run(*command.split(), "--json")
    found = json.loads(ran.text)
    holds(schema, "failure", found)
    error = found["error"]
    assert (ran.code, error["exit_code"], error["file"], error["option"]) == (code, code, file, option)
    assert ran.err == f"imgconv: {error['message']}\n"
    assert run(*command.split()).out == b""


def test_where_the_image_goes_no_json_goes():
    ran = run("apply", "photo.png", "-", "-k", "sharpen", "--format", "png", "--strict", "--json")
    assert ran.out == b""
    sentence, found = ran.err.splitlines()
    assert sentence == f"imgconv: {json.loads(found)['error']['message']}"
    ran = run("apply", "photo.png", "-", "-k", "box", "--json", "--format", "png", "--frobnicate")
    assert (ran.code, ran.out) == (2, b"")
