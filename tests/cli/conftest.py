"""The photograph that the tests of commands filter."""

import pytest
from PIL import Image
from skimage import data


@pytest.fixture(scope="session")
def photo():
    """A face, (200, 300, 3) uint8."""
    return data.astronaut()[20:220, 100:400]


@pytest.fixture
def folder(photo, tmp_path, monkeypatch):
    """A folder with the photograph, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IMGCONV_KERNELS", raising=False)
    Image.fromarray(photo).save("photo.png", compress_level=1)
    return tmp_path
