"""Files on disk: opening what is to be read, and replacing a target whole or not at all."""

# pathlib takes 3 ms to import, as long as a small picture takes to decode:
# ruff: noqa: PTH103, PTH105, PTH108, PTH110, PTH112, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO, UnsupportedOperation
from typing import IO, Any, NamedTuple

from imgconv.errors import ImageReadError, ImageWriteError, ImgconvError, TargetExistsError
from imgconv.image.base import SNIFFED
from imgconv.image.formats import sniff
from imgconv.image.limits.guard import fault_words
from imgconv.image.limits.size import MAX_PIXELS, amount
from imgconv.system import portable

TEMPORARY = r"\.imgconv-(\d+)-[0-9a-f]{16}\.tmp"
"""The name of a temporary file and in it the number of the process that writes it; see `sweep`."""

_TERMINAL = "this is a terminal; pipe it into a program or name a file"

_NO_HARD_LINKS = (
    errno.EPERM,
    errno.EACCES,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EMLINK,
    errno.EXDEV,
)


def name_of(source: Any) -> str:
    """Return what to call a source or target in messages."""
    if isinstance(source, (str, os.PathLike)):
        return os.fsdecode(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "<bytes>"
    name = getattr(source, "name", None)
    standard = {"<stdin>": "standard input", "<stdout>": "standard output"}
    return standard.get(name, name) if isinstance(name, str) else "<stream>"


_PIPED_BYTES, _BYTES_A_PIXEL = 2**24, 8
_PIECE = 2**20


def open_source(source: Any, name: str, max_pixels: int = MAX_PIXELS) -> IO[bytes]:
    """Return a binary file that can seek, over a path, bytes, or an open binary file.

    A file that cannot seek, such as a pipe, is read to its end if it begins as an image does.

    Raises:
        ImageReadError: there is no such file, it is none that can be read, or it goes on beyond what `max_pixels` take.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return BytesIO(source)
    try:
        if isinstance(source, (str, os.PathLike)):
            return _open_path(os.fsdecode(source), name, max_pixels)
        if not source.seekable() or source.tell():
            return read_whole(source, name, max_pixels)
    except (OSError, ValueError) as fault:
        raise ImageReadError(name, _missing(name, fault)) from None
    return source  # type: ignore[no-any-return]


def read_whole(file: IO[bytes], name: str, max_pixels: int) -> BytesIO:
    """Return what is left of a file; of one that begins as no image does, no more than its beginning.

    Raises:
        ImageReadError: it goes on beyond what `max_pixels` take.
    """
    held, most = BytesIO(), _PIPED_BYTES + _BYTES_A_PIXEL * max_pixels
    while piece := file.read(_PIECE if held.tell() >= SNIFFED else SNIFFED - held.tell()):
        held.write(piece)
        if held.tell() == SNIFFED and not sniff(held.getvalue()):
            from imgconv.image.foreign import SEEN

            held.write(file.read(SEEN - SNIFFED))  # enough to say what it is
            break
        if held.tell() > most:
            more = amount(2 * max_pixels)
            problem = f"it goes on for more than {most >> 20} MB, as much as is read of what cannot be sought in"
            raise ImageReadError(name, f"{problem}; save it to a file first, or use --max-pixels {more}")
    held.seek(0)
    return held


def _open_path(path: str, name: str, max_pixels: int) -> IO[bytes]:
    number = portable.descriptor_of(path)
    kind = (os.stat(path) if number is None else os.fstat(number)).st_mode
    if stat.S_ISCHR(kind) or stat.S_ISBLK(kind):
        raise ImageReadError(name, "this is a device, not a file")
    file = open(path if number is None else os.dup(number), "rb")  # noqa: SIM115 - closed by whoever asked for it
    if file.seekable() and not file.tell():
        return file
    with file:
        return read_whole(file, name, max_pixels)


def _missing(name: str, fault: Exception) -> str:
    from imgconv.image.foreign import address  # most files are there

    return address(name) or _clause(fault)


def _clause(fault: Exception) -> str:
    if isinstance(fault, OSError):
        return fault_words(fault)
    return "the name contains a null character" if "null" in str(fault) else str(fault)


class _Place(NamedTuple):
    """Where the bytes of a target go.

    Attributes:
        path: symbolic links followed, where it is a file or will be one.
        state: what the system says of it, None if there is nothing yet.
        descriptor: of the open file that the target's name stands for.
    """

    path: str
    state: os.stat_result | None
    descriptor: int | None = None

    @property
    def replaced(self) -> bool:
        """Whether a file is put there whole; anything else is written to as it is."""
        return self.descriptor is None and (self.state is None or stat.S_ISREG(self.state.st_mode))


def _place_of(target: Any) -> _Place:
    """Return where a target's bytes go.

    Raises:
        OSError: nobody can tell.
    """
    path = os.fsdecode(target)
    number = portable.descriptor_of(path)
    if number is not None:
        return _Place(path, os.fstat(number), number)
    try:
        state = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        state = None
    place = _Place(path, state)
    # not of a pipe, to which a link may lead that has no path to follow
    return place._replace(path=os.path.realpath(path)) if place.replaced else place


def is_replaced(target: Any) -> bool:
    """Whether what is written to `target` is put in its place whole; a pipe or a device is written to as it is."""
    try:
        return _place_of(target).replaced
    except (OSError, ValueError):
        return True


def is_standard_output(target: Any) -> bool:
    """Whether a path is another name of the pipe or file that this process prints to."""
    try:
        place = _place_of(target)
        if place.descriptor == 1:
            return True
        printed = os.fstat(1)
        piped = not stat.S_ISCHR(printed.st_mode)  # two that write to /dev/null are not in each other's way
        return piped and not place.replaced and place.state is not None and os.path.samestat(place.state, printed)
    except (OSError, ValueError):
        return False


def is_pipe(path: str) -> bool:
    """Whether a path is that of a pipe or socket, which can be read but once."""
    try:
        kind = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)


def check_place(target: Any, name: str, overwrite: bool) -> None:
    """Refuse a target that cannot be written to, as far as that can be seen without writing.

    Raises:
        ImageWriteError: its directory is missing or cannot be written to, it is a directory, or it exists and
            `overwrite` is false; it is a terminal, or open for reading alone.
    """
    try:
        place = _place_of(target)
        if place.descriptor is not None:
            _check_descriptor(place.descriptor, name)
            return
        folder = os.path.dirname(place.path)
        if place.replaced and not os.path.isdir(folder):
            problem = f"there is no directory {folder}" if not os.path.exists(folder) else f"{folder} is no directory"
            raise ImageWriteError(name, problem)
    except (OSError, ValueError) as fault:
        raise ImageWriteError(name, _clause(fault)) from None
    kind = place.state.st_mode if place.state else 0
    if stat.S_ISDIR(kind):
        raise ImageWriteError(name, "this is a directory; name a file in it")
    if stat.S_ISSOCK(kind):
        raise ImageWriteError(name, "this is a socket, to which nothing can be written by its name")
    if stat.S_ISBLK(kind) and not overwrite:
        raise ImageWriteError(
            name, "this is a disk, or a part of one, whose content would go; --overwrite writes to it"
        )
    if stat.S_ISREG(kind) and not overwrite:
        raise TargetExistsError(name)
    if stat.S_ISCHR(kind) and portable.is_terminal(place.path):
        raise ImageWriteError(name, _TERMINAL)
    if not place.replaced and not os.access(place.path, os.W_OK):
        raise ImageWriteError(name, "permission denied")
    if place.replaced and not os.access(folder, os.W_OK | os.X_OK):
        problem = f"{folder} cannot be written to"
        raise ImageWriteError(name, "this is a read-only file system" if portable.is_read_only(folder) else problem)


def _check_descriptor(number: int, name: str) -> None:
    if os.isatty(number):
        raise ImageWriteError(name, _TERMINAL)
    if not portable.is_writable(number):
        raise ImageWriteError(name, "this is open for reading alone")


def may_seek(file: IO[bytes]) -> bool:
    """Whether what is written to an open file may be changed afterwards: it begins there and is no pipe."""
    try:
        return file.seekable() and not file.tell() and not portable.appends(file.fileno())
    except UnsupportedOperation:  # in memory
        return True


def make_folder(path: str) -> None:
    """Make a folder and those that it is in, unless they are there.

    Raises:
        NotADirectoryError: something else is there.
    """
    try:
        os.makedirs(path or os.curdir, exist_ok=True)
    except FileExistsError as fault:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), fault.filename) from None


def replace_file(target: Any, name: str, overwrite: bool, encode: Callable[[IO[bytes]], Any]) -> tuple[str, ...]:
    """Let `encode` write a file and put it in the place of `target`, which is the old or the whole new file.

    A symbolic link is followed to the file it names. That file's owner, group, mode, extended attributes and access
    control list are kept as far as this user may set them; its other names (hard links) keep the old content. Pipes,
    devices and what names an open file, such as /dev/stdout, are written to as they are.

    Returns:
        Notes.

    Raises:
        ImageWriteError: it cannot be written, or it has come to exist and `overwrite` is false.
    """
    try:
        place = _place_of(target)
        if not place.replaced:
            _through_buffer(place, encode)
            return ()
        _through_temporary(place, overwrite, encode)
    except ImgconvError:
        raise
    except FileExistsError:
        raise TargetExistsError(name) from None
    except OSError as fault:
        raise ImageWriteError(name, fault_words(fault)) from None
    others = place.state.st_nlink - 1 if place.state else 0
    names = (
        "another name (a hard link), which keeps" if others == 1 else f"{others} other names (hard links), which keep"
    )
    return (f"{name} had {names} the old content",) if others > 0 else ()


def _through_buffer(place: _Place, encode: Callable[[IO[bytes]], Any]) -> None:
    """Write to what cannot seek, as encoders want to, or where something may stand before."""
    buffer = BytesIO()
    encode(buffer)
    if place.descriptor is None:
        descriptor = portable.open_descriptor(place.path, os.O_WRONLY)
    else:
        descriptor = os.dup(place.descriptor)
    with os.fdopen(descriptor, "wb") as file:
        file.write(buffer.getvalue())


def _through_temporary(place: _Place, overwrite: bool, encode: Callable[[IO[bytes]], Any]) -> None:
    # Named before it is made: whenever a signal comes, there is a name to take the file away by.
    real = place.path
    temporary = os.path.join(os.path.dirname(real), f".imgconv-{os.getpid()}-{os.urandom(8).hex()}.tmp")
    locked = -1
    try:
        descriptor, locked = _locked(temporary)
        with os.fdopen(descriptor, "wb", buffering=2**18) as file:
            if place.state:
                portable.keep_attributes(descriptor, temporary, place.state, real)
            encode(file)
        if overwrite:
            os.replace(temporary, real)
        else:
            _link(temporary, real)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    finally:
        if locked >= 0:
            os.close(locked)


def _locked(temporary: str) -> tuple[int, int]:
    """Create a temporary file and lock it; return a descriptor to write to, and one that keeps the lock.

    The system takes the lock away when the process ends, however it ends, which is how `sweep` tells a file that is
    being written from one that was left over. Should it come between creating and locking, the file is gone.
    """
    # not tempfile's: those have mode 0600 whatever the umask
    while True:
        descriptor = portable.open_descriptor(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        if not portable.lock(descriptor):  # a file system without locks, on which `sweep` gets none either
            return descriptor, -1
        if os.fstat(descriptor).st_nlink:
            return descriptor, os.dup(descriptor)
        os.close(descriptor)


def sweep(folder: str, process: int | None = None) -> int:
    """Delete temporary files that ended processes have left in a folder; return how many.

    Those that are being written by another process are locked, and stay.

    Args:
        folder: where to look; one that cannot be read holds none.
        process: leave those alone that other processes have made.
    """
    try:
        with os.scandir(folder or os.curdir) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(".imgconv-")]
    except OSError:
        return 0
    found = [name for name in names if (match := re.fullmatch(TEMPORARY, name)) and process in (None, int(match[1]))]
    return sum(portable.remove_abandoned(os.path.join(folder, name)) for name in found)


def _link(temporary: str, real: str) -> None:
    """Give the file its name unless that exists, and take away the temporary one."""
    try:
        os.link(temporary, real)
    except FileExistsError:
        raise
    except OSError as fault:
        if fault.errno not in _NO_HARD_LINKS:
            raise
        # without hard links: whoever creates the empty file first may replace it
        os.close(os.open(real, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            os.replace(temporary, real)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(real)
            raise
    else:
        os.unlink(temporary)
