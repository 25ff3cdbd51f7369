"""Which files a batch takes: named ones, those in folders, those that match a pattern, and those in a list."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from imgconv.errors import ImageReadError, ImgconvError, PluginError
from imgconv.image.foreign import WAYS, reason
from imgconv.image.formats import FORMATS, others
from imgconv.image.limits.guard import fault_words
from imgconv.system import portable

SUFFIXES = frozenset(f".{suffix}" for item in FORMATS for suffix in item.suffixes)
"""What the names of pictures end in, unless another package adds a format; other files in a folder are passed over."""

_MAGIC = re.compile(r"[*?[]")


class Source(NamedTuple):
    """A file that a batch takes.

    Attributes:
        path: where it is.
        place: the path that it has below the folder it was found in, and will have below the destination.
        named: whether it was named itself, not found.
    """

    path: str
    place: str
    named: bool = False


class Finder:
    """Finds the files of a batch.

    Links to files are taken for files. Links to folders are followed only if asked for, and then no folder is visited
    twice, so that no circle of links has no end.

    Attributes:
        faults: what could not be looked at.
        passed: how many files or folders were left aside, by the reason in words.
    """

    def __init__(
        self,
        *,
        recursive: bool = False,
        hidden: bool = False,
        follow: bool = False,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        dest: str | None = None,
    ) -> None:
        """Say what is taken.

        Args:
            recursive: look into the folders of a folder too.
            hidden: take what begins with a dot too, though it is not named.
            follow: follow links to folders.
            include: patterns, one of which a file's name must match.
            exclude: patterns that no name of a file or folder may match. One with a slash in it is held against the
                path below the folder that is searched.
            dest: a folder that is not searched unless it is named: where the results go.
        """
        self.recursive, self.hidden, self.follow = recursive, hidden, follow
        self.include, self.exclude = include, exclude
        self.faults: list[ImgconvError] = []
        self.passed: Counter[str] = Counter()
        self._dest = _identity(dest) if dest else None
        self._visited: set[tuple[int, int]] = set()

    def named(self, names: Iterable[str]) -> Iterator[Source]:
        """Yield the files that names on a command line stand for: files, folders, and patterns of either."""
        for name in names:
            if not os.path.lexists(name) and _MAGIC.search(name):
                yield from self._matching(name)
            else:
                yield from self._one(name, os.path.basename(os.path.normpath(name)), "")

    def listed(self, names: Iterable[str]) -> Iterator[Source]:
        """Yield the files of a list. Those below the current folder keep their folders."""
        for name in names:
            place = os.path.normpath(name)
            inside = not os.path.isabs(place) and portable.split(place)[0] != os.pardir
            yield from self._one(name, place if inside else os.path.basename(place), place if inside else "")

    def _one(self, path: str, place: str, below: str) -> Iterator[Source]:
        """Yield a file, or the files in a folder; `below` is where those go."""
        if os.path.isdir(path):
            yield from self._walk(path, "" if below == os.curdir else below, ())
        elif self._wanted(place):
            yield Source(path, place, named=True)

    def _names_picture(self, suffix: str) -> bool:
        """Whether files with a suffix, such as ``.png``, are pictures."""
        if suffix in SUFFIXES or not suffix:
            return suffix in SUFFIXES
        try:
            return any(suffix[1:] in row.suffixes for row in others())
        except PluginError as fault:
            if str(fault) not in map(str, self.faults):
                self.faults.append(fault)
            return False

    def _matching(self, pattern: str) -> Iterator[Source]:
        """Yield the files that match a pattern, in which ``**`` stands for any number of folders."""
        drive, pattern = os.path.splitdrive(pattern)
        parts = portable.split(pattern)
        plain = next(at for at, part in enumerate(parts) if _MAGIC.search(part))
        root = drive + ("/".join(parts[:plain]) or "/" * (not parts[0]))
        rest = [part for part in parts[plain:] if part]
        found = False
        for source in self._walk(root, "", rest):
            found = True
            yield source
        if not found:
            self.faults.append(ImageReadError(pattern, "no picture matches"))

    def _walk(self, folder: str, place: str, pattern: Sequence[str], parts: tuple[str, ...] = ()) -> Iterator[Source]:
        """Yield the pictures in a folder, by name, and below it as far as is asked for.

        Args:
            folder: which, empty for the current one.
            place: where its files go.
            pattern: parts of a path that what is taken must match; none take everything.
            parts: of the folder's own path, below where the pattern begins.
        """
        try:
            with os.scandir(folder or os.curdir) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as fault:
            self.faults.append(ImageReadError(folder or os.curdir, fault_words(fault)))
            return
        if (identity := _identity(folder or os.curdir)) is not None:
            self._visited.add(identity)
        dotted = self.hidden or any(part.startswith(".") for part in pattern)
        folders = []
        for entry in found:
            path, below = os.path.join(folder, entry.name), os.path.join(place, entry.name)
            if entry.name.startswith(".") and not dotted:
                self.passed["hidden, which --hidden takes"] += 1
            elif entry.is_dir():
                if self._entered(entry, below, pattern, (*parts, entry.name)):
                    folders.append((path, below, entry.name))
            elif not pattern or _fits((*parts, entry.name), pattern):
                suffix = os.path.splitext(entry.name)[1].lower()
                if not self._names_picture(suffix):
                    if suffix.lstrip(".") not in WAYS or self._wanted(below):
                        self.passed[reason(suffix)] += 1
                elif not entry.is_file():
                    self.passed["behind broken links" if entry.is_symlink() else "not regular files"] += 1
                elif self._wanted(below):
                    yield Source(path, below)
        for path, below, name in folders:
            inner = (*parts, name)
            whole = bool(pattern) and "**" not in pattern and _fits(inner, pattern)
            yield from self._walk(path, below, () if whole else pattern, inner)

    def _entered(self, entry: os.DirEntry[str], place: str, pattern: Sequence[str], parts: tuple[str, ...]) -> bool:
        """Whether to look into a folder that was found."""
        if pattern and not _leads(parts, pattern):
            return False
        identity = _identity(entry.path)
        if identity == self._dest:
            return False
        if not pattern and not self.recursive:
            self.passed["in folders, which --recursive takes"] += 1
        elif entry.is_symlink() and not self.follow:
            self.passed["behind links to folders, which --follow takes"] += 1
        elif self._excluded(place):
            self.passed["excluded"] += 1
        else:
            return not (self.follow and identity in self._visited)
        return False

    def _wanted(self, place: str) -> bool:
        taken = not self.include or _matched(self.include, place)
        if taken and not self._excluded(place):
            return True
        self.passed["excluded"] += 1
        return False

    def _excluded(self, place: str) -> bool:
        return _matched(self.exclude, place)


def _matched(patterns: Sequence[str], place: str) -> bool:
    name, place = os.path.basename(place), portable.slashed(place)
    return any(fnmatchcase(place if "/" in pattern else name, pattern) for pattern in map(portable.slashed, patterns))


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a path match those of a pattern."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or (bool(parts) and _fits(parts[1:], pattern))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _leads(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether something in a folder of that path can match a pattern, or the folder itself does."""
    if not parts or not pattern or pattern[0] == "**":
        return not parts or bool(pattern)
    return fnmatchcase(parts[0], pattern[0]) and _leads(parts[1:], pattern[1:])


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
