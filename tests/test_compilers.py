"""The C where a compiler has less than GCC on x86-64: it is compiled without that, and its tests run on the result."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

import imgconv

ROOT = Path(imgconv.__file__).parent.parent
CORES = ("engines/_core", "functional/_nncore", "image/png/_pngcore", "image/tiff/_tiffcore")
TESTS = {
    "engines/_core": ["engines"],
    "functional/_nncore": ["functional/test_native.py", "functional/test_convolution.py", "functional/test_pooling.py"],
    "image/png/_pngcore": ["image/png/test_png.py"],
    "image/tiff/_tiffcore": ["image/tiff/test_core.py", "image/tiff/test_open.py"],
}


def test_an_extension_that_cannot_be_built_is_left_out():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    modules = settings["tool"]["setuptools"]["ext-modules"]
    assert {module["name"] for module in modules} == {f"imgconv.{core.replace('/', '.')}" for core in CORES}
    assert all(module["optional"] for module in modules)


def compiled(core, folder, *options):
    """Compile a core into a copy of the package; return what the compiler says if it cannot."""
    compiler = os.environ.get("CC", "cc").split()
    include = f"-I{sysconfig.get_path('include')}"
    command = [*compiler, "-O1", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-unknown-pragmas", "-Werror"]
    source, target = folder / f"imgconv/{core}.c", folder / f"imgconv/{core}.abi3.so"
    command += ["-fPIC", "-shared", *options, include, str(source), "-o", str(target)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode == 0) == target.exists()
    return ran.stderr if ran.returncode else ""


def passes(folder, *tests, native):
    environment = {**os.environ, "PYTHONPATH": str(folder), "IMGCONV_REQUIRE_NATIVE": str(int(native))}
    environment["IMGCONV_REQUIRE_ALL"] = "0"  # tests of a core that is not there are skipped
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *tests]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return ran.returncode == 0, ran.stdout[-3000:]


@pytest.fixture
def package(tmp_path):
    """A copy of the package and its tests without a compiled core."""
    if not shutil.which(os.environ.get("CC", "cc").split()[0]):
        pytest.skip("there is no compiler")
    without = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    for name in ("imgconv", "tests", "samples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=without)
    shutil.copytree(ROOT / "kernels", tmp_path / "imgconv/kernels/data", ignore=without)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("core", CORES)
def test_without_code_for_other_processors(core, package):
    """One level, that of the processor that is aimed at by default."""
    assert not compiled(core, package, "-std=gnu11", "-DIMGCONV_ONE_LEVEL")
    module = f"imgconv.{core.replace('/', '.')}"
    code = f"import {module} as core; print(core.__file__, hasattr(core, 'levels') and len(core.levels()))"
    command = [sys.executable, "-P", "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(package)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    where, levels = ran.stdout.split()
    assert Path(where).is_relative_to(package) and levels in ("1", "False")
    ended, said = passes(package, *(f"tests/{name}" for name in TESTS[core]), native=False)
    assert ended, said


@pytest.mark.slow
def test_in_plain_c(package):
    """Two cores are C11 without a word beyond it; two say what they need, and NumPy computes in their place."""
    for core in ("image/png/_pngcore", "image/tiff/_tiffcore"):
        assert not compiled(core, package, "-std=c11", "-pedantic-errors", "-DIMGCONV_PLAIN_C")
    for core in ("engines/_core", "functional/_nncore"):
        assert "the native core needs GCC or Clang" in compiled(core, package, "-std=c11", "-DIMGCONV_PLAIN_C")
    for core, tests in TESTS.items():
        ended, said = passes(package, *(f"tests/{name}" for name in tests), native=False)
        assert ended, (core, said)
