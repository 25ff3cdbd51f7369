"""What systems do differently, in a form that works on all of them.

Names that POSIX alone has (locks, owners, forks, signals, reading at a place ...) are used in this module and nowhere
else: every function says what happens where the system lacks them.
"""

# pathlib takes 3 ms to import, as long as a small picture takes to decode:
# ruff: noqa: PTH100, PTH101, PTH108, PTH114, PTH115, PTH118

from __future__ import annotations

import errno
import os
import re
import signal
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO, Any, Protocol

from imgconv.system.interruption import STOPPING

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

WINDOWS = os.name == "nt"

_COPIED_ATTRIBUTES = ("user.", "system.", "security.selinux", "security.SMACK64")
"""Extended attributes that belong to a file's name and not to its content, by how their names begin."""

_STREAMS = ("/dev/stdin", "/dev/stdout", "/dev/stderr")
_MOST_LINKS = 40

_ACL = "system.posix_acl_access"


# Opening and locking


def open_descriptor(path: str, flags: int, mode: int = 0o666, *, follow: bool = True, wait: bool = True) -> int:
    """Return what `os.open` does, of bytes as they are; no child process inherits it.

    Args:
        path: the file.
        flags: as for `os.open`.
        mode: of a new file, less the umask.
        follow: whether a symbolic link is followed; where the system cannot say it, one is refused if it is seen.
        wait: whether opening a pipe waits for its other end.

    Raises:
        OSError: it cannot be opened.
    """
    flags |= getattr(os, "O_BINARY", 0)
    if not follow:
        if not hasattr(os, "O_NOFOLLOW") and os.path.islink(path):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        flags |= getattr(os, "O_NOFOLLOW", 0)
    if not wait:
        flags |= getattr(os, "O_NONBLOCK", 0)
    return os.open(path, flags, mode)


def let_wait(descriptor: int) -> None:
    """Let reading and writing wait again, of what `open_descriptor` has opened without waiting."""
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(descriptor, True)


def descriptor_of(path: str) -> int | None:
    """Return the number of the open file that a path is another name of, symbolic links followed; else None.

    >>> descriptor_of("/dev/stdout"), descriptor_of("/dev/fd/63"), descriptor_of("picture.png")
    (1, 63, None)
    """
    for _ in range(0 if WINDOWS else _MOST_LINKS):
        absolute = os.path.abspath(path)
        if absolute in _STREAMS:
            return _STREAMS.index(absolute)
        head, number = os.path.split(absolute)
        if head in ("/dev/fd", "/proc/self/fd", f"/proc/{os.getpid()}/fd") and re.fullmatch("[0-9]{1,6}", number):
            return int(number)
        try:
            path = os.path.join(head, os.readlink(absolute))
        except (OSError, ValueError):
            break
    return None


def is_terminal(path: str) -> bool:
    """Whether a device is a terminal."""
    try:
        descriptor = open_descriptor(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0), wait=False)
    except OSError:
        return False
    try:
        return os.isatty(descriptor)
    finally:
        os.close(descriptor)


def is_writable(descriptor: int) -> bool:
    """Whether a file is open for writing, as far as can be seen."""
    return fcntl is None or fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY


def appends(descriptor: int) -> bool:
    """Whether whatever is written goes to the end of the file, as far as can be seen."""
    return fcntl is not None and bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND)


def lock(descriptor: int, *, wait: bool = True) -> bool:
    """Lock a file until its last descriptor is closed, however the process ends; return whether it is locked.

    False where another process has locked it and `wait` is false, and where system or file system have no locks.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Unlock a file that `lock` has locked."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def remove_abandoned(path: str) -> bool:
    """Delete a file unless a process that has locked it is alive; return whether it was deleted.

    Where there are no locks it is Windows that does not delete what is open; elsewhere the file stays.
    """
    try:
        if fcntl is None:
            if WINDOWS:
                os.unlink(path)
            return WINDOWS
        descriptor = open_descriptor(path, os.O_RDWR, follow=False, wait=False)
    except OSError:
        return False
    try:
        if not lock(descriptor, wait=False) or not os.path.samestat(os.fstat(descriptor), os.lstat(path)):
            return False  # it is being written, or the name has gone over to a file that is
        os.unlink(path)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


# Reading and memory

MEMORY_FILES = hasattr(os, "memfd_create")

_seeking = threading.Lock()


def read_at(descriptor: int, size: int, place: int) -> bytes:
    """Return `size` bytes of a file from `place` on, or as many as there are; several threads may do so."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, place)
    with _seeking:
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, place, os.SEEK_SET)
        try:
            return os.read(descriptor, size)
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)


def read_into(descriptor: int, room: memoryview, place: int) -> int:
    """Fill `room` with bytes of a file from `place` on, or a part of it; return how many, 0 at the end."""
    if hasattr(os, "preadv"):
        return os.preadv(descriptor, [room], place)
    part = read_at(descriptor, room.nbytes, place)
    room.cast("B")[: len(part)] = part
    return len(part)


def memory_file() -> IO[bytes]:
    """Return an empty file that is on no disk and gone when it is closed; only where there are `MEMORY_FILES`."""
    return os.fdopen(os.memfd_create("imgconv"), "w+b", buffering=0)


def mapped_memory(size: int) -> Any:
    """Return `size` zero bytes of the system's memory, in huge pages where it has them."""
    import mmap

    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return mmap.mmap(-1, size)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # shared memory has no huge pages
    memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


# Paths


def split(path: str) -> list[str]:
    """Return the parts of a path or pattern between separators, whichever of them the system has.

    >>> split("a/b/*.png")
    ['a', 'b', '*.png']
    """
    return slashed(path).split("/")


def slashed(path: str) -> str:
    """Return a path with slashes between its parts, as patterns are written."""
    return path.replace(os.sep, "/")


# What a file has besides its content


def is_read_only(folder: str) -> bool:
    """Whether a folder's file system is known to be mounted for reading alone."""
    return hasattr(os, "statvfs") and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def keep_attributes(descriptor: int, path: str, old: os.stat_result, replaced: str) -> None:
    """Give a new file what the one that it will replace has: owner, group, mode, extended attributes and ACL.

    Each as far as this user may set it. Where the group cannot be kept, the new group may do no more than others may.

    Args:
        descriptor, path: the new file, open.
        old: what `os.stat` says of the old one.
        replaced: its path.
    """
    mode, own_group = stat.S_IMODE(old.st_mode), True
    if hasattr(os, "fchown"):
        new = os.fstat(descriptor)
        own_group = new.st_gid == old.st_gid or _succeeds(lambda: os.fchown(descriptor, -1, old.st_gid))
        if not own_group:
            mode &= ~(stat.S_ISGID | stat.S_IRWXG) | (mode & stat.S_IRWXO) << 3
        if new.st_uid != old.st_uid and not _succeeds(lambda: os.fchown(descriptor, old.st_uid, -1)):
            mode &= ~stat.S_ISUID
    # after the owner, as a change of that takes away the bits for running as somebody
    _succeeds(lambda: os.fchmod(descriptor, mode) if hasattr(os, "fchmod") else os.chmod(path, mode))
    if hasattr(os, "listxattr"):
        _keep_extended(descriptor, replaced, own_group)


def _keep_extended(descriptor: int, replaced: str, own_group: bool) -> None:
    # an access control list says what the file's own group may do
    try:
        names = os.listxattr(replaced)
    except OSError:
        return
    for name in names:
        if name.startswith(_COPIED_ATTRIBUTES) and (own_group or name != _ACL):
            _succeeds(partial(_copy_attribute, descriptor, replaced, name))
    if _ACL not in names:  # nor has the new one that which its folder gives to new files
        _succeeds(lambda: os.removexattr(descriptor, _ACL))


def _copy_attribute(descriptor: int, replaced: str, name: str) -> None:
    os.setxattr(descriptor, name, os.getxattr(replaced, name))


def _succeeds(change: Callable[[], object]) -> bool:
    try:
        change()
    except OSError:
        return False
    return True


# Processes and signals


def affinity() -> int:
    """Return on how many processors this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def stopping_blocked() -> Iterator[None]:
    """Let no signal of `STOPPING` come in this block, where the system can hold them back; children inherit that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def hold_back(signals: Iterable[int]) -> None:
    """Let these signals alone wait from now on, where the system can hold them back."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)


def can_fork() -> bool:
    """Whether this process can be copied: a thread that holds a lock would not come along to give it back.

    Not on macOS, whose own libraries do not bear it.
    """
    if not hasattr(os, "fork"):
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208
    except OSError:
        return False


class Child(Protocol):
    """A child process: what `subprocess.Popen` offers of one."""

    pid: int

    def kill(self) -> None:
        """End it at once, whatever it is doing."""

    def wait(self) -> int:
        """Wait until it has ended; return its exit code, or the number of the signal that ended it, negative."""


class Fork:
    """A copy of this process, made here: `pid` is 0 in the copy."""

    def __init__(self) -> None:
        self._code: int | None = None
        self.pid = os.fork()

    def kill(self) -> None:
        """End it at once, as `Child` says."""
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Wait for it, as `Child` says."""
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code


def signal_name(number: int) -> str:
    """Return what a signal is called."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


def was_killed(code: int) -> bool:
    """Whether a child's exit code says that it was ended by force."""
    return hasattr(signal, "SIGKILL") and code == -signal.SIGKILL
