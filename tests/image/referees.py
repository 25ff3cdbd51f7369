"""Decoders that have nothing to do with how imgconv reads a picture, and what they make of it.

A referee is given a file and what imgconv took it for (`limited`'s answer to "read"), and returns its samples, the
space they are in, and whether the last channel is alpha. Each works in a process of its own, as some of them crash.
"""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from forkserver import PATIENCE, Server, serve

TOPS = {"uint8": 255, "uint16": 65535}
COMMANDS = {"magick": ["convert-im6.q16"], "gm": ["gm", "convert"]}


def canonical(pixels, space, alpha):
    """Return (rows, cols, 4): red, green, blue and alpha, or the four inks; other spaces as they are."""
    pixels = pixels if pixels.ndim == 3 else pixels[:, :, None]
    if space in ("CMYK", "other"):
        return pixels
    top = TOPS.get(pixels.dtype.name, 1)
    clear = pixels[:, :, -1:] if alpha else np.full_like(pixels[:, :, :1], top)
    colours = pixels[:, :, : pixels.shape[2] - alpha]
    return np.concatenate([np.broadcast_to(colours, (*colours.shape[:2], 3)), clear], axis=2)


def opencv(path, facts):
    import cv2

    # without IMREAD_UNCHANGED it turns a JPEG upright, as is done here
    upright = facts["format"] == "JPEG" and facts["space"] != "grey"
    way = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR if upright else cv2.IMREAD_UNCHANGED
    found = cv2.imdecode(np.fromfile(path, np.uint8), way)
    if found is None:
        raise ValueError("not read")
    found = found if found.ndim == 3 else found[:, :, None]
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[found.shape[2]]
    return found[:, :, order], "RGB", found.shape[2] == 4


def vips(path, facts):
    import pyvips

    image = pyvips.Image.new_from_file(path, fail_on="error").autorot()
    spaces = {"b-w": "grey", "grey16": "grey", "srgb": "RGB", "rgb": "RGB", "rgb16": "RGB", "cmyk": "CMYK"}
    space = spaces.get(image.interpretation, "grey" if image.bands < 3 else "RGB")
    if image.interpretation in ("lab", "labq", "labs", "xyz", "scrgb"):
        image, space = image.colourspace("srgb"), "RGB"
    return image.numpy(), space, image.hasalpha()


def tiff(path, facts):
    import tifffile

    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        found = page.asarray()
        if page.planarconfig == 2 and found.ndim == 3:
            found = np.moveaxis(found, 0, -1)
        if page.photometric == 0 and found.dtype.kind == "u":
            found = np.iinfo(found.dtype).max - found
        if page.photometric == 3:
            found = np.asarray(page.colormap).T[found] >> 8
        space = {2: "RGB", 3: "RGB", 5: "CMYK", 6: "RGB"}.get(int(page.photometric), "grey")
        samples = found.shape[2] if found.ndim == 3 else 1
        return found, space, space != "CMYK" and samples in (2, 4) and bool(page.extrasamples or samples == 4)


def numpy(path, facts):
    found = np.load(path)
    return found, facts["space"], facts["alpha"]


def magick(path, facts):
    return _by_command("magick", path, facts)


def gm(path, facts):
    return _by_command("gm", path, facts)


def _by_command(name, path, facts):
    depth = "8" if facts["dtype"] == "uint8" else "16"
    kind, space = ("cmyk", "CMYK") if facts["space"] == "CMYK" else ("rgba", "RGB")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / f"in.{facts['suffix']}", Path(folder) / "out"
        source.symlink_to(path)
        # -coalesce lays the first frame of an animation on its canvas
        laid = ["-coalesce", "-delete", "1--1"] if facts["format"] == "GIF" and facts["frames"] > 1 else []
        chosen = source if laid else f"{source}[0]"
        command = [*COMMANDS[name], chosen, *laid, "-auto-orient", "-depth", depth, f"{kind}:{target}"]
        subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)
        order = "<" if sys.byteorder == "little" else ">"
        samples = np.fromfile(target, "u1" if depth == "8" else f"{order}u2")
    return samples.reshape(facts["height"], facts["width"], 4), space, kind == "rgba"


REFEREES = {"vips": vips, "opencv": opencv, "tifffile": tiff, "numpy": numpy, "magick": magick, "gm": gm}


def order(facts):
    """Return the names of the referees for a file, those that are quick and know it best first."""
    names = {"TIFF": ["tifffile", "vips", "opencv"], "NPY": ["numpy"]}.get(facts["format"], ["vips", "opencv"])
    inexact = facts["dtype"].startswith("float") or facts["format"] == "NPY"
    return names if inexact else [*names, "magick", "gm"]


def _job(referee):
    def job(path, facts, output):
        np.save(output, canonical(*referee(path, facts)))

    return job


class Referees:
    """The referees, of which each works for every file in a process of its own."""

    def __init__(self, folder):
        self._output = folder / "referee.npy"
        self._server = Server(__file__)

    def __enter__(self):
        self._server.__enter__()
        return self

    def __exit__(self, *fault):
        self._server.__exit__(*fault)

    def __call__(self, name, path, facts):
        """Return what a referee reads, as `canonical` has it, or None."""
        return np.load(self._output) if self._server(name, path, facts, self._output).code == 0 else None


def _prepare():
    import cv2
    import tifffile

    with contextlib.suppress(AttributeError):
        cv2.setLogLevel(0)
    assert tifffile


if __name__ == "__main__":
    _prepare()
    serve({name: _job(referee) for name, referee in REFEREES.items()}, PATIENCE)
