"""README and the manual: every command is run and what it prints compared, every picture and link is there."""

import re
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pages
import pytest
from PIL import Image, ImageSequence

ROOT = pages.ROOT
PICTURES = ROOT / "docs" / "pictures"
GALLERY = ROOT / "samples" / "gallery.sh"
TARGET = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"|href=\"([^\"]+)\"")


@pytest.fixture(scope="module")
def things(tmp_path_factory):
    """Return a folder that has what the commands of the pages need."""
    folder = tmp_path_factory.mktemp("reader")
    pages.stand_ins(folder)
    return folder


@pytest.fixture
def folder(things, tmp_path, monkeypatch):
    """Return a copy of that folder, and make it the current one."""
    subprocess.run(["cp", "-r", f"{things}/.", tmp_path], check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", pages.WIDTH)
    return tmp_path


@pytest.mark.parametrize("page", pages.PAGES)
def test_the_commands_of_a_page_do_what_it_says(page, folder):
    pages.run_page(page, folder, everything=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", pages.PAGES)
def test_all_commands_of_a_page_do_what_it_says(page, folder):
    """Those too that draw, take a shell, or take a pool of processes."""
    pages.run_page(page, folder, everything=True)


@pytest.mark.parametrize("page", pages.PAGES)
def test_the_blocks_of_a_page_are_of_known_kinds(page):
    for block in pages.blocks(page):
        assert block.kind in pages.KINDS, f"{page}:{block.line}"


def test_few_commands_are_not_run():
    unrun = [block for page in pages.PAGES for block in pages.blocks(page) if block.unless is not None]
    assert len(unrun) <= 3, unrun


def test_readme_is_short():
    words = (ROOT / "README.md").read_text(encoding="utf-8").split()
    assert sum(any(map(str.isalnum, word)) for word in words) < 900


# --- what a page shows and names --------------------------------------------------------------------------------------


def targets(page):
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [next(filter(None, found)) for found in TARGET.findall(text)]


def anchors(path):
    """Return the anchors of a page's headings, as code hosts make them."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    heads = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [*pages.PAGES, "samples/README.md"])
def test_what_a_page_links_to_is_there(page):
    for target in targets(page):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), f"{page}: {target}"
        assert not anchor or anchor in anchors(path), f"{page}: {target}"


def test_every_page_is_in_the_index():
    named = {Path(target.partition("#")[0]).name for target in targets("docs/README.md")}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= named


def test_the_pictures_are_those_that_pages_show():
    shown = {Path(target).name for page in pages.PAGES for target in targets(page) if "pictures/" in target}
    assert {path.name for path in PICTURES.iterdir()} == shown


def test_the_pictures_are_small():
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 4_000_000


# --- the gallery ------------------------------------------------------------------------------------------------------


def frames(path):
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGBA"), dtype=float) for frame in ImageSequence.Iterator(image)]


@pytest.mark.slow
def test_the_gallery_makes_the_pictures(tmp_path):
    """What imgconv computes to the last bit; figures nearly, as text is drawn a little otherwise by other releases."""
    pytest.importorskip("matplotlib")
    path = f"{sysconfig.get_path('scripts')}:/usr/bin:/bin"
    done = subprocess.run(["sh", GALLERY, tmp_path], env={"PATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in PICTURES.iterdir()}
    drawn = re.findall(r"^draw .*-o (\S+)", GALLERY.read_text(), flags=re.MULTILINE)
    for file in sorted(tmp_path.iterdir()):
        new, old = frames(file), frames(PICTURES / file.name)
        assert [frame.shape for frame in new] == [frame.shape for frame in old], file.name
        for one, other in zip(new, old, strict=True):
            off = np.abs(one - other)
            assert off.mean() < 2 if file.name in drawn else off.max() == 0, file.name
