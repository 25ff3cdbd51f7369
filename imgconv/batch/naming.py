"""What the results of a batch are called, and that no two of them are called the same."""

from __future__ import annotations

import os
import re
import string
import unicodedata
from collections.abc import Iterable

from imgconv.batch.sources import Source
from imgconv.errors import CollisionError, OptionError, did_you_mean, quoted
from imgconv.filtering.request import Request
from imgconv.image.formats import spec_of
from imgconv.kernels.value import AnyKernel
from imgconv.system import portable
from imgconv.value import Value

FIELDS = ("name", "stem", "suffix", "parent", "kernel", "format")
"""What a template may hold in braces."""


class Naming(Value):
    """How a result's name follows from its source's.

    Attributes:
        dest: the folder that all results go into.
        kernel: the name of what is done, for templates.
        template: of the name, empty for the source's own.
        format: the word of ``--format``, empty to keep the source's.
    """

    dest: str
    kernel: str = ""
    template: str = ""
    format: str = ""

    def __post_init__(self) -> None:
        if self.format:
            spec_of("", self.format)
        if self.template:
            _check(self.template)

    def target(self, source: Source) -> str:
        """Return the file that the result of a source goes to.

        >>> Naming("out", "sobel", "{stem}_{kernel}{suffix}", "png").target(Source("in/a/b.JPG", "a/b.JPG"))
        'out/a/b_sobel.png'

        Raises:
            OptionError: the template makes no name of this one.
        """
        folder, name = os.path.split(source.place)
        stem, suffix = os.path.splitext(name)
        if self.format:
            suffix = _suffix(suffix, self.format)
        if not self.template:
            return os.path.join(self.dest, folder, stem + suffix)
        parent = os.path.basename(os.path.dirname(os.path.abspath(source.path)))
        values = {"name": stem + suffix, "stem": stem, "suffix": suffix, "parent": parent, "kernel": self.kernel}
        named = self.template.format(**values, format=suffix.lower().lstrip("."))
        if os.path.isabs(named) or not os.path.basename(named):  # a field may be empty
            problem = f"{quoted(self.template)} makes '{named}' of {source.path}, which names no file below DEST"
            raise OptionError("name", problem)
        return os.path.join(self.dest, folder, named)


def word_for(request: Request) -> str:
    """Return the name of a request's kernel or pipeline as part of a file's name."""
    kernel: AnyKernel | None = request.kernel
    if kernel is not None:
        name = kernel.name
    else:
        source = request.pipeline.source if request.pipeline else ""
        name = os.path.splitext(os.path.basename(source))[0] or "pipeline"
    return re.sub(r"[^\w=.,+-]+", "-", os.path.basename(name)).strip("-.") or "kernel"


def targets(sources: Iterable[Source], naming: Naming) -> list[tuple[str, str]]:
    """Return every source with its target; a source that is named twice comes once.

    Raises:
        CollisionError: two sources would be written to one target, or a target is another source.
    """
    pairs: list[tuple[str, str]] = []
    taken: dict[str, str] = {}  # by their targets
    real, known = _Real(), set()
    for source in sources:
        path, target = source.path, naming.target(source)
        key = os.path.normpath(target)
        before = taken.setdefault(key, path)
        if before is not path:
            if real(before) != real(path):
                raise CollisionError(before, path, target)
            continue
        known.add(real(path))
        pairs.append((path, target))
    _refuse_folded(pairs, naming.dest)
    seen: dict[str, str] = {}
    for path, target in pairs:
        if not os.path.lexists(target):
            continue
        there = real(target)  # which may be a link, or lie in a linked folder
        if there in known and there != real(path):
            raise CollisionError(path, target, target, "is itself to be filtered")
        other = seen.setdefault(there, path)
        if other is not path:
            raise CollisionError(other, path, there)
    return pairs


def _refuse_folded(pairs: list[tuple[str, str]], dest: str) -> None:
    """Refuse targets that differ in case or in Unicode's forms alone, on a file system that sees no difference."""
    folded: dict[str, tuple[str, str]] = {}
    for path, target in pairs:
        other, before = folded.setdefault(unicodedata.normalize("NFC", target).casefold(), (path, target))
        if other is not path and _same_here(before, target, dest):
            raise CollisionError(other, path, target, "which this file system takes for the same name")


def _same_here(one: str, two: str, dest: str) -> bool:
    """Whether the file system of `dest`, or of the folder that it will be made in, takes two names for one."""
    folder = os.path.abspath(dest)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    alike = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", two)
    first, second = ("\u00e9", "e\u0301") if alike else ("a", "A")
    probe = os.path.join(folder, f".imgconv-{os.urandom(8).hex()}-")
    try:
        os.mkdir(probe + first)
    except OSError:
        return False  # nothing can be written there, which will be said
    try:
        return os.path.isdir(probe + second)
    finally:
        os.rmdir(probe + first)


class _Real:
    """Resolves links; folders, of which there are few, once."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def __call__(self, path: str) -> str:
        if os.path.islink(path):
            return os.path.realpath(path)
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder or os.curdir)
        return os.path.join(self._folders[folder], name)


def _suffix(own: str, format: str) -> str:
    """Return the suffix of a format: the source's own, if that is one of the format's."""
    wanted = spec_of("", format)
    if own.lower().lstrip(".") in wanted.suffixes:
        return own
    word = format.lower().lstrip(".")
    return f".{word if word in wanted.suffixes else wanted.suffixes[0]}"


def _check(template: str) -> None:
    """Refuse a template that makes no names.

    Raises:
        OptionError: it holds unknown fields, or leads out of the destination.
    """
    try:
        parsed = [part for part in string.Formatter().parse(template) if part[1] is not None]
    except ValueError as fault:
        problem = f"{quoted(template)} is no template ({fault}); write one like '{{stem}}_{{kernel}}{{suffix}}'"
        raise OptionError("name", problem) from None
    fields = []
    for _, field, width, conversion in parsed:
        if width or conversion:
            raise OptionError("name", f"'{{{field}' is followed by a format, which names have none of; end it with }}")
        fields.append(field or "")
        if field not in FIELDS:
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            hint = did_you_mean(field or "", FIELDS)
            raise OptionError("name", f"there is no {{{field}}}; {known} are known{hint}")
    parts = portable.split(template)
    if os.path.splitdrive(template)[0] or not parts[0] or os.pardir in parts or not parts[-1] or "\0" in template:
        raise OptionError("name", f"{quoted(template)} must name a file below DEST")
    if not {"name", "stem"} & set(fields):
        problem = f"{quoted(template)} gives every result the same name; put {{stem}} or {{name}} into it"
        raise OptionError("name", problem)
