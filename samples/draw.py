"""Draw the sample pictures: `python draw.py [FOLDER]` writes them all, into this script's folder unless told.

Everything is computed, so the pictures are free to use, and a second run gives the same bytes.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from brush import SAMPLES, Array, Layer, blurred, ellipse, gradient, moved, stroke
from duck import duck
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pond import pond

ORIENTATION, MAKE, DATE = 0x0112, 0x010F, 0x0132
"""EXIF tags."""

GRAIN = 2.5
"""Standard deviation of the noise in the picture that passes for a photograph, in 8-bit steps."""

UNSEEN = (0, 255, 0)
"""The colour of the badge where it is fully transparent: a filter that forgets about alpha shows it."""


def main() -> None:
    """Write every picture."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    scene = pond()
    picture(scene).save(folder / "duck.png", optimize=True)
    save_png16(folder / "duck16.png", steps(pond(0.5), 65535))
    save_photograph(folder / "turned.jpg", pond(0.8))
    picture(angles()).save(folder / "angles.png", optimize=True)
    Image.fromarray(steps(zone_plate(), 255)).save(folder / "zoneplate.png", optimize=True)
    Image.fromarray(steps(text(), 255)).save(folder / "text.png", optimize=True)
    Image.fromarray(badge()).save(folder / "badge.png", optimize=True)
    save_png16(folder / "ramp16.png", ramp())
    Image.fromarray(heights()).save(folder / "heights.tif")
    bars().save(folder / "bars.gif")


def steps(values: Array, largest: int) -> NDArray[np.uint16]:
    """Return values of 0 to 1 as whole steps of 0 to `largest`."""
    dtype = np.uint8 if largest < 256 else np.uint16
    return np.rint(np.clip(values, 0, 1) * largest).astype(dtype)


def picture(colours: Array) -> Image.Image:
    """Return (rows, cols, 3) of 0 to 1 as an 8-bit picture."""
    return Image.fromarray(steps(colours, 255))


def save_png16(path: Path, pixels: NDArray[np.uint16]) -> None:
    """Write 16-bit grey, (rows, cols), or RGB, (rows, cols, 3), as PNG; Pillow writes no 16-bit RGB."""
    rows, cols = pixels.shape[:2]
    raw = pixels.astype(">u2").view(np.uint8).reshape(rows, -1)
    pixel = raw.shape[1] // cols
    filtered = np.full((rows, raw.shape[1] + 1), 1, np.uint8)  # 1: each byte less the one a pixel to the left
    filtered[:, 1:] = raw
    filtered[:, 1 + pixel :] -= raw[:, :-pixel]
    header = struct.pack(">2I5B", cols, rows, 16, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 9)), (b"IEND", b""))
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, data in chunks:
            file.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))


def save_photograph(path: Path, colours: Array) -> None:
    """Write a JPEG as from a camera held on its side: stored turned to the left, with EXIF orientation 6."""
    rows, cols = colours.shape[:2]
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : cols * 1j]
    darker = 1 - 0.22 * ((x**2 + y**2) / 2)[..., None]
    grain = np.random.RandomState(5).normal(0, GRAIN / 255, colours.shape)
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE], exif[DATE] = 6, "imgconv samples", "2024:05:17 07:41:00"
    stored = np.rot90(blurred(colours * darker, 0.6) + grain)
    picture(stored).save(path, quality=90, exif=exif)


def angles() -> Array:
    """Return edges at all angles: a star, discs, polygons, rings and a fan of lines, (360, 600, 3)."""
    sheet = Layer(600, 360)
    sheet.add("#ffffff")
    turn = np.radians(np.arange(0, 360, 5.0))
    rim = np.stack([180 + 170 * np.cos(turn), 180 + 170 * np.sin(turn)], axis=1)
    spokes = [np.array([(180, 180), rim[at], rim[at + 1]]) for at in range(0, 72, 2)]
    sheet.add("#000000", sheet.cover(*spokes))
    for x, radius in ((388, 24), (438, 17), (478, 12), (508, 8), (532, 5), (552, 3), (568, 2), (580, 1)):
        sheet.add("#101010", sheet.cover(ellipse(x, 38, radius, radius)))
    colours = ("#d62f2f", "#e8a21a", "#2f9e44", "#1c7ed6", "#7048e8", "#0b7285")
    for at, colour in enumerate(colours):
        centre = np.array((402 + 78 * (at % 3), 106 + 72 * (at // 3)))
        corner = np.radians(7 + 11 * at + 360 / (3 + at) * np.arange(3 + at))
        sheet.add(colour, sheet.cover(centre + 31 * np.stack([np.cos(corner), np.sin(corner)], axis=1)))
    for radius, width in ((46, 6.0), (36, 4.0), (28, 3.0), (21, 2.0), (15, 1.5), (10, 1.0), (6, 0.7)):
        outer, inner = ellipse(420, 288, radius, radius), ellipse(420, 288, radius - width, radius - width)
        sheet.add("#101010", sheet.cover(outer) - sheet.cover(inner))
    for at in np.radians(np.arange(0, 91, 7.5)):
        end = np.array((482 + 104 * np.cos(at), 340 - 104 * np.sin(at)))
        sheet.add("#101010", sheet.cover(stroke([(482, 340), end], 0.4, 2.2)))
    return sheet.colours


def zone_plate(side: int = 400) -> Array:
    """Return 1/2 + 1/2 cos(k r^2) with k such that the rings reach Nyquist, half a cycle a pixel, at the border.

    Sampled, not averaged: each frequency has its full contrast. Outside the circle it is grey, since rings finer
    than Nyquist would come out as false coarse ones.
    """
    place = np.arange(side) - (side - 1) / 2
    square = place**2 + place[:, None] ** 2
    rings = 0.5 + 0.5 * np.cos(np.pi / side * square)
    return np.where(square <= (side / 2) ** 2, rings, 0.5)


def text() -> Array:
    """Return black text of several sizes on white, and white on black, (280, 480)."""
    page = _lines([(7, "Small print: the drake preened, dabbled, then dozed by the reeds."), (10, _PANGRAM)], 12)
    page = np.minimum(
        page,
        _lines(
            [
                (15, "How vexingly quick daft zebras jump, 1.5 px at a time."),
                (22, "Ducks convolve ponds."),
                (34, "0123456789 &@?"),
            ],
            52,
        ),
    )
    page = np.minimum(page, _lines([(60, "Quack!")], 190))
    page[176:280, 250:] = 1 - _lines([(16, "white on black: Il1 rn m O0"), (40, "gjpqy,;")], 184, 262)[176:280, 250:]
    return page


_PANGRAM = "Sphinx of black quartz, judge my vow. The five boxing wizards jump quickly."


def _lines(lines: list[tuple[int, str]], top: int, left: int = 12) -> Array:
    plane = Image.new("L", (480 * SAMPLES, 280 * SAMPLES), 255)
    draw = ImageDraw.Draw(plane)
    for size, words in lines:
        draw.text((left * SAMPLES, top * SAMPLES), words, 0, ImageFont.load_default(size * SAMPLES))
        top += round(1.45 * size) + 2
    samples = np.asarray(plane).reshape(280, SAMPLES, 480, SAMPLES)
    return samples.mean(axis=(1, 3)) / 255


def badge() -> NDArray[np.uint8]:
    """Return the duck's portrait on a disc with a soft shadow, (160, 160, 4) with alpha last, not premultiplied."""
    sheet = Layer(200, 200, 0.8, left=94, top=94)
    disc = ellipse(193, 186, 82, 82)
    sheet.add("#08131f", sheet.soft(7, moved(disc, 4, 8)), 0.65)
    sheet.add("#fbfaf4", sheet.cover(disc))
    inside = sheet.cover(ellipse(193, 186, 76, 76))
    sheet.add(gradient(sheet.y, (110, "#ffd98a"), (190, "#f08a5d"), (262, "#b83b5e")), inside)
    sheet.lay(duck(sheet).paint, inside)
    pixels = np.dstack([steps(sheet.colours, 255), steps(sheet.alpha, 255)]).astype(np.uint8)
    pixels[pixels[..., 3] == 0, :3] = UNSEEN
    return pixels


def ramp() -> NDArray[np.uint16]:
    """Return a slow 16-bit ramp with discs of a quarter of an 8-bit step, (128, 512): 8 bits would lose them."""
    y, x = np.mgrid[0:128, 0:512]
    values = 20000 + 8 * x
    for at in range(4):
        values = values + 64 * (np.hypot(x - 64 - 128 * at, y - 64) < 40)
    return values.astype(np.uint16)


def heights() -> NDArray[np.float32]:
    """Return heights in metres around a lake whose floor lies below zero, (120, 160) as 32-bit floats."""
    y, x = np.mgrid[0:120, 0:160]
    hills = ((40, 34, 30, 310.0), (118, 26, 22, 214.5), (132, 92, 34, 405.25), (26, 100, 26, 120.75))
    land = 12.5 + sum(high * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * r**2)) for cx, cy, r, high in hills)
    lake = np.exp(-((((x - 78) / 26) ** 2 + ((y - 68) / 18) ** 2) ** 2))
    return (land * (1 - lake) - 38.0 * lake).astype(np.float32)


def bars() -> Image.Image:
    """Return eight colour bars with a disc of the opposite colour in each, (120, 192) of palette indices."""
    y, x = np.mgrid[0:120, 0:192]
    bar = x // 24
    disc = np.hypot(x % 24 - 11.5, y - 59.5) < 9
    picture = Image.fromarray(np.where(disc, 7 - bar, bar).astype(np.uint8), "P")
    picture.putpalette([part for at in range(8) for part in _bar_colour(7 - at)])
    return picture


def _bar_colour(at: int) -> tuple[int, int, int]:
    """Return the colour of the bits of `at`: green, red, blue from the highest, as on a test card."""
    return 255 * (at >> 1 & 1), 255 * (at >> 2 & 1), 255 * (at & 1)


if __name__ == "__main__":
    main()
