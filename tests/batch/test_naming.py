"""What results are called, and which names clash."""

import os

import pytest

from imgconv.batch.naming import Naming, targets, word_for
from imgconv.batch.sources import Source
from imgconv.errors import CollisionError, OptionError
from imgconv.filtering.request import Request
from imgconv.kernels.library import kernel
from imgconv.pipeline.file import parse


@pytest.mark.parametrize(
    ("template", "format", "place", "target"),
    [
        ("", "", "a/b.JPG", "out/a/b.JPG"),
        ("", "png", "a/b.JPG", "out/a/b.png"),
        ("", "jpg", "a/b.JPEG", "out/a/b.JPEG"),
        ("", "TIFF", "b.png", "out/b.tiff"),
        ("", "PNM", "b.png", "out/b.pnm"),
        ("{stem}_{kernel}{suffix}", "", "a/b.c.png", "out/a/b.c_sobel.png"),
        ("{parent}/{name}", "", "b.png", "out/in/b.png"),
        ("{format}/{{{stem}}}{suffix}", "", "b.PNG", "out/png/{b}.PNG"),
        ("{kernel}/{name}", "webp", "x/b.png", "out/x/sobel/b.webp"),
        ("{name}", "", "\udcff.png", "out/\udcff.png"),
    ],
)
def test_names(template, format, place, target):
    source = Source(os.path.join("in", place), place)
    assert Naming("out", "sobel", template, format).target(source) == target


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{stm}{suffix}", "there is no {stm}; .* did you mean 'stem'"),
        ("{stem.__class__}", "there is no {stem.__class__}"),
        ("{stem", "is no template"),
        ("{}", "there is no {}"),
        ("../{name}", "must name a file below DEST"),
        ("/tmp/{name}", "must name a file below DEST"),
        ("{name}/", "must name a file below DEST"),
        ("same.png", "gives every result the same name"),
        ("{stem:>9}{suffix}", "'{stem' is followed by a format"),
        ("{stem:{kernel}}", "'{stem' is followed by a format"),
        ("{stem!q}", "'{stem' is followed by a format"),
    ],
)
def test_templates_that_make_no_names(template, sentence):
    with pytest.raises(OptionError, match=sentence):
        Naming("out", "k", template)


@pytest.mark.parametrize(
    ("template", "source"),
    [("{parent}/{name}", "/one.png"), ("{format}/{name}", "in/one"), ("{stem}/{suffix}", "in/one")],
)
def test_fields_that_are_empty_lead_to_no_other_folder(template, source):
    with pytest.raises(OptionError, match=r"name: .* makes .* which names no file below DEST"):
        Naming("out", "k", template).target(Source(source, os.path.basename(source)))


@pytest.mark.parametrize(
    ("spec", "word"),
    [("sobel", "sobel"), ("gaussian:sigma=2,size=7", "gaussian-sigma=2,size=7"), ("1,2;3,4 /16", "inline")],
)
def test_words_of_kernels(spec, word):
    assert word_for(Request(kernel=kernel(spec))) == word


def test_word_of_a_pipeline():
    assert word_for(Request(pipeline=parse("[relu]", "some/edges.yaml"))) == "edges"


def pairs(*places, naming=None):
    return targets([Source(path, place) for path, place in places], naming or Naming("out"))


def test_the_same_file_twice_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert pairs(("in/a.png", "a.png"), ("./in/a.png", "a.png")) == [("in/a.png", "out/a.png")]


@pytest.mark.parametrize(
    ("places", "naming"),
    [
        ([("x/a.png", "a.png"), ("y/a.png", "a.png")], Naming("out")),
        ([("x/a.png", "a.png"), ("x/a.jpg", "a.jpg")], Naming("out", format="tif")),
        ([("x/a.png", "b/../a.png"), ("y/a.png", "a.png")], Naming("out")),
    ],
)
def test_clashes(tmp_path, monkeypatch, places, naming):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CollisionError) as caught:
        pairs(*places, naming=naming)
    assert all(path in str(caught.value) for path, _ in places)
    assert caught.value.exit_code == 2


def test_clash_through_a_link(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.makedirs("out/real")
    os.symlink("real", "out/link")
    with open("out/real/a.png", "wb"):
        pass
    with pytest.raises(CollisionError):
        pairs(("x/a.png", "real/a.png"), ("y/a.png", "link/a.png"))


def test_result_that_is_a_source_too(tmp_path, monkeypatch):
    """What is read must not be written before; a file may be replaced by its own result."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "a_box.png"):
        with open(name, "wb"):
            pass
    both = [("a.png", "a.png"), ("a_box.png", "a_box.png")]
    with pytest.raises(CollisionError, match="which is itself to be filtered"):
        pairs(*both, naming=Naming(".", "box", "{stem}_{kernel}{suffix}"))
    assert len(pairs(*both, naming=Naming("."))) == 2


def test_case(tmp_path, monkeypatch):
    """Names that differ in case alone clash where the file system says so."""
    monkeypatch.chdir(tmp_path)
    with open("probe", "wb"):
        pass
    both = [("x/a.png", "a.png"), ("y/A.png", "A.png")]
    if os.path.exists("PROBE"):
        with pytest.raises(CollisionError, match="takes for the same name"):
            pairs(*both)
    else:
        assert len(pairs(*both)) == 2
    assert os.listdir() == ["probe"]
