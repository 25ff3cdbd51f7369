"""What the sample pictures are painted with: smooth outlines, their coverage of pixels, and layers of colour."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

Array = NDArray[np.float64]
Colour = str | Array

SAMPLES = 8
"""Samples per pixel and direction that a coverage is averaged from."""


def rgb(colour: Colour) -> Array:
    """Return ``#rrggbb`` as three numbers of 0 to 1; an array is returned as it is."""
    if isinstance(colour, str):
        return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return colour


def gradient(at: Array, *stops: tuple[float, str]) -> Array:
    """Return the colours, (rows, cols, 3), that `stops` of (position, colour) give to the positions `at`."""
    places = [place for place, _ in stops]
    colours = np.array([rgb(colour) for _, colour in stops])
    return np.stack([np.interp(at, places, channel) for channel in colours.T], axis=-1)


def curve(points: ArrayLike | Sequence[ArrayLike], closed: bool = True, steps: int = 24) -> Array:
    """Return a polygon, (n, 2), along the Catmull-Rom spline through `points`; a doubled point is a corner."""
    given = np.asarray(points, dtype=float)
    if closed:
        knots = np.concatenate([given[-1:], given, given[:2]])
    else:
        knots = np.concatenate([2 * given[:1] - given[1:2], given, 2 * given[-1:] - given[-2:-1]])
    pieces = np.stack([knots[at : len(knots) - 3 + at] for at in range(4)])
    a, b, c, d = pieces[:, np.any(pieces[1] != pieces[2], axis=1), None, :]
    t = (np.arange(steps) / steps)[None, :, None]
    spline = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    polygon = spline.reshape(-1, 2)
    return polygon if closed else np.concatenate([polygon, given[-1:]])


def shape(*points: Sequence[float] | Array) -> Array:
    """Return the smooth closed outline through `points`."""
    return curve(points)


def moved(outline: Array, right: float, down: float) -> Array:
    """Return the outline at another place."""
    return outline + np.array([right, down])


def stroke(points: ArrayLike, *widths: float) -> Array:
    """Return the outline of a line along `points` whose width runs through `widths` from its start to its end."""
    line = curve(points, closed=False)
    along = np.gradient(line, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.hypot(*along.T)[:, None]
    width = np.interp(np.linspace(0, len(widths) - 1, len(line)), range(len(widths)), widths)
    side = across * width[:, None] / 2
    return np.concatenate([line + side, (line - side)[::-1]])


def ellipse(x: float, y: float, width: float, height: float, turn: float = 0.0) -> Array:
    """Return an ellipse around (x, y) of these half-axes, turned clockwise by `turn` degrees."""
    angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    across, down = width * np.cos(angle), height * np.sin(angle)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return np.stack([x + across * cos - down * sin, y + across * sin + down * cos], axis=1)


def blurred(plane: Array, sigma: float) -> Array:
    """Return `plane`, (rows, cols) or (rows, cols, channels), after a Gaussian blur of `sigma` pixels."""
    radius = int(3 * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    taps /= taps.sum()
    for axis in (0, 1):
        length = plane.shape[axis]
        inside = [np.clip(np.arange(length) + shift, 0, length - 1) for shift in range(-radius, radius + 1)]
        plane = sum(tap * plane.take(at, axis=axis) for tap, at in zip(taps, inside, strict=True))
    return plane


class Layer:
    """A sheet of colour and alpha that shapes are painted on, in units of which a pixel has `1 / scale`.

    Attributes:
        x, y: where each pixel's middle lies, (rows, cols).
        paint: premultiplied colour and alpha, (rows, cols, 4), of 0 to 1.
    """

    def __init__(self, width: float, height: float, scale: float = 1.0, left: float = 0.0, top: float = 0.0) -> None:
        self.scale, self.left, self.top = scale, left, top
        rows, cols = round(height * scale), round(width * scale)
        self.x, self.y = np.meshgrid(left + (np.arange(cols) + 0.5) / scale, top + (np.arange(rows) + 0.5) / scale)
        self.paint = np.zeros((rows, cols, 4))

    def another(self) -> Layer:
        """Return an empty layer of the same place and size."""
        empty = copy(self)
        empty.paint = np.zeros_like(self.paint)
        return empty

    def cover(self, *outlines: Array) -> Array:
        """Return how much of each pixel the polygons cover, (rows, cols) of 0 to 1."""
        covered = np.zeros(self.x.shape)
        rows, cols = covered.shape
        places = [(outline - [self.left, self.top]) * self.scale for outline in outlines]
        ends = np.concatenate(places)
        left, top = np.clip(np.floor(ends.min(axis=0)).astype(int) - 1, 0, (cols, rows))
        right, bottom = np.clip(np.ceil(ends.max(axis=0)).astype(int) + 1, 0, (cols, rows))
        if right <= left or bottom <= top:
            return covered
        plane = Image.new("L", (int(right - left) * SAMPLES, int(bottom - top) * SAMPLES))
        draw: Any = ImageDraw.Draw(plane)
        for place in places:
            # Pillow counts from the middle of the first sample.
            draw.polygon([tuple(point) for point in (place - [left, top]) * SAMPLES - 0.5], fill=255)
        # Averaged here, since Image.reduce would round to 8 bits.
        samples = np.asarray(plane).reshape(bottom - top, SAMPLES, right - left, SAMPLES)
        covered[top:bottom, left:right] = samples.sum(axis=(1, 3), dtype=np.uint32) / (255 * SAMPLES**2)
        return covered

    def soft(self, sigma: float, *outlines: Array) -> Array:
        """Return the coverage of the polygons, blurred by `sigma` units."""
        return blurred(self.cover(*outlines), sigma * self.scale)

    def add(self, colour: Colour, cover: Array | float = 1.0, opacity: float = 1.0) -> None:
        """Paint `colour`, one or (rows, cols, 3), where `cover` is above 0."""
        alpha = np.broadcast_to(np.asarray(cover) * opacity, self.x.shape)[..., None]
        rows, cols = (np.flatnonzero(alpha.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return
        box = slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)  # most shapes are small
        alpha, paint = alpha[box], self.paint[box]
        paint *= 1 - alpha
        paint[..., :3] += np.broadcast_to(rgb(colour), (*self.x.shape, 3))[box] * alpha
        paint[..., 3:] += alpha

    def lay(self, paint: Array, opacity: Array | float = 1.0) -> None:
        """Lay another layer's premultiplied paint, (rows, cols, 4), on this one."""
        paint = paint * np.broadcast_to(np.asarray(opacity), self.x.shape)[..., None]
        self.paint = paint + self.paint * (1 - paint[..., 3:])

    @property
    def alpha(self) -> Array:
        """The alpha, (rows, cols)."""
        return self.paint[..., 3]

    @property
    def colours(self) -> Array:
        """The colours with alpha divided out, (rows, cols, 3)."""
        return self.paint[..., :3] / np.maximum(self.alpha, 1e-6)[..., None]
