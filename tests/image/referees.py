"""Decoders that have nothing to do with how imgconv reads a picture, and what they make of it.

A referee is given the name of a file and what imgconv took it for, and returns its samples as (rows, cols, 4) RGB
and alpha or CMYK, on the scale of imgconv's sample type. Each runs in a process of its own: some of them crash.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PATIENCE = 60
TOPS = {"uint8": 255, "uint16": 65535}


def canonical(pixels, space, alpha, top):
    """Return (rows, cols, 4): red, green, blue and alpha, or the four inks."""
    pixels = pixels if pixels.ndim == 3 else pixels[:, :, None]
    if space == "CMYK":
        return pixels[:, :, :4]
    clear = pixels[:, :, -1:] if alpha else np.full_like(pixels[:, :, :1], top)
    colours = pixels[:, :, : pixels.shape[2] - alpha]
    if colours.shape[2] == 1:
        colours = np.repeat(colours, 3, axis=2)
    return np.concatenate([colours, clear], axis=2)


def opencv(path, facts):
    import cv2

    cv2.setLogLevel(0) if hasattr(cv2, "setLogLevel") else None
    data = np.fromfile(path, np.uint8)
    turned = facts["format"] in ("JPEG",)
    way = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR if turned and facts["space"] != "grey" else cv2.IMREAD_UNCHANGED
    found = cv2.imdecode(data, way)
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
        spaces = {2: "RGB", 3: "RGB", 5: "CMYK", 6: "RGB"}
        samples = found.shape[2] if found.ndim == 3 else 1
        space = spaces.get(int(page.photometric), "grey")
        return found, space, space != "CMYK" and samples in (2, 4) and bool(page.extrasamples or samples == 4)


def magick(path, facts):
    return _by_command(["convert-im6.q16"], path, facts)


def gm(path, facts):
    return _by_command(["gm", "convert"], path, facts)


def _by_command(command, path, facts):
    depth = "16" if facts["dtype"] != "uint8" else "8"
    kind = "cmyk" if facts["space"] == "CMYK" else "rgba"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"in.{facts['suffix']}"
        source.symlink_to(path)
        head = Path(folder) / "out"
        done = subprocess.run(
            [*command, f"{source}[0]", "-auto-orient", "-depth", depth, "-format", "%w %h", f"{kind}:{head}"],
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        del done
        dtype = ("<u2" if sys.byteorder == "little" else ">u2") if depth == "16" else "u1"
        data = np.frombuffer(head.read_bytes(), dtype)
        return (
            data.reshape(facts["height"], facts["width"], 4),
            facts["space"] if kind == "cmyk" else "RGB",
            kind == "rgba",
        )


REFEREES = {"opencv": opencv, "vips": vips, "tifffile": tiff, "magick": magick, "gm": gm}
EXACT = {"TIFF": ("tifffile", "vips", "opencv", "magick", "gm")}


def consult(name, path, facts, output):
    """Save what the referee `name` reads; raises whatever it raises."""
    pixels, space, alpha = REFEREES[name](str(path), facts)
    top = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(pixels.dtype, 1)
    np.save(output, canonical(pixels, space, alpha, top))
    print(json.dumps({"space": space}))


def serve():
    for line in sys.stdin:
        name, path, facts, output = json.loads(line)
        with tempfile.TemporaryFile() as heard:
            child = os.fork()
            if not child:
                os.dup2(heard.fileno(), 1)
                os.dup2(heard.fileno(), 2)
                code = 1
                try:
                    consult(name, path, facts, output)
                    sys.stdout.flush()
                    code = 0
                except BaseException as fault:
                    print(type(fault).__name__, str(fault)[:200])
                    sys.stdout.flush()
                finally:
                    os._exit(code)
            _, status = os.waitpid(child, 0)
            heard.seek(0)
            print(
                json.dumps([os.waitstatus_to_exitcode(status), heard.read().decode(errors="replace")[-300:]]),
                flush=True,
            )


if __name__ == "__main__":
    import cv2  # noqa: F401
    import tifffile  # noqa: F401

    serve()
