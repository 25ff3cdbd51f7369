"""What is installed and what is given away: the pins, the source distribution and the wheel.

The distributions are built, unless the environment variable IMGCONV_DISTRIBUTIONS names the folder that has them.
"""

import fnmatch
import importlib.metadata
import itertools
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import pythons
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CORES = [
    "imgconv/engines/_core",
    "imgconv/functional/_nncore",
    "imgconv/image/png/_pngcore",
    "imgconv/image/tiff/_tiffcore",
]


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(re.fullmatch(r"([\w.-]+)==([\w.+]+)", line).groups() for line in lines if not line.startswith("#"))


def wanted(requirement, environment, seen):
    """Add all that a requirement brings in an environment to `seen`: pairs of a name and an extra."""
    name = canonicalize_name(requirement.name)
    for extra in ("", *requirement.extras):
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            brought = importlib.metadata.requires(name) or ()
        except importlib.metadata.PackageNotFoundError:  # wanted by another system or Python than this
            continue
        for inner in map(Requirement, brought):
            if inner.marker is None or inner.marker.evaluate(environment | {"extra": extra}):
                wanted(inner, environment, seen)


@pytest.mark.parametrize("version", pythons.named())
def test_constraints_pin_what_the_tests_install(version):
    known, seen = {canonicalize_name(name) for name in pins()}, set()
    for platform, system in (("linux", "Linux"), ("darwin", "Darwin"), ("win32", "Windows")):
        environment = {"python_version": version, "python_full_version": f"{version}.0"}
        environment |= {"sys_platform": platform, "platform_system": system}
        wanted(Requirement("imgconv[test]"), environment, seen)
    assert {name for name, _ in seen} - known == {"imgconv"}


def test_constraints_are_releases_that_pyproject_allows():
    exact = {canonicalize_name(name): version for name, version in pins().items()}
    groups = [PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values()]
    for requirement in map(Requirement, itertools.chain(*groups)):
        version = exact.get(canonicalize_name(requirement.name))
        assert version is None or requirement.specifier.contains(version), requirement
    (build,) = map(Requirement, PROJECT["build-system"]["requires"])
    assert re.fullmatch(r"==[\d.]+", str(build.specifier))


def test_readme_names_the_pythons_and_pins_its_commands():
    readme = " ".join((ROOT / "README.md").read_text().split())
    *others, last = pythons.named()
    assert f"on Python {', '.join(others)} and {last};" in readme
    assert PROJECT["project"]["requires-python"] == f">={others[0]}"
    assert f"Python {others[0]} or newer" in readme
    assert len(re.findall(r"python3 -m venv \.venv && \.venv/bin/pip install -c constraints\.txt ", readme)) == 2


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Return the source distribution and the wheel that was built from it."""
    folder = os.environ.get("IMGCONV_DISTRIBUTIONS")
    if folder is None:
        pytest.importorskip("build")
        folder = tmp_path_factory.mktemp("distributions")
        subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True)
    (source,), (wheel,) = Path(folder).glob("*.tar.gz"), Path(folder).glob("*.whl")
    return source, wheel


@pytest.mark.slow
def test_the_source_distribution_holds_the_whole_project(distributions):
    with tarfile.open(distributions[0]) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    ignored += [".git", "edges.png"]
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not any(fnmatch.fnmatch(name, one) for one in ignored)]
        for file in files:
            if not any(fnmatch.fnmatch(file, one) for one in ignored):
                assert (Path(folder) / file).relative_to(ROOT).as_posix() in names


@pytest.mark.slow
def test_the_wheel_holds_the_package_alone(distributions):
    tags = distributions[1].stem.split("-")[2:]
    assert tags[:2] == ["cp311", "abi3"]
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "imgconv").rglob("*.py*") if path.suffix != ".pyc"}
    kernels = {f"imgconv/kernels/data/{path.name}" for path in (ROOT / "kernels").glob("*.*") if path.suffix != ".pyc"}
    with zipfile.ZipFile(distributions[1]) as file:
        names = {name for name in file.namelist() if ".dist-info/" not in name}
        cores = {name for name in names if name.endswith((".so", ".pyd", ".dylib"))}
        assert names - cores == modules | kernels | {"imgconv/py.typed"}
        assert sorted(name.partition(".")[0] for name in cores) == CORES
        for name in cores:  # stripped: neither what debuggers read nor the names of C's own functions
            content = file.read(name)
            assert b".debug_" not in content and b".symtab" not in content


@pytest.mark.slow
def test_the_wheel_works_on_another_python(distributions, tmp_path):
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    others = {other: program for other, program in pythons.found().items() if other != version}
    if not others:
        pytest.skip("there is no other Python here")
    subprocess.run([[*others.values()][-1], "-m", "venv", tmp_path / "venv"], check=True)
    binaries = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [binaries / "pip", "install", "-c", ROOT / "constraints.txt", "--only-binary", ":all:", distributions[1]]
    subprocess.run(pip, check=True)
    picture, environment = tmp_path / "edges.png", os.environ | {"IMGCONV_REQUIRE_NATIVE": "1"}
    command = [binaries / "imgconv", "apply", ROOT / "samples" / "duck.png", picture, "-k", "sobel"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    code = f"import imgconv; assert imgconv.read({str(picture)!r}).width == 600"
    subprocess.run([binaries / "python", "-c", code], cwd=tmp_path, env=environment, check=True)
