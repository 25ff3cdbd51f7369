"""Filter images by convolution, exactly, and see the arithmetic.

The names below are imported when they are first used, so ``import imgconv`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "convolve": "imgconv.api",
    "output_size": "imgconv.api",
    "kernel": "imgconv.library",
    "read": "imgconv.image",
    "write": "imgconv.image",
    "Image": "imgconv.image",
    "ImgconvError": "imgconv.errors",
}

if TYPE_CHECKING:
    from imgconv.api import convolve as convolve
    from imgconv.api import output_size as output_size
    from imgconv.errors import ImgconvError as ImgconvError
    from imgconv.image import Image as Image
    from imgconv.image import read as read
    from imgconv.image import write as write
    from imgconv.library import kernel as kernel

__all__ = ["Image", "ImgconvError", "__version__", "convolve", "kernel", "output_size", "read", "write"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'imgconv' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
