"""IMGCONV_REQUIRE_ALL: what is skipped for want of something fails, so that no referee is missing unnoticed."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = "import pytest\npytest.importorskip('no_such_module')\n"
TESTS = """
import pytest

def test_passes():
    pass

def test_without_a_module():
    pytest.importorskip("no_such_module")

@pytest.mark.skipif(True, reason="JPEG holds neither")
def test_what_is_no_case():
    pass

@pytest.mark.skipif(True, reason="no_such_program is not installed")
def test_without_a_program():
    pass

@pytest.fixture
def pictures():
    pytest.skip("the pictures cannot be fetched")

def test_without_pictures(pictures):
    pass

@pytest.mark.xfail(strict=True)
def test_that_is_known_to_fail():
    assert False
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["here", "in a worker"])
@pytest.mark.parametrize(
    ("value", "outcome"),
    [("0", "1 passed, 5 skipped, 1 xfailed"), ("1", "1 failed, 1 passed, 1 skipped, 1 xfailed, 3 errors")],
)
def test_what_is_skipped(tmp_path, value, outcome, workers):
    (tmp_path / "test_module.py").write_text(MODULE)
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    environment = os.environ | {"IMGCONV_REQUIRE_ALL": value, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "--continue-on-collection-errors", *workers]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert outcome in done.stdout


OPTIONAL = {"imagecodecs", "onnx", "OpenEXR", "pyvips", "rasterio", "textual_image", "torch"}
"""What README's second command does not install: tests that need one of them skip themselves."""


def test_what_is_optional_is_not_needed_to_collect():
    for file in Path(__file__).parent.rglob("*.py"):
        for line in ast.parse(file.read_text()).body:
            names = [alias.name for alias in line.names] if isinstance(line, ast.Import) else []
            names += [line.module or ""] if isinstance(line, ast.ImportFrom) else []
            needed = OPTIONAL & {name.split(".")[0] for name in names}
            assert not needed, f"{file} imports {needed} before any test can be skipped"
