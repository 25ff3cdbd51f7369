"""Which files are found, held against what find, the shell and Python's glob say."""

import glob
import os
from io import BytesIO

import pytest

from imgconv.batch.lists import read_list
from imgconv.batch.sources import Finder, Source

FILES = [
    "top.png",
    "a/one.jpg",
    "a/two.JPG",
    "a/notes.txt",
    "a/b/three.tif",
    "a/b/c/four.png",
    "a/.thumbs/five.png",
    "a/.six.png",
    "odd/a[1].png",
    "odd/two words.png",
    "odd/line\nbreak.png",
    "odd/\udcff\udcfe.png",
    "odd/naïve-é.png",
]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder with `FILES`, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        with open(name, "wb"):
            pass
    return tmp_path


def places(sources):
    return {os.fsencode(source.place) for source in sources}


def encoded(*names):
    return {os.fsencode(name) for name in names}


def test_folder_alone(tree):
    finder = Finder()
    assert list(finder.named(["a"])) == [Source("a/one.jpg", "one.jpg"), Source("a/two.JPG", "two.JPG")]
    assert finder.passed == {
        "without the suffix of a picture": 1,
        "in folders, which --recursive takes": 1,
        "hidden, which --hidden takes": 2,
    }


def test_what_only_looks_like_a_picture(tree):
    os.symlink("nowhere.png", "a/gone.png")
    os.mkfifo("a/pipe.png")
    os.symlink("two.JPG", "a/three.jpg")
    finder = Finder(include=["*.png", "three.*"])
    assert list(finder.named(["a"])) == [Source("a/three.jpg", "three.jpg")]
    assert finder.passed["behind broken links"] == finder.passed["not regular files"] == 1


def test_whole_tree(tree):
    """All that find finds, but for hidden files and notes."""
    found = list(Finder(recursive=True).named(["."]))
    wanted = [name for name in FILES if not name.endswith(".txt") and "/." not in name]
    assert places(found) == encoded(*wanted)
    assert {os.fsencode(os.path.normpath(one.path)) for one in found} == encoded(*wanted)
    assert all(os.path.lexists(one.path) for one in found)


def test_hidden_ones(tree):
    found = places(Finder(recursive=True, hidden=True).named(["a"]))
    assert found >= encoded(".six.png", ".thumbs/five.png")
    assert places(Finder().named(["a/.six.png", "a/.thumbs"])) == encoded(".six.png", "five.png")


@pytest.mark.parametrize(
    "pattern",
    ["*.png", "a/*", "a/**/*.png", "**/*.png", "a/**", "*/*/*.tif", "a/?/c/*.png", "odd/*[!g].png", "**/b/**/f*"],
)
def test_patterns(tree, pattern):
    """The files that Python's own glob finds, those apart that are no pictures."""
    wanted = {name for name in glob.glob(pattern, recursive=True) if os.path.isfile(name)}
    found = [one.path for one in Finder().named([pattern])]
    of_folders = {one for one in found if one not in wanted}
    assert {name for name in wanted if not name.endswith(".txt")} <= set(found)
    assert len(found) == len(set(found))
    assert all(not one.endswith(".txt") for one in found)
    if pattern != "a/*":  # there a folder matches, whose pictures are taken
        assert not of_folders
    else:
        assert of_folders == {"a/b/three.tif"}


def test_pattern_keeps_the_folders_below_what_is_plain(tree):
    assert places(Finder().named(["a/**/*.png"])) == encoded("b/c/four.png")


def test_pattern_without_a_match(tree):
    finder = Finder()
    assert list(finder.named(["a/*.webp"])) == []
    assert [str(fault) for fault in finder.faults] == ["a/*.webp: no picture matches"]


def test_name_that_looks_like_a_pattern(tree):
    assert [one.path for one in Finder().named(["odd/a[1].png"])] == ["odd/a[1].png"]


def test_named_files_are_taken_whatever_they_are(tree):
    found = list(Finder().named(["a/notes.txt", "missing.png"]))
    assert found == [Source("a/notes.txt", "notes.txt", True), Source("missing.png", "missing.png", True)]


def test_include_and_exclude(tree):
    finder = Finder(recursive=True, include=["*.png", "t*"], exclude=["c", "odd/*"])
    assert places(finder.named(["."])) == encoded("top.png", "a/two.JPG", "a/b/three.tif")
    assert finder.passed["excluded"] >= 3


def test_destination_is_not_searched(tree):
    assert b"b/three.tif" not in places(Finder(recursive=True, dest="./a/../a/b").named(["a"]))
    assert b"three.tif" in places(Finder(recursive=True, dest="a/b").named(["a/b"]))


def test_links(tree):
    """Links to files count as files; links to folders are left, or followed without going round for ever."""
    os.symlink("../top.png", "a/link.png")
    os.symlink("..", "a/b/circle")
    os.symlink("/nowhere.png", "a/dangling.png")
    finder = Finder(recursive=True)
    assert places(finder.named(["a"])) == encoded("one.jpg", "two.JPG", "link.png", "b/three.tif", "b/c/four.png")
    assert finder.passed["behind links to folders, which --follow takes"] == 1
    os.symlink("../odd", "a/away")
    followed = places(Finder(recursive=True, follow=True).named(["a"]))
    assert followed == places(finder.named(["a"])) | {b"away/" + name for name in places(Finder().named(["odd"]))}


@pytest.mark.parametrize("separator", [b"\n", b"\0"])
def test_lists(tree, separator):
    names = ["a/one.jpg", "./top.png", "odd/\udcff\udcfe.png", "../elsewhere.png", str(tree / "a/b/three.tif"), "a/b"]
    data = separator.join(map(os.fsencode, names)) + separator * 2
    found = list(Finder().listed(read_list(BytesIO(data), separator)))
    assert places(found) == encoded(
        "a/one.jpg", "top.png", "odd/\udcff\udcfe.png", "elsewhere.png", "three.tif", "a/b/three.tif"
    )
    assert [one.path for one in found[:5]] == names[:5]
