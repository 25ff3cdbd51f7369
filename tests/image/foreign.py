"""Pictures that nobody here made, from the package indexes: other libraries' test images, broken ones among them.

    python tests/image/foreign.py FOLDER      downloads and unpacks them into FOLDER, once, and counts them

Packages are asked for by name, through pip and apt-get. None of these files belongs to the project.
"""

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

OURS = "png apng jpg jpeg jpf tif tiff webp gif bmp dib pbm pgm ppm pnm pam pfm npy avif jxl jp2 j2k hdr exr"
OTHERS = "ico cur tga pcx qoi xpm xcf svg"
PICTURES = frozenset(f"{OURS} {OTHERS}".split())
"""The suffixes of pictures: of formats that are read here, and of formats that are not."""


class Source(NamedTuple):
    """A package: who hands it out (``sdist``, ``wheel`` or ``deb``), and the part of the names of files to take."""

    name: str
    kind: str
    package: str
    inside: str


SOURCES = (
    Source("pillow", "sdist", "pillow==13.0.0", "/Tests/images/"),
    Source("gdk-pixbuf", "deb", "gdk-pixbuf-tests", "/installed-tests/"),
    Source("scikit-image", "wheel", "scikit-image==0.26.0", "skimage/data/"),
    Source("matplotlib", "wheel", "matplotlib", "matplotlib/mpl-data/"),
    Source("pypng", "sdist", "pypng==0.20220715.0", "/"),
    Source("wand", "sdist", "Wand==0.7.2", "/tests/assets/"),
    Source("piexif", "sdist", "piexif==1.1.3", "/tests/"),
    Source("go", "deb", "golang-1.19-src", "/testdata/"),
    Source("go-image", "deb", "golang-golang-x-image-dev", "/testdata/"),
    Source("sdl", "deb", "libsdl2-image-tests", "/installed-tests/"),
)


def fetch(folder: Path) -> dict[str, str]:
    """Download and unpack what is not there yet; return why a source could not be had, by its name."""
    missing = {}
    for source in SOURCES:
        target = folder / source.name
        if target.is_dir():
            continue
        waiting = folder / f"{source.name}.part"
        shutil.rmtree(waiting, ignore_errors=True)
        (waiting / "package").mkdir(parents=True)
        try:
            _unpack(_download(source, waiting / "package"), source, waiting / "files")
        except (OSError, subprocess.SubprocessError, ValueError) as fault:
            missing[source.name] = _reason(fault)
            shutil.rmtree(waiting)
        else:
            (waiting / "files").rename(target)
            shutil.rmtree(waiting)
    return missing


def _reason(fault: Exception) -> str:
    said = getattr(fault, "stderr", b"") or b""
    return (said.decode(errors="replace").strip().splitlines() or [str(fault)])[-1]


def _download(source: Source, folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--retries", "1"]
    commands = {
        "sdist": [*pip, "--no-binary", ":all:", source.package],
        "wheel": [*pip, "--only-binary", ":all:", source.package],
        "deb": ["apt-get", "download", source.package],
    }
    command = commands[source.kind]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
    (found,) = folder.iterdir()
    return found


def _unpack(package: Path, source: Source, folder: Path) -> None:
    folder.mkdir()
    if package.suffix == ".deb":
        opened = folder.parent / "opened"
        subprocess.run(["dpkg-deb", "-x", package, opened], check=True, capture_output=True, timeout=300)
        names = [
            (f"/{path.relative_to(opened)}", path.read_bytes) for path in sorted(opened.rglob("*")) if path.is_file()
        ]
        _keep(names, source, folder)
    elif zipfile.is_zipfile(package):
        with zipfile.ZipFile(package) as archive:
            _keep([(name, lambda name=name: archive.read(name)) for name in archive.namelist()], source, folder)
    else:
        with tarfile.open(package) as archive:
            members = [member for member in archive.getmembers() if member.isfile()]
            _keep([(one.name, lambda one=one: archive.extractfile(one).read()) for one in members], source, folder)


def _keep(files, source, folder):
    """Write the pictures among (name, function that reads it), under the part of their names that tells them apart."""
    for name, read in files:
        _, found, rest = name.partition(source.inside)
        if source.name == "pypng" and name.endswith("/pngsuite.py"):
            _pngsuite(read().decode(), folder)
        if not found or (source.name != "pillow" and name.rsplit(".", 1)[-1].lower() not in PICTURES):
            continue
        target = folder / rest.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read())
    if not any(folder.iterdir()):
        raise ValueError(f"no pictures in {source.package}")


def _pngsuite(module: str, folder: Path) -> None:
    """Write the images that pypng keeps as hexadecimal digits in a module."""
    for name, digits in re.findall(r"""'(\w+)': _dehex\(b"{3}\n([0-9a-f\n]+)"{3}\)""", module):
        (folder / f"pngsuite-{name}.png").write_bytes(bytes.fromhex(digits))


def pictures(folder: Path) -> list[Path]:
    """Return every file that `fetch` has unpacked."""
    roots = [folder / source.name for source in SOURCES]
    return [path for root in roots if root.is_dir() for path in sorted(root.rglob("*")) if path.is_file()]


def main() -> None:
    folder = Path(sys.argv[1])
    for name, reason in fetch(folder).items():
        print(f"{name}: not to be had ({reason})")
    for source in SOURCES:
        count = sum(path.is_relative_to(folder / source.name) for path in pictures(folder))
        print(f"{source.name:14}{count:6}   {source.package}")
    print(f"{'together':14}{len(pictures(folder)):6}")


if __name__ == "__main__":
    main()
