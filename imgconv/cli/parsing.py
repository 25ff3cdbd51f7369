"""How a command line is read: what is given twice, what is unknown, and files whose names look like options."""

# pathlib takes 3 ms to import:
# ruff: noqa: PTH110

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import click

from imgconv.cli.reporting import Reporting, option_name
from imgconv.cli.types import Attached
from imgconv.errors import OptionError, did_you_mean

MEANT = {
    "overwrite": ("--overwrite replaces a file that exists", "force f y yes replace clobber in-place inplace"),
    "output": ("the output is the second argument, without an option", "o out output dest destination"),
    "input": ("the input is the first argument, without an option", "i in input file source"),
    "gain": ("--gain rescales a kernel, and a layer 'resize' in a --pipeline the image", "scale factor multiply"),
    "resize": ("a layer 'resize' in a --pipeline changes the size", "resize size width height thumbnail zoom"),
    "normalise": ("--gain sum makes a kernel's taps sum to 1", "normalize normalise norm"),
    "grey": ("--gray filters the luma", "grayscale greyscale monochrome mono bw luma to-gray"),
    "border": ("--border says what fills the padding", "mode boundary edge edges virtual-pixel extend fill cval"),
    "pad": ("--padding says how much is added around the image", "pad margin"),
    "depth": ("--depth says how many bits the output's samples have", "bits bit-depth dtype type"),
    "map": ("--map says how results become samples", "clip abs absolute stretch clamp saturate normalize-output"),
    "region": ("--region filters within a rectangle, and the rest stays", "roi rect rectangle crop area box-region"),
    "threads": ("--threads says how many threads may be used", "nthreads cores cpus cpu workers"),
    "quiet": ("--quiet prints nothing; the report is printed without any option", "silent verbose v debug"),
    "json": ("--json prints the report for scripts", "report-json as-json output-json"),
    "batch": ("'imgconv batch' filters many files and folders", "recursive r recurse jobs j include exclude glob"),
    "pool": ("'imgconv pool' does --max, --mean and --min", "max mean min pool pooling"),
    "filter": ("-k names the kernel", "filter conv convolve convolution matrix weights"),
    "transparent": ("--alpha says what becomes of alpha", "transparency opacity"),
    "metadata": ("--strip leaves metadata out, and without it they are kept", "keep-metadata metadata exif no-exif"),
    "parameters": (
        "a kernel's parameters stand behind its name, as in -k gaussian:sigma=2",
        "sigma radius length angle amount theta wavelength",
    ),
    "chain": ("layers of a --pipeline are done one after the other", "then iterations repeat times n passes"),
    "plan": ("--dry-run shows the plan and writes nothing", "plan preview test noop no-op simulate"),
}
"""What is meant by options of other tools: the sentence that says what does it here, and their words.

A sentence is told where the command has all options that it names.
"""

KERNELS = {
    "invert": "invert",
    "negate": "invert",
    "negative": "invert",
    "blur": "gaussian:sigma=2",
    "gaussian-blur": "gaussian:sigma=2",
    "smooth": "gaussian:sigma=2",
    "box-blur": "box:size=5",
    "sharpen": "sharpen",
    "unsharp": "unsharp",
    "unsharp-mask": "unsharp",
    "edge-detect": "sobel",
    "find-edges": "sobel",
    "outline": "sobel",
    "emboss": "emboss",
    "sepia": "sepia",
}
"""Kernels that people ask for as if they were options, and what they are called here."""

FILE = re.compile(r"-[^-].*\.[A-Za-z][A-Za-z0-9]{1,4}")
"""What begins with a dash and ends as files do."""


class Command(click.Command):
    """A command that refuses to read one thing and mean another."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words of a command line.

        Raises:
            OptionError: an option is given twice, of which only one could be heard, or a file looks like options.
            UsageError: there is no such option or argument.
        """
        words = self.completed(args)
        try:
            self._refuse_twice(ctx, words)
            rest = super().parse_args(ctx, words)
            if isinstance(ctx.obj, Reporting) and "target" in ctx.params:
                ctx.obj.to_stderr = ctx.params["target"] == "-" and not ctx.params.get("dry_run")
            return rest
        except click.NoSuchOption as error:
            self._refuse_files(args)
            problem = f"no such option '{error.option_name}'{self._meant(ctx, error.option_name)}"
            raise click.UsageError(problem, ctx) from None
        except (click.UsageError, OptionError):
            self._refuse_files(args)
            raise

    def completed(self, words: Sequence[str]) -> list[str]:
        """Return the words with its value behind every option that may stand alone."""
        return Attached.completed(self, list(words))

    def _refuse_twice(self, ctx: click.Context, words: list[str]) -> None:
        _, _, order = self.make_parser(ctx).parse_args(args=list(words))
        for option, times in Counter(order).items():
            if times > 1 and isinstance(option, click.Option) and not (option.multiple or option.is_flag):
                name = option_name(option)
                way = "leave one of them out"
                if name == "kernel":
                    way = "several kernels, one after the other, are layers of a --pipeline"
                raise OptionError(name, f"it is given {'twice' if times == 2 else f'{times} times'}; {way}")

    def _refuse_files(self, words: Iterable[str]) -> None:
        """Say how a file is written whose name begins with a dash, if there is one among words that make no sense."""
        taking = {name for one in self.params if isinstance(one, click.Option) and not one.is_flag for name in one.opts}
        for word in words:
            if word == "--":
                return
            attached = word[:2] in taking and os.path.exists(word[2:]) and not os.path.exists(word)
            if FILE.fullmatch(word) and not attached:
                raise click.UsageError(f"'{word}' begins with a dash, as options do; write ./{word} if it is a file")

    def _meant(self, ctx: click.Context, given: str) -> str:
        """Say what an unknown option may mean here."""
        own = [name for one in self.get_params(ctx) if isinstance(one, click.Option) for name in one.opts]
        word = given.lstrip("-").lower().replace("_", "-")
        for sentence, words in MEANT.values():
            named = re.findall(r"--?[a-z][a-z-]*", sentence.partition("'")[0] + sentence.rpartition("'")[2])
            if word in words.split() and set(named) <= set(own):
                return f"; {sentence}"
        if "--pipeline" in own and "--kernel" in own and (kernel := _kernel(word)):
            return f"; a kernel is named by -k {kernel}"
        return did_you_mean(word, [name[2:] for name in own if name.startswith("--")], marks="--")


def _kernel(word: str) -> str:
    """Return the kernel that `word` means, or nothing."""
    from imgconv.kernels.library import names  # only on the way to an error

    return KERNELS.get(word) or (word if word in names() else "")
