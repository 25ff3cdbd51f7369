"""How command lines are read: suggestions, options given twice, values behind a blank, files that begin with a dash."""

import re

import click
import pytest
from cli.running import ok, run

from imgconv.cli import cli
from imgconv.cli.parsing import KERNELS, MEANT, Command
from imgconv.errors import nearest
from imgconv.kernels.library import kernel


def commands(group=cli, path=()):
    """Yield every command with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))
        else:
            yield (*path, name), found


COMMANDS = dict(commands())


def options(*path):
    return {name for one in COMMANDS[path].params if isinstance(one, click.Option) for name in one.opts}


def test_every_command_is_read_alike():
    assert all(isinstance(command, Command) for command in COMMANDS.values())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--force", "--overwrite"),
        ("--scale", "--gain"),
        ("--invert", "-k invert"),
        ("--blur", "-k gaussian:sigma=2"),
        ("--sobel-x", "-k sobel-x"),
        ("--grayscale", "--gray"),
        ("-o", "second argument"),
        ("--recursive", "imgconv batch"),
        ("--mode", "--border"),
        ("--bodrer", "did you mean '--border'?"),
        ("--over", "did you mean '--overwrite'"),
        ("--no_orient", "did you mean '--no-orient'?"),
    ],
)
def test_an_unknown_option_is_answered_with_what_does_it(folder, given, said):
    ran = run("apply", "photo.png", "out.png", "-k", "box", given)
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert f"no such option '{given}'" in ran.err


@pytest.mark.parametrize("given", ["--rotate", "--xyzzy", "--frobnicate", "--quux"])
def test_nothing_far_fetched_is_suggested(folder, given):
    ran = run("apply", "photo.png", "out.png", "-k", "box", given)
    assert (ran.code, "did you mean" in ran.err) == (2, False), ran.err


def test_only_words_much_like_it_are_near():
    assert nearest("sobell", ["sobel", "sobel-x", "robert", "box"])[0] == "sobel"
    assert nearest("force", ["format", "grey"]) == []


@pytest.mark.parametrize("row", MEANT)
def test_what_is_told_of_options_is_there(row):
    sentence, words = MEANT[row]
    told = set(re.findall(r"(?<![\w'])--?[a-z][a-z-]*", re.sub(r"'imgconv.*", "", sentence)))
    assert told <= options("apply")
    assert not {f"--{word}" for word in words.split()} & options("apply")


@pytest.mark.parametrize("spec", sorted(set(KERNELS.values())))
def test_kernels_that_are_told_exist(spec):
    assert kernel(spec)


def test_suggestions_are_for_the_command_at_hand(folder):
    assert "overwrite" not in run("size", "9", "--force").err
    assert "--overwrite" in run("batch", "a", "b", "--force").err


@pytest.mark.parametrize(
    "twice",
    [
        ("-k", "box", "-k", "sharpen"),
        ("-k", "box", "--kernel", "box"),
        ("-k", "box", "-s", "2", "--stride", "3"),
        ("-k", "box", "--gray", "--gray=709"),
        ("-k", "box", "--map", "abs", "--map", "clip", "--map", "abs"),
    ],
)
def test_an_option_given_twice_is_refused(folder, twice):
    ran = run("apply", "photo.png", "out.png", *twice)
    assert ran.code == 2
    assert "times" in ran.err if twice.count("--map") == 3 else "is given twice" in ran.err
    assert not (folder / "out.png").exists()


def test_the_second_kernel_is_told_of_pipelines(folder):
    assert "--pipeline" in run("apply", "photo.png", "out.png", "-k", "box", "-k", "box").err


def test_what_may_be_given_often_still_may(folder):
    (folder / "two.yaml").write_text("- conv: box\n- relu\n")
    ok("apply", "photo.png", "out.png", "--pipeline", "two.yaml", "--save-layer", "1=a.png", "--save-layer", "2=b.png")
    ok("apply", "photo.png", "out.png", "-k", "box", "--overwrite", "--overwrite")


@pytest.mark.parametrize("gray", [["--gray", "709"], ["--gray=709"], ["--grey", "709"]])
def test_gray_takes_its_coefficients_behind_a_blank(folder, gray):
    said = ok("apply", *gray, "photo.png", "out.png", "-k", "box").text
    assert "BT.709" in said
    assert "BT.601" in ok("apply", "photo.png", "--gray", "out.png", "-k", "box", "--overwrite").text


@pytest.mark.parametrize("words", [("-dash.png", "out.png"), ("photo.png", "-dash.png"), ("photo.png", "-kill.tif")])
def test_a_file_that_looks_like_options_is_told_how_to_be_written(folder, words):
    ran = run("apply", *words, "-p", "same")
    (name,) = (word for word in words if word.startswith("-"))
    assert (ran.code, f"write ./{name}" in ran.err) == (2, True), ran.err


def test_an_attached_value_is_no_file_with_a_dash(folder):
    import numpy

    numpy.save("w.npy", numpy.ones((3, 3)))
    assert "./-kw.npy" not in run("apply", "photo.png", "-kw.npy").err
    ok("apply", "photo.png", "out.png", "-kw.npy", "--map", "stretch")
