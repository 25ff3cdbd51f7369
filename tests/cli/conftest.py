"""The photograph that the tests of commands filter."""

import io

import pytest
from PIL import Image
from skimage import data


@pytest.fixture(scope="session")
def photo():
    """A face, (200, 300, 3) uint8."""
    return data.astronaut()[20:220, 100:400]


@pytest.fixture(scope="session")
def photo_files(photo):
    """Its files by suffix: compressing it takes longer than many a test."""
    files = {}
    for suffix in ("png", "jpg"):
        file = io.BytesIO()
        Image.fromarray(photo).save(file, {"jpg": "JPEG"}.get(suffix, suffix))
        files[suffix] = file.getvalue()
    return files


@pytest.fixture
def folder(photo_files, tmp_path, monkeypatch):
    """A folder with the photograph, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IMGCONV_KERNELS", raising=False)
    (tmp_path / "photo.png").write_bytes(photo_files["png"])
    return tmp_path
