"""Filter images by convolution, exactly, and see the arithmetic.

The names below are imported when they are first used, so ``import imgconv`` costs next to nothing.
"""

from __future__ import annotations

import sys

# ``python -m imgconv`` has the current folder on its path, and must not take a module for one of those in there, which
# may be a stranger's. ("-m" is the program's name as long as its module is looked for.)
if sys.argv[:1] == ["-m"] and sys.orig_argv[-len(sys.argv)] in ("imgconv", "-mimgconv") and not sys.flags.safe_path:
    del sys.path[0]

__version__ = "0.1.0"

_HOMES = {
    "convolve": "imgconv.api",
    "output_size": "imgconv.api",
    "run_pipeline": "imgconv.api",
    "Pipeline": "imgconv.pipeline.run",
    "kernel": "imgconv.kernels.library",
    "read": "imgconv.image",
    "read_frames": "imgconv.image",
    "write": "imgconv.image",
    "write_frames": "imgconv.image",
    "Image": "imgconv.image",
    "ImgconvError": "imgconv.errors",
    "avg_pool1d": "imgconv.functional",
    "avg_pool2d": "imgconv.functional",
    "avg_pool3d": "imgconv.functional",
    "channel_shuffle": "imgconv.functional",
    "conv1d": "imgconv.functional",
    "conv2d": "imgconv.functional",
    "conv3d": "imgconv.functional",
    "conv_transpose1d": "imgconv.functional",
    "conv_transpose2d": "imgconv.functional",
    "conv_transpose3d": "imgconv.functional",
    "interpolate": "imgconv.functional",
    "max_pool1d": "imgconv.functional",
    "max_pool2d": "imgconv.functional",
    "max_pool3d": "imgconv.functional",
    "min_pool1d": "imgconv.functional",
    "min_pool2d": "imgconv.functional",
    "min_pool3d": "imgconv.functional",
}

TYPE_CHECKING = False  # importing typing takes 2 ms, in which Ctrl-C would still end in a traceback
if TYPE_CHECKING:
    from typing import Any

    from imgconv.api import convolve as convolve
    from imgconv.api import output_size as output_size
    from imgconv.api import run_pipeline as run_pipeline
    from imgconv.errors import ImgconvError as ImgconvError
    from imgconv.functional import avg_pool1d as avg_pool1d
    from imgconv.functional import avg_pool2d as avg_pool2d
    from imgconv.functional import avg_pool3d as avg_pool3d
    from imgconv.functional import channel_shuffle as channel_shuffle
    from imgconv.functional import conv1d as conv1d
    from imgconv.functional import conv2d as conv2d
    from imgconv.functional import conv3d as conv3d
    from imgconv.functional import conv_transpose1d as conv_transpose1d
    from imgconv.functional import conv_transpose2d as conv_transpose2d
    from imgconv.functional import conv_transpose3d as conv_transpose3d
    from imgconv.functional import interpolate as interpolate
    from imgconv.functional import max_pool1d as max_pool1d
    from imgconv.functional import max_pool2d as max_pool2d
    from imgconv.functional import max_pool3d as max_pool3d
    from imgconv.functional import min_pool1d as min_pool1d
    from imgconv.functional import min_pool2d as min_pool2d
    from imgconv.functional import min_pool3d as min_pool3d
    from imgconv.image import Image as Image
    from imgconv.image import read as read
    from imgconv.image import read_frames as read_frames
    from imgconv.image import write as write
    from imgconv.image import write_frames as write_frames
    from imgconv.kernels.library import kernel as kernel
    from imgconv.pipeline.run import Pipeline as Pipeline

__all__ = [
    "Image",
    "ImgconvError",
    "Pipeline",
    "__version__",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "convolve",
    "interpolate",
    "kernel",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "min_pool1d",
    "min_pool2d",
    "min_pool3d",
    "output_size",
    "read",
    "read_frames",
    "run_pipeline",
    "write",
    "write_frames",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'imgconv' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
