"""Plays a system without what POSIX alone has, to imgconv's own modules: ``python elsewhere.py COMMANDS.json``.

The standard library and every other package see the system as it is. Of it imgconv's modules see a copy without the
names that Windows lacks, with Windows' rules for paths, where no file is replaced or deleted while it is open. The
commands, a list of lists of arguments, are run one after the other; how each ended is printed as JSON.
"""

# ruff: noqa: PTH105, PTH108, PTH116, PTH208

import builtins
import contextlib
import io
import json
import mmap
import ntpath
import os
import posixpath
import selectors
import signal
import subprocess
import sys
import types
from importlib.machinery import SourceFileLoader
from pathlib import Path

MISSING = {"fcntl", "grp", "posix", "posixpath", "pty", "pwd", "resource", "syslog", "termios", "tty"}
"""Modules of the standard library that only POSIX has."""

GONE = {
    "os": """
        CLD_CONTINUED EX_OK F_LOCK F_TEST F_TLOCK F_ULOCK GRND_NONBLOCK MFD_CLOEXEC NGROUPS_MAX O_ACCMODE O_ASYNC
        O_CLOEXEC O_DIRECT O_DIRECTORY O_DSYNC O_EVTONLY O_EXLOCK O_FSYNC O_LARGEFILE O_NDELAY O_NOATIME O_NOCTTY
        O_NOFOLLOW O_NOFOLLOW_ANY O_NONBLOCK O_PATH O_RSYNC O_SHLOCK O_SYNC O_TMPFILE P_ALL P_PID POSIX_FADV_WILLNEED
        PRIO_PROCESS RTLD_NOW SCHED_OTHER SEEK_DATA SEEK_HOLE ST_NOSUID ST_RDONLY WCONTINUED WCOREDUMP WEXITED
        WEXITSTATUS WIFCONTINUED WIFEXITED WIFSIGNALED WIFSTOPPED WNOHANG WNOWAIT WSTOPPED WSTOPSIG WTERMSIG WUNTRACED
        XATTR_CREATE XATTR_REPLACE chflags chown chroot confstr copy_file_range ctermid eventfd fchdir fchmod fchown
        fdatasync fork forkpty fpathconf fstatvfs getegid geteuid getgid getgrouplist getgroups getloadavg getpgid
        getpgrp getpriority getrandom getresgid getresuid getsid getuid getxattr initgroups killpg lchmod lchown
        listxattr lockf login_tty major makedev memfd_create minor mkfifo mknod nice openpty pathconf pidfd_open pipe2
        plock posix_fadvise posix_fallocate posix_spawn posix_spawnp pread preadv pwrite pwritev readv register_at_fork
        removexattr sched_get_priority_max sched_getaffinity sched_getparam sched_getscheduler sched_setaffinity
        sched_yield sendfile set_blocking setegid seteuid setgid setgroups setpgid setpriority setregid setresgid
        setresuid setreuid setsid setuid setxattr splice statvfs sync sysconf tcgetpgrp tcsetpgrp ttyname uname unshare
        wait wait3 wait4 waitid writev
    """,
    "signal": """
        ITIMER_REAL SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGIO SIGKILL SIGPIPE SIGPROF SIGQUIT SIGSTOP SIGSYS SIGTRAP
        SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIG_BLOCK SIG_SETMASK
        SIG_UNBLOCK alarm getitimer pause pidfd_send_signal pthread_kill pthread_sigmask setitimer siginterrupt
        sigpending sigtimedwait sigwait sigwaitinfo
    """,
    "mmap": """
        MADV_DONTNEED MADV_HUGEPAGE MADV_WILLNEED MAP_ANON MAP_ANONYMOUS MAP_PRIVATE MAP_SHARED PROT_READ PROT_WRITE
    """,
    "selectors": "DevpollSelector EpollSelector KqueueSelector PollSelector",
}
"""Names that Windows lacks, by their modules (docs.python.org: "Availability: Unix", and `os.open`'s constants)."""

HERE = Path(__file__).resolve().parent


def native(path):
    """Return a path as this system writes it."""
    return path.replace("\\", "/") if isinstance(path, str) else path


def translated(function):
    """Let a function take Windows' paths."""

    def translating(*arguments, **named):
        return function(*map(native, arguments), **named)

    return translating


def view(real, gone="", **changed):
    """Return a copy of a module without some names, and with others changed."""
    copy = types.ModuleType(real.__name__)
    vars(copy).update({name: value for name, value in vars(real).items() if name not in gone.split()})
    vars(copy).update(changed)
    return copy


def refuse_open(*paths):
    """Refuse what Windows refuses while a file is open or mapped in this process."""
    for path in filter(posixpath.exists, map(native, paths)):
        found = os.stat(path)
        for number in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                if os.path.samestat(os.stat(f"/proc/self/fd/{number}"), found):
                    raise Refused(13, "the file is open in this process", path)
        if posixpath.realpath(path) in Path("/proc/self/maps").read_text():
            raise Refused(13, "the file is mapped in this process", path)


class Refused(Exception):
    """What is no OSError, so that nobody takes it for one of those that are expected."""


def replace(source, target):
    refuse_open(source, target)
    os.replace(native(source), native(target))


def unlink(path):
    refuse_open(path)
    os.unlink(native(path))


def popen(command, **options):
    """Start a fresh interpreter that plays the same system."""
    at = command.index("-c") + 1
    begin = f"import sys; sys.path.append({str(HERE)!r}); import elsewhere; elsewhere.install(); sys.path.pop(); "
    folder = native(options.pop("cwd", None))
    return subprocess.Popen(
        [*command[:at], begin + command[at], *map(native, command[at + 1 :])], cwd=folder, **options
    )


class Sockets:
    """A selector as Windows has it."""

    def register(self, *_):
        raise OSError(10038, "an operation was attempted on something that is not a socket")


TESTED = ("exists", "lexists", "isdir", "isfile", "islink", "getsize", "getmtime", "samefile")
OPENED = (
    "open", "stat", "lstat", "scandir", "listdir", "mkdir", "makedirs", "rmdir", "link", "symlink", "readlink",
    "access", "chmod", "utime", "chdir",
)  # fmt: skip
PATH = view(
    ntpath,
    **{name: translated(getattr(posixpath, name)) for name in TESTED},
    realpath=lambda path, **_: ntpath.normpath(posixpath.realpath(native(path))),
)
VIEWS = {
    "os": view(
        os,
        GONE["os"],
        **{name: translated(getattr(os, name)) for name in OPENED},
        name="nt", path=PATH, sep="\\", altsep="/", pathsep=";", linesep="\r\n",
        replace=replace, rename=replace, unlink=unlink, remove=unlink,
    ),
    "os.path": PATH,
    "signal": view(signal, GONE["signal"]),
    "mmap": view(mmap, GONE["mmap"]),
    "selectors": view(selectors, GONE["selectors"], DefaultSelector=Sockets),
    "subprocess": view(subprocess, Popen=popen),
}  # fmt: skip


def seen_import(name, globals=None, locals=None, fromlist=(), level=0):
    """Import as ``import`` does, from the system that is played."""
    if level == 0 and name.partition(".")[0] in MISSING:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)
    if level == 0 and name in VIEWS:
        return VIEWS[name if fromlist else name.partition(".")[0]]
    return builtins.__import__(name, globals, locals, fromlist, level)


SEEN = {**vars(builtins), "__import__": seen_import, "open": translated(open)}


class Loader(SourceFileLoader):
    """Loads a module of imgconv's into the system that is played."""

    def exec_module(self, module):
        module.__dict__["__builtins__"] = SEEN
        super().exec_module(module)


class Finder:
    """Finds modules of imgconv's as whoever else would."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] != "imgconv":
            return None
        path = path and list(map(native, path))
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, found), None)
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


def install():
    """Play the system to every module of imgconv's that is imported from now on."""
    sys.meta_path.insert(0, Finder())


def run(arguments):
    """Run a command in this process; return its exit code and what it printed."""
    from imgconv.cli import main

    sys.argv = ["imgconv", *arguments]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as left:
            code = left.code
        except Refused as refused:
            code = f"refused: {refused}"
    return [code, *(stream.buffer.getvalue().decode() for stream in (out, err) if stream.flush() is None)]


if __name__ == "__main__":
    install()
    import imgconv.filtering.apply

    imgconv.filtering.apply.STREAMED_BYTES = 0  # as if TIFF files were large
    print(json.dumps([run(command) for command in json.loads(Path(sys.argv[1]).read_text())]))
