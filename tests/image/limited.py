"""Reads pictures as imgconv does, each in a process of its own that is held to little time and memory.

It is a program of jobs for `forkserver`.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from forkserver import Server, serve


def jobs():
    """Return a server of the jobs."""
    return Server(__file__)


def reading(name, output):
    """Save the pixels of a file's first image, and print what `imgconv.read` says of it."""
    import numpy as np

    from imgconv.errors import ImgconvError
    from imgconv.image import read
    from imgconv.image.formats import FORMATS

    try:
        image = read(name)
    except ImgconvError as fault:
        print(f"imgconv: {fault}", file=sys.stderr)
        return 1
    np.save(output, image.pixels)
    suffixes = {one.name: one.suffixes[0] for one in FORMATS}
    facts = {
        **{key: getattr(image, key) for key in ("width", "height", "space", "alpha", "dtype", "notes")},
        **{key: getattr(image.header, key) for key in ("format", "frames", "unit")},
        "suffix": suffixes.get(image.header.format, image.header.format.lower()),
    }
    print(json.dumps(facts))
    return 0


def every(name, output):
    """Save the pixels of all frames or pages of a file, one after the other."""
    import numpy as np

    from imgconv.errors import ImgconvError
    from imgconv.image import read_frames

    try:
        found = [frame.image.pixels for frame in read_frames(name)]
    except ImgconvError as fault:
        print(f"imgconv: {fault}", file=sys.stderr)
        return 1
    np.savez(output, *found)
    return 0


def command(*arguments):
    """Run the program."""
    from imgconv.__main__ import main

    sys.argv = ["imgconv", *arguments]
    main()


JOBS = {"read": reading, "every": every, "imgconv": command}


def _prepare():
    """Import what a run imports, before it is counted."""
    import imageio.v3
    import numpy
    import tifffile
    from PIL import BmpImagePlugin, GifImagePlugin, ImageCms, JpegImagePlugin, TiffImagePlugin, WebPImagePlugin

    import imgconv.cli.apply
    import imgconv.filtering.apply
    from imgconv.image import deflate, read, writer
    from imgconv.image.tiff import open as tiff
    from imgconv.image.tiff import read as tiffread

    modules = imageio, numpy, tifffile, imgconv, deflate, read, tiff, tiffread, writer
    plugins = BmpImagePlugin, GifImagePlugin, ImageCms, JpegImagePlugin, TiffImagePlugin, WebPImagePlugin
    assert modules and plugins


if __name__ == "__main__":
    _prepare()
    serve(JOBS)
