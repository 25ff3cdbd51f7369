"""What a reader of README and docs/ would type, taken from the pages, and how it is run.

A page is Markdown. Its fenced blocks are run from top to bottom, each page in a folder of its own with a copy of
samples/ and stand-ins for a reader's pictures:

    console      commands after "$ ", each followed by what it prints: both streams, in which a line "..." stands for
                 any lines. A command may print an error, but then nothing else than what is shown
    sh           commands alone, which must succeed
    python       code; after a line, "# value" says what the expression is
    yaml NAME    a file of that name
    text, yaml   not run

A comment `<!-- not run: REASON -->` in the line before a block lets it be.
"""

import ast
import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cli.running import run
from safetensors.numpy import save_file

import imgconv

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "SECURITY.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
KINDS = ("console", "python", "sh", "text", "yaml")

WIDTH = "100"
"""The columns of the terminal that the pages show, to which lines are broken."""

VARYING = (
    # What differs from run to run and from machine to machine, and what is compared in its place.
    (r"\b\d[\d.,]* (?:ns|µs|ms|s|min)\b", "TIME"),
    (r"\b\d[\d.,]* (files|runs) a second", r"N \1 a second"),
    (r"\b(?:baseline|sse4|avx2|avx512|neon)\b", "LEVEL"),
    (r"\b(?:at most )?\d+ (?:threads?|processes|process)\b", "N threads"),
    (r"\b\d+\.\d+\.\d+\b", "VERSION"),
    (r"; [^;]+, LEVEL;", "; ARITHMETIC, LEVEL;"),  # what serves best is up to the processor
    (r"\btiles of \d+x\d+, about \d+ times cheaper\b", "tiles of SIZE, cheaper"),
    (r"\b\d+x\d+ (GIF|PDF|PNG|SVG|WebP)\b", r"SIZE \1"),  # a figure's, which is up to fonts
    (r"\b[\d.]+ x [\d.]+ inches, ", "SIZE "),
    (r"\b\d[.\d]*e-\d\d\b", "NEARLY NOTHING"),
)


class Block(NamedTuple):
    """A fenced block: the number of its first line, its kind, the word after that, its lines, and why it is not run."""

    line: int
    kind: str
    name: str
    lines: list[str]
    unless: str | None


class Command(NamedTuple):
    """A command, and the lines that it prints; None if the page does not say."""

    text: str
    shown: list[str] | None


def blocks(page):
    """Return the blocks of a page."""
    found, fence, lines = [], None, (ROOT / page).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if fence is None and line.startswith("```"):
            kind, _, name = line[3:].partition(" ")
            unless = re.fullmatch(r"<!-- not run: (.+) -->", lines[number - 2])
            fence = Block(number, kind, name, [], unless and unless[1])
        elif fence is not None and line.rstrip() == "```":
            found.append(fence)
            fence = None
        elif fence is not None:
            fence.lines.append(line)
    assert fence is None, f"{page}:{fence.line}: this block has no end"
    return found


def commands(block):
    """Return the commands of a console or sh block."""
    found, lines = [], iter(block.lines)
    for line in lines:
        typed = line.removeprefix("$ ")
        if block.kind == "console" and typed == line:
            assert found, f"line {block.line}: a console block begins with a command"
            found[-1].shown.append(line)
        elif typed.strip():
            while typed.endswith("\\"):
                typed = typed[:-1] + next(lines)
            found.append(Command(typed, [] if block.kind == "console" else None))
    return found


def arguments(command):
    """Return the arguments of ``imgconv`` in a command, or None if it takes a shell."""
    words = list(shlex.shlex(command, posix=True, punctuation_chars=True))
    plain = shlex.split(command, comments=True)
    if plain[:1] != ["imgconv"] or any(set(word) <= set("();<>|&") for word in words) or "$" in command:
        return None
    return plain[1:]


def spans(page):
    """Return the commands that stand within a page's sentences; capitals stand for what a reader puts in."""
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = [" ".join(span.split()) for span in re.findall(r"`(imgconv [^`]+)`", text)]
    return [Command(span, None) for span in found if not re.search(r"\b[A-Z]{2,}\b|\||--help", span)]


def is_slow(block):
    """Return whether a block takes a shell, a pool of processes, or Matplotlib."""
    if block.kind not in ("console", "sh"):
        return False
    typed = [arguments(command.text) for command in commands(block)]
    return any(words is None or words[0] in ("draw", "batch") for words in typed)


def ran(command, folder):
    """Run a command; return its exit code and the lines it printed, those of standard error first."""
    words = arguments(command.text)
    if words is not None:
        done = run(*words)
        return done.code, [*done.err.splitlines(), *done.text.splitlines()]
    scripts = sysconfig.get_path("scripts")
    whole = f"PATH={shlex.quote(scripts)}:$PATH; set -o pipefail; {command.text}"
    done = subprocess.run(["bash", "-c", whole], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, [*done.stderr.splitlines(), *done.stdout.splitlines()]


def plain(line):
    """Return a line without what varies."""
    for pattern, name in VARYING:
        line = re.sub(pattern, name, line)
    return " ".join(line.split())


def matches(shown, printed):
    """Return whether lines are those shown, in which "..." stands for any number of lines."""
    pattern = "".join("(?:.*\n)*?" if line.strip() == "..." else re.escape(plain(line)) + "\n" for line in shown)
    return re.fullmatch(pattern, "".join(plain(line) + "\n" for line in printed)) is not None


def check(command, folder):
    """Run a command and compare."""
    code, printed = ran(command, folder)
    text = "\n".join(printed)
    if command.shown is None:
        assert code == 0, f"{command.text}\n{text}"
        return
    failing = any(line.startswith("imgconv: ") for line in command.shown)
    assert matches(command.shown, printed), f"$ {command.text}\nprints\n{text}"
    assert (code != 0) == failing, f"$ {command.text}\nends with {code}"


def execute(block, names):
    """Execute Python code, and compare the values of expressions with the comments beside them."""
    text = "\n".join(block.lines)
    for node in ast.parse(text).body:
        source = ast.get_source_segment(text, node)
        comment = block.lines[node.end_lineno - 1][node.end_col_offset :].strip()
        if isinstance(node, ast.Expr) and comment:
            value = repr(eval(source, names))  # the manual's own code
            assert comment.removeprefix("# ").startswith(value), f"{source} is {value}, not {comment}"
        else:
            exec(source, names)


def stand_ins(folder):
    """Make the pictures that a reader has, which the pages call by these names."""
    samples = folder / "samples"
    shutil.copytree(ROOT / "samples", samples)
    duck = imgconv.read(samples / "duck.png")
    imgconv.write(folder / "photo.png", duck)
    imgconv.write(folder / "photo.jpg", duck)
    grey = duck.with_pixels(duck.pixels[:, :, :1])
    imgconv.write(folder / "sky.png", grey)
    imgconv.write(folder / "scan16.tif", imgconv.read(samples / "duck16.png"))
    pages = [duck.with_pixels(np.roll(duck.pixels[::8, ::8, :1], shift, 1)) for shift in range(6)]
    imgconv.write_frames(folder / "stack.tif", pages)
    (folder / "photos" / "old").mkdir(parents=True)
    (folder / "scans").mkdir()
    for name in ("photos/one.png", "photos/two.jpg", "photos/old/three.png"):
        imgconv.write(folder / name, duck.with_pixels(duck.pixels[::4, ::4]))
    shutil.copy(folder / "scan16.tif", folder / "scans" / "one.tif")
    rng = np.random.default_rng(1)
    weights = {
        "features.0.weight": rng.normal(size=(8, 3, 3, 3)).astype("float32"),
        "features.0.bias": np.zeros(8, "float32"),
    }
    save_file(weights, folder / "net.safetensors")


def write_files(page, folder):
    """Write the files that a page shows."""
    for block in blocks(page):
        if block.kind == "yaml" and block.name:
            (folder / block.name).write_text("\n".join(block.lines) + "\n", encoding="utf-8")


def run_page(page, folder, *, everything):
    """Run a page's blocks in a folder that has what `stand_ins` makes; the slow ones only if asked for."""
    names = {}
    write_files(page, folder)
    for command in spans(page):
        if arguments(command.text)[0] not in ("apply", "batch", "draw", "pool"):
            check(command, folder)
    for block in blocks(page):
        if block.unless is not None or (is_slow(block) and not everything):
            continue
        if block.kind == "python":
            execute(block, names)
        elif block.kind in ("console", "sh"):
            for command in commands(block):
                try:
                    check(command, folder)
                except AssertionError as error:
                    raise AssertionError(f"{page}:{block.line}: {error}") from None


def renewed(page, folder):
    """Yield console blocks with what is printed now, where they hold no "...": where, how many lines, which."""
    write_files(page, folder)
    for block in blocks(page):
        if block.unless or block.kind not in ("console", "sh"):
            continue
        lines = []
        for command in commands(block):
            code, printed = ran(command, folder)
            shown = command.shown
            if shown is None:
                assert code == 0, "\n".join([command.text, *printed])
            elif not matches(shown, printed):
                assert "..." not in shown, "\n".join([command.text, *printed])
                shown = printed
            lines += [f"$ {command.text}", *(shown or ())]
        if block.kind == "console":
            yield block.line, len(block.lines), lines


def main():
    """Run all commands of a page and put what they print into it: python tests/pages.py PAGE..."""
    os.environ["COLUMNS"] = WIDTH
    for page in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
            stand_ins(Path(name))
            changes = list(renewed(page, Path(name)))
        text = (ROOT / page).read_text(encoding="utf-8").splitlines()
        for at, count, lines in reversed(changes):
            text[at : at + count] = lines
        (ROOT / page).write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
