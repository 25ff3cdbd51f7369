"""Filtering a photograph by imgconv, and by others."""

import io
from pathlib import Path

import numpy as np
import oracle
import tifffile
from cli.running import ok
from PIL import Image
from scipy import ndimage

SOBEL_X = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], float)
SOBEL_Y = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]], float)
GAUSSIAN5 = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
BOX = np.ones((3, 3)) / 9
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], float)
EMBOSS = np.array([[2, 1, 0], [1, 1, -1], [0, -1, -2]], float)


def pixels(path):
    """Decode a file without imgconv: (rows, cols[, channels])."""
    if str(path).endswith(".npy"):
        return np.load(path)
    if str(path).endswith(".tif"):
        return tifffile.imread(path)
    return np.asarray(opened(path))


def opened(path):
    """A file opened by Pillow, which leaves no file open."""
    return Image.open(io.BytesIO(Path(path).read_bytes()))


def tagged(image, path, orientation=1, **options):
    """Save a JPEG with EXIF: a make and an orientation."""
    exif = Image.Exif()
    exif[271], exif[274] = "Duck", orientation
    Image.fromarray(image).save(path, exif=exif, quality=95, **options)


def filtered(tmp, *arguments, source="photo.png", suffix=".png", stdin=b""):
    """Run ``imgconv apply`` and return the pixels it wrote."""
    target = tmp / f"filtered{suffix}"
    ok("apply", source, target, "--overwrite", "--quiet", *arguments, stdin=stdin)
    return pixels(target)


def convolved(image, taps, **options):
    """scipy.ndimage.convolve of every channel, in float64."""
    taps = taps[:, :, None] if image.ndim == 3 else taps
    return ndimage.convolve(image.astype(float), taps, **options)


def rounded(values, top=255):
    """Values as samples: rounded half away from zero, and clipped."""
    return np.clip(np.sign(values) * np.floor(np.abs(values) + 0.5), 0, top)


def slid(image, taps, sides, border="zero", value=0.0, stride=(1, 1), dilation=(1, 1)):
    """Correlate by numpy.pad and sums; sides are (left, top, right, bottom), pairs (width, height)."""
    return oracle.correlate(oracle.pad(image, sides, border, value), taps, stride[::-1], dilation[::-1])
