"""What imgconv refuses: one exception per noun, each wording its own sentence.

Every message is one sentence that names the file or option at fault and, where there is one, the way out.
The command line prints it after ``imgconv: `` and exits with `exit_code`: 1 means it could not be done,
2 means it was wrongly asked.
"""

from __future__ import annotations

from collections.abc import Iterable

LONGEST_QUOTE = 40
"""The most characters that a message quotes of what it is given."""

LONGEST_PATH = 400
"""The most characters of a path in a message; names are 255 bytes at the most."""


def shorten(text: str, most: int = LONGEST_QUOTE) -> str:
    """Return `text` in one line of at most `most` characters.

    >>> shorten(50 * "c")
    'ccccccccccccccccccccccccccccccccccccc...'
    """
    text = "".join(letter if letter.isprintable() else "?" for letter in text[: most + 1])
    return text if len(text) <= most else text[: most - 3] + "..."


def quoted(value: object) -> str:
    """Return what somebody wrote, in quotes, as messages show it: in one line, and cut where it is long."""
    if isinstance(value, int) and value.bit_length() > 256:  # Python refuses to write those of more than 4300 digits
        return "a whole number of more than 77 digits"
    return f"'{shorten(str(value))}'"


def nearest(word: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Return up to `limit` of the `known` words that `word` may be a slip of, best first.

    A slip is one letter too many, too few, another, or two exchanged; words of more than 4 letters may have two, of
    more than 7 three. A word that `word` begins or ends, or that begins or ends it, is one of them too.

    >>> nearest("soble-x", ["sobel-x", "sobel-y", "scharr-x", "box"])
    ['sobel-x', 'sobel-y']
    >>> nearest("covn", ["conv", "combine"]), nearest("gauss", ["gaussian", "glass"])
    (['conv'], ['glass', 'gaussian'])
    """
    word = word.lower()
    if not 2 <= len(word) <= 64:
        return []
    most = 1 if len(word) <= 4 else 2 if len(word) <= 7 else 3
    found: list[tuple[float, str]] = []
    for name in dict.fromkeys(known):
        other = name.lower()
        shorter, longer = sorted((word, other), key=len)
        part = len(shorter) >= 3 and (longer.startswith(shorter) or longer.endswith(shorter))
        apart = _slips(word, other) if len(longer) - len(shorter) <= most else most + 1
        if apart <= most or part:
            found.append((min(apart, 0.5 + most) if part else apart, name))
    found.sort()
    return [name for apart, name in found[:limit] if apart <= found[0][0] + 1]


def _slips(one: str, other: str) -> int:
    """Count the letters to insert, delete, replace or exchange with the next one (optimal string alignment)."""
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, last, row = row, before, [at] + [0] * len(other)
        for to, its in enumerate(other, 1):
            row[to] = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != its))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == its:
                row[to] = min(row[to], last[to - 2] + 1)
    return row[-1]


def did_you_mean(word: str, known: Iterable[str], limit: int = 3, *, marks: str = "") -> str:
    """Return ``; did you mean 'a', 'b' or 'c'?`` for the known words that `word` may be a slip of, or nothing.

    `marks` are what the words have in front of them where they are typed, as options have dashes.
    """
    return suggestion(marks + name for name in nearest(word, known, limit))


def suggestion(names: Iterable[str]) -> str:
    """Return ``; did you mean 'a', 'b' or 'c'?``, or nothing if there are no names."""
    shown = [quoted(name) for name in names]
    if not shown:
        return ""
    return f"; did you mean {' or '.join([', '.join(shown[:-1])] * bool(shown[1:]) + shown[-1:])}?"


class ImgconvError(Exception):
    """Base of every error that imgconv raises on purpose."""

    exit_code = 1


def fault_to_json(
    message: str, exit_code: int = 1, *, file: str | None = None, option: str | None = None
) -> dict[str, object]:
    """Return what went wrong as plain values for ``--json``: the sentence, and which file or option it is about."""
    return {"message": message, "file": file, "option": option, "exit_code": exit_code}


class OptionError(ImgconvError, ValueError):
    """An option or argument whose value makes no sense.

    `option` is its name without dashes (the command line adds them), `problem` the rest of the sentence.
    """

    exit_code = 2

    def __init__(self, option: str, problem: str) -> None:
        self.option, self.problem = option, problem
        super().__init__(f"{option}: {problem}")


class ArgumentTypeError(OptionError, TypeError):
    """An argument of a kind that it cannot be, such as a list for a word."""


class SizeError(ImgconvError, ValueError):
    """An output size that cannot be: `arithmetic` is the worked formula, `problem` what is wrong with it.

    `brief` says it without the arithmetic, where that can be done.
    """

    def __init__(self, axis: str, arithmetic: str, problem: str, brief: str = "") -> None:
        self.axis, self.arithmetic, self.problem = axis, arithmetic, problem
        self.brief = brief or f"{axis} {arithmetic}: {problem}"
        super().__init__(f"{axis} {arithmetic}: {problem}")


class LayerError(ImgconvError):
    """A layer of a chain that cannot do what it is asked; `cause` is the error it would raise on its own."""

    def __init__(self, number: int, kind: str, cause: ImgconvError) -> None:
        self.number, self.kind, self.cause = number, kind, cause
        self.exit_code = cause.exit_code
        super().__init__(f"layer {number} ({kind}): {cause.brief if isinstance(cause, SizeError) else cause}")


class BranchError(ImgconvError):
    """A branch one of whose layers cannot do what it is asked; branches count from 1."""

    def __init__(self, number: int, cause: LayerError) -> None:
        self.number, self.cause = number, cause
        self.exit_code = cause.exit_code
        super().__init__(f"branch {number}, {cause}")


class UnknownKernelError(ImgconvError, ValueError):
    """A kernel name that is neither in the library nor among the parametric kernels."""

    exit_code = 2

    def __init__(self, name: str, known: Iterable[str], advice: str = "") -> None:
        self.name, self.nearest = name, nearest(name, known)
        hint = advice or suggestion(self.nearest) or "; 'imgconv kernels list' shows them all"
        super().__init__(f"there is no kernel {quoted(name)}{hint}")


class KernelSpecError(ImgconvError, ValueError):
    """A kernel written on the command line that cannot be understood."""

    exit_code = 2

    def __init__(self, spec: str, problem: str) -> None:
        self.spec, self.problem = spec, problem
        super().__init__(f"kernel '{shorten(spec, 60)}': {problem}")


class ParameterError(ImgconvError, ValueError):
    """A kernel parameter outside what its formula allows: `rule` completes ``<name> must ...``."""

    exit_code = 2

    def __init__(self, kernel: str, parameter: str, value: object, rule: str) -> None:
        self.kernel, self.parameter, self.value = kernel, parameter, value
        super().__init__(f"kernel {quoted(kernel)}: {parameter} must {rule}, not {shorten(str(value))}")


class FileContentError(ImgconvError):
    """A file whose contents cannot be used; `line` and `column` count from 1 and are None where there is none."""

    def __init__(self, path: str, problem: str, line: int | None = None, column: int | None = None) -> None:
        self.path, self.problem, self.line, self.column = path, problem, line, column
        where = shorten(path, LONGEST_PATH)
        if line is not None:
            where += f", line {line}"
            if column is not None:
                where += f", column {column}"
        super().__init__(f"{where}: {problem}")


class KernelFileError(FileContentError):
    """A kernel file that cannot be read as a kernel."""


class PipelineFileError(FileContentError):
    """A pipeline file that cannot be read as a list of layers."""


class KernelValueError(ImgconvError, ValueError):
    """Numbers that cannot make a kernel: none at all, ragged, not finite, too many."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"kernel {quoted(name)}: {problem}")


class ImageReadError(ImgconvError):
    """An image that cannot be read."""

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path}: {problem}")


class ImageWriteError(ImgconvError):
    """An image that cannot be written."""

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path}: {problem}")


class TargetExistsError(ImageWriteError):
    """A file that is there already and may not be replaced."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "the file exists; --overwrite replaces it")


class ReportError(ImgconvError):
    """A report or record that cannot be written or read."""

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path}: {problem}")


class ResultsExistError(ImgconvError):
    """A batch some of whose results are there already, `first` among them."""

    def __init__(self, count: int, total: int, first: str) -> None:
        self.count, self.total, self.first = count, total, first
        found = f"{count} of {total} results are there already, {first} the first of them" if count > 1 else ""
        super().__init__(
            f"{found or f'{first}: the file exists'}; --overwrite replaces, --skip-existing leaves them, and --resume "
            "redoes those that are out of date"
        )


class StoppedError(ImgconvError):
    """A batch that a signal has ended; the exit code is the one that shells give to that."""

    def __init__(self, signal: int, ended: int, total: int) -> None:
        self.exit_code = 128 + signal
        super().__init__(
            f"interrupted when {ended} of {total} files were through; no result is incomplete, and the same command "
            "with --resume goes on from here"
        )


class CollisionError(ImgconvError):
    """Two files of a batch that would be written to one; `why` says what they have in common, unless it is a name."""

    exit_code = 2

    def __init__(self, one: str, two: str, target: str, why: str = "") -> None:
        self.one, self.two, self.target = one, two, target
        if why.startswith("is"):
            text = f"the result of {one} would be written to {target}, which {why}; choose another DEST or --name"
        else:
            text = f"{one} and {two} would both be written to {target}{f', {why}' if why else ''}"
            text += "; name the folder that holds both, with --recursive, or say --name '{parent}/{name}'"
        super().__init__(text)


class LibraryError(ImgconvError):
    """A library that is not installed: `what` needs it, and pip installs it when it is told `install`."""

    def __init__(self, what: str, library: str, install: str) -> None:
        self.what, self.library, self.install = what, library, install
        super().__init__(f"{what} needs {library}; pip install '{install}'")


class PluginError(ImgconvError):
    """A member that another package adds, such as an engine, and that cannot be used; `problem` says why."""

    def __init__(self, noun: str, name: str, package: str, problem: str) -> None:
        self.noun, self.name, self.package, self.problem = noun, name, package, problem
        super().__init__(f"{noun} {quoted(name)} of the package {package} cannot be used: {problem}")


class ClusterError(ImgconvError):
    """A Dask cluster that cannot be used; `address` is what was said of it."""

    def __init__(self, address: str, problem: str) -> None:
        self.address, self.problem = address, problem
        super().__init__(f"--dask {address}: {problem}")


class ChannelError(ImgconvError, ValueError):
    """A kernel that asks for other channels than the image has."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"kernel {quoted(name)}: {problem}")


class EngineError(ImgconvError):
    """An engine that cannot do what it is asked, or two engines that disagree."""


class ClippedError(ImgconvError):
    """Samples would be clipped although --strict forbids it."""


class ExportError(ImgconvError):
    """A kernel that a format cannot hold; `problem` says why and names the way out."""

    def __init__(self, name: str, format: str, problem: str) -> None:
        self.name, self.format, self.problem = name, format, problem
        super().__init__(f"kernel {quoted(name)} cannot be exported to {format}: {problem}")
